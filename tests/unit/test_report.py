"""What the pages of the report say."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from describe_settings import describe
from show_failures import flattened, images_on_map, worst_pairs
from summaries import summary_of_networks, summary_of_seeds
from write_explorer import content_of, with_poses
from write_overview import headline
from write_overview import main as write_overview

from siamese.data.stored import HISTORY
from siamese.report.best import best_setting, with_setting
from siamese.report.templates import as_script, png_uri
from siamese.study.axes import axes_in


def explore(folder, poses=()):
    """What the explorer shows of `summary_of_networks`, as the page reads it.

    In each further pose all metrics are lower by 0.1 than in the one before.
    """
    summary = summary_of_networks()
    points = summary[summary["method"] == "siamese"].to_dict("records")
    paths = [folder / f"{number}.csv" for number in range(len(points))]
    for path, epochs in zip(paths, (2, 2, 5, 5, 1, 1), strict=True):
        rows = [f"{n},{1 / n},{n / 10},{1 / n},{n / 10}" for n in range(1, epochs + 1)]
        path.write_text("\n".join([",".join(HISTORY), *rows]) + "\n")
    if poses:
        metrics = summary.filter(regex="^(accuracy|auc)")
        runs = summary[["split_by", "seed", "method", *axes_in(summary)]]
        posed = [
            runs.join(metrics - 0.1 * n).assign(pose=pose)
            for n, pose in enumerate(poses)
        ]
        summary = with_poses(summary, pd.concat(posed, ignore_index=True))
    text = as_script(content_of(summary, points, paths) | {"name": "</script>"})
    assert "<" not in text
    return json.loads(text)


def test_explorer_has_each_setting_with_its_means(tmp_path):
    content = explore(tmp_path)
    first, _, third = content["settings"]
    assert first["name"] == "network published, dropout 0.25, not whitened"
    expected = {"dropout": 0.25, "seeds": "2", "accuracy_b": 61, "auc_b": 0.61}
    assert {k: first["values"][k] for k in expected} == pytest.approx(expected)
    assert first["published"]["accuracy_b"] == pytest.approx(82.12)
    assert first["seeds"] == "0, 1"
    # nothing for an axis that the network does not use
    assert third["name"] == "network gradients, whitened by 0.5"
    expected = {"dropout": None, "whitening": 0.5, "accuracy_b": 69}
    assert {k: third["values"][k] for k in expected} == pytest.approx(expected)


def test_explorer_has_columns_and_baselines(tmp_path):
    content = explore(tmp_path)
    columns = {column["label"]: column for column in content["columns"]}
    assert columns["dropout"]["values"] == [0.25, 0.5, "not used"]
    assert columns["dropout"]["ticks"] == [[0, "0.25"], [1, "0.5"]]
    assert columns["dropout"]["places"] == [0, 1, None]
    assert columns["Accuracy on B, %"]["ticks"] == [[0, "61.0"], [1, "69.0"]]
    assert columns["Accuracy on B, %"]["places"] == pytest.approx([0, 0.5, 1])
    # the best on B comes first
    means = [(b["name"], b["values"]["accuracy_b"]) for b in content["baselines"]]
    assert means == [("PCA, small", pytest.approx(77)), ("pixels", pytest.approx(73))]
    assert content["band"]["text"] == "baselines on B, best: PCA, small, 77.0"


def test_explorer_has_the_curves_of_each_seed_up_to_a_limit(tmp_path, monkeypatch):
    curves = [each["curves"] for each in explore(tmp_path)["settings"]]
    assert [len(runs[0]["loss"]) for runs in curves] == [2, 5, 1]
    expected = {"seed": 1, "part": "validation", "epoch": [1, 2, 3, 4, 5]}
    expected |= {"accuracy": [10, 20, 30, 40, 50], "loss": [1, 0.5, 0.33333, 0.25, 0.2]}
    assert curves[1][3] == expected
    monkeypatch.setattr("write_explorer.MOST_RUNS", 1)
    content = explore(tmp_path)
    assert content["left_out"] == 5
    assert [len(each["curves"]) for each in content["settings"]] == [2, 0, 0]


def test_explorer_has_a_row_for_each_pose(tmp_path):
    poses = ("upright", "shift 2", "shift 10")
    content, upright = explore(tmp_path, poses), explore(tmp_path)
    settings = content["settings"]
    assert [each["values"]["pose"] for each in settings[:3]] == sorted(poses)
    assert settings[2]["name"] == f"{upright['settings'][0]['name']}, upright"
    means = {each["values"]["pose"]: each["values"] for each in settings[:3]}
    assert [means[pose]["accuracy_b"] for pose in poses] == pytest.approx([61, 51, 41])
    published = [each["published"]["accuracy_b"] for each in settings[:3]]
    assert published == [None, None, pytest.approx(82.12)]
    # curves once a setting
    curves = [each["curves"] for each in settings]
    assert curves[::3] == [each["curves"] for each in upright["settings"]]
    assert curves[1:3] == [0, 0] and curves[7:] == [6, 6]
    columns = {column["name"]: column for column in content["columns"]}
    assert columns["pose"]["values"] == ["shift 2", "shift 10", "upright"]
    baselines = {b["pose"]: b for b in reversed(content["baselines"])}
    means = [baselines[pose]["values"]["accuracy_b"] for pose in poses]
    assert means == pytest.approx([77, 67, 57])
    assert content["band"] == upright["band"]


def test_the_best_setting_may_use_few_axes():
    summary = summary_of_networks()
    best = best_setting(summary, "pairs")
    assert best["network"] == "gradients" and best["epochs"] is None
    assert with_setting(summary.to_dict("records"), best) == [4, 5]


def test_overview_has_the_best_the_published_and_the_baseline():
    summary = summary_of_seeds()
    # 12.7062 is Student's t of one degree of freedom
    cell = f"75.0 [{75 - 12.7062 * 5:.1f}, {75 + 12.7062 * 5:.1f}]"
    rows = headline(describe(summary), summary, "pairs")
    assert [(row["what"], row["name"], row["cells"][1]) for row in rows] == [
        ("best of 2 trained, chosen by B", "split by pairs, L2 0.01", cell),
        ("highest published on B, here", "split by pairs, L2 0.01", cell),
        ("as published, one run", "", "82.1"),
        ("best untrained baseline", "PCA, small", "76.0 [63.3, 88.7]"),
    ]
    # of one seed the interval of the run
    summary = summary[summary["seed"] == 0].assign(accuracy_b_low=0.6)
    best, *_ = headline(describe(summary), summary, "pairs")
    assert best["cells"][1] == "80.0 [60.0, 80.0]"
    # beside it moderate poses, without an interval
    summary = summary.assign(accuracy_b_posed=0.55)
    rows = headline(describe(summary), summary, "pairs")
    assert [row["cells"][4] for row in rows] == ["55.0", "55.0", "", "55.0"]


def overview(folder, summary, **params):
    """The text of the overview of a summary."""
    texts = {
        "table.csv": summary.to_csv(index=False),
        "settings.csv": describe(summary).to_csv(index=False),
        "dataset.json": json.dumps({"classes": [{"name": n} for n in ("<a>", *"bcd")]}),
        "made_with.csv": "fact,value,pinned,differs,rules\n",
        "figure.png": "figure",
        "claims.csv": "claim,statement,verdict_of_claim\n" + 2 * "1,L2.,contradicted\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    paths = {name.partition(".")[0]: folder / name for name in texts}
    params |= {"dataset": "letters", "sets": {"A": [0, 2], "B": None}, "left_out": 0}
    output = SimpleNamespace(page=folder / "overview.html")
    paths = SimpleNamespace(**paths, explorer="explorer.html")
    job = {"input": paths, "params": SimpleNamespace(**params), "output": output}
    write_overview(SimpleNamespace(**job))
    return output.page.read_text()


def test_overview_says_what_is_weak_in_this_study(tmp_path):
    weak = "trained once", "may also be in a training pair", "One division"
    summary = summary_of_seeds()[lambda rows: rows["split_by"] == "pairs"]
    one_seed = summary[summary["seed"] == 0]
    text = overview(tmp_path, one_seed, split_by="pairs", divisions=1)
    assert all(part in text for part in weak)
    assert "set A (&lt;a&gt;, c)" in text and "(b, d), which no training" in text
    assert f'src="{png_uri(b"figure")}"' in text
    assert text.count('<td class="text contradicted">') == 1
    summary = summary.assign(split_by="images", collapsed=True)
    text = overview(tmp_path, summary, split_by="images", divisions=3)
    assert not any(part in text for part in weak)
    assert "8 networks collapsed" in text and "poses" not in text
    text = overview(
        tmp_path, summary.assign(accuracy_b_posed=0.5), split_by="images", divisions=3
    )
    assert "<th>set B in moderate poses, %</th>" in text and "Poses</a>" in text


def test_worst_pairs_are_the_nearest_different_and_the_farthest_same():
    pairs = pd.DataFrame({"same": [1, 0, 1, 0, 1, 0]})
    distances = np.array([0.1, 0.9, 0.8, 0.2, 0.5, 0.3])
    assert worst_pairs(pairs, distances, 1, 2).tolist() == [2, 4]
    assert worst_pairs(pairs, distances, 0, 9).tolist() == [3, 5, 1]


def test_the_map_has_images_of_each_class_once():
    columns = ["left", "right", "left_class", "right_class"]
    pairs = {"A": [[0, 1, 7, 7], [0, 2, 7, 8]], "B": [[5, 4, 3, 3]] * 2}
    tables = {name: pd.DataFrame(rows, columns=columns) for name, rows in pairs.items()}
    shown = images_on_map(tables, np.random.default_rng(0))
    assert shown == [("A", 7, 0), ("A", 7, 1), ("A", 8, 2), ("B", 3, 4), ("B", 3, 5)]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_the_map_keeps_distances_in_a_plane():
    plane = np.random.default_rng(0).normal(size=(20, 2))
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0][:2]
    places, share = flattened(plane @ turned + 3)
    assert share == pytest.approx(1)
    expected = np.linalg.norm(plane[:, None] - plane, axis=2)
    made = np.linalg.norm(places[:, None] - places, axis=2)
    np.testing.assert_allclose(made, expected)
    # that of a collapsed network is a point
    places, share = flattened(np.ones((5, 3)))
    assert share is None
    assert (places == 0).all()
