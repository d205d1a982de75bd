"""The figures of the summary and of training curves."""

import math

import pytest
from plot_curves import draw_curves
from plot_summary import draw_summary
from summaries import metrics_of, summary_of_seeds, table_of

from siamese.axes import AXES
from siamese.stored import HISTORY
from siamese.tables import Layout, trained_rows


def test_summary_figure_of_one_axis_is_one_panel():
    figure = draw_summary(summary_of_seeds(), "pairs")
    _, b = figure.axes
    assert [text.get_text() for text in b.get_xticklabels()] == ["0", "0.01"]
    assert b.get_xlabel() == "L2"
    stars = [
        line.get_ydata()
        for axis in figure.axes
        for line in axis.lines
        if line.get_marker() == "*" and len(line.get_ydata())
    ]
    assert {float(y) for star in stars for y in star} == {84.97, 82.12}


@pytest.mark.parametrize(
    ("lists", "x", "lines", "panels", "averaged"),
    [
        ({}, "epochs", None, (), ()),
        ({"dropout": [0.1, 0.2]}, "dropout", None, (), ()),
        ({"head": ["unit", "softmax"]}, "head", None, (), ()),
        (
            {"size": ["small", "large"], "l2": [0, 1], "batch_size": [1, 2]}
            | {"epochs": [1, 2]},
            *("epochs", "batch_size", ("size", "l2"), ()),
        ),
        (
            {"head": ["unit", "softmax"], "learning_rate": [0.1, 0.2, 0.3]}
            | {"dropout": [0, 0.5]},
            *("learning_rate", "dropout", ("head",), ()),
        ),
        (
            {"size": ["small", "large"], "kernel_size": [1, 2, 3, 4, 5]}
            | {"dense_width": [1, 2], "dropout": [0, 0.5], "epochs": [1, 2]},
            *("epochs", "size", ("kernel_size",), ("dense_width", "dropout")),
        ),
    ],
)
def test_layout_of_the_summary_figure(lists, x, lines, panels, averaged):
    table = table_of(**lists)
    layout = Layout.of(trained_rows(table, "pairs"))
    assert (layout.x, layout.lines) == (x, lines)
    assert (layout.panels, layout.averaged) == (panels, averaged)
    figure = draw_summary(table, "pairs")
    n = math.prod(len(lists[name]) for name in panels)
    assert len(figure.axes) == 2 * n
    assert all(AXES[name].label in figure.get_suptitle() for name in averaged)
    assert "2 seeds" in figure.get_suptitle()


def test_summary_figure_of_many_values():
    table = table_of(
        learning_rate=[n / 1e4 for n in range(1, 41)],
        batch_size=[2**n for n in range(12)],
    )
    figure = draw_summary(table, "pairs")
    ticks = [text.get_text() for text in figure.axes[1].get_xticklabels()]
    assert len(ticks) <= 12
    assert ticks[0] == "0.0001"
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 40]
    assert len({str(line.get_color()) for line in drawn}) == 12


def test_curves_name_setting_and_test_accuracies():
    history = [
        {"epoch": n, "loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.6}
        for n in (1, 2, 3)
    ]
    baselines = {"pixels": 0.72, "blurred pixels": 0.82}
    figure = draw_curves(history, metrics_of(0.912, 0.8), baselines, "small, no L2")
    assert figure.get_suptitle() == (
        "small, no L2\nTest accuracy: set A 91.20%, set B 80.00%, joint 85.60%"
    )
    validation = figure.axes[0].lines[1]
    assert validation.get_label() == "validation"
    assert list(validation.get_xdata()) == [1, 2, 3]
    assert list(validation.get_ydata()) == pytest.approx([60] * 3)
    levels = {
        line.get_label(): line.get_ydata()[0] for line in figure.axes[0].lines[2:4]
    }
    assert levels == pytest.approx({"test pairs of A": 91.2, "test pairs of B": 80})


def test_curves_have_the_baselines_as_a_band_with_the_best_named():
    history = [dict.fromkeys(HISTORY, 1.0)]
    baselines = {"pixels": 0.72, "blurred pixels": 0.82, "PCA, small": 0.75}
    figure = draw_curves(history, metrics_of(0.9, 0.8), baselines, "small, no L2")
    (band,) = figure.axes[0].patches
    assert (band.get_y(), band.get_height()) == pytest.approx((72, 10))
    (text,) = figure.axes[0].texts
    assert text.get_text() == "baselines on B, best: blurred pixels, 82.0"
