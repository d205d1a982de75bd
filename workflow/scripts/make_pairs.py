"""Rule make_pairs: the pairs of sets A and B for one seed, by the report's scheme.

A pair is two indices into images.npy; no pixel is copied.
"""

import math

import numpy as np
import pandas as pd

from siamese.job import logged


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
        Columns left, right, left_class, right_class, same (1 or 0); 2 (n - 1)
        rows a class, n images of each class taking part.
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


def split_pairs(pairs, test_fraction, train, generator):
    """Shuffle the pairs and add the column split.

    The first `floor(test_fraction * n)` are test, the next `train` train and
    the rest validation.
    """
    pairs = pairs.iloc[generator.permutation(len(pairs))].reset_index(drop=True)
    test = math.floor(test_fraction * len(pairs))
    split = np.full(len(pairs), "validation", dtype=object)
    split[:test] = "test"
    split[test : test + train] = "train"
    return pairs.assign(split=split)


def split_images(images_by_class, images_per_class, test_fraction, train, generator):
    """Divide the images of each class into parts, and make each part's pairs.

    No image is in two parts. Of n images a class, `floor(test_fraction * n)`
    are for testing, as many for training as give at most `train` pairs, and the
    rest for validation.

    Returns
    -------
    pandas.DataFrame
        As `split_pairs` returns it.
    """
    n = min(images_per_class, *map(len, images_by_class.values()))
    test = math.floor(test_fraction * n)
    end = test + train // (2 * len(images_by_class)) + 1
    parts = {"test": slice(0, test), "train": slice(test, end)}
    parts["validation"] = slice(end, n)
    shuffled = {
        label: generator.permutation(images)
        for label, images in images_by_class.items()
    }
    tables = [
        make_pairs(
            {label: images[part] for label, images in shuffled.items()}, n, generator
        ).assign(split=split)
        for split, part in parts.items()
    ]
    pairs = pd.concat(tables)
    return pairs.iloc[generator.permutation(len(pairs))].reset_index(drop=True)


def main(snakemake):
    params = snakemake.params
    table = pd.read_csv(snakemake.input.table)
    seed = int(snakemake.wildcards.seed)
    for number, name in enumerate(("A", "B")):
        members = table[table["class"].isin(params.sets[name])].groupby("class")
        images_by_class = {c: images.to_numpy() for c, images in members["image"]}
        generator = np.random.default_rng([seed, number])
        sizes = (params.test_fraction, params.train)
        if name == "A" and params.split_by == "images":
            pairs = split_images(
                images_by_class, params.images_per_class, *sizes, generator
            )
        else:
            pairs = make_pairs(images_by_class, params.images_per_class, generator)
            if name == "A":
                pairs = split_pairs(pairs, *sizes, generator)
            else:
                pairs = pairs.assign(split="test")
        pairs.to_csv(snakemake.output[name], index=False)
        print(f"Set {name}:\n{pairs.groupby(['split', 'same']).size()}")


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
