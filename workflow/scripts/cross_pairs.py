"""Rule cross_pairs: test pairs of a trained with an unseen class.

A user of one network for all classes meets such pairs; the published joint
test set has none.
"""

import numpy as np
import pandas as pd

from siamese.job import logged
from siamese.stored import read_pair_table


def images_of(pairs):
    """Columns image and class of the images in pairs, each once."""
    sides = [
        pairs[[side, f"{side}_class"]].set_axis(["image", "class"], axis=1)
        for side in ("left", "right")
    ]
    return pd.concat(sides).drop_duplicates("image", ignore_index=True)


def cross_pairs(test_a, test_b, generator):
    """Test pairs of a trained with an unseen class, balanced by pairs of each alone.

    As many 'different' pairs as B has, of an image of A's test pairs with one of
    B's, both drawn uniformly. As many 'same' pairs: those of A's test pairs, but
    no more than half, and for the rest pairs of B, both drawn without repetition.

    Parameters
    ----------
    test_a, test_b : pandas.DataFrame
        The test pairs of A and B.
    generator : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        The columns of pair tables; `different` pairs have A on the left.
    """
    n = int((test_b["same"] == 0).sum())
    left = images_of(test_a).sample(n, replace=True, random_state=generator)
    right = images_of(test_b).sample(n, replace=True, random_state=generator)
    different = pd.DataFrame(
        {
            "left": left["image"].to_numpy(),
            "right": right["image"].to_numpy(),
            "left_class": left["class"].to_numpy(),
            "right_class": right["class"].to_numpy(),
            "same": 0,
            "split": "test",
        }
    )
    same_a, same_b = (table[table["same"] == 1] for table in (test_a, test_b))
    from_a = min(len(same_a), n // 2)
    parts = [
        different,
        same_a.sample(from_a, random_state=generator),
        same_b.sample(n - from_a, random_state=generator),
    ]
    return pd.concat(parts, ignore_index=True)


def main(snakemake, output):
    a, b = (read_pair_table(snakemake.input[name]) for name in ("A", "B"))
    # [seed, 0] and [seed, 1] are those of A and B.
    generator = np.random.default_rng([int(snakemake.wildcards.seed), 2])
    pairs = cross_pairs(a[a["split"] == "test"], b, generator)
    pairs.to_csv(output.crossed, index=False)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
