"""Reading pair tables, without pandas for the sake of a quick start."""

import numpy as np

COLUMNS = [
    ("left", np.int32),
    ("right", np.int32),
    ("left_class", np.int32),
    ("right_class", np.int32),
    ("same", np.float32),
    ("split", "U10"),
]


def read_pairs(path):
    """Read a pair table, one entry a split.

    Returns
    -------
    dict of str to dict of str to numpy.ndarray
        For each split the columns left, right (int32, indices of images) and
        same (float32, 1 or 0), in the order of the file.
    """
    table = np.loadtxt(path, dtype=COLUMNS, delimiter=",", skiprows=1, ndmin=1)
    return {
        str(split): {
            name: table[name][table["split"] == split]
            for name in ("left", "right", "same")
        }
        for split in np.unique(table["split"])
    }


def read_sets(paths):
    """Read the pairs that networks are judged by.

    Parameters
    ----------
    paths : mapping of str to path
        The pair tables A, B and crossed.

    Returns
    -------
    dict of str to dict of str to numpy.ndarray
        The test pairs of A, B and crossed, and the validation pairs of A.
    """
    tables = {name: read_pairs(paths[name]) for name in ("A", "B", "crossed")}
    test = {name: table["test"] for name, table in tables.items()}
    return {**test, "validation": tables["A"]["validation"]}
