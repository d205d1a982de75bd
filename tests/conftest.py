import os
import shutil
import subprocess

import pytest
import yaml
from filelock import FileLock
from study import SmallDisk, edit_config, make_study, snakemake

CLAIMS = """
claims:
  - claim: L2 raises B.
    where: {metric: accuracy_b, batch_size: 64}
    effects:
      - {effect: L2, of: {l2: 0.01}, minus: {l2: 0}, published: 0.1, holds: [0, null]}
      - {effect: with L2, of: {l2: 0.01}, holds: [0.5, 1]}
"""
# Of another study, with the two settings of shorter training.
DEVELOPMENT = """\
name,method,size,l2,batch_size,epochs,n,threshold_unseen,auc_b_mean,accuracy_b_mean
two,siamese,small,0.01,64,2,5,0.25,0.8,0.7
one,siamese,small,0,64,2,5,0.25,0.9,0.75
"""


def made_once(tmp_path_factory, name, make):
    """A folder that the first process of the test run that asks for it makes.

    `make` gets the folder, which is not there, and fills it.
    """
    top = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        top = top.parent
    folder, made = top / name, top / f"{name} is made"
    with FileLock(top / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def run_to_end(directory, *targets):
    done = snakemake(directory, *targets, "--skip-script-cleanup")
    assert done.returncode == 0, done.stdout
    (directory / "run.log").write_text(done.stdout)


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """A study that snakemake has brought to its end. Do not change it.

    In a folder whose name has spaces and letters beyond ASCII; with the scripts of
    its jobs as Snakemake ran them.
    """
    return made_once(
        tmp_path_factory, "Ärmel & Schuhe 鞋", lambda path: run_to_end(make_study(path))
    )


@pytest.fixture(scope="session")
def study_with_replicates(tmp_path_factory, finished_study):
    """A study of two seeds with both splits, claims and a choice. Do not change it.

    It begins with the finished study, of which it needs two grid points.
    """
    arm = {"size": ["small"], "batch_size": [64], "epochs": [2]}

    def make(path):
        shutil.copytree(finished_study, path)
        shutil.rmtree(path / ".snakemake/scripts")
        (path / "config/claims.yaml").write_text(CLAIMS)
        edit_config(
            path,
            grid=[
                {"split_by": ["pairs"], "l2": [0.01, 0], **arm},
                {"split_by": ["images"], "l2": [0.01], **arm},
            ],
            seeds=[0, 1],
            claims="config/claims.yaml",
            choice={"folds": [[0, 1]], "seeds": [0], "metric": "auc"},
        )
        run_to_end(path, "all", "choice")

    return made_once(tmp_path_factory, "replicates", make)


@pytest.fixture(scope="session")
def divided_study(tmp_path_factory, finished_study):
    """The finished study with two more divisions of the classes. Do not change it.

    It has claims, a table of development, and a model to take away.
    """

    def make(path):
        shutil.copytree(finished_study, path)
        shutil.rmtree(path / ".snakemake/scripts")
        (path / "config/claims.yaml").write_text(CLAIMS)
        (path / "config/development.csv").write_text(DEVELOPMENT)
        config = yaml.safe_load((path / "config/config.yaml").read_text())
        edit_config(
            path,
            sets=config["sets"] | {"others": [[2, 4, 5, 9], [0, 1]]},
            claims="config/claims.yaml",
            development="config/development.csv",
        )
        run_to_end(path, "all", "best")

    return made_once(tmp_path_factory, "divided", make)


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
