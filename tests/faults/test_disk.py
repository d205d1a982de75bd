"""A disk that gets full, and folders in which one may not write: one line each."""

import os
import shutil
import subprocess

import pytest
from hold import Held
from study import content, snakemake, snakemake_command

pytestmark = pytest.mark.faults
POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~3,seed~0"


def error(output):
    (line,) = [line for line in output.splitlines() if line.startswith("Error: ")]
    return line


@pytest.fixture
def small_disk(tmp_path):
    """A file system in memory, of 256 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={2**28}", "tmpfs", disk)
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(("umount", "--lazy", disk), check=True)


@pytest.mark.root
def test_a_disk_that_gets_full_while_a_network_is_trained(finished_study, small_disk):
    study = shutil.copytree(finished_study, small_disk / "study")
    names = [f"{POINT}/{name}" for name in ("model.keras", "history.csv")]
    for name in names:
        (study / name).unlink()
    run = Held(study, "train", names[0])
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(2**20))
    run.go_on()
    status, output = run.end()
    assert status == 1
    assert "No space left on device" in error(output)
    assert not any((study / name).exists() for name in names)
    filler.unlink()
    done = snakemake(study, *names)
    assert done.returncode == 0, done.stdout
    for name in names:
        assert content(study / name) == content(finished_study / name)


def test_a_study_in_which_one_may_not_write(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "study")
    # Permissions do not bind root.
    words = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]
    subprocess.run(["chmod", "-R", "a-w", study], check=True)
    done = subprocess.run(
        [*(words if os.geteuid() == 0 else ()), *snakemake_command("-n")],
        cwd=study,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    subprocess.run(["chmod", "-R", "u+w", study], check=True)
    assert done.returncode == 1
    assert error(done.stdout).startswith(f"Error: {study}: no permission to write")
    assert "Traceback" not in done.stdout
