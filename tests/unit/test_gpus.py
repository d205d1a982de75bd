"""Leases of GPUs, on devices that are names alone: no test needs one."""

import json
import os
import subprocess
import sys
from collections import Counter

import psutil
import pytest
from study import ROOT

from siamese import gpus
from siamese.errors import StudyError
from siamese.gpus import (
    choosing,
    count_leases,
    lease_folder,
    lease_gpu,
    own_gpu,
    visible_gpus,
)

FOUR = "0,1,2,3"
SCRIPTS = ROOT / "workflow/scripts"
# Holds a lease until a line or the end of its input, as a job does.
HOLDER = """
import json, os, subprocess, sys
from siamese.gpus import own_gpu
child = None
with own_gpu(1):
    if "child" in sys.argv:
        null = subprocess.DEVNULL
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), null)
        child = subprocess.Popen(["sleep", "600"], close_fds=False, **streams)
    names = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
    found = {name: os.environ.get(name) for name in names}
    print(json.dumps({**found, "child": child and child.pid}), flush=True)
    if sys.stdin.readline():
        raise RuntimeError("as told")
"""


def folder_in(directory):
    return directory / f"siamese-gpus-{os.geteuid()}"


def held(directory):
    """Leases held by device, in the folder for temporary files `directory`."""
    folder = folder_in(directory)
    if not folder.exists():
        return {}
    with choosing(folder):
        return dict(count_leases(folder))


def evenly(devices, number):
    return {f"gpu-{device}": number for device in devices}


def environment(directory, devices):
    """Environment of a process that may use `devices`; None: all there are."""
    chosen = {} if devices is None else {"CUDA_VISIBLE_DEVICES": devices}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUDA_", "SLURM_"))
    }
    return {**inherited, "TMPDIR": str(directory), **chosen}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder for temporary files, and no GPU in the environment."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "")  # so that it is as before afterwards
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def start(tmp_path):
    """Start processes at a time that hold a lease each, and wait for their leases."""
    started = []

    def start(number, devices=FOUR, *arguments):
        new = [
            subprocess.Popen(
                [sys.executable, "-c", HOLDER, *arguments],
                env=environment(tmp_path, devices) | {"PYTHONPATH": str(SCRIPTS)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(number)
        ]
        started.extend(new)
        for process in new:
            process.log = process.stdout.readline()
            process.found = json.loads(process.stdout.readline())
            process.gpu = process.found["CUDA_VISIBLE_DEVICES"]
        return new

    yield start
    for process in started:
        process.kill()
        process.communicate()


def end(process, how):
    """End a holder: by itself, by an error of its own, or by kill -9."""
    if how == "kill":
        process.kill()
    process.communicate("raise\n" if how == "raise" else "")
    assert process.returncode == {"kill": -9, "raise": 1, "normally": 0}[how]


def devices_of(processes):
    return Counter(process.gpu for process in processes)


def test_four_jobs_have_four_gpus_and_eight_share_evenly(start, tmp_path):
    first = start(4)
    assert devices_of(first) == dict.fromkeys("0123", 1)
    assert held(tmp_path) == evenly("0123", 1)
    assert {process.log for process in first} == {
        f"GPU: {device}, of 0, 1, 2, 3\n" for device in "0123"
    }
    assert devices_of(start(4)) == dict.fromkeys("0123", 1)
    assert held(tmp_path) == evenly("0123", 2)


@pytest.mark.parametrize("how", ["normally", "raise", "kill"])
def test_what_a_job_leaves_goes_to_the_next(start, tmp_path, how):
    jobs = start(8)
    for job in jobs:
        if job.gpu in "12":
            end(job, how)
    assert held(tmp_path) == evenly("03", 2)
    assert devices_of(start(4)) == {"1": 2, "2": 2}
    assert held(tmp_path) == evenly("0123", 2)
    assert devices_of(start(1)) == {"0": 1}


def test_no_lease_is_left_after_kill_9(start, tmp_path):
    jobs = start(4, FOUR, "child")
    assert held(tmp_path) == evenly("0123", 1)
    for job in jobs:
        end(job, "kill")
    children = [psutil.Process(job.found["child"]) for job in jobs]
    assert all(child.is_running() for child in children)
    assert held(tmp_path) == {}
    for child in children:
        child.kill()
    assert [path.name for path in folder_in(tmp_path).iterdir()] == ["choosing.lock"]


def test_devices_of_the_user_or_slurm_are_the_only_ones(start, tmp_path):
    assert devices_of(start(4, "2,3")) == {"2": 2, "3": 2}
    assert held(tmp_path) == evenly("23", 2)
    # another study on the same machine takes what is free
    assert devices_of(start(2)) == {"0": 1, "1": 1}


def test_one_device_is_never_waited_for(start, tmp_path):
    jobs = start(3, "1")
    assert devices_of(jobs) == {"1": 3}
    assert jobs[0].found["CUDA_DEVICE_ORDER"] is None
    assert held(tmp_path) == {"gpu-1": 3}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("0,1", ["0", "1"]),
        (" 3, 2", ["3", "2"]),
        ("", []),
        ("-1", []),
        ("1,-1,0", ["1"]),
        ("NoDevFiles", []),
        (
            "GPU-8932f937-d72c,MIG-GPU-8932/1/0",
            ["GPU-8932f937-d72c", "MIG-GPU-8932/1/0"],
        ),
    ],
)
def test_visible_gpus_are_what_cuda_makes_of_them(here, monkeypatch, chosen, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus() == expected


@pytest.mark.parametrize(
    "name",
    ["GPU-../../../up", "GPU-/etc", "MIG-GPU-1/1/0", "GPU-" + "ä/" * 300, "GPU-*"],
)
def test_no_name_of_a_device_leads_out_of_the_folder(here, name):
    folder = lease_folder()
    with lease_gpu([name, "0"], folder) as gpu, lease_gpu([name, "0"], folder) as other:
        assert (gpu, other) == (name, "0")
        files = {path for path in here.rglob("*") if path.is_file()}
        assert len(files) == 3
        assert {path.parent for path in files} == {folder}
    assert held(here) == {}


def test_slurm_jobs_may_number_different_gpus_alike(here, monkeypatch):
    folder = lease_folder()
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with lease_gpu(["0", "1"], folder):
        monkeypatch.setenv("SLURM_JOB_ID", "8")
        with lease_gpu(["0", "1"], folder) as gpu:
            assert gpu == "0"
            assert held(here) == {"slurm-7-gpu-0": 1, "slurm-8-gpu-0": 1}


def fake_nvidia_smi(directory, monkeypatch, script):
    """The only program on PATH, but for those that `script` names in full."""
    path = directory / "bin/nvidia-smi"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))


def test_without_a_choice_nvidia_smi_lists_the_gpus(here, monkeypatch):
    fake_nvidia_smi(
        here,
        monkeypatch,
        '[ "$*" = "--query-gpu=index --format=csv,noheader" ] && printf "0\\n1\\n"',
    )
    with lease_gpu(visible_gpus(), lease_folder()) as taken, own_gpu(1):
        assert taken == "0"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"
        assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def assert_nothing_is_leased(directory, wanted=1):
    before = dict(os.environ)
    with own_gpu(wanted):
        assert dict(os.environ) == before
    assert not folder_in(directory).exists()


@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found", ":"])
def test_no_gpu_and_no_lease_where_nvidia_smi_finds_none(here, monkeypatch, script):
    fake_nvidia_smi(here, monkeypatch, script)
    assert_nothing_is_leased(here)


def test_a_hanging_nvidia_smi_does_not_hang_the_job(here, monkeypatch, capsys):
    fake_nvidia_smi(here, monkeypatch, "exec /bin/sleep 600")
    monkeypatch.setattr(gpus, "LISTING_TIMEOUT", 0.1)
    assert_nothing_is_leased(here)
    assert "No GPU is leased: " in capsys.readouterr().out


def test_no_lease_without_nvidia_smi(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    assert_nothing_is_leased(here)


@pytest.mark.parametrize("chosen", ["", "-1"])
def test_no_lease_where_gpus_are_hidden(here, monkeypatch, chosen):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert_nothing_is_leased(here)


@pytest.mark.parametrize("wanted", [None, 0])
def test_no_lease_for_a_job_without_gpu(here, monkeypatch, wanted):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", FOUR)
    assert_nothing_is_leased(here, wanted)


def test_the_folder_may_inherit_a_group(here):
    here.chmod(0o2777)
    assert lease_folder() == lease_folder() == folder_in(here)


def test_a_folder_that_others_may_write_to_is_refused(here):
    folder_in(here).mkdir()
    folder_in(here).chmod(0o777)
    with pytest.raises(StudyError, match=r"drwxrwxrwx of user \d+, expected .*remove"):
        lease_folder()


def test_a_link_in_place_of_the_folder_is_refused(here):
    (here / "elsewhere").mkdir(mode=0o700)
    folder_in(here).symlink_to(here / "elsewhere")
    with pytest.raises(StudyError, match="lrwxrwxrwx of user"):
        lease_folder()


def test_a_job_does_not_wait_for_ever_to_choose(here, monkeypatch):
    folder = lease_folder()
    with choosing(folder):
        monkeypatch.setattr(gpus, "CHOOSING_TIMEOUT", 0.1)
        with (
            pytest.raises(StudyError, match=r"choosing.lock: locked for 0.1 s"),
            lease_gpu(["0"], folder),
        ):
            pass


def test_importing_tensorflow_leaves_cuda_alone():
    """So the lease may be taken later, until devices are listed."""
    code = (
        "import os, train; os.write(2, b'imported\\n'); "
        "train.set_up_devices(1, gpu=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=SCRIPTS,
        env=os.environ | {"LD_DEBUG": "libs"},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = done.stderr.split("imported\n")
    assert "libcuda.so" not in before
    assert "libcuda.so" in after
