"""A study on small generated data, and snakemake run on it as a user does."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import yaml

from siamese.study import with_defaults

ROOT = Path(__file__).parents[1]
IMAGES_PER_CLASS = 30
# 6 * 2 * 29 = 348 pairs of A, 69 of them for testing; 4 * 2 * 29 of B.
PAIRS = {"images_per_class": IMAGES_PER_CLASS, "test_fraction": 0.2, "train": 200}


def idx_bytes(array):
    """The IDX file of a uint8 array."""
    header = bytes([0, 0, 8, array.ndim])
    return header + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def generate_files(seed=0):
    """Ten classes of noise around a pattern each, as payloads of the four files."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(10), IMAGES_PER_CLASS))
    patterns = generator.integers(0, 200, (10, 28, 28))
    noise = generator.integers(0, 56, (len(labels), 28, 28))
    images = (patterns[labels] + noise).astype(np.uint8)
    labels = labels.astype(np.uint8)
    return {
        "train-images-idx3-ubyte": idx_bytes(images[:200]),
        "train-labels-idx1-ubyte": idx_bytes(labels[:200]),
        "t10k-images-idx3-ubyte": idx_bytes(images[200:]),
        "t10k-labels-idx1-ubyte": idx_bytes(labels[200:]),
    }


def digests(files):
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def copy_project(directory):
    """Copy what a run needs of the project into `directory`."""
    for name in ("workflow", "config", "profiles"):
        shutil.copytree(
            ROOT / name, directory / name, copy_function=shutil.copy, dirs_exist_ok=True
        )
    for name in ("Snakefile", "environment.yml"):
        shutil.copy(ROOT / name, directory)


def make_study(directory, **options):
    """Lay out the project with generated data and a small config of its own."""
    copy_project(directory)
    files = generate_files()
    folder = directory / "resources" / "fashion_mnist"
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    path = directory / "config" / "config.yaml"
    config = with_defaults({}, directory)
    config["dataset"] |= {
        "sources": [{"directory": "resources/fashion_mnist"}],
        "files": digests(files),
        "images_per_class": IMAGES_PER_CLASS,
    }
    config |= {
        "pairs": PAIRS,
        "sizes": {"small": 2, "large": 4},
        "grid": {
            "size": ["small"],
            "l2": [0.01, 0],
            "batch_size": [64],
            "epochs": [2, 3],
        },
    }
    path.write_text(yaml.safe_dump(config | options))
    return directory


def edit_config(directory, **options):
    path = directory / "config" / "config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | options))


def snakemake_command(*arguments, python=sys.executable):
    return [
        *(python, "-m", "snakemake", "--cores", "2"),
        *("--resources", "gpu=1", "--nocolor"),
        # snakemake ends so much later than its last job.
        *("--max-jobs-per-timespan", "1000000/1s", *arguments),
    ]


def snakemake(directory, *arguments, **options):
    """Run snakemake in `directory`; return its exit status and output."""
    return subprocess.run(
        snakemake_command(*arguments, **options),
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def planned_jobs(output):
    """Jobs by rule in the table that a dry-run prints."""
    lines = (
        output.split("Job stats:")[1].splitlines()[3:] if "Job stats" in output else []
    )
    jobs = {}
    for line in lines:
        if not line.strip():
            break
        rule, count = line.split()
        jobs[rule] = int(count)
    jobs.pop("total", None)
    return jobs


def content(path):
    """What a file of results says, for comparison: its bytes, of a model the weights.

    A model file also has the date of its making and addresses in memory.
    """
    if path.name != "model.keras":
        return path.read_bytes()
    with zipfile.ZipFile(path) as file:
        return file.read("model.weights.h5")


def different_results(study, reference):
    """Paths of the results that differ between two studies, or that one lacks."""
    paths = {
        path.relative_to(directory)
        for directory in (study, reference)
        for path in (directory / "results").rglob("*.*")
        if path.is_file()
    }
    return {
        path.as_posix()
        for path in paths
        if not ((study / path).exists() and (reference / path).exists())
        or content(study / path) != content(reference / path)
    }


class SmallDisk:
    """A file system in memory, whose free space can be set."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.mount(f"size={2**28}")

    def mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.path)]
        subprocess.run(command, check=True, capture_output=True)

    def leave_free(self, size):
        disk = os.statvfs(self.path)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        self.mount(f"remount,size={used + size}")

    def unmount(self):
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)
