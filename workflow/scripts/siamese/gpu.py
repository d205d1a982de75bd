"""A GPU for each job on a machine.

Snakemake counts GPUs but does not say which one a job gets, and TensorFlow takes the
first that it sees. So a job locks a file, its slot, until its process ends in any way.
"""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import subprocess
import tempfile

DEVICE = re.compile("[0-9]+$|GPU-|MIG-")
LIST_GPUS = ("nvidia-smi", "--query-gpu=index", "--format=csv,noheader")


def visible_gpus():
    """Indices or UUIDs of CUDA_VISIBLE_DEVICES, if set, or else of all NVIDIA GPUs."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    if names is None:
        if shutil.which(LIST_GPUS[0]) is None:
            return []
        done = subprocess.run(LIST_GPUS, capture_output=True, text=True)
        names = done.stdout.strip().replace("\n", ",")
    # CUDA, too, stops at the first that is no device, such as -1.
    return list(itertools.takewhile(DEVICE.match, map(str.strip, names.split(","))))


def take_slot():
    """The lowest number that no running job has, and the open file that holds it."""
    folder = f"{tempfile.gettempdir()}/siamese-gpus-{os.geteuid()}"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # Slurm may number the devices of each of its jobs from 0.
    name = os.environ.get("SLURM_JOB_ID", "slot")
    for number in itertools.count():
        file = open(f"{folder}/{name}-{number}", "w")  # noqa: SIM115
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, file


@contextlib.contextmanager
def own_gpu(wanted):
    """Let CUDA see one GPU alone, if one is wanted and there is any.

    It reads the variables when devices are listed, not when TensorFlow is imported.
    """
    gpus = visible_gpus() if wanted else []
    number, file = take_slot() if gpus else (0, contextlib.nullcontext())
    with file:
        if gpus:
            if "CUDA_VISIBLE_DEVICES" not in os.environ:
                # nvidia-smi's order, where CUDA's own is by speed.
                os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu = gpus[number % len(gpus)]
            print(f"GPU: {gpu}, of {', '.join(gpus)}")
        yield
