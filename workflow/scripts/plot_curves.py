"""Rule plot_curves: accuracy and loss by epoch of one grid point."""

from matplotlib.ticker import MaxNLocator

from siamese.data.stored import read_history, read_json
from siamese.report.figures import draw_band, new_figure, save, set_title
from siamese.stats.metrics import METRICS, name_baseline

ACCURACY = METRICS["accuracy"]
# The column of history.csv and its scale, by the label of its panel.
PANELS = {ACCURACY.axis(): ("accuracy", ACCURACY.scale), "Loss": ("loss", 1)}
SETS = {"A": "set A", "B": "set B", "joint": "joint"}


def draw_curves(history, metrics, baselines, title):
    """Figure of accuracy and loss by epoch, with the test accuracies at the last.

    `history` has the rows of history.csv as dicts, `metrics` the content of
    metrics.json, and `baselines` accuracies on B by the baselines' names.
    """
    figure = new_figure(11, 4)
    epochs = [int(row["epoch"]) for row in history]
    axes = figure.subplots(1, len(PANELS))
    for axis, (label, (name, scale)) in zip(axes, PANELS.items(), strict=True):
        for column, pairs in ((name, "training"), (f"val_{name}", "validation")):
            values = [scale * float(row[column]) for row in history]
            axis.plot(epochs, values, marker="o", label=pairs)
        axis.set(xlabel="Epoch", ylabel=label)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
    for name, marker in (("A", "^"), ("B", "v")):
        value = ACCURACY.scale * metrics[name]["accuracy"]
        axes[0].plot(epochs[-1], value, f"k{marker}", label=f"test pairs of {name}")
    draw_band(axes[0], {k: ACCURACY.scale * v for k, v in baselines.items()})
    labels = axes[0].get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=4)
    accuracies = [f"{text} {metrics[k]['accuracy']:.2%}" for k, text in SETS.items()]
    note = "; collapsed: all pairs have the same distance" * metrics["collapsed"]
    set_title(figure, f"{title}\nTest accuracy: {', '.join(accuracies)}{note}")
    return figure


def main(snakemake):
    paths, wildcards = snakemake.input, snakemake.wildcards
    baselines = {
        name_baseline(baseline["method"], baseline["size"]): baseline["B"]["accuracy"]
        for baseline in read_json(paths.baselines)
    }
    history, metrics = read_history(paths.history), read_json(paths.metrics)
    parts = snakemake.params.title, f"seed {wildcards.seed}", wildcards.protocol
    title = ", ".join(part.strip("/") for part in parts if part)
    figure = draw_curves(history, metrics, baselines, title)
    save(figure, snakemake.output.png, snakemake.output.svg)
