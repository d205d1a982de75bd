"""Reading NumPy's .npz files of images and labels."""

import io

import numpy as np

from siamese.data.stored import UNREADABLE
from siamese.errors import StudyError

# Names of the image and label arrays of each part: in Keras's data sets, in MedMNIST,
# and in a file of one part.
PARTS = ("train", "val", "test")
ARRAYS = [(f"x_{part}", f"y_{part}") for part in PARTS]
ARRAYS += [(f"{part}_images", f"{part}_labels") for part in PARTS]
ARRAYS += [("images", "labels")]


def read_npz(contents):
    """The parts of a data set in .npz files, given their contents (bytes) by name.

    A part is a name, images (numbers, shape (n, height, width) or (..., 3)) and labels
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
            images = as_images(arrays[image_array], f"{name}: {image_array}")
            labels = as_labels(arrays[label_array], f"{name}: {label_array}")
            parts.append((f"{name}: {image_array}", images, labels))
    return parts


def as_images(images, name):
    """Images without a channel axis of one channel."""
    shape = images.shape
    if images.dtype.kind not in "buif" or shape[3:] not in ((), (1,), (3,)):
        raise StudyError(
            f"{name}: {images.dtype} of shape {shape}, expected numbers of shape "
            "(n, height, width), or that and 1 or 3 channels"
        )
    return images[..., 0] if shape[3:] == (1,) else images


def as_labels(labels, name):
    """Labels as int64 of shape (n,)."""
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels < 0).any():
        found = f"{name}: {labels.dtype} of shape {labels.shape}"
        raise StudyError(f"{found}, expected a whole number from 0 for each image")
    return labels.astype(np.int64)
