"""Rule plot_choice: what settings have on B over what they have inside A."""

from siamese.figures import Figure, draw_band, save
from siamese.job import logged
from siamese.metrics import METRICS
from siamese.stored import read_table
from siamese.tables import TEXT_AXES, Layout, baseline_means, read_summary


def draw_choice(table, metric, baselines):
    """Accuracy on B over the score inside A, a point a setting.

    Parameters
    ----------
    table : pandas.DataFrame
        From `rank_settings`, the best score first.
    metric : str
        That the score is of.
    baselines : pandas.Series
        Accuracies on B by the baselines' names.

    Returns
    -------
    matplotlib.figure.Figure
    """
    accuracy, metric = METRICS["accuracy"], METRICS[metric]
    scores = metric.scale * table["score"]
    accuracies = accuracy.scale * table["accuracy_b"]
    figure = Figure(figsize=(8.5, 5), layout="constrained")
    axis = figure.subplots()
    for name, part in Layout.of(table).split(table).items():
        axis.scatter(scores[part.index], accuracies[part.index], label=name)
    draw_band(axis, dict(accuracy.scale * baselines))
    marks = {
        "chosen inside A": (table.index[0], "ko"),
        "chosen by B": (accuracies.idxmax(), "ks"),
    }
    for label, (best, style) in marks.items():
        axis.plot(scores[best], accuracies[best], style, ms=13, mfc="none", label=label)
    axis.set(
        title="Does validation inside A predict the unseen classes?",
        xlabel=metric.axis(" on left-out classes of A, mean over folds"),
        ylabel=accuracy.axis(" on B"),
    )
    axis.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=8, markerscale=0.7)
    return figure


def main(snakemake, output):
    params = snakemake.params
    table = read_table(snakemake.input.choice, ["score", "accuracy_b"], names=TEXT_AXES)
    baselines = baseline_means(read_summary(snakemake.input.table), params.split_by)
    figure = draw_choice(table, params.metric, baselines)
    save(figure, output.png, output.svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
