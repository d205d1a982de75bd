"""Training, resumed and in chunks, and the distances under a trained network."""

import numpy as np
import pytest
from embed import pair_distances
from train import train

from siamese.errors import StudyError
from siamese.network import (
    ContrastiveLoss,
    EuclideanDistance,
    PairAccuracy,
    Siamese,
    build_siamese,
    keras,
    layers,
    memory_errors_explained,
    tf,
)

tf.config.experimental.enable_op_determinism()
EPSILON = float(np.finfo(np.float32).eps)
IMAGES = np.random.default_rng(0).integers(0, 256, (300, 28, 28)).astype(np.uint8)


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


def smooth_siamese():
    """A model without pooling and ReLU, whose gradients a rounding may decide."""
    encoder = keras.Sequential(
        [
            layers.Input((28, 28, 1), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(8, "tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
            layers.Dense(4),
        ]
    )
    left, right = (layers.Input((28, 28, 1), dtype="uint8") for _ in range(2))
    return Siamese([left, right], EuclideanDistance()(encoder(left), encoder(right)))


@pytest.mark.parametrize("n", [64, 90])
def test_step_in_chunks_is_the_step_of_keras(monkeypatch, n):
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    chunked = smooth_siamese()
    plain = keras.Model(chunked.inputs, chunked.outputs)
    weights = chunked.get_weights()
    pairs = random_pairs(n)
    data = [IMAGES[pairs[side], ..., None] for side in ("left", "right")]
    # No pair is so close to the threshold that a rounding changes its side.
    distances = chunked(data).numpy()
    threshold = float(np.median(distances)) + 0.001
    assert np.abs(distances - threshold).min() > 1e-4
    dataset = tf.data.Dataset.from_tensors((tuple(data), pairs["same"]))
    results = []
    for model in (chunked, plain):
        model.compile(
            keras.optimizers.SGD(0.1),
            ContrastiveLoss(),
            metrics=[PairAccuracy(threshold)],
        )
        model.set_weights(weights)
        logs = model.fit(dataset, verbose=0, shuffle=False).history
        results.append((logs, model.get_weights()))
    (chunked_logs, chunked_weights), (plain_logs, plain_weights) = results
    assert 0.25 < chunked_logs["accuracy"][0] < 0.75
    assert chunked_logs["accuracy"] == plain_logs["accuracy"]
    # The mean of n numbers and of their chunks is rounded less than n times.
    assert chunked_logs["loss"] == pytest.approx(plain_logs["loss"], rel=n * EPSILON)
    for one, other, start in zip(chunked_weights, plain_weights, weights, strict=True):
        step, size = np.abs(other - start).max(), np.abs(start).max()
        assert step > 1000 * size * EPSILON or not size
        # So are the sums of the gradient, and the weight once.
        tolerance = n * EPSILON * step + EPSILON * size
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance)


def trained(model, history, pairs, batch_size, epochs, images=IMAGES):
    history = train(model, history, images, pairs, batch_size, epochs, seed=5)
    return model, history


@pytest.fixture
def precision(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    "precision", ["float32", "mixed_bfloat16", "mixed_float16"], indirect=True
)
def test_resumed_training_is_training_from_scratch(tmp_path, monkeypatch, precision):
    """Epochs of two steps, of three and two chunks; a checkpoint after the first."""
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    pairs = training_and_validation(150)
    straight = build_siamese(2, 0.01, 1.0)
    path = tmp_path / "model.keras"
    fit = straight.fit

    def save_and_fit(*arguments, initial_epoch, **options):
        if initial_epoch == 1:
            straight.save(path)
        return fit(*arguments, initial_epoch=initial_epoch, **options)

    monkeypatch.setattr(straight, "fit", save_and_fit)
    _, history = trained(straight, [], pairs, 90, 2)
    keras.utils.set_random_seed(99)
    resumed, rows = trained(
        keras.saving.load_model(path), history[:1], pairs, 90, epochs=2
    )
    assert rows == history
    assert [row["epoch"] for row in history] == [1, 2]
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
    model = build_siamese(4, 0.01, 1.0)
    compute = precision.removeprefix("mixed_")
    encoder = model.get_layer("encoder")
    assert {layer.compute_dtype for layer in encoder.layers} == {compute}
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    assert model.outputs[0].dtype == "float32"
    distances = pair_distances(model, IMAGES, {"validation": random_pairs(50)})
    assert distances["validation"].dtype == np.float32


@pytest.fixture(scope="module")
def shared_model():
    """A network whose training Keras traces once, and its state before it."""
    keras.utils.set_random_seed(1)
    model = build_siamese(2, 0, 1.0)
    variables = [*model.variables, *model.optimizer.variables]
    return model, [(variable, variable.numpy()) for variable in variables]


@pytest.fixture
def untrained(shared_model):
    model, state = shared_model
    for variable, value in state:
        variable.assign(value)
    return model


def test_not_finite_loss_is_an_error(untrained):
    for weight in untrained.trainable_weights:
        weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(StudyError, match="Epoch 1: loss nan"):
        trained(untrained, [], training_and_validation(64), 32, 1)


def test_not_finite_validation_loss_is_an_error(untrained, monkeypatch):
    fit = untrained.fit

    def fit_without_validation_loss(*arguments, **options):
        done = fit(*arguments, **options)
        done.history["val_loss"] = [float("nan")]
        return done

    monkeypatch.setattr(untrained, "fit", fit_without_validation_loss)
    with pytest.raises(
        StudyError, match=r"Epoch 1: loss 0\.\d+, validation loss nan, weights finite"
    ):
        trained(untrained, [], training_and_validation(64), 32, 1)


def test_weights_that_are_not_finite_are_an_error_though_the_losses_are(untrained):
    """Max-pooling swallows the NaN, and the network says the same of all pairs."""
    kernel = untrained.weights[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    pairs = training_and_validation(64)
    distances = pair_distances(untrained, IMAGES, pairs)["train"]
    assert len(np.unique(distances)) == 1
    assert np.isfinite(distances).all()
    with pytest.raises(
        StudyError,
        match=r"Epoch 1: loss 0\.\d+, validation loss 0\.\d+, weights not all finite",
    ):
        trained(untrained, [], pairs, 32, 1)


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
    model = build_siamese(4, 0, 1.0)
    pairs = random_pairs(500)
    left, right = (IMAGES[pairs[side]][..., None] for side in ("left", "right"))
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
