"""Run the study with all that this machine has: what `make run` does.

    python workflow/launch.py [--cores N] [--gpus N] [arguments of snakemake]

Prints what it chose and the command, and runs it.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))

from siamese.gpus import visible_gpus
from siamese.machine import TRAINING_MB, usable_cores, usable_memory

COUNT_GPUS = (
    "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"
)


def gpus_in_use():
    """How many NVIDIA GPUs jobs may use, and how many there are.

    Without its CUDA libraries TensorFlow can use none.
    """
    present = len(visible_gpus())
    if not present:
        return 0, 0
    done = subprocess.run(
        [sys.executable, "-c", COUNT_GPUS], capture_output=True, text=True
    )
    lines = done.stdout.split()
    return min(present, int(lines[-1]) if lines else 0), present


def choose(cores, memory, gpus, trainings=None):
    """The options of snakemake for a machine.

    Parameters
    ----------
    cores : int
    memory : int
        MB that are free.
    gpus : int
        That TensorFlow can use.
    trainings : int, optional
        How many run at a time, if not as many as the machine carries.

    Returns
    -------
    list of str
    """
    trainings = trainings or gpus or max(1, min(cores, memory // TRAINING_MB))
    # Trainings leave one core to other jobs, which take little. Last comes the option
    # that takes a single value, so that a target may follow.
    return ["--resources", f"gpu={trainings}", "--cores", str(cores + 1)]


def describe(cores, memory, gpus, present):
    """This machine in words."""
    text = f"{cores} cores, {memory / 1000:.1f} GB of memory free, "
    if not present:
        return f"{text}no NVIDIA GPU"
    text += f"{present} NVIDIA GPU{'s' * (present > 1)}"
    if gpus < present:
        text += f", {gpus} of use to TensorFlow (for its CUDA libraries say CUDA=1)"
    return text


def number(text):
    """A number of cores or GPUs; None for an empty text, as of a variable not set."""
    if not text:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found '{text}', expected a number from 1")
    return int(text)


def main(arguments=None):
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cores", type=number, help="that snakemake may use")
    parser.add_argument("--gpus", type=number, help="trainings at a time")
    chosen, rest = parser.parse_known_args(arguments)
    gpus, present = gpus_in_use()
    cores, memory = chosen.cores or usable_cores(), usable_memory()
    command = ["snakemake", *choose(cores, memory, gpus, chosen.gpus), *rest]
    if sys.stderr.isatty():
        command += ["--logger", "rich"]
    print(f"This machine: {describe(cores, memory, gpus, present)}")
    print(shlex.join(command), flush=True)
    os.execv(sys.executable, [sys.executable, "-m", *command])


if __name__ == "__main__":
    main()
