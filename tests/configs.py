"""Configs that tests start from, and the studies and refusals that they make."""

import copy

import pytest
import yaml
from snakemake.utils import update_config
from study import PAIRS, ROOT

from siamese.errors import ConfigError
from siamese.study import Study, with_defaults

DEFAULT = with_defaults({}, ROOT)
OVERLAYS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "config").glob("*.yaml"))
    if path.stem not in ("config", "claims")
}
# A small valid config with all keys.
SMALL = DEFAULT | {
    "dataset": DEFAULT["dataset"] | {"images_per_class": 30},
    "pairs": PAIRS,
    "sizes": {"small": 2, "large": 4},
    "grid": [
        {
            "split_by": ["pairs"],
            "size": ["small"],
            "l2": [0.01, 0],
            "batch_size": [64],
            "epochs": [2],
        },
        {"size": ["large"], "l2": [0.01], "batch_size": [32], "epochs": [3]},
    ],
    "choice": {"folds": [[0, 1]], "seeds": [0], "metric": "auc"},
}


def study_of(config=DEFAULT, **overlay):
    """The study of a config with an overlay, as snakemake merges them."""
    config = copy.deepcopy(config)
    update_config(config, copy.deepcopy(overlay))
    return Study.from_config(config, ROOT)


def study_with_claims(tmp_path, content):
    """The small study with a file of claims, given as bytes or as YAML."""
    path = tmp_path / "claims.yaml"
    if not isinstance(content, bytes):
        content = yaml.safe_dump(content).encode()
    path.write_bytes(content)
    return Study.from_config(SMALL | {"claims": str(path)}, ROOT)


def refusal(config=DEFAULT, **overlay):
    """The line of the refusal."""
    with pytest.raises(ConfigError) as error:
        study_of(config, **overlay)
    check_line(error.value)
    return str(error.value)


def check_line(error, *names):
    """It is one line of the form of all refusals, and has one of the names in it."""
    line = str(error)
    assert line.startswith("Error: Config: "), line
    assert line.isprintable() and len(line) < 800, line
    assert ": found " in line and ", expected " in line, line
    assert not names or any(name in line for name in names), (line, names)


def grid(**options):
    return {"grid": DEFAULT["grid"] | options}
