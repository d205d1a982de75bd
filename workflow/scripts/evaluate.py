"""Rule evaluate: metrics of one grid point on the test sets A, B, joint and crossed."""

from siamese.data.poses import choose_pairs
from siamese.data.stored import read_distances, read_sets, write_json
from siamese.stats.metrics import evaluate, evaluate_poses


def main(snakemake):
    params = snakemake.params
    sets = read_sets(snakemake.input)
    distances = read_distances(snakemake.input.distances)
    measured = {n: pairs | {"distance": distances[n]} for n, pairs in sets.items()}
    metrics = evaluate(measured, params.threshold, params.margin)
    if params.poses:
        chosen = choose_pairs(sets, params.pose_pairs, int(snakemake.wildcards.seed))
        posed = {
            pose["name"]: {of: distances[f"{pose['name']}/{of}"] for of in chosen}
            for pose in params.poses
        }
        metrics["poses"] = evaluate_poses(sets, chosen, posed, metrics, params.margin)
    write_json(snakemake.output.metrics, metrics)
