"""The gate before training finds each wrong pair by its pixels."""

import numpy as np
import pandas as pd
import pytest
import verify_pairs

from siamese.errors import StudyError

SETS = {"A": [0, 1], "B": [2, 3]}
# The images 0 to 3 are of class 0, and so on; 3 and 4 have the same pixels.
LABELS = np.repeat(np.arange(4), 4)
IMAGES = np.arange(16, dtype=np.uint8).repeat(4).reshape(16, 2, 2)
IMAGES[4] = IMAGES[3]
COLUMNS = ["left", "right", "left_class", "right_class", "same", "split"]
ROWS = [(0, 1, 0, 0, 1, "train"), (0, 5, 0, 1, 0, "train")]
ROWS += [(5, 6, 1, 1, 1, "test"), (7, 2, 1, 0, 0, "test")]
A = pd.DataFrame(ROWS, columns=COLUMNS)
CROSSED = pd.DataFrame([(5, 8, 1, 2, 0, "test"), (5, 6, 1, 1, 1, "test")])


def check(pairs, images=IMAGES):
    known = verify_pairs.labels_by_pixels(IMAGES, LABELS)
    labels = {i: known.get(image.tobytes(), ()) for i, image in enumerate(images)}
    verify_pairs.check_pairs(pairs, labels, SETS["A"], "A.csv")


def refusal(check, *arguments):
    with pytest.raises(StudyError) as error:
        check(*arguments)
    return str(error.value)


def changed(table, row, **values):
    table = table.copy()
    table.loc[row, [*values]] = [*values.values()]
    return table


def test_a_wrong_pair_is_named_with_its_line():
    check(A)
    # Identical images may have either label.
    check(changed(A, 1, right=3, right_class=1))
    for row, message, values in (
        (0, "0,0,0,0,1,train: an image with itself", {"right": 0}),
        (3, "left class, expected that of the original, one of", {"left": 1}),
        (3, "left class, expected", {"left": -1}),
        (2, "right class, expected that", {"right_class": 0, "same": 0}),
        (0, "0,8,0,2,0,train: right", {"right": 8, "right_class": 2, "same": 0}),
        (1, "same does not agree with the classes", {"same": 1}),
    ):
        line = refusal(check, changed(A, row, **values))
        assert line.startswith(f"A.csv, line {row + 2}: ") and message in line
    images = IMAGES.copy()
    images[6, 0, 0] ^= 64
    assert "A.csv, line 4: 5,6,1,1,1,test: right class" in refusal(check, A, images)


def test_sizes_and_balance_of_splits_are_checked():
    count = verify_pairs.count_splits
    for expected in ({"test": 2, "train": 1}, {"test": 4}):
        assert f"expected {expected} pairs" in refusal(count, A, expected, "A")
    expected = {"test": 400, "train": 400}
    table = pd.DataFrame({"split": [*expected] * 400, "same": [1, 0, 0, 1] * 200})
    half = {"pairs": 400, "same": 200, "different": 200}
    assert count(table, expected, "A") == {"test": half, "train": half}
    one_more = table.assign(same=[1, 1, *table["same"][2:]])
    assert "expected half of the same" in refusal(count, one_more, expected, "A")


def test_crossed_pairs_are_of_both_sets_and_not_trained_on():
    crossed, test_a = CROSSED.set_axis(COLUMNS, axis=1), A[A["split"] == "test"]
    verify_pairs.check_crossed(crossed, test_a, SETS, "crossed.csv")
    for values, message in (
        ({"left": 9, "left_class": 2}, "not of a class of A and one of B"),
        ({"right": 2, "right_class": 0}, "not of a class of A and one of B"),
        ({"left": 1, "left_class": 0}, "an image of A that is in no test pair of A"),
    ):
        wrong = changed(crossed, 0, **values)
        line = refusal(verify_pairs.check_crossed, wrong, test_a, SETS, "crossed.csv")
        assert line.startswith("crossed.csv, line 2: ") and message in line


def test_images_shared_with_training_are_counted():
    assert verify_pairs.count_leaks(A) == {"test": 1}
    assert verify_pairs.count_leaks(A.replace({"left": {5: 7}})) == {"test": 0}
