"""The folder of a study: writable, used by one snakemake at a time, not of tomorrow.

Looked after by the snakemake that a user starts, before it runs anything.
"""

import contextlib
import fcntl
import logging
import os
import platform
import shlex
import shutil
import sys
import time
from pathlib import Path

from snakemake.logging import logger

# The data set may be elsewhere, for all to read.
MADE_HERE = ("results", "logs", "benchmarks")
# What rules take as input.
DATED = ("results", "resources", WORKFLOW / "data", WORKFLOW.parent / "config")
SMALLEST_SPACE = 2**20
SNAKEMAKES_LOCKS = Path(".snakemake/locks")
# What a job knows of its snakemake (siamese/job.py).
STARTER = "SIAMESE_SNAKEMAKE_PID"


def check_writable():
    """Refuse a folder in which this user can't write all that a study writes."""
    folders = [Path(), *Path().glob(".snakemake"), *Path(".snakemake").glob("*/")]
    for name in MADE_HERE:
        folders += [Path(folder) for folder, _, _ in os.walk(name, followlinks=True)]
    for folder in folders:
        if not os.access(folder, os.W_OK | os.X_OK):
            sys.exit(
                f"Error: {folder.absolute()}: no permission to write there for user "
                f"{os.getuid()}; a study, even a dry run, has to. Ask the owner, user "
                f"{folder.stat().st_uid}, or give a folder of your own: --directory "
                "<folder>"
            )


def check_space():
    """Refuse a disk that is full already, on which even Snakemake's notes would end."""
    for folder in (Path(), *map(Path, MADE_HERE)):
        if folder.exists() and shutil.disk_usage(folder).free < SMALLEST_SPACE:
            sys.exit(
                f"Error: {folder.absolute()}: no space is left on the disk "
                f"({shutil.disk_usage(folder).free} bytes); free some, and run the same "
                "command again"
            )


def lock_folder():
    """Hold the folder for this snakemake, and clear away the lock of a killed one.

    Returns the file to keep open as long.

    The kernel releases this lock with the process, however that ends; Snakemake's
    own stays after kill -9 or a power cut, and would stop the next run. Where the
    file system has no such locks, Snakemake's alone counts.
    """
    SNAKEMAKES_LOCKS.parent.mkdir(exist_ok=True)
    here = platform.node()
    file = open(SNAKEMAKES_LOCKS.with_name("study.lock"), "a+")
    # Others who may write in the folder have to write this file, too.
    with contextlib.suppress(PermissionError):
        os.fchmod(file.fileno(), 0o666)
    file.seek(0)
    pid, _, host = file.read().partition(" on ")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(
            f"Error: {Path.cwd()}: another snakemake (process {pid} on {host}) is at "
            "work there; wait for its end, or give another folder: --directory "
            "<folder>"
        )
    except OSError as error:
        logger.warning(f"No lock by the file system: {error}")
        return file
    if SNAKEMAKES_LOCKS.is_dir() and any(SNAKEMAKES_LOCKS.iterdir()):
        # Some network file systems lock among the processes of one host alone.
        if host != here:
            sys.exit(
                f"Error: {Path.cwd()}: locked by a snakemake on "
                f"{host or 'an unknown host'}; wait for its end, or, if it was killed, "
                "say once: snakemake --unlock"
            )
        shutil.rmtree(SNAKEMAKES_LOCKS)
        logger.info(f"Going on where snakemake (process {pid}) was killed.")
    file.truncate(0)
    file.write(f"{os.getpid()} on {here}")
    file.flush()
    os.fsync(file.fileno())
    return file


def take_dates_out_of_the_future():
    """Move files dated later than now back, all by the same time, the last to now.

    They come from before the clock was set back. With those dates, what is made
    from now on would look older than what was made from it before. A file's new
    date is neither before it was made nor in the future, and their order stays.
    """
    dates = {
        path: path.stat().st_mtime_ns
        for top in DATED
        for folder, _, names in os.walk(top, followlinks=True)
        for path in (Path(folder, name) for name in names)
        if path.exists()
    }
    ahead = max(dates.values(), default=0) - time.time_ns()
    if ahead <= 0:
        return
    logger.warning(
        f"Files are dated up to {ahead / 1e9:.0f} s after now. Was the clock set back? "
        "Their dates are moved back."
    )
    now = time.time_ns()
    for path, date in dates.items():
        if date > now:
            # Files of others keep their dates.
            with contextlib.suppress(PermissionError):
                os.utime(path, ns=(date - ahead, date - ahead))


def look_after_folder_before(prepare):
    """`prepare`, with the checks above before it where jobs are to be run."""

    def prepare_in_folder(*arguments, **options):
        if workflow.executor_plugin is not None:
            check_writable()
            if not workflow.dryrun:
                check_space()
                workflow.folder_lock = lock_folder()
                take_dates_out_of_the_future()
        return prepare(*arguments, **options)

    return prepare_in_folder


if workflow.is_main_process and hasattr(workflow, "_prepare_dag"):
    # The first that snakemake does in a run; reports and --unlock know no executor.
    workflow._prepare_dag = look_after_folder_before(workflow._prepare_dag)
# A full disk ends Snakemake's log too; not with a traceback for each line of it.
logging.raiseExceptions = False
os.environ[STARTER] = str(os.getpid())
# Snakemake calls scripts by a shell, without quotes around Python's path.
sys.executable = shlex.quote(sys.executable)
