"""Anyone's pictures get the look of the data."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from siamese.data.pictures import prepare
from siamese.errors import StudyError

# An image like those of the data set: bright on black, touching left and right.
BOOT = np.zeros((28, 28), np.uint8)
BOOT[6:22, 0:12] = 200
BOOT[16:22, 0:28] = 240


def made(picture, channels=1):
    return prepare(picture, (28, 28, channels), method="makers")


def test_a_large_picture_on_a_light_ground_looks_the_same():
    large = Image.fromarray(255 - np.kron(BOOT, np.ones((10, 10), np.uint8)))
    large = ImageOps.expand(large, (30, 90, 150, 10), 255)
    sixteen = Image.fromarray(np.asarray(large).astype(np.uint16) * 257)
    for picture in (sixteen, *map(large.convert, ("L", "RGB", "P", "RGBA"))):
        assert np.mean(abs(made(picture).astype(int) - BOOT)) < 3


def test_an_image_of_the_data_comes_back_and_so_does_its_negative():
    for image in (BOOT, 255 - np.pad(BOOT, 1)):
        assert made(Image.fromarray(image)).dtype == np.uint8
        np.testing.assert_array_equal(made(Image.fromarray(image)), BOOT)


def test_transparent_pixels_are_ground():
    colours = np.zeros((28, 28, 4), np.uint8)
    colours[BOOT > 0] = (0, 0, 60, 255)
    # Dark blue on nothing is dark on white: the thing is bright.
    pixels = made(Image.fromarray(colours))
    assert (pixels[BOOT > 0] > 200).all() and (pixels[BOOT == 0] == 0).all()


@pytest.mark.parametrize("size", [(1, 300), (5000, 2)])
def test_a_very_long_thing_stays_in_the_middle(size):
    pixels = made(ImageOps.expand(Image.new("L", size, 255), 3, 0))
    lines = (np.flatnonzero(pixels.any(axis=axis)) for axis in (1, 0))
    short, long = sorted(lines, key=len)
    assert len(long) == 28 and short.tolist() in ([13], [14])


def test_colours_keep_their_ground():
    picture = Image.new("RGB", (40, 20), (250, 240, 10))
    picture.paste((10, 20, 200), (10, 5, 30, 15))
    pixels = made(picture, 3)
    assert pixels[14, 14].tolist() == [10, 20, 200]
    assert pixels[0, 0].tolist() == [250, 240, 10]


def test_nothing_but_ground_is_refused():
    with pytest.raises(StudyError, match="found nothing but a ground of 200 of 255"):
        made(Image.new("L", (1, 1), 200))
