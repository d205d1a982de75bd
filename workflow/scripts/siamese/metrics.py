"""What the distances of pairs say: the registry of metrics, and where they stand.

A metric is an entry of METRICS. The columns of tables, what claims and the choice
may name, the axes of figures and the documentation in summary.md follow from it.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from siamese.stored import read_json, reading

PAIR_KEYS = ("left", "right", "same", "distance")
TEST_SETS = ("A", "B", "joint", "crossed")
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measured:
    """Pairs of a test set, how far apart a network sees them, what they are judged by.

    left and right are images (int), same is 1 or 0, distance is float, each
    numpy.ndarray of shape (n,); best_threshold is the best on A's validation pairs.
    """

    left: np.ndarray
    right: np.ndarray
    same: np.ndarray
    distance: np.ndarray
    threshold: float
    best_threshold: float
    margin: float


@dataclass(frozen=True)
class Metric:
    """A number that says how well distances tell pairs apart.

    The first paragraph of the function's docstring documents it to users. A metric
    in % is stored as a share, and shown times 100.
    """

    name: str
    function: Callable[[Measured], float]
    label: str
    unit: Literal["%", ""]
    better: Literal["higher", "lower"]

    @property
    def scale(self):
        return 100 if self.unit else 1

    @property
    def sign(self):
        """What a value is multiplied with so that higher is better."""
        return 1 if self.better == "higher" else -1

    @property
    def meaning(self):
        return " ".join(self.function.__doc__.split("\n\n")[0].split())

    def axis(self, of=""):
        """The label with its unit, and between them what it is of."""
        text = self.label[0].upper() + self.label[1:] + of
        return f"{text}, {self.unit}" if self.unit else text

    def text(self, value, digits=1, sign=""):
        """A value as tables show it; nothing for None and NaN.

        What is not in per cent gets two more digits, which is as precise.
        """
        if value is None or np.isnan(value):
            return ""
        return f"{value * self.scale:{sign}.{digits if self.unit else digits + 2}f}"


def classified_correctly(distances, same, threshold):
    """Whether each pair is classified correctly, as an array of bool."""
    # In float64, or a threshold between two float32 distances would be rounded.
    return (np.asarray(distances, np.float64) < threshold) == (np.asarray(same) == 1)


def accuracy(pairs):
    """Share of pairs classified correctly at the study's threshold, of baselines at
    the one that is best on A's validation pairs.
    """
    correct = classified_correctly(pairs.distance, pairs.same, pairs.threshold)
    return float(np.mean(correct))


def accuracy_tuned(pairs):
    """Share of pairs classified correctly at the threshold that is best on A's
    validation pairs.
    """
    return accuracy(replace(pairs, threshold=pairs.best_threshold))


def contrastive_loss(pairs):
    """Mean of ½ [y d² + (1 − y) max(margin − d, 0)²], without the weight penalty.

    In float64. Source: Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction
    by Learning an Invariant Mapping", with y = 1 for a pair of the same class.
    """
    distances, same = np.asarray(pairs.distance, np.float64), pairs.same
    hinge = np.maximum(pairs.margin - distances, 0)
    return float(np.mean(0.5 * (same * distances**2 + (1 - same) * hinge**2)))


def counts_within(distances, same):
    """Each distance that occurs, rising, and how many pairs are no farther apart.

    Returns
    -------
    levels : numpy.ndarray of float64
    different, same : numpy.ndarray of int
        Of each kind.
    """
    # In NumPy alone: an import of scikit-learn takes half of the job's time.
    distances = np.asarray(distances, np.float64)
    levels, level = np.unique(distances, return_inverse=True)
    same = np.asarray(same) == 1
    different, same = (
        np.cumsum(np.bincount(level[kind], minlength=len(levels)))
        for kind in (~same, same)
    )
    return levels, different, same


def roc(pairs):
    """Shares of 'different' and of 'same' pairs below each threshold, rising."""
    _, *counts = counts_within(pairs.distance, pairs.same)
    with np.errstate(invalid="ignore"):
        return [np.concatenate([[0], count]) / count[-1] for count in counts]


def roc_auc(pairs):
    """Chance that a 'same' pair is closer than a 'different' one, ties as half: the
    area under the ROC curve.

    By the trapezoidal rule. NaN unless both kinds occur.
    """
    passed, found = roc(pairs)
    return float(np.trapezoid(found, passed))


def equal_error_rate(pairs):
    """Error rate at the threshold where 'same' and 'different' pairs err alike.

    At the threshold where the share of 'same' pairs that are missed and that of
    'different' pairs that pass are closest: their mean. NaN unless both occur.
    """
    passed, found = roc(pairs)
    missed = 1 - found
    closest = np.argmin(np.abs(missed - passed))
    return float((missed[closest] + passed[closest]) / 2)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, "accuracy", "%", "higher"),
        Metric("accuracy_tuned", accuracy_tuned, "tuned accuracy", "%", "higher"),
        Metric("loss", contrastive_loss, "contrastive loss", "", "lower"),
        Metric("auc", roc_auc, "AUC", "", "higher"),
        Metric("eer", equal_error_rate, "equal error rate", "%", "lower"),
    )
}


def column(metric, test_set):
    """Name of the column of a metric on a test set, in all tables."""
    return f"{metric}_{test_set.lower()}"


# Of each column of summary.csv that a claim may name, the metric.
METRIC_OF_COLUMN = {
    column(name, test_set): metric
    for name, metric in METRICS.items()
    for test_set in TEST_SETS
}


def best_threshold(distances, same):
    """The threshold with the highest accuracy, the smallest of several.

    One of the smallest distance, the middles of neighbouring distances, and a
    value above the largest; in float64.
    """
    levels, passed, found = counts_within(distances, same)
    middles = (levels[:-1] + levels[1:]) / 2
    thresholds = [levels[0], *middles, np.nextafter(levels[-1], np.inf)]
    return float(thresholds[np.argmax([0, *(found - passed)])])


def effective_pairs(right, left_images, right_images):
    """How many independent pairs would give the mean of `right` its variance.

    Pairs that share an image are not independent. The variance of their mean is
    estimated by the sum of the products of residuals over all couples of pairs
    that share one (Aronow, Samii and Assenova 2015, "Cluster-robust variance
    estimation for dyadic data").

    Parameters
    ----------
    right : numpy.ndarray of bool, shape (n,)
        Whether each pair is classified correctly.
    left_images, right_images : numpy.ndarray of int, shape (n,)

    Returns
    -------
    float
        At most n.
    """
    n, mean = len(right), np.mean(right)
    residuals = right - mean
    images = np.concatenate([left_images, right_images])
    sums = np.bincount(images, np.concatenate([residuals, residuals]))
    # A pair is in the sums of both its images, but counts once.
    variance = (np.sum(sums**2) - np.sum(residuals**2)) / n**2
    independent = mean * (1 - mean)
    return float(n if variance <= independent / n else independent / variance)


def wilson_interval(share, n):
    """Interval of a share of n independent trials, by Wilson (1927).

    With n from `effective_pairs` it is the dependence-adjusted interval of
    Fogliato, Patil and Perona (2023), arXiv 2306.01198. By hand, since that n is no
    whole number, which scipy.stats.binomtest needs.
    """
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def judge(pairs):
    """All metrics of one test set (Measured), as a dict ready for JSON."""
    correct = classified_correctly(pairs.distance, pairs.same, pairs.threshold)
    n = effective_pairs(correct, pairs.left, pairs.right)
    values = {name: metric.function(pairs) for name, metric in METRICS.items()}
    low, high = wilson_interval(values["accuracy"], n)
    return {
        "pairs": len(correct),
        "effective_pairs": n,
        "accuracy": values["accuracy"],
        "accuracy_low": low,
        "accuracy_high": high,
        **values,
    }


def evaluate(sets, threshold, margin):
    """Metrics of the test sets.

    Parameters
    ----------
    sets : dict of str to dict of str to numpy.ndarray
        left, right, same and distance of the pairs of A, B, crossed and
        validation.
    threshold : float or None
        The threshold of `accuracy`; None for the best on validation.
    margin : float

    Returns
    -------
    dict
        Metrics of A, B, joint (A and B together) and crossed; the two thresholds;
        threshold_unseen, the best on B, by which only other studies may judge; and
        whether the network has collapsed: all distances are equal.
    """
    distances = np.concatenate([pairs["distance"] for pairs in sets.values()])
    best = best_threshold(sets["validation"]["distance"], sets["validation"]["same"])
    threshold = best if threshold is None else threshold
    joint = {key: np.concatenate([sets["A"][key], sets["B"][key]]) for key in sets["A"]}
    sets = {**sets, "joint": joint}
    judged_by = threshold, best, margin
    metrics = {
        name: judge(Measured(*(sets[name][key] for key in PAIR_KEYS), *judged_by))
        for name in TEST_SETS
    }
    return {
        **metrics,
        "threshold": threshold,
        "threshold_tuned": best,
        "threshold_unseen": best_threshold(sets["B"]["distance"], sets["B"]["same"]),
        "collapsed": bool(distances.min() == distances.max()),
    }


def check_metrics(metrics, path):
    """Refuse metrics without all numbers of each test set; `path` is their file."""
    with reading(path):
        for name in TEST_SETS:
            for key in (*METRICS, "accuracy_low", "accuracy_high"):
                float(metrics[name][key])
        float(metrics["threshold_tuned"])
        float(metrics["threshold_unseen"])
        bool(metrics["collapsed"])


def read_metrics(path):
    """Content of a grid point's metrics.json."""
    metrics = read_json(path)
    check_metrics(metrics, path)
    return metrics


def read_baselines(path):
    """Content of the baselines' metrics.json: a dict each, with method and size."""
    baselines = read_json(path)
    with reading(path):
        for metrics in baselines:
            check_metrics(metrics, path)
            name_baseline(metrics["method"], metrics["size"])
    return baselines


def name_baseline(method, size):
    """A baseline as figures and texts name it; size is '' where it has none."""
    return f"{method}, {size}" if size else f"{method}"
