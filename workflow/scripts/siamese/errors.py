"""The errors that a user is told in one line, without a traceback."""


class StudyError(Exception):
    """A mistake in the data, the settings or the machine: what, where, what to do."""
