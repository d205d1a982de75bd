"""The study: a config turned into grid points, seeds, protocols and pairs."""

import dataclasses
import functools
import itertools
import math
import random
from pathlib import Path

import yaml
from snakemake.utils import update_config

from siamese.errors import ConfigError
from siamese.study.axes import AXES, MAIN_AXES, further_text, parse_further
from siamese.study.claims import check_claims
from siamese.study.classes import Classes
from siamese.study.columns import TEST_SETS, UNSEEN, column
from siamese.study.options import Config, parse
from siamese.study.paths import Paths
from siamese.study.points import Point, parse_protocol
from siamese.study.poses import MODERATE, is_moderate, poses_of, random_pose
from siamese.study.published import read_published
from siamese.study.settings import Settings
from siamese.study.thresholds import Thresholds

# With more curves a report would be larger than 25 MB.
MOST_CURVES = 150


@dataclasses.dataclass(frozen=True)
class Study:
    """A study; made by `from_config`."""

    config: Config
    paths: Paths
    classes: Classes
    settings: Settings
    thresholds: Thresholds
    published: list  # the rows of the table of published accuracies

    @classmethod
    def from_config(cls, config, project, folder=".", metrics=()):
        """Check a config, a dict as YAML gives it, and the claims that it names.

        A relative path in it is looked for in the study's folder, then in the
        project's. Options and claims may name `metrics`. Raises ConfigError, one line,
        for the first mistake.
        """
        config = parse(Config, config, metrics)
        paths = Paths(config, Path(project), Path(folder).resolve())
        classes = Classes(config, paths.image_folder)
        settings = Settings(config, math.prod(paths.shape[:2]))
        classes.check()
        settings.check()
        published = read_published(paths.existing("dataset.published"))
        thresholds = Thresholds(paths, settings)
        study = cls(config, paths, classes, settings, thresholds, published)
        study.check_poses()
        study.check_batches()
        paths.development  # noqa: B018 - It is refused here if there is none.
        if paths.claims is not None:
            columns = [column(name, of) for name in metrics for of in TEST_SETS]
            names = columns, study.pose_names
            check_claims(paths.claims, study.main_points, *names)
        for point in study.points:
            study.thresholds.of(point.setting)
        return study

    @property
    def seeds_of_divisions(self):
        """The seeds of runs on further divisions."""
        return self.config.divisions.seeds or self.config.seeds

    def combinations(self, grid):
        """The ways to split and the values of axes in a grid, all or a sample; None is
        the report's value.
        """
        given = self.settings.given
        axes = [getattr(grid, name) or [given.get(name)] for name in AXES]
        lists = [grid.split_by, *axes]
        if grid.sample is None:
            return itertools.product(*lists)
        return sampled(lists, grid.sample, grid.sample_seed)

    @functools.cached_property
    def points(self):
        """All grid points, once each; those of the study's own division come first."""
        settings = {}
        for grid in self.config.grid:
            for split_by, *values in self.combinations(grid):
                setting = self.settings.complete(dict(zip(AXES, values, strict=True)))
                key = split_by, tuple(setting.values())
                settings[key] = further_text(setting, self.settings.filters(setting))
        own, further = self.config.seeds, self.seeds_of_divisions
        return tuple(
            Point(division, split_by, key, further_text, seed)
            for division in self.classes.divisions
            for (split_by, key), further_text in settings.items()
            for seed in (further if division.unseen else own)
        )

    @functools.cached_property
    def own_points(self):
        """The points of the study's own division."""
        return tuple(point for point in self.points if not point.division.unseen)

    @functools.cached_property
    def main_points(self):
        """The points that figures are about."""
        return tuple(p for p in self.own_points if p.split_by == self.split_by)

    @functools.cached_property
    def axes(self):
        """The axes that tables show: the main ones, and those in a folder's name."""
        shown = set(MAIN_AXES).union(*(parse_further(p.further) for p in self.points))
        return [name for name in AXES if name in shown]

    @functools.cached_property
    def ways(self):
        """The ways to split A that the study has."""
        return list(dict.fromkeys(point.split_by for point in self.points))

    @property
    def split_by(self):
        """The way to split A that figures and claims are about."""
        return "pairs" if "pairs" in self.ways else self.ways[0]

    @property
    def division_columns(self):
        """The columns of tables that state the division, if there are several."""
        return [UNSEEN] if len(self.classes.divisions) > 1 else []

    @property
    def curves_left_out(self):
        """How many pictures of curves a report would be too large with, or 0."""
        return len(self.points) if len(self.points) > MOST_CURVES else 0

    @functools.cached_property
    def chains(self):
        """Epoch counts of the points that resume each other, by `chain_of`."""
        chains = {}
        for point in self.points:
            key = chain_of(point.protocol, point.setting, point.seed)
            chains.setdefault(key, []).append(point.setting["epochs"])
        return chains

    def shorter(self, wildcards):
        """The next smaller epoch count of the setting in a path, or None."""
        setting = self.settings.at(wildcards)
        key = chain_of(wildcards["protocol"], setting, int(wildcards["seed"]))
        chain = self.chains.get(key, []) if setting["epochs"] else []
        return max((n for n in chain if n < setting["epochs"]), default=None)

    @functools.cached_property
    def best_point(self):
        """The grid point of the model to take away; ConfigError if there is none."""
        given = self.config.best
        if given is None:
            return self.main_points[0]
        setting = self.settings.complete(self.settings.given | given.stated())
        for point in self.main_points:
            if point.setting == setting:
                return point
        raise ConfigError("best", given.stated(), "a setting of the grid")

    @property
    def reading(self):
        """The param of the rules that read the data set's files."""
        dataset = self.config.dataset
        return {
            "format": dataset.format,
            "files": dict(dataset.files),
            "classes": self.classes.names,
            "numbered": self.classes.are_numbered,
            "preparation": {
                "shape": dataset.shape and list(dataset.shape),
                "maximum": dataset.maximum,
                "method": dataset.preparation,
            },
            "digest": dataset.digest,
        }

    def labels(self, wildcards):
        """What the report calls the grid point that a path names."""
        labels = {AXES[name].label: wildcards[name] for name in MAIN_AXES}
        division, split_by = parse_protocol(wildcards["protocol"])
        labels |= {"further": wildcards["further"].strip(","), "split by": split_by}
        return labels | {"unseen classes": division.name, "seed": wildcards["seed"]}

    @functools.cached_property
    def poses(self):
        """The poses that the study tests, dicts as params of rules."""
        return [pose._asdict() for pose in poses_of(self.config)]

    @functools.cached_property
    def pose_names(self):
        """The names of poses in tables, with that of the mean over moderate ones."""
        names = [pose["name"] for pose in self.poses]
        return names + [MODERATE] * any(map(is_moderate, names))

    @property
    def random_pose(self):
        return random_pose(self.config.random_poses)._asdict()

    def training_pose(self, wildcards):
        """The pose that a grid point is trained in, as the param of a rule, or None."""
        is_posed = self.settings.at(wildcards)["augmentation"] == "poses"
        return self.random_pose if is_posed else None

    @property
    def losses(self):
        """The losses of the study and their margins, each once."""
        pairs = ((p.setting["loss"], p.setting["margin"]) for p in self.points)
        return [list(pair) for pair in dict.fromkeys(pairs) if pair[0]]

    def pair_options(self, protocol):
        """The options of a protocol's pairs; with fewer classes it trains on fewer."""
        pairs, classes = self.config.pairs, self.classes
        trained = len(classes.sets_of(protocol)["A"])
        return {
            "split_by": parse_protocol(protocol)[1],
            "images_per_class": pairs.images_per_class,
            "test_fraction": pairs.test_fraction,
            "train": pairs.train * trained // len(classes.sets["A"]),
        }

    def check_poses(self):
        """Refuse shifts that leave less than half of an image."""
        half = min(self.paths.shape[:2]) / 2
        shifts = [("poses.shifts", shift) for shift in self.config.poses.shifts]
        stated = self.config.random_poses.stated()
        shifts += [("random_poses.shift", stated.get("shift", 0))]
        for key, shift in shifts:
            if shift > half:
                expected = f"at most {half:g} pixels, half of an image's side"
                raise ConfigError(key, shift, expected)

    def check_batches(self):
        """Refuse batches of more than the training pairs."""
        largest = max(max(grid.batch_size) for grid in self.config.grid)
        if largest > (train := self.config.pairs.train):
            expected = f"at most the training pairs, {train} (pairs.train)"
            raise ConfigError("grid.batch_size", largest, expected)


def chain_of(protocol, setting, seed):
    """The key that points share if they differ in their epochs alone."""
    values = tuple(setting[name] for name in AXES if name != "epochs")
    return protocol, values, seed


def sampled(lists, n, seed):
    """Random combinations, n or all, in order; a larger sample contains a smaller."""
    generator, numbers = random.Random(seed), set()
    size = math.prod(map(len, lists))
    while len(numbers) < min(n, size):
        numbers.add(generator.randrange(size))
    for number in sorted(numbers):
        chosen = []
        for values in reversed(lists):
            number, place = divmod(number, len(values))
            chosen.append(values[place])
        yield chosen[::-1]


def with_defaults(config, project):
    """A config over that of the project, which a module's may state in part.

    A data set without a format changes that of the published study; one with a format
    stands alone.
    """
    folder = Path(project, "config")
    defaults = yaml.safe_load((folder / "config.yaml").read_bytes())
    # `--config claims=null` gives a text.
    none = [key for key, text in config.items() if text in ("", "null", "none", "None")]
    update_config(defaults, config | dict.fromkeys(none))
    dataset = defaults.get("dataset", {})
    if isinstance(dataset, dict) and "format" not in dataset:
        path = folder / "datasets/fashion_mnist.yaml"
        described = yaml.safe_load(path.read_bytes())
        update_config(described, {"dataset": dataset})
        defaults["dataset"] = described["dataset"]
    return defaults
