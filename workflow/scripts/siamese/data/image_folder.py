"""Reading a folder that has a subfolder of images for each class.

Keras's `image_dataset_from_directory` and torchvision's `ImageFolder` read the same.
"""

import glob
import hashlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from siamese.data.pictures import convert
from siamese.data.stored import read_json
from siamese.errors import StudyError


def image_files(folder, classes):
    """Class ids of all images by path below the folder, sorted by path below the class.

    Files that are numbered through all classes are thus in the order of the numbers.
    Nested folders count; hidden files and files without an image suffix do not.
    """
    suffixes, files = Image.registered_extensions(), []
    for label, name in enumerate(classes):
        paths = glob.glob("**/*", root_dir=Path(folder, name), recursive=True)
        files += [(p, label) for p in paths if Path(p).suffix.lower() in suffixes]
    return {f"{classes[label]}/{path}": label for path, label in sorted(files)}


def listing(folder, classes):
    """SHA-256 of names, sizes and times, which tells whether files may have changed."""
    digest = hashlib.sha256()
    for file in image_files(folder, classes):
        status = os.stat(Path(folder, file))
        digest.update(os.fsencode(f"{file} {status.st_size} {status.st_mtime_ns}\n"))
    return digest.hexdigest()


def digest_of_lines(files):
    """SHA-256 of the lines that sha256sum prints, given each file's SHA-256 by name."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in files.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def current_digest(folder, classes, description):
    """The digest that `dataset.Content` has of a folder.

    The files are read only if their `listing` differs from the one in `description`,
    the path of dataset.json, which may be missing.
    """
    known = read_json(description) if Path(description).exists() else {}
    if known.get("listing") == listing(folder, classes):
        return known["digest"]
    contents = ((f, Path(folder, f).read_bytes()) for f in image_files(folder, classes))
    return digest_of_lines({f: hashlib.sha256(c).hexdigest() for f, c in contents})


def read_folder(folder, classes, shape):
    """All images of a folder, in the order of `image_files`.

    `classes` has the subfolders by class id; `shape` is as for `convert`. Returns the
    images (uint8, shape (n, height, width) or (..., 3)), the labels (int64, shape (n,))
    and the files' SHA-256 by path below the folder. Raises StudyError for a class
    without images, an unreadable image, and unequal shapes.
    """
    labels = image_files(folder, classes)
    for label in {*range(len(classes))} - {*labels.values()}:
        expected = "expected 2 or more; add some, or leave the class out"
        raise StudyError(f"{Path(folder, classes[label])}: no images, {expected}")
    images, digests = [], {}
    for name in labels:
        path = Path(folder, name)
        try:
            content = path.read_bytes()
            with Image.open(io.BytesIO(content)) as file:
                images.append(convert(file, shape))
        except Exception as error:
            gist = f"{type(error).__name__}: {error}".splitlines()[0]
            raise StudyError(f"{path}: no image that can be read ({gist})") from error
        digests[name] = hashlib.sha256(content).hexdigest()
        if images[-1].shape[:2] != images[0].shape[:2]:
            found = f"{path}: shape {images[-1].shape}, expected {images[0].shape}"
            raise StudyError(f"{found} as others have; give a dataset.shape for all")
    if len({image.ndim for image in images}) > 1:
        images = [np.stack([i] * 3, axis=-1) if i.ndim == 2 else i for i in images]
    return np.stack(images), np.array([*labels.values()]), digests
