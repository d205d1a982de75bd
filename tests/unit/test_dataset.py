"""Every format gives the same images; unsuitable files are refused."""

import hashlib
import json

import numpy as np
import partition
import pytest
from PIL import Image
from study import digests, idx_bytes

from siamese.data.dataset import read_dataset
from siamese.data.image_folder import current_digest, listing
from siamese.data.pictures import as_bytes
from siamese.errors import StudyError

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.permutation(np.repeat(np.arange(4), [9, 5, 7, 3]))
IMAGES = GENERATOR.integers(0, 256, (len(LABELS), 6, 5)).astype(np.uint8)
COLOURS = GENERATOR.integers(0, 256, (len(LABELS), 6, 5, 3)).astype(np.uint8)
ONE, TWO = slice(0, 15), slice(15, None)
NAMES = ["a cat", "Ähre", "b", "c's"]
IDX = {
    f"{part}-{kind}-ubyte": idx_bytes(array[rows].astype(np.uint8))
    for part, rows in (("t10k", TWO), ("train", ONE))
    for kind, array in (("images-idx3", IMAGES), ("labels-idx1", LABELS))
}


def read(kind, paths, **options):
    preparation = {"shape": options.pop("shape", None), "method": "resize"}
    preparation["maximum"] = options.pop("maximum", None)
    defaults = {"classes": None, "numbered": False, "digest": None}
    defaults |= {"files": {path.name: None for path in paths}, "format": kind}
    return read_dataset(paths, defaults | {"preparation": preparation} | options)


def read_npz(folder, options=(), **arrays):
    np.savez(folder / "x.npz", **arrays)
    return read("npz", [folder / "x.npz"], **dict(options))


def read_idx(folder, contents=IDX, **options):
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return read("idx", [folder / name for name in contents], **options)


def read_folder(folder, classes=NAMES, **options):
    return read("folder", [folder], classes=classes, **options)


@pytest.fixture
def folder(tmp_path):
    """A PNG file for each image, numbered through all classes."""
    for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        path = tmp_path / "data" / NAMES[label] / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "data"


def refusal(read, *arguments, **options):
    with pytest.raises(StudyError) as error:
        read(*arguments, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_same_data_by_any_format(tmp_path, folder):
    x, y = {"x_train": IMAGES[ONE]}, {"y_train": LABELS[ONE], "y_test": LABELS[TWO]}
    npz = read_npz(tmp_path, **x, **y, x_test=IMAGES[TWO])
    for content in (read_idx(tmp_path), npz, read_folder(folder)):
        assert content.images.dtype == content.labels.dtype == np.uint8
        np.testing.assert_array_equal(content.images, IMAGES)
        np.testing.assert_array_equal(content.labels, LABELS)
        assert content.counts() == {0: 9, 1: 5, 2: 7, 3: 3}
    assert npz.names == ["0", "1", "2", "3"] and content.names == NAMES


def test_numbers_and_names_in_npz(tmp_path):
    """As in MedMNIST, where labels are columns."""
    for images, expected in (
        (COLOURS, COLOURS),
        (IMAGES.astype(">u2")[..., None] * 257, IMAGES),
        (IMAGES > 99, np.where(IMAGES > 99, 255, 0)),
    ):
        train = {"train_images": images[ONE], "train_labels": LABELS[ONE, None]}
        test = {"test_images": images[TWO], "test_labels": LABELS[TWO, None]}
        content = read_npz(tmp_path, **test, **train)
        assert content.images.dtype == np.uint8
        np.testing.assert_array_equal(content.images, expected)
        np.testing.assert_array_equal(content.labels, LABELS)


def test_values_are_rounded_and_labels_numbered(tmp_path):
    values = np.array([0, 128, 129, 257, 65535], np.uint16)
    assert as_bytes(values, None, {}).tolist() == [0, 0, 1, 1, 255]
    content = read_npz(tmp_path, images=IMAGES, labels=LABELS * 3 + 1)
    np.testing.assert_array_equal(content.labels, LABELS)
    assert content.names == ["1", "4", "7", "10"]
    many = read_npz(tmp_path, images=np.ones((300, 1, 1), bool), labels=range(300))
    assert many.labels.dtype == np.uint16 and many.labels[-1] == 299
    line = refusal(
        read_npz, tmp_path, {"numbered": True}, images=IMAGES, labels=LABELS + 1
    )
    assert "found classes by number, and the labels [1, 2, 3, 4], so" in line
    read_npz(tmp_path, {"numbered": True}, images=IMAGES, labels=LABELS)


@pytest.mark.parametrize(
    ("images", "maximum", "found"),
    [
        (IMAGES.astype(np.uint16), 255, "uint16 are from 0 to 255, expected from 0 to"),
        (IMAGES // 255, 1, "uint8 are from 0 to 1, expected from 0 to at most white"),
        (IMAGES / 255, 1.0, "at most white, which is unknown, and"),
    ],
)
def test_the_value_of_white_is_told_where_pixels_do_not(
    tmp_path, images, maximum, found
):
    line = refusal(read_npz, tmp_path, images=images, labels=LABELS)
    assert found in line and "state the value that stands for white as data" in line
    content = read_npz(tmp_path, {"maximum": maximum}, images=images, labels=LABELS)
    expected = IMAGES if images.max() > 1 or images.dtype == float else images * 255
    np.testing.assert_array_equal(content.images, expected)
    assert content.ranges == {images.dtype.name: [0, images.max()]}
    line = refusal(
        read_npz, tmp_path, {"maximum": maximum / 2}, images=images, labels=LABELS
    )
    assert f"at most white, {maximum / 2:g}" in line


def test_npz_files_that_are_refused(tmp_path):
    whole = {"images": IMAGES, "labels": LABELS}
    for arrays, message in (
        ({"pictures": IMAGES}, "found the arrays ['pictures'], expected such as"),
        (whole | {"images": IMAGES * 1j}, "images: complex128 of shape (24, 6, 5), e"),
        (whole | {"images": IMAGES[..., None].repeat(4, 3)}, "(24, 6, 5, 4), expected"),
        (whole | {"labels": LABELS[1:]}, "images of shape (24, 6, 5) and 23 labels, "),
        (whole | {"labels": LABELS / 2}, "labels: float64 of shape (24,), expected"),
        (whole | {"labels": -LABELS}, "expected a whole number from 0 for each"),
        (whole | {"labels": np.array([{}] * 24)}, "no .npz file of numbers (ValueErro"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "images of shape (0, 6, 5)"),
        (whole | {"x_test": COLOURS, "y_test": LABELS}, "of shape (6, 5, 3) as x.npz"),
    ):
        line = refusal(read_npz, tmp_path, **arrays)
        assert line.startswith(f"{tmp_path}: x.npz: ") and message in line


@pytest.mark.parametrize("name", IDX)
def test_damaged_idx_files_are_refused_by_name(tmp_path, name):
    data = IDX[name]
    magic, flipped = b"\0\0\x0d" + data[3:], data[:-1] + bytes([data[-1] ^ 1])
    huge = data[:4] + b"\xff" * 12
    for damage in (magic, data[:-1], data + b"\0", b"", huge, flipped):
        contents = IDX | {name: damage}
        line = refusal(read_idx, tmp_path, contents, files=digests(IDX))
        assert line.startswith(f"{tmp_path}: {name}: ") and "; fetch " in line


def test_copies_are_one_image(tmp_path):
    """By file, 2 and 3 are image 0 again, in its class and in another."""
    images, labels = IMAGES[:8].copy(), np.array([0, 1, 0, 2, 1, 2, 3, 3])
    images[2] = images[3] = images[0]
    content = read_npz(tmp_path, images=images, labels=labels)
    table, copies = partition.divide(content, {"A": [0, 1], "B": [2, 3]})
    assert table.index.tolist() == [0, 1, 4, 5, 6, 7]
    assert table["set"].tolist() == [*"AAABBB"]
    assert copies == {"within_classes": 1, "between_classes": 1}


def test_the_digest_is_that_of_sha256sum(tmp_path):
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in digests(IDX).items())
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert read_idx(tmp_path, digest=digest, files=digests(IDX)).digest == digest
    line = refusal(read_idx, tmp_path, digest="0" * 64)
    assert f"dataset.digest: found {digest}, expected 0000" in line


def test_kinds_of_image_files(tmp_path):
    grey, colour = Image.fromarray(IMAGES[0]), Image.fromarray(COLOURS[0])
    seen = np.full((6, 5), 255, np.uint8)
    seen[2:] = 0
    half_seen = colour.copy()
    half_seen.putalpha(Image.fromarray(seen))
    turned = Image.Exif()
    # 6: the first row of pixels is the right side.
    turned[274] = 6
    as_colours = np.stack([IMAGES[0]] * 3, axis=-1)
    kinds = {
        "colour.bmp": (colour, COLOURS[0]),
        "grey.PNG": (grey, as_colours),
        "half.tiff": (half_seen, np.where(seen[..., None], COLOURS[0], 255)),
        "palette.gif": (colour.quantize(8), colour.quantize(8).convert("RGB")),
        "sixteen.png": (Image.fromarray(IMAGES[0].astype(np.uint16) * 257), as_colours),
    }
    (tmp_path / "a").mkdir()
    for name, (image, _) in kinds.items():
        image.save(tmp_path / "a" / name)
    kinds["turned.png"] = None, COLOURS[0]
    lying = Image.fromarray(np.rot90(COLOURS[0]))
    lying.save(tmp_path / "a/turned.png", exif=turned)
    images = read_folder(tmp_path, ["a"]).images
    np.testing.assert_array_equal(images, [expected for _, expected in kinds.values()])
    shaped = read_folder(tmp_path, ["a"], shape=[12, 10, 1]).images
    assert shaped.shape == (len(kinds), 12, 10)
    np.testing.assert_array_equal(shaped[1], grey.resize((10, 12), Image.BILINEAR))


def test_hidden_files_links_and_folders_below(folder):
    for name in ("b/.hidden.png", "b/Thumbs.db", "notes.txt", "b/@eaDir/1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    content = read_folder(folder)
    np.testing.assert_array_equal(content.images, IMAGES)
    assert content.left_out == {".db": 1, ".png": 2, ".txt": 1}
    known = {"listing": listing(folder, NAMES), "digest": "known"}
    (folder / "dataset.json").write_text(json.dumps(known))
    assert current_digest(folder, NAMES, folder / "dataset.json") == "known"
    assert current_digest(folder, NAMES, None) == content.digest
    (folder / "b/more/even more").mkdir(parents=True)
    Image.fromarray(IMAGES[0]).save(folder / "b/more/even more/ü 1.png")
    (folder / "c's").rename(folder.parent / "elsewhere")
    (folder / "c's").symlink_to(folder.parent / "elsewhere")
    digest = current_digest(folder, NAMES, folder / "dataset.json")
    assert digest == read_folder(folder).digest != content.digest
    content = read_folder(folder, ["c's", "b"])
    assert content.counts() == {0: 3, 1: 8}
    assert "b/more/even more/ü 1.png" in content.files


def test_images_that_are_refused(folder):
    path = folder / "d/99999 ß.png"
    path.parent.mkdir()
    Image.fromarray(IMAGES[0].T).save(path, "TIFF")
    message = f"{path}: shape (5, 6), expected (6, 5"
    assert refusal(read_folder, folder, [*NAMES, "d"]).startswith(message)
    path.write_bytes(path.read_bytes()[:40])
    message = f"{path}: no image that can be read ("
    assert refusal(read_folder, folder, [*NAMES, "d"]).startswith(message)
