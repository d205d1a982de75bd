"""Writing text and JSON, and reading what earlier jobs stored.

A damaged file is named in one line.
"""

import contextlib
import csv
import errno
import json
import math
import os
import tokenize
import zipfile

import numpy as np

from siamese.errors import StudyError

HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
UNREADABLE = (
    *(ValueError, TypeError, LookupError, EOFError, OSError, RuntimeError),
    *(csv.Error, zipfile.BadZipFile, tokenize.TokenError),
)


def write_text(path, text):
    """Write a text in UTF-8, with one newline at its end, the same on any system."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text.rstrip("\n") + "\n")


def write_json(path, content):
    """Write what JSON can hold, indented for people to read."""
    write_text(path, json.dumps(content, indent=2))


def damaged(path, found):
    """The error that a stored file cannot be what its job left."""
    return StudyError(
        f"{os.path.abspath(path)}: {found}; the file is damaged: delete it and run "
        "snakemake again, which regenerates it"
    )


@contextlib.contextmanager
def reading(path):
    """Name the file that cannot be read in the block.

    What the operating system refuses, such as permission, is no damage, and passes.
    """
    try:
        yield
    except UNREADABLE as error:
        # EINVAL: the file says that a part of it begins before its beginning.
        if getattr(error, "errno", None) not in (None, errno.EINVAL):
            raise
        gist = (str(error) or "unreadable").splitlines()[0]
        raise damaged(path, f"{type(error).__name__}: {gist}") from error


def read_images(path, in_memory=True):
    """The array of all images, read at once or mapped.

    Returns
    -------
    numpy.ndarray of uint8, shape (n, height, width, channels)
        Grey images, which the file has without channels, have one here.
    """
    with reading(path):
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    if images.dtype != np.uint8 or images.ndim not in (3, 4):
        raise damaged(
            path,
            f"{images.dtype} of shape {images.shape}, expected uint8 of shape "
            "(n, height, width) or (n, height, width, channels)",
        )
    if images.offset + images.nbytes != os.path.getsize(path):
        raise damaged(path, f"more bytes than {len(images)} images have")
    if images.ndim == 3:
        images = images[..., np.newaxis]
    return np.array(images) if in_memory else images


def read_distances(path, counts):
    """The distances of pairs under one network.

    Parameters
    ----------
    path : path
    counts : dict of str to int
        Names of the arrays, and how many pairs each of them has.

    Returns
    -------
    dict of str to numpy.ndarray of float32
    """
    with reading(path), np.load(path, allow_pickle=False) as file:
        distances = {name: file[name] for name in counts}
    for name, values in distances.items():
        if values.dtype != np.float32 or values.shape != (counts[name],):
            raise damaged(
                path,
                f"{name} is {values.dtype} of shape {values.shape}, expected float32 "
                f"of ({counts[name]},) as the pair table has pairs (`make verify` "
                "tells if the table has changed)",
            )
        if not np.isfinite(values).all():
            raise damaged(path, f"{name} has distances that are no finite numbers")
    return distances


def read_history(path):
    """The epochs of a history.csv as a list of dict, at least one."""
    with reading(path), open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [{name: float(row[name]) for name in HISTORY} for row in reader]
    if [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)) or not rows:
        epochs = [f"{row['epoch']:g}" for row in rows]
        raise damaged(path, f"epochs {epochs}, expected 1, 2, 3 and so on")
    if not all(math.isfinite(value) for row in rows for value in row.values()):
        raise damaged(path, "a value that is no finite number")
    return [row | {"epoch": int(row["epoch"])} for row in rows]


def read_json(path):
    with reading(path), open(path, encoding="utf-8") as file:
        return json.load(file)


def read_class_names(path):
    """Names of the classes, by id, that a data set's description has."""
    with reading(path):
        return [entry["name"] for entry in read_json(path)["classes"]]


def read_table(path, numbers, texts=(), names=()):
    """A table as a data frame with at least one row.

    Parameters
    ----------
    path : path
        Of a CSV file.
    numbers, texts : sequence of str
        Columns that have a number, or a text, in each row.
    names : sequence of str
        Columns of text, if there, also where it is such as 'NA', '16' or 'true'.

    Returns
    -------
    pandas.DataFrame
    """
    # Here, for the sake of a quick start of those that read no tables.
    import pandas as pd

    with reading(path):
        table = pd.read_csv(
            path,
            dtype=dict.fromkeys(names, str),
            keep_default_na=False,
            na_values=[""],
        )
    if table.empty:
        raise damaged(path, "no rows")
    for name in (*numbers, *texts):
        if name not in table:
            raise damaged(path, f"no column {name}")
        values = table[name]
        if name in numbers:
            values = pd.to_numeric(values, errors="coerce")
        if values.isna().any():
            row = int(values.isna().argmax())
            raise damaged(
                path,
                f"line {row + 2}: {name} is {str(table[name][row])!r}, expected "
                f"a {'number' if name in numbers else 'text'}",
            )
    return table


def read_pair_table(path):
    """A pair table with all its columns, as a data frame."""
    numbers = ["left", "right", "left_class", "right_class", "same"]
    return read_table(path, numbers, ["split"])
