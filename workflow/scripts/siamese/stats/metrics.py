"""The metrics that judge distances of pairs, and their values on all test sets."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from siamese.study.columns import TEST_SETS, column
from siamese.study.poses import MODERATE, is_moderate

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measured:
    """The pairs of a test set: images left and right (int), same (1 or 0) and distance
    (float), each of shape (n,). best_threshold is the best on A's validation pairs.
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
    """A number that says how well distances tell pairs apart; one in % is a share.

    The first paragraph of the function's docstring documents it to users.
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
        """The factor that makes higher values the better ones."""
        return 1 if self.better == "higher" else -1

    @property
    def meaning(self):
        return " ".join(self.function.__doc__.split("\n\n")[0].split())

    def axis(self, where=""):
        """The label with its unit; `where` stands between them, such as ' on B'."""
        text = self.label[0].upper() + self.label[1:] + where
        return f"{text}, {self.unit}" if self.unit else text

    def text(self, value, digits=1, sign=""):
        """A value as tables show it, with two more digits if not in %; '' for NaN."""
        if value is None or np.isnan(value):
            return ""
        return f"{value * self.scale:{sign}.{digits if self.unit else digits + 2}f}"


def classified_correctly(distances, same, threshold):
    """Whether each pair is classified correctly, as an array of bool."""
    # float32 would round a threshold between two neighbouring distances.
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

    Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction by Learning an Invariant
    Mapping", with y = 1 for a pair of the same class. The arithmetic is in float64.
    """
    distances, same = np.asarray(pairs.distance, np.float64), pairs.same
    hinge = np.maximum(pairs.margin - distances, 0)
    return float(np.mean(0.5 * (same * distances**2 + (1 - same) * hinge**2)))


def counts_within(distances, same):
    """The distances that occur, rising, float64, and for each the number (int) of
    'different' and of 'same' pairs that are no farther apart.
    """
    # Importing scikit-learn would take half of the job's time.
    levels, level = np.unique(np.asarray(distances, np.float64), return_inverse=True)
    same, n = np.asarray(same) == 1, len(levels)
    counts = (np.bincount(level[kind], minlength=n) for kind in (~same, same))
    return levels, *map(np.cumsum, counts)


def roc(pairs):
    """False and true positive rate at each threshold, rising, 'same' as positive."""
    _, *counts = counts_within(pairs.distance, pairs.same)
    with np.errstate(invalid="ignore"):
        return [np.concatenate([[0], count]) / count[-1] for count in counts]


def roc_auc(pairs):
    """Chance that a 'same' pair is closer than a 'different' one, ties as half: the
    area under the ROC curve.

    It is by the trapezoidal rule, and NaN unless both kinds occur.
    """
    false_positives, true_positives = roc(pairs)
    return float(np.trapezoid(true_positives, false_positives))


def equal_error_rate(pairs):
    """Error rate at the threshold where 'same' and 'different' pairs err alike.

    It is the mean of the two rates where they are closest, NaN unless both kinds occur.
    """
    false_positives, true_positives = roc(pairs)
    false_negatives = 1 - true_positives
    closest = np.argmin(np.abs(false_negatives - false_positives))
    return float((false_negatives[closest] + false_positives[closest]) / 2)


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
# The metric of each column of summary.csv that a claim may name.
METRIC_OF_COLUMN = {
    column(name, test_set, posed): metric
    for posed in (False, True)
    for name, metric in METRICS.items()
    for test_set in TEST_SETS
}


def best_threshold(distances, same):
    """The threshold with the highest accuracy, the smallest of several, float64.

    It is the smallest distance, the middle of two neighbours, or above the largest.
    """
    levels, false_positives, true_positives = counts_within(distances, same)
    middles = (levels[:-1] + levels[1:]) / 2
    thresholds = [levels[0], *middles, np.nextafter(levels[-1], np.inf)]
    return float(thresholds[np.argmax([0, *(true_positives - false_positives)])])


def effective_pairs(correct, left, right):
    """How many independent pairs would give the accuracy the same variance; at most n.

    Pairs that share an image are not independent. The variance is the sum of products
    of residuals over all couples of pairs that share one (Aronow, Samii and Assenova
    2015, "Cluster-robust variance estimation for dyadic data"). `correct` is bool,
    the images `left` and `right` are int; each of shape (n,).
    """
    n, mean = len(correct), np.mean(correct)
    residuals = correct - mean
    sums = np.bincount(np.concatenate([left, right]), np.tile(residuals, 2))
    # A pair is in the sums of both its images, but counts once.
    variance = (np.sum(sums**2) - np.sum(residuals**2)) / n**2
    independent = mean * (1 - mean)
    return float(n if variance <= independent / n else independent / variance)


def wilson_interval(share, n):
    """Interval of a share of n independent trials, by Wilson (1927).

    With n from `effective_pairs` it is the dependence-adjusted interval of Fogliato,
    Patil and Perona (2023), arXiv 2306.01198. SciPy's needs a whole number n.
    """
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def measure(pairs):
    """All metrics of one test set (Measured), as a dict ready for JSON."""
    correct = classified_correctly(pairs.distance, pairs.same, pairs.threshold)
    n = effective_pairs(correct, pairs.left, pairs.right)
    values = {name: metric.function(pairs) for name, metric in METRICS.items()}
    low, high = wilson_interval(values["accuracy"], n)
    row = {"pairs": len(correct), "effective_pairs": n, "accuracy": values["accuracy"]}
    return row | {"accuracy_low": low, "accuracy_high": high} | values


def joined(*sets):
    """Sets of pairs as one."""
    return {key: np.concatenate([each[key] for each in sets]) for key in sets[0]}


def evaluate(sets, threshold, margin):
    """Metrics of A, B, joint (A and B together) and crossed, as a dict ready for JSON.

    `sets` has left, right, same and distance (arrays of shape (n,)) of the pairs of A,
    B, crossed and validation. A `threshold` of None stands for the best on validation.
    The result also has the thresholds (threshold_unseen, the best on B, is for other
    studies alone), and whether the network has collapsed: all distances are equal.
    """
    distances = np.concatenate([pairs["distance"] for pairs in sets.values()])
    best = best_threshold(sets["validation"]["distance"], sets["validation"]["same"])
    threshold = best if threshold is None else threshold
    settings = {"threshold": threshold, "best_threshold": best, "margin": margin}
    sets = sets | {"joint": joined(sets["A"], sets["B"])}
    metrics = {name: measure(Measured(**sets[name], **settings)) for name in TEST_SETS}
    return metrics | {
        "threshold": threshold,
        "threshold_tuned": best,
        "threshold_unseen": best_threshold(sets["B"]["distance"], sets["B"]["same"]),
        "collapsed": bool(distances.min() == distances.max()),
    }


def evaluate_poses(sets, chosen, distances, metrics, margin):
    """Metrics by pose and test set at the upright thresholds, as a dict ready for JSON.

    `sets` and `metrics` are those of `evaluate`, `chosen` the pairs of A, B and crossed
    in poses, `distances` theirs by pose and set. In `joint`, A and B weigh as in all
    pairs. `moderate` has the means over moderate poses, if there are any; `example`
    says whether the first 'same' pair of B is called 'same' at the tuned threshold.
    """
    counts = {name: len(sets[name]["same"]) for name in ("A", "B")}
    share = min(len(chosen[name]["same"]) / n for name, n in counts.items())
    settings = {"threshold": metrics["threshold"], "margin": margin}
    settings |= {"best_threshold": metrics["threshold_tuned"]}
    poses = {}
    for pose, values in distances.items():
        posed = {name: chosen[name] | {"distance": values[name]} for name in chosen}
        parts = (
            {key: column[: round(share * n)] for key, column in posed[name].items()}
            for name, n in counts.items()
        )
        posed["joint"] = joined(*parts)
        measured = {of: Measured(**posed[of], **settings) for of in TEST_SETS}
        poses[pose] = {
            of: {name: metric.function(pairs) for name, metric in METRICS.items()}
            for of, pairs in measured.items()
        }
        first = np.argmax(chosen["B"]["same"] == 1)
        called_same = values["B"][first] < metrics["threshold_tuned"]
        poses[pose]["example"] = bool(called_same)
    if moderate := [values for pose, values in poses.items() if is_moderate(pose)]:
        poses[MODERATE] = {
            of: {n: float(np.mean([v[of][n] for v in moderate])) for n in METRICS}
            for of in TEST_SETS
        }
    return poses


def name_baseline(method, size):
    """A baseline as figures and texts name it; size is '' where it has none."""
    return f"{method}, {size}" if size else method
