"""The encoder in layers of Keras alone, opened where this project is not known."""

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from study import ROOT

from siamese.errors import StudyError
from siamese.export import plain_encoder, save_model
from siamese.network import (
    NETWORKS,
    Bias,
    build_encoder,
    convolution_and_pooling,
    embed,
    keras,
    layers,
    set_up_devices,
)

GENERATOR = np.random.default_rng(0)
# Some dark, some bright, so that their embeddings are far from each other.
IMAGES = GENERATOR.integers(0, GENERATOR.integers(2, 257, (300, 1, 1)), (300, 28, 28))
IMAGES = IMAGES.astype(np.uint8)
SIZES = {"small": 16, "large": 32}
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PUBLISHED = [
    *("images", "rescaling_1", "conv_1", "pool_1", "relu_1", "conv_2", "pool_2"),
    *("relu_2", "flatten_1", "dense_1", "dense_2", "embeddings"),
]
# Stores embeddings beside each encoder, and prints what else a user sees of it.
OPEN = """
import importlib.util, json, sys
import keras, numpy

assert importlib.util.find_spec("siamese") is None
images = numpy.load("images.npy")[..., None]
seen = {}
for path in sys.argv[1:]:
    encoder = keras.saving.load_model(path)
    numpy.save(path + ".npy", encoder.predict(images, verbose=0))
    seen[path.removesuffix(".keras")] = {
        "input": [encoder.inputs[0].dtype, *encoder.input_shape],
        "layers": [layer.name for layer in encoder.layers],
        "parameters": encoder.count_params(),
        "variables": len(encoder.variables),
        "compiled": encoder.compiled,
        "losses": len(encoder.losses),
    }
print(json.dumps(seen))
"""


def build_residual(filters, l2):
    """What a network may have: a shortcut, batch normalisation, a bias after a sum."""
    images = layers.Input((28, 28, 1), dtype="uint8")
    x = layers.Rescaling(1 / 255)(images)
    for layer in convolution_and_pooling(filters):
        x = layer(x)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    y = layers.SpatialDropout2D(0.5)(layers.BatchNormalization()(y))
    x = layers.ReLU()(Bias()(layers.Add()([x, y])))
    x = Bias()(layers.Conv2D(filters, 1, use_bias=False, activation="tanh")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(2 * filters, activation="softmax")(x))


def cases(networks, sizes, penalties):
    return {
        f"{name} {size} {l2} {precision}": (build, SIZES[size], l2, precision)
        for name, build in networks.items()
        for size in sizes
        for l2 in penalties
        for precision in PRECISIONS
    }


CASES = cases(NETWORKS, SIZES, (0.01, 0)) | cases(
    {"residual": build_residual}, ["small"], [0]
)


def trained(encoder):
    """With biases, means and variances that are neither 0 nor 1, as after training."""
    generator = np.random.default_rng(0)
    for weight in encoder.weights:
        if len(weight.shape) == 1 and weight.dtype == "float32":
            weight.assign(generator.uniform(0.1, 0.3, weight.shape))
    return encoder


def make(folder):
    """Store images, the encoder of each case, and what rule embed has of it."""
    set_up_devices(1, gpu=False)
    np.save(f"{folder}/images.npy", IMAGES)
    for name, (build, filters, l2, precision) in CASES.items():
        keras.config.set_dtype_policy(precision)
        keras.utils.set_random_seed(1)
        encoder = trained(build(filters, l2))
        save_model(plain_encoder(encoder), f"{folder}/{name}.keras")
        np.save(f"{folder}/{name}.npy", embed(encoder, IMAGES).astype(np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def seen(folder):
    """What plain Keras says of each encoder.

    On one thread on both sides, as in rule embed: in half precision the numbers depend
    on that.
    """
    one_thread = {f"TF_NUM_{name}OP_THREADS": "1" for name in ("INTRA", "INTER")}
    scripts = {"PYTHONPATH": f"{ROOT}/workflow/scripts:{ROOT}/tests"}
    command = [sys.executable, __file__, str(folder)]
    subprocess.run(command, env=os.environ | scripts, check=True)
    command = [sys.executable, "-I", "-c", OPEN, *(f"{name}.keras" for name in CASES)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | one_thread, stdout=-1, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CASES)
def test_embeddings_are_those_of_the_study(folder, seen, name):
    found, expected = (np.load(f"{folder}/{name}{end}.npy") for end in ("", ".keras"))
    assert found.dtype == expected.dtype == np.float32
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_nothing_of_training_is_left(seen, name):
    build, filters, _, precision = CASES[name]
    of = seen[name]
    assert of["input"] == ["uint8", None, 28, 28, 1]
    assert (of["compiled"], of["losses"]) == (False, 0)
    if build is build_encoder and precision == "float32":
        assert of["layers"] == PUBLISHED
        assert of["parameters"] == {16: 107296, 32: 428608}[filters]
        assert of["variables"] == 8


def test_a_bias_stays_where_no_convolution_can_add_it(seen):
    names = seen["residual small 0 float32"]["layers"]
    assert [name for name in names if name.startswith("bias")] == ["bias_1", "bias_2"]
    names = seen["published small 0 mixed_bfloat16"]["layers"]
    assert names[3:6] == ["pool_1", "bias_1", "relu_1"]


def test_the_same_weights_are_the_same_bytes(tmp_path):
    """Whatever was built before, and however far dropout is."""
    files = [tmp_path / "encoder.keras", tmp_path / "again.keras"]
    encoder, again = build_encoder(2, 0.01), build_encoder(2, 0)
    again.set_weights(encoder.get_weights())
    again.layers[-2].seed_generator.state.assign([5, 5])
    for path, one in zip(files, (encoder, again), strict=True):
        save_model(plain_encoder(one), path)
    assert files[0].read_bytes() == files[1].read_bytes()
    with zipfile.ZipFile(files[0]) as archive:
        assert b"1980-01-01@00:00:00" in archive.read("metadata.json")
        times = {part.date_time for part in archive.infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}


class Doubled(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def test_a_layer_without_a_conversion_is_named():
    encoder = keras.Sequential([layers.Input((2,)), Doubled(name="twice")])
    with pytest.raises(StudyError, match=r"^twice: found a Doubled, expected"):
        plain_encoder(encoder)


if __name__ == "__main__":
    make(sys.argv[1])
