"""The network of the report, with batch normalisation after each convolution.

In training its means and variances are those of the pairs that a thread has in hand,
128 on a CPU.
"""

from siamese.layers import dense_and_head, images_in, keras, layers, pooling

# Of the running means; Keras's 0.99 takes hundreds of steps to forget where it began.
MOMENTUM = 0.9


def build(setting, shape):
    """The encoder; see `published`."""
    encoder = keras.Sequential(images_in(shape), name="encoder")
    for filters in (setting.filters, 2 * setting.filters):
        encoder.add(
            layers.Conv2D(filters, setting.kernel_size, padding="same", use_bias=False)
        )
        encoder.add(layers.BatchNormalization(momentum=MOMENTUM))
        encoder.add(layers.ReLU())
        encoder.add(pooling())
    for layer in [layers.Flatten(), *dense_and_head(setting)]:
        encoder.add(layer)
    return encoder
