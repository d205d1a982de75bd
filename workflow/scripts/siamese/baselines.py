"""Distances without a trained network, which one is measured against.

A baseline is an entry of BASELINES: a function that makes a vector of each image,
float32 of shape (n, width). Pairs are told apart by the distance of their vectors.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from siamese.axes import setting_of
from siamese.network import build_encoder, embed, keras
from siamese.whitening import CHUNK, within_class_whitening

BLUR_SIGMA = 2
# As much of the covariance as of the identity.
WHITENING = 0.5


@dataclass(frozen=True)
class Source:
    """What vectors may be made of.

    images is uint8 of shape (n, height, width, channels); pairs has left, right (rows
    of images) and same of the training pairs; seed is that of the run, margin the
    study's.
    """

    images: np.ndarray
    pairs: dict
    seed: int
    margin: float

    @property
    def trained(self):
        """The rows of images that are in training pairs."""
        return np.unique([self.pairs["left"], self.pairs["right"]])


@dataclass(frozen=True)
class Baseline:
    """A function of a Source; of the number of filters too, if it has sizes."""

    function: Callable[..., np.ndarray]
    has_sizes: bool = False


def as_rows(images):
    """Images as rows of values from 0 to 1."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= 255
    return rows


def pixels(source):
    """Images as rows of values from 0 to 1."""
    return as_rows(source.images)


def normalised_pixels(source):
    """Images as rows of length one."""
    return normalize(pixels(source), copy=False)


def blurred(source):
    """Images under a Gaussian filter, as rows."""
    rows = pixels(source)
    # One by one: all at a time take twice the memory.
    for image in rows.reshape(source.images.shape):
        gaussian_filter(image, BLUR_SIGMA, axes=(0, 1), output=image)
    return rows


def blurred_pixels(source):
    """Images under a Gaussian filter, as rows of length one."""
    return normalize(blurred(source), copy=False)


def whitened_pixels(source):
    """Blurred images under a metric of the training pairs, as rows of length one.

    The metric, `within_class_whitening`, is that of the square roots of the blurred
    pixels, as rows of length one.
    """
    rows = blurred(source)
    np.sqrt(np.maximum(rows, 0, out=rows), out=rows)
    normalize(rows, copy=False)
    kernel, bias = within_class_whitening(rows, source.pairs, WHITENING)
    for start in range(0, len(rows), CHUNK):
        rows[start : start + CHUNK] = rows[start : start + CHUNK] @ kernel + bias
    return normalize(rows, copy=False)


def principal_components(source, filters):
    """Coordinates in the first principal components, as rows of length one.

    The components are those of the training images, as many as the encoder has
    outputs, or all if there are fewer.
    """
    rows = as_rows(source.images[source.trained])
    width = min(2 * filters, *rows.shape)
    pca = PCA(width, svd_solver="covariance_eigh", copy=False).fit(rows)
    del rows
    starts = range(0, len(source.images), CHUNK)
    parts = (as_rows(source.images[start : start + CHUNK]) for start in starts)
    return normalize(np.concatenate([pca.transform(part) for part in parts]))


def untrained_encoder(source, filters):
    """Embeddings by an encoder with the weights that training starts from."""
    keras.utils.set_random_seed(source.seed)
    encoder = build_encoder(setting_of(filters), source.images.shape[1:])
    return embed(encoder, source.images)


def distances_of(vectors, pairs):
    """Euclidean distances of pairs of rows of `vectors`, in chunks.

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, width)
    pairs : dict of str to numpy.ndarray
        left and right, int of shape (m,).

    Returns
    -------
    numpy.ndarray of float32, shape (m,)
    """
    left, right = pairs["left"], pairs["right"]
    distances = [
        np.linalg.norm(
            vectors[left[start : start + CHUNK]]
            - vectors[right[start : start + CHUNK]],
            axis=1,
        )
        for start in range(0, len(left), CHUNK)
    ]
    return np.concatenate(distances)


BASELINES = {
    "pixels": Baseline(pixels),
    "normalised pixels": Baseline(normalised_pixels),
    "blurred pixels": Baseline(blurred_pixels),
    "whitened pixels": Baseline(whitened_pixels),
    "PCA": Baseline(principal_components, has_sizes=True),
    "untrained": Baseline(untrained_encoder, has_sizes=True),
}


def baselines_of(sizes):
    """Yield method, size ('' where it has none) and function of a Source alone.

    `sizes` has the number of filters of each size of the network.
    """
    for method, baseline in BASELINES.items():
        if not baseline.has_sizes:
            yield method, "", baseline.function
    for size, filters in sizes.items():
        for method, baseline in BASELINES.items():
            if baseline.has_sizes:
                yield (
                    method,
                    size,
                    functools.partial(baseline.function, filters=filters),
                )
