"""Rule examine_best_setting: the best by B, its distances and where it fails."""

import numpy as np
import pandas as pd

from siamese.axes import axes_in, name_setting
from siamese.figures import Figure, save, set_title
from siamese.job import logged
from siamese.metrics import classified_correctly
from siamese.stored import read_class_names, read_distances, read_pair_table
from siamese.tables import (
    finding,
    read_summary,
    setting_means,
    trained_rows,
)

BINS = 60
# Classes whose names and values can be read in a heat map.
MOST_LABELS = 20
# What is looked at of a pair table; small types, since there are many runs.
COLUMNS = {"left_class": "int32", "right_class": "int32", "same": "int8"}


def class_accuracies(pairs, names):
    """Share of pairs classified correctly, by combination of classes.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Columns left_class, right_class, right (bool).
    names : list of str
        Of the classes, by id.

    Returns
    -------
    pandas.DataFrame
        Columns class, other_class, pairs, accuracy; the combination of two
        classes is the same in both directions, and stands in both.
    """
    classes = np.sort(pairs[["left_class", "right_class"]], axis=1)
    judged = pairs.assign(first=classes[:, 0], second=classes[:, 1])
    groups = judged.groupby(["first", "second"])["right"]
    table = groups.agg(pairs="size", accuracy="mean").reset_index()
    other = table[table["first"] != table["second"]]
    swapped = other.rename(columns={"first": "second", "second": "first"})
    table = pd.concat([table, swapped]).sort_values(["first", "second"])
    name = dict(enumerate(names))
    table.insert(0, "class", table.pop("first").map(name))
    table.insert(1, "other_class", table.pop("second").map(name))
    return table.reset_index(drop=True)


def label_cells(axis, values):
    """Write each value into its cell of a heat map, if the two classes have pairs."""
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "white" if value < 60 else "black"
            axis.text(column, row, f"{value:.0f}", ha="center", va="center", c=colour)


def draw_classes(tables, heading):
    """One heat map for each set: same-class pairs on the diagonal."""
    classes = max(table["class"].nunique() for table in tables.values())
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    axes = figure.subplots(1, len(tables))
    for axis, (name, table) in zip(axes, tables.items(), strict=True):
        grid = table.pivot(index="class", columns="other_class", values="accuracy")
        order = table["class"].unique()
        values = 100 * grid.loc[order, order].to_numpy()
        image = axis.imshow(values, vmin=0, vmax=100, cmap="viridis")
        if classes <= MOST_LABELS:
            label_cells(axis, values)
            names = {"labels": order, "parse_math": False}
            axis.set_xticks(range(len(order)), rotation=40, ha="right", **names)
            axis.set_yticks(range(len(order)), **names)
        axis.set_title(f"Set {name}")
    figure.colorbar(image, ax=axes, label="Pairs classified correctly, %", shrink=0.8)
    set_title(figure, heading)
    return figure


def draw_distances(runs, threshold, tuned, heading):
    """Distributions of the distances of same and different pairs, on A and on B.

    Parameters
    ----------
    runs : dict of str to pandas.DataFrame
        Columns distance, same of set A and of set B.
    threshold : float
        The study's.
    tuned : list of float
        The best on A's validation pairs, of each seed.
    heading : str
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    longest = max(pairs["distance"].max() for pairs in runs.values())
    bins = np.linspace(0, longest, BINS + 1)
    axes = figure.subplots(1, len(runs), sharey=True)
    for axis, (name, pairs) in zip(axes, runs.items(), strict=True):
        for same, label in ((1, "same class"), (0, "different classes")):
            distances = pairs.loc[pairs["same"] == same, "distance"]
            axis.hist(distances, bins, density=True, alpha=0.55, label=label)
        axis.axvline(threshold, color="k", label=f"threshold {threshold:g}")
        for number, value in enumerate(tuned):
            label = f"best on A's validation pairs, {np.mean(tuned):.3f}"
            axis.axvline(
                value, color="k", ls=":", lw=1, label=label if not number else None
            )
        axis.set(xlabel="Distance", title=f"Set {name}")
    axes[0].set_ylabel("Density")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4
    )
    set_title(figure, heading)
    return figure


def read_run(distances_path, table_paths, threshold):
    """The test pairs of A and of B with the distances and judgements of one run."""
    tables = {name: read_pair_table(path) for name, path in table_paths.items()}
    test = {name: table[table["split"] == "test"] for name, table in tables.items()}
    counts = {name: len(pairs) for name, pairs in test.items()}
    distances = read_distances(distances_path, counts)
    return {
        name: pairs[[*COLUMNS]]
        .astype(COLUMNS)
        .assign(
            distance=distances[name],
            right=classified_correctly(distances[name], pairs["same"], threshold),
        )
        for name, pairs in test.items()
    }


def main(snakemake, output):
    params = snakemake.params
    summary = read_summary(snakemake.input.table)
    best = setting_means(summary, params.split_by, ["accuracy_b"]).index[0]
    axes = axes_in(summary)
    rows = trained_rows(summary, params.split_by).set_index(axes).loc[[best]]
    pair_tables = {
        seed: {"A": a, "B": b}
        for seed, a, b in zip(
            params.seeds, snakemake.input.A, snakemake.input.B, strict=True
        )
    }
    # Of all distances, those of the best setting alone are read.
    chosen = [
        (point["seed"], threshold, path)
        for point, threshold, path in zip(
            params.points, params.thresholds, snakemake.input.distances, strict=True
        )
        if tuple(point[key] for key in axes) == best
    ]
    threshold = chosen[0][1]
    runs = [read_run(path, pair_tables[seed], threshold) for seed, _, path in chosen]
    names = read_class_names(snakemake.input.dataset)
    pooled = {name: pd.concat([run[name] for run in runs]) for name in ("A", "B")}
    tables = {name: class_accuracies(pairs, names) for name, pairs in pooled.items()}
    collapsed = int(rows["collapsed"].sum())
    name = name_setting(dict(zip(axes, best, strict=True)))
    heading = (
        f"{name}, best on B of the trained settings ("
        f"{rows['accuracy_b'].mean():.1%}, {len(runs)} seed{'s' * (len(runs) > 1)}"
        f"{f', {collapsed} collapsed' * (collapsed > 0)})\n"
        f"{finding(summary, params.split_by)}"
    )
    pd.concat(tables, names=["set"]).droplevel(1).to_csv(output.table)
    save(draw_classes(tables, heading), output.classes, output.classes_svg)
    tuned = rows["threshold_tuned"].tolist()
    figure = draw_distances(pooled, threshold, tuned, heading)
    save(figure, output.distances, output.distances_svg)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
