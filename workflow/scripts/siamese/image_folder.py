"""Reading a folder that has a sub-folder of images for each class.

So do Keras's `image_dataset_from_directory` and torchvision's `ImageFolder`.
"""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from siamese.errors import StudyError
from siamese.npz import eight_bits

# Of all images together, once they have their shape.
MOST_BYTES = 8_000_000_000
GREY = ("1", "L", "LA", "La")
GREY_OF_16_BITS = ("I;16", "I;16B", "I;16L", "I")


def class_folders(folder):
    """Names of the sub-folders, sorted, but for hidden ones.

    Raises OSError where there is no such folder.
    """
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    return sorted(names)


def image_files(folder, name):
    """The images of a class: paths relative to its folder, sorted.

    Those in folders below it too. Hidden files, and files whose names do not end as
    those of images do, are left out. Symbolic links are followed.

    Returns
    -------
    list of str
    """
    endings, found, seen = Image.registered_extensions(), [], set()
    top = Path(folder, name)
    for place, folders, files in os.walk(top, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = [each for each in folders if not each.startswith(".")]
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += [
            Path(place, file).relative_to(top).as_posix()
            for file in files
            if not file.startswith(".") and Path(file).suffix.lower() in endings
        ]
    return sorted(found)


def listing(folder, classes):
    """What tells that a folder's content may have changed, without reading it.

    Returns
    -------
    str
        A digest of the files' names, sizes and times.
    """
    digest = hashlib.sha256()
    for name in classes:
        for file in image_files(folder, name):
            status = os.stat(Path(folder, name, file))
            line = f"{name}/{file} {status.st_size} {status.st_mtime_ns}\n"
            digest.update(os.fsencode(line))
    return digest.hexdigest()


def ordered_files(folder, classes):
    """The images of all classes, in the order of their names within their classes.

    Returns
    -------
    list of tuple
        Path below the class's folder, and class id.
    """
    files = (
        (file, label)
        for label, name in enumerate(classes)
        for file in image_files(folder, name)
    )
    return sorted(files)


def content_digest(folder, classes):
    """The digest that `datasets.Content` has of a folder, of the bytes of its files."""
    digest = hashlib.sha256()
    for file, label in ordered_files(folder, classes):
        path = Path(classes[label], file)
        sha256 = hashlib.sha256(Path(folder, path).read_bytes()).hexdigest()
        digest.update(f"{sha256}  {path.as_posix()}\n".encode())
    return digest.hexdigest()


def read_folder(folder, classes, shape):
    """All images of a folder, in the order of their names within their classes.

    Files that are numbered through all classes are so in the order of the numbers.

    Parameters
    ----------
    folder : path
    classes : sequence of str
        Names of the sub-folders, in the order of the class ids.
    shape : tuple of int or None
        Height, width and, if three, channels (1 or 3) of the result. None for what
        all images have in common.

    Returns
    -------
    images : numpy.ndarray of uint8, shape (n, height, width) or (..., 3)
    labels : numpy.ndarray of int64, shape (n,)
    files : dict of str to str
        SHA-256 by path below the folder, in the order of the images.

    Raises
    ------
    StudyError
        A class without images, an image that cannot be read, or images of unequal
        shape where none is given.
    """
    found = ordered_files(folder, classes)
    for label in {*range(len(classes))} - {label for _, label in found}:
        raise StudyError(
            f"{Path(folder, classes[label])}: no images, expected 2 or more; add some, "
            "or leave the class out"
        )
    images, files = [], {}
    for file, label in found:
        path = Path(folder, classes[label], file)
        image, files[f"{classes[label]}/{file}"] = read_image(path, shape)
        if len(found) * image.size > MOST_BYTES:
            raise StudyError(
                f"{folder}: {len(found)} images such as {path} of shape {image.shape}, "
                f"expected at most {MOST_BYTES} bytes in all; give a smaller "
                "dataset.shape"
            )
        images.append(image)
    images = alike(images, [Path(folder, file) for file in files])
    return np.stack(images), np.array([label for _, label in found]), files


def read_image(path, shape):
    """One image as uint8, (height, width) or (..., 3), and the SHA-256 of its file."""
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as file:
            image = convert(file, shape)
    except Exception as error:
        gist = (str(error) or type(error).__name__).splitlines()[0]
        raise StudyError(f"{path}: no image that can be read ({gist})") from error
    return image, hashlib.sha256(content).hexdigest()


def convert(image, shape):
    """The pixels of a Pillow image, converted to a shape if one is given.

    A grey image has no channels, any other has red, green and blue. Opacity is left
    out.
    """
    if image.mode == "F":
        raise ValueError("floating-point values")
    if image.mode in GREY_OF_16_BITS:
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65_535:
            raise ValueError("values beyond 16 bits")
        image = Image.fromarray(eight_bits(values))
    image = image.convert("L" if image.mode in GREY else "RGB")
    if shape is not None:
        height, width, *channels = shape
        if channels:
            image = image.convert("L" if channels == [1] else "RGB")
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8)


def alike(images, paths):
    """Images of one size; if some have colours, all have.

    Raises StudyError for images of unequal size.
    """
    height, width = images[0].shape[:2]
    for image, path in zip(images, paths, strict=True):
        if image.shape[:2] != (height, width):
            raise StudyError(
                f"{path}: {image.shape[0]}x{image.shape[1]} pixels, expected "
                f"{height}x{width} as {paths[0]} has; give a dataset.shape for all"
            )
    if len({image.ndim for image in images}) > 1:
        images = [np.stack([i] * 3, axis=-1) if i.ndim == 2 else i for i in images]
    return images
