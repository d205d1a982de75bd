"""Networks, the axes that they declare, their layers, distances and losses."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from verify_loss import compare, loss_in_keras

from siamese.errors import Refusal, StudyError
from siamese.model.embedding import embed
from siamese.model.layers import DISTANCES, HEADS, LOSSES
from siamese.model.network import build_encoder, build_siamese, import_network
from siamese.model.networks.gradients import gradient_kernels
from siamese.study import networks
from siamese.study.axes import AXES, axes_of, setting_of
from siamese.study.networks import NETWORKS

SHAPE = (28, 28, 1)
EPSILON = float(np.finfo(np.float32).eps)
GENERATOR = np.random.default_rng(0)
OF_LAYERS = {"kernel_size", "l2", "dense_width", "dropout", "embedding_width", "head"}


@pytest.mark.parametrize(("filters", "parameters"), [(16, 107296), (32, 428608)])
def test_the_layers_and_parameters_of_the_report(filters, parameters):
    model = build_siamese(setting_of(filters, l2=0.01), SHAPE)
    assert model.count_params() == parameters
    names = [type(layer).__name__ for layer in model.get_layer("encoder").layers]
    block = ["Conv2D", "MaxPooling2D", "Bias", "ReLU"]
    dense = ["Flatten", "Dense", "Dropout", "Dense"]
    assert names == ["Rescaling", *block, *block, *dense]


def test_networks_declare_the_axes_that_they_use():
    declared = {name: networks.layer_axes(name) for name in NETWORKS}
    assert declared.pop("gradients") == declared.pop("blurred") == set()
    for name in ("published", "batch_normalised", "residual"):
        assert declared[name] >= OF_LAYERS | {"size"}
    assert axes_of("published") == {*AXES}
    assert axes_of("gradients").isdisjoint(OF_LAYERS | {"size", "epochs", "loss"})
    for name in NETWORKS:
        encoder = build_encoder(setting_of(2, network=name), SHAPE)
        assert bool(encoder.trainable_weights) == networks.is_trained(name)
        assert networks.meaning(name) in " ".join(import_network(name).__doc__.split())


def test_an_axis_that_is_not_declared_is_not_passed(monkeypatch):
    module = import_network("residual")
    monkeypatch.setattr(module, "build", lambda shape, *, filters, l2: (filters, l2))
    setting = setting_of(4, network="residual", l2=0.5)
    assert build_encoder(setting, SHAPE) == (4, 0.5)


def test_a_file_that_is_no_network_is_named(monkeypatch, tmp_path):
    (tmp_path / "mine.py").write_text("")
    monkeypatch.setattr(networks, "FOLDER", tmp_path)
    with pytest.raises(Refusal, match="found no function build"):
        networks.layer_axes("mine")


def test_a_network_that_does_not_fit_the_images_is_named(monkeypatch):
    module = import_network("published")
    monkeypatch.setattr(module, "build", lambda shape: keras.Sequential([3]))
    with pytest.raises(StudyError, match=r"^Network published on images of shape \(28"):
        build_encoder(setting_of(4), SHAPE)


def test_penalty_is_on_the_first_dense_kernel_alone():
    encoder = build_encoder(setting_of(16, l2=0.01), SHAPE)
    kernel = encoder.layers[-3].kernel
    kernel.assign(tf.fill(kernel.shape, 0.5))
    # The sum of squares is exact; 0.01 and the product are rounded.
    exact = 0.01 * 0.25 * np.prod(kernel.shape)
    assert [*map(float, encoder.losses)] == pytest.approx([exact], rel=2 * EPSILON)
    assert build_encoder(setting_of(16), SHAPE).losses == []


def test_bias_after_pooling_is_the_plain_layers():
    """In whole numbers, which float32 holds exactly: equal values and gradients."""
    images = GENERATOR.choice([0, 255], (4, 28, 28, 1)).astype(np.uint8)
    plain = keras.Sequential([layers.Input(SHAPE)])
    for filters in (16, 32):
        plain.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        plain.add(layers.MaxPooling2D(2))
    plain.add(layers.Flatten())
    fused = keras.Sequential(build_encoder(setting_of(16), SHAPE).layers[:-3])
    shapes = [weight.shape for weight in plain.weights]
    weights = [GENERATOR.integers(-1, 2, shape).astype(np.float32) for shape in shapes]
    targets = GENERATOR.integers(-1, 2, plain(images).shape).astype(np.float32)
    # The largest sum is in the gradient of the first kernel: at each pixel, a value of
    # each of 9 places and 32 channels at most.
    assert images.size * 9 * 32 < 1 / EPSILON
    results = []
    for model, inputs in ((fused, images), (plain, images / np.float32(255))):
        model(inputs)
        model.set_weights(weights)
        with tf.GradientTape() as tape:
            outputs = model(inputs)
            loss = tf.reduce_sum(outputs * targets)
        results.append([outputs, *tape.gradient(loss, model.trainable_weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.any(other)


def test_oriented_features_say_where_edges_of_a_direction_are():
    image = np.zeros((1, 30, 30, 1), np.uint8)
    # Bright to the right of column 14: a gradient to the right, which is direction 0.
    image[0, :, 14:] = 255
    (features,) = embed(build_encoder({"network": "gradients"}, (30, 30, 1)), image)
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-5)
    # Far from the border, where there is an edge to black.
    row = features.reshape(10, 10, 8)[5]
    assert (row[:, 0].argmax(), row.sum(axis=0).argmax()) == (4, 0)
    # Nothing points to the left; half right and half down, or half up, are alike.
    np.testing.assert_allclose(row[:8, 3:6], 0, atol=1e-4)
    np.testing.assert_allclose(row[:8, 1], row[:8, 7], atol=1e-4)
    assert (row[4, 1] / row[4, 0]) ** 2 == pytest.approx(0.5**0.5, rel=1e-3)
    # A gradient of colours is that of their mean.
    grey, colours = gradient_kernels(1), gradient_kernels(3)
    np.testing.assert_allclose(colours.sum(axis=2), grey[:, :, 0], atol=1e-7)


def test_more_outputs_than_can_be_whitened_are_refused():
    setting, line = setting_of(2, network="gradients"), "found 14792 outputs, .* set it"
    with pytest.raises(StudyError, match=line):
        build_siamese(setting | {"whitening": 0.5}, (128, 128, 3))
    assert build_encoder(setting, (128, 128, 3)).output_shape == (None, 14792)
    build_encoder(setting | {"whitening": 0.5}, (64, 64, 3))


def test_distances_by_hand_with_finite_gradients():
    u, v = tf.constant([[3.0, 4, 0], [3, 4, 0]]), np.float32([[0, 4, 3], [3, 4, 0]])
    expected = {"euclidean": 18**0.5, "manhattan": 6, "cosine": 1 - 16 / 25}
    for name, value in expected.items():
        with tf.GradientTape() as tape:
            tape.watch(u)
            distances = DISTANCES[name]()(u, v)
        smallest = np.sqrt(1e-7) if name == "euclidean" else 0
        np.testing.assert_allclose(distances, [value, smallest], 1e-6, 2e-7, name)
        assert np.isfinite(tape.gradient(distances, u)).all()
    *_, unit = HEADS["unit"](3)
    rows = unit(np.float32([[3, 4, 0], [0, 0, 0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8, 0], [0, 0, 0]], rtol=4 * EPSILON)


@pytest.mark.parametrize(("same", "stated"), [(1, 0.15251), (0, 0.10023)])
def test_loss_of_the_report(same, stated):
    # stated to five decimals
    assert loss_in_keras("contrastive", 1.0, same) == pytest.approx(stated, abs=5e-6)


def test_losses_by_hand():
    same, distances = np.float32([1, 0, 0]), np.float32([0.4, 0.3, 2.0])
    expected = {"contrastive": (0.4**2 + 1.2**2) / 2, "hinge": 0.4 + 1.2}
    for name, value in expected.items():
        loss = float(LOSSES[name](1.5)(same, distances))
        assert loss == pytest.approx(value / 3, rel=8 * EPSILON)


def test_loss_verification_fails_on_a_difference(monkeypatch):
    monkeypatch.setattr("verify_loss.loss_in_keras", lambda *arguments: 0.1524)
    with pytest.raises(StudyError, match="positive pair, margin 1: 0"):
        compare("contrastive", 1.0)


def test_choices_are_what_there_is():
    for name, choices in {"head": HEADS, "distance": DISTANCES, "loss": LOSSES}.items():
        assert AXES[name].choices == (*choices,)
