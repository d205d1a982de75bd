"""A quicker start of TensorFlow and Keras."""

import contextlib
import gc
import os
import sys

from siamese.job import output_to

# Keras imports these where they are installed, for features not used here.
OPTIONAL = ("jax", "matplotlib", "pandas", "sklearn", "torch")


@contextlib.contextmanager
def quick_imports():
    """Let the block import Keras and TensorFlow in less time, and without a greeting.

    Hiding the optional packages saves about a second. Without the garbage collector,
    which finds nothing in thousands of new modules, the rest takes a fifth less. What
    TensorFlow says on stderr before it can be told not to goes nowhere.
    """
    hidden = [name for name in OPTIONAL if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    gc.disable()
    try:
        with output_to(os.devnull):
            yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()
        gc.enable()
