"""Reading a data set from the user's files. PARSERS registers the file formats."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from siamese.data.idx import read_idx
from siamese.data.image_folder import digest_of_lines, read_folder
from siamese.data.npz import read_npz
from siamese.data.pictures import as_bytes, check_ranges
from siamese.errors import StudyError

# Each takes the files' contents by name and returns the data set's parts (`read_idx`).
PARSERS = {"idx": read_idx, "npz": read_npz}
CHUNK = 1000


class Content(NamedTuple):
    """A data set."""

    images: np.ndarray  # uint8, shape (n, height, width) or (..., 3)
    ranges: dict  # the lowest and the highest pixel by the type of the files' pixels
    left_out: dict  # numbers of files that are no images of a class, by ending
    labels: np.ndarray  # class ids of the smallest unsigned type, shape (n,)
    names: list  # class names by id
    files: dict  # SHA-256 of each file by name
    digest: str  # SHA-256 of all files

    @property
    def pixels(self):
        """What tells images with other pixels apart, one bytes an image."""
        return [hashlib.sha256(image).digest() for image in self.images]

    def counts(self, images=slice(None)):
        """The number of images, all or those of a mask, by class id."""
        counts = np.bincount(self.labels[images], minlength=len(self.names))
        return dict(enumerate(counts.tolist()))


def read_dataset(paths, options):
    """Read a data set from its files, or from its folder, as a Content.

    `options` has format, files (expected SHA-256 by name, or None), classes (names, or
    None), numbered (whether the config calls some by number), preparation (arguments of
    `prepare`) and digest of the config. Raises StudyError for a file that is
    unreadable, differs from what is expected, or does not fit the others.
    """
    place, preparation = Path(paths[0]).absolute(), options["preparation"]
    ranges, left_out = {}, {}
    if options["format"] == "folder":
        images, labels, files, left_out = read_folder(
            place, options["classes"], preparation, ranges
        )
    else:
        named = zip(options["files"], paths, strict=True)
        contents = {name: Path(path).read_bytes() for name, path in named}
        try:
            parts, labels, files = read_contents(contents, options)
        except StudyError as error:
            raise StudyError(f"{place.parent}: {error}") from None
        # Not all at a time, since they become float64 on the way.
        images = [
            as_bytes(chunk, preparation["maximum"], ranges)
            for part in parts
            for chunk in np.array_split(part, len(part) // CHUNK + 1)
        ]
        images = np.concatenate(images)
    check_ranges(ranges, preparation["maximum"])
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
        if options["numbered"] and values.tolist() != [*range(len(values))]:
            raise StudyError(
                f"sets: found classes by number, and the labels {values.tolist()}, so "
                "that a number has two meanings; give dataset.classes a name for each "
                "label, in this order, and use the names in sets and divisions"
            )
        names = names or [str(value) for value in values]
        if len(names) != len(values):
            found = f"dataset.classes: {len(names)} names, expected {len(values)}"
            raise StudyError(f"{found} as the labels are {values.tolist()}")
    labels = labels.astype(np.min_scalar_type(len(names) - 1))
    return Content(images, ranges, left_out, labels, list(names), files, digest)


def read_contents(contents, options):
    """Images (by part), labels and SHA-256s of files, given their bytes by name."""
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
    return images, np.concatenate(labels), digests
