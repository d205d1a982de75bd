"""The measurements of scale, on little; and what is read of a large study's files."""

import shutil

import pandas as pd
import pytest
import run
import scale
import scale_summary
import scale_tables
from study import snakemake


def test_a_command_that_takes_too_long_is_stopped(tmp_path):
    command = ["python", "-c", "while True: pass"]
    assert run.measure(command, tmp_path, tmp_path / "log", cpu_limit=1) is None


def test_files_are_counted_by_grid_point_seed_and_study(finished_study):
    counts = {
        (row["kind"], row["of"]): row["files"]
        for row in scale.count_files(finished_study)
    }
    assert counts["results", "grid point"] == counts["metadata", "grid point"] == 4 * 5
    assert counts["logs", "grid point"] == 4 * 4
    assert counts["benchmarks", "grid point"] == 4
    # three tables of pairs, two files of verification, the baselines
    assert counts["results", "seed"] == 6
    # the images, eight files of the summary, the loss
    assert counts["results", "study"] == 3 + 8 + 2


def test_jobs_that_do_nothing_are_all_run(tmp_path):
    used = scale.jobs(tmp_path, "shell", 2, ["--scheduler-subsample", "1"])
    assert used["jobs"] == 9
    assert len([x for x in (tmp_path / "jobs/results").rglob("*") if x.is_file()]) == 9


@pytest.fixture
def real(finished_study, tmp_path):
    """The finished study under the grid point's name that `scale` makes."""
    folder = shutil.copytree(finished_study, tmp_path / "real")
    point = folder / "results/grid"
    (point / "size~small,l2~0,batch_size~64,epochs~2,seed~0").rename(
        point / "size~small,l2~0,batch_size~4096,epochs~1,seed~0"
    )
    return folder


def test_the_summary_reads_metrics_alone_and_distances_of_one_setting(real, tmp_path):
    seeds = 2
    used = scale_summary.summary(tmp_path, seeds, real)
    rows = 64 * seeds
    assert used["summarise"]["opened"] == {
        "metrics.json": rows + seeds,
        "summary.csv": 1,
    }
    for script in ("describe_settings", "plot_summary", "judge_claims"):
        assert not {"metrics.json", "distances.npz"} & used[script]["opened"].keys()
    assert used["examine_best_setting"]["opened"]["distances.npz"] == seeds
    folder = tmp_path / f"summary-{seeds}"
    assert len(pd.read_csv(folder / "summary.csv")) == rows + 7 * seeds
    assert not list(folder.rglob("model.keras"))


def test_snakemake_summarises_without_networks_and_distances(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    for name in ("model.keras", "history.csv", "distances.npz"):
        for path in (study / "results/grid").rglob(name):
            path.unlink()
    table = study / "results/summary/summary.csv"
    before = table.read_bytes()
    table.unlink()
    done = snakemake(study, "results/summary/summary.csv")
    assert done.returncode == 0, done.stdout
    assert table.read_bytes() == before
    assert not list((study / "results").rglob("distances.npz"))


def test_a_plan_that_did_not_finish_says_so():
    used = {"wall": 2.0, "cpu": 1.6, "peak": 150e6}
    measured = {
        "plan, from nothing, 1": used,
        "plan, from nothing, 10": None,
        "files": [{"kind": "results", "of": "grid point", "files": 10, "bytes": 3000}],
        "summary, 1": {"summarise": {**used, "opened": {"metrics.json": 65}}},
        "jobs, shell, 2": {**used, "jobs": 9},
        "jobs, shell, 2 --executor slurm --jobs 5, or so": {**used, "jobs": 9},
    }
    text = scale_tables.report(measured)
    lines = [
        [x.strip() for x in line.strip("|").split("|")] for line in text.split("\n")
    ]
    assert ["from nothing", "64", "1.6", "2.0", "150", "25.00"] in lines
    assert ["from nothing", "640", "not in its time", "", "", ""] in lines
    assert ["grid point", "results", "5", "1.5"] in lines
    assert ["summarise", "64", "1.6", "150", "65 metrics.json"] in lines
    assert ["9 shell", "--executor slurm --jobs 5, or so", "2.0", "4.5", "178"] in lines
    bars = scale_tables.draw(measured).axes[2].get_yticklabels()
    assert len(bars) == 2
