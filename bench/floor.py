"""The floor of the study: what no workflow around this training step can go below.

Only the training steps of the epochs that are needed, the longest run of each
setting, in one warm process: no start, no first step, no validation, no files.
Prints wall and CPU seconds of the steps as JSON.

    python bench/floor.py --results results --study study.json
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

from train import train_epoch

from siamese.axes import setting_of
from siamese.network import build_siamese, keras, set_up_devices, training_step
from siamese.pairs import read_pairs
from siamese.stored import read_images

# As rule train has.
THREADS = 3


def longest_runs(points):
    """The settings of the points, each with its largest number of epochs."""
    runs = {}
    for point in points:
        setting = (point["size"], point["l2"], point["batch_size"])
        runs[setting] = max(point["epochs"], runs.get(setting, 0))
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--study", type=Path, required=True)
    options = parser.parse_args()
    study = json.loads(options.study.read_text())
    set_up_devices(THREADS, gpu=True)
    keras.config.set_dtype_policy(study["precision"])
    images = read_images(options.results / "dataset/images.npy")
    pairs = read_pairs(options.results / "pairs/seed~0/A.csv")["train"]
    seconds = []
    for (size, l2, batch_size), epochs in longest_runs(study["points"]).items():
        model = build_siamese(setting_of(study["sizes"][size], l2=l2), images.shape[1:])
        seconds.append(seconds_of_steps(model, batch_size, epochs, pairs, images))
    wall, cpu = np.sum(seconds, axis=0)
    print(json.dumps({"wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main()
