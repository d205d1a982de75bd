"""Grid points: a setting with a seed and a protocol, and its folder."""

import re
from typing import NamedTuple

from siamese.study.axes import AXES, MAIN_AXES, as_text
from siamese.study.pair_counts import WAYS

# Wildcards of Snakemake: the protocol, the name of a point, and its folder.
PROTOCOL_PATTERN = f"(unseen~[0-9-]+(,left_out~[0-9-]+)?/)?({WAYS['images']})?"
POINT = ",".join(f"{name}~{{{name}}}" for name in MAIN_AXES) + "{further},seed~{seed}"
POINT_FOLDER = f"<results>/{{protocol}}grid/{POINT}"


class Division(NamedTuple):
    """Ids, rising, of the classes in B and in no set; none for the study's own."""

    unseen: tuple = ()
    left_out: tuple = ()

    @property
    def name(self):
        """What tables call the division, such as '2-4-5-9'."""
        return "-".join(map(str, self.unseen))

    @property
    def folder(self):
        """The part of a path that states the division."""
        left_out = "-".join(map(str, self.left_out))
        left_out = f",left_out~{left_out}" if left_out else ""
        return f"unseen~{self.name}{left_out}/" if self.unseen else ""


class Point(NamedTuple):
    """One training: a setting and a seed under a protocol, which is the division of the
    classes and the way to split pairs of A. `key` has the setting's values in the order
    of AXES, and `further` the part of the folder's name with the further axes.
    """

    division: Division
    split_by: str
    key: tuple
    further: str
    seed: int

    @property
    def setting(self):
        """The value of each axis by its name."""
        return dict(zip(AXES, self.key, strict=True))

    @property
    def protocol(self):
        """The part of a path that says how classes and pairs are divided."""
        return self.division.folder + WAYS[self.split_by]

    @property
    def folder(self):
        texts = dict(zip(MAIN_AXES, map(as_text, self.key), strict=False))
        return POINT_FOLDER.format(
            protocol=self.protocol, further=self.further, seed=self.seed, **texts
        )

    def as_record(self, *names):
        """Some of its values as the param of a rule, with their types."""
        values = self._asdict() | self.setting | {"unseen": self.division.name}
        return {name: values[name] for name in names}

    def files(self, *names):
        return [f"{self.folder}/{name}" for name in names]


def runs_of(points):
    """One point for each protocol and seed of some points."""
    return list({(point.protocol, point.seed): point for point in points}.values())


def run_files(points, folder, *names):
    """The files of one folder of each protocol and seed."""
    return [
        f"<results>/{run.protocol}{folder}/seed~{run.seed}/{name}"
        for run in runs_of(points)
        for name in names
    ]


def point_files(points, *names):
    """The files of grid points, all of one name before those of the next."""
    return [file for name in names for point in points for file in point.files(name)]


def as_records(points, *names):
    return [point.as_record(*names) for point in points]


def parse_protocol(protocol):
    """The division and the way to split that a path names."""
    parts = dict(re.findall("(unseen|left_out)~([0-9-]+)", protocol))
    texts = (re.findall("[0-9]+", parts.get(name, "")) for name in Division._fields)
    division = Division(*(tuple(map(int, ids)) for ids in texts))
    return division, "images" if protocol.endswith(WAYS["images"]) else "pairs"
