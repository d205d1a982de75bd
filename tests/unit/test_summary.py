"""The summary: its table, its text, and leakage."""

import numpy as np
import pandas as pd
import pytest
from compare_splits import compare_splits
from describe_settings import as_markdown, describe
from plot_summary import draw_summary
from scipy import stats
from study import ROOT
from summaries import summary_of_seeds

from siamese.metrics import METRICS
from siamese.tables import baseline_means, finding


@pytest.fixture
def summary():
    return summary_of_seeds()


def test_summary_has_the_published_values_where_there_are_any(summary):
    assert ",".join(summary.columns).startswith(
        "size,l2,batch_size,epochs,seed,accuracy_a,accuracy_b,accuracy_joint,"
        "loss_a,loss_b,loss_joint,auc_a,auc_b,auc_joint,"
        "published_a,published_b,published_joint,method,split_by,accuracy_crossed,"
    )
    trained = summary[summary["method"] == "siamese"]
    assert trained["accuracy_b"].tolist() == [0.8, 0.7, 0.5, 0.6, 0.8, 0.7]
    assert trained["published_b"].tolist()[:2] == [0.8212, 0.8212]
    assert trained["published_a"].tolist()[:2] == [0.8497, 0.8497]
    assert trained["published_joint"].tolist()[:2] == [0.8278, 0.8278]
    assert trained["published_b"].isna().tolist() == [False, False, *[True] * 4]


def test_summary_has_a_row_for_each_baseline_and_seed(summary, tmp_path):
    summary.to_csv(tmp_path / "summary.csv", index=False)
    text = (tmp_path / "summary.csv").read_text()
    assert "\nsmall,0.01,1024,2,0,0.9,0.8," in text  # counts stay whole numbers
    rows = pd.read_csv(tmp_path / "summary.csv").query("method != 'siamese'")
    assert rows["method"].tolist() == ["pixels", "PCA"] * 2
    assert rows["accuracy_b"].tolist() == pytest.approx([0.73, 0.77, 0.71, 0.75])
    assert rows[["l2", "batch_size", "epochs"]].isna().all(axis=None)
    assert baseline_means(summary, "pairs").to_dict() == pytest.approx(
        {"PCA, small": 0.76, "pixels": 0.72}
    )


def test_settings_are_described_over_seeds(summary):
    settings = describe(summary).set_index(["method", "split_by", "l2"])
    row = settings.loc[("siamese", "pairs", 0.01)]
    assert row["n"] == 2
    assert row["accuracy_b_mean"] == pytest.approx(0.75)
    assert row["accuracy_b_sd"] == pytest.approx(0.1 / np.sqrt(2))
    expected = stats.ttest_1samp([0.8, 0.7], 0).confidence_interval(0.95)
    found = row[["accuracy_b_low", "accuracy_b_high"]]
    assert found.tolist() == pytest.approx(list(expected))
    assert len(settings) == 5


def test_a_single_seed_has_no_interval_over_seeds(summary):
    single = summary[summary["seed"] == 0]
    settings = describe(single)
    assert (settings["n"] == 1).all()
    assert settings["accuracy_b_mean"].notna().all()
    assert settings[["accuracy_b_sd", "accuracy_b_low"]].isna().all(axis=None)
    text = as_markdown(single, settings, "pairs")
    assert cells(text, "trained", "small", "0.01")[5:9] == [
        "90.0",
        "80.0",
        "85.0",
        "80.0",
    ]


def cells(markdown, *first):
    """The cells of the first row of a Markdown table that begins with some."""
    for line in markdown.splitlines():
        row = [cell.strip() for cell in line.split("|")[1:-1]]
        if row[: len(first)] == [*first]:
            return row
    raise AssertionError(f"no row of {first}")


def test_summary_text_names_the_best_setting_and_its_weakness(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    assert "Best setting by accuracy on B: small, L2 0.01, batch size 1024" in text
    assert "A 85.00, B 75.00" in text
    assert "not a fair one" in text
    assert "also be in a training pair" in text
    assert "3 settings" not in text
    assert "2 settings and 2 baselines, 2 seeds" in text


def test_summary_text_has_published_values_and_all_metrics(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    row = cells(text, "trained", "small", "0.01", "1024", "2")
    assert row[-3:] == ["84.97", "82.12", "82.78"]
    assert cells(text, "*PCA*")[-3:] == ["", "", ""]
    for name, metric in METRICS.items():
        found = cells(text, f"`{name}_<set>`")
        assert found[1:] == [metric.label, metric.unit, metric.better, metric.meaning]
        assert name == "accuracy" or f"{name}_b" in cells(
            text.split("## ")[2], "method"
        )


def test_summary_text_says_what_the_best_untrained_baseline_has(summary):
    text = as_markdown(summary, describe(summary), "pairs")
    message = (
        "Best baseline without a network (PCA, small): 76.0% on B, more than all 2 "
        "trained"
    )
    assert message in text
    assert "pixels: 72.0% on B, more than 1 of 2 trained settings" in text
    assert message in draw_summary(summary, "pairs").get_suptitle()


@pytest.mark.parametrize(
    ("accuracy", "text"), [(0.7, "B, more than the"), (0.8, "B, no more than the")]
)
def test_the_finding_of_a_single_setting(summary, accuracy, text):
    trained = summary["method"] == "siamese"
    one = summary[~trained | (summary["l2"] == 0.01)].copy()
    one.loc[one["method"] == "siamese", "accuracy_b"] = accuracy
    assert f"76.0% on {text} trained setting" in finding(one, "pairs")


def test_leakage_is_the_difference_over_paired_seeds(summary):
    table = compare_splits(summary).set_index("set")
    assert len(table) == 2
    row = table.loc["A"]
    assert (row["split_by_pairs"], row["split_by_images"]) == pytest.approx(
        (0.85, 0.775)
    )
    expected = stats.ttest_rel([0.9, 0.8], [0.85, 0.7]).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))
    assert table.loc["B", "difference"] == pytest.approx(0)


def test_published_values_agree_with_each_other():
    published = pd.read_csv(ROOT / "workflow/data/published.csv").set_index("figure")
    optimum = published.loc["1 and 12"]
    joint = (optimum["published_a"] * 16797 + optimum["published_b"] * 55992) / 72789
    assert joint == pytest.approx(optimum["published_joint"], abs=5e-5)
