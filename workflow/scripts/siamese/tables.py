"""Reading the summary: trained settings, baselines, and how they compare."""

import re

import pandas as pd

from siamese.axes import SETTING
from siamese.metrics import TEST_SETS, column, name_baseline
from siamese.stored import read_table

TRAINED = "siamese"
# Columns of the published accuracies, by the sets that have one.
PUBLISHED = {name: column("published", name) for name in ("A", "B", "joint")}


def read_summary(path):
    """Content of summary.csv as a data frame."""
    numbers = [column("accuracy", name) for name in TEST_SETS]
    return read_table(path, ["seed", *numbers], ["method", "split_by", "collapsed"])


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
    rows = summary[(summary["method"] == TRAINED) & (summary["split_by"] == split_by)]
    return rows.astype({"batch_size": int, "epochs": int})


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
        Indexed by size, l2, batch_size and epochs.
    """
    means = trained_rows(summary, split_by).groupby(SETTING, sort=False)[columns].mean()
    return means.sort_values("accuracy_b", ascending=False, kind="stable")


def name_arm(size, l2):
    """Network size and L2 penalty in words."""
    return f"{size}, {f'L2 {l2:g}' if l2 else 'no L2'}"


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
    return (
        f"Best untrained baseline ({baselines.index[0]}): {best['accuracy_b']:.1%} "
        f"on B, more than {share} trained settings"
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
