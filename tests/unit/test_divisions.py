"""Divisions of the classes: which there are, and what is found over them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import yaml
from compare_development import as_markdown as development_text
from compare_development import compare, correlations, rank_correlation
from compare_divisions import as_markdown
from configs import DEFAULT, SMALL, grid, refusal, study_of
from judge_claims import judge_claims, over_divisions
from plot_claims import as_markdown as claims_text
from plot_claims import draw_claims
from plot_divisions import draw_divisions
from scipy import stats
from study import ROOT

from siamese.axes import AXES
from siamese.divisions import by_division, describe_divisions, division_means, ranked
from siamese.metrics import METRICS, TEST_SETS, column
from siamese.points import parse_split, sampled_classes
from siamese.tables import TRAINED, read_runs, read_summary

PUBLISHED = (3, 6, 7, 8)
SETS = DEFAULT["sets"]


def with_sets(**options):
    return {"sets": SETS | options}


def unseen_of(study):
    return [tuple(sets["B"]) for sets in study.classes.divisions.values()]


def test_listed_divisions_have_each_a_folder_after_the_own():
    study = study_of(
        SMALL, **with_sets(others=[[9, 2, 5, 4], ["Bag", 0]], seeds=[7]), seeds=[1, 2]
    )
    assert study.classes.divisions == {
        "": {"A": [0, 1, 2, 4, 5, 9], "B": [3, 6, 7, 8]},
        "2-4-5-9": {"A": [0, 1, 3, 6, 7, 8], "B": [2, 4, 5, 9]},
        "0-8": {"A": [1, 2, 3, 4, 5, 6, 7, 9], "B": [0, 8]},
    }
    settings = len(study.main_settings)
    assert [point.split for point in study.points] == [
        *[""] * 2 * settings,
        *["unseen~2-4-5-9/"] * settings,
        *["unseen~0-8/"] * settings,
    ]
    assert {point.seed for point in study.points if point.unseen} == {7}
    assert study.points[-1].folder.startswith("<results>/unseen~0-8/grid/size~large")
    assert {point.unseen for point in study.main_points} == {""}
    assert study.classes.sets_of("unseen~0-8/")["B"] == [0, 8]
    # Eight classes of six: 200 training pairs become 266.
    assert study.plan("unseen~0-8/").pairs["A"]["train"] == 266
    assert study.plan("unseen~2-4-5-9/").pairs == study.plan("").pairs


def test_a_split_of_images_in_another_division():
    study = study_of(**grid(split_by=["images"]), **with_sets(others=[[0, 1]]))
    assert study.points[-1].split == "unseen~0-1/split_by~images/"
    assert parse_split(study.points[-1].split) == ([0, 1], [], "images")
    assert study.pair_options(study.points[-1].split)["split_by"] == "images"
    assert parse_split("leave_out~0-12/") == ([], [0, 12], "pairs")


def test_without_others_there_is_the_own_division_alone():
    assert study_of().classes.divisions == {"": {"A": SETS["A"], "B": SETS["B"]}}
    assert study_of().classes.division_columns == []


def test_a_sample_of_divisions_is_of_all_but_the_own():
    twenty = unseen_of(study_of(**with_sets(sample=20)))
    assert len(set(twenty)) == 21 and twenty[0] == PUBLISHED
    assert unseen_of(study_of(**with_sets(sample=8))) == twenty[:9]
    assert unseen_of(study_of(**with_sets(sample=20, sample_seed=1))) != twenty
    every = unseen_of(study_of(**with_sets(sample=1000)))
    assert sorted(every) == list(itertools.combinations(range(10), 4))


def test_classes_are_drawn_alike():
    drawn = sampled_classes(list(range(5)), 2, 9, 3, [(0, 1)])
    assert sorted(drawn) == list(itertools.combinations(range(5), 2))[1:]


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ({"others": [[0]]}, "sets.others.0: found [0], expected a list of at least 2"),
        ({"others": [[0, 0]]}, "expected no value twice"),
        ({"others": [[0, 10]]}, "sets.others: found [0, 10], expected two or more"),
        ({"others": [["Hat", 1]]}, "sets.others: found 'Hat', expected one of ["),
        ({"others": [[*range(9)]]}, "with two left to train on"),
        ({"others": [[8, 7, 6, 3]]}, "each division once, and not sets.B again"),
        ({"others": [[0, 1], [1, 0]]}, "each division once"),
        ({"others": [[0, 1]], "sample": 3}, "expected one of others and sample"),
        ({"sample": 0}, "sets.sample: found 0, expected at least 1"),
        ({"sample": 10**9}, "sets.sample: found 1000000000, expected at most"),
        ({"seeds": []}, "sets.seeds: found [], expected a list of at least 1"),
    ],
)
def test_bad_divisions(sets, message):
    assert message in refusal(**with_sets(**sets))


def test_the_search_and_its_judges_share_no_unseen_classes():
    configs = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        for name in ("search", "best")
    }
    search, best = (unseen_of(study_of(**configs[name])) for name in configs)
    assert not {*search} & {*best}
    assert best[0] == PUBLISHED
    assert not any({*PUBLISHED} <= {*unseen} for unseen in search)


# Two settings and a baseline over three divisions and the own one; B by division.
VALUES = {
    (0.01, ""): 0.8,
    (0.01, "0-1"): 0.7,
    (0.01, "0-2"): 0.75,
    (0.01, "0-3"): 0.95,
    (0.0, ""): 0.6,
    (0.0, "0-1"): 0.65,
    (0.0, "0-2"): 0.65,
    (0.0, "0-3"): 0.74,
    ("pixels", ""): 0.7,
    ("pixels", "0-1"): 0.6,
    ("pixels", "0-2"): 0.8,
    ("pixels", "0-3"): 0.7,
}
OTHERS = ["0-1", "0-2", "0-3"]
FIRST, SECOND = "L2 0.01", "no L2"


def table_of(values):
    """A summary.csv of two seeds, whose B is a little below and above the value."""
    rows = []
    for (kind, unseen), value in values.items():
        for seed, step in ((0, -0.01), (1, 0.01)):
            row = {"size": None, "l2": None, "batch_size": None, "epochs": None}
            row |= {"method": kind, "split_by": "pairs", "collapsed": False}
            if not isinstance(kind, str):
                row |= {"size": "small", "l2": kind, "batch_size": 64, "epochs": 2}
                row["method"] = TRAINED
            for metric, name in itertools.product(METRICS, TEST_SETS):
                row[column(metric, name)] = value + step
                if METRICS[metric].better == "lower":
                    row[column(metric, name)] = 1 - value - step
            row |= {"seed": seed, "unseen": unseen, "threshold_unseen": value / 2}
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture
def path(tmp_path):
    table_of(VALUES).to_csv(tmp_path / "summary.csv", index=False)
    return tmp_path / "summary.csv"


@pytest.fixture
def means(path):
    return division_means(read_runs(path), "pairs")


def of(kind):
    return [VALUES[kind, unseen] for unseen in OTHERS]


def test_a_summary_is_of_the_own_division(path):
    summary = read_summary(path)
    assert summary["accuracy_b"].tolist() == pytest.approx(
        [0.79, 0.81, 0.59, 0.61, 0.69, 0.71]
    )
    assert not {"unseen", "threshold_unseen"} & {*summary.columns}


def test_the_division_is_the_unit(means):
    assert by_division(means, "accuracy_b").loc[FIRST].tolist() == pytest.approx(
        of(0.01)
    )
    table = describe_divisions(means, "accuracy").set_index("name")
    assert [*table.index] == [FIRST, "pixels", SECOND]
    assert table.loc[FIRST, "n"] == 3
    expected = stats.ttest_1samp(of(0.01), 0).confidence_interval(0.95)
    found = table.loc[FIRST, ["accuracy_b_low", "accuracy_b_high"]]
    assert found.tolist() == pytest.approx([*expected])
    assert table.loc[FIRST, "accuracy_b_own"] == pytest.approx(0.8)
    assert table.loc[FIRST, "threshold_unseen"] == pytest.approx(0.4)
    assert table.loc[SECOND, "loss_b_mean"] == pytest.approx(0.32)


def test_differences_are_paired_by_division(means):
    table = describe_divisions(means, "auc").set_index("name")
    for name, kind, label, other in (
        (SECOND, 0.0, "first", 0.01),
        (FIRST, 0.01, "baseline", "pixels"),
    ):
        expected = stats.ttest_rel(of(kind), of(other)).confidence_interval(0.95)
        parts = [f"accuracy_b_less_{label}{part}" for part in ("", "_low", "_high")]
        found = table.loc[name, parts].tolist()
        assert found[1:] == pytest.approx([*expected])
        assert found[0] == pytest.approx(np.mean(of(kind)) - np.mean(of(other)))


def test_ranked_by_what_is_better(means):
    assert ranked(means, "accuracy") == ranked(means, "loss") == ranked(means, "eer")
    assert ranked(means, "auc") == [FIRST, "pixels", SECOND]


def test_text_and_figure_show_both_kinds_of_division(means, tmp_path):
    table = describe_divisions(means, "auc")
    text = as_markdown(means, table, "auc", [8, 3, 6, 7])
    assert "2 settings and 1 baselines over 3 divisions" in text
    assert "has the unseen classes 3-6-7-8" in text
    assert f"The first setting: {FIRST}. The best baseline: pixels" in text
    (row,) = (
        line
        for line in text.splitlines()
        if line.startswith("| \\*") or "pixels*" in line
    )
    assert "70.0 [45.2, 94.8]" in row
    assert "| 0-2 " in text
    figure = draw_divisions(means, "auc")
    left, right = figure.axes
    assert [tick.get_text() for tick in left.get_yticklabels()] == [
        *(FIRST, "pixels", SECOND)
    ]
    stars = [line for line in right.get_lines() if line.get_marker() == "*"]
    assert [line.get_xdata()[0] for line in stars] == pytest.approx([80, 70, 60])
    figure.savefig(tmp_path / "divisions.png")


CLAIMS = [
    {
        "claim": "L2 raises B.",
        "effects": [
            {
                "effect": "L2",
                "where": {"metric": "accuracy_b"},
                "of": {"l2": 0.01},
                "minus": {"l2": 0.0},
                "holds": [0, None],
            },
            {
                "effect": "B",
                "of": {"l2": 0.01, "metric": "accuracy_b"},
                "holds": [0.75, 0.85],
            },
        ],
    }
]


def test_claims_are_judged_again_over_divisions(path, tmp_path):
    runs = read_runs(path)
    trained = runs[runs["method"] == TRAINED]
    rows = over_divisions(trained, ["size", "l2", "batch_size", "epochs"])
    judged = judge_claims(rows, CLAIMS, "unseen")
    difference = np.subtract(of(0.01), of(0.0))
    assert judged["n"].tolist() == [3, 3]
    assert judged["mean"].tolist() == pytest.approx([difference.mean(), 0.8])
    expected = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert judged[["low", "high"]].iloc[0].tolist() == pytest.approx([*expected])
    assert judged["verdict"].tolist() == ["undecided", "undecided"]
    summary = read_summary(path)
    first = judge_claims(summary[summary["method"] == TRAINED], CLAIMS)
    assert first["verdict"].tolist() == ["supported", "undecided"]
    both = first.join(judged[["n", "mean", "low", "high"]].add_suffix("_divisions"))
    both["verdict_divisions"] = judged["verdict"]
    both["verdict_of_claim_divisions"] = judged["verdict_of_claim"]
    text = claims_text(both)
    assert "**undecided**; over divisions **undecided**" in text
    assert "over 3 other divisions" in text and "+12.00 [" in text
    figure = draw_claims(both, pd.Series({"pixels": 0.7}))
    assert "over 3 divisions" in figure.get_suptitle()
    squares = [line for axis in figure.axes for line in axis.get_lines()]
    squares = [line for line in squares if line.get_marker() == "s"]
    found = sorted(line.get_xdata()[0] for line in squares)
    assert found == pytest.approx([12, 80])


def test_rank_correlation_against_scipy_and_a_table():
    generator = np.random.default_rng(0)
    first = generator.random(20)
    second = first + generator.random(20)
    found, low, high = rank_correlation(first, second)
    assert found == pytest.approx(stats.spearmanr(first, second).statistic)
    # Fisher's z of 0.5 with n = 30: 0.5493 ± 1.96 √(1.125 / 27)
    half = 1.959964 * math.sqrt((1 + found**2 / 2) / 17)
    assert low == pytest.approx(math.tanh(math.atanh(found) - half))
    assert high == pytest.approx(math.tanh(math.atanh(found) + half))
    assert all(map(math.isnan, rank_correlation([1, 2], [2, 1])))
    assert all(map(math.isnan, rank_correlation([1, 1, 1, 1], [2, 1, 3, 4])))
    assert rank_correlation([1, 2, 3, 4], [1, 2, 3, 4])[0] == pytest.approx(1)


def test_development_is_compared_by_setting(means, path):
    judged = describe_divisions(means, "eer")
    # The other study has an axis more, and one setting that this one has not.
    other = judged.assign(dropout=0.25, eer_b_mean=judged["eer_b_mean"] / 2)
    more = other[other["name"] == FIRST].assign(dropout=0.5)
    table = compare(pd.concat([other, more]), judged, "eer", {"small": 2})
    assert table["name"].tolist() == [FIRST, SECOND]
    assert table["score"].tolist() == pytest.approx([0.1, 0.16])
    assert table["accuracy_b_mean"].tolist() == pytest.approx([0.8, 0.68])
    text = development_text(table, "eer")
    assert "2 settings, ranked by the equal error rate" in text
    assert text.count("none |") == 3 and "nan" not in text
    columns = ["eer_b_mean", "accuracy_b_mean", "accuracy_b_own"]
    assert [*correlations(table, "eer")] == columns
    nothing = compare(other, judged, "eer", {"large": 4})
    assert "No setting" in development_text(nothing, "eer")


def test_more_error_there_and_less_accuracy_here_is_a_positive_correlation():
    table = pd.DataFrame(
        {
            "name": list("abcde"),
            "score": [0.1, 0.2, 0.3, 0.4, 0.5],
            "accuracy_b_mean": [0.9, 0.8, 0.85, 0.6, 0.5],
        }
    )
    assert correlations(table, "eer")["accuracy_b_mean"][0] == pytest.approx(0.9)


@pytest.fixture
def development(means, tmp_path):
    table = describe_divisions(means, "eer")
    table.loc[table["name"] == SECOND, "l2"] = 0.0
    table.to_csv(tmp_path / "divisions.csv", index=False)
    return tmp_path / "divisions.csv"


def test_thresholds_are_those_of_development(development):
    options = {"threshold": "development", "development": str(development)}
    points = {"size": ["small"], "l2": [0.01, 0], "batch_size": [64], "epochs": [2]}
    study = study_of(SMALL, **options, grid=points)
    found = [study.thresholds.of(point.values) for point in study.points]
    assert found == pytest.approx([np.mean(of(0.01)) / 2, np.mean(of(0.0)) / 2])
    assert study.thresholds.of_baselines == pytest.approx({"pixels": 0.35})
    assert study_of(SMALL, grid=points).thresholds.of_baselines == {}
    message = refusal(SMALL, **options, grid=points | {"epochs": [2, 3]})
    assert (
        "divisions.csv', expected a row of small, L2 0.01, batch size 64, 3" in message
    )
    message = refusal(SMALL, threshold="development", grid=points)
    assert "threshold: found 'development', expected a file as development" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a,b\n1,2\n",
            "line 2: found \"'threshold_unseen'\", expected a divisions.csv",
        ),
        ("method,threshold_unseen\nsiamese,high\n", "expected a divisions.csv"),
        ("method,threshold_unseen\nsiamese,0.5\n", "expected a divisions.csv"),
        ("name,method,threshold_unseen\npixels,pixels,0.5\n", "expected a row of"),
        ("\x00", "expected a"),
    ],
)
def test_a_table_that_is_none_of_development(tmp_path, content, message):
    path = tmp_path / "divisions.csv"
    path.write_text(content)
    found = refusal(threshold="development", development=str(path))
    assert message in found


def test_axes_of_a_table_without_them_are_the_reports(development):
    table = pd.read_csv(development)
    assert not {"network", "head"} & {*table.columns}
    options = {"threshold": "development", "development": str(development)}
    points = {"size": ["small"], "l2": [0.01], "batch_size": [64], "epochs": [2]}
    head = [choice for choice in AXES["head"].choices if choice != "softmax"][:1]
    message = refusal(SMALL, **options, grid=points | {"head": head})
    assert (
        "expected a row of small, L2 0.01, batch size 64, 2 epochs, network" in message
    )
