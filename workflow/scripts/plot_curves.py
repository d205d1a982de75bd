"""Rule plot_curves: accuracy and loss by epoch of one grid point."""

from siamese.figures import Figure, MaxNLocator, draw_band, save, set_title
from siamese.job import logged
from siamese.metrics import METRICS, name_baseline, read_baselines, read_metrics
from siamese.stored import read_history

ACCURACY = METRICS["accuracy"]
PANELS = {
    ACCURACY.axis(): ("accuracy", "val_accuracy", ACCURACY.scale),
    "Loss": ("loss", "val_loss", 1),
}


def draw_curves(history, metrics, baselines, setting):
    """Accuracy and loss by epoch, the test accuracies and the setting in the title.

    At the last epoch the accuracies on the test pairs of A and B, and as a band what
    the baselines have on B.

    Parameters
    ----------
    history : list of dict
        Rows of history.csv: epoch, loss, accuracy, val_loss, val_accuracy.
    metrics : dict
        Content of metrics.json.
    baselines : dict of str to float
        Accuracies on B by the baselines' names.
    setting : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(11, 4), layout="constrained")
    epochs = [int(row["epoch"]) for row in history]
    for axis, (name, (*columns, scale)) in zip(
        figure.subplots(1, 2), PANELS.items(), strict=True
    ):
        for column, label in zip(columns, ("training", "validation"), strict=True):
            values = [scale * float(row[column]) for row in history]
            axis.plot(epochs, values, marker="o", label=label)
        axis.set(xlabel="Epoch", ylabel=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
    accuracy = figure.axes[0]
    for name, marker in (("A", "^"), ("B", "v")):
        value = ACCURACY.scale * metrics[name]["accuracy"]
        accuracy.plot(epochs[-1], value, f"k{marker}", label=f"test pairs of {name}")
    draw_band(accuracy, {k: ACCURACY.scale * v for k, v in baselines.items()})
    figure.legend(
        *accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=4
    )
    accuracies = ", ".join(
        f"{label} {metrics[key]['accuracy']:.2%}"
        for key, label in (("A", "set A"), ("B", "set B"), ("joint", "joint"))
    )
    if metrics["collapsed"]:
        accuracies += "; collapsed: all pairs have the same distance"
    set_title(figure, f"{setting}\nTest accuracy: {accuracies}")
    return figure


def main(snakemake, output):
    history = read_history(snakemake.input.history)
    metrics = read_metrics(snakemake.input.metrics)
    baselines = {
        name_baseline(baseline["method"], baseline["size"]): baseline["B"]["accuracy"]
        for baseline in read_baselines(snakemake.input.baselines)
    }
    wildcards = snakemake.wildcards
    title = f"{snakemake.params.setting}, seed {wildcards.seed}"
    if wildcards.split:
        title += f", {wildcards.split.strip('/')}"
    figure = draw_curves(history, metrics, baselines, title)
    save(figure, output.png, output.svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
