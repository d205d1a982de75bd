"""Rule gather_provenance: what each result was made with, from all jobs' logs."""

import json
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from siamese.data.stored import write_json
from siamese.records import read_records

COMMIT = "git describe --always --dirty --abbrev=40"


def gather(records, made, later):
    """What files in the folders of those `made`, but not `later`, were made with: dicts
    of made_with (by the last record that has a file, or empty) and files, paths below
    the study's folder.
    """
    folders = {Path(path).parent for path in made}
    made_with = {path: {} for path in made}
    for record in records:
        for path in record.files:
            if Path(path).parent in folders and path not in later:
                made_with[path] = record.made_with
    groups = {}
    for path, facts in sorted(made_with.items()):
        key = json.dumps(facts, sort_keys=True)
        groups.setdefault(key, {"made_with": facts, "files": []})["files"].append(path)
    return list(groups.values())


def facts_of(made_with):
    """Yield name and value, texts, of each fact that results may depend on."""
    for name, value in (made_with or {"record": "none"}).items():
        if isinstance(value, dict):
            yield from value.items()
        elif isinstance(value, list):
            # Rules may have different devices.
            yield f"{name} of {made_with['rule']}", ", ".join(value)
        elif name not in ("rule", "threads"):
            yield name, value


def tabulate(groups, pins):
    """A table of the facts in `groups`, those that differ first; `pins` is a text."""
    rows = defaultdict(Counter)  # Numbers of files by rule.
    for each in groups:
        rule = each["made_with"].get("rule", "unknown")
        for fact in facts_of(each["made_with"]):
            rows[fact][rule] += len(each["files"])
    names, table = [name for name, _ in rows], []
    for (name, value), files in rows.items():
        package = re.escape(name.replace("_", "-"))
        pinned = re.findall(f'"{package}==([^ "]+)', pins)
        differs = "from the pin" if pinned and value not in pinned else ""
        if names.count(name) > 1 or name == "record":
            differs = "between results"
        pinned, rules = " or ".join(pinned), " ".join(sorted(files))
        table.append((name, value, pinned, differs, files.total(), rules))
    columns = ["fact", "value", "pinned", "differs", "files", "rules"]
    return pd.DataFrame(sorted(table, key=lambda row: not row[3]), columns=columns)


def main(snakemake):
    # A storage or a module puts something in front of paths.
    made = [path[path.rindex("results/") :] for path in snakemake.input.made]
    later = [*snakemake.output, *snakemake.params.later]
    later = [path[path.rindex("results/") :] for path in later]
    groups = gather(read_records(Path(snakemake.log[0]).parent), made, later)
    git = {"shell": True, "cwd": Path(__file__).parent, "capture_output": True}
    commit = subprocess.run(COMMIT, text=True, **git).stdout.strip() or None
    # The config is no param, since most of its changes change no result.
    content = {"commit": commit, "config": snakemake.config, "results": groups}
    write_json(snakemake.output.records, content)
    pins = Path(snakemake.input.pins).read_text(encoding="utf-8")
    tabulate(groups, pins).to_csv(snakemake.output.table, index=False)
