"""Metrics, summary and figures."""

import json

import numpy as np
import pandas as pd
import pytest
from curves import draw_curves
from evaluate import evaluate
from plot_summary import draw_summary
from study import ROOT
from summarise import as_markdown, summarise

from siamese.metrics import accuracy, contrastive_loss, roc_auc

GENERATOR = np.random.default_rng(0)


def test_accuracy_by_hand():
    # d = 0.5 is not below the threshold, so it is judged 'different'
    distances = np.array([0.1, 0.5, 0.6, 0.2])
    assert accuracy(distances, np.array([1, 1, 0, 0]), 0.5) == 0.5


def test_loss_by_hand():
    found = contrastive_loss(np.array([0.4, 0.3, 2.0]), np.array([1, 0, 0]), 1.0)
    assert found == pytest.approx((0.08 + 0.245 + 0) / 3)


def test_auc_is_the_share_of_rightly_ordered_pairs():
    same = GENERATOR.integers(0, 2, 200)
    distances = GENERATOR.integers(0, 20, 200) / 10  # with ties
    near, far = distances[same == 1], distances[same == 0]
    comparisons = (near[:, None] < far) + 0.5 * (near[:, None] == far)
    assert roc_auc(distances, same) == pytest.approx(comparisons.mean(), abs=1e-12)
    assert roc_auc(1.0 - same, same) == 1.0
    assert np.isnan(roc_auc(distances, np.ones(200)))


def test_joint_is_the_pair_weighted_mean():
    distances = {"A": GENERATOR.random(70), "B": GENERATOR.random(190)}
    same = {name: GENERATOR.integers(0, 2, len(d)) for name, d in distances.items()}
    metrics = evaluate(distances, same, 0.5, 1.0)
    assert metrics["joint"]["pairs"] == 260
    for metric in ("accuracy", "loss"):
        mean = (70 * metrics["A"][metric] + 190 * metrics["B"][metric]) / 260
        assert metrics["joint"][metric] == pytest.approx(mean, abs=1e-9)


def metrics_of(a, b):
    parts = {"A": a, "B": b, "joint": (a + b) / 2}
    return {k: {"accuracy": v, "loss": v / 10, "auc": v} for k, v in parts.items()}


@pytest.fixture
def summary():
    setting = {"size": "small", "l2": 0.01, "batch_size": 1024, "epochs": 2}
    points = [
        setting | {"seed": 0},
        setting | {"seed": 1},
        setting | {"seed": 0, "l2": 0.0},
        setting | {"seed": 1, "l2": 0.0},
    ]
    metrics = [metrics_of(*ab) for ab in ((0.9, 0.8), (0.8, 0.7), (1, 0.5), (1, 0.6))]
    paper = pd.read_csv(ROOT / "workflow/data/paper.csv")
    return summarise(points, metrics, paper)


def test_summary_has_the_reports_values_where_it_states_them(summary):
    assert ",".join(summary.columns) == (
        "size,l2,batch_size,epochs,seed,accuracy_a,accuracy_b,accuracy_joint,"
        "loss_a,loss_b,loss_joint,auc_a,auc_b,auc_joint,"
        "paper_a,paper_b,paper_joint"
    )
    assert summary["accuracy_b"].tolist() == [0.8, 0.7, 0.5, 0.6]
    assert summary["paper_b"].tolist()[:2] == [0.8212, 0.8212]
    assert summary["paper_a"].tolist()[:2] == [0.8497, 0.8497]
    assert summary["paper_joint"].tolist()[:2] == [0.8278, 0.8278]
    assert summary["paper_b"].isna().tolist() == [False, False, True, True]


def test_summary_text_names_the_best_setting_and_its_weakness(summary):
    text = as_markdown(summary)
    assert "Best setting by accuracy on B: small, L2 0.01, batch size 1024" in text
    assert "A 85.00, B 75.00" in text
    assert "not a fair one" in text
    assert "also be in a training pair" in text


def test_reports_values_agree_with_each_other():
    paper = pd.read_csv(ROOT / "workflow/data/paper.csv").set_index("figure")
    optimum = paper.loc["1 and 12"]
    joint = (optimum["paper_a"] * 16797 + optimum["paper_b"] * 55992) / 72789
    assert joint == pytest.approx(optimum["paper_joint"], abs=5e-5)


def test_summary_figure_has_a_panel_for_each_arm_and_set(summary):
    figure = draw_summary(summary)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["small, L2 0.01", "small, no L2"] * 2
    stars = [
        line.get_ydata()
        for axis in figure.axes
        for line in axis.lines
        if line.get_marker() == "*" and len(line.get_ydata())
    ]
    assert {float(y) for star in stars for y in star} == {84.97, 82.12}


def test_curves_name_setting_and_test_accuracies():
    history = [
        {"epoch": n, "loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": 0.6}
        for n in (1, 2, 3)
    ]
    figure = draw_curves(history, metrics_of(0.912, 0.8), "small, no L2")
    assert figure.get_suptitle() == (
        "small, no L2\nTest accuracy: set A 91.20%, set B 80.00%, joint 85.60%"
    )
    validation = figure.axes[0].lines[1]
    assert validation.get_label() == "validation"
    assert list(validation.get_xdata()) == [1, 2, 3]
    assert list(validation.get_ydata()) == [0.6] * 3


def test_metrics_are_json():
    distances = {"A": np.float32([0.1, 0.9]), "B": np.float32([0.2, 0.8])}
    same = {"A": np.float32([1, 0]), "B": np.float32([0, 1])}
    metrics = json.loads(json.dumps(evaluate(distances, same, 0.5, 1.0)))
    assert metrics["A"]["accuracy"] == 1
    assert metrics["B"]["auc"] == 0
