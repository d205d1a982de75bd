"""One lock, however the environment is made."""

import re
import subprocess
import sys

import yaml
from study import ROOT


def pins(name):
    """Pinned requirements of a lock file: `package==version ; markers`."""
    text = (ROOT / name).read_text()
    return re.findall(r"^([a-z0-9-]+==.*?) \\$", text, re.MULTILINE)


def test_conda_installs_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["dependencies"][-1]["pip"] == pins("requirements.txt")


def test_lock_holds_the_direct_dependencies():
    lines = (ROOT / "requirements.in").read_text().splitlines()
    direct = {line for line in lines if line and not line.startswith("#")}
    assert direct <= set(pins("requirements.txt"))


def test_cuda_lock_adds_nvidias_libraries_alone():
    added = set(pins("requirements-cuda.txt")) - set(pins("requirements.txt"))
    assert added
    assert all(pin.startswith("nvidia-") for pin in added)
    assert set(pins("requirements.txt")) <= set(pins("requirements-cuda.txt"))


def test_make_verify_checks_the_study_that_is_named():
    done = subprocess.run(
        [
            "make",
            "--dry-run",
            "--no-print-directory",
            "verify",
            "ARGS=--directory quick",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    last = done.stdout.splitlines()[-1]
    assert last == "python workflow/verify.py --directory quick"


def test_every_pin_has_hashes():
    for name in ("requirements.txt", "requirements-cuda.txt"):
        text = (ROOT / name).read_text()
        entries = re.split(r"\n(?=[a-z0-9-]+==)", text)
        assert all("--hash=sha256:" in entry for entry in entries)


def test_training_starts_without_slow_imports():
    """Keras imports some packages where it finds them; no feature of them is used."""
    slow = ("jax", "matplotlib", "pandas", "sklearn", "torch")
    code = f"import sys, embed, train; print([n for n in {slow} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "workflow/scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_default_environment_has_one_framework():
    names = {pin.split("==")[0] for pin in pins("requirements.txt")}
    assert not names & {"jax", "torch"}
