"""The real data through download, partition, pairs and verification."""

import json

import numpy as np
import pandas as pd
import pytest
from study import copy_project, snakemake
from train import train

from siamese.network import build_siamese, keras
from siamese.pairs import read_pairs

A = [0, 1, 2, 4, 5, 9]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    directory = tmp_path_factory.mktemp("real")
    copy_project(directory)
    done = snakemake(directory, "results/verification/seed~0/pairs.json")
    log = directory / "logs/download.log"
    assert done.returncode == 0, done.stdout + log.read_text()
    return directory


def test_images_and_labels(study):
    images = np.load(study / "results/dataset/images.npy", mmap_mode="r")
    labels = np.load(study / "results/dataset/labels.npy")
    assert images.dtype == np.uint8
    assert images.shape == (70000, 28, 28)
    assert (images[:60000] / 255).mean() == pytest.approx(0.28604, abs=5e-6)
    assert (images[:60000] / 255).std() == pytest.approx(0.35302, abs=5e-6)
    assert labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert np.bincount(labels).tolist() == [7000] * 10


def test_partition_has_every_image_once(study):
    table = pd.read_csv(study / "results/dataset/partition.csv")
    labels = np.load(study / "results/dataset/labels.npy")
    assert table["image"].tolist() == list(range(70000))
    assert (table["set"] == np.where(np.isin(labels, A), "A", "B")).all()
    assert table["set"].value_counts().to_dict() == {"A": 42000, "B": 28000}


def test_pairs(study):
    folder = study / "results/pairs/seed~0"
    a, b = (pd.read_csv(folder / f"{name}.csv") for name in "AB")
    columns = ["left", "right", "left_class", "right_class", "same", "split"]
    assert a.columns.tolist() == b.columns.tolist() == columns
    assert len(a) == 83988
    assert a["split"].value_counts().to_dict() == {
        "train": 60000,
        "test": 16797,
        "validation": 7191,
    }
    assert b["split"].value_counts().to_dict() == {"test": 55992}
    assert (a["split"] == "test").sum() + len(b) == 72789
    for pairs in (a, b):
        assert pairs["same"].sum() * 2 == len(pairs)
    for name in "AB":
        assert (folder / f"{name}.csv").stat().st_size < 5_000_000


def test_verification(study):
    report = json.loads((study / "results/verification/seed~0/pairs.json").read_text())
    assert report["images"] == report["distinct_images"] == 70000
    assert report["identical_under_different_labels"] == []
    assert report["sets"]["A"]["pairs"] == 83988
    assert report["sets"]["B"]["pairs"] == 55992
    assert report["sets"]["A"]["images"] <= 42000


def test_resumed_training_is_training_from_scratch(study, tmp_path):
    images = np.load(study / "results/dataset/images.npy")
    pairs = read_pairs(study / "results/pairs/seed~0/A.csv")
    pairs["train"] = {name: v[:20_000] for name, v in pairs["train"].items()}

    def fresh():
        keras.utils.set_random_seed(0)
        return build_siamese(16, 0.01, 1.0)

    straight = fresh()
    history = train(straight, [], images, pairs, 1024, 2, 0)
    model = fresh()
    first = train(model, [], images, pairs, 1024, 1, 0)
    model.save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert train(model, first, images, pairs, 1024, 2, 0) == history
    for one, other in zip(straight.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
