"""The network of the report beside the features of `gradients`.

The embedding is that of the learned layers and the features, side by side, each of
equal weight.
"""

from siamese.layers import (
    convolution_and_pooling,
    dense_and_head,
    images_in,
    keras,
    layers,
)
from siamese.networks.gradients import oriented_gradients


def build(setting, shape):
    """The encoder; see `published`. Its width is that of both parts.

    With a head that gives embeddings of length one those of this network have it too.
    """
    images, rescaling = images_in(shape)
    values = learned = rescaling(images)
    for layer in [
        *convolution_and_pooling(setting.filters, setting.kernel_size),
        *convolution_and_pooling(2 * setting.filters, setting.kernel_size),
        layers.Flatten(),
        *dense_and_head(setting),
    ]:
        learned = layer(learned)
    parts = [
        layers.Rescaling(0.5**0.5, dtype="float32")(part)
        for part in (learned, oriented_gradients(values))
    ]
    embeddings = layers.Concatenate(dtype="float32")(parts)
    return keras.Model(images, embeddings, name="encoder")
