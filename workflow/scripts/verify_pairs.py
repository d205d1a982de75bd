"""Rule verify_pairs: check every pair against the originals.

A pair's pixels are looked up among the originals, whose labels decide its classes.
"""

import os

import numpy as np
import pandas as pd

from siamese.data.dataset import read_dataset
from siamese.data.stored import read_images, read_pair_table, write_json
from siamese.errors import StudyError
from siamese.study.pair_counts import Plan, complete_sets

SIDES = ["left", "right"]


def labels_by_pixels(originals, labels):
    """The set of labels that each original image has, by the image's bytes."""
    known = {}
    for image, label in zip(originals, labels.tolist(), strict=True):
        known.setdefault(image.tobytes(), set()).add(label)
    return known


def refuse(pairs, faults, source):
    """Raise StudyError for the first pair with one of the faults (masks by name)."""
    for fault, wrong in faults.items():
        for row in np.flatnonzero(wrong)[:1]:
            raise StudyError(
                f"{source}, line {row + 2}: {','.join(map(str, pairs.iloc[row]))}: "
                f"{fault}; `study.py verify` tells which file has changed: delete it "
                "and run snakemake again"
            )


def check_pairs(pairs, labels, classes, source):
    """Compare each pair of a table with the originals.

    `labels` has the set of original labels of each image by its index. Raises
    StudyError for a pair that is wrong or has another class than `classes`.
    """
    faults = {"an image with itself": pairs["left"] == pairs["right"]}
    for side in SIDES:
        stated = zip(pairs[side], pairs[f"{side}_class"], strict=True)
        faults[f"{side} class, expected that of the original, one of {classes}"] = [
            label not in classes or label not in labels.get(i, ())
            for i, label in stated
        ]
    alike = pairs["left_class"] == pairs["right_class"]
    faults["same does not agree with the classes"] = pairs["same"] != alike
    refuse(pairs, faults, source)


def count_splits(pairs, expected, source):
    """The numbers of pairs, same pairs and different pairs in each split.

    Raises StudyError unless each split has the `expected` pairs, and half of all pairs
    are 'same'.
    """
    splits = pairs.groupby("split")["same"].agg(pairs="size", same="sum")
    splits["different"] = splits["pairs"] - splits["same"]
    counts = splits.to_dict("index")
    if splits["pairs"].to_dict() != expected:
        raise StudyError(f"{source}: {counts}, expected {expected} pairs")
    if 2 * splits["same"].sum() != len(pairs):
        raise StudyError(f"{source}: {counts}, expected half of the same class")
    return counts


def check_crossed(crossed, test_a, sets, source):
    """Raise StudyError for a crossed pair outside the class sets or A's test pairs."""
    a = crossed[["left_class", "right_class"]].isin(sets["A"]).to_numpy()
    across = a[:, 0] & crossed["right_class"].isin(sets["B"])
    tested = crossed[SIDES].isin(np.unique(test_a[SIDES])).to_numpy()
    faults = {
        "not of a class of A and one of B": (crossed["same"] == 0) & ~across,
        "an image of A that is in no test pair of A": (a & ~tested).any(axis=1),
    }
    refuse(crossed, faults, source)


def count_leaks(pairs):
    """The number of pairs that have an image of a training pair, by other split."""
    trained = pairs["split"] == "train"
    shared = pairs[SIDES].isin(np.unique(pairs.loc[trained, SIDES])).any(axis=1)
    return shared[~trained].groupby(pairs["split"]).sum().to_dict()


def main(snakemake):
    params = snakemake.params
    content = read_dataset(snakemake.input.originals, params.dataset)
    sets = complete_sets(params.sets, list(content.counts()))
    # The first of equal images takes part.
    counts = content.counts(~pd.Series(content.pixels).duplicated())
    expected = Plan.of(counts, sets, params.pairs).pairs
    classes = sets | {"crossed": sets["A"] + sets["B"]}
    known = labels_by_pixels(content.images, content.labels)
    ambiguous = [len(known[image.tobytes()]) > 1 for image in content.images]
    images = read_images(snakemake.input.images, in_memory=False)
    labels = {i: known.get(image.tobytes(), ()) for i, image in enumerate(images)}
    paths = {name: os.path.abspath(snakemake.input[name]) for name in expected}
    tables = {name: read_pair_table(path) for name, path in paths.items()}
    # Equal images count as the first of them.
    seen = {}
    first = {n: seen.setdefault(image.tobytes(), n) for n, image in enumerate(images)}
    for pairs in tables.values():
        pairs[SIDES] = pairs[SIDES].map(first.get)
    counts = {}
    for name, pairs in tables.items():
        check_pairs(pairs, labels, classes[name], paths[name])
        counts[name] = {
            "pairs": len(pairs),
            "same": int(pairs["same"].sum()),
            "splits": count_splits(pairs, expected[name], paths[name]),
            "images": len(np.unique(pairs[SIDES])),
        }
    a = tables["A"]
    check_crossed(tables["crossed"], a[a["split"] == "test"], sets, paths["crossed"])
    leaks = count_leaks(a)
    if params.pairs["split_by"] == "images" and any(leaks.values()):
        raise StudyError(f"{paths['A']}: {leaks} pairs share images with training")
    report = {
        "images": len(content.images),
        "distinct_images": len(known),
        "identical_under_different_labels": np.flatnonzero(ambiguous).tolist(),
        "sets": counts,
        "pairs_with_an_image_of_training": leaks,
    }
    write_json(snakemake.output.counts, report)
