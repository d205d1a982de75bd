"""Rule train: one grid point with one seed.

Where the study has the same setting at fewer epochs, training resumes from
there, with the weights that an uninterrupted run has: the optimizer's state is
in the model file, and the order of the pairs and the dropout masks of an epoch
are drawn from (seed, epoch) alone.
"""

import csv
import math
import time
from types import SimpleNamespace

import numpy as np

from siamese.checkpoint import are_finite, read_checkpoint
from siamese.errors import StudyError
from siamese.gpus import own_gpu
from siamese.job import logged
from siamese.network import (
    build_siamese,
    import_network,
    keras,
    memory_errors_explained,
    pair_distances,
    set_up_devices,
    training_step,
)
from siamese.pairs import read_verified_pairs
from siamese.stored import HISTORY, read_images


def set_dropout_seed(model, seed, epoch):
    """Make the dropout masks of an epoch depend on (seed, epoch) alone."""
    dropout = [
        layer
        for layer in model.get_layer("encoder").layers
        # At a rate of 0 it has no generator.
        if isinstance(layer, keras.layers.Dropout) and layer.rate > 0
    ]
    for number, layer in enumerate(dropout):
        state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
        layer.seed_generator.state.assign(state)


def train_epoch(step, images, pairs, batch_size):
    """Train by all pairs in their order, batch by batch.

    Parameters
    ----------
    step : callable
        From `training_step`.
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    pairs : dict of str to numpy.ndarray
        left and right (int32 indices), same (float32).
    batch_size : int

    Returns
    -------
    distances : numpy.ndarray of float32, shape (pairs,)
        Of each pair when its turn came.
    penalty : float
        Mean over the pairs.
    """
    distances, penalties = [], 0.0
    for start in range(0, len(pairs["same"]), batch_size):
        left, right, same = (
            pairs[column][start : start + batch_size]
            for column in ("left", "right", "same")
        )
        found, penalty = step(images[left], images[right], same)
        distances.append(found.numpy())
        penalties += float(penalty) * len(same)
    return np.concatenate(distances), penalties / len(pairs["same"])


def loss_and_accuracy(model, distances, same, penalty):
    """Mean loss with the penalty, and share of pairs on their side of margin / 2."""
    losses = np.asarray(model.loss.call(same, distances))
    right = (distances < model.loss.margin / 2) == (same > 0.5)
    return float(losses.mean(dtype=np.float64)) + penalty, float(right.mean())


def train(model, history, images, pairs, batch_size, epochs, seed):
    """Train `model` in place from the end of `history` to `epochs`.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`, fresh or loaded.
    history : list of dict
        One entry for each epoch that the model has behind it.
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    pairs : dict of str to dict
        The splits train and validation, as `read_pairs` gives them.
    batch_size, epochs, seed : int

    Returns
    -------
    list of dict
        The history with the new epochs: epoch (from 1), loss and accuracy on
        the training and the validation pairs. The loss contains the penalty.

    Raises
    ------
    StudyError
        The loss or a weight is not finite.
    """
    step = training_step(model)
    validation = {"validation": pairs["validation"]}
    history = list(history)
    for epoch in range(len(history), epochs):
        order = np.random.default_rng([seed, epoch]).permutation(
            len(pairs["train"]["same"])
        )
        shuffled = {column: values[order] for column, values in pairs["train"].items()}
        set_dropout_seed(model, seed, epoch)
        started = time.perf_counter()
        distances, penalty = train_epoch(step, images, shuffled, batch_size)
        trained = loss_and_accuracy(model, distances, shuffled["same"], penalty)
        distances = pair_distances(model, images, validation)["validation"]
        penalty = float(sum(model.losses))
        validated = loss_and_accuracy(
            model, distances, pairs["validation"]["same"], penalty
        )
        record = dict(zip(HISTORY, (epoch + 1, *trained, *validated), strict=True))
        values = [f"{name}: {record[name]:.4f}" for name in HISTORY[1:]]
        seconds = time.perf_counter() - started
        print(f"Epoch {epoch + 1}/{epochs}", f"{seconds:.1f} s", *values, sep=" - ")
        # The losses may be finite where a weight is not, see `read_model`.
        weights_are_finite = are_finite(model.get_weights())
        if not weights_are_finite or not are_finite([*record.values()]):
            weights = "finite" if weights_are_finite else "not all finite"
            raise StudyError(
                f"Epoch {epoch + 1}: loss {record['loss']}, validation loss "
                f"{record['val_loss']}, weights {weights}, expected finite numbers; "
                "try another seed, a smaller learning_rate, l2 or margin, or another "
                "precision"
            )
        history.append(record)
    return history


@memory_errors_explained()
def main(snakemake, output):
    wildcards, params = snakemake.wildcards, snakemake.params
    seed = int(wildcards.seed)
    set_up_devices(snakemake.threads, gpu=bool(snakemake.resources.get("gpu")))
    setting = SimpleNamespace(**params.setting)
    keras.config.set_dtype_policy(setting.precision)
    import_network(setting.network)
    batch_size = int(wildcards.batch_size)
    images = read_images(snakemake.input.images)
    pairs = read_verified_pairs(
        snakemake.input.pairs, snakemake.input.verified, len(images)
    )
    if snakemake.input.checkpoint:
        model_path, history_path = snakemake.input.checkpoint
        print(f"Resuming from {model_path}")
        steps = math.ceil(len(pairs["train"]["same"]) / batch_size)
        model, history = read_checkpoint(model_path, history_path, steps)
    else:
        keras.utils.set_random_seed(seed)
        model = build_siamese(setting, images.shape[1:])
        history = []
    model.summary(expand_nested=True)
    epochs = int(wildcards.epochs)
    history = train(model, history, images, pairs, batch_size, epochs, seed)
    model.save(output.model)
    with open(output.history, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


if __name__ == "__main__":
    with logged(snakemake) as output, own_gpu(snakemake.resources.get("gpu")):
        main(snakemake, output)
