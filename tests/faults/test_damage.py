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

from siamese.data.pair_tables import read_pairs, read_verified_pairs
from siamese.data.stored import read_distances, read_history, read_images
from siamese.errors import StudyError
from siamese.model import layers  # noqa: F401, which model files name
from siamese.model.checkpoint import read_model
from siamese.stats.metrics import read_metrics
from siamese.stats.tables import read_summary

pytestmark = pytest.mark.faults
POINT = "results/grid/size~small,l2~0,batch_size~64,epochs~{},seed~0"
MODEL, HISTORY, METRICS, DISTANCES = (
    f"{POINT.format(2)}/{name}"
    for name in ("model.keras", "history.csv", "metrics.json", "distances.npz")
)
IMAGES = "results/dataset/images.npy"
A = "results/pairs/seed~0/A.csv"
VERIFIED = "results/verification/seed~0/pairs.json"
SUMMARY = "results/summary/summary.csv"


def flip(position=None, bit=0):
    """Damage of one bit, in the middle if no position is given."""

    def damage(path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if position is None else position] ^= 1 << bit
        path.write_bytes(data)

    return damage


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def replace(old, new):
    """Damage that puts something in the place of a regular expression's match."""

    def damage(path):
        text = path.read_text()
        edited = re.sub(old, new, text, count=1, flags=re.MULTILINE)
        assert edited != text
        path.write_text(edited)

    return damage


def save(**arrays):
    """Damage that stores other distances."""
    return lambda path: np.savez(path, **arrays)


def verify(study):
    """Check a study's files; return the exit status and what is printed, by lines."""
    command = (sys.executable, ROOT / "workflow/study.py", "verify", "-d", study)
    done = subprocess.run(command, stdout=-1, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.splitlines()


def test_what_is_damaged_is_named_and_regenerated(finished_study, tmp_path):
    study = shutil.copytree(finished_study, tmp_path / "a study")
    assert verify(study)[0] == 0
    damages = {
        **{DISTANCES: flip(), f"{POINT.format(3)}/model.keras": truncate},
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
    empty(study / HISTORY)
    flip()(study / DISTANCES)
    made = [f"{POINT.format(3)}/{name}" for name in ("model.keras", "history.csv")]
    made.append(METRICS)
    for name in made:
        (study / name).unlink()
    done = snakemake(study, "--keep-going", *made)
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 2, done.stdout
    for name, log, complaint in (
        (HISTORY, "train", "epochs [], expected 1, 2, 3 and so on"),
        (DISTANCES, "evaluate", "BadZipFile: Bad CRC-32 for file"),
    ):
        (line,) = [x for x in lines if f"{study}/{name}: {complaint}" in x]
        assert f" (log: {study}/logs/{log}/" in line
    assert not any((study / name).exists() for name in made)


def distances(path):
    return read_distances(path, {"A": 69})


def verified_pairs(path):
    return read_verified_pairs(path, path.parents[2] / VERIFIED.partition("/")[2], 300)


@pytest.mark.parametrize(
    ("name", "damage", "read", "complaint"),
    [
        (IMAGES, truncate, read_images, "ValueError: mmap length is greater"),
        (IMAGES, flip(61, 1), read_images, "more bytes than 100 images have"),
        (IMAGES, empty, read_images, "EOFError: No data left in file"),
        (A, replace("^([0-9]+),", r"x\1,"), read_pairs, "ValueError: could not conv"),
        (A, replace(",[^,]*$", ""), read_pairs, "header 'left,right,left_class,right_"),
        (A, replace("(,.,.),0,", r"\1,1,"), read_pairs, "expected images, classes and"),
        (A, replace("^([0-9]+),", "9999,"), verified_pairs, "line 2: 9999,"),
        (A, replace("^.*,train\n", ""), verified_pairs, "'train': 199, 'validation': "),
        (MODEL, truncate, read_model, "ValueError: File not found"),
        (MODEL, flip(), read_model, "BadZipFile: Bad CRC-32 for file 'model.weigh"),
        (HISTORY, replace("^1,.*\n", ""), read_history, "epochs ['2'], expected 1, 2"),
        (HISTORY, replace("^2,[^,]*", "2,nan"), read_history, "no finite number"),
        (METRICS, replace('"auc"', '"auk"'), read_metrics, "KeyError: 'auc'"),
        (METRICS, replace("0.5", "null"), read_metrics, "TypeError: float() argument"),
        (METRICS, truncate, read_metrics, "JSONDecodeError: "),
        (DISTANCES, empty, distances, "EOFError: No data left in file"),
        (DISTANCES, save(B=np.zeros(69)), distances, "KeyError: 'A"),
        (DISTANCES, save(A=np.zeros(9, "f4")), distances, "A is float32 of shape (9,)"),
        (DISTANCES, save(A=np.full(69, np.nan, "f4")), distances, "no finite numbers"),
        (SUMMARY, empty, read_summary, "EmptyDataError: No columns to parse from file"),
        (SUMMARY, replace("(.*\n)+", "seed\n"), read_summary, "no rows"),
        (SUMMARY, replace(",0[.]4[0-9]*", ",o"), read_summary, "expected a number"),
    ],
)
def test_a_reader_names_a_damaged_file(
    finished_study, tmp_path, name, damage, read, complaint
):
    study = shutil.copytree(finished_study / "results", tmp_path / "results").parent
    read(study / name)
    damage(study / name)
    with pytest.raises(StudyError) as error:
        read(study / name)
    assert str(error.value).startswith(f"{study / name}: ")
    assert complaint in str(error.value)
    assert str(error.value).endswith("run snakemake again, which regenerates it")


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
