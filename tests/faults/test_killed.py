"""Stopped in the middle of a job: the same command resumes, and nothing half counts.

In each case half of a file is there under its own name.
"""

import os
import shutil
import signal

import pytest
from hold import Held
from study import content, snakemake

pytestmark = pytest.mark.faults
POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~3,seed~0"
JOBS = {
    "download": ["resources/fashion_mnist/t10k-images-idx3-ubyte"],
    "train": [f"{POINT}/model.keras", f"{POINT}/history.csv"],
    "embed": [f"{POINT}/distances.npz"],
}


@pytest.mark.parametrize("rule", JOBS)
def test_killed_stopped_and_run_again(finished_study, tmp_path, rule):
    study, targets = shutil.copytree(finished_study, tmp_path / "study"), JOBS[rule]

    def held():
        for name in targets:
            (study / name).unlink(missing_ok=True)
        return Held(study, rule, targets[0])

    # kill -9 of snakemake: its job ends too, and Snakemake's lock stays
    run = held()
    run.process.kill()
    assert run.end()[0] == -signal.SIGKILL
    assert (study / targets[0]).read_text() == "half of it"
    assert "Directory cannot be locked" in snakemake(study, *targets).stdout
    assert snakemake(study, "--unlock").returncode == 0

    # Ctrl-C
    run = held()
    os.killpg(run.process.pid, signal.SIGINT)
    status, output = run.end()
    assert status == 1
    assert output.count(f"Stopped (log: {study}/logs/") == 1
    assert "Traceback" not in output

    # The half that is left counts as nothing, without being told to.
    assert "Nothing to be done" not in snakemake(study, "-n", *targets).stdout

    # kill -9 of the job
    run = held()
    os.kill(run.pid, signal.SIGKILL)
    status, output = run.end()
    assert status == 1
    assert f"Error in rule {rule}:" in output
    assert not any((study / name).exists() for name in targets)

    run = held()
    run.go_on()
    status, output = run.end()
    assert status == 0, output
    for name in targets:
        assert content(study / name) == content(finished_study / name)
    assert "Nothing to be done" in snakemake(study, "-n", *targets).stdout


SUBMIT = """#!/bin/sh
setsid sh "$1" > /dev/null 2>&1 &
echo $!
"""


def test_a_job_on_a_cluster_outlives_the_snakemake_that_submitted_it(
    finished_study, tmp_path
):
    study = shutil.copytree(finished_study, tmp_path / "study")
    (tmp_path / "submit.sh").write_text(SUBMIT)
    name = f"{POINT}/model.keras"
    (study / name).unlink()
    run = Held(
        *(study, "train", name),
        *("--profile", "profiles/cluster-generic", "--jobs", "1"),
        *("--cluster-generic-submit-cmd", f"sh '{tmp_path / 'submit.sh'}'"),
        *("--set-threads", "train=2", "--"),
    )
    run.process.kill()
    run.process.wait()
    run.go_on()
    run.end()
    assert content(study / name) == content(finished_study / name)
