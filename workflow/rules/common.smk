"""The config's checks, the grid, and the functions that rules take inputs from."""

import ast
import functools
import hashlib
import itertools
import math
import os
import re
from pathlib import Path

import pandas as pd
from snakemake.utils import Paramspace

WORKFLOW = Path(workflow.basedir) / "workflow"


def sets_of(split):
    """Class sets under one split; classes that are left out of A take B's place."""
    if not split.startswith("leave_out"):
        return config["sets"]
    left_out = [int(label) for label in re.findall("[0-9]+", split)]
    return {
        "A": [label for label in config["sets"]["A"] if label not in left_out],
        "B": left_out,
    }


def split_by(split):
    """What the splits of A do not share: pairs or images."""
    return "images" if split == SPLIT_FOLDERS["images"] else "pairs"


def count_pairs(classes, images_per_class):
    """Pairs of a set: 2 (n - 1) for each class, n images of each taking part."""
    return len(classes) * 2 * (images_per_class - 1)


def split_sizes(split):
    """Pairs in each split of A."""
    pairs = config["pairs"]
    classes = sets_of(split)["A"]
    train = pairs["train"] * len(classes) // len(config["sets"]["A"])
    if split_by(split) == "images":
        test = math.floor(pairs["test_fraction"] * pairs["images_per_class"])
        trained = train // (2 * len(classes)) + 1
        rest = pairs["images_per_class"] - test - trained
        images = {"train": trained, "validation": rest, "test": test}
        return {name: count_pairs(classes, n) for name, n in images.items()}
    total = count_pairs(classes, pairs["images_per_class"])
    test = math.floor(pairs["test_fraction"] * total)
    return {"train": train, "validation": total - test - train, "test": test}


def expected_pairs(split):
    """Pairs in each split of each pair table."""
    unseen = count_pairs(sets_of(split)["B"], config["pairs"]["images_per_class"])
    return {
        "A": split_sizes(split),
        "B": {"test": unseen},
        "crossed": {"test": unseen},
    }


def as_text(value):
    """A value of the grid as it stands in a folder's name."""
    # Adding 0 makes 0 of -0.
    return value if isinstance(value, str) else repr(value + 0.0).removesuffix(".0")


def make_grid(grids, seeds):
    """All grid points as a data frame of strings, one row each, none twice."""
    columns = ["split_by", *SETTING]
    parts = [
        pd.MultiIndex.from_product(
            [{"split_by": ["pairs"], **grid}[column] for column in columns],
            names=columns,
        )
        for grid in grids
    ]
    points = pd.concat([part.to_frame(index=False) for part in parts])
    points["l2"] = points["l2"].map(as_text)
    points = points.drop_duplicates().merge(pd.Series(seeds, name="seed"), how="cross")
    points = points.astype({"batch_size": int, "epochs": int, "seed": int}).astype(str)
    return points.assign(split=points["split_by"].map(SPLIT_FOLDERS))


def paramspace(points):
    return Paramspace(points[[*SETTING, "seed"]], filename_params="*", filename_sep=",")


SETTING = ["size", "l2", "batch_size", "epochs"]
# The part of a path that says how A is split; nothing for the report's way.
SPLIT_FOLDERS = {"pairs": "", "images": "split_by~images/"}

check_folder(WORKFLOW.parent)
check_schema(config, "config.schema.yaml")
check_sets(config["sets"], config["dataset"]["classes"])
GRIDS = listed(config["grid"])
check_points(
    "grid and seeds",
    len(config["seeds"])
    * sum(math.prod(map(len, options.values())) for options in GRIDS),
)
POINTS = make_grid(GRIDS, config["seeds"])
SPLITS = list(POINTS["split_by"].unique())
# Of the summary's figures and of the claims.
SPLIT_BY = "pairs" if "pairs" in SPLITS else "images"
MAIN_POINTS = POINTS[POINTS["split_by"] == SPLIT_BY]
check_images(config["pairs"], config["dataset"]["images_per_class"])
check_splits(config["pairs"], [SPLIT_FOLDERS[name] for name in SPLITS])
check_grids(GRIDS, config["sizes"], config["pairs"]["train"])
# The folder of a grid point, by its wildcards.
GRID = paramspace(POINTS).wildcard_pattern
POINT = f"results/{{split}}grid/{GRID}"
EPOCHS = {
    key: sorted(map(int, epochs.unique()))
    for keys in (["split", "size", "l2", "batch_size"], ["size", "l2", "batch_size"])
    for key, epochs in POINTS.groupby(keys)["epochs"]
}


wildcard_constraints:
    split="(split_by~images/|leave_out~[0-9-]+/)?",
    size="[A-Za-z0-9]+",
    l2="[0-9.e+-]+",
    batch_size="[0-9]+",
    epochs="[0-9]+",
    seed="[0-9]+",


def point_files(points, *names):
    """Files of grid points."""
    patterns = list(paramspace(points).instance_patterns)
    return [
        f"results/{split}grid/{pattern}/{name}"
        for name in names
        for split, pattern in zip(points["split"], patterns, strict=True)
    ]


def runs_of(points):
    """The splits and seeds of grid points, one row each."""
    return points[["split_by", "split", "seed"]].drop_duplicates()


def run_files(points, folder, *names):
    """Files of one folder of each split and seed."""
    return [
        f"results/{run.split}{folder}/seed~{run.seed}/{name}"
        for run in points[["split", "seed"]].drop_duplicates().itertuples()
        for name in names
    ]


def as_records(points, columns):
    """Grid points as a rule's param, their parameters with their types."""
    types = {"l2": float, "batch_size": int, "epochs": int, "seed": int}
    typed = {name: types[name] for name in columns if name in types}
    return points[columns].astype(typed).to_dict("records")


def fold_points():
    """The grid points that choosing without B needs, one row each."""
    classes, choice = config["sets"]["A"], config["choice"]
    points = MAIN_POINTS[SETTING].drop_duplicates()
    folds, runs = choice["folds"], len(points) * len(choice["seeds"])
    if isinstance(folds, int):
        left_out = min(folds, len(classes))
        check_points("choice", runs * math.comb(len(classes), left_out))
        folds = list(itertools.combinations(classes, left_out))
    check_points("choice", runs * len(folds))
    check_folds(folds, classes)
    names = ["-".join(map(str, sorted(fold))) for fold in folds]
    check_splits(config["pairs"], [f"leave_out~{name}/" for name in names])
    for name, values in (("fold", names), ("seed", choice["seeds"])):
        points = points.merge(pd.Series(values, name=name).astype(str), how="cross")
    return points.assign(split=points["fold"].map("leave_out~{}/".format))


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
    return {path.name: digest(path) for path in sorted(found)}


def digest(path):
    """The content of a file as a rule's param, which no clock has a say in."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def checkpoint_inputs(wildcards):
    """Model and history of the same setting at the next smaller epoch count.

    Nothing if this point's model is there and not made from them: that another
    checkpoint is new, or was deleted and made again, is no reason to train
    again. A run without them gives the same weights, only later.
    """
    setting = (wildcards.size, wildcards.l2, wildcards.batch_size)
    # Every setting of the study is trained on each fold.
    is_fold = wildcards.split.startswith("leave_out")
    key = setting if is_fold else (wildcards.split, *setting)
    smaller = [n for n in EPOCHS.get(key, []) if n < int(wildcards.epochs)]
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
        + (f", {wildcards.split.strip('/')}" if wildcards.split else "")
    )
