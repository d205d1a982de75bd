"""One lock, however the environment is made, and one version of each tool."""

import ast
import importlib.metadata
import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml
from hold import PATIENCE
from study import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-cuda.txt")


def pins(name):
    """Pinned requirements of a lock file: `package==version ; markers`."""
    text = (ROOT / name).read_text()
    return re.findall(r"^([a-z0-9-]+==.*?) \\$", text, re.MULTILINE)


def direct(name):
    """The version of each package that a file of direct dependencies names."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def environment(name):
    return yaml.safe_load((ROOT / name).read_text())


def last_command(*arguments):
    """The last command that make would run."""
    # Where make runs this test, it hands its own arguments on.
    env = {name: at for name, at in os.environ.items() if "MAKE" not in name}
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def imported_packages():
    """Names under which the workflow's code imports what is not the project's."""
    paths = list((ROOT / "workflow").rglob("*.py"))
    names = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
    own = {path.stem for path in paths} | {"siamese"}
    return {name.split(".")[0] for name in names} - own - sys.stdlib_module_names


def test_every_import_of_the_workflow_is_declared():
    distributions = importlib.metadata.packages_distributions()
    names = {distributions[name][0].lower() for name in imported_packages()}
    assert {"keras", "numpy", "pyyaml", "scikit-learn"} <= names
    assert names <= set(direct("requirements.in"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_holds_the_runtime(lock):
    # Where another package needs one everywhere, it has no marker there.
    assert {pin.partition(" ;")[0] for pin in pins("requirements.txt")} <= {
        pin.partition(" ;")[0] for pin in pins(lock)
    }


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_lock_holds_the_direct_dependencies(name):
    versions = {f"{name}=={at}" for name, at in direct(f"{name}.in").items()}
    assert versions
    assert versions <= set(pins(f"{name}.txt"))


def test_a_job_needs_no_tool_of_development():
    names = {pin.split("==")[0] for pin in pins("requirements.txt")}
    assert not names & set(direct("requirements-dev.in"))


def test_default_environment_has_one_framework():
    names = {pin.split("==")[0] for pin in pins("requirements.txt")}
    assert not names & {"jax", "torch"}


def test_cuda_lock_adds_nvidias_libraries_alone():
    added = set(pins("requirements-cuda.txt")) - set(pins("requirements.txt"))
    assert added
    assert all(pin.startswith("nvidia-") for pin in added)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock):
    entries = re.split(r"\n(?=[a-z0-9-]+==)", (ROOT / lock).read_text())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_conda_installs_the_runtime():
    rules = environment("workflow/envs/study.yaml")
    assert rules["dependencies"].pop()["pip"] == pins("requirements.txt")
    top = environment("environment.yml")
    assert top["dependencies"].pop()["pip"] == ["-r requirements.txt"]
    for key in ("channels", "dependencies"):
        assert rules[key] == top[key]


def test_hooks_before_a_commit_are_the_tools_of_the_lock():
    hooks = environment(".pre-commit-config.yaml")["repos"]
    versions = {repo["repo"].split("/")[-1]: repo["rev"] for repo in hooks}
    tools = direct("requirements-dev.in")
    assert versions == {
        "ruff-pre-commit": f"v{tools['ruff']}",
        "snakefmt": f"v{tools['snakefmt']}",
    }


def test_changelog_begins_with_the_version_that_is_cited():
    cited = environment("CITATION.cff")
    heading = f"## [{cited['version']}] - {cited['date-released']}"
    headings = re.findall(r"^## .*", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert heading in headings[:2]
    assert headings[0] in ("## [Unreleased]", heading)


def test_make_verify_checks_the_study_that_is_named():
    command = last_command("verify", "ARGS=--directory quick")
    assert command == "python workflow/verify.py --directory quick"


def test_make_test_ends_when_a_worker_dies(tmp_path):
    """With other options pytest-xdist would wait for ever."""
    killed = (
        "import os, signal\n\n\n"
        "def test_killed():\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for number in range(3):
        (tmp_path / f"test_killed_{number}.py").write_text(killed)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    _, *command = shlex.split(last_command("test", f"TESTS='{tmp_path}'"))
    # This test itself may be run by a worker, which says so in its environment.
    env = {name: at for name, at in os.environ.items() if "PYTEST" not in name}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "crashed and worker restarting disabled" in done.stdout


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
