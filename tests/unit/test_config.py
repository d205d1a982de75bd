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
        "pairs.train: found 67191, expected fewer, so that pairs of A are left for "
        "validation: 16797 test + 67191 training pairs leave 0",
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
    "too many grid points": (
        {"seeds": list(range(1600))},
        "grid and seeds: found 102400, expected at most 100000 grid points",
    ),
    "no seeds": ({"seeds": []}, "seeds: found []"),
    "unknown split": (
        grid(split_by=["image"]),
        "grid.split_by.0: found 'image', expected enum ['pairs', 'images']",
    ),
    "no images left to validate on": (
        {**grid(split_by=["images"]), "pairs": {"train": 67180}},
        "pairs.train: found 67180, expected fewer",
    ),
    "claims without their settings": (
        {**grid(batch_size=[512, 1024]), "claims": "config/claims.yaml"},
        "config/claims.yaml: claim 3, effect 'A − B at 4096': found 'size small, l2 "
        "0.01, batch_size 4096, epochs 2', expected a setting of the grid; add it",
    ),
    "no file of claims": (
        {"claims": "config/claim.yaml"},
        "claims: found 'config/claim.yaml', expected a file; there is no",
    ),
}
BAD_CLAIMS = {
    "unknown metric": (
        {"of": {"metric": "accuracy_c"}, "holds": [0, 1]},
        "claims.0.effects.0.of.metric: found 'accuracy_c', expected pattern",
    ),
    "no metric": (
        {"of": {"size": "small"}, "holds": [0, 1]},
        "claim 1, effect 'x': found {'size': 'small'}, expected also a metric",
    ),
    "one-sided key": (
        {
            "of": {"metric": "auc_b", "l2": 0},
            "minus": {"metric": "auc_b", "epochs": 2},
            "holds": [0, 1],
        },
        "expected the same keys on both sides, ['l2', 'metric']",
    ),
    "no bounds": (
        {"of": {"metric": "auc_b"}},
        "claims.0.effects.0: found ['effect', 'of'], expected also the keys ['holds']",
    ),
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_bad_claim_is_refused_in_one_line(tmp_path, case):
    effect, message = BAD_CLAIMS[case]
    claims = tmp_path / "claims.yaml"
    content = [{"claim": "A claim.", "effects": [{"effect": "x", **effect}]}]
    claims.write_text(yaml.safe_dump({"claims": content}))
    assert message in refusal(tmp_path, {"claims": str(claims)})


@pytest.mark.parametrize("folds", [5, 7, [[0, 3]], [[0, 1], [2, 4, 5, 9, 0]]], ids=str)
def test_bad_folds_are_refused_where_they_are_needed(tmp_path, folds):
    choice = {"folds": folds, "seeds": [0], "metric": "auc"}
    message = refusal(tmp_path, {"choice": choice}, "choice")
    assert "choice.folds: found [" in message
    assert "expected two or more different classes of A" in message


def test_a_fold_that_stands_twice_is_refused(tmp_path):
    choice = {"folds": [[0, 1], [1, 0]], "seeds": [0], "metric": "auc"}
    message = refusal(tmp_path, {"choice": choice}, "choice")
    assert "choice.folds: found [[0, 1], [1, 0]], expected each fold once" in message


@pytest.mark.parametrize("case", BAD)
def test_bad_config_is_refused_in_one_line(tmp_path, case):
    overlay, message = BAD[case]
    assert message in refusal(tmp_path, overlay)


def refusal(tmp_path, overlay, *targets):
    """The one line that snakemake says of a bad config, having made nothing."""
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    snakefile = str(ROOT / "Snakefile")
    done = snakemake(tmp_path, *targets, "-s", snakefile, "--configfile", str(path))
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "Config: " in line]
    assert len(lines) == 1, done.stdout
    assert done.stdout.splitlines()[-1] == lines[0]
    assert not (tmp_path / "results").exists()
    return lines[0]
