"""A model to take away, opened where this project is not known."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from package_model import USE
from PIL import Image
from study import ROOT, edit_config, snakemake

# The embeddings of some images by Keras and by ONNX.
OPEN = """
import importlib.util
import keras, numpy

assert importlib.util.find_spec("siamese") is None
images = numpy.load("images.npy")
numpy.save("embeddings.npy", keras.saving.load_model("encoder.keras").predict(images))
"""


@pytest.fixture(scope="module")
def study(finished_study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("best") / "study"
    shutil.copytree(finished_study, folder)
    edit_config(folder, best={"size": "small", "l2": 0, "batch_size": 64, "epochs": 3})
    done = snakemake(folder, "best")
    assert done.returncode == 0, done.stdout
    return folder


def test_the_encoder_is_that_of_the_setting(study):
    point = study / "results/grid/size~small,l2~0,batch_size~64,epochs~3,seed~0"
    best = study / "results/best"
    assert (best / "encoder.keras").read_bytes() == (
        point / "encoder.keras"
    ).read_bytes()
    model = json.loads((best / "model.json").read_text())
    metrics = json.loads((point / "metrics.json").read_text())
    assert model["threshold"] == metrics["threshold"] == 0.5
    assert model["shape"] == [28, 28, 1] and model["distance"] == "euclidean"
    assert model["unseen_classes"] == ["Dress", "Shirt", "Sneaker", "Bag"]
    bounds = ("accuracy", "accuracy_low", "accuracy_high")
    assert model["results"]["accuracy"]["B"] == [metrics["B"][key] for key in bounds]
    card = (best / "README.md").read_text()
    assert "small, no L2, batch size 64, 3 epochs" in card
    accuracy = 100 * metrics["crossed"]["accuracy"]
    (row,) = (line for line in card.splitlines() if line.startswith("| crossed"))
    assert f"{accuracy:.1f} [" in row


def test_it_opens_without_this_project_and_in_onnx(study, tmp_path):
    shutil.copytree(study / "results/best", tmp_path, dirs_exist_ok=True)
    images = np.load(study / "results/dataset/images.npy")[:50, ..., None]
    np.save(tmp_path / "images.npy", images)
    command = [sys.executable, "-I", "-c", OPEN]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    embeddings = np.load(tmp_path / "embeddings.npy")
    # ONNX's own evaluation, which needs no other program.
    from onnx.reference import ReferenceEvaluator

    session = ReferenceEvaluator(str(tmp_path / "encoder.onnx"))
    (found,) = session.run(None, {session.input_names[0]: images})
    np.testing.assert_allclose(found, embeddings, atol=1e-5)


def test_the_ten_lines_of_the_card_and_the_command_agree(study, tmp_path):
    images = np.load(study / "results/dataset/images.npy")
    shutil.copytree(study / "results/best", tmp_path, dirs_exist_ok=True)
    for name, image in zip(("a.png", "b.png"), images[:2], strict=True):
        Image.fromarray(image).save(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-I", "-c", USE], cwd=tmp_path, capture_output=True, text=True
    )
    word, distance = done.stdout.split()
    command = [sys.executable, ROOT / "workflow/compare_images.py", "a.png", "b.png"]
    done = subprocess.run(
        [*command, "--model", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    # The small study's images are noise to the border, which is no ground.
    assert done.stdout.startswith("distance ")
    assert word in ("same", "different") and float(distance) >= 0


def test_a_setting_that_is_not_in_the_grid(study, tmp_path):
    shutil.copytree(study, tmp_path / "study")
    setting = {"size": "small", "l2": 0, "batch_size": 64, "epochs": 9}
    edit_config(tmp_path / "study", best=setting)
    assert snakemake(tmp_path / "study", "-n").returncode == 0
    done = snakemake(tmp_path / "study", "best")
    assert done.returncode == 1
    assert "best: found" in done.stdout and "a setting of the grid" in done.stdout


def test_several_seeds_have_an_interval():
    from package_model import accuracies
    from scipy import stats

    columns = ("accuracy", "auc", "eer")
    rows = pd.DataFrame(
        {
            f"{name}_{test_set}": [0.7, 0.8, 0.85]
            for name in columns
            for test_set in ("a", "b", "joint", "crossed")
        }
    )
    found = accuracies(rows, {})["auc"]["B"]
    expected = stats.ttest_1samp([0.7, 0.8, 0.85], 0).confidence_interval(0.95)
    assert found == pytest.approx([np.mean([0.7, 0.8, 0.85]), *expected])
