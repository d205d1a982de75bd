"""The profiles, read as snakemake reads them."""

import re

import yaml
from snakemake.cli import parse_args
from study import ROOT


def test_no_number_of_jobs_a_timespan_limits_a_study():
    _, options = parse_args(["--workflow-profile", str(ROOT / "profiles/default")])
    # More jobs than a study has; and 500ms would be read as 500 minutes.
    assert options.max_jobs_per_timespan.max_jobs >= 1_000_000
    assert options.max_jobs_per_timespan.timespan == 2


def test_slurms_groups_have_every_short_rule():
    """A rule outside that stands between two of a group makes the plan impossible."""
    texts = [path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")]
    rules = {*re.findall(r"^use rule job as (\w+)", "".join(texts), re.MULTILINE)}
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
    grouped = {entry.partition("=")[0] for entry in profile["groups"]}
    assert {"evaluate", "write_overview"} < grouped
    assert rules ^ grouped == {"download", "partition", "train"}
