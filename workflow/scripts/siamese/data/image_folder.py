"""Reading a folder that has a subfolder of images for each class.

Keras's `image_dataset_from_directory` and torchvision's `ImageFolder` read the same.
"""

import hashlib
import io
import os
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from siamese.data.pictures import prepare
from siamese.data.stored import read_json
from siamese.errors import StudyError
from siamese.study.classes import is_left_out


def image_files(folder, classes):
    """Class ids of all images by path below the folder, sorted by path below the class.

    Files that are numbered through all classes are thus in the order of the numbers.
    Nested folders count. The second result counts the other files by ending: those of
    no class, without the ending of an image, and with a name that `is_left_out`.
    """
    suffixes, files, left_out = Image.registered_extensions(), [], Counter()
    numbers = {name: number for number, name in enumerate(classes)}
    for place, _, names in os.walk(folder, followlinks=True):
        for path in (Path(place, name) for name in names):
            name, *below = path.relative_to(folder).parts
            ending = path.suffix.lower()
            known = below and name in numbers and ending in suffixes
            if known and not any(map(is_left_out, below)):
                files.append(("/".join(below), numbers[name]))
            else:
                left_out[ending] += 1
    labels = {f"{classes[label]}/{path}": label for path, label in sorted(files)}
    return labels, dict(sorted(left_out.items()))


def listing(folder, classes):
    """SHA-256 of names and states, which tells whether files may have changed.

    Files that change places keep their sizes and dates, and not their numbers.
    """
    digest = hashlib.sha256()
    for file in image_files(folder, classes)[0]:
        s = os.stat(Path(folder, file))
        state = s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino
        digest.update(os.fsencode(f"{file} {state}\n"))
    return digest.hexdigest()


def digest_of_lines(files):
    """SHA-256 of the lines that sha256sum prints, given each file's SHA-256 by name."""
    lines = (f"{sha256}  {name}\n" for name, sha256 in files.items())
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()


def digest_of_files(paths):
    """The digest that `dataset.Content` has of files, given their paths by name."""
    contents = ((name, path.read_bytes()) for name, path in paths.items())
    return digest_of_lines({n: hashlib.sha256(c).hexdigest() for n, c in contents})


def current_digest(folder, classes, description):
    """The digest that `dataset.Content` has of a folder.

    The files are read only if their `listing` differs from the one in `description`,
    the path of dataset.json; it may be missing, or None to read them anyway.
    """
    known = read_json(description) if description and description.exists() else {}
    if known and known.get("listing") == listing(folder, classes):
        return known["digest"]
    names, _ = image_files(folder, classes)
    return digest_of_files({name: Path(folder, name) for name in names})


def read_folder(folder, classes, preparation, ranges):
    """All images of a folder, in the order of `image_files`.

    `classes` has the subfolders by class id; `preparation` and `ranges` are as for
    `prepare`. Returns the images (uint8, shape (n, height, width) or (..., 3)), the
    labels (int64, shape (n,)), the files' SHA-256 by path below the folder, and how
    many files are left out, by ending. Raises StudyError for an unreadable image, and
    unequal shapes.
    """
    labels, left_out = image_files(folder, classes)
    images, digests = [], {}
    for name in labels:
        path = Path(folder, name)
        try:
            content = path.read_bytes()
            with Image.open(io.BytesIO(content)) as file:
                images.append(prepare(file, **preparation, ranges=ranges))
        except Exception as error:
            gist = f"{type(error).__name__}: {error}".splitlines()[0]
            raise StudyError(f"{path}: no image that can be read ({gist})") from error
        digests[name] = hashlib.sha256(content).hexdigest()
        if images[-1].shape[:2] != images[0].shape[:2]:
            found = f"{path}: shape {images[-1].shape}, expected {images[0].shape}"
            raise StudyError(f"{found} as others have; give a dataset.shape for all")
    if len({image.ndim for image in images}) > 1:
        images = [np.stack([i] * 3, axis=-1) if i.ndim == 2 else i for i in images]
    return np.stack(images), np.array([*labels.values()]), digests, left_out
