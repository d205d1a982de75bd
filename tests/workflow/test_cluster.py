"""The cluster profiles, with a shell in place of a scheduler."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict

from study import content, snakemake

# Prints a job's id, as submit commands do, and runs the job in the background.
SUBMIT = """#!/bin/sh
echo "$1 $2" >> {log}
sh "$2" > /dev/null 2>&1 &
echo $!
"""
POINTS = [
    f"results/grid/size~small,l2~0,batch_size~64,epochs~{n},seed~0" for n in (2, 3)
]


def test_a_settings_runs_are_one_submission(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    shutil.rmtree(study / "results/grid")
    submit, log = tmp_path / "submit.sh", tmp_path / "submissions.txt"
    submit.write_text(SUBMIT.format(log=log))
    done = snakemake(
        study,
        *("--profile", "profiles/cluster-generic", "--jobs", "4"),
        *("--seconds-between-status-checks", "1", "--set-threads", "train=2"),
        *("--cluster-generic-submit-cmd", f"sh {submit} {{resources.gpu}}", "--"),
        *(f"{POINTS[0]}/metrics.json", f"{POINTS[1]}/history.csv"),
    )
    assert done.returncode == 0, done.stdout
    ((gpus, script),) = (line.split() for line in log.read_text().splitlines())
    assert gpus == "1" and "snakejob.setting_" in script
    for name in (f"{point}/model.keras" for point in POINTS):
        assert content(study / name) == content(finished_study / name)


# Each option replaces the whole block of its name in a profile.
OPTIONS = (
    *("--set-resources", "train:mem_mb=8000 * attempt"),
    *("--default-resources", "slurm_partition=gpu", "mem_mb=500", "runtime=1"),
    *("--set-threads", "examine_best_setting=2"),
    *("--set-resource-scopes", "disk_mb=local"),
)


def test_failed_jobs_ask_for_more_and_options_replace_what_they_name(
    finished_study, tmp_path
):
    """A submission is said to have failed once the first four are all there."""
    study = shutil.copytree(finished_study, tmp_path / "study")
    shutil.rmtree(study / POINTS[1])
    targets = [
        *(f"{POINTS[0]}/{name}" for name in ("metrics.json", "distances.npz")),
        "results/baselines/seed~0/metrics.json",
        "results/verification/seed~0/pairs.png",
    ]
    for name in targets:
        (study / name).unlink()
    log, submit, status = (
        tmp_path / name for name in ("log", "submit.sh", "status.sh")
    )
    submit.write_text(f"grep '^# properties = ' \"$1\" >> {log}; echo 1\n")
    status.write_text(f"test $(wc -l < {log}) -lt 4 && echo running || echo failed\n")
    command = [
        *(sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"),
        *("--executor", "cluster-generic", "--seconds-between-status-checks", "1"),
        *("--cluster-generic-submit-cmd", f"sh {submit}"),
        *("--cluster-generic-status-cmd", f"sh {status}", *OPTIONS, "--", *targets),
    ]
    done = subprocess.run([*command, f"{POINTS[1]}/model.keras"], cwd=study)
    assert done.returncode == 1
    asked = defaultdict(list)
    for line in log.read_text().splitlines():
        job = json.loads(line.removeprefix("# properties = "))
        needs = [job["resources"][name] for name in ("runtime", "mem_mb", "gpu")]
        name = re.split("[_-]", job.get("groupid", job.get("rule")))[0]
        asked[name].append((*needs, job["threads"]))
    assert asked == {
        "train": [(30 * n, 8000 * n, 1, 3) for n in (1, 2, 3)],
        # Embedding and evaluation, one after the other.
        "evaluation": [(5 * n, 2000 * n, 0, 1) for n in (1, 2, 3)],
        "baselines": [(10 * n, 3000 * n, 0, 1) for n in (1, 2, 3)],
        "pairs": [(4 * n, 2000 * n, 0, 1) for n in (1, 2, 3)],
    }
