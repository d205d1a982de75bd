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
    from matplotlib import colormaps, rcsetup
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

__all__ = [
    "PALETTE",
    "Figure",
    "MaxNLocator",
    "colormaps",
    "draw_band",
    "draw_baselines",
    "save_vectors",
]

# Which colour-blind readers tell apart; of Okabe and Ito (2008), "Color universal
# design", without black and yellow. Matplotlib's names of them are C0 to C5.
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
matplotlib.rcParams["axes.prop_cycle"] = rcsetup.cycler(color=PALETTE)
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


def draw_band(axis, accuracies):
    """What the baselines have, from the worst to the best, which is named.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    accuracies : dict of str to float
        By the baselines' names, in the unit of the axis.
    """
    best = max(accuracies, key=accuracies.get)
    high = accuracies[best]
    axis.axhspan(min(accuracies.values()), high, color="0.5", alpha=0.2, lw=0)
    axis.axhline(high, color="0.4", lw=1)
    axis.annotate(
        f"baselines on B, best: {best}, {high:.1f}",
        (0.02, high),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        fontsize=8,
        color="0.3",
    )
