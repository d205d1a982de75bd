"""Reading a data set from the user's files. PARSERS registers the file formats."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from siamese.data.idx import read_idx
from siamese.data.image_folder import digest_of_lines, read_folder
from siamese.data.npz import read_npz
from siamese.errors import StudyError

# Each takes the files' contents by name and returns the data set's parts (`read_idx`).
PARSERS = {"idx": read_idx, "npz": read_npz}


class Content(NamedTuple):
    """A data set."""

    images: np.ndarray  # uint8, shape (n, height, width) or (..., 3)
    labels: np.ndarray  # class ids of the smallest unsigned type, shape (n,)
    names: list  # class names by id
    files: dict  # SHA-256 of each file by name
    digest: str  # SHA-256 of all files

    def counts(self):
        """The number of images by class id."""
        counts = np.bincount(self.labels, minlength=len(self.names))
        return dict(enumerate(counts.tolist()))


def read_dataset(paths, options):
    """Read a data set from its files, or from its folder, as a Content.

    `options` has format, files (expected SHA-256 by name, or None), classes (names, or
    None), shape and digest of the config. Raises StudyError for a file that is
    unreadable, differs from what is expected, or does not fit the others.
    """
    place = Path(paths[0]).absolute()
    if options["format"] == "folder":
        images, labels, files = read_folder(place, options["classes"], options["shape"])
    else:
        named = zip(options["files"], paths, strict=True)
        contents = {name: Path(path).read_bytes() for name, path in named}
        try:
            images, labels, files = read_contents(contents, options)
        except StudyError as error:
            raise StudyError(f"{place.parent}: {error}") from None
    digest = digest_of_lines(files)
    if options["digest"] not in (None, digest):
        raise StudyError(
            f"dataset.digest: found {digest}, expected {options['digest']}: a file was "
            "changed, added or removed; `study.py pin` accepts the files as they are"
        )
    names = options["classes"]
    # Labels without names, or beyond the number of names, are numbered in their order.
    if names is None or labels.max() >= len(names):
        values, labels = np.unique(labels, return_inverse=True)
        names = names or [str(value) for value in values]
        if len(names) != len(values):
            found = f"dataset.classes: {len(names)} names, expected {len(values)}"
            raise StudyError(f"{found} as the labels are {values.tolist()}")
    labels = labels.astype(np.min_scalar_type(len(names) - 1))
    return Content(images, labels, list(names), files, digest)


def read_contents(contents, options):
    """Images, labels and SHA-256s of files, given their bytes; see `read_dataset`."""
    parts = PARSERS[options["format"]](contents)
    first, shape = parts[0][0], parts[0][1].shape[1:]
    for name, images, labels in parts:
        if images.shape[1:] != shape or len(images) != len(labels) or not images.size:
            raise StudyError(
                f"{name}: images of shape {images.shape} and {len(labels)} labels, "
                f"expected a label for each image, of shape {shape} as {first} has"
            )
    digests = {}
    for name, content in contents.items():
        digests[name] = hashlib.sha256(content).hexdigest()
        if (expected := options["files"][name]) not in (None, digests[name]):
            found = f"{name}: SHA-256 is {digests[name]}, expected {expected}"
            raise StudyError(f"{found} (dataset.files in the config); fetch it again")
    _, images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels), digests
