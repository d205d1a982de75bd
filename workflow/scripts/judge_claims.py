"""Rule judge_claims: the effect that each claim is about, over seeds, and a verdict."""

import math

import pandas as pd
import yaml

from siamese.axes import axes_in
from siamese.intervals import mean_interval, verdict
from siamese.job import logged
from siamese.tables import read_summary, trained_rows


def select(rows, side):
    """One value a seed and combination of the settings that a side leaves open.

    Parameters
    ----------
    rows : pandas.DataFrame
        Trained rows of summary.csv.
    side : dict
        metric, and some of the axes: a value, or a list of values to average over.
        An axis that is no column has one value in the whole study.

    Returns
    -------
    pandas.DataFrame
        A row a seed, a column a combination of the open settings; NaN where the
        seed lacks one of the values.
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
    groups = rows.groupby(["seed", *open_keys])[side["metric"]]
    complete = groups.count() == math.prod(map(len, values.values()))
    means = groups.mean()[complete]
    return means.unstack(open_keys) if open_keys else means.to_frame("value")


def effect(rows, of, minus=None):
    """Effect of each seed: the value of one side, less that of the other.

    Averaged over the combinations of open settings that both sides have. A seed
    that lacks one of them is left out.

    Returns
    -------
    pandas.Series
        Indexed by seed.
    """
    values = select(rows, of)
    if minus is not None:
        values = values - select(rows, minus)
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


def judge_claims(rows, claims):
    """The effects of all claims.

    Parameters
    ----------
    rows : pandas.DataFrame
        Trained rows of summary.csv.
    claims : list of dict
        Content of the claims file; config/README.md explains it.

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
            interval = mean_interval(effect(rows, of, minus))
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


def main(snakemake, output):
    with open(snakemake.input.claims, encoding="utf-8") as file:
        claims = yaml.safe_load(file)["claims"]
    summary = read_summary(snakemake.input.table)
    rows = trained_rows(summary, snakemake.params.split_by)
    judged = judge_claims(rows, claims)
    judged.to_csv(output.table, index=False)
    print(judged.to_string())


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
