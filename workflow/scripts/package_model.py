"""Rule package_model: a trained encoder to take away, and the card that tells of it."""

import shutil
from pathlib import Path

from siamese.data import stored
from siamese.model import keras
from siamese.model.devices import set_up_devices
from siamese.model.layers import DISTANCES
from siamese.report.best import rows_of
from siamese.report.templates import render
from siamese.stats.intervals import mean_interval
from siamese.stats.tables import TEXT_AXES, read_summary, trained_rows
from siamese.study.axes import axes_in, name_setting
from siamese.study.columns import TEST_SETS, TRAINED, column


def result(rows, metrics, metric, test_set):
    """Value, low and high (None without an interval) of a metric on a test set.

    Several seeds, the `rows`, have Student's t; one has its accuracy's, in `metrics`.
    """
    if len(rows) > 1:
        interval = mean_interval(rows[column(metric, test_set)])
        return [interval[part] for part in ("mean", "low", "high")]
    return [metrics[test_set].get(f"{metric}{end}") for end in ("", "_low", "_high")]


def describe(point, rows, metrics, dataset, trained):
    """What a program needs to use the model, ready for JSON; `dataset` describes it."""
    shape = [*dataset["shape"], 1][:3]
    names = {True: [], False: []}
    for entry in dataset["classes"]:
        names[entry["id"] in trained].append(entry["name"])
    return {
        "setting": {name: point[name] for name in axes_in(point)},
        "name": name_setting({name: point[name] for name in axes_in(rows)}),
        "seed": point["seed"],
        "distance": point["distance"],
        "threshold": metrics["threshold"],
        "shape": shape,
        "preparation": dataset["preparation"] | {"shape": shape},
        "trained_classes": names[True],
        "unseen_classes": names[False],
        "seeds": len(rows),
        "results": {
            metric: {name: result(rows, metrics, metric, name) for name in TEST_SETS}
            for metric in ("accuracy", "auc", "eer")
        },
    }


def over_divisions(path, point):
    """The row of a divisions.csv with the setting of a point, as a dict."""
    table = stored.read_table(path, ["n"], ["name", "method"], TEXT_AXES)
    return rows_of(table[table["method"] == TRAINED], point).iloc[0].to_dict()


def export_onnx(encoder, path):
    """Write an encoder that a file of Keras has as ONNX, from uint8 images too."""
    model = keras.saving.load_model(encoder)
    # Keras exports models that have been called.
    model(keras.ops.zeros((1, *model.input_shape[1:]), "uint8"))
    model.export(path, format="onnx", verbose=False)


def main(snakemake):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    runs = trained_rows(read_summary(paths.table), params.split_by)
    model = describe(
        params.point,
        rows_of(runs, params.point),
        stored.read_json(paths.metrics),
        stored.read_json(paths.dataset),
        params.sets["A"],
    )
    card = render(
        "model_card.md.j2",
        dataset=params.dataset,
        split_by=params.split_by,
        divisions=paths.divisions and over_divisions(paths.divisions, params.point),
        folder=Path(snakemake.output.card).parent,
        model=model,
        formula=DISTANCES[model["distance"]].in_numpy,
    )
    shutil.copyfile(paths.encoder, snakemake.output.encoder)
    export_onnx(paths.encoder, snakemake.output.onnx)
    stored.write_json(snakemake.output.model, model)
    stored.write_text(snakemake.output.card, card)
