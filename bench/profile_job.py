"""Where the time of a training job of one epoch goes, phase by phase.

    python bench/profile_job.py --study FOLDER --size large --batch-size 1024

FOLDER has the images and pairs of a study with seed 0. oneDNN's own clock tells
what an epoch consists of:

    ONEDNN_VERBOSE=1 python bench/profile_job.py --threads 1 ... \
        | python bench/primitives.py
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

parser = argparse.ArgumentParser()
parser.add_argument("--study", type=Path, required=True)
parser.add_argument("--size", choices=["small", "large"], default="small")
parser.add_argument("--batch-size", type=int, default=1024)
parser.add_argument("--precision", default="float32")
parser.add_argument("--threads", type=int, default=3)
options = parser.parse_args()
clock = [time.perf_counter()]


def phase(name):
    clock.append(time.perf_counter())
    print(f"{name}: {clock[-1] - clock[-2]:.2f} s", flush=True)


import numpy as np  # noqa: E402
from train import train  # noqa: E402

from siamese.network import build_siamese, keras, set_up_devices  # noqa: E402
from siamese.pairs import read_pairs  # noqa: E402

phase("import of TensorFlow and Keras")
set_up_devices(options.threads, gpu=True)
keras.config.set_dtype_policy(options.precision)
model = build_siamese({"small": 16, "large": 32}[options.size], 0.01, 1.0)
phase("model")
images = np.load(options.study / "results/dataset/images.npy", allow_pickle=False)
pairs = read_pairs(options.study / "results/pairs/seed~0/A.csv")
phase("images and pairs")
first = {
    split: {name: values[: options.batch_size] for name, values in columns.items()}
    for split, columns in pairs.items()
}
train(model, [], images, first, options.batch_size, 1, 0)
phase("first step and validation, traced")
train(model, [], images, pairs, options.batch_size, 1, 0)
phase("epoch with validation")
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "model.keras")
phase("save")
