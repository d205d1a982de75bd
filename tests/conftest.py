import os
import subprocess

import pytest
from study import SmallDisk, copy_project, make_study, snakemake

CLAIMS = """
claims:
  - claim: L2 raises B.
    where: {metric: accuracy_b, batch_size: 64}
    effects:
      - {effect: L2, of: {l2: 0.01}, minus: {l2: 0}, published: 0.1, holds: [0, null]}
      - {effect: with L2, of: {l2: 0.01}, holds: [0.5, 1]}
"""


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A study that snakemake has brought to its end. Do not change it.

    In a folder whose name has spaces and letters beyond ASCII; with the scripts of
    its jobs as Snakemake ran them.
    """
    directory = make_study(tmp_path_factory.mktemp("finished") / "Ärmel & Schuhe 鞋")
    done = snakemake(directory, "--skip-script-cleanup")
    assert done.returncode == 0, done.stdout
    (directory / "run.log").write_text(done.stdout)
    return directory


@pytest.fixture(scope="session")
def study_with_replicates(tmp_path_factory):
    """A study of two seeds with both splits, claims and a choice. Do not change it."""
    arm = {"size": ["small"], "batch_size": [64], "epochs": [2]}
    directory = make_study(
        tmp_path_factory.mktemp("replicates"),
        grid=[
            {"split_by": ["pairs"], "l2": [0.01, 0], **arm},
            {"split_by": ["images"], "l2": [0.01], **arm},
        ],
        seeds=[0, 1],
        claims="config/claims.yaml",
        choice={"folds": [[0, 1]], "seeds": [0], "metric": "auc"},
    )
    (directory / "config/claims.yaml").write_text(CLAIMS)
    done = snakemake(directory, "all", "choice", "--skip-script-cleanup")
    assert done.returncode == 0, done.stdout
    return directory


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    try:
        disk = SmallDisk(tmp_path_factory.mktemp("disk") / "small")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    yield disk
    disk.unmount()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project's code, to give configs to, and a folder to run it in."""
    directory = tmp_path_factory.mktemp("project")
    copy_project(directory)
    (directory / "elsewhere").mkdir()
    return directory
