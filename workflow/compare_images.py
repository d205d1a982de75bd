"""Tell whether two pictures show the same class, by a model of results/best.

    python workflow/compare_images.py a.png b.jpg [--model results/best]

Pictures may have any size and colours, on a light or a dark ground: siamese/pictures.py
brings them to the look of the data set. Prints their distance, the threshold and the
verdict. `snakemake best` makes the model.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "scripts"))

from PIL import Image

from siamese.errors import StudyError
from siamese.paths import argument
from siamese.pictures import like_the_data


def read_model(folder):
    """The description of a model, or an error that says how to get one."""
    try:
        return json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(
            f"Error: {folder / 'model.json'}: no model that can be read ({error}); "
            "make one with snakemake best, or name its folder: --model <folder>"
        )


def read_picture(path, shape):
    try:
        with Image.open(path) as picture:
            return like_the_data(picture, shape)
    except StudyError as error:
        sys.exit(f"Error: {path}: {error}")
    except Exception as error:
        gist = (str(error) or type(error).__name__).splitlines()[0]
        sys.exit(f"Error: {path}: no picture that can be read ({gist})")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs=2, type=argument, metavar="picture")
    parser.add_argument(
        "--model", type=argument, default="results/best", help="folder of the model"
    )
    options = parser.parse_args(arguments)
    model = read_model(Path(options.model))
    pictures = [read_picture(path, model["shape"]) for path in options.pictures]
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from siamese.layers import DISTANCES, keras, ops

    encoder = keras.saving.load_model(Path(options.model, "encoder.keras"))
    left, right = encoder.predict_on_batch(ops.stack(pictures))[:, None]
    distance = float(DISTANCES[model["distance"]]()(left, right)[0])
    same = distance < model["threshold"]
    print(
        f"distance {distance:.3f}, threshold {model['threshold']:.3f}: "
        f"{'same class' if same else 'different classes'}"
    )


if __name__ == "__main__":
    main()
