"""The best setting, and the rows, grid points and pairs of a setting.

None, which equals itself, stands for an axis that a network does not use.
"""

import numpy as np
import pandas as pd

from siamese.data.stored import read_distances, read_pair_table
from siamese.stats.tables import setting_means
from siamese.study.axes import axes_in


def or_none(value):
    """The value of a cell in Python's own type, None if the cell is empty."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def key_of(record, names):
    """Some values of a row or grid point, a dict, as a key."""
    return tuple(or_none(record[name]) for name in names)


def best_setting(summary, split_by):
    """The trained setting with the highest mean accuracy on B: a dict by axis."""
    means = setting_means(summary, split_by, ["accuracy_b"]).reset_index()
    return {name: or_none(means[name][0]) for name in axes_in(means)}


def with_setting(records, setting):
    """Positions of the rows or grid points, dicts, that have a setting."""
    key = tuple(setting.values())
    return [n for n, record in enumerate(records) if key_of(record, setting) == key]


def rows_of(table, setting):
    """The rows of a table that have a setting, or grid point, a dict."""
    setting = {name: setting[name] for name in axes_in(table)}
    return table.iloc[with_setting(table.to_dict("records"), setting)]


def read_test_pairs(table_paths, distances_path):
    """Data frames of the test pairs of each set, with their distances, by set."""
    distances = read_distances(distances_path)
    tables = {name: read_pair_table(path) for name, path in table_paths.items()}
    tables = {name: table[table["split"] == "test"] for name, table in tables.items()}
    return {name: tables[name].assign(distance=distances[name]) for name in tables}
