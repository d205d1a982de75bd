"""Pictures of anyone's, brought to the look of a data set's images."""

import numpy as np
from PIL import Image, ImageOps

from siamese.errors import StudyError
from siamese.image_folder import convert

# Of 255: what differs less from the ground is noise.
TOLERANCE = 32


def like_the_data(picture, shape):
    """A picture as the makers of Fashion-MNIST have made its images.

    The thing shown is bright on black, fills the longer side, and is in the middle. A
    light ground is negated, and the ground is trimmed. What is transparent is ground.
    For colour images the ground is trimmed alone, since their data sets have grounds
    of their own.

    Source: Xiao, Rasul and Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for
    Benchmarking Machine Learning Algorithms", figure 1, without its sharpening.

    Parameters
    ----------
    picture : PIL.Image.Image
        Of any size and mode but that of floating-point values.
    shape : sequence of int
        Height, width and channels (1 or 3) of the data set's images.

    Returns
    -------
    numpy.ndarray of uint8, of that shape

    Raises
    ------
    StudyError
        There is nothing but ground.
    """
    height, width, channels = shape
    picture = on_white(ImageOps.exif_transpose(picture))
    values = convert(picture, None)
    grey = convert(Image.fromarray(values), (*values.shape[:2], 1)).astype(np.int16)
    ground = int(np.median(border(grey)))
    differs = abs(grey - ground) > TOLERANCE
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise StudyError(
            f"found nothing but a ground of {ground} of 255, expected a thing that "
            "differs from it; choose a picture with more contrast"
        )
    trim = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    if channels == 1:
        # On a light ground what is darker, on a dark one what is lighter.
        sign = -1 if ground > 127 else 1
        found = np.clip(sign * (grey[trim] - ground), 0, 255).astype(np.uint8)
        fill = 0
    else:
        found = np.asarray(Image.fromarray(values).convert("RGB"))[trim]
        fill = tuple(np.median(border(values), axis=0).astype(int).tolist())
    thing = Image.fromarray(found)
    factor = min(width / thing.width, height / thing.height)
    size = [max(1, round(factor * side)) for side in thing.size]
    thing = thing.resize(size, Image.Resampling.BICUBIC)
    canvas = Image.new(thing.mode, (width, height), fill)
    canvas.paste(thing, ((width - size[0]) // 2, (height - size[1]) // 2))
    return np.asarray(canvas).reshape(shape)


def on_white(picture):
    """The picture on white where it is transparent."""
    if not picture.has_transparency_data:
        return picture
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def border(values):
    """The outermost pixels, of shape (n,) or (n, channels)."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
