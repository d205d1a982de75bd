"""Divisions of the classes as a factor: what runs, and what it says."""

import re
import shutil

import pandas as pd
from study import edit_config, snakemake

FURTHER = {"2-4-5-9": {2, 4, 5, 9}, "0-1": {0, 1}}


def test_further_divisions_alone_are_trained(divided_study):
    jobs = re.findall(r"^Job \d+: (.*)$", (divided_study / "run.log").read_text(), re.M)
    made = [job for job in jobs if job.startswith(("Training", "Making", "Embedding"))]
    # A training, an embedding and two tables of pairs for each point and division.
    assert len(made) == 2 * (2 + 2 + 2)
    assert all("unseen~" in job for job in made)


def test_each_division_has_its_own_classes_on_each_side(divided_study):
    for name, unseen in FURTHER.items():
        folder = divided_study / f"results/unseen~{name}/pairs/seed~0"
        tables = {file: pd.read_csv(folder / f"{file}.csv") for file in "AB"}
        seen = {
            file: {*pairs["left_class"], *pairs["right_class"]}
            for file, pairs in tables.items()
        }
        assert seen == {"A": {*range(10)} - unseen, "B": unseen}
        crossed = pd.read_csv(folder / "crossed.csv").query("same == 0")
        assert {*crossed["right_class"]} <= unseen


def test_results_of_the_own_division_stay(divided_study, finished_study):
    for name in ("summary.png", "settings.csv", "classes.csv"):
        paths = (
            study / "results/summary" / name
            for study in (divided_study, finished_study)
        )
        one, other = (path.read_bytes() for path in paths)
        assert one == other
    both, before = (
        pd.read_csv(study / "results/summary/summary.csv", dtype=str)
        for study in (divided_study, finished_study)
    )
    own = both[both["unseen"].isna()].drop(columns=["unseen", "threshold_unseen"])
    pd.testing.assert_frame_equal(own.reset_index(drop=True), before)
    assert {*both["unseen"].dropna()} == {*FURTHER}
    assert len(both) == 3 * len(before)


def test_tables_and_claims_are_over_divisions(divided_study):
    summary = divided_study / "results/summary"
    table = pd.read_csv(summary / "divisions.csv")
    assert (table["n"] == 2).all() and len(table) == 2 + 11
    # The table of development has two of the settings.
    scores = table.set_index("name")["auc_b_development"].dropna()
    assert sorted(scores) == [0.8, 0.9]
    assert "2 of the settings have a score" in (summary / "divisions.md").read_text()
    claims = pd.read_csv(summary / "claims.csv")
    assert (claims["n_divisions"] == 2).all()


def test_development_gives_thresholds(divided_study, tmp_path):
    study = shutil.copytree(divided_study, tmp_path / "study")
    table = pd.read_csv(study / "results/summary/divisions.csv", dtype=str)
    development = table.assign(threshold_unseen="0.25")
    development.to_csv(study / "development.csv", index=False)
    edit_config(study, threshold="development", development="development.csv")
    done = snakemake(study, "results/summary/summary.csv")
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^Job \d+: (Training|Embedding)", done.stdout, re.M)
    before = pd.read_csv(divided_study / "results/summary/summary.csv")
    runs = pd.read_csv(study / "results/summary/summary.csv")
    assert (runs["auc_b"] == before["auc_b"]).all()
    assert not (runs["accuracy_b"] == before["accuracy_b"]).all()
