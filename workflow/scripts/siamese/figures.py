"""What figures draw and save alike, and the names of Matplotlib that they use.

Matplotlib is imported here alone, so that nobody's settings count: it reads
./matplotlibrc before any other, and takes from a cache which file has which font.
"""

import contextlib
import os
from pathlib import Path

os.environ["MPLCONFIGDIR"] = os.path.abspath(".snakemake/matplotlib")
with contextlib.chdir(Path(__file__).parent):
    import matplotlib
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

__all__ = ["Figure", "MaxNLocator", "colormaps", "draw_baselines", "save_vectors"]

# Colours that Matplotlib has names for, C0 to C9.
CYCLE = 10
STYLES = [
    (style, colour) for colour in ("k", "0.55") for style in ("--", ":", "-.", "-")
]


def save_vectors(figure, path):
    """Write an SVG file, of which the same figure gives the same bytes."""
    with matplotlib.rc_context({"svg.hashsalt": "siamese"}):
        figure.savefig(path, metadata={"Date": None})


def draw_baselines(axis, accuracies):
    """A horizontal line for each baseline, with a label for the legend.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    accuracies : dict or pandas.Series of float
        By the baselines' names, in the unit of the axis.
    """
    for number, (name, accuracy) in enumerate(accuracies.items()):
        style, colour = STYLES[number % len(STYLES)]
        axis.axhline(accuracy, ls=style, color=colour, lw=1, label=f"baseline: {name}")
