"""The config's checks, the grid, and the functions that rules take inputs from."""

import ast
import functools
import hashlib
import math
import os
import re
import sys
from pathlib import Path

import jsonschema
import pandas as pd
import yaml
from snakemake.utils import Paramspace

WORKFLOW = Path(workflow.basedir) / "workflow"


def require(condition, key, found, expected):
    """Refuse the config, in one line, unless `condition` holds."""
    if not condition:
        sys.exit(f"Error: Config: {key}: found {found!r}, expected {expected}")


def check_schema(config):
    """Refuse unknown keys, wrong types and values out of range."""
    schema = yaml.safe_load((WORKFLOW / "schemas/config.schema.yaml").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(config))
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        patterns = sorted(error.schema.get("patternProperties", {}))
        unknown = sorted(
            name
            for name in error.instance
            if name not in known and not re.search("|".join(patterns) or "$^", name)
        )
        require(False, key, unknown, f"only the keys {known or patterns}")
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        require(False, key, sorted(error.instance), f"also the keys {missing}")
    require(False, key, error.instance, f"{error.validator} {error.validator_value}")


def check_sets(sets, classes):
    """Refuse a class that is in both sets, in neither, or unknown."""
    for label in sorted({*sets["A"], *sets["B"], *range(len(classes))}):
        holders = [name for name in ("A", "B") if label in sets[name]]
        require(
            label < len(classes),
            f"sets.{''.join(holders)}",
            label,
            f"class ids from 0 to {len(classes) - 1}",
        )
        require(
            len(holders) == 1,
            f"sets: class {label} ({classes[label]})",
            " and ".join(holders) or "in neither set",
            "exactly one of A and B",
        )


def count_pairs(name):
    """Pairs of a set: 2 (n - 1) for each class, n images of each taking part."""
    return len(config["sets"][name]) * 2 * (config["pairs"]["images_per_class"] - 1)


def split_sizes():
    """Pairs in each split of A."""
    total = count_pairs("A")
    test = math.floor(config["pairs"]["test_fraction"] * total)
    train = config["pairs"]["train"]
    return {"train": train, "validation": total - test - train, "test": test}


def check_pairs(pairs, images_per_class):
    """Refuse more images than there are, and splits that exceed the pairs."""
    require(
        pairs["images_per_class"] <= images_per_class,
        "pairs.images_per_class",
        pairs["images_per_class"],
        f"at most dataset.images_per_class, {images_per_class}",
    )
    sizes = split_sizes()
    require(
        sizes["test"] >= 1,
        "pairs.test_fraction",
        pairs["test_fraction"],
        "at least one test pair",
    )
    require(
        sizes["validation"] >= 1,
        "pairs.train",
        pairs["train"],
        f"at most {sizes['train'] + sizes['validation'] - 1}, which leaves one of "
        f"the {count_pairs('A')} pairs of A for validation",
    )


def check_grids(grids, sizes, train):
    """Refuse an unknown network size, and batches larger than the training pairs."""
    for grid in grids:
        for size in grid["size"]:
            require(size in sizes, "grid.size", size, f"keys of sizes, {list(sizes)}")
        largest = max(grid["batch_size"])
        require(
            largest <= train,
            "grid.batch_size",
            largest,
            f"at most the training pairs, {train} (pairs.train)",
        )


def make_grid(grids, seeds):
    """All grid points as a data frame of strings, one row each, none twice."""
    columns = ["size", "l2", "batch_size", "epochs"]
    parts = [
        pd.MultiIndex.from_product([grid[column] for column in columns], names=columns)
        for grid in grids
    ]
    points = pd.concat([part.to_frame(index=False) for part in parts])
    points["l2"] = points["l2"].map("{:.15g}".format)
    points = points.drop_duplicates().merge(pd.Series(seeds, name="seed"), how="cross")
    return points.astype({"batch_size": int, "epochs": int, "seed": int}).astype(str)


check_schema(config)
check_sets(config["sets"], config["dataset"]["classes"])
check_pairs(config["pairs"], config["dataset"]["images_per_class"])
GRIDS = config["grid"] if isinstance(config["grid"], list) else [config["grid"]]
check_grids(GRIDS, config["sizes"], config["pairs"]["train"])
POINTS = make_grid(GRIDS, config["seeds"])
GRID = Paramspace(POINTS, filename_params="*", filename_sep=",")
# The folder of a grid point, and of its setting's shorter run.
POINT = f"results/grid/{GRID.wildcard_pattern}"
EPOCHS = {
    setting: sorted(map(int, epochs))
    for setting, epochs in POINTS.groupby(["size", "l2", "batch_size", "seed"])[
        "epochs"
    ]
}


wildcard_constraints:
    size="[A-Za-z0-9]+",
    l2="[0-9.e+-]+",
    batch_size="[0-9]+",
    epochs="[0-9]+",
    seed="[0-9]+",


@functools.cache
def module_imports(path):
    """Modules of the package siamese that a Python file imports, as paths."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    scripts = WORKFLOW / "scripts"
    paths = {scripts / f"{name.replace('.', '/')}.py" for name in names if name}
    return {path for path in paths if path.parent.name == "siamese" and path.exists()}


@functools.cache
def code_of(script):
    """Digest of each file that a script's code is in, as a param of its rule.

    Snakemake itself looks at the modification time of the script alone; this
    looks at content, and at imported modules too.
    """
    found, new = set(), {WORKFLOW / "scripts" / script}
    while new:
        found |= new
        new = set().union(*map(module_imports, new)) - found
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        for path in sorted(found)
    }


def checkpoint_inputs(wildcards):
    """Model and history of the same setting at the next smaller epoch count.

    Nothing if this point's model is there and not made from them: that another
    checkpoint is new, or was deleted and made again, is no reason to train
    again. A run without them gives the same weights, only later.
    """
    setting = (wildcards.size, wildcards.l2, wildcards.batch_size, wildcards.seed)
    smaller = [n for n in EPOCHS.get(setting, []) if n < int(wildcards.epochs)]
    if not smaller:
        return []
    own = Path(POINT.format(**wildcards), "model.keras")
    folder = Path(POINT.format(**{**wildcards, "epochs": smaller[-1]}))
    shorter = [folder / "model.keras", folder / "history.csv"]
    if own.exists() and not all(
        path.exists() and path.stat().st_mtime <= own.stat().st_mtime
        for path in shorter
    ):
        return []
    return list(map(str, shorter))


def setting_name(wildcards):
    """A grid point in words."""
    penalty = f"L2 {wildcards.l2}" if float(wildcards.l2) else "no L2"
    return (
        f"{wildcards.size}, {penalty}, batch size {wildcards.batch_size}, "
        f"{wildcards.epochs} epochs, seed {wildcards.seed}"
    )
