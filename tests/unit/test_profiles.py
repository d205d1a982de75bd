"""The profile that snakemake picks up by itself, read as snakemake reads it."""

from snakemake.cli import parse_args
from study import ROOT


def test_no_number_of_jobs_a_timespan_limits_a_study():
    _, options = parse_args(["--workflow-profile", str(ROOT / "profiles/default")])
    limit = options.max_jobs_per_timespan
    # More jobs than a study has; and 500ms would be read as 500 minutes.
    assert limit.max_jobs >= 1_000_000
    assert limit.timespan == 2
