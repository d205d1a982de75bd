"""Rule write_overview: the study's answer, the page on which its report opens."""

from pathlib import Path

import pandas as pd

from siamese.data.stored import read_class_names, read_table, write_text
from siamese.report.best import key_of
from siamese.report.templates import png_uri, render
from siamese.stats import tables
from siamese.stats.metrics import METRICS
from siamese.study.axes import axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, TRAINED, column
from siamese.study.pair_counts import complete_sets

ACCURACY = METRICS["accuracy"]
TABLE_HEAD = [name if len(name) > 1 else f"set {name}" for name in TEST_SETS]


def accuracies(setting, run):
    """Mean accuracy on each test set with its 95 % interval, as texts in per cent.

    A row of settings.csv has the interval over seeds. If there is one seed, it is that
    of the single run, the setting's first row of summary.csv.
    """
    ends = setting if setting["n"] > 1 else run
    cells = []
    for name in (column("accuracy", test_set) for test_set in TEST_SETS):
        values = setting[f"{name}_mean"], ends[f"{name}_low"], ends[f"{name}_high"]
        cells.append(tables.with_interval(ACCURACY, values))
    return cells


def headline(settings, summary, split_by):
    """The rows that answer the question: a dict each of what, name, kind and cells.

    They are the trained setting that is best on B, that with the highest published
    accuracy beside the latter, and the best untrained baseline.
    """
    keys = ["method", "split_by", *axes_in(settings)]
    # The first run of each setting.
    runs = {key_of(row, keys): row for row in summary[::-1].to_dict("records")}
    rows = settings[settings["split_by"] == split_by]
    rows = rows.sort_values("accuracy_b_mean", ascending=False, kind="stable")
    trained = tables.trained_runs(rows).to_dict("records")
    varied = tables.varying(tables.trained_runs(settings))
    table = []

    def first_run(row):
        return runs[key_of(row, keys)]

    def add(what, row, kind):
        cells, name = accuracies(row, first_run(row)), tables.name_row(row, varied)
        table.append(dict(what=what, name=name, kind=kind, cells=cells))

    add(f"best of {len(trained)} trained, chosen by B", trained[0], "main")
    on_b = PUBLISHED["B"]
    if reported := [row for row in trained if pd.notna(first_run(row)[on_b])]:
        row = max(reported, key=lambda row: first_run(row)[on_b])
        add("highest published on B, here", row, "main")
        published = [first_run(row).get(PUBLISHED.get(name)) for name in TEST_SETS]
        cells = [*map(ACCURACY.text, published)]
        table.append(
            dict(what="as published, one run", name="", kind="note", cells=cells)
        )
    baselines = rows[rows["method"] != TRAINED].to_dict("records")
    add("best untrained baseline", baselines[0], "baseline")
    return table


def main(snakemake):
    paths, params = snakemake.input, snakemake.params
    summary = tables.read_summary(paths.table)
    numbers = ["n", "accuracy_a_mean", "accuracy_b_mean"]
    settings = read_table(
        paths.settings, numbers, ["method", "split_by"], tables.TEXT_AXES
    )
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
        head=TABLE_HEAD,
        claims=claims,
        figure=png_uri(Path(paths.figure).read_bytes()),
        collapsed=int(summary["collapsed"].sum()),
        differs=bool(tables.name_differences(paths.made_with)),
        explorer=paths.explorer,
    )
    write_text(snakemake.output.page, page)
