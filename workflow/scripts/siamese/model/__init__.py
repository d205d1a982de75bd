"""The networks: layers, training, checkpoints and export."""

import os

# TensorFlow greets on stderr while it is imported, before anything can stop it.
stderr = os.dup(2)
nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(nowhere, 2)
try:
    import keras  # noqa: F401
finally:
    os.dup2(stderr, 2)
    os.close(stderr)
    os.close(nowhere)
