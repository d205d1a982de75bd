"""How many images and pairs each set has; siamese.data.pairs makes them."""

import math
from typing import NamedTuple

from siamese.errors import StudyError

PARTS = ("test", "train", "validation")
# The ways to split the pairs of A into parts, and their names in a path.
WAYS = {"pairs": "", "images": "split_by~images/"}


def complete_sets(sets, classes):
    """The classes of A and B, which with those left out are all of `classes`.

    B may be None for what is neither in A nor left out. Raises StudyError for a class
    in no set or in two, for an unknown one, and for a set of fewer than two.
    """
    a, b, left_out = list(sets["A"]), sets["B"], list(sets.get("left_out", []))
    if b is None:
        b = [label for label in classes if label not in a + left_out]
    if sorted([*a, *b, *left_out]) != sorted(classes) or min(len(a), len(b)) < 2:
        raise StudyError(
            f"sets: A has {a}, B {list(b)}, and {left_out} are left out, expected each "
            f"of {classes} once, and two or more in A and in B"
        )
    return {"A": a, "B": list(b)}


def taking_part(counts, most):
    """Images by class that take part: all, or with `most` as many as the smallest class
    has, or fewer.
    """
    if few := {label: count for label, count in counts.items() if count < 2}:
        expected = "2 or more, for a pair; add some, or leave the class out"
        raise StudyError(f"Images by class: {few}, expected {expected}")
    return dict.fromkeys(counts, min(most, *counts.values())) if most else counts


def count_pairs(sizes):
    """Pairs of n images of each class: 2 (n - 1) a class, none if one has one image."""
    return sum(2 * (n - 1) for n in sizes.values()) if min(sizes.values()) > 1 else 0


def divide_pairs(sizes, test_fraction, train):
    """Pairs in each part: test rounded down, train as asked, the rest validation."""
    total = count_pairs(sizes)
    test = math.floor(test_fraction * total)
    return {"test": test, "train": train, "validation": total - test - train}


def divide_images(sizes, test_fraction, train):
    """Images in each part, by class; each has its share of `train`, rounded down."""
    total = sum(sizes.values())
    test = {label: math.floor(test_fraction * n) for label, n in sizes.items()}
    trained = {label: train * n // (2 * total) + 1 for label, n in sizes.items()}
    rest = {label: n - test[label] - trained[label] for label, n in sizes.items()}
    return {"test": test, "train": trained, "validation": rest}


class Plan(NamedTuple):
    """How many images and pairs a data set gives."""

    sizes: dict  # images of each class that take part, by set
    parts: dict  # pairs in each part of A, or images by class if those are split
    pairs: dict  # pairs in each part of A, B and crossed

    @classmethod
    def of(cls, counts, sets, options):
        """The plan for a data set with so many images of each class.

        `options` has split_by, images_per_class, test_fraction, and train, the training
        pairs. Raises StudyError where a class is too small or a part has no pair.
        """
        sizes = {}
        for name in ("A", "B"):
            own = {label: counts.get(label, 0) for label in sets[name]}
            sizes[name] = taking_part(own, options["images_per_class"])
        by_images = options["split_by"] == "images"
        divide = divide_images if by_images else divide_pairs
        parts = divide(sizes["A"], options["test_fraction"], options["train"])
        a = {part: count_pairs(n) if by_images else n for part, n in parts.items()}
        if min(a.values()) < 1:
            key = "test_fraction" if a["test"] < 1 else "train"
            found = f"pairs.{key}: found {options[key]}"
            raise StudyError(f"{found}, expected at least one pair in each part: {a}")
        b = {"test": count_pairs(sizes["B"])}
        return cls(sizes, parts, {"A": a, "B": b, "crossed": b})
