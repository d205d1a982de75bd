"""A mistake in a config or in claims is refused in one line, which says where."""

import copy
import math
import re

import pytest
import yaml
from configs import DEFAULT, OVERLAYS, ROOT, SMALL, grid, refusal, study_of
from hypothesis import given, settings
from hypothesis import strategies as st

from siamese.errors import ConfigError
from siamese.study.options import Config
from siamese.study.study import with_defaults

LATER = {"grid": [DEFAULT["grid"], {"l2": [1, "1e-3"]}]}
REPORTS = {"claims": "config/claims.yaml", **grid(batch_size=[512, 1024])}
# Names that a user chooses reach no shell, no path and no terminal.
UNPRINTABLE = ["a\nb", "a\n", "\0", "\x1b[2J", "\u202eabc", "\ud800", "", "x" * 5000]
ODD = ["../../x", "$(touch pwned)", "a'b\"c", "-rf", "a|b", "{seed} %s", *UNPRINTABLE]
URLS = ["file:///etc/", "http://a", "https://a/b", "https://a/b c/", "https:///x/"]
MISTAKES = [
    ({"sedes": [1]}, "sedes: found [1]. Extra inputs are not permitted"),
    (grid(epoch=[2]), "grid.epoch: found [2]. Extra inputs are not permitted"),
    (LATER, "grid.1.l2.1: found '1e-3'. Input should be a valid number"),
    (grid(epochs=[2.0]), "grid.epochs.0: found 2.0. Input should be a valid integer"),
    (grid(epochs=2), "grid.epochs: found 2. Input should be a valid list"),
    (grid(l2=[0, -0.0]), "grid.l2: found [0, -0.0]. Input should have no value twice"),
    ({"margin": math.nan}, "margin: found nan. Input should be a finite number"),
    ({"sizes": {"none": 64}}, "sizes.none: found 'none'. Input should be no 'none'"),
    ({"grid": [{"size": ["small"]}]}, "Config: grid.0.l2: found None. Field required"),
    ({"dataset": {"sources": [{}]}}, "dataset.sources.0: found {}. State one of dire"),
    ({"divisions": {"folds": 2, "sample": 3}}, "State one of unseen, sample and folds"),
    ({"divisions": {"folds": [[2, 4.5]]}}, "divisions.folds.0.1: found 4.5. Input sh"),
    ({"sets": {"A": [False, 1]}}, "sets.A.0: found False. Input should be a valid "),
    ({"dataset": {"classes": [*"abc", None]}}, "classes.3: found None. Input should"),
    # Only several options together show these mistakes.
    (grid(size=["huge"]), "grid.size: found 'huge', expected keys of sizes, ['small'"),
    (grid(batch_size=[60001]), "grid.batch_size: found 60001, expected at most the tr"),
    (
        {"sets": {"B": [3, 6, 7, 8, 9]}},
        "sets: classes: found [9], expected each",
    ),
    (
        {"sets": {"B": [3, 6, 7, 8, "Bag"]}},
        "sets: classes: found [8], expected each in",
    ),
    (
        {"sets": {"B": [3, 6, 7]}},
        "sets: classes: found [8], expected each in",
    ),
    ({"sets": {"B": [3, 6, 7, 8, 10]}}, "sets.B: found 10, expected class ids from 0"),
    ({"divisions": {"unseen": [["Hat", 1]]}}, "divisions.unseen: found 'Hat', expect"),
    ({"divisions": {"unseen": [["Bag", 8, 1]]}}, "expected two or more different cla"),
    ({"divisions": {"folds": [[0, 3]]}}, "two or more different classes of [0, 1, 2,"),
    (REPORTS, "config/claims.yaml: claim 3, effect 'A − B at 4096': found 'size small"),
    *(({key: x}, key) for key in ("claims", "development", "precision") for x in ODD),
    *(({"dataset": {"sources": [{"debian": x}]}}, "sources") for x in [*ODD, "X"]),
    *(({"dataset": {"sources": [{"url": x}]}}, "sources") for x in [*ODD, *URLS]),
    *(({"dataset": {"sources": [{"directory": x}]}}, "sou") for x in UNPRINTABLE),
    *(({"dataset": {"classes": [*"abcdefghi", x]}}, ".9: ") for x in UNPRINTABLE),
    *(({"dataset": {"files": {x: "0" * 64}}}, "dataset.files") for x in ODD),
    *(({"sizes": {x: 2}}, "Config: sizes") for x in [*ODD, "x" * 31]),
]


@pytest.mark.parametrize(("overlay", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(overlay, message):
    assert message in refusal(**overlay)


@pytest.mark.parametrize("key", ["folds", "unseen", "sample"])
def test_divisions_need_to_know_the_classes(key):
    dataset = {name: DEFAULT["dataset"][name] for name in ("format", "name", "files")}
    options = {"folds": 2, "unseen": [[0, 1]], "sample": 1}
    config = DEFAULT | {"dataset": dataset, "divisions": {key: options[key]}}
    assert "expected sets.B or dataset.classes too" in refusal(config, sets={"B": None})


def test_the_readme_names_options_that_there_are():
    text = (ROOT / "config/README.md").read_text(encoding="utf-8")
    options = Config.model_json_schema()["$defs"]
    for option, name in re.findall(
        r"`(sets|divisions|pairs|grid)\.(?!yaml)(\w+)`", text
    ):
        assert name in options[option.capitalize()]["properties"], (option, name)


FILES = [
    ("claims: [", "expected a file of YAML: while parsing"),
    ("claims: !!python/object/apply:os.mkdir [pwned]", "expected a file of YAML"),
    ("{a: 0}", ".claims: found None"),
    ("claims: &a [*a]", ".claims.0: found [[[[[[[...]]]]]]]. Input should be"),
]
EFFECTS = [
    ({"of": {"metric": "f1_b"}}, ".claims.0.effects.0.of.metric: found 'f1_b'. Input"),
    ({"of": {"l2": 0}}, "claim 1, effect 'x': found {'l2': (0.0,)}, expected also a m"),
    ({"minus": {"metric": "auc_b"}}, "the same keys on both sides, ['l2', 'metric']"),
    ({"holds": [0]}, "effects.0.holds: found [0]. List should have at least 2 items"),
    ({"holds": [None, None]}, "found [None, None], expected one or two bounds as hol"),
    ({"of": {"metric": "auc_b", "l2": [0, 0.5]}}, "found 'l2 0.5', expected a setting"),
]
VALID = {"effect": "x", "of": {"metric": "auc_b", "l2": 0}, "holds": [0, 1]}
for change, expected in EFFECTS:
    claim = {"claim": "A claim.", "effects": [VALID | change]}
    FILES.append((yaml.safe_dump({"claims": [claim]}), expected))


@pytest.mark.parametrize(("content", "message"), FILES)
def test_mistakes_in_claims(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "claims.yaml"
    path.write_text(content)
    line = refusal(claims=str(path))
    assert str(path) in line and message in line
    assert [*tmp_path.iterdir()] == [path]


NUMBERS = st.sampled_from([2**32, 2**63, 10**400, 2.0, 1e300, 5e-324, math.nan])
TEXTS = st.sampled_from([*ODD, "small", "3", "1e5", "null", "~", "衣服"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 70) | NUMBERS | TEXTS
KEYS = st.sampled_from([*SMALL, "small", "epochs", *ODD, 0, None, True, math.nan])
VALUES = st.recursive(
    SCALARS | st.floats() | st.dates() | st.binary(max_size=3),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=3),
)


def places(content):
    """Each dict or list within some content, with each of its keys."""
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(len(content)):
            yield content, key
            yield from places(content[key])


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(data=st.data())
def test_any_change_is_planned_or_refused(data):
    overlay = data.draw(st.sampled_from([SMALL, *OVERLAYS.values()]))
    config = copy.deepcopy(with_defaults(overlay, ROOT))
    top = data.draw(st.sampled_from([*config]))
    part, key = data.draw(st.sampled_from([(config, top), *places(config[top])]))
    if isinstance(part, dict) and data.draw(st.booleans()):
        key = data.draw(KEYS)
    part[key] = data.draw(VALUES)
    try:
        assert study_of(config).points
    except ConfigError:
        refusal(config)
