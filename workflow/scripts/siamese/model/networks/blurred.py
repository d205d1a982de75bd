"""Fixed features alone: square roots of blurred pixels, of length one; nothing is
trained.

With `whitening` a linear metric that is fitted on the trained classes follows: the
baseline `whitened pixels`, but for the ground outside of an image, which here is dark.
"""

import keras
import numpy as np
from keras import layers, ops

from siamese.model.layers import UnitLength, images_in

TRAINED = False
# Standard deviation of the Gaussian, and where it is cut off, in pixels.
SIGMA, REACH = 2, 8


def build(shape):
    """The encoder; see `published`. Its width is the number of values of an image."""
    images, rescaling = images_in(shape)
    bell = np.exp(-(np.arange(-REACH, REACH + 1) ** 2) / (2 * SIGMA**2))
    values, kernel = rescaling(images), np.zeros((len(bell), 1, shape[2], 1))
    kernel[:] = (bell / bell.sum())[:, None, None, None]
    options = {"padding": "same", "use_bias": False, "trainable": False}
    for weights in (kernel, kernel.swapaxes(0, 1)):
        blur = layers.DepthwiseConv2D(weights.shape[:2], **options)
        values = blur(values)
        blur.set_weights([weights])
    roots = layers.Flatten()(ops.sqrt(ops.relu(values)))
    return keras.Model(images, UnitLength()(roots), name="encoder")
