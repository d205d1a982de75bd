"""Dry runs in this process, for hundreds of configs in the time of a few runs."""

import contextlib
import io
import sys

import yaml
from snakemake.api import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
)
from study import PAIRS, ROOT, planned_jobs

# A small valid config with all keys; the files of its data set are not there.
STUDY = yaml.safe_load((ROOT / "config/config.yaml").read_text()) | {
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
STUDY["dataset"] |= {
    "sources": [
        {"directory": "resources/fashion_mnist"},
        {"url": "https://example.org/data/"},
        {"debian": "dataset-fashion-mnist"},
    ],
    "images_per_class": 30,
}


def write(path, content):
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def jobs_planned(project, targets, overlays):
    """Jobs by rule of a dry run; without targets the config is checked alone."""
    output, path = io.StringIO(), list(sys.path)
    try:
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            SnakemakeApi(OutputSettings(dryrun=True, stdout=True)) as api,
        ):
            workflow = api.workflow(
                ResourceSettings(cores=1),
                ConfigSettings(configfiles=overlays),
                snakefile=project / "Snakefile",
                workdir=project / "elsewhere",
            )
            if targets:
                dag = workflow.dag(DAGSettings(targets={*targets}))
                dag.execute_workflow(executor="dryrun")
            else:
                workflow.list_rules()
    finally:
        sys.path[:] = path
    return planned_jobs(output.getvalue())


def outcome(project, *targets, overlays=()):
    """The jobs planned and None, or None and the line of the refusal."""
    try:
        return jobs_planned(project, targets, overlays), None
    except SystemExit as refusal:
        return None, refusal.code


def check_line(line, *names):
    """It is one line of the form of all refusals, and has one of the names in it."""
    assert line.startswith("Error: Config: "), line
    assert line.isprintable() and len(line) < 800, line
    assert ": found " in line and ", expected " in line, line
    assert any(name in line for name in names), (line, names)
