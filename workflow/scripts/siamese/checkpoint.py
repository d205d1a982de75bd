"""Reading trained networks, to resume training or to embed with them."""

import numpy as np

from siamese.network import keras
from siamese.stored import damaged, read_history, reading


def are_finite(arrays):
    """Whether all numbers of some arrays are finite."""
    return all(np.isfinite(array).all() for array in arrays)


def read_model(path, compile=True):
    """The network of a model file, which has finite weights.

    Max-pooling and ReLU swallow NaN, so a network with such weights may well have
    distances that are finite, and all equal.
    """
    with reading(path):
        model = keras.saving.load_model(path, compile=compile, safe_mode=True)
    if not are_finite(model.get_weights()):
        raise damaged(path, "a weight that is no finite number")
    return model


def read_checkpoint(model_path, history_path, steps):
    """The network and the history of a run, which belong together.

    Parameters
    ----------
    model_path, history_path : path
    steps : int
        Training steps an epoch.

    Returns
    -------
    model : keras.Model
    history : list of dict
    """
    model, history = read_model(model_path), read_history(history_path)
    # Where nothing is trained there are no steps.
    steps *= bool(model.trainable_variables)
    found, expected = int(model.optimizer.iterations), len(history) * steps
    # With a loss scale, steps whose gradients overflow do not count.
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    if found > expected or (found < expected and not scaled):
        raise damaged(
            history_path,
            f"{len(history)} epochs are {expected} training steps, but {model_path} "
            f"has had {found}",
        )
    return model, history
