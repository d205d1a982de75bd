"""Grid points: what a training is of, where its files are, and how points are drawn."""

import math
import random
import re
from typing import NamedTuple

from siamese.axes import AXES, NAMED, as_text
from siamese.errors import ConfigError
from siamese.splits import SPLITS

# Snakemake plans about 8000 grid points a minute.
MOST_POINTS = 100_000
# By Snakemake's wildcards: how classes and pairs are split, a point's folder and path.
SPLIT_PATTERN = "(unseen~[0-9-]+/)?(split_by~images/|leave_out~[0-9-]+/)?"
POINT = f"{','.join(f'{name}~{{{name}}}' for name in NAMED)}{{others}},seed~{{seed}}"
POINT_FOLDER = f"<results>/{{split}}grid/{POINT}"


class Point(NamedTuple):
    """One training: a setting, a seed, and how classes and pairs are split.

    `unseen` has the classes of B, such as '2-4-5-9', where those are others than the
    study's own. `fold` has the classes of A that are left out of training, such as
    '0-1'. `setting` has a value of each of AXES, and `others` what a folder's name has
    of it beside the named ones.
    """

    unseen: str
    split_by: str
    fold: str
    setting: tuple
    others: str
    seed: int

    @property
    def split(self):
        """The part of a path that says how classes and pairs are split."""
        of_classes = f"unseen~{self.unseen}/" if self.unseen else ""
        of_pairs = (
            f"leave_out~{self.fold}/" if self.fold else SPLITS[self.split_by].folder
        )
        return of_classes + of_pairs

    @property
    def values(self):
        """The value of each axis by its name."""
        return dict(zip(AXES, self.setting, strict=True))

    @property
    def folder(self):
        texts = dict(zip(NAMED, map(as_text, self.setting), strict=False))
        return POINT_FOLDER.format(
            split=self.split, others=self.others, seed=self.seed, **texts
        )

    def as_record(self, *names):
        """Some of its values as the param of a rule, with their types."""
        values = self._asdict() | self.values
        return {name: values[name] for name in names}

    def files(self, *names):
        return [f"{self.folder}/{name}" for name in names]


def runs_of(points):
    """The splits and seeds of some points, each once: one point stands for each."""
    return list({(point.split, point.seed): point for point in points}.values())


def run_files(points, folder, *names):
    """The files of one folder of each split and seed."""
    return [
        f"<results>/{run.split}{folder}/seed~{run.seed}/{name}"
        for run in runs_of(points)
        for name in names
    ]


def point_files(points, *names):
    """The files of grid points, all of one name before those of the next."""
    return [file for name in names for point in points for file in point.files(name)]


def as_records(points, *names):
    return [point.as_record(*names) for point in points]


def ids_text(classes):
    """What a folder's name has of classes, such as '0-1'."""
    return "-".join(map(str, sorted(classes)))


def parse_split(split):
    """The classes that a part of a path names, by what they are, and the rest.

    Returns
    -------
    unseen, left_out : list of int
        Empty where the path names none.
    way : str
        The name in SPLITS of how the pairs of A are split.
    """
    found = dict(re.findall("(unseen|leave_out)~([0-9-]+)/", split))
    unseen, left_out = (
        [int(label) for label in found.get(name, "").split("-") if label]
        for name in ("unseen", "leave_out")
    )
    ways = [name for name, way in SPLITS.items() if way.folder and way.folder in split]
    return unseen, left_out, ways[0] if ways else "pairs"


def sampled(size, n, seed):
    """Numbers below `size`, drawn at random: `n` of them, or all if there are fewer.

    Returns
    -------
    list of int
        Rising. What is drawn for a smaller `n` is among them.
    """
    generator, drawn = random.Random(seed), set()
    while len(drawn) < min(n, size):
        drawn.add(generator.randrange(size))
    return sorted(drawn)


def combination(lists, number):
    """The combination of that number, of those that itertools.product yields."""
    chosen = []
    for values in reversed(lists):
        number, place = divmod(number, len(values))
        chosen.append(values[place])
    return tuple(reversed(chosen))


def sampled_classes(classes, n_unseen, n, seed, known):
    """Sets of classes drawn at random, none twice and none of those known.

    Parameters
    ----------
    classes : list of int
        To draw from.
    n_unseen : int
        Classes in a set.
    n : int
        Sets, or all that there are if those are fewer.
    seed : int
        Of the draw; what is drawn for a smaller `n` is the beginning.
    known : list of tuple of int
        Rising; of as many classes each.

    Returns
    -------
    list of tuple of int
        Rising in each.
    """
    left = math.comb(len(classes), n_unseen) - len(known)
    generator, drawn = random.Random(seed), []
    while len(drawn) < min(n, left):
        found = tuple(sorted(generator.sample(classes, n_unseen)))
        if found not in known and found not in drawn:
            drawn.append(found)
    return drawn


def check_points(key, points):
    """Refuse more grid points than Snakemake plans in minutes."""
    if points > MOST_POINTS:
        raise ConfigError(key, points, f"at most {MOST_POINTS} grid points")
