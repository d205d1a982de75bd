"""A model's card, `compare-images` and the study say the same of two pictures."""

import re
from types import SimpleNamespace

import numpy as np
import package_model
import pytest
from commands import compare_images
from PIL import Image

from siamese.data.pictures import prepare
from siamese.data.stored import write_json
from siamese.model.embedding import pair_distances
from siamese.model.export import plain_encoder, save_model
from siamese.model.layers import DISTANCES
from siamese.model.network import build_siamese
from siamese.report.templates import render
from siamese.study.axes import AXES, setting_of
from siamese.study.columns import TEST_SETS

GENERATOR = np.random.default_rng(0)
METRICS = {name: {"accuracy": 0.5, "auc": 0.5, "eer": 0.5} for name in TEST_SETS}
METRICS["threshold"] = 0.2


def save_pictures(folder):
    """A photograph that lies by its EXIF, and one that is half transparent."""
    photograph, exif = GENERATOR.integers(0, 256, (20, 30, 3)), Image.Exif()
    exif[274] = 6
    Image.fromarray(photograph.astype(np.uint8)).save(folder / "a.png", exif=exif)
    drawing = GENERATOR.integers(0, 256, (9, 40, 4)).astype(np.uint8)
    Image.fromarray(drawing).save(folder / "b.png")


@pytest.mark.parametrize(("channels", "maximum"), [(1, 300.0), (3, None)])
@pytest.mark.parametrize("distance", DISTANCES)
def test_the_lines_of_the_card(
    tmp_path, monkeypatch, capsys, distance, channels, maximum
):
    save_pictures(tmp_path)
    setting = setting_of(4, distance=distance, head="linear")
    model = build_siamese(setting, (12, 10, channels))
    save_model(plain_encoder(model.get_layer("encoder")), tmp_path / "encoder.keras")
    shape = [12, 10] if channels == 1 else [12, 10, 3]
    preparation = {"maximum": maximum, "method": "resize"}
    dataset = {"shape": shape, "classes": [], "preparation": preparation}
    point = dict.fromkeys(AXES) | setting | {"seed": 0, "size": "small"}
    described = package_model.describe(point, [{}], METRICS, dataset, [])
    write_json(tmp_path / "model.json", described)
    images = [
        prepare(Image.open(tmp_path / name), [12, 10, channels], maximum)
        for name in ("a.png", "b.png")
    ]
    images = np.stack(images).reshape(2, 12, 10, channels)
    pair = {"left": np.array([0]), "right": np.array([1])}
    expected = pair_distances(model, images, {"": pair})[""][0]

    values = {"dataset": "x", "split_by": "pairs", "divisions": [], "folder": "x"}
    values |= {"model": described, "formula": DISTANCES[distance].in_numpy}
    card = render("model_card.md.j2", **values)
    monkeypatch.chdir(tmp_path)
    exec(re.search("```python\n(.*?)```", card, re.S)[1], {})
    word, printed = capsys.readouterr().out.split()
    assert float(printed) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert word == ("same" if expected < 0.2 else "different")
    options = SimpleNamespace(
        model=tmp_path, pictures=[tmp_path / "a.png", tmp_path / "b.png"]
    )
    compare_images.main(options)
    words = "same class" if expected < 0.2 else "different classes"
    text = f"distance {expected:.3f}, threshold 0.200: {words}\n"
    assert capsys.readouterr().out == text
