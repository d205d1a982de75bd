"""The changes that docs/extend.md describes, applied and run as it says."""

import re
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_digits
from study import ROOT, copy_project, snakemake

# The least that has a run of everything that is added.
LESS = {
    "sizes": {"small": 2},
    "grid": {"epochs": [2], "network": ["deeper"]},
    "seeds": [0],
}


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """The project with all diffs, and a finished study of the digits."""
    project = tmp_path_factory.mktemp("extended")
    copy_project(project)
    text = (ROOT / "docs/extend.md").read_text(encoding="utf-8")
    for diff in re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        subprocess.run(
            ["git", "apply", "-"], cwd=project, input=diff, text=True, check=True
        )
    digits = load_digits()
    images = (digits.images * 15).astype("uint8")
    folder = project / "resources/digits"
    folder.mkdir(parents=True)
    np.savez(folder / "digits.npz", images=images, labels=digits.target)
    (project / "less.yaml").write_text(yaml.safe_dump(LESS))
    overlays = "config/datasets/digits.yaml", "config/mine.yaml", "less.yaml"
    done = snakemake(project, "--configfile", *overlays)
    assert done.returncode == 0, done.stdout
    return project / "results/digits/summary"


def test_each_addition_is_in_the_results(extended):
    summary = pd.read_csv(extended / "summary.csv")
    trained = summary[summary["method"] == "siamese"]
    assert set(trained["slope"]) == {0, 0.1}
    assert set(trained["network"]) == {"deeper"}
    # The metric, of baselines too.
    assert summary["gap_b"].notna().all()
    assert "thumbnails" in set(summary["method"])
    claims = pd.read_csv(extended / "claims.csv")
    assert list(claims["metric"]) == ["accuracy_b", "gap_b"]
    gaps = trained.set_index("slope")["gap_b"]
    assert claims["mean"].iloc[1] == pytest.approx(gaps[0.1] - gaps[0])
    assert (extended / "spread.png").stat().st_size > 0
