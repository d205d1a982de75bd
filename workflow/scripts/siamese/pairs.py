"""Reading pair tables, without pandas for the sake of a quick start."""

import numpy as np

from siamese.stored import damaged, read_json, reading

COLUMNS = [
    ("left", np.int32),
    ("right", np.int32),
    ("left_class", np.int32),
    ("right_class", np.int32),
    ("same", np.float32),
    ("split", "U10"),
]
NAMES = [name for name, _ in COLUMNS]
SPLITS = ("train", "validation", "test")


def read_pairs(path, images=None):
    """Read a pair table, one entry a split.

    Parameters
    ----------
    path : path
    images : int, optional
        How many images there are, if the pairs' pixels are wanted.

    Returns
    -------
    dict of str to dict of str to numpy.ndarray
        For each split the columns left, right (int32, indices of images) and
        same (float32, 1 or 0), in the order of the file.

    Raises
    ------
    StudyError
        Names the first line that cannot be right. That indices have the classes
        stated is left to the rule verify_pairs.
    """
    with reading(path), open(path, encoding="utf-8") as file:
        header = file.readline().rstrip("\n")
        table = np.loadtxt(path, dtype=COLUMNS, delimiter=",", skiprows=1, ndmin=1)
    if header != ",".join(NAMES) or not len(table):
        raise damaged(
            path,
            f"header {header!r} and {len(table)} pairs, expected "
            f"{','.join(NAMES)!r} and pairs",
        )
    lowest = np.minimum(table["left"], table["right"])
    highest = np.maximum(table["left"], table["right"])
    alike = table["left_class"] == table["right_class"]
    right = (table["same"] == alike) & np.isin(table["split"], SPLITS) & (lowest >= 0)
    if images is not None:
        right &= highest < images
    if not right.all():
        row = int(np.argmin(right))
        raise damaged(
            path,
            f"line {row + 2}: {','.join(map(str, table[row].item()))}, expected "
            "images, classes and label that agree",
        )
    return {
        str(split): {
            name: table[name][table["split"] == split]
            for name in ("left", "right", "same")
        }
        for split in np.unique(table["split"])
    }


def read_verified_pairs(path, verified, images):
    """Read a pair table of A that has as many pairs as were verified.

    Parameters
    ----------
    path : path
    verified : path
        Of pairs.json, which the rule verify_pairs leaves.
    images : int
        As for `read_pairs`.
    """
    pairs = read_pairs(path, images)
    report = read_json(verified)
    with reading(verified):
        splits = report["sets"]["A"]["splits"]
        counts = {name: split["pairs"] for name, split in splits.items()}
    found = {name: len(split["same"]) for name, split in pairs.items()}
    if found != counts:
        raise damaged(path, f"{found} pairs, expected {counts} as verified")
    return pairs


def read_sets(paths, images=None):
    """Read the pairs that networks are judged by.

    Parameters
    ----------
    paths : mapping of str to path
        The pair tables A, B and crossed.
    images : int, optional
        As for `read_pairs`.

    Returns
    -------
    dict of str to dict of str to numpy.ndarray
        The test pairs of A, B and crossed, and the validation pairs of A.
    """
    tables = {name: read_pairs(paths[name], images) for name in ("A", "B", "crossed")}
    for name, table in tables.items():
        for split in ("test", "validation") if name == "A" else ("test",):
            if split not in table:
                raise damaged(paths[name], f"no {split} pairs")
    test = {name: table["test"] for name, table in tables.items()}
    return {**test, "validation": tables["A"]["validation"]}
