"""What TensorFlow runs on: threads that change no bit, GPUs, and memory."""

import contextlib
import os
import re

import tensorflow as tf

from siamese.errors import StudyError
from siamese.records import record

# Pairs that a thread takes through a network at a time, or images that it embeds. The
# result depends on it. On a CPU twice as many take as long and twice the memory.
CHUNK = 128
GPU_CHUNK = 256
# TensorFlow says one of these if memory is short, in errors of several types.
OUT_OF_MEMORY = re.compile("OOM|out of memory|allocate|Dst tensor is not init", re.I)


def make_deterministic():
    """Let operations give the same bits each time, whatever the number of threads."""
    tf.config.experimental.enable_op_determinism()
    # This would make one sum of several; see `gradients` in siamese.model.training.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def set_up_devices(threads, gpu):
    """Make results deterministic, limit threads, and take or leave the GPUs.

    `threads` operations run side by side, each on one thread, but no more than the
    machine has cores. A job takes a GPU's memory as it needs it: several can share one.
    """
    make_deterministic()
    threads = min(threads, os.cpu_count())
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    if not gpu:
        tf.config.set_visible_devices([], "GPU")
    gpus = tf.config.get_visible_devices("GPU")
    for device in gpus:
        tf.config.experimental.set_memory_growth(device, True)
    details = [tf.config.experimental.get_device_details(device) for device in gpus]
    names = [each.get("device_name", "GPU") for each in details]
    record(devices=names or ["CPU"], threads=threads)


def number_of_threads():
    """How many operations TensorFlow runs side by side."""
    return tf.config.threading.get_inter_op_parallelism_threads() or os.cpu_count()


@contextlib.contextmanager
def memory_errors_explained():
    """Tell in one line that memory, of a GPU or the machine, does not suffice."""
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        if not OUT_OF_MEMORY.search(str(error)):
            raise
        raise StudyError(
            "Out of memory: run fewer jobs at a time (snakemake --cores or "
            "--resources gpu=<trainings>); a smaller batch size does not help"
        ) from error
