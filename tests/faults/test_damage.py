"""Files changed behind the workflow's back: refused, named, and regenerated."""

import os
import re
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from study import ROOT, different_results, snakemake

from siamese.data.stored import read_images
from siamese.errors import StudyError
from siamese.model import layers  # noqa: F401, which model files name
from siamese.model.network import read_model

pytestmark = pytest.mark.faults
POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~{},seed~0"
HISTORY, METRICS, DISTANCES = (
    f"{POINT.format(2)}/{name}"
    for name in ("history.csv", "metrics.json", "distances.npz")
)
SUMMARY = "results/summary/summary.csv"


def flip(path):
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replace(old, new):
    """Damage that puts something in the place of a regular expression's match."""

    def damage(path):
        text = path.read_text()
        edited = re.sub(old, new, text, count=1, flags=re.MULTILINE)
        assert edited != text
        path.write_text(edited)

    return damage


def verify(study):
    """Check a study's files; return the exit status and what is printed, by lines."""
    command = (sys.executable, ROOT / "workflow/study.py", "verify", "-d", study)
    done = subprocess.run(command, stdout=-1, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.splitlines()


def test_what_is_damaged_is_named_and_regenerated(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "a study")
    assert verify(study)[0] == 0
    damages = {
        **{DISTANCES: flip, f"{POINT.format(3)}/model.keras": truncate},
        METRICS: replace('"accuracy": 0', '"accuracy": 1'),
        SUMMARY: replace("siamese", "Siamese"),
    }
    for name, damage in damages.items():
        damage(study / name)
    status, lines = verify(study)
    assert status == 1
    names = [line.partition(": changed since its job ended (")[0] for line in lines]
    assert names[:-1] == [f"{study}/{name}" for name in sorted(damages)]
    assert lines[-1].startswith("Error: 4 of ")
    for name in damages:
        (study / name).unlink()
    done = snakemake(study)
    assert done.returncode == 0, done.stdout
    assert different_results(study, finished_study) == set()
    assert verify(study)[0] == 0


def test_a_job_refuses_what_is_damaged(finished_study, tmp_path):
    """In one line, and nothing is left of it; the other jobs are done."""
    study = shutil.copytree(finished_study, tmp_path / "a study")
    (study / HISTORY).write_bytes(b"")
    flip(study / DISTANCES)
    made = [f"{POINT.format(3)}/{name}" for name in ("model.keras", "history.csv")]
    made.append(METRICS)
    for name in made:
        (study / name).unlink()
    done = snakemake(study, "--keep-going", *made)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 2, done.stdout
    for name, log, complaint in (
        (HISTORY, "train", "no epochs"),
        (DISTANCES, "evaluate", "BadZipFile: Bad CRC-32 for file"),
    ):
        (line,) = [x for x in lines if f"{study}/{name}: {complaint}" in x]
        assert f" (log: {study}/logs/{log}/" in line
    assert not any((study / name).exists() for name in made)


class Pwned:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


def test_code_in_a_file_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.array([Pwned()], dtype=object), allow_pickle=True)
    with pytest.raises(StudyError, match=r"images\.npy: .*Python objects in dtype"):
        read_images("images.npy")
    inputs = keras.layers.Input((2,))
    # A lambda is bytecode in the file, which runs when the model is built.
    layer = keras.layers.Lambda(lambda x: (__import__("os").mkdir("pwned"), x)[1])
    keras.Model(inputs, layer(inputs)).save("model.keras")
    (tmp_path / "pwned").rmdir()
    with pytest.raises(StudyError, match=r"model\.keras: ValueError: .* is damaged"):
        read_model("model.keras")
    assert not (tmp_path / "pwned").exists()
