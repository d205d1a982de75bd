"""Rule rank_settings: a setting chosen without a look at B, and what it is worth.

Each fold leaves some classes of A out of training; a setting's score is the mean
over folds and seeds of how well it tells the left-out classes apart.
"""

import math

import pandas as pd
from scipy import stats

from siamese.axes import SETTING
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.metrics import read_metrics
from siamese.tables import (
    METRIC_NAMES,
    finding,
    name_setting,
    read_summary,
    setting_means,
    trained_rows,
)

METRICS = ("auc", "accuracy", "accuracy_tuned")


def fold_table(points, metrics):
    """One row a setting, seed and fold: metrics on the classes left out."""
    return pd.DataFrame(
        {**point, **{name: result["B"][name] for name in METRICS}}
        for point, result in zip(points, metrics, strict=True)
    )


def rank_settings(folds, summary, split_by, metric):
    """Score of each setting inside A beside what it has on B, best score first.

    Parameters
    ----------
    folds : pandas.DataFrame
        From `fold_table`.
    summary : pandas.DataFrame
        Content of summary.csv.
    split_by, metric : str

    Returns
    -------
    pandas.DataFrame
        size, l2, batch_size, epochs, score, and the means over seeds accuracy_b
        and auc_b.
    """
    scores = folds.groupby(SETTING)[metric].mean().rename("score")
    on_b = setting_means(summary, split_by, ["accuracy_b", "auc_b"])
    table = on_b.join(scores, how="inner").reset_index()
    return table.sort_values("score", ascending=False, kind="stable")


def correlations(table):
    """Spearman's rank correlation of the score with each metric on B, or NaN."""
    return {
        name: float(stats.spearmanr(table["score"], table[name]).statistic)
        for name in ("accuracy_b", "auc_b")
    }


def in_words(correlation):
    """A rank correlation; of equal values there is none."""
    return "none, all are equal" if math.isnan(correlation) else f"{correlation:.2f}"


def interval_on_b(summary, split_by, setting):
    """Mean accuracy on B of a setting over its seeds, as `mean_interval`."""
    rows = trained_rows(summary, split_by).set_index(SETTING)
    return mean_interval(rows.loc[[setting], "accuracy_b"])


def as_markdown(table, folds, summary, split_by, metric):
    """The choice, the report's way of choosing, and the difference."""
    by_score = tuple(table.iloc[0][SETTING])
    by_b = tuple(table.loc[table["accuracy_b"].idxmax(), SETTING])
    score = f"mean {METRIC_NAMES[metric]} on left-out classes of A"
    lines = [
        "# Choosing without peeking",
        "",
        f"{len(table)} settings, ranked by the {score}: "
        f"{folds['fold'].nunique()} folds, {folds['seed'].nunique()} "
        f"seed{'s' * (folds['seed'].nunique() > 1)}.",
        "",
        "| chosen by | setting | accuracy on B, % |",
        "| --- | --- | --- |",
    ]
    means = []
    for label, setting in (
        (score, by_score),
        ("accuracy on B (the report's way)", by_b),
    ):
        on_b = interval_on_b(summary, split_by, setting)
        means.append(on_b["mean"])
        interval = (
            "interval not available: one seed"
            if pd.isna(on_b["low"])
            else f"{on_b['low'] * 100:.2f} to {on_b['high'] * 100:.2f}, n = {on_b['n']}"
        )
        lines.append(
            f"| {label} | {name_setting(setting)} | {on_b['mean'] * 100:.2f} "
            f"({interval}) |"
        )
    related = correlations(table)
    lines += [
        "",
        f"Optimism of choosing by B: {(means[1] - means[0]) * 100:.2f} points.",
        "",
        "How well the ranking inside A predicts B (Spearman's rank correlation over "
        f"{len(table)} settings): {in_words(related['accuracy_b'])} with the accuracy "
        f"on B, {in_words(related['auc_b'])} with the AUC on B.",
        "",
        f"{finding(summary, split_by)}.",
        "",
        "| classes left out | mean AUC | lowest | highest |",
        "| --- | ---: | ---: | ---: |",
    ]
    auc = folds.groupby("fold", sort=False)["auc"].agg(["mean", "min", "max"])
    lines += [
        f"| {fold} | {row['mean']:.3f} | {row['min']:.3f} | {row['max']:.3f} |"
        for fold, row in auc.sort_values("mean").iterrows()
    ]
    return "\n".join(lines) + "\n"


def main(snakemake):
    params = snakemake.params
    summary = read_summary(snakemake.input.table)
    metrics = [read_metrics(path) for path in snakemake.input.metrics]
    folds = fold_table(params.points, metrics)
    table = rank_settings(folds, summary, params.split_by, params.metric)
    folds.to_csv(snakemake.output.folds, index=False)
    table.to_csv(snakemake.output.table, index=False)
    text = as_markdown(table, folds, summary, params.split_by, params.metric)
    with open(snakemake.output.text, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
