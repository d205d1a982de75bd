"""Run the study on all of this machine; snakemake gets the other arguments."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from siamese.gpu import visible_gpus

# A training takes 1100 MB at most, without a GPU.
TRAINING_MB = 1500
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
COUNT = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


def usable_memory():
    """The free memory in MB, within a container's limit; on macOS all memory."""
    if (path := Path("/proc/meminfo")).exists():
        free = int(re.search("MemAvailable: *([0-9]+)", path.read_text())[1]) * 1024
    else:
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = CONTAINER_LIMIT.read_text() if CONTAINER_LIMIT.exists() else "max"
    return (min(free, int(limit)) if limit.strip() != "max" else free) // 10**6


def choose(cores, memory, gpus, trainings):
    """Options of snakemake; by default a training for each GPU, or as many as fit."""
    trainings = trainings or gpus or max(1, min(cores, memory // TRAINING_MB))
    # One core more is for the other jobs, which take little. `--cores` is last since it
    # takes a single value: a target may follow.
    return ["--resources", f"gpu={trainings}", "--cores", str(cores + 1)]


def number(text):
    """A number from 1, or 0 for an empty text."""
    if not re.fullmatch("([1-9][0-9]*)?", text):
        raise argparse.ArgumentTypeError(f"found '{text}', expected a number from 1")
    return int(text or 0)


def add_arguments(parser):
    parser.add_argument("--cores", type=number, help="how many snakemake may use")
    parser.add_argument("--gpus", type=number, help="how many trainings run at a time")


def main(options, *others):
    bound = hasattr(os, "sched_getaffinity")
    usable_cores = len(os.sched_getaffinity(0)) if bound else os.cpu_count()
    cores, memory = options.cores or usable_cores, usable_memory()
    gpus = present = len(visible_gpus())
    text = f"{present or 'no'} NVIDIA GPU{'s' * (present > 1)}"
    if present:
        probe = [sys.executable, "-c", COUNT]
        done = subprocess.run(probe, capture_output=True, text=True)
        gpus = min(present, int(done.stdout or 0))
        text += f", {gpus} of use to TensorFlow (CUDA=1 adds its CUDA libraries)"
    print(f"This machine: {cores} cores, {memory / 1000:.1f} GB of memory free, {text}")
    command = ["snakemake", *choose(cores, memory, gpus, options.gpus), *others]
    command += ["--logger", "rich"] if sys.stderr.isatty() else []
    print(shlex.join(command), flush=True)
    os.execv(sys.executable, [sys.executable, "-m", *command])
