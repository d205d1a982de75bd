"""A script as a job: its log, its record, its errors, and when it ends."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
from study import ROOT

JOB = """
import os, signal, sys, time
from types import SimpleNamespace
from siamese.errors import StudyError
from siamese.job import run

# It is ignored where the tests run in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)

def main(snakemake):
    with open(snakemake.output[0], "w") as file:
        print("half of it", file=file, flush=True)
        print("from Python")
        os.write(1, b"from C\\n")
        {action}

snakemake = SimpleNamespace(
    log=["log.txt"], output=["results/table.csv"], resources={{}}, rule="a", threads=3
)
run(main, snakemake)
"""


def command(folder, action):
    """What starts a job, with a shell that waits for it, as with conda."""
    (folder / "results").mkdir(exist_ok=True)
    script = folder / "a job's script.py"
    script.write_text(JOB.format(action=action))
    shell = (ROOT / "workflow/clean_shell", "-c", f'"{sys.executable}" "$0"; true')
    return [*shell, str(script)]


def run(folder, action="pass", status=1):
    """Run a job to its end; return what it prints on the terminal, and its log."""
    done = subprocess.run(
        command(folder, action), cwd=folder, stdout=-1, stderr=-2, text=True
    )
    assert done.returncode == status
    return done.stdout, folder / "log.txt"


def test_a_log_has_all_output_between_a_record_and_checksums(tmp_path):
    terminal, log = run(tmp_path, status=0)
    record, *lines, checksum = log.read_text().splitlines()
    facts = json.loads(record.removeprefix("Made with: "))
    assert (facts["rule"], facts["threads"]) == ("a", 3)
    assert facts["environment"]["KERAS_BACKEND"] == "tensorflow"
    assert (terminal, lines) == ("", ["from Python", "from C"])
    sha256 = hashlib.sha256(b"half of it\n").hexdigest()
    assert checksum == f"{sha256}  results/table.csv"


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ('raise StudyError("x.csv: bad; mend it")', "x.csv: bad; mend it"),
        ('raise ValueError("of two\\nlines")', "ValueError: of two lines"),
        ("signal.raise_signal(signal.SIGINT)", None),
    ],
)
def test_a_failure_is_one_line_and_its_traceback_is_in_the_log(tmp_path, action, line):
    terminal, log = run(tmp_path, action)
    told = f"Error: {line}" if line else "Stopped"
    assert terminal == f"{told} (log: {log})\n"
    assert f"in main\n    {action}\n" in log.read_text()


@pytest.mark.parametrize("name", ["results/table.csv", "log.txt"])
def test_a_full_disk_is_one_line(tmp_path, name):
    (tmp_path / "results").mkdir()
    (tmp_path / name).symlink_to("/dev/full")
    terminal, log = run(tmp_path, "raise AssertionError")
    gist = "OSError: [Errno 28] No space left on device"
    assert terminal == f"Error: {gist} (log: {log})\n"


def test_a_script_that_is_started_by_hand_keeps_the_terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "workflow/scripts"))
    script = [sys.executable, command(tmp_path, "pass")[-1]]
    assert b"from Python\n" in subprocess.check_output(script, cwd=tmp_path)


def test_a_job_ends_with_the_process_that_started_its_shell(tmp_path):
    os.mkfifo(tmp_path / "alive")
    job = command(tmp_path, 'alive = open("alive", "w"); time.sleep(3600)')
    code = "import subprocess, sys; subprocess.call(sys.argv[1:])"
    start = [sys.executable, "-c", code, *job]
    snakemake = subprocess.Popen(start, cwd=tmp_path, stderr=subprocess.DEVNULL)
    with open(tmp_path / "alive") as alive:
        snakemake.kill()
        snakemake.wait()
        assert alive.read() == ""
