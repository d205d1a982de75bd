"""The report's layers beside the features of `gradients`.

The embedding is that of the layers and the features, side by side, with equal weight.
"""

import keras
from keras import layers

from siamese.model.layers import convolution_and_pooling, dense_and_head, images_in
from siamese.model.networks.gradients import oriented_gradients


def build(
    shape, *, filters, kernel_size, l2, dense_width, dropout, embedding_width, head
):
    """The encoder; see `published`. Embeddings have length one if the head's have."""
    images, rescaling = images_in(shape)
    values = learned = rescaling(images)
    for layer in [
        *convolution_and_pooling(filters, kernel_size),
        *convolution_and_pooling(2 * filters, kernel_size),
        layers.Flatten(),
        *dense_and_head(l2, dense_width, dropout, embedding_width, head),
    ]:
        learned = layer(learned)
    parts = [
        layers.Rescaling(0.5**0.5, dtype="float32")(part)
        for part in (learned, oriented_gradients(values))
    ]
    embeddings = layers.Concatenate(dtype="float32")(parts)
    return keras.Model(images, embeddings, name="encoder")
