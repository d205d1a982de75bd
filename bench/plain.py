"""The published procedure as a plain Keras program, to compare the workflow with.

One process, all pairs as float32 pixels, every grid point from scratch with `fit`,
tested with `evaluate` on A, B and joint. Shares no code with the workflow. Prints
one JSON line a grid point.

    python bench/plain.py study.json resources/fashion_mnist
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops


def read_images(folder):
    """All 70 000 images as float32 from 0 to 1, and their labels."""
    images, labels = [], []
    for part in ("train", "t10k"):
        pixels = np.fromfile(folder / f"{part}-images-idx3-ubyte", np.uint8)[16:]
        images.append(pixels.reshape(-1, 28, 28, 1))
        labels.append(np.fromfile(folder / f"{part}-labels-idx1-ubyte", np.uint8)[8:])
    return np.concatenate(images).astype("float32") / 255, np.concatenate(labels)


def make_pairs(images, labels, classes, most, generator):
    """Left images, right images, and whether they show the same class.

    `most` images of each class take part, at most.
    """
    members = [
        generator.permutation(np.flatnonzero(labels == c))[:most] for c in classes
    ]
    n = min(map(len, members)) - 1
    left, right, same = [], [], []
    for k, own in enumerate(members):
        other = (k + generator.integers(1, len(classes), n)) % len(classes)
        negatives = np.array([members[o][i] for i, o in enumerate(other)])
        left += [own[:n], own[:n]]
        right += [own[1 : n + 1], negatives]
        same += [np.ones(n), np.zeros(n)]
    left, right, same = map(np.concatenate, (left, right, same))
    order = generator.permutation(len(same))
    return [images[left[order]], images[right[order]]], same[order].astype("float32")


def part(pairs, start, stop=None):
    (left, right), same = pairs
    return [left[start:stop], right[start:stop]], same[start:stop]


def make_data(images, labels, study):
    """All pairs, materialised: train, validation, and the test sets."""
    generator = np.random.default_rng(0)
    most, train = study["pairs"]["images_per_class"], study["pairs"]["train"]
    a, b = (
        make_pairs(images, labels, study["sets"][name], most, generator)
        for name in ("A", "B")
    )
    tests = int(study["pairs"]["test_fraction"] * len(a[1]))
    validation = part(a, tests + train)
    train = part(a, tests, tests + train)
    return {"A": part(a, 0, tests), "train": train, "validation": validation, "B": b}


def euclidean_distance(sides):
    squares = ops.sum(ops.square(sides[0] - sides[1]), axis=1)
    return ops.sqrt(ops.maximum(squares, 1e-7))


def contrastive_loss(y_true, y_pred):
    far = ops.square(ops.maximum(1 - y_pred, 0))
    return ops.mean((y_true * ops.square(y_pred) + (1 - y_true) * far) / 2)


def accuracy(y_true, y_pred):
    return ops.mean(ops.cast(ops.equal(y_true > 0.5, y_pred < 0.5), "float32"))


def build(filters, l2):
    penalty = keras.regularizers.L2(l2) if l2 else None
    encoder = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(2 * filters, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(4 * filters, activation="relu", kernel_regularizer=penalty),
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


def evaluate(model, data):
    """Accuracies on the two test sets and on both together."""
    (left, right), same = zip(data["A"], data["B"], strict=True)
    sides = [np.concatenate(side) for side in zip(left, right, strict=True)]
    sets = {"A": data["A"], "B": data["B"], "joint": (sides, np.concatenate(same))}
    return {name: model.evaluate(*pairs, verbose=0)[1] for name, pairs in sets.items()}


def main(study, folder):
    study = json.loads(Path(study).read_text())
    data = make_data(*read_images(Path(folder)), study)
    for point in study["points"]:
        keras.utils.set_random_seed(0)
        model = build(study["sizes"][point["size"]], point["l2"])
        options = {"batch_size": point["batch_size"], "epochs": point["epochs"]}
        validation = {"validation_data": data["validation"], "verbose": 2}
        model.fit(*data["train"], **options, **validation)
        print(json.dumps(point | evaluate(model, data)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
