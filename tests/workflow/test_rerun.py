"""What a change reruns: a dry run for each row of the table in docs/reference.md.

Which code a rule listens to is tested in unit/test_digests.py, and what a config
makes of a study in unit/test_study.py.
"""

import os
import re
import shutil
from importlib.metadata import version

import pytest
import yaml
from study import copy_project, edit_config, snakemake

DATA = {"Putting every image into set A or B"}
LOSS = {"Checking the loss against NumPy"}
# Last comes what says which versions made the rest.
LAST = {
    "Gathering what the results were made with",
    *("Describing the settings", "Writing the overview"),
}
SUMMARY = LAST | {
    *("Writing the summary", "Drawing the summary", "Looking into the best setting"),
    *("Writing the explorer", "Showing where the best setting fails"),
}
CLAIMS = LAST | {"Judging the claims", "Drawing the claims"}
CHOICE = {"Ranking the settings by classes left out of A", "Drawing the choice"}
STAGES = {
    "train": "Training",
    "embed": "Embedding with",
    "evaluate": "Evaluating",
    "plot_curves": "Drawing the curves of",
}


def points(
    stages,
    l2=("0.01", "0"),
    batch_sizes=(64,),
    epochs=(2, 3),
    seeds=(0,),
    others=("",),
):
    """The jobs of some stages for some grid points."""
    return {
        f"{STAGES[stage]} small, L2 {penalty}, batch size {batch_size}, {n} epochs"
        f"{other}, seed {seed}"
        for stage in stages
        for penalty in l2
        for batch_size in batch_sizes
        for n in epochs
        for seed in seeds
        for other in others
    }


def of_seed(*jobs, seed=0):
    return {f"{job} seed {seed}" for job in jobs}


def verified(seed=0):
    return {f"Checking every pair of seed {seed} against the originals"}


def crossed(seed=0):
    return of_seed("Making the pairs across A and B of", seed=seed)


def baselines(seed=0):
    return of_seed("Evaluating baselines on the pairs of", seed=seed)


def paired(seed=0):
    made = of_seed("Making the pairs of", "Drawing random pairs of", seed=seed)
    return made | crossed(seed) | verified(seed) | baselines(seed)


JUDGED = points(["evaluate", "plot_curves"]) | SUMMARY
EMBEDDED = points(["embed"]) | JUDGED
TRAINED = points(["train"]) | EMBEDDED
FROM_PAIRS = paired() | TRAINED
FROM_DATA = DATA | FROM_PAIRS
EVERY_STAGE = list(STAGES)
FACTORS = (",dropout~0.5", ",dropout~0.5,learning_rate~0.01", ",learning_rate~0.01")
OF_BASELINES = baselines() | points(["plot_curves"]) | SUMMARY


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


def edit(path, old="", new="\n# a new line\n"):
    """Replace a text in a file, or add one; to an old file, since content decides."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else text + new)
    os.utime(path, (0, 0))


def test_what_changes_no_result_runs_nothing(study):
    """Dates, comments, captions, resources, profiles, other sources of the data."""
    for folder in ("workflow", "config", "resources", "profiles"):
        for path in (study / folder).rglob("*.*"):
            os.utime(path)
    for name in ("dataset/images.npy", "pairs/seed~0/A.csv", "summary/summary.csv"):
        os.utime(study / "results" / name)
    for path in (study / "results/grid").glob("*/*"):
        os.utime(path)
    edit(study / "config/config.yaml")
    edit(study / "workflow/report/curves.rst", new="More.\n")
    edit(study / "workflow/rules/train.smk", "training_threads()", "1")
    edit(study / "workflow/rules/train.smk", "mem_mb=3000", "mem_mb=4000")
    edit(study / "profiles/default/config.yaml", new="latency-wait: 60\n")
    edit(study / "workflow/scripts/download.py")
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    sources = [{"directory": "elsewhere"}, *config["dataset"]["sources"]]
    edit_config(
        study,
        dataset=config["dataset"] | {"sources": sources},
        choice={"folds": 3, "seeds": [5], "metric": "accuracy"},
    )
    shutil.rmtree(study / "resources")
    assert planned(study, "--cores", "7") == set()


def test_a_fresh_clone_over_the_results_runs_nothing(study):
    config = (study / "config/config.yaml").read_text()
    shutil.rmtree(study / "workflow")
    copy_project(study)
    (study / "config/config.yaml").write_text(config)
    assert planned(study) == set()


def test_after_an_upgrade_older_results_are_named_and_kept(study):
    for path in (study / "logs/train").iterdir():
        edit(path, f'"keras": "{version("keras")}"', '"keras": "3.0.0"')
    done = snakemake(study, "-n")
    assert f"keras 3.0.0 (now {version('keras')})" in done.stdout
    assert "end the command with --forcerun train\n" in done.stdout
    assert planned(study) == set()
    assert planned(study, "--forcerun", "train") == TRAINED
    done = snakemake(study, "--forcerun", "compare_splits", "plot_summary")
    assert done.returncode == 0, done.stdout
    text = (study / "results/summary/summary.md").read_text()
    (row,) = [line for line in text.split("\n") if "| 3.0.0" in line]
    assert "keras" in row
    assert "between results" in row


def test_without_metadata_dates_count(study):
    shutil.rmtree(study / ".snakemake")
    edit(study / "workflow/scripts/train.py")
    os.utime(study / "workflow/data/published.csv")
    assert planned(study) == SUMMARY


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"epochs": [1, 2, 3, 4]}, points(EVERY_STAGE, epochs=[1, 4]) | SUMMARY),
        (
            {"batch_size": [64, 32]},
            points(EVERY_STAGE, batch_sizes=[32]) | SUMMARY,
        ),
        ({"l2": [0.02, 0]}, points(EVERY_STAGE, l2=["0.02"]) | SUMMARY),
        ({"l2": [0], "epochs": [3]}, SUMMARY),
        (
            {"head": ["softmax", "unit"]},
            points(EVERY_STAGE, others=[",head~unit"]) | SUMMARY,
        ),
        (
            {"learning_rate": [0.001, 0.01], "dropout": [0.5, 0.25], "epochs": [2]},
            points(EVERY_STAGE, epochs=[2], others=FACTORS) | SUMMARY,
        ),
        ({"kernel_size": [3], "dense_width": [8], "network": ["published"]}, set()),
        ({"sample": 3}, SUMMARY),
    ],
    ids=[
        *("epochs added", "batch size added", "L2 value replaced", "values removed"),
        *("axis added", "two axes added", "the report's values named", "a sample"),
    ],
)
def test_change_of_the_grid(study, options, expected):
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    edit_config(study, grid=config["grid"] | options)
    assert planned(study) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seeds": [0, 1]}, paired(1) | points(EVERY_STAGE, seeds=[1]) | SUMMARY),
        ({"threshold": 0.4}, JUDGED),
        (
            {"margin": 1.5},
            LOSS | baselines() | points(EVERY_STAGE, others=[",margin~1.5"]) | SUMMARY,
        ),
        (
            {"precision": "mixed_bfloat16"},
            points(EVERY_STAGE, others=[",precision~mixed_bfloat16"]) | SUMMARY,
        ),
        ({"sets": {"A": [0, 1, 2, 4, 5, 8], "B": [3, 6, 7, 9]}}, FROM_DATA),
        (
            {"pairs": {"images_per_class": 30, "test_fraction": 0.2, "train": 190}},
            FROM_PAIRS,
        ),
        # the baselines have a network of each size
        ({"sizes": {"small": 2, "large": 8}}, OF_BASELINES),
        ({"sizes": {"small": 3, "large": 4}}, baselines() | TRAINED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "jobs",
)
def test_change_of_an_option(study, options, expected):
    edit_config(study, **options)
    assert planned(study) == expected


def test_a_new_network_is_trained_alone(study):
    networks = study / "workflow/scripts/siamese/networks"
    shutil.copy(networks / "published.py", networks / "mine.py")
    assert planned(study) == set()
    config = yaml.safe_load((study / "config/config.yaml").read_text())
    edit_config(study, grid=config["grid"] | {"network": ["published", "mine"]})
    assert planned(study) == points(EVERY_STAGE, others=[",network~mine"]) | SUMMARY
    edit(networks / "residual.py")
    assert planned(study) == points(EVERY_STAGE, others=[",network~mine"]) | SUMMARY


def test_edit_of_a_network(study):
    edit(study / "workflow/scripts/siamese/networks/published.py")
    assert planned(study) == baselines() | TRAINED


def test_edit_of_a_claim(replicates):
    edit(replicates / "config/claims.yaml", "holds: [0, null]", "holds: [0, 1]")
    assert planned(replicates, "all", "choice") == CLAIMS


def test_edit_of_a_published_value(study):
    edit(study / "workflow/data/published.csv", "0.8212", "0.8213")
    assert planned(study) == SUMMARY


def test_edit_of_a_module_that_all_scripts_import(study):
    edit(study / "workflow/scripts/siamese/errors.py")
    assert planned(study) == FROM_DATA | LOSS


def test_edit_of_a_script_in_the_middle(replicates):
    edit(replicates / "workflow/scripts/judge_claims.py")
    edit(replicates / "workflow/scripts/compare_splits.py")
    edit(replicates / "workflow/scripts/rank_settings.py")
    expected = CLAIMS | CHOICE | {"Comparing both ways of splitting A"}
    assert planned(replicates, "all", "choice") == expected


def test_other_folds_are_trained_alone(replicates):
    choice = {"folds": [[0, 1], [4, 5]], "seeds": [0], "metric": "auc"}
    edit_config(replicates, choice=choice)
    fold = "leave_out~4-5/"
    jobs = planned(replicates, "choice")
    trained = {job for job in jobs if job.startswith("Training")}
    assert trained == {
        f"Training {fold}small, L2 {l2}, batch size 64, 2 epochs, seed 0"
        for l2 in ("0.01", "0")
    }
    others = {job for job in jobs - CHOICE if fold not in job}
    assert others == {"Gathering what the choice was made with"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/model.keras"],
            points(EVERY_STAGE, l2=["0"], epochs=[2]) | SUMMARY,
        ),
        (
            [
                "grid/size~small,l2~0,batch_size~64,epochs~3,seed~0/history.csv",
                "grid/size~small,l2~0.01,batch_size~64,epochs~2,seed~0/distances.npz",
                "grid/size~small,l2~0.01,batch_size~64,epochs~3,seed~0/encoder.keras",
                "verification/loss.json",
            ],
            points(EVERY_STAGE, l2=["0"], epochs=[3])
            | points(["embed", "evaluate", "plot_curves"], l2=["0.01"], epochs=[2, 3])
            | LOSS
            | SUMMARY,
        ),
        (
            [
                "grid/size~small,l2~0,batch_size~64,epochs~3,seed~0/metrics.json",
                "grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/curves.png",
            ],
            points(["evaluate"], l2=["0"], epochs=[3])
            | points(["plot_curves"], l2=["0"])
            | SUMMARY,
        ),
        (["dataset/labels.npy"], FROM_DATA),
        (["pairs/seed~0/B.csv"], FROM_PAIRS),
        (["pairs/seed~0/crossed.csv"], crossed() | verified() | baselines() | EMBEDDED),
        (["baselines/seed~0/metrics.json"], OF_BASELINES),
    ],
    ids=lambda value: value[0].split("/")[-1] if isinstance(value, list) else "jobs",
)
def test_deleted_files_are_regenerated(study, names, expected):
    for name in names:
        (study / "results" / name).unlink()
    assert planned(study) == expected


def test_deleted_file_of_a_fold(replicates):
    folder = "size~small,l2~0,batch_size~64,epochs~2,seed~0"
    (replicates / "results/leave_out~0-1/grid" / folder / "distances.npz").unlink()
    jobs = planned(replicates, "all", "choice")
    assert jobs > CHOICE
    assert any(job.startswith("Embedding with leave_out~0-1/") for job in jobs)
