"""Real snakemake on a small study, from the files to the summary."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import yaml
from study import GRID, ROOT, content, edit_config, make_study, planned_jobs, snakemake

POINT = "size~small,l2~0,batch_size~64,epochs~{},seed~0"
LAST = ("made_with.csv", "settings.csv", "summary.md", "overview.html")


def files_in(folder):
    paths = filter(Path.is_file, folder.rglob("*"))
    return {path.relative_to(folder).as_posix() for path in paths}


def read_json(path):
    return json.loads(path.read_text())


def test_every_output_is_there(finished_study):
    results = finished_study / "results"
    for epochs in (2, 3):
        folder = results / "grid" / POINT.format(epochs)
        assert files_in(folder) == {
            *("curves.png", "curves.svg", "distances.npz", "encoder.keras"),
            *("history.csv", "metrics.json", "model.keras"),
        }
        history = pd.read_csv(folder / "history.csv")
        assert history["epoch"].tolist() == [1, 2, 3][:epochs]
    assert files_in(results / "summary") == {
        *("summary.csv", "summary.md", "summary.png", "summary.svg", "settings.csv"),
        *("classes.csv", "classes.png", "classes.svg", "distances.png"),
        *("distances.svg", "worst_pairs.png", "embeddings.html", "explorer.html"),
        *("made_with.csv", "overview.html"),
    }
    summary = pd.read_csv(results / "summary/summary.csv")
    assert (summary["method"] == "siamese").sum() == 2
    assert len(summary) == 2 + 11
    loss = (results / "verification/loss.txt").read_text()
    assert "0.15251" in loss and "0.10023" in loss
    log = (finished_study / "run.log").read_text()
    assert "Training small, L2 0, batch size 64, 2 epochs, seed 0" in log
    assert "of 25 steps" in log


def test_what_made_each_result_is_on_record(finished_study):
    results = finished_study / "results"
    record = read_json(results / "provenance.json")
    config = yaml.safe_load((finished_study / "config/config.yaml").read_text())
    assert record["config"] == config
    assert record["commit"] is None
    files = [file for each in record["results"] for file in each["files"]]
    last = {"provenance.json", *map("summary/{}".format, LAST)}
    assert sorted(files) == sorted(
        f"results/{name}" for name in files_in(results) - last
    )


def test_a_longer_run_starts_where_the_shorter_ended(finished_study):
    grid = finished_study / "results/grid"
    shorter, longer = (
        (grid / POINT.format(n) / "history.csv").read_text() for n in (2, 3)
    )
    assert longer.startswith(shorter)
    log = finished_study / f"logs/train/{POINT.format(3)}.log"
    assert f"{POINT.format(2)}/model.keras" in log.read_text()


def threads_of_training(study):
    log = study / f"logs/train/{POINT.format(3)}.log"
    return int(re.search('"threads": ([0-9]+)', log.read_text())[1])


def test_an_uninterrupted_run_beside_another_gives_the_same(finished_study, tmp_path):
    """From scratch, with other numbers of threads and of trainings at a time."""
    # Three epochs without a shorter run, and another setting.
    grid = [GRID | {"epochs": [3]}, GRID | {"batch_size": [32], "epochs": [2]}]
    study = make_study(tmp_path / "study", grid=grid)
    resources = ("--cores", "8", "--resources", "gpu=2")
    done = snakemake(study, *resources, "--until", "train")
    assert done.returncode == 0, done.stdout
    # A core is left for the jobs that follow a training.
    assert threads_of_training(study) == 3
    assert threads_of_training(finished_study) == 2
    made = files_in(study / "results")
    assert f"grid/{POINT.format(3)}/model.keras" in made
    for name in made:
        if "batch_size~32" not in name:
            expected = content(finished_study / "results" / name)
            assert content(study / "results" / name) == expected, name


def test_one_wrong_pair_stops_everything_after_it(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    shutil.rmtree(study / "results/grid")
    shutil.rmtree(study / "results/verification/seed~0")
    path = study / "results/pairs/seed~0/B.csv"
    lines = path.read_text().splitlines()
    left, right, *classes, same, split = lines[5].split(",")
    lines[5] = ",".join([left, right, *classes, f"{1 - int(same)}", split])
    path.write_text("\n".join(lines) + "\n")
    done = snakemake(study)
    assert done.returncode != 0
    (error,) = [x for x in done.stdout.splitlines() if x.startswith(f"Error: {path}")]
    assert f"B.csv, line 6: {lines[5]}" in error
    assert not list((study / "results").rglob("model.keras"))
    assert not (study / "results/verification/seed~0/pairs.json").exists()


def test_the_default_study_is_planned(tmp_path):
    snakefile = ("-s", str(ROOT / "Snakefile"))
    done = snakemake(tmp_path, "-n", "--quiet", "rules", *snakefile)
    assert done.returncode == 0, done.stdout
    jobs = planned_jobs(done.stdout)
    of_each_point = {"train", "embed", "evaluate", "plot_curves"}
    assert {rule for rule, count in jobs.items() if count == 64} == of_each_point
    assert {jobs[rule] for rule in {*jobs} - of_each_point} == {1}


def test_bad_config_is_one_line(tmp_path):
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump({"seeds": [0.5]}))
    snakefile = ("-s", str(ROOT / "Snakefile"))
    done = snakemake(tmp_path, *snakefile, "--configfile", str(path))
    assert done.returncode == 1
    message = "Error: Config: seeds.0: found 0.5. "
    assert done.stdout.splitlines()[-1].startswith(message)
    assert done.stdout.count("Error") == 1 and "Traceback" not in done.stdout
    assert not (tmp_path / "results").exists()


def test_split_by_images_leaks_nothing(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    edit_config(study, grid=GRID | {"epochs": [2], "split_by": ["pairs", "images"]})
    done = snakemake(study, "results/summary/leakage.md")
    assert done.returncode == 0, done.stdout
    results = study / "results"
    report = read_json(results / "split_by~images/verification/seed~0/pairs.json")
    leaks = report["pairs_with_an_image_of_training"]
    assert leaks == {"test": 0, "validation": 0}
    summary = pd.read_csv(results / "summary/summary.csv")
    trained = summary[summary["method"] == "siamese"]
    assert sorted(trained["split_by"]) == ["images", "pairs"]
    leakage = pd.read_csv(results / "summary/leakage.csv")
    assert leakage["set"].tolist() == ["A", "B"]
