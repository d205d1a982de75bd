"""Pictures of anyone's, brought to the look of the data."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps
from study import ROOT

from siamese.errors import StudyError
from siamese.pictures import like_the_data

SHAPE = (28, 28, 1)


def boot():
    """An image as the data set's are: bright on black, touching left and right."""
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 0:12] = 200
    image[16:22, 0:28] = 240
    return image


def upscaled(image, factor=10):
    return Image.fromarray(np.kron(image, np.ones((factor, factor), np.uint8)))


def test_an_image_of_the_data_comes_back():
    found = like_the_data(Image.fromarray(boot()), SHAPE)
    assert (found.shape, found.dtype) == (SHAPE, np.uint8)
    np.testing.assert_array_equal(found[..., 0], boot())


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "I;16"])
def test_large_light_and_off_the_middle_it_looks_the_same(mode):
    large = ImageOps.expand(upscaled(255 - boot()), (30, 90, 150, 10), 255)
    if mode == "I;16":
        large = Image.fromarray(np.asarray(large).astype(np.uint16) * 257)
    else:
        large = large.convert(mode)
    found = like_the_data(large, SHAPE)[..., 0].astype(int)
    assert np.mean(abs(found - boot())) < 3


def test_a_picture_and_its_negative_are_alike():
    light = ImageOps.expand(upscaled(255 - boot()), 40, 255)
    np.testing.assert_array_equal(
        like_the_data(light, SHAPE), like_the_data(ImageOps.invert(light), SHAPE)
    )


def test_what_is_transparent_is_ground():
    colours = np.zeros((28, 28, 4), np.uint8)
    colours[boot() > 0] = (0, 0, 60, 255)
    # Dark blue on nothing is dark on white: the thing is bright.
    found = like_the_data(Image.fromarray(colours), SHAPE)[..., 0]
    assert (found[boot() > 0] > 200).all() and (found[boot() == 0] == 0).all()


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (2, 5000)])
def test_what_is_very_long_stays_in_the_middle(size):
    thing = Image.new("L", size, 255)
    found = like_the_data(ImageOps.expand(thing, 3, 0), SHAPE)[..., 0]
    rows, columns = (np.flatnonzero(found.any(axis=axis)) for axis in (1, 0))
    long, short = (rows, columns) if size[1] > size[0] else (columns, rows)
    assert len(long) == 28 and short.tolist() in ([13], [14])


def test_colours_keep_their_ground():
    picture = Image.new("RGB", (40, 20), (250, 240, 10))
    picture.paste((10, 20, 200), (10, 5, 30, 15))
    found = like_the_data(picture, (16, 16, 3))
    assert found.shape == (16, 16, 3)
    assert found[8, 8].tolist() == [10, 20, 200]
    assert found[0, 0].tolist() == [250, 240, 10]


@pytest.mark.parametrize("size", [(1, 1), (30, 20)])
def test_nothing_but_ground_is_refused(size):
    with pytest.raises(StudyError, match="found nothing but a ground of 200 of 255"):
        like_the_data(Image.new("L", size, 200), SHAPE)


def compare(*arguments):
    script = ROOT / "workflow/compare_images.py"
    command = [sys.executable, script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_mistakes_are_told_in_a_line(tmp_path):
    Image.fromarray(boot()).save(tmp_path / "boot.png")
    Image.new("L", (9, 9), 7).save(tmp_path / "ground.png")
    (tmp_path / "text.png").write_text("no picture")
    model = {"shape": SHAPE, "distance": "euclidean", "threshold": 1.0}
    (tmp_path / "model.json").write_text(json.dumps(model))
    for name, message in (
        ("missing.png", "No such file"),
        ("text.png", "no picture that can be read"),
        ("ground.png", "nothing but a ground of 7"),
    ):
        paths = tmp_path / "boot.png", tmp_path / name
        done = compare(*paths, "--model", tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"Error: {tmp_path / name}: ") and message in line
    done = compare(*paths, "--model", tmp_path / "none")
    (line,) = done.stderr.splitlines()
    assert "make one with snakemake best" in line and done.returncode == 1
