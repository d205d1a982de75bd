"""Which pairs are tested in poses, and where the pixels of a posed image come from."""

import numpy as np

DIRECTIONS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])


def choose_pairs(sets, n, seed):
    """At most n test pairs of each of A, B and crossed, in random order."""
    chosen = {}
    for name in ("A", "B", "crossed"):
        rows = np.random.default_rng([seed, 3]).permutation(len(sets[name]["same"]))[:n]
        chosen[name] = {key: values[rows] for key, values in sets[name].items()}
    return chosen


def transforms(pose, shape, n, generator):
    """The poses of n images, float32 of shape (n, 8), for Keras's affine_transform.

    The pixel (x, y) of a posed image shows the place (a x + b y + c, d x + e y + f) of
    the image, whose height and width are first in `shape`; columns are a to f, 0, 0.
    It is turned, scaled and mirrored about its middle, then shifted.
    """
    angles = np.deg2rad(generator.uniform(*pose.rotation, n))
    scales = generator.uniform(*pose.scale, n)
    if pose.random:
        steps = generator.uniform(-1, 1, (n, 2))
    else:
        steps = DIRECTIONS[generator.integers(len(DIRECTIONS), size=n)]
    middle = (np.array([shape[1], shape[0]]) - 1) / 2
    to_x, to_y = (middle + pose.shift * steps).T
    cos, sin = np.cos(angles) / scales, np.sin(angles) / scales
    mirror = -1 if pose.flip else 1
    rows = np.zeros((n, 8), np.float32)
    rows[:, 0], rows[:, 1] = mirror * cos, -mirror * sin
    rows[:, 3], rows[:, 4] = sin, cos
    rows[:, 2] = middle[0] - mirror * (cos * to_x - sin * to_y)
    rows[:, 5] = middle[1] - (sin * to_x + cos * to_y)
    return rows
