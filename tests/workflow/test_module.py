"""The workflow as a module of another one."""

import json
import os
import re
import subprocess
import sys

import yaml
from study import GRID, ROOT, content, planned_jobs, snakemake

MODULE = """
configfile: "config.yaml"

module siamese:
    snakefile: {snakefile!r}
    config: config["siamese"]
    prefix: "studies/a b"

use rule * from siamese as siamese_*

rule everything:
    default_target: True
    input:
        rules.siamese_all.input,
"""
POINT = "size~small,l2~0,batch_size~64,epochs~{},seed~0"


def environment(log):
    """The variables of a job, as its log records them."""
    text = re.search("^Made with: (.*)$", log.read_text(), re.MULTILINE)[1]
    return json.loads(text)["environment"]


def test_a_module_with_a_config_and_a_prefix(finished_study, tmp_path):
    """The config has what differs from the project's, whose folder has the data."""
    other = tmp_path / "another workflow"
    study, target = other / "studies/a b", f"grid/{POINT.format(3)}/history.csv"
    other.mkdir()
    relative = os.path.relpath(finished_study / "workflow/Snakefile", other)
    (other / "Snakefile").write_text(MODULE.format(snakefile=relative))
    (other / "config.yaml").write_text(yaml.safe_dump({"siamese": {"grid": GRID}}))
    done = snakemake(other, f"studies/a b/results/{target}")
    assert done.returncode == 0, done.stdout
    made = content(study / "results" / target)
    assert made == content(finished_study / "results" / target)
    assert not (other / "results").exists()
    log = f"logs/train/{POINT.format(3)}.log"
    assert "Resuming from studies/a b/results/" in (study / log).read_text()
    assert environment(study / log) == environment(finished_study / log)
    done = snakemake(other, "-n")
    jobs = planned_jobs(done.stdout)
    assert jobs["siamese_evaluate"] == 2 and "siamese_train" not in jobs
    verify = [sys.executable, ROOT / "workflow/study.py", "verify"]
    done = subprocess.run(
        [*verify, "--directory=studies/a b"], cwd=other, capture_output=True, text=True
    )
    assert "files as their jobs left them" in done.stdout, done.stderr
