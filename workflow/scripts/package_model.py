"""Rule package_model: a trained encoder to take away, and the card that tells of it."""

import json
import shutil

from siamese.axes import axes_in, name_setting
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.layers import keras
from siamese.metrics import METRICS, TEST_SETS, column, read_metrics
from siamese.network import set_up_devices
from siamese.splits import complete_sets
from siamese.stored import read_class_names, read_table, write_json, write_text
from siamese.tables import (
    TEXT_AXES,
    TRAINED,
    markdown_table,
    read_summary,
    trained_rows,
    with_interval,
)

SETS = {
    "A": "pairs of trained classes",
    "B": "pairs of unseen classes",
    "joint": "A and B",
    "crossed": "a trained with an unseen class",
}
# With what is printed of it.
USE = """import json, keras, numpy
from PIL import Image

model = json.load(open("model.json"))
encoder = keras.saving.load_model("encoder.keras")
def image(path):  # bright on black, in the middle, as the data set's are
    grey = Image.open(path).convert("L").resize(model["shape"][1::-1])
    return numpy.asarray(grey)[None, ..., None]
left, right = (encoder.predict(image(path), verbose=0) for path in ("a.png", "b.png"))
distance = numpy.linalg.norm(left - right)
print("same" if distance < model["threshold"] else "different", distance)
"""


def accuracies(rows, metrics):
    """Value, low and high of each metric on each test set.

    Over the seeds of a setting by Student's t; for one seed the accuracy's own
    interval, and none of the others.

    Parameters
    ----------
    rows : pandas.DataFrame
        Runs of the setting, of summary.csv.
    metrics : dict
        Content of the metrics.json of the model's run.

    Returns
    -------
    dict of str to dict of str to list of float
        By metric and test set; None where there is no bound.
    """
    found = {}
    for name in ("accuracy", "auc", "eer"):
        found[name] = {}
        for test_set in TEST_SETS:
            interval = mean_interval(rows[column(name, test_set)])
            values = [interval[part] for part in ("mean", "low", "high")]
            if interval["n"] == 1:
                of = metrics[test_set]
                bounds = [of.get(f"{name}_{bound}") for bound in ("low", "high")]
                values = [of[name], *bounds]
            found[name][test_set] = values
    return found


def export_onnx(encoder, path):
    """Write an encoder that a file of Keras has as ONNX, from uint8 images too."""
    model = keras.saving.load_model(encoder)
    # Keras exports models that have been called.
    model(keras.ops.zeros((1, *model.input_shape[1:]), "uint8"))
    model.export(path, format="onnx", verbose=False)


def describe(point, words, classes, unseen, threshold, found, n):
    """What a program needs to use the model, ready for JSON."""
    setting = {name: point[name] for name in axes_in(point)}
    return {
        "setting": setting,
        "name": words,
        "seed": point["seed"],
        "distance": setting["distance"],
        "threshold": threshold,
        "shape": classes["shape"],
        "trained_classes": [name for i, name in classes["names"] if i not in unseen],
        "unseen_classes": [name for i, name in classes["names"] if i in unseen],
        "seeds": n,
        "results": found,
    }


def as_card(model, dataset, split_by, over_divisions=None):
    """The model card, as Markdown.

    Parameters
    ----------
    model : dict
        From `describe`.
    dataset : str
        Name of the data set.
    split_by : str
        How pairs of A were split.
    over_divisions : pandas.Series, optional
        The setting's row of divisions.csv.
    """
    n = model["seeds"]
    rows = [
        {
            "test pairs": f"{name}: {meaning}",
            **{
                METRICS[metric].axis(): with_interval(
                    METRICS[metric],
                    [value if value is not None else float("nan") for value in values],
                )
                for metric, values in (
                    (metric, model["results"][metric][name])
                    for metric in ("accuracy", "auc", "eer")
                )
            },
        }
        for name, meaning in SETS.items()
    ]
    basis = (
        f"Mean over {n} seeds and its 95 % interval (Student's t); the model is "
        "that of the first."
        if n > 1
        else "One run, and the 95 % interval of its accuracy over pairs."
    )
    lines = [
        "# A model that tells whether two pictures show the same class",
        "",
        f"An encoder for images of {'×'.join(map(str, model['shape']))} (height, "
        f"width, channels), trained on pairs of {dataset}. Two pictures are of the "
        f"same class where the {model['distance']} distance of their embeddings is "
        f"below {model['threshold']:.4g}.",
        "",
        f"- Setting: {model['name']}, seed {model['seed']}",
        f"- Trained on: {', '.join(model['trained_classes'])}",
        f"- Never seen in training: {', '.join(model['unseen_classes'])}",
        "",
        "## How good it is",
        "",
        basis,
        "",
        markdown_table(rows, ("test pairs",)),
        "",
    ]
    if over_divisions is not None:
        parts = [over_divisions[f"accuracy_b_{p}"] for p in ("mean", "low", "high")]
        lines += [
            f"The same setting with other classes unseen, over {over_divisions['n']} "
            f"divisions of the classes: {with_interval(METRICS['accuracy'], parts)} % "
            "of the unseen classes' pairs classified correctly.",
            "",
        ]
    lines += [
        "Half of all test pairs are of the same class, so that guessing has 50 %."
        + (
            " Pairs were split after they were made: an image in a test pair of A may "
            "be in a training pair, so accuracy on A is too high for new images."
            if split_by == "pairs"
            else ""
        ),
        "",
        "## Limits",
        "",
        "- It knows pictures like those of the data set: one thing, centred, bright on "
        "black. Others have to be brought to that look first, and may still be judged "
        "wrongly.",
        "- Classes that look alike at this size are told apart worst.",
        "- The threshold is for as many 'same' as 'different' pairs. Where few are "
        "'same', a lower one is better.",
        "",
        "## Use it",
        "",
        "With Keras, NumPy and Pillow, for two pictures that look as the data set's:",
        "",
        f"```python\n{USE}```",
        "",
        "`encoder.onnx` is the same encoder for other programs.",
        "",
        "With this project, for pictures of any size, colours and ground:",
        "",
        "    make compare-images A=a.png B=b.png",
        "",
        "## Licence",
        "",
        "MIT, as the project. The images that it was trained on have a licence of "
        "their own (Fashion-MNIST: MIT).",
    ]
    return "\n".join(lines)


def of_setting(rows, point):
    """Those of some trained rows that have the setting of a point."""
    for name in axes_in(rows):
        rows = rows[rows[name] == point[name]]
    return rows


def main(snakemake, output):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    point, metrics = params.point, read_metrics(paths.metrics)
    with open(paths.dataset, encoding="utf-8") as file:
        description = json.load(file)
    names = list(enumerate(read_class_names(paths.dataset)))
    shape = [*description["shape"], 1][:3]
    rows = of_setting(trained_rows(read_summary(paths.table), params.split_by), point)
    model = describe(
        point,
        name_setting({name: point[name] for name in axes_in(rows)}),
        {"shape": shape, "names": names},
        complete_sets(params.sets, [label for label, _ in names])["B"],
        metrics["threshold"],
        accuracies(rows, metrics),
        len(rows),
    )
    found = None
    if paths.divisions:
        table = read_table(paths.divisions, ["n"], ["name", "method"], TEXT_AXES)
        found = of_setting(table[table["method"] == TRAINED], point).iloc[0]
    shutil.copyfile(paths.encoder, output.encoder)
    export_onnx(paths.encoder, output.onnx)
    write_json(output.model, model)
    write_text(output.card, as_card(model, params.dataset, params.split_by, found))


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
