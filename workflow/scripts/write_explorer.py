"""Rule write_explorer: all settings on one interactive page, explorer.html and .js."""

from collections import defaultdict
from itertools import product

import pandas as pd
import vl_convert

from siamese.data.stored import read_history, write_text
from siamese.report.best import key_of, or_none
from siamese.report.figures import PALETTE
from siamese.report.templates import as_script, render
from siamese.stats import tables
from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.study.axes import AXES, as_text, axes_in
from siamese.study.columns import PUBLISHED, TEST_SETS, column
from siamese.study.poses import UPRIGHT, value_of

# Stands for the value of an axis that a network does not use.
UNUSED = "not used"
# Curves are most of the page in a large study.
MOST_RUNS = 20_000
MOST_TICKS = 10
# The metrics of the table and the parallel coordinates; the scatter plot has all.
SHOWN = [*(column("accuracy", name) for name in TEST_SETS), "auc_b", "eer_b"]
DIGITS = 5
LABELS = {"split_by": "split by", "pose": "pose", "seeds": "seeds"}
LABELS |= {name: axis.label for name, axis in AXES.items()}
LABELS |= {
    column(metric.name, test_set): metric.axis(f" on {test_set}")
    for metric, test_set in product(METRICS.values(), TEST_SETS)
}


def scaled(table):
    """Rows of metrics as dicts, in the scale of figures; None for NaN."""
    values = (table * [METRIC_OF_COLUMN[name].scale for name in table]).round(DIGITS)
    return values.astype(object).where(values.notna(), None).to_dict("records")


def with_poses(summary, poses):
    """The rows of poses.csv as a summary; upright ones have the published values."""
    keys = ["split_by", *axes_in(summary), "seed", "method"]
    rows = poses.merge(summary[[*keys, *PUBLISHED.values(), "collapsed"]], on=keys)
    rows.loc[rows["pose"] != UPRIGHT, [*PUBLISHED.values()]] = None
    return rows


def settings_of(summary):
    """Trained settings by their key, in order: dicts of name, seeds, published
    accuracies by column, and values by column: axes that vary, the pose if there are
    several, seeds, means of metrics.
    """
    runs = tables.trained_runs(summary)
    keys, names = ["split_by", *axes_in(runs)], tables.varying(runs)
    if "pose" in runs:
        keys, names = [*keys, "pose"], [*names, "pose"]
    groups = runs.groupby(keys, dropna=False)
    means = groups[[name for name in METRIC_OF_COLUMN if name in runs]].mean()
    published = groups[[*PUBLISHED.values()]].first()
    published.columns = [column("accuracy", name) for name in PUBLISHED]
    settings = {}
    for (key, rows), metrics, accuracies in zip(
        groups, scaled(means), scaled(published), strict=True
    ):
        setting = {name: or_none(v) for name, v in zip(keys, key, strict=True)}
        pose = f", {setting['pose']}" if "pose" in setting else ""
        note = f", {n} collapsed" if (n := rows["collapsed"].sum()) else ""
        values = {name: setting[name] for name in names}
        settings[tuple(setting.values())] = {
            "name": tables.short_name(setting, names) + pose,
            "seeds": ", ".join(map(str, rows["seed"])),
            "values": values | {"seeds": f"{len(rows)}{note}"} | metrics,
            "published": accuracies,
        }
    return settings


def baselines_of(summary, columns):
    """Baselines, the best on B first: a dict each of name and means by column."""
    split_by = summary["split_by"].iloc[0]
    names = tables.baseline_means(summary, split_by).index
    means = {name: tables.baseline_means(summary, split_by, name) for name in columns}
    rows = scaled(pd.DataFrame(means).loc[names])
    return [{"name": n, "values": row} for n, row in zip(names, rows, strict=True)]


def curves_of(points, paths):
    """The epochs of the runs of `points`, two dicts each, in lists by setting's key."""
    curves = defaultdict(list)
    for point, path in zip(points[:MOST_RUNS], paths, strict=False):
        key = key_of(point, ["split_by", *axes_in(point)])
        rows = read_history(path)
        for part, prefix in (("training", ""), ("validation", "val_")):
            series = {
                "epoch": [row["epoch"] for row in rows],
                "accuracy": [round(100 * row[f"{prefix}accuracy"], 3) for row in rows],
                "loss": [round(row[f"{prefix}loss"], DIGITS) for row in rows],
            }
            curves[key].append({"seed": point["seed"], "part": part} | series)
    return curves


def in_order(settings, name):
    """The different values of a column, rising, without None."""
    values = {setting["values"][name] for setting in settings} - {None}
    return sorted(values, key=value_of if name == "pose" else None)


def column_of(name, settings):
    """A column's name, label and kind, and how the page draws it and filters by it."""
    made = {"name": name, "label": LABELS[name], "digits": None, "is_shown": True}
    if name == "seeds":
        return made | {"kind": "seeds"}
    if name in METRIC_OF_COLUMN:
        digits = 2 if METRIC_OF_COLUMN[name].unit else 4
        made |= {"kind": "metric", "digits": digits, "is_shown": name in SHOWN}
        return made | (coordinates(settings, name) if name in SHOWN else {})
    values = in_order(settings, name)
    is_number = name in AXES and AXES[name].kind is not str
    is_gradient = is_number and len(values) > len(PALETTE)
    values += [UNUSED] * any(each["values"][name] is None for each in settings)
    scale = {"domain": values, "range": PALETTE}
    colour = {
        "title": made["label"],
        "type": "quantitative" if is_gradient else "nominal",
        "scale": {"scheme": "viridis"} if is_gradient else scale,
    }
    made |= {"kind": "number" if is_number else "text", "values": values}
    return made | {"colour": colour} | coordinates(settings, name)


def coordinates(settings, name):
    """A column as an upright axis of the parallel coordinates: a dict of ticks (pairs
    of place, from 0 to 1, and text) and places (one a setting, None for no value).
    """
    order = in_order(settings, name)
    if name in METRIC_OF_COLUMN:
        metric, low, width = METRIC_OF_COLUMN[name], order[0], order[-1] - order[0]
        place = {v: round((v - low) / (width or 1), DIGITS) for v in order}
        texts = {v: metric.text(v / metric.scale) for v in (order[0], order[-1])}
    else:
        last = max(len(order) - 1, 1)
        place = {v: round(n / last, DIGITS) for n, v in enumerate(order)}
        texts = {v: as_text(v) for v in order[:: -(-len(order) // MOST_TICKS) or 1]}
    places = [place.get(setting["values"][name]) for setting in settings]
    return {"ticks": [[place[v], t] for v, t in texts.items()], "places": places}


def content_of(summary, points, paths):
    """All that the page shows, ready for JSON.

    `summary` may have a column pose. A setting in a further pose has as curves the
    place of the setting that has them.
    """
    by_key, curves = settings_of(summary), curves_of(points, paths)
    settings, places, n = [], {}, 1 + len(axes_in(summary))
    for place, (key, each) in enumerate(by_key.items()):
        first = places.setdefault(key[:n], place)
        settings.append(each | {"curves": curves[key[:n]] if first == place else first})
    columns = [column_of(name, settings) for name in settings[0]["values"]]
    metrics = [column["name"] for column in columns if column["kind"] == "metric"]
    upright = summary[summary["pose"] == UPRIGHT] if "pose" in summary else summary
    baselines = baselines_of(upright, metrics)
    on_b = [baseline["values"]["accuracy_b"] for baseline in baselines]
    text = f"baselines on B, best: {baselines[0]['name']}, {on_b[0]:.1f}"
    band = {"low": on_b[-1], "high": on_b[0], "text": text}
    if "pose" in summary:
        by_pose = summary.groupby("pose")
        each = [(pose, baselines_of(rows, metrics)) for pose, rows in by_pose]
        baselines = [row | {"pose": pose} for pose, rows in each for row in rows]
    left_out = max(len(points) - MOST_RUNS, 0)
    content = {"columns": columns, "settings": settings, "baselines": baselines}
    return content | {"band": band, "left_out": left_out, "palette": PALETTE}


def main(snakemake):
    paths, params = snakemake.input, snakemake.params
    summary = tables.read_summary(paths.table)
    if paths.poses:
        poses = tables.own_division(tables.read_runs(paths.poses))
        summary = with_poses(summary, poses)
    page = render(
        "explorer.html",
        title=f"Explorer: {params.dataset}",
        poses=bool(paths.poses),
        data=as_script(content_of(summary, params.points, paths.histories)),
        # With the programs that draw its charts the page needs no network.
        programs=vl_convert.javascript_bundle(),
    )
    write_text(snakemake.output.page, page)
