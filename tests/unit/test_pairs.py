"""How many pairs there are, and how they are made and split."""

import re

import numpy as np
import pandas as pd
import pytest
from cross_pairs import cross_pairs

from siamese.data.pairs import MAKERS, make_pairs
from siamese.errors import StudyError
from siamese.study.pair_counts import Plan, complete_sets

SETS = {"A": [0, 1, 2], "B": [3, 4]}
# Images of five classes, in this order in the data.
COUNTS = {0: 30, 1: 12, 2: 10, 3: 9, 4: 5}
LABELS = np.repeat([*COUNTS], [*COUNTS.values()])
OPTIONS = {"split_by": "pairs", "images_per_class": None, "test_fraction": 0.2}
OPTIONS["train"] = 40


def members(name):
    return {label: np.flatnonzero(label == LABELS) for label in SETS[name]}


def made(split_by="pairs", seed=0):
    """The pair table of A and its plan."""
    plan = Plan.of(COUNTS, SETS, OPTIONS | {"split_by": split_by})
    generator = np.random.default_rng(seed)
    return MAKERS[split_by](members("A"), plan.sizes["A"], plan.parts, generator), plan


def test_counts_of_the_report():
    sets = {"A": [0, 1, 2, 4, 5, 9], "B": [3, 6, 7, 8]}
    counts = dict.fromkeys(range(10), 7000)
    pairs = Plan.of(counts, sets, OPTIONS | {"train": 60_000}).pairs
    assert pairs["A"] == {"test": 16_797, "train": 60_000, "validation": 7_191}
    assert pairs["B"] == pairs["crossed"] == {"test": 55_992}


def test_unequal_classes_take_part_as_the_smallest_or_with_all_they_have():
    every = Plan.of(COUNTS, SETS, OPTIONS)
    assert every.sizes == {"A": {0: 30, 1: 12, 2: 10}, "B": {3: 9, 4: 5}}
    # 2 (29 + 11 + 9) pairs, a fifth of them for testing
    assert every.pairs["A"] == {"test": 19, "train": 40, "validation": 39}
    assert every.pairs["B"] == {"test": 2 * (8 + 4)}
    for most, sizes in ((20, [10] * 3 + [5] * 2), (4, [4] * 5)):
        plan = Plan.of(COUNTS, SETS, OPTIONS | {"images_per_class": most, "train": 5})
        assert [*plan.sizes["A"].values(), *plan.sizes["B"].values()] == sizes


def test_pairs_that_cannot_be_made():
    for counts, options, message in (
        ({2: 1}, {}, "Images by class: {2: 1}, expected 2 or more, for a pair; add"),
        (
            {},
            {"train": 90},
            "pairs.train: found 90, expected at least one pair in each",
        ),
        ({}, {"test_fraction": 0.001}, "pairs.test_fraction: found 0.001, expected at"),
        ({2: 4}, {"split_by": "images"}, "expected at least one pair in each"),
    ):
        with pytest.raises(StudyError, match=re.escape(message)):
            Plan.of(COUNTS | counts, SETS, OPTIONS | options)


def test_sets_are_completed_and_have_each_class_once():
    sets = {"A": [4, 1], "B": None, "left_out": [0]}
    assert complete_sets(sets, [*range(6)]) == {"A": [4, 1], "B": [2, 3, 5]}
    for a, b, left_out in (
        ([0, 1], [2, 3], [4]),
        ([0, 1, 2], [2, 3, 4, 5], []),
        ([0, 1, 2, 3], [4, 5, 6], []),
        ([0, 1, 2, 3], None, [4]),
    ):
        with pytest.raises(StudyError, match="once, and two or more in A and in B"):
            complete_sets({"A": a, "B": b, "left_out": left_out}, [*range(6)])


def test_pairs_follow_the_scheme():
    sizes = {0: 20, 1: 12, 2: 10}
    pairs = make_pairs(members("A"), sizes, np.random.default_rng(0))
    chains = {}
    for label, own in pairs.groupby("left_class"):
        same = own[own["same"] == 1]
        # image i with image i + 1, through all images that take part
        assert same["left"].tolist()[1:] == same["right"].tolist()[:-1]
        chains[label] = [*same["left"], same["right"].iloc[-1]]
        assert len({*chains[label]}) == sizes[label]
    for label, own in pairs[pairs["same"] == 0].groupby("left_class"):
        assert own["left"].tolist() == chains[label][:-1]
        for i, pair in enumerate(own.itertuples()):
            # image i of another class, which begins anew after its last one
            assert pair.right_class != label
            assert pair.right == chains[pair.right_class][i % sizes[pair.right_class]]
    for side in ("left", "right"):
        assert (LABELS[pairs[side]] == pairs[f"{side}_class"]).all()


@pytest.mark.parametrize("split_by", MAKERS)
def test_splits(split_by):
    pairs, plan = made(split_by)
    assert pairs["split"].value_counts().to_dict() == plan.pairs["A"]
    pd.testing.assert_frame_equal(pairs, made(split_by)[0])
    assert not pairs.equals(made(split_by, seed=1)[0])
    if split_by == "images":
        # of 30, 12 and 10 images, 6, 2 and 2 for testing and (40 n // 104) + 1 to train
        assert plan.pairs["A"] == {"test": 14, "train": 36, "validation": 36}
        images = [{*x["left"], *x["right"]} for _, x in pairs.groupby("split")]
        assert len(set.union(*images)) == sum(map(len, images)) <= 52


def test_crossed_pairs_are_balanced_and_across_the_sets():
    a, plan = made()
    b = make_pairs(members("B"), plan.sizes["B"], np.random.default_rng(1))
    a = a[a["split"] == "test"]
    pairs = cross_pairs(a, b.assign(split="test"), np.random.default_rng(0))
    assert (len(pairs), pairs["same"].sum()) == (24, 12)
    different, same = pairs[pairs["same"] == 0], pairs[pairs["same"] == 1]
    assert {*different["left"]} <= {*a["left"], *a["right"]}
    assert {*different["left_class"]} == {0, 1, 2}
    assert {*different["right_class"]} == {3, 4}
    # At most half of the 'same' pairs are pairs of A.
    assert same["left_class"].isin(SETS["A"]).sum() == min(6, a["same"].sum())
    assert not same.duplicated(["left", "right"]).any()
