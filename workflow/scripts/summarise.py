"""Rule summarise: one row for each grid point or baseline, and seed.

Beside it the published values, where there are any.
"""

from itertools import product

import pandas as pd

from siamese.axes import NAMED, axes_in
from siamese.job import logged
from siamese.metrics import METRICS, TEST_SETS, column, read_baselines, read_metrics
from siamese.tables import PUBLISHED, TRAINED, UNSEEN, WHOLE_AXES

# On the sets of the published report these stand first, before its values.
FIRST = ("accuracy", "loss", "auc")
FIRST_VALUES = list(product(FIRST, PUBLISHED))
OTHER_VALUES = [
    *product(FIRST, ["crossed"]),
    *product([name for name in METRICS if name not in FIRST], TEST_SETS),
]


def flatten(metrics, *more):
    """The metrics of one run as one row, names in the order of the summary.

    `more` has names that only some studies show.
    """
    row = {
        column(metric, name): metrics[name][metric]
        for metric, name in FIRST_VALUES + OTHER_VALUES
    }
    row |= {
        f"{column('accuracy', name)}_{bound}": metrics[name][f"accuracy_{bound}"]
        for name, bound in product(TEST_SETS, ("low", "high"))
    }
    names = ("threshold_tuned", "collapsed", *more)
    return row | {name: metrics[name] for name in names}


def summarise(points, metrics, baseline_points, baselines, published):
    """Join the metrics with the grid and with the published values.

    Parameters
    ----------
    points : list of dict
        split_by, seed and the axes of each grid point, and `others`, what its folder's
        name has beside the named axes; in a study with several divisions of the
        classes also `unseen`.
    metrics : list of dict
        Content of each grid point's metrics.json, in the same order.
    baseline_points : list of dict
        split_by, seed (and unseen) of each file of baselines.
    baselines : list of list of dict
        Content of each of them, in the same order.
    published : pandas.DataFrame
        Columns size, l2, batch_size, epochs, published_a, published_b, published_joint;
        accuracies as fractions, empty where there is none.

    Returns
    -------
    pandas.DataFrame
        One row a grid point, then one a baseline; results/README.md and the end
        of summary.md have the columns.
    """
    divisions = [UNSEEN] if UNSEEN in points[0] else []
    more = ["threshold_unseen"] if divisions else []
    rows = [
        {**point, "method": TRAINED, **flatten(result, *more)}
        for point, result in zip(points, metrics, strict=True)
    ]
    rows += [
        {
            **point,
            "method": result["method"],
            "size": result["size"],
            **flatten(result, *more),
        }
        for point, results in zip(baseline_points, baselines, strict=True)
        for result in results
    ]
    of_report = {"split_by": "pairs", "method": TRAINED, "others": ""}
    of_report |= dict.fromkeys(divisions, "")
    published = published[[*NAMED, *PUBLISHED.values()]].assign(**of_report)
    keys = [*NAMED, *of_report]
    # Baselines have no others.
    table = pd.DataFrame(rows).merge(published, on=keys, how="left")
    table = table.drop(columns="others")
    axes = axes_in(table)
    table = table.astype({name: "Int64" for name in WHOLE_AXES if name in axes})
    first = [*axes, "seed", *(column(*value) for value in FIRST_VALUES)]
    first += [*PUBLISHED.values(), "method", "split_by", *divisions]
    return table[first + [name for name in table.columns if name not in first]]


def read_published(path):
    """The table of published accuracies; one without rows if there is no path."""
    if path:
        return pd.read_csv(path)
    types = {"size": object} | dict.fromkeys([*NAMED[1:], *PUBLISHED.values()], float)
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def main(snakemake, output):
    params = snakemake.params
    summary = summarise(
        params.points,
        [read_metrics(path) for path in snakemake.input.metrics],
        params.baseline_points,
        [read_baselines(path) for path in snakemake.input.baselines],
        read_published(snakemake.input.published),
    )
    summary.to_csv(output.table, index=False)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
