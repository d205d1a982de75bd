"""What the distances of pairs say: accuracy, contrastive loss, ROC, intervals."""

import statistics

import numpy as np

from siamese.stored import read_json, reading

TEST_SETS = ("A", "B", "joint", "crossed")
CONFIDENCE = 0.95


def accuracy(distances, same, threshold):
    """Share of pairs classified correctly, where d < `threshold` means 'same'.

    Parameters
    ----------
    distances : numpy.ndarray of float, shape (n,)
    same : numpy.ndarray of int, shape (n,)
        1 for a pair of the same class, 0 otherwise.
    threshold : float
    """
    return float(np.mean(classified_correctly(distances, same, threshold)))


def classified_correctly(distances, same, threshold):
    """Whether each pair is classified correctly, as an array of bool."""
    # In float64, or a threshold between two float32 distances would be rounded.
    return (np.asarray(distances, np.float64) < threshold) == (np.asarray(same) == 1)


def contrastive_loss(distances, same, margin):
    """Mean of 1/2 [y d^2 + (1 - y) max(margin - d, 0)^2], in float64.

    Source: Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction by
    Learning an Invariant Mapping", with y = 1 for a pair of the same class.
    """
    distances = np.asarray(distances, dtype=np.float64)
    hinge = np.maximum(margin - distances, 0)
    return float(np.mean(0.5 * (same * distances**2 + (1 - same) * hinge**2)))


def cuts(distances, same):
    """All thresholds that tell pairs apart, and the pairs below each.

    Returns
    -------
    thresholds : numpy.ndarray of float64, shape (m,)
        Rising: the smallest distance, the middles of neighbouring distances,
        and a value above the largest.
    same_below, different_below : numpy.ndarray of int, shape (m,)
    """
    distances = np.asarray(distances, np.float64)
    order = np.argsort(distances)
    ordered, positive = distances[order], np.asarray(same)[order] == 1
    steps = np.flatnonzero(np.diff(ordered))
    below = np.concatenate([[0], steps + 1, [len(ordered)]])
    middles = (ordered[steps] + ordered[steps + 1]) / 2
    above = np.nextafter(ordered[-1], np.inf)
    thresholds = np.concatenate([ordered[:1], middles, [above]])
    same_below = np.concatenate([[0], np.cumsum(positive)])[below]
    return thresholds, same_below, below - same_below


def best_threshold(distances, same):
    """The threshold with the highest accuracy, the smallest of several."""
    thresholds, same_below, different_below = cuts(distances, same)
    return float(thresholds[np.argmax(same_below - different_below)])


def roc_auc(distances, same):
    """Chance that a 'same' pair is closer than a 'different' one, ties as half.

    The area under the ROC curve by the trapezoidal rule. NaN unless both occur.
    """
    _, found, passed = cuts(distances, same)
    if found[-1] == 0 or passed[-1] == 0:
        return float("nan")
    return float(np.trapezoid(found / found[-1], passed / passed[-1]))


def equal_error_rate(distances, same):
    """Error rate at the threshold where both kinds of pairs err alike.

    At the threshold where the share of 'same' pairs that are missed and that of
    'different' pairs that pass are closest: their mean. NaN unless both occur.
    """
    _, same_below, different_below = cuts(distances, same)
    if same_below[-1] == 0 or different_below[-1] == 0:
        return float("nan")
    missed = 1 - same_below / same_below[-1]
    passed = different_below / different_below[-1]
    closest = np.argmin(np.abs(missed - passed))
    return float((missed[closest] + passed[closest]) / 2)


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
    Fogliato, Patil and Perona (2023), arXiv 2306.01198.
    """
    z = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(centre - half), float(centre + half)


def judge(pairs, threshold, validation_threshold, margin):
    """All metrics of one test set, as a dict ready for JSON.

    Parameters
    ----------
    pairs : dict of str to numpy.ndarray
        left, right (images), same and distance of each pair.
    threshold, validation_threshold, margin : float
    """
    distances, same = pairs["distance"], pairs["same"]
    right = classified_correctly(distances, same, threshold)
    n = effective_pairs(right, pairs["left"], pairs["right"])
    low, high = wilson_interval(float(np.mean(right)), n)
    return {
        "pairs": len(distances),
        "effective_pairs": n,
        "accuracy": float(np.mean(right)),
        "accuracy_low": low,
        "accuracy_high": high,
        "accuracy_tuned": accuracy(distances, same, validation_threshold),
        "loss": contrastive_loss(distances, same, margin),
        "auc": roc_auc(distances, same),
        "eer": equal_error_rate(distances, same),
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
        Metrics of A, B, joint (A and B together) and crossed, the two thresholds,
        and whether the network has collapsed: all distances are equal.
    """
    distances = np.concatenate([pairs["distance"] for pairs in sets.values()])
    best = best_threshold(sets["validation"]["distance"], sets["validation"]["same"])
    threshold = best if threshold is None else threshold
    joint = {key: np.concatenate([sets["A"][key], sets["B"][key]]) for key in sets["A"]}
    sets = {**sets, "joint": joint}
    metrics = {name: judge(sets[name], threshold, best, margin) for name in TEST_SETS}
    return {
        **metrics,
        "threshold": threshold,
        "threshold_tuned": best,
        "collapsed": bool(distances.min() == distances.max()),
    }


def check_metrics(metrics, path):
    """Refuse metrics without all numbers of each test set; `path` is their file."""
    with reading(path):
        for name in TEST_SETS:
            for metric in ("accuracy", "accuracy_tuned", "loss", "auc", "eer"):
                float(metrics[name][metric])
            for bound in ("low", "high"):
                float(metrics[name][f"accuracy_{bound}"])
        float(metrics["threshold_tuned"])
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
            f"{metrics['method']} {metrics['size']}"
    return baselines
