"""Rule curves: the report's training plot of one grid point."""

import csv
import json

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from siamese.job import logged

PANELS = {"Accuracy": ("accuracy", "val_accuracy"), "Loss": ("loss", "val_loss")}


def draw_curves(history, metrics, setting):
    """Accuracy and loss by epoch, the test accuracies and the setting in the title.

    Parameters
    ----------
    history : list of dict
        Rows of history.csv: epoch, loss, accuracy, val_loss, val_accuracy.
    metrics : dict
        Content of metrics.json.
    setting : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    epochs = [int(row["epoch"]) for row in history]
    for axis, (name, columns) in zip(
        figure.subplots(1, 2), PANELS.items(), strict=True
    ):
        for column, label in zip(columns, ("train", "validation"), strict=True):
            values = [float(row[column]) for row in history]
            axis.plot(epochs, values, marker="o", label=label)
        axis.set(xlabel="Epoch", ylabel=name)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(alpha=0.3)
        axis.legend()
    accuracies = ", ".join(
        f"{label} {metrics[key]['accuracy']:.2%}"
        for key, label in (("A", "set A"), ("B", "set B"), ("joint", "joint"))
    )
    figure.suptitle(f"{setting}\nTest accuracy: {accuracies}", fontsize=11)
    return figure


def main(snakemake):
    with open(snakemake.input.history, newline="", encoding="utf-8") as file:
        history = list(csv.DictReader(file))
    with open(snakemake.input.metrics, encoding="utf-8") as file:
        metrics = json.load(file)
    figure = draw_curves(history, metrics, snakemake.params.setting)
    figure.savefig(snakemake.output[0], dpi=100)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
