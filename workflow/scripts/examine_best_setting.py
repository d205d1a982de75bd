"""Rule examine_best_setting: its distances, and its accuracy by classes."""

import numpy as np
import pandas as pd

from siamese.data.stored import read_class_names
from siamese.report.best import best_setting, read_test_pairs, rows_of, with_setting
from siamese.report.figures import new_figure, save, set_title, short
from siamese.stats.metrics import classified_correctly
from siamese.stats.tables import finding, read_summary, trained_rows
from siamese.study.axes import name_setting

BINS = 60
# Nobody could read more names in a heat map, nor the values of more classes.
MOST_LABELS = 20


def class_accuracies(pairs, names):
    """Share of pairs classified correctly: class, other_class, pairs, accuracy.

    `pairs` has left_class, right_class and right (bool), `names` the classes' names
    by id. Two different classes have two rows, one for each order.
    """
    keys, sides = ["class", "other_class"], ["left_class", "right_class"]
    different = pairs[pairs["left_class"] != pairs["right_class"]]
    swapped = different.rename(columns=dict(zip(sides, sides[::-1], strict=True)))
    groups = pd.concat([pairs, swapped]).groupby(sides)["right"]
    table = groups.agg(pairs="size", accuracy="mean").rename_axis(keys).reset_index()
    return table.assign(**{key: table[key].map(dict(enumerate(names))) for key in keys})


def draw_classes(tables, heading):
    """Figure of a heat map for each set, from `class_accuracies`."""
    figure = new_figure(11, 5.2)
    axes = figure.subplots(1, len(tables))
    for axis, (name, table) in zip(axes, tables.items(), strict=True):
        grid = table.pivot(index="class", columns="other_class", values="accuracy")
        order = table["class"].unique()
        step = -(-len(order) // MOST_LABELS)
        values = 100 * grid.loc[order, order].to_numpy()
        image = axis.imshow(values, vmin=0, vmax=100, cmap="viridis")
        if step == 1:
            for (y, x), value in np.ndenumerate(values):
                if not np.isnan(value):
                    colour = "white" if value < 60 else "black"
                    axis.text(x, y, f"{value:.0f}", ha="center", va="center", c=colour)
        places, names = range(0, len(order), step), order[::step]
        names = {"labels": [short(each, 24) for each in names], "parse_math": False}
        axis.set_xticks(places, rotation=40, ha="right", **names)
        axis.set_yticks(places, **names)
        axis.set_title(f"Set {name}" + f": a name every {step} classes" * (step > 1))
    figure.colorbar(image, ax=axes, label="Pairs classified correctly, %", shrink=0.8)
    set_title(figure, heading)
    return figure


def draw_distances(sets, threshold, tuned, heading):
    """Figure of the distributions of the distances of same and different pairs.

    `sets` has a data frame with distance and same for each set, `tuned` the thresholds
    that are best on A's validation pairs, one for each seed.
    """
    figure = new_figure(10, 4.2)
    longest = max(pairs["distance"].max() for pairs in sets.values())
    bins = np.linspace(0, longest, BINS + 1)
    axes = figure.subplots(1, len(sets), sharey=True)
    for axis, (name, pairs) in zip(axes, sets.items(), strict=True):
        for same, label in ((1, "same class"), (0, "different classes")):
            distances = pairs.loc[pairs["same"] == same, "distance"]
            axis.hist(distances, bins, density=True, alpha=0.55, label=label)
        axis.axvline(threshold, color="k", label=f"threshold {threshold:g}")
        label = f"best on A's validation pairs, {np.mean(tuned):.3f}"
        for value in tuned:
            axis.axvline(value, color="k", ls=":", lw=1, label=label)
            label = None
        axis.set(xlabel="Distance", title=f"Set {name}")
    axes[0].set_ylabel("Density")
    labels = axes[0].get_legend_handles_labels()
    figure.legend(*labels, loc="outside lower center", ncols=4)
    set_title(figure, heading)
    return figure


def main(snakemake):
    paths, params, output = snakemake.input, snakemake.params, snakemake.output
    summary = read_summary(paths.table)
    best = best_setting(summary, params.split_by)
    rows = rows_of(trained_rows(summary, params.split_by), best)
    chosen = with_setting(params.points, best)
    threshold = params.thresholds[chosen[0]]
    parts = {"A": [], "B": []}
    for number in chosen:
        seed = params.seeds.index(params.points[number]["seed"])
        tables = {name: paths[name][seed] for name in parts}
        for name, pairs in read_test_pairs(tables, paths.distances[number]).items():
            right = classified_correctly(pairs["distance"], pairs["same"], threshold)
            parts[name].append(pairs.assign(right=right))
    pooled = {name: pd.concat(tables) for name, tables in parts.items()}
    names = read_class_names(paths.dataset)
    tables = {name: class_accuracies(pairs, names) for name, pairs in pooled.items()}
    pd.concat(tables, names=["set"]).droplevel(1).to_csv(output.table)
    collapsed = int(rows["collapsed"].sum())
    heading = (
        f"{name_setting(best)}, best on B of the trained settings ("
        f"{rows['accuracy_b'].mean():.1%}, {len(rows)} seed{'s' * (len(rows) > 1)}"
        f"{f', {collapsed} collapsed' * (collapsed > 0)})\n"
        f"{finding(summary, params.split_by)}"
    )
    save(draw_classes(tables, heading), output.classes, output.classes_svg)
    figure = draw_distances(pooled, threshold, rows["threshold_tuned"], heading)
    save(figure, output.distances, output.distances_svg)
