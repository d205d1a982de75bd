"""What training and embedding give, on a number of threads that really run.

    python tests/training.py THREADS

Prints a digest for each case, as JSON: of variables, distances and penalty after two
steps of a grid point, the second on fewer pairs and no whole number of chunks; and of
embeddings.
"""

import hashlib
import itertools
import json
import os
import sys
import threading
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "workflow" / "scripts"))

import train
from hold import PATIENCE

from siamese import network
from siamese.axes import setting_of
from siamese.network import keras, tf

BATCH_SIZES = [512, 1024, 2048, 4096]
SECOND_BATCH = 200
PRECISIONS = ["float32", "mixed_bfloat16", "mixed_float16"]
FILTERS = [16, 32]


def has_bfloat16():
    """Whether the CPU computes in bfloat16 by itself, as far as Linux tells."""
    info = Path("/proc/cpuinfo")
    return info.exists() and bool(
        {"avx512_bf16", "amx_bf16"} & {*info.read_text().split()}
    )


def threads_meet(threads):
    """Wait until as many operations run at the same time, or fail."""
    barrier = threading.Barrier(threads, timeout=PATIENCE)

    @tf.function
    def all_meet(places):
        return [
            tf.numpy_function(meet, [place], tf.int32, stateful=False)
            for place in tf.unstack(places, threads)
        ]

    def meet(place):
        barrier.wait()
        return place

    all_meet(tf.range(threads))


def random_pairs(generator, images, n):
    left, right = generator.integers(0, images, (2, n)).astype(np.int32)
    same = generator.integers(0, 2, n).astype(np.float32)
    return {"left": left, "right": right, "same": same}


def digest(*values):
    arrays = [np.asarray(value) for value in values]
    return hashlib.sha256(b"".join(each.tobytes() for each in arrays)).hexdigest()


def main(threads):
    # As many as on a machine that has them.
    os.cpu_count = lambda: threads
    network.set_up_devices(threads, gpu=False)
    threads_meet(threads)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (1100, 28, 28, 1)).astype(np.uint8)
    pairs = random_pairs(generator, len(images), max(BATCH_SIZES) + SECOND_BATCH)
    # What the CPU only emulates takes seven times as long.
    emulated = {"mixed_float16"} if has_bfloat16() else {*PRECISIONS[1:]}
    digests = {}
    for precision, filters in itertools.product(PRECISIONS, FILTERS):
        keras.config.set_dtype_policy(precision)
        keras.utils.set_random_seed(0)
        model = network.build_siamese(
            setting_of(filters, l2=0.01, precision=precision), images.shape[1:]
        )
        step = network.training_step(model)
        variables = [*model.variables, *model.optimizer.variables]
        fresh = [variable.numpy() for variable in variables]
        name = f"{precision}, {filters} filters"
        batch_sizes = BATCH_SIZES[:1] if precision in emulated else BATCH_SIZES
        for batch_size in batch_sizes:
            for variable, value in zip(variables, fresh, strict=True):
                variable.assign(value)
            train.set_dropout_seed(model, 0, 0)
            some = {
                column: values[: batch_size + SECOND_BATCH]
                for column, values in pairs.items()
            }
            results = train.train_epoch(step, images, some, batch_size)
            digests[f"{name}, batches of {batch_size}"] = digest(*variables, *results)
        embeddings = network.embed(model.get_layer("encoder"), images)
        digests[f"{name}, embedded"] = digest(embeddings)
    print(json.dumps(digests))


if __name__ == "__main__":
    main(int(sys.argv[1]))
