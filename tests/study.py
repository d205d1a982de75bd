"""A study on small generated data, and snakemake run on it as a user does."""

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import yaml

from siamese.study.study import with_defaults

ROOT = Path(__file__).parents[1]
IMAGES_PER_CLASS = 30
# 6 * 2 * 29 = 348 pairs of A, 69 of them for testing; 4 * 2 * 29 of B.
PAIRS = {"images_per_class": IMAGES_PER_CLASS, "test_fraction": 0.2, "train": 200}
GRID = {"size": ["small"], "l2": [0], "batch_size": [64], "epochs": [2, 3]}


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
    return {
        f"{name}-{kind}": idx_bytes(array[part])
        for name, part in {"train": slice(200), "t10k": slice(200, None)}.items()
        for kind, array in {
            "images-idx3-ubyte": images,
            "labels-idx1-ubyte": labels.astype(np.uint8),
        }.items()
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
    folder = directory / "resources/fashion_mnist"
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    config = with_defaults({}, directory)
    config["dataset"] |= {
        "sources": [{"directory": "resources/fashion_mnist"}],
        "files": digests(files),
        "images_per_class": IMAGES_PER_CLASS,
    }
    config |= {"pairs": PAIRS, "sizes": {"small": 2, "large": 4}, "grid": GRID}
    (directory / "config/config.yaml").write_text(yaml.safe_dump(config | options))
    return directory


def edit_config(directory, **options):
    path = directory / "config/config.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | options))


def snakemake_command(*arguments, python=sys.executable):
    return [
        *(python, "-m", "snakemake", "--cores", "2", "--resources", "gpu=1"),
        # snakemake ends so much later than its last job.
        *("--nocolor", "--max-jobs-per-timespan", "1000000/1s", *arguments),
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
    """Jobs by rule in the table that a dry run prints."""
    _, _, table = output.partition("Job stats:")
    jobs = re.findall(r"^(\w+) +(\d+)$", table.partition("\n\n")[0], re.MULTILINE)
    return {rule: int(count) for rule, count in jobs if rule != "total"}


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
    contents = [
        {
            path.relative_to(directory).as_posix(): content(path)
            for path in (directory / "results").rglob("*.*")
            if path.is_file()
        }
        for directory in (study, reference)
    ]
    return {path for path, _ in contents[0].items() ^ contents[1].items()}
