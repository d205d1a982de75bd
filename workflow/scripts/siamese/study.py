"""The study: a config turned into grid points, seeds, splits and pairs.

What a config decides is decided here and, of classes and paths, in `classes` and
`locations`, once; nothing else reads it.
"""

import dataclasses
import functools
import itertools
import math
from pathlib import Path

import yaml
from snakemake.utils import update_config

from siamese.axes import (
    AXES,
    NAMED,
    OTHERS,
    as_text,
    default_of,
    name_setting,
    others_text,
    parse_others,
    setting_of,
)
from siamese.claims import check_claims
from siamese.classes import Classes
from siamese.development import read_thresholds
from siamese.errors import ConfigError
from siamese.locations import Locations
from siamese.options import DEVELOPMENT, Config, parse
from siamese.points import (
    Point,
    check_points,
    combination,
    ids_text,
    parse_split,
    sampled,
)
from siamese.splits import SPLITS, PairsError, Plan, sets_of_fold
from siamese.stored import read_json

# Pictures of curves in a report, which has no more than 25 MB with them.
MOST_CURVES = 150
FIGURE_SPACE = "\N{FIGURE SPACE}"
EPOCHS = list(AXES).index("epochs")


@dataclasses.dataclass(frozen=True)
class Study:
    """A study, which does not change; made by `from_config`."""

    config: Config
    paths: Locations
    classes: Classes

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
        study = cls(config, paths, Classes(config, paths.image_folder))
        study.classes.check()
        check_points("grid, seeds and sets", study.size_of_grid * study.runs)
        study.check_sizes()
        study.check_pairs(study.points)
        study.check_batches()
        if study.paths.claims is not None:
            check_claims(study.paths.claims, study.main_points)
        study.check_thresholds()
        return study

    def lists_of(self, grid):
        """The values of a grid: the ways to split, then those of each axis.

        None stands for the report's value where that depends on the size.
        """
        axes = [getattr(grid, name) or [self.defaults[name]] for name in AXES]
        return [grid.split_by, *axes]

    @property
    def defaults(self):
        """What axes have where a grid lists none; None for what the size decides."""
        given = {"precision": self.config.precision, "margin": self.config.margin}
        return {
            name: None if callable(axis.default) else axis.default
            for name, axis in AXES.items()
        } | given

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

    def complete(self, setting):
        """A setting with the report's values for None, as a dict."""
        filters = self.config.sizes[setting["size"]]
        return {
            name: default_of(name, filters) if value is None else value
            for name, value in setting.items()
        }

    def others_of(self, setting):
        """What a folder's name has of a complete setting beside the named axes."""
        return others_text(setting, self.config.sizes[setting["size"]])

    @functools.cached_property
    def points(self):
        """All grid points, in the order of the config, none twice.

        Those of the study's own sets stand before those of other divisions.
        """
        found = {}
        for grid in self.config.grids:
            for way, *values in self.combinations(grid):
                setting = self.complete(dict(zip(AXES, values, strict=True)))
                found[way, tuple(setting.values())] = self.others_of(setting)
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
            setting = self.complete(self.defaults | stated)
            for point in self.main_points:
                if point.values == setting:
                    return point
        expected = "a setting of the grid, with its size, l2, batch_size and epochs"
        raise ConfigError("best", str(stated), expected)

    @property
    def settings(self):
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
            for setting, others in self.settings.items()
            for fold in self.classes.folds(len(self.settings) * len(seeds))
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

    def setting_at(self, wildcards):
        """The setting that the path of a grid point names, as a dict.

        It has a value of each axis, and `filters`, those of its size.
        """
        named = {name: AXES[name].kind(wildcards[name]) for name in NAMED}
        given = dict.fromkeys(OTHERS) | parse_others(wildcards["others"])
        setting = self.complete(named | given)
        return setting | {"filters": self.config.sizes[setting["size"]]}

    def describe(self, wildcards):
        """The setting that the path of a grid point names, in words."""
        setting = self.setting_at(wildcards)
        others = parse_others(wildcards["others"])
        return name_setting({name: setting[name] for name in (*NAMED, *others)})

    @functools.cached_property
    def label_texts(self):
        """What varies from point to point, by its label: texts by value."""
        values = {
            AXES[name].label: [p.values[name] for p in self.points]
            for name in self.axes
        }
        values["split by"] = [point.split_by for point in self.points]
        values["unseen classes"] = [point.unseen for point in self.points]
        values["seed"] = [point.seed for point in self.points]
        found = {label: aligned(set(column)) for label, column in values.items()}
        return {label: texts for label, texts in found.items() if len(texts) > 1}

    def labels(self, wildcards):
        """Of the point that a path names the values of what varies, as texts."""
        unseen, _, way = parse_split(wildcards["split"])
        setting = self.setting_at(wildcards)
        values = {AXES[name].label: setting[name] for name in AXES}
        values |= {"split by": way, "unseen classes": ids_text(unseen)}
        values["seed"] = int(wildcards["seed"])
        texts = {
            label: texts[values[label]] for label, texts in self.label_texts.items()
        }
        return texts or {"size": setting["size"]}

    def shorter(self, wildcards):
        """The next smaller epoch count of the setting that a path names, or None.

        Every setting of the main split is trained on each fold.
        """
        setting = self.setting_at(wildcards)
        key = without_epochs(tuple(setting[name] for name in AXES))
        split, seed = wildcards["split"], int(wildcards["seed"])
        if self.classes.fold_of(split):
            split, seed = SPLITS[self.split_by].folder, self.config.seeds[0]
        chain = self.chains.get((split, key, seed), [])
        return max((n for n in chain if n < setting["epochs"]), default=None)

    def growth(self, wildcards):
        """How many times the time and the memory of the report's networks one takes.

        Whole numbers, from 1: of the point that a path names. docs/scale.md has what
        they were measured by.
        """
        return growth_of(self.setting_at(wildcards))

    @functools.cached_property
    def largest_growth(self):
        """The same of the largest size, with the report's values for all other axes."""
        return growth_of(vars(setting_of(max(self.config.sizes.values()))))

    def threshold(self, setting):
        """The distance below which pairs are called 'same' at a setting, a dict."""
        given = self.config.threshold
        if given != DEVELOPMENT:
            return setting["margin"] / 2 if given is None else given
        key = tuple(setting[name] for name in AXES)
        if key not in self.development:
            expected = f"a row of {name_setting(dict(zip(AXES, key, strict=True)))}"
            raise ConfigError("development", str(self.paths.development), expected)
        return self.development[key]

    @property
    def thresholds_of_baselines(self):
        """The same of baselines by name; empty where validation has theirs."""
        if self.config.threshold != DEVELOPMENT:
            return {}
        return {k: v for k, v in self.development.items() if isinstance(k, str)}

    @functools.cached_property
    def development(self):
        """Thresholds of another study, by a setting's values or a baseline's name."""

        def of_setting(given):
            return tuple(self.complete(self.defaults | given).values())

        return read_thresholds(self.paths.development, self.config.sizes, of_setting)

    def check_thresholds(self):
        """Refuse a setting whose threshold nothing gives."""
        if self.config.threshold != DEVELOPMENT:
            return
        if self.paths.development is None:
            expected = "a file as development, that has the thresholds"
            raise ConfigError("threshold", DEVELOPMENT, expected)
        for setting in dict.fromkeys(point.setting for point in self.points):
            self.threshold(dict(zip(AXES, setting, strict=True)))

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

    def check_sizes(self):
        """Refuse unknown network sizes."""
        sizes = list(self.config.sizes)
        for grid in self.config.grids:
            unknown = [size for size in grid.size if size not in sizes]
            if unknown:
                raise ConfigError("grid.size", unknown[0], f"keys of sizes, {sizes}")

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


def growth_of(setting):
    """How many times the time and the memory of the report's networks a setting takes.

    The arithmetic grows with the square of the filters and of the kernel's side, memory
    with the filters and with the weights of the first dense layer.
    """
    filters, width = setting["filters"], setting["dense_width"]
    # Of the report's large network.
    times = (filters / 32) ** 2 * (setting["kernel_size"] / 3) ** 2
    megabytes = 1000 + 20 * filters + 0.003 * filters * width
    return max(1, math.ceil(times)), max(1, math.ceil(megabytes / 3000))


def aligned(values):
    """Texts of values, by value, that sort as they do: numbers have spaces in front.

    As wide as digits, so that they also stand below each other.
    """
    texts = {value: as_text(value) for value in values}
    width = max(len(text.partition(".")[0]) for text in texts.values())
    return {
        value: text
        if isinstance(value, str)
        else FIGURE_SPACE * (width - len(text.partition(".")[0])) + text
        for value, text in texts.items()
    }


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
