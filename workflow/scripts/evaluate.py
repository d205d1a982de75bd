"""Rule evaluate: metrics of one grid point on the test sets A, B, joint and crossed."""

from siamese.data.stored import read_distances, read_sets, write_json
from siamese.stats.metrics import evaluate


def main(snakemake):
    params = snakemake.params
    sets = read_sets(snakemake.input)
    distances = read_distances(snakemake.input.distances)
    sets = {name: pairs | {"distance": distances[name]} for name, pairs in sets.items()}
    metrics = evaluate(sets, params.threshold, params.margin)
    write_json(snakemake.output.metrics, metrics)
