"""Workarounds of faults in other programs."""


class ShellOfScripts(str):
    """The path of a shell, for the resource `shell_exec` of a rule with a script.

    Snakemake 9.27 puts the path into the script's preamble as Python code without
    quotes (script/__init__.py, generate_preamble), where this formats itself as a
    literal. In every other use it is the same text.
    """

    def __format__(self, specification):
        return repr(str(self))
