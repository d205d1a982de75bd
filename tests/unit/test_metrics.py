"""Metrics of pairs and of test sets."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from examine_best_setting import class_accuracies
from scipy import stats
from study import ROOT

from siamese.metrics import (
    METRIC_OF_COLUMN,
    METRICS,
    Measured,
    best_threshold,
    effective_pairs,
    evaluate,
    wilson_interval,
)


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
