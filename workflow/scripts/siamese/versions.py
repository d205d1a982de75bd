"""The versions of packages that are pinned, installed, and were used."""

import platform
import re
from importlib.metadata import packages_distributions, version


def normalised(package):
    """A package's name as PyPI writes it."""
    return re.sub("[-_.]+", "-", package).lower()


def read_pins(path):
    """The versions that a requirements file names.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict of str to list of str
        By package; several where they depend on the version of Python.
    """
    pins = {}
    text = path.read_text(encoding="utf-8")
    for package, pin in re.findall(r"([\w.-]+)==([\w.+-]+)", text):
        pins.setdefault(normalised(package), []).append(pin)
    return pins


def packages_by_module():
    """The installed packages that have a module, by its name, which may be another."""
    return {
        module: list(dict.fromkeys(map(normalised, packages)))
        for module, packages in packages_distributions().items()
    }


def name_outdated(made_with, pins=None):
    """A line on results that were made with other versions than a job would now use.

    Parameters
    ----------
    made_with : dict of str to dict
        By result, from `records.read_made_with`.
    pins : pathlib.Path, optional
        Requirements file of the versions that jobs use, if not those of this Python.

    Returns
    -------
    str or None
        None if there are no such results.
    """
    rules = {}
    for facts in filter(None, made_with.values()):
        for used in ({"Python": facts["Python"]} | facts["packages"]).items():
            rules.setdefault(used, set()).add(facts["rule"])
    if not rules:
        return None
    packages = packages_by_module()
    if pins:
        now = read_pins(pins)
    else:
        installed = set().union(*packages.values())
        now = {package: [version(package)] for package in installed}
        now["python"] = [platform.python_version()]
    changed = {}
    for module, old in sorted(rules):
        for package in packages.get(module, [normalised(module)]):
            new = now.get(package, [old])
            # All jobs import it to read their parameters, and none to compute.
            if old not in new and package != "snakemake":
                changed[f"{module} {old} (now {' or '.join(new)})"] = rules[module, old]
    if not changed:
        return None
    affected = " ".join(sorted(set().union(*changed.values())))
    return (
        f"Some results were made with {', '.join(changed)}. They are kept. To "
        "regenerate them, and what follows from them, end the command with "
        f"--forcerun {affected}"
    )
