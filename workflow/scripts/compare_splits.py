"""Rule compare_splits: how much of the accuracy on A is images that training saw."""

import pandas as pd

from siamese.axes import SETTING
from siamese.intervals import mean_interval, paired_interval
from siamese.job import logged
from siamese.tables import name_setting, read_summary, trained_rows

METRICS = {"A": "accuracy_a", "B": "accuracy_b"}


def compare_splits(summary):
    """Accuracy under both ways of splitting A, over the same seeds.

    Parameters
    ----------
    summary : pandas.DataFrame
        Content of summary.csv.

    Returns
    -------
    pandas.DataFrame
        One row a setting and test set: the mean under each split, and the mean,
        low and high of the difference, pairs less images; by Student's t.
    """
    by_split = {
        split: trained_rows(summary, split).set_index([*SETTING, "seed"]).sort_index()
        for split in ("pairs", "images")
    }
    settings = by_split["images"].index.droplevel("seed").unique()
    settings = settings[settings.isin(by_split["pairs"].index.droplevel("seed"))]
    rows = []
    for setting in settings:
        runs = {split: table.loc[setting] for split, table in by_split.items()}
        for name, column in METRICS.items():
            pairs, images = (runs[split][column] for split in ("pairs", "images"))
            difference = paired_interval(pairs, images)
            rows.append(
                dict(zip(SETTING, setting, strict=True))
                | {
                    "set": name,
                    "split_by_pairs": mean_interval(pairs)["mean"],
                    "split_by_images": mean_interval(images)["mean"],
                    "n": difference["n"],
                    "difference": difference["mean"],
                    "low": difference["low"],
                    "high": difference["high"],
                }
            )
    return pd.DataFrame(rows)


def as_markdown(table):
    """The comparison for people, in per cent."""
    lines = [
        "# Leakage",
        "",
        "Accuracy in per cent where pairs are split after they are made (images of "
        "A's test pairs are in training pairs too), and where images are split first "
        "(none is). The difference is the mean over paired seeds with its 95 % "
        "interval (Student's t).",
        "",
        "| setting | set | split by pairs | split by images | difference |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for row in table.itertuples():
        setting = tuple(getattr(row, key) for key in SETTING)
        interval = (
            "interval not available"
            if pd.isna(row.low)
            else f"{row.low * 100:+.2f} to {row.high * 100:+.2f}"
        )
        lines.append(
            f"| {name_setting(setting)} | {row.set} | {row.split_by_pairs * 100:.2f} "
            f"| {row.split_by_images * 100:.2f} | {row.difference * 100:+.2f} "
            f"({interval}, n = {row.n}) |"
        )
    return "\n".join(lines) + "\n"


def main(snakemake):
    table = compare_splits(read_summary(snakemake.input.table))
    table.to_csv(snakemake.output.table, index=False)
    with open(snakemake.output.text, "w", encoding="utf-8") as file:
        file.write(as_markdown(table))


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
