"""Each value of each axis: the network learns, and resumes where it stopped."""

import keras
import numpy as np
import pytest

from siamese.model.devices import make_deterministic
from siamese.model.embedding import pair_distances
from siamese.model.network import build_siamese, read_model
from siamese.model.training import loss_and_accuracy, train
from siamese.study.axes import AXES, axes_of, setting_of
from siamese.study.poses import Pose

make_deterministic()
GENERATOR = np.random.default_rng(0)
SHAPE = (11, 12, 3)
CLASSES = np.repeat(np.arange(4), 40)
PATTERNS = 150 * GENERATOR.integers(0, 2, (4, *SHAPE))
NOISE = GENERATOR.integers(0, 100, (len(CLASSES), *SHAPE))
IMAGES = (PATTERNS[CLASSES] + NOISE).astype(np.uint8)
STEPS = 19
# Values that are not the report's, and what else helps them to learn these images.
CASES = [
    {"network": "batch_normalised", "head": "softmax", "optimizer": "adamw"},
    {"network": "residual", "optimizer": "rmsprop", "loss": "hinge"},
    {"network": "batch_normalised", "head": "unit_relu"},
    {"distance": "manhattan", "head": "softmax"},
    {"distance": "cosine", "optimizer": "sgd", "learning_rate": 0.1},
    {"kernel_size": 5, "dense_width": 9, "embedding_width": 3, "dropout": 0.0},
    {"margin": 2.0, "head": "unit", "precision": "mixed_bfloat16"},
    {"precision": "mixed_float16", "filters": 2, "dense_width": 20},
    {"preparation": "centred", "network": "residual", "optimizer": "rmsprop"},
    {"augmentation": "poses"},
]
POSE = Pose("random", (-5, 5), 1, (0.9, 1.1), random=True)


def pairs_of(n, seed):
    generator = np.random.default_rng(seed)
    left = generator.integers(0, len(CLASSES), n)
    right = (left + generator.integers(1, 40, n) % (40 - left % 40)) % len(CLASSES)
    other = generator.integers(0, len(CLASSES), n)
    right = np.where(np.arange(n) % 2, right, other)
    same = (CLASSES[left] == CLASSES[right]).astype(np.float32)
    left, right = left.astype(np.int32), right.astype(np.int32)
    return {"left": left, "right": right, "same": same}


PAIRS = {"train": pairs_of(600, 0), "validation": pairs_of(200, 1)}


@pytest.fixture(autouse=True)
def chunks(monkeypatch):
    """Two chunks a step."""
    monkeypatch.setattr("siamese.model.training.CHUNK", 20)
    yield
    keras.config.set_dtype_policy("float32")


def fresh(setting):
    keras.config.set_dtype_policy(setting["precision"])
    keras.utils.set_random_seed(1)
    return build_siamese(setting, SHAPE)


@pytest.mark.parametrize(
    "values", CASES, ids=lambda values: "-".join(map(str, values.values()))
)
def test_each_value_learns_and_resumes(tmp_path, values):
    setting = setting_of(8, learning_rate=0.003, head="linear") | values
    straight, begun = fresh(setting), fresh(setting)
    pose = POSE if setting["augmentation"] == "poses" else None
    before = pair_distances(straight, IMAGES, PAIRS)["validation"]
    loss, _ = loss_and_accuracy(straight, before, PAIRS["validation"]["same"], 0.0)
    history = train(straight, [], IMAGES, PAIRS, 32, 4, 5, pose)
    assert history[-1]["val_loss"] < 0.6 * loss
    assert history[-1]["val_accuracy"] > 0.8
    rows = train(begun, [], IMAGES, PAIRS, 32, 2, 5, pose)
    begun.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)
    resumed = read_model(tmp_path / "model.keras")
    assert train(resumed, rows, IMAGES, PAIRS, 32, 4, 5, pose) == history
    # All there is to go on from, so that it holds for any number of epochs.
    states = ([*m.variables, *m.optimizer.variables] for m in (straight, resumed))
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_that_is_not_trained_stays_as_it_is():
    used = axes_of("gradients")
    of_all = {"network", "whitening", "distance", "margin", "precision"}
    assert used == of_all | {"preparation", "augmentation"}
    setting = {n: v for n, v in setting_of(4, network="gradients").items() if n in used}
    model = fresh(dict.fromkeys([*AXES, "filters"]) | setting)
    before = pair_distances(model, IMAGES, PAIRS)
    (row,) = train(model, [], IMAGES, PAIRS, 1024, 1, seed=5)
    after = pair_distances(model, IMAGES, PAIRS)
    np.testing.assert_array_equal(before["validation"], after["validation"])
    assert row["val_loss"] > 0
