"""The formats of data sets: the same images by any of them, and what is refused."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from download import download
from PIL import Image
from study import ROOT, digests, generate_files, idx_bytes

from siamese.datasets import read_dataset
from siamese.errors import StudyError
from siamese.image_folder import class_folders, content_digest
from siamese.npz import eight_bits

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.permutation(np.repeat(np.arange(4), [9, 5, 7, 3]))
IMAGES = GENERATOR.integers(0, 256, (len(LABELS), 6, 5)).astype(np.uint8)
COLOURS = GENERATOR.integers(0, 256, (len(LABELS), 6, 5, 3)).astype(np.uint8)
NAMES = ["a cat", "Ähre", "b", "c's"]
OPTIONS = {"files": {}, "classes": None, "shape": None, "digest": None}


def write_folder(folder, images, labels=LABELS, names=NAMES, ending="png"):
    """A PNG file for each image, numbered through all classes."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / names[label] / f"{number:05}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def read(folder, **options):
    options = OPTIONS | {"format": "folder", "classes": class_folders(folder)} | options
    return read_dataset([folder], options)


def read_npz(path, **arrays):
    np.savez(path, **arrays)
    return read_dataset([path], OPTIONS | {"format": "npz", "files": {path.name: None}})


def write_idx(folder, images, labels):
    """Two pairs of files, as the MNIST family has them; their paths."""
    files = {}
    for part, rows in (("train", slice(0, 15)), ("t10k", slice(15, None))):
        files[f"{part}-images-idx3-ubyte"] = idx_bytes(images[rows])
        files[f"{part}-labels-idx1-ubyte"] = idx_bytes(labels[rows].astype(np.uint8))
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]


def test_the_same_data_by_any_format(tmp_path):
    paths = write_idx(tmp_path, IMAGES, LABELS)
    files = {path.name: None for path in paths}
    found = {
        "idx": read_dataset(paths, OPTIONS | {"format": "idx", "files": files}),
        "npz": read_npz(
            tmp_path / "x.npz",
            x_train=IMAGES[:15],
            y_train=LABELS[:15],
            x_test=IMAGES[15:],
            y_test=LABELS[15:],
        ),
        "folder": read(write_folder(tmp_path / "folder", IMAGES), classes=NAMES),
    }
    for content in found.values():
        assert content.images.dtype == content.labels.dtype == np.uint8
        np.testing.assert_array_equal(content.images, IMAGES)
        np.testing.assert_array_equal(content.labels, LABELS)
        assert content.counts() == {0: 9, 1: 5, 2: 7, 3: 3}
    assert found["idx"].names == found["npz"].names == ["0", "1", "2", "3"]
    # Without a list, sorted by code point, as Keras and torchvision do.
    assert read(tmp_path / "folder").names == sorted(NAMES)


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": COLOURS, "labels": LABELS},
        {"images": COLOURS, "labels": LABELS[:, None].astype(np.uint8)},
        {
            "train_images": COLOURS[:4],
            "train_labels": LABELS[:4, None],
            "val_images": COLOURS[4:9],
            "val_labels": LABELS[4:9, None],
            "test_images": COLOURS[9:],
            "test_labels": LABELS[9:, None],
        },
    ],
    ids=["one part", "column of labels", "MedMNIST"],
)
def test_colours_in_npz(tmp_path, arrays):
    content = read_npz(tmp_path / "x.npz", **arrays)
    np.testing.assert_array_equal(content.images, COLOURS)
    np.testing.assert_array_equal(content.labels, LABELS)


def test_other_numbers_in_npz(tmp_path):
    deep = IMAGES.astype(np.uint16) * 257
    assert eight_bits(np.array([0, 128, 129, 257, 65535])).tolist() == [0, 0, 1, 1, 255]
    for images, expected in (
        (deep, IMAGES),
        (IMAGES > 99, np.where(IMAGES > 99, 255, 0)),
        (IMAGES[..., None], IMAGES),
    ):
        content = read_npz(tmp_path / "x.npz", images=images, labels=LABELS)
        np.testing.assert_array_equal(content.images, expected)


def test_labels_that_do_not_count_from_0_are_numbered(tmp_path):
    content = read_npz(tmp_path / "x.npz", images=IMAGES, labels=LABELS * 3 + 1)
    np.testing.assert_array_equal(content.labels, LABELS)
    assert content.names == ["1", "4", "7", "10"]


def test_more_than_256_classes_and_images_of_one_pixel(tmp_path):
    labels = np.repeat(np.arange(300), 2)
    images = (np.arange(600) % 251).astype(np.uint8).reshape(600, 1, 1)
    content = read_npz(tmp_path / "x.npz", images=images, labels=labels)
    assert content.labels.dtype == np.uint16
    names = [f"{number:03}" for number in range(300)]
    folder = write_folder(tmp_path / "folder", images, labels, names)
    for found in (content, read(folder)):
        np.testing.assert_array_equal(found.labels, labels)
        np.testing.assert_array_equal(found.images, images)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"pictures": IMAGES},
            "found the arrays ['pictures'], expected one or more of",
        ),
        ({"images": IMAGES / 255, "labels": LABELS}, "images: numbers of type float64"),
        ({"images": IMAGES[0], "labels": LABELS}, "images: shape (6, 5), expected (n,"),
        ({"images": IMAGES, "labels": LABELS[1:]}, "23 labels in labels, expected 24"),
        ({"images": IMAGES, "labels": LABELS / 2}, "labels: float64 of shape (24,)"),
        ({"images": IMAGES, "labels": -LABELS}, "expected a whole number from 0 for"),
        ({"images": IMAGES, "labels": np.array([{}] * 24)}, "no .npz file of numbers"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "x.npz: no images"),
        (
            {"x_train": IMAGES, "y_train": LABELS, "x_test": COLOURS, "y_test": LABELS},
            "images of shape (6, 5, 3) in x_test, expected (6, 5) as in x_train",
        ),
    ],
)
def test_npz_files_that_are_refused(tmp_path, arrays, message):
    with pytest.raises(StudyError) as error:
        read_npz(tmp_path / "x.npz", **arrays)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_digests_of_files_and_of_all(tmp_path):
    np.savez(tmp_path / "x.npz", images=IMAGES, labels=LABELS)
    sha256 = hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()
    options = OPTIONS | {"format": "npz", "files": {"x.npz": sha256}}
    content = read_dataset([tmp_path / "x.npz"], options)
    assert content.digest == hashlib.sha256(f"{sha256}  x.npz\n".encode()).hexdigest()
    read_dataset([tmp_path / "x.npz"], options | {"digest": content.digest})
    for wrong in ({"digest": sha256}, {"files": {"x.npz": content.digest}}):
        with pytest.raises(StudyError, match=r"expected [0-9a-f]{64}"):
            read_dataset([tmp_path / "x.npz"], options | wrong)


def test_kinds_of_image_files(tmp_path):
    """Grey, palette, 16 bits, opacity and one bit, in files of several formats."""
    grey = Image.fromarray(IMAGES[0])
    colour = Image.fromarray(COLOURS[0])
    palette = colour.quantize(8)
    sixteen = Image.fromarray(IMAGES[0].astype(np.uint16) * 257)
    opaque = colour.copy()
    opaque.putalpha(grey)
    kinds = {
        "grey.png": (grey, np.stack([IMAGES[0]] * 3, axis=-1)),
        "colour.png": (colour, COLOURS[0]),
        "colour.bmp": (colour, COLOURS[0]),
        "colour.tiff": (colour, COLOURS[0]),
        "palette.png": (palette, np.asarray(palette.convert("RGB"))),
        "palette.gif": (palette, np.asarray(palette.convert("RGB"))),
        "sixteen.png": (sixteen, np.stack([IMAGES[0]] * 3, axis=-1)),
        "opaque.png": (opaque, COLOURS[0]),
        "bit.png": (grey.convert("1"), None),
        "lossy.JPG": (colour, None),
    }
    (tmp_path / "a").mkdir()
    for name, (image, _) in kinds.items():
        image.save(tmp_path / "a" / name)
    content = read(tmp_path)
    assert content.images.shape == (len(kinds), 6, 5, 3)
    for place, name in enumerate(sorted(kinds)):
        expected = kinds[name][1]
        if expected is not None:
            np.testing.assert_array_equal(content.images[place], expected, name)
    in_grey = read(tmp_path, shape=[12, 10, 1])
    assert in_grey.images.shape == (len(kinds), 12, 10)
    place = sorted(kinds).index("grey.png")
    resized = grey.resize((10, 12), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(in_grey.images[place], np.asarray(resized))
    assert read(tmp_path, shape=[6, 5]).images.ndim == 4
    only_grey = [tmp_path / "a" / name for name in kinds if "grey" not in name]
    for path in only_grey:
        path.unlink()
    assert read(tmp_path).images.shape == (1, 6, 5)


def test_hidden_files_links_and_folders_below(tmp_path):
    folder = write_folder(tmp_path / "data", IMAGES)
    plain = read(folder)
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("x")
    (folder / "b/.hidden.png").write_text("x")
    (folder / "b/Thumbs.db").write_text("x")
    np.testing.assert_array_equal(read(folder).images, plain.images)
    assert read(folder).digest == content_digest(folder, class_folders(folder))
    (folder / "b/more/even more").mkdir(parents=True)
    Image.fromarray(IMAGES[0]).save(folder / "b/more/even more/ü 1.png")
    (folder / "b/more/round").symlink_to(folder / "b")
    elsewhere = shutil.move(folder / "c's", tmp_path / "elsewhere")
    (folder / "c's").symlink_to(elsewhere)
    found = read(folder)
    assert len(found.images) == len(IMAGES) + 1
    assert "b/more/even more/ü 1.png" in found.files
    assert found.counts()[class_folders(folder).index("c's")] == 3


def test_classes_that_are_named_are_those_that_count(tmp_path):
    folder = write_folder(tmp_path, IMAGES)
    content = read(folder, classes=["b", "a cat"])
    assert content.names == ["b", "a cat"]
    assert content.counts() == {0: 7, 1: 9}


def spoil_bytes(path):
    path.write_bytes(path.read_bytes()[:40])


def spoil_size(path):
    Image.fromarray(IMAGES[0].T).save(path)


def spoil_mode(path):
    Image.fromarray(IMAGES[0].astype(np.float32) * 1e6).save(path, format="TIFF")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_bytes, "no image that can be read"),
        (spoil_mode, "no image that can be read (floating-point values)"),
        (os.remove, "no images, expected 2 or more"),
        (spoil_size, "5x6 pixels, expected 6x5 as"),
        (lambda path: path.write_text("text"), "no image that can be read (cannot"),
        (lambda path: path.write_bytes(b""), "no image that can be read (cannot"),
    ],
)
def test_images_that_are_refused(tmp_path, spoil, message):
    folder = write_folder(tmp_path, IMAGES)
    (folder / "d").mkdir()
    path = folder / "d/00003 ß.png"
    Image.fromarray(IMAGES[0]).save(path)
    spoil(path)
    with pytest.raises(StudyError) as error:
        read(folder)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert str(path if path.exists() else path.parent) in str(error.value)


def test_too_large_images(tmp_path, monkeypatch):
    monkeypatch.setattr("siamese.image_folder.MOST_BYTES", IMAGES.size - 1)
    with pytest.raises(StudyError, match=r"give a smaller dataset\.shape"):
        read(write_folder(tmp_path, IMAGES))


def test_npz_files_are_fetched_as_they_are(tmp_path):
    np.savez(tmp_path / "x.npz", images=IMAGES, labels=LABELS)
    content = (tmp_path / "x.npz").read_bytes()
    sources = [{"directory": str(tmp_path)}]
    (tmp_path / "scratch").mkdir()
    found = download(sources, {"x.npz": None}, tmp_path / "scratch", format="npz")
    assert found == {"x.npz": content}
    with pytest.raises(StudyError, match=r"y\.npz: not found in"):
        (tmp_path / "again").mkdir()
        download(sources, {"y.npz": None}, tmp_path / "again", format="npz")


def test_idx_files_without_digests(tmp_path):
    files = generate_files()
    for name, data in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    (tmp_path / "scratch").mkdir()
    sources = [{"directory": str(tmp_path)}]
    assert download(sources, dict.fromkeys(files), tmp_path / "scratch") == files
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    options = OPTIONS | {"format": "idx", "files": dict.fromkeys(files)}
    content = read_dataset([tmp_path / name for name in files], options)
    assert content.files == digests(files)


def pin(path):
    command = [sys.executable, ROOT / "workflow/pin.py", "--configfile", path]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True)


def test_pin_writes_the_digest_into_the_config(tmp_path):
    folder = write_folder(tmp_path / "data", IMAGES)
    config = tmp_path / "mine.yaml"
    text = """# Mine.
dataset:
  # A comment.
  format: folder
  name: mine
  folder: data
sets: {A: ["a cat", b], B: null}  # the rest
pairs: {images_per_class: null, train: 10}
grid: {batch_size: [4]}"""
    config.write_text(text)
    for _ in range(2):
        done = pin(config)
        assert done.returncode == 0, done.stderr
        digest = read(folder).digest
        pinned = config.read_text()
        assert yaml.safe_load(pinned)["dataset"]["digest"] == digest
        without = [line for line in pinned.split("\n") if "digest" not in line]
        assert "\n".join(without) == text + "\n"
        # Again, after a change.
        Image.fromarray(IMAGES[0]).save(folder / "b/x.png")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [config.name]
    flow = "dataset: {format: folder, name: mine, folder: data}\nsets:"
    config.write_text(flow + text.partition("\nsets:")[2])
    done = pin(config)
    assert done.returncode == 1
    assert "expected the overlay of a study with a block `dataset`" in done.stderr
    assert len(done.stderr.splitlines()) == 1
