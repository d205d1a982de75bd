"""Distances without a trained network, for comparison.

A baseline is a function that makes a vector of each image of a `Source`, float32 of
shape (n, width). Pairs are told apart by the distance of their vectors.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from siamese.model import keras
from siamese.model.embedding import embed, free_mapped
from siamese.model.network import build_encoder
from siamese.model.whitening import chunks, within_class_whitening
from siamese.study.axes import setting_of

BLUR_SIGMA = 2
# The covariance weighs as much as the identity.
WHITENING = 0.5
SIDE = 32  # Covariances of larger images take gigabytes and minutes.


@dataclass(frozen=True)
class Source:
    """Images, uint8 of shape (n, height, width, channels), in memory or mapped, and the
    training pairs: left and right (rows of images) and same.
    """

    images: np.ndarray
    pairs: dict
    seed: int
    margin: float

    @functools.cached_property
    def small(self):
        """The images whose pixels baselines use, uint8; if they have more values than
        SIDE x SIDE x 3, means of the least squares that leave none longer than SIDE.
        """
        shape = self.images.shape[1:]
        if np.prod(shape) <= SIDE * SIDE * 3:
            return self.images
        step = -(-max(shape[:2]) // SIDE)
        images, floats = keras.Input(shape, dtype="uint8"), keras.layers.Rescaling(1.0)
        pooling = keras.layers.AveragePooling2D(step, padding="same")
        small = np.rint(embed(keras.Sequential([images, floats, pooling]), self.images))
        print(f"Pixels of baselines: {shape} reduced to {small.shape[1:]}")
        return small.astype(np.uint8)


def as_rows(images):
    """Images as rows of values from 0 to 1."""
    rows = images.reshape(len(images), -1) / np.float32(255)
    free_mapped(images)
    return rows


def pixels(source):
    return as_rows(source.small)


def normalised_pixels(source):
    return normalize(pixels(source), copy=False)


def blurred(source):
    """Images under a Gaussian filter, as rows."""
    rows = pixels(source)
    # All images at a time would take twice the memory.
    for image in rows.reshape(source.small.shape):
        gaussian_filter(image, BLUR_SIGMA, axes=(0, 1), output=image)
    return rows


def blurred_pixels(source):
    return normalize(blurred(source), copy=False)


def whitened_pixels(source):
    """Square roots of blurred pixels, whitened within classes, of length one."""
    rows = blurred(source)
    np.sqrt(np.maximum(rows, 0, out=rows), out=rows)
    normalize(rows, copy=False)
    kernel, bias = within_class_whitening(rows, source.pairs, WHITENING)
    for chunk in chunks(len(rows)):
        rows[chunk] = rows[chunk] @ kernel + bias
    return normalize(rows, copy=False)


def principal_components(source, filters):
    """As many coordinates as the encoder has outputs, or all, as rows of length one."""
    trained = np.unique([source.pairs["left"], source.pairs["right"]])
    rows = as_rows(source.small[trained])
    width = min(2 * filters, *rows.shape)
    pca = PCA(width, svd_solver="covariance_eigh", copy=False).fit(rows)
    del rows
    parts = (as_rows(source.small[chunk]) for chunk in chunks(len(source.small)))
    return normalize(np.concatenate([pca.transform(part) for part in parts]))


def untrained_encoder(source, filters):
    """Embeddings by an encoder with the weights that training starts from."""
    keras.utils.set_random_seed(source.seed)
    encoder = build_encoder(setting_of(filters), source.images.shape[1:])
    return embed(encoder, source.images)


def baselines_of(sizes):
    """Yield method, size ('' where it has none) and function of each baseline."""
    yield "pixels", "", pixels
    yield "normalised pixels", "", normalised_pixels
    yield "blurred pixels", "", blurred_pixels
    yield "whitened pixels", "", whitened_pixels
    for size, filters in sizes.items():
        yield "PCA", size, functools.partial(principal_components, filters=filters)
        yield "untrained", size, functools.partial(untrained_encoder, filters=filters)
