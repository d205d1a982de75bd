"""The folder of a study: what must hold before anything is run in it."""

import os
from pathlib import Path

from siamese.errors import Refusal
from siamese.space import RUN_AGAIN, lack

# The data set may be elsewhere, for all to read.
MADE_HERE = ("results", "logs", "benchmarks", ".snakemake")


def check_folder(study):
    """Refuse a folder in which this user cannot write, or whose disk is full.

    And one below a folder `~`, which the shell has left in --directory=~/study.

    Raises
    ------
    Refusal
        Names the first folder of those that a study writes to.
    """
    if "~" in (parts := Path(study).absolute().parts):
        above = Path(*parts[: parts.index("~")])
        raise Refusal(
            f"{Path(study).absolute()}: a folder named ~, expected your home folder; "
            "write --directory ~/<folder>, without =, and remove what is there now: "
            f"{above}/~"
        )
    tops = [Path(study, name) for name in MADE_HERE if Path(study, name).is_dir()]
    for top in (Path(study), *tops):
        if lacking := lack(top):
            raise Refusal(f"{top.absolute()}: {lacking}; free some, {RUN_AGAIN}")
    below = (Path(path) for top in tops for path, *_ in os.walk(top, followlinks=True))
    for folder in (Path(study), *below):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Refusal(
                f"{folder.absolute()}: no permission to write there for user "
                f"{os.getuid()}; a study, even a dry run, has to. Ask the owner, user "
                f"{folder.stat().st_uid}, or give a folder of your own: --directory "
                "<folder>"
            )
