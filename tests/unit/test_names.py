"""Names and paths that a user chooses reach no shell, and figures as they are."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from draw_pairs import draw_pairs
from examine_best_setting import class_accuracies, draw_classes
from plot_claims import draw_claims
from show_failures import draw_worst
from study import make_study, snakemake

from siamese.data.stored import read_table
from siamese.stats.tables import TEXT_AXES, name_row

SHELL = '\'; touch pwned; $(touch pwned) `touch pwned` "x"'
# Allowed for classes, claims and effects; each must come out as it went in.
ODD = [
    *("../../x", "; touch pwned", "$(touch pwned)", "a'b\"c", "-rf", "a|b"),
    *(r"$\frac$ and $x$", "<script>alert(1)</script>", "{seed} {{x}} %s"),
    "Größe, 衣服",
]


def test_no_name_and_no_path_is_a_command(tmp_path):
    study = make_study(tmp_path / SHELL / "ü -rf #%s")
    (study / SHELL).write_text(yaml.safe_dump({"dataset": {"classes": ODD}}))
    figure = "results/verification/seed~0/pairs.png"
    done = snakemake(study, figure, "--configfile", SHELL)
    assert done.returncode == 0, done.stdout
    assert (study / figure).exists()
    dataset = json.loads((study / "results/dataset/dataset.json").read_text())
    assert [each["name"] for each in dataset["classes"]] == ODD
    assert not list(tmp_path.rglob("pwned"))


def formulas(figure, part):
    """The texts that have a part, as there are some, and are drawn as formulas."""
    figure.draw_without_rendering()
    texts = figure.findobj(lambda each: hasattr(each, "get_parse_math"))
    texts = [text for text in texts if part in text.get_text()]
    assert texts
    return [text.get_text() for text in texts if text.get_parse_math()]


@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_no_formulas_in_figures():
    pairs = {
        "left": 0,
        "right": 0,
        "left_class": range(10),
        "right_class": 5,
        "same": 0,
    }
    tables = {"A": pd.DataFrame(pairs)}
    images, generator = np.zeros((1, 28, 28, 1), np.uint8), np.random.default_rng(0)
    assert not formulas(draw_pairs(tables, images[..., 0], ODD, generator), " | ")
    distances = {name: {"A": np.zeros(10)} for name in "ab"}
    assert not formulas(draw_worst(images, tables, distances, ODD), " | ")
    table = class_accuracies(tables["A"].assign(right=True), ODD)
    assert not formulas(draw_classes({"A": table, "B": table}, "Title"), "$x$")
    claims = pd.DataFrame({"claim": 1, "statement": ODD, "effect": ODD})
    claims = claims.assign(metric="auc_b", difference=True, n=2, mean=0.1, low=0.0)
    claims = claims.assign(high=0.2, published=0.1, holds_from=0.0, holds_to=None)
    claims = claims.assign(verdict="undecided", verdict_of_claim="undecided")
    assert not formulas(draw_claims(claims, pd.Series({"pixels": 0.7})), "$x$")


@pytest.mark.parametrize("size", ["NA", "nan", "null", "16", "1e5", "true", "inf"])
def test_any_name_of_a_size_stays_text(tmp_path, size):
    rows = [{"size": size, "method": "PCA"}, {"size": "", "method": "pixels"}]
    path = tmp_path / "summary.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    table = read_table(path, (), ["method"], TEXT_AXES)
    names = [name_row(row, []) for row in table.to_dict("records")]
    assert names == [f"PCA, {size}", "pixels"]
