"""Settings: axes that a network uses, folders that name them, and thresholds."""

import csv
import math

from configs import DEFAULT, OVERLAYS, ROOT, grid, refusal, study_of, wildcards_of

from siamese.study.axes import FURTHER_AXES, MAIN_AXES, default_of, name_setting
from siamese.study.study import with_defaults

ONE = {"size": ["small"], "l2": [0], "batch_size": [512], "epochs": [2]}


def test_a_folder_names_what_differs_from_the_report_in_one_order():
    options = {"precision": ["mixed_bfloat16", "float32"], "dropout": [0.5, 0.25]}
    study, mixed = study_of(**grid(**ONE, **options)), ",precision~mixed_bfloat16"
    further = [f",dropout~0.5{mixed}", ",dropout~0.5", mixed, ""]
    start = "<results>/grid/size~small,l2~0,batch_size~512,epochs~2"
    assert [p.folder for p in study.points] == [f"{start}{x},seed~0" for x in further]
    assert study.axes == [*MAIN_AXES, "dropout", "precision"]
    reports = {name: [default_of(name, 16)] for name in FURTHER_AXES}
    assert study_of(**grid(**ONE, **reports)).points == study_of(**grid(**ONE)).points
    # 64 is the report's dense width for 16 filters, and not for 32.
    study = study_of(**grid(**ONE | {"size": ["small", "large"]}, dense_width=[64]))
    assert [point.further for point in study.points] == ["", ",dense_width~64"]
    assert [point.setting["embedding_width"] for point in study.points] == [32, 64]
    # The config's margin and precision hold where the grid lists none.
    options = {"margin": 2.0, "precision": "mixed_float16"}
    further = ",margin~2,precision~mixed_float16"
    assert study_of(**options).points[0].further == further
    study = study_of(**options, **grid(margin=[1.0]))
    assert study.points[0].further == ",precision~mixed_float16"
    assert study.settings.at(wildcards_of(study.points[0]))["margin"] == 1.0


def test_a_path_says_what_the_setting_is():
    values = {"network": ["residual", "gradients"], "kernel_size": [5]}
    values |= {"dense_width": [7], "dropout": [0.0, 0.125], "embedding_width": [1]}
    values |= {"head": ["unit"], "whitening": [0.5, 0.1], "distance": ["cosine"]}
    values |= {"loss": ["hinge"], "margin": [0.1, 1e-7, 1e5], "optimizer": ["sgd"]}
    values |= {"learning_rate": [1e-05, 0.003], "precision": ["mixed_float16"]}
    assert {*values} <= {*FURTHER_AXES}
    study = study_of(**grid(**values, sample=40))
    for point in study.points:
        filters = DEFAULT["sizes"].get(point.setting["size"])
        setting = point.setting | {"filters": filters}
        assert study.settings.at(wildcards_of(point)) == setting
        words = study.settings.describe(wildcards_of(point))
        assert ("sgd, learning rate " in words) == (filters is not None)
    values = {"size": "nan", "l2": None, "epochs": 1, "dropout": math.nan}
    assert name_setting(values) == "nan, 1 epoch"


def test_an_axis_that_a_network_does_not_use_makes_no_points():
    options = {"network": ["published", "gradients"], "dense_width": [64, 128]}
    study = study_of(**grid(**ONE | options | {"l2": [0.01, 0]}))
    pairs = [(p.setting["l2"], p.setting["dense_width"]) for p in study.points]
    assert pairs == [(0.01, 64), (0.01, 128), (None, None), (0, 64), (0, 128)]
    folder = "<results>/grid/size~none,l2~none,batch_size~none,epochs~none"
    assert study.points[2].folder == f"{folder},network~gradients,seed~0"
    setting, wildcards = study.points[2].setting, wildcards_of(study.points[2])
    words = "network gradients, not whitened, euclidean distance, margin 1, not centred"
    assert name_setting(setting) == f"{words}, trained upright, float32"
    assert study.settings.describe(wildcards) == "network gradients"
    assert study.shorter(wildcards) is None
    assert study.settings.growth(wildcards) == (1, 1)
    # 16 times the arithmetic, and 1000 + 20 * 128 + 0.003 * 128 * 512 MB
    assert study_of(sizes={"large": 128}).settings.largest_growth == (16, 2)


def test_time_and_memory_grow_with_the_pixels_of_images(tmp_path):
    config = with_defaults(OVERLAYS["datasets/folder"], ROOT)
    for name in ("cat", "cow", "dog", "fox", "hen", "pig", "rat", "sow"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
    # 20.9 times the pixels: the arithmetic, and 640 + 0.003 * 32 * 128 MB of 1652.
    for shape, growth in (([128, 128, 3], (21, 5)), ([28, 28, 1], (1, 1))):
        dataset = {"folder": str(tmp_path / "pictures"), "shape": shape}
        study = study_of(config, dataset=dataset)
        assert study.settings.largest_growth == growth


def test_an_axis_that_no_network_uses_is_refused():
    unused = {"l2": [0.0, 0.01], "epochs": [1, 2], "head": ["unit"]}
    for name, values in unused.items():
        number = "one" if name in MAIN_AXES else "no"
        line = refusal(**grid(**ONE | {name: values}, network=["gradients"]))
        mistake = f"Error: Config: grid.{name}: found {values}, expected {number} value"
        assert line == f"{mistake}, as no network of the grid uses it (gradients)"


def test_thresholds_are_half_the_margin_or_those_of_another_study(tmp_path):
    assert study_of().thresholds.of({"margin": 3.0}) == 0.5
    assert study_of(threshold=None).thresholds.of({"margin": 3.0}) == 1.5
    path = tmp_path / "divisions.csv"
    path.write_text(
        "name,method,size,l2,batch_size,epochs,whitening,threshold_unseen\n"
        "one,siamese,small,0.01,512,2,0.1,0.25\ntwo,siamese,small,0.0,512,2,0.0,0.75\n"
        'other,siamese,huge,0.0,512,2,0.0,0.5\n"PCA, small",PCA,small,,,,,0.45\n'
    )
    options = {"threshold": "development", "development": str(path), "margin": 2.0}
    # A table without margins has the report's, which is not this study's.
    grids = [ONE | {"l2": [0.01], "whitening": [0.1]}, ONE]
    study = study_of(**options, grid=[grid | {"margin": [1.0]} for grid in grids])
    assert [study.thresholds.of(p.setting) for p in study.points] == [0.25, 0.75]
    assert study.thresholds.of_baselines == {"PCA, small": 0.45}
    line = refusal(**options, grid=ONE)
    assert f"'{path}', expected a row of small, no L2" in line and "margin 2" in line
    assert "expected a file as development" in refusal(threshold="development")
    path.write_text(f"{path.read_text()}x")
    assert f"development: found '{path}', expected a divisions.csv" in refusal(
        **options, grid=ONE
    )


def test_the_search_has_thresholds_of_what_it_found():
    study = study_of(**OVERLAYS["best"])
    with open(ROOT / "docs/results/search.csv", newline="") as file:
        rows = {row["name"]: row["threshold_unseen"] for row in csv.DictReader(file)}
    name = "network gradients, whitened by 0.5, centred, trained on poses"
    assert study.thresholds.of(study.points[0].setting) == float(rows[name])
