"""Poses in a study: what reruns, and what its tables and claims say."""

import re
import shutil

import pandas as pd
import yaml
from study import GRID, edit_config, snakemake

CLAIMS = """
- claim: Training on poses pays.
  where: {metric: accuracy_tuned_b, pose: moderate, network: published}
  effects:
    - effect: above every baseline
      of: {augmentation: poses}
      minus: {baseline: best}
      holds: [0, null]
"""


def test_poses_are_tested_without_new_training_and_claims_name_them(
    finished_study, tmp_path
):
    study = shutil.copytree(finished_study, tmp_path / "study")
    claims = {"claims": yaml.safe_load(CLAIMS)}
    (study / "mine.yaml").write_text(yaml.safe_dump(claims))
    linear = {"network": ["blurred"], "whitening": [0.5], "augmentation": ["poses"]}
    linear = GRID | linear | {"epochs": [1]}
    grid = [GRID | {"augmentation": ["none", "poses"]}, linear]
    poses = {"rotations": [30, 90], "shifts": [2], "flip": True, "pairs": 20}
    edit_config(study, poses=poses, grid=grid, claims="mine.yaml")
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    trained = re.findall(r"^Job \d+: Training .*", done.stdout, re.M)
    assert len(trained) == 3 and all("augmentation~poses" in job for job in trained)
    summary = study / "results/summary"
    runs, table = (pd.read_csv(summary / f"{x}.csv") for x in ("summary", "poses"))
    before = pd.read_csv(finished_study / "results/summary/summary.csv")
    both = before.merge(runs[runs["augmentation"] != "poses"])
    assert len(both) == len(before)
    names = ["upright", "rotation 30", "rotation -30", "rotation 90", "rotation -90"]
    names += ["shift 2", "flip", "moderate"]
    assert len(table) == len(runs) * len(names)
    assert table["pose"].unique().tolist() == names
    wide = table.pivot_table("accuracy_b", ["method", "size"], "pose", dropna=False)
    moderate = wide[["rotation 30", "rotation -30", "shift 2"]].mean(axis=1)
    pd.testing.assert_series_equal(wide["moderate"], moderate, check_names=False)
    posed = table.loc[table["pose"] == "moderate", "accuracy_b"]
    assert runs["accuracy_b_posed"].tolist() == posed.tolist()
    (claim,) = pd.read_csv(summary / "claims.csv").to_dict("records")
    best = table.query("method != 'siamese' and pose == 'moderate'")
    best = best["accuracy_tuned_b"].max()
    of = table.query("augmentation == 'poses' and pose == 'moderate' and epochs > 0")
    expected = of["accuracy_tuned_b"].mean() - best
    assert abs(claim["mean"] - expected) < 1e-9
