"""Reading pair tables without pandas, so that jobs start quickly."""

import numpy as np

from siamese.data.stored import reading

COLUMNS = [
    *((name, np.int32) for name in ("left", "right", "left_class", "right_class")),
    *(("same", np.float32), ("split", "U10")),
]


def read_pairs(path):
    """The pairs of each split, as a dict of dicts of arrays in the order of the file.

    The arrays are left and right (int32, indices of images) and same (float32, 1 or 0).
    """
    with reading(path):
        table = np.loadtxt(path, COLUMNS, delimiter=",", skiprows=1, ndmin=1)
    rows = {str(split): table["split"] == split for split in np.unique(table["split"])}
    columns = ("left", "right", "same")
    return {split: {c: table[c][rows[split]] for c in columns} for split in rows}


def read_sets(paths):
    """The test pairs of A, B and crossed, and the validation pairs of A.

    `paths` has the tables by these names; pairs are as in `read_pairs`.
    """
    tables = {name: read_pairs(paths[name]) for name in ("A", "B", "crossed")}
    test = {name: table["test"] for name, table in tables.items()}
    return test | {"validation": tables["A"]["validation"]}
