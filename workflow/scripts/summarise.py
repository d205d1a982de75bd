"""Rule summarise: one row for each grid point or baseline, and seed.

Beside it the report's values, where it states them.
"""

import pandas as pd

from siamese.axes import SETTING
from siamese.job import logged
from siamese.metrics import TEST_SETS, read_baselines, read_metrics
from siamese.tables import TRAINED

REPORTED = ("A", "B", "joint")
SUFFIX = {name: name.lower() for name in TEST_SETS}


def flatten(metrics):
    """The metrics of one run as one row, names in the order of the summary."""
    row = {
        f"{metric}_{SUFFIX[name]}": metrics[name][metric]
        for metric in ("accuracy", "loss", "auc")
        for name in REPORTED
    }
    for metric in ("accuracy", "loss", "auc"):
        row[f"{metric}_crossed"] = metrics["crossed"][metric]
    for metric in ("accuracy_tuned", "eer"):
        row |= {f"{metric}_{SUFFIX[name]}": metrics[name][metric] for name in TEST_SETS}
    for name in TEST_SETS:
        for bound in ("low", "high"):
            row[f"accuracy_{SUFFIX[name]}_{bound}"] = metrics[name][f"accuracy_{bound}"]
    return row | {name: metrics[name] for name in ("threshold_tuned", "collapsed")}


def summarise(points, metrics, baseline_points, baselines, published):
    """Join the metrics with the grid and with what the report states.

    Parameters
    ----------
    points : list of dict
        split_by, size, l2, batch_size, epochs, seed of each grid point.
    metrics : list of dict
        Content of each grid point's metrics.json, in the same order.
    baseline_points : list of dict
        split_by, seed of each file of baselines.
    baselines : list of list of dict
        Content of each of them, in the same order.
    published : pandas.DataFrame
        Columns size, l2, batch_size, epochs, published_a, published_b, published_joint;
        accuracies as fractions, empty where the report states none.

    Returns
    -------
    pandas.DataFrame
        One row a grid point, then one a baseline; results/README.md has the
        columns.
    """
    rows = [
        {**point, "method": TRAINED, **flatten(result)}
        for point, result in zip(points, metrics, strict=True)
    ]
    rows += [
        {**point, "method": result["method"], "size": result["size"], **flatten(result)}
        for point, results in zip(baseline_points, baselines, strict=True)
        for result in results
    ]
    published_columns = [f"published_{SUFFIX[name]}" for name in REPORTED]
    table = pd.DataFrame(rows).merge(
        published[SETTING + published_columns].assign(split_by="pairs", method=TRAINED),
        on=[*SETTING, "split_by", "method"],
        how="left",
    )
    table = table.astype({"batch_size": "Int64", "epochs": "Int64"})
    first = [*SETTING, "seed", *list(flatten(metrics[0]))[:9], *published_columns]
    first += ["method", "split_by"]
    return table[first + [name for name in table.columns if name not in first]]


def main(snakemake):
    params = snakemake.params
    summary = summarise(
        params.points,
        [read_metrics(path) for path in snakemake.input.metrics],
        params.baseline_points,
        [read_baselines(path) for path in snakemake.input.baselines],
        pd.read_csv(snakemake.input.published),
    )
    summary.to_csv(snakemake.output.table, index=False)


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
