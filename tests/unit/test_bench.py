"""The benchmark's programs: the plain one does the same study as the workflow."""

import floor
import numpy as np
import plain
import pytest
import run

from siamese.study.study import with_defaults

CONFIG = with_defaults({}, run.ROOT)


def test_plain_network_is_the_published_one():
    assert plain.build(CONFIG["sizes"]["large"], 0.01).count_params() == 428_608


@pytest.mark.parametrize(("most", "taken"), [(7000, 30), (10, 10)])
def test_plain_pairs_are_the_published_ones(most, taken):
    generator = np.random.default_rng(0)
    labels = generator.permutation(np.repeat(np.arange(10), 30))
    images = np.arange(300, dtype="float32").reshape(-1, 1, 1, 1)
    sides, same = plain.make_pairs(images, labels, [0, 1, 2], most, generator)
    assert len(same) == 3 * 2 * (taken - 1) == 2 * same.sum()
    left, right = (side.ravel().astype(int) for side in sides)
    assert not (left == right).any() and len({*left, *right}) == 3 * taken
    np.testing.assert_array_equal(labels[left] == labels[right], same == 1)
    assert {*labels[left]} == {*labels[right]} == {0, 1, 2}


def test_plain_splits_are_the_published_ones():
    images = np.arange(70_000, dtype="float32").reshape(-1, 1, 1, 1)
    data = plain.make_data(images, np.repeat(np.arange(10), 7000), CONFIG)
    sizes = {name: len(same) for name, (_, same) in data.items()}
    assert sizes == {"A": 16_797, "train": 60_000, "validation": 7_191, "B": 55_992}


def test_floor_needs_the_longest_run_of_each_setting():
    grid = {"size": ["small", "large"], "l2": [0.01], "batch_size": [512]}
    points = run.grid_points([{**grid, "epochs": [2, 5]}, {**grid, "epochs": [3]}])
    assert floor.longest_runs(points) == {(s, 0.01, 512): 5 for s in grid["size"]}


def test_a_variant_that_fails_names_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "OUTPUT", tmp_path)
    assert run.measure("well", ["python", "-c", "b'1' * 300_000_000"])["MB"] > 300
    with pytest.raises(SystemExit, match=r"floor failed \(log: .*floor\.log\)"):
        run.measure("floor", ["python", "-c", "1 / 0"])
    assert "ZeroDivisionError" in (tmp_path / "floor.log").read_text()
