"""Metrics of pairs and of test sets."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from siamese.stats.metrics import (
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


def value(metric, distances, same, threshold=0.5, best=0.5):
    images, arrays = np.arange(len(same)), map(np.asarray, (same, distances))
    pairs = Measured(images, images, *arrays, threshold, best, 1.0)
    return METRICS[metric].function(pairs)


def test_accuracy_and_loss_by_hand():
    # d = 0.5 is not below the threshold, so the pair is classified as 'different'.
    pairs = [0.1, 0.5, 0.6, 0.2], [1, 1, 0, 0]
    assert value("accuracy", *pairs, 0.5, 0.15) == 0.5
    assert value("accuracy_tuned", *pairs, 0.5, 0.15) == 0.75
    loss = value("loss", [0.4, 0.3, 2.0], [1, 0, 0])
    assert loss == pytest.approx((0.08 + 0.245 + 0) / 3)


def test_curve_metrics_with_ties(generator):
    same = generator.integers(0, 2, 500)
    distances = np.round(generator.random(500) + 0.3 * (1 - same), 2)
    expected = roc_auc_score(same, -distances)
    assert value("auc", distances, same) == pytest.approx(expected, abs=1e-12)
    rates = [
        ((distances[same == 1] >= t).mean(), (distances[same == 0] < t).mean())
        for t in [*np.unique(distances), 9]
    ]
    expected = np.mean(min(rates, key=lambda rate: abs(rate[0] - rate[1])))
    assert value("eer", distances, same) == pytest.approx(expected)
    assert value("eer", 1.0 - same, same) == 0
    for metric in ("auc", "eer"):
        assert np.isnan(value(metric, [0.1, 0.2, 0.3], [1, 1, 1]))


def test_best_threshold_is_the_best_of_all(generator):
    same = generator.integers(0, 2, 300)
    distances = (generator.random(300) + 0.4 * (1 - same)).astype(np.float32)
    middles = (np.sort(distances)[1:] + np.sort(distances)[:-1]) / 2
    highest = max(value("accuracy", distances, same, t) for t in [0, *middles, 9])
    best = best_threshold(distances, same)
    assert value("accuracy", distances, same, best) == highest
    # It separates neighbours in float32 too.
    close = np.array([0.5, np.nextafter(np.float32(0.5), np.float32(1))], np.float32)
    assert value("accuracy", close, [1, 0], best_threshold(close, [1, 0])) == 1
    assert best_threshold(np.array([0.3, 0.3]), np.array([0, 0])) == 0.3


def test_wilson_interval_of_independent_pairs_is_scipys():
    for correct, n in ((80, 100), (0, 7), (7, 7)):
        expected = stats.binomtest(correct, n).proportion_ci(method="wilson")
        interval = wilson_interval(correct / n, n)
        assert interval == pytest.approx(tuple(expected), abs=1e-12)


def test_effective_pairs_against_all_couples_of_pairs(generator):
    left, right = generator.choice(12, (60, 2)).T
    left, right = left[left != right], right[left != right]
    correct = (left > 2) & (right > 2)
    residuals = correct - correct.mean()
    images = [{one, other} for one, other in zip(left, right, strict=True)]
    couples = sum(
        residuals[i] * residuals[j] * (1 if i == j else len(images[i] & images[j]))
        for i in range(len(left))
        for j in range(len(left))
    )
    n = correct.mean() * (1 - correct.mean()) * len(left) ** 2 / couples
    assert n < len(left)
    assert effective_pairs(correct, left, right) == pytest.approx(n)
    # Pairs without common images are independent.
    every = np.arange(100)
    n = effective_pairs(every[:50] < 40, every[:50], every[50:])
    assert n == pytest.approx(50)


def test_test_sets_are_judged_by_the_best_threshold_on_validation(generator):
    sets = {
        name: {
            "left": generator.integers(0, 40, n),
            "right": generator.integers(40, 80, n),
            "same": generator.integers(0, 2, n),
            "distance": generator.random(n),
        }
        for name, n in {"A": 70, "B": 190, "crossed": 50, "validation": 60}.items()
    }
    metrics = evaluate(sets, 0.5, 1.0)
    best, best_on_b = (
        best_threshold(sets[name]["distance"], sets[name]["same"])
        for name in ("validation", "B")
    )
    assert (metrics["threshold"], metrics["threshold_tuned"]) == (0.5, best)
    assert (metrics["threshold_unseen"], metrics["collapsed"]) == (best_on_b, False)
    for name in ("A", "B", "crossed"):
        for key, threshold in (("accuracy_tuned", best), ("accuracy", 0.5)):
            correct = (sets[name]["distance"] < threshold) == (sets[name]["same"] == 1)
            assert metrics[name][key] == correct.mean()
    for key in ("accuracy", "loss", "accuracy_tuned"):
        mean = (70 * metrics["A"][key] + 190 * metrics["B"][key]) / 260
        assert metrics["joint"][key] == pytest.approx(mean, abs=1e-9)
    without = evaluate(sets, None, 1.0)
    assert without["B"]["accuracy"] == metrics["B"]["accuracy_tuned"]
    assert json.loads(json.dumps(metrics)) == metrics
