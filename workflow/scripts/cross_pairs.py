"""Rule cross_pairs: test pairs of an image of a trained and one of an unseen class.

Users of one network for all classes meet such pairs, absent from the published tests.
"""

import numpy as np
import pandas as pd

from siamese.data.stored import read_pair_table


def images_in(pairs):
    """Each image of the pairs once, with its class."""
    sides = [pairs[[side, f"{side}_class"]] for side in ("left", "right")]
    both = [side.set_axis(["image", "class"], axis=1) for side in sides]
    return pd.concat(both).drop_duplicates("image", ignore_index=True)


def cross_pairs(test_a, test_b, generator):
    """A table of as many 'different' pairs as B has, each an image of A's test pairs
    (left) and one of B's, drawn uniformly. As many 'same' pairs are drawn without
    repetition from A's, up to half, and from B's.
    """
    n = int((test_b["same"] == 0).sum())
    (left, left_class), (right, right_class) = (
        images_in(pairs).sample(n, replace=True, random_state=generator).to_numpy().T
        for pairs in (test_a, test_b)
    )
    columns = {"left": left, "right": right, "left_class": left_class}
    columns |= {"right_class": right_class, "same": 0, "split": "test"}
    same_a, same_b = (table[table["same"] == 1] for table in (test_a, test_b))
    from_a = min(len(same_a), n // 2)
    parts = [
        pd.DataFrame(columns),
        same_a.sample(from_a, random_state=generator),
        same_b.sample(n - from_a, random_state=generator),
    ]
    return pd.concat(parts, ignore_index=True)


def main(snakemake):
    a, b = (read_pair_table(snakemake.input[name]) for name in ("A", "B"))
    # The pairs of A and B are drawn with [seed, 0] and [seed, 1].
    generator = np.random.default_rng([int(snakemake.wildcards.seed), 2])
    pairs = cross_pairs(a[a["split"] == "test"], b, generator)
    pairs.to_csv(snakemake.output.crossed, index=False)
