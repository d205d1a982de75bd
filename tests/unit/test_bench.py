"""The benchmark's programs: the naive ones do the same study as the workflow."""

import json

import floor
import numpy as np
import plain
import pytest
import run
import tables

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("size", "parameters"), [("small", 107_296), ("large", 428_608)]
)
def test_plain_network_is_the_reports(size, parameters):
    model = plain.build(plain.FILTERS[size], 0.01)
    assert model.count_params() == parameters
    assert not model.jit_compile


def test_plain_pairs_are_the_reports():
    labels = GENERATOR.permutation(np.repeat(np.arange(10), 30))
    images = np.arange(300, dtype="float32").reshape(-1, 1, 1, 1)
    (left, right), same = plain.make_pairs(images, labels, [0, 1, 2], GENERATOR)
    assert len(same) == 3 * 2 * 29
    assert same.mean() == 0.5
    left, right = (labels[side.ravel().astype(int)] for side in (left, right))
    np.testing.assert_array_equal(left == right, same == 1)
    assert set(left) | set(right) == {0, 1, 2}


def test_floor_needs_the_longest_run_of_each_setting():
    grid = {"size": ["small", "large"], "l2": [0.01], "batch_size": [512]}
    points = run.grid_points({**grid, "epochs": [2, 5, 3]})
    assert len(points) == 6
    assert floor.longest_runs(points) == {
        ("small", 0.01, 512): 5,
        ("large", 0.01, 512): 5,
    }


def test_measure_counts_the_time_and_memory_of_child_processes(tmp_path):
    child = "x = b'1' * 900_000_000; import time; time.sleep(0.3)"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    )
    used = run.measure(["python", "-c", parent], tmp_path, tmp_path / "log")
    assert used["wall"] >= 0.3
    assert 900e6 < used["peak"] < 1200e6
    assert used["cpu"] > 0


def test_failed_variant_names_its_log(tmp_path):
    with pytest.raises(SystemExit, match=r"python failed \(log: .*log\)"):
        run.measure(["python", "-c", "1 / 0"], tmp_path, tmp_path / "log")
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_variant_is_not_measured_twice(tmp_path):
    bench = run.Benchmark(tmp_path, run.SUBSET)
    assert len(json.loads(bench.points.read_text())) == 4
    runs = []

    def variant(log):
        runs.append(log)
        return {"wall": 1.0}

    for _ in range(2):
        assert bench.run("plain", variant) == {"wall": 1.0}
    assert runs == [bench.work / "plain.log"]


def test_ratios():
    measured = {
        "plain": {"wall": 400, "cpu": 600, "peak": 3e9},
        "workflow": {"wall": 100, "cpu": 200, "peak": 1e9, "pairs": 1e6},
        "floor": {"wall": 80, "cpu": 150},
    }
    ratios = tables.ratios_of(measured, pixels=900e6)
    assert ratios["plain / workflow, wall"] == 4
    assert ratios["plain / workflow, CPU"] == 3
    assert ratios["workflow / floor, wall"] == 1.25
    assert ratios["plain / workflow, peak memory"] == 3
    assert ratios["pixels of all pairs / pair tables"] == 900
    assert not any("naive" in name for name in ratios)
    assert len(tables.draw(measured).axes) == 1


def test_measurements_of_another_grid_are_refused(tmp_path):
    run.Benchmark(tmp_path, run.SUBSET)
    with pytest.raises(SystemExit, match="other grid points; remove it"):
        run.Benchmark(tmp_path, run.SUBSET | {"epochs": [2]})
