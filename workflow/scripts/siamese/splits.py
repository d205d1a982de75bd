"""How the pairs of a set are made, and the ways to split those of set A.

A way to split is registered in SPLITS, with the arithmetic of its parts.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from siamese.errors import StudyError

PARTS = ("test", "train", "validation")


class PairsError(StudyError):
    """An option of `pairs` that does not fit the images that there are."""

    def __init__(self, key, found, expected):
        self.key, self.expected = key, expected
        super().__init__(f"pairs.{key}: found {found}, expected {expected}")


def taking_part(counts, images_per_class):
    """How many images of each class of a set take part.

    Parameters
    ----------
    counts : dict of int to int
        Images that each class of the set has.
    images_per_class : int or None
        The most of each class. All classes have as many, so the smallest is a limit
        too; with None each has all of its own.

    Returns
    -------
    dict of int to int

    Raises
    ------
    StudyError
        A class has a single image, or none.
    """
    for label, count in counts.items():
        if count < 2:
            raise StudyError(
                f"Class {label}: {count} image{'s' * (count != 1)}, expected at least "
                "the 2 of a pair; add some, or leave the class out"
            )
    if images_per_class is None:
        return dict(counts)
    return dict.fromkeys(counts, min(images_per_class, *counts.values()))


def count_pairs(sizes):
    """Pairs of a set: 2 (n - 1) a class, n images of each.

    Parameters
    ----------
    sizes : dict of int to int
        Images of each class that take part.
    """
    return sum(2 * (n - 1) for n in sizes.values())


def make_pairs(images_by_class, sizes, generator):
    """Pair each image with its successor in its class and with one of another class.

    In each class, in a shuffled order, image i is paired with image i + 1
    (same) and with image i of another class drawn uniformly (different), for
    all i but the last. A smaller class begins anew after its last image.

    Parameters
    ----------
    images_by_class : dict of int to numpy.ndarray of int
        Image indices of each class; at least two classes.
    sizes : dict of int to int
        How many images of each class take part.
    generator : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Columns left, right, left_class, right_class, same (1 or 0);
        `count_pairs` rows.
    """
    classes = np.array(list(images_by_class))
    order = [generator.permutation(images_by_class[c])[: sizes[c]] for c in classes]
    # Of each class over and over, as long as the largest is.
    longest = max(map(len, order))
    repeated = np.stack([np.resize(images, longest) for images in order])
    tables = []
    for row, own_class in enumerate(classes):
        others = np.delete(np.arange(len(classes)), row)
        first = np.arange(len(order[row]) - 1)
        other = generator.choice(others, len(first))
        for same, right, right_class in (
            (1, order[row][1:], own_class),
            (0, repeated[other, first], classes[other]),
        ):
            tables.append(
                pd.DataFrame(
                    {
                        "left": order[row][:-1],
                        "right": right,
                        "left_class": own_class,
                        "right_class": right_class,
                        "same": same,
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def divide_pairs(sizes, test_fraction, train):
    """Pairs in each part: test rounded down, train as asked, the rest validation."""
    total = count_pairs(sizes)
    test = math.floor(test_fraction * total)
    return {"test": test, "train": train, "validation": total - test - train}


def split_pairs(images_by_class, sizes, parts, generator):
    """The published way: make all pairs, shuffle them, and cut them into parts.

    Parameters
    ----------
    images_by_class, sizes, generator
        As for `make_pairs`.
    parts : dict of str to int
        From `divide_pairs`.

    Returns
    -------
    pandas.DataFrame
        The columns of `make_pairs`, and split: test, train or validation.
    """
    pairs = make_pairs(images_by_class, sizes, generator)
    pairs = pairs.iloc[generator.permutation(len(pairs))].reset_index(drop=True)
    return pairs.assign(split=np.repeat(PARTS, [parts[part] for part in PARTS]))


def divide_images(sizes, test_fraction, train):
    """Images of each class in each part; for training as many as give `train` pairs.

    Each class has its share of the training pairs, rounded down.

    Returns
    -------
    dict of str to dict of int to int
        Images by part and class.
    """
    total = sum(sizes.values())
    parts = {part: {} for part in PARTS}
    for label, n in sizes.items():
        test = math.floor(test_fraction * n)
        trained = train * n // (2 * total) + 1
        found = {"test": test, "train": trained, "validation": n - test - trained}
        for part, images in found.items():
            parts[part][label] = images
    return parts


def count_divided(sizes):
    """Pairs of a part: none where a class has a single image, which has no pair."""
    return count_pairs(sizes) if min(sizes.values()) > 1 else 0


def split_images(images_by_class, sizes, parts, generator):
    """Divide the images of each class first, so that no image is in two parts.

    Parameters and result as of `split_pairs`, with parts from `divide_images`.
    """
    shuffled = {
        label: generator.permutation(images)
        for label, images in images_by_class.items()
    }
    tables = []
    for number, part in enumerate(PARTS):
        ends = {
            label: sum(parts[earlier][label] for earlier in PARTS[: number + 1])
            for label in shuffled
        }
        images = {
            label: shuffled[label][end - parts[part][label] : end]
            for label, end in ends.items()
        }
        pairs = make_pairs(images, parts[part], generator)
        tables.append(pairs.assign(split=part))
    pairs = pd.concat(tables)
    return pairs.iloc[generator.permutation(len(pairs))].reset_index(drop=True)


@dataclasses.dataclass(frozen=True)
class Split:
    """A way to split set A into test, training and validation pairs.

    Attributes
    ----------
    folder : str
        The part of a path that says so; empty for the published way.
    divide : function
        (sizes, test_fraction, train) to the size of each part.
    count : function
        (size of a part) to its pairs.
    make : function
        (images_by_class, sizes, parts, generator) to the pair table.
    """

    folder: str
    divide: Callable
    count: Callable
    make: Callable


@dataclasses.dataclass(frozen=True)
class Plan:
    """How many images and pairs there are of each set, for one split.

    Attributes
    ----------
    sizes : dict of str to dict of int to int
        Images of each class that take part, by set.
    parts : dict
        The parts of A, as its way to split counts them.
    pairs : dict of str to dict of str to int
        Pairs in each part of each pair table.
    """

    sizes: dict
    parts: dict
    pairs: dict

    @classmethod
    def of(cls, counts, sets, options):
        """The plan for a data set.

        Parameters
        ----------
        counts : mapping of int to int
            Images of each class.
        sets : dict of str to list of int
            The classes of A and of B.
        options : dict
            split_by, images_per_class, test_fraction, and train, the training pairs.

        Raises
        ------
        StudyError
            A class is too small, or a part has no pair.
        """
        sizes = {
            name: taking_part(
                {label: counts.get(label, 0) for label in classes},
                options["images_per_class"],
            )
            for name, classes in sets.items()
        }
        way = SPLITS[options["split_by"]]
        parts = way.divide(sizes["A"], options["test_fraction"], options["train"])
        unseen = {"test": count_pairs(sizes["B"])}
        of_a = {part: way.count(parts[part]) for part in PARTS}
        for part, (key, expected) in EXPECTED.items():
            if of_a[part] < 1:
                raise PairsError(key, options[key], expected.format(**of_a))
        return cls(sizes, parts, {"A": of_a, "B": unseen, "crossed": unseen})


# What a part without pairs asks for: the option and what it should be.
EXPECTED = {
    "test": ("test_fraction", "at least one test pair"),
    "train": ("train", "more, so that there is a training pair"),
    "validation": (
        "train",
        "fewer, so that pairs of A are left for validation: {test} test + {train} "
        "training pairs leave {validation}",
    ),
}


def complete_sets(sets, classes):
    """The classes of A and B, which together are all.

    Parameters
    ----------
    sets : dict of str to list of int
        Of A and of B; None for B is what A does not have.
    classes : list of int
        All there are.

    Raises
    ------
    StudyError
        A class is in no set, or is none of the data set.
    """
    rest = [label for label in classes if label not in sets["A"]]
    sets = {"A": list(sets["A"]), "B": rest if sets["B"] is None else list(sets["B"])}
    named = sets["A"] + sets["B"]
    if sorted(named) != sorted(classes):
        raise StudyError(
            f"sets: A and B have the classes {sorted(named)}, expected each of "
            f"{classes} once"
        )
    if min(map(len, sets.values())) < 2:
        raise StudyError(f"sets: {sets}, expected at least two classes in each")
    return sets


def sets_of_fold(sets, fold):
    """The sets where some classes of A are left out of training, in place of B.

    Parameters
    ----------
    sets : dict of str to list of int
        The study's.
    fold : list of int
        What is left out; empty for nothing.
    """
    if not fold:
        return sets
    return {"A": [c for c in sets["A"] if c not in fold], "B": list(fold)}


SPLITS = {
    "pairs": Split("", divide_pairs, lambda pairs: pairs, split_pairs),
    "images": Split("split_by~images/", divide_images, count_divided, split_images),
}
