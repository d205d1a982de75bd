"""Names and paths that a user chooses reach no shell, and figures as they are."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from draw_pairs import draw_pairs
from examine_best_setting import class_accuracies, draw_classes
from plot_claims import draw_claims
from show_failures import draw_worst, images_on_map, write_map
from study import make_study, snakemake

from siamese.data.stored import read_table
from siamese.report.figures import short
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


def test_figures_of_many_classes_show_what_one_can_tell_apart(tmp_path):
    classes = np.arange(45)
    names = [f"{n:02} {'x' * 170}" for n in classes]
    sides = dict.fromkeys(("left", "right", "left_class", "right_class"), classes)
    tables = {"A": pd.DataFrame(sides)[:30], "B": pd.DataFrame(sides)[30:]}
    rates = class_accuracies(pd.DataFrame(sides).assign(right=True), names)
    axis, *_ = draw_classes({"A": rates, "B": rates}, "Title").axes
    labels = [text.get_text() for text in axis.get_yticklabels()]
    assert labels == [f"{n:02} {'x' * 20}…" for n in range(0, 45, 3)]
    assert axis.get_yticks().tolist() == [*range(0, 45, 3)]
    shown = images_on_map(tables, np.random.default_rng(0))
    assert [label for _, label, _ in shown] == [*range(6), *range(30, 36)]
    images = np.zeros((45, 28, 28, 1), np.uint8)
    write_map(tmp_path / "map.html", shown, images, names, {"pixels": np.eye(12)})
    assert "12 of 45 classes are shown" in (tmp_path / "map.html").read_text()
    assert short("T-shirt/top") == "T-shirt/top"


@pytest.mark.parametrize("size", ["NA", "nan", "null", "16", "1e5", "true", "inf"])
def test_any_name_of_a_size_stays_text(tmp_path, size):
    rows = [{"size": size, "method": "PCA"}, {"size": "", "method": "pixels"}]
    path = tmp_path / "summary.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    table = read_table(path, (), ["method"], TEXT_AXES)
    names = [name_row(row, []) for row in table.to_dict("records")]
    assert names == [f"PCA, {size}", "pixels"]
