"""A small residual network: the report's, with a shortcut around two convolutions.

Source: He, Zhang, Ren and Sun (2016), "Deep Residual Learning for Image Recognition".
"""

from siamese.layers import (
    convolution_and_pooling,
    dense_and_head,
    images_in,
    keras,
    layers,
)


def build(setting, shape):
    """The encoder; see `published`."""
    images, rescaling = images_in(shape)
    x = rescaling(images)
    for filters in (setting.filters, 2 * setting.filters):
        for layer in convolution_and_pooling(filters, setting.kernel_size):
            x = layer(x)
        options = {"kernel_size": setting.kernel_size, "padding": "same"}
        y = layers.Conv2D(filters, activation="relu", **options)(x)
        y = layers.Conv2D(filters, **options)(y)
        x = layers.ReLU()(layers.Add()([x, y]))
    for layer in [layers.Flatten(), *dense_and_head(setting)]:
        x = layer(x)
    return keras.Model(images, x, name="encoder")
