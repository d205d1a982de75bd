"""Reading IDX, the file format of MNIST and of data sets made like it.

Format: http://yann.lecun.com/exdb/mnist (section "THE IDX FILE FORMAT").
"""

import math

import numpy as np

from siamese.errors import StudyError
from siamese.study.options import IMAGES, label_file


def read_idx(contents):
    """The parts of a data set in IDX files, given their contents (bytes) by name.

    A part is the name of an image file, its images (uint8, shape (n, height, width))
    and their labels (uint8, shape (n,)). The training part comes first. Raises
    StudyError for a damaged file.
    """
    arrays = {name: parse_idx(content, name) for name, content in contents.items()}
    names = [name for name in arrays if IMAGES in name]
    names.sort(key=lambda name: "train" not in name)
    return [(name, arrays[name], arrays[label_file(name)]) for name in names]


def parse_idx(content, name):
    """The array of an IDX file, whose name (`idx<n>`) states its dimensions."""
    dimensions = 3 if "idx3" in name else 1
    header = 4 + 4 * dimensions
    magic = bytes([0, 0, 8, dimensions])  # 8: unsigned bytes
    shape = [int.from_bytes(content[i : i + 4]) for i in range(4, header, 4)]
    size = header + math.prod(shape)
    if content[:4] != magic or len(content) != size:
        expected = f"an IDX file of {dimensions} dimensions, whole; fetch it again"
        raise StudyError(f"{name}: {len(content)} bytes, expected {expected}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
