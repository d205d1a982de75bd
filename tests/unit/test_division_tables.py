"""Tables and texts of divisions of the classes."""

import numpy as np
import pandas as pd
import pytest
from compare_divisions import divisions_text
from plot_divisions import draw_divisions
from scipy import stats
from study import ROOT
from summaries import VALUES, summary_of_divisions, summary_of_networks

from siamese.stats.divisions import (
    by_division,
    correlations,
    describe_divisions,
    division_means,
    named_runs,
    with_development,
)
from siamese.stats.tables import read_runs, read_summary

RESULTS = ROOT / "docs/results"
SIZES = {"small": 16, "large": 32}
FIRST, SECOND = "L2 0.01", "no L2"


@pytest.fixture
def runs(tmp_path):
    path = tmp_path / "summary.csv"
    summary_of_divisions().to_csv(path, index=False)
    assert len(read_summary(path)) == 6
    return named_runs(read_runs(path), "pairs")


@pytest.fixture
def means(runs):
    return division_means(runs)


def on_b(kind):
    return [value for unseen, value in VALUES[kind].items() if unseen]


def test_the_division_is_the_unit(means):
    values = by_division(means, "accuracy_b").loc[FIRST]
    assert values.tolist() == pytest.approx(on_b(0.01))
    for metric in ("eer", "auc", "accuracy"):
        table = describe_divisions(means, metric).set_index("name")
        assert [*table.index] == [FIRST, "pixels", SECOND]
    first, second, pixels = map(on_b, VALUES)
    for name, column, test in (
        (FIRST, "accuracy_b", stats.ttest_1samp(first, 0)),
        (SECOND, "accuracy_b_less_first", stats.ttest_rel(second, first)),
        (FIRST, "accuracy_b_less_baseline", stats.ttest_rel(first, pixels)),
    ):
        ends = table.loc[name, [f"{column}_low", f"{column}_high"]].tolist()
        assert ends == pytest.approx([*test.confidence_interval(0.95)])
    columns = ["n", "accuracy_b_own", "threshold_unseen", "loss_b_mean"]
    columns += ["accuracy_b_mean", "accuracy_b_less_baseline"]
    expected = [3, 0.8, 0.4, 0.08, 0.8, 0.1]
    assert table.loc[FIRST, columns].tolist() == pytest.approx(expected)


def test_text_and_figure_show_both_kinds_of_division(runs, means, tmp_path):
    table = describe_divisions(means, "auc")
    text = divisions_text(runs, table, "auc", [8, 3, 6, 7])
    for part in (
        "2 settings and 1 baselines over 3 divisions",
        "has the unseen classes 3-6-7-8",
        f"The first setting: {FIRST}. The best baseline: pixels",
        "| *pixels* | 70.0 [45.2, 94.8] |",
        "| 0-2 | 75.0 | 80.0 | 0.700 | 0.650 | 0.750 |",
        f"| mean AUC over the divisions | {FIRST} | 2 | 80.00 [67.29, 92.71] |",
    ):
        assert part in text
    assert "development" not in text
    turned = table.assign(accuracy_b_own=1 - table["accuracy_b_own"])
    text = divisions_text(runs, turned, "auc", [8, 3, 6, 7])
    assert "Optimism of choosing by B: 20.00 points." in text
    figure = draw_divisions(means, "auc")
    left, right = figure.axes
    names = [tick.get_text() for tick in left.get_yticklabels()]
    assert names == [FIRST, "pixels", SECOND]
    stars = [line for line in right.get_lines() if line.get_marker() == "*"]
    assert [line.get_xdata()[0] for line in stars] == pytest.approx([80, 70, 60])
    figure.savefig(tmp_path / "divisions.png")


def test_development_is_compared_by_setting(runs, means):
    table = describe_divisions(means, "eer")
    # The other study has an axis more, and another order.
    other = table.assign(dropout=0.25, eer_b_mean=table["eer_b_mean"] / 2)
    more = other[other["name"] == FIRST].assign(name="x", dropout=0.5)
    other = pd.concat([more, other[::-1]])
    table = with_development(table, other, "eer", SIZES)
    scores = table.set_index("name")["eer_b_development"]
    assert scores[[FIRST, SECOND]].tolist() == pytest.approx([0.1, 0.16])
    assert np.isnan(scores["pixels"])
    text = divisions_text(runs, table, "eer", [3, 6])
    assert "2 of the settings have a score in development: the equal" in text
    assert text.count("| none |") == 6 and "nan" not in text


def test_networks_that_use_few_axes_are_compared_too():
    parts = [summary_of_networks(unseen=unseen) for unseen in ("", "0-1", "0-2")]
    runs = named_runs(pd.concat(parts), "pairs")
    table = describe_divisions(division_means(runs), "auc")
    few = table.set_index("name").loc["network gradients, whitened by 0.5"]
    assert (few["n"], few["auc_b_own"]) == (2, pytest.approx(0.69))
    # An older table has values in cells that the network does not use.
    older = table.fillna({"size": "small", "l2": 0.0, "epochs": 1, "batch_size": 64})
    table = with_development(table, older.fillna({"dropout": 0.25}), "auc", SIZES)
    scores = table.loc[table["method"] == "siamese", "auc_b_development"]
    assert scores.tolist() == pytest.approx([0.69, 0.65, 0.61])


def test_more_error_there_and_less_accuracy_here_is_a_positive_correlation():
    scores = {"eer_b_mean": [0.1, 0.2, 0.3, 0.4, 0.5], "eer_b_own": 0.1}
    scores |= {"accuracy_b_own": [0.9, 0.8, 0.85, 0.6, 0.5]}
    table = pd.DataFrame(scores | {"method": "siamese"})
    none, (_, name, _, (value, *_)) = correlations(table, "eer")
    assert np.isnan(none[-1]).all()
    assert (name, value) == ("accuracy", pytest.approx(0.9))


def test_scores_of_development_are_found_by_setting():
    search = pd.read_csv(RESULTS / "search.csv")
    table = with_development(search, search, "eer", SIZES)
    scores = search["eer_b_mean"].where(search["method"] == "siamese")
    assert table["eer_b_development"].equals(scores.astype(float))


def test_correlations_of_findings_come_out_again():
    judged = pd.read_csv(RESULTS / "judged.csv").assign(eer_b_own=0.5)
    values = {
        (name, kind): values
        for score, name, kind, values in correlations(judged, "eer")
        if score == "development"
    }
    assert values["eer", "mean"] == pytest.approx((0.96, 0.87, 0.99), abs=0.005)
    assert values["accuracy", "mean"] == pytest.approx((0.87, 0.61, 0.96), abs=0.005)
    assert values["accuracy", "own"] == pytest.approx((0.31, -0.21, 0.70), abs=0.005)


def test_settings_are_ranked_upright_and_in_poses_alike(runs):
    upright = describe_divisions(division_means(runs), "accuracy")
    assert "accuracy_b_posed_mean" not in upright and upright["name"][0] == FIRST
    # In poses the baseline is so much better that it comes first.
    posed = runs["accuracy_b"].where(runs["method"] != "siamese", 0.2)
    table = describe_divisions(
        division_means(runs.assign(accuracy_b_posed=posed)), "accuracy"
    )
    assert [*table["name"]] == ["pixels", FIRST, SECOND]
    differences = 0.2 - np.array(on_b("pixels"))
    found = table.set_index("name").loc[FIRST, "accuracy_b_posed_less_baseline"]
    assert found == pytest.approx(differences.mean())
