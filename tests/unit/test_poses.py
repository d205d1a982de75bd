"""Poses: where pixels come from, which pairs are tested, and what is measured."""

import keras
import numpy as np
import pytest
from configs import refusal, study_of
from scipy import ndimage

from siamese.data.poses import choose_pairs, transforms
from siamese.model.embedding import embed
from siamese.model.layers import RADIUS, Centred
from siamese.model.network import build_encoder
from siamese.model.poses import pose_distances, posed, posed_vectors, transformed
from siamese.stats.metrics import evaluate, evaluate_poses
from siamese.study.axes import setting_of
from siamese.study.poses import Pose, is_moderate, poses_of

GENERATOR = np.random.default_rng(0)
# Smooth, with empty ground around, neither square nor centred.
IMAGES = np.zeros((40, 24, 30, 2), np.uint8)
IMAGES[:, 6:17, 8:20] = GENERATOR.integers(0, 256, (40, 11, 12, 2))
SHAPE = IMAGES.shape[1:]
RANDOM = Pose("random", (-45, 45), 3, (0.75, 1.25), random=True)


def draw(pose, images=IMAGES):
    return posed(images, pose, np.random.default_rng(1)).astype(int)


@pytest.mark.parametrize("pose", [RANDOM, Pose(rotation=(30, 30), flip=True)])
def test_posed_pixels_are_those_of_scipy(pose):
    rows = transforms(pose, SHAPE, len(IMAGES), np.random.default_rng(1))
    for image, row, found in zip(IMAGES, rows, draw(pose), strict=True):
        # SciPy counts rows first.
        matrix, offset = row[[4, 3, 1, 0]].reshape(2, 2), row[[5, 2]]
        for channel in range(2):
            values = image[..., channel].astype(float)
            options = {"order": 1, "mode": "grid-constant"}
            expected = ndimage.affine_transform(values, matrix, offset, **options)
            # Half a level of rounding, and float32.
            np.testing.assert_allclose(found[..., channel], expected, atol=0.51)


def test_angles_are_counterclockwise_and_shifts_and_mirrors_whole_pixels():
    expected = ndimage.rotate(IMAGES, 20, (2, 1), False, order=1, mode="grid-constant")
    turned = draw(Pose(rotation=(20, 20)))
    assert abs(turned - expected.astype(int)).max() <= 1
    np.testing.assert_array_equal(draw(Pose(flip=True)), IMAGES[:, :, ::-1])
    moved = [np.roll(IMAGES, by, axis) for by in (-4, 4) for axis in (1, 2)]
    found = draw(Pose(shift=4))
    same = [
        [np.array_equal(a, b) for a, b in zip(found, m, strict=True)] for m in moved
    ]
    # Each image goes one way, and all ways occur.
    assert np.sum(same, axis=0).tolist() == [1] * 40 and np.any(same, axis=1).all()


def test_a_full_turn_and_steps_that_undo_each_other_change_nothing():
    for pose in (Pose(), Pose(rotation=(360, 360)), Pose(scale=(1, 1))):
        assert abs(draw(pose) - IMAGES).max() <= 1
    rows = transforms(Pose(shift=3), SHAPE, 40, np.random.default_rng(1))
    back = rows.copy()
    back[:, [2, 5]] *= -1
    there = transformed(IMAGES, rows)
    np.testing.assert_array_equal(transformed(there, back), IMAGES)


def test_centring_is_the_affine_map_that_the_moments_give():
    centred = embed(
        keras.Sequential([keras.Input(SHAPE, dtype="uint8"), Centred()]), IMAGES
    )
    y, x = np.mgrid[:24, :30] + np.array([-11.5, -14.5])[:, None, None]
    for image, found in zip(IMAGES, centred, strict=True):
        weights = image.sum(axis=2) / image.sum()
        middle = np.array([(weights * y).sum(), (weights * x).sum()])
        squares = (y - middle[0]) ** 2 + (x - middle[1]) ** 2
        step = np.sqrt((weights * squares).sum()) / (24 * RADIUS)
        centre = np.array([11.5, 14.5])
        offset = centre + middle - step * centre
        for channel in range(2):
            values = image[..., channel].astype(float)
            options = {"order": 1, "mode": "grid-constant"}
            expected = ndimage.affine_transform(values, [step] * 2, offset, **options)
            np.testing.assert_allclose(found[..., channel], expected, atol=0.01)
    empty = np.zeros((1, *SHAPE), np.uint8)
    assert not np.any(Centred()(empty))


@pytest.mark.parametrize("network", ["published", "residual", "blurred"])
def test_a_centred_network_is_the_network_on_centred_images(network):
    setting = setting_of(4, network=network)
    keras.utils.set_random_seed(3)
    plain = build_encoder(setting, SHAPE)
    keras.utils.set_random_seed(3)
    encoder = build_encoder(setting | {"preparation": "centred"}, SHAPE)
    expected = embed(plain, np.rint(Centred()(IMAGES)).astype(np.uint8))
    difference = abs(embed(encoder, IMAGES) - expected).max()
    # Rounded pixels are not quite the same.
    assert difference < abs(embed(plain, IMAGES) - expected).max() / 10


def pairs_of(n):
    left, right = GENERATOR.integers(0, 40, (2, n))
    same = (np.arange(n) % 2).astype(np.float32)
    return {"left": left, "right": right, "same": same}


SETS = {name: pairs_of(n) for name, n in (("A", 60), ("B", 200), ("crossed", 100))}
SETS["validation"] = pairs_of(50)


def pixels(images):
    return images.reshape(len(images), -1).astype(np.float32) / 255


def test_the_second_image_is_posed_alike_whichever_other_poses_there_are():
    chosen = choose_pairs(SETS, 20, seed=5)
    poses = [Pose(), Pose("shift 4", shift=4), RANDOM]
    found = pose_distances({"": pixels}, IMAGES, chosen, poses, 5)[""]
    assert list(found) == ["upright", "shift 4", "random"]
    left, right = (IMAGES[chosen["B"][side]] for side in ("left", "right"))
    others = posed(right, RANDOM, np.random.default_rng([5, 5]))
    expected = np.linalg.norm(pixels(left) - pixels(others), axis=1)
    np.testing.assert_allclose(found["random"]["B"], expected, rtol=1e-5)
    alone = pose_distances({"": pixels}, IMAGES, chosen, [RANDOM], 5)[""]
    np.testing.assert_array_equal(alone["random"]["B"], found["random"]["B"])
    # More pairs are the same ones and others.
    more = choose_pairs(SETS, 30, seed=5)["B"]["left"]
    np.testing.assert_array_equal(more[:20], chosen["B"]["left"])


def test_metrics_by_pose_are_at_the_upright_thresholds():
    measured = {
        n: p | {"distance": np.where(p["same"], 0.2, 0.6)} for n, p in SETS.items()
    }
    metrics = evaluate(measured, None, 1.0)
    chosen = choose_pairs(SETS, 50, seed=0)
    right = {of: np.where(pairs["same"], 0.2, 0.6) for of, pairs in chosen.items()}
    far = {of: np.full(50, 0.9) for of in chosen}
    far["A"] = right["A"]
    poses = {
        "upright": right,
        "rotation 30": far,
        "scale 0.8": right,
        "rotation 90": far,
    }
    found = evaluate_poses(SETS, chosen, poses, metrics, 1.0)
    different = np.mean(chosen["B"]["same"] == 0)
    assert found["upright"]["B"]["accuracy"] == 1
    assert found["rotation 30"]["B"]["accuracy"] == pytest.approx(different)
    # The mean over moderate poses has neither upright images nor a turn by 90°.
    assert found["moderate"]["B"]["accuracy"] == pytest.approx((1 + different) / 2)
    # B is 200 of 260 pairs: 50 of B and 15 of A.
    joint = (15 + 50 * different) / 65
    assert found["rotation 30"]["joint"]["accuracy"] == pytest.approx(joint)
    examples = [found[pose]["example"] for pose in poses]
    assert examples == [True, False, True, False]


def test_a_linear_metric_is_fitted_on_posed_pairs_of_a_class():
    pairs = pairs_of(30)
    vectors, rows = posed_vectors(pixels, IMAGES, pairs, RANDOM, 2, seed=4)
    assert vectors.shape == (60, 24 * 30 * 2) and (rows["same"] == 1).all()
    left = IMAGES[np.tile(pairs["left"][1::2], 2)]
    right = IMAGES[np.tile(pairs["right"][1::2], 2)]
    both = np.concatenate([left, right])
    expected = pixels(posed(both, RANDOM, np.random.default_rng([4, 4])))
    np.testing.assert_array_equal(vectors[rows["left"]], expected[:30])
    np.testing.assert_array_equal(vectors[rows["right"]], expected[30:])


def test_a_study_names_its_poses():
    options = {"rotations": [30, 45], "shifts": [2], "scales": [0.8], "flip": True}
    study = study_of(poses=options | {"random": True}, random_poses={"rotation": 20})
    names = ["upright", "rotation 30", "rotation -30", "rotation 45", "rotation -45"]
    names += ["shift 2", "scale 0.8", "flip", "random"]
    assert study.pose_names == [*names, "moderate"]
    moderate = ["rotation 30", "rotation -30", "shift 2", "scale 0.8"]
    assert [*filter(is_moderate, names)] == moderate
    assert poses_of(study.config)[-1] == RANDOM._replace(rotation=(-20, 20))
    assert study_of().poses == []


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"rotations": ["180"]}, "poses.rotations.0: found '180'. Input should be a "),
        (
            {"scales": [0]},
            "poses.scales.0: found 0. Input should be greater than or eq",
        ),
        ({"shifts": [40]}, "poses.shifts: found 40.0, expected at most 14 pixels"),
        ({"tilts": [10]}, "poses.tilts: found [10]. Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_poses_is_told_in_one_line(options, line):
    assert line in refusal(poses=options)
