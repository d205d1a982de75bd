"""Distances without a trained network, and the whitening of vectors."""

import functools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from evaluate_baselines import evaluate_baselines

from siamese.errors import StudyError
from siamese.model.embedding import distances_of, embed, pair_distances, whitened
from siamese.model.layers import Centred
from siamese.model.network import build_encoder, build_siamese
from siamese.model.poses import posed_vectors
from siamese.model.whitening import within_class_whitening
from siamese.stats import baselines
from siamese.stats.metrics import name_baseline
from siamese.study.axes import setting_of
from siamese.study.poses import Pose

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (200, 12, 12, 1)).astype(np.uint8)
ROWS = IMAGES.reshape(200, -1) / 255
LEFT = np.arange(150)
PAIRS = {"left": LEFT, "right": np.roll(LEFT, -1), "same": LEFT % 2}
POSE = Pose("random", (-45, 45), 3, (0.75, 1.25), random=True)
SOURCE = baselines.Source(IMAGES, PAIRS, seed=7, pose=POSE)


@pytest.fixture(autouse=True)
def chunks(monkeypatch):
    monkeypatch.setattr("siamese.model.whitening.CHUNK", 64)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_pixels_and_their_euclidean_distances():
    rows = baselines.pixels(SOURCE)(IMAGES)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, ROWS, rtol=1e-6)
    normalised = baselines.normalised_pixels(SOURCE)(IMAGES)
    np.testing.assert_allclose(normalised, unit(ROWS), rtol=1e-5)
    expected = np.sqrt(((ROWS[:150] - ROWS[PAIRS["right"]]) ** 2).sum(axis=1))
    np.testing.assert_allclose(distances_of(rows, PAIRS), expected, rtol=1e-5)


def test_large_images_are_seen_as_means_of_squares(tmp_path):
    images = GENERATOR.integers(0, 256, (130, 60, 96, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    source = baselines.Source(mapped, {}, 0, POSE)
    means = images.reshape(130, 20, 3, 32, 3, 3).mean(axis=(2, 4))
    assert source.small.dtype == np.uint8
    np.testing.assert_array_equal(source.small, np.rint(means))
    assert baselines.blurred_pixels(source)(mapped).shape == (130, 20 * 32 * 3)
    # 33 rows are 8 squares of 4 pixels and one that is cut.
    uneven = np.full((1, 33, 128, 1), 7, np.uint8)
    small = baselines.reduced(uneven)
    np.testing.assert_array_equal(small, np.full((1, 9, 32, 1), 7))


def test_small_images_stay_as_they_are_mapped_or_in_memory(tmp_path):
    images = GENERATOR.integers(0, 256, (130, 32, 32, 3)).astype(np.uint8)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    sources = [baselines.Source(each, {}, 0, POSE) for each in (images, mapped)]
    assert all(source.small is source.images for source in sources)
    encode = functools.partial(baselines.untrained_encoder, filters=2)
    for function in (baselines.pixels, encode):
        one, other = (function(source)(source.images) for source in sources)
        assert one.tobytes() == other.tobytes()


def test_blur_is_the_sum_over_a_gaussian_kernel():
    images = np.zeros((1, 28, 28, 1), np.uint8)
    images[0, 14, 13] = 255
    source = baselines.Source(images, {}, 0, POSE)
    blurred = baselines.blurred_pixels(source)(images)[0].reshape(28, 28)
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
    roots = unit(np.sqrt(baselines.blurred_pixels(SOURCE)(IMAGES)))
    kernel, bias = within_class_whitening(roots, PAIRS, 0.5)
    rows = baselines.whitened_pixels(SOURCE)(IMAGES)
    np.testing.assert_allclose(rows, unit(roots @ kernel + bias), atol=2e-4)


def test_baselines_on_centred_pixels_and_fitted_on_poses():
    centred = np.rint(Centred()(IMAGES)).astype(np.uint8)
    functions = {name: function for name, _, function in baselines.baselines_of({})}
    source = baselines.Source(centred, PAIRS, seed=7, pose=POSE)
    for name in ("blurred pixels", "whitened pixels"):
        rows = functions[f"centred {name}"](SOURCE)(IMAGES)
        np.testing.assert_allclose(rows, functions[name](source)(centred), atol=1e-5)

    def roots(images):
        return unit(np.sqrt(baselines.blurred_pixels(SOURCE)(images)))

    fitted = posed_vectors(roots, IMAGES, PAIRS, POSE, 1, seed=7)
    kernel, bias = within_class_whitening(*fitted, 0.5)
    rows = functions["posed whitened pixels"](SOURCE)(IMAGES)
    np.testing.assert_allclose(rows, unit(roots(IMAGES) @ kernel + bias), atol=2e-4)


def test_whitened_embeddings_are_the_map_of_the_training_pairs():
    setting = setting_of(2, head="linear", distance="manhattan")
    model = build_siamese(setting, IMAGES.shape[1:])
    before = embed(model.get_layer("encoder"), IMAGES)
    kernel, bias = within_class_whitening(before, PAIRS, 0.1)
    expected = unit(before @ kernel + bias)
    model = whitened(model, before, PAIRS, 0.1)
    embeddings = embed(model.get_layer("encoder"), IMAGES)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    # The distance stays that of the setting.
    sets = {"B": {"left": LEFT, "right": LEFT + 50}}
    expected = abs(expected[LEFT] - expected[LEFT + 50]).sum(axis=1)
    distances = pair_distances(model, IMAGES, sets)["B"]
    np.testing.assert_allclose(distances, expected, atol=1e-4)


def test_principal_components_are_those_of_the_training_images():
    components = baselines.principal_components(SOURCE, 3)(IMAGES)
    centred = ROWS - ROWS[:150].mean(axis=0)
    _, _, axes = np.linalg.svd(centred[:150], full_matrices=False)
    # float32, of which a covariance has the square
    expected = abs(unit(centred @ axes[:6].T))
    np.testing.assert_allclose(abs(components), expected, atol=1e-3)


def test_untrained_encoder_has_the_weights_that_training_starts_from():
    keras.utils.set_random_seed(7)
    encoder = build_encoder(setting_of(4, l2=0.01), IMAGES.shape[1:])
    embeddings = baselines.untrained_encoder(SOURCE, 4)(IMAGES)
    expected = encoder.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(embeddings, expected, atol=1e-6)


def test_baselines_are_judged_at_the_threshold_from_validation():
    sizes = {"small": 2, "large": 4}
    pose = Pose("rotation 30", (30, 30))._asdict()
    options = {"sizes": sizes, "margin": 1.0, "poses": [pose], "pose_pairs": 100}
    sets = dict.fromkeys(("A", "B", "crossed", "validation"), PAIRS)
    params = SimpleNamespace(**options, thresholds={})
    results = evaluate_baselines(SOURCE, sets, params)
    names = [name_baseline(row["method"], row["size"]) for row in results]
    of_images = ("pixels", "normalised pixels", "blurred pixels", "whitened pixels")
    of_a_size = [f"{name}, {size}" for size in sizes for name in ("PCA", "untrained")]
    known = [*of_images, *of_a_size]
    assert [name for name in names if name in known] == known
    assert all(row["threshold"] == row["threshold_tuned"] for row in results)
    accuracies = [row["poses"]["rotation 30"]["B"]["accuracy"] for row in results]
    assert len({*accuracies}) > 3 and max(accuracies) < 1
    params.thresholds = dict.fromkeys(names, 0.25)
    results = evaluate_baselines(SOURCE, sets, params)
    assert all(row["threshold"] == 0.25 != row["threshold_tuned"] for row in results)
    with pytest.raises(StudyError, match=r"^Baseline pixels: no row in the table"):
        params.thresholds = {"PCA, small": 0.25}
        evaluate_baselines(SOURCE, sets, params)
