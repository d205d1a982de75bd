"""The classes of a study: names, sets, divisions, and the folds of the choice."""

import dataclasses
import functools
import itertools
import math
from pathlib import Path

from siamese.errors import ConfigError
from siamese.options import Config
from siamese.points import check_points, ids_text, parse_split, sampled_classes

# A file system takes 255 characters.
LONGEST_IDS = 200


@dataclasses.dataclass(frozen=True)
class Classes:
    """The classes of a study, which does not change.

    `image_folder` has the images, if a folder has them.
    """

    config: Config
    image_folder: Path | None

    @functools.cached_property
    def names(self):
        """Names of the classes by id, or None where only the files have them."""
        dataset = self.config.dataset
        if dataset.classes is not None:
            return list(dataset.classes)
        if self.image_folder is None:
            return None
        # Here, since no other study needs Pillow to be planned.
        from siamese.image_folder import class_folders

        names = class_folders(self.image_folder)
        for name in names:
            if not name.isprintable():
                expected = "names of one line of printable text"
                raise ConfigError("sub-folders of dataset.folder", name, expected)
        return names

    def ids_of(self, key, classes):
        """Ids of classes that the config gives by id or by name."""
        known = self.names
        for name in classes:
            if isinstance(name, str) and name not in (known or []):
                names = f"one of {known}" if known else "an id, without dataset.classes"
                raise ConfigError(key, name, names)
        return [known.index(c) if isinstance(c, str) else c for c in classes]

    @functools.cached_property
    def sets(self):
        """Ids of the classes of A and of B; None for B where only the files tell."""
        sets = self.config.sets
        a = self.ids_of("sets.A", sets.A)
        if sets.B is not None:
            return {"A": a, "B": self.ids_of("sets.B", sets.B)}
        rest = [c for c in range(len(self.names or [])) if c not in a]
        return {"A": a, "B": rest if self.names else None}

    @functools.cached_property
    def divisions(self):
        """The sets of each division, by what a folder's name has of its unseen classes.

        First the study's own, by ''.
        """
        sets, own = self.config.sets, self.sets
        if not sets.others and sets.sample is None:
            return {"": own}
        if own["B"] is None:
            expected = "sets.B or dataset.classes too, which say what classes there are"
            raise ConfigError("sets.others", "other divisions", expected)
        classes = sorted(own["A"] + own["B"])
        unseen = [tuple(sorted(own["B"]))]
        for given in sets.others:
            found = self.left_out("sets.others", given, classes, str(classes))
            if found in unseen:
                expected = "each division once, and not sets.B again"
                raise ConfigError("sets.others", list(given), expected)
            unseen.append(found)
        if sets.sample is not None:
            check_points("sets.sample", sets.sample)
            unseen += sampled_classes(
                classes, len(own["B"]), sets.sample, sets.sample_seed, unseen
            )
        return {"": own} | {
            ids_text(b): {"A": [c for c in classes if c not in b], "B": list(b)}
            for b in unseen[1:]
        }

    @property
    def division_columns(self):
        """What tables of runs say of the division, where there are several."""
        return ["unseen"] if len(self.divisions) > 1 else []

    def sets_of(self, split):
        """The sets of the division that a path names, with what a fold leaves out."""
        return self.divisions[ids_text(parse_split(split)[0])]

    @staticmethod
    def fold_of(split):
        """The ids of the classes that the split of a path leaves out of training."""
        return parse_split(split)[1]

    def folds(self, runs):
        """The classes that each fold leaves out of A, a tuple of ids a fold.

        `runs` is how often each is trained on.
        """
        classes, given = self.sets["A"], self.config.choice.folds
        if isinstance(given, int):
            n = min(given, len(classes))
            check_points("choice", runs * math.comb(len(classes), n))
            given = list(itertools.combinations(classes, n))
        check_points("choice", runs * len(given))
        of = f"A (sets.A), {classes}"
        folds = [self.left_out("choice.folds", fold, classes, of) for fold in given]
        if len({*folds}) < len(folds):
            raise ConfigError("choice.folds", list(map(list, given)), "each fold once")
        return folds

    def left_out(self, key, given, classes, of):
        """Ids, rising, of classes not to train on; `of` names all classes for people.

        Raises ConfigError for fewer than two, or where fewer than two are left.
        """
        found = tuple(sorted(self.ids_of(key, given)))
        expected = None
        if not {*found} <= {*classes} or not 2 <= len({*found}) <= len(classes) - 2:
            expected = (
                f"two or more different classes of {of}, with two left to train on"
            )
        elif len(ids_text(found)) > LONGEST_IDS:
            expected = f"classes whose ids have at most {LONGEST_IDS} characters"
        if expected:
            raise ConfigError(key, list(given), expected)
        return found

    def check(self):
        """Refuse a class that is in both sets, in neither, or unknown."""
        sets, known = self.sets, self.names
        labels = {*sets["A"], *(sets["B"] or []), *range(len(known or []))}
        for label in sorted(labels):
            holders = [name for name in sets if label in (sets[name] or [])]
            if known and label >= len(known):
                raise ConfigError(
                    f"sets.{''.join(holders)}",
                    label,
                    f"class ids from 0 to {len(known) - 1} (dataset.classes)",
                )
            # Without names, which of the rest there are is only in the files.
            if len(holders) != 1 and (known or holders):
                name = f" ({known[label]})" if known else ""
                raise ConfigError(
                    f"sets: class {label}{name}",
                    " and ".join(holders) or "in neither set",
                    "exactly one of A and B for each of dataset.classes",
                )
        if sets["B"] is not None and len(sets["B"]) < 2:
            raise ConfigError("sets.B", sets["B"], "two classes or more that A leaves")
