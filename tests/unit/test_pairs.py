"""Partition, making of pairs, and their verification."""

import re

import numpy as np
import pandas as pd
import pytest
from cross_pairs import cross_pairs
from partition import check_partition, partition
from verify_pairs import (
    ambiguous_images,
    check_crossed,
    check_pairs,
    count_leaks,
    count_splits,
    labels_by_pixels,
)

from siamese.errors import StudyError
from siamese.pairs import read_pairs, read_sets
from siamese.splits import (
    SPLITS,
    Plan,
    complete_sets,
    divide_images,
    divide_pairs,
    make_pairs,
    split_images,
    split_pairs,
)

SETS = {"A": [0, 1, 2], "B": [3, 4]}
SIZES = dict.fromkeys(SETS["A"], 20)
LABELS = np.repeat(np.arange(5, dtype=np.uint8), 20)
IMAGES = np.random.default_rng(1).integers(0, 255, (100, 28, 28)).astype(np.uint8)


def pairs_of_a(seed=0, images_per_class=20):
    members = {c: np.flatnonzero(c == LABELS) for c in SETS["A"]}
    sizes = dict.fromkeys(members, images_per_class)
    return make_pairs(members, sizes, np.random.default_rng(seed))


def split_by_pairs(seed=0):
    parts = divide_pairs(SIZES, 0.2, 70)
    members = {c: np.flatnonzero(c == LABELS) for c in SETS["A"]}
    return split_pairs(members, SIZES, parts, np.random.default_rng(seed))


def test_partition_holds_each_image_once_in_the_set_of_its_class():
    table = partition(LABELS, SETS)
    check_partition(table, LABELS, SETS, 20)
    assert table["image"].tolist() == list(range(100))
    assert (table["set"] == np.where(LABELS < 3, "A", "B")).all()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(index=7), "Image 7: 0 rows"),
        (lambda t: pd.concat([t, t.loc[[9]]]), "Image 9: 2 rows"),
        (lambda t: pd.concat([t, t.loc[[9]].assign(image=400)]), "Image 400: 1 rows"),
        (lambda t: t.assign(set=t["set"].where(t["image"] != 5, "B")), "Image 5 of"),
        (lambda t: t.assign(**{"class": t["class"].where(t["image"] != 6, 1)}), "6 of"),
    ],
)
def test_partition_names_the_first_offender(spoil, message):
    table = spoil(partition(LABELS, SETS))
    with pytest.raises(StudyError, match=message):
        check_partition(table, LABELS, SETS, 20)


def test_partition_checks_the_counts():
    with pytest.raises(StudyError, match="class 0: 20 images, expected 21"):
        check_partition(partition(LABELS, SETS), LABELS, SETS, 21)


def test_pairs_follow_the_scheme():
    pairs = pairs_of_a()
    assert len(pairs) == 3 * 2 * (20 - 1)
    assert pairs["same"].sum() == len(pairs) / 2
    for label in SETS["A"]:
        own = pairs[pairs["left_class"] == label]
        same, different = own[own["same"] == 1], own[own["same"] == 0]
        # image i with image i + 1, so the chain runs through all 20 images
        assert same["left"].tolist()[1:] == same["right"].tolist()[:-1]
        chain = [*same["left"], same["right"].iloc[-1]]
        assert sorted(chain) == np.flatnonzero(label == LABELS).tolist()
        # image i of this class with image i of another
        assert different["left"].tolist() == chain[:-1]
        assert set(different["right_class"]) == set(SETS["A"]) - {label}
    position = {
        image: place
        for label in SETS["A"]
        for place, image in enumerate(pairs[pairs["left_class"] == label]["left"][:19])
    }
    for pair in pairs[pairs["same"] == 0].itertuples():
        assert position[pair.left] == position[pair.right]
    assert (LABELS[pairs["left"]] == pairs["left_class"]).all()
    assert (LABELS[pairs["right"]] == pairs["right_class"]).all()


def test_fewer_images_give_fewer_pairs():
    pairs = pairs_of_a(images_per_class=7)
    assert len(pairs) == 3 * 2 * 6
    assert len(np.unique(pairs[["left", "right"]])) <= 21


def test_pairs_depend_on_the_seed_alone():
    pd.testing.assert_frame_equal(pairs_of_a(3), pairs_of_a(3))
    assert not pairs_of_a(3).equals(pairs_of_a(4))


def test_other_class_is_uniform():
    members = {c: np.arange(5000) + 5000 * c for c in range(5)}
    pairs = make_pairs(members, dict.fromkeys(members, 5000), np.random.default_rng(0))
    counts = pairs[pairs["same"] == 0].value_counts(["left_class", "right_class"])
    assert len(counts) == 20
    # Five standard deviations of a binomial count: chance, with this seed or another,
    # exceeds them once in 90 000 studies of 20 counts.
    assert (abs(counts - 4999 / 4) < 5 * np.sqrt(4999 * 0.25 * 0.75)).all()


def test_split_sizes():
    split = split_by_pairs()
    # 20 % of 114, rounded down; what is left is for validation
    assert split["split"].value_counts().to_dict() == {
        "test": 22,
        "train": 70,
        "validation": 22,
    }
    columns = ["left", "right"]
    assert sorted(map(tuple, split[columns].to_numpy())) == sorted(
        map(tuple, pairs_of_a()[columns].to_numpy())
    )


def test_read_pairs_splits_the_table(tmp_path):
    table = split_by_pairs()
    table.to_csv(tmp_path / "A.csv", index=False)
    pairs = read_pairs(tmp_path / "A.csv")
    assert set(pairs) == {"train", "validation", "test"}
    train = table[table["split"] == "train"]
    for column in ("left", "right", "same"):
        assert pairs["train"][column].tolist() == train[column].tolist()


def check(pairs, images=IMAGES):
    check_pairs(pairs, images, labels_by_pixels(IMAGES, LABELS), SETS["A"], "A.csv")


def test_right_pairs_pass():
    check(pairs_of_a())


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("right", 60, "right class"),
        ("left", 60, "left class"),
        ("left_class", 2, "left class 2"),
        ("same", 1, "same = 1"),
        ("left", 100, "out of range"),
    ],
)
def test_one_wrong_pair_is_named(column, value, message):
    pairs = pairs_of_a()
    row = pairs.index[(pairs["left_class"] == 0) & (pairs["same"] == 0)][0]
    pairs.loc[row, column] = value
    with pytest.raises(StudyError, match=message) as error:
        check(pairs)
    if value != 100:
        assert f"line {row + 2}: pair (" in str(error.value)


def test_pair_of_an_image_with_itself_is_refused():
    pairs = pairs_of_a()
    pairs.loc[4, "right"] = pairs.loc[4, "left"]
    with pytest.raises(StudyError, match=r"line 6: .* with itself"):
        check(pairs)


def test_image_of_b_in_a_is_refused():
    pairs = pairs_of_a()
    pairs.loc[0, ["left", "left_class", "right", "right_class"]] = [60, 3, 61, 3]
    with pytest.raises(StudyError, match="classes 3 and 3"):
        check(pairs)


def test_changed_pixels_are_found():
    images = IMAGES.copy()
    images[pairs_of_a().loc[2, "left"], 0, 0] ^= 1
    with pytest.raises(StudyError, match=r"original labels \[\]"):
        check(pairs_of_a(), images)


def test_identical_images_under_two_labels_are_known():
    images = IMAGES.copy()
    images[21] = images[0]
    known = labels_by_pixels(images, LABELS)
    assert known[images[0].tobytes()] == [0, 1]
    assert len(known) == 99
    assert ambiguous_images(images, known) == [0, 21]


def test_split_sizes_and_balance_are_checked():
    pairs = split_by_pairs()
    expected = {"train": 70, "validation": 22, "test": 22}
    counts = count_splits(pairs, expected, "A.csv")
    assert {name: part["pairs"] for name, part in counts.items()} == expected
    with pytest.raises(StudyError, match="22 pairs in split test, expected 21"):
        count_splits(pairs, {**expected, "test": 21}, "A.csv")
    with pytest.raises(StudyError, match="22 pairs in split test, expected 0"):
        count_splits(pairs, {"train": 70, "validation": 22}, "A.csv")
    with pytest.raises(StudyError, match="of the same class, expected about half"):
        count_splits(pairs.assign(same=1), expected, "A.csv")
    lopsided = pairs.copy()
    lopsided.loc[lopsided.index[lopsided["same"] == 0][0], "same"] = 1
    with pytest.raises(StudyError, match="58 of 114 pairs"):
        count_splits(lopsided, expected, "A.csv")


def members_of(name):
    return {c: np.flatnonzero(c == LABELS) for c in SETS[name]}


def split_by_images(seed=0):
    generator = np.random.default_rng(seed)
    parts = divide_images(SIZES, 0.2, 60)
    return split_images(members_of("A"), SIZES, parts, generator)


def test_split_by_images_shares_no_image():
    pairs = split_by_images()
    # of 20 images a class 4 are for testing, 60 // 6 + 1 for training, 5 are left
    assert pairs["split"].value_counts().to_dict() == {
        "train": 3 * 2 * 10,
        "validation": 3 * 2 * 4,
        "test": 3 * 2 * 3,
    }
    images = {
        split: set(part[["left", "right"]].to_numpy().ravel())
        for split, part in pairs.groupby("split")
    }
    assert not images["train"] & (images["test"] | images["validation"])
    assert not images["validation"] & images["test"]
    assert sum(map(len, images.values())) <= 60
    check(pairs)
    assert (pairs.groupby("split")["same"].mean() == 0.5).all()


def test_leaks_are_counted():
    assert count_leaks(split_by_images()) == {"test": 0, "validation": 0}
    pairs = pd.DataFrame(
        {
            "left": [1, 3, 1, 6, 8],
            "right": [2, 4, 5, 7, 4],
            "split": ["train", "train", "test", "test", "validation"],
        }
    )
    assert count_leaks(pairs) == {"test": 1, "validation": 1}


def crossed(seed=0):
    a = split_by_pairs()
    sizes = dict.fromkeys(SETS["B"], 20)
    b = make_pairs(members_of("B"), sizes, np.random.default_rng(1))
    b = b.assign(split="test")
    test_a = a[a["split"] == "test"]
    return a, b, cross_pairs(test_a, b, np.random.default_rng(seed))


def test_crossed_pairs_are_balanced_and_across_the_sets():
    a, b, pairs = crossed()
    n = int((b["same"] == 0).sum())
    assert (len(pairs), pairs["same"].sum()) == (2 * n, n)
    different = pairs[pairs["same"] == 0]
    assert set(different["left_class"]) == set(SETS["A"])
    assert set(different["right_class"]) == set(SETS["B"])
    same = pairs[pairs["same"] == 1]
    columns = ["left", "right"]
    of_a = same[same["left_class"].isin(SETS["A"])]
    test_a = a[(a["split"] == "test") & (a["same"] == 1)]
    assert sorted(map(tuple, of_a[columns].to_numpy())) == sorted(
        map(tuple, test_a[columns].to_numpy())
    )
    assert not same.duplicated(columns).any()
    assert pairs["split"].unique().tolist() == ["test"]
    check_crossed(pairs, a, SETS, "crossed.csv")
    pd.testing.assert_frame_equal(pairs, crossed()[2])
    assert not pairs.equals(crossed(1)[2])


def test_crossed_pairs_that_are_not_across_are_refused():
    a, b, pairs = crossed()
    wrong = pd.concat([pairs, b[b["same"] == 0].head(1)])
    with pytest.raises(StudyError, match="is not of a class of A and one of B"):
        check_crossed(wrong, a, SETS, "crossed.csv")
    tested = a.loc[a["split"] == "test", ["left", "right"]].to_numpy()
    unseen = next(image for image in range(60) if image not in tested)
    wrong = pairs.copy()
    wrong.loc[wrong.index[0], "left"] = unseen
    with pytest.raises(StudyError, match=f"image {unseen} is in no test pair of A"):
        check_crossed(wrong, a, SETS, "crossed.csv")


def test_read_sets_has_test_pairs_and_validation(tmp_path):
    a, b, pairs = crossed()
    tables = {"A": a, "B": b, "crossed": pairs}
    paths = {name: tmp_path / f"{name}.csv" for name in tables}
    for name, table in tables.items():
        table.to_csv(paths[name], index=False)
    sets = read_sets(paths)
    sizes = {name: len(part["same"]) for name, part in sets.items()}
    assert sizes == {"A": 22, "B": len(b), "crossed": len(pairs), "validation": 22}
    test = a[a["split"] == "test"]
    assert sets["A"]["left"].tolist() == test["left"].tolist()


# Images of five classes, and what a plan makes of those that take part.
COUNTS = {0: 30, 1: 12, 2: 10, 3: 9, 4: 5}
OPTIONS = {
    "split_by": "pairs",
    "images_per_class": None,
    "test_fraction": 0.2,
    "train": 40,
}


def test_unequal_classes_take_part_as_the_smallest_or_with_all_they_have():
    every = Plan.of(COUNTS, SETS, OPTIONS)
    assert every.sizes == {"A": {0: 30, 1: 12, 2: 10}, "B": {3: 9, 4: 5}}
    # 2 (29 + 11 + 9) pairs, a fifth of them for testing
    assert every.pairs["A"] == {"test": 19, "train": 40, "validation": 39}
    assert every.pairs["B"] == every.pairs["crossed"] == {"test": 2 * (8 + 4)}
    smallest = Plan.of(COUNTS, SETS, OPTIONS | {"images_per_class": 20, "train": 20})
    assert smallest.sizes == {"A": {0: 10, 1: 10, 2: 10}, "B": {3: 5, 4: 5}}
    fewer = Plan.of(COUNTS, SETS, OPTIONS | {"images_per_class": 4, "train": 5})
    assert fewer.sizes == {"A": {0: 4, 1: 4, 2: 4}, "B": {3: 4, 4: 4}}
    images = Plan.of(COUNTS, SETS, OPTIONS | {"split_by": "images"})
    for label, n in every.sizes["A"].items():
        assert sum(images.parts[part][label] for part in images.parts) == n


@pytest.mark.parametrize("split_by", ["pairs", "images"])
def test_pairs_of_unequal_classes(split_by):
    sizes, ends = (
        Plan.of(COUNTS, SETS, OPTIONS).sizes["A"],
        np.cumsum([0, *COUNTS.values()]),
    )
    members = {label: np.arange(ends[label], ends[label + 1]) for label in sizes}
    plan = Plan.of(COUNTS, SETS, OPTIONS | {"split_by": split_by})
    table = SPLITS[split_by].make(members, sizes, plan.parts, np.random.default_rng(0))
    assert table["split"].value_counts().to_dict() == plan.pairs["A"]
    labels = np.repeat([*COUNTS], [*COUNTS.values()])
    for side in ("left", "right"):
        assert (labels[table[side]] == table[f"{side}_class"]).all()
    assert (table["same"] == (table["left_class"] == table["right_class"])).all()
    assert (table["left"] != table["right"]).all()
    same = table[table["same"] == 1]
    if split_by == "pairs":
        # Of every class a chain through all its images, and every other pair another.
        assert same["left_class"].value_counts().to_dict() == {0: 29, 1: 11, 2: 9}
        assert {*same["left"], *same["right"]} == {*range(ends[3])}
        different = table[table["same"] == 0]
        assert different["left_class"].value_counts().to_dict() == {0: 29, 1: 11, 2: 9}


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ({2: 1}, {}, "Class 2: 1 image, expected at least the 2 of a pair"),
        ({2: 0}, {}, "Class 2: 0 images, expected"),
        (
            {},
            {"train": 90},
            "pairs.train: found 90, expected fewer, so that pairs of A",
        ),
        ({}, {"test_fraction": 0.001}, "pairs.test_fraction: found 0.001, expected at"),
        (
            {2: 4},
            {"split_by": "images"},
            "pairs.test_fraction: found 0.2, expected at least one test pair",
        ),
    ],
)
def test_pairs_that_cannot_be_made(counts, options, message):
    with pytest.raises(StudyError, match=re.escape(message)):
        Plan.of(COUNTS | counts, SETS, OPTIONS | options)


def test_what_a_does_not_have_is_b():
    assert complete_sets({"A": [4, 1], "B": None}, [*range(5)])["B"] == [0, 2, 3]
    for sets in ({"A": [0, 1], "B": [2, 3]}, {"A": [0, 1, 2], "B": [2, 3, 4]}):
        with pytest.raises(StudyError, match="expected each of"):
            complete_sets(sets, [*range(5)])
    with pytest.raises(StudyError, match="at least two classes in each"):
        complete_sets({"A": [0, 1, 2, 3], "B": None}, [*range(5)])
