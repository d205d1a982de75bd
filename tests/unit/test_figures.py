"""The figures of the summary and of training curves, and what all figures share."""

import math

import matplotlib
import pytest
from plot_curves import draw_curves
from plot_summary import choose_layout, draw_summary
from summaries import metrics_of, summary_of_networks, table_of

from siamese.data.stored import HISTORY
from siamese.report.figures import save
from siamese.stats.tables import trained_rows
from siamese.study.axes import AXES

# Somebody's ./matplotlibrc might say this.
OWN = {"font.size": 30, "lines.linewidth": 9, "savefig.dpi": 10, "svg.fonttype": "none"}
OWN |= {"axes.prop_cycle": matplotlib.cycler(color=["red"])}
FOUR = {
    "size": ["small", "large"],
    "l2": [0, 1],
    "batch_size": [1, 2],
    "epochs": [1, 2],
}
FIVE = {"size": ["small", "large"], "kernel_size": [1, 2, 3, 4, 5], "epochs": [1, 2]}
FIVE |= {"dense_width": [1, 2], "dropout": [0, 0.5]}


def curves():
    rows = [dict.fromkeys(HISTORY, 1) | {"epoch": n, "val_loss": 0.6} for n in (1, 2)]
    baselines = {"pixels": 0.72, "blurred pixels": 0.82, "PCA, small": 0.75}
    return draw_curves(rows, metrics_of(0.912, 0.8), baselines, "small, seed 0")


def tick_labels(axis):
    return [text.get_text() for text in axis.get_xticklabels()]


def test_no_setting_of_a_user_changes_the_bytes_of_a_figure(tmp_path):
    contents = []
    for settings in ({}, OWN):
        matplotlib.rcParams.update(settings)
        paths = tmp_path / "curves.png", tmp_path / "curves.svg"
        save(curves(), *paths)
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "lists, x, lines, panels, averaged",
    [
        ({}, "epochs", None, [], []),
        ({"head": ["unit", "softmax"]}, "head", None, [], []),
        (FOUR, "epochs", "batch_size", ["size", "l2"], []),
        (FIVE, "epochs", "size", ["kernel_size"], ["dense_width", "dropout"]),
    ],
)
def test_layout_of_the_summary_figure(lists, x, lines, panels, averaged):
    table = table_of(**lists)
    layout = choose_layout(trained_rows(table, "pairs"))
    assert layout == (x, lines, panels, averaged)
    figure = draw_summary(table, "pairs")
    assert len(figure.axes) == 2 * math.prod(len(lists[name]) for name in panels)
    assert all(AXES[name].label in figure.get_suptitle() for name in averaged)
    assert "2 seeds" in figure.get_suptitle()


def test_summary_figure_of_many_values():
    rates = [n / 1e4 for n in range(1, 41)]
    table = table_of(learning_rate=rates, batch_size=[2**n for n in range(12)])
    a, b = draw_summary(table, "pairs").axes
    assert len(tick_labels(b)) <= 12
    assert tick_labels(b)[0] == "0.0001"
    drawn = [line for line in a.lines if len(line.get_xdata()) == 40]
    assert len({str(line.get_color()) for line in drawn}) == 12


def test_a_network_that_uses_few_axes_has_its_place_in_the_summary_figure():
    *_, published, b = draw_summary(summary_of_networks(), "pairs").axes
    assert tick_labels(b) == ["0.25", "0.5", "not used"]
    points = [point for line in b.lines for point in line.get_xydata()]
    assert {round(x) for x, y in points if y == pytest.approx(69)} == {2}
    stars = [line.get_ydata() for line in published.lines if line.get_marker() == "*"]
    assert {float(y) for ys in stars for y in ys} == {82.12}


def test_curves_name_setting_test_accuracies_and_baselines():
    figure = curves()
    accuracies = "set A 91.20%, set B 80.00%, joint 85.60%"
    assert figure.get_suptitle() == f"small, seed 0\nTest accuracy: {accuracies}"
    accuracy, loss = figure.axes
    validation = loss.lines[1]
    assert validation.get_label() == "validation"
    assert validation.get_xydata().tolist() == [[1, 0.6], [2, 0.6]]
    levels = {line.get_label(): line.get_ydata()[0] for line in accuracy.lines[2:4]}
    assert levels == pytest.approx({"test pairs of A": 91.2, "test pairs of B": 80})
    (band,) = accuracy.patches
    assert (band.get_y(), band.get_height()) == pytest.approx((72, 10))
    (text,) = accuracy.texts
    assert text.get_text() == "baselines on B, best: blurred pixels, 82.0"
