"""Files that jobs store: read as they were written, or named as damaged."""

import json
import os

import keras
import numpy as np
import pytest

from siamese.data import stored
from siamese.data.stored import (
    read_distances,
    read_history,
    read_images,
    read_json,
    read_pair_table,
    read_pairs,
)
from siamese.errors import StudyError
from siamese.model.network import read_model

HEADER = "left,right,left_class,right_class,same,split"
COUNTS = {"sets": {"A": {"splits": {"test": {"pairs": 1}, "train": {"pairs": 1}}}}}
HISTORY = "epoch,loss,accuracy,val_loss,val_accuracy\n1,2,3,4,5\n2,3,4,5,6\n"


@pytest.fixture
def folder(tmp_path):
    np.save(tmp_path / "images.npy", np.arange(24, dtype=np.uint8).reshape(3, 2, 4))
    np.savez(tmp_path / "distances.npz", A=np.zeros(5, np.float32))
    stored.write_json(tmp_path / "pairs.json", COUNTS)
    (tmp_path / "A.csv").write_text(f"{HEADER}\n0,1,4,4,1,train\n2,0,5,4,0,test\n")
    (tmp_path / "history.csv").write_text(HISTORY)
    return tmp_path


def replace(old, new):
    return lambda data: data.replace(old.encode(), new.encode())


NAMES = {read_images: "images.npy", read_json: "pairs.json"}
NAMES |= {read_history: "history.csv", read_distances: "distances.npz"}
half, nothing = lambda data: data[: len(data) // 2], lambda data: b""


def test_what_is_stored_is_read(folder):
    assert json.loads((folder / "pairs.json").read_text()) == COUNTS
    assert read_json(folder / "pairs.json") == COUNTS
    for in_memory in (True, False):
        images = read_images(folder / "images.npy", in_memory)
        assert (images.shape, images.dtype) == ((3, 2, 4, 1), np.uint8)
        assert images.ravel().tolist() == [*range(24)]
    pairs = read_pairs(folder / "A.csv")
    lists = {name: values.tolist() for name, values in pairs["test"].items()}
    assert lists == {"left": [2], "right": [0], "same": [0.0]}
    assert [row["epoch"] for row in read_history(folder / "history.csv")] == [1, 2]
    assert read_distances(folder / "distances.npz")["A"].tolist() == [0.0] * 5


@pytest.mark.parametrize(
    ("read", "damage", "complaint"),
    [
        (read_images, half, "ValueError: "),
        (read_pairs, replace("2,", "x,"), "ValueError: could not convert"),
        (read_pair_table, replace("2,", "x,"), "line 3: left is 'x', expected"),
        (read_pair_table, replace("test", ""), "line 3: split is 'nan', expected"),
        (read_pair_table, replace("same", "some"), "no column same"),
        (read_json, half, "JSONDecodeError: "),
        (read_history, nothing, "no epochs"),
        (read_history, replace("loss", "los"), "KeyError: 'loss'"),
        (read_distances, half, "BadZipFile: "),
    ],
)
def test_a_damaged_file_is_named(folder, read, damage, complaint):
    path = folder / NAMES.get(read, "A.csv")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StudyError) as error:
        read(path)
    line = str(error.value)
    assert line.startswith(f"{path}: {complaint}") and "\n" not in line
    assert line.endswith("delete it and run snakemake again, which regenerates it")


def test_an_os_error_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "pairs.json")


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
