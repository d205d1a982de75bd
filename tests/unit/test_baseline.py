"""Distances without a trained network."""

import numpy as np
import pytest
from evaluate_baselines import evaluate_baselines

from siamese.axes import setting_of
from siamese.baselines import (
    BASELINES,
    Source,
    baselines_of,
    blurred_pixels,
    distances_of,
    pixels,
    principal_components,
    untrained_encoder,
    whitened_pixels,
)
from siamese.errors import StudyError
from siamese.metrics import name_baseline
from siamese.network import build_encoder, keras
from siamese.whitening import within_class_whitening

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1)).astype(np.uint8)
SIZES = {"small": 2, "large": 4}


def source(images=IMAGES, trained=150, seed=7):
    """Of images whose first `trained` are each in a training pair with the next."""
    left = np.arange(trained)
    pairs = {"left": left, "right": np.roll(left, -1), "same": left % 2}
    return Source(images, pairs, seed, margin=1.0)


def test_pixels_are_shares_of_white():
    found = pixels(source())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[3], IMAGES[3].ravel() / 255, rtol=1e-6)


def test_distances_are_euclidean(monkeypatch):
    monkeypatch.setattr("siamese.baselines.CHUNK", 7)
    generator = np.random.default_rng(1)
    vectors = generator.random((30, 5))
    left, right = generator.integers(0, 30, (2, 40))
    found = distances_of(vectors, {"left": left, "right": right})
    steps = vectors[left] - vectors[right]
    expected = [np.sqrt(sum(step**2)) for step in steps]
    np.testing.assert_allclose(found, expected)


def test_blur_is_the_sum_over_a_gaussian_kernel():
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[0, 14, 13] = 255
    found = blurred_pixels(source(image, trained=1))[0].reshape(28, 28)
    rows, columns = np.mgrid[:28, :28]
    # far from the border; scipy cuts the kernel at four sigma
    expected = np.exp(-((rows - 14) ** 2 + (columns - 13) ** 2) / (2 * 2**2))
    expected[(abs(rows - 14) > 8) | (abs(columns - 13) > 8)] = 0
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)


def test_whitened_distances_are_by_the_inverse_of_the_covariance_in_classes(
    monkeypatch,
):
    monkeypatch.setattr("siamese.whitening.CHUNK", 7)
    generator = np.random.default_rng(3)
    vectors = (generator.random((40, 5)) @ generator.random((5, 5))).astype(np.float32)
    left, right = generator.integers(0, 30, (2, 60))
    pairs = {"left": left, "right": right, "same": np.arange(60) % 2}
    kernel, bias = within_class_whitening(vectors, pairs, 0.2)
    assert kernel.dtype == bias.dtype == np.float32
    covariance = np.zeros((5, 5))
    for i, j, same in zip(left, right, pairs["same"], strict=True):
        if same:
            covariance += (
                np.outer(vectors[i] - vectors[j], vectors[i] - vectors[j]) / 60
            )
    mean = np.mean(np.diag(covariance))
    covariance = 0.2 * covariance + 0.8 * mean * np.eye(5)
    differences = vectors[:20] - vectors[20:]
    expected = (differences * np.linalg.solve(covariance, differences.T).T).sum(axis=1)
    found = (differences @ kernel) ** 2
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-3)
    used = sorted({*left, *right})
    np.testing.assert_allclose(
        (vectors[used] @ kernel + bias).mean(axis=0), 0, atol=1e-4
    )


def test_whitening_of_vectors_that_are_all_equal_is_finite():
    pairs = {"left": np.arange(4), "right": np.arange(1, 5), "same": np.ones(4)}
    kernel, bias = within_class_whitening(np.ones((5, 3), np.float32), pairs, 0)
    np.testing.assert_allclose(kernel, np.eye(3))
    np.testing.assert_allclose(bias, -1)


def test_whitened_pixels_are_rows_of_length_one_of_the_whitened_roots(monkeypatch):
    monkeypatch.setattr("siamese.baselines.CHUNK", 64)
    made = source()
    roots = np.sqrt(blurred_pixels(made))
    roots /= np.linalg.norm(roots, axis=1, keepdims=True)
    kernel, bias = within_class_whitening(roots, made.pairs, 0.5)
    expected = roots @ kernel + bias
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(whitened_pixels(made), expected, atol=2e-4)


def test_principal_components_are_those_of_the_training_images():
    found = principal_components(source(), 3)
    rows = IMAGES.reshape(200, -1) / 255
    centred = rows - rows[:150].mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:150], full_matrices=False)
    expected = centred @ axes[:6].T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    # float32, of which a covariance has the square
    np.testing.assert_allclose(abs(found), abs(expected), atol=1e-3)


def test_untrained_encoder_has_the_weights_that_training_starts_from():
    keras.utils.set_random_seed(7)
    encoder = build_encoder(setting_of(4, l2=0.01), (28, 28, 1))
    expected = encoder.predict(IMAGES[..., None], verbose=0)
    found = untrained_encoder(source(seed=7), 4)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert abs(untrained_encoder(source(seed=8), 4) - expected).max() > 1e-3


def test_all_baselines_at_the_encoders_widths():
    found = {
        (method, size): function(source())
        for method, size, function in baselines_of(SIZES)
    }
    assert {method for method, _ in found} == {*BASELINES}
    assert {key: vectors.shape for key, vectors in found.items()} == {
        ("pixels", ""): (200, 784),
        ("normalised pixels", ""): (200, 784),
        ("blurred pixels", ""): (200, 784),
        ("whitened pixels", ""): (200, 784),
        ("PCA", "small"): (200, 4),
        ("untrained", "small"): (200, 4),
        ("PCA", "large"): (200, 8),
        ("untrained", "large"): (200, 8),
    }
    for method in ("normalised pixels", "blurred pixels", "whitened pixels"):
        lengths = np.linalg.norm(found[method, ""], axis=1)
        assert lengths == pytest.approx(1, abs=1e-5)


def test_baselines_are_judged_at_the_threshold_from_validation():
    generator = np.random.default_rng(2)
    sets = {
        name: {
            "left": generator.integers(0, 100, 60),
            "right": generator.integers(100, 200, 60),
            "same": np.arange(60) % 2,
        }
        for name in ("A", "B", "crossed", "validation")
    }
    names = [name_baseline(method, size) for method, size, _ in baselines_of(SIZES)]
    given = dict.fromkeys(names, 0.25)
    for result in evaluate_baselines(source(), sets, SIZES, given):
        assert result["threshold"] == 0.25 != result["threshold_tuned"]
    with pytest.raises(StudyError, match=r"^Baseline pixels: no row in the table"):
        evaluate_baselines(source(), sets, SIZES, {"PCA, small": 0.25})
    results = evaluate_baselines(source(), sets, SIZES, {})
    assert [(result["method"], result["size"]) for result in results] == [
        (method, size) for method, size, _ in baselines_of(SIZES)
    ]
    for result in results:
        assert result["threshold"] == result["threshold_tuned"]
