"""Real snakemake on a small study, from the files to the summary."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from study import ROOT, content, make_study, planned_jobs, snakemake

LAST = ("made_with.csv", "settings.csv", "summary.md", "overview.html")
POINT = "results/grid/size~small,l2~{},batch_size~64,epochs~{},seed~0"


def test_every_output_is_there(finished_study):
    for l2 in ("0.01", "0"):
        for epochs in (2, 3):
            folder = finished_study / POINT.format(l2, epochs)
            assert sorted(path.name for path in folder.iterdir()) == [
                "curves.png",
                "curves.svg",
                "distances.npz",
                "encoder.keras",
                "history.csv",
                "metrics.json",
                "model.keras",
            ]
            with open(folder / "history.csv", newline="") as file:
                rows = list(csv.DictReader(file))
            assert [row["epoch"] for row in rows] == [str(n + 1) for n in range(epochs)]
    summary = pd.read_csv(finished_study / "results/summary/summary.csv")
    assert (summary["method"] == "siamese").sum() == 4
    assert len(summary) == 4 + 8
    for name in (
        *("summary.md", "summary.png", "summary.svg", "settings.csv"),
        *("classes.csv", "classes.png", "distances.png", "worst_pairs.png"),
        *("overview.html", "explorer.html", "embeddings.html"),
    ):
        assert (finished_study / "results/summary" / name).stat().st_size > 0
    loss = (finished_study / "results/verification/loss.txt").read_text()
    assert "0.15251" in loss
    assert "0.10023" in loss


def documented_outputs():
    """A pattern of the paths that results/README.md lists, below results."""
    text = (ROOT / "results/README.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| (`.+?) \| ", text.split("\n## ")[0], re.MULTILINE):
        first, *others = re.findall("`([^`]+)`", row)
        path = Path(first)
        yield first
        for name in others:
            is_suffix = name.startswith(".")
            yield str(path.with_suffix(name) if is_suffix else path.with_name(name))


def test_the_documentation_lists_every_output(study_with_replicates, divided_study):
    paths = "|".join(map(re.escape, documented_outputs()))
    paths = paths.replace("<point>", "[^/]+").replace("<seed>", "[0-9]+")
    part = "((split_by|leave_out|unseen)~[^/]+/)*"
    found = [
        path.relative_to(study / "results").as_posix()
        for study in (study_with_replicates, divided_study)
        for path in filter(Path.is_file, (study / "results").rglob("*"))
    ]
    assert not [path for path in found if not re.fullmatch(f"{part}({paths})", path)]


def test_what_made_each_result_is_on_record(finished_study):
    path = finished_study / "results/provenance.json"
    record = json.loads(path.read_text())
    config = yaml.safe_load((finished_study / "config/config.yaml").read_text())
    assert record["config"] == config
    assert record["commit"] is None
    rules = {each["made_with"]["rule"] for each in record["results"]}
    assert {"partition", "make_pairs", "train", "embed", "plot_summary"} < rules
    files = [file for each in record["results"] for file in each["files"]]
    assert len(files) == len(set(files))
    results = filter(Path.is_file, (finished_study / "results").rglob("*"))
    expected = {path.relative_to(finished_study).as_posix() for path in results}
    last = ("provenance.json", *map("summary/{}".format, LAST))
    assert set(files) == expected - {f"results/{name}" for name in last}
    table = pd.read_csv(path.with_name("summary") / "made_with.csv")
    assert table["differs"].isna().all()


def test_verification_counts_all_pairs(finished_study):
    path = finished_study / "results/verification/seed~0/pairs.json"
    report = json.loads(path.read_text())
    assert report["images"] == report["distinct_images"] == 300
    assert report["sets"]["A"]["pairs"] == 6 * 2 * 29
    assert report["sets"]["B"]["pairs"] == 4 * 2 * 29
    splits = report["sets"]["A"]["splits"]
    sizes = {name: part["pairs"] for name, part in splits.items()}
    assert sizes == {"test": 69, "train": 200, "validation": 79}
    assert report["sets"]["crossed"]["pairs"] == report["sets"]["B"]["pairs"]
    assert report["pairs_with_an_image_of_training"]["test"] > 0
    assert path.with_name("pairs.png").stat().st_size > 0


def test_joint_is_the_pair_weighted_mean(finished_study):
    summary = pd.read_csv(finished_study / "results/summary/summary.csv")
    for metric in ("accuracy", "loss"):
        mean = (69 * summary[f"{metric}_a"] + 232 * summary[f"{metric}_b"]) / 301
        assert (abs(mean - summary[f"{metric}_joint"]) < 1e-9).all()


def test_a_longer_run_starts_where_the_shorter_ended(finished_study):
    histories = [
        (finished_study / POINT.format("0.01", n) / "history.csv").read_text()
        for n in (2, 3)
    ]
    assert histories[1].startswith(histories[0])
    log = (
        finished_study
        / "logs/train/size~small,l2~0.01,batch_size~64,epochs~3,seed~0.log"
    )
    assert "epochs~2,seed~0/model.keras" in log.read_text()


def test_log_has_each_epochs_loss_and_accuracy(finished_study):
    log = (
        finished_study
        / "logs/train/size~small,l2~0.01,batch_size~64,epochs~2,seed~0.log"
    )
    lines = [x for x in log.read_text().splitlines() if " - val_loss: " in x]
    assert len(lines) == 2
    assert all(" - loss: " in line and " - accuracy: " in line for line in lines)


# The distances of B's pairs, by someone who has Keras and a point's folder alone.
DISTANCES_OF_B = """
import csv, importlib.util
import keras
import numpy as np

assert importlib.util.find_spec("siamese") is None
encoder = keras.saving.load_model("encoder.keras")
embeddings = encoder.predict(np.load("images.npy")[..., None], verbose=0)
with open("B.csv", newline="") as file:
    pairs = [(int(row["left"]), int(row["right"])) for row in csv.DictReader(file)]
left, right = embeddings[np.transpose(pairs)]
print(*np.linalg.norm(left - right, axis=1).tolist())
"""


def test_the_encoder_opens_without_this_project(finished_study, tmp_path):
    results, point = finished_study / "results", POINT.format("0.01", 3)
    for path in (
        *(results / "dataset/images.npy", results / "pairs/seed~0/B.csv"),
        finished_study / point / "encoder.keras",
    ):
        shutil.copy(path, tmp_path)
    command = [sys.executable, "-I", "-c", DISTANCES_OF_B]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [float(distance) for distance in done.stdout.split()]
    with np.load(finished_study / point / "distances.npz") as file:
        expected = file["B"]
    assert len(found) == len(expected) == 4 * 2 * 29
    assert np.ptp(expected) > 0.01
    # The study's distances are at least the root of 1e-7.
    np.testing.assert_allclose(np.maximum(found, 1e-7**0.5), expected, atol=1e-6)


def test_a_finished_study_has_nothing_to_do(finished_study):
    done = snakemake(finished_study)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def most_training(output):
    """Training jobs between start and end at the same moment."""
    running, most = set(), 0
    for line in output.splitlines():
        if match := re.match(r"Job (\d+): Training", line):
            running.add(match[1])
        elif match := re.match(r"Finished jobid: (\d+) \(Rule: train\)", line):
            running.remove(match[1])
        most = max(most, len(running))
    assert not running
    return most


def test_from_scratch_again_gives_the_same(finished_study, tmp_path):
    """With as many networks in training at a time as resources say."""
    study = make_study(tmp_path / "study")
    names = [f"{POINT.format(l2, 2)}/history.csv" for l2 in ("0.01", "0")]
    for gpus in (2, 1):
        done = snakemake(
            study,
            *(*names, "--cores", "8", "--resources", f"gpu={gpus}"),
            *("--set-threads", "train=2"),
        )
        assert done.returncode == 0, done.stdout
        assert most_training(done.stdout) == gpus
        for path in filter(Path.is_file, (study / "results").rglob("*")):
            reference = finished_study / path.relative_to(study)
            assert content(path) == content(reference), path
        assert len(list(study.rglob("model.keras"))) == 2
        shutil.rmtree(study / "results/grid")


def test_one_wrong_pair_stops_everything_after_it(finished_study, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(finished_study, study)
    shutil.rmtree(study / "results" / "grid")
    shutil.rmtree(study / "results" / "verification" / "seed~0")
    path = study / "results/pairs/seed~0/B.csv"
    lines = path.read_text().splitlines()
    left, right, left_class, right_class, same, split = lines[5].split(",")
    lines[5] = ",".join(
        [left, right, left_class, right_class, f"{1 - int(same)}", split]
    )
    path.write_text("\n".join(lines) + "\n")
    done = snakemake(study)
    assert done.returncode != 0
    (error,) = [x for x in done.stdout.splitlines() if x.startswith(f"Error: {path}")]
    assert f"B.csv, line 6: pair ({left}, {right}): same = " in error
    assert not list((study / "results").rglob("model.keras"))
    assert not (study / "results/verification/seed~0/pairs.json").exists()


def test_a_damaged_data_file_is_refused_by_partition(finished_study, tmp_path):
    study = tmp_path / "study"
    shutil.copytree(finished_study, study)
    path = study / "resources/fashion_mnist/t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    shutil.rmtree(study / "results" / "dataset")
    done = snakemake(study)
    assert done.returncode != 0
    error = f"Error: {path.parent}: {path.name}: 78415 bytes, expected 78416"
    assert error in done.stdout
    assert not (study / "results/dataset/images.npy").exists()


@pytest.mark.parametrize(
    ("arguments", "threads"),
    [
        (("--cores", "4", "--resources", "gpu=1"), 3),
        (("--cores", "3", "--resources", "gpu=2"), 1),
        (("--cores", "17", "--resources", "gpu=1"), 16),
        # Of each of two settings one run at a time.
        (("--cores", "17", "--resources", "gpu=16"), 8),
        (("--cores", "17", "--resources", "gpu=2"), 8),
        (("--cores", "2", "--resources", "gpu=1"), 2),
        (("--cores", "1", "--resources", "gpu=1"), 1),
        (("--profile", "profiles/slurm"), 3),
    ],
)
def test_trainings_share_the_cores_but_one(tmp_path, arguments, threads):
    path = tmp_path / "Snakefile"
    path.write_text(
        f'include: "{ROOT / "workflow/Snakefile"}"\n'
        'print("threads:", rules.train.rule.resources["_cores"].value)\n'
    )
    quick = ["--snakefile", path, "--configfile", "config/quick.yaml"]
    # Of the options of one name the last counts.
    done = snakemake(ROOT, "-n", *quick, "--directory", tmp_path, *arguments)
    assert done.returncode == 0, done.stdout
    assert f"threads: {threads}\n" in done.stdout


def test_the_default_study_is_planned(tmp_path):
    done = snakemake(tmp_path, "-n", "--quiet", "rules", "-s", str(ROOT / "Snakefile"))
    assert done.returncode == 0, done.stdout
    once = (
        *("download", "partition", "make_pairs", "cross_pairs", "verify_pairs"),
        *("draw_pairs", "verify_loss", "evaluate_baselines", "summarise"),
        *("describe_settings", "plot_summary", "examine_best_setting"),
        *("write_explorer", "show_failures", "write_overview"),
        *("gather_provenance", "default"),
    )
    of_each_point = ("train", "embed", "evaluate", "plot_curves")
    expected = dict.fromkeys(once, 1) | dict.fromkeys(of_each_point, 64)
    assert planned_jobs(done.stdout) == expected


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"seeds": [0.5]},
            "Error: Config: seeds.0: found 0.5, expected a whole number",
        ),
        ({"choice": {"folds": 9}}, "Error: Config: choice.folds: found [0, 1, 2, 4, 5"),
    ],
    ids=["where it is read", "where it is needed"],
)
def test_bad_config_is_one_line(tmp_path, overlay, message):
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    snakefile = str(ROOT / "Snakefile")
    done = snakemake(tmp_path, "choice", "-s", snakefile, "--configfile", str(path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith(message)
    assert done.stdout.count("Error") == 1 and "Traceback" not in done.stdout
    assert not (tmp_path / "results").exists()


def test_progress_names_the_grid_point(finished_study):
    text = (finished_study / "run.log").read_text()
    assert "Training small, L2 0.01, batch size 64, 2 epochs, seed 0" in text
    assert "of 33 steps" in text


def test_study_with_replicates(study_with_replicates):
    results = study_with_replicates / "results"
    summary = pd.read_csv(results / "summary/summary.csv")
    trained = summary[summary["method"] == "siamese"]
    assert trained.groupby("split_by").size().to_dict() == {"images": 2, "pairs": 4}
    settings = pd.read_csv(results / "summary/settings.csv")
    assert (settings["n"] == 2).all()
    assert settings["accuracy_b_low"].notna().all()
    claims = pd.read_csv(results / "summary/claims.csv")
    assert claims["n"].tolist() == [2, 2]
    both = trained[trained["split_by"] == "pairs"].pivot(
        index="seed", columns="l2", values="accuracy_b"
    )
    assert claims["mean"][0] == pytest.approx((both[0.01] - both[0]).mean())
    leakage = pd.read_csv(results / "summary/leakage.csv")
    assert leakage["set"].tolist() == ["A", "B"]
    for name in ("claims.md", "claims.png", "claims.svg", "leakage.md"):
        assert (results / "summary" / name).stat().st_size > 0


def test_split_by_images_leaks_nothing(study_with_replicates):
    results = study_with_replicates / "results/split_by~images"
    report = json.loads((results / "verification/seed~1/pairs.json").read_text())
    leaks = report["pairs_with_an_image_of_training"]
    assert leaks == {"test": 0, "validation": 0}
    sizes = {
        name: part["pairs"] for name, part in report["sets"]["A"]["splits"].items()
    }
    # of 30 images a class 6 for testing, 200 // 12 + 1 for training, 7 left
    assert sizes == {"test": 12 * 5, "train": 12 * 16, "validation": 12 * 6}


def test_folds_never_see_the_classes_left_out(study_with_replicates):
    folder = study_with_replicates / "results/leave_out~0-1/pairs/seed~0"
    a, b = (pd.read_csv(folder / f"{name}.csv") for name in "AB")
    classes = ["left_class", "right_class"]
    assert set(a[classes].to_numpy().ravel()) == {2, 4, 5, 9}
    assert set(b[classes].to_numpy().ravel()) == {0, 1}
    assert (a["split"] == "train").sum() == 200 * 4 // 6
    choice = study_with_replicates / "results/choice"
    folds = pd.read_csv(choice / "folds.csv")
    assert len(folds) == 2
    table = pd.read_csv(choice / "settings.csv")
    assert table["score"].tolist() == sorted(folds["auc_b"], reverse=True)
    text = (choice / "choice.md").read_text()
    assert "Optimism of choosing by B: " in text
    assert (choice / "choice.png").stat().st_size > 0


def test_choice_is_no_part_of_the_default_study(finished_study):
    assert not (finished_study / "results/choice").exists()
    assert not list((finished_study / "results").glob("leave_out*"))
