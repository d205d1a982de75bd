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


def read_records(logs):
    """The records in the logs of jobs that have made something, oldest first.

    Parameters
    ----------
    logs : pathlib.Path
        The folder with all logs of a study.
    """
    paths = logs.rglob("*.log")
    for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns):
        record = read_record(path)
        if record.files:
            yield record


def read_made_with(logs, beside):
    """What those results were made with that lie beside others.

    Not those in folders that an earlier config has left.

    Parameters
    ----------
    logs : pathlib.Path
        See `read_records`. Where several have a file, as after a rule was renamed, the
        newest counts.
    beside : iterable of str
        Paths that begin with `results/`.

    Returns
    -------
    dict of str to dict
        By path, as in `Record`. Of `beside` all; the dict of one without a record is
        empty.
    """
    made_with = {path: {} for path in beside}
    folders = {Path(path).parent for path in made_with}
    for record in read_records(logs):
        for path in record.files:
            if Path(path).parent in folders:
                made_with[path] = record.made_with
    return made_with
