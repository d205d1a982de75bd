"""Rule describe_settings: each setting over its seeds, as a table and as text."""

import pandas as pd

from siamese.axes import SETTING
from siamese.intervals import mean_interval
from siamese.job import logged
from siamese.tables import (
    TRAINED,
    compare_with_baselines,
    finding,
    name_setting,
    read_summary,
    setting_means,
)

SHOWN = {
    "A": "accuracy_a",
    "B": "accuracy_b",
    "joint": "accuracy_joint",
    "crossed": "accuracy_crossed",
    "B, threshold from A": "accuracy_tuned_b",
}
PUBLISHED = {"A": "published_a", "B": "published_b", "joint": "published_joint"}


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
    metrics = [
        name
        for name in summary.columns
        if name.startswith(("accuracy_", "loss_", "auc_", "eer_"))
        and not name.endswith(("_low", "_high"))
    ]
    rows = []
    for key, runs in summary.groupby(keys, sort=False, dropna=False):
        row = dict(zip(keys, key, strict=True)) | {"n": len(runs)}
        row["collapsed"] = int(runs["collapsed"].sum())
        for metric in metrics:
            interval = mean_interval(runs[metric])
            row |= {
                f"{metric}_{part}": interval[part]
                for part in ("mean", "sd", "low", "high")
            }
        rows.append(row)
    return pd.DataFrame(rows).astype({"batch_size": "Int64", "epochs": "Int64"})


def in_per_cent(row, column):
    """A mean with its interval, if there is one."""
    text = f"{row[f'{column}_mean']:.1%}".rstrip("%")
    if pd.isna(row[f"{column}_low"]):
        return text
    return (
        text + f" [{row[f'{column}_low'] * 100:.1f}, {row[f'{column}_high'] * 100:.1f}]"
    )


def in_words(row):
    """The method of a setting or baseline, and how many of its runs collapsed."""
    text = "trained" if row["method"] == TRAINED else f"*{row['method']}*"
    if not row["collapsed"]:
        return text
    return f"{text}, **{row['collapsed']} of {row['n']} collapsed**"


def as_markdown(summary, settings, split_by):
    """The settings for people: means over seeds in per cent, best on B first."""
    seeds = summary["seed"].nunique()
    means = setting_means(
        summary, split_by, ["accuracy_a", "accuracy_b", *PUBLISHED.values()]
    )
    best = means.iloc[0]
    baselines = compare_with_baselines(summary, split_by)
    lines = [
        "# Summary",
        "",
        f"{len(means)} settings and {len(baselines)} baselines, {seeds} "
        f"seed{'s' if seeds > 1 else ''}; accuracy in per cent"
        + (
            ", mean over seeds and its 95 % interval (Student's t)."
            if seeds > 1
            else "."
        ),
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
        "Choosing by B is the report's way, and not a fair one: B then chooses the "
        "setting and also judges it, so its accuracy is too high for new classes.",
        *(
            [
                "Pairs are split after they are made, so an image in a test pair of A "
                "may also be in a training pair: accuracy on A is too high as well.",
            ]
            if split_by == "pairs"
            else []
        ),
        "The threshold of baselines is the best on A's validation pairs.",
        *(
            [
                "A network that has collapsed gives all pairs the same distance and "
                "tells nothing apart: its AUC and equal error rate are 0.5.",
            ]
            if settings["collapsed"].any()
            else []
        ),
        "",
        "| method | size | L2 | batch size | epochs | "
        + " | ".join(
            [*SHOWN, "AUC A", "AUC B", *(f"report {name}" for name in PUBLISHED)]
        )
        + " |",
        "| --- | --- |" + " ---: |" * (len(SHOWN) + 8),
    ]
    shown = settings[settings["split_by"] == split_by]
    for _, row in shown.sort_values("accuracy_b_mean", ascending=False).iterrows():
        is_trained = row["method"] == TRAINED
        stated = [""] * len(PUBLISHED)
        if is_trained:
            values = means.loc[tuple(row[SETTING]), list(PUBLISHED.values())]
            stated = ["" if pd.isna(v) else f"{v * 100:.2f}" for v in values]
        cells = [
            in_words(row),
            "" if pd.isna(row["size"]) else row["size"],
            *(f"{row[k]:g}" if is_trained else "" for k in SETTING[1:]),
            *(in_per_cent(row, column) for column in SHOWN.values()),
            f"{row['auc_a_mean']:.3f}",
            f"{row['auc_b_mean']:.3f}",
            *stated,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(snakemake):
    summary = read_summary(snakemake.input.table)
    settings = describe(summary)
    settings.to_csv(snakemake.output.table, index=False)
    with open(snakemake.output.text, "w", encoding="utf-8") as file:
        file.write(as_markdown(summary, settings, snakemake.params.split_by))


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
