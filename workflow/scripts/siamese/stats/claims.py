"""The effect that each claim is about, over seeds or divisions, and a verdict."""

import math

import pandas as pd

from siamese.errors import StudyError
from siamese.stats.intervals import mean_interval
from siamese.stats.metrics import METRIC_OF_COLUMN
from siamese.study.axes import axes_in
from siamese.study.columns import TRAINED

# A claim has the first of these that one of its effects has.
VERDICTS = ("contradicted", "undecided", "supported")
# In place of a baseline's name: the one that is best in this unit, pose and metric.
BEST = "best"
# The pose of rows about all pairs, which are upright.
ALL_PAIRS = ""


def select(rows, side, unit):
    """The metric of a trained side: a row a unit, a column a combination of open
    settings.

    `side` has the metric and values of some axes, or lists to average over; other axes
    have one value in the whole study. Missing values are NaN.
    """
    open_axes = [axis for axis in axes_in(rows) if axis not in side]
    numbers = rows.groupby(open_axes, dropna=False).ngroup() if open_axes else 0
    rows = rows.assign(combination=numbers)
    given = {axis: side[axis] for axis in axes_in(rows) if axis in side}
    given["pose"] = side.get("pose", ALL_PAIRS)
    given = {k: v if isinstance(v, list) else [v] for k, v in given.items()}
    for axis, values in given.items():
        rows = rows[rows[axis].isin(values)]
    groups = rows.groupby([unit, "combination"])[side["metric"]]
    complete = groups.count() == math.prod(map(len, given.values()))
    return groups.mean()[complete].unstack("combination")


def select_baseline(rows, side, unit):
    """The metric of a baseline, or of that which is best in each unit; see `select`."""
    poses = side.get("pose", ALL_PAIRS)
    rows = rows[rows["pose"].isin(poses if isinstance(poses, list) else [poses])]
    means = rows.groupby([unit, "name"])[side["metric"]].mean().unstack()
    if side["baseline"] == BEST:
        sign = METRIC_OF_COLUMN[side["metric"]].sign
        return sign * (sign * means).max(axis=1).to_frame()
    if side["baseline"] not in means:
        found = f"Claims: found baseline {side['baseline']!r}"
        raise StudyError(f"{found}, expected {BEST!r} or one of {[*means]}")
    return means[[side["baseline"]]]


def values_of(rows, side, unit):
    """The values of one side in its poses, less those in its `less_pose`."""
    is_trained = rows["method"] == TRAINED
    if "baseline" in side:
        values = select_baseline(rows[~is_trained], side, unit)
    else:
        values = select(rows[is_trained], side, unit)
    if "less_pose" not in side:
        return values
    other = {key: value for key, value in side.items() if key != "less_pose"}
    return values - values_of(rows, other | {"pose": side["less_pose"]}, unit)


def effect(rows, side, minus=None, unit="seed"):
    """The value of one side, less that of the other, as a series by unit.

    It is averaged over the combinations of open settings that both sides have; sides
    that name different axes are each averaged over their own. A unit that lacks one is
    left out. `rows`, one a unit, setting or baseline, and pose, have the columns of
    summary.csv and of poses.csv; `pose` is '' for the former, `name` is a baseline's.
    """
    values = values_of(rows, side, unit)
    if minus is not None:
        other = values_of(rows, minus, unit)
        axes = [{*axes_in(each), *each.keys() & {"baseline"}} for each in (side, minus)]
        if axes[0] != axes[1]:
            values, other = (each.mean(axis=1).to_frame() for each in (values, other))
        values = values - other
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
