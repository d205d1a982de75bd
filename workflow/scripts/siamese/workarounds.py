"""Workarounds of faults in other programs."""

import shlex


class ShellWord(str):
    """A text that is quoted where it is formatted, as into a shell command.

    Snakemake 9.27 puts sys.executable into a command without quotes
    (script/__init__.py, execute_script), so that jobs would fail with a Python in a
    folder whose name has a space. In every other use it is the same text. What it
    joins for a cluster's jobs is not formatted: while jobs run, and in these jobs,
    sys.executable is the quoted text itself.
    """

    def __format__(self, specification):
        return format(shlex.quote(str(self)), specification)
