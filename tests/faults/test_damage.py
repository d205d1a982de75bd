"""Files changed behind the workflow's back: found, named, and regenerated."""

import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hooked import hooked_python
from study import ROOT, different_results, snakemake

from siamese.checkpoint import read_checkpoint, read_model
from siamese.errors import StudyError
from siamese.metrics import read_baselines, read_metrics
from siamese.network import keras
from siamese.pairs import read_pairs, read_verified_pairs
from siamese.stored import (
    read_distances,
    read_history,
    read_images,
    read_json,
    read_pair_table,
    read_table,
)
from siamese.tables import read_summary

POINT = "results/grid/size~small,l2~{},batch_size~64,epochs~{},seed~0"
A = "results/pairs/seed~0/A.csv"
MODEL, HISTORY, METRICS = (
    f"{POINT.format(0, 2)}/{name}"
    for name in ("model.keras", "history.csv", "metrics.json")
)
DISTANCES = f"{POINT.format(0, 2)}/distances.npz"
BASELINES = "results/baselines/seed~0/metrics.json"
SUMMARY = "results/summary/summary.csv"
COUNTS = {"A": 69, "B": 232, "crossed": 232, "validation": 79}
# To run when Python starts: the first training job has a GPU without memory.
FULL_GPU = """
import os
import sys

import numpy as np

default_rng = np.random.default_rng


def without_memory(seed):
    mark = {mark!r}
    if sys._getframe(1).f_code.co_name == "train" and not os.path.exists(mark):
        open(mark, "w").close()
        import tensorflow as tf

        raise tf.errors.ResourceExhaustedError(
            None,
            None,
            "OOM when allocating tensor with shape[256,28,28,16] and type float on "
            "/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc",
        )
    return default_rng(seed)


np.random.default_rng = without_memory
"""


@pytest.fixture
def study(finished_study, tmp_path):
    """A copy of the finished study, to damage."""
    return shutil.copytree(finished_study, tmp_path / "a study")


def flip_bit(path):
    flip(path.stat().st_size // 2)(path)


def flip(position, bit=0):
    """Damage of one bit."""

    def damage(path):
        data = bytearray(path.read_bytes())
        data[position] ^= 1 << bit
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


def save_distances(value, n=None):
    """Damage that puts `n` equal distances into each array, or as many as it had."""

    def damage(path):
        sizes = {name: n or count for name, count in COUNTS.items()}
        arrays = {k: np.full(size, value, np.float32) for k, size in sizes.items()}
        np.savez(path, **arrays)

    return damage


def verify(study):
    """Run the check as `make verify` does; return its status and lines."""
    done = subprocess.run(
        [sys.executable, ROOT / "workflow/verify.py", "--directory", study],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout.splitlines()


def test_a_finished_study_is_as_its_jobs_left_it(finished_study):
    paths = (finished_study / "results").rglob("*")
    n = sum(path.is_file() for path in paths)
    assert verify(finished_study) == (
        0,
        [f"{finished_study}: {n} files as their jobs left them"],
    )


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("results/dataset/images.npy", flip_bit),
        ("results/dataset/labels.npy", flip_bit),
        ("results/dataset/partition.csv", replace("^7,.*$", "7,0,A")),
        (A, replace("^([0-9]+),", r"1\1,")),
        (MODEL, truncate),
        (MODEL, flip_bit),
        (HISTORY, empty),
        (DISTANCES, flip_bit),
        (METRICS, replace('"accuracy": 0', '"accuracy": 1')),
        (BASELINES, replace('"auc": 0', '"auc": 1')),
        (SUMMARY, replace("siamese", "Siamese")),
        ("results/verification/loss.txt", replace("0.15251", "0.15252")),
    ],
)
def test_verification_names_what_has_changed(study, name, damage):
    damage(study / name)
    status, (line, error) = verify(study)
    assert status == 1
    assert re.fullmatch(
        re.escape(f"{study}/{name}: changed since its job ended ({study}/logs/")
        + r".*\.log has its "
        r"checksum\)",
        line,
    )
    assert error.startswith("Error: 1 of ")
    assert "delete those named and run snakemake again" in error


def test_verification_names_what_is_missing_or_of_no_job(study):
    (study / SUMMARY).unlink()
    (study / METRICS).rename(study / "results/a copy.json")
    shutil.rmtree(study / "logs/evaluate_baselines")
    status, lines = verify(study)
    assert status == 1
    log = f"{study}/logs/evaluate/{METRICS.split('/')[2]}.log"
    assert lines[:-1] == [
        f"{study}/results/a copy.json: not recorded, no log has its checksum",
        f"{study}/{BASELINES}: not recorded, no log has its checksum",
        f"{study}/{METRICS}: missing ({log} has its checksum)",
        f"{study}/{SUMMARY}: missing ({study}/logs/summarise.log has its checksum)",
    ]
    assert lines[-1].startswith("Error: 4 of ")


def test_verification_of_the_wrong_folder_is_no_success(tmp_path):
    status, (error,) = verify(tmp_path)
    assert status == 1
    assert f"{tmp_path}/results: found no files" in error


def test_the_newest_of_several_records_counts(study):
    log = study / "logs/before.log"
    log.write_text(f"{'0' * 64}  {SUMMARY}\nno record\n")
    assert verify(study)[0] == 1
    newest = study / "logs/summarise.log"
    newest.write_bytes(newest.read_bytes())
    assert verify(study)[0] == 0


def test_sha256sum_reads_the_records(finished_study):
    log = (finished_study / "logs/partition.log").read_text()
    done = subprocess.run(
        ["sha256sum", "--check"],
        cwd=finished_study,
        input=log,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "results/dataset/images.npy: OK" in done.stdout


IMAGES_NPY = "results/dataset/images.npy"


@pytest.mark.parametrize(
    ("name", "damage", "read", "found"),
    [
        (IMAGES_NPY, truncate, read_images, "ValueError: mmap length is greater"),
        (IMAGES_NPY, flip(61, 1), read_images, "more bytes than 100 images have"),
        (IMAGES_NPY, flip(27, 2), read_images, "TokenError: ('EOF in multi-line"),
        (IMAGES_NPY, empty, read_images, "EOFError: No data left in file"),
        (
            IMAGES_NPY,
            lambda path: np.save(path, np.zeros((300, 784))),
            read_images,
            "float64 of shape (300, 784), expected uint8 of shape (n, height, width)",
        ),
        (A, replace("^([0-9]+),", r"x\1,"), read_pairs, "ValueError: could not conv"),
        (A, replace(",[^,]*$", ""), read_pairs, "header 'left,right,left_class,right_"),
        (A, replace("(,.),train$", r"\1,tra"), read_pairs, "expected images, classes"),
        (A, replace("(,.,.),0,", r"\1,1,"), read_pairs, "expected images, classes and"),
        (
            A,
            replace("^([0-9]+),", r"9999,"),
            lambda path: read_pairs(path, 300),
            "line 2: 9999,",
        ),
        (A, empty, read_pairs, "header '' and 0 pairs"),
        (
            A,
            replace("^.*,train\n", ""),
            lambda path: read_verified_pairs(
                path, path.parents[2] / "verification/seed~0/pairs.json", 300
            ),
            "'train': 199, 'validation': 79} pairs, expected {'test': 69, 'train': 200",
        ),
        (A, replace("^([0-9]+),", r"x\1,"), read_pair_table, "line 2: left is 'x"),
        (A, replace(",test$", ""), read_pair_table, "split is 'nan', expected a text"),
        (A, replace("^left,", "lift,"), read_pair_table, "no column left"),
        (MODEL, truncate, read_model, "ValueError: File not found"),
        (MODEL, flip_bit, read_model, "BadZipFile: Bad CRC-32 for file 'model.weigh"),
        (HISTORY, empty, read_history, "epochs [], expected 1, 2, 3 and so on"),
        (HISTORY, replace("^1,.*\n", ""), read_history, "epochs ['2'], expected 1, 2"),
        (HISTORY, replace("^2,[^,]*", "2,nan"), read_history, "no finite number"),
        (HISTORY, replace("loss", "los"), read_history, "KeyError: 'loss'"),
        (METRICS, replace("}", ""), read_metrics, "JSONDecodeError: "),
        (METRICS, replace('"auc"', '"auk"'), read_metrics, "KeyError: 'auc'"),
        (METRICS, replace("0.5", "null"), read_metrics, "TypeError: float() argument"),
        (METRICS, empty, read_json, "JSONDecodeError: Expecting value"),
        (BASELINES, truncate, read_baselines, "JSONDecodeError: "),
        (BASELINES, replace('"method"', '"way"'), read_baselines, "KeyError: 'method'"),
        *(
            (DISTANCES, damage, lambda path: read_distances(path, COUNTS), found)
            for damage, found in (
                (flip_bit, "BadZipFile: Bad CRC-32 for file"),
                (truncate, "BadZipFile: File is not a zip file"),
                (empty, "EOFError: No data left in file"),
                (lambda path: np.savez(path, A=np.zeros(69)), "KeyError: 'B"),
                (
                    save_distances(0, 9),
                    "A is float32 of shape (9,), expected flo",
                ),
                (save_distances(np.nan), "A has distances that are no finite numbers"),
            )
        ),
        (SUMMARY, empty, read_summary, "EmptyDataError: No columns to parse from file"),
        (SUMMARY, replace(",0[.]4[0-9]*", ",o"), read_summary, "line 2: accuracy_a is"),
        (SUMMARY, replace("^small.*", "small"), read_summary, "line 2: seed is 'nan'"),
        (SUMMARY, replace("(.*\n)+", "seed\n"), read_summary, "no rows"),
        (
            "results/summary/settings.csv",
            replace("method", "way"),
            lambda path: read_table(path, (), ["method"]),
            "no column method",
        ),
    ],
)
def test_readers_name_a_damaged_file(
    finished_study, tmp_path, name, damage, read, found
):
    study = shutil.copytree(finished_study / "results", tmp_path / "results")
    path = study.parent / name
    read(path)
    damage(path)
    with pytest.raises(StudyError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: ")
    assert found in str(error.value)
    assert str(error.value).endswith(
        "the file is damaged: delete it and run snakemake again, which regenerates it"
    )


def same_arrays(one, other):
    return all(np.array_equal(one[name], other[name]) for name in other)


@pytest.mark.parametrize(
    ("name", "read", "positions", "same"),
    [
        (IMAGES_NPY, read_images, range(0, 128, 3), np.array_equal),
        (
            DISTANCES,
            lambda path: read_distances(path, COUNTS),
            [*range(0, 200, 9), *range(-300, 0, 7)],
            same_arrays,
        ),
    ],
)
def test_one_wrong_bit_is_told_or_does_no_harm(
    finished_study, tmp_path, name, read, positions, same
):
    right = read(finished_study / name)
    path = tmp_path / "copy"
    told = 0
    for position in positions:
        for bit in range(8):
            shutil.copy(finished_study / name, path)
            flip(position, bit)(path)
            try:
                assert same(read(path), right)
            except StudyError:
                told += 1
    assert told > len(positions)


def test_what_the_system_refuses_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "metrics.json")


def test_a_history_of_other_epochs_than_its_model_is_refused(finished_study):
    model, history = (finished_study / name for name in (MODEL, HISTORY))
    # of 200 pairs, 64 a step
    assert len(read_checkpoint(model, history, 4)[1]) == 2
    longer = finished_study / POINT.format(0, 3) / "history.csv"
    with pytest.raises(StudyError, match=r"3 epochs are 12 training steps, but .* 8"):
        read_checkpoint(model, longer, 4)


def test_a_model_with_a_weight_that_is_no_number_is_refused(finished_study, tmp_path):
    model = read_model(finished_study / MODEL)
    weights = model.get_weights()
    weights[0][0] = np.nan
    model.set_weights(weights)
    model.save(tmp_path / "model.keras")
    with pytest.raises(StudyError, match="a weight that is no finite number"):
        read_model(tmp_path / "model.keras")


def make_weights_huge(path):
    """Finite weights that make the embeddings overflow."""
    model = keras.saving.load_model(path)
    weights = model.get_weights()
    weights[4] *= 1000  # of the first dense layer
    weights[-2][:] = 3e38
    model.set_weights(weights)
    model.save(path)


def test_damage_is_told_and_repaired(finished_study, study):
    """Also a loss that is not finite, and a GPU without memory for a moment."""
    too_large = POINT.format("0.01", 2) + "/model.keras"
    empty(study / HISTORY)
    flip_bit(study / DISTANCES)
    make_weights_huge(study / too_large)
    longer = [POINT.format(l2, 3) for l2 in ("0", "0.01")]
    for folder in longer:
        for name in ("model.keras", "history.csv"):
            (study / folder / name).unlink()
    embedded = POINT.format("0.01", 2) + "/distances.npz"
    targets = [METRICS, embedded, *(f"{folder}/history.csv" for folder in longer)]
    done = snakemake(study, "--keep-going", *targets)
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 4, done.stdout
    for start, log in (
        (f"{study}/{HISTORY}: epochs [], expected 1, 2, 3 and so on;", "train"),
        (f"{study}/{too_large}: distances that are no finite numbers;", "embed"),
        (f"{study}/{DISTANCES}: BadZipFile: Bad CRC-32 for file", "evaluate"),
        ("Epoch 3: loss nan, validation loss nan, weights not all finite, ", "train"),
    ):
        (error,) = [error for error in errors if start in error]
        assert f" (log: {study}/logs/{log}/" in error
    # Nothing is left of the jobs that failed.
    for name in targets:
        assert not (study / name).exists()
    status, (*lines, _) = verify(study)
    assert status == 1
    wrong = [line.split(": changed")[0] for line in lines]
    assert wrong == [f"{study}/{name}" for name in (DISTANCES, HISTORY, too_large)]

    for path in wrong:
        os.remove(path)
    shutil.copy2(finished_study / too_large, study / too_large)
    hook = study.parent / "hook"
    hook.mkdir()
    mark = str(hook / "failed once")
    python = hooked_python(
        hook / "environment", FULL_GPU.replace("{mark!r}", repr(mark))
    )
    targets = (METRICS, HISTORY, embedded)
    done = snakemake(study, "--retries", "1", *targets, python=python)
    assert done.returncode == 0, done.stdout
    (error,) = [x for x in done.stdout.splitlines() if x.startswith("Error: ")]
    assert error.startswith("Error: Out of memory on GPU 0: nvidia-smi names the ")
    assert "Trying to restart job" in done.stdout
    assert different_results(study, finished_study) == {
        f"{folder}/{name}"
        for folder in longer
        for name in ("model.keras", "history.csv")
    }
    assert verify(study)[0] == 0


def test_a_file_that_is_named_as_target_is_regenerated_alone(finished_study, study):
    names = ["results/dataset/images.npy", "results/dataset/labels.npy"]
    for name in names:
        flip_bit(study / name)
        (study / name).unlink()
    done = snakemake(study, *names)
    assert done.returncode == 0, done.stdout
    assert different_results(study, finished_study) == set()
    assert verify(study)[0] == 0
    assert "Nothing to be done" in snakemake(study, "-n").stdout


class Pwned:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


def test_pickles_are_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = np.array([Pwned()], dtype=object)
    np.save("images.npy", code, allow_pickle=True)
    np.savez("distances.npz", A=code)
    with pytest.raises(StudyError, match=r"images\.npy: .*Python objects in dtype"):
        read_images("images.npy")
    with pytest.raises(StudyError, match=r"distances\.npz: .*allow_pickle=False"):
        read_distances("distances.npz", {"A": 1})
    assert not (tmp_path / "pwned").exists()


def test_code_in_a_model_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inputs = keras.layers.Input((2,))
    # What a lambda is: its bytecode in the file, run when the model is built.
    layer = keras.layers.Lambda(lambda x: (__import__("os").mkdir("pwned"), x)[1])
    keras.Model(inputs, layer(inputs)).save("model.keras")
    (tmp_path / "pwned").rmdir()
    with pytest.raises(StudyError, match=r"model\.keras: ValueError: .* is damaged"):
        read_model("model.keras")
    assert not (tmp_path / "pwned").exists()
