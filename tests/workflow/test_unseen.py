"""Divisions of the classes as a factor: what runs, and what it says."""

import re
import shutil

import pandas as pd
import pytest
import yaml
from study import ROOT, edit_config, snakemake

from siamese.points import parse_split
from siamese.study import Study, with_defaults

OTHERS = {"2-4-5-9": [2, 4, 5, 9], "0-1": [0, 1]}
OWN = ("summary/summary.png", "summary/settings.csv", "summary/classes.csv")


def seen_by(pairs):
    return {*pairs["left_class"], *pairs["right_class"]}


def test_further_divisions_alone_are_trained(divided_study):
    jobs = re.findall(r"^Job \d+: (.*)$", (divided_study / "run.log").read_text(), re.M)
    made = [job for job in jobs if job.startswith(("Training", "Making", "Embedding"))]
    # A training, an embedding and two tables of pairs for each point and division.
    assert len(made) == 2 * (4 + 4 + 2)
    assert all("unseen~" in job for job in made)


def test_each_division_has_its_own_classes_on_each_side(divided_study):
    for name, unseen in OTHERS.items():
        folder = divided_study / f"results/unseen~{name}/pairs/seed~0"
        a, b, crossed = (
            pd.read_csv(folder / f"{file}.csv") for file in ("A", "B", "crossed")
        )
        assert seen_by(a) == {*range(10)} - {*unseen}
        assert seen_by(b) == {*unseen}
        assert {*crossed.loc[crossed["same"] == 0, "right_class"]} <= {*unseen}


def test_results_of_the_own_division_stay(divided_study, finished_study):
    for name in OWN:
        one, other = (
            study / "results" / name for study in (divided_study, finished_study)
        )
        assert one.read_bytes() == other.read_bytes()
    both = pd.read_csv(divided_study / "results/summary/summary.csv", dtype=str)
    own = both[both["unseen"].isna()].drop(columns=["unseen", "threshold_unseen"])
    before = pd.read_csv(finished_study / "results/summary/summary.csv", dtype=str)
    pd.testing.assert_frame_equal(own.reset_index(drop=True), before)
    assert set(both["unseen"].dropna()) == {*OTHERS}
    assert len(both) == 3 * len(before)


def test_tables_and_claims_are_over_divisions(divided_study):
    summary = divided_study / "results/summary"
    table = pd.read_csv(summary / "divisions.csv")
    assert (table["n"] == 2).all() and len(table) == 4 + 8
    runs = pd.read_csv(summary / "summary.csv")
    runs = runs[(runs["method"] == "pixels") & runs["unseen"].notna()]
    found = table.set_index("name").loc["pixels", "accuracy_b_mean"]
    assert found == pytest.approx(runs["accuracy_b"].mean())
    assert "over 2 divisions" in (summary / "divisions.md").read_text()
    for name in ("divisions.png", "divisions.svg"):
        assert (summary / name).stat().st_size > 0
    foretold = pd.read_csv(summary / "development.csv")
    assert foretold["score"].tolist() == [0.9, 0.8]
    assert foretold["name"].str.contains("no L2").tolist() == [True, False]
    claims = pd.read_csv(summary / "claims.csv")
    assert (claims["n_divisions"] == 2).all()
    assert "over 2 other divisions" in (summary / "claims.md").read_text()


def test_development_gives_thresholds_and_a_ranking(divided_study, tmp_path):
    study = shutil.copytree(divided_study, tmp_path / "study")
    table = study / "results/summary/divisions.csv"
    development = pd.read_csv(table, dtype=str).assign(threshold_unseen="0.25")
    development.to_csv(study / "development.csv", index=False)
    edit_config(study, threshold="development", development="development.csv")
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^Job \d+: (Training|Embedding)", done.stdout, re.M)
    before = pd.read_csv(divided_study / "results/summary/summary.csv")
    runs = pd.read_csv(study / "results/summary/summary.csv")
    assert (runs["auc_b"] == before["auc_b"]).all()
    assert not (runs["accuracy_b"] == before["accuracy_b"]).all()
    text = (study / "results/summary/development.md").read_text()
    assert text.startswith("# Development") and "4 settings" in text


def test_a_study_of_one_division_has_no_table_of_them(finished_study):
    summary = finished_study / "results/summary"
    assert not list(summary.glob("di*ons.*")) + list(summary.glob("development*"))
    assert "unseen" not in (summary / "summary.csv").read_text()


def test_the_search_reads_none_of_the_judging_pairs(tmp_path):
    """Each job of the search that makes or reads pairs is of another division."""

    def study_of(name):
        overlay = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        return Study.from_config(with_defaults(overlay, ROOT), ROOT)

    search, best = study_of("search"), study_of("best")
    judging = [{*sets["B"]} for sets in best.classes.divisions.values()]
    command = ["-n", "--configfile", ROOT / "config/search.yaml"]
    command += ["--snakefile", ROOT / "Snakefile", "--directory", tmp_path]
    done = snakemake(ROOT, *map(str, command))
    assert done.returncode == 0, done.stdout
    tables = {*re.findall(r"results/(\S*?)pairs/seed~\d+/[ABc]\w*\.csv", done.stdout)}
    assert len(tables) == len(search.classes.divisions)
    for split in tables:
        sets = search.classes.sets_of(split)
        assert parse_split(split)[1] == []
        assert {*sets["B"]} not in judging
        assert not {3, 6, 7, 8} <= {*sets["B"]}
