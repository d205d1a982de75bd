"""The checks of the config, made before any job runs."""

import itertools
import math
import os
import re
import reprlib
import sys

import jsonschema
import yaml

# Grid points of a study: snakemake plans about 8000 a minute.
MOST_POINTS = 100_000
# A longer whole number does not fit into 64 bits.
LONGEST_NUMBER_BITS = 63

in_short = reprlib.Repr()
in_short.maxstring = in_short.maxother = 120
in_short.maxlist = in_short.maxdict = 12


def require(condition, key, found, expected):
    """Refuse the config, in one line, unless `condition` holds."""
    if not condition:
        found = in_short.repr(found)
        sys.exit(f"Error: Config: {key}: found {found}, expected {expected}")


def is_integer(checker, value):
    """A whole number; JSON Schema takes 2.0 for one too."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(checker, value):
    """A finite number; JSON Schema takes NaN and infinity for numbers too."""
    is_finite = isinstance(value, float) and math.isfinite(value)
    return is_finite or is_integer(checker, value)


# The format that schemas give to texts: a title or a path, not a control character.
FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("one line of printable text")(
    lambda value: not isinstance(value, str) or value.isprintable()
)
Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": is_integer, "number": is_number}
    ),
)


def check_yaml(content, name):
    """Refuse what YAML allows and a schema cannot judge.

    That is keys that are no text on one line, and numbers that are too long.
    """
    waiting, seen = [(name, content)], set()
    while waiting:
        key, part = waiting.pop()
        if isinstance(part, int):
            bits = part.bit_length()
            require(
                bits <= LONGEST_NUMBER_BITS,
                key or "top level",
                f"a number of {bits} bits",
                f"at most {LONGEST_NUMBER_BITS}",
            )
        # With aliases a part may be in several places, or in itself.
        if not isinstance(part, (dict, list)) or id(part) in seen:
            continue
        seen.add(id(part))
        names = list(part) if isinstance(part, dict) else range(len(part))
        for name in names:
            require(
                isinstance(part, list)
                or (isinstance(name, str) and name.isprintable()),
                key or "top level",
                name,
                "text on one line as a key; quote it if it is a number or a date",
            )
            waiting.append((f"{key}.{name}" if key else str(name), part[name]))


def check_schema(content, schema, name=""):
    """Refuse unknown keys, wrong types and values out of range."""
    check_yaml(content, name)
    schema = yaml.safe_load((WORKFLOW / "schemas" / schema).read_text())
    validator = Validator(schema, format_checker=FORMATS)
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


def check_folder(folder):
    """Refuse a project in a folder whose name Snakemake takes for a pattern."""
    require(
        not {*"{}"} & {*str(folder)},
        "folder of the project",
        str(folder),
        "a path without braces, which Snakemake takes for wildcards; move the project",
    )


def check_sets(sets, classes):
    """Refuse a class that is in both sets, in neither, or unknown."""
    for label in sorted({*sets["A"], *sets["B"], *range(len(classes))}):
        holders = [name for name in ("A", "B") if label in sets[name]]
        require(
            label < len(classes),
            f"sets.{''.join(holders)}",
            label,
            f"class ids from 0 to {len(classes) - 1} (dataset.classes)",
        )
        require(
            len(holders) == 1,
            f"sets: class {label} ({classes[label]})",
            " and ".join(holders) or "in neither set",
            "exactly one of A and B for each of dataset.classes",
        )


def check_images(pairs, images_per_class):
    """Refuse more images than there are."""
    require(
        pairs["images_per_class"] <= images_per_class,
        "pairs.images_per_class",
        pairs["images_per_class"],
        f"at most dataset.images_per_class, {images_per_class}",
    )


def check_splits(pairs, splits):
    """Refuse splits without pairs to train, validate and test on."""
    for split in splits:
        sizes = split_sizes(split)
        require(
            sizes["test"] >= 1,
            "pairs.test_fraction",
            pairs["test_fraction"],
            "at least one test pair",
        )
        require(
            sizes["train"] >= 1,
            "pairs.train",
            pairs["train"],
            f"more, so that results/{split} has a training pair",
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


def check_points(key, points):
    """Refuse more grid points than Snakemake plans in minutes."""
    require(points <= MOST_POINTS, key, points, f"at most {MOST_POINTS} grid points")


def read_claims(path):
    """The content of a claims file; refused if it is none."""
    require(
        os.path.isfile(path), "claims", config["claims"], f"a file; there is no {path}"
    )
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        require(False, "claims", config["claims"], f"a file of YAML: {reason}")


def check_claims(content, points):
    """Refuse claims with mistakes, or about settings not in the study."""
    check_schema(content, "claims.schema.yaml", config["claims"])
    for number, claim in enumerate(content["claims"], start=1):
        for part in claim["effects"]:
            where = claim.get("where", {}) | part.get("where", {})
            sides = [where | part[key] for key in ("of", "minus") if key in part]
            key = f"{config['claims']}: claim {number}, effect {part['effect']!r}"
            low, high = part["holds"]
            require(
                (low, high) != (None, None) and (None in (low, high) or low <= high),
                key,
                part["holds"],
                "one or two bounds as holds, the lower one first",
            )
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
    distinct = {frozenset(fold) for fold in folds}
    require(len(distinct) == len(folds), "choice.folds", folds, "each fold once")
    for fold in folds:
        require(
            len(fold) == len({*fold} & {*classes})
            and 2 <= len(fold) <= len(classes) - 2,
            "choice.folds",
            list(fold),
            f"two or more different classes of A (sets.A), {classes}, with two left to "
            "train on",
        )
