"""The floor of the study: what no workflow around this training step can go below.

Only the training steps of the epochs that are needed, the longest run of each
setting, in one warm process: no start, no first step, no validation, no files.
Prints wall and CPU seconds of the steps as JSON.

    python bench/floor.py study.json results
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

from siamese.data.stored import read_images, read_pairs
from siamese.model.devices import set_up_devices
from siamese.model.network import build_siamese
from siamese.model.training import train_epoch, training_step
from siamese.study.axes import setting_of


def longest_runs(points):
    """The largest number of epochs of each setting, by size, l2 and batch size."""
    runs = {}
    for point in sorted(points, key=lambda point: point["epochs"]):
        runs[point["size"], point["l2"], point["batch_size"]] = point["epochs"]
    return runs


def seconds_of_steps(model, batch_size, epochs, pairs, images):
    """Wall and CPU seconds of the training steps of one run, but for the first."""
    step = training_step(model)
    first = {name: values[:batch_size] for name, values in pairs.items()}
    train_epoch(step, images, first, batch_size)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(epochs):
        train_epoch(step, images, pairs, batch_size)
    return time.perf_counter() - wall, time.process_time() - cpu


def main(study, results):
    study = json.loads(Path(study).read_text())
    set_up_devices(threads=3, gpu=True)
    keras.config.set_dtype_policy(study["precision"])
    images = read_images(Path(results, "dataset/images.npy"))
    pairs = read_pairs(Path(results, "pairs/seed~0/A.csv"))["train"]
    total = np.zeros(2)
    for (size, l2, batch_size), epochs in longest_runs(study["points"]).items():
        model = build_siamese(setting_of(study["sizes"][size], l2=l2), images.shape[1:])
        total += seconds_of_steps(model, batch_size, epochs, pairs, images)
    print(json.dumps({"wall": total[0], "cpu": total[1]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
