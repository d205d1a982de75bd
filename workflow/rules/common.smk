"""The study, and the functions that rules take inputs and resources from."""

import os
import shlex
import sys
from pathlib import Path

from snakemake.logging import logger

PROJECT = Path(workflow.current_basedir).parents[1]
SCRIPTS = str(PROJECT / "workflow/scripts")
# Put it first, exactly once: remote jobs read this again.
sys.path[:] = [SCRIPTS, *(path for path in sys.path if path != SCRIPTS)]

from siamese.data.image_folder import current_digest, digest_of_files
from siamese.digests import code_of, digest, template_digests
from siamese.errors import Refusal
from siamese.stats.metrics import METRICS
from siamese.study.axes import AXES, FURTHER_PATTERN
from siamese.study.points import POINT, POINT_FOLDER, PROTOCOL_PATTERN
from siamese.study.points import as_records, point_files, run_files, runs_of
from siamese.study.study import Study, with_defaults
from siamese.workarounds import ShellOfScripts

# Snakemake itself would show a traceback.
if not os.access(".snakemake" if os.path.exists(".snakemake") else ".", os.W_OK):
    sys.exit(
        f"Error: {os.getcwd()}: no permission to write there, as even a dry run does; "
        "name a folder of your own: --directory <folder>"
    )

# Snakemake puts it into commands without quotes (snakemake/snakemake#2645). A second
# module of this project would quote it again.
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)

if Path(workflow.main_snakefile).parent in (PROJECT, PROJECT / "workflow"):

    # Each submission to a cluster has GPUs of its own; all together have no limit.
    resource_scopes:
        gpu="local",


study = Study.from_config(with_defaults(config, PROJECT), PROJECT, metrics=METRICS)
if workflow.is_main_process:
    logger.info(f"Classes: {study.classes.text}")
PINS = PROJECT / "workflow/envs/study.yaml"
# What tells the runs of a setting or baseline apart.
RUN = ("seed", "split_by", *study.division_columns)
# The params of the rules that test poses.
POSES = {"poses": study.poses, "pose_pairs": study.config.poses.pairs}
# The files that a finished study has beside those of its points and runs, in the order
# of the report. Each rule that makes some adds them.
RESULTS = []


# Each data set has folders of its own.
pathvars:
    results=f"results{study.paths.root}",
    logs=f"logs{study.paths.root}",
    benchmarks=f"benchmarks{study.paths.root}",


# See profiles/slurm.
resource_scopes:
    in_turn="local",


wildcard_constraints:
    protocol=PROTOCOL_PATTERN,
    size="[A-Za-z0-9]+",
    l2="[0-9.e+-]+|none",
    batch_size="[0-9]+|none",
    epochs="[0-9]+|none",
    further=FURTHER_PATTERN,
    seed="[0-9]+",


def needs(minutes=4, mem_mb=2000, gpu=0, growth=lambda wildcards: (1, 1)):
    """A rule's resources; time and memory (MB) grow with each attempt, and `growth` times
    for a larger network. A profile would replace those of all rules. For in_turn see
    profiles/slurm.
    """
    return {
        "runtime": lambda wildcards, attempt: minutes * attempt * growth(wildcards)[0],
        "mem_mb": lambda wildcards, attempt: mem_mb * attempt * growth(wildcards)[1],
        "gpu": gpu,
        "in_turn": 1,
        # The same environment in every account.
        "shell_exec": ShellOfScripts(PROJECT / "workflow/clean_shell"),
    }


def script_of(name):
    """The params that name a rule's script, and its code, so that an edit reruns it."""
    return {"script": name, "code": code_of("run_script.py") | code_of(name)}


def shown(path, category, result, caption=None, **labels):
    """An output in Snakemake's report; its caption in workflow/report has its name."""
    caption = f"../report/{caption or Path(path).stem}.rst"
    labels = {"result": result} | labels
    return report(path, caption=caption, category=category, labels=labels)


def if_posed(path):
    """The output `poses` of a rule, in studies with poses alone."""
    return {"poses": path} if study.poses else {}


def training_threads():
    """Each of the trainings at a time gets an equal share of the cores but one.

    The last core is for the jobs that follow them, if there are more than two. On a
    cluster, and in a job, the answer is three.
    """
    given = workflow.resource_settings
    if not workflow.is_main_process or given.nodes or not given.cores:
        return 3
    gpus = given.resources.get("gpu")
    at_a_time = min((gpus and gpus.value) or given.cores, len(study.chains))
    return max(1, max(given.cores - 1, min(given.cores, 2)) // at_a_time)


def network_code(wildcards):
    """The code of a grid point's network, which its jobs import by name."""
    network = study.settings.at(wildcards)["network"]
    return code_of(f"siamese/model/networks/{network}.py")


def shorter_run(wildcards):
    """Model and history of the same setting at the next smaller epoch count.

    Nothing if this point's model exists and was not made from them: a checkpoint that
    is new, or was deleted and regenerated, is no reason to train again. A run without
    it gives the same weights, only later.
    """
    epochs = study.shorter(wildcards)
    if epochs is None:
        return []

    def paths(n):
        values = dict(wildcards.items()) | {"epochs": n}
        # A module's prefix is part of these paths.
        return [Path(path.format(**values)) for path in rules.train.output]

    own, shorter = paths(wildcards.epochs)[0], paths(epochs)
    if own.exists() and not all(
        path.exists() and path.stat().st_mtime <= own.stat().st_mtime
        for path in shorter
    ):
        return []
    folder = POINT_FOLDER.format(**dict(wildcards.items()) | {"epochs": epochs})
    return [f"{folder}/model.keras", f"{folder}/history.csv"]


def files_of_runs(*names):
    """Files of each protocol and seed, given as (folder, name)."""
    return [file for name in names for file in run_files(study.points, *name)]


def results_before_summary(wildcards):
    """The results that the summary is about: all that is made before it is written.

    One file stands for its folder if the others lead to it.
    """
    return [
        *point_files(study.points, "curves.png"),
        *files_of_runs(("pairs", "crossed.csv"), ("verification", "pairs.png")),
        *files_of_runs(("baselines", "metrics.json")),
        *RESULTS,
    ]


def files_digest():
    """SHA-256 of the files in a folder of images; of other files if it is wrong."""
    pinned, folder = study.config.dataset.digest, study.paths.image_folder
    try:
        if folder:
            known = None if pinned else study.paths.description
            return current_digest(folder, study.classes.names, known)
    except OSError as error:
        raise Refusal(f"{error}; repair or delete this image") from None
    paths = study.paths.originals()
    if pinned and all(path.exists() for path in paths):
        found = digest_of_files({path.name: path for path in paths})
        return None if found == pinned else found
