"""Training, resumed and in chunks, and the distances under a trained network."""

import json
import subprocess
import sys

import numpy as np
import pytest
from study import ROOT
from train import loss_and_accuracy, set_dropout_seed, train, train_epoch

from siamese.axes import setting_of
from siamese.errors import StudyError
from siamese.layers import ContrastiveLoss, EuclideanDistance
from siamese.network import (
    build_siamese,
    gradients,
    keras,
    layers,
    make_deterministic,
    memory_errors_explained,
    pair_distances,
    tf,
    training_step,
)

make_deterministic()
SHAPE = (28, 28, 1)
EPSILON = float(np.finfo(np.float32).eps)
IMAGES = np.random.default_rng(0).integers(0, 256, (300, 28, 28, 1)).astype(np.uint8)


@pytest.fixture(autouse=True)
def seeded():
    """The weights that Keras draws are the same, whatever tests ran before."""
    keras.utils.set_random_seed(1)


def random_pairs(n, seed=0):
    generator = np.random.default_rng(seed)
    left, right = generator.integers(0, len(IMAGES), (2, n)).astype(np.int32)
    return {
        "left": left,
        "right": right,
        "same": generator.integers(0, 2, n).astype(np.float32),
    }


def training_and_validation(n):
    return {"train": random_pairs(n), "validation": random_pairs(50, seed=1)}


def siamese(*encoder_layers):
    """A model of pairs, not compiled, whose encoder has these layers."""
    encoder = keras.Sequential(
        [
            layers.Input((28, 28, 1), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            *encoder_layers,
        ],
        name="encoder",
    )
    left, right = (layers.Input((28, 28, 1), dtype="uint8") for _ in range(2))
    distance = EuclideanDistance()(encoder(left), encoder(right))
    return keras.Model([left, right], distance)


def compile_with(model, optimizer):
    model.compile(optimizer, ContrastiveLoss())
    model.optimizer.build(model.trainable_variables)
    return model


def smooth_siamese():
    """A model without pooling and ReLU, whose gradients a rounding may decide."""
    penalty = keras.regularizers.L2(0.01)
    return siamese(layers.Dense(8, "tanh", kernel_regularizer=penalty), layers.Dense(4))


@pytest.mark.parametrize("n", [64, 90])
def test_step_in_chunks_is_the_step_of_keras(monkeypatch, n):
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    chunked = compile_with(smooth_siamese(), keras.optimizers.SGD(0.1))
    plain = keras.Model(chunked.inputs, chunked.outputs)
    compile_with(plain, keras.optimizers.SGD(0.1))
    weights = chunked.get_weights()
    pairs = random_pairs(n)
    same = pairs["same"]
    data = [IMAGES[pairs[side]] for side in ("left", "right")]
    before = chunked(data).numpy()
    distances, penalty = training_step(chunked)(*data, same)
    found, chunked_weights = distances.numpy(), chunked.get_weights()
    # Both share their variables.
    plain.set_weights(weights)
    loss = plain.train_on_batch(data, same)
    # The network's outputs are of the size of 1, of sums of 784 roundings that mostly
    # cancel.
    np.testing.assert_allclose(found, before, rtol=0, atol=100 * EPSILON)
    # The mean of n numbers and of their chunks is rounded less than n times.
    loss_in_chunks, _ = loss_and_accuracy(chunked, found, same, float(penalty))
    assert penalty > 0.01
    assert loss_in_chunks == pytest.approx(float(loss), rel=n * EPSILON)
    for one, other, start in zip(
        chunked_weights, plain.get_weights(), weights, strict=True
    ):
        step, size = np.abs(other - start).max(), np.abs(start).max()
        assert step > 1000 * size * EPSILON or not size
        # So are the sums of the gradient, and the weight once.
        tolerance = n * EPSILON * step + EPSILON * size
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def test_loss_and_accuracy_of_distances_by_hand():
    model = build_siamese(setting_of(2), SHAPE)
    distances, same = np.float32([0.4, 0.6, 0.3, 2.0]), np.float32([1, 1, 0, 0])
    losses = [0.4**2 / 2, 0.6**2 / 2, 0.7**2 / 2, 0]
    loss, accuracy = loss_and_accuracy(model, distances, same, 0.25)
    # Each is rounded less than ten times.
    assert loss == pytest.approx(np.mean(losses) + 0.25, rel=10 * EPSILON)
    assert accuracy == 0.5


def test_gradients_are_sums_of_two():
    """AddN takes more than two terms in an order that depends on the threads."""

    @tf.function(input_signature=[tf.TensorSpec([3])])
    def function(x):
        loss = tf.reduce_sum(x * tf.sin(x) + tf.exp(x) + tf.cos(x))
        return gradients(loss, [x])

    x = np.float32([1, 2, 3])
    operations = function.get_concrete_function().graph.get_operations()
    sums = [len(each.inputs) for each in operations if each.type == "AddN"]
    assert sums == [2, 2, 2]
    expected = np.sin(x) + x * np.cos(x) + np.exp(x) - np.sin(x)
    (found,) = function(x)
    np.testing.assert_allclose(found, expected, rtol=10 * EPSILON)


def test_a_sum_is_added_in_the_order_in_which_it_is_written():
    """Grappler would make it a sum of three, which begins where it finds memory."""
    vector = tf.TensorSpec([1000])

    @tf.function(input_signature=[vector, vector, vector])
    def function(a, b, c):
        return (a + b) + tf.sqrt(c)

    one = np.ones(1000, np.float32)
    # Begun with the root, 1 - 1e8 + 1e8 is 0.
    np.testing.assert_array_equal(function(1e8 * one, -1e8 * one, one), one)


def test_dropout_masks_differ_by_side_chunk_step_and_epoch_and_can_be_repeated(
    monkeypatch,
):
    """Every pair is of one and the same image, so that the masks alone differ."""
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    model = siamese(layers.Dropout(0.5), layers.Dense(4))
    compile_with(model, keras.optimizers.SGD(0.0))
    step = training_step(model)
    pairs = {
        "left": np.zeros(128, np.int32),
        "right": np.zeros(128, np.int32),
        "same": np.ones(128, np.float32),
    }

    def distances(epoch):
        set_dropout_seed(model, 7, epoch)
        return train_epoch(step, IMAGES, pairs, 64)[0]

    first, second, again = distances(0), distances(1), distances(0)
    # Of two steps of two chunks each.
    assert len({*first, *second}) == 256
    assert first.min() > 0.01
    np.testing.assert_array_equal(first, again)


def test_the_number_of_threads_changes_no_bit():
    """Of weights, optimizer, distances and embeddings, for all networks and batches."""
    processes = [
        subprocess.Popen(
            [sys.executable, ROOT / "tests/training.py", str(threads)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for threads in (1, 2, 4)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    one, *others = (json.loads(output.splitlines()[-1]) for output in outputs)
    # Of both networks: four batch sizes, where the CPU emulates a precision one, and
    # the embeddings.
    assert len(one) in (2 * (5 + 5 + 2), 2 * (5 + 2 + 2))
    assert len({*one.values()}) == len(one)
    assert others == [one, one]


@pytest.fixture
def precision(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "precision", ["float32", "mixed_bfloat16", "mixed_float16"], indirect=True
)
def test_resumed_training_is_training_from_scratch(tmp_path, monkeypatch, precision):
    """Epochs of two steps, of three and two chunks; a checkpoint after the second."""
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    pairs = training_and_validation(150)

    def fresh():
        keras.utils.set_random_seed(1)
        return build_siamese(setting_of(2, l2=0.01), SHAPE)

    straight, begun = fresh(), fresh()
    history = train(straight, [], IMAGES, pairs, 90, 3, seed=5)
    rows = train(begun, [], IMAGES, pairs, 90, 2, seed=5)
    begun.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    rows = train(resumed, rows, IMAGES, pairs, 90, 3, seed=5)
    assert rows == history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    # All there is to go on from, so that it holds for any number of epochs.
    states = (
        [*model.variables, *model.optimizer.variables] for model in (straight, resumed)
    )
    for one, other in zip(*states, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "precision", ["mixed_bfloat16", "mixed_float16"], indirect=True
)
def test_mixed_precision_keeps_weights_distance_and_loss_in_float32(precision):
    model = build_siamese(setting_of(4, l2=0.01), SHAPE)
    compute = precision.removeprefix("mixed_")
    encoder = model.get_layer("encoder")
    assert {layer.compute_dtype for layer in encoder.layers} == {compute}
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    assert model.outputs[0].dtype == "float32"
    distances = pair_distances(model, IMAGES, {"validation": random_pairs(50)})
    assert distances["validation"].dtype == np.float32


def test_not_finite_loss_is_an_error():
    model = build_siamese(setting_of(2), SHAPE)
    for weight in model.trainable_weights:
        weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(StudyError, match="Epoch 1: loss nan"):
        train(model, [], IMAGES, training_and_validation(64), 32, 1, seed=5)


def test_not_finite_validation_loss_is_an_error(monkeypatch):
    distances = {"validation": np.full(50, np.nan, np.float32)}
    monkeypatch.setattr("train.pair_distances", lambda *arguments: distances)
    model = build_siamese(setting_of(2), SHAPE)
    with pytest.raises(
        StudyError, match=r"Epoch 1: loss 0\.\d+, validation loss nan, weights finite"
    ):
        train(model, [], IMAGES, training_and_validation(64), 32, 1, seed=5)


def test_weights_that_are_not_finite_are_an_error_though_the_losses_are():
    """Max-pooling swallows the NaN, and the network says the same of all pairs."""
    model = build_siamese(setting_of(2), SHAPE)
    kernel = model.weights[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    pairs = training_and_validation(64)
    distances = pair_distances(model, IMAGES, pairs)["train"]
    assert len(np.unique(distances)) == 1
    assert np.isfinite(distances).all()
    with pytest.raises(
        StudyError,
        match=r"Epoch 1: loss 0\.\d+, validation loss 0\.\d+, weights not all finite",
    ):
        train(model, [], IMAGES, pairs, 32, 1, seed=5)


NO_OP = (None, None)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            tf.errors.ResourceExhaustedError(
                *NO_OP,
                "OOM when allocating tensor on device:GPU:0 by allocator GPU_0",
            ),
            "Out of memory on GPU 3: ",
        ),
        (
            tf.errors.InternalError(
                *NO_OP,
                "Failed copying input tensor from CPU:0 to GPU:0 in order to run "
                "_EagerConst: Dst tensor is not initialized.",
            ),
            "Out of memory on GPU 3: ",
        ),
        (
            tf.errors.ResourceExhaustedError(
                *NO_OP, "OOM when allocating tensor on device:CPU:0 by allocator cpu"
            ),
            "Out of memory: run fewer jobs at a time",
        ),
    ],
)
def test_exhausted_memory_is_told_in_one_line(monkeypatch, error, line):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with pytest.raises(StudyError) as told, memory_errors_explained():
        raise error
    assert str(told.value).startswith(line)
    assert told.value.__cause__ is error


def test_other_errors_are_not_taken_for_exhausted_memory():
    error = tf.errors.InvalidArgumentError(*NO_OP, "indices are out of range")
    with (
        pytest.raises(tf.errors.InvalidArgumentError),
        memory_errors_explained(),
    ):
        raise error


def test_distances_from_embeddings_are_those_of_the_model():
    model = build_siamese(setting_of(4), SHAPE)
    pairs = random_pairs(500)
    left, right = (IMAGES[pairs[side]] for side in ("left", "right"))
    expected = model([left, right])
    sets = {"A": random_pairs(40, seed=1), "B": pairs}
    found = pair_distances(model, IMAGES, sets)["B"]
    assert found.dtype == np.float32
    encoder = model.get_layer("encoder")
    u, v = (encoder(images).numpy() for images in (left, right))
    numpy_distances = np.sqrt(np.maximum(np.sum((u - v) ** 2, axis=1), 1e-7))
    # A distance is off by no more than both embeddings are. These, at most 1, go
    # through sums of at most 392 terms, whose roundings mostly cancel.
    tolerance = 100 * EPSILON
    assert np.median(found) > 1000 * tolerance
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found, numpy_distances, rtol=0, atol=tolerance)
