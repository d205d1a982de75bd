"""Each value of each axis: the network learns, and resumes where it stopped."""

import csv

import numpy as np
import pytest
from train import loss_and_accuracy, train

from siamese.axes import AXES, NETWORKS, setting_of
from siamese.checkpoint import read_checkpoint
from siamese.errors import StudyError
from siamese.layers import DISTANCES, HEADS, LOSSES
from siamese.network import (
    build_encoder,
    build_siamese,
    embed,
    keras,
    make_deterministic,
    pair_distances,
)
from siamese.stored import HISTORY

make_deterministic()
EPSILON = float(np.finfo(np.float32).eps)
GENERATOR = np.random.default_rng(0)
SHAPE = (11, 12, 3)
CLASSES = np.repeat(np.arange(4), 40)
PATTERNS = 150 * GENERATOR.integers(0, 2, (4, *SHAPE))
NOISE = GENERATOR.integers(0, 100, (len(CLASSES), *SHAPE))
IMAGES = (PATTERNS[CLASSES] + NOISE).astype(np.uint8)
# Values that are not the report's, and what else helps them to learn these images.
CASES = [
    {"network": "batch_normalised", "head": "softmax"},
    {"network": "residual"},
    {"network": "oriented"},
    *({"head": name} for name in HEADS if name != "softmax"),
    {"distance": "manhattan", "head": "softmax"},
    {"distance": "cosine"},
    *({"optimizer": name} for name in ("adamw", "rmsprop")),
    {"optimizer": "sgd", "learning_rate": 0.1},
    {"loss": "hinge"},
    {"kernel_size": 5, "dense_width": 9, "embedding_width": 3, "dropout": 0.0},
    {"margin": 2.0, "head": "unit", "precision": "mixed_bfloat16"},
]


def pairs_of(n, seed):
    generator = np.random.default_rng(seed)
    left = generator.integers(0, len(CLASSES), n)
    right = (left + generator.integers(1, 40, n) % (40 - left % 40)) % len(CLASSES)
    other = generator.integers(0, len(CLASSES), n)
    right = np.where(np.arange(n) % 2, right, other)
    same = (CLASSES[left] == CLASSES[right]).astype(np.float32)
    return {
        "left": left.astype(np.int32),
        "right": right.astype(np.int32),
        "same": same,
    }


PAIRS = {"train": pairs_of(600, 0), "validation": pairs_of(200, 1)}


@pytest.fixture(autouse=True)
def precision():
    yield
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "values", CASES, ids=lambda values: "-".join(map(str, values.values()))
)
def test_each_value_learns_and_resumes(tmp_path, values):
    setting = setting_of(8, **{"learning_rate": 0.003, "head": "linear"} | values)
    keras.config.set_dtype_policy(setting.precision)

    def fresh():
        keras.utils.set_random_seed(1)
        return build_siamese(setting, SHAPE)

    straight, begun = fresh(), fresh()
    validation = {"validation": PAIRS["validation"]}
    before = pair_distances(straight, IMAGES, validation)["validation"]
    same = PAIRS["validation"]["same"]
    loss, _ = loss_and_accuracy(straight, before, same, 0.0)
    history = train(straight, [], IMAGES, PAIRS, 32, 4, seed=5)
    assert history[-1]["val_loss"] < 0.6 * loss
    assert history[-1]["val_accuracy"] > 0.8
    rows = train(begun, [], IMAGES, PAIRS, 32, 2, seed=5)
    begun.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    assert train(resumed, rows, IMAGES, PAIRS, 32, 4, seed=5) == history
    for one, other in zip(straight.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_without_weights_stays_as_it_is_and_resumes(tmp_path):
    model = build_siamese(setting_of(4, network="gradients"), SHAPE)
    validation = {"validation": PAIRS["validation"]}
    before = pair_distances(model, IMAGES, validation)["validation"]
    rows = train(model, [], IMAGES, PAIRS, 32, 1, seed=5)
    model.save(tmp_path / "model.keras")
    with open(tmp_path / "history.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, HISTORY)
        writer.writeheader()
        writer.writerows(rows)
    paths = tmp_path / "model.keras", tmp_path / "history.csv"
    resumed, history = read_checkpoint(*paths, steps=-(-600 // 32))
    assert history == rows
    train(resumed, rows, IMAGES, PAIRS, 32, 2, seed=5)
    after = pair_distances(resumed, IMAGES, validation)["validation"]
    np.testing.assert_array_equal(before, after)


def test_choices_are_what_there_is():
    assert AXES["head"].choices == (*HEADS,)
    assert AXES["distance"].choices == (*DISTANCES,)
    assert AXES["loss"].choices == (*LOSSES,)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 3), (28, 28, 1)])
def test_networks_take_images_of_any_shape(network, shape):
    setting = setting_of(4, network=network, kernel_size=2, embedding_width=5)
    images = GENERATOR.integers(0, 256, (6, *shape)).astype(np.uint8)
    found = embed(build_encoder(setting, shape), images)
    # Of the fixed features a cell of 3x3 pixels has 8 numbers.
    fixed = 8 * -(-shape[0] // 3) * -(-shape[1] // 3)
    width = {"gradients": fixed, "oriented": 5 + fixed}.get(network, 5)
    assert (found.shape, found.dtype) == ((6, width), np.float32)


def test_widths_and_kernels_are_those_of_the_setting():
    # Kernel 5: 25 X + 25 X 2X weights and 3 X biases; then dense layers 7 and 3 wide.
    encoder = build_encoder(
        setting_of(4, kernel_size=5, dense_width=7, embedding_width=3), (28, 28, 1)
    )
    convolutions = 25 * 4 + 25 * 4 * 8 + 12
    assert encoder.count_params() == convolutions + (49 * 8 + 1) * 7 + (7 + 1) * 3


def test_a_network_that_does_not_fit_the_images_is_named(monkeypatch):
    monkeypatch.setattr(
        "siamese.networks.published.build", lambda *arguments: keras.Sequential([3])
    )
    with pytest.raises(StudyError, match=r"^Network published on images of shape \(28"):
        build_encoder(setting_of(4), (28, 28, 1))


def test_distances_by_hand():
    u, v = np.float32([[3, 4, 0]]), np.float32([[0, 4, 3]])
    expected = {"euclidean": 18**0.5, "manhattan": 6, "cosine": 1 - 16 / 25}
    for name, value in expected.items():
        found = float(DISTANCES[name]()(u, v)[0])
        # Of sums of three numbers.
        assert found == pytest.approx(value, rel=10 * EPSILON), name
        assert float(DISTANCES[name]()(u, u)[0]) == pytest.approx(0, abs=4e-4)


def test_unit_head_has_length_one_and_a_gradient_at_zero():
    *_, unit = HEADS["unit"](3)
    found = unit(np.float32([[3, 4, 0], [0, 0, 0]])).numpy()
    np.testing.assert_allclose(found, [[0.6, 0.8, 0], [0, 0, 0]], rtol=4 * EPSILON)


def test_hinge_loss_by_hand():
    loss = LOSSES["hinge"](1.5)(np.float32([1, 0, 0]), np.float32([0.4, 0.3, 2.0]))
    assert float(loss) == pytest.approx((0.4 + 1.2 + 0) / 3, rel=8 * EPSILON)
