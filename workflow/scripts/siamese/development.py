"""Thresholds that were found on other divisions of the classes, by another study."""

import csv

from siamese.axes import AXES
from siamese.errors import ConfigError
from siamese.tables import TRAINED


def read_rows(path):
    """The rows of a CSV file, a dict each."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = " ".join(str(error).split())
        expected = f"a table of CSV: {reason}"
        raise ConfigError("development", str(path), expected) from None


def read_thresholds(path, sizes, key_of):
    """The thresholds that were best on classes unseen there, a mean over divisions.

    Parameters
    ----------
    path : path
        Of a divisions.csv.
    sizes : collection of str
        Settings of other sizes are left out.
    key_of : callable
        Of a dict of the axes that a row has: what the setting is found by.

    Returns
    -------
    dict of float
        By `key_of` of a setting, or a baseline's name.

    Raises
    ------
    ConfigError
        Names the first line that is not of such a table.
    """
    found = {}
    for number, row in enumerate(read_rows(path), start=2):
        try:
            threshold = float(row["threshold_unseen"])
            key = row["name"]
            if row["method"] == TRAINED:
                given = {
                    name: axis.kind(row[name])
                    for name, axis in AXES.items()
                    if row.get(name)
                }
                if given["size"] not in sizes:
                    continue
                key = key_of(given)
        except (KeyError, ValueError, TypeError) as error:
            line = f"development: {path}, line {number}"
            expected = "a divisions.csv that this project wrote"
            raise ConfigError(line, str(error), expected) from None
        found[key] = threshold
    return found
