"""Configs that tests start from, and the studies and refusals that they make."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from siamese.errors import ConfigError
from siamese.stats.metrics import METRICS
from siamese.study.axes import FURTHER_PATTERN, MAIN_AXES
from siamese.study.points import POINT_FOLDER, PROTOCOL_PATTERN
from siamese.study.study import Study, with_defaults

ROOT = Path(__file__).parents[1]
DEFAULT = with_defaults({}, ROOT)
OVERLAYS = {
    str(path.relative_to(ROOT / "config"))[:-5]: yaml.safe_load(path.read_bytes())
    for path in sorted((ROOT / "config").rglob("*.yaml"))
    if not path.stem.endswith(("config", "claims"))
}
# Three settings of two grids, with a fold.
SMALL = DEFAULT | {
    "divisions": {"folds": [[0, 1]], "seeds": [7], "metric": "auc"},
    "grid": [
        {"size": ["small"], "l2": [0.01, 0], "batch_size": [64], "epochs": [2]},
        {"size": ["large"], "l2": [0.01], "batch_size": [32], "epochs": [3]},
    ],
}


def study_of(config=DEFAULT, folder=ROOT, **overlay):
    """The study of a config with an overlay, as snakemake merges them."""
    config = copy.deepcopy(config)
    update_config(config, copy.deepcopy(overlay))
    return Study.from_config(config, ROOT, folder, METRICS)


def refusal(config=DEFAULT, folder=ROOT, **overlay):
    """The line of the refusal, checked to be one of the form that all have."""
    with pytest.raises(ConfigError) as error:
        study_of(config, folder, **overlay)
    line = str(error.value)
    assert re.match(r"Error: Config: .+: found .+(, expected |\. ).+", line), line
    assert line.isprintable() and len(line) < 1200, line
    return line


def grid(**options):
    return {"grid": DEFAULT["grid"] | options}


def wildcards_of(point):
    """The wildcards that Snakemake finds in a grid point's folder."""
    own = {"protocol": PROTOCOL_PATTERN, "further": FURTHER_PATTERN}
    groups = {x: f"(?P<{x}>{own.get(x, '[^,/]+')})" for x in [*own, *MAIN_AXES, "seed"]}
    return re.fullmatch(POINT_FOLDER.format(**groups), point.folder).groupdict()
