"""The cluster profiles, with a shell in place of a scheduler."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict

import pytest
from hold import PATIENCE
from study import make_study, snakemake

# Prints a job's id, as submit commands do, and runs the job in the background.
SUBMIT = """#!/bin/sh
echo "$1 $2" >> {log}
sh "$2" > /dev/null 2>&1 &
echo $!
"""


def test_a_settings_runs_are_one_submission(finished_study, tmp_path):
    study = make_study(tmp_path / "study")
    points = [
        path.relative_to(finished_study).parent
        for path in sorted(finished_study.glob("results/grid/*/history.csv"))
    ]
    assert len(points) == 4
    submit, log = tmp_path / "submit.sh", tmp_path / "submissions.txt"
    submit.write_text(SUBMIT.format(log=log))
    done = snakemake(
        study,
        *("--profile", "profiles/cluster-generic", "--jobs", "4"),
        *("--seconds-between-status-checks", "1"),
        *("--cluster-generic-submit-cmd", f"sh {submit} {{resources.gpu}}"),
        *("--set-threads", "train=2", "--"),
        *(f"{point}/curves.png" for point in points),
    )
    assert done.returncode == 0, done.stdout
    submissions = [line.split() for line in log.read_text().splitlines()]
    names = [(gpus, script.split("snakejob.")[1]) for gpus, script in submissions]
    settings = [gpus for gpus, name in names if name.startswith("setting_")]
    assert settings == ["1", "1"]
    assert {gpus for gpus, name in names if not name.startswith("setting_")} == {"0"}
    assert not [
        name for _, name in names if re.match(r"(train|embed|evaluate)\.", name)
    ]
    for name in (point / "history.csv" for point in points):
        assert (study / name).read_bytes() == (finished_study / name).read_bytes()


@pytest.fixture(scope="module")
def unfinished_study(finished_study, tmp_path_factory):
    """One training, three evaluations, baselines and a drawing are to be made."""
    study = tmp_path_factory.mktemp("unfinished") / "study"
    shutil.copytree(finished_study, study)
    training, *points = sorted((study / "results/grid").iterdir(), reverse=True)
    assert "epochs~3" in training.name
    shutil.rmtree(training)
    for point in points:
        for name in ("distances.npz", "encoder.keras", "metrics.json"):
            (point / name).unlink()
    (study / "results/baselines/seed~0/metrics.json").unlink()
    (study / "results/verification/seed~0/pairs.png").unlink()
    targets = [
        training / "model.keras",
        *(point / "metrics.json" for point in points),
        study / "results/baselines/seed~0/metrics.json",
        study / "results/verification/seed~0/pairs.png",
    ]
    return study, [str(path.relative_to(study)) for path in targets]


def submissions(unfinished_study, folder, profile, *options):
    """What is asked for in each submission, a list of its attempts by its first word.

    Minutes, MB, GPUs, cores. A submission fails once the first four are all there.
    """
    study, targets = unfinished_study
    log, submit, status = (folder / name for name in ("log", "submit.sh", "status.sh"))
    submit.write_text(f"grep '^# properties = ' \"$1\" >> {log}; echo 1\n")
    status.write_text(f"test $(wc -l < {log}) -lt 4 && echo running || echo failed\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--nocolor"),
            *("--profile", f"profiles/{profile}", "--executor", "cluster-generic"),
            *("--cluster-generic-submit-cmd", f"sh {submit}"),
            *("--cluster-generic-status-cmd", f"sh {status}"),
            *("--seconds-between-status-checks", "1", "--keep-going", *options),
            *("--", *targets),
        ],
        cwd=study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1, done.stdout
    asked = defaultdict(list)
    for line in log.read_text().splitlines():
        job = json.loads(line.removeprefix("# properties = "))
        needs = job["resources"]
        asked[re.split("[_-]", job.get("groupid", job.get("rule")))[0]].append(
            (needs["runtime"], needs["mem_mb"], needs["gpu"], job["threads"])
        )
    return dict(asked)


EVERY_ATTEMPT = {
    "train": [(30 * n, 3000 * n, 1, 3) for n in (1, 2, 3)],
    # Of three grid points, one after the other.
    "evaluation": [(3 * 5 * n, 2000 * n, 0, 1) for n in (1, 2, 3)],
    "baselines": [(10 * n, 3000 * n, 0, 1) for n in (1, 2, 3)],
    "pairs": [(4 * n, 2000 * n, 0, 1) for n in (1, 2, 3)],
}
OTHER_RULE = ("--set-resources", "examine_best_setting:mem_mb=8000")
PARTITION = ("--default-resources", "slurm_partition=gpu")


@pytest.mark.parametrize(
    "options",
    [
        (),
        OTHER_RULE,
        PARTITION,
        (*OTHER_RULE, *PARTITION),
        ("--default-resources", "mem_mb=500", "runtime=1"),
        ("--set-threads", "examine_best_setting=2"),
        ("--set-resource-scopes", "disk_mb=local"),
    ],
    ids=" ".join,
)
def test_an_option_for_one_thing_leaves_what_others_need(
    unfinished_study, tmp_path, options
):
    """Each option replaces the whole block of that name in a profile."""
    assert submissions(unfinished_study, tmp_path, "slurm", *options) == EVERY_ATTEMPT


def test_an_option_for_a_rules_memory_leaves_its_time(unfinished_study, tmp_path):
    option = ("--set-resources", "train:mem_mb=8000 * attempt")
    asked = submissions(unfinished_study, tmp_path, "slurm", *option)
    train = [(30 * n, 8000 * n, 1, 3) for n in (1, 2, 3)]
    assert asked == EVERY_ATTEMPT | {"train": train}


def test_any_scheduler_is_told_of_gpus_whatever_the_defaults(
    unfinished_study, tmp_path
):
    asked = submissions(unfinished_study, tmp_path, "cluster-generic", *PARTITION)
    assert sorted(asked["setting"]) == [*3 * [(5, 2000, 0, 1)], (30, 3000, 1, 3)]
    assert asked["evaluate"] == EVERY_ATTEMPT["baselines"][:1]
    assert asked["draw"] == EVERY_ATTEMPT["pairs"][:1]
