"""The floor of the study: variant (d) of the benchmark.

Only the training steps of the epochs that are needed, the longest run of each
setting, in one warm process: no start, no first step, no validation, no files.
Prints the seconds and the CPU seconds of the steps as JSON.

    python bench/floor.py --study FOLDER --points points.json --precision float32
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

from train import batches

from siamese.network import build_siamese, keras, set_up_devices, tf
from siamese.pairs import read_pairs

FILTERS = {"small": 16, "large": 32}


def longest_runs(points):
    """The settings of the points, each with its largest number of epochs."""
    runs = {}
    for point in points:
        setting = (point["size"], point["l2"], point["batch_size"])
        runs[setting] = max(point["epochs"], runs.get(setting, 0))
    return runs


def seconds_of_steps(setting, epochs, pairs, bank):
    """Wall and CPU seconds of the training steps of one run."""
    size, l2, batch_size = setting
    model = build_siamese(FILTERS[size], l2, 1.0)
    first = {name: values[:batch_size] for name, values in pairs.items()}
    model.fit(batches(first, bank, batch_size), verbose=0)
    dataset = batches(pairs, bank, batch_size)
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(dataset, epochs=epochs, shuffle=False, verbose=0)
    return time.perf_counter() - wall, time.process_time() - cpu


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--points", type=Path, required=True)
    parser.add_argument("--precision", default="float32")
    options = parser.parse_args()
    set_up_devices(3, gpu=True)
    keras.config.set_dtype_policy(options.precision)
    images = np.load(options.study / "results/dataset/images.npy", allow_pickle=False)
    bank = tf.constant(images[..., None])
    pairs = read_pairs(options.study / "results/pairs/seed~0/A.csv")["train"]
    points = json.loads(options.points.read_text())
    seconds = [
        seconds_of_steps(setting, epochs, pairs, bank)
        for setting, epochs in longest_runs(points).items()
    ]
    wall, cpu = np.sum(seconds, axis=0)
    print(json.dumps({"wall": wall, "cpu": cpu}))


if __name__ == "__main__":
    main()
