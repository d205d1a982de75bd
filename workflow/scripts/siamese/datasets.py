"""What a data set has, read from the files that the user gave: the registry of formats.

A format is an entry of FORMATS. Partition and verification both read by it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from siamese.errors import StudyError
from siamese.idx import read_merged
from siamese.image_folder import read_folder
from siamese.npz import read_npz


@dataclass(frozen=True)
class Content:
    """A data set.

    Attributes
    ----------
    images : numpy.ndarray of uint8, shape (n, height, width) or (..., 3)
    labels : numpy.ndarray of the smallest unsigned type, shape (n,)
        Class ids.
    names : list of str
        Of the classes, by id.
    files : dict of str to str
        SHA-256 of each file, by its name.
    """

    images: np.ndarray
    labels: np.ndarray
    names: list
    files: dict

    @property
    def digest(self):
        """SHA-256 of the lines that sha256sum prints of the files, in their order."""
        lines = (f"{sha256}  {name}\n" for name, sha256 in self.files.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def counts(self):
        """Images of each class, by id."""
        counts = np.bincount(self.labels, minlength=len(self.names))
        return dict(enumerate(counts.tolist()))


def read_idx_files(paths, options):
    return *read_merged(paths, options["files"]), None


def read_npz_files(paths, options):
    images, labels, sha256s = [], [], {}
    for name, path in paths.items():
        content = Path(path).read_bytes()
        sha256s[name] = check_digest(content, name, options["files"][name])
        found, of_images = read_npz(content, name)
        if images and found.shape[1:] != images[0].shape[1:]:
            raise StudyError(
                f"{name}: images of shape {found.shape[1:]}, expected "
                f"{images[0].shape[1:]} as {next(iter(paths))} has"
            )
        images.append(found)
        labels.append(of_images)
    return np.concatenate(images), np.concatenate(labels), sha256s, None


def check_digest(content, name, expected):
    """The SHA-256 of a file; a StudyError if it is not what the config says."""
    found = hashlib.sha256(content).hexdigest()
    if expected not in (None, found):
        raise StudyError(
            f"{name}: SHA-256 is {found}, expected {expected} (dataset.files in the "
            "config); fetch the file again"
        )
    return found


def read_class_folders(paths, options):
    (folder,) = paths.values()
    found = read_folder(Path(folder).absolute(), options["classes"], options["shape"])
    return *found, options["classes"]


# By name; each takes the paths by name and the params of a rule, and returns images,
# labels, the files' digests, and the names of the classes or None.
FORMATS = {
    "idx": read_idx_files,
    "npz": read_npz_files,
    "folder": read_class_folders,
}


def read_dataset(paths, options):
    """Read a data set, and number its classes from 0.

    Parameters
    ----------
    paths : list of path
        Of the files, or of the folder.
    options : dict
        format, files (expected SHA-256 by name, or None), classes (names, or None),
        shape and digest of the config.

    Returns
    -------
    Content

    Raises
    ------
    StudyError
        A file that cannot be read, is another than expected, or does not fit the
        others.
    """
    named = dict(zip(options["files"] or ["folder"], paths, strict=True))
    *found, names = FORMATS[options["format"]](named, options)
    images, labels, files = found
    if not images.size:
        raise StudyError(f"{paths[0]}: no images, or of no pixels")
    names = names or options["classes"]
    if names is None or labels.max() >= len(names):
        values, labels = np.unique(labels, return_inverse=True)
        if names is not None and len(names) != len(values):
            raise StudyError(
                f"dataset.classes: {len(names)} names, expected {len(values)} as the "
                f"labels are {values.tolist()}"
            )
        names = names or [str(value) for value in values]
    labels = labels.astype(np.min_scalar_type(len(names) - 1))
    content = Content(images, labels, list(names), files)
    if options["digest"] not in (None, content.digest):
        raise StudyError(
            f"dataset.digest: the files have {content.digest}, expected "
            f"{options['digest']}: one was changed, added or removed; `make pin` takes "
            "them as they are"
        )
    return content
