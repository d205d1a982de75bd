"""Rule describe_settings: each setting over its seeds, as a table and as text."""

import pandas as pd

from siamese.axes import SETTING
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.metrics import METRIC_OF_COLUMN, METRICS, TEST_SETS, column
from siamese.stored import write_text
from siamese.tables import (
    PUBLISHED,
    TRAINED,
    compare_with_baselines,
    finding,
    markdown_table,
    name_setting,
    read_summary,
    setting_means,
    trained_rows,
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
        One row a setting or baseline: method, split_by, size, l2, batch_size,
        epochs, n, collapsed (how many of them), and for each metric and test set
        <name>_mean, _sd, _low and _high; by Student's t over seeds.
    """
    keys = ["method", "split_by", *SETTING]
    columns = [name for name in summary.columns if name in METRIC_OF_COLUMN]
    rows = []
    for key, runs in summary.groupby(keys, sort=False, dropna=False):
        row = dict(zip(keys, key, strict=True)) | {"n": len(runs)}
        row["collapsed"] = int(runs["collapsed"].sum())
        for name in columns:
            interval = mean_interval(runs[name])
            row |= {f"{name}_{part}": interval[part] for part in PARTS}
        rows.append(row)
    return pd.DataFrame(rows).astype({"batch_size": "Int64", "epochs": "Int64"})


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


def with_interval(row, name):
    """The mean of a column with its interval, if there is one."""
    metric = METRIC_OF_COLUMN[name]
    mean, low, high = (row[f"{name}_{part}"] for part in ("mean", "low", "high"))
    if pd.isna(low):
        return metric.text(mean)
    return f"{metric.text(mean)} [{metric.text(low)}, {metric.text(high)}]"


def settings_table(settings, columns, published=None):
    """A Markdown table of some columns, one row a setting or baseline.

    Parameters
    ----------
    settings : pandas.DataFrame
        From `describe`.
    columns : dict of str to str
        Columns of summary.csv by their headings.
    published : pandas.DataFrame, optional
        The published values, indexed by setting.
    """
    rows = []
    for _, row in settings.iterrows():
        cells = {"method": name_method(row)}
        cells |= {key: parameter(row[key]) for key in SETTING}
        cells |= {name: with_interval(row, column) for name, column in columns.items()}
        if published is not None:
            values = published.reindex([tuple(row[SETTING])]).iloc[0]
            cells |= {
                f"published {name}": "" if pd.isna(value) else f"{value * 100:.2f}"
                for name, value in zip(PUBLISHED, values, strict=True)
            }
        rows.append(cells)
    return markdown_table(rows, {*rows[0]} - {"method", "size"})


def legend():
    """What the columns of metrics mean, as a Markdown table."""
    rows = [
        {
            "column": f"`{name}_<set>`",
            "metric": metric.label,
            "unit": metric.unit,
            "better": metric.better,
            "meaning": metric.meaning,
        }
        for name, metric in METRICS.items()
    ]
    return markdown_table(rows)


def as_markdown(summary, settings, split_by):
    """The settings for people, best on B first, with the protocol named."""
    seeds = summary["seed"].nunique()
    means = setting_means(summary, split_by, ["accuracy_a", "accuracy_b"])
    best = means.iloc[0]
    baselines = compare_with_baselines(summary, split_by)
    published = trained_rows(summary, split_by).groupby(SETTING)[[*PUBLISHED.values()]]
    shown = settings[settings["split_by"] == split_by].sort_values(
        "accuracy_b_mean", ascending=False, kind="stable"
    )
    over_seeds = ", mean over seeds and its 95 % interval (Student's t)" * (seeds > 1)
    lines = [
        "# Summary",
        "",
        f"{len(means)} settings and {len(baselines)} baselines, {seeds} "
        f"seed{'s' * (seeds > 1)}; accuracy in per cent{over_seeds}.",
        "",
        f"**{finding(summary, split_by)}.**",
        "",
        *(
            f"- {name}: {row.accuracy_b:.1%} on B, more than {row.below:.0f} of "
            f"{len(means)} trained settings"
            for name, row in baselines.iterrows()
        ),
        "",
        f"**Best setting by accuracy on B: {name_setting(means.index[0])}: A "
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
    accuracies = {name: column("accuracy", name) for name in TEST_SETS}
    others = [
        column(metric, name)
        for metric in METRICS
        if metric != "accuracy"
        for name in ("A", "B")
    ]
    lines += [
        "",
        "## Accuracy",
        "",
        settings_table(shown, accuracies, published.first()),
        "",
        "## Other metrics on A and B",
        "",
        settings_table(shown, dict(zip(others, others, strict=True))),
        "",
        "## What the metrics are",
        "",
        "Columns of summary.csv, a row a run; settings.csv has their `_mean`, `_sd`, "
        "`_low` and `_high` over seeds. `<set>` is "
        f"{', '.join(f'`{name.lower()}`' for name in TEST_SETS)}. A metric in % is "
        "a share in these files, and per cent above and in figures.",
        "",
        legend(),
    ]
    return "\n".join(lines)


def main(snakemake):
    summary = read_summary(snakemake.input.table)
    settings = describe(summary)
    settings.to_csv(snakemake.output.table, index=False)
    text = as_markdown(summary, settings, snakemake.params.split_by)
    write_text(snakemake.output.text, text)


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
