"""The study through profiles/slurm on a real Slurm."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from study import content, different_results, edit_config, make_study

from cluster import slurm_cluster

# snakemake, whose executor looks at the queue each second, instead of 10 s later each
# time.
SNAKEMAKE = """
import asyncio
from snakemake.cli import main

sleep = asyncio.sleep
asyncio.sleep = lambda seconds, *result: sleep(min(seconds, 1), *result)
main()
"""
# Put into a script: its jobs wait while there is a file `hold`.
WAIT = """
import os, time
while os.path.exists("hold"):
    time.sleep(0.1)
"""
MODEL = "results/grid/size~small,l2~{},batch_size~64,epochs~{},seed~0/model.keras"


@pytest.fixture(scope="module")
def cluster():
    if reason := slurm_cluster.missing():
        pytest.skip(reason)
    # Slurm takes no spaces, which the folder for temporary files may have.
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    with slurm_cluster.running(folder):
        yield folder
    shutil.rmtree(folder)


class Run:
    """snakemake on the cluster, in the background."""

    def __init__(self, cluster, study, *arguments):
        self.log = study / "snakemake.txt"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", SNAKEMAKE, "--nocolor"),
                    *("--profile", "profiles/slurm", "--set-threads", "train=2"),
                    *("--slurm-init-seconds-before-status-checks", "1"),
                    *("--slurm-no-account", *arguments),
                ],
                cwd=study,
                env=slurm_cluster.environment(cluster),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, condition, what):
        """The condition's value, once it holds while snakemake runs."""

        def look():
            value = condition()
            assert value or self.process.poll() is None, self.log.read_text()
            return value

        return slurm_cluster.wait_for(look, what)

    def wait_for_output(self, text):
        self.wait_for(lambda: text in self.log.read_text(), text)

    def finish(self):
        """Wait for the end; return the exit status and what was printed."""
        return self.process.wait(), self.log.read_text()


@pytest.fixture(scope="module")
def start(cluster):
    """To start snakemake on the cluster; in the end all of them end."""
    runs = []

    def start_one(study, *arguments):
        runs.append(Run(cluster, study, *arguments))
        return runs[-1]

    yield start_one
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()


@pytest.fixture(scope="module")
def submitted(cluster, start, tmp_path_factory):
    """The small study through Slurm, and its submissions. Do not change it."""
    study = make_study(tmp_path_factory.mktemp("slurm") / "study")
    status, output = start(study).finish()
    assert status == 0, output
    return study, slurm_cluster.jobs(cluster)


def kind(job):
    """The rule or the group of a submission, which the executor puts into a comment."""
    return re.match("rule_([a-z]+)", job["Comment"])[1]


def states(cluster):
    """State of each submission, by its number."""
    return {job["JobId"]: job["JobState"] for job in slurm_cluster.jobs(cluster)}


def test_results_are_those_of_a_local_run(submitted, finished_study):
    study, _ = submitted
    machine = {"results/provenance.json", "results/summary/made_with.csv"}
    assert different_results(study, finished_study) <= machine


def test_a_submission_for_each_training_and_one_for_each_group(submitted):
    """Each training has a GPU, which no other job has; jobs of a group take a core."""
    study, jobs = submitted
    asked = {}
    for job in jobs:
        assert job["JobState"] == "COMPLETED"
        tres = dict(part.split("=") for part in job["TRES"].split(","))
        needs = tres["cpu"], tres["mem"], job.get("TresPerJob"), job["TimeLimit"]
        asked.setdefault(kind(job), []).append(needs)
    assert asked == {
        "pairs": [("1", "2000M", None, "00:20:00")],
        "baselines": [("1", "3000M", None, "00:10:00")],
        "train": 2 * [("2", "3000M", "gres:gpu:1", "00:30:00")],
        "evaluation": [("1", "2000M", None, "00:12:00")],
        "summary": [("1", "2000M", None, "00:32:00")],
    }
    for log in (study / "logs/train").iterdir():
        assert re.search(r"^GPU: ([01]), of \1$", log.read_text(), re.MULTILINE)


def test_a_cancelled_job_is_tried_again_and_the_same_command_resumes(
    cluster, start, submitted, finished_study, tmp_path
):
    """Four trainings at a time, which are all GPUs; one is cancelled, twice."""
    study = shutil.copytree(
        submitted[0], tmp_path / "study", ignore=shutil.ignore_patterns("grid")
    )
    grid = {"size": ["small"], "batch_size": [64], "epochs": [2]}
    penalties = [0, 0.01, 0.02, 0.03]
    edit_config(study, grid=grid | {"l2": penalties})
    script = study / "workflow/scripts/train.py"
    script.write_text(WAIT + script.read_text())
    (study / "hold").touch()
    first, *others = models = [study / MODEL.format(l2, 2) for l2 in penalties]
    targets = [str(path.relative_to(study)) for path in models]
    run = start(study, "--retries", "1", "--", *targets)

    def running():
        jobs = slurm_cluster.jobs(cluster)
        jobs = [job for job in jobs if job["JobState"] == "RUNNING"]
        return jobs if len(jobs) == len(models) else None

    jobs = run.wait_for(running, "all are training")
    assert Counter(job["NodeList"] for job in jobs) == {"node1": 2, "node2": 2}
    for attempt in (1, 2):
        (number,) = [
            job["JobId"]
            for job in run.wait_for(running, f"attempt {attempt} is training")
            if "small_0_" in job["Comment"]
        ]
        slurm_cluster.run(cluster, "scancel", number)
        run.wait_for_output(f"SLURM-job '{number}' failed")
    (study / "hold").unlink()
    status, output = run.finish()
    assert status == 1
    assert "Trying to restart job" in output
    assert not first.exists() and all(path.exists() for path in others)
    before = [path.stat().st_mtime_ns for path in others]
    status, output = start(study, "--", *targets).finish()
    assert status == 0, output
    assert content(first) == content(finished_study / first.relative_to(study))
    assert [path.stat().st_mtime_ns for path in others] == before
