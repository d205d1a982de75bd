"""Rule judge_claims: the effect that each claim is about, over seeds, and a verdict."""

import pandas as pd
import yaml

from siamese.stats.claims import ALL_PAIRS, judge
from siamese.stats.divisions import named_runs
from siamese.stats.metrics import METRIC_OF_COLUMN
from siamese.stats.tables import own_division, read_runs
from siamese.study.axes import axes_in
from siamese.study.columns import UNSEEN

# A study of several divisions of the classes has these over the divisions too.
OVER_DIVISIONS = ["n", "mean", "sd", "low", "high", "verdict", "verdict_of_claim"]


def mean_over_seeds(runs):
    """One row a setting or baseline, pose and division other than the study's own."""
    runs = runs[runs[UNSEEN] != ""]
    columns = [name for name in runs if name in METRIC_OF_COLUMN]
    keys = [UNSEEN, *axes_in(runs), "method", "name", "pose"]
    groups = runs.groupby(keys, as_index=False, dropna=False)
    return groups[columns].mean()


def read_all(table, poses, split_by):
    """The rows that claims are about: see `siamese.stats.claims.effect`."""
    runs = read_runs(table).assign(pose=ALL_PAIRS)
    if poses:
        runs = pd.concat([runs, read_runs(poses)], ignore_index=True)
    return named_runs(runs, split_by)


def main(snakemake):
    with open(snakemake.input.claims, encoding="utf-8") as file:
        claims = yaml.safe_load(file)["claims"]
    paths = snakemake.input
    runs = read_all(paths.table, paths.poses, snakemake.params.split_by)
    judged = judge(own_division(runs), claims)
    if UNSEEN in runs:
        second = judge(mean_over_seeds(runs), claims, UNSEEN)[OVER_DIVISIONS]
        judged = judged.join(second.add_suffix("_divisions"))
    judged.to_csv(snakemake.output.table, index=False)
    print(judged.to_string())
