"""Networks that give all pairs the same distance: said, and no step fails."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from study import snakemake

from siamese.stats.metrics import evaluate

# The smallest that a network can give, where both embeddings are the same.
SMALLEST = np.float32(np.sqrt(np.float32(1e-7)))


@pytest.mark.parametrize("distance", [0, SMALLEST, 0.5, 1.4])
def test_metrics_of_equal_distances(distance):
    n = np.arange(60)
    pairs = {"left": n, "right": n + 60, "same": n % 2}
    pairs["distance"] = np.full(60, distance, np.float32)
    sets = dict.fromkeys(("A", "B", "crossed", "validation"), pairs)
    metrics = evaluate(sets, 0.5, 1.0)
    assert metrics["collapsed"] is True
    values = metrics["joint"]
    names = ("auc", "eer", "accuracy", "accuracy_tuned")
    assert [values[name] for name in names] == [0.5] * 4
    assert values["accuracy_low"] < 0.5 < values["accuracy_high"]
    other = pairs | {"distance": pairs["distance"] + 1e-3 * (n == 7)}
    assert evaluate(sets | {"crossed": other}, 0.5, 1.0)["collapsed"] is False


def test_a_study_of_collapsed_networks_alone(divided_study, tmp_path):
    study = shutil.copytree(divided_study, tmp_path / "study")
    for path in (study / "results").rglob("distances.npz"):
        with np.load(path) as file:
            distances = {name: np.full_like(file[name], SMALLEST) for name in file}
        np.savez(path, **distances)
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    for path in (study / "results").rglob("grid/*/metrics.json"):
        assert json.loads(path.read_text())["collapsed"] is True
    settings = pd.read_csv(study / "results/summary/settings.csv")
    assert settings.query("method == 'siamese'")["collapsed"].tolist() == [1, 1]
    text = (study / "results/summary/summary.md").read_text()
    assert "**1 of 1 collapsed**" in text
    assert "A network that has collapsed gives all pairs the same distance" in text
