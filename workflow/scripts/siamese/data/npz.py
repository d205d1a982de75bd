"""Reading NumPy's .npz files of images and labels."""

import io

import numpy as np

from siamese.data.pictures import eight_bits
from siamese.data.stored import UNREADABLE
from siamese.errors import StudyError

# Names of the image and label arrays of each part: in Keras's data sets, in MedMNIST,
# and in a file of one part.
PARTS = ("train", "val", "test")
ARRAYS = [(f"x_{part}", f"y_{part}") for part in PARTS]
ARRAYS += [(f"{part}_images", f"{part}_labels") for part in PARTS]
ARRAYS += [("images", "labels")]
TYPES = ("uint8", "uint16", "bool")


def read_npz(contents):
    """The parts of a data set in .npz files, given their contents (bytes) by name.

    A part is a name, images (uint8, shape (n, height, width) or (..., 3)) and labels
    (int64, shape (n,)). Raises StudyError for a damaged file and unsuitable arrays.
    """
    parts = []
    for name, content in contents.items():
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = dict(file)
        except UNREADABLE as error:
            gist = f"{type(error).__name__}: {error}".splitlines()[0]
            raise StudyError(f"{name}: no .npz file of numbers ({gist})") from None
        pairs = [pair for pair in ARRAYS if {*pair} <= {*arrays}]
        if not pairs:
            found = f"{name}: found the arrays {sorted(arrays)}"
            raise StudyError(f"{found}, expected such as {ARRAYS[0]} or {ARRAYS[-1]}")
        for image_array, label_array in pairs:
            images = as_bytes(arrays[image_array], f"{name}: {image_array}")
            labels = as_labels(arrays[label_array], f"{name}: {label_array}")
            parts.append((f"{name}: {image_array}", images, labels))
    return parts


def as_bytes(images, name):
    """Images as uint8, without a channel axis of one channel."""
    dtype, shape = images.dtype.name, images.shape
    if dtype not in TYPES or len(shape) < 3 or shape[3:] not in ((), (1,), (3,)):
        raise StudyError(
            f"{name}: {dtype} of shape {shape}, expected {TYPES} of shape "
            "(n, height, width), or that and 1 or 3 channels"
        )
    images = images[..., 0] if shape[3:] == (1,) else images
    if dtype == "uint16":
        return eight_bits(images)
    return images * np.uint8(255) if dtype == "bool" else images


def as_labels(labels, name):
    """Labels as int64 of shape (n,)."""
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels < 0).any():
        found = f"{name}: {labels.dtype} of shape {labels.shape}"
        raise StudyError(f"{found}, expected a whole number from 0 for each image")
    return labels.astype(np.int64)
