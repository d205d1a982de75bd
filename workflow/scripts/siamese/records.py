"""What the logs of a study's jobs have recorded of their results."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from siamese.provenance import MADE_WITH

# A study in a module of another workflow has the module's prefix in its paths.
CHECKSUM = re.compile("([0-9a-f]{64})  (?:.*/)?(results/.+)")


class Record(NamedTuple):
    """Of one job: its log, what it was made with, and its files' SHA-256 by path.

    `made_with` is as `provenance.describe` gives it; empty if the log has no record.
    """

    log: Path
    made_with: dict
    files: dict


def read_record(log):
    """The record in a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    sums = filter(None, map(CHECKSUM.fullmatch, lines))
    files = {match[2]: match[1] for match in sums}
    made_with = {}
    # Of a job that did not end, the last line may be half of one.
    for line in lines if files else []:
        if line.startswith(MADE_WITH):
            made_with |= json.loads(line.removeprefix(MADE_WITH))
    return Record(log, made_with, files)


def read_records(study):
    """The records in the logs of a study that has made something, oldest first.

    Parameters
    ----------
    study : pathlib.Path
    """
    logs = (study / "logs").rglob("*.log")
    for log in sorted(logs, key=lambda path: path.stat().st_mtime_ns):
        record = read_record(log)
        if record.files:
            yield record
