"""Rule train: one grid point with one seed.

Where the study has the same setting at fewer epochs, training goes on from
there, with the weights that an uninterrupted run has: the optimizer's state is
in the model file, and the order of the pairs and the dropout masks of an epoch
are drawn from (seed, epoch) alone.
"""

import csv
import math

import numpy as np

from siamese.job import StudyError, logged
from siamese.network import CHUNK, build_siamese, keras, set_up_devices, tf
from siamese.pairs import read_pairs

HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


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
        The loss is not finite.
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
        if not all(math.isfinite(value) for value in record.values()):
            raise StudyError(
                f"Epoch {epoch + 1}: loss {record['loss']}, validation loss "
                f"{record['val_loss']}, expected finite numbers; try another seed "
                "or a smaller grid.l2"
            )
        history.append(record)
    return history


def read_history(path):
    """The rows of a history.csv as a list of dict."""
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {name: float(value) for name, value in row.items()} | {"epoch": number}
            for number, row in enumerate(csv.DictReader(file), start=1)
        ]


def main(snakemake):
    wildcards, params = snakemake.wildcards, snakemake.params
    seed = int(wildcards.seed)
    set_up_devices(snakemake.threads, gpu=bool(snakemake.resources.get("gpu")))
    keras.config.set_dtype_policy(params.precision)
    if snakemake.input.checkpoint:
        model_path, history_path = snakemake.input.checkpoint
        print(f"Going on from {model_path}")
        model = keras.saving.load_model(model_path)
        history = read_history(history_path)
    else:
        keras.utils.set_random_seed(seed)
        model = build_siamese(params.filters, float(wildcards.l2), params.margin)
        history = []
    model.summary(expand_nested=True)
    history = train(
        model,
        history,
        np.load(snakemake.input.images),
        read_pairs(snakemake.input.pairs),
        int(wildcards.batch_size),
        int(wildcards.epochs),
        seed,
    )
    model.save(snakemake.output.model)
    with open(snakemake.output.history, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
