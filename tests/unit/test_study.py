"""The study that a config makes."""

import copy
import dataclasses
import math
import re

import pydantic
import pytest
import yaml
from configs import DEFAULT, OVERLAYS, SMALL, grid, study_of
from snakemake.utils import update_config
from study import ROOT

from siamese.axes import NAMED, OTHERS, OTHERS_PATTERN, default_of
from siamese.points import as_records, point_files, run_files
from siamese.study import Study, with_defaults


def test_the_published_study():
    study = study_of()
    assert len(study.points) == 2 * 2 * 4 * 4
    point = "<results>/grid/size~{},l2~{},batch_size~{},epochs~{},seed~0"
    assert study.points[0].folder == point.format("small", "0.01", 512, 2)
    assert study.points[-1].folder == point.format("large", "0", 4096, 5)
    counts = study.plan("").pairs
    assert counts == {
        "A": {"test": 16797, "train": 60000, "validation": 7191},
        "B": {"test": 55992},
        "crossed": {"test": 55992},
    }
    assert sum(counts["A"].values()) == 83988
    assert study.classes.sets == {"A": [0, 1, 2, 4, 5, 9], "B": [3, 6, 7, 8]}
    assert study.paths.claims is None
    assert (
        study.paths.data_files[0] == "<resources>/fashion_mnist/train-images-idx3-ubyte"
    )
    assert study.paths.root == ""


def test_a_split_by_images():
    study = study_of(**grid(split_by=["images"]))
    # 5001, 599 and 1400 of 7000 images a class
    assert study.plan("split_by~images/").pairs["A"] == {
        "test": 12 * 1399,
        "train": 12 * 5000,
        "validation": 12 * 598,
    }
    assert study.points[0].folder.startswith(
        "<results>/split_by~images/grid/size~small"
    )
    assert study.split_by == "images"


def test_both_splits_are_two_runs_of_a_seed():
    study = study_of(**grid(split_by=["pairs", "images"]), seeds=[3, 4])
    assert len(study.points) == 2 * 64 * 2
    assert len(study.main_points) == 64 * 2
    assert study.ways == ["pairs", "images"]
    assert run_files(study.points, "pairs", "A.csv") == [
        f"<results>/{split}pairs/seed~{seed}/A.csv"
        for split in ("", "split_by~images/")
        for seed in (3, 4)
    ]


def test_folds_leave_classes_out():
    study = study_of(SMALL)
    assert [point.folder for point in study.fold_points] == [
        f"<results>/leave_out~0-1/grid/size~{size},l2~{l2},batch_size~{batch},"
        f"epochs~{epochs},seed~0"
        for size, l2, batch, epochs in (
            ("small", "0.01", 64, 2),
            ("small", "0", 64, 2),
            ("large", "0.01", 32, 3),
        )
    ]
    assert study.classes.fold_of("leave_out~0-1/") == [0, 1]
    # four of six classes, and as many of the training pairs
    assert study.plan("leave_out~0-1/").pairs == {
        "A": {"test": 46, "train": 133, "validation": 4 * 2 * 29 - 46 - 133},
        "B": {"test": 2 * 2 * 29},
        "crossed": {"test": 2 * 2 * 29},
    }
    assert len(study_of().fold_points) == 64 * math.comb(6, 2)


def test_a_union_of_grids_has_each_point_once():
    twice = [DEFAULT["grid"], DEFAULT["grid"] | {"l2": [-0.0, 0.02, 1e-5]}]
    points = study_of(grid=twice).points
    assert len(points) == len({point.folder for point in points}) == 64 + 2 * 32
    assert {point.folder.split(",")[1] for point in points} == {
        *("l2~0.01", "l2~0", "l2~0.02", "l2~1e-05")
    }


def test_a_folder_names_what_differs_from_the_report_in_one_order():
    options = {"precision": ["mixed_bfloat16", "float32"], "dropout": [0.5, 0.25]}
    study = study_of(
        **grid(size=["small"], l2=[0], batch_size=[512], epochs=[2], **options)
    )
    folders = [point.folder for point in study.points]
    start = "<results>/grid/size~small,l2~0,batch_size~512,epochs~2"
    assert folders == [
        f"{start},dropout~0.5,precision~mixed_bfloat16,seed~0",
        f"{start},dropout~0.5,seed~0",
        f"{start},precision~mixed_bfloat16,seed~0",
        f"{start},seed~0",
    ]
    assert study.axes == [*NAMED, "dropout", "precision"]


def test_the_reports_values_are_in_no_folder():
    reports = {name: [default_of(name, 16)] for name in OTHERS}
    named = study_of(**grid(size=["small"], **reports)).points
    assert named == study_of(**grid(size=["small"])).points
    # A width is the report's for one size, and not for the other.
    widths = study_of(**grid(dense_width=[64], l2=[0], batch_size=[512], epochs=[2]))
    assert [point.others for point in widths.points] == ["", ",dense_width~64"]
    assert [point.values["embedding_width"] for point in widths.points] == [32, 64]


def test_margin_and_precision_hold_where_the_grid_lists_none():
    options = {"margin": 2.0, "precision": "mixed_float16"}
    (first, *_) = study_of(**options).points
    assert first.others == ",margin~2,precision~mixed_float16"
    (first, *_) = study_of(**options, **grid(margin=[1.0])).points
    assert first.others == ",precision~mixed_float16"


ODD_VALUES = {
    "network": ["residual"],
    "kernel_size": [5],
    "dense_width": [7],
    "dropout": [0.0, 0.125],
    "embedding_width": [1],
    "head": ["unit"],
    "whitening": [0.5, 0.1],
    "distance": ["manhattan"],
    "loss": ["hinge"],
    "margin": [0.1, 1e-7, 1e5],
    "optimizer": ["sgd"],
    "learning_rate": [1e-05, 0.003],
    "precision": ["mixed_float16"],
}


def test_a_path_says_what_the_setting_is():
    assert [*ODD_VALUES] == [*OTHERS]
    study = study_of(**grid(**ODD_VALUES, sample=30))
    pattern = re.compile(
        f"size~(?P<size>.+?),l2~(?P<l2>.+?),batch_size~(?P<batch_size>.+?),"
        f"epochs~(?P<epochs>[0-9]+)(?P<others>{OTHERS_PATTERN}),seed~0$"
    )
    for point in study.points:
        wildcards = pattern.search(point.folder).groupdict()
        filters = DEFAULT["sizes"][point.values["size"]]
        assert study.settings.at(wildcards) == point.values | {"filters": filters}
        assert "sgd, learning rate " in study.settings.describe(wildcards)


def test_a_larger_sample_contains_a_smaller_one():
    def folders(**options):
        return [point.folder for point in study_of(**grid(**options)).points]

    every = folders()
    five, twenty, other = (
        folders(sample=n, sample_seed=seed) for n, seed in ((5, 0), (20, 0), (20, 1))
    )
    assert (len(five), len(twenty)) == (5, 20)
    assert {*five} < {*twenty} < {*every}
    assert {*other} != {*twenty}
    assert twenty == [folder for folder in every if folder in twenty]
    assert folders(sample=64) == folders(sample=1000) == every
    # Of 10^12 combinations none but those drawn are looked at.
    many = {"learning_rate": [n / 1e7 for n in range(1, 10**5)]}
    assert len(folders(sample=3, dropout=[n / 1e6 for n in range(10**5)], **many)) == 3


def test_without_a_threshold_it_is_half_the_margin():
    assert study_of().thresholds.of({"margin": 3.0}) == 0.5
    assert study_of(threshold=None).thresholds.of({"margin": 3.0}) == 1.5


def test_losses_are_those_of_the_grid():
    assert study_of().losses == [["contrastive", 1.0]]
    study = study_of(**grid(loss=["hinge", "contrastive"], margin=[1.0, 2.0]))
    assert len(study.losses) == 4


def test_the_next_shorter_run():
    study = study_of(**grid(epochs=[2, 5, 9]))
    point = {"split": "", "size": "small", "l2": "0", "batch_size": "512"}
    point |= {"others": "", "seed": "0", "epochs": "9"}
    shorter = [study.shorter(point | {"epochs": n}) for n in ("2", "5", "9")]
    assert shorter == [None, 2, 5]
    assert study.shorter(point | {"split": "leave_out~0-1/", "seed": "7"}) == 5
    assert study.shorter(point | {"l2": "0.03"}) is None
    assert study.shorter(point | {"others": ",head~unit"}) is None
    of_two = study_of(**grid(epochs=[2, 5], head=["unit", "linear"]))
    point |= {"epochs": "5", "others": ",head~unit"}
    assert of_two.shorter(point) == 2


def test_records_have_types():
    (record, *_) = as_records(study_of().points, "size", "l2", "epochs", "seed")
    assert record == {"size": "small", "l2": 0.01, "epochs": 2, "seed": 0}
    assert [*map(type, record.values())] == [str, float, int, int]


def test_files_of_points_go_by_name():
    points = study_of(**OVERLAYS["figures"]).points
    files = point_files(points, "model.keras", "metrics.json")
    assert [file.rsplit("/")[-1] for file in files] == (
        ["model.keras"] * 8 + ["metrics.json"] * 8
    )


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("quick", 4),
        ("figures", 8),
        ("optimum", 8),
        ("precision", 6 * 2),
        ("full", 5 * 64),
        ("replicates", 10 * 8),
        ("leakage", 5 * 2 * 8),
        ("divisions", 21 * 8),
        ("search", 9 * 17),
        ("best", (10 + 16) * 2),
        ("judged", 17 * 17),
    ],
)
def test_overlays(name, points):
    config = copy.deepcopy(DEFAULT)
    if name == "judged":
        # It is laid over another.
        update_config(config, copy.deepcopy(OVERLAYS["search"]))
    assert len(study_of(config, **OVERLAYS[name]).points) == points
    assert {*OVERLAYS} == {
        *("quick", "figures", "optimum", "full", "replicates"),
        *("leakage", "divisions", "search", "best", "judged", "precision"),
    }


@pytest.mark.parametrize(
    ("name", "root", "classes"),
    [("fashion_mnist", "", 10), ("mnist", "/mnist", 10), ("kmnist", "/kmnist", 10)],
)
def test_overlays_of_data_sets(name, root, classes):
    path = ROOT / f"config/datasets/{name}.yaml"
    overlay = yaml.safe_load(path.read_text(encoding="utf-8"))
    study = Study.from_config(with_defaults(overlay, ROOT), ROOT)
    assert (study.paths.root, len(study.classes.names), len(study.points)) == (
        root,
        classes,
        64,
    )
    assert len({*study.classes.sets["A"], *study.classes.sets["B"]}) == classes
    assert (study.paths.published is None) == (name != "fashion_mnist")


def test_a_study_does_not_change():
    study = study_of()
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.config = None
    with pytest.raises(pydantic.ValidationError):
        study.config.margin = 2.0
    with pytest.raises(TypeError):
        study.config.sizes["small"] = 3


def test_a_module_may_state_a_part_of_the_config():
    given = {"pairs": {"train": 100}, "grid": DEFAULT["grid"] | {"batch_size": [64]}}
    config = with_defaults(given, ROOT)
    assert config["pairs"] == DEFAULT["pairs"] | {"train": 100}
    assert len(Study.from_config(config, ROOT).points) == 16


def test_configs_name_the_schema():
    for name in ("config", *OVERLAYS):
        text = (ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")
        assert text.startswith("# yaml-language-server: $schema=config.schema.json\n")
