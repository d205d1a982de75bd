"""Statistics of seeds, and the verdicts on claims."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml
from judge_claims import effect, judge_claims, verdict_of_all
from plot_choice import draw_choice
from plot_claims import as_markdown, draw_claims
from rank_settings import correlations, rank_settings
from scipy import stats
from study import ROOT

from siamese.intervals import mean_interval, paired_interval, verdict
from siamese.metrics import METRICS


@pytest.mark.parametrize("n", [2, 5, 10])
def test_mean_interval_is_scipys(n):
    values = np.random.default_rng(n).normal(0.8, 0.02, n)
    found = mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))
    assert found["n"] == n
    assert found["mean"] == pytest.approx(sum(values) / n)
    variance = sum((value - found["mean"]) ** 2 for value in values) / (n - 1)
    assert found["sd"] == pytest.approx(math.sqrt(variance))


def test_mean_interval_by_hand():
    # t(0.975, 2) = 4.302653
    found = mean_interval([0.7, 0.8, 0.9])
    assert found["low"] == pytest.approx(0.8 - 4.302653 * 0.1 / math.sqrt(3), abs=1e-6)


def test_one_run_has_no_interval_and_none_no_mean():
    found = mean_interval([0.8])
    assert (found["n"], found["mean"]) == (1, 0.8)
    assert all(math.isnan(found[name]) for name in ("sd", "low", "high"))
    assert mean_interval([])["n"] == 0
    assert math.isnan(mean_interval([])["mean"])


def test_missing_runs_do_not_count():
    found = mean_interval([0.7, math.nan, 0.9])
    assert found == mean_interval([0.7, 0.9])
    assert mean_interval([0.8, 0.8])["high"] == 0.8


def test_paired_interval_is_scipys_over_common_seeds():
    generator = np.random.default_rng(0)
    first = pd.Series(generator.normal(0.8, 0.02, 6), index=range(6))
    second = pd.Series(generator.normal(0.7, 0.02, 6), index=range(2, 8))
    found = paired_interval(first, second)
    common = [2, 3, 4, 5]
    expected = stats.ttest_rel(first[common], second[common]).confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))
    assert found["n"] == 4


@pytest.mark.parametrize(
    ("low", "high", "holds", "expected"),
    [
        (0.79, 0.83, (0.78, 0.84), "supported"),
        (0.70, 0.75, (0.78, 0.84), "contradicted"),
        (0.85, 0.90, (0.78, 0.84), "contradicted"),
        (0.75, 0.80, (0.78, 0.84), "undecided"),
        (0.70, 0.90, (0.78, 0.84), "undecided"),
        (0.01, 0.05, (0, None), "supported"),
        (-0.01, 0.05, (0, None), "undecided"),
        (-0.05, -0.01, (0, None), "contradicted"),
        (-0.05, -0.01, (None, 0), "supported"),
        (math.nan, math.nan, (0, None), "undecided"),
        (math.nan, math.nan, (None, None), "undecided"),
    ],
)
def test_verdict(low, high, holds, expected):
    assert verdict(low, high, holds) == expected


def test_a_claim_stands_with_all_effects_and_falls_with_one():
    assert verdict_of_all(["supported", "supported"]) == "supported"
    assert verdict_of_all(["supported", "undecided"]) == "undecided"
    assert verdict_of_all(["undecided", "contradicted"]) == "contradicted"


def runs(points, seeds):
    """Rows with accuracy_b from a function of the setting and the seed."""
    names = ["size", "l2", "batch_size", "epochs"]
    return pd.DataFrame(
        dict(zip(names, point, strict=True))
        | {"seed": seed, "accuracy_b": value(seed), "accuracy_a": 0.9}
        for point, value in points.items()
        for seed in seeds
    )


ROWS = runs(
    {
        ("small", 0.01, 512, 2): lambda seed: 0.70 + 0.01 * seed,
        ("small", 0.01, 1024, 2): lambda seed: 0.80 + 0.02 * seed,
        ("small", 0.0, 512, 2): lambda seed: 0.60,
        ("small", 0.0, 1024, 2): lambda seed: 0.75,
        ("small", 0.01, 1024, 5): lambda seed: 0.72,
        ("large", 0.01, 512, 2): lambda seed: 0.66,
    },
    seeds=[0, 1, 2],
)


def side(**selection):
    return {"metric": "accuracy_b", **selection}


def test_effect_of_one_setting_is_its_values():
    found = effect(ROWS, side(size="small", l2=0.01, batch_size=1024, epochs=2))
    assert found.to_dict() == pytest.approx({0: 0.80, 1: 0.82, 2: 0.84})


def test_effect_of_two_settings_is_their_paired_difference():
    common = {"size": "small", "l2": 0.01, "epochs": 2}
    found = effect(
        ROWS, side(batch_size=1024, **common), side(batch_size=512, **common)
    )
    assert found.to_dict() == pytest.approx({0: 0.10, 1: 0.11, 2: 0.12})


def test_open_settings_are_averaged_where_both_sides_have_them():
    # L2 at (small, 512, 2) and (small, 1024, 2); neither at 5 epochs nor large
    found = effect(ROWS, side(l2=0.01), side(l2=0))
    assert found[0] == pytest.approx(((0.70 - 0.60) + (0.80 - 0.75)) / 2)
    assert found[2] == pytest.approx(((0.72 - 0.60) + (0.84 - 0.75)) / 2)


def test_listed_values_are_averaged_and_must_all_be_there():
    found = effect(ROWS, side(batch_size=[512, 1024]))
    # of the open settings, (large, 0.01, 2) has no 1024 and (small, 0.01, 5) no 512
    assert found[0] == pytest.approx(((0.70 + 0.80) / 2 + (0.60 + 0.75) / 2) / 2)


def test_two_metrics_of_one_setting():
    setting = {"size": "small", "l2": 0.01, "batch_size": 1024, "epochs": 2}
    found = effect(ROWS, {"metric": "accuracy_a", **setting}, side(**setting))
    assert found[1] == pytest.approx(0.9 - 0.82)


def test_seed_that_lacks_a_run_is_left_out():
    lacking = ROWS[
        ~((ROWS["seed"] == 1) & (ROWS["batch_size"] == 512) & (ROWS["l2"] == 0))
    ]
    assert effect(lacking, side(l2=0.01), side(l2=0)).index.tolist() == [0, 2]


CLAIM = {
    "claim": "1024 is better than 512.",
    "where": {"size": "small", "l2": 0.01, "epochs": 2, "metric": "accuracy_b"},
    "effects": [
        {
            "effect": "1024 − 512",
            "of": {"batch_size": 1024},
            "minus": {"batch_size": 512},
            "published": 0.1,
            "holds": [0, None],
        },
        {"effect": "B at 512", "of": {"batch_size": 512}, "holds": [0.9, 1]},
    ],
}


def test_claims_are_judged():
    table = judge_claims(ROWS, [CLAIM])
    first, second = table.to_dict("records")
    expected = stats.ttest_1samp([0.10, 0.11, 0.12], 0).confidence_interval(0.95)
    assert (first["low"], first["high"]) == pytest.approx(tuple(expected))
    assert (first["n"], first["mean"]) == (3, pytest.approx(0.11))
    assert (first["verdict"], second["verdict"]) == ("supported", "contradicted")
    assert set(table["verdict_of_claim"]) == {"contradicted"}


def test_one_seed_decides_nothing():
    table = judge_claims(ROWS[ROWS["seed"] == 0], [CLAIM])
    assert set(table["verdict"]) == {"undecided"}
    assert table["mean"].tolist() == pytest.approx([0.10, 0.70])
    rows = [line for line in as_markdown(table).splitlines() if "512" in line]
    assert "[" not in "".join(rows)


def test_text_and_figure_show_effects_and_verdicts(tmp_path):
    judge_claims(ROWS, [CLAIM]).to_csv(tmp_path / "claims.csv", index=False)
    table = pd.read_csv(tmp_path / "claims.csv")
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in as_markdown(table).splitlines()
        if line.startswith("| 1.")
    ]
    half = stats.t.ppf(0.975, 2) / math.sqrt(3)
    assert rows == [
        [
            "1. 1024 is better than 512. **contradicted**",
            *("1024 − 512", "Accuracy, %", "3"),
            *(
                f"+11.00 [+{11 - half:.2f}, +{11 + half:.2f}]",
                "+10.00",
                "from +0.00",
                "supported",
            ),
        ]
    ]
    figure = draw_claims(table, pd.Series({"blurred pixels": 0.82, "pixels": 0.72}))
    labels = [
        label.get_text() for axis in figure.axes for label in axis.get_yticklabels()
    ]
    assert labels == ["1. B at 512", "1. 1024 − 512"]


def test_each_metric_has_its_own_panel_and_scale():
    parts = [("accuracy_b", 0.7), ("auc_b", 0.8), ("eer_b", 0.25)]
    effects = [
        {"effect": metric, "of": {"metric": metric}, "holds": [value, None]}
        for metric, value in parts
    ]
    effects.append(effects[1] | {"minus": {"metric": "auc_a"}})
    rows = ROWS.assign(**dict(parts), auc_a=0.9)
    table = judge_claims(rows, [{"claim": "x", "effects": effects}])
    figure = draw_claims(table, pd.Series({"pixels": 0.72}))
    means = {axis.get_xlabel(): axis.lines[1].get_xdata()[0] for axis in figure.axes}
    assert means == pytest.approx(
        {
            "Accuracy, %": 70,
            "AUC": 0.8,
            "Equal error rate, %": 25,
            "Difference in AUC": -0.1,
        }
    )
    text = as_markdown(table)
    assert all(
        value in text for value in (" 70.00 ", " 0.8000 ", " 25.00 ", "-0.1000 ")
    )


def test_a_choice_ranks_by_any_metric_the_better_one_first():
    summary = ROWS.assign(method="siamese", split_by="pairs")
    values = summary["accuracy_b"]
    summary = summary.assign(**{f"{name}_b": values for name in METRICS})
    for name, metric in METRICS.items():
        table = rank_settings(summary, summary, "pairs", name)
        best = {"higher": "max", "lower": "min"}[metric.better]
        assert table["score"].iloc[0] == getattr(table["score"], best)()
        related = correlations(table, name)
        assert related[f"{name}_b"] == pytest.approx(1)
        assert related["accuracy_b"] == pytest.approx(1 if best == "max" else -1)
        baselines = pd.Series({"pixels": 0.7})
        axis = draw_choice(table, name, baselines).axes[0]
        chosen = {line.get_label(): line for line in axis.lines}["chosen inside A"]
        expected = metric.scale * table["score"].iloc[0]
        assert chosen.get_xdata()[0] == pytest.approx(expected)
        assert axis.get_xlabel().lower().startswith(metric.label.lower())


def test_the_published_numbers_satisfy_the_published_claims():
    """They lie within the bounds that stand for the published report's words."""
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text())["claims"]
    assert len(claims) == 8
    for claim in claims:
        for part in claim["effects"]:
            if "published" in part:
                value = part["published"]
                assert verdict(value, value, part["holds"]) == "supported", part
