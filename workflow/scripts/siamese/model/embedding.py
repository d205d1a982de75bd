"""Embedding images by a trained network, and the distances of pairs."""

import concurrent.futures
import functools
import mmap

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from siamese.model.devices import CHUNK, number_of_threads
from siamese.model.layers import UnitLength
from siamese.model.network import join
from siamese.model.whitening import chunks, within_class_whitening


@functools.lru_cache(maxsize=16)
def traced(encoder):
    """The embedding of a batch of images, traced once for all calls of `embed`."""
    images = tf.TensorSpec(encoder.inputs[0].shape, tf.uint8)
    call = tf.function(lambda images: encoder(images, training=False), [images])
    return call.get_concrete_function()


def free_mapped(images):
    """Give back the memory of what has been read of mapped images."""
    if (mapping := getattr(images, "_mmap", None)) is not None:
        mapping.madvise(mmap.MADV_DONTNEED)


def embed(encoder, images, rows=None):
    """Embeddings of uint8 images (n, height, width, channels), all or those of `rows`,
    float32 (n, width).
    """
    call, rows = traced(encoder), np.arange(len(images)) if rows is None else rows

    def embed_chunk(start):
        chunk = images[rows[start : start + CHUNK]]
        free_mapped(images)
        return call(tf.constant(chunk)).numpy()

    with concurrent.futures.ThreadPoolExecutor(number_of_threads()) as pool:
        return np.concatenate([*pool.map(embed_chunk, range(0, len(rows), CHUNK))])


def embed_used(encoder, images, sets):
    """Embeddings of the images in sets of pairs, once each, and the pairs' rows."""
    sides = ("left", "right")
    used = np.unique(np.concatenate([pairs[s] for pairs in sets for s in sides]))
    rows = [{s: np.searchsorted(used, pairs[s]) for s in sides} for pairs in sets]
    return embed(encoder, images, used), rows


def distances_of(vectors, pairs, distance=lambda a, b: np.linalg.norm(a - b, axis=1)):
    """Distances of pairs (left, right) of rows of `vectors`, float32 of shape (n,)."""
    left, right = pairs["left"], pairs["right"]
    parts = [(left[chunk], right[chunk]) for chunk in chunks(len(left), 1024)]
    return np.concatenate([distance(vectors[a], vectors[b]) for a, b in parts])


def pair_distances(model, images, sets):
    """Distances of pairs under a model from `build_siamese`.

    `images` is uint8 of shape (n, height, width, channels), and `sets` has left and
    right (int32) of each set's pairs by its name. So do the distances, float32.
    """
    vectors, rows = embed_used(model.get_layer("encoder"), images, sets.values())
    return {
        name: distances_of(vectors, pairs, model.layers[-1])
        for name, pairs in zip(sets, rows, strict=True)
    }


def whitened(model, vectors, pairs, share):
    """A trained model whose encoder ends in a whitening map and a division by length.

    The map is `within_class_whitening` of embeddings. The new model is not compiled.
    """
    encoder = model.get_layer("encoder")
    weights = within_class_whitening(vectors, pairs, share)
    # A loaded model has layers of the names that new ones get.
    linear = layers.Dense(len(weights[1]), dtype="float32", name="whitening")
    embeddings = UnitLength(name="whitened")(linear(encoder.outputs[0]))
    linear.set_weights(weights)
    encoder = keras.Model(encoder.inputs, embeddings, name="encoder")
    return join(encoder, model.layers[-1])
