"""Fixed features alone: the strength of gradients in eight directions in cells of 3×3
pixels; nothing is trained.

Histograms of oriented gradients in their simplest form (Dalal and Triggs 2005,
"Histograms of Oriented Gradients for Human Detection"), without blocks. Nothing fits
the trained classes; with `whitening` a linear metric that does so follows.
"""

import keras
import numpy as np
from keras import layers, ops

from siamese.model.layers import UnitLength, images_in

TRAINED = False
DIRECTIONS = 8
# Standard deviation of the Gaussian whose derivatives are the kernels, in pixels.
SIGMA = 1.0
KERNEL_SIZE = 7
# Height and width of a cell of the histograms, in pixels.
CELL = 3


def gradient_kernels(channels):
    """Derivatives of a Gaussian, float32 (height, width, channels, DIRECTIONS)."""
    at = np.arange(KERNEL_SIZE) - KERNEL_SIZE // 2
    bell = np.exp(-(at**2) / (2 * SIGMA**2))
    weights = np.outer(bell, bell) / bell.sum() ** 2 / channels
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    steps = at[:, None, None] * np.sin(angles) + at[None, :, None] * np.cos(angles)
    kernels = weights[..., None] * steps / SIGMA**2
    return np.repeat(kernels[:, :, None], channels, axis=2).astype(np.float32)


def oriented_gradients(values):
    """Strength of gradients of each direction in each cell, as rows of length one."""
    options = {"use_bias": False, "activation": "relu", "trainable": False}
    convolution = layers.Conv2D(DIRECTIONS, KERNEL_SIZE, padding="same", **options)
    strengths = convolution(values)
    convolution.set_weights([gradient_kernels(values.shape[-1])])
    strengths = layers.AveragePooling2D(CELL, padding="same")(strengths)
    # Neighbouring cells share what is at their border.
    strengths = layers.AveragePooling2D(CELL, strides=1, padding="same")(strengths)
    return UnitLength()(layers.Flatten()(ops.sqrt(strengths)))


def build(shape):
    """The encoder; see `published`. Its width depends on the shape alone."""
    images, rescaling = images_in(shape)
    return keras.Model(images, oriented_gradients(rescaling(images)), name="encoder")
