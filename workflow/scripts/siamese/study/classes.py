"""The classes of a study: names, sets, and divisions."""

import dataclasses
import functools
import itertools
import math
import random
from pathlib import Path

from siamese.errors import ConfigError
from siamese.study.options import Config, composed
from siamese.study.points import Division, parse_protocol

# What systems put beside a user's files: thumbnails, indices, rubbish.
LEFT_OUT = ("__MACOSX", "lost+found", "$RECYCLE.BIN")
MOST_NAMED = 20


def is_left_out(name):
    """Whether a file or folder of that name is none of the user's."""
    return name[0] in ".@#" or name in LEFT_OUT


@dataclasses.dataclass(frozen=True)
class Classes:
    """The classes of a study; an image folder has a sub-folder for each."""

    config: Config
    image_folder: Path | None

    @functools.cached_property
    def names(self):
        """Names of the classes by id, or None if only the files have them."""
        given = self.config.dataset.classes
        if self.image_folder is None:
            return given and list(given)
        folders = [path for path in self.image_folder.iterdir() if path.is_dir()]
        names = sorted(p.name for p in folders if not is_left_out(p.name))
        if given:
            on_disk = {composed(name): name for name in names}
            return [on_disk.get(name, name) for name in given]
        return names

    def ids_of(self, key, classes):
        """Ids of classes that the config gives by id or by name.

        Where a name is a number, a number is a name: 1 is the class '1', wherever it
        stands among the others.
        """
        names = self.names or []
        ids = {composed(name): number for number, name in enumerate(names)}
        numbers = [name for name in names if name.isdecimal()]
        expected = "ids of classes, without dataset.classes"
        if numbers:
            ids |= {int(name): ids[name] for name in numbers if str(int(name)) == name}
            expected = f"names in {names}, in quotes, as {numbers[0]!r} is a number"
        elif names:
            ids |= {number: number for number in range(len(names))}
            expected = f"class ids from 0 to {len(names) - 1}, or names in {names}"
        for label in classes:
            if label not in ids and (names or isinstance(label, str)):
                raise ConfigError(key, label, expected)
        return [ids.get(label, label) for label in classes]

    @functools.cached_property
    def sets(self):
        """Ids of the classes of A and of B; None for B if only the files tell."""
        sets = self.config.sets
        a = self.ids_of("sets.A", sets.A)
        if sets.B is not None:
            return {"A": a, "B": self.ids_of("sets.B", sets.B)}
        rest = [c for c in range(len(self.names or [])) if c not in a]
        return {"A": a, "B": rest if self.names else None}

    @property
    def are_numbered(self):
        """Whether the config calls classes by number, and not by a name that is one."""
        sets, divisions = self.config.sets, self.config.divisions
        lists = [sets.A, sets.B or (), *divisions.unseen]
        lists += divisions.folds if isinstance(divisions.folds, tuple) else ()
        numbers = any(isinstance(label, int) for labels in lists for label in labels)
        return numbers and not any(map(str.isdecimal, self.names or []))

    @property
    def text(self):
        """The classes of A and B by name, or by number where only the files tell."""
        sets = {}
        for name, ids in self.sets.items():
            texts = [self.names[c] if self.names else str(c) for c in ids or []]
            more = ["…"] * (len(texts) > MOST_NAMED)
            sets[name] = ", ".join(texts[:MOST_NAMED] + more) or "all others"
        return "A, to train on: {A}; B, never trained on: {B}".format(**sets)

    @functools.cached_property
    def divisions(self):
        """A, B and left_out by division, the own first; ConfigError for mistakes."""
        options, own = self.config.divisions, self.sets
        divisions = {Division(): own}
        if not (options.unseen or options.sample or options.folds):
            return divisions
        if own["B"] is None:
            expected = "sets.B or dataset.classes too, which say what classes there are"
            raise ConfigError("divisions", "further divisions", expected)
        left_out = tuple(sorted(own["B"])) if options.folds else ()
        classes = sorted(own["A"] if options.folds else own["A"] + own["B"])
        for unseen in self.unseen_sets(classes):
            division = Division(unseen, left_out)
            a = [label for label in classes if label not in unseen]
            divisions[division] = {"A": a, "B": list(unseen), "left_out": [*left_out]}
        return divisions

    def unseen_sets(self, classes):
        """The unseen classes, rising ids, of each further division of some classes."""
        options, own = self.config.divisions, tuple(sorted(self.sets["B"]))
        if options.sample is not None:
            return sampled_sets(classes, own, options.sample, options.sample_seed)
        key, given = "divisions.unseen", options.unseen
        if options.folds:
            key, given = "divisions.folds", options.folds
        if isinstance(given, int):
            n = min(given, len(classes))
            given = list(itertools.combinations(classes, n))
        sets = [own]
        for entry in given:
            ids = tuple(sorted(self.ids_of(key, entry)))
            n = len({*ids} & {*classes})
            if n != len(ids) or not 2 <= n <= len(classes) - 2:
                few = "two or more different classes"
                expected = f"{few} of {classes}, with two left to train on"
                raise ConfigError(key, entry, expected)
            sets.append(ids)
        return list(dict.fromkeys(sets))[1:]

    def sets_of(self, protocol):
        """The sets of the division that a path names."""
        return self.divisions[parse_protocol(protocol)[0]]

    def check(self):
        """Refuse a class that is in both sets or in neither."""
        a, b = self.sets["A"], self.sets["B"] or []
        classes = range(len(self.names)) if self.names else {*a, *b}
        if wrong := [label for label in classes if (a + b).count(label) != 1]:
            raise ConfigError("sets: classes", wrong, "each in exactly one of A and B")
        if self.sets["B"] is not None and len(b) < 2:
            raise ConfigError("sets.B", b, "two classes or more that A leaves")


def sampled_sets(classes, own, n, seed):
    """Random sets of classes, n or all that there are, as large as `own` and not `own`.

    A smaller n draws the beginning. The classes of a set rise.
    """
    generator, drawn = random.Random(seed), {own: None}
    while len(drawn) < min(n + 1, math.comb(len(classes), len(own))):
        drawn[tuple(sorted(generator.sample(classes, len(own))))] = None
    return list(drawn)[1:]
