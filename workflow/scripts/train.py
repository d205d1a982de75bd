"""Rule train: one grid point with one seed.

Where the study has the same setting at fewer epochs, training resumes from there, to
the same weights: what an epoch draws depends on (seed, epoch) alone, and a pose on the
step too.
"""

import csv

from siamese.data.stored import HISTORY, read_history, read_images, read_pairs
from siamese.model import keras
from siamese.model.devices import memory_errors_explained, set_up_devices
from siamese.model.network import build_siamese, import_network, read_model
from siamese.model.training import train
from siamese.study.poses import Pose


@memory_errors_explained()
def main(snakemake):
    paths, setting = snakemake.input, snakemake.params.setting
    seed = int(snakemake.wildcards.seed)
    # An untrained network passes over the pairs once, for a row of the history.
    epochs, batch_size = setting["epochs"] or 1, setting["batch_size"] or 1024
    set_up_devices(snakemake.threads, gpu=bool(snakemake.resources.get("gpu")))
    keras.config.set_dtype_policy(setting["precision"])
    images = read_images(paths.images)
    pairs = read_pairs(paths.pairs)
    if paths.checkpoint:
        print("Resuming from", *paths.checkpoint)
        import_network(setting["network"])
        model, history = paths.checkpoint
        model, history = read_model(model), read_history(history)
    else:
        keras.utils.set_random_seed(seed)
        model, history = build_siamese(setting, images.shape[1:]), []
    model.summary(expand_nested=True)
    pose = snakemake.params.pose and Pose(**snakemake.params.pose)
    history = train(model, history, images, pairs, batch_size, epochs, seed, pose)
    model.save(snakemake.output.model)
    with open(snakemake.output.history, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
