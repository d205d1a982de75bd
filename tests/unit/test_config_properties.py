"""Whatever one changes in a valid config: it is planned, or refused in one line.

Snakemake runs in this process for these hundreds of cases; test_config.py runs it as
a user does.
"""

import copy
import datetime
import itertools
import math
import shutil

import pandas as pd
import pytest
import yaml
from conftest import CLAIMS
from dry_run import STUDY, check_line, outcome, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_claims import judge_claims
from study import PAIRS, ROOT

from siamese.tables import SETTING

OVERLAYS = {
    path.name: yaml.safe_load(path.read_text())
    for path in sorted((ROOT / "config").glob("*.yaml"))
    if path.name not in ("config.yaml", "claims.yaml")
}
BAD_TEXTS = [
    *("", " ", "small", "3", "1e5", "null", "../../x", "/etc/passwd", "; touch pwned"),
    *("$(touch pwned)", "`touch pwned`", "a'b\"c", "a\nb", "small\n", "-rf", "\0"),
    *("x" * 300, "x" * 5000, "Größe", "衣服", "👟", "\u202eabc", "\ud800", r"$\frac$"),
    *("a|b", "<script>alert(1)</script>", "{seed}", "{{x}}", "%s", "*", "~", "."),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70),
    st.sampled_from([2**31, 2**32, 2**63, 10**30, -(10**30), 10**400]),
    st.floats(),
    st.sampled_from([-0.0, 2.0, 64.0, 1e300, 5e-324, math.nan, math.inf, -math.inf]),
    st.sampled_from(BAD_TEXTS),
    st.text(max_size=8),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=3),
)
KEYS = st.one_of(
    st.sampled_from([*STUDY, "small", "epochs", "url", "pathvar", *BAD_TEXTS]),
    st.integers(0, 3),
    st.booleans(),
    st.none(),
    st.just(math.nan),
    st.just(datetime.date(2026, 1, 1)),
)
VALUES = st.one_of(
    SCALARS,
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
        ),
        max_leaves=6,
    ),
)


def quick(examples):
    """The same examples each time, however long one takes."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def places(content, path=()):
    """The path of each part of a config, that of the whole first."""
    yield path
    if isinstance(content, dict | list):
        names = content if isinstance(content, dict) else range(len(content))
        for name in names:
            yield from places(content[name], (*path, name))


@st.composite
def edits(draw, content):
    """A config with one thing changed, and the path of that."""
    content = copy.deepcopy(content)
    path = draw(st.sampled_from([path for path in places(content) if path]))
    *above, last = path
    parent = content
    for name in above:
        parent = parent[name]
    value = parent[last]
    action = draw(
        st.sampled_from(["replace"] * 5 + ["delete", "add", "repeat", "take"])
    )
    if action == "delete":
        del parent[last]
    elif action == "add" and isinstance(parent, dict):
        last = draw(KEYS)
        parent[last] = draw(VALUES)
    elif action == "repeat" and isinstance(parent, list):
        parent.append(copy.deepcopy(value))
    elif action == "take":
        other = content
        for name in draw(st.sampled_from([*places(content)])):
            other = other[name]
        parent[last] = copy.deepcopy(other)
    else:
        parent[last] = draw(VALUES)
    return content, (*above, last)


def settings_of(config):
    """All combinations of the grid, by the split of A."""
    grids = config["grid"] if isinstance(config["grid"], list) else [config["grid"]]
    points = {
        (split, size, float(l2), batch_size, epochs)
        for grid in grids
        for split in grid.get("split_by", ["pairs"])
        for size, l2, batch_size, epochs in itertools.product(
            grid["size"], grid["l2"], grid["batch_size"], grid["epochs"]
        )
    }
    main = "pairs" if any(point[0] == "pairs" for point in points) else "images"
    return points, {point[1:] for point in points if point[0] == main}


def check_plan(jobs, config):
    """Each grid point and seed is trained once, each setting on each fold."""
    points, of_folds = settings_of(config)
    folds, classes = config["choice"]["folds"], config["sets"]["A"]
    n_folds = math.comb(len(classes), folds) if isinstance(folds, int) else len(folds)
    fold_runs = n_folds * len(config["choice"]["seeds"])
    expected = len(points) * len(config["seeds"]) + len(of_folds) * fold_runs
    for rule in ("train", "embed", "evaluate"):
        assert jobs[rule] == expected, rule
    splits = {point[0] for point in points}
    runs = len(splits) * len(config["seeds"])
    assert jobs["make_pairs"] == runs + fold_runs
    assert jobs["evaluate_baselines"] == jobs["draw_pairs"] == runs
    assert jobs["download"] == jobs["partition"] == jobs["summarise"] == 1


def test_the_unchanged_config_is_planned(project):
    write(project / "config/config.yaml", STUDY)
    jobs, line = outcome(project, "all", "choice")
    assert line is None
    check_plan(jobs, STUDY)
    assert jobs["train"] == 6


@quick(160)
@given(edit=edits(STUDY))
def test_any_change_of_the_config(project, edit):
    config, path = edit
    write(project / "config/config.yaml", config)
    jobs, line = outcome(project, "all", "choice")
    if line is None:
        check_plan(jobs, config)
    else:
        check_line(line, str(path[0]), "top level")


@quick(12)
@given(
    holders=st.lists(st.sampled_from("ABB"), min_size=10, max_size=10),
    folds=st.integers(2, 4),
)
def test_any_partition_of_the_classes(project, holders, folds):
    sets = {
        name: [label for label in range(10) if holders[label] == name] for name in "AB"
    }
    config = STUDY | {"sets": sets, "choice": STUDY["choice"] | {"folds": folds}}
    config |= {"pairs": PAIRS | {"train": 64}, "grid": STUDY["grid"][1:]}
    write(project / "config/config.yaml", config)
    jobs, line = outcome(project, "all", "choice")
    if line is None:
        check_plan(jobs, config)
    else:
        check_line(line, "sets", "pairs of A")


@pytest.mark.parametrize("name", OVERLAYS)
@quick(15)
@given(data=st.data())
def test_any_change_of_an_overlay(project, name, data):
    overlay, path = data.draw(edits(OVERLAYS[name]))
    for file in ("config.yaml", "claims.yaml"):
        shutil.copy(ROOT / "config" / file, project / "config")
    write(project / "overlay.yaml", overlay)
    _, line = outcome(project, overlays=[project / "overlay.yaml"])
    if line is not None:
        check_line(line, str(path[0]), "top level", "claims.yaml")


METRICS = [
    f"{metric}_{name}"
    for metric in ("accuracy", "accuracy_tuned", "loss", "auc", "eer")
    for name in ("a", "b", "joint", "crossed")
]
ROWS = pd.DataFrame(
    dict(zip(SETTING, setting, strict=True))
    | {"seed": seed, **{metric: 0.1 * (seed + number) for metric in METRICS}}
    for seed in (0, 1)
    for number, setting in enumerate(sorted(settings_of(STUDY)[1]))
)


@quick(100)
@given(edit=edits(yaml.safe_load(CLAIMS)))
def test_any_change_of_the_claims(project, edit):
    claims, _ = edit
    write(project / "config/config.yaml", STUDY | {"claims": "config/claims.yaml"})
    write(project / "config/claims.yaml", claims)
    _, line = outcome(project)
    if line is None:
        table = judge_claims(ROWS, claims["claims"])
        assert len(table) == sum(len(claim["effects"]) for claim in claims["claims"])
        assert table["mean"].notna().all()
    else:
        check_line(line, "config/claims.yaml")
