"""Distances without a trained network, for comparison.

A baseline is a function of a `Source` that returns another: from images, uint8 of shape
(n, height, width, channels), to their vectors, float32 (n, width). Pairs are told apart
by the distance of their vectors.
"""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from siamese.model import keras
from siamese.model.embedding import embed, free_mapped
from siamese.model.layers import Centred
from siamese.model.network import build_encoder
from siamese.model.poses import posed_vectors
from siamese.model.whitening import chunks, within_class_whitening
from siamese.study.axes import setting_of
from siamese.study.poses import Pose

BLUR_SIGMA = 2
# The covariance weighs as much as the identity.
WHITENING = 0.5
SIDE = 32  # Covariances of larger images take gigabytes and minutes.


@dataclass(frozen=True)
class Source:
    """Images, uint8 of shape (n, height, width, channels), in memory or mapped, and the
    training pairs: left and right (rows of images) and same. A baseline that is fitted
    on poses sees each 'same' pair in some copies of a random pose.
    """

    images: np.ndarray
    pairs: dict
    seed: int
    pose: Pose
    copies: int = 1

    @functools.cached_property
    def small(self):
        """The images whose pixels baselines use; see `reduced`."""
        return reduced(self.images)

    def pixels(self, images):
        """Images, `reduced`, as values from 0 to 1."""
        return from_0_to_1(self.small if images is self.images else reduced(images))

    @functools.cached_property
    def centring(self):
        start = keras.Input(self.images.shape[1:], dtype="uint8")
        return keras.Sequential([start, Centred()])

    def centred_pixels(self, images):
        """The same of images that are `centred`."""
        values = np.empty(images.shape, np.uint8)
        for chunk in chunks(len(images)):
            values[chunk] = np.rint(embed(self.centring, images[chunk]))
        return from_0_to_1(reduced(values))


def reduced(images):
    """Images, uint8; if they have more values than SIDE x SIDE x 3, means of the least
    squares that leave none longer than SIDE.
    """
    shape = images.shape[1:]
    if np.prod(shape) <= SIDE * SIDE * 3:
        return images
    step = -(-max(shape[:2]) // SIDE)
    start, floats = keras.Input(shape, dtype="uint8"), keras.layers.Rescaling(1.0)
    pooling = keras.layers.AveragePooling2D(step, padding="same")
    small = np.rint(embed(keras.Sequential([start, floats, pooling]), images))
    return small.astype(np.uint8)


def from_0_to_1(images):
    values = images / np.float32(255)
    free_mapped(images)
    return values


def as_rows(images):
    return images.reshape(len(images), -1)


def blurred(images):
    """Values under a Gaussian filter, in place, as rows."""
    # All images at a time would take twice the memory.
    for chunk in chunks(len(images), 512):
        gaussian_filter(images[chunk], BLUR_SIGMA, axes=(1, 2), output=images[chunk])
    return as_rows(images)


def pixels(source):
    return lambda images: as_rows(source.pixels(images))


def normalised_pixels(source):
    return lambda images: normalize(as_rows(source.pixels(images)), copy=False)


def blurred_pixels(source, prepared=Source.pixels):
    return lambda images: normalize(blurred(prepared(source, images)), copy=False)


def whitened_pixels(source, prepared=Source.pixels, posed=False):
    """Square roots of blurred pixels, whitened within classes, of length one."""

    def roots(images):
        rows = blurred(prepared(source, images))
        return normalize(np.sqrt(np.maximum(rows, 0, out=rows), out=rows), copy=False)

    def whitened(images):
        rows = roots(images)
        for chunk in chunks(len(rows)):
            rows[chunk] = rows[chunk] @ kernel + bias
        return normalize(rows, copy=False)

    if posed:
        chosen = source.pose, source.copies, source.seed
        rows, pairs = posed_vectors(roots, source.images, source.pairs, *chosen)
    else:
        rows, pairs = roots(source.images), source.pairs
    kernel, bias = within_class_whitening(rows, pairs, WHITENING)
    del rows
    return whitened


def principal_components(source, filters):
    """As many coordinates as the encoder has outputs, or all, as rows of length one."""
    trained = np.unique([source.pairs["left"], source.pairs["right"]])
    rows = as_rows(from_0_to_1(source.small[trained]))
    width = min(2 * filters, *rows.shape)
    pca = PCA(width, svd_solver="covariance_eigh", copy=False).fit(rows)

    def components(images):
        parts = (as_rows(source.pixels(images[c])) for c in chunks(len(images)))
        return normalize(np.concatenate([pca.transform(part) for part in parts]))

    return components


def untrained_encoder(source, filters):
    """Embeddings by an encoder with the weights that training starts from."""
    keras.utils.set_random_seed(source.seed)
    encoder = build_encoder(setting_of(filters), source.images.shape[1:])
    return functools.partial(embed, encoder)


def baselines_of(sizes):
    """Yield method, size ('' where it has none) and function of each baseline."""
    centred = {"prepared": Source.centred_pixels}
    whitened = functools.partial(whitened_pixels, **centred)
    yield "pixels", "", pixels
    yield "normalised pixels", "", normalised_pixels
    yield "blurred pixels", "", blurred_pixels
    yield "whitened pixels", "", whitened_pixels
    yield "centred blurred pixels", "", functools.partial(blurred_pixels, **centred)
    yield "centred whitened pixels", "", whitened
    yield "posed whitened pixels", "", functools.partial(whitened_pixels, posed=True)
    for size, filters in sizes.items():
        yield "PCA", size, functools.partial(principal_components, filters=filters)
        yield "untrained", size, functools.partial(untrained_encoder, filters=filters)
