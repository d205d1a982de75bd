"""Fixed features alone: where edges of a direction are.

Histograms of oriented gradients in their simplest form (Dalal and Triggs 2005,
"Histograms of Oriented Gradients for Human Detection"), without blocks. Nothing is
trained, so nothing fits the trained classes; with `whitening` a linear metric of those
follows.
"""

import numpy as np

from siamese.layers import UnitLength, images_in, keras, layers, ops

DIRECTIONS = 8
# Of the Gaussian whose derivatives the gradient is taken by, in pixels.
SIGMA = 1.0
KERNEL_SIZE = 7
# Height and width of a cell of the histograms, in pixels.
CELL = 3


def gradient_kernels(channels):
    """Derivatives of a Gaussian in each direction, of the mean over channels.

    Returns
    -------
    numpy.ndarray of float32, shape (KERNEL_SIZE, KERNEL_SIZE, channels, DIRECTIONS)
    """
    at = np.arange(KERNEL_SIZE) - KERNEL_SIZE // 2
    bell = np.exp(-(at**2) / (2 * SIGMA**2))
    weights = np.outer(bell, bell) / bell.sum() ** 2 / channels
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    steps = at[:, None, None] * np.sin(angles) + at[None, :, None] * np.cos(angles)
    kernels = weights[..., None] * steps / SIGMA**2
    return np.repeat(kernels[:, :, None], channels, axis=2).astype(np.float32)


def oriented_gradients(values):
    """How strong gradients of each direction are in each cell, as rows of length one.

    `values` are images from 0 to 1.
    """
    convolution = layers.Conv2D(
        DIRECTIONS,
        KERNEL_SIZE,
        padding="same",
        use_bias=False,
        activation="relu",
        trainable=False,
    )
    found = convolution(values)
    convolution.set_weights([gradient_kernels(values.shape[-1])])
    found = layers.AveragePooling2D(CELL, padding="same")(found)
    # Neighbouring cells share what is at their border.
    found = layers.AveragePooling2D(CELL, strides=1, padding="same")(found)
    return UnitLength()(layers.Flatten()(ops.sqrt(found)))


def build(setting, shape):
    """The encoder; see `published`. Its width depends on the shape alone."""
    images, rescaling = images_in(shape)
    return keras.Model(images, oriented_gradients(rescaling(images)), name="encoder")
