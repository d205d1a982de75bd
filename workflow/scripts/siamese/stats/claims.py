"""The effect that each claim is about, over seeds or divisions, and a verdict."""

import math

import pandas as pd

from siamese.stats.intervals import mean_interval
from siamese.study.axes import axes_in

# A claim has the first of these that one of its effects has.
VERDICTS = ("contradicted", "undecided", "supported")


def select(rows, side, unit):
    """The metric of a side: a row a unit, a column a combination of open settings.

    `side` has the metric and values of some axes, or lists to average over; other axes
    have one value in the whole study. Missing values are NaN.
    """
    given = {axis: side[axis] for axis in axes_in(rows) if axis in side}
    given = {k: v if isinstance(v, list) else [v] for k, v in given.items()}
    for axis, values in given.items():
        rows = rows[rows[axis].isin(values)]
    groups = rows.groupby([unit, "combination"])[side["metric"]]
    complete = groups.count() == math.prod(map(len, given.values()))
    return groups.mean()[complete].unstack("combination")


def effect(rows, side, minus=None, unit="seed"):
    """The value of one side, less that of the other, as a series by unit.

    It is averaged over the combinations of open settings that both sides have. A unit
    that lacks one of them is left out. `rows` are trained rows of summary.csv, one a
    unit and setting; `side` and `minus`, dicts, name the same axes.
    """
    open_axes = [axis for axis in axes_in(rows) if axis not in side]
    numbers = rows.groupby(open_axes, dropna=False).ngroup() if open_axes else 0
    rows = rows.assign(combination=numbers)
    values = select(rows, side, unit)
    if minus is not None:
        values = values - select(rows, minus, unit)
    return values.dropna(axis="columns", how="all").dropna(axis="index").mean(axis=1)


def verdict(low, high, holds):
    """'supported' where an interval lies within the bounds of a claim, 'contradicted'
    where outside, else 'undecided'. A missing interval is NaN, a missing bound None.
    """
    lowest = -math.inf if holds[0] is None else holds[0]
    highest = math.inf if holds[1] is None else holds[1]
    if lowest <= low and high <= highest:
        return "supported"
    return "contradicted" if high < lowest or highest < low else "undecided"


def judge_effect(rows, claim, part, unit):
    """The row of one effect of a claim, without the verdict on the claim."""
    where = claim.get("where", {}) | part.get("where", {})
    side = where | part.get("of", {})
    minus = where | part["minus"] if "minus" in part else None
    interval = mean_interval(effect(rows, side, minus, unit))
    return {
        "statement": claim["claim"],
        "effect": part["effect"],
        "metric": side["metric"],
        "difference": minus is not None,
        **interval,
        "published": part.get("published"),
        "holds_from": part["holds"][0],
        "holds_to": part["holds"][1],
        "verdict": verdict(interval["low"], interval["high"], part["holds"]),
    }


def judge(rows, claims, unit="seed"):
    """The content of claims.csv: one row an effect, as a data frame.

    `claims` is the list in a file of claims (config/README.md); intervals are over the
    column `unit`. For `rows` see `effect`.
    """
    table = []
    for number, claim in enumerate(claims, start=1):
        parts = [judge_effect(rows, claim, part, unit) for part in claim["effects"]]
        whole = min((part["verdict"] for part in parts), key=VERDICTS.index)
        ends = {"verdict_of_claim": whole}
        table += [{"claim": number} | part | ends for part in parts]
    return pd.DataFrame(table)
