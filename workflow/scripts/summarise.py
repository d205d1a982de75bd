"""Rule summarise: a row a run of a grid point or baseline, beside published values."""

from itertools import product

import pandas as pd

from siamese.data.stored import read_json
from siamese.stats.metrics import METRICS
from siamese.stats.tables import with_axis_types
from siamese.study.axes import MAIN_AXES, axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, TRAINED, UNSEEN, column

# On the sets of the published report these stand first, before its values.
FIRST = ("accuracy", "loss", "auc")


def row_of(metrics, names):
    """The metrics of one run in the order of the summary; `names` stand last."""
    columns = [*product(dict.fromkeys([*FIRST, *METRICS]), TEST_SETS)]
    values = {column(name, of): metrics[of][name] for name, of in columns}
    for of, end in product(TEST_SETS, ("low", "high")):
        values[f"{column('accuracy', of)}_{end}"] = metrics[of][f"accuracy_{end}"]
    return values | {name: metrics[name] for name in names}


def summarise(points, metrics, baseline_points, baselines, published):
    """The content of summary.csv: one row a grid point, then one a baseline.

    `points` are dicts with split_by, seed, the axes (None where the network does not
    use one), and `further`, which is '' for the report's values of further axes; with
    several divisions of the classes also `unseen`. `baseline_points` are without axes;
    `metrics` and `baselines` have the content of metrics.json. `published` has the main
    axes, published_a, published_b and published_joint, accuracies as shares.
    """
    divisions = [UNSEEN] if UNSEEN in points[0] else []
    last = ["threshold_tuned", "collapsed", *(["threshold_unseen"] * len(divisions))]
    rows = [
        {**point, "method": TRAINED, **row_of(each, last)}
        for point, each in zip(points, metrics, strict=True)
    ]
    rows += [
        {**point, "method": each["method"], "size": each["size"], **row_of(each, last)}
        for point, of_point in zip(baseline_points, baselines, strict=True)
        for each in of_point
    ]
    report = {"split_by": "pairs", "method": TRAINED, "further": ""}
    report |= dict.fromkeys(divisions, "")
    published = published[[*MAIN_AXES, *PUBLISHED.values()]].assign(**report)
    table = with_axis_types(pd.DataFrame(rows)).merge(
        with_axis_types(published), on=[*MAIN_AXES, *report], how="left"
    )
    first = [*axes_in(table), "seed"]
    first += [column(*pair) for pair in product(FIRST, PUBLISHED)]
    first += [*PUBLISHED.values(), "method", "split_by", *divisions]
    return table[first + [name for name in table if name not in (*first, "further")]]


def main(snakemake):
    params, paths = snakemake.params, snakemake.input
    summary = summarise(
        params.points,
        [read_json(path) for path in paths.metrics],
        params.baseline_points,
        [read_json(path) for path in paths.baselines],
        pd.DataFrame(params.published, columns=[*MAIN_AXES, *PUBLISHED.values()]),
    )
    summary.to_csv(snakemake.output.table, index=False)
