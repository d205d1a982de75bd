"""The poses that images are tested and trained in, by name."""

from typing import NamedTuple

from siamese.study.axes import as_text

UPRIGHT, MODERATE, RANDOM = "upright", "moderate", "random"
# Lowest and highest value of the poses that the row `moderate` is the mean of.
BOUNDS = {"rotation": (-30, 30), "shift": (0, 2), "scale": (0.8, 1.25)}


class Pose(NamedTuple):
    """What the poses of images are drawn from, uniformly: the lowest and the highest
    angle (degrees counterclockwise) and factor, and pixels up, down, left or right; a
    `random` pose is shifted along both axes, by at most as many.
    """

    name: str = UPRIGHT
    rotation: tuple = (0, 0)
    shift: float = 0
    scale: tuple = (1, 1)
    flip: bool = False
    random: bool = False


def random_pose(options):
    """The random pose of a study, from its options RandomPoses."""
    rotation = (-options.rotation, options.rotation)
    return Pose(RANDOM, rotation, options.shift, options.scale, random=True)


def poses_of(config):
    """The poses that a config asks for, upright first; none if it asks for none."""
    options = config.poses
    angles = [sign * angle for angle in options.rotations for sign in (1, -1)]
    poses = [Pose(f"rotation {as_text(x)}", rotation=(x, x)) for x in angles]
    poses += [Pose(f"shift {as_text(x)}", shift=x) for x in options.shifts]
    poses += [Pose(f"scale {as_text(x)}", scale=(x, x)) for x in options.scales]
    poses += [Pose("flip", flip=True)] * options.flip
    poses += [random_pose(config.random_poses)] * options.random
    return [Pose(), *poses] if poses else []


def value_of(name):
    """The kind and the value of a pose such as 'rotation -30'; no value is None."""
    kind, _, value = name.partition(" ")
    return kind, float(value) if value else None


def is_moderate(name):
    """Whether a pose, by its name, is one of those of the row `moderate`."""
    kind, value = value_of(name)
    return kind in BOUNDS and BOUNDS[kind][0] <= value <= BOUNDS[kind][1]
