"""Claims: effects, verdicts, and how they are shown."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml
from judge_claims import OVER_DIVISIONS, mean_over_seeds
from plot_claims import claims_text, draw_claims
from scipy import stats
from study import ROOT
from summaries import VALUES, summary_of_divisions, summary_of_networks

from siamese.errors import StudyError
from siamese.stats.claims import effect, judge, verdict
from siamese.stats.divisions import named_runs
from siamese.stats.tables import own_division, trained_rows


@pytest.mark.parametrize(
    ("low", "high", "holds", "expected"),
    [
        (0.79, 0.83, (0.78, 0.84), "supported"),
        (0.70, 0.75, (0.78, 0.84), "contradicted"),
        (0.85, 0.90, (0.78, 0.84), "contradicted"),
        (0.75, 0.80, (0.78, 0.84), "undecided"),
        (0.70, 0.90, (0.78, 0.84), "undecided"),
        (-0.01, 0.05, (0, None), "undecided"),
        (-0.05, -0.01, (None, 0), "supported"),
        (math.nan, math.nan, (None, None), "undecided"),
    ],
)
def test_verdict(low, high, holds, expected):
    assert verdict(low, high, holds) == expected


# B by seed of each setting.
POINTS = {
    ("small", 0.01, 512, 2): (0.70, 0.71, 0.72),
    ("small", 0.01, 1024, 2): (0.80, 0.82, 0.84),
    ("small", 0.0, 512, 2): (0.60, 0.60, 0.60),
    ("small", 0.0, 1024, 2): (0.75, 0.75, 0.75),
    ("small", 0.01, 1024, 5): (0.72, 0.72, 0.72),
    ("large", 0.01, 512, 2): (0.66, 0.66, 0.66),
}
ROWS = pd.DataFrame(
    [(*point, n, b) for point, values in POINTS.items() for n, b in enumerate(values)],
    columns=["size", "l2", "batch_size", "epochs", "seed", "accuracy_b"],
).assign(accuracy_a=0.9, method="siamese", name="", pose="")
ONE = {"size": "small", "l2": 0.01, "batch_size": 1024, "epochs": 2}


def side(**selection):
    return {"metric": "accuracy_b", **selection}


def test_effect_is_a_value_or_the_paired_difference_of_two_settings_or_metrics():
    assert effect(ROWS, side(**ONE)).tolist() == pytest.approx([0.80, 0.82, 0.84])
    differences = effect(ROWS, side(**ONE), side(**ONE | {"batch_size": 512}))
    assert differences.to_dict() == pytest.approx({0: 0.10, 1: 0.11, 2: 0.12})
    differences = effect(ROWS, {"metric": "accuracy_a", **ONE}, side(**ONE))
    assert differences[1] == pytest.approx(0.9 - 0.82)


def test_open_settings_are_averaged_where_both_sides_have_them():
    # L2 at (small, 512, 2) and (small, 1024, 2); neither at 5 epochs nor large
    differences = effect(ROWS, side(l2=0.01), side(l2=0))
    assert differences[0] == pytest.approx(((0.70 - 0.60) + (0.80 - 0.75)) / 2)
    assert differences[2] == pytest.approx(((0.72 - 0.60) + (0.84 - 0.75)) / 2)
    # A seed that lacks a run is left out.
    lacking = (ROWS["seed"] == 1) & (ROWS["batch_size"] == 512) & (ROWS["l2"] == 0)
    assert [*effect(ROWS[~lacking], side(l2=0.01), side(l2=0)).index] == [0, 2]


def test_listed_values_are_averaged_and_must_all_be_there():
    values = effect(ROWS, side(batch_size=[512, 1024]))
    # (large, 0.01, 2) has no 1024, and (small, 0.01, 5) no 512
    assert values[0] == pytest.approx(((0.70 + 0.80) / 2 + (0.60 + 0.75) / 2) / 2)


def test_axes_that_a_network_does_not_use_are_open_settings():
    rows = trained_rows(summary_of_networks(), "pairs").assign(name="", pose="")
    # Seed 0 has 0.60 and 0.64 with the published network, 0.68 with the other.
    assert effect(rows, side())[0] == pytest.approx((0.60 + 0.64 + 0.68) / 3)
    assert effect(rows, side(network="gradients"))[0] == pytest.approx(0.68)


def test_a_side_may_be_a_baseline_and_in_poses():
    weak, strong = (
        pd.DataFrame({"seed": [0, 1, 2], "accuracy_b": values, "name": name})
        for name, values in (("weak", [0.7, 0.7, 0.7]), ("strong", [0.6, 0.75, 0.8]))
    )
    upright = pd.concat([ROWS, weak.assign(method="x"), strong.assign(method="x")])
    turned = upright.assign(accuracy_b=upright["accuracy_b"] - 0.1)
    turned.loc[turned["name"] == "strong", "accuracy_b"] -= 0.2
    poses = [upright.fillna({"pose": ""}), upright.assign(pose="flip")]
    rows = pd.concat([*poses, turned.assign(pose="rotation 30")], ignore_index=True)
    one, best = side(**ONE), side(baseline="best")
    assert effect(rows, one, best).tolist() == pytest.approx([0.10, 0.07, 0.04])
    differences = effect(rows, one, side(baseline="weak"))
    assert differences.tolist() == pytest.approx([0.10, 0.12, 0.14])
    assert effect(rows, best | {"pose": "rotation 30"})[2] == pytest.approx(0.6)
    both = one | {"pose": ["flip", "rotation 30"]}
    assert effect(rows, both).tolist() == pytest.approx([0.75, 0.77, 0.79])
    # The setting loses 0.1 when it is turned, the stronger baseline 0.3.
    lost = {"pose": "rotation 30", "less_pose": "flip"}
    differences = effect(rows, one | lost, side(baseline="strong", **lost))
    assert differences.tolist() == pytest.approx([0.2] * 3)
    with pytest.raises(StudyError, match="found baseline 'none', expected 'best' or o"):
        effect(rows, side(baseline="none"))


CLAIM, L2 = yaml.safe_load("""
- claim: 1024 is better than 512.
  where: {size: small, l2: 0.01, epochs: 2, metric: accuracy_b}
  effects:
    - effect: 1024 − 512
      of: {batch_size: 1024}
      minus: {batch_size: 512}
      published: 0.1
      holds: [0, null]
    - {effect: B at 512, of: {batch_size: 512}, holds: [0.9, 1]}
- claim: L2 raises B.
  where: {metric: accuracy_b}
  effects:
    - {effect: L2, of: {l2: 0.01}, minus: {l2: 0.0}, holds: [0, null]}
    - {effect: B, of: {l2: 0.01}, holds: [0.75, 0.85]}
""")


def test_text_and_figure_show_effects_and_verdicts():
    table = judge(ROWS, [CLAIM])
    # The mean of 0.10, 0.11 and 0.12 with Student's t.
    half = stats.t.ppf(0.975, 2) / math.sqrt(3)
    first, second = claims_text(table).strip().splitlines()[-2:]
    assert first == (
        "| 1. 1024 is better than 512. **contradicted** | 1024 − 512 | Accuracy, % | 3 "
        f"| +11.00 [+{11 - half:.2f}, +{11 + half:.2f}] | +10.00 | from +0.00 "
        "| supported |"
    )
    assert second.startswith("|  | B at 512 |")
    assert second.endswith("|  | 90.00 to 100.00 | contradicted |")
    figure = draw_claims(table, pd.Series({"blurred pixels": 0.82, "pixels": 0.72}))
    labels = [
        text.get_text() for axis in figure.axes for text in axis.get_yticklabels()
    ]
    assert labels == ["1. B at 512", "1. 1024 − 512"]


def markers(figure, marker):
    """Where a figure has a marker, by the label of the horizontal axis."""
    return {
        axis.get_xlabel(): line.get_xdata()[0]
        for axis in figure.axes
        for line in axis.get_lines()
        if line.get_marker() == marker and len(line.get_xdata())
    }


def test_each_metric_has_its_own_panel_and_scale():
    values = {"accuracy_b": 0.7, "auc_b": 0.8, "eer_b": 0.25}
    effects = [
        {"effect": metric, "of": {"metric": metric}, "holds": [value, None]}
        for metric, value in values.items()
    ]
    effects.append(effects[1] | {"minus": {"metric": "auc_a"}})
    rows = ROWS.assign(**values, auc_a=0.9)
    table = judge(rows, [{"claim": "x", "effects": effects}])
    means = markers(draw_claims(table, pd.Series({"pixels": 0.72})), "o")
    expected = {"Accuracy, %": 70, "AUC": 0.8, "Equal error rate, %": 25}
    assert means == pytest.approx(expected | {"Difference in AUC": -0.1})
    text = claims_text(table)
    assert all(value in text for value in ("70.00 ", " 0.8000 ", " 25.00 ", "-0.1000 "))


def test_claims_are_judged_again_over_divisions():
    runs = named_runs(summary_of_divisions(), "pairs").assign(pose="")
    first = judge(own_division(runs), [L2])
    assert first["verdict"].tolist() == ["supported", "undecided"]
    second = judge(mean_over_seeds(runs), [L2], "unseen")
    on_b = {l2: [*VALUES[l2].values()][1:] for l2 in (0.01, 0.0)}
    differences = np.subtract(on_b[0.01], on_b[0.0])
    assert second["n"].tolist() == [3, 3]
    assert second["mean"].tolist() == pytest.approx([differences.mean(), 0.8])
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert second[["low", "high"]].iloc[0].tolist() == pytest.approx([*expected])
    both = first.join(second[OVER_DIVISIONS].add_suffix("_divisions"))
    text = claims_text(both)
    assert "over 3 other divisions" in text and "| +12.00 [" in text
    assert "1. L2 raises B. **undecided**; over divisions **undecided** |" in text
    figure = draw_claims(both, pd.Series({"pixels": 0.7}))
    assert "over 3 divisions" in figure.get_suptitle()
    assert sorted(markers(figure, "s").values()) == pytest.approx([12, 80])


def test_the_published_numbers_satisfy_the_published_claims():
    """They lie within the bounds that stand for the published report's words."""
    claims = yaml.safe_load((ROOT / "config/claims.yaml").read_text())["claims"]
    assert len(claims) == 8
    for part in [part for claim in claims for part in claim["effects"]]:
        if "published" in part:
            value = part["published"]
            assert verdict(value, value, part["holds"]) == "supported", part
