"""Whatever one changes in a valid config: it is planned, or refused in one line."""

import copy
import datetime
import itertools
import math

import pytest
import yaml
from configs import OVERLAYS, SMALL, check_line, study_of, study_with_claims
from conftest import CLAIMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study import PAIRS, ROOT

from siamese.errors import ConfigError
from siamese.study import Study

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
    st.sampled_from([*SMALL, "small", "epochs", "url", "pathvar", *BAD_TEXTS]),
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


def same_each_time(examples):
    """Settings of a search that has the same examples, however long one takes."""
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


def check_points(config):
    """Each grid point and seed is there once, each setting on each fold."""
    study = Study.from_config(config, ROOT)
    grids = config["grid"] if isinstance(config["grid"], list) else [config["grid"]]
    settings = {
        (split, *setting)
        for grid in grids
        for split in grid.get("split_by", ["pairs"])
        for setting in itertools.product(
            grid["size"], grid["l2"], grid["batch_size"], grid["epochs"]
        )
    }
    folders = {point.folder for point in study.points}
    assert len(folders) == len(study.points) == len(settings) * len(config["seeds"])
    ways = {split for split, *_ in settings}
    main = [x for x in settings if x[0] == ("pairs" if "pairs" in ways else "images")]
    folds = config["choice"]["folds"]
    classes = len(config["sets"]["A"])
    n = math.comb(classes, folds) if isinstance(folds, int) else len(folds)
    runs = n * len(config["choice"]["seeds"])
    assert len({point.folder for point in study.fold_points}) == len(main) * runs
    for split in {point.split for point in (*study.points, *study.fold_points)}:
        assert min(study.plan(split).pairs["A"].values()) >= 1


def check_planned_or_refused(config, *names):
    try:
        check_points(config)
    except ConfigError as error:
        check_line(error, *names)


@same_each_time(600)
@given(edit=edits(SMALL))
def test_any_change_of_the_config(edit):
    config, path = edit
    check_planned_or_refused(config, str(path[0]), "top level")


@same_each_time(100)
@given(
    holders=st.lists(st.sampled_from("ABB"), min_size=10, max_size=10),
    folds=st.integers(2, 4),
)
def test_any_partition_of_the_classes(holders, folds):
    sets = {
        name: [label for label in range(10) if holders[label] == name] for name in "AB"
    }
    config = SMALL | {"sets": sets, "choice": SMALL["choice"] | {"folds": folds}}
    config |= {"pairs": PAIRS | {"train": 64}, "grid": SMALL["grid"][1:]}
    check_planned_or_refused(config, "sets", "pairs of A", "choice.folds")


@pytest.mark.parametrize("name", OVERLAYS)
@same_each_time(60)
@given(data=st.data())
def test_any_change_of_an_overlay(name, data):
    overlay, path = data.draw(edits(OVERLAYS[name]))
    try:
        study_of(**{str(key): value for key, value in overlay.items()})
    except ConfigError as error:
        # Another setting may have no threshold in the table of development.
        check_line(error, str(path[0]), "top level", "claims.yaml", "development: ")


@same_each_time(400)
@given(edit=edits(yaml.safe_load(CLAIMS)))
def test_any_change_of_the_claims(tmp_path_factory, edit):
    claims, _ = edit
    try:
        study = study_with_claims(tmp_path_factory.mktemp("claims"), claims)
    except ConfigError as error:
        check_line(error, "claims")
    else:
        assert study.paths.claims.exists()
