"""A mistake in a config, or in its claims, is refused in one line that names it."""

import copy
import math

import pytest
from configs import (
    DEFAULT,
    SMALL,
    check_line,
    grid,
    refusal,
    study_of,
    study_with_claims,
)

from siamese.errors import ConfigError
from siamese.study import Study

# overlay, and what the message says of key, value and what is expected
BAD = {
    "unknown key": ({"sedes": [1]}, "top level: found ['sedes'], expected only the"),
    "unknown nested key": (grid(epoch=[2]), "grid: found ['epoch'], expected only"),
    "key of a grid of several": (
        {"grid": [{**DEFAULT["grid"], "epoch": [2]}]},
        "grid.0: found ['epoch'], expected only the keys ['batch_size', 'dense_width',",
    ),
    "bad size name": (
        {"sizes": {"extra large": 64}},
        "sizes: found 'extra large', expected a name: text that matches ^[A-Za-z0-9]+$",
    ),
    "wrong type": (
        {"threshold": "half"},
        "threshold: found 'half', expected a number, 'development', or null",
    ),
    "float for a whole number": (
        grid(epochs=[2.0]),
        "grid.epochs.0: found 2.0, expected a whole number",
    ),
    "truth for a whole number": (
        {"seeds": [True]},
        "seeds.0: found True, expected a whole number",
    ),
    "truth for a number": ({"margin": True}, "margin: found True, expected a number"),
    "text for a number": (grid(l2=["1e-3"]), "grid.l2.0: found '1e-3', expected a num"),
    "not a number": (
        {"margin": math.nan},
        "margin: found nan, expected a finite number",
    ),
    "infinite": ({"threshold": math.inf}, "threshold: found inf, expected a finite"),
    "too long a number": (grid(epochs=[2**63]), "grid.epochs.0: found 9223372036"),
    "no list": (grid(epochs=2), "grid.epochs: found 2, expected a list"),
    "empty list": (grid(l2=[]), "grid.l2: found [], expected a list of at least 1"),
    "no mapping": ({"pairs": [1]}, "pairs: found [1], expected a mapping"),
    "epochs below 1": (grid(epochs=[0]), "grid.epochs.0: found 0, expected at least 1"),
    "batch below 1": (grid(batch_size=[-8]), "grid.batch_size.0: found -8"),
    "l2 below 0": (grid(l2=[-0.1]), "grid.l2.0: found -0.1, expected at least 0"),
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
        "threshold: found 0, expected more than 0",
    ),
    "unknown precision": (
        {"precision": "float64"},
        "precision: found 'float64', expected one of 'float32', 'mixed_bfloat16' or",
    ),
    "margin not positive": ({"margin": -1}, "margin: found -1, expected more than 0"),
    "duplicate seeds": ({"seeds": [1, 1]}, "seeds: found [1, 1], expected no value tw"),
    "too many grid points": (
        {"seeds": list(range(1600))},
        "grid, seeds and sets: found 102400, expected at most 100000 grid points",
    ),
    "no seeds": ({"seeds": []}, "seeds: found []"),
    "unknown split": (
        grid(split_by=["image"]),
        "grid.split_by.0: found 'image', expected one of ['pairs', 'images']",
    ),
    "unknown metric": (
        {"choice": {"metric": "f1"}},
        "choice.metric: found 'f1', expected one of ['accuracy', 'accuracy_tuned', ",
    ),
    "no images left to validate on": (
        {**grid(split_by=["images"]), "pairs": {"train": 67180}},
        "pairs.train: found 67180, expected fewer",
    ),
    "two places in one source": (
        {"dataset": {"sources": [{"directory": "a", "debian": "b1"}]}},
        "expected one of directory, url and debian",
    ),
    "a missing digest": (
        {"dataset": {"files": None}},
        "dataset.files: found None, expected a mapping",
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


@pytest.mark.parametrize("case", BAD)
def test_bad_config(case):
    overlay, message = BAD[case]
    assert message in refusal(**overlay)


def test_missing_keys():
    config = {key: DEFAULT[key] for key in DEFAULT if key not in ("seeds", "margin")}
    line = refusal(config)
    assert line.startswith("Error: Config: top level: found ['choice', 'claims', ")
    assert line.endswith("expected also the keys ['margin', 'seeds']")


def test_a_project_with_braces_in_its_path():
    with pytest.raises(ConfigError, match="expected a path without braces"):
        Study.from_config(DEFAULT, "/a/{b}")


@pytest.mark.parametrize("folds", [5, 7, [[0, 3]], [[0, 1], [2, 4, 5, 9, 0]]], ids=str)
def test_bad_folds_are_refused_where_they_are_needed(folds):
    study = study_of(choice={"folds": folds})
    with pytest.raises(ConfigError) as error:
        study.fold_points  # noqa: B018
    check_line(error.value, "choice.folds: found [")
    assert "expected two or more different classes of A" in str(error.value)


def test_a_fold_that_stands_twice_is_refused():
    study = study_of(choice={"folds": [[0, 1], [1, 0]]})
    with pytest.raises(ConfigError, match=r"found \[\[0, 1\], \[1, 0\]\], expected ea"):
        study.fold_points  # noqa: B018


# Names that a user chooses reach no shell, no path and no terminal.
ODD = [
    *("../../x", "; touch pwned", "$(touch pwned)", "a'b\"c", "-rf", "a|b"),
    *(r"$\frac$ and $x$", "<script>alert(1)</script>", "{seed} {{x}} %s"),
    "Größe, 衣服",
]
UNPRINTABLE = ["a\nb", "a\n", "\0", "\x1b[2J", "\u202eabc", "\ud800", ""]
LONG = "x" * 5000
SOURCES = {
    "debian": ["-o=x", "a b", "../x", "a;b", "$(a)", "x\n", "", "X", "a", "a/b", LONG],
    "url": [
        *("file:///etc/", "ftp://a/", "http://a", "https://a/b", "https://a/b c/", ""),
        *("https:///x/", "https://a/\n", "-https://a/"),
    ],
    "directory": [*UNPRINTABLE, LONG],
}
REFUSED = [
    *((("dataset", "classes", 3), name) for name in [*UNPRINTABLE, LONG]),
    *(
        (("dataset", "sources", 0), {kind: place})
        for kind, places in SOURCES.items()
        for place in places
    ),
    *(
        (("claims",), path)
        for path in [*UNPRINTABLE, LONG, "config", "/dev/null", *ODD]
    ),
    *((("sizes", name), 2) for name in [*UNPRINTABLE, LONG, *ODD, "x\n", "x" * 31]),
    *((("dataset", "files", name), "0" * 64) for name in [*UNPRINTABLE, LONG, *ODD]),
    (("dataset", "files", "train-labels-idx1-ubyte\n"), "0" * 64),
    (("dataset", "files", "train-labels-idx1-ubyte"), "0" * 64 + "\n"),
    *(
        (("grid", 0, key), [name])
        for key in ("size", "split_by", "l2", "epochs")
        for name in ["a\nb", LONG, *ODD]
    ),
    *((("precision",), name) for name in ["a\nb", LONG, *ODD]),
    *((("choice", "metric"), name) for name in ["a\nb", LONG, *ODD]),
]


def with_value(path, value):
    config = copy.deepcopy(SMALL)
    part = config
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return config


@pytest.mark.parametrize(("path", "value"), REFUSED, ids=range(len(REFUSED)))
def test_names_that_could_do_harm(path, value):
    assert path[0] in refusal(with_value(path, value))


def refused_claims(tmp_path, content):
    with pytest.raises(ConfigError) as error:
        study_with_claims(tmp_path, content)
    check_line(error.value, "claims")
    return str(error.value)


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (
            {"of": {"metric": "accuracy_c"}, "holds": [0, 1]},
            "claims.0.effects.0.of.metric: found 'accuracy_c', expected one of",
        ),
        (
            {"of": {"size": "small"}, "holds": [0, 1]},
            "claim 1, effect 'x': found {'size': 'small'}, expected also a metric",
        ),
        (
            {
                "of": {"metric": "auc_b", "l2": 0},
                "minus": {"metric": "auc_b", "epochs": 2},
                "holds": [0, 1],
            },
            "expected the same keys on both sides, ['l2', 'metric']",
        ),
        (
            {"of": {"metric": "auc_b"}},
            "claims.0.effects.0: found ['effect', 'of'], expected also the keys ['hol",
        ),
        ({"of": {"metric": "auc_b"}, "holds": [0]}, "effects.0.holds.1: found"),
        (
            {"of": {"metric": "auc_b"}, "holds": [1, 0]},
            "found [1.0, 0.0], expected one or two bounds as holds, the lower one fi",
        ),
        ({"of": {"metric": "auc_b", "l2": []}, "holds": [0, 1]}, "of.l2: found []"),
        (
            {"of": {"metric": "auc_b", "l2": 0.5}, "holds": [0, 1]},
            "found 'l2 0.5', expected a setting of the grid; add it there, or take",
        ),
    ],
    ids=str,
)
def test_bad_effect_of_a_claim(tmp_path, effect, message):
    claim = {"claim": "A claim.", "effects": [{"effect": "x", **effect}]}
    assert message in refused_claims(tmp_path, {"claims": [claim]})


@pytest.mark.parametrize("key", ["claim", "effect", "metric", "size"])
def test_bad_names_of_claims(tmp_path, key):
    for name in [*UNPRINTABLE, LONG, *(ODD if key in ("metric", "size") else [])]:
        effect = {"effect": "x", "of": {"metric": "auc_b"}, "holds": [0, 1]}
        claim = {"claim": "x", "effects": [effect]}
        holder = {"claim": claim, "effect": effect}.get(key, effect["of"])
        holder[key] = name
        refused_claims(tmp_path, {"claims": [claim]})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"claims: [", "expected a file of YAML: while parsing"),
        (b"\xff\xfe\xfd", "expected a file of YAML"),
        (b"claims: !!python/object/apply:os.mkdir [pwned]", "expected a file of YAML"),
        (b"\0", "expected a file of YAML"),
        (b"", "found None, expected a mapping"),
        (b"- 1", "found [1], expected a mapping"),
        (b"claims: " + b"[" * 2000, "expected a file of YAML"),
        (b"1: x", "found [1], expected only the keys ['claims']"),
        (b"claims: &a [*a]", "claims.0: found [[[[[[[...]]]]]]], expected a mapping"),
    ],
    ids=str,
)
def test_broken_file_of_claims(tmp_path, content, reason):
    assert reason in refused_claims(tmp_path, content)
    assert not list(tmp_path.rglob("pwned"))
