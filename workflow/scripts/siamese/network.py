"""A network of two images and their distance: building, training, embedding."""

import concurrent.futures
import contextlib
import functools
import importlib
import os
import re

import numpy as np

from siamese.errors import StudyError
from siamese.imports import quick_imports
from siamese.layers import DISTANCES, LOSSES, UnitLength, keras, layers
from siamese.provenance import record
from siamese.whitening import within_class_whitening

with quick_imports():
    import tensorflow as tf

# Pairs that a thread takes through the network at a time, or images that it embeds. On
# a CPU twice as many take as long and twice the memory, and the result depends on it. A
# GPU likes them more.
CHUNK = 128
GPU_CHUNK = 256
# What TensorFlow says where memory is short; not always in a ResourceExhaustedError.
OUT_OF_MEMORY = re.compile("OOM|out of memory|Dst tensor is not initialized", re.I)


def build_encoder(setting, shape):
    """The encoder that both images of a pair pass.

    Parameters
    ----------
    setting : namespace
        A value of each axis (siamese/axes.py), and the filters of its size.
    shape : tuple of int
        Height, width and channels of an image.

    Returns
    -------
    keras.Model
        From uint8 images of shape (n, *shape) to embeddings of shape
        (n, setting.embedding_width).

    Raises
    ------
    StudyError
        The network's layers do not fit the setting or the images.
    """
    try:
        return import_network(setting.network).build(setting, shape)
    except ValueError as error:
        gist = " ".join(str(error).split())
        raise StudyError(
            f"Network {setting.network} on images of shape {shape}: {gist}"
        ) from error


def import_network(name):
    """The module of a network, whose layers a stored model may need."""
    return importlib.import_module(f"siamese.networks.{name}")


def build_siamese(setting, shape):
    """The compiled network from two images to their distance.

    Parameters
    ----------
    setting, shape
        Of the encoder; see `build_encoder`.

    Returns
    -------
    keras.Model
        From two uint8 arrays of shape (n, *shape) to float32 distances of shape (n,).
    """
    encoder = build_encoder(setting, shape)
    model = join(encoder, DISTANCES[setting.distance]())
    config = {"learning_rate": setting.learning_rate}
    model.compile(
        keras.optimizers.get({"class_name": setting.optimizer, "config": config}),
        LOSSES[setting.loss](setting.margin),
    )
    # Variables cannot be made while the training step is traced.
    model.optimizer.build(model.trainable_variables)
    return model


def join(encoder, distance):
    """The model of two images that both pass an encoder, and their distance."""
    shape = encoder.inputs[0].shape[1:]
    left = layers.Input(shape, dtype="uint8", name="left")
    right = layers.Input(shape, dtype="uint8", name="right")
    return keras.Model([left, right], distance(encoder(left), encoder(right)))


def whitened(model, images, pairs, share):
    """A trained model with whitened embeddings of length one.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`, trained.
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    pairs : dict of str to numpy.ndarray
        Those it was trained by: left, right and same.
    share : float
        Of the covariance; see `within_class_whitening`.

    Returns
    -------
    keras.Model
        Not compiled; its encoder ends in the map of `within_class_whitening`.
    """
    encoder = model.get_layer("encoder")
    used = np.unique([pairs["left"], pairs["right"]])
    sides = {side: np.searchsorted(used, pairs[side]) for side in ("left", "right")}
    weights = within_class_whitening(
        embed(encoder, images[used]), sides | {"same": pairs["same"]}, share
    )
    # A loaded model has layers of the names that new ones get.
    linear = layers.Dense(len(weights[1]), dtype="float32", name="whitening")
    embeddings = UnitLength(name="whitened")(linear(encoder.outputs[0]))
    linear.set_weights(weights)
    encoder = keras.Model(encoder.inputs, embeddings, name="encoder")
    return join(encoder, model.layers[-1])


def training_step(model):
    """A function that trains a model by one batch, in chunks side by side.

    The step is that of Keras, one update by the gradient of the batch's mean loss.
    But the batch goes through the network in chunks of pairs, as many at a time as
    there are threads, each on one thread. Only their activations are in memory, so
    a batch of 4096 takes no more than one of 512.

    The number of threads changes no bit. A chunk hands the sum of the gradients and
    the state of the network, such as the seeds of dropout, on to the next, so both go
    through the chunks in order, while all that is slow in one chunk needs nothing of
    another.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`, fresh or loaded. It may have penalties on weights.

    Returns
    -------
    callable
        From two uint8 arrays of images, and the pairs' labels as
        float32 of shape (n,), to the float32 distances of shape (n,) and the penalty,
        both as before the update. A batch of another size is not traced again.
    """
    images = tf.TensorSpec(model.inputs[0].shape, tf.uint8)
    labels = tf.TensorSpec([None], tf.float32)
    weights, state = model.trainable_variables, model.non_trainable_variables
    chunk_size = GPU_CHUNK if tf.config.get_visible_devices("GPU") else CHUNK

    @tf.function(input_signature=[images, images, labels], autograph=False)
    def step(left, right, same):
        total = tf.shape(same)[0]
        share = model.optimizer.scale_loss(1 / tf.cast(total, tf.float32))
        sources = [weight.value for weight in weights]
        with keras.StatelessScope(zip(weights, sources, strict=True)):
            penalty = sum(model.losses, tf.constant(0.0))
        of_penalty = gradients(model.optimizer.scale_loss(penalty), sources)

        def add_chunk(start, sums, values, distances):
            chunk = slice(start, start + chunk_size)
            inside = [tf.identity(source) for source in sources]
            found, values = model.stateless_call(
                inside, values, [left[chunk], right[chunk]], training=True
            )
            loss = share * tf.reduce_sum(model.loss.call(same[chunk], found))
            parts = gradients(loss, inside)
            sums = [a + b for a, b in zip(sums, parts, strict=True)]
            distances = distances.write(start // chunk_size, found)
            return start + chunk_size, sums, values, distances

        number = (total + chunk_size - 1) // chunk_size
        distances = tf.TensorArray(
            tf.float32, number, infer_shape=False, element_shape=[None]
        )
        _, sums, values, distances = tf.while_loop(
            lambda start, *_: start < total,
            add_chunk,
            (0, of_penalty, [variable.value for variable in state], distances),
            parallel_iterations=number_of_threads(),
        )
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        model.optimizer.apply(sums, weights)
        return distances.concat(), penalty

    return step


def gradients(loss, sources):
    """The gradient by each source, the same bits whatever the number of threads.

    Where several terms add up, they do so two by two: a sum of more begins with the
    term whose memory it can take, and which that is depends on the threads.
    """
    return tf.gradients(
        loss,
        sources,
        aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )


def make_deterministic():
    """Let operations give the same bits each time, whatever the number of threads."""
    tf.config.experimental.enable_op_determinism()
    # It makes one sum of many terms of sums of two; see `gradients`.
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def name_device(gpu):
    """A GPU's model and compute capability, such as NVIDIA H100 80GB HBM3 9.0."""
    details = tf.config.experimental.get_device_details(gpu)
    version = ".".join(map(str, details.get("compute_capability", ())))
    return f"{details.get('device_name', gpu.device_type)} {version}".strip()


def set_up_devices(threads, gpu):
    """Make results deterministic, limit threads, and take or leave the GPUs.

    The job's log records which.

    Parameters
    ----------
    threads : int
        Operations that run side by side, each on one thread. No more than the machine
        has cores.
    gpu : bool
        Whether to use GPUs, if there are any. Memory growth is on, so that
        several jobs can share one.
    """
    make_deterministic()
    threads = min(threads, os.cpu_count())
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    if not gpu:
        tf.config.set_visible_devices([], "GPU")
    gpus = tf.config.get_visible_devices("GPU")
    for device in gpus:
        tf.config.experimental.set_memory_growth(device, True)
    record(devices=[name_device(device) for device in gpus] or ["CPU"], threads=threads)


def number_of_threads():
    """How many operations TensorFlow runs side by side."""
    return tf.config.threading.get_inter_op_parallelism_threads() or os.cpu_count()


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
            f"batch size does not help, since {GPU_CHUNK} pairs a thread are in memory "
            "at a time"
        ) from error


@functools.lru_cache(maxsize=1)
def traced(encoder):
    """The embedding of a batch of images, traced once for all calls of `embed`."""
    images = tf.TensorSpec(encoder.inputs[0].shape, tf.uint8)
    call = tf.function(lambda images: encoder(images, training=False), [images])
    return call.get_concrete_function()


def embed(encoder, images):
    """Embed images, each once, with the same bits on any number of threads.

    Parameters
    ----------
    encoder : keras.Model
    images : numpy.ndarray of uint8, shape (n, height, width, channels)

    Returns
    -------
    numpy.ndarray of float32, shape (n, width of the embedding)
    """
    run = traced(encoder)
    starts = range(0, len(images), CHUNK)
    with concurrent.futures.ThreadPoolExecutor(number_of_threads()) as pool:
        batches = pool.map(
            lambda start: run(tf.constant(images[start : start + CHUNK])),
            starts,
        )
        return np.concatenate([batch.numpy() for batch in batches])


def pair_distances(model, images, sets):
    """Distances of pairs under a Siamese model.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`.
    images : numpy.ndarray of uint8, shape (n, height, width, channels)
    sets : dict of str to dict of str to numpy.ndarray
        left and right of the pairs of each set, int32.

    Returns
    -------
    dict of str to numpy.ndarray of float32
        The distances of each set's pairs.
    """
    indices = [pairs[side] for pairs in sets.values() for side in ("left", "right")]
    used = np.unique(np.concatenate(indices))
    embeddings = embed(model.get_layer("encoder"), images[used])
    distance = model.layers[-1]
    return {
        name: distance(
            embeddings[np.searchsorted(used, pairs["left"])],
            embeddings[np.searchsorted(used, pairs["right"])],
        ).numpy()
        for name, pairs in sets.items()
    }
