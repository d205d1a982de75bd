"""The distances below which pairs are called 'same', stated or from another study."""

import csv
import dataclasses
import functools

from siamese.errors import ConfigError
from siamese.study.axes import AXES, name_setting
from siamese.study.columns import TRAINED
from siamese.study.networks import NETWORKS
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
        unknown sizes and networks are left out.
        """
        thresholds, path = {}, self.paths.development
        if path is None:
            expected = "a file as development, that has the thresholds"
            raise ConfigError("threshold", DEVELOPMENT, expected)
        try:
            with open(path, newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    if (key := self.key_of(row)) is not None:
                        thresholds[key] = float(row["threshold_unseen"])
        except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
            expected = f"a divisions.csv that this project wrote ({error!r})"
            raise ConfigError("development", str(path), expected) from None
        return thresholds

    def key_of(self, row):
        """The key of a row, or None for a size or network that is not known."""
        if row["method"] != TRAINED:
            return row["name"]
        given = {n: axis.kind(row[n]) for n, axis in AXES.items() if row.get(n)}
        known = given.get("size") in {*self.settings.config.sizes, None}
        known = known and given.get("network", NETWORKS[0]) in NETWORKS
        return tuple(self.settings.complete(given).values()) if known else None
