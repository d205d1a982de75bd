"""A path of the config means the same folder wherever the study is."""

import gzip
import shutil

import pytest
import yaml
from study import edit_config, generate_files, make_study, snakemake

FILES = generate_files()
TARGET = "resources/fashion_mnist/train-images-idx3-ubyte"


@pytest.fixture
def project(tmp_path):
    return make_study(tmp_path / "a project")


def test_files_in_the_projects_folder_serve_each_study(project, tmp_path):
    """And where there are none, those serve that are put where the error says."""
    done = snakemake(project, TARGET, "--directory", str(tmp_path / "elsewhere"))
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "elsewhere" / TARGET).read_bytes() == FILES[TARGET[24:]]
    shutil.rmtree(project / "resources")
    done = snakemake(project, TARGET, "--directory", "other")
    (error,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    places = [f"{project}{part}/resources/fashion_mnist" for part in ("/other", "")]
    assert all(f"directory {place}: " in error for place in places)
    assert f"(log: {project}/other/logs/download.log)" in error
    (advised,) = (place for place in places if f".gz into {place}, or" in error)
    for name, data in FILES.items():
        path = project / advised / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data))
    done = snakemake(project, TARGET, "--directory", "other")
    assert done.returncode == 0, done.stdout


SUBMIT = """#!/bin/sh
env -u STORE sh "$1" > "$1.log" 2>&1 &
echo $!
"""


def test_a_clusters_job_knows_the_variables(project, tmp_path, monkeypatch):
    """Also where the scheduler does not pass on the environment."""
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    sources = [{"directory": "$STORE/a project/resources/fashion_mnist"}]
    edit_config(project, dataset=config["dataset"] | {"sources": sources})
    (tmp_path / "submit.sh").write_text(SUBMIT)
    monkeypatch.setenv("STORE", str(tmp_path))
    done = snakemake(
        project,
        *("--profile", "profiles/cluster-generic", "--jobs", "1"),
        *("--seconds-between-status-checks", "1"),
        *("--cluster-generic-submit-cmd", f"sh '{tmp_path / 'submit.sh'}'"),
        *("--", "results/pairs/seed~0/A.csv"),
    )
    assert done.returncode == 0, done.stdout
