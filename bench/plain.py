"""The report's procedure as a plain Keras program: variant (a) of the benchmark.

One process, all pairs as float32 pixels, every grid point from scratch with
`fit`, judged with `evaluate` on A, B and joint. Shares no code with the
workflow. Adds one JSON line to the results for each grid point, and goes on after
those that are there.

    python bench/plain.py --data FOLDER --points points.json --results results.jsonl
"""

import argparse
import json
import resource
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

SETS = {"A": [0, 1, 2, 4, 5, 9], "B": [3, 6, 7, 8]}
FILTERS = {"small": 16, "large": 32}
TEST_FRACTION = 0.2
TRAINING_PAIRS = 60_000


def read_images(folder):
    """All 70 000 images as float32 from 0 to 1, and their labels."""
    images, labels = [], []
    for part in ("train", "t10k"):
        pixels = np.fromfile(folder / f"{part}-images-idx3-ubyte", np.uint8)[16:]
        images.append(pixels.reshape(-1, 28, 28, 1))
        labels.append(np.fromfile(folder / f"{part}-labels-idx1-ubyte", np.uint8)[8:])
    return np.concatenate(images).astype("float32") / 255, np.concatenate(labels)


def make_pairs(images, labels, classes, generator):
    """Left images, right images, and whether they show the same class."""
    members = [generator.permutation(np.flatnonzero(labels == c)) for c in classes]
    n = min(map(len, members)) - 1
    left, right, same = [], [], []
    for k, own in enumerate(members):
        other = (k + generator.integers(1, len(classes), n)) % len(classes)
        left += [own[:n], own[:n]]
        right += [
            own[1 : n + 1],
            np.array([members[o][i] for i, o in enumerate(other)]),
        ]
        same += [np.ones(n), np.zeros(n)]
    left, right, same = map(np.concatenate, (left, right, same))
    order = generator.permutation(len(same))
    return [images[left[order]], images[right[order]]], same[order].astype("float32")


def part(pairs, start, stop=None):
    (left, right), same = pairs
    return [left[start:stop], right[start:stop]], same[start:stop]


def euclidean_distance(sides):
    squares = ops.sum(ops.square(sides[0] - sides[1]), axis=1)
    return ops.sqrt(ops.maximum(squares, 1e-7))


def contrastive_loss(y_true, y_pred):
    far = ops.square(ops.maximum(1 - y_pred, 0))
    return ops.mean((y_true * ops.square(y_pred) + (1 - y_true) * far) / 2)


def accuracy(y_true, y_pred):
    return ops.mean(ops.cast(ops.equal(y_true > 0.5, y_pred < 0.5), "float32"))


def build(filters, l2):
    encoder = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(
                4 * filters,
                activation="relu",
                kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            ),
            layers.Dropout(0.25),
            layers.Dense(2 * filters, activation="softmax"),
        ]
    )
    left, right = layers.Input((28, 28, 1)), layers.Input((28, 28, 1))
    distance = layers.Lambda(euclidean_distance)([encoder(left), encoder(right)])
    model = keras.Model([left, right], distance)
    # No XLA: left to Keras's choice, an epoch took the same CPU time here.
    model.compile("adam", contrastive_loss, metrics=[accuracy], jit_compile=False)
    return model


def make_data(folder):
    """The report's pairs, materialised: train, validation, and the test sets."""
    generator = np.random.default_rng(0)
    images, labels = read_images(folder)
    a = make_pairs(images, labels, SETS["A"], generator)
    b = make_pairs(images, labels, SETS["B"], generator)
    tests = int(TEST_FRACTION * len(a[1]))
    return {
        "A": part(a, 0, tests),
        "train": part(a, tests, tests + TRAINING_PAIRS),
        "validation": part(a, tests + TRAINING_PAIRS),
        "B": b,
    }


def read_data(path, names):
    """Some of the parts that the naive workflow has stored."""
    with np.load(path, allow_pickle=False) as file:
        return {
            name: ([file[f"{name}_left"], file[f"{name}_right"]], file[f"{name}_same"])
            for name in names
        }


def load(path):
    custom = {
        function.__name__: function
        for function in (euclidean_distance, contrastive_loss, accuracy)
    }
    return keras.saving.load_model(path, custom_objects=custom, safe_mode=True)


def train(point, data):
    """A new model of one grid point, trained."""
    keras.utils.set_random_seed(0)
    model = build(FILTERS[point["size"]], point["l2"])
    model.fit(
        *data["train"],
        batch_size=point["batch_size"],
        epochs=point["epochs"],
        validation_data=data["validation"],
        verbose=2,
    )
    return model


def evaluate(model, data):
    """Accuracies on the two test sets and on both together."""
    joint = [
        [
            np.concatenate(sides)
            for sides in zip(data["A"][0], data["B"][0], strict=True)
        ],
        np.concatenate([data["A"][1], data["B"][1]]),
    ]
    sets = {"A": data["A"], "B": data["B"], "joint": joint}
    return {name: model.evaluate(*pairs, verbose=0)[1] for name, pairs in sets.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--points", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    options = parser.parse_args()
    options.results.touch()
    done = len(options.results.read_text().splitlines())
    data = make_data(options.data)
    for point in json.loads(options.points.read_text())[done:]:
        wall, cpu = time.perf_counter(), time.process_time()
        accuracies = evaluate(train(point, data), data)
        used = {
            "wall": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        with options.results.open("a") as file:
            file.write(json.dumps({**point, **accuracies, **used}) + "\n")


if __name__ == "__main__":
    main()
