"""The cluster profile, with a shell in place of a scheduler."""

import re

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
