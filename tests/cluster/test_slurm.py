"""The study through profiles/slurm on a real Slurm, and what goes wrong on clusters."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from study import ROOT, make_study, snakemake

from cluster import slurm_cluster

# Each process of a script leaves a line of the environment that Slurm gave it.
RECORD = """
import json, os, sys
script = next((x for x in sys.orig_argv if "/.snakemake/scripts/" in x), None)
if script:
    names = ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES")
    record = {name: os.environ.get(name) for name in names}
    record["script"] = script.split(".")[-2]
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps(record) + "\\n")
"""
FIELDS = ("JobID", "State", "AllocTRES", "TimelimitRaw", "NodeList", "Comment")
# Long enough to be caught in the middle, each epoch a tenth of a second.
LONG = {"size": ["small"], "l2": [0.01, 0], "batch_size": [64], "epochs": [40, 60]}
POINT = "size~small,l2~{},batch_size~64,epochs~{},seed~0"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if reason := slurm_cluster.missing():
        pytest.skip(reason)
    # Not below pytest's folder, which nobody but its owner may enter.
    folder = tmp_path_factory.getbasetemp().parent / f"slurm-{os.getpid()}"
    slurm_cluster.start(folder)
    yield folder
    slurm_cluster.stop(folder)
    shutil.rmtree(folder)


class Run:
    """snakemake on the cluster, in the background."""

    def __init__(self, cluster, study, *arguments):
        self.cluster, self.study = cluster, study
        self.path = study / f"snakemake-{time.monotonic_ns()}.txt"
        with open(self.path, "wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "snakemake", "--nocolor"),
                    *("--profile", "profiles/slurm", "--set-threads", "train=2"),
                    *("--slurm-init-seconds-before-status-checks", "2", *arguments),
                ],
                cwd=study,
                env=environment(cluster, study),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self):
        return self.path.read_text()

    def finish(self):
        """Wait for the end; return the exit status."""
        return self.process.wait(timeout=600)

    def interrupt(self):
        """What Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.finish()


def environment(cluster, study):
    """The cluster's, in which all scripts record what Slurm gave them."""
    hook = study / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(RECORD)
    return {
        **slurm_cluster.environment(cluster),
        "PYTHONPATH": str(hook),
        "RECORD": str(hook / "records.txt"),
    }


def records(study):
    lines = (study / "hook/records.txt").read_text().splitlines()
    return [json.loads(line) for line in lines]


def accounted(cluster, study):
    """What sacct knows of the study's submissions, one dict each, requeued ones too."""
    ids = re.findall(
        r"with SLURM jobid (\d+)",
        "".join(path.read_text() for path in sorted(study.glob("snakemake-*.txt"))),
    )
    lines = slurm_cluster.run(
        cluster,
        *("sacct", "--allocations", "--duplicates", "--noheader", "--parsable2"),
        *("--format", ",".join(FIELDS), "--jobs", ",".join(ids)),
    ).splitlines()
    return [dict(zip(FIELDS, line.split("|"), strict=True)) for line in lines]


def is_training(job):
    return job["Comment"].startswith("rule_train")


def queue(cluster):
    return slurm_cluster.run(cluster, "squeue", "--noheader").split()


def wait_until(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return value


def epoch_of(study, point):
    """Epochs that the log of a training job has reached."""
    path = study / f"logs/train/{point}.log"
    return len(re.findall("^Epoch ", path.read_text(), re.M)) if path.exists() else 0


def job_training(cluster, study, point):
    """Wait until a grid point is in the middle of its training; its Slurm job."""
    wildcards = "_".join(re.findall("~([^,]+)", point))

    def running():
        lines = slurm_cluster.run(
            cluster, "squeue", "--noheader", "--format=%i %T %N %k"
        ).splitlines()
        for number, state, node, comment in (line.split() for line in lines):
            if comment.endswith(wildcards) and state == "RUNNING":
                return number, node
        return None

    before = epoch_of(study, point)
    return wait_until(lambda: epoch_of(study, point) > max(before, 5) and running())


def results(study):
    """What of a study must be the same on each machine of the same kind."""
    names = ("history.csv", "metrics.json", "distances.npz")
    paths = [path for name in names for path in study.glob(f"results/grid/*/{name}")]
    paths += [*study.glob("results/pairs/*/*"), study / "results/summary/summary.csv"]
    return {str(path.relative_to(study)): path.read_bytes() for path in paths}


@pytest.fixture
def start(cluster):
    """To start snakemake on the cluster; ended with the test, if that fails before."""
    runs = []

    def start_one(study, *arguments):
        runs.append(Run(cluster, study, *arguments))
        return runs[-1]

    yield start_one
    for run in runs:
        if run.process.poll() is None:
            run.interrupt()


@pytest.fixture(scope="module")
def submitted_study(cluster, tmp_path_factory):
    """The small study through Slurm, and its output. Do not change it."""
    study = make_study(tmp_path_factory.mktemp("submitted"))
    run = Run(cluster, study)
    assert run.finish() == 0, run.output()
    return study


def test_results_are_those_of_a_local_run(submitted_study, finished_study):
    assert results(submitted_study) == results(finished_study)


def test_finished_study_submits_nothing(cluster, start, submitted_study, tmp_path):
    study = shutil.copytree(submitted_study, tmp_path / "study")
    run = start(study)
    assert run.finish() == 0
    assert "Nothing to be done" in run.output()


def test_a_submission_for_each_training_and_one_for_each_group(
    cluster, submitted_study
):
    jobs = accounted(cluster, submitted_study)
    assert {job["State"] for job in jobs} == {"COMPLETED"}
    kinds = [re.match("rule_[a-z]+", job["Comment"])[0] for job in jobs]
    expected = ["pairs", "baselines", *4 * ["train"], "evaluation", "summary"]
    assert sorted(kinds) == sorted(f"rule_{kind}" for kind in expected)


def test_gpu_memory_and_time_are_those_of_the_profile(cluster, submitted_study):
    for job in accounted(cluster, submitted_study):
        allocated = dict(part.split("=") for part in job["AllocTRES"].split(","))
        if is_training(job):
            assert allocated["gres/gpu"] == "1"
            assert (allocated["cpu"], allocated["mem"]) == ("2", "3000M")
            assert job["TimelimitRaw"] == "30"
        else:
            assert "gres/gpu" not in allocated
            assert allocated["cpu"] == "1"
            memory = "3000M" if "baseline" in job["Comment"] else "2000M"
            assert allocated["mem"] == memory


def test_memory_used_is_less_than_asked_for(cluster, submitted_study):
    """By far, on small data: what Slurm measured of the steps that it saw."""
    numbers = [job["JobID"] for job in accounted(cluster, submitted_study)]
    lines = slurm_cluster.run(
        cluster,
        *("sacct", "--noheader", "--parsable2", "--units=M"),
        *("--format=MaxRSS,AllocTRES", "--jobs", ",".join(numbers)),
    ).splitlines()
    steps = [line.split("|") for line in lines if not line.startswith("|")]
    used = [float(peak.strip("M")) for peak, _ in steps]
    asked = [int(re.search(r"mem=(\d+)M", tres)[1]) for _, tres in steps]
    assert len(steps) >= 8
    assert max(used) > 300
    assert all(peak < limit for peak, limit in zip(used, asked, strict=True))


def test_only_training_sees_a_gpu(cluster, submitted_study):
    training = {
        job["JobID"] for job in accounted(cluster, submitted_study) if is_training(job)
    }
    seen = records(submitted_study)
    scripts = {record["script"] for record in seen}
    assert {
        "train",
        "embed",
        "evaluate",
        "plot_curves",
        "evaluate_baselines",
    } <= scripts
    for record in seen:
        if record["script"] == "train":
            assert record["SLURM_JOB_ID"] in training
            assert record["CUDA_VISIBLE_DEVICES"] in {"0", "1"}
        else:
            assert record["SLURM_JOB_ID"] not in training
            assert not record["CUDA_VISIBLE_DEVICES"]


def test_gpu_is_no_limit_to_the_whole_cluster(cluster, start, tmp_path):
    """Four training jobs at the same time, on two nodes with two GPUs each."""
    grid = {**LONG, "l2": [0.01, 0.02, 0.03, 0], "epochs": [40]}
    study = make_study(tmp_path / "study", grid=grid)
    points = [POINT.format(l2, 40) for l2 in ("0.01", "0.02", "0.03", "0")]
    run = start(study, *[f"results/grid/{x}/model.keras" for x in points])
    running = ["squeue", "--noheader", "--states=RUNNING", "--format=%N %k"]

    def together():
        lines = slurm_cluster.run(cluster, *running).splitlines()
        nodes = [line.split()[0] for line in lines if "rule_train" in line]
        return nodes if len(nodes) == 4 else None

    nodes = wait_until(together)
    assert sorted(nodes) == ["node1", "node1", "node2", "node2"]
    # Which GPU of its node each of them has.
    details = slurm_cluster.run(cluster, "scontrol", "--details", "show", "job")
    gpus = re.findall(r"Nodes=(node.) .*GRES=gpu:1\(IDX:(\d)\)", details)
    assert {(node, gpu) for node in ("node1", "node2") for gpu in "01"} <= {*gpus}
    assert run.finish() == 0, run.output()


@pytest.fixture(scope="module")
def long_study(tmp_path_factory):
    """A longer study, run locally. Do not change it."""
    study = make_study(tmp_path_factory.mktemp("long"), grid=LONG)
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    return study


def test_cancelled_drained_interrupted_and_nothing_lost(
    cluster, start, long_study, tmp_path
):
    study = make_study(tmp_path / "study", grid=LONG)
    run = start(study)
    # Somebody cancels a job in the middle of its training.
    number, _ = job_training(cluster, study, POINT.format("0.01", 40))
    slurm_cluster.run(cluster, "scancel", number)
    wait_until(lambda: "Trying to restart job" in run.output())
    assert f"SLURM-job '{number}' failed, SLURM status is: 'CANCELLED'" in run.output()
    # A node is drained under a job, which may end; what follows runs on the other.
    _, node = job_training(cluster, study, POINT.format("0.01", 40))
    update = ["scontrol", "update", f"NodeName={node}"]
    slurm_cluster.run(cluster, *update, "State=DRAIN", "Reason=test")
    _, other = job_training(cluster, study, POINT.format("0.01", 60))
    assert other != node
    slurm_cluster.run(cluster, *update, "State=RESUME")
    # Ctrl-C in the middle of a training, and the same command again.
    assert run.interrupt() != 0
    wait_until(lambda: not queue(cluster))
    finished = [POINT.format(l2, 40) for l2 in ("0.01", "0")]
    kept = {x: (study / f"results/grid/{x}/model.keras").stat() for x in finished}
    run = start(study)
    assert run.finish() == 0, run.output()
    assert results(study) == results(long_study)
    for point, before in kept.items():
        after = (study / f"results/grid/{point}/model.keras").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    completed = [
        job["Comment"]
        for job in accounted(cluster, study)
        if is_training(job) and job["State"] == "COMPLETED"
    ]
    assert len(completed) == len(set(completed)) == 4
    assert not queue(cluster)


def test_lost_node_and_too_little_memory(cluster, start, long_study, tmp_path):
    """Slurm submits again what lost its node, snakemake with more what ran out."""
    study = make_study(tmp_path / "study", grid={**LONG, "epochs": [40]})
    path = study / "profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text())
    assert profile["set-resources"]["train"]["mem_mb"] == "3000 * attempt"
    profile["set-resources"]["train"]["mem_mb"] = "300 if attempt == 1 else 3000"
    path.write_text(yaml.safe_dump(profile))
    points = [POINT.format(l2, 40) for l2 in ("0.01", "0")]
    run = start(study, *[f"results/grid/{x}/model.keras" for x in points])
    _, node = job_training(cluster, study, points[0])
    update = ["scontrol", "update", f"NodeName={node}"]
    slurm_cluster.run(cluster, *update, "State=DOWN", "Reason=test")
    slurm_cluster.run(cluster, *update, "State=RESUME")
    # Slurm lets the jobs wait for two minutes before it starts them again.
    assert run.finish() == 0, run.output()
    states = [job["State"] for job in accounted(cluster, study) if is_training(job)]
    assert states.count("COMPLETED") == 2
    assert "NODE_FAIL" in states
    # Slurm without cgroups; with them OUT_OF_MEMORY.
    assert states.count("FAILED") == 2
    for point in points:
        name = f"results/grid/{point}/history.csv"
        assert (study / name).read_bytes() == (long_study / name).read_bytes()


def test_log_of_a_failed_job_is_shown(cluster, start, tmp_path):
    study = make_study(tmp_path / "study")
    path = study / "workflow/scripts/train.py"
    path.write_text(
        path.read_text().replace(
            "    model.summary",
            '    raise StudyError("no such luck")\n    model.summary',
        )
    )
    target = f"results/grid/{POINT.format('0', 2)}/model.keras"
    run = start(study, "--retries", "0", target)
    assert run.finish() != 0
    lines = run.output().splitlines()
    (line,) = [x for x in lines if x.startswith("Error: no such luck")]
    assert "logs/train/" in line
    assert not (study / target).exists()
    assert not queue(cluster)


def test_a_chain_of_epochs_can_be_one_submission(
    cluster, start, finished_study, tmp_path
):
    study = make_study(tmp_path / "study")
    path = study / "profiles/slurm/config.yaml"
    text = path.read_text()
    path.write_text(text.replace("  # - train=chain\n", "  - train=chain\n"))
    assert path.read_text() != text
    models = [f"results/grid/{POINT.format('0', n)}/model.keras" for n in (2, 3)]
    run = start(study, *models)
    assert run.finish() == 0, run.output()
    (chain,) = [x for x in accounted(cluster, study) if "chain" in x["Comment"]]
    assert "gres/gpu=1" in chain["AllocTRES"]
    for model in models:
        name = model.replace("model.keras", "history.csv")
        assert (study / name).read_bytes() == (finished_study / name).read_bytes()


def test_the_cluster_stops_what_it_started(cluster, tmp_path_factory):
    """With another cluster beside the one of the other tests."""
    folder = tmp_path_factory.getbasetemp().parent / f"slurm-{os.getpid()}-other"
    slurm_cluster.start(folder)
    try:
        submit = ["sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 600"]
        job = slurm_cluster.run(folder, *submit)
        assert job.strip() == "1"
        wait_until(lambda: "R" in queue(folder))
    finally:
        slurm_cluster.stop(folder)
    left = subprocess.run(["pgrep", "--full", str(folder)], capture_output=True)
    assert left.stdout == b""
    assert slurm_cluster.idle_nodes(cluster)
    shutil.rmtree(folder)


def test_without_slurm_the_reason_is_said(tmp_path):
    """As the tests' skipping and the command say it."""
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "tests/cluster/slurm_cluster.py"), "start"),
            str(tmp_path / "cluster"),
        ],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Error: Slurm is not installed: no " in done.stderr
    assert not (tmp_path / "cluster").exists()
