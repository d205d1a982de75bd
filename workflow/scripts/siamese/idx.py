"""Reading IDX, the format of MNIST and Fashion-MNIST.

Format: http://yann.lecun.com/exdb/mnist (section "THE IDX FILE FORMAT").
"""

import hashlib
import math

import numpy as np

from siamese.job import StudyError

UNSIGNED_BYTE = 0x08
IMAGES = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
LABELS = ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte")


def parse_idx(payload, name, sha256):
    """Check the bytes of an IDX file and return its array.

    Parameters
    ----------
    payload : bytes
        The decompressed file.
    name : str
        The file's name, for messages; its `idx<n>` states the dimensions.
    sha256 : str
        Hexadecimal digest that `payload` must have.

    Returns
    -------
    numpy.ndarray of uint8, shape as the header states

    Raises
    ------
    StudyError
        Wrong magic number, size or hash.
    """
    dimensions = 3 if "idx3" in name else 1
    magic = bytes([0, 0, UNSIGNED_BYTE, dimensions])
    if payload[:4] != magic:
        raise StudyError(
            f"{name}: starts with {payload[:4].hex()}, expected the IDX magic "
            f"number {magic.hex()}; fetch the file again"
        )
    header = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(payload[4:header], ">u4").tolist())
    expected = header + math.prod(shape)
    if len(shape) != dimensions or len(payload) != expected:
        raise StudyError(
            f"{name}: {len(payload)} bytes, expected {expected} for the shape "
            f"{shape} in its header; fetch the file again"
        )
    digest = hashlib.sha256(payload).hexdigest()
    if digest != sha256:
        raise StudyError(
            f"{name}: SHA-256 of the decompressed file is {digest}, expected "
            f"{sha256} (dataset.files in the config); fetch the file again"
        )
    return np.frombuffer(payload, np.uint8, offset=header).reshape(shape)


def read_merged(paths, sha256s):
    """Read the two images files, then the two labels files, and merge each.

    Parameters
    ----------
    paths : dict of str to path
        The decompressed IDX files by name.
    sha256s : dict of str to str

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, height, width)
    labels : numpy.ndarray of uint8, shape (n,)
        The training file's rows first, then the test file's.

    Raises
    ------
    StudyError
        A damaged file, or images and labels that differ in number.
    """
    arrays = {}
    for name, path in paths.items():
        with open(path, "rb") as file:
            arrays[name] = parse_idx(file.read(), name, sha256s[name])
    for image_file, label_file in zip(IMAGES, LABELS, strict=True):
        if len(arrays[image_file]) != len(arrays[label_file]):
            raise StudyError(
                f"{label_file}: {len(arrays[label_file])} labels, expected "
                f"{len(arrays[image_file])} as {image_file} has images"
            )
    return (
        np.concatenate([arrays[name] for name in IMAGES]),
        np.concatenate([arrays[name] for name in LABELS]),
    )
