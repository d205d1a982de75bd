"""Rule write_explorer: all settings on one interactive page.

Charts are Vega-Lite's, made by Altair. The page has the programs that draw them, so
that it needs no network.
"""

import altair as alt
import pandas as pd
import vl_convert

from siamese.axes import AXES, as_text, axes_in
from siamese.figures import PALETTE
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN, METRICS, TEST_SETS, column
from siamese.pages import as_script, render
from siamese.stored import read_history, write_text
from siamese.tables import (
    PUBLISHED,
    baseline_means,
    read_summary,
    short_name,
    trained_runs,
    varying,
)

TEMPLATE = "explorer.html"
# Of curves, which are most of the page in a large study.
MOST_RUNS = 20_000
# What the table and the parallel coordinates show; the scatter plot may show any.
SHOWN = [
    *(column("accuracy", name) for name in TEST_SETS),
    column("auc", "B"),
    column("eer", "B"),
]
DIGITS = 5


def as_numbers(values):
    """Numbers as JSON has them: rounded, None for NaN."""
    return [None if pd.isna(v) else round(float(v), DIGITS) for v in values]


def settings_of(summary):
    """Trained settings with the means over their seeds, a dict each, in order.

    Parameters
    ----------
    summary : pandas.DataFrame
        Content of summary.csv.

    Returns
    -------
    list of dict
        name, values (by axis), seeds, collapsed (how many), metrics (means in the
        scale of figures, by column) and published (the same of A, B and joint).
    """
    trained = trained_runs(summary)
    keys = ["split_by", *axes_in(trained)]
    names = varying(trained)
    columns = [name for name in METRIC_OF_COLUMN if name in trained]
    scales = [METRIC_OF_COLUMN[name].scale for name in columns]
    groups = trained.groupby(keys, sort=True)
    means = (groups[columns].mean() * scales).to_numpy()
    published = groups[[*PUBLISHED.values()]].first() * METRICS["accuracy"].scale
    collapsed = groups["collapsed"].sum()
    found = []
    for number, (values, seeds) in enumerate(groups["seed"]):
        setting = dict(zip(keys, values, strict=True))
        numbers = as_numbers(means[number])
        found.append(
            {
                "name": short_name(setting, names),
                "values": [setting[name] for name in names],
                "seeds": seeds.tolist(),
                "collapsed": int(collapsed.iloc[number]),
                "metrics": dict(zip(columns, numbers, strict=True)),
                "published": as_numbers(published.iloc[number]),
                "key": values,
            }
        )
    return found


def baselines_of(summary, columns):
    """Means over seeds of the baselines, by name, best on B first."""
    split_by = summary["split_by"].iloc[0]
    means = {
        name: baseline_means(summary, split_by, name) * METRIC_OF_COLUMN[name].scale
        for name in columns
    }
    order = baseline_means(summary, split_by).index
    return [
        {
            "name": name,
            "metrics": {
                key: round(float(values[name]), DIGITS) for key, values in means.items()
            },
        }
        for name in order
    ]


def curves_of(settings, points, paths):
    """The epochs of each run: for each setting a list of dict, seed and four series.

    Parameters
    ----------
    settings : list of dict
        From `settings_of`.
    points : list of dict
        split_by, the axes and seed of each file.
    paths : list of str
        Of history.csv.
    """
    keys = {tuple(setting["key"]): number for number, setting in enumerate(settings)}
    found = [[] for _ in settings]
    names = ["split_by", *axes_in(points[0])]
    for point, path in zip(points[:MOST_RUNS], paths, strict=False):
        rows = read_history(path)
        series = {
            name: as_numbers(row[name] for row in rows)
            for name in ("accuracy", "val_accuracy", "loss", "val_loss")
        }
        for name in ("accuracy", "val_accuracy"):
            series[name] = [round(100 * value, DIGITS - 2) for value in series[name]]
        found[keys[tuple(point[name] for name in names)]].append(
            {"seed": point["seed"]} | series
        )
    return found


def coordinates(settings, names):
    """Upright axes of the parallel coordinates, and where each setting is on them.

    Returns
    -------
    axes : list of dict
        label and ticks, pairs of place (0 to 1) and text.
    places : list of list of float
        A list a setting, a place an axis; None where a metric is NaN.
    """
    axes, columns = [], []
    for number, name in enumerate(names):
        values = [setting["values"][number] for setting in settings]
        order = list(dict.fromkeys(sorted(values)))
        step = 1 / max(len(order) - 1, 1)
        place = {value: round(n * step, DIGITS) for n, value in enumerate(order)}
        every = -(-len(order) // 10)
        ticks = [[place[value], as_text(value)] for value in order[::every]]
        axes.append({"label": label_of(name), "ticks": ticks})
        columns.append([place[value] for value in values])
    for name in SHOWN:
        metric = METRIC_OF_COLUMN[name]
        values = [setting["metrics"][name] for setting in settings]
        numbers = [value for value in values if value is not None] or [0]
        low, high = min(numbers), max(numbers)
        ends = [[0, low], [1, high]] if high > low else [[0.5, low]]
        ticks = [[at, metric.text(v / metric.scale)] for at, v in ends]
        axes.append({"label": label_of(name), "ticks": ticks})
        columns.append(
            [
                None
                if value is None
                else round((value - low) / (high - low), DIGITS)
                if high > low
                else 0.5
                for value in values
            ]
        )
    return axes, [list(places) for places in zip(*columns, strict=True)]


def label_of(name):
    """An axis or column as the page names it, with its unit."""
    if name in AXES:
        return AXES[name].label
    metric = METRIC_OF_COLUMN.get(name)
    if metric is None:
        return "split by"
    test_set = name.removeprefix(f"{metric.name}_")
    text = f"{metric.label} on {test_set.upper() if len(test_set) == 1 else test_set}"
    return f"{text}, {metric.unit}" if metric.unit else text


def scatter_chart():
    """Each setting as a dot; baselines as lines, published values as stars.

    The page puts in the data and the titles.
    """
    brush = alt.selection_interval(name="brush", value=None)
    x = alt.X("x:Q", title="x").scale(zero=False, padding=12).axis(tickCount=6)
    y = alt.Y("y:Q", title="y").scale(zero=False, padding=12)
    dots = (
        alt.Chart(alt.NamedData("settings"))
        .mark_circle(size=70)
        .encode(
            x,
            y,
            color=alt.Color("c:N", title="colour"),
            opacity=alt.condition("datum.shown", alt.value(0.9), alt.value(0.08)),
            stroke=alt.Stroke("ring:N", scale=None),
            strokeWidth=alt.value(2.5),
            tooltip=[
                alt.Tooltip("name:N", title="setting"),
                alt.Tooltip("x:Q", format=".2f"),
                alt.Tooltip("y:Q", format=".2f"),
                alt.Tooltip("seeds:N"),
            ],
        )
        .add_params(brush)
    )
    stars = (
        alt.Chart(alt.NamedData("published"))
        .mark_point(shape="cross", size=90, color="black", angle=45)
        .encode(
            alt.X("x:Q"),
            alt.Y("y:Q"),
            tooltip=[alt.Tooltip("name:N", title="published value of")],
        )
    )
    lines = alt.Chart(alt.NamedData("baselines"))
    rules = lines.mark_rule(color="#555555", strokeDash=[4, 3]).encode(
        alt.Y("y:Q"), tooltip=[alt.Tooltip("name:N", title="baseline"), "y:Q"]
    )
    text = lines.mark_text(align="left", baseline="bottom", dx=4, color="#555555")
    text = text.encode(alt.Y("y:Q"), x=alt.value(0), text="label:N")
    return (rules + text + stars + dots).properties(width="container", height=340)


def parallel_chart():
    """Each setting as a line over the axes that vary and the metrics."""
    brush = alt.selection_interval(name="across", value=None)
    order = alt.X("axis:N", title=None, sort=None)
    order = order.axis(labelAngle=-25, labelLimit=200, grid=True)
    lines = (
        alt.Chart(alt.NamedData("places"))
        .mark_line(strokeWidth=1)
        .encode(
            order,
            alt.Y("place:Q", axis=None),
            alt.Color("c:N", legend=None),
            detail="i:N",
            opacity=alt.condition("datum.shown", alt.value(0.6), alt.value(0.03)),
            tooltip=alt.Tooltip("name:N", title="setting"),
        )
        .add_params(brush)
    )
    place = {"align": "right", "dx": -5, "fontSize": 10}
    texts = alt.Chart(alt.NamedData("ticks")).encode(
        order, alt.Y("place:Q", axis=None), text="text:N"
    )
    halo = texts.mark_text(**place, stroke="white", strokeWidth=4)
    return (lines + halo + texts.mark_text(**place)).properties(
        width="container", height=260
    )


def curves_chart():
    """Accuracy and loss by epoch of some runs, and the band of the baselines."""
    data = alt.NamedData("curves")
    panels = []
    for name, title in (("accuracy", "Accuracy, %"), ("loss", "Loss")):
        epochs = alt.X("epoch:O", title="Epoch").axis(labelAngle=0)
        lines = (
            alt.Chart(data)
            .mark_line(point=True)
            .encode(
                epochs,
                alt.Y(f"{name}:Q", title=title).scale(zero=False),
                alt.Color("name:N", title=None, sort=None)
                .scale(range=PALETTE)
                .legend(orient="bottom", columns=2, labelLimit=500),
                alt.StrokeDash("part:N", legend=None, sort=["training", "validation"]),
                detail="run:N",
                tooltip=["name:N", "seed:N", "part:N", "epoch:Q", f"{name}:Q"],
            )
        )
        if name == "accuracy":
            band = alt.Chart(alt.NamedData("band"))
            area = band.mark_rect(color="#999999", opacity=0.25).encode(
                alt.Y("low:Q"), alt.Y2("high:Q")
            )
            text = band.mark_text(align="left", baseline="bottom", dx=4, color="#555")
            text = text.encode(alt.Y("high:Q"), x=alt.value(0), text="text:N")
            tests = (
                alt.Chart(alt.NamedData("tests"))
                .mark_point(size=70, filled=True)
                .encode(
                    alt.X("epoch:O"),
                    alt.Y("accuracy:Q"),
                    alt.Color("name:N", sort=None).scale(range=PALETTE),
                    alt.Shape("set:N", title=None),
                    tooltip=["name:N", "set:N", "accuracy:Q"],
                )
            )
            lines = area + text + lines + tests
        panels.append(lines.properties(width=430, height=260))
    return alt.hconcat(*panels)


def content_of(summary, points, paths):
    """All that the page shows, ready for JSON."""
    settings = settings_of(summary)
    names = varying(trained_runs(summary))
    columns = list(settings[0]["metrics"])
    axes, places = coordinates(settings, names)
    curves = curves_of(settings, points, paths)
    for setting in settings:
        del setting["key"]
    left_out = max(len(points) - MOST_RUNS, 0)
    return {
        "axes": [
            {"label": label_of(n), "is_number": n in AXES and AXES[n].kind is not str}
            for n in names
        ],
        "columns": [
            {
                "name": name,
                "label": label_of(name),
                "digits": 2 if METRIC_OF_COLUMN[name].unit else 4,
                "is_shown": name in SHOWN,
                "better": METRIC_OF_COLUMN[name].better,
            }
            for name in columns
        ],
        "published": [column("accuracy", name) for name in PUBLISHED],
        "settings": settings,
        "baselines": baselines_of(summary, columns),
        "parallel": {"axes": axes, "places": places},
        "curves": curves,
        "left_out": left_out,
        "palette": PALETTE,
        "charts": {
            "scatter": scatter_chart().to_dict(),
            "parallel": parallel_chart().to_dict(),
            "curves": curves_chart().to_dict(),
        },
    }


def main(snakemake, output):
    paths, params = snakemake.input, snakemake.params
    summary = read_summary(paths.table)
    content = content_of(summary, params.points, paths.histories)
    page = render(
        TEMPLATE,
        title=f"Explorer: {params.dataset}",
        data=as_script(content),
        programs=vl_convert.javascript_bundle(),
    )
    write_text(output.page, page)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
