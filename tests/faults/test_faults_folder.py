"""Faults around a whole run: killed, stopped, twice at once, in folders of others.

Each time: what the user sees, the exit status, what is left, and that the same
command brings the study to the same end.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from hold import PATIENCE, Hold, wait_until
from study import content, different_results, snakemake, snakemake_command
from test_rerun import planned

POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~3,seed~0"
TARGET = f"{POINT}/history.csv"
NOBODY = 65534


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study, at another place than it was made."""
    return shutil.copytree(finished_study, tmp_path / "study")


@pytest.fixture
def hold(tmp_path):
    return Hold(tmp_path / "hold")


def start(study, log, hold, *arguments):
    """Start snakemake as a terminal does, in a process group of its own."""
    with open(log, "w") as file:
        return subprocess.Popen(
            snakemake_command(*arguments, python=hold.python),
            cwd=study,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # It is ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def start_training(study, log, hold, *arguments):
    """Have the study train one network again; return when it is in the middle."""
    shutil.rmtree(study / POINT, ignore_errors=True)
    hold.on()
    run = start(study, log, hold, *(arguments or [TARGET]))
    hold.wait()
    return run


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
    """The process that trains a network."""
    (job,) = (
        job
        for job in jobs_of(study)
        if "python" in job.info["cmdline"][0] and "train.py" in job.info["cmdline"][-1]
    )
    return job


def assert_whole(study, finished):
    """Whatever is there under the name of a result is that result."""
    for path in (study / "results").rglob("*"):
        if path.is_file() and not path.name.startswith(".unfinished-"):
            assert content(path) == content(finished / path.relative_to(study))


def lines_with(word, text):
    return [line for line in text.splitlines() if word in line]


def test_killed_stopped_and_run_again(finished_study, study, hold, tmp_path):
    log = tmp_path / "log.txt"

    # kill -9 of snakemake: its jobs end too, and Snakemake's lock stays
    run = start_training(study, log, hold)
    run.kill()
    run.wait()
    wait_until(lambda: not jobs_of(study))
    assert_whole(study, finished_study)
    again = snakemake(study, TARGET)
    assert again.returncode == 1
    assert "Directory cannot be locked" in again.stdout
    assert "--unlock" in again.stdout
    assert snakemake(study, "--unlock").returncode == 0

    # Ctrl-C
    run = start_training(study, log, hold)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(PATIENCE) == 1
    text = log.read_text()
    assert "Terminating processes on user request" in text
    assert f"Stopped (log: {study}/logs/train/{Path(POINT).name}.log)" in text
    assert "Traceback" not in text
    assert not jobs_of(study)
    assert_whole(study, finished_study)
    assert not list(study.rglob(".unfinished-*"))

    # kill -9 of a job
    run = start_training(study, log, hold)
    training_job(study).kill()
    assert run.wait(PATIENCE) == 1
    assert "Error in rule train:" in log.read_text()
    assert not list((study / POINT).glob("*.*"))

    # another snakemake meanwhile
    run = start_training(study, log, hold)
    second = snakemake(study, TARGET)
    assert second.returncode == 1
    assert "Directory cannot be locked" in second.stdout
    assert "Traceback" not in second.stdout
    assert planned(study)  # looking is allowed
    hold.release()
    assert run.wait(PATIENCE) == 0, log.read_text()

    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert not different_results(study, finished_study)
    assert planned(study) == set()


SUBMIT = """#!/bin/sh
setsid sh "$1" > /dev/null 2>&1 &
echo $!
"""


def test_jobs_on_a_cluster_outlive_snakemake(finished_study, study, hold, tmp_path):
    (tmp_path / "submit.sh").write_text(SUBMIT)
    run = start_training(
        study,
        tmp_path / "log.txt",
        hold,
        *("--profile", "profiles/cluster-generic", "--jobs", "1"),
        *("--cluster-generic-submit-cmd", f"sh '{tmp_path / 'submit.sh'}'"),
        *("--set-threads", "train=2", "--", TARGET),
    )
    run.kill()
    run.wait()
    hold.release()
    wait_until((study / TARGET).exists)
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


@pytest.mark.root
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
    figure = "results/verification/seed~0/pairs.png"
    (study / figure).unlink()
    done = subprocess.run(
        snakemake_command(figure, python=environment / "bin/python"),
        cwd=study,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not different_results(study, finished_study)


def test_dates_in_the_future_stay(study):
    """Files of the user are not dated anew, and do not stop a run."""
    later = time.time() + 86400
    for path in (study / "config").iterdir():
        os.utime(path, (later, later))
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    dates = [path.stat().st_mtime for path in (study / "config").iterdir()]
    assert dates == pytest.approx([later] * len(dates), abs=1e-3)


def test_results_on_another_file_system(finished_study, study):
    shared_memory = Path("/dev/shm")
    place = shared_memory if os.access(shared_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as elsewhere:
        shutil.move(study / "results", Path(elsewhere) / "results")
        (study / "results").symlink_to(Path(elsewhere) / "results")
        (study / POINT / "metrics.json").unlink()
        done = snakemake(study, f"{POINT}/metrics.json")
        assert done.returncode == 0, done.stdout
        assert not different_results(study, finished_study)


@pytest.mark.root
def test_disk_that_gets_full(finished_study, small_disk, hold, tmp_path):
    """With all on it that snakemake itself writes, while a network is trained."""
    small_disk.leave_free(2**28)
    study = shutil.copytree(finished_study, small_disk.path / "whole")
    filler, log = small_disk.path / "filler", tmp_path / "log.txt"

    run = start_training(study, log, hold)
    small_disk.leave_free(2**21)
    filler.write_bytes(bytes(2**21 - 2**14))
    hold.release()
    assert run.wait(PATIENCE) == 1
    (error,) = lines_with(f"Error: {study / POINT}/", log.read_text())
    full = f"no space is left on the file system {small_disk.path}, "
    assert f"could not be written, {full}" in error
    assert not (study / POINT).exists()

    again = snakemake(study, TARGET)
    assert again.returncode == 1
    (error,) = lines_with("Error: ", again.stdout)
    assert error.startswith(f"Error: {study}: {full}")
    assert "Traceback" not in again.stdout

    filler.unlink()
    done = snakemake(study, TARGET)
    assert done.returncode == 0, done.stdout
    for name in ("model.keras", "history.csv"):
        path = f"{POINT}/{name}"
        assert content(study / path) == content(finished_study / path)
