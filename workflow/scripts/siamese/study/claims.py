"""The file of claims that a config names: read, and checked against the study."""

import itertools

import yaml

from siamese.errors import ConfigError
from siamese.study.axes import as_text, axes_in
from siamese.study.options import Claims, parse

FREE = {"pose", "less_pose"}


def check_claims(path, points, columns, poses):
    """Raise ConfigError for the first mistake in a file of claims, such as a setting of
    no grid point in `points`, or a metric or pose that is not in `columns` or `poses`.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError("claims", str(path), f"a file of YAML: {reason}") from None
    names = {"columns": columns, "poses": poses, "name": str(path)}
    claims = parse(Claims, content, **names).claims
    for number, claim in enumerate(claims, start=1):
        for effect in claim.effects:
            key = f"{path}: claim {number}, effect {effect.effect!r}"
            for side in sides_of(claim, effect, key):
                if "baseline" not in side:
                    check_setting(side, points, key, path)


def sides_of(claim, effect, key):
    """The settings of an effect, a dict each of a metric and lists of some axes."""
    low, high = effect.holds
    if low is high is None or (None not in (low, high) and low > high):
        expected = "one or two bounds as holds, the lower one first"
        raise ConfigError(key, list(effect.holds), expected)
    where = claim.where.stated() | effect.where.stated()
    sides = [where | side.stated() for side in (effect.of, effect.minus) if side]
    for side in sides:
        if "metric" not in side:
            raise ConfigError(key, side, "also a metric")
        is_named = {"baseline", "network"} & {*side, *sides[0]}
        if side.keys() - FREE != sides[0].keys() - FREE and not is_named:
            expected = f"the same keys on both sides, {sorted(sides[0])}"
            raise ConfigError(key, side, expected)
    return sides


def check_setting(side, points, key, path):
    """Refuse a setting of a claim that is not in the study."""
    names = axes_in(side)
    known = {tuple(point.setting[name] for name in names) for point in points}
    for setting in itertools.product(*(side[name] for name in names)):
        if setting not in known:
            found = zip(names, map(as_text, setting), strict=True)
            expected = "a setting of the grid; add it there, or take the claim out of "
            raise ConfigError(key, ", ".join(map(" ".join, found)), f"{expected}{path}")
