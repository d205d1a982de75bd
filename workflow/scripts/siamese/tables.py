"""Reading the summary: trained settings, baselines, and how they compare."""

import dataclasses
import math
import re

import pandas as pd

from siamese.axes import AXES, axes_in, default_of, name_setting
from siamese.metrics import TEST_SETS, column, name_baseline
from siamese.stored import read_table

TRAINED = "siamese"
# The column of a run's division of the classes, empty for the study's own.
UNSEEN = "unseen"
MOST_PANELS = 8
TEXT_AXES = [name for name, axis in AXES.items() if axis.kind is str]
WHOLE_AXES = [name for name, axis in AXES.items() if axis.kind is int]
# Columns of the published accuracies, by the sets that have one.
PUBLISHED = {name: column("published", name) for name in ("A", "B", "joint")}


def read_runs(path):
    """Content of summary.csv as a data frame."""
    numbers = [column("accuracy", name) for name in TEST_SETS]
    texts = ["method", "split_by", "collapsed"]
    runs = read_table(path, ["seed", *numbers], texts, [*TEXT_AXES, UNSEEN])
    return runs.fillna({UNSEEN: ""}) if UNSEEN in runs else runs


def read_summary(path):
    """The same of the study's own division of the classes alone."""
    runs = read_runs(path)
    if UNSEEN not in runs:
        return runs
    return runs[runs[UNSEEN] == ""].drop(columns=[UNSEEN, "threshold_unseen"])


def markdown_text(text):
    """A text as it stands in a cell of a Markdown table, without any markup."""
    return re.sub(r"([\\`*_~|<>&$\[\]])", r"\\\1", text)


def markdown_table(table, texts):
    """A Markdown table of cells that are texts.

    Parameters
    ----------
    table : pandas.DataFrame or list of dict of str to str
    texts : collection of str
        Columns that are aligned to the left.
    """
    table = pd.DataFrame(table)
    sides = ["left" if name in texts else "right" for name in table]
    return table.to_markdown(index=False, disable_numparse=True, colalign=sides)


def with_interval(metric, values, digits=1, sign=""):
    """Mean, low and high of a metric as tables show them; NaN if it has no interval."""
    mean, low, high = (metric.text(value, digits, sign) for value in values)
    return f"{mean} [{low}, {high}]" if low else mean


def trained_rows(summary, split_by):
    """Rows of trained settings under one way of splitting A."""
    return trained_runs(summary[summary["split_by"] == split_by])


def trained_runs(summary):
    """Rows of trained settings, whichever way A is split."""
    rows = summary[summary["method"] == TRAINED]
    return rows.astype({name: int for name in WHOLE_AXES if name in rows})


def with_all_axes(table, sizes):
    """A table of settings with a column for each axis, also those of one value.

    `sizes` has the number of filters of each size of the network.
    """
    table = table[(table["method"] == TRAINED) & table["size"].isin(list(sizes))]
    missing = [name for name in AXES if name not in table]
    filters = table["size"].map(sizes)
    return table.assign(
        **{name: [default_of(name, n) for n in filters] for name in missing}
    )


def varying(table):
    """The axes of more than one value, and how A is split if that varies.

    The size where nothing does.
    """
    names = [*(["split_by"] if "split_by" in table else []), *axes_in(table)]
    return [name for name in names if table[name].nunique() > 1] or ["size"]


def short_name(setting, names):
    """A setting by what varies, in words."""
    way = [f"split by {setting['split_by']}"] if "split_by" in names else []
    words = name_setting({name: setting[name] for name in axes_in(names)})
    return ", ".join([*way, *([words] if words else [])])


def baseline_rows(summary, split_by):
    """Rows of baselines under one way of splitting A, with the column name."""
    rows = summary[(summary["method"] != TRAINED) & (summary["split_by"] == split_by)]
    return rows.assign(
        name=list(map(name_baseline, rows["method"], rows["size"].fillna("")))
    )


def baseline_means(summary, split_by, column="accuracy_b"):
    """Mean over seeds of one column, by the baselines' names, the largest first."""
    means = baseline_rows(summary, split_by).groupby("name", sort=False)[column].mean()
    return means.sort_values(ascending=False, kind="stable")


def setting_means(summary, split_by, columns):
    """Means over seeds of some columns, one row a trained setting, best on B first.

    Returns
    -------
    pandas.DataFrame
        Indexed by the axes.
    """
    axes = axes_in(summary)
    means = trained_rows(summary, split_by).groupby(axes, sort=False)[columns].mean()
    return means.sort_values("accuracy_b", ascending=False, kind="stable")


@dataclasses.dataclass(frozen=True)
class Layout:
    """Which of the axes that vary a figure shows, and how.

    `x` is the epochs if they vary, else the numbers with the most values, else the
    first axis; `lines` the batch size if it varies, else the first of the rest;
    `panels` the next two, as far as there are no more than MOST_PANELS. What is
    left is averaged over. First means in the order of the registry.
    """

    x: str
    lines: str | None
    panels: tuple
    averaged: tuple

    @classmethod
    def of(cls, rows):
        """For a table with a column for each axis and a row a setting, or run."""
        values = {name: rows[name].nunique() for name in axes_in(rows)}
        left = [name for name, n in values.items() if n > 1] or ["epochs"]
        numbers = [name for name in left if AXES[name].kind is not str]
        x = max(numbers or left[:1], key=lambda name: (name == "epochs", values[name]))
        left.remove(x)
        lines = "batch_size" if "batch_size" in left else next(iter(left), None)
        left = [name for name in left if name != lines]
        panels = left[:2]
        while math.prod(values[name] for name in panels) > MOST_PANELS:
            panels.pop()
        averaged = [name for name in left if name not in panels]
        return cls(x, lines, tuple(panels), tuple(averaged))

    def split(self, rows):
        """The rows of each panel by its name; without panels all by what they share."""
        shared = [name for name in ("size", "l2") if rows[name].nunique() == 1]
        keys = list(self.panels) or shared
        if not keys:
            return {"": rows}
        return {
            name_setting(dict(zip(keys, values, strict=True))): part
            for values, part in rows.groupby(keys, sort=False)
        }


def compare_with_baselines(summary, split_by):
    """What each baseline has on B, and how many trained settings have less.

    Returns
    -------
    pandas.DataFrame
        Indexed by the baselines' names: accuracy_b (mean over seeds), below
        (trained settings with a lower mean).
    """
    settings = setting_means(summary, split_by, ["accuracy_b"])["accuracy_b"]
    means = baseline_means(summary, split_by)
    below = [int((settings < mean).sum()) for mean in means]
    return pd.DataFrame({"accuracy_b": means, "below": below})


def finding(summary, split_by):
    """The comparison of the best baseline with the trained settings, in a sentence."""
    baselines = compare_with_baselines(summary, split_by)
    n = len(setting_means(summary, split_by, ["accuracy_b"]))
    best = baselines.iloc[0]
    below = int(best["below"])
    share = f"all {n}" if below == n else f"{below} of {n}"
    settings = f"{share} trained settings" if n > 1 else "the trained setting"
    comparison = "more" if below or n > 1 else "no more"
    return (
        f"Best baseline without a network ({baselines.index[0]}): "
        f"{best['accuracy_b']:.1%} on B, {comparison} than {settings}"
    )


def name_differences(path):
    """Lines on what differs in what the results were made with, none if nothing does.

    Parameters
    ----------
    path : str
        Of made_with.csv.
    """
    made_with = pd.read_csv(path, dtype=str, keep_default_na=False)
    differing = made_with[made_with["differs"] != ""]
    if differing.empty:
        return []
    return [
        "**Not all results come from the same versions, settings and machine, or these "
        "are not the pinned ones:**",
        "",
        markdown_table(differing, ("fact", "value", "pinned", "differs", "rules")),
        "",
    ]
