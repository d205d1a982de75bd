"""Run the study on all of this machine; snakemake gets the other arguments."""

import os
import shlex
import sys

import psutil
from snakemake.utils import available_cpu_count

from siamese.gpu import visible_gpus

# A training takes 1100 MB at most, without a GPU.
TRAINING_MB = 1500


def choose(cores, memory, gpus, trainings):
    """Options of snakemake; by default a training for each GPU, or as many as fit."""
    trainings = trainings or gpus or max(1, min(cores, memory // TRAINING_MB))
    # One core more is for the other jobs, which take little. `--cores` is last since it
    # takes a single value: a target may follow.
    return ["--resources", f"gpu={trainings}", "--cores", str(cores + 1)]


def number(text):
    """A number, 0 for an empty text, as the Makefile gives it."""
    return int(text or 0)


def add_arguments(parser):
    parser.add_argument("--cores", type=number, help="how many snakemake may use")
    parser.add_argument("--gpus", type=number, help="how many trainings run at a time")


def main(options, *others):
    cores, gpus = options.cores or available_cpu_count(), len(visible_gpus())
    memory = psutil.virtual_memory().available // 10**6
    text = f"{memory / 1000:.1f} GB of memory free, GPUs of NVIDIA: {gpus}"
    print(f"This machine: {cores} cores, {text}")
    command = ["snakemake", *choose(cores, memory, gpus, options.gpus), *others]
    command += ["--logger", "rich"] if sys.stderr.isatty() else []
    print(shlex.join(command), flush=True)
    os.execv(sys.executable, [sys.executable, "-m", *command])
