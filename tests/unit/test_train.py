"""Training in chunks, its repeatability, and what it refuses."""

import hashlib
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from study import ROOT

from siamese.errors import StudyError
from siamese.model import devices, training
from siamese.model.embedding import embed, pair_distances
from siamese.model.layers import ContrastiveLoss, EuclideanDistance
from siamese.model.network import build_siamese, join
from siamese.study.axes import setting_of
from siamese.study.networks import NETWORKS
from siamese.study.poses import Pose

devices.make_deterministic()
SHAPE = (28, 28, 1)
EPSILON = float(np.finfo(np.float32).eps)
# Trained on different numbers of threads. A CPU may only emulate half precision.
CASES = [
    *({"network": name, "filters": 16} for name in NETWORKS),
    {"filters": 32},
    *({"precision": precision} for precision in ("mixed_bfloat16", "mixed_float16")),
    {"augmentation": "poses"},
    {"augmentation": "poses", "preparation": "centred"},
]
POSE = Pose("random", (-45, 45), 3, (0.75, 1.25), random=True)
IMAGES = np.random.default_rng(0).integers(0, 256, (300, *SHAPE)).astype(np.uint8)


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    """The weights that Keras draws are the same, whatever tests ran before."""
    keras.utils.set_random_seed(1)
    monkeypatch.setattr("siamese.model.training.CHUNK", 32)


def random_pairs(n, seed=0):
    generator = np.random.default_rng(seed)
    left, right = generator.integers(0, len(IMAGES), (2, n)).astype(np.int32)
    same = generator.integers(0, 2, n).astype(np.float32)
    return {"left": left, "right": right, "same": same}


PAIRS = {"train": random_pairs(90), "validation": random_pairs(50, seed=1)}
LEFT, RIGHT = (IMAGES[PAIRS["train"][side]] for side in ("left", "right"))


def siamese(rate, *encoder_layers):
    """A compiled model of pairs, whose encoder has these layers."""
    start = [layers.Input(SHAPE, dtype="uint8"), layers.Rescaling(1 / 255)]
    all_layers = [*start, layers.Flatten(), *encoder_layers]
    model = join(keras.Sequential(all_layers, name="encoder"), EuclideanDistance())
    model.compile(keras.optimizers.SGD(rate), ContrastiveLoss())
    model.optimizer.build(model.trainable_variables)
    return model


def test_step_in_chunks_is_the_step_of_keras():
    """In three chunks; without ReLU, whose gradients a rounding may decide."""
    dense = layers.Dense(8, "tanh", kernel_regularizer=keras.regularizers.L2(0.01))
    chunked = siamese(0.1, dense, layers.Dense(4))
    plain = keras.models.clone_model(chunked)
    plain.compile(keras.optimizers.SGD(0.1), ContrastiveLoss())
    weights, same = chunked.get_weights(), PAIRS["train"]["same"]
    plain.set_weights(weights)
    before = plain([LEFT, RIGHT])
    distances, penalty = training.training_step(chunked)(LEFT, RIGHT, same)
    loss = float(plain.train_on_batch([LEFT, RIGHT], same))
    # Outputs of the size of 1 are sums of 784 roundings that mostly cancel.
    np.testing.assert_allclose(distances, before, rtol=0, atol=100 * EPSILON)
    assert penalty > 0.001
    # The mean of n numbers and of their chunks is rounded less than n times.
    distances, penalty = distances.numpy(), float(penalty)
    found, share = training.loss_and_accuracy(chunked, distances, same, penalty)
    assert found == pytest.approx(loss, rel=90 * EPSILON)
    assert share == np.mean((distances < 0.5) == (same == 1))
    found, expected = chunked.get_weights(), plain.get_weights()
    for one, other, start in zip(found, expected, weights, strict=True):
        step, size = np.abs(other - start).max(), np.abs(start).max()
        assert step > 1000 * size * EPSILON or not size
        # The sums of the gradient are too, and the weight once.
        tolerance = 90 * EPSILON * step + EPSILON * size
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def test_gradients_are_sums_of_two():
    """AddN takes more than two terms in an order that depends on the threads."""

    @tf.function(input_signature=[tf.TensorSpec([3])])
    def function(x):
        loss = tf.reduce_sum(x * tf.sin(x) + tf.exp(x) + tf.cos(x))
        return training.gradients(loss, [x])

    operations = function.get_concrete_function().graph.get_operations()
    sums = [len(each.inputs) for each in operations if each.type == "AddN"]
    assert sums == [2, 2, 2]


def test_a_sum_is_added_in_the_order_in_which_it_is_written():
    """Grappler would make it a sum of three, which begins where it finds memory."""
    vector = tf.TensorSpec([1000])

    @tf.function(input_signature=[vector, vector, vector])
    def function(a, b, c):
        return (a + b) + tf.sqrt(c)

    one = np.ones(1000, np.float32)
    # Begun with the root, 1 - 1e8 + 1e8 is 0.
    np.testing.assert_array_equal(function(1e8 * one, -1e8 * one, one), one)


def test_dropout_masks_differ_by_side_chunk_step_and_epoch_and_can_be_repeated():
    """Every pair is of one and the same image, so that the masks alone differ."""
    model = siamese(0.0, layers.Dropout(0.5), layers.Dense(4))
    step = training.training_step(model)
    image = np.zeros(128, np.int32)
    pairs = {"left": image, "right": image, "same": np.ones(128, np.float32)}
    distances = []
    for epoch in (0, 1, 0):
        training.set_dropout_seed(model, 7, epoch)
        # Two steps have two chunks each.
        distances.append(training.train_epoch(step, IMAGES, pairs, 64, None, [])[0])
    first, second, again = distances
    assert len({*first, *second}) == 256 and first.min() > 0.01
    np.testing.assert_array_equal(first, again)


def digest(filters=4, **case):
    """All that two steps and an embedding give, the second in no whole chunks."""
    setting = setting_of(filters, l2=0.01, **case)
    keras.config.set_dtype_policy(setting["precision"])
    keras.utils.set_random_seed(0)
    model = build_siamese(setting, SHAPE)
    training.set_dropout_seed(model, 0, 0)
    pose = POSE if setting["augmentation"] == "poses" else None
    step = training.training_step(model, pose is not None)
    results = training.train_epoch(step, IMAGES, random_pairs(600), 512, pose, [0, 0])
    embeddings = embed(model.get_layer("encoder"), IMAGES)
    values = [*model.variables, *model.optimizer.variables, *results, embeddings]
    content = b"".join(np.asarray(value).tobytes() for value in values)
    return hashlib.sha256(content).hexdigest()


def test_the_number_of_threads_changes_no_bit():
    """Weights, optimizer, distances and embeddings are the same for all networks."""
    scripts = {"PYTHONPATH": f"{ROOT}/workflow/scripts:{ROOT}/tests"}
    digests = []
    for threads in ("1", "4"):
        command = [sys.executable, __file__, threads]
        done = subprocess.run(command, env=os.environ | scripts, stdout=-1, check=True)
        digests.append(json.loads(done.stdout.splitlines()[-1]))
    assert digests[0] == digests[1]
    assert len({*digests[0]}) == len(CASES)


# Max-pooling swallows NaN in the first kernel: the network says the same of all pairs.
@pytest.mark.parametrize(("weights", "loss"), [(slice(None), "nan"), (slice(1), "0.")])
def test_what_is_not_finite_is_an_error(weights, loss):
    model = build_siamese(setting_of(2), SHAPE)
    for weight in model.trainable_weights[weights]:
        weight.assign(np.full(weight.shape, np.nan))
    line = rf"Epoch 1: loss {loss}.*, validation loss {loss}.*, weights not all finite"
    with pytest.raises(StudyError, match=line):
        training.train(model, [], IMAGES, PAIRS, 32, 1, seed=5)


def test_distances_from_embeddings_are_those_of_the_model():
    model = build_siamese(setting_of(4), SHAPE)
    distances = pair_distances(model, IMAGES, PAIRS)["train"]
    # A distance is off by no more than both embeddings are. These, at most 1, go
    # through sums whose roundings mostly cancel.
    tolerance = 100 * EPSILON
    assert np.median(distances) > 1000 * tolerance
    np.testing.assert_allclose(distances, model([LEFT, RIGHT]), rtol=0, atol=tolerance)


def test_exhausted_memory_is_told_in_one_line():
    line = "^Out of memory: run fewer"
    with pytest.raises(StudyError, match=line), devices.memory_errors_explained():
        raise tf.errors.InternalError(None, None, "OOM by allocator cpu")


if __name__ == "__main__":
    threads = int(sys.argv[1])
    # As many as on a machine that has them.
    os.cpu_count = lambda: threads
    devices.set_up_devices(threads, gpu=False)
    print(json.dumps([digest(**case) for case in CASES]))
