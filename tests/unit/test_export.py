"""The encoder in layers of Keras alone, opened where this project is not known."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import pytest
from study import ROOT

from siamese.axes import setting_of
from siamese.errors import StudyError
from siamese.export import plain_encoder, save_model
from siamese.layers import Bias, convolution_and_pooling
from siamese.network import (
    build_encoder,
    build_siamese,
    embed,
    keras,
    layers,
    set_up_devices,
    whitened,
)

GENERATOR = np.random.default_rng(0)
# Some dark, some bright, so that their embeddings are far from each other.
BRIGHTEST = GENERATOR.integers(2, 257, (300, 1, 1, 1))
IMAGES = GENERATOR.integers(0, BRIGHTEST, (300, 28, 28, 1))
IMAGES = IMAGES.astype(np.uint8)
# Of each precision the distance of two neighbours, relative to them.
RELATIVE = {"float32": 0, "mixed_bfloat16": 2**-7, "mixed_float16": 2**-10}
PRECISIONS = (*RELATIVE,)
PUBLISHED = [
    *("images", "rescaling_1", "conv_1", "pool_1", "relu_1", "conv_2", "pool_2"),
    *("relu_2", "flatten_1", "dense_1", "dense_2", "embeddings"),
]
# Stores embeddings beside each encoder, and prints what else a user sees of it.
OPEN = """
import importlib.util, json, sys
import keras, numpy

assert importlib.util.find_spec("siamese") is None
images = numpy.load("images.npy")
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


def build_odd(setting, shape):
    """What a network may have: batch normalisation, a bias after a sum, a shortcut."""
    images = layers.Input(shape, dtype="uint8")
    x = layers.Rescaling(1 / 255)(images)
    for layer in convolution_and_pooling(setting.filters, 3):
        x = layer(x)
    y = layers.Conv2D(setting.filters, 3, padding="same", use_bias=False)(x)
    y = layers.SpatialDropout2D(0.5)(layers.BatchNormalization()(y))
    x = layers.ReLU()(Bias()(layers.Add()([x, y])))
    x = Bias()(layers.Conv2D(setting.filters, 1, use_bias=False, activation="tanh")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(setting.embedding_width)(x))


def build_whitened(setting, shape):
    """An encoder beside fixed features, loaded as rule embed does, and whitened."""
    with tempfile.TemporaryDirectory() as folder:
        build_siamese(setting, shape).save(f"{folder}/model.keras")
        keras.utils.clear_session()
        model = keras.saving.load_model(f"{folder}/model.keras", compile=False)
    left = np.arange(len(IMAGES) - 1)
    pairs = {"left": left, "right": left + 1, "same": left % 2}
    return whitened(model, IMAGES, pairs, 0.5).get_layer("encoder")


def cases(name, build=build_encoder, **values):
    """By name what builds an encoder, and its setting, in each precision."""
    return {
        f"{name} {precision}": (build, setting_of(precision=precision, **values))
        for precision in PRECISIONS
    }


CASES = (
    cases("small", filters=16, l2=0.01)
    | cases("large", filters=32)
    | cases("unit", filters=16, head="unit")
    | cases("odd", build_odd, filters=16)
    | cases(
        "whitened", build_whitened, filters=16, network="oriented", head="unit_relu"
    )
    | cases("residual", filters=16, network="residual", head="linear")
    | cases("batch_normalised", filters=16, network="batch_normalised", head="unit")
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
    for name, (build, setting) in CASES.items():
        keras.config.set_dtype_policy(setting.precision)
        keras.utils.set_random_seed(1)
        encoder = trained(build(setting, IMAGES.shape[1:]))
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
    # In half precision a sum may be rounded to a neighbour, by what CPU there is.
    rtol = 2 * RELATIVE[CASES[name][1].precision]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_nothing_of_training_is_left(seen, name):
    _, setting = CASES[name]
    of = seen[name]
    assert of["input"] == ["uint8", None, 28, 28, 1]
    assert (of["compiled"], of["losses"]) == (False, 0)
    if name in ("small float32", "large float32"):
        assert of["layers"] == PUBLISHED
        assert of["parameters"] == {16: 107296, 32: 428608}[setting.filters]
        assert of["variables"] == 8


def test_a_bias_stays_where_no_convolution_can_add_it(seen):
    names = seen["odd float32"]["layers"]
    assert [name for name in names if name.startswith("bias")] == ["bias_1", "bias_2"]
    names = seen["small mixed_bfloat16"]["layers"]
    assert names[3:6] == ["pool_1", "bias_1", "relu_1"]


def test_the_same_weights_are_the_same_bytes(tmp_path):
    """Whatever was built before, and however far dropout is."""
    files = [tmp_path / "encoder.keras", tmp_path / "again.keras"]
    encoder, again = (
        build_encoder(setting_of(2, l2=l2), IMAGES.shape[1:]) for l2 in (0.01, 0)
    )
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
