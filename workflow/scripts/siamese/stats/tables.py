"""Reading the summary: trained settings, baselines, and how they compare."""

import pandas as pd

from siamese.data.stored import read_table
from siamese.stats.metrics import METRIC_OF_COLUMN, name_baseline
from siamese.study.axes import AXES, axes_in, name_setting
from siamese.study.columns import TEST_SETS, TRAINED, UNSEEN, column

TEXT_AXES = [name for name, axis in AXES.items() if axis.kind is str]
TYPES = {str: object, int: "Int64", float: float}


def with_axis_types(table):
    """A table whose axes have their types; whole numbers may have empty cells."""
    return table.astype({name: TYPES[AXES[name].kind] for name in axes_in(table)})


def read_runs(path):
    """Content of summary.csv or poses.csv. StudyError where it is damaged."""
    numbers = [column("accuracy", name) for name in TEST_SETS]
    texts = ["method", "split_by"]
    runs = read_table(path, ["seed", *numbers], texts, [*TEXT_AXES, UNSEEN])
    return with_axis_types(runs).fillna({UNSEEN: ""})


def own_division(runs):
    """The rows of the study's own division of the classes."""
    return runs[runs[UNSEEN] == ""] if UNSEEN in runs else runs


def read_summary(path):
    """Content of summary.csv for the study's own division of the classes alone."""
    runs = own_division(read_runs(path))
    return runs.drop(columns=[UNSEEN, "threshold_unseen"], errors="ignore")


def trained_runs(summary):
    """Rows of trained settings, whichever way A is split."""
    return with_axis_types(summary[summary["method"] == TRAINED])


def trained_rows(summary, split_by):
    """Rows of trained settings under one way of splitting A."""
    return trained_runs(summary[summary["split_by"] == split_by])


def varying(table):
    """The axes of more than one value, with the way of splitting A; size if none is."""
    names = [name for name in ("split_by", *AXES) if name in table]
    return [name for name in names if table[name].nunique() > 1] or ["size"]


def short_name(setting, names):
    """A setting by what varies, in words; by all its axes if it has none of those."""
    way = [f"split by {setting['split_by']}"] if "split_by" in names else []
    shown = {axis: setting[axis] for axis in axes_in(setting) if axis in names}
    return ", ".join([*way, name_setting(shown) or name_setting(setting)])


def name_row(row, names):
    """A trained setting by what varies, or a baseline; `row` has method and axes."""
    if row["method"] == TRAINED:
        return short_name(row, names)
    return name_baseline(row["method"], "" if pd.isna(row["size"]) else row["size"])


def baseline_means(summary, split_by, column="accuracy_b"):
    """Mean over seeds of one column, by the baselines' names, the largest first."""
    rows = summary[(summary["method"] != TRAINED) & (summary["split_by"] == split_by)]
    names = [name_row(row, []) for row in rows.to_dict("records")]
    means = rows[column].groupby(names, sort=False).mean()
    return means.sort_values(ascending=False, kind="stable")


def setting_means(summary, split_by, columns):
    """Means over seeds by trained setting (index: the axes), best on B first."""
    rows = trained_rows(summary, split_by)
    groups = rows.groupby(axes_in(summary), sort=False, dropna=False)[columns]
    return groups.mean().sort_values("accuracy_b", ascending=False, kind="stable")


def compare_with_baselines(summary, split_by):
    """Each baseline's mean accuracy_b, and how many trained settings are below it."""
    settings = setting_means(summary, split_by, ["accuracy_b"])["accuracy_b"]
    means = baseline_means(summary, split_by)
    below = [int((settings < mean).sum()) for mean in means]
    return pd.DataFrame({"accuracy_b": means, "below": below})


def finding(summary, split_by):
    """The comparison of the best baseline with the trained settings, in a sentence."""
    best = compare_with_baselines(summary, split_by).iloc[0]
    n, below = len(setting_means(summary, split_by, ["accuracy_b"])), int(best["below"])
    share = f"all {n}" if below == n else f"{below} of {n}"
    settings = f"{share} trained settings" if n > 1 else "the trained setting"
    comparison = "more" if below or n > 1 else "no more"
    return (
        f"Best baseline without a network ({best.name}): "
        f"{best['accuracy_b']:.1%} on B, {comparison} than {settings}"
    )


def with_interval(metric, values, digits=1, sign=""):
    """Mean, low and high of a metric as tables show them; NaN if it has no interval."""
    mean, low, high = (metric.text(value, digits, sign) for value in values)
    return f"{mean} [{low}, {high}]" if low else mean


def interval_of(row, name):
    """A column's mean and interval as tables show them, from a row of a table of means.

    `name` is a column of summary.csv, or that with '_less_' and another setting.
    """
    mean, sign = (name, "+") if "_less_" in name else (f"{name}_mean", "")
    values = [row[key] for key in (mean, f"{name}_low", f"{name}_high")]
    return with_interval(METRIC_OF_COLUMN[name.partition("_less_")[0]], values, 1, sign)


def name_differences(path):
    """The rows of made_with.csv with facts that differ, a dict of texts each."""
    made_with = pd.read_csv(path, dtype=str, keep_default_na=False)
    return made_with[made_with["differs"] != ""].to_dict("records")
