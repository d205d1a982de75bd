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


def main(snakemake):
    params = snakemake.params
    table = pd.read_csv(snakemake.input.table)
    seed = int(snakemake.wildcards.seed)
    for number, name in enumerate(("A", "B")):
        members = table[table["set"] == name].groupby("class")["image"]
        images_by_class = {label: images.to_numpy() for label, images in members}
        generator = np.random.default_rng([seed, number])
        pairs = make_pairs(images_by_class, params.images_per_class, generator)
        if name == "A":
            pairs = split_pairs(pairs, params.test_fraction, params.train, generator)
        else:
            pairs = pairs.assign(split="test")
        pairs.to_csv(snakemake.output[name], index=False)
        print(f"Set {name}:\n{pairs.groupby(['split', 'same']).size()}")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
