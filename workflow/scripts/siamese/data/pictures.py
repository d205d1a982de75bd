"""Bringing pictures to the type of the data, and to its look."""

import numpy as np
from PIL import Image, ImageOps

from siamese.errors import StudyError

GREY = ("1", "L", "LA", "La")
MORE_THAN_8_BITS = ("I;16", "I;16B", "I;16L", "I", "F")
# Smaller differences from the ground are noise; values go to 255.
TOLERANCE = 32


def eight_bits(values):
    """Values of 16 bits as uint8, rounded: 65535 becomes 255."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def convert(image, shape):
    """The pixels of a Pillow image (uint8), resized to a shape unless that is None.

    A grey image has no channel axis, any other red, green and blue. `shape` is height,
    width and, if three, channels (1 or 3). Raises ValueError for more than 16 bits.
    """
    if image.mode in MORE_THAN_8_BITS:
        values = np.asarray(image)
        if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
            raise ValueError("values that are no whole numbers of 16 bits")
        image = Image.fromarray(eight_bits(values))
    image = image.convert("L" if image.mode in GREY else "RGB")
    if shape is not None:
        height, width, *channels = shape
        if channels:
            image = image.convert("L" if channels == [1] else "RGB")
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8)


def like_the_data(picture, shape):
    """A Pillow image made as the images of Fashion-MNIST were (uint8).

    The thing shown is bright on black, fills the longer side, and is in the middle.
    Transparent pixels are ground; colour images keep their ground. `shape` is height,
    width and channels (1 or 3). Raises StudyError if there is only ground.

    Source: Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for
    Benchmarking Machine Learning Algorithms", figure 1, without its sharpening.
    """
    height, width, channels = shape
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    values = convert(picture, None)
    grey = convert(Image.fromarray(values), (*values.shape[:2], 1)).astype(np.int16)
    ground = int(np.median(border(grey)))
    trim = box_of_thing(grey, ground)
    if channels == 1:
        # The thing is darker than a light ground and lighter than a dark one.
        sign = -1 if ground > 127 else 1
        pixels = np.clip(sign * (grey[trim] - ground), 0, 255).astype(np.uint8)
        fill = 0
    else:
        pixels = np.asarray(Image.fromarray(values).convert("RGB"))[trim]
        fill = tuple(np.median(border(values), axis=0).astype(int).tolist())
    thing = Image.fromarray(pixels)
    factor = min(width / thing.width, height / thing.height)
    size = [max(1, round(factor * side)) for side in thing.size]
    thing = thing.resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new(thing.mode, (width, height), fill)
    canvas.paste(thing, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas).reshape(shape)


def border(values):
    """The outermost pixels, of shape (n,) or (n, channels)."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])


def box_of_thing(grey, ground):
    """The slices of rows and columns in which a picture differs from its ground."""
    differs = abs(grey - ground) > TOLERANCE
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise StudyError(
            f"found nothing but a ground of {ground} of 255, expected a thing that "
            "differs from it; choose a picture with more contrast"
        )
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
