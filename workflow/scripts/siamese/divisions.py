"""What settings and baselines are worth over several divisions of the classes.

The division is the unit: seeds are averaged first, and an interval is over divisions.
"""

import pandas as pd

from siamese.axes import axes_in
from siamese.intervals import mean_interval, paired_interval
from siamese.metrics import METRIC_OF_COLUMN, METRICS, column, name_baseline
from siamese.tables import TRAINED, UNSEEN, WHOLE_AXES, short_name, varying

THRESHOLD = "threshold_unseen"
PARTS = ("n", "mean", "sd", "low", "high")
ON_B = [column(name, "B") for name in METRICS]
# What others are less, in names of columns.
REFERENCES = ("first", "baseline")


def name_row(row, varied):
    """A setting by the axes that vary, or a baseline, in words.

    `row` is a dict with its method and axes.
    """
    if row["method"] != TRAINED:
        return name_baseline(row["method"], "" if pd.isna(row["size"]) else row["size"])
    return short_name(row, varied)


def division_means(runs, split_by):
    """Means over seeds under one way of splitting A.

    Parameters
    ----------
    runs : pandas.DataFrame
        Content of summary.csv.
    split_by : str

    Returns
    -------
    pandas.DataFrame
        One row a setting or baseline and division: name, method, the axes, unseen
        (empty for the study's own), threshold_unseen and the metrics.
    """
    axes = axes_in(runs)
    columns = [name for name in runs if name in METRIC_OF_COLUMN]
    keys = ["method", *axes, UNSEEN]
    rows = runs[runs["split_by"] == split_by]
    groups = rows.groupby(keys, sort=False, dropna=False)[[*columns, THRESHOLD]]
    means = groups.mean().reset_index()
    whole = {name: "Int64" for name in WHOLE_AXES if name in axes}
    means = means.astype(whole)
    varied = varying(means[means["method"] == TRAINED])
    names = [name_row(row, varied) for row in means.to_dict("records")]
    means.insert(0, "name", names)
    return means


def by_division(means, column):
    """One column, a row a setting or baseline, by name, and a column a division.

    Not the study's own.
    """
    others = means[means[UNSEEN] != ""]
    wide = others.pivot(index="name", columns=UNSEEN, values=column)
    return wide.loc[list(dict.fromkeys(means["name"])), list(others[UNSEEN].unique())]


def describe_divisions(means, metric):
    """Each setting and baseline over divisions, beside the study's own division.

    Parameters
    ----------
    means : pandas.DataFrame
        From `division_means`.
    metric : str
        That they are ranked by, on B.

    Returns
    -------
    pandas.DataFrame
        One row a setting or baseline, the best first: name, method, the axes, n
        (divisions), threshold_unseen (its mean over them), and for each metric and test
        set <name>_mean, _sd, _low and _high, and _own, the value on the study's own
        division. For metrics on B also the paired differences: <name>_less_first, from
        the first setting, and <name>_less_baseline, from the best baseline, each with
        _low and _high; by Student's t over divisions.
    """
    names = ranked(means, metric)
    first = means.drop_duplicates("name").set_index("name")
    columns = [name for name in means if name in METRIC_OF_COLUMN]
    values = {name: by_division(means, name) for name in [*columns, THRESHOLD]}
    own = means[means[UNSEEN] == ""].set_index("name")
    references = dict(zip(REFERENCES, reference_names(means, metric), strict=True))
    rows = []
    for name in names:
        row = {"name": name, "method": first["method"][name]}
        row |= {axis: first[axis][name] for axis in axes_in(means)}
        row |= {"n": int(values[THRESHOLD].loc[name].notna().sum())}
        row |= {THRESHOLD: values[THRESHOLD].loc[name].mean()}
        for key in columns:
            interval = mean_interval(values[key].loc[name])
            row |= {f"{key}_{part}": interval[part] for part in PARTS if part != "n"}
            row[f"{key}_own"] = own[key].get(name)
        for key in ON_B:
            for label, other in references.items():
                wide = values[key]
                found = paired_interval(wide.loc[name], wide.loc[other])
                row[f"{key}_less_{label}"] = found["mean"]
                for part in ("low", "high"):
                    row[f"{key}_less_{label}_{part}"] = found[part]
        rows.append(row)
    whole = {name: "Int64" for name in WHOLE_AXES if name in means}
    # One after the other columns are slow in pandas.
    return pd.DataFrame(rows).astype(whole).copy()


def ranked(means, metric):
    """Names of settings and baselines, the best on B by a metric first."""
    scores = METRICS[metric].sign * by_division(means, column(metric, "B"))
    return list(scores.mean(axis=1).sort_values(ascending=False, kind="stable").index)


def reference_names(means, metric):
    """The first setting, and the best baseline on B by a metric."""
    trained = set(means.loc[means["method"] == TRAINED, "name"])
    first = next(name for name in means["name"] if name in trained)
    return first, next(name for name in ranked(means, metric) if name not in trained)
