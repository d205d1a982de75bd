"""Rule make_pairs: the pairs of sets A and B for one seed, by the published scheme.

A pair is two indices into images.npy; no pixel is copied.
"""

import numpy as np

from siamese.job import logged
from siamese.splits import SPLITS, Plan, complete_sets, make_pairs, sets_of_fold
from siamese.stored import read_table


def main(snakemake, output):
    params = snakemake.params
    table = read_table(snakemake.input.table, ["image", "class"])
    members = {
        label: rows["image"].to_numpy() for label, rows in table.groupby("class")
    }
    counts = {int(label): len(images) for label, images in members.items()}
    sets = sets_of_fold(complete_sets(params.sets, list(counts)), params.fold)
    plan = Plan.of(counts, sets, params.pairs)
    seed = int(snakemake.wildcards.seed)
    for number, name in enumerate(("A", "B")):
        images = {label: members[label] for label in sorted(sets[name])}
        generator = np.random.default_rng([seed, number])
        if name == "A":
            split = SPLITS[params.pairs["split_by"]]
            pairs = split.make(images, plan.sizes["A"], plan.parts, generator)
        else:
            pairs = make_pairs(images, plan.sizes["B"], generator).assign(split="test")
        pairs.to_csv(getattr(output, name), index=False)
        print(f"Set {name}:\n{pairs.groupby(['split', 'same']).size()}")


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
