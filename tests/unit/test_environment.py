"""One lock, however the environment is made, and one version of each tool."""

import importlib.metadata
import re
import subprocess

import pytest
import yaml
from study import ROOT


def pins(name):
    """Pinned requirements of a lock file: `package==version ; markers`."""
    text = (ROOT / name).read_text()
    return re.findall(r"^([a-z0-9-]+==.*?) \\$", text, re.MULTILINE)


def direct(name):
    """The version of each package that a file of direct dependencies names."""
    return dict(re.findall("^([a-z0-9-]+)==(.*)", (ROOT / name).read_text(), re.M))


def test_every_import_of_the_workflow_is_declared():
    texts = [path.read_text() for path in (ROOT / "workflow").rglob("*.py")]
    names = {*re.findall(r"^ *(?:from|import) (\w+)", "\n".join(texts), re.MULTILINE)}
    packages = importlib.metadata.packages_distributions()
    imported = {packages[name][0].lower() for name in names if name in packages}
    assert {"keras", "numpy", "pyyaml", "scikit-learn"} <= imported
    assert imported <= direct("requirements.in").keys()


@pytest.mark.parametrize("kind", ["", "-dev", "-cuda"])
def test_a_lock_holds_the_runtime_with_hashes(kind):
    lock = f"requirements{kind}.txt"
    versions = direct(f"requirements{kind.removesuffix('-cuda')}.in").items()
    locked = {pin.partition(" ;")[0] for pin in pins(lock)}
    assert {f"{package}=={version}" for package, version in versions} <= locked
    assert {pin.partition(" ;")[0] for pin in pins("requirements.txt")} <= locked
    entries = re.split(r"\n(?=[a-z0-9-]+==)", (ROOT / lock).read_text())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_conda_installs_the_runtime_and_hooks_are_the_tools_of_the_lock():
    names = ("workflow/envs/study.yaml", "environment.yml", ".pre-commit-config.yaml")
    rules, top, hooks = (yaml.safe_load((ROOT / name).read_text()) for name in names)
    assert rules["dependencies"].pop()["pip"] == pins("requirements.txt")
    assert top["dependencies"].pop()["pip"] == ["-r requirements.txt"]
    assert rules.items() <= top.items()
    tools = direct("requirements-dev.in")
    versions = [repo["rev"] for repo in hooks["repos"]]
    assert versions == [f"v{tools['ruff']}", f"v{tools['snakefmt']}"]


def test_no_suitable_python_is_one_line():
    command = ["make", "-W", "requirements.txt", "PYTHON=/nowhere/python", "run"]
    done = subprocess.run(command, cwd=ROOT, stderr=-1, text=True)
    line, *_ = done.stderr.splitlines()
    assert line.startswith("Error: found no Python 3.11 to 3.13")
