"""Labels of grid points in Snakemake's report: the values of what varies among them."""

import dataclasses
import functools
from decimal import Decimal

from siamese.study.axes import AXES, as_text
from siamese.study.points import Point, parse_protocol
from siamese.study.settings import Settings

FIGURE_SPACE = "\N{FIGURE SPACE}"


@dataclasses.dataclass(frozen=True)
class Captions:
    """The labels of a study's grid points; `axes` are those that may vary."""

    points: tuple[Point, ...]
    axes: list[str]
    settings: Settings

    @functools.cached_property
    def texts(self):
        """The texts of what varies among the points: by its label, then by value."""
        rows = [
            self.labelled(p.setting, p.split_by, p.division, p.seed)
            for p in self.points
        ]
        texts = {label: aligned({row[label] for row in rows}) for label in rows[0]}
        return {label: column for label, column in texts.items() if len(column) > 1}

    def at(self, wildcards):
        """The labels of the point that a path names."""
        division, split_by = parse_protocol(wildcards["protocol"])
        setting, seed = self.settings.at(wildcards), int(wildcards["seed"])
        values = self.labelled(setting, split_by, division, seed)
        labels = {label: texts[values[label]] for label, texts in self.texts.items()}
        return labels or {"size": as_text(setting["size"])}

    def labelled(self, setting, split_by, division, seed):
        """The values of a grid point by their labels."""
        further = {"split by": split_by, "unseen classes": division.name, "seed": seed}
        return {AXES[name].label: setting[name] for name in self.axes} | further


def aligned(values):
    """Texts by value that sort as the values do: numbers get figure spaces in front."""
    texts = {value: as_text(value) for value in values}
    numbers = [value for value in values if isinstance(value, int | float)]
    texts |= {value: f"{Decimal(texts[value]):f}" for value in numbers}
    lengths = {value: len(texts[value].partition(".")[0]) for value in numbers}
    for value, length in lengths.items():
        texts[value] = FIGURE_SPACE * (max(lengths.values()) - length) + texts[value]
    return texts
