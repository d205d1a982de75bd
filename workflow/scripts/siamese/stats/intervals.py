"""Intervals of means over seeds or divisions, and of rank correlations."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from siamese.stats.metrics import CONFIDENCE


def mean_interval(values):
    """Mean of independent runs and its interval by Student's t.

    `values` has a number a run, NaN where one is missing. A dict of n, mean, sd (of a
    single run, n - 1 in the denominator), low and high. Without values the mean is NaN;
    with fewer than two, so are sd, low and high.
    """
    values = pd.Series(values, dtype=float).dropna()
    n, mean = len(values), values.mean()
    # SciPy makes NaN of loc and scale where values are equal.
    low, high = mean + np.multiply(stats.t.interval(CONFIDENCE, n - 1), values.sem())
    return {"n": n, "mean": mean, "sd": values.std(), "low": low, "high": high}


def rank_correlation(first, second):
    """Spearman's rank correlation of two arrays of float, its low and its high end.

    By Fisher's transformation with the standard error of Bonett and Wright (2000),
    "Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations". Places where either is NaN do not count. All three are NaN with fewer
    than three values or where one side is constant; both ends with three and at ±1.
    """
    both = np.array([first, second], float)
    both = both[:, ~np.isnan(both).any(axis=0)]
    n = both.shape[1]
    if n < 3 or (both.min(axis=1) == both.max(axis=1)).any():
        return (math.nan,) * 3
    correlation = float(stats.spearmanr(*both).statistic)
    if n == 3 or abs(correlation) == 1:
        return correlation, math.nan, math.nan
    half = stats.norm.ppf((1 + CONFIDENCE) / 2)
    half *= math.sqrt((1 + correlation**2 / 2) / (n - 3))
    centre = math.atanh(correlation)
    return correlation, math.tanh(centre - half), math.tanh(centre + half)
