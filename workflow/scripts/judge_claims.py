"""Rule judge_claims: the effect that each claim is about, over seeds, and a verdict."""

import math

import pandas as pd
import yaml

from siamese.axes import axes_in
from siamese.intervals import mean_interval, verdict
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN
from siamese.tables import UNSEEN, read_runs, read_summary, trained_rows

# What is judged over divisions of the classes too, where a study has several.
SECOND = ["n", "mean", "sd", "low", "high", "verdict", "verdict_of_claim"]


def select(rows, side, unit="seed"):
    """One value a unit and combination of the settings that a side leaves open.

    Parameters
    ----------
    rows : pandas.DataFrame
        Trained rows of summary.csv, one a unit and setting.
    side : dict
        metric, and some of the axes: a value, or a list of values to average over.
        An axis that is no column has one value in the whole study.
    unit : str
        The column that says what is independent of each other.

    Returns
    -------
    pandas.DataFrame
        A row a unit, a column a combination of the open settings; NaN where the
        unit lacks one of the values.
    """
    axes = axes_in(rows)
    values = {
        key: value if isinstance(value, list) else [value]
        for key, value in side.items()
        if key in axes
    }
    for key, allowed in values.items():
        rows = rows[rows[key].isin(allowed)]
    open_keys = [key for key in axes if key not in values]
    groups = rows.groupby([unit, *open_keys])[side["metric"]]
    complete = groups.count() == math.prod(map(len, values.values()))
    means = groups.mean()[complete]
    return means.unstack(open_keys) if open_keys else means.to_frame("value")


def effect(rows, of, minus=None, unit="seed"):
    """Effect of each unit: the value of one side, less that of the other.

    Averaged over the combinations of open settings that both sides have. A unit
    that lacks one of them is left out.

    Returns
    -------
    pandas.Series
        Indexed by unit.
    """
    values = select(rows, of, unit)
    if minus is not None:
        values = values - select(rows, minus, unit)
    values = values.dropna(axis="columns", how="all").dropna(axis="index")
    return values.mean(axis=1)


def sides(claim, part):
    """The two sides of an effect, each with the claim's and the effect's `where`."""
    where = claim.get("where", {}) | part.get("where", {})
    minus = where | part["minus"] if "minus" in part else None
    return where | part.get("of", {}), minus


def verdict_of_all(verdicts):
    """A claim stands with all its effects, and falls with one."""
    if "contradicted" in verdicts:
        return "contradicted"
    return "undecided" if "undecided" in verdicts else "supported"


def judge_claims(rows, claims, unit="seed"):
    """The effects of all claims.

    Parameters
    ----------
    rows : pandas.DataFrame
        Trained rows of summary.csv, one a unit and setting.
    claims : list of dict
        Content of the claims file; config/README.md explains it.
    unit : str
        The column that intervals are over.

    Returns
    -------
    pandas.DataFrame
        One row an effect: claim (from 1), statement, effect, metric, n, mean,
        sd, low, high, published, holds_from, holds_to, verdict, verdict_of_claim.
    """
    table = []
    for number, claim in enumerate(claims, start=1):
        parts = []
        for part in claim["effects"]:
            of, minus = sides(claim, part)
            interval = mean_interval(effect(rows, of, minus, unit))
            parts.append(
                {
                    "claim": number,
                    "statement": claim["claim"],
                    "effect": part["effect"],
                    "metric": of["metric"],
                    "difference": minus is not None,
                    **{k: interval[k] for k in ("n", "mean", "sd", "low", "high")},
                    "published": part.get("published"),
                    "holds_from": part["holds"][0],
                    "holds_to": part["holds"][1],
                    "verdict": verdict(
                        interval["low"], interval["high"], part["holds"]
                    ),
                }
            )
        whole = verdict_of_all([part["verdict"] for part in parts])
        table += [part | {"verdict_of_claim": whole} for part in parts]
    return pd.DataFrame(table)


def over_divisions(runs, axes):
    """One row a division of the classes and setting, the mean over seeds.

    Not of the study's own division.
    """
    others = runs[runs[UNSEEN] != ""]
    columns = [name for name in runs if name in METRIC_OF_COLUMN]
    return others.groupby([UNSEEN, *axes], as_index=False)[columns].mean()


def main(snakemake, output):
    with open(snakemake.input.claims, encoding="utf-8") as file:
        claims = yaml.safe_load(file)["claims"]
    split_by = snakemake.params.split_by
    rows = trained_rows(read_summary(snakemake.input.table), split_by)
    judged = judge_claims(rows, claims)
    runs = trained_rows(read_runs(snakemake.input.table), split_by)
    if UNSEEN in runs:
        rows = over_divisions(runs, axes_in(runs))
        second = judge_claims(rows, claims, UNSEEN)[SECOND]
        judged = judged.join(second.add_suffix("_divisions"))
    judged.to_csv(output.table, index=False)
    print(judged.to_string())


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
