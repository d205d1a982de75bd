"""The study, and the functions that rules take inputs from."""

import gc
import os
import sys
from pathlib import Path

PROJECT = Path(workflow.current_basedir).parents[1]
SCRIPTS = str(PROJECT / "workflow/scripts")
# First, and once however often this is read.
sys.path[:] = [SCRIPTS, *(path for path in sys.path if path != SCRIPTS)]

import siamese

if Path(siamese.__file__).parents[1] != PROJECT / "workflow/scripts":
    sys.exit(
        f"Error: {siamese.__file__}: imported as siamese, expected the package in "
        f"{sys.path[0]}; use one copy of this project in a workflow"
    )

from siamese import environment
from siamese.axes import AXES, OTHERS_PATTERN
from siamese.digests import code_of, digest
from siamese.folder import check_folder
from siamese.pages import template_digests
from siamese.points import POINT, POINT_FOLDER, SPLIT_PATTERN
from siamese.points import as_records, point_files, run_files, runs_of
from siamese.records import read_made_with
from siamese.study import Study, with_defaults
from siamese.versions import name_outdated
from siamese.workarounds import ShellWord

# What a plan is made of stays to its end; to look for garbage in it as often as Python
# does by default takes a tenth of the time to plan thousands of grid points.
gc.set_threshold(100_000, 50, 100)
study = Study.from_config(with_defaults(config, PROJECT), PROJECT)
PUBLISHED = study.paths.published
PINS = PROJECT / "workflow/envs/study.yaml"
if workflow.is_main_process:
    check_folder(Path())
IN_MODULE = Path(workflow.main_snakefile).parent not in (PROJECT, PROJECT / "workflow")
# There it would be the prefix of the other workflow's jobs too.
if not IN_MODULE:
    shell.prefix(environment.shell_prefix())

    # Each submission to a cluster has GPUs of its own; all together have no limit.
    resource_scopes:
        gpu="local",


PYTHON = ShellWord(sys.executable)
sys.executable = PYTHON if workflow.is_main_process else f"{PYTHON}"


# Each data set has folders of its own.
pathvars:
    results=f"results{study.paths.root}",
    logs=f"logs{study.paths.root}",
    benchmarks=f"benchmarks{study.paths.root}",


# See profiles/slurm.
resource_scopes:
    in_turn="local",


wildcard_constraints:
    split=SPLIT_PATTERN,
    size="[A-Za-z0-9]+",
    l2="[0-9.e+-]+",
    batch_size="[0-9]+",
    epochs="[0-9]+",
    others=OTHERS_PATTERN,
    seed="[0-9]+",


def needs(minutes=4, mem_mb=2000, gpu=0, growth=lambda wildcards: (1, 1)):
    """A rule's resources; time and memory (MB) grow with each attempt.

    `growth` says how many times more a job takes, for a larger network. They are not in
    a profile, since one option would replace those of all rules there. For in_turn see
    profiles/slurm.
    """
    return {
        "runtime": lambda wildcards, attempt: minutes * attempt * growth(wildcards)[0],
        "mem_mb": lambda wildcards, attempt: mem_mb * attempt * growth(wildcards)[1],
        "gpu": gpu,
        "in_turn": 1,
    }


def training_threads():
    """Each of the trainings at a time has an equal share of the cores but one.

    That one is for the jobs that follow them, where there are more than two. On a
    cluster, and what Snakemake itself starts for a job, three.
    """
    given = workflow.resource_settings
    if not workflow.is_main_process or given.nodes or not given.cores:
        return 3
    gpus = given.resources.get("gpu")
    at_a_time = min((gpus and gpus.value) or given.cores, len(study.chains))
    return max(1, max(given.cores - 1, min(given.cores, 2)) // at_a_time)


def network_code(wildcards):
    """The code of a grid point's network, which its jobs import by name."""
    return code_of(f"siamese/networks/{study.settings.at(wildcards)['network']}.py")


def shorter_run(wildcards):
    """Model and history of the same setting at the next smaller epoch count.

    Nothing if this point's model is there and not made from them: that another
    checkpoint is new, or was deleted and regenerated, is no reason to train again.
    A run without them gives the same weights, only later.
    """
    epochs = study.shorter(wildcards)
    if epochs is None:
        return []

    def made(n):
        values = dict(wildcards.items()) | {"epochs": n}
        # As rules have them, with the prefix of a module.
        return [Path(path.format(**values)) for path in rules.train.output]

    own, shorter = made(wildcards.epochs)[0], made(epochs)
    if own.exists() and not all(
        path.exists() and path.stat().st_mtime <= own.stat().st_mtime
        for path in shorter
    ):
        return []
    folder = POINT_FOLDER.format(**dict(wildcards.items()) | {"epochs": epochs})
    return [f"{folder}/model.keras", f"{folder}/history.csv"]


def over_divisions():
    """What a study of several divisions has of them."""
    if len(study.classes.divisions) == 1:
        return []
    made = [*rules.compare_divisions.output, *rules.plot_divisions.output]
    return made + [*rules.compare_development.output] * (
        study.paths.development is not None
    )


def before_summary():
    """A result of each folder, of the jobs that come last in it."""
    return [
        *point_files(study.points, "curves.png"),
        *run_files(study.points, "pairs", "crossed.csv"),
        *run_files(study.points, "verification", "pairs.png"),
        *run_files(study.points, "baselines", "metrics.json"),
        rules.partition.output.table,
        rules.verify_loss.output.text,
        rules.plot_summary.output.png,
        rules.examine_best_setting.output.table,
        rules.write_explorer.output.page,
        rules.show_failures.output.map,
        *([rules.compare_splits.output.text] if len(study.ways) > 1 else []),
        *over_divisions(),
        *([rules.plot_claims.output.png] if CLAIMS else []),
    ]
