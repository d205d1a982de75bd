"""Reading pair tables without pandas, so that jobs start quickly."""

import numpy as np

from siamese.data.stored import damaged, read_json, reading

COLUMNS = [
    *((name, np.int32) for name in ("left", "right", "left_class", "right_class")),
    *(("same", np.float32), ("split", "U10")),
]
HEADER = ",".join(name for name, _ in COLUMNS)
SPLITS = ("train", "validation", "test")


def read_pairs(path, images=np.inf):
    """The pairs of each split, as a dict of dicts of arrays in the order of the file.

    The arrays are left and right (int32, indices below `images`) and same (float32, 1
    or 0). Raises StudyError, which names the first line that contradicts itself; the
    rule verify_pairs checks that the images have these classes.
    """
    with reading(path), open(path, encoding="utf-8") as file:
        header = file.readline().rstrip("\n")
        table = np.loadtxt(file, dtype=COLUMNS, delimiter=",", ndmin=1)
    if header != HEADER or not len(table):
        complaint = f"header {header!r} and {len(table)} pairs"
        raise damaged(path, f"{complaint}, expected {HEADER!r} and pairs")
    alike = table["left_class"] == table["right_class"]
    right = (table["same"] == alike) & np.isin(table["split"], SPLITS)
    for side in ("left", "right"):
        right &= (table[side] >= 0) & (table[side] < images)
    for row in np.flatnonzero(~right)[:1]:
        line = ",".join(map(str, table[row].item()))
        expected = "expected images, classes and label that agree"
        raise damaged(path, f"line {row + 2}: {line}, {expected}")
    rows = {str(split): table["split"] == split for split in np.unique(table["split"])}
    columns = ("left", "right", "same")
    return {split: {c: table[c][rows[split]] for c in columns} for split in rows}


def read_verified_pairs(path, verified, images):
    """The pairs of A, as many as pairs.json (the path `verified`) states."""
    pairs = read_pairs(path, images)
    with reading(verified):
        splits = read_json(verified)["sets"]["A"]["splits"]
        expected = {name: split["pairs"] for name, split in splits.items()}
    counts = {name: len(split["same"]) for name, split in pairs.items()}
    if counts != expected:
        raise damaged(path, f"{counts} pairs, expected {expected} as verified")
    return pairs


def read_sets(paths, images=np.inf):
    """The test pairs of A, B and crossed, and the validation pairs of A.

    `paths` has the tables by these names; pairs are as in `read_pairs`.
    """
    tables = {name: read_pairs(paths[name], images) for name in ("A", "B", "crossed")}
    for name, split in (*((name, "test") for name in tables), ("A", "validation")):
        if split not in tables[name]:
            raise damaged(paths[name], f"no {split} pairs")
    test = {name: table["test"] for name, table in tables.items()}
    return test | {"validation": tables["A"]["validation"]}
