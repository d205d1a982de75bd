"""The report's layers, with batch normalisation after each convolution.

In training its means and variances are those of the pairs that a thread has in hand,
128 on a CPU.
"""

import keras
from keras import layers

from siamese.model.layers import dense_and_head, images_in, pooling

# For the running means; Keras's 0.99 takes hundreds of steps to forget where it began.
MOMENTUM = 0.9


def build(
    shape, *, filters, kernel_size, l2, dense_width, dropout, embedding_width, head
):
    """The encoder; see `published`."""
    encoder = keras.Sequential(images_in(shape), name="encoder")
    for n in (filters, 2 * filters):
        encoder.add(layers.Conv2D(n, kernel_size, padding="same", use_bias=False))
        encoder.add(layers.BatchNormalization(momentum=MOMENTUM))
        encoder.add(layers.ReLU())
        encoder.add(pooling())
    encoder.add(layers.Flatten())
    for layer in dense_and_head(l2, dense_width, dropout, embedding_width, head):
        encoder.add(layer)
    return encoder
