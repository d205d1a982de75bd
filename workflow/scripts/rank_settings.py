"""Rule rank_settings: a setting chosen without a look at B, and what it is worth.

Each fold leaves some classes of A out of training; a setting's score is the mean
over folds and seeds of how well it tells the left-out classes apart.
"""

import math

import pandas as pd

from siamese.axes import axes_in, name_setting
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN, METRICS, column, read_metrics
from siamese.stored import write_text
from siamese.tables import (
    finding,
    markdown_table,
    name_differences,
    read_summary,
    setting_means,
    trained_rows,
    with_interval,
)


def fold_table(points, metrics):
    """One row a setting, seed and fold: metrics on the classes left out, as of B."""
    return pd.DataFrame(
        {**point, **{column(name, "B"): result["B"][name] for name in METRICS}}
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
        The axes, score, and the means over seeds of the
        accuracy and of the metric on B.
    """
    scores = folds.groupby(axes_in(folds))[column(metric, "B")].mean().rename("score")
    on_b = setting_means(summary, split_by, columns_on_b(metric))
    table = on_b.join(scores, how="inner").reset_index()
    is_rising = METRICS[metric].better == "lower"
    return table.sort_values("score", ascending=is_rising, kind="stable")


def columns_on_b(metric):
    """The accuracy, and the metric if it is another one."""
    return list(dict.fromkeys([column("accuracy", "B"), column(metric, "B")]))


def correlations(table, metric):
    """Spearman's rank correlation of the score with the metrics on B, or NaN.

    Positive where the better score goes with what is better on B.
    """
    score = METRICS[metric].sign * table["score"]
    return {
        name: score.corr(METRIC_OF_COLUMN[name].sign * table[name], method="spearman")
        for name in columns_on_b(metric)
    }


def in_words(correlation):
    """A rank correlation; of equal values there is none."""
    return "none (all are equal)" if math.isnan(correlation) else f"{correlation:.2f}"


def interval_on_b(summary, split_by, setting):
    """Mean accuracy on B of a setting over its seeds, as `mean_interval`."""
    rows = trained_rows(summary, split_by).set_index(axes_in(summary))
    return mean_interval(rows.loc[[setting], "accuracy_b"])


def as_markdown(table, folds, summary, split_by, metric, differences=()):
    """The choice, the published way of choosing, and the difference."""
    chosen, accuracy = METRICS[metric], METRICS["accuracy"]
    score = f"mean {chosen.label} on left-out classes of A"
    settings = {
        score: table.iloc[0],
        "accuracy on B (the published way)": table.loc[table["accuracy_b"].idxmax()],
    }
    settings = {label: row[axes_in(table)] for label, row in settings.items()}
    on_b = [interval_on_b(summary, split_by, tuple(s)) for s in settings.values()]
    choices = [
        {
            "chosen by": label,
            "setting": name_setting(setting),
            "seeds": str(found["n"]),
            "accuracy on B, %": with_interval(
                accuracy, [found[part] for part in ("mean", "low", "high")], 2
            ),
        }
        for (label, setting), found in zip(settings.items(), on_b, strict=True)
    ]
    optimism = accuracy.text(on_b[1]["mean"] - on_b[0]["mean"], 2)
    related = " and ".join(
        f"{in_words(value)} with the {METRIC_OF_COLUMN[name].label} on B"
        for name, value in correlations(table, metric).items()
    )
    by_fold = folds.groupby("fold", sort=False)[column(metric, "B")].agg(
        ["mean", "min", "max"]
    )
    by_fold = by_fold.sort_values("mean").map(chosen.text).reset_index()
    by_fold.columns = ["classes left out", f"mean {chosen.label}", "lowest", "highest"]
    seeds = folds["seed"].nunique()
    lines = [
        "# Choosing without peeking",
        "",
        f"{len(table)} settings, ranked by the {score} ({chosen.better} is better): "
        f"{len(by_fold)} fold{'s' * (len(by_fold) > 1)}, {seeds} "
        f"seed{'s' * (seeds > 1)}. Accuracy on B is the mean over seeds, with the "
        "95 % interval (Student's t) of several.",
        "",
        *differences,
        markdown_table(choices, ("chosen by", "setting")),
        "",
        f"Optimism of choosing by B: {optimism} points.",
        "",
        "How well the ranking inside A predicts B (Spearman's rank correlation over "
        f"{len(table)} settings): {related}.",
        "",
        f"{finding(summary, split_by)}.",
        "",
        markdown_table(by_fold, ("classes left out",)),
    ]
    return "\n".join(lines)


def main(snakemake, output):
    params = snakemake.params
    summary = read_summary(snakemake.input.table)
    metrics = [read_metrics(path) for path in snakemake.input.metrics]
    folds = fold_table(params.points, metrics)
    table = rank_settings(folds, summary, params.split_by, params.metric)
    folds.to_csv(output.folds, index=False)
    table.to_csv(output.table, index=False)
    text = as_markdown(
        table,
        folds,
        summary,
        params.split_by,
        params.metric,
        name_differences(snakemake.input.made_with),
    )
    write_text(output.text, text)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
