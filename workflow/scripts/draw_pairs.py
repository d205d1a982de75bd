"""Rule draw_pairs: random pairs of A and B with class names and label."""

import numpy as np

from siamese.data.stored import read_class_names, read_images, read_pair_table
from siamese.report.figures import new_figure, short

SHOWN_PER_SET = 8


def draw_pairs(tables, images, names, generator):
    """Figure of random pairs from a data frame of each set."""
    figure = new_figure(2.1 * SHOWN_PER_SET, 1.6 * len(tables), layout="tight")
    rows = figure.subplots(len(tables), SHOWN_PER_SET, squeeze=False)
    for axes, (name, pairs) in zip(rows, tables.items(), strict=True):
        drawn = pairs.iloc[generator.integers(len(pairs), size=len(axes))]
        for axis, pair in zip(axes, drawn.itertuples(), strict=True):
            axis.imshow(np.hstack([images[pair.left], images[pair.right]]), cmap="gray")
            classes = f"{names[pair.left_class]} | {names[pair.right_class]}"
            label = f"set {name}: {'same' if pair.same else 'different'}"
            axis.set_title(f"{classes}\n{label}", fontsize=8, parse_math=False)
            axis.axis("off")
    return figure


def main(snakemake):
    tables = {name: read_pair_table(snakemake.input[name]) for name in ("A", "B")}
    images = read_images(snakemake.input.images, in_memory=False)
    generator = np.random.default_rng(int(snakemake.wildcards.seed))
    names = [*map(short, read_class_names(snakemake.input.dataset))]
    figure = draw_pairs(tables, images, names, generator)
    figure.savefig(snakemake.output.figure, dpi=100)
