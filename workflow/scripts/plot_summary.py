"""Rule plot_summary: accuracy on A and B over batch size and epochs."""

import numpy as np

from siamese.figures import Figure, draw_baselines, save_vectors
from siamese.job import logged
from siamese.metrics import METRICS, column
from siamese.tables import (
    baseline_means,
    finding,
    name_arm,
    read_summary,
    trained_rows,
)

SETS = {"A": "trained classes", "B": "unseen classes"}
ACCURACY = METRICS["accuracy"]
WIDEST_LEGEND = 4
NARROWEST = 7.5


def draw_summary(summary, split_by):
    """One panel for each test set, network size and L2 penalty.

    Lines are batch sizes, points the mean over seeds, thin bars their range,
    stars the published values, level lines the baselines.

    Parameters
    ----------
    summary : pandas.DataFrame
        Content of summary.csv.
    split_by : str
        Of the rows to draw.

    Returns
    -------
    matplotlib.figure.Figure
    """
    message = finding(summary, split_by)
    baselines = {
        name: baseline_means(summary, split_by, column("accuracy", name))
        for name in SETS
    }
    order = baselines["B"].index
    summary = trained_rows(summary, split_by)
    arms = list(summary.groupby(["size", "l2"], sort=False).groups)
    batch_sizes = sorted(summary["batch_size"].unique())
    shifts = np.linspace(-0.12, 0.12, len(batch_sizes)) if len(batch_sizes) > 1 else [0]
    width = max(3.1 * len(arms) + 1.2, NARROWEST)
    figure = Figure(figsize=(width, 6.4), layout="constrained")
    axes = figure.subplots(
        len(SETS), len(arms), sharex=True, sharey="row", squeeze=False
    )
    for row, (name, title) in zip(axes, SETS.items(), strict=True):
        for axis, (size, l2) in zip(row, arms, strict=True):
            arm = summary[(summary["size"] == size) & (summary["l2"] == l2)]
            for number, batch_size in enumerate(batch_sizes):
                points = arm[arm["batch_size"] == batch_size]
                draw_batch_size(axis, points, name, f"C{number}", shifts[number])
            draw_baselines(axis, ACCURACY.scale * baselines[name][order])
            axis.set_title(name_arm(size, l2), fontsize=10)
            axis.set_xticks(sorted(summary["epochs"].unique()))
            axis.grid(alpha=0.3)
        row[0].set_ylabel(f"Set {name} ({title}), {ACCURACY.unit}")
    for axis in axes[-1]:
        axis.set_xlabel("Epochs")
    handles = [
        axes[0, 0].plot([], [], f"C{n}o-", label=f"batch size {size}")[0]
        for n, size in enumerate(batch_sizes)
    ]
    handles += axes[0, 0].plot([], [], "k*", ms=11, mfc="none", label="published value")
    handles += axes[-1, 0].get_lines()[-len(order) :]
    columns = min(len(arms) + 1, WIDEST_LEGEND)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, fontsize=9
    )
    seeds = summary["seed"].nunique()
    figure.suptitle(
        "Same class or not: accuracy on test pairs, "
        + ("one seed" if seeds == 1 else f"mean and range of {seeds} seeds")
        + f"\n{message}"
    )
    return figure


def draw_batch_size(axis, points, name, colour, shift):
    """One line of a panel, with the published values in the same colour."""
    accuracy, published = column("accuracy", name), column("published", name)
    points = points.assign(
        **{key: ACCURACY.scale * points[key] for key in (accuracy, published)}
    )
    values = points.groupby("epochs")[accuracy].agg(["mean", "min", "max"])
    spread = [values["mean"] - values["min"], values["max"] - values["mean"]]
    epochs = values.index + shift
    axis.errorbar(
        epochs, values["mean"], spread, color=colour, marker="o", elinewidth=1
    )
    stars = points.dropna(subset=published)
    axis.plot(
        stars["epochs"] + shift,
        stars[published],
        color=colour,
        marker="*",
        ms=13,
        mfc="none",
        ls="none",
    )


def main(snakemake, output):
    summary = read_summary(snakemake.input.table)
    figure = draw_summary(summary, snakemake.params.split_by)
    figure.savefig(output.png, dpi=120)
    save_vectors(figure, output.svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
