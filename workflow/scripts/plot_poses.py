"""Rule plot_poses: accuracy by pose of the best settings and baselines, and a pair."""

import textwrap

import numpy as np

from siamese.data.poses import choose_pairs, transforms
from siamese.data.stored import read_images, read_sets
from siamese.model.devices import set_up_devices
from siamese.model.poses import transformed
from siamese.report.figures import PALETTE, new_figure, save, set_title
from siamese.stats.divisions import named_runs
from siamese.stats.intervals import mean_interval
from siamese.stats.metrics import METRICS
from siamese.stats.tables import own_division, read_runs
from siamese.study.columns import TRAINED, column
from siamese.study.poses import BOUNDS, MODERATE, UPRIGHT, Pose, value_of

METRIC = METRICS["accuracy_tuned"]
SETS = {"A": "trained classes", "B": "unseen classes"}
# The label of each panel's kind of pose, and the value of an upright image.
KINDS = {
    "rotation": ("Rotation, degrees", 0),
    "shift": ("Shift, pixels", 0),
    "scale": ("Scale, factor", 1),
}
OTHERS = "Other poses, and a mean"
# Of trained settings, then of baselines. The marks have the palette's other colours.
COLOURS = [PALETTE[0], *PALETTE[3:], "0.45", "black"]
STYLES = [
    {"color": colour, "marker": marker, "ls": line, "ms": 5}
    for colour, marker, line in zip(
        COLOURS, "osD^vx", [*"----", "--", ":"], strict=True
    )
]
N_TRAINED = 4
MARKS = {True: ("✓", PALETTE[2]), False: ("✗", PALETTE[1])}
# In inches: the panels, a column of the strip of images, the names beside it.
PANELS, CELL, NAMES = 5.4, 0.58, 3.3
# A row under the strip, in columns, and most characters in a line of a name.
ROW, CHARACTERS = 0.62, 46
TEXT = (
    "Two images of one unseen class are called ✓ 'same' (right), ✗ 'different' (wrong)"
)
NOTE = "Shaded: moderate poses; 'moderate' is their mean.\nGrey line: guessing."


def styles_of(runs):
    """The style of each line by its label: of the trained settings and the baselines
    that are best on B in upright and moderate poses alike.
    """
    rows = runs[runs["pose"].isin([UPRIGHT, MODERATE])]
    means = rows.groupby(["name", "method"], sort=False)[
        column(METRIC.name, "B")
    ].mean()
    names = means.sort_values(ascending=False, kind="stable").index
    trained = [name for name, method in names if method == TRAINED]
    baselines = [name for name, method in names if method != TRAINED]
    styles = dict(zip(trained, STYLES[:N_TRAINED], strict=False))
    return styles | dict(zip(baselines, STYLES[N_TRAINED:], strict=False))


def places_of(poses):
    """The place of each pose by kind, rising; the last has all poses without value."""
    values, places = {pose: value_of(pose) for pose in poses}, {}
    for kind, (_, upright) in KINDS.items():
        if own := {pose: value for pose, (of, value) in values.items() if of == kind}:
            own[UPRIGHT] = upright
            places[kind] = {pose: own[pose] for pose in sorted(own, key=own.get)}
    others = [pose for pose, (_, value) in values.items() if value is None]
    return places | {"": {pose: n for n, pose in enumerate(others)}}


def draw_poses(runs, images, seed):
    """Figure of `named_runs` of poses.csv: a line a name, above one pair in all poses.

    `images` has the first image of the pair of a seed as '' and the second by pose,
    uint8; the column `example` says whether the pair is called 'same'.
    """
    styles, places = styles_of(runs), places_of(runs["pose"].unique())
    width = max(NAMES + CELL * (len(images) + 0.5), 11)
    strip = CELL * (2.4 + ROW * len(styles))
    figure = new_figure(width, PANELS + strip)
    above, below = figure.subfigures(2, 1, height_ratios=(PANELS, strip))
    options = {"width_ratios": [max(len(own), 5) for own in places.values()]}
    options |= {"sharex": "col", "sharey": True, "squeeze": False}
    axes = above.subplots(2, len(places), **options)
    for row, (of, classes) in zip(axes, SETS.items(), strict=True):
        row[0].set_ylabel(f"Set {of} ({classes})")
        for axis, (kind, own) in zip(row, places.items(), strict=True):
            draw_panel(axis, runs, styles, kind, own, column(METRIC.name, of))
    for axis, kind in zip(axes[1], places, strict=True):
        axis.set_xlabel(KINDS[kind][0] if kind else OTHERS)
    threshold = "threshold from upright validation pairs"
    above.supylabel(f"{METRIC.axis()} ({threshold})", fontsize=10)
    axis = below.add_axes((0, 0, 1, 1))
    axis.set(xlim=(-NAMES / CELL, (width - NAMES) / CELL), ylim=(strip / CELL, 0))
    axis.axis("off")
    poses = dict.fromkeys(pose for own in places.values() for pose in own)
    shown = {pose: images[pose] for pose in ["", *poses] if pose in images}
    draw_strip(axis, shown, styles, runs[runs["seed"] == seed])
    n = runs["seed"].nunique()
    over = f"mean over {n} seeds and 95 % interval" if n > 1 else "one seed"
    set_title(figure, f"Same class or not, with the second image in a pose: {over}")
    return figure


def draw_panel(axis, runs, styles, kind, places, name):
    """One panel: the column `name` of each line in the poses that have a place."""
    x = list(places.values())
    for line, style in styles.items():
        groups = runs[runs["name"] == line].groupby("pose")[name]
        rows = [mean_interval(METRIC.scale * groups.get_group(p)) for p in places]
        mean, low, high = ([r[key] for r in rows] for key in ("mean", "low", "high"))
        axis.plot(x, mean, **style if kind else style | {"ls": ""})
        if kind:
            axis.fill_between(x, low, high, color=style["color"], alpha=0.15, lw=0)
        else:
            axis.vlines(x, low, high, color=style["color"])
    axis.axhline(50, color="0.6", lw=0.8, zorder=0)
    axis.grid(alpha=0.3)
    if kind:
        axis.axvspan(*BOUNDS[kind], color="0.93", zorder=-1)
    else:
        axis.set_xlim(-0.5, len(x) - 0.5)
    axis.set_xticks(x, [f"{value:g}" for value in x] if kind else places, fontsize=8)


def draw_strip(axis, images, styles, runs):
    """The legend of the lines, and what each says of a pair in the poses of `images`.

    `axis` has y downward, in units of a column; `runs` are of one seed.
    """
    left, middle = axis.get_xlim()[0] + 0.15, {"ha": "center", "va": "center"}
    axis.text(left, 1.5, NOTE, fontsize=8, va="center")
    axis.text(0, 0.25, TEXT, fontsize=9)
    at = {pose: n + 0.3 * (n > 0) for n, pose in enumerate(images)}
    for pose, image in images.items():
        height, width = 0.92 * np.array(image.shape[:2]) / max(image.shape)
        extent = (at[pose], at[pose] + width, 1.05 + height, 1.05)
        options = {"cmap": "gray", "vmin": 0, "vmax": 255, "aspect": "auto"}
        axis.imshow(image.squeeze(), extent=extent, **options)
        label = pose.replace(" ", "\n") or "first\nimage"
        axis.text(at[pose] + 0.46, 0.8, label, fontsize=7, **middle)
    for n, (name, style) in enumerate(styles.items()):
        y, kind = 2.35 + ROW * n, "" if style in STYLES[:N_TRAINED] else "baseline: "
        axis.plot(left + np.array([0, 0.35, 0.7]), 3 * [y], **style)
        label = textwrap.fill(kind + name, CHARACTERS, max_lines=2, placeholder=" …")
        axis.text(left + 0.9, y, label, fontsize=8, va="center", parse_math=False)
        called = runs[runs["name"] == name].set_index("pose")["example"]
        for pose in list(images)[1:]:
            mark, colour = MARKS[bool(called[pose])]
            axis.text(at[pose] + 0.46, y, mark, color=colour, fontsize=11, **middle)


def images_of(paths, params):
    """The first 'same' pair of B in all poses, as `draw_poses` takes it."""
    tables = dict(zip(("A", "B", "crossed"), paths.pairs, strict=True))
    pairs = choose_pairs(read_sets(tables), params.pose_pairs, params.seed)["B"]
    first = [np.argmax(pairs["same"] == 1)]
    images = read_images(paths.images, in_memory=False)
    left, right = (images[pairs[side][first]] for side in ("left", "right"))
    shown = {"": left[0]}
    for pose in params.poses:
        # Poses are drawn for all pairs: the picture is the one that was tested.
        options = images.shape[1:], len(pairs["same"])
        generator = np.random.default_rng([params.seed, 5])
        rows = transforms(Pose(**pose), *options, generator)[first]
        shown[pose["name"]] = np.array(transformed(right, rows))[0]
    return shown


def main(snakemake):
    params, paths = snakemake.params, snakemake.input
    set_up_devices(snakemake.threads, gpu=False)
    runs = named_runs(own_division(read_runs(paths.table)), params.split_by)
    figure = draw_poses(runs, images_of(paths, params), params.seed)
    save(figure, snakemake.output.png, snakemake.output.svg)
