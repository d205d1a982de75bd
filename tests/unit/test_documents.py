"""Numbers in the documents are those of the stored tables of the runs of record."""

import re

import pandas as pd
import pytest
import reference
from compare_development import correlations
from figures import DOCS, RECORDS
from scipy import stats
from study import ROOT

from siamese.axes import AXES

RESULTS = ROOT / "docs/results"
FINDINGS = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
VERDICTS = (ROOT / "docs/verdicts.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs/how-to.md").read_text(encoding="utf-8")
UNSEEN = (ROOT / "docs/unseen.md").read_text(encoding="utf-8")
COUNTS = ["none", "one", "two", "three", "four"]
CHOSEN, OPTIMUM = "**chosen**", "the report's optimum"


def table_below(text, line):
    """Cells of the first table below a line, a dict by the first cell of each row."""
    below = text[text.index(line) :]
    found = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)[0].splitlines()
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in found]
    return {
        row[0].strip("* ") if row[0] != CHOSEN else CHOSEN: row[1:] for row in rows[2:]
    }


def cell(row, name, sign="", factor=1):
    """Mean and interval of a metric in per cent, as the documents have them."""
    values = [100 * factor * row[f"{name}{end}"] for end in ("_mean", "_low", "_high")]
    mean, *bounds = (f"{value:{sign}.1f}" for value in values)
    return f"{mean} [{', '.join(bounds)}]"


@pytest.fixture(scope="module")
def held_out():
    """divisions.csv of the judging study, by the names that the document has."""
    table = pd.read_csv(RESULTS / "best.csv")
    trained = table["method"] == "siamese"
    is_chosen = trained & (table["network"] == "gradients")
    table["name"] = table["name"].mask(trained, OPTIMUM).mask(is_chosen, CHOSEN)
    return table.set_index("name").to_dict("index")


def test_held_out_divisions(held_out):
    shown = table_below(UNSEEN, "Over 16 held-out divisions:")
    assert shown.keys() == held_out.keys()
    for name, cells in shown.items():
        row = held_out[name]
        assert row["n"] == 16
        sets = [cell(row, f"accuracy_{key}") for key in ("b", "a", "joint", "crossed")]
        assert [cells[0], *cells[2:5]] == sets
        assert cells[5:] == [
            f"{row['auc_b_mean']:.3f}",
            f"{100 * row['eer_b_mean']:.1f}",
        ]
        if name != CHOSEN:
            less = [row[f"accuracy_b_less_first{end}"] for end in ("", "_high", "_low")]
            mean, *bounds = (f"{-100 * value:+.1f}" for value in less)
            assert cells[1] == f"{mean} [{', '.join(bounds)}]"


def test_readme_has_the_same(held_out):
    text = " ".join(README.split())
    assert cell(held_out[CHOSEN], "accuracy_b").replace(" [", " % [") in text
    for name in ("whitened pixels", OPTIMUM):
        low, high = (
            -100 * held_out[name][f"accuracy_b_less_first{end}"]
            for end in ("_high", "_low")
        )
        assert f"[{low:.1f}, {high:.1f}]" in text


def test_the_reports_own_division():
    table = pd.read_csv(RESULTS / "best_settings.csv")
    shown = table_below(UNSEEN, "On the report's own division, over 10 seeds:")
    assert len(shown) == len(table)
    for row in table.to_dict("records"):
        name = row["method"]
        if name == "siamese":
            name = CHOSEN if row["network"] == "gradients" else OPTIMUM
        elif isinstance(row["size"], str):
            name = f"{name}, {row['size']}"
        keys = ("b", "a", "joint", "crossed")
        expected = [cell(row, f"accuracy_{key}") for key in keys]
        expected += [f"{row['auc_b_mean']:.3f}", f"{100 * row['eer_b_mean']:.1f}"]
        assert shown[name] == expected
        assert row["n"] == 10


def test_how_far_the_search_foretold():
    table = pd.read_csv(RESULTS / "judged.csv")
    shown = table_below(UNSEEN, "### How far the search foretold it")
    found = [
        f"{mean:.2f} [{low:.2f}, {high:.2f}]".replace("-", "−")
        for mean, low, high in correlations(table, "eer").values()
    ]
    assert [cells[0] for cells in shown.values()] == found


def test_the_search():
    table = pd.read_csv(RESULTS / "search.csv")
    shown = table_below(UNSEEN, "| setting or *baseline*")
    found = [cell(row, "eer_b") for row in table.to_dict("records")]
    assert sorted(cells[0] for cells in shown.values()) == sorted(found)


def test_claims_over_divisions():
    table = pd.read_csv(RESULTS / "divisions_claims.csv")
    shown = table_below(UNSEEN, "## Which claims hold over divisions")
    assert len(shown) == len(table)
    for row in table.to_dict("records"):
        sign = "+" if row["difference"] else ""
        values = [row[f"{key}_divisions"] for key in ("mean", "low", "high")]
        mean, *bounds = (f"{100 * v:{sign}.1f}".replace("-", "−") for v in values)
        cells = shown[row["effect"]]
        assert cells[0] == str(row["claim"])
        assert cells[3:] == [
            f"{mean} [{', '.join(bounds)}]",
            row["verdict_divisions"],
        ]
        assert row["n_divisions"] == 20


def points(value, sign="+"):
    """A share or a difference of shares in per cent or points, as documents have it."""
    return f"{100 * value:{sign}.2f}".replace("-", "−")


def test_the_verdicts_in_the_readme():
    claims = pd.read_csv(RESULTS / "claims.csv")
    shown = table_below(README, "| claim of the report | verdict |")
    shown = {int(name.split(".")[0]): cells for name, cells in shown.items()}
    assert {*shown} == {*claims["claim"]}
    for number, effects in claims.groupby("claim"):
        verdict, found = shown[number]
        assert verdict == effects["verdict_of_claim"].iloc[0]
        means = {
            points(mean, "+" if difference else "")
            for mean, difference in zip(
                effects["mean"], effects["difference"], strict=True
            )
        }
        assert set(re.findall(r"[+−]?[0-9]+\.[0-9]{2}", found)) == means


def test_the_optimum_over_seeds():
    table = pd.read_csv(RESULTS / "replicates.csv")
    optimum = table.query(
        "size == 'small' and l2 == 0.01 and batch_size == 1024 and epochs == 2"
        " and split_by == 'pairs'"
    ).iloc[0]
    baselines = table.set_index("method")["accuracy_a_mean"]
    assert optimum["n"] == 10
    text = " ".join(README.split())
    on_b = cell(optimum, "accuracy_b").replace(" [", " % [")
    for sentence in (
        f"that setting classifies {on_b} of B's pairs correctly",
        f"a standard deviation of {100 * optimum['accuracy_b_sd']:.1f} from",
        f"on A: {100 * optimum['accuracy_a_mean']:.1f} % against "
        f"{100 * baselines['blurred pixels']:.1f} % for blurred pixels and "
        f"{100 * baselines['whitened pixels']:.1f} % for a linear metric",
    ):
        assert sentence in text


@pytest.mark.parametrize("text", [FINDINGS, VERDICTS], ids=["findings", "verdicts"])
def test_the_choice_without_b(text):
    table = pd.read_csv(RESULTS / "choice.csv")
    folds = pd.read_csv(RESULTS / "choice_folds.csv")
    seeds = pd.read_csv(RESULTS / "replicates.csv").query(
        "split_by == 'pairs' and method == 'siamese'"
    )
    axes = ["size", "l2", "batch_size", "epochs"]
    table = table.merge(seeds[[*axes, "accuracy_a_mean"]], on=axes)
    assert len(table) == 8
    scores = folds.groupby(axes)["auc_b"].mean().sort_values()
    assert list(scores.index[-1]) == table.iloc[0][axes].tolist()
    b, a = (
        f"{table['score'].corr(table[name], method='spearman'):.2f}".replace("-", "−")
        for name in ("accuracy_b", "accuracy_a_mean")
    )
    gained = 100 * (table["accuracy_b"].max() - table["accuracy_b"].iloc[0])
    text = " ".join(text.split())
    assert f"rank correlation {a}) and against accuracy on B ({b})" in text
    assert f"{gained:.1f} points" in text
    for row in (table.iloc[0], table.loc[table["accuracy_b"].idxmax()]):
        assert re.search(f"{100 * row['accuracy_b']:.1f}[0-9]? ", text)


def test_settings_over_seeds_beside_the_baselines():
    table = pd.read_csv(RESULTS / "replicates.csv").query("split_by == 'pairs'")
    on_b = 100 * table.set_index("method")["accuracy_b_mean"]
    trained = on_b["siamese"]
    assert trained.max() < on_b["whitened pixels"] < on_b["blurred pixels"]
    below = (trained < on_b["normalised pixels"]).sum()
    text = " ".join(FINDINGS.split())
    for sentence in (
        f"batches of 2048 have {trained.max():.1f} % on B",
        f"reaches the {on_b['blurred pixels']:.1f} % of blurred pixels or the "
        f"{on_b['whitened pixels']:.1f} % of whitened pixels",
        f"Of the {len(trained)} settings {below} stay below the "
        f"{on_b['normalised pixels']:.1f} % of L2-normalised pixels",
    ):
        assert sentence in text


@pytest.mark.parametrize("text", [FINDINGS, VERDICTS], ids=["findings", "verdicts"])
def test_leakage(text):
    table = pd.read_csv(RESULTS / "leakage.csv")
    assert {*table["n"]} == {5}
    on_a, on_b = (table[table["set"] == name] for name in "AB")
    assert len(on_a) == len(on_b) == 8
    optimum = on_a.query("size == 'small' and batch_size == 1024 and epochs == 2")
    low, mean, high = (
        points(optimum[key].item()) for key in ("low", "difference", "high")
    )
    text = " ".join(text.split())
    assert f"{mean} points of A in the optimum [{low}, {high}]" in text
    for rows, name in ((on_a, "A"), (on_b, "B")):
        clear = ((rows["low"] > 0) | (rows["high"] < 0)).sum()
        assert f"on {name} {COUNTS[clear]} of the eight intervals exclude" in text


@pytest.fixture(scope="module")
def grid():
    """Trained runs and baselines of the default study, accuracies in per cent."""
    table = pd.read_csv(RESULTS / "default.csv")
    accuracies = table.filter(regex="^(accuracy|published)_").columns
    table[accuracies] *= 100
    trained = table["method"] == "siamese"
    return table[trained], table[~trained].set_index("method")


@pytest.mark.parametrize("text", [README, FINDINGS], ids=["README", "findings"])
def test_the_grid_of_one_seed(text, grid):
    trained, baselines = grid
    assert len(trained) == 64
    on_b = baselines["accuracy_b"]
    assert on_b["blurred pixels"] > trained["accuracy_b"].max()
    below = (trained["accuracy_b"] < on_b["normalised pixels"]).sum()
    optimum = trained.loc[trained["published_b"].idxmax()]
    text = " ".join(text.split())
    for sentence in (
        f"classifies {on_b['blurred pixels']:.1f} % of B's pairs correctly",
        f"{on_b['normalised pixels']:.1f} %, more than {below} of the",
        f"{optimum['accuracy_b']:.1f} % o",
        f"(report: {optimum['published_b']:.1f} %) and {optimum['accuracy_a']:.1f} % o",
        f"({optimum['published_a']:.1f} %)",
    ):
        assert sentence in text


def test_changes_averaged_over_the_grid(grid):
    trained, baselines = grid
    shown = table_below(FINDINGS, "| change | A, % | B, % |")
    ends = {
        "no L2 to L2": ("l2", 0, 0.01),
        "2 to 5 epochs": ("epochs", 2, 5),
        "small to large network": ("size", "small", "large"),
        "batches of 512 to 4096": ("batch_size", 512, 4096),
    }
    assert shown.keys() == ends.keys()
    for name, (axis, first, last) in ends.items():
        means = trained.groupby(axis)[["accuracy_a", "accuracy_b"]].mean()
        values = zip(means.loc[first], means.loc[last], strict=True)
        assert shown[name] == [f"{a:.1f} to {b:.1f}" for a, b in values]
    text = " ".join(FINDINGS.split())
    best, whitened = (
        trained["accuracy_b"].max(),
        baselines["accuracy_b"]["whitened pixels"],
    )
    assert f"for 2 epochs, has {best:.1f} %" in text
    assert best < whitened
    assert f"have {whitened:.1f} %, more than each setting" in text


def test_mixed_precision_against_float32():
    shown = table_below(HOW_TO, "| precision | A, % | B, % |")
    table = pd.read_csv(RESULTS / "precision.csv").query("method == 'siamese'")
    table[["accuracy_a", "accuracy_b"]] *= 100
    metrics = {"accuracy_a": 2, "accuracy_b": 2, "auc_a": 3, "auc_b": 3}
    runs = {
        precision: rows.set_index("seed")[[*metrics]].sort_index()
        for precision, rows in table.groupby("precision")
    }
    for precision, rows in runs.items():
        assert shown[precision] == [
            f"{rows[name].mean():.{n}f} ± {rows[name].std():.{n}f}"
            for name, n in metrics.items()
        ]
    of_seeds = runs["mixed_bfloat16"] - runs["float32"]
    assert len(of_seeds) == 6
    cells = []
    for name, n in metrics.items():
        mean = of_seeds[name].mean()
        low, high = stats.t.interval(0.95, 5, mean, stats.sem(of_seeds[name]))
        sign = "" if round(mean, n) == 0 else "+"
        cells.append(f"{mean:{sign}.{n}f} [{low:+.{n}f}, {high:+.{n}f}]")
        assert low < 0 < high
    assert shown["difference, mean with 95 % interval"] == [
        text.replace("-", "−") for text in cells
    ]


def test_what_code_defines_is_written_from_it():
    """If it is not: make reference."""
    for path, text in reference.written().items():
        assert path.read_text(encoding="utf-8") == text, path


def test_the_meaning_of_an_axis_has_each_choice():
    for name, axis in AXES.items():
        assert all(f"`{choice}`" in axis.meaning for choice in axis.choices), name


def test_every_figure_and_table_is_of_a_study_that_reruns_it():
    kept = {DOCS / copy for record in RECORDS.values() for copy in record.kept.values()}
    assert kept == {*DOCS.glob("*.png"), *DOCS.glob("results/*")}


def test_every_figure_that_a_document_shows_is_there():
    documents = [ROOT / "README.md", *DOCS.glob("*.md")]
    shown = {
        path.parent / name
        for path in documents
        for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", path.read_text("utf-8"))
    }
    assert shown == {*DOCS.glob("*.png")}
