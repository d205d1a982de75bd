"""Making the pairs of a set. MAKERS also split those of set A.

A pair is two indices into images.npy; no pixel is copied.
"""

import numpy as np
import pandas as pd

from siamese.study.pair_counts import PARTS


def make_pairs(images_by_class, sizes, generator):
    """Pair each image with its successor in its class and with one of another class.

    In each class, in a shuffled order, image i is paired with image i + 1 (same) and
    with image i of another class drawn uniformly (different), for all i but the last.
    A smaller class begins anew after its last image.

    `images_by_class` has the image indices of each of two or more classes (arrays),
    `sizes` how many of them take part. Returns a data frame with the columns left,
    right, left_class, right_class and same (1 or 0).
    """
    classes = np.array(list(images_by_class))
    order = [generator.permutation(images_by_class[c])[: sizes[c]] for c in classes]
    longest = max(map(len, order))
    repeated = np.stack([np.resize(images, longest) for images in order])
    tables = []
    for row, own_class in enumerate(classes):
        place = np.arange(len(order[row]) - 1)
        other = generator.choice(np.delete(np.arange(len(classes)), row), len(place))
        for same, right, right_class in (
            (1, order[row][1:], own_class),
            (0, repeated[other, place], classes[other]),
        ):
            columns = {"left": order[row][:-1], "right": right, "left_class": own_class}
            columns |= {"right_class": right_class, "same": same}
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def shuffle(table, generator):
    return table.iloc[generator.permutation(len(table))].reset_index(drop=True)


def split_pairs(images_by_class, sizes, parts, generator):
    """Make all pairs, shuffle them, and cut them into parts: the published way.

    `parts` comes from `divide_pairs`. The result has one more column, split (of PARTS).
    """
    pairs = shuffle(make_pairs(images_by_class, sizes, generator), generator)
    return pairs.assign(split=np.repeat(PARTS, [parts[part] for part in PARTS]))


def split_images(images_by_class, sizes, parts, generator):
    """Divide the images of each class into parts, then make the pairs of each part.

    `parts` comes from `divide_images`. The result is as that of `split_pairs`.
    """
    left = {c: generator.permutation(images) for c, images in images_by_class.items()}
    tables = []
    for part in PARTS:
        taken = {c: images[: parts[part][c]] for c, images in left.items()}
        left = {c: images[parts[part][c] :] for c, images in left.items()}
        tables.append(make_pairs(taken, parts[part], generator).assign(split=part))
    return shuffle(pd.concat(tables), generator)


# The keys are those of pair_counts.WAYS.
MAKERS = {"pairs": split_pairs, "images": split_images}
