"""Rule make_pairs: the pairs of sets A and B for one seed, by the published scheme.

A pair is two indices into images.npy; no pixel is copied.
"""

import numpy as np

from siamese.job import logged
from siamese.splits import SPLITS, make_pairs
from siamese.stored import read_table


def main(snakemake, output):
    params = snakemake.params
    table = read_table(snakemake.input.table, ["image", "class"])
    seed = int(snakemake.wildcards.seed)
    for number, name in enumerate(("A", "B")):
        members = table[table["class"].isin(params.sets[name])].groupby("class")
        images_by_class = {c: images.to_numpy() for c, images in members["image"]}
        generator = np.random.default_rng([seed, number])
        images = (images_by_class, params.images_per_class)
        if name == "A":
            split = SPLITS[params.split_by]
            pairs = split.make(*images, params.parts, generator)
        else:
            pairs = make_pairs(*images, generator).assign(split="test")
        pairs.to_csv(getattr(output, name), index=False)
        print(f"Set {name}:\n{pairs.groupby(['split', 'same']).size()}")


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
