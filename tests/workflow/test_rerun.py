"""What a change reruns: a dry run for each row of the table in docs/reference.md.

Which code a rule listens to is tested in unit/test_digests.py, and what a config
makes of a study in unit/test_study.py.
"""

import os
import re
import shutil

import pytest
import yaml
from study import GRID, PAIRS, copy_project, edit_config, snakemake

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
STAGES = ("Training", "Embedding with", "Evaluating", "Drawing the curves of")


def points(stages=STAGES, epochs=(2, 3), further=""):
    """The jobs of some stages for some grid points."""
    return {
        f"{stage} small, L2 0, batch size 64, {n} epochs{further}, seed 0"
        for stage in stages
        for n in epochs
    }


CROSSED = {
    "Making the pairs across A and B of seed 0",
    "Checking every pair of seed 0 against the originals",
}
BASELINES = {"Evaluating baselines on the pairs of seed 0"}
PAIRED = {"Making the pairs of seed 0", "Drawing random pairs of seed 0"}
JUDGED = points(STAGES[2:]) | SUMMARY
TRAINED = BASELINES | points() | SUMMARY
FROM_PAIRS = PAIRED | CROSSED | TRAINED
SCRIPTS = "workflow/scripts"
NETWORKS = f"{SCRIPTS}/siamese/model/networks"


def edit(path, old="", new="\n# a new line\n"):
    """Replace a text in a file, or add one; to an old file, since content decides."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new) if old else text + new)
    os.utime(path, (0, 0))


def planned(study, *arguments):
    """The messages of the jobs that snakemake would run, but for the target."""
    done = snakemake(study, "-n", *arguments)
    assert done.returncode == 0, done.stdout
    jobs = re.findall(r"^Job \d+: (.*)$", done.stdout, re.MULTILINE)
    assert len(jobs) == len(set(jobs))
    return {job for job in jobs if "is complete" not in job}


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study, to edit."""
    return shutil.copytree(finished_study, tmp_path / "study")


def test_what_changes_no_result_runs_nothing(study):
    """Dates, a fresh clone, comments, captions, resources, sources of the data."""
    config = (study / "config/config.yaml").read_text()
    shutil.rmtree(study / "workflow")
    copy_project(study)
    (study / "config/config.yaml").write_text(f"{config}\n# a comment\n")
    for path in (study / "results").rglob("*.*"):
        os.utime(path)
    edit(study / "workflow/report/curves.rst", new="More.\n")
    edit(study / "workflow/rules/train.smk", "training_threads()", "1")
    edit(study / "workflow/rules/train.smk", "mem_mb=3000", "mem_mb=4000")
    edit(study / "profiles/default/config.yaml", new="latency-wait: 60\n")
    edit(study / SCRIPTS / "download.py")
    shutil.copy(study / NETWORKS / "published.py", study / NETWORKS / "mine.py")
    edit(study / NETWORKS / "residual.py")
    dataset = yaml.safe_load(config)["dataset"]
    dataset["sources"].insert(0, {"directory": "elsewhere"})
    # The report's values, named.
    grid = GRID | {"kernel_size": [3], "network": ["published"]}
    edit_config(study, dataset=dataset, grid=grid)
    shutil.rmtree(study / "resources")
    assert planned(study, "--cores", "7") == set()


def other_data(study):
    path = study / "resources/fashion_mnist/t10k-images-idx3-ubyte"
    *pixels, last = path.read_bytes()
    path.write_bytes(bytes([*pixels, last ^ 1]))


MODEL = "grid/size~small,l2~0,batch_size~64,epochs~2,seed~0/model.keras"
CHANGES = {
    "epochs": (
        lambda study: edit_config(study, grid=GRID | {"epochs": [1, 2, 4]}),
        points(epochs=[1, 4]) | SUMMARY,
    ),
    "a value less": (
        lambda study: edit_config(study, grid=GRID | {"epochs": [3]}),
        SUMMARY,
    ),
    "an axis": (
        lambda study: edit_config(study, grid=GRID | {"head": ["softmax", "unit"]}),
        points(further=",head~unit") | SUMMARY,
    ),
    "a seed": (
        lambda study: edit_config(study, seeds=[1]),
        {x.replace("seed 0", "seed 1") for x in FROM_PAIRS},
    ),
    "threshold": (lambda study: edit_config(study, threshold=0.4), JUDGED),
    "pairs": (
        lambda study: edit_config(study, pairs=PAIRS | {"train": 190}),
        FROM_PAIRS,
    ),
    "other data": (other_data, DATA | FROM_PAIRS),
    "a script": (lambda study: edit(study / SCRIPTS / "evaluate.py"), JUDGED),
    "a module of all scripts": (
        lambda study: edit(study / SCRIPTS / "siamese/errors.py"),
        DATA | FROM_PAIRS | LOSS,
    ),
    "a network": (
        lambda study: edit(study / NETWORKS / "published.py"),
        TRAINED,
    ),
    "a lost model": (
        lambda study: (study / f"results/{MODEL}").unlink(),
        points(epochs=[2]) | SUMMARY,
    ),
    "lost pairs": (
        lambda study: (study / "results/pairs/seed~0/crossed.csv").unlink(),
        CROSSED | BASELINES | points(STAGES[1:]) | SUMMARY,
    ),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change(study, change, expected):
    change(study)
    assert planned(study) == expected


def test_a_claim(divided_study, tmp_path):
    study = shutil.copytree(divided_study, tmp_path / "study")
    edit(study / "config/claims.yaml", "holds: [0, null]", "holds: [0, 1]")
    assert planned(study) == LAST | {"Judging the claims", "Drawing the claims"}


def test_an_edit_during_a_run_reruns_next_time(study):
    """Of a script whose job is still to come; here a script before it edits it."""
    change = """
from pathlib import Path
Path(__file__).with_name("write_overview.py").open("a").write("# edited")
"""
    edit(study / SCRIPTS / "describe_settings.py", new=change)
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert planned(study) == {"Writing the overview"}
