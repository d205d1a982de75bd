"""The study: a config turned into grid points, seeds, splits and pairs.

What a config decides is decided once: here, and of its paths, classes, settings and
thresholds in the modules of those names. Nothing else reads it.
"""

import dataclasses
import functools
import itertools
import math
from pathlib import Path

import yaml
from snakemake.utils import update_config

from siamese.axes import AXES, NAMED, parse_others
from siamese.claims import check_claims
from siamese.classes import Classes
from siamese.errors import ConfigError
from siamese.labels import Labels
from siamese.locations import Locations
from siamese.options import Config, parse
from siamese.points import (
    Point,
    check_points,
    combination,
    ids_text,
    parse_split,
    sampled,
)
from siamese.settings import Settings
from siamese.splits import SPLITS, PairsError, Plan, sets_of_fold
from siamese.stored import read_json
from siamese.thresholds import Thresholds

# Pictures of curves in a report, which has no more than 25 MB with them.
MOST_CURVES = 150
EPOCHS = list(AXES).index("epochs")


@dataclasses.dataclass(frozen=True)
class Study:
    """A study, which does not change; made by `from_config`."""

    config: Config
    paths: Locations
    classes: Classes
    settings: Settings
    thresholds: Thresholds

    @classmethod
    def from_config(cls, config, project, folder="."):
        """Check a config, and the file of claims that it names.

        Parameters
        ----------
        config : dict
            As YAML gives it; config/README.md explains each option.
        project, folder : path
            Of the project and of the study: a relative path of the config is looked
            for in the study's folder, then in the project's.

        Raises
        ------
        ConfigError
            The first mistake, in one line.
        """
        config = parse(Config, config)
        paths = Locations(config, Path(project), Path(folder).resolve())
        paths.check()
        classes, settings = Classes(config, paths.image_folder), Settings(config)
        thresholds = Thresholds(paths, settings)
        study = cls(config, paths, classes, settings, thresholds)
        study.classes.check()
        check_points("grid, seeds and sets", study.size_of_grid * study.runs)
        study.settings.check()
        study.check_pairs(study.points)
        study.check_batches()
        if study.paths.claims is not None:
            check_claims(study.paths.claims, study.main_points)
        study.thresholds.check(study.points)
        return study

    def lists_of(self, grid):
        """The values of a grid: the ways to split, then those of each axis.

        None stands for the report's value where that depends on the size.
        """
        axes = [getattr(grid, name) or [self.settings.defaults[name]] for name in AXES]
        return [grid.split_by, *axes]

    @property
    def size_of_grid(self):
        sizes = (
            (math.prod(map(len, self.lists_of(grid))), grid.sample)
            for grid in self.config.grids
        )
        return sum(min(size, sample or size) for size, sample in sizes)

    @property
    def runs(self):
        """How often each setting is trained: seeds and divisions."""
        others = len(self.classes.divisions) - 1
        return len(self.config.seeds) + others * len(self.seeds_of_divisions)

    @property
    def seeds_of_divisions(self):
        """Of the runs on other divisions than the study's own."""
        sets = self.config.sets
        return self.config.seeds if sets.seeds is None else sets.seeds

    def combinations(self, grid):
        """The ways to split and the settings of a grid, all or a sample."""
        lists = self.lists_of(grid)
        if grid.sample is None:
            return itertools.product(*lists)
        numbers = sampled(math.prod(map(len, lists)), grid.sample, grid.sample_seed)
        return (combination(lists, number) for number in numbers)

    @functools.cached_property
    def points(self):
        """All grid points, in the order of the config, none twice.

        Those of the study's own sets stand before those of other divisions.
        """
        found = {}
        for grid in self.config.grids:
            for way, *values in self.combinations(grid):
                setting = self.settings.complete(dict(zip(AXES, values, strict=True)))
                others = self.settings.others_of(setting)
                found[way, tuple(setting.values())] = others
        return tuple(
            Point(unseen, way, "", setting, others, seed)
            for unseen in self.classes.divisions
            for (way, setting), others in found.items()
            for seed in (self.seeds_of_divisions if unseen else self.config.seeds)
        )

    @functools.cached_property
    def axes(self):
        """The axes that tables show: the named ones, and those in a folder's name."""
        texts = {point.others for point in self.points}
        found = set().union(*map(parse_others, texts))
        return [name for name in AXES if name in NAMED or name in found]

    @functools.cached_property
    def chains(self):
        """Epoch counts, rising, by what points have in common that resume each other.

        That is the split, the values of the setting but for the epochs, and the seed.
        """
        chains = {}
        for point in self.points:
            key = (point.split, without_epochs(point.setting), point.seed)
            chains.setdefault(key, []).append(point.values["epochs"])
        return {key: sorted(epochs) for key, epochs in chains.items()}

    @functools.cached_property
    def ways(self):
        """The ways to split A that the study has."""
        return list(dict.fromkeys(point.split_by for point in self.points))

    @property
    def split_by(self):
        """The way to split pairs that figures and claims are about."""
        return "pairs" if "pairs" in self.ways else self.ways[0]

    @functools.cached_property
    def own_points(self):
        """Those of the study's own sets."""
        return tuple(point for point in self.points if not point.unseen)

    @functools.cached_property
    def main_points(self):
        """Those that figures are about, of the study's own sets."""
        return tuple(p for p in self.own_points if p.split_by == self.split_by)

    @property
    def curves_left_out(self):
        """How many pictures of curves a report would be too large with, or 0."""
        return len(self.points) if len(self.points) > MOST_CURVES else 0

    @functools.cached_property
    def best_point(self):
        """The grid point of the model to take away, of the first seed.

        Raises ConfigError where the config names a setting that is not in the grid.
        """
        given = self.config.best
        if given is None:
            return self.main_points[0]
        stated = given.stated()
        if stated.get("size") in self.config.sizes:
            setting = self.settings.complete(stated)
            for point in self.main_points:
                if point.values == setting:
                    return point
        expected = "a setting of the grid, with its size, l2, batch_size and epochs"
        raise ConfigError("best", str(stated), expected)

    @property
    def main_settings(self):
        """The settings of the main split, each with its name beside the named axes."""
        return {point.setting: point.others for point in self.main_points}

    @functools.cached_property
    def fold_points(self):
        """The grid points that choosing without B needs.

        Raises ConfigError for folds with mistakes, which a study without a choice
        may have.
        """
        seeds = self.config.choice.seeds
        points = tuple(
            Point("", "pairs", ids_text(fold), setting, others, seed)
            for setting, others in self.main_settings.items()
            for fold in self.classes.folds(len(self.main_settings) * len(seeds))
            for seed in seeds
        )
        self.check_pairs(points)
        return points

    def pair_options(self, split):
        """What the pairs of a split are made by, for `Plan`.

        With fewer classes to train on there are fewer training pairs.
        """
        pairs, classes = self.config.pairs, self.classes
        left = len(classes.sets_of(split)["A"]) - len(classes.fold_of(split))
        return {
            "split_by": parse_split(split)[2],
            "images_per_class": pairs.images_per_class,
            "test_fraction": pairs.test_fraction,
            "train": pairs.train * left // len(classes.sets["A"]),
        }

    @property
    def reading(self):
        """What the data set's files are read by, the param of a rule."""
        dataset = self.config.dataset
        return {
            "format": dataset.format,
            "files": dict(dataset.files),
            "classes": self.classes.names,
            "shape": dataset.shape and list(dataset.shape),
            "digest": dataset.digest,
        }

    @functools.cached_property
    def labels(self):
        """What the report calls the grid points."""
        return Labels(self.points, self.axes, self.settings)

    def shorter(self, wildcards):
        """The next smaller epoch count of the setting that a path names, or None.

        Every setting of the main split is trained on each fold.
        """
        setting = self.settings.at(wildcards)
        key = without_epochs(tuple(setting[name] for name in AXES))
        split, seed = wildcards["split"], int(wildcards["seed"])
        if self.classes.fold_of(split):
            split, seed = SPLITS[self.split_by].folder, self.config.seeds[0]
        chain = self.chains.get((split, key, seed), [])
        return max((n for n in chain if n < setting["epochs"]), default=None)

    @property
    def losses(self):
        """The losses of the study and their margins, each once."""
        pairs = ((p.values["loss"], p.values["margin"]) for p in self.points)
        return [list(pair) for pair in dict.fromkeys(pairs)]

    @property
    def files_digest(self):
        """SHA-256 of an image folder's files; None without one.

        They are read only if names, sizes or times are others than when results were
        made of them.
        """
        folder, classes = self.paths.image_folder, self.classes.names
        if folder is None:
            return None
        from siamese.image_folder import content_digest, listing

        path = self.paths.folder / f"results{self.paths.root}/dataset/dataset.json"
        known = read_json(path) if path.exists() else {}
        if known.get("listing") == listing(folder, classes):
            return known["digest"]
        return content_digest(folder, classes)

    def check_batches(self):
        """Refuse batches larger than the training pairs."""
        train = self.config.pairs.train
        largest = max(max(grid.batch_size) for grid in self.config.grids)
        if largest > train:
            raise ConfigError(
                "grid.batch_size",
                largest,
                f"at most the training pairs, {train} (pairs.train)",
            )

    def check_pairs(self, points):
        """Refuse splits without pairs, where the config says how many images there are.

        Else the jobs find out that make them.
        """
        pairs, available = self.config.pairs, self.config.dataset.images_per_class
        if available is None or self.classes.names is None:
            return
        if pairs.images_per_class is not None and pairs.images_per_class > available:
            raise ConfigError(
                "pairs.images_per_class",
                pairs.images_per_class,
                f"at most dataset.images_per_class, {available}",
            )
        for split in dict.fromkeys(point.split for point in points):
            self.plan(split)

    def plan(self, split):
        """How many pairs a split has, where the config says how many images there are.

        Raises ConfigError for a part without pairs.
        """
        counts = dict.fromkeys(
            range(len(self.classes.names)), self.config.dataset.images_per_class
        )
        classes = self.classes
        sets = sets_of_fold(classes.sets_of(split), classes.fold_of(split))
        try:
            return Plan.of(counts, sets, self.pair_options(split))
        except PairsError as error:
            found = getattr(self.config.pairs, error.key)
            expected = f"{error.expected} (results/{split})"
            raise ConfigError(f"pairs.{error.key}", found, expected) from None


def without_epochs(setting):
    """A setting, a tuple of values by axis, without that of epochs."""
    return setting[:EPOCHS] + setting[EPOCHS + 1 :]


def with_defaults(config, project):
    """A config over that of the project, which a module's may state in part.

    A data set that states its format stands alone; else what is stated of it is over
    the published study's.
    """
    defaults = read_yaml(project, "config/config.yaml")
    update_config(defaults, config)
    dataset = defaults.get("dataset", {})
    if isinstance(dataset, dict) and "format" not in dataset:
        described = read_yaml(project, "config/datasets/fashion_mnist.yaml")
        update_config(described, {"dataset": dataset})
        defaults["dataset"] = described["dataset"]
    return defaults


def read_yaml(*path):
    return yaml.safe_load(Path(*path).read_text(encoding="utf-8"))
