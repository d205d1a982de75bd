"""What the pages of the report say, and the comparison of two studies."""

import json

import numpy as np
import pandas as pd
import pytest
from compare import compare, differences, flat
from compare import main as compare_main
from show_failures import flattened, on_the_map, worst_pairs
from study import ROOT
from write_explorer import content_of
from write_overview import (
    headline,
    named_sets,
    verdicts,
    weaknesses,
    with_single_runs,
)

from siamese.labels import aligned
from siamese.metrics import METRICS, TEST_SETS, column
from siamese.pages import as_script
from siamese.stored import HISTORY
from siamese.study import Study, with_defaults

SEEDS = (0, 1)
# Accuracy on A and on B of each setting at seed 0; seed 1 has 0.02 more.
SETTINGS = {(512, 2): (0.8, 0.7), (1024, 2): (0.9, 0.72), (4096, 5): (0.7, 0.6)}
BASELINES = {"pixels": (0.72, 0.65), "blurred pixels": (0.7, 0.71)}


def run(method, accuracies, seed, **setting):
    """A row of summary.csv."""
    row = dict(size="small", l2=0.01, batch_size=None, epochs=None) | setting
    row |= {"seed": seed, "method": method, "split_by": "pairs", "collapsed": False}
    both = dict(zip("AB", accuracies, strict=True))
    for test_set in TEST_SETS:
        accuracy = both.get(test_set, 0.75) + 0.02 * seed
        values = dict.fromkeys(METRICS, 0.5) | {"accuracy": accuracy}
        row |= {column(name, test_set): value for name, value in values.items()}
        row[f"{column('accuracy', test_set)}_low"] = accuracy - 0.01
        row[f"{column('accuracy', test_set)}_high"] = accuracy + 0.01
    published = 0.8212 if setting.get("batch_size") == 1024 else None
    return row | {f"published_{name}": published for name in ("a", "b", "joint")}


def summary_of(seeds=SEEDS):
    rows = [
        run("siamese", accuracies, seed, batch_size=batch_size, epochs=epochs)
        for (batch_size, epochs), accuracies in SETTINGS.items()
        for seed in seeds
    ]
    rows += [
        run(name, accuracies, seed, size=None, l2=None)
        for name, accuracies in BASELINES.items()
        for seed in seeds
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def content(tmp_path):
    """What the explorer shows of a study whose curves rise with the epochs."""
    points, paths = [], []
    for batch_size, epochs in SETTINGS:
        for seed in SEEDS:
            path = tmp_path / f"{batch_size}-{epochs}-{seed}.csv"
            rows = [
                f"{n},{1 / n},{n / 10},{1 / n},{n / 10}" for n in range(1, epochs + 1)
            ]
            path.write_text("\n".join([",".join(HISTORY), *rows]) + "\n")
            paths.append(path)
            point = {"size": "small", "l2": 0.01, "batch_size": batch_size}
            points.append(point | {"epochs": epochs, "seed": seed, "split_by": "pairs"})
    return content_of(summary_of(), points, paths)


def test_sets_are_named_also_where_only_the_files_tell_the_classes():
    sets = {"A": ["b", "d"], "B": ["a", "c"]}
    assert named_sets({"A": [1, 3], "B": None}, list("abcd")) == sets
    assert named_sets({"A": [1, 3], "B": [0, 2]}, list("abcd")) == sets


def test_explorer_has_each_setting_with_its_means_in_order(content):
    assert [axis["label"] for axis in content["axes"]] == ["batch size", "epochs"]
    assert [each["values"] for each in content["settings"]] == [
        [512, 2],
        [1024, 2],
        [4096, 5],
    ]
    first = content["settings"][0]
    assert first["name"] == "batch size 512, 2 epochs"
    assert first["seeds"] == [0, 1]
    assert first["metrics"]["accuracy_a"] == pytest.approx(81)
    assert first["metrics"]["accuracy_b"] == pytest.approx(71)
    assert first["published"] == [None] * 3
    assert content["settings"][1]["published"] == pytest.approx([82.12] * 3)


def test_explorer_has_the_baselines_best_on_b_first(content):
    found = [(b["name"], b["metrics"]["accuracy_b"]) for b in content["baselines"]]
    assert found == [
        ("blurred pixels", pytest.approx(72)),
        ("pixels", pytest.approx(66)),
    ]


def test_explorer_has_the_curves_of_each_seed(content):
    lengths = [[len(run["loss"]) for run in runs] for runs in content["curves"]]
    assert lengths == [[2, 2], [2, 2], [5, 5]]
    assert content["curves"][2][1] == {
        "seed": 1,
        "accuracy": [10, 20, 30, 40, 50],
        "val_accuracy": [10, 20, 30, 40, 50],
        "loss": [1, 0.5, 0.33333, 0.25, 0.2],
        "val_loss": [1, 0.5, 0.33333, 0.25, 0.2],
    }


def test_curves_beyond_the_limit_are_left_out_and_counted(
    content, monkeypatch, tmp_path
):
    monkeypatch.setattr("write_explorer.MOST_RUNS", 2)
    points = [
        {"size": "small", "l2": 0.01, "batch_size": size, "epochs": n}
        | {"seed": 0, "split_by": "pairs"}
        for size, n in SETTINGS
    ]
    paths = sorted(tmp_path.glob("*-0.csv"), key=lambda p: int(p.name.split("-")[0]))
    found = content_of(summary_of([0]), points, paths)
    assert found["left_out"] == 1
    assert [len(runs) for runs in found["curves"]] == [1, 1, 0]


def test_lines_stand_where_the_upright_axes_say(content):
    axes, places = content["parallel"]["axes"], content["parallel"]["places"]
    assert axes[0]["ticks"] == [[0, "512"], [0.5, "1024"], [1, "4096"]]
    assert [line[0] for line in places] == [0, 0.5, 1]
    number = [axis["label"] for axis in axes].index("accuracy on B, %")
    assert axes[number]["ticks"] == [[0, "61.0"], [1, "73.0"]]
    assert [line[number] for line in places] == pytest.approx([10 / 12, 1, 0], abs=1e-5)


def test_content_is_json_that_no_text_can_end():
    text = as_script({"name": "</script><b>"})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><b>"}


def settings_of(summary):
    from describe_settings import describe

    return with_single_runs(describe(summary), summary)


def test_overview_has_the_best_the_published_and_the_baseline():
    rows = headline(settings_of(summary_of([0])), "pairs")
    found = [(row["what"], row["name"], row["cells"][:2]) for row in rows]
    assert found == [
        (
            "best of 3 trained, chosen by B",
            "batch size 1024, 2 epochs",
            ["90.0 [89.0, 91.0]", "72.0 [71.0, 73.0]"],
        ),
        (
            "highest published on B, here",
            "batch size 1024, 2 epochs",
            ["90.0 [89.0, 91.0]", "72.0 [71.0, 73.0]"],
        ),
        ("as published, one run", "", ["82.1", "82.1"]),
        (
            "best untrained baseline",
            "blurred pixels",
            ["70.0 [69.0, 71.0]", "71.0 [70.0, 72.0]"],
        ),
    ]


def test_overview_of_several_seeds_has_their_interval():
    rows = headline(settings_of(summary_of()), "pairs")
    # t of 1 degree of freedom times half of the difference of two values
    half = 12.7062 * 1
    assert rows[0]["cells"][1] == f"73.0 [{73 - half:.1f}, {73 + half:.1f}]"


def test_overview_says_what_is_weak_in_this_study():
    text = " ".join(weaknesses(summary_of([0]), "pairs", 1))
    for part in ("trained once", "may also be in a training pair", "One division"):
        assert part in text
    text = " ".join(weaknesses(summary_of().assign(collapsed=True), "images", 3))
    for part in ("trained once", "may also be", "One division"):
        assert part not in text
    assert "10 networks collapsed" in text


def test_overview_has_each_claim_once():
    claims = pd.DataFrame({"claim": [1, 1, 2], "statement": ["a", "a", "b"]})
    claims["verdict_of_claim"] = ["contradicted", "contradicted", "supported"]
    assert verdicts(claims) == [[1, "a", "contradicted"], [2, "b", "supported"]]


def test_worst_pairs_are_the_nearest_different_and_the_farthest_same():
    pairs = pd.DataFrame({"same": [1, 0, 1, 0, 1, 0]})
    distances = np.array([0.1, 0.9, 0.8, 0.2, 0.5, 0.3])
    assert worst_pairs(pairs, distances, 1, 2).tolist() == [2, 4]
    assert worst_pairs(pairs, distances, 0, 9).tolist() == [3, 5, 1]


def test_the_map_has_images_of_each_class_once():
    columns = ["left", "right", "left_class", "right_class"]
    tables = {
        "A": pd.DataFrame([[0, 1, 7, 7], [0, 2, 7, 8]], columns=columns),
        "B": pd.DataFrame([[5, 4, 3, 3], [5, 4, 3, 3]], columns=columns),
    }
    found = on_the_map(tables, np.random.default_rng(0))
    expected = [("A", 7, 0), ("A", 7, 1), ("A", 8, 2), ("B", 3, 4), ("B", 3, 5)]
    assert found == expected


def test_the_map_keeps_distances_in_a_plane():
    plane = np.random.default_rng(0).normal(size=(20, 2))
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0][:2]
    found, share = flattened(plane @ turned + 3)
    assert share == pytest.approx(1)
    expected = np.linalg.norm(plane[:, None] - plane, axis=2)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), expected)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_the_map_of_a_collapsed_network_is_a_point():
    found, share = flattened(np.ones((5, 3)))
    assert share is None
    assert (found == 0).all()


def test_curves_are_labelled_by_what_varies_alone():
    """Not by widths that follow from the size."""
    study = Study.from_config(with_defaults({}, ROOT), ROOT)
    assert [*study.labels.texts] == ["size", "L2", "batch size", "epochs"]


def test_labels_stand_below_each_other():
    assert aligned([512, 4096]) == {512: "\N{FIGURE SPACE}512", 4096: "4096"}
    assert aligned([0.25, 10.0]) == {0.25: "\N{FIGURE SPACE}0.25", 10.0: "10"}
    assert aligned(["bb", "a"]) == {"bb": "bb", "a": "a"}


def test_what_differs_of_two_configs_is_named_by_option():
    first = {"seeds": [0], "pairs": {"train": 6, "test_fraction": 0.2}, "claims": None}
    second = {"seeds": [0, 1], "pairs": {"train": 6}, "claims": None}
    assert differences(flat(first), flat(second)) == [
        ["seeds", "[0]", "[0, 1]"],
        ["pairs.test_fraction", "0.2", "not stated"],
    ]


@pytest.fixture
def two_studies(tmp_path):
    """The studies of one setting less and one axis more."""
    folders = [tmp_path / name for name in ("first", "second")]
    summaries = [summary_of([0]), summary_of([0]).assign(head="linear")]
    rows = summaries[1]["batch_size"] == 512
    summaries[1].loc[rows, ["head", "accuracy_b"]] = "softmax", 0.75
    from describe_settings import describe

    for folder, summary in zip(folders, summaries, strict=True):
        (folder / "results/summary").mkdir(parents=True)
        describe(summary).to_csv(folder / "results/summary/settings.csv", index=False)
        record = {"config": {"sizes": {"small": 16}, "seeds": [0]}}
        (folder / "results/provenance.json").write_text(json.dumps(record))
    return folders


def test_two_studies_are_compared_by_the_settings_of_both(two_studies, capsys):
    found = compare(two_studies)
    assert found["differs"] == []
    # the other two have another head in the second study
    assert [row[4:7] for row in found["rows"]] == [["70.00", "75.00", "+5.00"]]
    assert found["notes"] == [
        "2 settings only in the first.",
        "2 settings only in the second.",
    ]
    page = two_studies[0] / "page.html"
    compare_main([*map(str, two_studies), "--page", str(page)])
    assert "+5.00" in capsys.readouterr().out
    assert "+5.00" in page.read_text()


def test_two_points_are_compared_by_their_parameters_and_metrics(tmp_path):
    folders = []
    for batch_size, loss in ((512, 0.1), (1024, 0.4)):
        folder = tmp_path / f"grid/size~small,batch_size~{batch_size},seed~0"
        folder.mkdir(parents=True)
        judged = dict.fromkeys((*METRICS, "accuracy_low", "accuracy_high"), 0.5)
        metrics = {name: judged | {"loss": loss} for name in TEST_SETS}
        metrics |= {"threshold_tuned": 0.5, "threshold_unseen": 0.5, "collapsed": False}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        folders.append(folder)
    found = compare(folders)
    assert found["differs"] == [["batch_size", "512", "1024"]]
    assert ["contrastive loss on A", "0.1000", "0.4000", "+0.3000"] in found["rows"]
    assert ["accuracy on B, %", "50.00", "50.00", "+0.00"] in found["rows"]


def test_folders_that_cannot_be_compared_are_named(two_studies, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match=r"empty: no metrics\.json, and no summary"):
        compare_main([str(two_studies[0]), str(tmp_path / "empty")])
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit):
        compare_main([str(two_studies[0]), ""])
    assert "found nothing, expected a folder" in capsys.readouterr().err
