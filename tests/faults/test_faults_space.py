"""A full file system is named that is full, whichever of those that a job writes to.

With a small disk in the place of each in turn, while the others have space.
"""

import functools
import gzip
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
import yaml
from jobs import outputs_of, script_of
from study import edit_config, generate_files, make_study, snakemake
from test_faults_jobs import jobs, scripts_importable  # noqa: F401

pytestmark = pytest.mark.root
TARGET = "resources/fashion_mnist/train-images-idx3-ubyte"


@pytest.fixture
def disk(small_disk):
    """The small disk, empty."""
    small_disk.mount(f"remount,size={2**28},nr_inodes=100000")
    for path in small_disk.path.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # A size of 0 would be none at all.
    (small_disk.path / "something").write_text("something")
    return small_disk


@pytest.fixture
def url(tmp_path):
    """The address of a server that has the four files."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name, data in generate_files().items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(folder)
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


APT = """#!/bin/sh
head -c 100000000 /dev/urandom > x.deb
echo 'Err: Error writing to file - write (28: No space left on device)' >&2
echo 'E: Failed to fetch some files.' >&2
exit 100
"""


@pytest.mark.parametrize("kind", ["url", "debian"])
def test_the_folder_for_temporary_files(disk, url, tmp_path, monkeypatch, kind):
    """There is space where the files are to be, and a source that needs none of it."""
    study = make_study(tmp_path / "study")
    sources = {"url": [{"url": url}], "debian": [{"debian": "x1"}]}[kind]
    folder = study / "resources/fashion_mnist"
    shutil.move(folder, tmp_path / "data")
    (tmp_path / "apt-get").write_text(APT)
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TMPDIR", str(disk.path))

    def fetch(*sources):
        dataset = config["dataset"] | {"sources": list(sources)}
        edit_config(study, dataset=dataset)
        return snakemake(study, TARGET)

    config = yaml.safe_load((study / "config/config.yaml").read_text())
    disk.leave_free(2**16)
    done = fetch(*sources)
    assert done.returncode == 1
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    assert re.fullmatch(
        f"Error: {disk.path}: could not be written, no space is left on the file "
        rf"system {disk.path}, .* MB are free; free some, or set TMPDIR to a folder on "
        rf"another one, and run .* again \(log: {study}/logs/download.log\)",
        line,
    )
    done = fetch(*sources, {"directory": str(tmp_path / "data")})
    assert done.returncode == 0, done.stdout


@pytest.fixture
def study(finished_study, tmp_path):
    ignored = shutil.ignore_patterns(".snakemake")
    return shutil.copytree(finished_study, tmp_path / "study", ignore=ignored)


def put_on(disk, folder):
    """Let a folder of a study be on the small disk."""
    shutil.move(folder, disk.path / folder.name)
    folder.symlink_to(disk.path / folder.name)


def error_line(study, place, log, disk, lacking):
    return (
        f"Error: {re.escape(str(study / place))}: could not be written, {lacking} is "
        f"left on the file system {disk.path}.*; free some, and run the same command "
        rf"again \(log: {re.escape(str(study / log))}\)\n"
    )


LOGS = {"partition": "partition.log", "cross_pairs": "cross_pairs/seed~0.log"}


@pytest.mark.parametrize("rule", LOGS)
def test_the_log(disk, finished_study, study, jobs, tmp_path, rule):  # noqa: F811
    """Also of a job that prints nothing but the checksums of its outputs."""
    (log,) = (study / "logs").rglob(LOGS[rule])
    log.unlink()
    put_on(disk, study / "logs")
    disk.leave_free(0)
    script = script_of(finished_study, rule)
    status, output = jobs.run(script, study, tmp_path / "terminal.txt")
    assert status == 1
    line = error_line(study, log.parent, log, disk, "no space")
    assert re.fullmatch(line, output), output


@pytest.mark.parametrize("name", ["logs", "results"])
def test_no_inode_for_a_file(disk, finished_study, study, jobs, tmp_path, name):  # noqa: F811
    put_on(disk, study / name)
    script = script_of(finished_study, "cross_pairs")
    (output,) = outputs_of(script)
    log = "logs/cross_pairs/seed~0.log"
    for path in (output, log):
        (study / path).unlink()
    used = os.statvfs(disk.path)
    disk.mount(f"remount,nr_inodes={used.f_files - used.f_ffree}")
    place = log if name == "logs" else output
    status, text = jobs.run(script, study, tmp_path / "terminal.txt")
    assert status == 1
    lacking = "no inode for another file"
    assert re.fullmatch(error_line(study, place, log, disk, lacking), text), text


@pytest.mark.parametrize("full", [True, False], ids=["full", "not writable"])
@pytest.mark.parametrize("rule", ["plot_summary", "embed"])
def test_a_home_folder_harms_no_job(disk, finished_study, study, full, rule):
    """The caches of Matplotlib and Keras are not to be had."""
    home = disk.path / "home"
    home.mkdir()
    words = []
    if full:
        disk.leave_free(0)
        assert os.statvfs(home).f_bfree == 0
    else:
        home.chmod(0o555)
        words = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    script = script_of(finished_study, rule)
    outputs = outputs_of(script)
    for path in outputs:
        (study / path).unlink()
    done = subprocess.run(
        [*words, sys.executable, script],
        cwd=study,
        env=scripts_importable() | {"HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert all((study / path).exists() for path in outputs)
