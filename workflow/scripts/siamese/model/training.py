"""Training a network from pairs, with the same bits on any number of threads."""

import time

import keras
import numpy as np
import tensorflow as tf

from siamese.data.poses import transforms
from siamese.data.stored import HISTORY
from siamese.errors import StudyError
from siamese.model.devices import CHUNK, GPU_CHUNK, number_of_threads
from siamese.model.embedding import pair_distances
from siamese.model.poses import transformed


def gradients(loss, sources):
    """The gradient by each source, the same bits whatever the number of threads.

    Terms add up two by two: a sum of more begins with the term whose memory it can
    take, and which that is depends on the threads.
    """
    return tf.gradients(
        loss,
        sources,
        aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )


def training_step(model, posed=False):
    """A function that trains a model by one batch, in chunks side by side.

    The step is that of Keras, one update by the gradient of the batch's mean loss. But
    only as many chunks as there are threads are in memory at a time. Their number
    changes no bit: the sum of the gradients and the state of the network, such as the
    seeds of dropout, go through the chunks in order. The function takes two uint8
    arrays of images and the pairs' labels, float32 (n,), and returns the float32
    distances (n,) and the penalty, both as before the update. If `posed`, it also takes
    the poses of the left and of the right images, from `transforms`.
    """
    images = tf.TensorSpec(model.inputs[0].shape, tf.uint8)
    labels = tf.TensorSpec([None], tf.float32)
    rows = [tf.TensorSpec([None, 8], tf.float32)] * (2 * posed)
    variables = model.trainable_variables

    @tf.function(input_signature=[images, images, labels, *rows], autograph=False)
    def step(left, right, same, *poses):
        weights = [variable.value for variable in variables]
        with keras.StatelessScope(zip(variables, weights, strict=True)):
            penalty = sum(model.losses, tf.constant(0.0))
        sums = gradients(model.optimizer.scale_loss(penalty), weights)
        batch = (left, right, same, poses)
        distances, sums, state = add_chunks(model, weights, sums, *batch)
        for variable, value in zip(model.non_trainable_variables, state, strict=True):
            variable.assign(value)
        model.optimizer.apply(sums, variables)
        return distances, penalty

    return step


def add_chunks(model, weights, sums, left, right, same, poses):
    """The distances of a batch, the sums with its gradients, and the state after it."""
    size = GPU_CHUNK if tf.config.get_visible_devices("GPU") else CHUNK
    total = tf.shape(same)[0]
    share = model.optimizer.scale_loss(1 / tf.cast(total, tf.float32))

    def add_chunk(start, sums, state, distances):
        chunk = slice(start, start + size)
        inside = [tf.identity(weight) for weight in weights]
        pairs = [left[chunk], right[chunk]]
        if poses:
            both = zip(pairs, poses, strict=True)
            pairs = [transformed(images, rows[chunk]) for images, rows in both]
        values, state = model.stateless_call(inside, state, pairs, training=True)
        loss = share * tf.reduce_sum(model.loss.call(same[chunk], values))
        parts = gradients(loss, inside)
        sums = [a + b for a, b in zip(sums, parts, strict=True)]
        return start + size, sums, state, distances.write(start // size, values)

    state = [variable.value for variable in model.non_trainable_variables]
    chunks = (total + size - 1) // size
    options = {"infer_shape": False, "element_shape": [None]}
    distances = tf.TensorArray(tf.float32, chunks, **options)
    _, sums, state, distances = tf.while_loop(
        lambda start, *_: start < total,
        add_chunk,
        (0, sums, state, distances),
        parallel_iterations=number_of_threads(),
    )
    return distances.concat(), sums, state


def set_dropout_seed(model, seed, epoch):
    """Make the dropout masks of an epoch depend on (seed, epoch) alone."""
    layers = model.get_layer("encoder").layers
    dropout = [layer for layer in layers if isinstance(layer, keras.layers.Dropout)]
    # At a rate of 0 a layer has no generator.
    for number, layer in enumerate(layer for layer in dropout if layer.rate > 0):
        state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
        layer.seed_generator.state.assign(state)


def train_epoch(step, images, pairs, batch_size, pose, key):
    """Train by all pairs in their order: left, right (int32 indices of images) and same
    (float32). Returns the distances of the pairs when their turn came, float32, and the
    mean of the penalty. A step draws poses, unless `pose` is None, from its number and
    `key` alone.
    """
    distances, penalties = [], 0.0
    for number, start in enumerate(range(0, len(pairs["same"]), batch_size)):
        batch = slice(start, start + batch_size)
        left, right, same = (pairs[name][batch] for name in ("left", "right", "same"))
        poses = []
        if pose is not None:
            generator = np.random.default_rng([*key, number])
            shape = images.shape[1:]
            poses = [transforms(pose, shape, len(same), generator) for _ in "lr"]
        before, penalty = step(images[left], images[right], same, *poses)
        distances.append(before.numpy())
        penalties += float(penalty) * len(same)
    return np.concatenate(distances), penalties / len(pairs["same"])


def loss_and_accuracy(model, distances, same, penalty):
    """Mean loss with the penalty, and share of pairs on their side of margin / 2."""
    losses = np.asarray(model.loss.call(same, distances))
    right = (distances < model.loss.margin / 2) == (same > 0.5)
    return float(losses.mean(dtype=np.float64)) + penalty, float(right.mean())


def run_epoch(model, step, images, pairs, batch_size, pose, key):
    """Loss and accuracy on the training pairs, then on those of validation."""
    train, validation = pairs["train"], pairs["validation"]
    order = np.random.default_rng(key).permutation(len(train["same"]))
    train = {column: values[order] for column, values in train.items()}
    distances, penalty = train_epoch(step, images, train, batch_size, pose, key)
    trained = loss_and_accuracy(model, distances, train["same"], penalty)
    distances = pair_distances(model, images, {"": validation})[""]
    penalty = float(sum(model.losses))
    return *trained, *loss_and_accuracy(model, distances, validation["same"], penalty)


def train(model, history, images, pairs, batch_size, epochs, seed, pose=None):
    """Train `model` in place from the end of `history` to `epochs`.

    `history` has a dict for each epoch that the model, fresh or loaded, has behind it.
    `images` is uint8 of shape (n, height, width, channels), and `pairs` has the splits
    train and validation as `read_pairs` gives them. With a `pose` (Pose), each step
    draws one anew for every image. Returns the history with the new epochs: epoch (from
    1), loss with the penalty and accuracy on the training and the validation pairs.
    Raises StudyError where the loss or a weight is not finite.
    """
    step, history = training_step(model, pose is not None), list(history)
    for epoch in range(len(history), epochs):
        started = time.perf_counter()
        set_dropout_seed(model, seed, epoch)
        key = [seed, epoch]
        values = run_epoch(model, step, images, pairs, batch_size, pose, key)
        row = dict(zip(HISTORY, (epoch + 1, *values), strict=True))
        seconds = f"{time.perf_counter() - started:.1f} s"
        texts = [f"{name}: {row[name]:.4f}" for name in HISTORY[1:]]
        print(f"Epoch {epoch + 1}/{epochs}", seconds, *texts, sep=" - ")
        # Max-pooling and ReLU swallow NaN: with such weights losses may be finite.
        finite = all(np.isfinite(weight).all() for weight in model.get_weights())
        if not finite or not np.isfinite(values).all():
            raise StudyError(
                f"Epoch {epoch + 1}: loss {values[0]}, validation loss {values[2]}, "
                f"weights {'finite' if finite else 'not all finite'}, expected finite "
                "numbers; try another seed, a smaller learning_rate, l2 or margin, or "
                "another precision"
            )
        history.append(row)
    return history
