"""The report's network, its distance and its loss, in Keras."""

import contextlib
import os
import re

import numpy as np

from siamese.errors import StudyError
from siamese.imports import quick_imports
from siamese.provenance import record
from siamese.stored import IMAGE_SHAPE

with quick_imports():
    import keras
    import tensorflow as tf
    from keras import layers, ops

PIXEL_MAX = 255
DROPOUT = 0.25
# The gradient of a bare square root is not finite at 0.
SMALLEST_SQUARE = 1e-7
# Pairs whose activations are in memory at a time.
CHUNK = 256
# What TensorFlow says where memory is short; not always in a ResourceExhaustedError.
OUT_OF_MEMORY = re.compile("OOM|out of memory|Dst tensor is not initialized", re.I)


@keras.saving.register_keras_serializable("siamese")
class Bias(layers.Layer):
    """Add one trainable value a channel."""

    def build(self, input_shape):
        self.bias = self.add_weight(
            name="bias", shape=(input_shape[-1],), initializer="zeros"
        )

    def call(self, inputs):
        return ops.add(inputs, self.bias)


@keras.saving.register_keras_serializable("siamese")
class EuclideanDistance(layers.Layer):
    """d = sqrt(max(sum (u - v)^2, 1e-7)) over the last axis, in float32."""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, left, right):
        squares = ops.sum(ops.square(left - right), axis=-1)
        return ops.sqrt(ops.maximum(squares, SMALLEST_SQUARE))


@keras.saving.register_keras_serializable("siamese")
class ContrastiveLoss(keras.losses.Loss):
    """1/2 [y d^2 + (1 - y) max(margin - d, 0)^2], y = 1 for the same class.

    Source: Hadsell, Chopra and LeCun (2006), "Dimensionality Reduction by
    Learning an Invariant Mapping".
    """

    def __init__(self, margin=1.0, name="contrastive_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def call(self, y_true, y_pred):
        hinge = ops.maximum(self.margin - y_pred, 0.0)
        return 0.5 * (y_true * ops.square(y_pred) + (1.0 - y_true) * ops.square(hinge))

    def get_config(self):
        return {**super().get_config(), "margin": self.margin}


@keras.saving.register_keras_serializable("siamese")
class PairAccuracy(keras.metrics.Mean):
    """Share of pairs classified correctly, where d < `threshold` means 'same'."""

    def __init__(self, threshold=0.5, name="accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        right = ops.equal(y_true > 0.5, y_pred < self.threshold)
        return super().update_state(ops.cast(right, "float32"), sample_weight)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


def convolution_and_pooling(filters):
    """3x3 convolution with ReLU, then 2x2 max-pooling.

    Bias and ReLU come after the maximum instead of before it. Both are
    monotone and the same for every pixel of a channel, so the function is the
    same, on a quarter of the values.
    """
    return [
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.MaxPooling2D(2),
        Bias(),
        layers.ReLU(),
    ]


def build_encoder(filters, l2):
    """The encoder that both images of a pair pass, as the report lists it.

    Parameters
    ----------
    filters : int
        The report's X: 16 for the small network, 32 for the large.
    l2 : float
        Penalty on the kernel of the first dense layer; 0 for none.

    Returns
    -------
    keras.Sequential
        From uint8 images of shape (n, 28, 28, 1) to float32 embeddings of
        shape (n, 2 * filters).
    """
    return keras.Sequential(
        [
            layers.Input((*IMAGE_SHAPE, 1), dtype="uint8"),
            layers.Rescaling(1 / PIXEL_MAX),
            *convolution_and_pooling(filters),
            *convolution_and_pooling(2 * filters),
            layers.Flatten(),
            layers.Dense(
                4 * filters,
                activation="relu",
                kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            ),
            layers.Dropout(DROPOUT),
            layers.Dense(2 * filters, activation="softmax"),
        ],
        name="encoder",
    )


# By name; each takes (filters, l2) and returns an encoder.
NETWORKS = {"published": build_encoder}


@keras.saving.register_keras_serializable("siamese")
class Siamese(keras.Model):
    """A model of pairs whose training step goes through the batch in chunks.

    The step is that of Keras, one update by the gradient of the batch's mean
    loss, but the activations of a chunk alone are in memory, and close to the
    cache: a batch of 4096 takes no more memory than one of 512.
    """

    def train_step(self, data):
        (left, right), same = data
        total = tf.shape(same)[0]

        def add_chunk(start, gradients):
            chunk = slice(start, start + CHUNK)
            size = tf.shape(same[chunk])[0]
            share = tf.cast(size, tf.float32) / tf.cast(total, tf.float32)
            with tf.GradientTape() as tape:
                distances = self([left[chunk], right[chunk]], training=True)
                loss = self.compute_loss(y=same[chunk], y_pred=distances)
                part = self.optimizer.scale_loss(loss * share)
            parts = tape.gradient(part, self.trainable_weights)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss, sample_weight=size)
                else:
                    metric.update_state(same[chunk], distances)
            sums = [a + b for a, b in zip(gradients, parts, strict=True)]
            return start + CHUNK, sums

        # tf.while_loop, since a `for` would need a tf.function of its own, which
        # takes a second more to trace.
        _, gradients = tf.while_loop(
            lambda start, gradients: start < total,
            add_chunk,
            (0, [tf.zeros_like(weight) for weight in self.trainable_weights]),
            parallel_iterations=1,
        )
        self.optimizer.apply(gradients, self.trainable_weights)
        return self.get_metrics_result()


def build_siamese(filters, l2, margin, network="published"):
    """The compiled network from two images to their distance.

    Parameters
    ----------
    filters, l2
        Of the encoder.
    margin : float
        Of the loss.
    network : str
        Of NETWORKS.

    Returns
    -------
    keras.Model
        From two uint8 arrays of shape (n, 28, 28, 1) to float32 distances of
        shape (n,). Its accuracy takes half the margin as the threshold.
    """
    left = layers.Input((*IMAGE_SHAPE, 1), dtype="uint8", name="left")
    right = layers.Input((*IMAGE_SHAPE, 1), dtype="uint8", name="right")
    encoder = NETWORKS[network](filters, l2)
    model = Siamese([left, right], EuclideanDistance()(encoder(left), encoder(right)))
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=ContrastiveLoss(margin),
        metrics=[PairAccuracy(margin / 2)],
    )
    # Otherwise the first step makes the optimizer's variables, and Keras traces
    # it a second time, without them.
    model.optimizer.build(model.trainable_variables)
    return model


def name_device(gpu):
    """A GPU's model and compute capability, such as NVIDIA H100 80GB HBM3 9.0."""
    details = tf.config.experimental.get_device_details(gpu)
    version = ".".join(map(str, details.get("compute_capability", ())))
    return f"{details.get('device_name', gpu.device_type)} {version}".strip()


def set_up_devices(threads, gpu):
    """Make operations deterministic, limit threads, and take or leave the GPUs.

    The job's log records which.

    Parameters
    ----------
    threads : int
        At most; no more than the machine has cores.
    gpu : bool
        Whether to use GPUs, if there are any. Memory growth is on, so that
        several jobs can share one.
    """
    threads = min(threads, os.cpu_count())
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    if not gpu:
        tf.config.set_visible_devices([], "GPU")
    gpus = tf.config.get_visible_devices("GPU")
    for device in gpus:
        tf.config.experimental.set_memory_growth(device, True)
    record(devices=[name_device(device) for device in gpus] or ["CPU"], threads=threads)


@contextlib.contextmanager
def memory_errors_explained():
    """Tell in one line that memory, of a GPU or the machine, does not suffice."""
    try:
        yield
    except (tf.errors.OpError, RuntimeError) as error:
        text = str(error)
        exhausted = isinstance(error, tf.errors.ResourceExhaustedError)
        if not exhausted and not OUT_OF_MEMORY.search(text):
            raise
        on_gpu = "GPU" in text or tf.config.get_visible_devices("GPU")
        if "allocator cpu" in text or not on_gpu:
            raise StudyError(
                "Out of memory: run fewer jobs at a time (snakemake --cores, or "
                "--resources mem_mb=<MB in all>) and snakemake again"
            ) from error
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
        raise StudyError(
            f"Out of memory on GPU {gpu}: nvidia-smi names the processes that have it; "
            "wait for theirs, or let fewer training jobs share it (snakemake "
            "--resources gpu=<jobs at a time>), and run snakemake again; a smaller "
            f"batch size does not help, since {CHUNK} pairs are in memory at a time"
        ) from error


def embed(encoder, images, batch_size=1024):
    """Embed images, each once.

    Parameters
    ----------
    encoder : keras.Model
    images : numpy.ndarray of uint8, shape (n, 28, 28)
    batch_size : int

    Returns
    -------
    numpy.ndarray of float32, shape (n, width of the embedding)
    """
    run = tf.function(lambda batch: encoder(batch, training=False))
    starts = range(0, len(images), batch_size)
    batches = (images[start : start + batch_size, ..., None] for start in starts)
    return np.concatenate([run(batch).numpy() for batch in batches])
