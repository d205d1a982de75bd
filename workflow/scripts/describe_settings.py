"""Rule describe_settings: each setting over its seeds, as a table and as text."""

from itertools import product

import pandas as pd

from siamese.data.stored import write_text
from siamese.report.templates import markdown_text, render
from siamese.stats import tables
from siamese.stats.intervals import mean_interval
from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.study.axes import axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, TRAINED, column

ACCURACY = METRICS["accuracy"]
POSED = "setting or *baseline*"


def describe(summary):
    """Number of seeds, mean, standard deviation and 95 % interval of each metric.

    `summary` has the columns of summary.csv, or of poses.csv. One row a setting or
    baseline, and pose: method, split_by, the axes, pose, n, collapsed (how many of
    them), and for each metric and test set <name>_mean, _sd, _low and _high; by
    Student's t over seeds.
    """
    keys = ["method", "split_by", *axes_in(summary), *({"pose"} & {*summary})]
    columns = [name for name in summary if name in METRIC_OF_COLUMN]
    rows = []
    for key, runs in summary.groupby(keys, sort=False, dropna=False):
        row = dict(zip(keys, key, strict=True)) | {"n": len(runs)}
        if "collapsed" in runs:
            row["collapsed"] = int(runs["collapsed"].sum())
        for name in columns:
            interval = mean_interval(runs[name]).items()
            row |= {f"{name}_{part}": value for part, value in interval if part != "n"}
        rows.append(row)
    return tables.with_axis_types(pd.DataFrame(rows))


def cell(row, name):
    """A cell of the text: method, axis, mean with interval, or published accuracy."""
    if name == "method":
        text = "trained" if row[name] == TRAINED else f"*{row[name]}*"
        collapsed = f", **{row['collapsed']} of {row['n']} collapsed**"
        return text + collapsed if row["collapsed"] else text
    if name in METRIC_OF_COLUMN:
        return tables.interval_of(row, name)
    if name in PUBLISHED.values():
        return ACCURACY.text(row[name], 2)
    if isinstance(row[name], str):
        return row[name]
    return "" if pd.isna(row[name]) else f"{row[name]:g}"


def cells(table, columns):
    rows = table.to_dict("records")
    return [{name: cell(row, name) for name in columns} for row in rows]


def pose_cells(poses, split_by, test_set):
    """A row a setting or baseline with its tuned accuracy in each pose, as texts."""
    poses = poses[poses["split_by"] == split_by]
    varied = tables.varying(poses[poses["method"] == TRAINED])
    rows = {}
    for row in poses.to_dict("records"):
        name = markdown_text(tables.name_row(row, varied))
        name = name if row["method"] == TRAINED else f"*{name}*"
        value = tables.interval_of(row, column("accuracy_tuned", test_set))
        rows.setdefault(name, {POSED: name})[row["pose"]] = value
    return [*rows.values()]


def summary_text(summary, settings, split_by, differences=(), poses=None):
    """The settings for people, best on B first; `summary` has the columns of
    summary.csv, `settings` and `poses` are from `describe`, `differences` from
    `name_differences`.
    """
    axes = axes_in(summary)
    means = tables.setting_means(summary, split_by, ["accuracy_a", "accuracy_b"])
    best = means.reset_index().to_dict("records")[0]
    published = tables.trained_rows(summary, split_by)[[*axes, *PUBLISHED.values()]]
    shown = settings[settings["split_by"] == split_by]
    shown = shown.sort_values("accuracy_b_mean", ascending=False, kind="stable")
    shown = shown.merge(published.drop_duplicates(), on=axes, how="left")
    accuracies = [column("accuracy", name) for name in TEST_SETS]
    accuracies += [name for name in PUBLISHED.values() if shown[name].notna().any()]
    further = [name for name in METRICS if name != "accuracy"]
    further = [column(*key) for key in product(further, ("A", "B"))]
    baselines = tables.compare_with_baselines(summary, split_by)
    return render(
        "summary.md.j2",
        n_settings=len(means),
        n_seeds=summary["seed"].nunique(),
        finding=tables.finding(summary, split_by),
        differences=list(differences),
        baselines=baselines.reset_index(names="name"),
        best=tables.short_name(best, axes),
        best_a=ACCURACY.text(best["accuracy_a"], 2),
        best_b=ACCURACY.text(best["accuracy_b"], 2),
        split_by=split_by,
        collapsed=settings["collapsed"].any(),
        accuracies=cells(shown, ["method", *axes, *accuracies]),
        further=cells(shown, ["method", *axes, *further]),
        texts=("method", *tables.TEXT_AXES),
        poses={
            name: pose_cells(poses, split_by, name)
            for name in TEST_SETS
            if poses is not None
        },
        posed=POSED,
    )


def main(snakemake):
    summary = tables.read_summary(snakemake.input.table)
    settings = describe(summary)
    settings.to_csv(snakemake.output.table, index=False)
    poses = None
    if path := snakemake.input.poses:
        poses = describe(tables.own_division(tables.read_runs(path)))
        poses.to_csv(snakemake.output.poses, index=False)
    differences = tables.name_differences(snakemake.input.made_with)
    chosen = snakemake.params.split_by, differences, poses
    text = summary_text(summary, settings, *chosen)
    write_text(snakemake.output.text, text)
