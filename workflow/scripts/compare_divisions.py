"""Rule compare_divisions: settings and baselines over divisions of the classes."""

from siamese.data.stored import read_table, write_text
from siamese.report.templates import markdown_text, render
from siamese.stats import divisions
from siamese.stats.intervals import mean_interval
from siamese.stats.metrics import METRICS
from siamese.stats.tables import TEXT_AXES, interval_of, own_division, read_runs
from siamese.study.columns import TEST_SETS, TRAINED, column

ACCURACY = METRICS["accuracy"]
SHOWN = {
    "B": "accuracy_b",
    "less the first setting": "accuracy_b_less_first",
    "less the best baseline": "accuracy_b_less_baseline",
    "B, posed": "accuracy_b_posed",
    "posed, less the best baseline": "accuracy_b_posed_less_baseline",
    "AUC on B": "auc_b",
    "equal error rate on B": "eer_b",
    **{name: column("accuracy", name) for name in TEST_SETS if name != "B"},
}


def result_cells(row, metric):
    """The cells of a setting or baseline; `row` is a row of divisions.csv."""
    name, score = markdown_text(row["name"]), f"{column(metric.name, 'B')}_development"
    cells = {"setting or *baseline*": name if row["method"] == TRAINED else f"*{name}*"}
    shown = {k: v for k, v in SHOWN.items() if v in row or f"{v}_mean" in row}
    cells |= {label: interval_of(row, key) for label, key in shown.items()}
    cells["B, own division"] = ACCURACY.text(row["accuracy_b_own"])
    if score in row:
        cells[f"{metric.label} in development"] = metric.text(row[score])
    return cells


def division_rows(means, metric, names):
    """The accuracies of some names in each division, and the metric of all settings."""
    accuracies = divisions.by_division(means, "accuracy_b").loc[names]
    trained = means[means["method"] == TRAINED]
    scores = divisions.by_division(trained, column(metric.name, "B"))
    scores = scores.agg(["mean", "min", "max"])
    label = metric.label
    return [
        {"unseen classes": unseen}
        | {markdown_text(k): ACCURACY.text(v) for k, v in accuracies[unseen].items()}
        | {f"{label}: {k}": metric.text(v) for k, v in scores[unseen].items()}
        for unseen in accuracies
    ]


def divisions_text(runs, table, metric, own):
    """The comparison for people: `runs` are from `named_runs`, `table` has the columns
    of divisions.csv, `own` the unseen classes of the study's own division.
    """
    means, ranking = divisions.division_means(runs), METRICS[metric]
    trained = table[table["method"] == TRAINED]
    first, baseline = divisions.reference_names(means, metric)
    accuracies = trained.set_index("name")["accuracy_b_own"]
    best, best_by_b = accuracies.index[0], accuracies.idxmax()
    compared = list(dict.fromkeys([best, first, baseline]))
    on_b = own_division(runs).set_index("name")["accuracy_b"]
    score = f"{column(metric, 'B')}_development"
    return render(
        "divisions.md.j2",
        n_settings=len(trained),
        n_baselines=len(table) - len(trained),
        n_divisions=int(table["n"].max()),
        n_in_development=int(trained[score].count()) if score in table else None,
        metric=ranking,
        first=first,
        baseline=baseline,
        own="-".join(map(str, sorted(own))),
        results=[result_cells(row, ranking) for row in table.to_dict("records")],
        divisions=division_rows(means, ranking, compared),
        choices=[(name, mean_interval(on_b[[name]])) for name in (best, best_by_b)],
        optimism=accuracies[best_by_b] - accuracies[best],
        correlations=divisions.correlations(table, metric),
    )


def main(snakemake):
    params, path = snakemake.params, snakemake.input.development
    runs = divisions.named_runs(read_runs(snakemake.input.table), params.split_by)
    table = divisions.describe_divisions(divisions.division_means(runs), params.metric)
    if path:
        numbers = [f"{column(params.metric, 'B')}_mean"]
        other = read_table(path, numbers, ["name", "method"], TEXT_AXES)
        table = divisions.with_development(table, other, params.metric, params.sizes)
    table.to_csv(snakemake.output.table, index=False)
    text = divisions_text(runs, table, params.metric, params.own)
    write_text(snakemake.output.text, text)
