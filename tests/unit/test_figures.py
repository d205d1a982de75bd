"""The figures of the summary and of training curves, and what all figures share."""

import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from plot_curves import draw_curves
from plot_poses import draw_poses
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


# Accuracy on B by pose, of which A's is 0.1 more.
POSES = {"upright": 0.8, "rotation 90": 0.4, "rotation -30": 0.6, "flip": 0.5}
POSES |= {"moderate": 0.6}


def poses_figure(n_seeds):
    """The figure of six settings and three baselines, which differ by 0.01."""
    methods = [*(["siamese"] * 6), *(["baseline"] * 3)]
    rows = [
        {"name": f"{method[0]}{n}", "method": method, "seed": seed, "pose": pose}
        | {"example": None if pose == "moderate" else value + seed > 0.55}
        | {"accuracy_tuned_b": value + (n + seed) / 100}
        | {"accuracy_tuned_a": value + (n + seed) / 100 + 0.1}
        for n, method in enumerate(methods)
        for seed in range(n_seeds)
        for pose, value in POSES.items()
    ]
    images = {name: np.zeros((9, 6, 1), np.uint8) for name in ["", *POSES]}
    del images["moderate"]
    return draw_poses(pd.DataFrame(rows), images, seed=0)


def test_poses_figure_has_the_best_lines_by_pose():
    figure = poses_figure(1)
    a, _, b, others, strip = figure.axes
    assert len(b.lines) == 4 + 2 + 1
    assert len({line.get_color() for line in b.lines[:6]}) == 6
    # the best setting is s5, the best baseline b8
    assert b.lines[0].get_xdata() == pytest.approx([-30, 0, 90])
    assert b.lines[0].get_ydata() == pytest.approx([65, 85, 45])
    assert b.lines[4].get_ydata() == pytest.approx([68, 88, 48])
    assert a.lines[0].get_ydata() == pytest.approx([75, 95, 55])
    assert b.get_xlabel() == "Rotation, degrees"
    assert tick_labels(others) == ["upright", "flip", "moderate"]
    assert others.lines[0].get_ydata() == pytest.approx([85, 55, 65])
    texts = [text.get_text() for text in strip.texts]
    assert texts[2:7] == [
        "first\nimage",
        "rotation\n-30",
        "upright",
        "rotation\n90",
        "flip",
    ]
    assert texts[7:12] == ["s5", "✓", "✓", "✗", "✗"]
    names = ["s5", "s4", "s3", "s2", "baseline: b8", "baseline: b7"]
    assert texts[7::5] == names
    assert [image.get_extent()[0] for image in strip.images] == [0, 1.3, 2.3, 3.3, 4.3]
    assert "one seed" in figure.get_suptitle()


def test_poses_figure_has_intervals_of_several_seeds():
    band = poses_figure(1).axes[2].collections[0]
    assert not np.isfinite([path.vertices for path in band.get_paths()]).any()
    figure = poses_figure(2)
    assert "mean over 2 seeds" in figure.get_suptitle()
    b, others, strip = figure.axes[2:]
    # Student's t of one degree of freedom, and a standard error of half a point
    ends = 12.7062 * 0.5 * np.array([-1, 1])
    points = b.collections[0].get_paths()[0].vertices
    on_top = points[points[:, 0] == 0, 1]
    assert [on_top.min(), on_top.max()] == pytest.approx(85.5 + ends)
    assert others.collections[0].get_segments()[1][:, 1] == pytest.approx(55.5 + ends)
    # the marks are of the first seed
    assert [text.get_text() for text in strip.texts[8:12]] == ["✓", "✓", "✗", "✗"]
