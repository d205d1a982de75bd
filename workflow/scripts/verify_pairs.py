"""Rule verify_pairs: check every pair against the downloaded originals.

Nothing of the tables' making is used: a pair's pixels are looked up among the
original images, and the labels found there decide which classes the pair has
and whether it is of the same class.
"""

import math
import os

import numpy as np

from siamese.datasets import read_dataset
from siamese.errors import StudyError
from siamese.job import logged
from siamese.splits import Plan, complete_sets, sets_of_fold
from siamese.stored import read_images, read_pair_table, write_json

STANDARD_ERRORS = 5


def labels_by_pixels(originals, original_labels):
    """Map the bytes of each original image to the labels it has (a sorted list)."""
    found = {}
    for image, label in zip(originals, original_labels.tolist(), strict=True):
        found.setdefault(image.tobytes(), set()).add(label)
    return {pixels: sorted(labels) for pixels, labels in found.items()}


def ambiguous_images(originals, known):
    """Indices of the images that occur under more than one label."""
    return [
        index
        for index, image in enumerate(originals)
        if len(known[image.tobytes()]) > 1
    ]


def check_pairs(pairs, images, known, classes, source):
    """Compare each pair's classes and label with the originals.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Columns left, right, left_class, right_class, same.
    images : numpy.ndarray of uint8, shape (n, height, width)
        The images that the indices point into.
    known : dict of bytes to list of int
        Original labels by pixels.
    classes : list of int
        The classes of this set; no other may occur.
    source : str
        Where the pairs come from, for messages.

    Raises
    ------
    StudyError
        Names the first wrong pair and its line in the file.
    """
    used = np.unique(pairs[["left", "right"]])
    if used[0] < 0 or used[-1] >= len(images):
        raise StudyError(f"{source}: index out of range 0 to {len(images) - 1}")
    originals = {int(i): known.get(images[i].tobytes(), []) for i in used}
    rows = pairs[["left", "right", "left_class", "right_class", "same"]]
    for line, row in enumerate(rows.itertuples(index=False, name=None), start=2):
        left, right, left_class, right_class, same = row
        wrong = None
        if left == right:
            wrong = "pairs an image with itself"
        elif left_class not in originals[left]:
            wrong = f"left class {left_class}, original labels {originals[left]}"
        elif right_class not in originals[right]:
            wrong = f"right class {right_class}, original labels {originals[right]}"
        elif left_class not in classes or right_class not in classes:
            wrong = f"classes {left_class} and {right_class}, expected of {classes}"
        elif same != (left_class == right_class):
            wrong = f"same = {same}, but classes {left_class} and {right_class}"
        if wrong:
            raise StudyError(
                f"{source}, line {line}: pair ({left}, {right}): {wrong}; `make "
                "verify` tells whether this table or images.npy has changed: delete "
                "that and run snakemake again"
            )


def count_splits(pairs, expected, source):
    """Check sizes and balance of the splits; return the counts.

    A split drawn at random from balanced pairs has half of them positive, to
    within a standard error of 1/(2 sqrt(n)); five of them are allowed.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Columns same, split.
    expected : dict of str to int
        Pairs in each split.
    source : str

    Returns
    -------
    dict of str to dict
        `pairs`, `same` and `different` of each split.
    """
    counts = {}
    for split in sorted({*expected, *pairs["split"]}):
        same = pairs.loc[pairs["split"] == split, "same"]
        n, positive = len(same), int(same.sum())
        if n != expected.get(split, 0):
            raise StudyError(
                f"{source}: {n} pairs in split {split}, expected "
                f"{expected.get(split, 0)}"
            )
        if abs(positive / n - 0.5) > STANDARD_ERRORS * 0.5 / math.sqrt(n):
            raise StudyError(
                f"{source}: {positive} of {n} pairs in split {split} are of the "
                "same class, expected about half"
            )
        counts[split] = {"pairs": n, "same": positive, "different": n - positive}
    if 2 * int(pairs["same"].sum()) != len(pairs):
        raise StudyError(
            f"{source}: {int(pairs['same'].sum())} of {len(pairs)} pairs are of the "
            "same class, expected half"
        )
    return counts


def check_crossed(crossed, pairs, sets, source):
    """Compare the crossed pairs with the class sets and with the test pairs of A.

    Raises
    ------
    StudyError
        A 'different' pair that is not of a class of A and one of B, or an image
        of A that is in no test pair of A.
    """
    different = crossed[crossed["same"] == 0]
    across = different["left_class"].isin(sets["A"]) & different["right_class"].isin(
        sets["B"]
    )
    if not across.all():
        left, right = different.loc[~across, ["left", "right"]].iloc[0]
        raise StudyError(
            f"{source}: pair ({left}, {right}) is not of a class of A and one of B"
        )
    tested = images_in(pairs[pairs["split"] == "test"])
    for side in ("left", "right"):
        of_a = crossed.loc[crossed[f"{side}_class"].isin(sets["A"]), side]
        if not of_a.isin(tested).all():
            image = of_a[~of_a.isin(tested)].iloc[0]
            raise StudyError(f"{source}: image {image} is in no test pair of A")


def images_in(pairs):
    """The images of a pair table, each once."""
    return np.unique(pairs[["left", "right"]])


def count_leaks(pairs):
    """Pairs outside training that have an image of a training pair, by split."""
    trained = images_in(pairs[pairs["split"] == "train"])
    others = pairs[pairs["split"] != "train"]
    shared = others["left"].isin(trained) | others["right"].isin(trained)
    return {name: int(part.sum()) for name, part in shared.groupby(others["split"])}


def main(snakemake, output):
    params = snakemake.params
    paths = {
        name: os.path.abspath(snakemake.input[name]) for name in ("A", "B", "crossed")
    }
    content = read_dataset(snakemake.input.originals, params.dataset)
    originals, counts = content.images, content.counts()
    sets = sets_of_fold(complete_sets(params.sets, list(counts)), params.fold)
    expected = Plan.of(counts, sets, params.pairs).pairs
    known = labels_by_pixels(originals, content.labels)
    images = read_images(snakemake.input.images, in_memory=False)
    report = {
        "images": len(originals),
        "distinct_images": len(known),
        "identical_under_different_labels": ambiguous_images(originals, known),
        "sets": {},
    }
    classes = sets | {"crossed": sets["A"] + sets["B"]}
    tables = {name: read_pair_table(path) for name, path in paths.items()}
    for name, pairs in tables.items():
        check_pairs(pairs, images, known, classes[name], paths[name])
        report["sets"][name] = {
            "pairs": len(pairs),
            "same": int(pairs["same"].sum()),
            "splits": count_splits(pairs, expected[name], paths[name]),
            "images": len(images_in(pairs)),
        }
    check_crossed(tables["crossed"], tables["A"], sets, paths["crossed"])
    leaks = report["pairs_with_an_image_of_training"] = count_leaks(tables["A"])
    if params.pairs["split_by"] == "images" and any(leaks.values()):
        raise StudyError(
            f"{paths['A']}: {leaks} pairs have an image of a training pair, expected "
            "none (split_by: images)"
        )
    write_json(output.counts, report)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
