"""A network that gives all pairs the same distance: said, and no step fails."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from compare_splits import compare_splits
from describe_settings import as_markdown, describe
from judge_claims import judge_claims
from plot_choice import draw_choice
from plot_claims import draw_claims
from plot_summary import draw_summary
from rank_settings import as_markdown as choice_as_markdown
from rank_settings import fold_table, rank_settings
from study import ROOT, different_results, snakemake
from summarise import summarise

from siamese.metrics import evaluate
from siamese.tables import baseline_means, trained_rows

# The smallest that a network can give, where both embeddings are the same.
SMALLEST = np.float32(np.sqrt(np.float32(1e-7)))


def random_sets(n, distance):
    generator = np.random.default_rng(0)
    return {
        name: {
            "left": generator.integers(0, 40, n),
            "right": generator.integers(40, 80, n),
            "same": np.arange(n) % 2,
            "distance": np.full(n, distance, np.float32),
        }
        for name in ("A", "B", "crossed", "validation")
    }


@pytest.mark.parametrize("distance", [0, SMALLEST, 0.5, 1.4])
def test_metrics_of_equal_distances(distance):
    metrics = evaluate(random_sets(60, distance), 0.5, 1.0)
    assert metrics["collapsed"] is True
    for name in ("A", "B", "joint", "crossed"):
        found = metrics[name]
        assert (found["auc"], found["eer"]) == (0.5, 0.5)
        assert (found["accuracy"], found["accuracy_tuned"]) == (0.5, 0.5)
        assert found["accuracy_low"] < 0.5 < found["accuracy_high"]
        assert np.isfinite(list(found.values())).all()


def test_one_other_distance_is_no_collapse():
    sets = random_sets(60, SMALLEST)
    sets["crossed"]["distance"][7] *= 1.001
    assert evaluate(sets, 0.5, 1.0)["collapsed"] is False


def test_a_study_of_collapsed_networks_alone():
    metrics = evaluate(random_sets(60, SMALLEST), 0.5, 1.0)
    arm = {"size": "small", "batch_size": 64, "epochs": 2}
    points = [
        {**arm, "l2": l2, "seed": seed, "split_by": split, "others": ""}
        for split in ("pairs", "images")
        for l2 in (0.01, 0.0)
        for seed in (0, 1)
    ]
    runs = [{"split_by": split, "seed": 0} for split in ("pairs", "images")]
    pixels = {"method": "pixels", "size": "", **metrics, "collapsed": False}
    summary = summarise(
        points,
        [metrics] * len(points),
        runs,
        [[pixels]] * len(runs),
        pd.read_csv(ROOT / "workflow/data/published.csv"),
    )
    settings = describe(summary)
    trained = settings[settings["method"] == "siamese"]
    assert (trained["collapsed"] == 2).all()
    assert (trained["accuracy_b_sd"] == 0).all()
    text = as_markdown(summary, settings, "pairs")
    # Two settings, each in the tables of accuracy and of other metrics.
    assert len(re.findall(r"\| trained, \*\*2 of 2 collapsed\*\* +\|", text)) == 4
    assert "A network that has collapsed gives all pairs the same distance" in text
    draw_summary(summary, "pairs")
    assert (compare_splits(summary)["difference"] == 0).all()
    side = {"metric": "accuracy_b", "l2": 0.01}
    other = side | {"l2": 0}
    claim = {
        "claim": "L2 raises B.",
        "effects": [
            {
                "effect": "L2",
                "of": side,
                "minus": other,
                "holds": [0.1, None],
            },
            {"effect": "with L2", "of": side, "holds": [0.4, 0.6]},
        ],
    }
    claims = judge_claims(trained_rows(summary, "pairs"), [claim])
    assert claims["verdict"].tolist() == ["contradicted", "supported"]
    baselines = baseline_means(summary, "pairs")
    draw_claims(claims, baselines)
    on_fold = [point | {"fold": "0-1"} for point in points if point["seed"] == 0][:2]
    folds = fold_table(on_fold, [metrics] * 2)
    table = rank_settings(folds, summary, "pairs", "auc")
    assert (table["score"] == 0.5).all()
    choice = choice_as_markdown(table, folds, summary, "pairs", "auc")
    assert "none (all are equal) with the accuracy on B" in choice
    draw_choice(table, "auc", baselines)


def test_a_collapsed_network_in_the_workflow(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    point = "size~small,l2~0.01,batch_size~64,epochs~2,seed~0"
    folder = study / "results/grid" / point
    with np.load(folder / "distances.npz") as file:
        distances = {name: np.full_like(file[name], SMALLEST) for name in file}
    np.savez(folder / "distances.npz", **distances)
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["collapsed"] is True
    assert metrics["B"]["auc"] == metrics["B"]["eer"] == 0.5
    summary = pd.read_csv(study / "results/summary/summary.csv")
    collapsed = summary[summary["collapsed"]]
    assert collapsed[["l2", "epochs"]].to_numpy().tolist() == [[0.01, 2]]
    settings = pd.read_csv(study / "results/summary/settings.csv")
    assert settings["collapsed"].sum() == 1
    text = (study / "results/summary/summary.md").read_text()
    row = r"\| trained, \*\*1 of 1 collapsed\*\* +\| small +\| +0.01 \| +64 \| +2 \|"
    assert len(re.findall(row, text)) == text.count("collapsed**") == 2

    (folder / "distances.npz").unlink()
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert different_results(study, finished_study) == set()
