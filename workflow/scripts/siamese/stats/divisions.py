"""How settings and baselines fare over several divisions of the classes.

The division is the unit: seeds are averaged first, and an interval is over divisions.
"""

import math

import pandas as pd

from siamese.stats.intervals import mean_interval, rank_correlation
from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.stats.tables import name_row, own_division, varying, with_axis_types
from siamese.study.axes import AXES, axes_in, axes_of, default_of
from siamese.study.columns import TRAINED, UNSEEN, column
from siamese.study.networks import NETWORKS

THRESHOLD = "threshold_unseen"
# Kinds of columns: a score, and the result that it may foretell.
COMPARED = (("mean", "own"), ("development", "mean"), ("development", "own"))


def named_runs(runs, split_by):
    """The runs of summary.csv under one way of splitting A, with the column name."""
    runs = runs[runs["split_by"] == split_by]
    varied = varying(runs[runs["method"] == TRAINED])
    return runs.assign(name=[name_row(row, varied) for row in runs.to_dict("records")])


def division_means(runs):
    """Means over seeds of `named_runs`, a row a setting or baseline and division: name,
    method, the axes, unseen, threshold_unseen and the metrics.
    """
    keys = ["name", "method", *axes_in(runs), UNSEEN]
    columns = [name for name in runs if name in METRIC_OF_COLUMN]
    groups = runs.groupby(keys, sort=False, dropna=False)[[*columns, THRESHOLD]]
    return with_axis_types(groups.mean().reset_index())


def by_division(means, column):
    """One column: a row a name, a column a division, without the study's own."""
    means = means[means[UNSEEN] != ""]
    wide = means.pivot(index="name", columns=UNSEEN, values=column)
    return wide.loc[list(means["name"].unique()), list(means[UNSEEN].unique())]


def intervals(wide):
    """The columns of `mean_interval` for each row of a table, with its index."""
    return pd.DataFrame([mean_interval(row) for row in wide.to_numpy()], wide.index)


def describe_divisions(means, metric):
    """Each setting and baseline over divisions, the best on B by a metric first.

    `means` is from `division_means`. Columns: name, method, the axes, n (divisions),
    threshold_unseen (its mean over them), and for each metric and test set <name>_mean,
    _sd, _low and _high (Student's t over divisions), and _own, the value on the study's
    own division. Metrics on B have paired differences too, each with _low and _high:
    <name>_less_first, from the first setting, and <name>_less_baseline, from the best
    baseline.
    """
    settings = means.drop_duplicates("name").set_index("name")
    own = own_division(means).set_index("name")
    thresholds = intervals(by_division(means, THRESHOLD))[["n", "mean"]]
    parts = [settings[["method", *axes_in(means)]]]
    parts.append(thresholds.set_axis(["n", THRESHOLD], axis=1))
    for key in [name for name in means if name in METRIC_OF_COLUMN]:
        part = intervals(by_division(means, key))[["mean", "sd", "low", "high"]]
        parts.append(part.assign(own=own[key]).add_prefix(f"{key}_"))
    references = reference_names(means, metric)
    on_b = [column(name, "B", posed) for posed in (False, True) for name in METRICS]
    for key in [key for key in on_b if key in means]:
        wide = by_division(means, key)
        for label, other in zip(("first", "baseline"), references, strict=True):
            part = intervals(wide - wide.loc[other])[["mean", "low", "high"]]
            name = f"{key}_less_{label}"
            parts.append(part.set_axis([name, f"{name}_low", f"{name}_high"], axis=1))
    table = pd.concat(parts, axis=1, join="inner")
    return table.loc[ranked(means, metric)].rename_axis("name").reset_index()


def ranked(means, metric):
    """Names of settings and baselines, the best on B by a metric first: upright, or
    upright and under moderate poses alike, if the study has poses.
    """
    columns = [column(metric, "B", posed) for posed in (False, True)]
    scores = sum(by_division(means, name) for name in columns if name in means)
    scores = METRICS[metric].sign * scores
    return list(scores.mean(axis=1).sort_values(ascending=False, kind="stable").index)


def reference_names(means, metric):
    """The first setting, and the best baseline on B by a metric."""
    trained = means.loc[means["method"] == TRAINED, "name"].unique()
    best = next(name for name in ranked(means, metric) if name not in trained)
    return trained[0], best


def setting_key(row, sizes):
    """The values of the axes that a trained setting uses, the report's where the row
    has none, as a tuple; None for a baseline, and for a network that is gone.
    """
    filters = sizes.get(row["size"], 1)
    setting = {name: row.get(name, default_of(name, filters)) for name in AXES}
    if row["method"] != TRAINED or setting["network"] not in NETWORKS:
        return None
    return tuple(setting[axis] for axis in sorted(axes_of(setting["network"])))


def with_development(table, development, metric, sizes):
    """The divisions with a column <metric>_b_development, another study's score.

    `table` and `development` have the columns of divisions.csv, of this study and of
    the other; settings are ranked by `metric`; `sizes` are numbers of filters. The
    score is NaN for baselines and for settings that the other table lacks.
    """
    name = column(metric, "B")
    keys, others = (
        [setting_key(row, sizes) for row in rows.to_dict("records")]
        for rows in (table, development)
    )
    scores = dict(zip(others, development[f"{name}_mean"], strict=True))
    values = [scores[key] if key and key in scores else math.nan for key in keys]
    return table.assign(**{f"{name}_development": values})


def correlations(table, metric):
    """How well scores of trained settings foretell what the settings have on B.

    `table` has the columns of divisions.csv. Scores are the metric's mean over the
    divisions and, if there, that in development. Yields the kind of score ('mean' or
    'development'), the name of a metric, the kind of its value ('mean' or 'own'), and
    their `rank_correlation`, positive where better goes with better.
    """
    table = table[table["method"] == TRAINED]
    for score, kind in COMPARED:
        if (scores := f"{column(metric, 'B')}_{score}") not in table:
            continue
        for name in dict.fromkeys([metric, "accuracy"]):
            first = METRICS[metric].sign * table[scores]
            second = METRICS[name].sign * table[f"{column(name, 'B')}_{kind}"]
            yield score, name, kind, rank_correlation(first, second)
