"""Rule plot_summary: accuracy on A and B over the axes that vary."""

import numpy as np

from siamese.axes import AXES, as_text
from siamese.figures import PALETTE, Figure, colormaps, draw_band, save, set_title
from siamese.job import logged
from siamese.metrics import METRICS, column
from siamese.tables import (
    PUBLISHED,
    Layout,
    baseline_means,
    finding,
    read_summary,
    trained_rows,
)

SETS = {"A": "trained classes", "B": "unseen classes"}
ACCURACY = METRICS["accuracy"]
WIDEST_LEGEND = 4
NARROWEST = 8
MOST_TICKS = 12


def draw_summary(summary, split_by):
    """One panel for each test set and each value of what `Layout` makes panels of.

    Points are means over seeds and over what the layout averages, thin bars their
    range, stars the published values, the band is that of the baselines.

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
    rows = trained_rows(summary, split_by)
    layout = Layout.of(rows)
    panels = layout.split(rows)
    places = {value: place for place, value in enumerate(in_order(rows[layout.x]))}
    lines = in_order(rows[layout.lines]) if layout.lines else [None]
    shifts = np.linspace(-0.12, 0.12, len(lines)) if len(lines) > 1 else [0]
    colours = line_colours(len(lines))
    width = max(3.1 * len(panels) + 1.2, NARROWEST)
    figure = Figure(figsize=(width, 6.4), layout="constrained")
    axes = figure.subplots(
        len(SETS), len(panels), sharex=True, sharey="row", squeeze=False
    )
    for row, (name, classes) in zip(axes, SETS.items(), strict=True):
        accuracies = dict(ACCURACY.scale * baselines[name])
        for axis, (label, panel) in zip(row, panels.items(), strict=True):
            for value, colour, shift in zip(lines, colours, shifts, strict=True):
                points = panel
                if value is not None:
                    points = panel[panel[layout.lines] == value]
                at = points[layout.x].map(places) + shift
                draw_line(axis, points.assign(at=at), name, colour)
            draw_band(axis, accuracies, name if axis is row[-1] else "")
            axis.set_title(label, fontsize=10)
            axis.grid(alpha=0.3)
        row[0].set_ylabel(f"Set {name} ({classes}), {ACCURACY.unit}")
    step = -(-len(places) // MOST_TICKS)
    texts = [as_text(value) for value in places]
    for axis in axes[-1]:
        axis.set_xlim(-0.5, len(places) - 0.5)
        axis.set_xticks(range(len(places))[::step], texts[::step])
        if max(map(len, texts)) > 8:
            axis.tick_params(axis="x", rotation=30)
        label = AXES[layout.x].label
        axis.set_xlabel(label[0].upper() + label[1:])
    words = AXES[layout.lines].words if layout.lines else str
    handles = [
        axes[0, 0].plot([], [], "o-", color=colour, label=label)[0]
        for label, colour in zip(map(words, lines), colours, strict=True)
        if layout.lines
    ]
    if rows[[*PUBLISHED.values()]].notna().any(axis=None):
        handles += axes[0, 0].plot(
            [], [], "k*", ms=11, mfc="none", label="published value"
        )
    band = {"color": "0.5", "alpha": 0.2, "lw": 0}
    handles.append(axes[0, 0].fill_between([], [], label="untrained baselines", **band))
    columns = min(len(handles), len(panels) + 1, WIDEST_LEGEND)
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, fontsize=9
    )
    set_title(
        figure,
        "Same class or not: accuracy on test pairs, "
        f"{name_mean(rows['seed'].nunique(), layout.averaged)}\n{message}",
    )
    return figure


def in_order(values):
    """The different values of an axis: numbers rising, texts as the study has them."""
    found = list(dict.fromkeys(values))
    return found if isinstance(found[0], str) else sorted(found)


def line_colours(n):
    """As many colours: of the palette, or of a scale where those are too few."""
    if n <= len(PALETTE):
        return PALETTE[:n]
    return list(colormaps["viridis"](np.linspace(0, 0.9, n)))


def name_mean(seeds, averaged):
    """What a point is the mean of, in words."""
    of = [f"{seeds} seeds"] * (seeds > 1) + [AXES[name].label for name in averaged]
    return f"mean and range over {', '.join(of)}" if of else "one seed"


def draw_line(axis, points, name, colour):
    """One line of a panel, with the published values in the same colour.

    `points` has the horizontal place of each run in the column `at`.
    """
    accuracy, published = column("accuracy", name), column("published", name)
    points = points.assign(
        **{key: ACCURACY.scale * points[key] for key in (accuracy, published)}
    )
    values = points.groupby("at")[accuracy].agg(["mean", "min", "max"])
    spread = [values["mean"] - values["min"], values["max"] - values["mean"]]
    axis.errorbar(
        values.index, values["mean"], spread, color=colour, marker="o", elinewidth=1
    )
    stars = points.dropna(subset=published)
    axis.plot(
        stars["at"],
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
    save(figure, output.png, output.svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
