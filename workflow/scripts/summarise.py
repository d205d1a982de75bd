"""Rule summarise: one row for each grid point and seed, beside the report's values."""

import json

import pandas as pd

from siamese.job import logged

GRID = ["size", "l2", "batch_size", "epochs"]
TEST_SETS = {"a": "A", "b": "B", "joint": "joint"}
METRICS = ("accuracy", "loss", "auc")


def summarise(points, metrics, paper):
    """Join the metrics with the grid and with what the report states.

    Parameters
    ----------
    points : list of dict
        size, l2, batch_size, epochs, seed of each grid point.
    metrics : list of dict
        Content of each metrics.json, in the same order.
    paper : pandas.DataFrame
        Columns size, l2, batch_size, epochs, paper_a, paper_b, paper_joint;
        accuracies as fractions, empty where the report states none.

    Returns
    -------
    pandas.DataFrame
        One row a grid point: its parameters, accuracy, loss and AUC on each
        test set, and the report's accuracies.
    """
    rows = [
        point
        | {
            f"{metric}_{suffix}": result[name][metric]
            for metric in METRICS
            for suffix, name in TEST_SETS.items()
        }
        for point, result in zip(points, metrics, strict=True)
    ]
    columns = [f"paper_{suffix}" for suffix in TEST_SETS]
    return pd.DataFrame(rows).merge(paper[GRID + columns], on=GRID, how="left")


def as_markdown(summary):
    """The summary for people: means over seeds, in per cent, best setting first."""
    accuracies = ["accuracy_a", "accuracy_b", "accuracy_joint"]
    papers = ["paper_a", "paper_b", "paper_joint"]
    settings = summary.groupby(GRID, sort=False)
    table = settings[accuracies + papers].mean() * 100
    for column in ("auc_a", "auc_b"):
        table[column] = settings[column].mean()
    table = table.sort_values("accuracy_b", ascending=False).reset_index()
    seeds = summary["seed"].nunique()
    best = table.iloc[0]
    lines = [
        "# Summary",
        "",
        f"{len(table)} settings, {seeds} seed{'s' if seeds > 1 else ''}; accuracy in "
        "per cent" + (", mean over seeds." if seeds > 1 else "."),
        "",
        f"**Best setting by accuracy on B: {best['size']}, L2 {best['l2']:g}, batch "
        f"size {best['batch_size']}, {best['epochs']} epochs: A "
        f"{best['accuracy_a']:.2f}, B {best['accuracy_b']:.2f}, joint "
        f"{best['accuracy_joint']:.2f}.**",
        "",
        "Choosing by B is the report's way, and not a fair one: B then chooses the "
        "setting and also judges it, so its accuracy is too high for new classes. "
        "Pairs are split after they are made, so an image in a test pair of A may "
        "also be in a training pair: accuracy on A is too high as well.",
        "",
        "| size | L2 | batch size | epochs | A | B | joint | AUC A | AUC B "
        "| report A | report B | report joint |",
        "| --- |" + " ---: |" * 11,
    ]
    for row in table.itertuples(index=False):
        stated = [
            "" if pd.isna(getattr(row, column)) else f"{getattr(row, column):.2f}"
            for column in papers
        ]
        cells = [
            row.size,
            f"{row.l2:g}",
            str(row.batch_size),
            str(row.epochs),
            *(f"{getattr(row, column):.2f}" for column in accuracies),
            f"{row.auc_a:.3f}",
            f"{row.auc_b:.3f}",
            *stated,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(snakemake):
    summary = summarise(
        snakemake.params.points,
        [read_json(path) for path in snakemake.input.metrics],
        pd.read_csv(snakemake.input.paper),
    )
    summary.to_csv(snakemake.output.table, index=False)
    with open(snakemake.output.text, "w", encoding="utf-8") as file:
        file.write(as_markdown(summary))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
