"""Rule compare_splits: how much of the accuracy on A is images that training saw."""

import pandas as pd

from siamese.axes import axes_in, name_setting
from siamese.intervals import mean_interval, paired_interval
from siamese.job import logged
from siamese.metrics import METRICS, column
from siamese.stored import write_text
from siamese.tables import (
    markdown_table,
    read_summary,
    trained_rows,
    with_interval,
)


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
    axes = axes_in(summary)
    by_split = {
        split: trained_rows(summary, split).set_index([*axes, "seed"]).sort_index()
        for split in ("pairs", "images")
    }
    settings = by_split["images"].index.droplevel("seed").unique()
    settings = settings[settings.isin(by_split["pairs"].index.droplevel("seed"))]
    rows = []
    for setting in settings:
        runs = {split: table.loc[setting] for split, table in by_split.items()}
        for name in ("A", "B"):
            pairs, images = (
                runs[split][column("accuracy", name)] for split in ("pairs", "images")
            )
            difference = paired_interval(pairs, images)
            rows.append(
                dict(zip(axes, setting, strict=True))
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
    accuracy = METRICS["accuracy"]
    rows = [
        {
            "setting": name_setting({key: row[key] for key in axes_in(row)}),
            "set": row["set"],
            "split by pairs": accuracy.text(row["split_by_pairs"], 2),
            "split by images": accuracy.text(row["split_by_images"], 2),
            "difference": with_interval(
                accuracy, [row[key] for key in ("difference", "low", "high")], 2, "+"
            ),
            "seeds": str(row["n"]),
        }
        for row in table.to_dict("records")
    ]
    return (
        "# Leakage\n\n"
        "Accuracy in per cent where pairs are split after they are made (images of "
        "A's test pairs are in training pairs too), and where images are split first "
        "(none is). The difference is the mean over paired seeds with its 95 % "
        "interval (Student's t), of several seeds.\n\n"
        f"{markdown_table(rows, ('setting', 'set'))}"
    )


def main(snakemake, output):
    table = compare_splits(read_summary(snakemake.input.table))
    table.to_csv(output.table, index=False)
    write_text(output.text, as_markdown(table))


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
