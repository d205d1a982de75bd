"""How the pairs of a set are made, and the ways to split those of set A.

A way to split is registered in SPLITS, with the arithmetic of its parts.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd

PARTS = ("test", "train", "validation")


def count_pairs(classes, images_per_class):
    """Pairs of a set of some classes: 2 (n - 1) a class, n images of each."""
    return classes * 2 * (images_per_class - 1)


def make_pairs(images_by_class, images_per_class, generator):
    """Pair each image with its successor in its class and with one of another class.

    In each class, in a shuffled order, image i is paired with image i + 1
    (same) and with image i of another class drawn uniformly (different), for
    all i but the last.

    Parameters
    ----------
    images_by_class : dict of int to numpy.ndarray of int
        Image indices of each class; at least two classes.
    images_per_class : int
        How many images of each class take part; the smallest class is the limit.
    generator : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Columns left, right, left_class, right_class, same (1 or 0);
        `count_pairs` rows.
    """
    classes = np.array(list(images_by_class))
    n = min(images_per_class, *map(len, images_by_class.values()))
    order = np.stack([generator.permutation(images_by_class[c])[:n] for c in classes])
    first = np.arange(n - 1)
    tables = []
    for row, own_class in enumerate(classes):
        others = np.delete(np.arange(len(classes)), row)
        other = generator.choice(others, n - 1)
        for same, right, right_class in (
            (1, order[row, 1:], own_class),
            (0, order[other, first], classes[other]),
        ):
            tables.append(
                pd.DataFrame(
                    {
                        "left": order[row, :-1],
                        "right": right,
                        "left_class": own_class,
                        "right_class": right_class,
                        "same": same,
                    }
                )
            )
    return pd.concat(tables, ignore_index=True)


def divide_pairs(classes, images_per_class, test_fraction, train):
    """Pairs in each part: test rounded down, train as asked, the rest validation."""
    total = count_pairs(classes, images_per_class)
    test = math.floor(test_fraction * total)
    return {"test": test, "train": train, "validation": total - test - train}


def split_pairs(images_by_class, images_per_class, parts, generator):
    """The published way: make all pairs, shuffle them, and cut them into parts.

    Parameters
    ----------
    images_by_class, images_per_class, generator
        As for `make_pairs`.
    parts : dict of str to int
        From `divide_pairs`.

    Returns
    -------
    pandas.DataFrame
        The columns of `make_pairs`, and split: test, train or validation.
    """
    pairs = make_pairs(images_by_class, images_per_class, generator)
    pairs = pairs.iloc[generator.permutation(len(pairs))].reset_index(drop=True)
    return pairs.assign(split=np.repeat(PARTS, [parts[part] for part in PARTS]))


def divide_images(classes, images_per_class, test_fraction, train):
    """Images of each class in each part; for training as many as give `train` pairs."""
    test = math.floor(test_fraction * images_per_class)
    trained = train // (2 * classes) + 1
    rest = images_per_class - test - trained
    return {"test": test, "train": trained, "validation": rest}


def split_images(images_by_class, images_per_class, parts, generator):
    """Divide the images of each class first, so that no image is in two parts.

    Parameters and result as of `split_pairs`, with parts from `divide_images`.
    """
    shuffled = {
        label: generator.permutation(images)
        for label, images in images_by_class.items()
    }
    ends = np.cumsum([parts[part] for part in PARTS])
    tables = [
        make_pairs(
            {
                label: images[end - parts[part] : end]
                for label, images in shuffled.items()
            },
            images_per_class,
            generator,
        ).assign(split=part)
        for part, end in zip(PARTS, ends, strict=True)
    ]
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
        (classes, images_per_class, test_fraction, train) to the size of each part.
    count : function
        (classes, size of a part) to its pairs.
    make : function
        (images_by_class, images_per_class, parts, generator) to the pair table.
    """

    folder: str
    divide: Callable
    count: Callable
    make: Callable


SPLITS = {
    "pairs": Split("", divide_pairs, lambda classes, pairs: pairs, split_pairs),
    "images": Split("split_by~images/", divide_images, count_pairs, split_images),
}
