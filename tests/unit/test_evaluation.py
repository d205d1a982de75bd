"""Metrics, summary and figures."""

import itertools
import json
import math
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from compare_splits import compare_splits
from describe_settings import as_markdown, describe
from examine_best_setting import class_accuracies
from plot_curves import draw_curves
from plot_summary import draw_summary
from scipy import stats
from study import ROOT
from summarise import summarise

from siamese.axes import AXES
from siamese.metrics import (
    METRIC_OF_COLUMN,
    METRICS,
    Measured,
    best_threshold,
    effective_pairs,
    evaluate,
    wilson_interval,
)
from siamese.stored import HISTORY
from siamese.tables import Layout, baseline_means, finding, trained_rows


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def measured(distances, same, threshold=0.5, best=0.5):
    images, arrays = np.arange(len(same)), map(np.asarray, (same, distances))
    return Measured(images, images, *arrays, threshold, best, 1.0)


def value(metric, *arguments):
    return METRICS[metric].function(measured(*arguments))


def test_accuracy_by_hand():
    # d = 0.5 is not below the threshold, so the pair is classified as 'different'
    pairs = [0.1, 0.5, 0.6, 0.2], [1, 1, 0, 0]
    assert value("accuracy", *pairs, 0.5, 0.15) == 0.5
    assert value("accuracy_tuned", *pairs, 0.5, 0.15) == 0.75


def test_loss_by_hand():
    found = value("loss", [0.4, 0.3, 2.0], [1, 0, 0])
    assert found == pytest.approx((0.08 + 0.245 + 0) / 3)


def test_auc_is_the_share_of_pairs_in_the_right_order(generator):
    same = generator.integers(0, 2, 200)
    distances = generator.integers(0, 20, 200) / 10  # with ties
    near, far = distances[same == 1], distances[same == 0]
    comparisons = (near[:, None] < far) + 0.5 * (near[:, None] == far)
    assert value("auc", distances, same) == pytest.approx(comparisons.mean(), abs=1e-12)
    assert value("auc", 1.0 - same, same) == 1.0


def test_equal_error_rate_is_where_both_kinds_err_alike(generator):
    same = generator.integers(0, 2, 500)
    distances = np.round(generator.random(500) + 0.3 * (1 - same), 2)  # with ties
    thresholds = [*np.unique(distances), 9]
    missed = [(distances[same == 1] >= t).mean() for t in thresholds]
    passed = [(distances[same == 0] < t).mean() for t in thresholds]
    closest = np.argmin(np.abs(np.subtract(missed, passed)))
    expected = (missed[closest] + passed[closest]) / 2
    assert value("eer", distances, same) == pytest.approx(expected)
    assert value("eer", 1.0 - same, same) == 0


def test_without_pairs_of_both_kinds_there_is_no_curve():
    for metric in ("auc", "eer"):
        assert np.isnan(value(metric, [0.1, 0.2, 0.3], [1, 1, 1]))


def test_best_threshold_is_the_best_of_all(generator):
    same = generator.integers(0, 2, 300)
    distances = (generator.random(300) + 0.4 * (1 - same)).astype(np.float32)
    best = best_threshold(distances, same)
    tried = np.concatenate(
        [[0, 9], (np.sort(distances)[1:] + np.sort(distances)[:-1]) / 2]
    )
    highest = max(value("accuracy", distances, same, threshold) for threshold in tried)
    assert value("accuracy", distances, same, best) == highest
    # also where one float32 follows another
    close = np.array([0.5, np.nextafter(np.float32(0.5), np.float32(1))], np.float32)
    assert value("accuracy", close, [1, 0], best_threshold(close, [1, 0])) == 1
    assert best_threshold(np.array([0.3, 0.3]), np.array([0, 0])) == 0.3


def test_metrics_say_what_they_are_and_are_named_without_heavy_imports():
    for metric in METRICS.values():
        assert metric.meaning.endswith(".") and "\n" not in metric.meaning
        assert metric.better in ("higher", "lower")
    assert METRICS["accuracy"].axis(" on B") == "Accuracy on B, %"
    assert METRICS["accuracy"].text(0.8212) == "82.1"
    assert METRICS["auc"].text(0.8788, sign="+") == "+0.879"
    assert METRIC_OF_COLUMN["eer_crossed"] is METRICS["eer"]
    code = "import sys, siamese.metrics; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        check=True,
        text=True,
    )
    heavy = {"tensorflow", "sklearn", "scipy", "pandas", "matplotlib"}
    assert not heavy & {*done.stdout.split()}


def test_wilson_interval_of_independent_pairs_is_scipys():
    for right, n in ((80, 100), (0, 7), (7, 7)):
        expected = stats.binomtest(right, n).proportion_ci(method="wilson")
        assert wilson_interval(right / n, n) == pytest.approx(
            tuple(expected), abs=1e-12
        )


def test_pairs_without_common_images_are_independent(generator):
    right = generator.random(50) < 0.8
    assert effective_pairs(right, np.arange(50), np.arange(50, 100)) == 50
    assert effective_pairs(np.ones(9, bool), np.arange(9), np.arange(9)) == 9


def test_effective_pairs_against_all_couples_of_pairs(generator):
    left, right = generator.choice(12, (60, 2)).T
    left, right = left[left != right], right[left != right]
    hard = np.arange(12) < 3
    judged = ~(hard[left] | hard[right])
    residuals = judged - judged.mean()
    images = [{one, other} for one, other in zip(left, right, strict=True)]
    couples = sum(
        residuals[i] * residuals[j] * (1 if i == j else len(images[i] & images[j]))
        for i in range(len(left))
        for j in range(len(left))
    )
    n = judged.mean() * (1 - judged.mean()) * len(left) ** 2 / couples
    assert n < len(left)
    assert effective_pairs(judged, left, right) == pytest.approx(n)


def test_interval_holds_the_mean_as_often_as_it_says(generator):
    """Images that are easy or hard: each makes all of its pairs so."""
    hits, naive_hits, trials = 0, 0, 400
    for _ in range(trials):
        order = generator.permutation(300)
        left, right = order, np.roll(order, 1)
        hard = generator.random(300) < 0.3
        judged = ~(hard[left] | hard[right])
        share, truth = judged.mean(), 0.7**2
        n = effective_pairs(judged, left, right)
        low, high = wilson_interval(share, n)
        hits += low <= truth <= high
        low, high = wilson_interval(share, 300)
        naive_hits += low <= truth <= high
    assert 0.92 < hits / trials < 0.98
    assert naive_hits / trials < 0.90


def random_sets(generator, **sizes):
    return {
        name: {
            "left": generator.integers(0, 40, n),
            "right": generator.integers(40, 80, n),
            "same": generator.integers(0, 2, n),
            "distance": generator.random(n),
        }
        for name, n in sizes.items()
    }


def test_joint_is_the_pair_weighted_mean(generator):
    sets = random_sets(generator, A=70, B=190, crossed=50, validation=60)
    metrics = evaluate(sets, 0.5, 1.0)
    assert metrics["joint"]["pairs"] == 260
    for metric in ("accuracy", "loss", "accuracy_tuned"):
        mean = (70 * metrics["A"][metric] + 190 * metrics["B"][metric]) / 260
        assert metrics["joint"][metric] == pytest.approx(mean, abs=1e-9)


def test_tuned_threshold_is_chosen_on_validation_alone(generator):
    sets = random_sets(generator, A=70, B=190, crossed=50, validation=60)
    metrics = evaluate(sets, 0.5, 1.0)
    validation = sets["validation"]
    best = best_threshold(validation["distance"], validation["same"])
    assert (metrics["threshold"], metrics["threshold_tuned"]) == (0.5, best)
    of_b = best_threshold(sets["B"]["distance"], sets["B"]["same"])
    assert metrics["threshold_unseen"] == of_b
    for name in ("A", "B", "crossed"):
        pairs = sets[name]
        right = (pairs["distance"] < best) == (pairs["same"] == 1)
        assert metrics[name]["accuracy_tuned"] == right.mean()
        right = (pairs["distance"] < 0.5) == (pairs["same"] == 1)
        assert metrics[name]["accuracy"] == right.mean()
        low, high = (metrics[name][f"accuracy_{bound}"] for bound in ("low", "high"))
        assert low < right.mean() < high
    without = evaluate(sets, None, 1.0)
    assert without["B"]["accuracy"] == metrics["B"]["accuracy_tuned"]


def metrics_of(a, b):
    parts = {"A": a, "B": b, "joint": (a + b) / 2, "crossed": b}
    names = (*METRICS, "accuracy_low", "accuracy_high")
    return {
        part: dict.fromkeys(names, value) | {"loss": value / 10}
        for part, value in parts.items()
    } | {"threshold_tuned": 0.4, "collapsed": False}


def baselines_of(b):
    return [
        {"method": "pixels", "size": "", **metrics_of(0.75, b)},
        {"method": "PCA", "size": "small", **metrics_of(0.75, b + 0.04)},
    ]


@pytest.fixture
def summary():
    setting = {"size": "small", "l2": 0.01, "batch_size": 1024, "epochs": 2}
    setting |= {"split_by": "pairs", "others": ""}
    points = [
        setting | {"seed": 0},
        setting | {"seed": 1},
        setting | {"seed": 0, "l2": 0.0},
        setting | {"seed": 1, "l2": 0.0},
        setting | {"seed": 0, "split_by": "images"},
        setting | {"seed": 1, "split_by": "images"},
    ]
    values = (0.9, 0.8), (0.8, 0.7), (1, 0.5), (1, 0.6), (0.85, 0.8), (0.7, 0.7)
    baseline_points = [{"split_by": "pairs", "seed": seed} for seed in (0, 1)]
    return summarise(
        points,
        [metrics_of(*ab) for ab in values],
        baseline_points,
        [baselines_of(0.73), baselines_of(0.71)],
        pd.read_csv(ROOT / "workflow/data/published.csv"),
    )


def test_summary_has_the_published_values_where_there_are_any(summary):
    assert ",".join(summary.columns).startswith(
        "size,l2,batch_size,epochs,seed,accuracy_a,accuracy_b,accuracy_joint,"
        "loss_a,loss_b,loss_joint,auc_a,auc_b,auc_joint,"
        "published_a,published_b,published_joint,method,split_by,accuracy_crossed,"
    )
    trained = summary[summary["method"] == "siamese"]
    assert trained["accuracy_b"].tolist() == [0.8, 0.7, 0.5, 0.6, 0.8, 0.7]
    assert trained["published_b"].tolist()[:2] == [0.8212, 0.8212]
    assert trained["published_a"].tolist()[:2] == [0.8497, 0.8497]
    assert trained["published_joint"].tolist()[:2] == [0.8278, 0.8278]
    assert trained["published_b"].isna().tolist() == [False, False, *[True] * 4]


def test_summary_has_a_row_for_each_baseline_and_seed(summary, tmp_path):
    summary.to_csv(tmp_path / "summary.csv", index=False)
    text = (tmp_path / "summary.csv").read_text()
    assert "\nsmall,0.01,1024,2,0,0.9,0.8," in text  # counts stay whole numbers
    rows = pd.read_csv(tmp_path / "summary.csv").query("method != 'siamese'")
    assert rows["method"].tolist() == ["pixels", "PCA"] * 2
    assert rows["accuracy_b"].tolist() == pytest.approx([0.73, 0.77, 0.71, 0.75])
    assert rows[["l2", "batch_size", "epochs"]].isna().all(axis=None)
    assert baseline_means(summary, "pairs").to_dict() == pytest.approx(
        {"PCA, small": 0.76, "pixels": 0.72}
    )


def test_settings_are_described_over_seeds(summary):
    settings = describe(summary).set_index(["method", "split_by", "l2"])
    row = settings.loc[("siamese", "pairs", 0.01)]
    assert row["n"] == 2
    assert row["accuracy_b_mean"] == pytest.approx(0.75)
    assert row["accuracy_b_sd"] == pytest.approx(0.1 / np.sqrt(2))
    expected = stats.ttest_1samp([0.8, 0.7], 0).confidence_interval(0.95)
    found = row[["accuracy_b_low", "accuracy_b_high"]]
    assert found.tolist() == pytest.approx(list(expected))
    assert len(settings) == 5


def test_a_single_seed_has_no_interval_over_seeds(summary):
    single = summary[summary["seed"] == 0]
    settings = describe(single)
    assert (settings["n"] == 1).all()
    assert settings["accuracy_b_mean"].notna().all()
    assert settings[["accuracy_b_sd", "accuracy_b_low"]].isna().all(axis=None)
    text = as_markdown(single, settings, "pairs")
    assert cells(text, "trained", "small", "0.01")[5:9] == [
        "90.0",
        "80.0",
        "85.0",
        "80.0",
    ]


def cells(markdown, *first):
    """The cells of the first row of a Markdown table that begins with some."""
    for line in markdown.splitlines():
        row = [cell.strip() for cell in line.split("|")[1:-1]]
        if row[: len(first)] == [*first]:
            return row
    raise AssertionError(f"no row of {first}")


def test_summary_text_names_the_best_setting_and_its_weakness(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    assert "Best setting by accuracy on B: small, L2 0.01, batch size 1024" in text
    assert "A 85.00, B 75.00" in text
    assert "not a fair one" in text
    assert "also be in a training pair" in text
    assert "3 settings" not in text
    assert "2 settings and 2 baselines, 2 seeds" in text


def test_summary_text_has_published_values_and_all_metrics(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    row = cells(text, "trained", "small", "0.01", "1024", "2")
    assert row[-3:] == ["84.97", "82.12", "82.78"]
    assert cells(text, "*PCA*")[-3:] == ["", "", ""]
    for name, metric in METRICS.items():
        found = cells(text, f"`{name}_<set>`")
        assert found[1:] == [metric.label, metric.unit, metric.better, metric.meaning]
        assert name == "accuracy" or f"{name}_b" in cells(
            text.split("## ")[2], "method"
        )


def test_summary_text_says_what_the_best_untrained_baseline_has(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    message = (
        "Best baseline without a network (PCA, small): 76.0% on B, more than all 2 "
        "trained"
    )
    assert message in text
    assert "pixels: 72.0% on B, more than 1 of 2 trained settings" in text
    assert message in draw_summary(summary, "pairs").get_suptitle()


@pytest.mark.parametrize(
    ("accuracy", "text"), [(0.7, "B, more than the"), (0.8, "B, no more than the")]
)
def test_the_finding_of_a_single_setting(summary, accuracy, text):
    trained = summary["method"] == "siamese"
    one = summary[~trained | (summary["l2"] == 0.01)].copy()
    one.loc[one["method"] == "siamese", "accuracy_b"] = accuracy
    assert f"76.0% on {text} trained setting" in finding(one, "pairs")


def test_leakage_is_the_difference_over_paired_seeds(summary):
    table = compare_splits(summary).set_index("set")
    assert len(table) == 2
    row = table.loc["A"]
    assert (row["split_by_pairs"], row["split_by_images"]) == pytest.approx(
        (0.85, 0.775)
    )
    expected = stats.ttest_rel([0.9, 0.8], [0.85, 0.7]).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert table.loc["B", "difference"] == pytest.approx(0)


def test_published_values_agree_with_each_other():
    published = pd.read_csv(ROOT / "workflow/data/published.csv").set_index("figure")
    optimum = published.loc["1 and 12"]
    joint = (optimum["published_a"] * 16797 + optimum["published_b"] * 55992) / 72789
    assert joint == pytest.approx(optimum["published_joint"], abs=5e-5)


def test_summary_figure_of_one_axis_is_one_panel(summary):
    figure = draw_summary(summary, "pairs")
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


def table_of(**lists):
    """A summary of all combinations, two seeds each; accuracy falls from row to row."""
    settings = [
        {"size": "small", "l2": 0.01, "batch_size": 512, "epochs": 2}
        | dict(zip(lists, values, strict=True))
        for values in itertools.product(*lists.values())
    ]
    points = [
        {"split_by": "pairs", "others": "", "seed": seed} | setting
        for seed in (0, 1)
        for setting in settings
    ]
    values = np.linspace(0.9, 0.5, len(points))
    return summarise(
        points,
        [metrics_of(value, value - 0.1) for value in values],
        [{"split_by": "pairs", "seed": 0}],
        [baselines_of(0.73)],
        pd.read_csv(ROOT / "workflow/data/published.csv"),
    )


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


def test_metrics_are_json(generator):
    sets = random_sets(generator, A=7, B=9, crossed=5, validation=6)
    metrics = json.loads(json.dumps(evaluate(sets, 0.5, 1.0)))
    assert set(metrics) == {
        *("A", "B", "joint", "crossed", "collapsed"),
        *("threshold", "threshold_tuned", "threshold_unseen"),
    }


def test_accuracy_by_classes_counts_both_directions():
    pairs = pd.DataFrame(
        {
            "left_class": [0, 0, 1, 1, 2],
            "right_class": [0, 1, 0, 2, 1],
            "right": [True, True, False, False, False],
        }
    )
    table = class_accuracies(pairs, ["Shirt", "Bag", "Coat"])
    found = table.set_index(["class", "other_class"])
    assert found.loc[("Shirt", "Shirt"), "accuracy"] == 1
    assert found.loc[("Shirt", "Bag"), ["pairs", "accuracy"]].tolist() == [2, 0.5]
    assert found.loc[("Bag", "Shirt"), ["pairs", "accuracy"]].tolist() == [2, 0.5]
    assert found.loc[("Coat", "Bag"), "accuracy"] == 0
    assert ("Coat", "Coat") not in found.index
