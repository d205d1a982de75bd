"""The errors that a user is told in one line, without a traceback."""

import reprlib

LONGEST = 300
shortened = reprlib.Repr()
shortened.maxstring = shortened.maxother = 120
shortened.maxlist = shortened.maxdict = shortened.maxtuple = 12


class StudyError(Exception):
    """A mistake in the data, the settings or the machine: what, where, what to do."""


class Refusal(SystemExit):
    """Why nothing is run at all.

    A SystemExit, since Snakemake shows other exceptions with a traceback.
    """

    def __init__(self, line):
        super().__init__(f"Error: {line}")


class ConfigError(Refusal):
    """A mistake in the config: the key, what was found, and what is expected."""

    def __init__(self, key, found, expected):
        self.key, self.found, self.expected = key, found, expected
        found = shortened.repr(list(found) if isinstance(found, tuple) else found)
        if len(found) > LONGEST:
            found = f"{found[:LONGEST]}..."
        super().__init__(f"Config: {key}: found {found}, expected {expected}")
