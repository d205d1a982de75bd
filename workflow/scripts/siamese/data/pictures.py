"""What a picture is to a study, for training and for `compare-images` alike."""

import numpy as np
from PIL import Image, ImageOps

from siamese.errors import StudyError

GREY = ("1", "L", "LA", "La")
MORE_THAN_8_BITS = ("I;16", "I;16B", "I;16L", "I", "F")
# What stands for white, by type; a type that is not here has no such value.
WHITE = {"bool": 1, "uint8": 255, "uint16": 2**16 - 1, "int32": 2**31 - 1}
# The share of its white that a data set's brightest pixel reaches at least, inverted.
DARKEST = 16
# Smaller differences from the ground are noise; values go to 255.
TOLERANCE = 32


def as_bytes(values, maximum, ranges):
    """Pixels as uint8, rounded: `maximum`, or if None the white of their type, is 255.

    `ranges` has the lowest and the highest value so far by type, and is brought up to
    date.
    """
    name = values.dtype.name
    low, high = ranges.get(name, (np.inf, -np.inf))
    ranges[name] = [min(low, values.min().item()), max(high, values.max().item())]
    white = maximum or WHITE.get(name, 1)
    if name == "uint8" and white == 255:
        return values
    scaled = np.clip(values * 255.0 / white + 0.5, 0, 255.5)
    return np.nan_to_num(scaled).astype(np.uint8)


def check_ranges(ranges, maximum):
    """Refuse units that are not those of the type, given `ranges` of `as_bytes`.

    Twelve bits in a type of sixteen, or 0 to 1 in one of eight, would all be dark.
    """
    for name, (low, high) in ranges.items():
        white = maximum or WHITE.get(name)
        if white is None or not (low >= 0 and white / DARKEST <= high <= white):
            raise StudyError(
                f"Pixels of type {name} are from {low:g} to {high:g}, expected from 0 "
                f"to at most white, {white or 'which is unknown'}, and at least a "
                "sixteenth; state the value that stands for white as dataset.maximum, "
                "such as 4095 for 12 bits"
            )


def prepare(picture, shape, maximum=None, method="resize", ranges=None):
    """The pixels of a Pillow image as networks get them, uint8.

    It is turned upright as its EXIF data say, what is transparent becomes white, and
    values become 8 bits (`as_bytes`). Then it is resized to `shape`, without regard to
    its proportions, or, by the `method` 'makers', made to look as Fashion-MNIST does.
    `shape` is height, width and, if three, channels (1 or 3); if None the picture keeps
    its size. A grey image has no channel axis, any other red, green and blue.
    """
    picture = ImageOps.exif_transpose(picture)
    if picture.mode not in MORE_THAN_8_BITS and picture.mode != "1":
        mode = "L" if picture.mode in GREY else "RGB"
        if picture.has_transparency_data:
            white = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(white, picture.convert("RGBA"))
        picture = picture.convert(mode)
    values = as_bytes(np.asarray(picture), maximum, {} if ranges is None else ranges)
    if method == "makers":
        return like_fashion_mnist(values, [*shape, 1][:3])
    picture = Image.fromarray(values)
    if shape is not None:
        height, width, *channels = shape
        if channels:
            picture = picture.convert("L" if channels == [1] else "RGB")
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def like_fashion_mnist(values, shape):
    """Pixels (uint8, grey or colours) made as the images of Fashion-MNIST were.

    The thing shown is bright on black, fills the longer side, and is in the middle;
    colour images keep their ground. `shape` is height, width and channels (1 or 3).
    Raises StudyError if there is only ground.

    Source: Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for
    Benchmarking Machine Learning Algorithms", figure 1, without its sharpening.
    """
    height, width, channels = shape
    grey = np.asarray(Image.fromarray(values).convert("L"), np.int16)
    ground = int(np.median(border(grey)))
    box = Image.fromarray(abs(grey - ground) > TOLERANCE).getbbox()
    if box is None:
        raise StudyError(
            f"found nothing but a ground of {ground} of 255, expected a thing that "
            "differs from it; choose a picture with more contrast"
        )
    if channels == 1:
        # The thing is darker than a light ground and lighter than a dark one.
        sign = -1 if ground > 127 else 1
        pixels = np.clip(sign * (grey - ground), 0, 255).astype(np.uint8)
        fill = 0
    else:
        pixels = np.asarray(Image.fromarray(values).convert("RGB"))
        fill = tuple(np.median(border(pixels), axis=0).astype(int).tolist())
    thing = Image.fromarray(pixels).crop(box)
    factor = min(width / thing.width, height / thing.height)
    size = [max(1, round(factor * side)) for side in thing.size]
    thing = thing.resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new(thing.mode, (width, height), fill)
    canvas.paste(thing, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas)


def border(values):
    """The outermost pixels, of shape (n,) or (n, channels)."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
