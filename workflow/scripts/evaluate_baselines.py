"""Rule evaluate_baselines: distances without a trained network, on the same pairs.

The threshold of each baseline is the best on A's validation pairs, or one that another
study found on other divisions of the classes.
"""

from siamese.data.poses import choose_pairs
from siamese.data.stored import read_images, read_pairs, read_sets, write_json
from siamese.errors import StudyError
from siamese.model.devices import set_up_devices
from siamese.model.embedding import distances_of
from siamese.model.poses import pose_distances
from siamese.stats.baselines import Source, baselines_of
from siamese.stats.metrics import evaluate, evaluate_poses, name_baseline
from siamese.study.poses import Pose


def evaluate_baselines(source, sets, params):
    """Method, size and metrics of each baseline, as a list of dict ready for JSON.

    `params` has sizes, thresholds, margin, poses (Pose) and pose_pairs.
    """
    results, embeds = [], {}
    for method, size, function in baselines_of(params.sizes):
        name, thresholds = name_baseline(method, size), params.thresholds
        if thresholds and name not in thresholds:
            raise StudyError(
                f"Baseline {name}: no row in the table of the option development, "
                "expected one; make it with the sizes of this study, or set a threshold"
            )
        embeds[name] = function(source)
        vectors = embeds[name](source.images)
        measured = {
            of: pairs | {"distance": distances_of(vectors, pairs)}
            for of, pairs in sets.items()
        }
        # This frees the memory before the next baseline needs as much.
        del vectors
        metrics = evaluate(measured, thresholds.get(name), params.margin)
        print(f"{name}: B {metrics['B']['accuracy']:.4f}")
        results.append({"method": method, "size": size} | metrics)
    if params.poses:
        poses = [Pose(**pose) for pose in params.poses]
        chosen = choose_pairs(sets, params.pose_pairs, source.seed)
        posed = pose_distances(embeds, source.images, chosen, poses, source.seed)
        for row, of_poses in zip(results, posed.values(), strict=True):
            row["poses"] = evaluate_poses(sets, chosen, of_poses, row, params.margin)
    return results


def main(snakemake):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    images = read_images(paths.images, in_memory=False)
    train, seed = read_pairs(paths.A)["train"], int(snakemake.wildcards.seed)
    source = Source(images, train, seed, Pose(**params.pose), params.copies)
    results = evaluate_baselines(source, read_sets(paths), params)
    write_json(snakemake.output.metrics, results)
