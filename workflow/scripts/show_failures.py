"""Rule show_failures: the best setting's worst pairs, and a map of its embeddings.

The best untrained baseline stands beside it in both.
"""

import io
import textwrap

import numpy as np
import vl_convert
from PIL import Image
from sklearn.decomposition import PCA

from siamese.data.stored import read_class_names, read_images, read_pairs, write_text
from siamese.model.devices import set_up_devices
from siamese.model.embedding import distances_of, embed
from siamese.model.network import read_model
from siamese.report.best import best_setting, read_test_pairs, with_setting
from siamese.report.figures import PALETTE, new_figure, short
from siamese.report.templates import as_script, png_uri, render
from siamese.stats import tables
from siamese.stats.baselines import Source, baselines_of
from siamese.stats.metrics import name_baseline
from siamese.study.poses import Pose

TITLE = "Most wrong: nearest pairs of different classes, farthest of the same"
# For each kind, set and method.
PAIRS_SHOWN = 5
# For each class on the map.
IMAGES_SHOWN = 60
THUMBNAIL = (84, 84)
KINDS = {0: "nearest different", 1: "farthest same"}
SHAPES = {"A": "circle", "B": "triangle-up"}


def worst_pairs(pairs, distances, same, n):
    """Positions of the n pairs that distances are most wrong about, worst first.

    They are the farthest of the same class (`same` is 1), or the nearest of different
    classes (0).
    """
    places = np.flatnonzero(pairs["same"].to_numpy() == same)
    order = np.argsort(distances[places] * (-1 if same else 1), kind="stable")
    return places[order[:n]]


def draw_worst(images, tables, methods, names):
    """Figure of the worst pairs of each method, side by side.

    `images` is uint8 of shape (n, height, width, channels), `tables` has the test pairs
    by set, and `methods` their distances by the method's name, then by set.
    """
    rows = [(name, same) for name in tables for same in KINDS]
    figure = new_figure(15, 1.15 * len(rows) + 0.9)
    style = {"rotation": 90, "ha": "right", "va": "center", "fontsize": 8}
    style |= {"xycoords": "axes fraction", "textcoords": "offset points"}
    parts = figure.subfigures(1, len(methods), wspace=0.03)
    for part, (method, distances) in zip(parts, methods.items(), strict=True):
        part.suptitle(textwrap.fill(method, 80), fontsize=10)
        axes = part.subplots(len(rows), PAIRS_SHOWN, squeeze=False)
        for row, (name, same) in zip(axes, rows, strict=True):
            for axis in row:
                axis.axis("off")
            pairs, values = tables[name], distances[name]
            worst = worst_pairs(pairs, values, same, PAIRS_SHOWN)
            for axis, place in zip(row, worst, strict=False):
                draw_pair(axis, images, pairs.iloc[place], values[place], names)
            label = f"{name}, {KINDS[same]}"
            row[0].annotate(label, (0, 0.5), (-6, 0), **style)
    figure.suptitle(TITLE)
    return figure


def draw_pair(axis, images, pair, distance, names):
    """Draw a pair's images side by side under their classes and distance."""
    both = np.hstack([images[pair["left"]], images[pair["right"]]])
    axis.imshow(both.squeeze(), cmap="gray", vmin=0, vmax=255)
    classes = dict.fromkeys([pair["left_class"], pair["right_class"]])
    label = f"{' | '.join(short(names[each]) for each in classes)}\n{distance:.3f}"
    axis.set_title(label, fontsize=7, parse_math=False)


def images_on_map(tables, generator):
    """At most IMAGES_SHOWN images of each class that has a colour, from the test pairs.

    Returns a list of (set, class, image), the latter two as ids.
    """
    shown = []
    for name, pairs in tables.items():
        sides = pairs[["left_class", "left"]], pairs[["right_class", "right"]]
        images = np.unique(np.concatenate(sides), axis=0)
        for label in np.unique(images[:, 0])[: len(PALETTE)]:
            own = images[images[:, 0] == label, 1]
            n = min(IMAGES_SHOWN, len(own))
            chosen = np.sort(generator.choice(own, n, replace=False))
            shown += [(name, int(label), int(image)) for image in chosen]
    return shown


def flattened(vectors):
    """The first two principal components, and their share of the variance.

    Vectors have shape (n, width), components (n, 2). The share is from 0 to 1, or None
    if all vectors are equal.
    """
    n = min(2, *vectors.shape)
    pca = PCA(n, svd_solver="full").fit(vectors)
    coordinates = np.zeros((len(vectors), 2))
    coordinates[:, :n] = pca.transform(vectors)
    share = float(pca.explained_variance_ratio_.sum())
    return coordinates, None if np.isnan(share) else share


def thumbnail(image):
    """The address of a small picture of an image."""
    file, picture = io.BytesIO(), Image.fromarray(image.squeeze())
    picture.resize(THUMBNAIL, Image.Resampling.NEAREST).save(file, "PNG", optimize=True)
    return png_uri(file.getvalue())


def write_map(path, shown, images, names, vectors):
    """Write the page with the images in `shown` on a plane for each method.

    `vectors` has their embeddings, of shape (len(shown), width), by the method's name.
    """
    planes = [flattened(each) for each in vectors.values()]
    content = {
        "images": [
            {"set": name, "class": names[label], "image": thumbnail(images[image])}
            for name, label, image in shown
        ],
        "classes": [
            {"name": names[c], "colour": PALETTE[n], "shape": shape}
            for name, shape in SHAPES.items()
            for n, c in enumerate(dict.fromkeys(c for s, c, _ in shown if s == name))
        ],
        "places": [places.round(4).tolist() for places, _ in planes],
    }
    titles = [
        method if share is None else f"{method} ({100 * share:.0f} % of the variance)"
        for method, (_, share) in zip(vectors, planes, strict=True)
    ]
    programs = vl_convert.javascript_bundle()
    values = {"titles": titles, "per_class": IMAGES_SHOWN, "programs": programs}
    values |= {"shown": len(content["classes"]), "classes": len(names)}
    write_text(path, render("embeddings.html", data=as_script(content), **values))


def main(snakemake):
    paths, params, output = snakemake.input, snakemake.params, snakemake.output
    set_up_devices(snakemake.threads, gpu=False)
    summary = tables.read_summary(paths.table)
    best = best_setting(summary, params.split_by)
    number, *_ = with_setting(params.points, best)
    seed = params.points[number]["seed"]
    images = read_images(paths.images, in_memory=False)
    names = read_class_names(paths.dataset)
    pairs = {name: paths[name] for name in SHAPES}
    pairs = read_test_pairs(pairs, paths.distances[number])

    baseline = tables.baseline_means(summary, params.split_by).index[0]
    functions = {name_baseline(m, size): f for m, size, f in baselines_of(params.sizes)}
    train = read_pairs(paths.A)["train"]
    source = Source(images, train, seed, Pose(**params.pose), params.copies)
    vectors = functions[baseline](source)(images)
    varied = tables.varying(tables.trained_rows(summary, params.split_by))
    setting = tables.short_name(best, varied)
    trained = f"best trained on B: {setting}, seed {seed}"
    untrained = f"best untrained: {baseline}"
    methods = {
        trained: {name: p["distance"].to_numpy() for name, p in pairs.items()},
        untrained: {name: distances_of(vectors, p) for name, p in pairs.items()},
    }
    shown = images_on_map(pairs, np.random.default_rng(seed))
    rows = [image for _, _, image in shown]
    encoder = read_model(paths.encoders[number], compile=False)
    maps = {trained: embed(encoder, images, rows), untrained: vectors[rows]}
    # The vectors of all images take more memory than all that follows.
    del vectors
    draw_worst(images, pairs, methods, names).savefig(output.worst, dpi=100)
    write_map(output.map, shown, images, names, maps)
