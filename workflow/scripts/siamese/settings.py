"""Settings of hyper-parameters: with the config's defaults, from paths, in words."""

import dataclasses
import functools
import math

from siamese.axes import (
    AXES,
    NAMED,
    OTHERS,
    default_of,
    name_setting,
    others_text,
    parse_others,
    setting_of,
)
from siamese.errors import ConfigError
from siamese.options import Config


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a setting is in a study, a dict of a value for each axis."""

    config: Config

    @functools.cached_property
    def defaults(self):
        """What axes have where a grid lists none; None for what the size decides."""
        given = {"precision": self.config.precision, "margin": self.config.margin}
        return {
            name: None if callable(axis.default) else axis.default
            for name, axis in AXES.items()
        } | given

    def complete(self, setting):
        """A setting of all axes: the defaults, and the report's values for None."""
        filters = self.config.sizes[setting["size"]]
        return {
            name: default_of(name, filters) if value is None else value
            for name, value in (self.defaults | setting).items()
        }

    def others_of(self, setting):
        """What a folder's name has of a complete setting beside the named axes."""
        return others_text(setting, self.config.sizes[setting["size"]])

    def at(self, wildcards):
        """The setting that a grid point's path names, with `filters` of its size."""
        named = {name: AXES[name].kind(wildcards[name]) for name in NAMED}
        given = dict.fromkeys(OTHERS) | parse_others(wildcards["others"])
        setting = self.complete(named | given)
        return setting | {"filters": self.config.sizes[setting["size"]]}

    def describe(self, wildcards):
        """The setting that the path of a grid point names, in words."""
        setting = self.at(wildcards)
        others = parse_others(wildcards["others"])
        return name_setting({name: setting[name] for name in (*NAMED, *others)})

    def growth(self, wildcards):
        """How many times the time and the memory of the report's networks one takes.

        Whole numbers, from 1: of the point that a path names. docs/scale.md has what
        they were measured by.
        """
        return growth_of(self.at(wildcards))

    @property
    def largest_growth(self):
        """The same of the largest size, with the report's values for all other axes."""
        return growth_of(vars(setting_of(max(self.config.sizes.values()))))

    def check(self):
        """Refuse unknown network sizes."""
        sizes = list(self.config.sizes)
        for grid in self.config.grids:
            unknown = [size for size in grid.size if size not in sizes]
            if unknown:
                raise ConfigError("grid.size", unknown[0], f"keys of sizes, {sizes}")


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
