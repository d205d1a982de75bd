"""Training, resumed and in chunks, and the distances under a trained network."""

import numpy as np
import pytest
from embed import pair_distances
from train import train

from siamese.errors import StudyError
from siamese.network import (
    ContrastiveLoss,
    PairAccuracy,
    build_siamese,
    keras,
    memory_errors_explained,
    tf,
)

tf.config.experimental.enable_op_determinism()
GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (300, 28, 28)).astype(np.uint8)


def random_pairs(n):
    left, right = GENERATOR.integers(0, len(IMAGES), (2, n)).astype(np.int32)
    return {
        "left": left,
        "right": right,
        "same": GENERATOR.integers(0, 2, n).astype(np.float32),
    }


@pytest.mark.parametrize("n", [64, 90])
def test_step_in_chunks_is_the_step_of_keras(monkeypatch, n):
    monkeypatch.setattr("siamese.network.DROPOUT", 0)
    monkeypatch.setattr("siamese.network.CHUNK", 32)
    keras.utils.set_random_seed(1)
    chunked = build_siamese(4, 0.01, 1.0)
    plain = keras.Model(chunked.inputs, chunked.outputs)
    plain.compile(
        keras.optimizers.SGD(1.0), ContrastiveLoss(), metrics=[PairAccuracy()]
    )
    chunked.compile(
        keras.optimizers.SGD(1.0), ContrastiveLoss(), metrics=[PairAccuracy()]
    )
    weights = chunked.get_weights()
    pairs = random_pairs(n)
    data = (
        (IMAGES[pairs["left"], ..., None], IMAGES[pairs["right"], ..., None]),
        pairs["same"],
    )
    dataset = tf.data.Dataset.from_tensors(data)
    results = []
    for model in (chunked, plain):
        model.set_weights(weights)
        logs = model.fit(dataset, verbose=0, shuffle=False).history
        results.append((logs, model.get_weights()))
    (chunked_logs, chunked_weights), (plain_logs, plain_weights) = results
    assert chunked_logs["accuracy"] == plain_logs["accuracy"]
    assert chunked_logs["loss"] == pytest.approx(plain_logs["loss"], rel=1e-5)
    for one, other, start in zip(chunked_weights, plain_weights, weights, strict=True):
        step = np.abs(other - start).max()
        np.testing.assert_allclose(one, other, atol=1e-4 * step)


def trained(model, history, pairs, batch_size, epochs, images=IMAGES):
    history = train(model, history, images, pairs, batch_size, epochs, seed=5)
    return model, history


@pytest.fixture
def precision(request):
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("precision", "batch_size"),
    [
        *(("float32", batch_size) for batch_size in (512, 1024, 2048, 4096)),
        ("mixed_bfloat16", 512),
        ("mixed_float16", 512),
    ],
    indirect=["precision"],
)
def test_resumed_training_is_training_from_scratch(tmp_path, precision, batch_size):
    pairs = {"train": random_pairs(batch_size + 100), "validation": random_pairs(50)}

    def fresh():
        keras.utils.set_random_seed(5)
        return build_siamese(2, 0.01, 1.0)

    straight, history = trained(fresh(), [], pairs, batch_size, 4)
    model, resumed = fresh(), []
    for epochs in (2, 3, 4):
        model, resumed = trained(model, resumed, pairs, batch_size, epochs)
        model.save(tmp_path / "model.keras")
        keras.utils.set_random_seed(99)
        model = keras.saving.load_model(tmp_path / "model.keras")
    assert resumed == history
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    for one, other in zip(straight.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "precision", ["mixed_bfloat16", "mixed_float16"], indirect=True
)
def test_mixed_precision_keeps_weights_distance_and_loss_in_float32(precision):
    pairs = {"train": random_pairs(300), "validation": random_pairs(50)}
    model = build_siamese(4, 0.01, 1.0)
    _, history = trained(model, [], pairs, 64, 2)
    assert all(np.isfinite(row["loss"]) for row in history)
    compute = precision.removeprefix("mixed_")
    encoder = model.get_layer("encoder")
    assert {layer.compute_dtype for layer in encoder.layers} == {compute}
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
    assert model.outputs[0].dtype == "float32"
    distances = pair_distances(model, IMAGES, pairs)
    assert distances["validation"].dtype == np.float32


def test_not_finite_loss_is_an_error():
    model = build_siamese(2, 0.01, 1.0)
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    pairs = {"train": random_pairs(64), "validation": random_pairs(64)}
    with pytest.raises(StudyError, match="Epoch 1: loss nan"):
        trained(model, [], pairs, 32, 1)


def test_not_finite_validation_loss_is_an_error(monkeypatch):
    model = build_siamese(2, 0.01, 1.0)
    fit = model.fit

    def fit_without_validation_loss(*arguments, **options):
        done = fit(*arguments, **options)
        done.history["val_loss"] = [float("nan")]
        return done

    monkeypatch.setattr(model, "fit", fit_without_validation_loss)
    pairs = {"train": random_pairs(64), "validation": random_pairs(64)}
    with pytest.raises(
        StudyError, match=r"Epoch 1: loss 0\.\d+, validation loss nan, weights finite"
    ):
        trained(model, [], pairs, 32, 1)


def test_weights_that_are_not_finite_are_an_error_though_the_losses_are():
    """Max-pooling swallows the NaN, and the network says the same of all pairs."""
    model = build_siamese(2, 0, 1.0)
    weights = model.get_weights()
    weights[0][:] = np.nan
    model.set_weights(weights)
    pairs = {"train": random_pairs(64), "validation": random_pairs(64)}
    distances = pair_distances(model, IMAGES, pairs)["train"]
    assert len(np.unique(distances)) == 1
    assert np.isfinite(distances).all()
    with pytest.raises(
        StudyError,
        match=r"Epoch 1: loss 0\.\d+, validation loss 0\.\d+, weights not all finite",
    ):
        trained(model, [], pairs, 32, 1)


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
    expected = model.predict(
        [IMAGES[pairs["left"]][..., None], IMAGES[pairs["right"]][..., None]], verbose=0
    )
    sets = {"A": random_pairs(40), "B": pairs}
    found = pair_distances(model, IMAGES, sets)["B"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    encoder = model.get_layer("encoder")
    u, v = (
        encoder.predict(IMAGES[pairs[side]][..., None], verbose=0)
        for side in ("left", "right")
    )
    numpy_distances = np.sqrt(np.maximum(np.sum((u - v) ** 2, axis=1), 1e-7))
    np.testing.assert_allclose(found, numpy_distances, rtol=1e-4)
