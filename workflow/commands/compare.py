"""Set two grid points, or two studies, side by side."""

import re
from itertools import product
from pathlib import Path

import pandas as pd

from siamese.data.stored import read_json, read_table
from siamese.errors import StudyError
from siamese.stats.metrics import METRICS
from siamese.study.axes import AXES, default_of, name_setting
from siamese.study.columns import TEST_SETS, TRAINED, column

# The metrics and test sets that two studies are compared by.
COMPARED = (("accuracy", "A"), ("accuracy", "B"), ("auc", "B"))


def read_point(path):
    """What a grid point's path states, and its metrics by name."""
    metrics = read_json(path / "metrics.json")
    values = {
        metric.axis(f" on {of}"): metric.scale * metrics[of][metric.name]
        for metric, of in product(METRICS.values(), TEST_SETS)
    }
    stated = re.findall("([a-z0-9_]+)~([^,/]+)", str(path.absolute()))
    return dict(stated), values


def read_study(folder):
    """A study's options, and its settings' mean metrics by name."""
    config = read_json(folder / "../provenance.json")["config"]
    table = read_table(folder / "settings.csv", [], ["method", "split_by"], AXES)
    values = {}
    for row in table[table["method"] == TRAINED].to_dict("records"):
        filters = config["sizes"].get(row["size"], 1)
        setting = {n: AXES[n].kind(row[n]) for n in AXES if isinstance(row.get(n), str)}
        setting = {n: v for n, v in setting.items() if v != default_of(n, filters)}
        words = f"{name_setting(setting)}, split by {row['split_by']}"
        for name, test_set in COMPARED:
            metric, mean = METRICS[name], float(row[f"{column(name, test_set)}_mean"])
            values[f"{metric.axis(f' on {test_set}')}: {words}"] = metric.scale * mean
    options = pd.json_normalize(config).to_dict("records")[0]
    return options, values


def read_side(path):
    """What `read_point` or `read_study` returns for a folder, else a StudyError."""
    if (path / "metrics.json").exists():
        return read_point(path)
    for folder in (path, path / "summary", path / "results/summary"):
        if (folder / "settings.csv").exists():
            return read_study(folder)
    raise StudyError(f"{path}: expected the folder of a grid point or of a study")


def compare(paths):
    """Data frames of what differs and of the numbers that both have."""
    stated, values = zip(*map(read_side, paths), strict=True)
    texts = [pd.Series(side, dtype=object).map(str) for side in stated]
    both = pd.DataFrame(texts, ["first", "second"]).T.fillna("not stated")
    numbers = pd.DataFrame(values, ["first", "second"]).T.dropna()
    if numbers.empty:
        raise StudyError(f"{paths[1]}: found no setting that {paths[0]} has too")
    numbers["difference"] = numbers["second"] - numbers["first"]
    both = both[both["first"] != both["second"]]
    return both, numbers.map("{:.4f}".format)


def add_arguments(parser):
    parser.add_argument("folders", nargs=2, type=Path, metavar="folder")


def main(options):
    print(*(table.to_string() for table in compare(options.folders)), sep="\n\n")
