"""Distances that nobody trained."""

import numpy as np
import pytest
from evaluate_baselines import (
    blurred,
    distances_of,
    pixels_of,
    principal_components,
    representations,
    untrained,
)

from siamese.network import build_siamese, keras

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (200, 28, 28)).astype(np.uint8)


def test_pixels_are_shares_of_white():
    pixels = pixels_of(IMAGES)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[3], IMAGES[3].ravel() / 255, rtol=1e-6)


def test_distances_are_euclidean(monkeypatch):
    monkeypatch.setattr("baseline.CHUNK", 7)
    vectors = GENERATOR.random((30, 5))
    left, right = GENERATOR.integers(0, 30, (2, 40))
    found = distances_of(vectors, {"left": left, "right": right})
    steps = vectors[left] - vectors[right]
    expected = [np.sqrt(sum(step**2)) for step in steps]
    np.testing.assert_allclose(found, expected)


def test_blur_is_the_sum_over_a_gaussian_kernel():
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 14, 13] = 255
    found = blurred(image)[0].reshape(28, 28)
    rows, columns = np.mgrid[:28, :28]
    # far from the border; scipy cuts the kernel at four sigma
    expected = np.exp(-((rows - 14) ** 2 + (columns - 13) ** 2) / (2 * 2**2))
    expected[(abs(rows - 14) > 8) | (abs(columns - 13) > 8)] = 0
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)


def test_principal_components_are_those_of_the_training_images():
    pixels = pixels_of(IMAGES)
    trained = np.arange(150)
    found = principal_components(pixels, trained, 6)
    centred = pixels - pixels[:150].mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:150].astype(np.float64), full_matrices=False)
    expected = centred @ axes[:6].T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(abs(found), abs(expected), atol=1e-3)


def test_untrained_encoder_has_the_weights_that_training_starts_from():
    keras.utils.set_random_seed(7)
    encoder = build_siamese(4, 0.01, 1.0).get_layer("encoder")
    expected = encoder.predict(IMAGES[..., None], verbose=0)
    np.testing.assert_allclose(untrained(IMAGES, 4, 7, 1.0), expected, atol=1e-6)
    assert abs(untrained(IMAGES, 4, 8, 1.0) - expected).max() > 1e-3


def test_all_baselines_at_the_encoders_widths():
    found = {
        (method, size): vectors
        for method, size, vectors in representations(
            IMAGES, np.arange(100), {"small": 2, "large": 4}, 0, 1.0
        )
    }
    assert {key: vectors.shape[1] for key, vectors in found.items()} == {
        ("pixels", ""): 784,
        ("normalised pixels", ""): 784,
        ("blurred pixels", ""): 784,
        ("PCA", "small"): 4,
        ("untrained", "small"): 4,
        ("PCA", "large"): 8,
        ("untrained", "large"): 8,
    }
    for method in ("normalised pixels", "blurred pixels"):
        lengths = np.linalg.norm(found[method, ""], axis=1)
        assert lengths == pytest.approx(1, abs=1e-5)
