"""Rule compare_splits: how much of the accuracy on A is images that training saw."""

import pandas as pd

from siamese.data.stored import write_text
from siamese.report.templates import render
from siamese.stats.intervals import mean_interval
from siamese.stats.tables import read_summary, short_name, trained_runs
from siamese.study.axes import axes_in
from siamese.study.columns import column


def compare_splits(summary):
    """Accuracy under both ways of splitting A over the same seeds; by Student's t.

    `summary` has the columns of summary.csv. One row a setting and test set: the mean
    under each split, and the mean, low and high of the difference, pairs less images.
    """
    axes = axes_in(summary)
    rows = []
    for setting, runs in trained_runs(summary).groupby(axes, dropna=False):
        if runs["split_by"].nunique() < 2:
            continue
        for name in ("A", "B"):
            values = runs.pivot(
                index="seed", columns="split_by", values=column("accuracy", name)
            )
            interval = mean_interval(values["pairs"] - values["images"])
            means = values[["pairs", "images"]].mean().add_prefix("split_by_")
            row = dict(zip(axes, setting, strict=True)) | {"set": name} | dict(means)
            row |= {"n": interval["n"], "difference": interval["mean"]}
            rows.append(row | {end: interval[end] for end in ("low", "high")})
    return pd.DataFrame(rows)


def leakage_text(table):
    """The comparison for people; `table` is from `compare_splits`."""
    rows = table.to_dict("records")
    names = [short_name(row, axes_in(row)) for row in rows]
    return render("leakage.md.j2", rows=zip(names, rows, strict=True))


def main(snakemake):
    table = compare_splits(read_summary(snakemake.input.table))
    table.to_csv(snakemake.output.table, index=False)
    write_text(snakemake.output.text, leakage_text(table))
