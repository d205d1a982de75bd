"""Rule plot_divisions: accuracy on B of settings and baselines in each division."""

from siamese.report.figures import new_figure, save, set_title
from siamese.stats.divisions import by_division, division_means, named_runs, ranked
from siamese.stats.intervals import mean_interval
from siamese.stats.metrics import METRICS
from siamese.stats.tables import own_division, read_runs
from siamese.study.columns import TRAINED, UNSEEN, column

# A figure of more rows cannot be read.
MOST_SETTINGS = 25
COLOURS = {True: "C0", False: "0.35"}


def draw_divisions(means, metric):
    """Figure of `division_means`: a row a name, the best on B by a metric on top."""
    trained = set(means.loc[means["method"] == TRAINED, "name"])
    names = ranked(means, metric)
    settings = [name for name in names if name in trained][:MOST_SETTINGS]
    names = [name for name in names if name in settings or name not in trained]
    shown = list(dict.fromkeys((metric, "accuracy")))
    figure = new_figure(5 + 4 * len(shown), 0.34 * len(names) + 1.8)
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axis, each in zip(axes, shown, strict=True):
        draw_metric(axis, means, METRICS[each], names, trained)
    axis, handles = axes[0], []
    axis.set_yticks(range(len(names)), names, parse_math=False)
    axis.set_ylim(len(names) - 0.5, -0.5)
    for kind, label in ((True, "trained setting"), (False, "baseline")):
        handles += axis.plot([], [], "o-", lw=3, color=COLOURS[kind], label=label)
    handles += axis.plot([], [], "|", color="0.35", ms=9, label="one division")
    handles += axis.plot([], [], "k*", ms=9, mfc="none", label="the study's own")
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    n = means[UNSEEN].nunique() - 1
    over = f"{n} divisions of the classes and 95 % interval"
    set_title(figure, f"Classes never seen: mean over {over}")
    return figure


def draw_metric(axis, means, metric, names, trained):
    """One panel: a metric on B in each division, its mean and interval."""
    on_b = column(metric.name, "B")
    values = metric.scale * by_division(means, on_b)
    own = metric.scale * own_division(means).set_index("name")[on_b]
    for y, name in enumerate(names):
        row, colour = values.loc[name], COLOURS[name in trained]
        interval = mean_interval(row)
        axis.plot(row, [y] * len(row), "|", color=colour, ms=9, alpha=0.5)
        axis.plot([interval["low"], interval["high"]], [y, y], color=colour, lw=3)
        axis.plot(interval["mean"], y, "o", color=colour)
        axis.plot(own[name], y, "k*", ms=9, mfc="none")
    axis.set_xlabel(metric.axis(" on B"))
    axis.grid(alpha=0.3, axis="x")


def main(snakemake):
    runs = named_runs(read_runs(snakemake.input.table), snakemake.params.split_by)
    figure = draw_divisions(division_means(runs), snakemake.params.metric)
    save(figure, snakemake.output.png, snakemake.output.svg)
