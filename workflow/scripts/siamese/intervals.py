"""Means over seeds, and what their spread says."""

import math

import numpy as np
from scipy import stats

from siamese.metrics import CONFIDENCE


def mean_interval(values):
    """Mean of independent runs and its interval by Student's t.

    Parameters
    ----------
    values : array of float, shape (n,)
        One value a seed; NaN where a run is missing.

    Returns
    -------
    dict
        n, mean, sd (of a single run, n - 1 in the denominator), low and high.
        NaN for what cannot be had: sd, low and high need two values.
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    n = len(values)
    result = dict.fromkeys(("mean", "sd", "low", "high"), math.nan) | {"n": n}
    if n >= 1:
        result["mean"] = float(np.mean(values))
    if n >= 2:
        result["sd"] = float(np.std(values, ddof=1))
        # Without loc and scale, since of equal values SciPy makes NaN.
        bounds = np.array(stats.t.interval(CONFIDENCE, n - 1)) * stats.sem(values)
        result["low"], result["high"] = map(float, result["mean"] + bounds)
    return result


def paired_interval(first, second):
    """Mean difference of two settings over the same seeds, as `mean_interval`.

    Parameters
    ----------
    first, second : pandas.Series of float
        Indexed by seed. Seeds that only one of them has do not count.
    """
    return mean_interval(first.sub(second))


def verdict(low, high, holds):
    """Whether an interval lies within, outside, or across the bounds of a claim.

    Parameters
    ----------
    low, high : float
        The interval of the effect; NaN where there is none.
    holds : tuple of (float or None)
        Bounds within which the claim is right; None for no bound.

    Returns
    -------
    str
        'supported', 'contradicted' or 'undecided'.
    """
    lowest = -math.inf if holds[0] is None else holds[0]
    highest = math.inf if holds[1] is None else holds[1]
    if lowest <= low and high <= highest:
        return "supported"
    if high < lowest or highest < low:
        return "contradicted"
    return "undecided"
