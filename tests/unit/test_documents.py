"""What documents say is what the code and the stored tables of the studies have."""

import re
from pathlib import Path

import figures
import numpy as np
import pandas as pd
import pytest
import reference
from scipy import stats

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TABLES = {path.stem: pd.read_csv(path) for path in DOCS.glob("results/*.csv")}
FOLDERS = (ROOT, DOCS, DOCS / "results", ROOT / "config", ROOT / "results")
DOCUMENTS = [path for folder in FOLDERS for path in folder.glob("*.md")]
OPTIMUM = "size == 'small' and l2 == 0.01 and batch_size == 1024 and epochs == 2"
README, FINDINGS = "README.md", "docs/findings.md"
COUNTS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight"]


def text_of(name):
    """A document on one line, with ASCII's minus sign."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").replace("−", "-").split())


@pytest.fixture(scope="module")
def stored():
    """All means with intervals that the tables have, as documents may show them."""
    intervals, judged = [], TABLES["judged"]
    for table in TABLES.values():
        for low in table.filter(like="low"):
            named = {low.replace("low", name) for name in ("mean", "difference")}
            for mean in (named | {low.removesuffix("_low")}) & {*table} - {low}:
                columns = [mean, low, low.replace("low", "high")]
                intervals += table[columns].dropna().to_numpy(float).tolist()
    for name in ("eer_b_mean", "accuracy_b_mean", "accuracy_b_own"):
        # Rank correlations have the interval of Bonett and Wright (2000).
        r = abs(stats.spearmanr(judged["eer_b_development"], judged[name]).statistic)
        half = 1.96 * np.sqrt((1 + r**2 / 2) / (len(judged) - 3))
        intervals.append([r, *np.tanh(np.arctanh(r) + half * np.array([-1, 1]))])
    return {
        tuple(f"{factor * value:.{digits}f}" for value in (mean, *ends))
        for mean, low, high in intervals
        for factor, ends in ((1, (low, high)), (100, (low, high)), (-100, (high, low)))
        for digits in (1, 2)
    }


@pytest.mark.parametrize("name", [README, FINDINGS])
def test_every_interval_is_of_a_stored_table(name, stored):
    number = r"(-?\d+\.\d+)"
    pattern = rf"(?<![\d.]){number}[^\d\[\]|.]{{0,40}}\[{number}, {number}\]"
    assert {*re.findall(pattern, text_of(name).replace("+", ""))} <= stored


def shown(share):
    return f"{100 * share:.1f}"


def quotes():
    """Pairs of a document and what it says of the stored tables."""
    one = TABLES["default"].set_index("method")
    ten = TABLES["replicates"].query("split_by == 'pairs'").set_index("method")
    best, top = one.query(OPTIMUM).iloc[0], ten.query(OPTIMUM).iloc[0]
    a, b, b_of_ten = ten["accuracy_a_mean"], one["accuracy_b"], ten["accuracy_b_mean"]
    weak, blurred = "normalised pixels", "blurred pixels"
    assert len(b["siamese"]) == 64 and (b["siamese"] < b[blurred]).all()
    on_b = shown(best["accuracy_b"]), shown(top["accuracy_b_mean"])
    yield README, f"{shown(top['accuracy_a_mean'])} % against {shown(a[blurred])} %"
    yield FINDINGS, f"reaches {on_b[0]} % on"
    yield README, f"| {on_b[1]} ["
    yield README, f"baseline | {shown(b_of_ten[blurred])} |"
    yield FINDINGS, f"more than {(b['siamese'] < b[weak]).sum()} of the 64 settings"
    below = (b_of_ten["siamese"] < b_of_ten[weak]).sum()
    yield FINDINGS, f"{COUNTS[below]} of the eight stay below"
    for value in (b[weak], b_of_ten[weak], a[blurred], best["accuracy_a"]):
        yield FINDINGS, f"{shown(value)} %"
    ends = {"l2": [0, 0.01], "epochs": [2, 5], "size": ["small", "large"]}
    for axis, values in (ends | {"batch_size": [512, 4096]}).items():
        means = one.loc["siamese"].groupby(axis)[["accuracy_a", "accuracy_b"]].mean()
        cells = (f"{shown(x)} to {shown(y)}" for x, y in means.loc[values].T.to_numpy())
        yield FINDINGS, f"| {' | '.join(cells)} |"
    scores = TABLES["choice"].rename(columns={"auc_b_mean": "score"})
    scores = scores[["size", "l2", "batch_size", "epochs", "score"]]
    both = scores.merge(ten.loc["siamese"])
    assert len(both) == 8
    a, b = (both["score"].corr(both[f"accuracy_{x}_mean"], "spearman") for x in "ab")
    yield FINDINGS, f"correlation {a:.2f}) and against accuracy on B ({b:.2f})"
    lost = both["accuracy_b_mean"] - both["accuracy_b_mean"][both["score"].idxmax()]
    yield FINDINGS, f"{shown(lost.max())} points"
    clear = TABLES["leakage"].query("low > 0 or high < 0")["set"].value_counts()
    yield FINDINGS, f"{COUNTS[clear.get('A', 0)]} of the eight intervals on A excludes"
    yield FINDINGS, f"{COUNTS[clear.get('B', 0)]} of eight intervals excludes zero"
    claims = TABLES["claims"].groupby("claim")["verdict_of_claim"].first()
    n = claims.value_counts().map(COUNTS.__getitem__)
    yield README, f"{n['supported']} is supported, {n['contradicted']} are contradicted"


def test_what_documents_quote():
    for name, quoted in quotes():
        assert quoted in text_of(name), name


def test_verdicts():
    for number, rows in TABLES["claims"].groupby("claim"):
        line = re.search(
            rf"\| {number}\. [^|]*\| ([a-z]+) \| ([^|]*)", text_of(FINDINGS)
        )
        assert line[1] == rows["verdict_of_claim"].iloc[0]
        means = {*re.findall(r"\d+\.\d\d", line[2])}
        assert means == {f"{abs(100 * mean):.2f}" for mean in rows["mean"]}
    table = TABLES["divisions_claims"].set_index(["effect", "claim"])
    pattern = r"^\| ([^|]+) \| (\d) \|(?:[^|]*\|){3} ([a-z]+) \|$"
    lines = re.findall(pattern, (ROOT / FINDINGS).read_text(encoding="utf-8"), re.M)
    for effect, claim, verdict in lines:
        assert table["verdict_divisions"][effect, int(claim)] == verdict
    assert len(lines) > 10


def test_what_code_defines_is_written_from_it():
    """If it is not: make reference."""
    for path, text in reference.written().items():
        assert path.read_text(encoding="utf-8") == text, path


def test_every_figure_and_table_is_of_a_study_that_reruns_it():
    kept = [copies for _, _, copies in figures.STUDIES.values()]
    copies = {figures.place(copy) for copies in kept for copy in copies}
    assert copies == {*DOCS.glob("*.png"), *DOCS.glob("results/*")}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = re.sub(
        r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S
    )
    for link in re.findall(r"\]\((?!http)([^) ]+)\)", text):
        target, _, anchor = link.partition("#")
        place = path.parent / target if target else path
        assert place.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.*)", place.read_text(encoding="utf-8"), re.M)
            names = [re.sub(r"[^\w -]", "", title).strip().lower() for title in titles]
            assert anchor in [name.replace(" ", "-") for name in names], link


def test_every_output_of_a_rule_is_documented():
    rows = (ROOT / "results/README.md").read_text(encoding="utf-8").splitlines()
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for block in re.findall(r"\n    output:\n((?: {8}.*\n)+)", path.read_text()):
            for stem, ending in re.findall(r"/(\w+)(\.(?!rst)[a-z0-9]+)\"", block):
                assert any(f"{stem}." in row and ending in row for row in rows), stem
