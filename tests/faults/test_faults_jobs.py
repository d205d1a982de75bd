"""Jobs that are killed, or find the disk full: whole outputs or none."""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
from jobs import JobServer, outputs_of, script_of
from study import ROOT, content

RULES = sorted(path.stem for path in (ROOT / "workflow/scripts").glob("*.py"))
ROUNDS = 4
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def jobs():
    server = JobServer(str(ROOT / "workflow/scripts"))
    yield server
    server.stop()


def wait_for(found, running):
    """Wait until `found` is true or the process has ended."""
    while not found():
        try:
            os.kill(running, 0)
        except ProcessLookupError:
            return
        time.sleep(0.0005)


def kill_at(moment, jobs, script, study, terminal):
    """Start a job and kill it when the function `moment` of its id returns."""
    pid = jobs.start(script, study, terminal)
    moment(pid)
    with contextlib.suppress(ProcessLookupError):  # it was faster
        os.kill(pid, signal.SIGKILL)
    return jobs.wait()


def test_training_killed_at_any_moment(finished_study, jobs, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    script = script_of(finished_study, "train", "l2~0,", "epochs~2")
    model, history = outputs_of(script)
    folder = (study / model).parent
    terminal = tmp_path / "terminal.txt"

    def remove_outputs():
        for path in (model, history):
            (study / path).unlink(missing_ok=True)

    remove_outputs()
    started = time.monotonic()
    status, output = jobs.run(script, study, terminal)
    assert status == 0, output
    whole = time.monotonic() - started
    chance = random.Random(0)

    def training(pid):
        time.sleep(chance.uniform(0, 0.8 * whole))

    def saving(pid):
        wait_for(lambda: list(folder.glob("*model.keras")), pid)
        time.sleep(chance.uniform(0, 0.03))

    def writing_history(pid):
        wait_for(lambda: list(folder.glob("*history.csv")), pid)
        time.sleep(chance.uniform(0, 0.001))

    left = []
    for moment in ROUNDS * [training] + ROUNDS * [saving] + ROUNDS * [writing_history]:
        remove_outputs()
        kill_at(moment, jobs, script, study, terminal)
        left.append(sorted(path.name for path in folder.iterdir()))
        for path in (model, history):
            if (study / path).exists():
                assert content(study / path) == content(finished_study / path)
    print(*left, sep="\n")
    status, output = jobs.run(script, study, terminal)
    assert status == 0, output
    for path in (model, history):
        assert content(study / path) == content(finished_study / path)
    assert not list(folder.glob(".unfinished-*"))


SLOW_JOB = """
import time
from snakemake.iocontainers import Log, OutputFiles, Snakemake
from siamese.job import logged

snakemake = Snakemake.__new__(Snakemake)
snakemake.log, snakemake.output = Log(["log.txt"]), OutputFiles(["table.csv"])
with logged(snakemake):
    with open(snakemake.output[0], "w") as file:
        print("half of it", file=file, flush=True)
        time.sleep(120)
"""


SLOW_START = """
import time
import siamese.job

open(".unfinished-imports", "w").close()
time.sleep(120)
"""


@pytest.mark.parametrize("script", [SLOW_JOB, SLOW_START], ids=["work", "imports"])
def test_job_ends_with_the_snakemake_that_started_it(tmp_path, script):
    """And not by a Ctrl-C meant for others: snakemake ignores it in the background."""
    starter = subprocess.Popen(["sleep", "120"])
    job = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT / "workflow/scripts"),
            "SIAMESE_SNAKEMAKE_PID": str(starter.pid),
        },
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    wait_for(lambda: list(tmp_path.glob(".unfinished-*")), job.pid)
    job.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert job.poll() is None
    starter.kill()
    starter.wait()
    assert job.wait(60) == -signal.SIGKILL
    assert not (tmp_path / "table.csv").exists()


def pages(path):
    return -(-path.stat().st_size // PAGE) * PAGE


@pytest.mark.parametrize("rule", RULES)
def test_full_disk(
    rule, finished_study, study_with_replicates, jobs, small_disk, tmp_path
):
    """Each output in turn is the one for which the space does not suffice."""
    for finished in (finished_study, study_with_replicates):
        if list((finished / ".snakemake/scripts").glob(f"*.{rule}.py")):
            break
    script = script_of(finished, rule)
    outputs = outputs_of(script)
    sizes = [pages(finished / path) for path in outputs]
    small_disk.leave_free(2**28)
    study, logs = small_disk.path / "study", tmp_path / "logs"
    shutil.rmtree(study, ignore_errors=True)
    ignored = shutil.ignore_patterns(".snakemake", "logs")
    shutil.copytree(finished, study, ignore=ignored)
    for path in outputs:
        (study / path).unlink()
    # A full log is another fault.
    shutil.copytree(finished / "logs", logs)
    (study / "logs").symlink_to(logs)
    before = sorted(study.rglob("*"))
    for number, path in enumerate(outputs):
        small_disk.leave_free(sum(sizes[: number + 1]) - PAGE)
        status, output = jobs.run(script, study, tmp_path / "terminal.txt")
        assert re.fullmatch(
            rf"Error: {re.escape(path)}: could not be written, no space is left on the "
            r"disk; free some, and run the same command again \(log: logs/.*\)\n",
            output,
        ), output
        assert status == 1
        assert sorted(study.rglob("*")) == before
    small_disk.leave_free(2**28)
    status, output = jobs.run(script, study, tmp_path / "terminal.txt")
    assert (status, output) == (0, "")
    for path in outputs:
        assert content(study / path) == content(finished / path), path
