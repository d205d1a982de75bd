"""A bad config is refused before any job, in one line that says what is wrong."""

import pytest
import yaml
from study import ROOT, snakemake

DEFAULT = yaml.safe_load((ROOT / "config/config.yaml").read_text())


def grid(**options):
    return {"grid": DEFAULT["grid"] | options}


# overlay, and what the message says of key, value and what is allowed
BAD = {
    "unknown key": ({"sedes": [1]}, "top level: found ['sedes'], expected only"),
    "unknown nested key": (grid(epoch=[2]), "grid: found ['epoch'], expected only"),
    "bad size name": (
        {"sizes": {"extra large": 64}},
        "sizes: found ['extra large'], expected only the keys ['^[A-Za-z0-9]+$']",
    ),
    "wrong type": (
        {"threshold": "half"},
        "threshold: found 'half', expected type numb",
    ),
    "empty list": (grid(l2=[]), "grid.l2: found []"),
    "epochs below 1": (grid(epochs=[0]), "grid.epochs.0: found 0, expected minimum 1"),
    "batch below 1": (grid(batch_size=[-8]), "grid.batch_size.0: found -8"),
    "l2 below 0": (grid(l2=[-0.1]), "grid.l2.0: found -0.1, expected minimum 0"),
    "large batch": (
        grid(batch_size=[60001]),
        "grid.batch_size: found 60001, expected at most the training pairs, 60000",
    ),
    "unknown size": (
        grid(size=["huge"]),
        "grid.size: found 'huge', expected keys of sizes, ['small', 'large']",
    ),
    "class in both sets": (
        {"sets": {"B": [3, 6, 7, 8, 9]}},
        "sets: class 9 (Ankle boot): found 'A and B', expected exactly one of A and B",
    ),
    "class in neither set": (
        {"sets": {"B": [3, 6, 7]}},
        "sets: class 8 (Bag): found 'in neither set'",
    ),
    "unknown class": (
        {"sets": {"B": [3, 6, 7, 8, 10]}},
        "sets.B: found 10, expected class ids from 0 to 9",
    ),
    "splits exceed the pairs": (
        {"pairs": {"train": 67191}},
        "pairs.train: found 67191, expected at most 67190",
    ),
    "no test pairs": (
        {"pairs": {"images_per_class": 2, "test_fraction": 0.01, "train": 5}},
        "pairs.test_fraction: found 0.01, expected at least one test pair",
    ),
    "too many images": (
        {"pairs": {"images_per_class": 7001}},
        "pairs.images_per_class: found 7001, expected at most",
    ),
    "threshold not positive": (
        {"threshold": 0},
        "threshold: found 0, expected exclusiv",
    ),
    "unknown precision": (
        {"precision": "float64"},
        "precision: found 'float64', expec",
    ),
    "margin not positive": ({"margin": -1}, "margin: found -1, expected exclusiveMini"),
    "duplicate seeds": ({"seeds": [1, 1]}, "seeds: found [1, 1], expected uniqueItems"),
    "no seeds": ({"seeds": []}, "seeds: found []"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_config_is_refused_in_one_line(tmp_path, case):
    overlay, message = BAD[case]
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    done = snakemake(tmp_path, "-s", str(ROOT / "Snakefile"), "--configfile", str(path))
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "Config: " in line]
    assert len(lines) == 1, done.stdout
    assert message in lines[0]
    assert done.stdout.splitlines()[-1] == lines[0]
    assert not (tmp_path / "results").exists()
