"""Rule evaluate_baselines: distances without a trained network, on the same pairs.

The threshold of each baseline is the best on A's validation pairs, or one that another
study found on other divisions of the classes.
"""

from siamese.data.stored import read_images, read_pairs, read_sets, write_json
from siamese.errors import StudyError
from siamese.model.devices import set_up_devices
from siamese.model.embedding import distances_of
from siamese.stats.baselines import Source, baselines_of
from siamese.stats.metrics import evaluate, name_baseline


def evaluate_baselines(source, sets, sizes, thresholds):
    """Method, size and metrics of each baseline, as a list of dict ready for JSON."""
    results = []
    for method, size, function in baselines_of(sizes):
        vectors = function(source)
        measured = {
            name: pairs | {"distance": distances_of(vectors, pairs)}
            for name, pairs in sets.items()
        }
        # This frees the memory before the next baseline needs as much.
        del vectors
        name = name_baseline(method, size)
        if thresholds and name not in thresholds:
            raise StudyError(
                f"Baseline {name}: no row in the table of the option development, "
                "expected one; make it with the sizes of this study, or set a threshold"
            )
        metrics = evaluate(measured, thresholds.get(name), source.margin)
        print(f"{name}: B {metrics['B']['accuracy']:.4f}")
        results.append({"method": method, "size": size} | metrics)
    return results


def main(snakemake):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    images = read_images(paths.images, in_memory=False)
    train = read_pairs(paths.A)["train"]
    source = Source(images, train, int(snakemake.wildcards.seed), params.margin)
    sets = read_sets(paths)
    results = evaluate_baselines(source, sets, params.sizes, params.thresholds)
    write_json(snakemake.output.metrics, results)
