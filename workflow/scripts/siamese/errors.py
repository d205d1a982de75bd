"""The errors that a user is told in one line, without a traceback."""

import reprlib

shortened = reprlib.Repr()
shortened.maxstring = shortened.maxother = 120
shortened.maxlist = shortened.maxdict = shortened.maxtuple = 12


class StudyError(Exception):
    """A mistake in the data, the settings or the machine: what, where, what to do."""


class Refusal(SystemExit):
    """The reason why nothing runs. Snakemake shows any other exception's traceback."""

    def __init__(self, line):
        super().__init__(f"Error: {line}")


class ConfigError(Refusal):
    """A mistake in the config: the key, what was found, and what is expected.

    `sentence` takes the place of `expected` where another program states the mistake.
    """

    def __init__(self, key, found, expected="", sentence=""):
        found = shortened.repr(list(found) if isinstance(found, tuple) else found)
        found = found if len(found) <= 300 else f"{found[:300]}..."
        mistake = f", expected {expected}" if expected else f". {sentence}"
        super().__init__(f"Config: {key}: found {found}{mistake}")
