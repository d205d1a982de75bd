"""Rule draw_pairs: random pairs of A and B with class names and label."""

import numpy as np

from siamese.figures import Figure
from siamese.job import logged
from siamese.stored import read_class_names, read_images, read_pair_table

SHOWN_PER_SET = 8


def draw_pairs(tables, images, names, generator):
    """Figure of random pairs of each set, with class names and label."""
    figure = Figure(figsize=(2.1 * SHOWN_PER_SET, 1.6 * len(tables)), layout="tight")
    axes = figure.subplots(len(tables), SHOWN_PER_SET, squeeze=False)
    for row, (name, pairs) in zip(axes, tables.items(), strict=True):
        for axis, index in zip(
            row, generator.integers(len(pairs), size=len(row)), strict=True
        ):
            pair = pairs.iloc[index]
            axis.imshow(
                np.hstack([images[pair["left"]], images[pair["right"]]]), cmap="gray"
            )
            label = "same" if pair["same"] else "different"
            axis.set_title(
                f"{names[pair['left_class']]} | {names[pair['right_class']]}\n"
                f"set {name}: {label}",
                fontsize=8,
                parse_math=False,
            )
            axis.axis("off")
    return figure


def main(snakemake, output):
    tables = {name: read_pair_table(snakemake.input[name]) for name in ("A", "B")}
    images = read_images(snakemake.input.images, in_memory=False)
    generator = np.random.default_rng(int(snakemake.wildcards.seed))
    names = read_class_names(snakemake.input.dataset)
    figure = draw_pairs(tables, images, names, generator)
    figure.savefig(output.figure, dpi=100)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
