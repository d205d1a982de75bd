"""A path of the config means the same folder wherever the study is."""

import gzip
import os

import pytest
import yaml
from study import edit_config, generate_files, make_study, snakemake

FILES = generate_files()
TARGET = "resources/fashion_mnist/train-images-idx3-ubyte"


@pytest.fixture
def project(tmp_path):
    return make_study(tmp_path / "a project")


def write_overlay(path, **content):
    path.write_text(yaml.safe_dump(content))
    return "--configfile", str(path)


def write_files(folder):
    folder.mkdir(parents=True)
    for name, data in FILES.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))


def error_of(done):
    assert done.returncode == 1
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    return line


def test_files_in_the_projects_folder_serve_each_study(project, tmp_path):
    """And where there are none, those serve that are put where the error says."""
    for folder in ("quick", str(tmp_path / "elsewhere")):
        done = snakemake(project, TARGET, "--directory", folder)
        assert done.returncode == 0, done.stdout
        assert (project / folder / TARGET).read_bytes() == FILES[TARGET[24:]]
    for path in (project / "resources/fashion_mnist").glob("*.gz"):
        path.unlink()
    error = error_of(snakemake(project, TARGET, "--directory", "other"))
    places = [f"{project}{part}/resources/fashion_mnist" for part in ("/other", "")]
    assert error.count("not found in ") == 2
    assert all(f"not found in {place}" in error for place in places)
    assert f"(log: {project}/other/logs/download.log)" in error
    advised = error.partition(".gz into ")[2].partition(", or")[0]
    assert advised == places[0]
    write_files(project / advised)
    done = snakemake(project, TARGET, "--directory", "other")
    assert done.returncode == 0, done.stdout


def test_home_and_variables_in_sources(project, tmp_path, monkeypatch):
    for name in ("home/data", "store/fashion"):
        write_files(tmp_path / name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for number, folder in enumerate(("~/data", "$HOME/data", "${STORE}/fashion")):
        dataset = {"sources": [{"directory": folder}]}
        arguments = write_overlay(tmp_path / "overlay.yaml", dataset=dataset)
        arguments += ("--directory", f"study {number}", TARGET)
        if "STORE" in folder:
            error = error_of(snakemake(project, *arguments))
            assert error.startswith(
                "Error: Config: dataset.sources.0.directory: found '${STORE}/fashion', "
                "expected a path of variables that are set; STORE is not: set it"
            )
            monkeypatch.setenv("STORE", str(tmp_path / "store"))
        done = snakemake(project, *arguments)
        assert done.returncode == 0, done.stdout


SUBMIT = """#!/bin/sh
env -u STORE sh "$1" > "$1.log" 2>&1 &
echo $!
"""


def test_a_clusters_job_knows_the_variables(project, tmp_path, monkeypatch):
    """Also where the scheduler does not pass on the environment."""
    claim = {"effect": "x", "of": {"metric": "auc_b"}, "holds": [0, 1]}
    claims = {"claims": [{"claim": "x", "effects": [claim]}]}
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(claims))
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    sources = [{"directory": "$STORE/a project/resources/fashion_mnist"}]
    dataset = config["dataset"] | {"sources": sources}
    edit_config(project, claims="$STORE/claims.yaml", dataset=dataset)
    monkeypatch.setenv("STORE", str(tmp_path))
    (tmp_path / "submit.sh").write_text(SUBMIT)
    done = snakemake(
        project,
        *("--profile", "profiles/cluster-generic", "--jobs", "1"),
        *("--seconds-between-status-checks", "1"),
        *("--cluster-generic-submit-cmd", f"sh {tmp_path / 'submit.sh'}"),
        *("--", "results/pairs/seed~0/A.csv"),
    )
    assert done.returncode == 0, done.stdout
    assert "make_pairs" in done.stdout


def test_another_place_of_the_data_is_no_reason_to_run(
    finished_study, tmp_path, monkeypatch
):
    dataset = {"sources": [{"directory": "$STORE"}]}
    overlay = write_overlay(tmp_path / "overlay.yaml", dataset=dataset)
    monkeypatch.setenv("STORE", "/nowhere")
    done = snakemake(finished_study, "-n", *overlay)
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in done.stdout


def test_a_folder_that_the_shell_has_not_replaced(project):
    error = error_of(snakemake(project, "-n", "--directory=~/quick"))
    assert error.startswith(f"Error: {project}/~/quick: a folder named ~, expected")
    assert os.listdir(project / "~/quick") in ([], [".snakemake"])
