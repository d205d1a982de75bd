"""The parts that networks are built of: layers, heads, distances and losses."""

import keras
import numpy as np
from keras import layers, ops

# The gradient of a bare square root is not finite at 0.
SMALLEST_SQUARE = 1e-7
# The size of a centred image, in parts of its shorter side: 8.5 of 28 pixels.
RADIUS = 8.5 / 28


@keras.saving.register_keras_serializable("siamese")
class Bias(layers.Layer):
    """Add one trainable value a channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(input_shape[-1:], "zeros", name="bias")

    def call(self, inputs):
        return ops.add(inputs, self.bias)

    def in_keras(self, name):
        """The layer of Keras that does the same; see siamese.model.export."""
        offset, dtype = self.bias.numpy().tolist(), self.dtype_policy.name
        return layers.Rescaling(1.0, offset=offset, name=name, dtype=dtype)


def inverse_length(vectors):
    """1 / the Euclidean length over the last axis, which stays; finite at 0."""
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return ops.rsqrt(ops.maximum(squares, SMALLEST_SQUARE))


class InFloat32(layers.Layer):
    """A layer that computes in float32 whatever the precision of the network."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"dtype": "float32"})


@keras.saving.register_keras_serializable("siamese")
class UnitLength(InFloat32):
    """Divide vectors by their length; Keras's own layer has no gradient at 0."""

    def call(self, inputs):
        return inputs * inverse_length(inputs)

    def in_keras(self, name):
        return layers.UnitNormalization(name=name, dtype=self.dtype_policy.name)


@keras.saving.register_keras_serializable("siamese")
class Centred(InFloat32):
    """Images, by their moments, in the middle and at one size; see `centred`."""

    def call(self, inputs):
        return centred(inputs)

    def in_keras(self, name):
        images = layers.Input(self.input.shape[1:], dtype=self.input.dtype)
        return keras.Model(images, centred(images), name=name)


def centred(images):
    """Images (n, height, width, channels) with the centre of mass of their values in
    the middle and a root mean square distance from it of RADIUS times the shorter side.

    Values between pixels are bilinear, those outside are 0. Such a map takes rows and
    columns apart: it is a product with a matrix of weights on either side. An image
    without values stays as it is.
    """
    # Constants are of NumPy, and shapes by reshape, or the export to ONNX fails.
    values = ops.transpose(ops.cast(images, "float32"), (0, 3, 1, 2))
    places, centres, spread = [], [], 0.0
    for side, others in zip(values.shape[2:], ((1, 3), (1, 2)), strict=True):
        place = np.arange(side, dtype=np.float32) - (side - 1) / 2
        share = ops.sum(values, axis=others)
        share = share / (ops.sum(share, axis=1, keepdims=True) + SMALLEST_SQUARE)
        centre = ops.sum(share * place, axis=1, keepdims=True)
        squares = ops.square(centre - place)
        spread = spread + ops.sum(share * squares, axis=1, keepdims=True)
        places.append(place)
        centres.append(centre)
    step = ops.sqrt(ops.maximum(spread, 1.0)) / (RADIUS * min(values.shape[2:]))
    weights = []
    for centre, place in zip(centres, places, strict=True):
        source = ops.reshape(centre + step * place, (-1, 1, len(place), 1))
        weights.append(ops.relu(1 - ops.absolute(source - place)))
    rows, columns = weights
    values = ops.matmul(ops.matmul(rows, values), ops.swapaxes(columns, 2, 3))
    return ops.transpose(values, (0, 2, 3, 1))


@keras.saving.register_keras_serializable("siamese")
class EuclideanDistance(InFloat32):
    """d = sqrt(max(sum (u - v)^2, 1e-7)) of two arrays (n, width), shape (n,)."""

    # For one pair of vectors, in the card of a model.
    in_numpy = "max(numpy.sum((left - right) ** 2), 1e-7) ** 0.5"

    def call(self, left, right):
        squares = ops.sum(ops.square(left - right), axis=-1)
        return ops.sqrt(ops.maximum(squares, SMALLEST_SQUARE))


@keras.saving.register_keras_serializable("siamese")
class ManhattanDistance(InFloat32):
    """d = sum |u - v| of two arrays (n, width), shape (n,)."""

    in_numpy = "numpy.sum(abs(left - right))"

    def call(self, left, right):
        return ops.sum(ops.absolute(left - right), axis=-1)


@keras.saving.register_keras_serializable("siamese")
class CosineDistance(InFloat32):
    """d = 1 - the cosine of the angle between u and v, from 0 to 2, shape (n,)."""

    in_numpy = "1 - left @ right / (left @ left * (right @ right)) ** 0.5"

    def call(self, left, right):
        products = left * inverse_length(left) * right * inverse_length(right)
        return ops.maximum(1.0 - ops.sum(products, axis=-1), 0.0)


class PairLoss(keras.losses.Loss):
    """A loss of a pair's distance d, with y = 1 for the same class, else 0."""

    def __init__(self, margin=1.0, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}


@keras.saving.register_keras_serializable("siamese")
class ContrastiveLoss(PairLoss):
    """1/2 [y d^2 + (1 - y) max(margin - d, 0)^2] (Hadsell, Chopra and LeCun 2006,
    "Dimensionality Reduction by Learning an Invariant Mapping").
    """

    def call(self, y_true, y_pred):
        hinge = ops.maximum(self.margin - y_pred, 0.0)
        return 0.5 * (y_true * ops.square(y_pred) + (1.0 - y_true) * ops.square(hinge))


@keras.saving.register_keras_serializable("siamese")
class HingeLoss(PairLoss):
    """y d + (1 - y) max(margin - d, 0): the contrastive loss without its squares."""

    def call(self, y_true, y_pred):
        hinge = ops.maximum(self.margin - y_pred, 0.0)
        return y_true * y_pred + (1.0 - y_true) * hinge


# The values of the axes distance, loss and head.
DISTANCES = {
    "euclidean": EuclideanDistance,
    "manhattan": ManhattanDistance,
    "cosine": CosineDistance,
}
LOSSES = {"contrastive": ContrastiveLoss, "hinge": HingeLoss}
HEADS = {
    "softmax": lambda width: [layers.Dense(width, activation="softmax")],
    "linear": lambda width: [layers.Dense(width)],
    "unit": lambda width: [layers.Dense(width), UnitLength()],
    "unit_relu": lambda width: [UnitLength()],
}


def images_in(shape):
    """The input, uint8 images of shape (height, width, channels), as values to 1."""
    return [layers.Input(shape, dtype="uint8"), layers.Rescaling(1 / 255)]


def convolution_and_pooling(filters, kernel_size):
    """Convolution with ReLU, then 2x2 max-pooling.

    Bias and ReLU are monotone and the same for every pixel of a channel. So they may
    come after the maximum, on a quarter of the values.
    """
    convolution = layers.Conv2D(filters, kernel_size, padding="same", use_bias=False)
    return [convolution, pooling(), Bias(), layers.ReLU()]


def pooling():
    """2x2 max-pooling; an odd last row or column is pooled alone."""
    return layers.MaxPooling2D(2, padding="same")


def dense_and_head(l2, dense_width, dropout, embedding_width, head):
    """The report's dense layers, with the penalty, the dropout and the head."""
    penalty = keras.regularizers.L2(l2) if l2 else None
    return [
        layers.Dense(dense_width, activation="relu", kernel_regularizer=penalty),
        layers.Dropout(dropout),
        *HEADS[head](embedding_width),
    ]
