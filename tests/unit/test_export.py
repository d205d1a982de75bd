"""The encoder in layers of Keras alone, opened where this project is not known."""

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from onnx.reference import ReferenceEvaluator
from package_model import export_onnx

from siamese.errors import StudyError
from siamese.model.embedding import embed, whitened
from siamese.model.export import plain_encoder, save_model
from siamese.model.layers import Bias, convolution_and_pooling
from siamese.model.network import build_encoder, build_siamese, read_model
from siamese.study.axes import setting_of

GENERATOR = np.random.default_rng(0)
# Some dark, some bright, so that their embeddings are far from each other.
BRIGHTEST = GENERATOR.integers(2, 257, (100, 1, 1, 1))
IMAGES = GENERATOR.integers(0, BRIGHTEST, (100, 14, 14, 1)).astype(np.uint8)
SHAPE = IMAGES.shape[1:]
# A sum in half precision may round to a neighbour on another CPU.
TOLERANCE = {"mixed_bfloat16": 2**-6, "mixed_float16": 2**-9, "float32": 0}
# Stores embeddings beside each encoder, and prints what else a user sees of it.
OPEN = """
import importlib.util, json, sys
import keras, numpy

assert importlib.util.find_spec("siamese") is None
seen = {}
for name in sys.argv[1:]:
    encoder = keras.saving.load_model(name + ".keras")
    assert not encoder.compiled and not encoder.losses
    numpy.save(name, encoder.predict(numpy.load("images.npy"), verbose=0))
    seen[name] = [layer.name for layer in encoder.layers]
print(json.dumps(seen))
"""


def odd_encoder():
    """Biases that no convolution can add: after a sum, and after an activation."""
    x = images = layers.Input(SHAPE)
    for layer in convolution_and_pooling(4, 3):
        x = layer(x)
    x = layers.SpatialDropout2D(0.5)(Bias()(layers.Add()([x, x])))
    x = Bias()(layers.Conv2D(4, 1, use_bias=False, activation="tanh")(x))
    return keras.Model(images, layers.Flatten()(x))


def whitened_encoder(folder):
    """An encoder that is loaded as rule embed does, and whitened."""
    setting = setting_of(4, network="batch_normalised", head="unit_relu")
    build_siamese(setting, SHAPE).save(folder / "model.keras")
    keras.utils.clear_session()
    model = read_model(folder / "model.keras", compile=False)
    left = np.arange(len(IMAGES) - 1)
    pairs = {"left": left, "right": left + 1, "same": left % 2}
    vectors = embed(model.get_layer("encoder"), IMAGES)
    return whitened(model, vectors, pairs, 0.5).get_layer("encoder")


def cases(folder):
    """Yield a name and an encoder."""
    for precision in TOLERANCE:
        keras.config.set_dtype_policy(precision)
        yield precision, build_encoder(setting_of(4, l2=0.01), SHAPE)
    yield "odd", odd_encoder()
    yield "whitened", whitened_encoder(folder)
    setting = setting_of(4, network="blurred", preparation="centred")
    yield "centred", build_encoder(setting, SHAPE)
    for network, head in (("residual", "linear"), ("batch_normalised", "unit")):
        yield network, build_encoder(setting_of(4, network=network, head=head), SHAPE)


def test_plain_keras_embeds_as_the_study_does(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    expected = {}
    for name, encoder in cases(tmp_path):
        # Biases, means and variances are neither 0 nor 1, as after training.
        for weight in encoder.weights:
            if len(weight.shape) == 1 and weight.dtype == "float32":
                weight.assign(GENERATOR.uniform(0.1, 0.3, weight.shape))
        save_model(plain_encoder(encoder), tmp_path / f"{name}.keras")
        expected[name] = embed(encoder, IMAGES).astype(np.float32)
        assert np.ptp(expected[name], axis=0).max() > 0.01
    command = [sys.executable, "-I", "-c", OPEN, *expected]
    output = subprocess.run(command, cwd=tmp_path, stdout=-1, check=True).stdout
    for name, embeddings in expected.items():
        found = np.load(tmp_path / f"{name}.npy")
        rtol = TOLERANCE.get(name, 0)
        np.testing.assert_allclose(found, embeddings, rtol, 1e-6, err_msg=name)
    seen = json.loads(output.splitlines()[-1])
    blocks = ["conv_1", "pool_1", "relu_1", "conv_2", "pool_2", "relu_2"]
    dense = ["flatten_1", "dense_1", "dense_2", "embeddings"]
    assert seen["float32"] == ["images", "rescaling_1", *blocks, *dense]
    # A bias stays in half precision, and if no convolution can add it.
    assert seen["mixed_bfloat16"][3:6] == ["pool_1", "bias_1", "relu_1"]
    biases = [name for name in seen["odd"] if name.startswith("bias")]
    assert biases == ["bias_1", "bias_2"]


def test_a_centred_encoder_is_exported_to_onnx(tmp_path):
    encoder = build_encoder(setting_of(4, preparation="centred"), SHAPE)
    save_model(plain_encoder(encoder), tmp_path / "encoder.keras")
    export_onnx(tmp_path / "encoder.keras", tmp_path / "encoder.onnx")
    session = ReferenceEvaluator(str(tmp_path / "encoder.onnx"))
    (found,) = session.run(None, {session.input_names[0]: IMAGES})
    np.testing.assert_allclose(found, embed(encoder, IMAGES), atol=1e-5)


def test_the_same_weights_are_the_same_bytes(tmp_path):
    """Whatever was built before, and however far dropout is."""
    files = [tmp_path / "encoder.keras", tmp_path / "again.keras"]
    encoder, again = (build_encoder(setting_of(2, l2=l2), SHAPE) for l2 in (0.01, 0))
    again.set_weights(encoder.get_weights())
    again.layers[-2].seed_generator.state.assign([5, 5])
    for path, one in zip(files, (encoder, again), strict=True):
        save_model(plain_encoder(one), path)
    assert files[0].read_bytes() == files[1].read_bytes()
    parts = zipfile.ZipFile(files[0]).infolist()
    assert {part.date_time for part in parts} == {(1980, 1, 1, 0, 0, 0)}


def test_a_layer_without_a_conversion_is_named():
    class Doubled(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    encoder = keras.Sequential([layers.Input((2,)), Doubled(name="twice")])
    with pytest.raises(StudyError, match=r"^twice: found a Doubled, expected"):
        plain_encoder(encoder)
