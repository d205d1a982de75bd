"""Writing and reading stored files; readers raise StudyError for a damaged one."""

import contextlib
import csv
import errno
import json
import os
import tokenize
import zipfile
from pathlib import Path

import numpy as np

from siamese.errors import StudyError

HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
PAIR_COLUMNS = [
    *((name, np.int32) for name in ("left", "right", "left_class", "right_class")),
    *(("same", np.float32), ("split", "U10")),
]
UNREADABLE = (
    *(ValueError, TypeError, LookupError, EOFError, OSError, RuntimeError),
    *(csv.Error, zipfile.BadZipFile, tokenize.TokenError),
)


def write_text(path, text):
    """Write a text in UTF-8 with one newline at its end, the same on any system."""
    Path(path).write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def write_json(path, content):
    """Write JSON, indented for people to read."""
    write_text(path, json.dumps(content, indent=2))


def damaged(path, complaint):
    """The StudyError for a stored file that is not as its job left it."""
    advice = "delete it and run snakemake again, which regenerates it"
    complaint = f"{os.path.abspath(path)}: {complaint}; the file is damaged"
    return StudyError(f"{complaint}: {advice}")


@contextlib.contextmanager
def reading(path):
    """Raise `damaged` if the block cannot read the file.

    OS errors such as a missing permission are not damage and propagate.
    """
    try:
        yield
    except UNREADABLE as error:
        # NumPy raises EINVAL for a zip file with a negative offset.
        if getattr(error, "errno", None) not in (None, errno.EINVAL):
            raise
        gist = f"{type(error).__name__}: {error}".splitlines()[0]
        raise damaged(path, gist) from error


def read_images(path, in_memory=True):
    """All images, uint8 of shape (n, height, width, channels), in memory or mapped."""
    with reading(path):
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    return np.array(images) if in_memory else images


def read_distances(path):
    """The distances of pairs, float32 of shape (n,), by set."""
    with reading(path), np.load(path, allow_pickle=False) as file:
        return dict(file)


def read_history(path):
    """The epochs of a history.csv, as a list of dicts by HISTORY."""
    with reading(path), open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [{name: float(row[name]) for name in HISTORY} for row in reader]
    if not rows:
        raise damaged(path, "no epochs")
    return [row | {"epoch": int(row["epoch"])} for row in rows]


def read_json(path):
    """The content of a JSON file."""
    with reading(path):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def read_class_names(path):
    """The class names by id in dataset.json."""
    with reading(path):
        return [entry["name"] for entry in read_json(path)["classes"]]


def read_table(path, numbers, texts=(), names=()):
    """A CSV file as a data frame with at least one row.

    The columns `numbers` and `texts` have a number, or a text, in each row. Values of
    the columns `names`, if present, stay text, even 'NA', '16' or 'true'.
    """
    import pandas as pd  # Jobs that read no tables start faster without it.

    options = {"dtype": dict.fromkeys(names, str), "na_values": [""]}
    with reading(path):
        table = pd.read_csv(path, keep_default_na=False, **options)
    if table.empty:
        raise damaged(path, "no rows")
    for name in (*numbers, *texts):
        if name not in table:
            raise damaged(path, f"no column {name}")
        kind, values = "text", table[name]
        if name in numbers:
            kind, values = "number", pd.to_numeric(values, errors="coerce")
        for row in np.flatnonzero(values.isna())[:1]:
            value = f"{name} is {str(table[name][row])!r}"
            raise damaged(path, f"line {row + 2}: {value}, expected a {kind}")
    return table


def read_pairs(path):
    """The pairs of each split, as a dict of dicts of arrays in the order of the file.

    The arrays are left and right (int32, indices of images) and same (float32, 1 or 0).
    """
    # Without pandas jobs start faster.
    with reading(path):
        table = np.loadtxt(path, PAIR_COLUMNS, delimiter=",", skiprows=1, ndmin=1)
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


def read_pair_table(path):
    """A pair table with all its columns, as a data frame."""
    numbers = ["left", "right", "left_class", "right_class", "same"]
    return read_table(path, numbers, ["split"])
