"""How every script of the workflow logs, and how it fails."""

import contextlib
import hashlib
import os
import sys
import traceback


class StudyError(Exception):
    """A mistake in the data or the settings, told in one line."""


@contextlib.contextmanager
def output_to(path):
    """Send stdout and stderr to a file, those of C++ libraries too."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        for descriptor in (1, 2):
            os.dup2(file, descriptor)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(file)


def print_checksums(paths):
    """Print the SHA-256 of files, as the program sha256sum writes and checks it."""
    for path in paths:
        with open(path, "rb") as file:
            print(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path}")


@contextlib.contextmanager
def logged(snakemake):
    """Send all output of the block to the job's log, and fail with one line.

    An exception leaves its traceback in the log, one line on the terminal and
    exit status 1, upon which Snakemake removes the outputs of the job. A log
    without one ends with the checksums of the outputs (`make verify`).
    """
    log_path = snakemake.log[0]
    sys.stdout.reconfigure(line_buffering=True)
    try:
        with output_to(log_path):
            try:
                yield
                print_checksums(snakemake.output)
            except Exception:
                traceback.print_exc()
                raise
    except StudyError as error:
        sys.exit(f"Error: {error} (log: {log_path})")
    except Exception as error:
        sys.exit(f"Error: {type(error).__name__}: {error} (log: {log_path})")
