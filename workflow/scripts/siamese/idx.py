"""Reading IDX, the format of MNIST and the data sets that are made like it.

Format: http://yann.lecun.com/exdb/mnist (section "THE IDX FILE FORMAT").
"""

import hashlib
import math
from pathlib import Path

import numpy as np

from siamese.errors import StudyError

UNSIGNED_BYTE = 0x08
# What tells a file of images from that with its labels, in their names.
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
# No file to read is larger, compressed or not; EMNIST's largest has 550 MB.
MOST_BYTES = 1_000_000_000
BLOCK_BYTES = 2**20


def header_size(name):
    """Bytes of the header; the file's name, `idx<n>`, states the dimensions."""
    return 16 if "idx3" in name else 8


def read_header(header, name):
    """The shape of the array that follows the header of an IDX file.

    Parameters
    ----------
    header : bytes
        The first `header_size(name)` bytes, or all of a shorter file.
    name : str

    Returns
    -------
    tuple of int

    Raises
    ------
    StudyError
        Wrong magic number, or a header that is cut off.
    """
    size = header_size(name)
    magic = bytes([0, 0, UNSIGNED_BYTE, size // 4 - 1])
    if header[:4] != magic:
        raise StudyError(
            f"{name}: starts with {header[:4].hex() or 'nothing'}, expected the IDX "
            f"magic number {magic.hex()}; fetch the file again"
        )
    if len(header) < size:
        raise StudyError(
            f"{name}: {len(header)} bytes, expected a header of {size}; fetch the "
            "file again"
        )
    return tuple(np.frombuffer(header[4:size], ">u4").tolist())


def read_payload(file, name):
    """Read an IDX file, but little more than its header says: memory is bounded.

    Parameters
    ----------
    file : binary file object
        At the beginning of the decompressed file.
    name : str

    Returns
    -------
    bytes
        At most one byte more than the header says, for `parse_idx` to check.

    Raises
    ------
    StudyError
        A wrong header, or one that says more than `MOST_BYTES`.
    """
    header = file.read(header_size(name))
    shape = read_header(header, name)
    rest = math.prod(shape)
    if rest > MOST_BYTES:
        raise StudyError(
            f"{name}: shape {shape} in its header, expected at most {MOST_BYTES} "
            "bytes; fetch the file again"
        )
    # In blocks, since Python allocates at once what it is to read.
    blocks, missing = [header], rest + 1
    while block := file.read(min(missing, BLOCK_BYTES)):
        blocks.append(block)
        missing -= len(block)
    return b"".join(blocks)


def parse_idx(payload, name, sha256):
    """Check the bytes of an IDX file and return its array.

    Parameters
    ----------
    payload : bytes
        The decompressed file.
    name : str
        The file's name, for messages and the number of dimensions.
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
    header = header_size(name)
    shape = read_header(payload[:header], name)
    expected = header + math.prod(shape)
    if len(payload) != expected:
        raise StudyError(
            f"{name}: {len(payload)} bytes, expected {expected} for the shape "
            f"{shape} in its header; fetch the file again"
        )
    digest = hashlib.sha256(payload).hexdigest()
    if sha256 not in (None, digest):
        raise StudyError(
            f"{name}: SHA-256 of the decompressed file is {digest}, expected "
            f"{sha256} (dataset.files in the config); fetch the file again"
        )
    return np.frombuffer(payload, np.uint8, offset=header).reshape(shape)


def label_file(name):
    """The name of the file with the labels of a file of images."""
    return name.replace(IMAGES, LABELS)


def read_merged(paths, sha256s):
    """Read the files of images and those of labels, and merge each.

    Parameters
    ----------
    paths : dict of str to path
        The decompressed IDX files by name; each file of images has one of labels.
    sha256s : dict of str to str or None

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, height, width)
    labels : numpy.ndarray of uint8, shape (n,)
        In the order of the files of images, those for training first.
    sha256s : dict of str to str
        What was found.

    Raises
    ------
    StudyError
        A damaged file, images of unequal shape, or images and labels
        that differ in number.
    """
    arrays, found = {}, {}
    for name, path in paths.items():
        try:
            with open(path, "rb") as file:
                payload = read_payload(file, name)
            arrays[name] = parse_idx(payload, name, sha256s[name])
            found[name] = hashlib.sha256(payload).hexdigest()
        except StudyError as error:
            raise StudyError(f"{Path(path).absolute().parent}: {error}") from None
    of_images = [name for name in arrays if IMAGES in name]
    of_images.sort(key=lambda name: "train" not in name)
    first = arrays[of_images[0]]
    for name in of_images:
        images, labels = arrays[name], arrays[label_file(name)]
        if images.shape[1:] != first.shape[1:]:
            raise StudyError(
                f"{name}: images of shape {images.shape[1:]}, expected "
                f"{first.shape[1:]} as {of_images[0]} has"
            )
        if len(images) != len(labels):
            raise StudyError(
                f"{label_file(name)}: {len(labels)} labels, expected {len(images)} as "
                f"{name} has images"
            )
    return (
        np.concatenate([arrays[name] for name in of_images]),
        np.concatenate([arrays[label_file(name)] for name in of_images]),
        found,
    )
