"""The parts that networks are built of: layers, heads, distances and losses."""

from siamese.imports import quick_imports

with quick_imports():
    import keras
    from keras import layers, ops

PIXEL_MAX = 255
# The gradient of a bare square root is not finite at 0.
SMALLEST_SQUARE = 1e-7


@keras.saving.register_keras_serializable("siamese")
class Bias(layers.Layer):
    """Add one trainable value a channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(
            name="bias", shape=(input_shape[-1],), initializer="zeros"
        )

    def call(self, inputs):
        return ops.add(inputs, self.bias)


def inverse_length(vectors):
    """1 / the Euclidean length over the last axis, which stays; of 0 it is finite."""
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return ops.rsqrt(ops.maximum(squares, SMALLEST_SQUARE))


@keras.saving.register_keras_serializable("siamese")
class UnitLength(layers.Layer):
    """Divide vectors by their length, in float32.

    Keras's UnitNormalization does so too, but has no gradient at 0.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        return inputs * inverse_length(inputs)


class Distance(layers.Layer):
    """From two embeddings of shape (n, width) to float32 distances of shape (n,)."""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})


@keras.saving.register_keras_serializable("siamese")
class EuclideanDistance(Distance):
    """d = sqrt(max(sum (u - v)^2, 1e-7))."""

    def call(self, left, right):
        squares = ops.sum(ops.square(left - right), axis=-1)
        return ops.sqrt(ops.maximum(squares, SMALLEST_SQUARE))


@keras.saving.register_keras_serializable("siamese")
class ManhattanDistance(Distance):
    """d = sum |u - v|."""

    def call(self, left, right):
        return ops.sum(ops.absolute(left - right), axis=-1)


@keras.saving.register_keras_serializable("siamese")
class CosineDistance(Distance):
    """d = 1 - the cosine of the angle between u and v, from 0 to 2."""

    def call(self, left, right):
        cosine = ops.sum(
            left * inverse_length(left) * right * inverse_length(right), axis=-1
        )
        return ops.maximum(1.0 - cosine, 0.0)


class PairLoss(keras.losses.Loss):
    """Of a pair's distance d and y = 1 for the same class, 0 for different ones."""

    def __init__(self, margin=1.0, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}


@keras.saving.register_keras_serializable("siamese")
class ContrastiveLoss(PairLoss):
    """1/2 [y d^2 + (1 - y) max(margin - d, 0)^2].

    Source: Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction by
    Learning an Invariant Mapping".
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


# By the values of the axes; see siamese/axes.py.
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
    return [layers.Input(shape, dtype="uint8"), layers.Rescaling(1 / PIXEL_MAX)]


def convolution_and_pooling(filters, kernel_size):
    """Convolution with ReLU, then 2x2 max-pooling.

    Bias and ReLU come after the maximum instead of before it. Both are
    monotone and the same for every pixel of a channel, so the function is the
    same, on a quarter of the values.
    """
    return [
        layers.Conv2D(filters, kernel_size, padding="same", use_bias=False),
        pooling(),
        Bias(),
        layers.ReLU(),
    ]


def pooling():
    """2x2 max-pooling; an odd last row or column is pooled alone."""
    return layers.MaxPooling2D(2, padding="same")


def dense_and_head(setting):
    """The dense layers of the report, with the penalty, the dropout and the head.

    Parameters
    ----------
    setting : namespace
        Values of the axes.
    """
    penalty = keras.regularizers.L2(setting.l2) if setting.l2 else None
    return [
        layers.Dense(
            setting.dense_width, activation="relu", kernel_regularizer=penalty
        ),
        layers.Dropout(setting.dropout),
        *HEADS[setting.head](setting.embedding_width),
    ]
