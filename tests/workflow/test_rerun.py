"""Edit one thing in a finished study; exactly what depends on it runs again."""

import os
import re
import shutil

import pytest
import yaml
from study import copy_project, edit_config, snakemake

DATA = {"Putting every image into set A or B"}
LOSS = {"Checking the contrastive loss against NumPy"}
FIGURE = {"Drawing the summary"}
SETTINGS = {"Describing the settings"}
BEST = {"Looking into the best setting"}
SUMMARY = {"Writing the summary"} | SETTINGS | FIGURE | BEST
STAGES = {
    "train": "Training",
    "embed": "Embedding with",
    "evaluate": "Evaluating",
    "plot_curves": "Drawing the curves of",
}


def points(stages, l2=("0.01", "0"), batch_sizes=(64,), epochs=(2, 3), seeds=(0,)):
    """The jobs of some stages for some grid points."""
    return {
        f"{STAGES[stage]} small, L2 {penalty}, batch size {batch_size}, {n} epochs, "
        f"seed {seed}"
        for stage in stages
        for penalty in l2
        for batch_size in batch_sizes
        for n in epochs
        for seed in seeds
    }


def verified(seed=0):
    return {f"Checking every pair of seed {seed} against the originals"}


def drawn(seed=0):
    return {f"Drawing random pairs of seed {seed}"}


def crossed(seed=0):
    return {f"Making the pairs across A and B of seed {seed}"}


def baseline(seed=0):
    return {f"Evaluating baselines on the pairs of seed {seed}"}


def paired(seed=0):
    making = {f"Making the pairs of seed {seed}"}
    return making | crossed(seed) | verified(seed) | drawn(seed) | baseline(seed)


JUDGED = points(["evaluate", "plot_curves"]) | SUMMARY
EMBEDDED = points(["embed"]) | JUDGED
TRAINED = points(["train"]) | EMBEDDED
FROM_PAIRS = paired() | TRAINED
FROM_DATA = DATA | FROM_PAIRS
EVERY_STAGE = list(STAGES)


def planned(study, *arguments):
    """The messages of the jobs that snakemake would run, but for the target."""
    done = snakemake(study, "-n", *arguments)
    assert done.returncode == 0, done.stdout
    jobs = re.findall(r"^Job \d+: (.*)$", done.stdout, re.MULTILINE)
    assert len(jobs) == len(set(jobs))
    return {job for job in jobs if "is complete" not in job and "is made" not in job}


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study, to edit."""
    return shutil.copytree(finished_study, tmp_path / "study")


@pytest.fixture
def replicates(study_with_replicates, tmp_path):
    return shutil.copytree(study_with_replicates, tmp_path / "study")


def test_nothing_changed(study):
    assert planned(study) == set()


def test_nothing_changed_in_the_study_with_replicates(replicates):
    assert planned(replicates, "all", "choice") == set()


@pytest.mark.parametrize("folder", ["workflow", "config", "resources", "profiles"])
def test_touching_files_runs_nothing(study, folder):
    for path in (study / folder).rglob("*.*"):
        os.utime(path)
    assert planned(study) == set()


@pytest.mark.parametrize(
    "name",
    [
        "dataset/images.npy",
        "dataset/partition.csv",
        "pairs/seed~0/A.csv",
        "verification/seed~0/pairs.json",
        "grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/model.keras",
        "grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/metrics.json",
        "summary/summary.csv",
    ],
)
def test_touching_a_result_runs_nothing(study, name):
    os.utime(study / "results" / name)
    assert planned(study) == set()


def test_comment_in_the_config_runs_nothing(study):
    path = study / "config/config.yaml"
    path.write_text("# a comment\n" + path.read_text())
    assert planned(study) == set()


def edit_grid(study, **options):
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    edit_config(study, grid=config["grid"] | options)


def options_name(value):
    """The same in each process, which the order of a set is not."""
    return str(value) if isinstance(value, dict) else "jobs"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"batch_size": [64, 32]}, points(EVERY_STAGE, batch_sizes=[32]) | SUMMARY),
        ({"epochs": [2, 3, 4]}, points(EVERY_STAGE, epochs=[4]) | SUMMARY),
        ({"epochs": [1, 2, 3]}, points(EVERY_STAGE, epochs=[1]) | SUMMARY),
        ({"epochs": [3]}, SUMMARY),
        ({"epochs": [2]}, SUMMARY),
        ({"l2": [0.02, 0]}, points(EVERY_STAGE, l2=["0.02"]) | SUMMARY),
        ({"l2": [0]}, SUMMARY),
    ],
    ids=options_name,
)
def test_change_of_the_grid(study, options, expected):
    edit_grid(study, **options)
    assert planned(study) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seeds": [0, 1]}, paired(1) | points(EVERY_STAGE, seeds=[1]) | SUMMARY),
        ({"threshold": 0.4}, JUDGED),
        ({"margin": 1.5}, LOSS | baseline() | TRAINED),
        ({"precision": "mixed_bfloat16"}, TRAINED),
        ({"sets": {"A": [0, 1, 2, 4, 5, 8], "B": [3, 6, 7, 9]}}, FROM_DATA),
        (
            {"pairs": {"images_per_class": 30, "test_fraction": 0.2, "train": 190}},
            FROM_PAIRS,
        ),
        # the baselines have a network of each size
        (
            {"sizes": {"small": 2, "large": 8}},
            baseline() | points(["plot_curves"]) | SUMMARY,
        ),
        ({"sizes": {"small": 3, "large": 4}}, baseline() | TRAINED),
        ({"choice": {"folds": 3, "seeds": [5], "metric": "accuracy"}}, set()),
    ],
    ids=options_name,
)
def test_change_of_an_option(study, options, expected):
    edit_config(study, **options)
    assert planned(study) == expected


def test_sources_of_the_data_are_no_reason_to_fetch_it_again(study):
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    sources = [{"directory": "elsewhere"}, *config["dataset"]["sources"]]
    edit_config(study, dataset=config["dataset"] | {"sources": sources})
    assert planned(study) == set()


DRAWN_CHOICE = {"Drawing the choice"}
SCRIPTS = {
    "download": set(),  # what it fetches is known by its digest
    "partition": FROM_DATA,
    "make_pairs": FROM_PAIRS,
    "cross_pairs": crossed() | verified() | baseline() | EMBEDDED,
    "verify_pairs": verified(),
    "draw_pairs": drawn(),
    "verify_loss": LOSS,
    "train": TRAINED,
    "embed": EMBEDDED,
    "evaluate": JUDGED,
    "evaluate_baselines": baseline() | points(["plot_curves"]) | SUMMARY,
    "plot_curves": points(["plot_curves"]),
    "summarise": SUMMARY,
    "describe_settings": SETTINGS,
    "plot_summary": FIGURE,
    "examine_best_setting": BEST,
}
# Of the study with replicates.
LATER_SCRIPTS = {
    "compare_splits": {"Comparing both ways of splitting A"},
    "judge_claims": {"Judging the claims", "Drawing the claims"},
    "plot_claims": {"Drawing the claims"},
    "rank_settings": {"Ranking the settings by classes left out of A"} | DRAWN_CHOICE,
    "plot_choice": DRAWN_CHOICE,
}
MODULES = {
    "idx": FROM_DATA,
    "job": FROM_DATA | LOSS,
    "errors": FROM_DATA | LOSS,
    "axes": SUMMARY,
    "checkpoint": TRAINED,
    "figures": points(["plot_curves"]) | FIGURE,
    "gpus": TRAINED,
    "metrics": baseline() | JUDGED,
    "network": LOSS | baseline() | TRAINED,
    "pairs": baseline() | TRAINED,
    "sources": set(),  # as download
    "intervals": SETTINGS,
    "stored": FROM_PAIRS,
    "tables": SUMMARY,
}


def edit(path):
    path.write_text(path.read_text() + "\n# a new line\n")
    os.utime(path, (0, 0))  # an old file: content decides, not time


@pytest.mark.parametrize("name", SCRIPTS)
def test_edit_of_a_script(study, name):
    edit(study / f"workflow/scripts/{name}.py")
    assert planned(study) == SCRIPTS[name]


@pytest.mark.parametrize("name", LATER_SCRIPTS)
def test_edit_of_a_script_of_claims_or_choice(replicates, name):
    edit(replicates / f"workflow/scripts/{name}.py")
    assert planned(replicates, "all", "choice") == LATER_SCRIPTS[name]


def test_edit_of_a_claim(replicates):
    path = replicates / "config/claims.yaml"
    path.write_text(path.read_text().replace("holds: [0, null]", "holds: [0, 1]"))
    assert planned(replicates) == LATER_SCRIPTS["judge_claims"]


def test_a_choice_by_other_folds_trains_those_alone(replicates):
    edit_config(
        replicates, choice={"folds": [[0, 1], [4, 5]], "seeds": [0], "metric": "auc"}
    )
    fold = "leave_out~4-5/"
    jobs = planned(replicates, "choice")
    trained = {job for job in jobs if job.startswith("Training")}
    assert trained == {
        f"Training {fold}small, L2 {l2}, batch size 64, 2 epochs, seed 0"
        for l2 in ("0.01", "0")
    }
    assert all(fold in job for job in jobs - LATER_SCRIPTS["rank_settings"])
    assert planned(replicates) == set()


@pytest.mark.parametrize("name", MODULES)
def test_edit_of_a_module(study, name):
    edit(study / f"workflow/scripts/siamese/{name}.py")
    assert planned(study) == MODULES[name]


def test_all_scripts_and_modules_are_tested(study):
    scripts = study / "workflow/scripts"
    tested = {*SCRIPTS, *LATER_SCRIPTS}
    assert {path.stem for path in scripts.glob("*.py")} == tested
    modules = {path.stem for path in (scripts / "siamese").glob("*.py")}
    assert modules == {*MODULES, "__init__"}


def test_new_import_is_followed(study):
    scripts = study / "workflow/scripts"
    (scripts / "siamese/colours.py").write_text("RED = 'red'\n")
    path = scripts / "siamese/metrics.py"
    path.write_text("from siamese import colours\n" + path.read_text())
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert planned(study) == set()
    edit(scripts / "siamese/colours.py")
    assert planned(study) == MODULES["metrics"]


def test_edit_of_a_caption_runs_nothing(study):
    path = study / "workflow/report/curves.rst"
    path.write_text(path.read_text() + "More.\n")
    assert planned(study) == set()


def test_edit_of_the_reports_values(study):
    path = study / "workflow/data/published.csv"
    path.write_text(path.read_text().replace("0.8212", "0.8213"))
    os.utime(path, (0, 0))  # content decides, not time
    assert planned(study) == SUMMARY


def test_runtime_settings_run_nothing(study):
    path = study / "workflow/rules/train.smk"
    text = path.read_text()
    edited = text.replace("threads: 3", "threads: 1").replace("1500", "3000")
    assert edited != text
    path.write_text(edited)
    profile = study / "profiles/default/config.yaml"
    profile.write_text(profile.read_text() + "latency-wait: 60\n")
    assert planned(study, "--cores", "7") == set()


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("metrics.json", ["evaluate", "plot_curves"]),
        ("model.keras", EVERY_STAGE),
        ("history.csv", EVERY_STAGE),
        ("curves.png", ["plot_curves"]),
    ],
)
@pytest.mark.parametrize("epochs", [2, 3])
def test_deleted_file_of_one_point(study, name, stages, epochs):
    folder = f"size~small,l2~0,batch_size~64,epochs~{epochs},seed~0"
    (study / "results/grid" / folder / name).unlink()
    expected = points(stages, l2=["0"], epochs=[epochs])
    assert planned(study) == expected | (SUMMARY if name != "curves.png" else set())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dataset/images.npy", FROM_DATA),
        ("dataset/labels.npy", FROM_DATA),
        ("dataset/partition.csv", FROM_DATA),
        ("pairs/seed~0/B.csv", FROM_PAIRS),
        ("pairs/seed~0/crossed.csv", crossed() | verified() | baseline() | EMBEDDED),
        ("baselines/seed~0/metrics.json", SCRIPTS["evaluate_baselines"]),
        ("verification/loss.json", LOSS),
        (
            "grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/distances.npz",
            points(["embed", "evaluate", "plot_curves"], l2=["0"], epochs=[2])
            | SUMMARY,
        ),
    ],
)
def test_deleted_intermediate_file_is_made_anew(study, name, expected):
    (study / "results" / name).unlink()
    assert planned(study) == expected


@pytest.mark.parametrize("name", ["model.keras", "distances.npz"])
def test_deleted_intermediate_file_of_a_fold(replicates, name):
    folder = "size~small,l2~0,batch_size~64,epochs~2,seed~0"
    (replicates / "results/leave_out~0-1/grid" / folder / name).unlink()
    jobs = planned(replicates, "all", "choice")
    assert LATER_SCRIPTS["rank_settings"] < jobs
    assert any(job.startswith("Embedding with leave_out~0-1/") for job in jobs)


def test_deleted_data_set_files_run_nothing(study):
    shutil.rmtree(study / "resources")
    assert planned(study) == set()


def test_fresh_clone_over_the_results_runs_nothing(study):
    shutil.rmtree(study / "workflow")
    config = (study / "config/config.yaml").read_text()
    copy_project(study)
    (study / "config/config.yaml").write_text(config)
    assert planned(study) == set()


def test_clone_without_metadata_goes_by_dates(study):
    shutil.rmtree(study / ".snakemake")
    os.utime(study / "workflow/data/published.csv")
    edit(study / "workflow/scripts/train.py")
    assert planned(study) == SUMMARY
