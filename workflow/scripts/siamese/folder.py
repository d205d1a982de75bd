"""The folder of a study: what must hold before anything is run in it."""

import os
import shutil
from pathlib import Path

from siamese.errors import Refusal

# The data set may be elsewhere, for all to read.
MADE_HERE = ("results", "logs", "benchmarks", ".snakemake")
SMALLEST_SPACE = 2**20


def check_folder(study):
    """Refuse a folder in which this user cannot write, or whose disk is full.

    Raises
    ------
    Refusal
        Names the first folder of those that a study writes to.
    """
    tops = [Path(study, name) for name in MADE_HERE if Path(study, name).is_dir()]
    for top in (Path(study), *tops):
        if (free := shutil.disk_usage(top).free) < SMALLEST_SPACE:
            raise Refusal(
                f"{top.absolute()}: no space is left on the disk ({free} bytes); free "
                "some, and run the same command again"
            )
    below = (Path(path) for top in tops for path, *_ in os.walk(top, followlinks=True))
    for folder in (Path(study), *below):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Refusal(
                f"{folder.absolute()}: no permission to write there for user "
                f"{os.getuid()}; a study, even a dry run, has to. Ask the owner, user "
                f"{folder.stat().st_uid}, or give a folder of your own: --directory "
                "<folder>"
            )
