"""Rule evaluate_baselines: distances without a trained network, on the same pairs.

The threshold of each baseline is the best on A's validation pairs, or one that was
found on other divisions of the classes.
"""

from siamese.baselines import Source, baselines_of, distances_of
from siamese.errors import StudyError
from siamese.job import logged
from siamese.metrics import evaluate, name_baseline
from siamese.network import set_up_devices
from siamese.pairs import read_sets, read_verified_pairs
from siamese.stored import read_images, write_json


def threshold_of(method, size, thresholds):
    name = name_baseline(method, size)
    if thresholds and name not in thresholds:
        raise StudyError(
            f"Baseline {name}: no row in the table of the option development, expected "
            "one; make that table with the sizes of this study, or set a threshold"
        )
    return thresholds.get(name)


def evaluate_baselines(source, sets, sizes, thresholds):
    """Method, size and metrics of each baseline, as a list of dict ready for JSON.

    `thresholds` has that of each baseline by name; if it is empty, each has the one
    that is best on validation.
    """
    results = []
    for method, size, function in baselines_of(sizes):
        vectors = function(source)
        measured = {
            name: pairs | {"distance": distances_of(vectors, pairs)}
            for name, pairs in sets.items()
        }
        # Before there are those of the next.
        del vectors
        metrics = evaluate(
            measured, threshold_of(method, size, thresholds), source.margin
        )
        print(f"{method} {size}: B {metrics['B']['accuracy']:.4f}")
        results.append({"method": method, "size": size} | metrics)
    return results


def main(snakemake, output):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    images = read_images(paths.images)
    train = read_verified_pairs(paths.A, paths.verified, len(images))["train"]
    source = Source(images, train, int(snakemake.wildcards.seed), params.margin)
    sets = read_sets(paths, len(images))
    results = evaluate_baselines(source, sets, params.sizes, params.thresholds)
    write_json(output.metrics, results)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
