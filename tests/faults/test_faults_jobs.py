"""Jobs that are killed, or find the disk full: whole outputs or none."""

import errno
import os
import re
import resource
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hold import PATIENCE
from jobs import JobServer, outputs_of, script_of
from study import ROOT, content

from siamese.errors import StudyError
from siamese.gpus import choosing, count_leases, installed_gpus
from siamese.job import complete

RULES = sorted(path.stem for path in (ROOT / "workflow/scripts").glob("*.py"))
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def jobs():
    server = JobServer(str(ROOT / "workflow/scripts"))
    yield server
    server.stop()


def contents(folder):
    """Contents of the files in a folder by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


FILES = {"first": b"1" * 200_000, "second": b"2", "third": b"3"}


def store(folder, files=FILES):
    """Write files as a job does."""
    with complete(files=[str(folder / name) for name in files]) as parts:
        for part, data in zip(parts.files, files.values(), strict=True):
            Path(part).write_bytes(data)


def test_outputs_appear_together_under_their_own_names(tmp_path):
    path, others = str(tmp_path / "a"), [str(tmp_path / name) for name in "bc"]
    with complete(one=path, more=others) as parts:
        for part in (parts.one, *parts.more):
            Path(part).write_text("half")
            assert Path(part).parent == tmp_path
            assert Path(part).name.startswith(".unfinished-")
        assert not {"a", "b", "c"} & contents(tmp_path).keys()
    assert contents(tmp_path) == dict.fromkeys("abc", b"half")


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_a_block_that_fails_leaves_what_there_was(tmp_path, error):
    (tmp_path / "a").write_text("before")
    with (
        pytest.raises(type(error)),
        complete(a=str(tmp_path / "a"), b=str(tmp_path / "b")) as parts,
    ):
        Path(parts.a).write_text("half")
        raise error
    assert contents(tmp_path) == {"a": b"before"}


def test_an_output_that_was_not_written_is_an_error_and_none_appears(tmp_path):
    paths = {name: str(tmp_path / name) for name in "ab"}
    with pytest.raises(FileNotFoundError), complete(**paths) as parts:
        Path(parts.a).write_text("whole")
    assert contents(tmp_path) == {}


def test_what_a_killed_job_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".unfinished-1-first").write_text("half")
    store(tmp_path)
    assert contents(tmp_path) == FILES


def test_a_full_disk_is_told_with_the_file_that_was_begun(tmp_path):
    paths = {name: str(tmp_path / name) for name in "abc"}
    line = f"{tmp_path}/b: could not be written, no space is left on the file system "
    with pytest.raises(StudyError, match=line), complete(**paths) as parts:
        Path(parts.a).write_text("whole")
        os.symlink("/dev/full", parts.b)
        Path(parts.b).write_text("half")
    assert contents(tmp_path) == {}


def test_a_file_that_may_not_be_so_large_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            store(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert contents(tmp_path) == {}


DIE = """
import os, signal, sys
from pathlib import Path
from siamese.job import complete

def die(event, arguments):
    if event == "os.rename" and arguments[0].endswith("third"):
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(die)
names = ("first", "second", "third")
with complete(files=[os.path.join(sys.argv[1], name) for name in names]) as parts:
    for name, part in zip(names, parts.files):
        Path(part).write_text(name)
"""


def scripts_importable():
    return os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")}


def test_killed_between_two_outputs_leaves_whole_ones(tmp_path):
    command = [sys.executable, "-c", DIE, str(tmp_path)]
    done = subprocess.run(command, env=scripts_importable())
    assert done.returncode == -signal.SIGKILL
    left = {n: b for n, b in contents(tmp_path).items() if not n.startswith(".")}
    assert left == {"first": b"first", "second": b"second"}
    store(tmp_path)
    assert contents(tmp_path) == FILES


@pytest.fixture(scope="module")
def copies(finished_study, study_with_replicates, divided_study, tmp_path_factory):
    """Copies of the studies, for jobs that leave everything as it was."""
    folder = tmp_path_factory.mktemp("copies")
    ignored = shutil.ignore_patterns(".snakemake")
    return {
        study: shutil.copytree(study, folder / str(number), ignore=ignored)
        for number, study in enumerate(
            (finished_study, study_with_replicates, divided_study)
        )
    }


def studies_of(rule, *studies):
    """The first study that has a job of the rule."""
    pattern = f".snakemake/scripts/*.{rule}.py"
    return next(study for study in studies if list(study.glob(pattern)))


def files_of(study):
    """Every file of a study but its logs, and when it was last written."""
    return {
        path: path.lstat().st_mtime_ns
        for name in ("results", "resources")
        for path in (study / name).rglob("*")
        if path.is_file() or path.is_symlink()
    }


def no_space(study, path, disk="/.*"):
    return (
        f"Error: {re.escape(f'{study / path}')}: could not be written, no space is "
        f"left on the file system {disk}, .* MB are free; free some, and run the same "
        rf"command again \(log: {re.escape(str(study))}/logs/.*\)\n"
    )


@pytest.mark.parametrize("rule", RULES)
def test_full_device(rule, copies, jobs, tmp_path):
    """Each output in turn is the one for which there is no space."""
    finished = studies_of(rule, *copies)
    script, study = script_of(finished, rule), copies[finished]
    before = files_of(study)
    for path in outputs_of(script):
        fault = ("full", "open", os.path.basename(path))
        status, output = jobs.run(script, study, tmp_path / "terminal.txt", fault)
        assert re.fullmatch(no_space(study, path), output), output
        assert status == 1
        assert files_of(study) == before


def pages(path):
    return -(-path.stat().st_size // PAGE) * PAGE


@pytest.mark.root
@pytest.mark.parametrize("rule", ["partition", "train"])
def test_full_disk(rule, finished_study, jobs, small_disk, tmp_path):
    """As above, on a real disk, which is full in the middle of the output."""
    script = script_of(finished_study, rule)
    outputs = outputs_of(script)
    sizes = [pages(finished_study / path) for path in outputs]
    small_disk.leave_free(2**28)
    study, logs = small_disk.path / "study", tmp_path / "logs"
    shutil.rmtree(study, ignore_errors=True)
    ignored = shutil.ignore_patterns(".snakemake", "logs")
    shutil.copytree(finished_study, study, ignore=ignored)
    for path in outputs:
        (study / path).unlink()
    # A full log is another fault.
    shutil.copytree(finished_study / "logs", logs)
    (study / "logs").symlink_to(logs)
    before = files_of(study)
    for number, path in enumerate(outputs):
        small_disk.leave_free(sum(sizes[: number + 1]) - PAGE)
        status, output = jobs.run(script, study, tmp_path / "terminal.txt")
        assert re.fullmatch(no_space(study, path, small_disk.path), output), output
        assert status == 1
        assert files_of(study) == before
    small_disk.leave_free(2**28)
    status, output = jobs.run(script, study, tmp_path / "terminal.txt")
    assert (status, output) == (0, "")
    for path in outputs:
        assert content(study / path) == content(finished_study / path), path


def test_training_killed_while_it_stores(finished_study, jobs, tmp_path):
    """Whole files or none, and the next run of the job makes all of them."""
    study = shutil.copytree(finished_study, tmp_path / "study")
    script = script_of(finished_study, "train", "l2~0,", "epochs~2")
    outputs = outputs_of(script)
    model, history = ((study / path) for path in outputs)
    terminal = tmp_path / "terminal.txt"
    for when, name, whole in (
        ("open", model.name, set()),  # trained
        ("open", history.name, set()),  # the model written
        ("os.rename", history.name, {model.name}),
    ):
        for path in (model, history):
            path.unlink(missing_ok=True)
        pid = jobs.start(script, study, terminal, ("killed", when, name))
        assert jobs.wait(pid) == -signal.SIGKILL, terminal.read_text()
        left = {path.name for path in (model, history) if path.exists()}
        assert left == whole
        for path in outputs:
            if (study / path).exists():
                assert content(study / path) == content(finished_study / path)
    assert list(model.parent.glob(".unfinished-*"))
    status, output = jobs.run(script, study, terminal)
    assert status == 0, output
    for path in outputs:
        assert content(study / path) == content(finished_study / path)
    assert not list(model.parent.glob(".unfinished-*"))


def open_when_read(path):
    """Open a pipe for writing as soon as a process reads from it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO  # no one reads
        assert time.monotonic() < deadline
        time.sleep(0.02)


VERIFIED = "results/verification/seed~0/pairs.json"


def test_training_jobs_have_gpus_of_their_own(finished_study, jobs, tmp_path):
    """Two at a time on numbers of GPUs that no machine has, and so on the CPU."""
    script = script_of(finished_study, "train", "l2~0,", "epochs~2")
    outputs = outputs_of(script)
    environment = {"CUDA_VISIBLE_DEVICES": "90,91", "TMPDIR": str(tmp_path)}
    studies = [tmp_path / name for name in ("one", "other")]
    ignored = shutil.ignore_patterns(".snakemake")
    for study in studies:
        shutil.copytree(finished_study, study, ignore=ignored)
        for path in outputs:
            (study / path).unlink()
        # A job waits here for its test, with its lease.
        (study / VERIFIED).unlink()
        os.mkfifo(study / VERIFIED)

    verified = (finished_study / VERIFIED).read_bytes()

    def start(study):
        """The id of a job that waits, and the pipe that lets it go on."""
        pid = jobs.start(script, study, study / "terminal.txt", (), environment)
        return pid, os.fdopen(open_when_read(study / VERIFIED), "wb")

    def held():
        (folder,) = tmp_path.glob("siamese-gpus-*")
        with choosing(folder):
            return dict(count_leases(folder))

    first = [start(study) for study in studies]
    assert held() == {"gpu-90": 1, "gpu-91": 1}
    pid, pipe = first[0]
    os.kill(pid, signal.SIGKILL)
    assert jobs.wait(pid) == -signal.SIGKILL
    pipe.close()
    assert held() == {"gpu-91": 1}
    for study, (pid, pipe) in zip(studies, (start(studies[0]), first[1]), strict=True):
        with pipe:
            pipe.write(verified)
        assert jobs.wait(pid) == 0, (study / "terminal.txt").read_text()
    assert held() == {}
    for study, gpu in zip(studies, (90, 91), strict=True):
        (log,) = (study / "logs/train").glob("*l2~0,*epochs~2,*")
        assert f"GPU: {gpu}, of 90, 91\n" in log.read_text()
        for path in outputs:
            same = content(study / path) == content(finished_study / path)
            # where the study, too, was trained on the CPU
            assert same or installed_gpus()


START = """
import os, subprocess
subprocess.call(os.environ["JOB"], shell=True, close_fds=False)
"""
# Answers each byte with its process id, and waits for the next.
ANSWER = """
import os, sys
from types import SimpleNamespace
snakemake = SimpleNamespace(
    log=["log.txt"], output={"table": "table.csv"}, params={}, rule="a", threads=1
)
from siamese.job import logged

def answer():
    while os.read(int(sys.argv[1]), 1):
        os.write(int(sys.argv[2]), b"%d\\n" % os.getpid())
"""
WORK = """
with logged(snakemake) as output:
    with open(output.table, "w") as file:
        print("half of it", file=file, flush=True)
        answer()
"""


def readline(pipe):
    """A line from a pipe, or nothing where all who could write have ended."""
    assert select.select([pipe], [], [], PATIENCE)[0]
    return pipe.readline()


@pytest.mark.parametrize("last", [WORK, "answer()"], ids=["work", "imports"])
def test_job_ends_with_the_process_that_started_its_shell(tmp_path, last):
    """And not by a Ctrl-C meant for others: snakemake ignores it in the background."""
    # A shell's command line quotes this path in a way of its own.
    script = tmp_path / "a job's folder" / "tmp1a2b3c.rule.py"
    script.parent.mkdir()
    script.write_text(ANSWER + last)
    questions, ask = os.pipe()
    answers, answer = os.pipe()
    command = (sys.executable, str(script), str(questions), str(answer))
    job = f"trap '' INT; {shlex.join(command)}; true"
    starter = subprocess.Popen(
        [sys.executable, "-c", START],
        cwd=tmp_path,
        env=scripts_importable() | {"JOB": job},
        pass_fds=(questions, answer),
    )
    os.close(answer)
    with open(answers, "rb", buffering=0) as answers:
        os.write(ask, b"?")
        pid = int(readline(answers))
        os.kill(pid, signal.SIGINT)
        os.write(ask, b"?")
        assert int(readline(answers)) == pid
        starter.kill()
        starter.wait()
        assert readline(answers) == b""
    os.close(ask)
    os.close(questions)
    assert not (tmp_path / "table.csv").exists()
