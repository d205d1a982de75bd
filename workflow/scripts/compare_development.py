"""Rule compare_development: how well another study's divisions foretold these.

Settings are ranked where none of this study's divisions judges, and judged here.
"""

import math

from scipy import stats

from siamese.axes import AXES
from siamese.job import logged
from siamese.metrics import CONFIDENCE, METRIC_OF_COLUMN, METRICS, column
from siamese.stored import read_table, write_text
from siamese.tables import (
    TEXT_AXES,
    markdown_table,
    markdown_text,
    with_all_axes,
)


def rank_correlation(first, second):
    """Spearman's rank correlation and its interval.

    By Fisher's transformation with the standard error of Bonett and Wright (2000),
    "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations".

    Parameters
    ----------
    first, second : array of float, shape (n,)

    Returns
    -------
    tuple of float
        Correlation, low and high; NaN for all with fewer than three values or where
        one side is constant, and for the bounds with three.
    """
    n = len(first)
    if n < 3 or len(set(first)) == 1 or len(set(second)) == 1:
        return (math.nan,) * 3
    found = float(stats.spearmanr(first, second).statistic)
    if n == 3 or abs(found) == 1:
        return found, math.nan, math.nan
    half = stats.norm.ppf((1 + CONFIDENCE) / 2)
    half *= math.sqrt((1 + found**2 / 2) / (n - 3))
    centre = math.atanh(found)
    return found, math.tanh(centre - half), math.tanh(centre + half)


def compare(development, judged, metric, sizes):
    """Scores of another study beside what the same settings have in this one.

    Parameters
    ----------
    development, judged : pandas.DataFrame
        Content of divisions.csv of the two studies.
    metric : str
        That settings are ranked by, on B.
    sizes : dict of str to int

    Returns
    -------
    pandas.DataFrame
        One row a setting of both, the best score first: name, score, then of this study
        the same metric on B and the accuracy, means over divisions, and accuracy_b_own.
    """
    name = column(metric, "B")
    scores = with_all_axes(development, sizes)
    scores = scores.rename(columns={f"{name}_mean": "score"})
    found = with_all_axes(judged, sizes).merge(
        scores[[*AXES, "score"]], on=list(AXES), how="inner"
    )
    columns = [f"{name}_mean", "accuracy_b_mean", "accuracy_b_own"]
    table = found[["name", "score", *dict.fromkeys(columns)]]
    is_rising = METRICS[metric].better == "lower"
    return table.sort_values("score", ascending=is_rising, kind="stable")


def correlations(table, metric):
    """Rank correlation of the score with each column, and its interval.

    Positive where the better score goes with what is better.
    """
    score = METRICS[metric].sign * table["score"]
    found = {}
    for name in table.columns.drop(["name", "score"]):
        sign = METRIC_OF_COLUMN[name.removesuffix("_mean").removesuffix("_own")].sign
        found[name] = rank_correlation(score, sign * table[name])
    return found


def as_markdown(table, metric):
    """The comparison for people."""
    if table.empty:
        return "# Development\n\nNo setting of this study is in the other's table."
    ranked, accuracy = METRICS[metric], METRICS["accuracy"]
    name = column(metric, "B")
    labels = {
        "score": (f"{ranked.label} there", ranked),
        f"{name}_mean": (f"{ranked.label} here", ranked),
        "accuracy_b_mean": ("accuracy on B here", accuracy),
        "accuracy_b_own": ("on the study's own division", accuracy),
    }
    cells = {"setting": [markdown_text(text) for text in table["name"]]}
    cells |= {
        label: [kind.text(value, 2) for value in table[key]]
        for key, (label, kind) in labels.items()
        if key in table
    }
    rows = [
        {
            "with": labels[key][0],
            "rank correlation": "none"
            if math.isnan(found)
            else f"{found:.2f} [{low:.2f}, {high:.2f}]",
        }
        for key, (found, low, high) in correlations(table, metric).items()
    ]
    return "\n".join(
        [
            "# Development",
            "",
            f"{len(table)} settings, ranked by the {ranked.label} on B over the "
            "divisions of another study, which do not judge here. Accuracy in per "
            "cent, means over divisions.",
            "",
            markdown_table(cells, ("setting",)),
            "",
            "Spearman's rank correlation of the score there, over settings, and its "
            "95 % interval (Bonett and Wright 2000):",
            "",
            markdown_table(rows, ("with",)),
        ]
    )


def read_divisions(path):
    """Content of divisions.csv as a data frame."""
    return read_table(path, ["n", "accuracy_b_mean"], ["name", "method"], TEXT_AXES)


def main(snakemake, output):
    params, paths = snakemake.params, snakemake.input
    tables = [read_divisions(path) for path in (paths.development, paths.judged)]
    table = compare(*tables, params.metric, params.sizes)
    table.to_csv(output.table, index=False)
    write_text(output.text, as_markdown(table, params.metric))


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
