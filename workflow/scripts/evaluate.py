"""Rule evaluate: metrics of one grid point on test A, test B and both together."""

import json

import numpy as np

from siamese.job import logged
from siamese.metrics import judge
from siamese.pairs import read_pairs


def evaluate(distances, same, threshold, margin):
    """Metrics of each set, and of joint, their concatenation.

    Parameters
    ----------
    distances, same : dict of str to numpy.ndarray
        Of sets A and B, shape (n,) each.
    threshold, margin : float

    Returns
    -------
    dict of str to dict
        For A, B and joint: pairs, accuracy, loss, auc.
    """
    joint = {
        "joint": [np.concatenate([part["A"], part["B"]]) for part in (distances, same)]
    }
    parts = {name: (distances[name], same[name]) for name in ("A", "B")} | joint
    return {name: judge(*part, threshold, margin) for name, part in parts.items()}


def main(snakemake):
    names = ("A", "B")
    with np.load(snakemake.input.distances) as file:
        distances = {name: file[name] for name in names}
    same = {name: read_pairs(snakemake.input[name])["test"]["same"] for name in names}
    metrics = evaluate(
        distances, same, snakemake.params.threshold, snakemake.params.margin
    )
    with open(snakemake.output.metrics, "w", encoding="utf-8") as file:
        json.dump(metrics, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
