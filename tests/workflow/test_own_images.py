"""A study of somebody's own images, beside another one in the same folder."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from study import different_results, planned_jobs, snakemake

COUNTS = {"a cat": 19, "cow": 14, "dog": 17, "ëel": 21, "fox": 12, "{hen}": 16}
CONFIG = """
dataset: {format: folder, name: mine, folder: pictures}
sets: {A: [a cat, dog, fox, cow], B: null}
pairs: {images_per_class: null, test_fraction: 0.2, train: 60}
grid: {size: [small], l2: [0.01], batch_size: [32], epochs: [2]}
"""


def run(study, *arguments):
    return snakemake(study, *arguments, "--configfile", "mine.yaml")


@pytest.fixture(scope="module")
def study(finished_study, tmp_path_factory):
    """The finished study, with a folder of colour images and a config of their own."""
    study = tmp_path_factory.mktemp("beside") / "study"
    shutil.copytree(finished_study, study)
    generator = np.random.default_rng(0)
    for name, n in COUNTS.items():
        (study / "pictures" / name).mkdir(parents=True)
        colour = generator.integers(0, 200, 3)
        for number in range(n):
            pixels = colour + generator.integers(0, 56, (9, 13, 3))
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(study / "pictures" / name / f"{number}.png")
    (study / "mine.yaml").write_text(CONFIG)
    # The other data set has a file of its own, as in the project.
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    described = yaml.safe_dump({"dataset": config.pop("dataset")})
    (study / "config/datasets/fashion_mnist.yaml").write_text(described)
    (study / "config/config.yaml").write_text(yaml.safe_dump(config))
    done = run(study)
    assert done.returncode == 0, done.stdout
    return study


def test_results_have_a_folder_of_their_own(study, finished_study, tmp_path):
    results = study / "results/mine"
    description = json.loads((results / "dataset/dataset.json").read_text("utf-8"))
    assert description["shape"] == [9, 13, 3]
    classes = {entry["name"]: entry["images"] for entry in description["classes"]}
    assert classes == COUNTS
    # The classes of A have 19, 17, 12 and 14 images, those of B 21 and 16.
    counts = {"A": 2 * (18 + 16 + 11 + 13), "B": 2 * (20 + 15)}
    for name, n in counts.items():
        assert len(pd.read_csv(results / f"pairs/seed~0/{name}.csv")) == n
    assert pd.read_csv(results / "summary/summary.csv")["published_b"].isna().all()
    copy = shutil.copytree(study, tmp_path / "study")
    for folder in ("results", "logs"):
        shutil.rmtree(copy / folder / "mine")
    assert different_results(copy, finished_study) == set()
    for done in (snakemake(study, "-n"), run(study, "-n")):
        assert "Nothing to be done" in done.stdout


def test_a_changed_image_is_noticed(study, tmp_path):
    copy = shutil.copytree(study, tmp_path / "study")
    path = copy / "pictures/{hen}/3.png"
    content = path.read_bytes()
    Image.fromarray(np.zeros((9, 13, 3), np.uint8)).save(path)
    assert planned_jobs(run(copy, "-n").stdout)["train"] == 1
    path.write_bytes(content)
    assert "Nothing to be done" in run(copy, "-n").stdout
    link = path.with_name("link.png")
    link.symlink_to("nowhere")
    assert f"'{link}'; repair or delete this image\n" in run(copy, "-n").stdout
