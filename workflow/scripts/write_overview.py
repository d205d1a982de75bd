"""Rule write_overview: what the study says, on the page that its report opens on."""

from pathlib import Path

import pandas as pd

from siamese.axes import axes_in
from siamese.divisions import name_row
from siamese.job import logged
from siamese.metrics import METRICS, TEST_SETS, column
from siamese.pages import png_uri, render
from siamese.splits import complete_sets
from siamese.stored import read_class_names, read_table, write_text
from siamese.tables import (
    PUBLISHED,
    TEXT_AXES,
    TRAINED,
    finding,
    name_differences,
    read_summary,
    trained_runs,
    varying,
    with_interval,
)

TEMPLATE = "overview.html"
ACCURACY = METRICS["accuracy"]


def accuracies(runs):
    """Mean accuracy on each test set with its interval, in per cent.

    Over seeds by Student's t; of one seed that of the single run.

    Parameters
    ----------
    runs : dict
        A row of settings.csv, with the single run's interval as <name>_run_low and
        _run_high.
    """
    cells = []
    for test_set in TEST_SETS:
        name = column("accuracy", test_set)
        kind = name if runs["n"] > 1 else f"{name}_run"
        values = runs[f"{name}_mean"], runs[f"{kind}_low"], runs[f"{kind}_high"]
        cells.append(with_interval(ACCURACY, values))
    return cells


def with_single_runs(settings, summary):
    """settings.csv with the intervals of single runs, and the published values."""
    keys = ["method", "split_by", *axes_in(settings)]
    columns = {
        f"{column('accuracy', name)}_{end}": f"{column('accuracy', name)}_run_{end}"
        for name in TEST_SETS
        for end in ("low", "high")
    }
    runs = summary.groupby(keys, dropna=False, sort=False)
    first = runs[[*columns, *PUBLISHED.values()]].first().reset_index()
    return settings.merge(first.rename(columns=columns), on=keys, how="left")


def headline(settings, split_by):
    """The rows that answer the question: a dict each of what, name, kind and cells.

    The best trained setting on B, the best of the published ones beside what was
    published of it, and the best untrained baseline.
    """
    rows = settings[settings["split_by"] == split_by]
    rows = rows.sort_values("accuracy_b_mean", ascending=False, kind="stable")
    trained = trained_runs(rows).to_dict("records")
    baselines = rows[rows["method"] != TRAINED].to_dict("records")
    varied = varying(trained_runs(settings))

    def named(what, row, kind):
        name = name_row(row, varied)
        return {"what": what, "name": name, "kind": kind, "cells": accuracies(row)}

    best = named(f"best of {len(trained)} trained, chosen by B", trained[0], "main")
    found = [best]
    published = [row for row in trained if pd.notna(row[PUBLISHED["B"]])]
    if published:
        row = max(published, key=lambda row: row[PUBLISHED["B"]])
        found.append(named("highest published on B, here", row, "main"))
        cells = [
            ACCURACY.text(row[PUBLISHED[name]]) if name in PUBLISHED else ""
            for name in TEST_SETS
        ]
        name = "as published, one run"
        found.append({"what": name, "name": "", "kind": "note", "cells": cells})
    if baselines:
        found.append(named("best untrained baseline", baselines[0], "baseline"))
    return found


def verdicts(claims):
    """Each claim once: number, statement, its verdict and that over divisions."""
    second = "verdict_of_claim_divisions"
    columns = ["claim", "statement", "verdict_of_claim"]
    columns += [second] * (second in claims)
    rows = claims.drop_duplicates("claim")[columns]
    return [list(row) for row in rows.itertuples(index=False)]


def weaknesses(summary, split_by, divisions):
    """What is weak in the protocol of this study, in sentences."""
    seeds = summary["seed"].nunique()
    found = [
        "The best setting is chosen by accuracy on B, which then also judges it: that "
        "accuracy is too high for new classes.",
    ]
    if split_by == "pairs":
        found.append(
            "Pairs are split after they are made, so an image in a test pair of A may "
            "also be in a training pair. No image of B is in training."
        )
    if seeds == 1:
        found.append(
            "Each setting was trained once. Runs that differ in their seed alone "
            "differ by points of accuracy on B; intervals here do not say so."
        )
    if divisions == 1:
        found.append(
            "One division of the classes into A and B was tried. Another one has "
            "other results."
        )
    if summary["collapsed"].any():
        n = int(summary["collapsed"].sum())
        found.append(f"{n} networks collapsed: they give all pairs the same distance.")
    return found


def named_sets(sets, names):
    """Names of the classes of A and B; `sets` has their ids, or None for B."""
    sets = complete_sets(sets, list(range(len(names))))
    return {name: [names[label] for label in ids] for name, ids in sets.items()}


def main(snakemake, output):
    paths, params = snakemake.input, snakemake.params
    summary = read_summary(paths.table)
    numbers = ["n", "accuracy_a_mean", "accuracy_b_mean"]
    settings = read_table(paths.settings, numbers, ["method", "split_by"], [*TEXT_AXES])
    names = read_class_names(paths.dataset)
    claims = (
        read_table(paths.claims, ["claim"], ["statement", "verdict"])
        if paths.claims
        else None
    )
    write_text(
        output.page,
        render(
            TEMPLATE,
            dataset=params.dataset,
            sets=named_sets(params.sets, names),
            finding=finding(summary, params.split_by),
            seeds=int(summary["seed"].nunique()),
            rows=headline(with_single_runs(settings, summary), params.split_by),
            test_sets=[name if len(name) > 1 else f"set {name}" for name in TEST_SETS],
            verdicts=[] if claims is None else verdicts(claims),
            figure=png_uri(Path(paths.figure).read_bytes()),
            weaknesses=weaknesses(summary, params.split_by, params.divisions),
            differs=bool(name_differences(paths.made_with)),
            explorer=paths.explorer,
            left_out=params.left_out,
            has_divisions=params.divisions > 1,
        ),
    )


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
