"""Reading NumPy's .npz files with images and labels."""

import io
import zipfile

import numpy as np

from siamese.errors import StudyError

# Names of the arrays of images and of labels, one pair a part of the data set: those of
# Keras's data sets, of MedMNIST, and of a file of one part.
ARRAYS = (
    ("x_train", "y_train"),
    ("x_val", "y_val"),
    ("x_test", "y_test"),
    ("train_images", "train_labels"),
    ("val_images", "val_labels"),
    ("test_images", "test_labels"),
    ("images", "labels"),
)
# What 16-bit values are divided by.
PER_BYTE = 257


def read_npz(content, name):
    """All images and labels of a file, its parts one after the other.

    Parameters
    ----------
    content : bytes
    name : str
        Of the file, for messages.

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, height, width) or (..., channels)
    labels : numpy.ndarray of int64, shape (n,)

    Raises
    ------
    StudyError
        No such file, or arrays of another kind.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        gist = (str(error) or type(error).__name__).splitlines()[0]
        raise StudyError(f"{name}: no .npz file of numbers ({gist})") from None
    parts = [pair for pair in ARRAYS if pair[0] in arrays and pair[1] in arrays]
    if not parts:
        expected = ", ".join(" and ".join(pair) for pair in ARRAYS)
        raise StudyError(
            f"{name}: found the arrays {sorted(arrays)}, expected one or more of: "
            f"{expected}"
        )
    images = [as_bytes(arrays[key], f"{name}: {key}") for key, _ in parts]
    labels = [as_labels(arrays[key], f"{name}: {key}") for _, key in parts]
    for (key, other), one, two in zip(parts, images, labels, strict=True):
        if len(one) != len(two):
            raise StudyError(
                f"{name}: {len(two)} labels in {other}, expected {len(one)} as {key} "
                "has images"
            )
        if one.shape[1:] != images[0].shape[1:]:
            raise StudyError(
                f"{name}: images of shape {one.shape[1:]} in {key}, expected "
                f"{images[0].shape[1:]} as in {parts[0][0]}"
            )
    return np.concatenate(images), np.concatenate(labels)


def as_bytes(images, name):
    """Images as uint8; of 16 bits the eight upper ones, rounded."""
    if images.ndim not in (3, 4) or (
        images.ndim == 4 and images.shape[3] not in (1, 3)
    ):
        raise StudyError(
            f"{name}: shape {images.shape}, expected (n, height, width), or "
            "(n, height, width, channels) with 1 or 3 channels"
        )
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.dtype == np.uint8:
        return images
    if images.dtype == bool:
        return images.astype(np.uint8) * 255
    if images.dtype.kind == "u" and images.dtype.itemsize == 2:
        return eight_bits(images)
    raise StudyError(
        f"{name}: numbers of type {images.dtype}, expected uint8, uint16 or bool; "
        "scale them to 0 to 255 and store uint8"
    )


def eight_bits(values):
    """Values of 16 bits as uint8, rounded: 65535 becomes 255."""
    half = PER_BYTE // 2
    return ((values.astype(np.uint32) + half) // PER_BYTE).astype(np.uint8)


def as_labels(labels, name):
    """Labels as int64 of shape (n,)."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels < 0).any():
        raise StudyError(
            f"{name}: {labels.dtype} of shape {labels.shape}, expected a whole number "
            "from 0 for each image"
        )
    return labels.astype(np.int64)
