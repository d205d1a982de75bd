"""Settings of hyper-parameters: completed from the config, and read from paths."""

import dataclasses
import math

from siamese.errors import ConfigError
from siamese.study.axes import (
    AXES,
    MAIN_AXES,
    axes_of,
    default_of,
    from_text,
    name_setting,
    parse_further,
    setting_of,
)
from siamese.study.options import Config


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a study, each a dict of a value for each of AXES."""

    config: Config
    pixels: int

    @property
    def given(self):
        """The study's values of axes that a grid or `best` does not name."""
        return {"precision": self.config.precision, "margin": self.config.margin}

    def filters(self, setting):
        """Filters of the first convolution; None for a network without a size."""
        return self.config.sizes.get(setting.get("size"))

    def complete(self, values):
        """A setting: some values, else the report's; None for what is not used."""
        values = {name: value for name, value in values.items() if value is not None}
        used = axes_of(values.get("network", AXES["network"].default))
        filters = self.filters(values) if "size" in used else None
        setting = {name: default_of(name, filters) for name in AXES} | values
        return {name: setting[name] if name in used else None for name in AXES}

    def at(self, wildcards):
        """The setting that a grid point's path names, with `filters` of its size."""
        main = {name: from_text(name, wildcards[name]) for name in MAIN_AXES}
        setting = self.complete(main | parse_further(wildcards["further"]))
        return setting | {"filters": self.filters(setting)}

    def describe(self, wildcards):
        """The setting that the path of a grid point names, in words."""
        setting = self.at(wildcards)
        shown = (*MAIN_AXES, *parse_further(wildcards["further"]))
        return name_setting({name: setting[name] for name in shown})

    def growth(self, wildcards):
        """How many times the time and memory of the report's networks a point takes."""
        return growth_of(self.at(wildcards), self.pixels)

    @property
    def largest_growth(self):
        """The same for the largest size, with the report's values for further axes."""
        return growth_of(setting_of(max(self.config.sizes.values())), self.pixels)

    def check(self):
        """Refuse unknown sizes, and axes that no network of their grid uses."""
        sizes = list(self.config.sizes)
        for grid in self.config.grid:
            for size in grid.size:
                if size not in sizes:
                    raise ConfigError("grid.size", size, f"keys of sizes, {sizes}")
            networks = grid.network or (AXES["network"].default,)
            used = frozenset().union(*map(axes_of, networks))
            for name in (name for name in AXES if name not in used):
                values = getattr(grid, name) or ()
                if len(values) > (name in MAIN_AXES):
                    number = "one value" if name in MAIN_AXES else "no value"
                    names = ", ".join(networks)
                    expected = f"{number}, as no network of the grid uses it ({names})"
                    raise ConfigError(f"grid.{name}", values, expected)


def growth_of(setting, pixels):
    """How many times the time and memory of the report's networks a setting takes.

    The arithmetic grows with the square of the filters and of the kernel's side, memory
    with the filters and with the weights of the first dense layer, both with the pixels
    of an image. They are whole numbers from 1.
    """
    filters = setting["filters"] or 1
    width, side = setting["dense_width"] or 1, setting["kernel_size"] or 1
    # The report's large network on its images, of 784 pixels, is 1.
    times = (filters / 32) ** 2 * (side / 3) ** 2 * pixels / 784
    megabytes = 1000 + (20 * filters + 0.003 * filters * width) * pixels / 784
    return max(1, math.ceil(times)), max(1, math.ceil(megabytes / 3000))
