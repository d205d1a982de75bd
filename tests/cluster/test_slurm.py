"""The study through profiles/slurm on a real Slurm, and what goes wrong on clusters.

A job that must be in the middle of its work waits there until the test lets it go.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hold import PATIENCE
from hooked import hooked_python
from study import ROOT, content, edit_config, make_study

from cluster import slurm_cluster

# Each process of a script leaves a line of what Slurm gave it. A training waits
# where HOLD says: at its start, or when its model is written, but not yet named.
# The executor looks at the queue each second, instead of 10 s later each time, and not
# at all while there is a file `pause`.
HOOK = """
import json, os, sys, time
from pathlib import Path

FOLDER = Path(HOOK)
script = next((x for x in sys.orig_argv if "/.snakemake/scripts/" in x), None)

def record(path, **more):
    job, gpu = map(os.environ.get, ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"))
    record = {"job": job, "gpu": gpu, "pid": os.getpid(), **more}
    with open(path, "a") as file:
        file.write(json.dumps(record) + "\\n")

def wait(model):
    path = FOLDER / f"{os.getpid()}.part"
    record(path, model=model)
    path.rename(path.with_suffix(".held"))
    while not path.with_suffix(".go").exists():
        time.sleep(0.05)

def at_rename(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("/model.keras"):
        wait(str(arguments[1]))

if script:
    rule = script.split(".")[-2]
    record(FOLDER / "records.txt", script=rule)
    if rule == "train" and HOLD == "start":
        wait("")
    elif rule == "train" and HOLD == "end":
        sys.addaudithook(at_rename)
elif "--profile" in sys.orig_argv:
    import asyncio
    sleep = asyncio.sleep

    async def sleep_until_next_look(seconds, *result):
        await sleep(min(seconds, 1))
        while seconds >= 1 and (FOLDER / "pause").exists():
            (FOLDER / "paused").touch()
            await sleep(0.1)

    asyncio.sleep = sleep_until_next_look
"""
FIELDS = ("JobID", "State", "AllocTRES", "TimelimitRaw", "NodeList", "Comment")


def model(l2, epochs):
    point = f"size~small,l2~{l2},batch_size~64,epochs~{epochs},seed~0"
    return f"results/grid/{point}/model.keras"


MODELS = [model(l2, epochs) for l2 in ("0.01", "0") for epochs in (2, 3)]


@pytest.fixture(scope="module")
def cluster():
    if reason := slurm_cluster.missing():
        pytest.skip(reason)
    with running_cluster() as folder:
        yield folder


@contextlib.contextmanager
def running_cluster():
    """A cluster that ends with the block, or with this process if that is killed."""
    # Slurm takes no spaces, which the folder for temporary files may have.
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    stop = [sys.executable, slurm_cluster.__file__, "stop", folder]
    after = ["tail", f"--pid={os.getpid()}", "--follow", "/dev/null"]
    guard = subprocess.Popen(
        ["sh", "-c", f'{" ".join(after)}; "$@"', "sh", *stop], start_new_session=True
    )
    try:
        slurm_cluster.start(folder)
        yield folder
    finally:
        slurm_cluster.stop(folder)
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()
    shutil.rmtree(folder)


class Run:
    """snakemake on the cluster, in the background; its trainings wait at `hold`."""

    def __init__(self, cluster, study, *arguments, hold=""):
        self.cluster, self.study = cluster, study
        self.path = study / f"snakemake-{time.monotonic_ns()}.txt"
        self.hook = study / "hook"
        self.hook.mkdir(exist_ok=True)
        code = f"HOLD = {hold!r}\nHOOK = {str(self.hook)!r}\n{HOOK}"
        python = hooked_python(self.hook / "environment", code)
        with open(self.path, "wb") as output:
            self.process = subprocess.Popen(
                [
                    *(python, "-m", "snakemake", "--nocolor"),
                    *("--profile", "profiles/slurm", "--set-threads", "train=2"),
                    *("--slurm-init-seconds-before-status-checks", "1", *arguments),
                ],
                cwd=study,
                env=slurm_cluster.environment(cluster),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Also where the tests were started with Ctrl-C ignored (nohup, &).
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def output(self):
        return self.path.read_text()

    def fail(self, reason):
        pytest.fail(f"{reason}\n{queue(self.cluster)}\n{self.output()}")

    def finish(self):
        """Wait for the end; return the exit status."""
        try:
            return self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.fail("snakemake does not end")

    def succeed(self):
        if status := self.finish():
            self.fail(f"snakemake ends with {status}")

    def interrupt(self):
        """What Ctrl-C does, and wait until no job is left; return the exit status.

        Between two looks at the queue: during one, the executor (2.8.0) has its jobs
        in no list, and leaves them running.
        """
        (self.hook / "pause").touch()
        self.wait_until((self.hook / "paused").exists, "no look at the queue")
        os.killpg(self.process.pid, signal.SIGINT)
        self.wait_until(lambda: not queue(self.cluster), "jobs are left")
        (self.hook / "pause").unlink()
        return self.finish()

    def wait_until(self, condition, what):
        """The condition's value, once it holds while snakemake runs."""
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail(f"Waited in vain: {what}")
            time.sleep(0.2)
        return value

    def held(self, model="", but=None):
        """Wait for a job at its hold, once for each: its record."""

        def look():
            for path in self.hook.glob("*.held"):
                record = SimpleNamespace(**json.loads(path.read_text()))
                if record.model == model and record.job != but:
                    path.unlink()
                    look = ["squeue", "--noheader", "--format=%N", "--jobs", record.job]
                    record.node = slurm_cluster.run(self.cluster, *look).strip()
                    return record
            return None

        return self.wait_until(look, f"no job is held, {model}")

    def release(self, record):
        (self.hook / f"{record.pid}.go").touch()


def records(study):
    lines = (study / "hook/records.txt").read_text().splitlines()
    return [SimpleNamespace(**json.loads(line)) for line in lines]


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
    """State, node and comment of each job, a line each."""
    return slurm_cluster.run(cluster, "squeue", "--noheader", "--format=%i %T %N %k")


def peak_mb(cluster, job):
    """The most memory that Slurm has seen the steps of a running job take."""
    seen = slurm_cluster.run(
        cluster,
        *("sstat", "--noheader", "--noconvert", "--parsable2", "--allsteps"),
        *("--format=MaxRSS", "--jobs", job),
    )
    return max((int(size) for size in seen.split()), default=0) / 2**20


@contextlib.contextmanager
def out_of_service(cluster, node, state):
    update = ["scontrol", "update", f"NodeName={node}"]
    slurm_cluster.run(cluster, *update, f"State={state}", "Reason=test")
    try:
        yield
    finally:
        slurm_cluster.run(cluster, *update, "State=RESUME")


def results(study):
    """What of a study must be the same on each machine of the same kind."""
    names = ("history.csv", "metrics.json", "distances.npz", "model.keras")
    paths = [path for name in names for path in study.glob(f"results/grid/*/{name}")]
    paths += [*study.glob("results/pairs/*/*"), study / "results/summary/summary.csv"]
    return {str(path.relative_to(study)): content(path) for path in paths}


def trained(study):
    """Weights and histories of the models that there are."""
    return {
        name: (
            content(study / name),
            (study / name).with_name("history.csv").read_bytes(),
        )
        for name in MODELS
        if (study / name).exists()
    }


@pytest.fixture
def start(cluster):
    """To start snakemake on the cluster; with the test all jobs end."""
    runs = []

    def start_one(study, *arguments, **options):
        runs.append(Run(cluster, study, *arguments, **options))
        return runs[-1]

    yield start_one
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
            run.process.wait()
    slurm_cluster.cancel_all(cluster)


@pytest.fixture(scope="module")
def submitted_study(cluster, tmp_path_factory):
    """The small study through Slurm, and its output. Do not change it."""
    study = make_study(tmp_path_factory.mktemp("submitted"))
    run = Run(cluster, study)
    try:
        run.succeed()
    finally:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
    return study


@pytest.fixture
def study(submitted_study, tmp_path):
    """A study with pairs, in which nothing is trained."""
    return shutil.copytree(
        submitted_study,
        tmp_path / "study",
        ignore=shutil.ignore_patterns("grid", "hook", "snakemake-*.txt"),
    )


def edit_profile(study, edit):
    path = study / "profiles/slurm/config.yaml"
    text = path.read_text()
    path.write_text(edit(text))
    assert path.read_text() != text


def test_results_are_those_of_a_local_run(submitted_study, finished_study):
    assert results(submitted_study) == results(finished_study)


def test_finished_study_submits_nothing(start, submitted_study, tmp_path):
    ignored = shutil.ignore_patterns("hook")
    run = start(shutil.copytree(submitted_study, tmp_path / "study", ignore=ignored))
    run.succeed()
    assert "Nothing to be done" in run.output()


def test_a_submission_for_each_training_and_one_for_each_group(
    cluster, submitted_study
):
    jobs = accounted(cluster, submitted_study)
    assert {job["State"] for job in jobs} == {"COMPLETED"}
    kinds = [re.match("rule_[a-z]+", job["Comment"])[0] for job in jobs]
    expected = ["pairs", "baselines", *4 * ["train"], "evaluation", "summary"]
    assert sorted(kinds) == sorted(f"rule_{kind}" for kind in expected)


def test_gpu_memory_and_time_are_those_of_the_rules(cluster, submitted_study):
    for job in accounted(cluster, submitted_study):
        allocated = dict(part.split("=") for part in job["AllocTRES"].split(","))
        if is_training(job):
            assert allocated["gres/gpu"] == "1"
            assert (allocated["cpu"], allocated["mem"]) == ("2", "3000M")
            assert job["TimelimitRaw"] == "30"
        else:
            assert "gres/gpu" not in allocated
            assert allocated["cpu"] == "1"
            # Jobs of a submission run one by one.
            memory = "3000M" if "baseline" in job["Comment"] else "2000M"
            assert allocated["mem"] == memory


def test_only_training_sees_a_gpu(cluster, submitted_study):
    training = {
        job["JobID"] for job in accounted(cluster, submitted_study) if is_training(job)
    }
    seen = records(submitted_study)
    scripts = {"train", "embed", "evaluate", "plot_curves", "evaluate_baselines"}
    assert scripts <= {record.script for record in seen}
    for record in seen:
        if record.script == "train":
            assert record.job in training
            assert record.gpu in {"0", "1"}
        else:
            assert record.job not in training
            assert not record.gpu


def test_gpu_is_no_limit_to_the_whole_cluster(start, study):
    """Four training jobs at the same time, on two nodes with two GPUs each."""
    grid = {"size": ["small"], "batch_size": [64], "epochs": [2]}
    edit_config(study, grid={**grid, "l2": [0.01, 0.02, 0.03, 0]})
    targets = [model(l2, 2) for l2 in ("0.01", "0.02", "0.03", "0")]
    run = start(study, *targets, hold="start")
    places = [(job.node, job.gpu) for job in (run.held() for _ in targets)]
    assert sorted(places) == [
        (node, gpu) for node in ("node1", "node2") for gpu in "01"
    ]


def test_cancelled_drained_interrupted_and_nothing_lost(
    cluster, start, study, finished_study
):
    run = start(study, *MODELS, hold="end")
    # Somebody cancels a job in the middle of its work.
    first, other = run.held(MODELS[0]), run.held(MODELS[2])
    slurm_cluster.run(cluster, "scancel", first.job)
    again = run.held(MODELS[0])
    assert again.job != first.job
    said = f"SLURM-job '{first.job}' failed, SLURM status is: 'CANCELLED'"
    assert said in run.output()
    assert "Trying to restart job" in run.output()
    # A node is drained under a job, which may end; what follows runs on the other.
    with out_of_service(cluster, again.node, "DRAIN"):
        run.release(again)
        longer = run.held(MODELS[1])
        assert longer.node != again.node
    # Ctrl-C while two jobs are in the middle, and the same command again.
    submitted = [line.split()[0] for line in queue(cluster).splitlines()]
    assert sorted(submitted) == sorted([longer.job, other.job])
    assert run.interrupt() != 0
    assert [*trained(study)] == MODELS[:1]
    before = (study / MODELS[0]).stat()
    run = start(study, *MODELS)
    run.succeed()
    assert trained(study) == trained(finished_study)
    after = (study / MODELS[0]).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    jobs = accounted(cluster, study)
    completed = [job["Comment"] for job in jobs if job["State"] == "COMPLETED"]
    assert len(completed) == len(set(completed)) == len(MODELS)
    assert not queue(cluster)


def test_lost_node_and_too_little_memory(cluster, start, study, finished_study):
    """Slurm submits again what lost its node, snakemake with more what ran out."""
    little_at_first = "train:mem_mb=300 if attempt == 1 else 3000"
    run = start(study, "--set-resources", little_at_first, "--", MODELS[0], hold="end")
    run.wait_until(lambda: "Trying to restart job" in run.output(), "no second attempt")
    (failed, *_) = accounted(cluster, study)
    lost = run.held(MODELS[0], but=failed["JobID"])
    run.wait_until(lambda: 300 < peak_mb(cluster, lost.job) < 3000, "memory not seen")
    state = ["squeue", "--noheader", "--format=%T", "--jobs", lost.job]
    with out_of_service(cluster, lost.node, "DOWN"):
        run.wait_until(
            lambda: slurm_cluster.run(cluster, *state).strip() == "PENDING",
            "not in the queue again",
        )
        # Slurm would let the job wait for two minutes.
        update = ["scontrol", "update", f"JobId={lost.job}", "StartTime=now"]
        slurm_cluster.run(cluster, *update)
        again = run.held(MODELS[0])
        assert again.job == lost.job
        assert again.node != lost.node
        run.wait_until(lambda: not slurm_cluster.is_alive(lost.pid), "two at work")
        run.release(again)
        run.succeed()
    # FAILED in a Slurm without cgroups; with them OUT_OF_MEMORY.
    jobs = accounted(cluster, study)
    assert [job["State"] for job in jobs] == ["FAILED", "NODE_FAIL", "COMPLETED"]
    # The option is about memory alone.
    assert [job["TimelimitRaw"] for job in jobs] == ["30", "60", "60"]
    assert trained(study) == {MODELS[0]: trained(finished_study)[MODELS[0]]}


def test_log_of_a_failed_job_is_shown(cluster, start, study):
    """Of a training whose images are damaged."""
    images = "results/dataset/images.npy"
    os.truncate(study / images, 1000)
    run = start(study, "--retries", "0", MODELS[0])
    assert run.finish() != 0
    lines = run.output().splitlines()
    shown = [line for line in lines if line.startswith(f"Error: {study / images}")]
    assert len(shown) == 1, run.output()
    assert "logs/train/" in shown[0]
    assert not trained(study)
    assert not queue(cluster)


def test_a_chain_of_epochs_can_be_one_submission(cluster, start, study, finished_study):
    line = "- train=chain\n"
    edit_profile(study, lambda text: text.replace(f"  # {line}", f"  {line}"))
    run = start(study, *MODELS[:2])
    run.succeed()
    (chain,) = accounted(cluster, study)
    assert "chain" in chain["Comment"]
    assert "gres/gpu=1" in chain["AllocTRES"]
    expected = trained(finished_study)
    assert trained(study) == {name: expected[name] for name in MODELS[:2]}


def test_the_cluster_stops_what_it_started(cluster):
    """With another cluster beside the one of the other tests."""
    with running_cluster() as folder:
        submit = ["sbatch", "--parsable", "--output=/dev/null", "--wrap=sleep 6000"]
        assert slurm_cluster.run(folder, *submit).strip() == "1"
        slurm_cluster.wait_for("job", folder, lambda: "RUNNING" in queue(folder))
        slurm_cluster.stop(folder)
        left = subprocess.run(["pgrep", "--full", f"{folder}/"], capture_output=True)
        assert left.stdout == b""
    assert slurm_cluster.idle_nodes(cluster)


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
