"""`make run` takes what the machine has, and says what it took."""

import os
import subprocess
import sys

import launch
import pytest
from study import ROOT

from siamese import machine

LAUNCH = ROOT / "workflow/launch.py"


@pytest.mark.parametrize(
    ("cores", "memory", "gpus", "trainings", "expected"),
    [
        (2, 22_000, 0, None, "gpu=2 --cores 3"),
        (16, 64_000, 0, None, "gpu=16 --cores 17"),
        (16, 8_000, 0, None, "gpu=5 --cores 17"),
        (4, 900, 0, None, "gpu=1 --cores 5"),
        (16, 64_000, 0, 4, "gpu=4 --cores 17"),
        (16, 64_000, 1, None, "gpu=1 --cores 17"),
        (64, 500_000, 8, None, "gpu=8 --cores 65"),
        (16, 64_000, 1, 4, "gpu=4 --cores 17"),
    ],
)
def test_a_machine_is_used(cores, memory, gpus, trainings, expected):
    options = launch.choose(cores, memory, gpus, trainings)
    assert options == ["--resources", *expected.split()]


@pytest.mark.parametrize(
    ("gpus", "present", "expected"),
    [
        (0, 0, "no NVIDIA GPU"),
        (1, 1, "1 NVIDIA GPU"),
        (2, 2, "2 NVIDIA GPUs"),
        (0, 2, "2 NVIDIA GPUs, 0 of use to TensorFlow (for its CUDA libraries say "),
    ],
)
def test_a_machine_in_words(gpus, present, expected):
    text = launch.describe(4, 8_500, gpus, present)
    assert text.startswith(f"4 cores, 8.5 GB of memory free, {expected}")


def make_run(tmp_path, *arguments, **variables):
    """What launch.py prints, with a module in the place of snakemake."""
    package = tmp_path / "snakemake"
    package.mkdir()
    (package / "__main__.py").write_text("import sys; print('ran', *sys.argv[1:])\n")
    (package / "__init__.py").touch()
    return subprocess.run(
        [sys.executable, LAUNCH, *arguments],
        env=os.environ | {"PYTHONPATH": str(tmp_path), **variables},
        capture_output=True,
        text=True,
    )


def test_what_was_chosen_is_printed_and_run(tmp_path):
    """Without a GPU, since none is visible."""
    arguments = ["--cores", "3", "--gpus", "", "choice", "--configfile", "a b.yaml"]
    done = make_run(tmp_path, *arguments, CUDA_VISIBLE_DEVICES="")
    first, command, ran = done.stdout.splitlines()
    assert first.startswith("This machine: 3 cores, ")
    assert first.endswith("no NVIDIA GPU")
    expected = "--resources gpu=3 --cores 4 choice --configfile"
    assert command == f"snakemake {expected} 'a b.yaml'"
    assert ran == f"ran {expected} a b.yaml"


def test_a_gpu_that_tensorflow_cannot_use_is_told(tmp_path, monkeypatch):
    arguments = ["--cores", "2", "--gpus", "1"]
    done = make_run(tmp_path, *arguments, CUDA_VISIBLE_DEVICES="0,1,2")
    assert "3 NVIDIA GPUs, 0 of use to TensorFlow (" in done.stdout
    assert "ran --resources gpu=1 --cores 3" in done.stdout


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_is_named(tmp_path, value):
    done = make_run(tmp_path, f"--cores={value}")
    assert done.returncode == 2
    message = f"argument --cores: found '{value}', expected a number from 1"
    assert message in done.stderr
    assert "ran" not in done.stdout


def test_the_memory_of_a_container_counts(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "CGROUP_LIMIT", limit)
    free = machine.usable_memory()
    assert free > 100
    limit.write_text("max\n")
    assert machine.usable_memory() > 100
    limit.write_text("100000000\n")
    assert machine.usable_memory() == 100


@pytest.mark.skipif(sys.platform != "linux", reason="macOS binds no process to cores")
def test_cores_are_those_that_this_process_may_use():
    """One of them, as in a container or a job of a cluster."""
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}}); "
        "from siamese.machine import usable_cores; print(usable_cores())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1"
