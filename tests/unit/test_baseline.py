"""Distances without a trained network, and the whitening of vectors."""

import functools

import keras
import numpy as np
import pytest
from evaluate_baselines import evaluate_baselines

from siamese.errors import StudyError
from siamese.model.embedding import distances_of, embed, pair_distances, whitened
from siamese.model.network import build_encoder, build_siamese
from siamese.model.whitening import within_class_whitening
from siamese.stats import baselines
from siamese.stats.metrics import name_baseline
from siamese.study.axes import setting_of

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (200, 12, 12, 1)).astype(np.uint8)
ROWS = IMAGES.reshape(200, -1) / 255
LEFT = np.arange(150)
PAIRS = {"left": LEFT, "right": np.roll(LEFT, -1), "same": LEFT % 2}
SOURCE = baselines.Source(IMAGES, PAIRS, seed=7, margin=1.0)


@pytest.fixture(autouse=True)
def chunks(monkeypatch):
    monkeypatch.setattr("siamese.model.whitening.CHUNK", 64)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_pixels_and_their_euclidean_distances():
    rows = baselines.pixels(SOURCE)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, ROWS, rtol=1e-6)
    normalised = baselines.normalised_pixels(SOURCE)
    np.testing.assert_allclose(normalised, unit(ROWS), rtol=1e-5)
    expected = np.sqrt(((ROWS[:150] - ROWS[PAIRS["right"]]) ** 2).sum(axis=1))
    np.testing.assert_allclose(distances_of(rows, PAIRS), expected, rtol=1e-5)


def test_large_images_are_seen_as_means_of_squares(tmp_path):
    images = GENERATOR.integers(0, 256, (130, 60, 96, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    source = baselines.Source(mapped, {}, 0, 1.0)
    means = images.reshape(130, 20, 3, 32, 3, 3).mean(axis=(2, 4))
    assert source.small.dtype == np.uint8
    np.testing.assert_array_equal(source.small, np.rint(means))
    assert baselines.blurred_pixels(source).shape == (130, 20 * 32 * 3)
    # 33 rows are 8 squares of 4 pixels and one that is cut.
    uneven = np.full((1, 33, 128, 1), 7, np.uint8)
    small = baselines.Source(uneven, {}, 0, 1.0).small
    np.testing.assert_array_equal(small, np.full((1, 9, 32, 1), 7))


def test_small_images_stay_as_they_are_mapped_or_in_memory(tmp_path):
    images = GENERATOR.integers(0, 256, (130, 32, 32, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    sources = [baselines.Source(each, {}, 0, 1.0) for each in (images, mapped)]
    assert all(source.small is source.images for source in sources)
    encode = functools.partial(baselines.untrained_encoder, filters=2)
    for function in (baselines.pixels, encode):
        one, other = map(function, sources)
        assert one.tobytes() == other.tobytes()


def test_blur_is_the_sum_over_a_gaussian_kernel():
    images = np.zeros((1, 28, 28, 1), np.uint8)
    images[0, 14, 13] = 255
    source = baselines.Source(images, {}, 0, 1.0)
    blurred = baselines.blurred_pixels(source)[0].reshape(28, 28)
    rows, columns = np.mgrid[:28, :28]
    # far from the border; scipy cuts the kernel at four sigma
    expected = np.exp(-((rows - 14) ** 2 + (columns - 13) ** 2) / (2 * 2**2))
    expected[(abs(rows - 14) > 8) | (abs(columns - 13) > 8)] = 0
    np.testing.assert_allclose(blurred, expected / np.linalg.norm(expected), atol=1e-6)


def test_whitened_distances_are_by_the_inverse_of_the_covariance_in_classes():
    vectors = (GENERATOR.random((150, 5)) @ GENERATOR.random((5, 5))).astype(np.float32)
    kernel, bias = within_class_whitening(vectors, PAIRS, 0.2)
    assert kernel.dtype == bias.dtype == np.float32
    steps = (vectors - vectors[PAIRS["right"]])[1::2]
    covariance = sum(np.outer(step, step) for step in steps) / 150
    mean = np.mean(np.diag(covariance))
    covariance = 0.2 * covariance + 0.8 * mean * np.eye(5)
    expected = (steps * np.linalg.solve(covariance, steps.T).T).sum(axis=1)
    squares = ((steps @ kernel) ** 2).sum(axis=1)
    np.testing.assert_allclose(squares, expected, rtol=1e-3)
    np.testing.assert_allclose((vectors @ kernel + bias).mean(axis=0), 0, atol=1e-4)
    kernel, bias = within_class_whitening(np.ones((150, 5), np.float32), PAIRS, 0)
    np.testing.assert_allclose([*kernel, bias], [*np.eye(5), [-1] * 5])


def test_whitened_pixels_are_rows_of_length_one_of_the_whitened_roots():
    roots = unit(np.sqrt(baselines.blurred_pixels(SOURCE)))
    kernel, bias = within_class_whitening(roots, PAIRS, 0.5)
    rows = baselines.whitened_pixels(SOURCE)
    np.testing.assert_allclose(rows, unit(roots @ kernel + bias), atol=2e-4)


def test_whitened_embeddings_are_the_map_of_the_training_pairs():
    setting = setting_of(2, head="linear", distance="manhattan")
    model = build_siamese(setting, IMAGES.shape[1:])
    before = embed(model.get_layer("encoder"), IMAGES)
    kernel, bias = within_class_whitening(before, PAIRS, 0.1)
    expected = unit(before @ kernel + bias)
    model = whitened(model, IMAGES, PAIRS, 0.1)
    embeddings = embed(model.get_layer("encoder"), IMAGES)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    # The distance stays that of the setting.
    sets = {"B": {"left": LEFT, "right": LEFT + 50}}
    expected = abs(expected[LEFT] - expected[LEFT + 50]).sum(axis=1)
    distances = pair_distances(model, IMAGES, sets)["B"]
    np.testing.assert_allclose(distances, expected, atol=1e-4)


def test_principal_components_are_those_of_the_training_images():
    components = baselines.principal_components(SOURCE, 3)
    centred = ROWS - ROWS[:150].mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:150], full_matrices=False)
    # float32, of which a covariance has the square
    expected = abs(unit(centred @ axes[:6].T))
    np.testing.assert_allclose(abs(components), expected, atol=1e-3)


def test_untrained_encoder_has_the_weights_that_training_starts_from():
    keras.utils.set_random_seed(7)
    encoder = build_encoder(setting_of(4, l2=0.01), IMAGES.shape[1:])
    embeddings = baselines.untrained_encoder(SOURCE, 4)
    expected = encoder.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(embeddings, expected, atol=1e-6)


def test_baselines_are_judged_at_the_threshold_from_validation():
    sizes = {"small": 2, "large": 4}
    sets = dict.fromkeys(("A", "B", "crossed", "validation"), PAIRS)
    results = evaluate_baselines(SOURCE, sets, sizes, {})
    names = [name_baseline(row["method"], row["size"]) for row in results]
    of_images = ("pixels", "normalised pixels", "blurred pixels", "whitened pixels")
    of_a_size = [f"{name}, {size}" for size in sizes for name in ("PCA", "untrained")]
    known = [*of_images, *of_a_size]
    assert [name for name in names if name in known] == known
    assert all(row["threshold"] == row["threshold_tuned"] for row in results)
    results = evaluate_baselines(SOURCE, sets, sizes, dict.fromkeys(names, 0.25))
    assert all(row["threshold"] == 0.25 != row["threshold_tuned"] for row in results)
    with pytest.raises(StudyError, match=r"^Baseline pixels: no row in the table"):
        evaluate_baselines(SOURCE, sets, sizes, {"PCA, small": 0.25})
