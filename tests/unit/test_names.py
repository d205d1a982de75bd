"""Names and paths that a user chooses reach no shell, and figures as they are."""

import csv
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from draw_pairs import draw_pairs
from examine_best_setting import draw_classes
from plot_claims import as_markdown, draw_claims
from study import edit_config, make_study, snakemake

from siamese.stored import read_table
from siamese.tables import TEXT_AXES, baseline_rows, markdown_text, trained_rows

SHELL = '\'; touch pwned; $(touch pwned) `touch pwned` "x"'
# Allowed for classes, claims and effects; each must come out as it went in.
ODD = [
    "../../x",
    "; touch pwned",
    "$(touch pwned)",
    "a'b\"c",
    "-rf",
    r"$\frac$ and $x$",
    "a|b",
    "<script>alert(1)</script>",
    "{seed} {{x}} %s",
    "Größe, 衣服",
]


def test_odd_names_come_out_as_they_went_in(study_with_replicates, tmp_path):
    study = shutil.copytree(study_with_replicates, tmp_path / "study")
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    edit_config(study, dataset=config["dataset"] | {"classes": ODD})
    path = study / "config/claims.yaml"
    claims = yaml.safe_load(path.read_text())
    effect = claims["claims"][0]["effects"][0]
    claims["claims"] = [
        {"claim": name, "where": claims["claims"][0]["where"]}
        | {"effects": [effect | {"effect": name}]}
        for name in [*ODD, "NA", "1"]
    ]
    path.unlink()
    path = study / "config/a'b; $(touch pwned).yaml"
    path.write_text(yaml.safe_dump(claims))
    edit_config(study, claims="config/a'b; $(touch pwned).yaml")
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    summary = study / "results/summary"
    with open(summary / "classes.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows} == {*ODD}
    claims = read_table(summary / "claims.csv", ["claim"])
    assert claims["effect"].tolist() == [*ODD, "NA", "1"]
    text = (summary / "claims.md").read_text(encoding="utf-8")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table_rows(text)} == {9}
    assert not list(tmp_path.rglob("pwned"))


def table_rows(markdown):
    return [line for line in markdown.splitlines() if line.startswith("|")]


def texts(figure):
    """What the figure shows, checked to be drawn as it is."""
    figure.draw_without_rendering()
    found = figure.findobj(lambda artist: hasattr(artist, "get_parse_math"))
    return {text.get_text(): text.get_parse_math() for text in found}


def test_class_names_are_no_formulas_in_figures():
    pairs = pd.DataFrame(
        {"left": 0, "right": 0, "left_class": range(10), "right_class": 5, "same": 0}
    )
    images = np.zeros((1, 28, 28), np.uint8)
    figure = draw_pairs({"A": pairs}, images, ODD, np.random.default_rng(0))
    shown = texts(figure)
    assert not any(shown[text] for text in shown if "set A" in text)
    table = pd.DataFrame({"class": ODD, "other_class": ODD, "accuracy": 1.0})
    shown = texts(draw_classes({"A": table, "B": table}, "Title"))
    assert not any(shown[name] for name in ODD)


def claims_table():
    numbers = {
        "n": 2,
        "mean": 0.1,
        "sd": 0.1,
        "low": 0.0,
        "high": 0.2,
        "published": 0.1,
    }
    return pd.DataFrame(
        {
            "claim": 1 + number,
            "statement": name,
            "effect": name,
            "metric": "auc_b",
            "difference": True,
            **numbers,
            "holds_from": 0.0,
            "holds_to": None,
            "verdict": "undecided",
            "verdict_of_claim": "undecided",
        }
        for number, name in enumerate(ODD)
    )


def test_effects_are_no_formulas_in_the_figure():
    shown = texts(draw_claims(claims_table(), pd.Series({"pixels": 0.7})))
    assert not any(shown[f"{n}. {name}"] for n, name in enumerate(ODD, start=1))


def test_claims_are_no_markup_in_the_text():
    rows = table_rows(as_markdown(claims_table()))
    assert r"a\|b" in "".join(rows) and "<script>" not in "".join(rows).replace(
        r"\<script\>", ""
    )
    for text in ODD:
        assert re.sub(r"\\([^\w\s])", r"\1", markdown_text(text)) == text.replace(
            r"\\", "\\"
        )


@pytest.mark.parametrize(
    "size", ["NA", "nan", "null", "16", "1e5", "true", "inf", "01"]
)
def test_any_name_of_a_size_stays_text(tmp_path, size):
    rows = [
        {"size": size, "method": "siamese", "batch_size": 64, "epochs": 2},
        {"size": size, "method": "PCA", "batch_size": None, "epochs": None},
        {"size": "", "method": "pixels", "batch_size": None, "epochs": None},
    ]
    path = tmp_path / "summary.csv"
    pd.DataFrame(rows).assign(split_by="pairs").to_csv(path, index=False)
    summary = read_table(path, (), ["method"], TEXT_AXES)
    assert trained_rows(summary, "pairs")["size"].tolist() == [size]
    names = baseline_rows(summary, "pairs")["name"].tolist()
    assert names == [f"PCA, {size}", "pixels"]


def test_any_path_of_the_project_is_no_command(tmp_path):
    study = make_study(tmp_path / SHELL / "ü -rf #%s")
    (study / SHELL).write_text("threshold: 0.4\n")
    done = snakemake(
        study, "results/verification/seed~0/pairs.png", "--configfile", SHELL
    )
    assert done.returncode == 0, done.stdout
    assert (study / "results/verification/seed~0/pairs.png").exists()
    assert not list(tmp_path.rglob("pwned"))
