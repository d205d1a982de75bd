"""Rule evaluate: metrics of one grid point on the test sets A, B, joint and crossed."""

import json

import numpy as np

from siamese.job import logged
from siamese.metrics import evaluate
from siamese.pairs import read_sets


def main(snakemake):
    params = snakemake.params
    with np.load(snakemake.input.distances) as file:
        sets = {
            name: {**pairs, "distance": file[name]}
            for name, pairs in read_sets(snakemake.input).items()
        }
    with open(snakemake.output.metrics, "w", encoding="utf-8") as file:
        json.dump(evaluate(sets, params.threshold, params.margin), file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
