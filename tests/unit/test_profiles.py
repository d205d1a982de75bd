"""The profile that snakemake picks up by itself, read as snakemake reads it."""

import re

import yaml
from snakemake.cli import parse_args
from study import ROOT


def test_no_number_of_jobs_a_timespan_limits_a_study():
    _, options = parse_args(["--workflow-profile", str(ROOT / "profiles/default")])
    limit = options.max_jobs_per_timespan
    # More jobs than a study has; and 500ms would be read as 500 minutes.
    assert limit.max_jobs >= 1_000_000
    assert limit.timespan == 2


def test_slurms_groups_have_every_short_rule():
    """A rule outside that stands between two of a group makes the plan impossible."""
    texts = (path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    rules = {
        name
        for text in texts
        for name in re.findall(r"^(?:use rule \w+ as|rule) (\w+)", text, re.MULTILINE)
    }
    assert {"train", "summarise", "write_overview"} < rules
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    grouped = {entry.partition("=")[0] for entry in profile["groups"]}
    targets = {"best", "choice"}
    assert rules - grouped == targets | {"download", "partition", "train"}
