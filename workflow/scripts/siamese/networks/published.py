"""The network of the report."""

from siamese.layers import (
    convolution_and_pooling,
    dense_and_head,
    images_in,
    keras,
    layers,
)


def build(setting, shape):
    """The encoder that both images of a pair pass, as the report lists it.

    Parameters
    ----------
    setting : namespace
        Values of the axes (siamese/axes.py), and `filters`, those of its size: 16 for
        the report's small network, 32 for the large.
    shape : tuple of int
        Height, width and channels of an image.

    Returns
    -------
    keras.Model
        Named encoder: from uint8 images of shape (n, *shape) to embeddings of shape
        (n, setting.embedding_width).
    """
    return keras.Sequential(
        [
            *images_in(shape),
            *convolution_and_pooling(setting.filters, setting.kernel_size),
            *convolution_and_pooling(2 * setting.filters, setting.kernel_size),
            layers.Flatten(),
            *dense_and_head(setting),
        ],
        name="encoder",
    )
