"""What figures draw and save alike, and the names of Matplotlib that they use.

Matplotlib is imported here alone, so that nobody's settings count: it reads
./matplotlibrc before any other, and takes from a cache which file has which font.
"""

import contextlib
import os
import textwrap
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
    "save",
    "set_title",
]

# Which colour-blind readers tell apart; of Okabe and Ito (2008), "Color universal
# design", without black and yellow. Matplotlib's names of them are C0 to C5.
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
matplotlib.rcParams["axes.prop_cycle"] = rcsetup.cycler(color=PALETTE)
# Of a title, so that it is no wider than its figure.
TITLE_POINTS = 11
CHARACTERS_PER_INCH = 12


def save(figure, png, svg):
    """Write a figure as PNG and as SVG; the same figure gives the same bytes."""
    figure.savefig(png, dpi=120)
    with matplotlib.rc_context({"svg.hashsalt": "siamese"}):
        figure.savefig(svg, metadata={"Date": None})


def set_title(figure, text):
    """A title above a figure, each line of the text broken to its width."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
    lines = [textwrap.fill(line, width) for line in text.split("\n")]
    figure.suptitle("\n".join(lines), fontsize=TITLE_POINTS)


def draw_band(axis, accuracies, test_set="B"):
    """What the baselines have, from the worst to the best, which is named.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
    accuracies : dict of str to float
        By the baselines' names, in the unit of the axis.
    test_set : str
        That they are on; with '' none is named.
    """
    best = max(accuracies, key=accuracies.get)
    high = accuracies[best]
    axis.axhspan(min(accuracies.values()), high, color="0.5", alpha=0.2, lw=0)
    axis.axhline(high, color="0.4", lw=1)
    if test_set:
        axis.annotate(
            f"baselines on {test_set}, best: {best}, {high:.1f}",
            (0.02, high),
            xycoords=("axes fraction", "data"),
            xytext=(0, -2),
            textcoords="offset points",
            va="top",
            fontsize=8,
            color="0.3",
            bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 1},
            zorder=3,
        )
