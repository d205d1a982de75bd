"""Tables of a summary that tests start from."""

import itertools

import numpy as np
import pandas as pd
from study import ROOT
from summarise import summarise

from siamese.metrics import METRICS


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


def summary_of_seeds():
    """Two settings by pairs and one by images, two seeds each, and the baselines."""
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
