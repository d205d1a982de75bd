"""The changes that docs/extend.md describes, applied and run as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits
from study import ROOT, snakemake

FOLDERS = ("bench", "config", "docs", "profiles", "tests", "workflow")
# The least that has a run of everything that is added.
LESS = {
    "sizes": {"small": 2},
    "grid": {"epochs": [2], "network": ["deeper"]},
    "seeds": [0],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project with all diffs."""
    project = tmp_path_factory.mktemp("extended")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, project / name)
    for path in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(path, project)
    (project / "results").mkdir()
    shutil.copy(ROOT / "results/README.md", project / "results")
    text = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
    for diff in re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        subprocess.run(
            ["git", "apply", "-"], cwd=project, input=diff, text=True, check=True
        )
    make(project, "reference")
    return project


def make(project, target):
    """What `make` says to a target, in the environment of the tests."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["make", "RUNTIME=", "DEVELOPMENT=", target]
    environment = os.environ | {"PATH": path}
    subprocess.run(command, cwd=project, env=environment, check=True)


def test_each_addition_is_in_the_results(project):
    digits = load_digits()
    folder = project / "resources/digits"
    folder.mkdir(parents=True)
    images = (digits.images * 15).astype("uint8")
    np.savez(folder / "digits.npz", images=images, labels=digits.target)
    (project / "less.yaml").write_text(yaml.safe_dump(LESS))
    overlays = "config/datasets/digits.yaml", "config/mine.yaml", "less.yaml"
    rules = ("judge_claims", "plot_spread")
    done = snakemake(project, "--configfile", *overlays, "--until", *rules)
    assert done.returncode == 0, done.stdout
    results = project / "results/digits/summary"
    summary = pd.read_csv(results / "summary.csv")
    trained = summary[summary["method"] == "siamese"]
    assert set(trained["slope"]) == {0, 0.1}
    assert set(trained["network"]) == {"deeper"}
    # The metric, of baselines too.
    assert summary["gap_b"].notna().all()
    assert "thumbnails" in set(summary["method"])
    claims = pd.read_csv(results / "claims.csv")
    assert list(claims["metric"]) == ["accuracy_b", "gap_b"]
    gaps = trained.set_index("slope")["gap_b"]
    assert claims["mean"].iloc[1] == pytest.approx(gaps[0.1] - gaps[0])
    assert (results / "spread.png").stat().st_size > 0


def test_nothing_else_needs_a_change(project):
    make(project, "lint")
    # All unit tests but those whose arithmetic takes longest.
    slow = "learns_and_resumes or number_of_threads or of_the_card or plain_keras"
    command = [sys.executable, "-m", "pytest", "-q", "tests/unit"]
    command += ["-k", f"not ({slow})"]
    subprocess.run(command, cwd=project, check=True)
