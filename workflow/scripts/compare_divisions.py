"""Rule compare_divisions: settings and baselines over divisions of the classes."""

import pandas as pd

from siamese.divisions import (
    by_division,
    describe_divisions,
    division_means,
    reference_names,
)
from siamese.job import logged
from siamese.metrics import METRICS, TEST_SETS, column
from siamese.stored import write_text
from siamese.tables import (
    TRAINED,
    markdown_table,
    markdown_text,
    read_runs,
    with_interval,
)

# Of the settings; there may be thousands.
MOST_SHOWN = 40


def interval_cells(table, metric, name, parts, sign=""):
    """Cells of a metric's mean and interval, in per cent where it is a share."""
    values = table[[f"{name}{part}" for part in parts]].to_numpy(float)
    return [with_interval(metric, row, 1, sign) for row in values]


def results_table(table):
    """A Markdown table of what `describe_divisions` found."""
    accuracy = METRICS["accuracy"]
    means, differences = ("_mean", "_low", "_high"), ("", "_low", "_high")
    italics = table["method"] != TRAINED
    cells = {
        "setting or *baseline*": [
            f"*{markdown_text(name)}*" if is_baseline else markdown_text(name)
            for name, is_baseline in zip(table["name"], italics, strict=True)
        ],
        "B": interval_cells(table, accuracy, "accuracy_b", means),
        "less the first setting": interval_cells(
            table, accuracy, "accuracy_b_less_first", differences, "+"
        ),
        "less the best baseline": interval_cells(
            table, accuracy, "accuracy_b_less_baseline", differences, "+"
        ),
    }
    for name in ("auc", "eer"):
        key = column(name, "B")
        cells[f"{METRICS[name].label} on B"] = interval_cells(
            table, METRICS[name], key, means
        )
    for name in TEST_SETS:
        if name != "B":
            key = column("accuracy", name)
            cells[name] = interval_cells(table, accuracy, key, means)
    cells["B, own division"] = [accuracy.text(v) for v in table["accuracy_b_own"]]
    return markdown_table(pd.DataFrame(cells), ("setting or *baseline*",))


def divisions_table(means, shown):
    """A Markdown table of the accuracy on B in each division."""
    values = by_division(means, "accuracy_b").loc[shown].T
    cells = values.map(METRICS["accuracy"].text).reset_index()
    cells.columns = ["unseen classes", *map(markdown_text, shown)]
    return markdown_table(cells, ("unseen classes",))


def as_markdown(means, table, metric, own):
    """The comparison for people.

    Parameters
    ----------
    means, table : pandas.DataFrame
        From `division_means` and `describe_divisions`.
    metric : str
        That they are ranked by.
    own : list of int
        The unseen classes of the study's own division.
    """
    trained = table[table["method"] == TRAINED]
    first, baseline = reference_names(means, metric)
    best = trained["name"].iloc[0]
    shown = table[
        (table["method"] != TRAINED)
        | table["name"].isin([first, *trained["name"].head(MOST_SHOWN)])
    ]
    left_out = len(table) - len(shown)
    n = int(table["n"].max())
    lines = [
        "# Divisions of the classes",
        "",
        f"{len(trained)} settings and {len(table) - len(trained)} baselines over {n} "
        "divisions, each with other unseen classes. Accuracy in per cent, mean over "
        "divisions and its 95 % interval (Student's t over divisions; seeds are "
        "averaged first). Differences are paired by division. Divisions share classes, "
        "so they are not quite independent.",
        "",
        f"Ranked by the {METRICS[metric].label} on B. The first setting: "
        f"{markdown_text(first)}. The best baseline: {markdown_text(baseline)}. The "
        f"study's own division, which is not among the {n}, has the unseen classes "
        f"{'-'.join(map(str, sorted(own)))}.",
        "",
        results_table(shown),
        "",
    ]
    if left_out:
        lines += [f"{left_out} settings are left out here; divisions.csv has them.", ""]
    lines += [
        "## Accuracy on B in each division",
        "",
        divisions_table(means, list(dict.fromkeys([best, first, baseline]))),
    ]
    return "\n".join(lines)


def main(snakemake, output):
    params = snakemake.params
    means = division_means(read_runs(snakemake.input.table), params.split_by)
    table = describe_divisions(means, params.metric)
    table.to_csv(output.table, index=False)
    write_text(output.text, as_markdown(means, table, params.metric, params.own))


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
