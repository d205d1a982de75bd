"""What a path means that a user gives, in the config or on a command line."""

import argparse
import os
from pathlib import Path
from string import Template


def places(text, *folders):
    """The absolute paths that a text may mean, the one that is wanted most first.

    Parameters
    ----------
    text : str
        `~`, `~user`, `$NAME` and `${NAME}` are replaced; `$$` is a dollar sign.
    *folders : path
        Where a relative path may begin.

    Returns
    -------
    list of pathlib.Path
        Each once.

    Raises
    ------
    ValueError
        It says what is expected of the text.
    """
    # An empty variable would make /data of $FOLDER/data.
    values = {name: value for name, value in os.environ.items() if value}
    for name in variables(text):
        if name not in values:
            raise ValueError(
                f"a path of variables that are set; {name} is not: set it (or write $$ "
                "for a dollar sign)"
            )
    path = Template(text).safe_substitute(values)
    if path.startswith("~"):
        path = os.path.expanduser(path)
        if path.startswith("~"):
            user = path.partition("/")[0]
            raise ValueError(
                f"a path from a folder that is known; the home folder {user} is not "
                f"(or write ./{user} for a folder of that name)"
            )
    return list(dict.fromkeys(Path(folder).resolve() / path for folder in folders))


def variables(text):
    """Names of the environment variables in a path."""
    return Template(text).get_identifiers()


def argument(text):
    """The absolute path that a word of the command line means, for argparse.

    The shell has replaced variables. It leaves `~` in --option=~/folder.
    """
    try:
        (path,) = places(text.replace("$", "$$"), Path.cwd())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {error}") from None
    return path
