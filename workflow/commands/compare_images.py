"""Tell whether two pictures of any size and colours show the same class."""

import os
from pathlib import Path

from PIL import Image

from siamese.data.pictures import prepare
from siamese.data.stored import read_json
from siamese.errors import StudyError


def read_picture(path, model):
    """A picture prepared as those that a model was trained on, an array of uint8."""
    try:
        with Image.open(path) as picture:
            return prepare(picture, **model["preparation"]).reshape(model["shape"])
    # Pillow raises errors of many kinds.
    except Exception as error:
        raise StudyError(f"{path}: no picture to compare: {error}") from None


def add_arguments(parser):
    parser.add_argument("pictures", nargs=2, type=Path, metavar="picture")
    parser.add_argument("--model", type=Path, default="results/best")


def main(options):
    path = options.model / "model.json"
    if not path.exists():
        raise StudyError(f"{path}: found no model; make one with snakemake best")
    model = read_json(path)
    pictures = [read_picture(path, model) for path in options.pictures]
    # TensorFlow takes seconds to import, and prints too much otherwise.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from siamese.model.layers import DISTANCES, keras, ops

    encoder = keras.saving.load_model(options.model / "encoder.keras")
    left, right = encoder.predict_on_batch(ops.stack(pictures))[:, None]
    distance = float(DISTANCES[model["distance"]]()(left, right)[0])
    verdict = "same class" if distance < model["threshold"] else "different classes"
    print(f"distance {distance:.3f}, threshold {model['threshold']:.3f}: {verdict}")
