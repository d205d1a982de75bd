"""The workflow as a module of another one, and parsed more than once."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from conftest import CLAIMS
from study import ROOT, content, planned_jobs, snakemake

NAME = "train-images-idx3-ubyte"

MODULE = """
module siamese:
    snakefile:
        {snakefile!r}
{options}

use rule * from siamese as siamese_*


rule everything:
    default_target: True
    input:
        rules.siamese_all.input,
"""
POINT = "grid/size~small,l2~0,batch_size~64,epochs~{},seed~0"


@pytest.fixture
def other(finished_study, tmp_path):
    """Another workflow's folder, and a function that writes its Snakefile."""
    folder = tmp_path / "another workflow"
    (folder / "resources").mkdir(parents=True)
    shutil.copytree(
        finished_study / "resources/fashion_mnist", folder / "resources/fashion_mnist"
    )

    def write(options):
        text = MODULE.format(
            snakefile=str(finished_study / "workflow/Snakefile"), options=options
        )
        (folder / "Snakefile").write_text(text)

    return folder, write


def test_a_module_with_a_config_and_a_prefix(finished_study, other):
    """The config has what differs from the project's alone."""
    folder, write = other
    grid = {"size": ["small"], "l2": [0], "batch_size": [64], "epochs": [2, 3]}
    (folder / "config.yaml").write_text(yaml.safe_dump({"siamese": {"grid": grid}}))
    write(
        '    config:\n        config["siamese"]\n    prefix:\n        "studies/a b"\n'
    )
    path = folder / "Snakefile"
    path.write_text('configfile: "config.yaml"\n' + path.read_text())
    done = snakemake(folder, "-n", "--quiet", "rules")
    assert done.returncode == 0, done.stdout
    jobs = planned_jobs(done.stdout)
    assert jobs["siamese_train"] == jobs["siamese_evaluate"] == 2
    names = [f"{POINT.format(3)}/history.csv", f"{POINT.format(2)}/metrics.json"]
    done = snakemake(folder, *(f"studies/a b/results/{name}" for name in names))
    assert done.returncode == 0, done.stdout
    for name in names:
        made = folder / "studies/a b/results" / name
        assert content(made) == content(finished_study / "results" / name)
    assert not (folder / "results").exists()
    log = folder / "studies/a b/logs/train" / f"{POINT.format(3)[5:]}.log"
    assert "Resuming from studies/a b/results/" in log.read_text()
    done = snakemake(folder, "-n", *(f"studies/a b/results/{name}" for name in names))
    assert "Nothing to be done" in done.stdout
    verified = subprocess.run(
        [sys.executable, ROOT / "workflow/verify.py", "--directory=studies/a b"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(
        re.escape(f"{folder}/studies/a b: ") + "[0-9]+ files as their jobs left them\n",
        verified.stdout + verified.stderr,
    )


def test_paths_of_a_module_begin_in_the_study_and_then_in_the_project(
    finished_study, other
):
    """From the importing workflow, which names the module by a relative path."""
    folder, write = other
    shutil.rmtree(folder / "resources")
    (folder / "claims").mkdir()
    config = {"claims": "claims/own.yaml"}
    write(f"    config:\n        {config!r}\n    prefix:\n        'b'\n")
    path = folder / "Snakefile"
    relative = os.path.relpath(finished_study / "workflow/Snakefile", folder)
    absolute = str(finished_study / "workflow/Snakefile")
    path.write_text(path.read_text().replace(absolute, relative))
    data = f"b/resources/fashion_mnist/{NAME}"
    done = snakemake(folder, "--directory", "study", data)
    assert done.returncode == 1
    places = f"{folder}/study/claims/own.yaml or {finished_study}/claims/own.yaml"
    assert f"expected a file; there is none at {places}\n" in done.stdout
    (folder / "study/claims").mkdir()
    (folder / "study/claims/own.yaml").write_text(CLAIMS)
    done = snakemake(folder, "--directory", "study", data)
    assert done.returncode == 0, done.stdout
    log = (folder / "study/b/logs/download.log").read_text()
    places = [
        f"{top}/resources/fashion_mnist" for top in (folder / "study", finished_study)
    ]
    assert re.findall("Trying directory (.*)", log) == places


def test_a_module_without_a_config_is_the_project_itself(other):
    folder, write = other
    write("")
    done = snakemake(folder, "-n", "--quiet", "rules")
    assert done.returncode == 0, done.stdout
    assert planned_jobs(done.stdout)["siamese_train"] == 4


TWICE = """
import os, subprocess, sys
from pathlib import Path
from snakemake.api import (
    ConfigSettings, DAGSettings, OutputSettings, ResourceSettings, SnakemakeApi
)

def seen():
    return dict(os.environ), list(sys.path), str(sys.executable), sorted(sys.argv)

def parse():
    with SnakemakeApi(OutputSettings(dryrun=True)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1), ConfigSettings(),
            snakefile=Path("Snakefile"), workdir=Path.cwd(),
        )
        workflow.dag(DAGSettings()).execute_workflow(executor="dryrun")
    return seen()

python, path = sys.executable, list(sys.path)
first = parse()
assert parse() == first
assert sys.executable == python and dict(os.environ) == first[0]
assert len(set(sys.path)) == len(sys.path) <= len(path) + 4
subprocess.run([sys.executable, "-c", ""], check=True)
"""


def test_parsing_changes_nothing_that_a_second_parse_would_see(
    finished_study, tmp_path
):
    """With a Python in a folder with a space, which a shell must see quoted."""
    environment = tmp_path / "my environment"
    environment.symlink_to(sys.prefix)
    done = subprocess.run(
        [environment / "bin/python", "-c", TWICE],
        cwd=finished_study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
