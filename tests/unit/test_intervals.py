"""Intervals of means and of rank correlations."""

import math

import numpy as np
import pytest
from scipy import stats

from siamese.stats.intervals import mean_interval, rank_correlation


@pytest.mark.parametrize("n", [2, 10])
def test_mean_interval_is_scipys(n):
    values = np.random.default_rng(n).normal(0.8, 0.02, n)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    expected = {"mean": sum(values) / n, "low": low, "high": high}
    expected |= {"n": n, "sd": np.std(values, ddof=1)}
    assert mean_interval([*values, math.nan]) == pytest.approx(expected)


def test_one_run_has_no_interval_and_none_no_mean():
    one, none = mean_interval([0.8]), mean_interval([])
    assert (one["n"], one["mean"], none["n"]) == (1, 0.8, 0)
    unknown = [*(one[name] for name in ("sd", "low", "high")), none["mean"]]
    assert all(map(math.isnan, unknown))
    assert mean_interval([0.8, 0.8])["high"] == 0.8


def test_rank_correlation_is_scipys_and_its_interval_bonett_and_wrights():
    first, second = np.random.default_rng(0).random((2, 20))
    second += first
    value, *ends = rank_correlation([*first, math.nan], [*second, 1])
    assert value == pytest.approx(stats.spearmanr(first, second).statistic)
    half = 1.959964 * math.sqrt((1 + value**2 / 2) / 17)
    expected = [math.tanh(math.atanh(value) + step) for step in (-half, half)]
    assert ends == pytest.approx(expected)


@pytest.mark.parametrize("second", [[2, 1], [1, 1, 1, 1], [1, 2, 3, 4]])
def test_too_little_has_no_interval(second):
    value, *ends = rank_correlation(range(len(second)), second)
    assert value == 1 if second == [1, 2, 3, 4] else math.isnan(value)
    assert all(map(math.isnan, ends))
