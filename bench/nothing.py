"""A job of jobs.smk: its output, empty."""

from pathlib import Path

Path(snakemake.output[0]).touch()
