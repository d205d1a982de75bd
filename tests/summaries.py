"""Tables of a summary that tests start from."""

import itertools

import numpy as np
import pandas as pd
from study import ROOT
from summarise import summarise

from siamese.stats.metrics import METRICS

SETTING = {"size": "small", "l2": 0.01, "batch_size": 1024, "epochs": 2}
POINT = SETTING | {"split_by": "pairs", "further": ""}
PUBLISHED = pd.read_csv(ROOT / "workflow/data/published.csv")


def metrics_of(a, b):
    parts = {"A": a, "B": b, "joint": (a + b) / 2, "crossed": b}
    names = (*METRICS, "accuracy_low", "accuracy_high")
    metrics = {
        part: dict.fromkeys(names, value) | {"loss": value / 10, "eer": 1 - value}
        for part, value in parts.items()
    }
    ends = {"threshold_tuned": 0.4, "threshold_unseen": b / 2, "collapsed": False}
    return metrics | ends


def table(points, accuracies, runs, on_b):
    """A summary of points with accuracies (A, B), and of baselines in some runs."""
    baselines = [
        [
            {"method": "pixels", "size": "", **metrics_of(0.75, b)},
            {"method": "PCA", "size": "small", **metrics_of(0.75, b + 0.04)},
        ]
        for b in on_b
    ]
    metrics = [metrics_of(*values) for values in accuracies]
    return summarise([POINT | p for p in points], metrics, runs, baselines, PUBLISHED)


def summary_of_seeds():
    """Two settings by pairs and one by images, two seeds each, and the baselines."""
    points = [
        changes | {"seed": seed}
        for changes in ({}, {"l2": 0.0}, {"split_by": "images"})
        for seed in (0, 1)
    ]
    values = (0.9, 0.8), (0.8, 0.7), (1, 0.5), (1, 0.6), (0.85, 0.8), (0.7, 0.7)
    runs = [{"split_by": "pairs", "seed": seed} for seed in (0, 1)]
    return table(points, values, runs, [0.73, 0.71])


def table_of(**lists):
    """A summary of all combinations, two seeds each; accuracy falls from row to row."""
    settings = [
        dict(zip(lists, values, strict=True))
        for values in itertools.product(*lists.values())
    ]
    points = [
        {"batch_size": 512, "seed": seed} | each for seed in (0, 1) for each in settings
    ]
    values = np.linspace(0.9, 0.5, len(points))
    runs = [{"split_by": "pairs", "seed": 0}]
    return table(points, zip(values, values - 0.1, strict=True), runs, [0.73])


def summary_of_networks(**more):
    """Two settings of the published network, then a network that uses few axes, which
    is the best on B; two seeds each.
    """
    published = {"network": "published", "dropout": 0.25, "whitening": 0.0}
    few = dict.fromkeys([*SETTING, "dropout"]) | {"network": "gradients"}
    few |= {"whitening": 0.5, "further": ",network~gradients,whitening~0.5"}
    settings = [published, published | {"dropout": 0.5, "further": ",dropout~0.5"}, few]
    points = [each | {"seed": seed} | more for each in settings for seed in (0, 1)]
    values = [(0.8, 0.6 + 0.02 * n) for n in range(len(points))]
    return table(points, values, [{"split_by": "pairs", "seed": 0} | more], [0.73])


# Two settings (by their L2) and a baseline over three divisions and the own one: B.
VALUES = {
    0.01: {"": 0.8, "0-1": 0.7, "0-2": 0.75, "0-3": 0.95},
    0.0: {"": 0.6, "0-1": 0.65, "0-2": 0.65, "0-3": 0.74},
    "pixels": {"": 0.7, "0-1": 0.6, "0-2": 0.8, "0-3": 0.7},
}


def summary_of_divisions():
    """VALUES as a summary of two seeds, whose B is a little below and above them."""
    runs = [
        ({"seed": seed, "split_by": "pairs", "unseen": unseen}, kind, value + step)
        for kind, values in VALUES.items()
        for unseen, value in values.items()
        for seed, step in ((0, -0.01), (1, 0.01))
    ]
    trained = [run for run in runs if run[1] != "pixels"]
    points = [run | {"l2": l2, "batch_size": 64} for run, l2, _ in trained]
    values = [(b, b) for *_, b in trained]
    baselines = [(run, b) for run, kind, b in runs if kind == "pixels"]
    summary = table(points, values, *zip(*baselines, strict=True))
    return summary[summary["method"] != "PCA"]
