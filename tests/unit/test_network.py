"""The network, its distance and its loss."""

import numpy as np
import pytest
from verify_loss import X, Y, as_text, compare, loss_in_keras

from siamese.errors import StudyError
from siamese.network import (
    ContrastiveLoss,
    EuclideanDistance,
    build_encoder,
    build_siamese,
    keras,
    layers,
    set_up_devices,
    tf,
)

tf.config.experimental.enable_op_determinism()
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (300, 28, 28)).astype(np.uint8)


@pytest.mark.parametrize(("filters", "parameters"), [(16, 107296), (32, 428608)])
@pytest.mark.parametrize("l2", [0.01, 0])
def test_parameter_counts(filters, parameters, l2):
    model = build_siamese(filters, l2, 1.0)
    assert model.count_params() == parameters
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == parameters


def test_layers_are_those_of_the_report():
    kinds = [type(layer) for layer in build_encoder(16, 0.01).layers]
    block = [kinds[1], layers.MaxPooling2D, kinds[3], layers.ReLU]
    assert kinds[1] is layers.Conv2D
    assert kinds == [
        layers.Rescaling,
        *(block * 2),
        layers.Flatten,
        *(layers.Dense, layers.Dropout, layers.Dense),
    ]


def test_penalty_is_on_the_first_dense_kernel_alone():
    encoder = build_encoder(16, 0.01)
    kernel = encoder.layers[-3].kernel.numpy()
    (penalty,) = [float(loss) for loss in encoder.losses]
    assert penalty == pytest.approx(0.01 * np.sum(kernel**2), rel=1e-5)
    assert build_encoder(16, 0).losses == []


def plain_encoder(filters):
    """The report's layers with bias and ReLU before the pooling."""
    return keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(2 * filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(4 * filters, activation="relu"),
            layers.Dropout(0.25),
            layers.Dense(2 * filters, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("filters", [16, 32])
def test_bias_after_pooling_is_the_plain_layers(filters):
    encoder, plain = build_encoder(filters, 0), plain_encoder(filters)
    weights = [
        w if w.ndim > 1 else GENERATOR.normal(0, 0.1, w.shape)
        for w in plain.get_weights()
    ]
    plain.set_weights(weights)
    for target, value in zip(encoder.trainable_weights, weights, strict=True):
        target.assign(value)
    batch = IMAGES[:64, ..., None]
    targets = GENERATOR.normal(size=(64, 2 * filters)).astype(np.float32)

    def outputs_and_gradients(model, inputs):
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=False)
            loss = tf.reduce_mean((outputs - targets) ** 2)
        return outputs, tape.gradient(loss, model.trainable_weights)

    fused, fused_gradients = outputs_and_gradients(encoder, batch)
    expected, plain_gradients = outputs_and_gradients(
        plain, batch.astype(np.float32) / 255
    )
    np.testing.assert_allclose(fused, expected, rtol=1e-4, atol=1e-6)
    for gradient, plain_gradient in zip(fused_gradients, plain_gradients, strict=True):
        scale = np.abs(plain_gradient).max()
        np.testing.assert_allclose(gradient, plain_gradient, atol=1e-4 * scale)


def test_distance_is_clamped_and_its_gradient_finite():
    u = tf.constant([[1.0, 2.0], [0.5, 0.5]])
    v = tf.constant([[4.0, 6.0], [0.5, 0.5]])
    with tf.GradientTape() as tape:
        tape.watch(u)
        distance = EuclideanDistance()(u, v)
    np.testing.assert_allclose(distance, [5.0, np.sqrt(1e-7)], rtol=1e-6)
    assert np.isfinite(tape.gradient(distance, u)).all()


@pytest.mark.parametrize(("same", "stated"), [(1, 0.15251), (0, 0.10023)])
def test_loss_of_the_report(same, stated):
    assert loss_in_keras(X, Y, same, 1.0) == pytest.approx(stated, abs=5e-6)


def test_loss_verification_prints_the_reports_values():
    text = as_text(compare(1.0))
    assert "0.15251" in text
    assert "0.10023" in text


def test_loss_verification_fails_on_a_difference(monkeypatch):
    monkeypatch.setattr("verify_loss.loss_in_keras", lambda *arguments: 0.1524)
    with pytest.raises(StudyError, match="positive pair: 0"):
        compare(1.0)


@pytest.mark.parametrize("margin", [1.0, 1.5])
def test_loss_by_hand(margin):
    loss = ContrastiveLoss(margin)(np.float32([1, 0, 0]), np.float32([0.4, 0.3, 2.0]))
    expected = (0.4**2 / 2 + (margin - 0.3) ** 2 / 2 + 0) / 3
    assert float(loss) == pytest.approx(expected, rel=1e-6)


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
    set_up_devices(1, gpu=True)
    assert grown == [(gpu, True) for gpu in gpus]
