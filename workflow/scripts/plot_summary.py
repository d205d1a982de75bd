"""Rule plot_summary: accuracy on A and B over the axes that vary."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import colormaps

from siamese.report.best import or_none
from siamese.report.figures import PALETTE, draw_band, new_figure, save, set_title
from siamese.stats.metrics import METRICS
from siamese.stats.tables import baseline_means, finding, read_summary, trained_rows
from siamese.study.axes import AXES, as_text, axes_in, name_setting
from siamese.study.columns import PUBLISHED, column

SETS = {"A": "trained classes", "B": "unseen classes"}
ACCURACY = METRICS["accuracy"]
MOST_PANELS = 8
MOST_TICKS = 12
# Lines stand beside each other so that their bars do not overlap.
SHIFT = 0.12


class Layout(NamedTuple):
    """How the figure shows the axes that vary, in the order of the registry.

    `x` is the epochs if they vary, else the numbers with the most values, else the
    first axis. `lines` is the batch size, else the first that is left. `panels` are as
    many of the next two as make at most MOST_PANELS. The rest is averaged.
    """

    x: str
    lines: str | None
    panels: list
    averaged: list


def choose_layout(rows):
    """The layout for a table with a column an axis and a row a run."""
    values = {name: rows[name].nunique() for name in axes_in(rows)}
    left = [name for name, n in values.items() if n > 1] or ["epochs"]
    numbers = [name for name in left if AXES[name].kind is not str]
    x = max(numbers or left[:1], key=lambda name: (name == "epochs", values[name]))
    left.remove(x)
    lines = "batch_size" if "batch_size" in left else next(iter(left), None)
    left = [name for name in left if name != lines]
    panels = left[:2]
    while math.prod(values[name] for name in panels) > MOST_PANELS:
        panels.pop()
    return Layout(x, lines, panels, [name for name in left if name not in panels])


def split_rows(rows, panels):
    """The rows of each panel by its title, which for one is what all share."""
    shared = [n for n in ("size", "l2") if rows[n].nunique(dropna=False) == 1]
    if not (keys := panels or shared):
        return {"": rows}
    return {
        name_setting(dict(zip(keys, values, strict=True))): part
        for values, part in rows.groupby(keys, sort=False, dropna=False)
    }


def draw_summary(summary, split_by):
    """Figure of the runs with one way of splitting A, in panels as `Layout` says.

    Points are means over seeds and over what the layout averages, thin bars their
    range, stars the published values, the band the range of the baselines.
    """
    rows = trained_rows(summary, split_by)
    layout = choose_layout(rows)
    panels = split_rows(rows, layout.panels)
    ticks = in_order(rows[layout.x])
    lines = in_order(rows[layout.lines]) if layout.lines else [None]
    figure = new_figure(max(3.1 * len(panels) + 1.2, 8), 6.4)
    axes = figure.subplots(
        len(SETS), len(panels), sharex=True, sharey="row", squeeze=False
    )
    for row, (name, classes) in zip(axes, SETS.items(), strict=True):
        means = baseline_means(summary, split_by, column("accuracy", name))
        for axis, (title, panel) in zip(row, panels.items(), strict=True):
            draw_panel(axis, panel, layout, ticks, lines, name)
            named = name if axis is row[-1] else ""
            draw_band(axis, dict(ACCURACY.scale * means), named)
            axis.set_title(title, fontsize=10)
            axis.grid(alpha=0.3)
        row[0].set_ylabel(f"Set {name} ({classes}), {ACCURACY.unit}")
    for axis in axes[-1]:
        label_ticks(axis, layout.x, ticks)
    handles = legend_handles(axes[0, 0], rows, layout.lines, lines)
    place = {"loc": "outside lower center", "fontsize": 9}
    figure.legend(handles=handles, ncols=min(len(handles), len(panels) + 1, 4), **place)
    seeds = rows["seed"].nunique()
    over = [f"{seeds} seeds"] * (seeds > 1) + [AXES[n].label for n in layout.averaged]
    mean = f"mean and range over {', '.join(over)}" if over else "one seed"
    title = f"Same class or not: accuracy on test pairs, {mean}"
    set_title(figure, f"{title}\n{finding(summary, split_by)}")
    return figure


def in_order(values):
    """The different values of a column, numbers rising; None for empty cells, last."""
    used = values.dropna().drop_duplicates()
    used = used if used.dtype == object else used.sort_values()
    return [*map(or_none, used), *([None] if values.hasnans else [])]


def line_colours(n):
    """Colours for n lines: from the palette, or from a scale if it has too few."""
    if n <= len(PALETTE):
        return PALETTE[:n]
    return list(colormaps["viridis"](np.linspace(0, 0.9, n)))


def draw_panel(axis, panel, layout, ticks, lines, test_set):
    """Draw a line for each of `lines`, each value of `layout.x` at its tick."""
    shifts = np.linspace(-SHIFT, SHIFT, len(lines)) if len(lines) > 1 else [0]
    colours = line_colours(len(lines))
    for value, colour, shift in zip(lines, colours, shifts, strict=True):
        points = panel
        if layout.lines:
            points = panel[[or_none(each) == value for each in panel[layout.lines]]]
        at = [ticks.index(or_none(x)) + shift for x in points[layout.x]]
        at = pd.Series(at, points.index, dtype=float)
        accuracy = ACCURACY.scale * points[column("accuracy", test_set)]
        values = accuracy.groupby(at).agg(["mean", "min", "max"])
        spread = [values["mean"] - values["min"], values["max"] - values["mean"]]
        style = {"color": colour, "marker": "o", "elinewidth": 1}
        axis.errorbar(values.index, values["mean"], spread, **style)
        published = ACCURACY.scale * points[column("published", test_set)].dropna()
        axis.plot(at[published.index], published, "*", color=colour, ms=13, mfc="none")


def label_ticks(axis, name, ticks):
    """Label the horizontal axis, at most MOST_TICKS of its ticks."""
    step = -(-len(ticks) // MOST_TICKS)
    texts = ["not used" if value is None else as_text(value) for value in ticks]
    axis.set_xlim(-0.5, len(ticks) - 0.5)
    axis.set_xticks(range(len(ticks))[::step], texts[::step])
    if max(map(len, texts)) > 8:
        axis.tick_params(axis="x", rotation=30)
    label = AXES[name].label
    axis.set_xlabel(label[0].upper() + label[1:])


def legend_handles(axis, rows, name, lines):
    """The handles of the legend: lines, published values if there are any, the band."""
    handles = []
    if name:
        unused = f"{AXES[name].label} not used"
        for value, colour in zip(lines, line_colours(len(lines)), strict=True):
            label = unused if value is None else AXES[name].words(value)
            handles += axis.plot([], [], "o-", color=colour, label=label)
    if rows[[*PUBLISHED.values()]].notna().any(axis=None):
        handles += axis.plot([], [], "k*", ms=11, mfc="none", label="published value")
    band = {"color": "0.5", "alpha": 0.2, "lw": 0}
    return [*handles, axis.fill_between([], [], label="untrained baselines", **band)]


def main(snakemake):
    summary = read_summary(snakemake.input.table)
    figure = draw_summary(summary, snakemake.params.split_by)
    save(figure, snakemake.output.png, snakemake.output.svg)
