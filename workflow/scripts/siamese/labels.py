"""What the report calls grid points: the values of what varies among them."""

import dataclasses
import functools

from siamese.axes import AXES, as_text
from siamese.points import Point, ids_text, parse_split
from siamese.settings import Settings

FIGURE_SPACE = "\N{FIGURE SPACE}"


@dataclasses.dataclass(frozen=True)
class Labels:
    """The labels of a study's grid points; `axes` are those that may vary."""

    points: tuple[Point, ...]
    axes: list[str]
    settings: Settings

    @functools.cached_property
    def texts(self):
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

    def at(self, wildcards):
        """Of the point that a path names the values of what varies, as texts."""
        unseen, _, way = parse_split(wildcards["split"])
        setting = self.settings.at(wildcards)
        values = {AXES[name].label: setting[name] for name in AXES}
        values |= {"split by": way, "unseen classes": ids_text(unseen)}
        values["seed"] = int(wildcards["seed"])
        texts = {label: texts[values[label]] for label, texts in self.texts.items()}
        return texts or {"size": setting["size"]}


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
