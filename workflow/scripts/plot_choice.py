"""Rule plot_choice: what settings have on B over what they have inside A."""

from matplotlib.figure import Figure

from siamese.figures import draw_baselines
from siamese.job import logged
from siamese.tables import METRIC_NAMES, baseline_means, read_table


def draw_choice(table, metric, baselines):
    """Accuracy on B over the score inside A, a point a setting."""
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axis = figure.subplots()
    for number, ((size, l2), arm) in enumerate(table.groupby(["size", "l2"])):
        penalty = f"L2 {l2:g}" if l2 else "no L2"
        axis.scatter(
            arm["score"],
            100 * arm["accuracy_b"],
            c=f"C{number}",
            label=f"{size}, {penalty}",
        )
    draw_baselines(axis, 100 * baselines)
    marks = (
        (table["score"].idxmax(), "o", "chosen inside A"),
        (table["accuracy_b"].idxmax(), "s", "chosen by B"),
    )
    for index, marker, label in marks:
        axis.plot(
            table.loc[index, "score"],
            100 * table.loc[index, "accuracy_b"],
            f"k{marker}",
            ms=13,
            mfc="none",
            label=label,
        )
    axis.set(
        title="Does validation inside A predict the unseen classes?",
        xlabel=f"Mean {METRIC_NAMES[metric]} on left-out classes of A",
        ylabel="Accuracy on B, %",
    )
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, markerscale=0.7)
    return figure


def main(snakemake):
    params = snakemake.params
    table = read_table(snakemake.input.choice)
    baselines = baseline_means(read_table(snakemake.input.table), params.split_by)
    figure = draw_choice(table, params.metric, baselines)
    figure.savefig(snakemake.output[0], dpi=110)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
