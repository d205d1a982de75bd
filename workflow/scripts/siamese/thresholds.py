"""The distances below which pairs are called 'same'.

Of the config, or found on other divisions of the classes by another study.
"""

import csv
import dataclasses
import functools

from siamese.axes import AXES, name_setting
from siamese.errors import ConfigError
from siamese.locations import Locations
from siamese.options import DEVELOPMENT
from siamese.settings import Settings
from siamese.tables import TRAINED


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """The thresholds of a study."""

    paths: Locations
    settings: Settings

    def of(self, setting):
        """The threshold at a setting, a dict. ConfigError where the table lacks it."""
        given = self.settings.config.threshold
        if given != DEVELOPMENT:
            return setting["margin"] / 2 if given is None else given
        key = tuple(setting[name] for name in AXES)
        if key not in self.development:
            expected = f"a row of {name_setting(dict(zip(AXES, key, strict=True)))}"
            raise ConfigError("development", str(self.paths.development), expected)
        return self.development[key]

    @property
    def of_baselines(self):
        """Those of baselines by name; empty where validation has theirs."""
        if self.settings.config.threshold != DEVELOPMENT:
            return {}
        return {k: v for k, v in self.development.items() if isinstance(k, str)}

    @functools.cached_property
    def development(self):
        """Thresholds of another study, by a setting's values or a baseline's name."""
        return read_thresholds(self.paths.development, self.settings)

    def check(self, points):
        """Refuse a setting of some grid points whose threshold nothing gives."""
        if self.settings.config.threshold != DEVELOPMENT:
            return
        if self.paths.development is None:
            expected = "a file as development, that has the thresholds"
            raise ConfigError("threshold", DEVELOPMENT, expected)
        for setting in dict.fromkeys(point.setting for point in points):
            self.of(dict(zip(AXES, setting, strict=True)))


def read_rows(path):
    """The rows of a CSV file, a dict each."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = " ".join(str(error).split())
        expected = f"a table of CSV: {reason}"
        raise ConfigError("development", str(path), expected) from None


def read_thresholds(path, settings):
    """The thresholds that were best on classes unseen there, a mean over divisions.

    Parameters
    ----------
    path : path
        Of a divisions.csv.
    settings : Settings
        Of the study that takes them; settings of other sizes are left out.

    Returns
    -------
    dict of float
        By the values of a setting, a tuple in the order of AXES, or a baseline's name.

    Raises
    ------
    ConfigError
        Names the first line that is not of such a table.
    """
    found = {}
    for number, row in enumerate(read_rows(path), start=2):
        try:
            threshold = float(row["threshold_unseen"])
            key = row["name"]
            if row["method"] == TRAINED:
                given = {
                    name: axis.kind(row[name])
                    for name, axis in AXES.items()
                    if row.get(name)
                }
                if given["size"] not in settings.config.sizes:
                    continue
                key = tuple(settings.complete(given).values())
        except (KeyError, ValueError, TypeError) as error:
            line = f"development: {path}, line {number}"
            expected = "a divisions.csv that this project wrote"
            raise ConfigError(line, str(error), expected) from None
        found[key] = threshold
    return found
