"""The style, the title and the band of baselines that figures share."""

import textwrap

import matplotlib
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler

# Colours that colour-blind readers tell apart: those of Okabe and Ito (2008), "Color
# universal design", without black and yellow. Matplotlib calls them C0 to C5.
PALETTE = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
STYLE = {"axes.prop_cycle": cycler(color=PALETTE), "svg.hashsalt": "siamese"}
TITLE_POINTS = 11
# At that size.
CHARACTERS_PER_INCH = 12


def new_figure(width, height, layout="constrained"):
    """An empty figure, in inches, that no matplotlibrc of the user changes."""
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(STYLE)
    return Figure(figsize=(width, height), layout=layout)


def save(figure, png, svg):
    """Write a figure as PNG and as SVG; the same figure gives the same bytes."""
    figure.savefig(png, dpi=120)
    figure.savefig(svg, metadata={"Date": None})


def set_title(figure, text):
    """Put a title above a figure, each line of the text broken to its width."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
    lines = [textwrap.fill(line, width) for line in text.split("\n")]
    figure.suptitle("\n".join(lines), fontsize=TITLE_POINTS)


def short(name, most=12):
    """A class name of at most so many characters: longer ones overlap in figures."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def draw_band(axis, accuracies, test_set="B"):
    """Draw the range of the baselines as a band, and name the best on a test set.

    `accuracies` has them by name, in the unit of the axis; none is named for ''.
    """
    best = max(accuracies, key=accuracies.get)
    high = accuracies[best]
    axis.axhspan(min(accuracies.values()), high, color="0.5", alpha=0.2, lw=0)
    axis.axhline(high, color="0.4", lw=1)
    if test_set:
        box = {"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 1}
        style = {"va": "top", "fontsize": 8, "color": "0.3", "zorder": 3, "bbox": box}
        style |= {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        text = f"baselines on {test_set}, best: {best}, {high:.1f}"
        axis.annotate(text, (0.02, high), (0, -2), **style)
