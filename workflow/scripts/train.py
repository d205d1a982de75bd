"""Rule train: one grid point with one seed.

Where the study has the same setting at fewer epochs, training resumes from
there, with the weights that an uninterrupted run has: the optimizer's state is
in the model file, and the order of the pairs and the dropout masks of an epoch
are drawn from (seed, epoch) alone.
"""

import csv
import math

import numpy as np

from siamese.checkpoint import are_finite, read_checkpoint
from siamese.errors import StudyError
from siamese.gpus import own_gpu
from siamese.job import logged
from siamese.network import (
    CHUNK,
    build_siamese,
    keras,
    memory_errors_explained,
    set_up_devices,
    tf,
)
from siamese.pairs import read_verified_pairs
from siamese.stored import HISTORY, read_images


def batches(pairs, bank, batch_size):
    """Dataset of ((left, right), same), the pixels gathered batch by batch.

    Parameters
    ----------
    pairs : dict of str to numpy.ndarray
        left and right (int32 indices), same (float32).
    bank : tensorflow.Tensor of uint8, shape (n, 28, 28, 1)
        The images. An array instead would become part of the graph, which
        makes an epoch ten times longer.
    batch_size : int
    """

    def gather(pair):
        images = (tf.gather(bank, pair["left"]), tf.gather(bank, pair["right"]))
        return images, pair["same"]

    options = tf.data.Options()
    # Autotuning sleeps for periods of 10 ms, 20 ms, 40 ms and so on, and the
    # end of an epoch waits for the last of them: four seconds in ten.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_tensor_slices(pairs).batch(batch_size)
    return dataset.map(gather).prefetch(2).with_options(options)


def set_dropout_seed(model, seed, epoch):
    """Make the dropout masks of an epoch depend on (seed, epoch) alone."""
    dropout = [
        layer
        for layer in model.get_layer("encoder").layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    for number, layer in enumerate(dropout):
        state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
        layer.seed_generator.state.assign(state)


def train(model, history, images, pairs, batch_size, epochs, seed):
    """Train `model` in place from the end of `history` to `epochs`.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`, fresh or loaded.
    history : list of dict
        One entry for each epoch that the model has behind it.
    images : numpy.ndarray of uint8, shape (n, 28, 28)
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
    bank = tf.constant(images[..., None])
    validation = batches(pairs["validation"], bank, CHUNK)
    history = list(history)
    for epoch in range(len(history), epochs):
        order = np.random.default_rng([seed, epoch]).permutation(
            len(pairs["train"]["same"])
        )
        shuffled = {column: values[order] for column, values in pairs["train"].items()}
        set_dropout_seed(model, seed, epoch)
        logs = model.fit(
            batches(shuffled, bank, batch_size),
            validation_data=validation,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=2,
        ).history
        record = {"epoch": epoch + 1, **{name: logs[name][0] for name in HISTORY[1:]}}
        # The losses may be finite where a weight is not, see `read_model`.
        weights_are_finite = are_finite(model.get_weights())
        if not weights_are_finite or not are_finite([*record.values()]):
            weights = "finite" if weights_are_finite else "not all finite"
            raise StudyError(
                f"Epoch {epoch + 1}: loss {record['loss']}, validation loss "
                f"{record['val_loss']}, weights {weights}, expected finite numbers; "
                "try another seed, a smaller grid.l2, margin or another precision"
            )
        history.append(record)
    return history


@memory_errors_explained()
def main(snakemake, output):
    wildcards, params = snakemake.wildcards, snakemake.params
    seed = int(wildcards.seed)
    set_up_devices(snakemake.threads, gpu=bool(snakemake.resources.get("gpu")))
    keras.config.set_dtype_policy(params.precision)
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
        model = build_siamese(params.filters, float(wildcards.l2), params.margin)
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
