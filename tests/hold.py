"""Training jobs that wait at a place in their training until a test lets them go."""

import time

from hooked import hooked_python

# At the start of each epoch, where it draws the order of the pairs.
HOOK = """
import os, sys, time
if any(word.endswith(".train.py") for word in sys.orig_argv):
    import numpy.random
    draw = numpy.random.default_rng

    def held(*arguments):
        open({reached!r}, "w").close()
        while os.path.exists({hold!r}):
            time.sleep(0.02)
        return draw(*arguments)

    numpy.random.default_rng = held
"""
# Seconds for what happens sooner or later, however slow and busy the machine is.
PATIENCE = 1800


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


class Hold:
    """While it is on, training jobs of `python` wait at the start of an epoch."""

    def __init__(self, folder):
        folder.mkdir()
        self.path, self.reached = folder / "hold", folder / "reached"
        text = HOOK.format(reached=str(self.reached), hold=str(self.path))
        self.python = hooked_python(folder / "environment", text)
        self.on()

    def on(self):
        self.reached.unlink(missing_ok=True)
        self.path.touch()

    def wait(self):
        """Wait until a job is at that place."""
        wait_until(self.reached.exists)

    def release(self):
        self.path.unlink()
