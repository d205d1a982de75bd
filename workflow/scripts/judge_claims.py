"""Rule judge_claims: the effect that each claim is about, over seeds, and a verdict."""

import yaml

from siamese.stats.claims import judge
from siamese.stats.metrics import METRIC_OF_COLUMN
from siamese.stats.tables import own_division, read_runs, trained_rows
from siamese.study.axes import axes_in
from siamese.study.columns import UNSEEN

# A study of several divisions of the classes has these over the divisions too.
OVER_DIVISIONS = ["n", "mean", "sd", "low", "high", "verdict", "verdict_of_claim"]


def mean_over_seeds(runs):
    """One row a setting and division of the classes other than the study's own."""
    runs = runs[runs[UNSEEN] != ""]
    columns = [name for name in runs if name in METRIC_OF_COLUMN]
    groups = runs.groupby([UNSEEN, *axes_in(runs)], as_index=False, dropna=False)
    return groups[columns].mean()


def main(snakemake):
    with open(snakemake.input.claims, encoding="utf-8") as file:
        claims = yaml.safe_load(file)["claims"]
    runs = trained_rows(read_runs(snakemake.input.table), snakemake.params.split_by)
    judged = judge(own_division(runs), claims)
    if UNSEEN in runs:
        second = judge(mean_over_seeds(runs), claims, UNSEEN)[OVER_DIVISIONS]
        judged = judged.join(second.add_suffix("_divisions"))
    judged.to_csv(snakemake.output.table, index=False)
    print(judged.to_string())
