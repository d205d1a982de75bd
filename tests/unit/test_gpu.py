"""A GPU for each job: on devices that are names alone, so no test needs one."""

import contextlib
import os
import subprocess
import sys
from collections import Counter

import pytest
from study import ROOT

from siamese.gpu import own_gpu, visible_gpus

HOLDER = "from siamese.gpu import own_gpu\nwith own_gpu(1): print(flush=True); input()"


@pytest.fixture
def account(tmp_path, monkeypatch):
    """A folder for temporary files and programs, and nothing said of GPUs."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "environ", {"PATH": str(tmp_path)})
    return tmp_path


@pytest.fixture
def take(account):
    """A function that takes a GPU for a job; returns it and a stack that ends that."""
    with contextlib.ExitStack() as jobs:

        def take(devices="0,1,2,3"):
            os.environ["CUDA_VISIBLE_DEVICES"] = devices
            job = jobs.enter_context(contextlib.ExitStack())
            job.enter_context(own_gpu(1))
            return os.environ["CUDA_VISIBLE_DEVICES"], job

        yield take


def test_jobs_have_gpus_of_their_own_and_more_jobs_share_evenly(take):
    jobs = [take() for _ in range(8)]
    assert Counter(gpu for gpu, _ in jobs) == dict.fromkeys("0123", 2)
    for gpu, job in jobs:
        if gpu in "12":
            job.close()
    assert Counter(take()[0] for _ in range(4)) == {"1": 2, "2": 2}


def test_a_killed_job_leaves_its_gpu_to_the_next(account, take):
    env = {"TMPDIR": str(account), "CUDA_VISIBLE_DEVICES": "0,1"}
    env["PYTHONPATH"] = str(ROOT / "workflow/scripts")
    job = subprocess.Popen([sys.executable, "-c", HOLDER], env=env, stdin=-1, stdout=-1)
    assert job.stdout.readline() + job.stdout.readline() == b"GPU: 0, of 0, 1\n\n"
    assert take("0,1")[0] == "1"
    job.kill()
    job.communicate()
    assert take("0,1")[0] == "0"


def test_jobs_of_slurm_may_number_other_devices_alike(take):
    for number in "78":
        os.environ["SLURM_JOB_ID"] = number
        assert take()[0] == "0"


def test_visible_gpus_are_what_cuda_makes_of_them(monkeypatch):
    names = {
        " 3, 2": "3 2",
        "": "",
        "1,-1,0": "1",
        "GPU-8-d,MIG-8/1": "GPU-8-d MIG-8/1",
    }
    for chosen, expected in names.items():
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        assert visible_gpus() == expected.split()


@pytest.mark.parametrize("says", ["2\n3", "No devices were found", None])
@pytest.mark.parametrize("wanted", [0, 1])
def test_without_a_choice_nvidia_smi_lists_them(account, says, wanted):
    if says:
        program = account / "nvidia-smi"
        asked = '[ "$*" = "--query-gpu=index --format=csv,noheader" ]'
        program.write_text(f"#!/bin/sh\n{asked} && echo '{says}'\n")
        program.chmod(0o755)
    expected = {"CUDA_VISIBLE_DEVICES": "2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    before = dict(os.environ)
    with own_gpu(wanted):
        assert os.environ == before | (expected if wanted and says == "2\n3" else {})
