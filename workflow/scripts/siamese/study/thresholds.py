"""The distances below which pairs are called 'same', stated or from another study."""

import csv
import dataclasses
import functools

from siamese.errors import ConfigError
from siamese.study.axes import AXES, name_setting
from siamese.study.columns import TRAINED
from siamese.study.options import DEVELOPMENT
from siamese.study.paths import Paths
from siamese.study.settings import Settings


@dataclasses.dataclass(frozen=True)
class Thresholds:
    paths: Paths
    settings: Settings

    def of(self, setting):
        """The threshold at a setting. Raises ConfigError if the table lacks it."""
        given = self.settings.config.threshold
        if given != DEVELOPMENT:
            return setting["margin"] / 2 if given is None else given
        key = tuple(setting[name] for name in AXES)
        if key not in self.development:
            expected = f"a row of {name_setting(setting)}"
            raise ConfigError("development", str(self.paths.development), expected)
        return self.development[key]

    @property
    def of_baselines(self):
        """Thresholds of baselines by name; empty if validation pairs decide them."""
        if self.settings.config.threshold != DEVELOPMENT:
            return {}
        return {k: v for k, v in self.development.items() if isinstance(k, str)}

    @functools.cached_property
    def development(self):
        """The best thresholds of another study on unseen classes, means over divisions,
        by the values of a setting in the order of AXES, or a baseline's name. Rows of
        unknown sizes are left out. Raises ConfigError for the first wrong line.
        """
        thresholds, line, path = {}, 1, self.paths.development
        if path is None:
            expected = "a file as development, that has the thresholds"
            raise ConfigError("threshold", DEVELOPMENT, expected)
        try:
            with open(path, newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                for row in reader:
                    line = reader.line_num
                    if (key := self.key_of(row)) is not None:
                        thresholds[key] = float(row["threshold_unseen"])
        except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
            reason = " ".join(str(error).split())
            expected = "a divisions.csv that this project wrote"
            key = f"development: {path}, line {line}"
            raise ConfigError(key, reason, expected) from None
        return thresholds

    def key_of(self, row):
        """The key of a row of the table, or None for a size that is not known."""
        if row["method"] != TRAINED:
            return row["name"]
        given = {n: axis.kind(row[n]) for n, axis in AXES.items() if row.get(n)}
        known = given.get("size") in {*self.settings.config.sizes, None}
        return tuple(self.settings.complete(given).values()) if known else None
