"""Rule evaluate: metrics of one grid point on the test sets A, B, joint and crossed."""

import json

from siamese.job import logged
from siamese.metrics import evaluate
from siamese.pairs import read_sets
from siamese.stored import read_distances


def main(snakemake):
    params = snakemake.params
    sets = read_sets(snakemake.input)
    counts = {name: len(pairs["same"]) for name, pairs in sets.items()}
    distances = read_distances(snakemake.input.distances, counts)
    sets = {name: pairs | {"distance": distances[name]} for name, pairs in sets.items()}
    with open(snakemake.output.metrics, "w", encoding="utf-8") as file:
        json.dump(evaluate(sets, params.threshold, params.margin), file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
