"""The benchmark's programs: the plain one does the same study as the workflow."""

import floor
import numpy as np
import plain
import pytest
import run

from siamese.study import with_defaults

CONFIG = with_defaults({}, run.ROOT)
CLASSES = [0, 1, 2]


@pytest.mark.parametrize(
    ("size", "parameters"), [("small", 107_296), ("large", 428_608)]
)
def test_plain_network_is_the_published_one(size, parameters):
    model = plain.build(CONFIG["sizes"][size], 0.01)
    assert model.count_params() == parameters
    assert not model.jit_compile


@pytest.mark.parametrize(("most", "taken"), [(7000, 30), (10, 10)])
def test_plain_pairs_are_the_published_ones(most, taken):
    generator = np.random.default_rng(0)
    labels = generator.permutation(np.repeat(np.arange(10), 30))
    images = np.arange(300, dtype="float32").reshape(-1, 1, 1, 1)
    sides, same = plain.make_pairs(images, labels, CLASSES, most, generator)
    assert len(same) == 3 * 2 * (taken - 1)
    assert same.mean() == 0.5
    left, right = (side.ravel().astype(int) for side in sides)
    assert not (left == right).any()
    np.testing.assert_array_equal(labels[left] == labels[right], same == 1)
    assert {*labels[left]} == {*labels[right]} == {*CLASSES}
    assert len({*left, *right}) == 3 * taken


def test_plain_splits_are_the_published_ones():
    labels = np.repeat(np.arange(10), 7000)
    images = np.arange(70_000, dtype="float32").reshape(-1, 1, 1, 1)
    data = plain.make_data(images, labels, CONFIG)
    sizes = {name: len(same) for name, (_, same) in data.items()}
    assert sizes == {"A": 16_797, "train": 60_000, "validation": 7_191, "B": 55_992}
    for name, (sides, _) in data.items():
        classes = {*labels[np.concatenate(sides).ravel().astype(int)]}
        assert classes == {*CONFIG["sets"]["B" if name == "B" else "A"]}


def test_floor_needs_the_longest_run_of_each_setting():
    grid = {"size": ["small", "large"], "l2": [0.01], "batch_size": [512]}
    points = run.grid_points({**grid, "epochs": [2, 5, 3]})
    assert len(points) == 6
    assert floor.longest_runs(points) == {
        ("small", 0.01, 512): 5,
        ("large", 0.01, 512): 5,
    }


def test_measure_counts_the_time_and_memory_of_child_processes(tmp_path):
    child = "x = b'1' * 300_000_000; import time; time.sleep(0.3)"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    )
    used = run.measure(["python", "-c", parent], tmp_path, tmp_path / "log")
    assert used["wall"] >= 0.3
    assert used["peak"] > 300e6
    assert used["cpu"] > 0


def test_failed_variant_names_its_log(tmp_path):
    with pytest.raises(SystemExit, match=r"python failed \(log: .*log\)"):
        run.measure(["python", "-c", "1 / 0"], tmp_path, tmp_path / "log")
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_ratios():
    measured = {
        "plain": {"wall": 400, "cpu": 600, "peak": 3e9},
        "workflow": {"wall": 100, "cpu": 200, "peak": 1e9},
        "floor": {"wall": 80, "cpu": 160, "peak": 1e9},
    }
    assert run.ratios(measured) == {
        "plain / workflow, wall": 4,
        "plain / workflow, CPU": 3,
        "plain / workflow, peak of a process": 3,
        "workflow / floor, wall": 1.25,
        "workflow / floor, CPU": 1.25,
    }
    assert "| plain     |     400.0 |    600.0 |" in run.table(measured, "variant")
