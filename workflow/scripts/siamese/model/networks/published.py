"""The report's network: two convolutions with pooling, then two dense layers."""

import keras
from keras import layers

from siamese.model.layers import convolution_and_pooling, dense_and_head, images_in


def build(
    shape, *, filters, kernel_size, l2, dense_width, dropout, embedding_width, head
):
    """The encoder: from uint8 images of shape (n, *shape) to embeddings (n, width).

    Every network has such a function. Its keyword arguments are the axes that it uses
    (siamese/study/axes.py); `filters` is the number of a size, 16 for the report's
    small network. `shape` is height, width and channels of an image.
    """
    return keras.Sequential(
        [
            *images_in(shape),
            *convolution_and_pooling(filters, kernel_size),
            *convolution_and_pooling(2 * filters, kernel_size),
            layers.Flatten(),
            *dense_and_head(l2, dense_width, dropout, embedding_width, head),
        ],
        name="encoder",
    )
