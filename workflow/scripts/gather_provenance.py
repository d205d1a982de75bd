"""Rule gather_provenance: what each result was made with, of all jobs' logs."""

import json
import subprocess
from pathlib import Path

import pandas as pd

from siamese.environment import SCRIPTS
from siamese.job import logged
from siamese.records import read_made_with
from siamese.stored import write_json
from siamese.versions import packages_by_module, read_pins

# No result depends on them.
NO_MATTER = ("rule", "threads")


def describe_commit(folder):
    """The commit of a checkout, with -dirty if a file was edited; None without git."""
    command = ["git", "-C", str(folder)]
    command += ["describe", "--always", "--dirty", "--abbrev=40"]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


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
        elif isinstance(value, list):
            # Devices may well be others for the next rule.
            yield f"{name} of {rule}", ", ".join(value)
        elif name not in NO_MATTER:
            yield name, value


def tabulate(groups, pins, packages):
    """Each fact's values, and whether they differ.

    Parameters
    ----------
    groups : list of dict
        From `group`.
    pins : dict of str to list of str
        Versions by package.
    packages : dict of str to list of str
        From `packages_by_module`.

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
        pinned = [
            pin for package in packages.get(name, ()) for pin in pins.get(package, ())
        ]
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


def in_study(paths):
    """Paths without what a storage or a module has in front of them."""
    return [path[path.rindex("results/") :] for path in paths]


def main(snakemake, output):
    made = in_study(snakemake.input.made)
    made_with = read_made_with(Path(snakemake.log[0]).parent, made)
    # Of results made afterwards, an earlier run may have left records, and a rule of
    # another name files that are no more.
    later = in_study([*snakemake.output, *snakemake.params.later])
    study = Path(snakemake.output[0].removesuffix(later[0]))
    made_with = {
        path: facts
        for path, facts in made_with.items()
        if path not in later and (study / path).exists()
    }
    groups = group(made_with)
    content = {
        "commit": describe_commit(SCRIPTS),
        # No param, since most changes of it change no result.
        "config": snakemake.config,
        "results": groups,
    }
    write_json(output.records, content)
    pins = read_pins(Path(snakemake.input.pins))
    tabulate(groups, pins, packages_by_module()).to_csv(output.table, index=False)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
