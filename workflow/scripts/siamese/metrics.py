"""What a set of distances says: accuracy, contrastive loss and ROC AUC."""

import numpy as np
import pandas as pd


def accuracy(distances, same, threshold):
    """Share of pairs judged rightly, where d < `threshold` means 'same'.

    Parameters
    ----------
    distances : numpy.ndarray of float, shape (n,)
    same : numpy.ndarray of int, shape (n,)
        1 for a pair of the same class, 0 otherwise.
    threshold : float
    """
    return float(np.mean((distances < threshold) == (same == 1)))


def contrastive_loss(distances, same, margin):
    """Mean of 1/2 [y d^2 + (1 - y) max(margin - d, 0)^2], in float64.

    Source: Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction by
    Learning an Invariant Mapping", with y = 1 for a pair of the same class.
    """
    distances = np.asarray(distances, dtype=np.float64)
    hinge = np.maximum(margin - distances, 0)
    return float(np.mean(0.5 * (same * distances**2 + (1 - same) * hinge**2)))


def roc_auc(distances, same):
    """Chance that a 'same' pair is closer than a 'different' one, ties as half.

    From the rank sum of Mann and Whitney (1947). NaN unless both kinds occur.
    """
    ranks = pd.Series(distances).rank().to_numpy()
    positive = np.asarray(same) == 1
    n, m = positive.sum(), (~positive).sum()
    if n == 0 or m == 0:
        return float("nan")
    return float(1 - (ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def judge(distances, same, threshold, margin):
    """All metrics of one test set, as a dict ready for JSON."""
    return {
        "pairs": len(distances),
        "accuracy": accuracy(distances, same, threshold),
        "loss": contrastive_loss(distances, same, margin),
        "auc": roc_auc(distances, same),
    }
