"""A model to take away, opened where this project is not known."""

import json
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator
from PIL import Image

POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~2,seed~0"


def test_the_model_and_its_card(divided_study, tmp_path):
    best = shutil.copytree(divided_study / "results/best", tmp_path / "best")
    metrics = json.loads((divided_study / POINT / "metrics.json").read_text())
    encoder = (best / "encoder.keras").read_bytes()
    assert encoder == (divided_study / POINT / "encoder.keras").read_bytes()
    model = json.loads((best / "model.json").read_text())
    assert model["threshold"] == metrics["threshold"] == 0.5
    assert model["shape"] == [28, 28, 1] and model["distance"] == "euclidean"
    assert model["unseen_classes"] == ["Dress", "Shirt", "Sneaker", "Bag"]
    bounds = ("accuracy", "accuracy_low", "accuracy_high")
    assert model["results"]["accuracy"]["B"] == [metrics["B"][key] for key in bounds]
    card = (best / "README.md").read_text()
    assert "small, no L2, batch size 64, 2 epochs" in card
    assert "with other classes unseen, over 2 divisions of the classes: " in card
    (row,) = re.findall(r"^\| crossed: .*", card, re.M)
    assert f"| {100 * metrics['crossed']['accuracy']:.1f} [" in row
    # ONNX's own evaluation, which needs no other program.
    images = np.load(divided_study / "results/dataset/images.npy")[:20, ..., None]
    session = ReferenceEvaluator(str(best / "encoder.onnx"))
    (embeddings,) = session.run(None, {session.input_names[0]: images})
    expected = keras.saving.load_model(best / "encoder.keras").predict(images)
    np.testing.assert_allclose(embeddings, expected, atol=1e-5)
    # The lines of the card, beside the model and two pictures.
    for name, image in zip(("a.png", "b.png"), images[..., 0], strict=False):
        Image.fromarray(image).save(best / name)
    lines = re.search("```python\n(.*?)```", card, re.S)[1]
    command = [sys.executable, "-I", "-c", lines]
    done = subprocess.run(command, cwd=best, capture_output=True, text=True)
    word, distance = done.stdout.split()
    assert float(distance) == pytest.approx(np.linalg.norm(expected[0] - expected[1]))
    assert word == ("same" if float(distance) < 0.5 else "different")
