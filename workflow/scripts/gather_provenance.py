"""Rule gather_provenance: what each result was made with, of all jobs' logs."""

import json
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pandas as pd

from siamese.environment import SCRIPTS
from siamese.job import logged
from siamese.records import read_records
from siamese.stored import write_json

# What may well be another for the next rule.
OF_A_RULE = ("devices", "threads")


def describe_commit(folder):
    """The commit of a checkout, with -dirty if a file was edited; None without git."""
    command = [
        "git",
        "-C",
        str(folder),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


def records_beside(files, study, later):
    """The newest record of each result that has one of some files beside it.

    Not of folders that an earlier config has left.

    Parameters
    ----------
    files : list of str
        Paths that begin with `results/`.
    study : pathlib.Path
    later : list of str
        Results that are made afterwards, of which an earlier run may have left some.

    Returns
    -------
    dict of str to dict
        By path what it was made with; nothing if no log has it.
    """
    folders = {Path(file).parent for file in files}
    made_with = {file: {} for file in files}
    for record in read_records(study):
        for file in record.files:
            beside = Path(file).parent in folders and file not in later
            if beside and (study / file).exists():
                made_with[file] = record.made_with
    return made_with


def group(made_with):
    """The same with files that were made alike together, as JSON shows it."""
    groups = {}
    for file, facts in sorted(made_with.items()):
        key = json.dumps(facts, sort_keys=True)
        groups.setdefault(key, {"made_with": facts, "files": []})["files"].append(file)
    return list(groups.values())


def facts_of(made_with):
    """Each fact of a record by its name, as text."""
    rule = made_with.get("rule")
    for name, value in made_with.items():
        if isinstance(value, dict):
            yield from value.items()
        elif name in OF_A_RULE:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            yield f"{name} of {rule}", text
        elif name != "rule":
            yield name, value


def tabulate(groups, pins, distributions):
    """Each fact's values, and whether they differ.

    Parameters
    ----------
    groups : list of dict
        From `group`.
    pins : dict of str to list of str
        Versions by package.
    distributions : dict of str to list of str
        Packages by module, as `importlib.metadata.packages_distributions` gives them.

    Returns
    -------
    pandas.DataFrame
        One row a fact and value: fact, value, pinned, differs, files (how many),
        rules (which). A fact is a version, a setting, or of the machine.
    """
    rows = {}
    for each in groups:
        facts = dict(facts_of(each["made_with"])) or {"record": "none"}
        for fact in facts.items():
            row = rows.setdefault(fact, {"files": 0, "rules": set()})
            row["files"] += len(each["files"])
            row["rules"].add(each["made_with"].get("rule", "unknown"))
    names = [name for name, _ in rows]
    table = []
    for (name, value), row in rows.items():
        packages = distributions.get(name, ())
        pinned = [version for package in packages for version in pins.get(package, ())]
        if names.count(name) > 1 or name == "record":
            differs = "between results"
        else:
            differs = "from the pin" if pinned and value not in pinned else ""
        rules = " ".join(sorted(row["rules"]))
        row = (name, value, " or ".join(pinned), differs, row["files"], rules)
        table.append(row)
    columns = ["fact", "value", "pinned", "differs", "files", "rules"]
    # What differs first, else in the order of the records.
    table = pd.DataFrame(table, columns=columns)
    return table.sort_values("differs", kind="stable", key=lambda c: c == "")


def read_pins(text):
    """Lists of versions by package, from lines with `package==version`.

    There may be one for each of several versions of Python.
    """
    pins = {}
    for package, version in re.findall(r"([\w.-]+)==([\w.+-]+)", text):
        pins.setdefault(package, []).append(version)
    return pins


def in_study(paths):
    """Paths without what a storage or a module has in front of them."""
    return [path[path.rindex("results/") :] for path in paths]


def main(snakemake, output):
    own = list(snakemake.output)
    study = Path(own[0].removesuffix(*in_study(own[:1])))
    later = in_study([*own, *snakemake.params.later])
    files = in_study(set(snakemake.input) - {snakemake.input.pins})
    groups = group(records_beside(files, study, later))
    content = {
        "commit": describe_commit(SCRIPTS),
        "config": snakemake.params.config,
        "results": groups,
    }
    write_json(output.records, content)
    pins = read_pins(Path(snakemake.input.pins).read_text(encoding="utf-8"))
    table = tabulate(groups, pins, packages_distributions())
    table.to_csv(output.table, index=False)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
