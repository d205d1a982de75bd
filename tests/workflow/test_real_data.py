"""The real data through download, partition, pairs and verification."""

import json

import numpy as np
import pandas as pd
import pytest
from study import copy_project, snakemake
from train import train

from siamese.axes import setting_of
from siamese.network import build_siamese, keras, make_deterministic
from siamese.pairs import read_pairs
from siamese.stored import read_images

A = [0, 1, 2, 4, 5, 9]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    directory = tmp_path_factory.mktemp("real")
    copy_project(directory)
    done = snakemake(directory, "results/verification/seed~0/pairs.json")
    for line in done.stdout.splitlines():
        # No network, or no lists of apt, which root alone may fetch.
        if line.startswith("Error: No source has the data: "):
            pytest.skip(line)
    assert done.returncode == 0, done.stdout
    return directory


def test_images_and_labels(study):
    images = np.load(study / "results/dataset/images.npy", mmap_mode="r")
    labels = np.load(study / "results/dataset/labels.npy")
    assert images.dtype == np.uint8
    assert images.shape == (70000, 28, 28)
    values = np.arange(256) / 255
    shares = np.bincount(images[:60000].ravel(), minlength=256) / 60000 / 28**2
    mean = shares @ values
    # known to five decimals
    assert mean == pytest.approx(0.28604, abs=5e-6)
    assert np.sqrt(shares @ (values - mean) ** 2) == pytest.approx(0.35302, abs=5e-6)
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
    """The small network on a few pairs, through the file of its model."""
    make_deterministic()
    images = read_images(study / "results/dataset/images.npy", in_memory=False)
    pairs = read_pairs(study / "results/pairs/seed~0/A.csv")
    few = {
        split: {name: values[:n] for name, values in pairs[split].items()}
        for split, n in {"train": 1500, "validation": 100}.items()
    }
    keras.utils.set_random_seed(0)
    model = build_siamese(setting_of(16, l2=0.01), (28, 28, 1))
    first = train(model, [], images, few, 1024, 1, 0)
    model.save(tmp_path / "model.keras")
    straight = train(model, first, images, few, 1024, 2, 0)
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    assert train(resumed, first, images, few, 1024, 2, 0) == straight
    for one, other in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
