"""The summary: its table, its text, and leakage."""

import io

import pandas as pd
import pytest
from compare_splits import compare_splits, leakage_text
from describe_settings import describe, summary_text
from scipy import stats
from summaries import PUBLISHED, summary_of_networks, summary_of_seeds

from siamese.report.templates import markdown_table, markdown_text
from siamese.stats.metrics import METRICS
from siamese.stats.tables import (
    baseline_means,
    finding,
    name_row,
    read_summary,
    varying,
)


@pytest.fixture
def summary():
    return summary_of_seeds()


def cells(markdown, *first):
    """The cells of the first row of a Markdown table that begins with some."""
    rows = (line.split("|")[1:-1] for line in markdown.splitlines())
    rows = ([cell.strip() for cell in row] for row in rows)
    return next(row for row in rows if row[: len(first)] == [*first])


def test_summary_has_runs_published_values_and_baselines(summary):
    text = summary.to_csv(index=False)
    assert text.startswith(
        "size,l2,batch_size,epochs,seed,accuracy_a,accuracy_b,accuracy_joint,"
        "loss_a,loss_b,loss_joint,auc_a,auc_b,auc_joint,"
        "published_a,published_b,published_joint,method,split_by,accuracy_crossed,"
    )
    assert "\nsmall,0.01,1024,2,0,0.9,0.8," in text  # counts stay whole numbers
    rows = pd.read_csv(io.StringIO(text)).groupby(summary["method"], sort=False)
    trained, pixels, pca = (part for _, part in rows)
    assert trained["accuracy_b"].tolist() == [0.8, 0.7, 0.5, 0.6, 0.8, 0.7]
    first = trained[["published_a", "published_b", "published_joint"]].iloc[0]
    assert first.tolist() == [0.8497, 0.8212, 0.8278]
    assert trained["published_b"].isna().tolist() == [False, False, *[True] * 4]
    assert pixels["accuracy_b"].tolist() == [0.73, 0.71]
    assert pca[["l2", "batch_size", "epochs"]].isna().all(axis=None)
    means = baseline_means(summary, "pairs")
    assert means.to_dict() == pytest.approx({"PCA, small": 0.76, "pixels": 0.72})


def test_settings_are_described_over_seeds(summary):
    settings = describe(summary).set_index(["method", "split_by", "l2"])
    row = settings.loc[("siamese", "pairs", 0.01)]
    assert (row["n"], row["accuracy_b_mean"]) == (2, pytest.approx(0.75))
    expected = stats.ttest_1samp([0.8, 0.7], 0).confidence_interval(0.95)
    ends = row[["accuracy_b_low", "accuracy_b_high"]].tolist()
    assert ends == pytest.approx([*expected])
    assert len(settings) == 5
    single = summary[summary["seed"] == 0]
    text = summary_text(single, describe(single), "pairs")
    row = cells(text, "trained", "small", "0.01")
    assert row[5:9] == ["90.0", "80.0", "85.0", "80.0"]
    assert "1 seed; accuracy in per cent." in text


def test_summary_text_has_the_best_setting_published_values_and_all_metrics(summary):
    text = summary_text(summary, describe(summary), "pairs")
    best = "Best setting by accuracy on B: small, L2 0.01, batch size 1024, 2 epochs"
    for part in (
        f"**{best}: A 85.00, B 75.00.**",
        "not a fair one",
        "also be in a training pair",
        "2 settings and 2 baselines, 2 seeds",
        f"**{finding(summary, 'pairs')}.**",
        "- pixels: 72.0% on B, more than 1 of 2 trained settings",
    ):
        assert part in text
    starts = [text.index(f"| trained | small | {l2} |") for l2 in ("0.01", "0")]
    assert starts == sorted(starts)
    assert "versions" not in text and "collapsed" not in text
    row = cells(text, "trained", "small", "0.01", "1024", "2")
    assert row[-3:] == ["84.97", "82.12", "82.78"]
    assert cells(text, "*PCA*")[-3:] == ["", "", ""]
    further = cells(text.split("## ")[2], "method")
    for name, metric in METRICS.items():
        row = cells(text, f"`{name}_<set>`")
        assert row[1:] == [metric.label, metric.unit, metric.better, metric.meaning]
        assert name == "accuracy" or f"{name}_b" in further


def test_summary_text_says_what_differs_and_collapsed(summary):
    summary["collapsed"] = summary["collapsed"] | (summary["l2"] == 0)
    differences = [{"fact": "CPU", "value": "one"}, {"fact": "CPU", "value": "two"}]
    text = summary_text(summary, describe(summary), "pairs", differences)
    assert cells(text, "CPU") == ["CPU", "one"]
    assert "trained, **2 of 2 collapsed**" in text


def test_the_finding_of_a_single_setting(summary):
    trained = summary["method"] == "siamese"
    one = summary[~trained | (summary["l2"] == 0.01)].copy()
    for accuracy, text in ((0.7, "more"), (0.8, "no more")):
        one.loc[one["method"] == "siamese", "accuracy_b"] = accuracy
        message = f"(PCA, small): 76.0% on B, {text} than the trained setting"
        assert message in finding(one, "pairs")


def test_leakage_is_the_difference_over_paired_seeds(summary):
    table = compare_splits(summary)
    assert table["set"].tolist() == ["A", "B"]
    row = table.iloc[0]
    low, high = stats.ttest_rel([0.9, 0.8], [0.85, 0.7]).confidence_interval(0.95)
    columns = ["split_by_pairs", "split_by_images", "low", "high"]
    assert row[columns].tolist() == pytest.approx([0.85, 0.775, low, high])
    name = "small, L2 0.01, batch size 1024, 2 epochs"
    *means, difference, n = cells(leakage_text(table), name, "B")[2:]
    assert (means, difference[:7], n) == (["75.00", "75.00"], "+0.00 [", "2")


def test_axes_that_a_network_does_not_use_are_empty(tmp_path):
    path = tmp_path / "summary.csv"
    summary_of_networks().to_csv(path, index=False)
    lines = path.read_text().splitlines()
    assert lines[1].startswith("small,0.01,1024,2,published,0.25,0.0,0,")
    assert lines[5].startswith(",,,,gradients,,0.5,0,")
    summary = read_summary(path)
    settings = describe(summary)
    trained = settings[settings["method"] == "siamese"]
    assert trained["n"].tolist() == [2, 2, 2]
    assert trained["epochs"].isna().tolist() == [False, False, True]
    names = [name_row(row, varying(trained)) for row in trained.to_dict("records")]
    assert names == [
        "network published, dropout 0.25, not whitened",
        "network published, dropout 0.5, not whitened",
        "network gradients, whitened by 0.5",
    ]
    alone = trained[2:]
    assert name_row(alone.to_dict("records")[0], varying(alone)) == names[2]
    text = summary_text(summary, settings, "pairs")
    assert f"**Best setting by accuracy on B: {names[2]}:" in text
    row = cells(text, "trained", "", "", "", "", "gradients", "", "0.5")
    assert row[-2:] == ["", ""]  # no published accuracy
    both = [summary_of_networks(split_by=way) for way in ("pairs", "images")]
    table = compare_splits(pd.concat(both))
    assert table["n"].tolist() == [2] * 6 and table["size"].isna().sum() == 2


def test_markdown_shows_texts_as_they_are():
    text = r"a|b <i> *c* `d` [e](f) $g$ \h"
    escaped = markdown_text(text)
    assert escaped == r"a\|b \<i\> \*c\* \`d\` \[e\](f) \$g\$ \\h"
    table = markdown_table([{"name": escaped, "n": "1"}], ["name"])
    assert table == f"| name | n |\n| :--- | ---: |\n| {escaped} | 1 |"


def test_published_values_agree_with_each_other():
    optimum = PUBLISHED.set_index("figure").loc["1 and 12"]
    joint = (optimum["published_a"] * 16797 + optimum["published_b"] * 55992) / 72789
    assert joint == pytest.approx(optimum["published_joint"], abs=5e-5)
