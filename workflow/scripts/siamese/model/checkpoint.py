"""Reading trained networks, to resume training or to embed with them."""

import keras
import numpy as np

from siamese.data.stored import damaged, read_history, reading


def are_finite(arrays):
    """Whether all numbers of some arrays are finite."""
    return all(np.isfinite(array).all() for array in arrays)


def read_model(path, compile=True):
    """The network of a model file, which has finite weights.

    Max-pooling and ReLU swallow NaN: with such weights distances may be finite.
    """
    with reading(path):
        model = keras.saving.load_model(path, compile=compile, safe_mode=True)
    if not are_finite(model.get_weights()):
        raise damaged(path, "a weight that is no finite number")
    return model


def read_checkpoint(model_path, history_path, steps):
    """The network and the history (a list of dict) of a run with `steps` an epoch."""
    model, history = read_model(model_path), read_history(history_path)
    had, expected = int(model.optimizer.iterations), len(history) * steps
    # With a loss scale, steps whose gradients overflow do not count.
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    if had > expected or (had < expected and not scaled):
        steps = f"{len(history)} epochs are {expected} training steps"
        raise damaged(history_path, f"{steps}, but {model_path} has had {had}")
    return model, history
