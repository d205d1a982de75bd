"""Faults around a whole run: killed, stopped, twice at once, in folders of others.

Each time: what the user sees, the exit status, what is left, and that the same
command brings the study to the same end.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from study import content, different_results, snakemake, snakemake_command
from test_rerun import SUMMARY, planned, points

POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~3,seed~0"
TARGET = f"{POINT}/curves.png"
DAY = 86400
STARTER = "SIAMESE_SNAKEMAKE_PID"
NOBODY = 65534


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study, at another place than it was made."""
    return shutil.copytree(finished_study, tmp_path / "study")


def start(study, log, *arguments):
    """Start snakemake as a terminal does, in a process group of its own."""
    with open(log, "w") as file:
        return subprocess.Popen(
            snakemake_command(*arguments),
            cwd=study,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # It is ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def is_training(study):
    """Whether the job that trains the network of `POINT` is at work, not at its end."""
    log = study / f"logs/train/{Path(POINT).name}.log"
    return log.exists() and "Resuming from" in log.read_text()


def jobs_of(study):
    """The processes of the study's jobs."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(
            str(study / ".snakemake/scripts") in word
            for word in process.info["cmdline"] or ()
        )
    ]


def training_job(study):
    """The process that trains the network of `POINT`."""
    (job,) = {job for job in jobs_of(study) if "train.py" in job.info["cmdline"][-1]}
    return job


def begin_again(study):
    """Have the study train one network again."""
    shutil.rmtree(study / POINT, ignore_errors=True)
    (study / f"logs/train/{Path(POINT).name}.log").unlink(missing_ok=True)


def results_of(study):
    return [path for path in (study / "results").rglob("*") if path.is_file()]


def assert_whole(study, finished):
    """Whatever is there under the name of a result is that result."""
    for path in results_of(study):
        if not path.name.startswith(".unfinished-"):
            assert content(path) == content(finished / path.relative_to(study))


def lines_with(word, text):
    return [line for line in text.splitlines() if word in line]


def test_stopped_in_every_way_and_run_again(finished_study, study, tmp_path):
    log = tmp_path / "log.txt"
    chance = random.Random(0)

    # kill -9 of snakemake: its jobs end too, its lock is no obstacle
    for _ in range(2):
        begin_again(study)
        run = start(study, log, TARGET)
        wait_until(lambda: is_training(study))
        # What it goes by when it ends with snakemake (test_faults_jobs.py).
        assert training_job(study).environ()[STARTER] == str(run.pid)
        time.sleep(chance.uniform(0, 1))
        run.kill()
        run.wait()
        wait_until(lambda: not jobs_of(study), 30)
        assert_whole(study, finished_study)
        assert list((study / ".snakemake/locks").iterdir())

    # Ctrl-C
    begin_again(study)
    run = start(study, log, TARGET)
    wait_until(lambda: is_training(study))
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(60) == 1
    text = log.read_text()
    assert "Going on where snakemake (process" in text
    assert "Terminating processes on user request" in text
    assert f"Stopped (log: logs/train/{Path(POINT).name}.log)" in text
    assert "Traceback" not in text
    assert not jobs_of(study)
    assert_whole(study, finished_study)
    assert not list(study.rglob(".unfinished-*"))

    # kill -9 of a job
    begin_again(study)
    run = start(study, log, TARGET)
    wait_until(lambda: is_training(study))
    training_job(study).kill()
    assert run.wait(60) == 1
    assert "Error in rule train:" in log.read_text()
    assert not list((study / POINT).glob("*.*"))

    # another snakemake meanwhile
    begin_again(study)
    run = start(study, log, TARGET)
    wait_until(lambda: is_training(study))
    second = snakemake(study)
    assert second.returncode == 1
    (error,) = lines_with("Error", second.stdout)
    who = f"process {run.pid} on {os.uname().nodename}"
    assert error == (
        f"Error: {study}: another snakemake ({who}) is at work there; wait for its "
        "end, or give another folder: --directory <folder>"
    )
    assert "Traceback" not in second.stdout
    assert planned(study)  # looking is allowed
    assert run.wait(120) == 0
    assert "(100%) done" in log.read_text()
    assert not different_results(study, finished_study)
    assert planned(study) == set()


def test_lock_of_another_host_stays(study):
    """Where a network file system's locks hold on one host alone."""
    (study / ".snakemake/locks").mkdir(exist_ok=True)
    (study / ".snakemake/locks/0.output.lock").write_text("results/x\n")
    (study / ".snakemake/study.lock").write_text("17 on elsewhere")
    done = snakemake(study)
    assert done.returncode == 1
    (error,) = lines_with("Error", done.stdout)
    assert error == (
        f"Error: {study}: locked by a snakemake on elsewhere; wait for its end, or, if "
        "it was killed, say once: snakemake --unlock"
    )
    assert snakemake(study, "--unlock").returncode == 0
    assert "Nothing to be done" in snakemake(study).stdout


SUBMIT = """#!/bin/sh
setsid sh "$1" > /dev/null 2>&1 &
echo $!
"""


def test_jobs_on_a_cluster_outlive_snakemake(finished_study, study, tmp_path):
    (tmp_path / "submit.sh").write_text(SUBMIT)
    begin_again(study)
    run = start(
        study,
        tmp_path / "log.txt",
        *("--profile", "profiles/cluster-generic", "--jobs", "1"),
        *("--cluster-generic-submit-cmd", f"sh {tmp_path / 'submit.sh'}"),
        *("--set-threads", "train=2", "--", f"{POINT}/history.csv"),
    )
    wait_until(lambda: is_training(study))
    assert training_job(study).environ()[STARTER] != str(run.pid)
    run.kill()
    run.wait()
    wait_until(lambda: (study / POINT / "history.csv").exists())
    assert_whole(study, finished_study)
    wait_until(lambda: not jobs_of(study))


@pytest.fixture
def others_study(finished_study, tmp_path):
    """A copy of the finished study, and words before a command that permissions bind.

    For root the study is another user's, and the words take away the power to pass
    over that.
    """
    study = shutil.copytree(finished_study, tmp_path / "study")
    words = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("permissions don't bind root, and there is no setpriv")
        words = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
        for path in (study, *study.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    yield study, words
    for path in (study, *study.rglob("*")):
        path.chmod(0o777)


def run_as(words, study, *arguments):
    return subprocess.run(
        [*words, *snakemake_command(*arguments)],
        cwd=study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_data_set_that_is_not_writable(others_study):
    study, words = others_study
    for path in (study, *study.rglob("*")):
        path.chmod(path.stat().st_mode | 0o666)
    for path in (study / "resources").rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)
    done = run_as(words, study)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-n",)])
def test_folder_that_is_not_writable(others_study, arguments):
    study, words = others_study
    for path in (study, *study.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    done = run_as(words, study, *arguments)
    assert done.returncode == 1
    (error,) = lines_with("Error: ", done.stdout)
    assert error.startswith(f"Error: {study}: no permission to write there for user ")
    assert "--directory <folder>" in error
    assert "Traceback" not in done.stdout


def test_one_result_folder_that_is_not_writable(others_study):
    study, words = others_study
    for path in (study, *study.rglob("*")):
        path.chmod(path.stat().st_mode | 0o666)
    (study / POINT).chmod(0o555)
    done = run_as(words, study)
    assert done.returncode == 1
    (error,) = lines_with("Error: ", done.stdout)
    assert error.startswith(f"Error: {study / POINT}: no permission to write there")


def test_results_of_another_user_that_all_may_write(finished_study, others_study):
    study, words = others_study
    if not words:
        pytest.skip("only root can give files to another user")
    for path in (study, *study.rglob("*")):
        path.chmod(path.stat().st_mode | 0o666)
    (study / POINT / "metrics.json").unlink()
    done = run_as(words, study, f"{POINT}/metrics.json")
    assert done.returncode == 0, done.stdout
    assert not different_results(study, finished_study)


def test_python_in_a_folder_with_a_space(finished_study, study, tmp_path):
    environment = tmp_path / "my environment (1)"
    environment.symlink_to(sys.prefix)
    (study / "results/verification/seed~0/pairs.png").unlink()
    done = subprocess.run(
        snakemake_command(
            "results/verification/seed~0/pairs.png",
            python=environment / "bin/python",
        ),
        cwd=study,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not different_results(study, finished_study)


def test_clock_set_back(study):
    """Results of tomorrow, of which one is newer than what was made from it."""
    later = time.time() + DAY
    for path in [*results_of(study), *(study / "config").iterdir()]:
        os.utime(path, (later, later))
    metrics = study / POINT / "metrics.json"
    metrics.write_text(metrics.read_text().replace("0.", "0.0", 1))
    os.utime(metrics, (later + 1, later + 1))
    done = snakemake(study, "results/verification/loss.txt")
    assert done.returncode == 0, done.stdout
    (line,) = lines_with("Was the clock set back?", done.stdout)
    assert re.match("Files are dated up to 8[0-9]{4} s after now", line)
    now = time.time()
    assert all(path.stat().st_mtime <= now for path in results_of(study))
    expected = points(["plot_curves"], l2=["0"], epochs=[3]) | SUMMARY
    assert planned(study) == expected
    # What is made now is newer than what it is made from.
    done = snakemake(study, TARGET)
    assert done.returncode == 0, done.stdout
    assert planned(study) == SUMMARY


def test_results_on_another_file_system(finished_study, study):
    shared_memory = Path("/dev/shm")
    place = shared_memory if os.access(shared_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as elsewhere:
        shutil.move(study / "results", Path(elsewhere) / "results")
        (study / "results").symlink_to(Path(elsewhere) / "results")
        assert planned(study) == set()
        (study / POINT / "metrics.json").unlink()
        done = snakemake(study, f"{POINT}/metrics.json")
        assert done.returncode == 0, done.stdout
        assert not different_results(study, finished_study)
        assert planned(study) == set()


def test_disk_that_gets_full(finished_study, small_disk, tmp_path):
    """With all on it that snakemake itself writes, while a network is trained."""
    small_disk.leave_free(2**28)
    study = shutil.copytree(finished_study, small_disk.path / "whole")
    filler, target = small_disk.path / "filler", f"{POINT}/history.csv"
    begin_again(study)

    run = start(study, tmp_path / "log.txt", target)
    wait_until(lambda: is_training(study))
    small_disk.leave_free(2**21)
    filler.write_bytes(bytes(2**21 - 2**14))
    assert run.wait(120) == 1
    (error,) = lines_with("Error: ", (tmp_path / "log.txt").read_text())
    assert f"Error: {POINT}/" in error
    assert "could not be written, no space is left on the disk; free some" in error
    assert not (study / POINT).exists()

    full = snakemake(study, target)
    assert full.returncode == 1
    (error,) = lines_with("Error: ", full.stdout)
    assert error.startswith(f"Error: {study}: no space is left on the disk (")
    assert "Traceback" not in full.stdout

    filler.unlink()
    done = snakemake(study, target)
    assert done.returncode == 0, done.stdout
    for name in ("model.keras", "history.csv"):
        path = f"{POINT}/{name}"
        assert content(study / path) == content(finished_study / path)
