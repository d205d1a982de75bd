"""Rule plot_divisions: accuracy on B of settings and baselines in each division."""

from siamese.divisions import by_division, division_means, ranked
from siamese.figures import Figure, save, set_title
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.metrics import METRICS, column
from siamese.tables import TRAINED, UNSEEN, read_runs

# A figure of more rows cannot be read.
MOST_SETTINGS = 25
COLOURS = {True: "C0", False: "0.35"}


def draw_divisions(means, metric):
    """A row a setting or baseline, the best on B by a metric at the top.

    Parameters
    ----------
    means : pandas.DataFrame
        From `division_means`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    trained = set(means.loc[means["method"] == TRAINED, "name"])
    names = ranked(means, metric)
    settings = [name for name in names if name in trained][:MOST_SETTINGS]
    names = [name for name in names if name in settings or name not in trained]
    shown = list(dict.fromkeys((metric, "accuracy")))
    figure = Figure(
        figsize=(5 + 4 * len(shown), 0.34 * len(names) + 1.8), layout="constrained"
    )
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axis, each in zip(axes, shown, strict=True):
        draw_metric(axis, means, METRICS[each], names, trained)
    axis = axes[0]
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.set_ylim(len(names) - 0.5, -0.5)
    handles = [
        axis.plot([], [], "o-", lw=3, color=COLOURS[kind], label=label)[0]
        for kind, label in ((True, "trained setting"), (False, "baseline"))
    ]
    handles += axis.plot([], [], "|", color="0.35", ms=9, label="one division")
    handles += axis.plot([], [], "k*", ms=9, mfc="none", label="the study's own")
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    n = means.loc[means[UNSEEN] != "", UNSEEN].nunique()
    set_title(
        figure,
        f"Classes never seen: mean over {n} divisions of the classes and 95 % interval",
    )
    return figure


def draw_metric(axis, means, metric, names, trained):
    """One panel: a metric on B in each division, its mean and interval."""
    values = metric.scale * by_division(means, column(metric.name, "B"))
    own = means[means[UNSEEN] == ""].set_index("name")[column(metric.name, "B")]
    for y, name in enumerate(names):
        colour = COLOURS[name in trained]
        found = mean_interval(values.loc[name])
        axis.plot(
            values.loc[name], [y] * values.shape[1], "|", color=colour, ms=9, alpha=0.5
        )
        axis.plot([found["low"], found["high"]], [y, y], color=colour, lw=3)
        axis.plot(found["mean"], y, "o", color=colour)
        axis.plot(metric.scale * own[name], y, "k*", ms=9, mfc="none")
    axis.set_xlabel(metric.axis(" on B"))
    axis.grid(alpha=0.3, axis="x")


def main(snakemake, output):
    runs = read_runs(snakemake.input.table)
    means = division_means(runs, snakemake.params.split_by)
    figure = draw_divisions(means, snakemake.params.metric)
    save(figure, output.png, output.svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
