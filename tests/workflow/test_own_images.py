"""A study of somebody's own images, beside another one in the same folder."""

import json
import shutil

import numpy as np
import pytest
import yaml
from PIL import Image
from study import different_results, planned_jobs, snakemake

COUNTS = {"a cat": 19, "cow": 14, "dog": 17, "ëel": 21, "fox": 12, "{hen}": 16}
CONFIG = {
    "dataset": {"format": "folder", "name": "mine", "folder": "pictures"},
    "sets": {"A": ["a cat", "dog", "fox", "cow"], "B": None},
    "pairs": {"images_per_class": None, "test_fraction": 0.2, "train": 60},
    "grid": {
        "size": ["small"],
        "l2": [0.01],
        "batch_size": [32],
        "epochs": [2],
        "head": ["unit"],
    },
    "choice": {"folds": [["a cat", "fox"]]},
}


@pytest.fixture(scope="module")
def study(finished_study, tmp_path_factory):
    """The finished study, with a folder of colour images and a config of their own."""
    study = tmp_path_factory.mktemp("beside") / "study"
    shutil.copytree(finished_study, study)
    generator = np.random.default_rng(0)
    for name, n in COUNTS.items():
        folder = study / "pictures" / name
        folder.mkdir(parents=True)
        colour = generator.integers(0, 200, 3)
        for number in range(n):
            noise = generator.integers(0, 56, (9, 13, 3))
            image = Image.fromarray((colour + noise).astype(np.uint8))
            image.save(folder / f"{number}.png")
    (study / "mine.yaml").write_text(yaml.safe_dump(CONFIG))
    # Where the project has it, so that the overlay's stands alone.
    path = study / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    described = {"dataset": config.pop("dataset")}
    (study / "config/datasets/fashion_mnist.yaml").write_text(yaml.safe_dump(described))
    path.write_text(yaml.safe_dump(config))
    done = snakemake(study, "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stdout
    return study


def test_results_have_a_folder_of_their_own(study, finished_study):
    (point,) = (study / "results/mine/grid").iterdir()
    assert point.name == "size~small,l2~0.01,batch_size~32,epochs~2,head~unit,seed~0"
    assert (study / "results/mine/summary/summary.png").exists()
    assert (study / "logs/mine/partition.log").exists()
    shutil.copytree(study, copy := study.parent / "copy")
    for folder in ("results", "logs"):
        shutil.rmtree(copy / folder / "mine")
    assert different_results(copy, finished_study) == set()
    done = snakemake(study, "-n")
    assert "Nothing to be done" in done.stdout
    done = snakemake(study, "-n", "--configfile", "mine.yaml")
    assert "Nothing to be done" in done.stdout


def test_shape_names_and_counts_come_from_the_files(study):
    path = study / "results/mine/dataset/dataset.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    assert description["shape"] == [9, 13, 3]
    found = {entry["name"]: entry["images"] for entry in description["classes"]}
    assert found == COUNTS
    images = np.load(study / "results/mine/dataset/images.npy")
    assert images.shape == (sum(COUNTS.values()), 9, 13, 3)


def test_pairs_of_unequal_classes_are_verified(study):
    path = study / "results/mine/verification/seed~0/pairs.json"
    sets = json.loads(path.read_text())["sets"]
    # The classes of A have 19, 17, 12 and 14 images, those of B 21 and 16.
    n = 2 * (18 + 16 + 11 + 13)
    parts = {name: part["pairs"] for name, part in sets["A"]["splits"].items()}
    assert parts == {"test": n // 5, "train": 60, "validation": n - n // 5 - 60}
    assert sets["B"]["pairs"] == 2 * (20 + 15)


def test_published_values_are_of_the_published_data_alone(study):
    header, *rows = (study / "results/mine/summary/summary.csv").read_text().split("\n")
    place = header.split(",").index("published_b")
    assert {row.split(",")[place] for row in rows if row} == {""}


def test_a_changed_image_is_noticed(study, tmp_path):
    copy = shutil.copytree(study, tmp_path / "study")
    path = copy / "pictures/cow/3.png"
    content = path.read_bytes()
    image = Image.open(path)
    image.putpixel((0, 0), (0, 0, 0))
    image.save(path)
    done = snakemake(copy, "-n", "--configfile", "mine.yaml")
    assert planned_jobs(done.stdout)["train"] == 1
    path.write_bytes(content)
    done = snakemake(copy, "-n", "--configfile", "mine.yaml")
    assert "Nothing to be done" in done.stdout
    path.rename(path.with_name("0.png"))
    done = snakemake(copy, "-n", "--configfile", "mine.yaml")
    assert planned_jobs(done.stdout)["train"] == 1


def test_an_image_that_cannot_be_read_is_named(study, tmp_path):
    copy = shutil.copytree(study, tmp_path / "study")
    path = copy / "pictures/{hen}/3.png"
    path.write_bytes(path.read_bytes()[:50])
    done = snakemake(copy, "--configfile", "mine.yaml")
    assert done.returncode != 0
    errors = [line for line in done.stdout.split("\n") if line.startswith("Error: ")]
    assert f"{path}: no image that can be read" in errors[0]


def test_folds_by_name(study):
    done = snakemake(study, "-n", "choice", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stdout
    assert "leave_out~0-3/" in done.stdout
