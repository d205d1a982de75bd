"""Rule evaluate: metrics of one grid point on the test sets A, B, joint and crossed."""

from siamese.job import logged
from siamese.metrics import evaluate
from siamese.pairs import read_sets
from siamese.stored import read_distances, write_json


def main(snakemake, output):
    params = snakemake.params
    sets = read_sets(snakemake.input)
    counts = {name: len(pairs["same"]) for name, pairs in sets.items()}
    distances = read_distances(snakemake.input.distances, counts)
    sets = {name: pairs | {"distance": distances[name]} for name, pairs in sets.items()}
    metrics = evaluate(sets, params.threshold, params.margin)
    write_json(output.metrics, metrics)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
