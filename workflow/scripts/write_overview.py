"""Rule write_overview: the study's answer, the page on which its report opens."""

from pathlib import Path

import pandas as pd

from siamese.data.stored import read_class_names, read_table, write_text
from siamese.report.templates import png_uri, render
from siamese.stats import tables
from siamese.stats.metrics import METRICS
from siamese.study.axes import axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, TRAINED, column
from siamese.study.pair_counts import complete_sets

ACCURACY = METRICS["accuracy"]
POSED = column("accuracy", "B", posed=True)


def accuracies(row):
    """Mean accuracy on each test set with its 95 % interval, as texts in per cent, and
    on B under moderate poses, if there are any.

    The interval is over seeds; if there is one seed, it is that of the single run,
    which the mean over poses does not have.
    """
    names = [column("accuracy", test_set) for test_set in TEST_SETS]
    names += [POSED] * (POSED in row)
    parts = ("mean", "low", "high") if row["n"] > 1 else ("mean", "low_run", "high_run")
    values = [[row.get(f"{name}_{part}") for part in parts] for name in names]
    return [tables.with_interval(ACCURACY, each) for each in values]


def headline(settings, summary, split_by):
    """The trained setting that is best on B, that with the highest published accuracy,
    the latter, and the best untrained baseline: a dict each of what, name, kind, cells.
    """
    keys = ["method", "split_by", *axes_in(settings)]
    settings = tables.with_axis_types(settings)
    varied = tables.varying(tables.trained_runs(settings))
    # Beside each setting its first run.
    first = tables.with_axis_types(summary).drop_duplicates(keys)
    rows = settings.merge(first, on=keys, how="left", suffixes=("", "_run"))
    rows = rows[rows["split_by"] == split_by]
    rows = rows.sort_values("accuracy_b_mean", ascending=False, kind="stable")
    trained = rows[rows["method"] == TRAINED].to_dict("records")
    baselines = rows[rows["method"] != TRAINED].to_dict("records")

    def entry(what, row, kind):
        name = tables.name_row(row, varied)
        return dict(what=what, name=name, kind=kind, cells=accuracies(row))

    table = [entry(f"best of {len(trained)} trained, chosen by B", trained[0], "main")]
    on_b = PUBLISHED["B"]
    if reported := [row for row in trained if pd.notna(row[on_b])]:
        row = max(reported, key=lambda row: row[on_b])
        table.append(entry("highest published on B, here", row, "main"))
        cells = [ACCURACY.text(row.get(PUBLISHED.get(name))) for name in TEST_SETS]
        cells += [""] * (POSED in row)
        note = "as published, one run"
        table.append(dict(what=note, name="", kind="note", cells=cells))
    return [*table, entry("best untrained baseline", baselines[0], "baseline")]


def main(snakemake):
    paths, params = snakemake.input, snakemake.params
    summary = tables.read_summary(paths.table)
    numbers = ["n", "accuracy_a_mean", "accuracy_b_mean"]
    texts = ["method", "split_by"]
    settings = read_table(paths.settings, numbers, texts, tables.TEXT_AXES)
    claims = []
    if paths.claims:
        table = read_table(paths.claims, ["claim"], ["statement", "verdict_of_claim"])
        claims = table.drop_duplicates("claim").to_dict("records")
    names = read_class_names(paths.dataset)
    sets = complete_sets(params.sets, list(range(len(names))))
    page = render(
        "overview.html",
        params=params,
        sets={key: [names[label] for label in ids] for key, ids in sets.items()},
        finding=tables.finding(summary, params.split_by),
        seeds=int(summary["seed"].nunique()),
        rows=headline(settings, summary, params.split_by),
        head=[name if len(name) > 1 else f"set {name}" for name in TEST_SETS]
        + ["set B in moderate poses"] * (POSED in summary),
        claims=claims,
        figure=png_uri(Path(paths.figure).read_bytes()),
        collapsed=int(summary["collapsed"].sum()),
        differs=bool(tables.name_differences(paths.made_with)),
        explorer=paths.explorer,
    )
    write_text(snakemake.output.page, page)
