"""Rule show_failures: the best setting's worst pairs, and a map of its embeddings.

Both beside the same of the best untrained baseline.
"""

import io
import textwrap

import altair as alt
import numpy as np
import vl_convert
from PIL import Image
from sklearn.decomposition import PCA

from siamese.axes import axes_in
from siamese.baselines import Source, baselines_of, distances_of
from siamese.checkpoint import read_model
from siamese.figures import PALETTE, Figure
from siamese.job import logged
from siamese.metrics import name_baseline
from siamese.network import embed, set_up_devices
from siamese.pages import as_script, png_uri, render
from siamese.pairs import read_pairs
from siamese.stored import (
    read_class_names,
    read_distances,
    read_images,
    read_pair_table,
    write_text,
)
from siamese.tables import (
    baseline_means,
    read_summary,
    setting_means,
    short_name,
    trained_rows,
    varying,
)

TEMPLATE = "embeddings.html"
# Of each kind, set and method.
PAIRS_SHOWN = 5
# On the map, of each class.
IMAGES_SHOWN = 60
KINDS = {0: "nearest different", 1: "farthest same"}
SHAPES = {"A": "circle", "B": "triangle-up"}


def worst_pairs(pairs, distances, same, n):
    """Positions of the pairs of one kind that a distance is most wrong about.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Column same.
    distances : numpy.ndarray of float, shape (len(pairs),)
    same : int
        1 for those of the same class, of which the farthest are worst; 0 for the
        others, of which the nearest are.
    n : int

    Returns
    -------
    numpy.ndarray of int
        At most n, the worst first.
    """
    of_kind = np.flatnonzero(pairs["same"].to_numpy() == same)
    order = np.argsort(distances[of_kind] * (-1 if same else 1), kind="stable")
    return of_kind[order[:n]]


def draw_worst(images, tables, methods, names):
    """The worst pairs of each method side by side, as a figure.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    tables : dict of str to pandas.DataFrame
        Test pairs of A and B.
    methods : dict of str to dict of str to numpy.ndarray
        Distances on A and B, by the method's name.
    names : list of str
        Of the classes, by id.
    """
    rows = [(name, same) for name in tables for same in KINDS]
    figure = Figure(figsize=(15, 1.15 * len(rows) + 0.9), layout="constrained")
    parts = figure.subfigures(1, len(methods), wspace=0.03)
    for part, (method, distances) in zip(parts, methods.items(), strict=True):
        part.suptitle(textwrap.fill(method, 80), fontsize=10)
        axes = part.subplots(len(rows), PAIRS_SHOWN, squeeze=False)
        for row, (name, same) in zip(axes, rows, strict=True):
            pairs = tables[name]
            worst = worst_pairs(pairs, distances[name], same, PAIRS_SHOWN)
            for axis in row:
                axis.axis("off")
            for axis, place in zip(row, worst, strict=False):
                pair = pairs.iloc[place]
                both = np.hstack([images[pair["left"]], images[pair["right"]]])
                axis.imshow(both.squeeze(), cmap="gray", vmin=0, vmax=255)
                classes = [names[pair["left_class"]]]
                classes += [names[pair["right_class"]]] * (not same)
                label = f"{' | '.join(classes)}\n{distances[name][place]:.3f}"
                axis.set_title(label, fontsize=7, parse_math=False)
            row[0].annotate(
                f"{name}, {KINDS[same]}",
                (0, 0.5),
                xycoords="axes fraction",
                xytext=(-6, 0),
                textcoords="offset points",
                rotation=90,
                ha="right",
                va="center",
                fontsize=8,
            )
    figure.suptitle(
        "Most wrong: nearest pairs of different classes, farthest of the same"
    )
    return figure


def on_the_map(tables, generator):
    """Images of the test pairs, as many of each class; ids and classes, by set.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Test pairs of A and B.
    generator : numpy.random.Generator

    Returns
    -------
    list of tuple of (str, int, int)
        Set, class and image.
    """
    found = []
    for name, pairs in tables.items():
        images = np.concatenate([pairs["left"], pairs["right"]])
        classes = np.concatenate([pairs["left_class"], pairs["right_class"]])
        images, first = np.unique(images, return_index=True)
        classes = classes[first]
        for label in np.unique(classes):
            own = images[classes == label]
            n = min(IMAGES_SHOWN, len(own))
            chosen = np.sort(generator.choice(own, n, replace=False))
            found += [(name, int(label), int(image)) for image in chosen]
    return found


def flattened(vectors):
    """Coordinates in the first two principal components, and the share that they hold.

    Parameters
    ----------
    vectors : numpy.ndarray of float, shape (n, width)

    Returns
    -------
    coordinates : numpy.ndarray of float, shape (n, 2)
    share : float or None
        Of the variance, 0 to 1; None of vectors that are all equal.
    """
    n = min(2, *vectors.shape)
    pca = PCA(n, svd_solver="full").fit(vectors)
    coordinates = np.zeros((len(vectors), 2))
    coordinates[:, :n] = pca.transform(vectors)
    share = float(pca.explained_variance_ratio_.sum())
    return coordinates, None if np.isnan(share) else share


def thumbnail(image):
    """An image as the address of a picture."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).resize((84, 84), Image.Resampling.NEAREST).save(
        file, "PNG", optimize=True
    )
    return png_uri(file.getvalue())


def class_styles(shown, names):
    """Names of the classes that are shown, their colours and their shapes."""
    styles = {}
    for name in SHAPES:
        labels = sorted({label for each, label, _ in shown if each == name})
        for number, label in enumerate(labels):
            styles[names[label]] = (PALETTE[number % len(PALETTE)], SHAPES[name])
    colours, shapes = zip(*styles.values(), strict=True)
    return list(styles), list(colours), list(shapes)


def map_chart(domain, colours, shapes):
    """The images on a plane, one that shows itself under the mouse."""
    return (
        alt.Chart(alt.NamedData("images"))
        .mark_point(filled=True, size=60, opacity=0.8)
        .encode(
            alt.X("x:Q", axis=None),
            alt.Y("y:Q", axis=None),
            alt.Color("class:N", title="class").scale(domain=domain, range=colours),
            alt.Shape("class:N", title="class").scale(domain=domain, range=shapes),
            tooltip=["image:N", "class:N", "set:N"],
        )
        .properties(width=500, height=440)
    )


def main(snakemake, output):
    paths, params = snakemake.input, snakemake.params
    set_up_devices(snakemake.threads, gpu=False)
    summary = read_summary(paths.table)
    axes = axes_in(summary)
    best = setting_means(summary, params.split_by, ["accuracy_b"]).index[0]
    runs = trained_rows(summary, params.split_by)
    # The first seed's.
    number = [tuple(point[key] for key in axes) for point in params.points].index(best)
    seed = params.points[number]["seed"]
    images = read_images(paths.images)
    tables = {}
    for name, path in (("A", paths.A), ("B", paths.B)):
        table = read_pair_table(path)
        tables[name] = table[table["split"] == "test"].reset_index(drop=True)
    counts = {name: len(pairs) for name, pairs in tables.items()}
    distances = read_distances(paths.distances[number], counts)

    train = read_pairs(paths.A, len(images))["train"]
    source = Source(images, train, seed, params.margin)
    baseline = baseline_means(summary, params.split_by).index[0]
    vectors = next(
        function(source)
        for method, size, function in baselines_of(params.sizes)
        if name_baseline(method, size) == baseline
    )
    setting = short_name(dict(zip(axes, best, strict=True)), varying(runs))
    trained = f"best trained on B: {setting}, seed {seed}"
    untrained = f"best untrained: {baseline}"
    of_baseline = {name: distances_of(vectors, table) for name, table in tables.items()}
    names = read_class_names(paths.dataset)
    methods = {trained: distances, untrained: of_baseline}
    draw_worst(images, tables, methods, names).savefig(output.worst, dpi=100)

    shown = on_the_map(tables, np.random.default_rng(seed))
    rows = [image for _, _, image in shown]
    encoder = read_model(paths.encoders[number], compile=False)
    maps = {trained: embed(encoder, images[rows]), untrained: vectors[rows]}
    planes = {name: flattened(each) for name, each in maps.items()}
    content = {
        "images": [
            {"set": name, "class": names[label], "image": thumbnail(images[image])}
            for name, label, image in shown
        ],
        "maps": [
            {
                "title": name,
                "share": None if np.isnan(share) else share,
                "places": places.round(4).tolist(),
            }
            for name, (places, share) in planes.items()
        ],
        "chart": map_chart(*class_styles(shown, names)).to_dict(),
    }
    page = render(
        TEMPLATE,
        data=as_script(content),
        programs=vl_convert.javascript_bundle(),
        per_class=IMAGES_SHOWN,
    )
    write_text(output.map, page)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
