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
            images, labels = arrays[image_array], arrays[label_array]
            if images.shape[3:] == (1,):
                images = images[..., 0]
            if images.dtype.kind not in "buif" or images.shape[3:] not in ((), (3,)):
                found = f"{name}: {image_array}: {images.dtype} of shape {images.shape}"
                expected = "numbers of shape (n, height, width), or that and channels"
                raise StudyError(f"{found}, expected {expected}, 1 or 3")
            whole = labels.dtype.kind in "iu" and (labels >= 0).all()
            if labels.size != len(labels) or not whole:
                found = f"{name}: {label_array}: {labels.dtype} of shape {labels.shape}"
                raise StudyError(f"{found}, expected a whole number from 0 for each")
            labels = labels.reshape(-1).astype(np.int64)
            parts.append((f"{name}: {image_array}", images, labels))
    return parts
