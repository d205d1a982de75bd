"""The checks of the config, made before any job runs."""

import itertools
import math
import re
import sys

import jsonschema
import yaml


def require(condition, key, found, expected):
    """Refuse the config, in one line, unless `condition` holds."""
    if not condition:
        sys.exit(f"Error: Config: {key}: found {found!r}, expected {expected}")


def check_schema(content, schema, name=""):
    """Refuse unknown keys, wrong types and values out of range."""
    schema = yaml.safe_load((WORKFLOW / "schemas" / schema).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(content))
    if error is None:
        return
    key = (
        ".".join(map(str, [*([name] if name else []), *error.absolute_path]))
        or "top level"
    )
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


def check_pairs(pairs, images_per_class, splits):
    """Refuse more images than there are, and splits that exceed the pairs."""
    require(
        pairs["images_per_class"] <= images_per_class,
        "pairs.images_per_class",
        pairs["images_per_class"],
        f"at most dataset.images_per_class, {images_per_class}",
    )
    for split in splits:
        sizes = split_sizes(split)
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
            "fewer, so that pairs of A are left for validation: "
            f"{sizes['test']} test + {sizes['train']} training pairs leave "
            f"{sizes['validation']}",
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


def listed(value):
    return value if isinstance(value, list) else [value]


def check_claims(path, points):
    """Refuse a claims file with mistakes, or about settings not in the study."""
    require(path.exists(), "claims", config["claims"], f"a file; there is no {path}")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    check_schema(content, "claims.schema.yaml", config["claims"])
    for number, claim in enumerate(content["claims"], start=1):
        for part in claim["effects"]:
            where = claim.get("where", {}) | part.get("where", {})
            sides = [where | part[key] for key in ("of", "minus") if key in part]
            key = f"{config['claims']}: claim {number}, effect {part['effect']!r}"
            for side in sides:
                require("metric" in side, key, side, "also a metric")
                require(
                    side.keys() == sides[0].keys(),
                    key,
                    side,
                    f"the same keys on both sides, {sorted(sides[0])}",
                )
                check_settings(side, points, key)


def check_settings(side, points, key):
    """Refuse a setting of a claim that is not in the study."""
    names = [name for name in SETTING if name in side]
    values = [[as_text(value) for value in listed(side[name])] for name in names]
    known = set(points[names].itertuples(index=False, name=None))
    for setting in itertools.product(*values):
        require(
            setting in known,
            key,
            ", ".join(map(" ".join, zip(names, setting, strict=True))),
            "a setting of the grid; add it there, or take the claim out of "
            f"{config['claims']}",
        )


def check_folds(folds, classes):
    """Refuse folds that do not leave two classes to train and two to validate on."""
    for fold in folds:
        require(
            len(fold) == len({*fold} & {*classes})
            and 2 <= len(fold) <= len(classes) - 2,
            "choice.folds",
            list(fold),
            f"two or more different classes of A, {classes}, with two left to train on",
        )
