"""Rule summarise: a row a run of a grid point or baseline, beside published values."""

from itertools import product

import pandas as pd

from siamese.data.stored import read_json
from siamese.stats.metrics import METRICS
from siamese.stats.tables import with_axis_types
from siamese.study.axes import MAIN_AXES, axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, TRAINED, UNSEEN, column
from siamese.study.poses import MODERATE

# On the sets of the published report these stand first, before its values.
FIRST = ("accuracy", "loss", "auc")


def row_of(metrics, names):
    """The metrics of one run in the order of the summary; `names` stand last."""
    columns = [*product(dict.fromkeys([*FIRST, *METRICS]), TEST_SETS)]
    values = {column(name, of): metrics[of][name] for name, of in columns}
    for of, end in product(TEST_SETS, ("low", "high")):
        values[f"{column('accuracy', of)}_{end}"] = metrics[of][f"accuracy_{end}"]
    if moderate := metrics.get("poses", {}).get(MODERATE):
        values |= {
            column(*key, posed=True): moderate[key[1]][key[0]] for key in columns
        }
    return values | {name: metrics[name] for name in names}


def runs_of(points, metrics, baseline_points, baselines):
    """Yield what a row says of its run, and the run's metrics; see `summarise`."""
    for point, each in zip(points, metrics, strict=True):
        yield point | {"method": TRAINED}, each
    for point, of_point in zip(baseline_points, baselines, strict=True):
        for each in of_point:
            yield point | {key: each[key] for key in ("method", "size")}, each


def poses_table(runs):
    """The content of poses.csv: a row a run and pose, for `runs` from `runs_of`.

    `example` is whether the pair that figures show is called 'same'.
    """
    rows = [
        {name: value for name, value in run.items() if name != "further"}
        | {"pose": pose, "example": values.get("example")}
        | {column(name, of): values[of][name] for name in METRICS for of in TEST_SETS}
        for run, metrics in runs
        for pose, values in metrics["poses"].items()
    ]
    return with_axis_types(pd.DataFrame(rows))


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
    runs = runs_of(points, metrics, baseline_points, baselines)
    rows = [run | row_of(each, last) for run, each in runs]
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
    runs = (
        params.points,
        [read_json(path) for path in paths.metrics],
        params.baseline_points,
        [read_json(path) for path in paths.baselines],
    )
    columns = [*MAIN_AXES, *PUBLISHED.values()]
    summary = summarise(*runs, pd.DataFrame(params.published, columns=columns))
    summary.to_csv(snakemake.output.table, index=False)
    if path := snakemake.output.get("poses"):
        poses_table(runs_of(*runs)).to_csv(path, index=False)
