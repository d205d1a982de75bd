"""The report's layers, with a shortcut around two more convolutions after each pooling.

Source: He, Zhang, Ren and Sun (2016), "Deep Residual Learning for Image Recognition".
"""

import keras
from keras import layers

from siamese.model.layers import convolution_and_pooling, dense_and_head, images_in


def build(
    shape, *, filters, kernel_size, l2, dense_width, dropout, embedding_width, head
):
    """The encoder; see `published`."""
    images, rescaling = images_in(shape)
    x = rescaling(images)
    for n in (filters, 2 * filters):
        for layer in convolution_and_pooling(n, kernel_size):
            x = layer(x)
        y = layers.Conv2D(n, kernel_size, padding="same", activation="relu")(x)
        y = layers.Conv2D(n, kernel_size, padding="same")(y)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.Flatten()(x)
    for layer in dense_and_head(l2, dense_width, dropout, embedding_width, head):
        x = layer(x)
    return keras.Model(images, x, name="encoder")
