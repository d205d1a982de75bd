"""Rule describe_settings: each setting over its seeds, as a table and as text."""

from itertools import product

import pandas as pd

from siamese.axes import axes_in, name_setting
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN, METRICS, TEST_SETS, column
from siamese.stored import write_text
from siamese.tables import (
    PUBLISHED,
    TEXT_AXES,
    TRAINED,
    WHOLE_AXES,
    compare_with_baselines,
    finding,
    markdown_table,
    name_differences,
    read_summary,
    setting_means,
    trained_rows,
    with_interval,
)

PARTS = ("mean", "sd", "low", "high")


def describe(summary):
    """Number of seeds, mean, standard deviation and 95 % interval of each metric.

    Parameters
    ----------
    summary : pandas.DataFrame
        Content of summary.csv.

    Returns
    -------
    pandas.DataFrame
        One row a setting or baseline: method, split_by, the axes, n, collapsed
        (how many of them), and for each metric and test set
        <name>_mean, _sd, _low and _high; by Student's t over seeds.
    """
    axes = axes_in(summary)
    keys = ["method", "split_by", *axes]
    columns = [name for name in summary.columns if name in METRIC_OF_COLUMN]
    rows = []
    for key, runs in summary.groupby(keys, sort=False, dropna=False):
        row = dict(zip(keys, key, strict=True)) | {"n": len(runs)}
        row["collapsed"] = int(runs["collapsed"].sum())
        for name in columns:
            interval = mean_interval(runs[name])
            row |= {f"{name}_{part}": interval[part] for part in PARTS}
        rows.append(row)
    whole = {name: "Int64" for name in WHOLE_AXES if name in axes}
    return pd.DataFrame(rows).astype(whole)


def name_method(row):
    """The method of a setting or baseline, and how many of its runs collapsed."""
    text = "trained" if row["method"] == TRAINED else f"*{row['method']}*"
    if not row["collapsed"]:
        return text
    return f"{text}, **{row['collapsed']} of {row['n']} collapsed**"


def parameter(value):
    """A parameter of a setting, which baselines lack."""
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:g}"


def settings_table(settings, columns):
    """A Markdown table of some columns of summary.csv, one row a setting or baseline.

    Of metrics the mean over seeds and its interval, else the published accuracy.
    """
    axes = axes_in(settings)
    cells = settings[axes].map(parameter)
    cells.insert(0, "method", settings.apply(name_method, axis=1))
    for name in columns:
        metric = METRIC_OF_COLUMN.get(name)
        if metric is None:
            cells[name] = [METRICS["accuracy"].text(v, 2) for v in settings[name]]
        else:
            parts = settings[[f"{name}_{part}" for part in ("mean", "low", "high")]]
            cells[name] = [with_interval(metric, row) for row in parts.to_numpy()]
    return markdown_table(cells, ("method", *TEXT_AXES))


def as_markdown(summary, settings, split_by, differences=()):
    """The settings for people, best on B first, with the protocol named."""
    axes = axes_in(summary)
    seeds = summary["seed"].nunique()
    means = setting_means(summary, split_by, ["accuracy_a", "accuracy_b"])
    best = means.iloc[0]
    setting = dict(zip(axes, means.index[0], strict=True))
    baselines = compare_with_baselines(summary, split_by)
    published = trained_rows(summary, split_by)[[*axes, *PUBLISHED.values()]]
    shown = settings[settings["split_by"] == split_by].sort_values(
        "accuracy_b_mean", ascending=False, kind="stable"
    )
    shown = shown.merge(published.drop_duplicates(), on=axes, how="left")
    over_seeds = ", mean over seeds and its 95 % interval (Student's t)" * (seeds > 1)
    lines = [
        "# Summary",
        "",
        f"{len(means)} settings and {len(baselines)} baselines, {seeds} "
        f"seed{'s' * (seeds > 1)}; accuracy in per cent{over_seeds}.",
        "",
        f"**{finding(summary, split_by)}.**",
        "",
        *differences,
        *(
            f"- {name}: {row.accuracy_b:.1%} on B, more than {row.below:.0f} of "
            f"{len(means)} trained settings"
            for name, row in baselines.iterrows()
        ),
        "",
        f"**Best setting by accuracy on B: {name_setting(setting)}: A "
        f"{best['accuracy_a'] * 100:.2f}, B {best['accuracy_b'] * 100:.2f}.**",
        "",
        "Choosing by B is the way of the published report, and not a fair one: B then "
        "chooses the setting and also judges it, so its accuracy is too high for new "
        "classes.",
    ]
    if split_by == "pairs":
        lines.append(
            "Pairs are split after they are made, so an image in a test pair of A may "
            "also be in a training pair: accuracy on A is too high as well."
        )
    lines.append("The threshold of baselines is the best on A's validation pairs.")
    if settings["collapsed"].any():
        lines.append(
            "A network that has collapsed gives all pairs the same distance and tells "
            "nothing apart: its AUC and equal error rate are 0.5."
        )
    legend = [
        {
            "column": f"`{name}_<set>`",
            "metric": metric.label,
            "unit": metric.unit,
            "better": metric.better,
            "meaning": metric.meaning,
        }
        for name, metric in METRICS.items()
    ]
    accuracies = [column("accuracy", name) for name in TEST_SETS]
    accuracies += [n for n in PUBLISHED.values() if shown[n].notna().any()]
    others = [name for name in METRICS if name != "accuracy"]
    lines += [
        "",
        "## Accuracy",
        "",
        settings_table(shown, accuracies),
        "",
        "## Other metrics on A and B",
        "",
        settings_table(shown, [column(*key) for key in product(others, ("A", "B"))]),
        "",
        "## What the metrics are",
        "",
        "Columns of summary.csv, a row a run; settings.csv has their `_mean`, `_sd`, "
        "`_low` and `_high` over seeds. `<set>` is a test set. What is in % is a share "
        "in these files, and per cent above and in figures.",
        "",
        markdown_table(legend, legend[0]),
    ]
    return "\n".join(lines)


def main(snakemake, output):
    summary = read_summary(snakemake.input.table)
    settings = describe(summary)
    settings.to_csv(output.table, index=False)
    differences = name_differences(snakemake.input.made_with)
    text = as_markdown(summary, settings, snakemake.params.split_by, differences)
    write_text(output.text, text)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
