"""The network, its distance and its loss."""

import numpy as np
import pytest
from verify_loss import X, Y, as_text, compare, loss_in_keras

from siamese.axes import setting_of
from siamese.errors import StudyError
from siamese.layers import ContrastiveLoss, EuclideanDistance
from siamese.network import (
    build_encoder,
    build_siamese,
    embed,
    keras,
    layers,
    make_deterministic,
    pair_distances,
    set_up_devices,
    tf,
    whitened,
)
from siamese.networks import gradients
from siamese.whitening import within_class_whitening

make_deterministic()
SHAPE = (28, 28, 1)
EPSILON = float(np.finfo(np.float32).eps)


@pytest.mark.parametrize(("filters", "parameters"), [(16, 107296), (32, 428608)])
@pytest.mark.parametrize("l2", [0.01, 0])
def test_parameter_counts(filters, parameters, l2):
    model = build_siamese(setting_of(filters, l2=l2), SHAPE)
    assert model.count_params() == parameters
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == parameters


def test_layers_are_those_of_the_report():
    kinds = [
        type(layer) for layer in build_encoder(setting_of(16, l2=0.01), SHAPE).layers
    ]
    block = [kinds[1], layers.MaxPooling2D, kinds[3], layers.ReLU]
    assert kinds[1] is layers.Conv2D
    assert kinds == [
        layers.Rescaling,
        *(block * 2),
        layers.Flatten,
        *(layers.Dense, layers.Dropout, layers.Dense),
    ]


def test_penalty_is_on_the_first_dense_kernel_alone():
    encoder = build_encoder(setting_of(16, l2=0.01), SHAPE)
    for weight in encoder.weights[:-1]:  # but the dropout's seed
        weight.assign(tf.fill(weight.shape, 7.0))
    kernel = encoder.layers[-3].kernel
    kernel.assign(tf.fill(kernel.shape, 0.5))
    (penalty,) = [float(loss) for loss in encoder.losses]
    # The sum of squares is exact; 0.01 and the product are rounded.
    exact = 0.01 * 0.25 * np.prod(kernel.shape)
    assert penalty == pytest.approx(exact, rel=2 * EPSILON)
    assert build_encoder(setting_of(16), SHAPE).losses == []


def plain_convolutions(filters):
    """The report's layers up to the dense ones, bias and ReLU before the pooling."""
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(2 * filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
        ]
    )


@pytest.mark.parametrize("filters", [16, 32])
def test_bias_after_pooling_is_the_plain_layers(filters):
    """In whole numbers, which float32 holds exactly: equal values and gradients.

    Real numbers would be rounded, and of two values of a window that nearly tie now
    the one, now the other would be the greater, which has the gradient.
    """
    generator = np.random.default_rng(0)
    images = generator.choice([0, 255], (4, 28, 28, 1)).astype(np.uint8)
    plain = plain_convolutions(filters)
    fused = keras.Sequential(build_encoder(setting_of(filters), SHAPE).layers[:-3])
    fused.build(images.shape)
    weights = [
        generator.integers(-1, 2, weight.shape).astype(np.float32)
        for weight in plain.get_weights()
    ]
    targets = generator.integers(-1, 2, plain(images).shape).astype(np.float32)
    # The largest sum there can be, of the gradient of the first kernel: at each
    # pixel, a value of each of 9 places and 2 * filters channels at most.
    assert images.size * 9 * 2 * filters < 1 / EPSILON

    def outputs_and_gradients(model, inputs):
        for target, value in zip(model.trainable_weights, weights, strict=True):
            target.assign(value)
        with tf.GradientTape() as tape:
            outputs = model(inputs)
            loss = tf.reduce_sum(outputs * targets)
        return [outputs, *tape.gradient(loss, model.trainable_weights)]

    found = outputs_and_gradients(fused, images)
    expected = outputs_and_gradients(plain, images / np.float32(255))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        # The outputs, and the gradient of each weight, are there to be compared.
        assert np.any(other)


def test_whitened_embeddings_are_the_map_of_the_training_pairs():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60, 9, 8, 1)).astype(np.uint8)
    left = np.arange(40)
    pairs = {"left": left, "right": left[::-1], "same": left % 2}
    setting = setting_of(2, head="linear", distance="manhattan")
    model = build_siamese(setting, images.shape[1:])
    before = embed(model.get_layer("encoder"), images)
    kernel, bias = within_class_whitening(before, pairs, 0.1)
    expected = before @ kernel + bias
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = whitened(model, images, pairs, 0.1)
    embeddings = embed(found.get_layer("encoder"), images)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    # The distance stays that of the setting.
    distances = pair_distances(found, images, {"B": {"left": left, "right": left + 20}})
    expected = abs(expected[left] - expected[left + 20]).sum(axis=1)
    np.testing.assert_allclose(distances["B"], expected, atol=1e-4)


def test_oriented_features_say_where_edges_of_a_direction_are():
    image = np.zeros((1, 30, 30, 1), np.uint8)
    # Bright to the right of column 14: a gradient to the right, which is direction 0.
    image[0, :, 14:] = 255
    values = layers.Input((30, 30, 1))
    features = keras.Model(values, gradients.oriented_gradients(values))
    found = features.predict(image / 255, verbose=0)[0]
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    # Far from the border, where there is an edge to black.
    row = found.reshape(10, 10, 8)[5]
    assert row[:, 0].argmax() == 4
    assert row.sum(axis=0).argmax() == 0
    # Nothing points to the left; half right and half down, or half up, are alike.
    np.testing.assert_allclose(row[:8, 3:6], 0, atol=1e-4)
    np.testing.assert_allclose(row[:8, 1], row[:8, 7], atol=1e-4)
    assert (row[4, 1] / row[4, 0]) ** 2 == pytest.approx(0.5**0.5, rel=1e-3)
    assert not any(layer.trainable_weights for layer in features.layers)


def test_a_gradient_of_colours_is_that_of_their_mean():
    kernels = gradients.gradient_kernels(3)
    assert (kernels.shape, kernels.dtype) == ((7, 7, 3, 8), np.float32)
    np.testing.assert_allclose(
        kernels.sum(axis=2), gradients.gradient_kernels(1)[:, :, 0], atol=1e-7
    )


def test_distance_is_clamped_and_its_gradient_finite():
    u = tf.constant([[1.0, 2.0], [0.5, 0.5]])
    v = tf.constant([[4.0, 6.0], [0.5, 0.5]])
    with tf.GradientTape() as tape:
        tape.watch(u)
        distance = EuclideanDistance()(u, v)
    # Three roundings: of a square or 1e-7, of the sum and of the root.
    np.testing.assert_allclose(distance, [5.0, np.sqrt(1e-7)], rtol=3 * EPSILON)
    assert np.isfinite(tape.gradient(distance, u)).all()


@pytest.mark.parametrize(("same", "stated"), [(1, 0.15251), (0, 0.10023)])
def test_loss_of_the_report(same, stated):
    # stated to five decimals
    found = loss_in_keras(X, Y, same, "contrastive", 1.0)
    assert found == pytest.approx(stated, abs=5e-6)


def test_loss_verification_prints_the_reports_values():
    text = as_text([compare("contrastive", 1.0)])
    assert "0.15251" in text
    assert "0.10023" in text


def test_loss_verification_fails_on_a_difference(monkeypatch):
    monkeypatch.setattr("verify_loss.loss_in_keras", lambda *arguments: 0.1524)
    with pytest.raises(StudyError, match="positive pair, margin 1: 0"):
        compare("contrastive", 1.0)


@pytest.mark.parametrize("margin", [1.0, 1.5])
def test_loss_by_hand(margin):
    loss = ContrastiveLoss(margin)(np.float32([1, 0, 0]), np.float32([0.4, 0.3, 2.0]))
    expected = (0.4**2 / 2 + (margin - 0.3) ** 2 / 2 + 0) / 3
    # Inputs, differences, squares, products, sum and mean are rounded once each.
    assert float(loss) == pytest.approx(expected, rel=8 * EPSILON)


def test_jobs_share_a_gpu_by_memory_growth(monkeypatch):
    gpus = [
        tf.config.PhysicalDevice(f"/physical_device:GPU:{n}", "GPU") for n in (0, 1)
    ]
    grown = []
    for name in ("intra", "inter"):
        setter = f"set_{name}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, setter, lambda threads: None)
    monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: gpus)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda *call: grown.append(call)
    )
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "T"}
    )
    set_up_devices(1, gpu=True)
    assert grown == [(gpu, True) for gpu in gpus]
