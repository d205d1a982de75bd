"""Rule make_pairs: the pairs of sets A and B for one seed, by the published scheme."""

import numpy as np

from siamese.data.pairs import MAKERS, make_pairs
from siamese.data.stored import read_table
from siamese.study.pair_counts import Plan, complete_sets


def main(snakemake):
    params = snakemake.params
    table = read_table(snakemake.input.table, ["image", "class"])
    members = {c: rows["image"].to_numpy() for c, rows in table.groupby("class")}
    counts = {label: len(images) for label, images in members.items()}
    sets = complete_sets(params.sets, list(counts))
    plan = Plan.of(counts, sets, params.pairs)
    seed = int(snakemake.wildcards.seed)
    a, b = ({c: members[c] for c in sorted(sets[name])} for name in ("A", "B"))
    make = MAKERS[params.pairs["split_by"]]
    pairs_a = make(a, plan.sizes["A"], plan.parts, np.random.default_rng([seed, 0]))
    pairs_b = make_pairs(b, plan.sizes["B"], np.random.default_rng([seed, 1]))
    pairs_a.to_csv(snakemake.output.A, index=False)
    pairs_b.assign(split="test").to_csv(snakemake.output.B, index=False)
