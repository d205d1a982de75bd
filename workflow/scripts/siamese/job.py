"""How every script of the workflow logs, writes its outputs, and fails."""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import signal
import sys
import threading
import time
import traceback

from siamese.errors import StudyError

# Set by each snakemake process for the jobs it starts (rules/folder.smk).
STARTER = "SIAMESE_SNAKEMAKE_PID"
SECONDS_BETWEEN_LOOKS = 0.5
FULL = (errno.ENOSPC, errno.EDQUOT)
ALMOST_NOTHING = 2**20

if STARTER in os.environ and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    # Ctrl-C while TensorFlow is imported: an end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
        for stream, original in zip((sys.stdout, sys.stderr), saved, strict=True):
            # A log on a full disk ends early.
            with contextlib.suppress(OSError):
                stream.flush()
            os.dup2(original, stream.fileno())
            os.close(original)
        os.close(file)


def print_checksums(paths):
    """Print the SHA-256 of files, as the program sha256sum writes and checks it."""
    for path in paths:
        with open(path, "rb") as file:
            print(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path}")


def unfinished(path, owner):
    """The name that an output has until all outputs of its job are complete."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".unfinished-{owner}-{name}")


def remove_unfinished(paths, owner="*"):
    """Remove what a job, or any job (`*`), has left of its outputs; return which."""
    begun = []
    for path in paths:
        for part in glob.glob(unfinished(glob.escape(path), owner)):
            os.remove(part)
            begun.append(path)
    return begun


@contextlib.contextmanager
def complete_outputs(snakemake):
    """Let the block write the job's outputs under names that no rule knows.

    They get their own names at the end, so that a file by that name is complete,
    whenever the job, snakemake or the machine is stopped.
    """
    outputs, own = snakemake.output, os.getpid()
    remove_unfinished(outputs)
    snakemake.output = type(outputs)(
        toclone=outputs, custom_map=lambda path: unfinished(path, own)
    )
    try:
        yield
        for path in snakemake.output:
            # Not before its content is on the disk, which may turn out to be full.
            with open(path, "rb+") as file:
                os.fsync(file.fileno())
        for path, part in zip(outputs, snakemake.output, strict=True):
            os.replace(part, path)
    except BaseException as error:
        full = is_full(error, os.path.dirname(outputs[0]))
        begun = remove_unfinished(outputs, own)
        if full:
            raise StudyError(
                f"{(begun or outputs)[-1]}: could not be written, no space is left on "
                "the disk; free some, and run the same command again"
            ) from error
        raise
    finally:
        snakemake.output = outputs


def is_full(error, folder):
    """Whether an exception, or one behind it, comes from a full disk or quota."""
    while error is not None:
        # HDF5 has the number in its text alone; NumPy says nothing but OSError.
        if getattr(error, "errno", None) in FULL or any(
            os.strerror(number) in str(error) for number in FULL
        ):
            return True
        if isinstance(error, OSError) and error.errno is None:
            return shutil.disk_usage(folder).free < ALMOST_NOTHING
        error = error.__cause__ or error.__context__
    return False


def end_with(pid):
    """End this process as soon as the process `pid` has ended, however it did.

    A job that outlives its snakemake would write while the next one runs the same.
    """

    def watch():
        while is_running(pid):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGKILL)

    if is_running(pid):
        threading.Thread(target=watch, daemon=True).start()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def logged(snakemake):
    """Run the block as a job: log its output, complete its outputs or leave none.

    An exception leaves its traceback in the log, one line on the terminal and
    exit status 1. A log without one ends with the checksums of the outputs (`make
    verify`).
    """
    log_path = snakemake.log[0]
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout.reconfigure(line_buffering=True)
    try:
        with output_to(log_path):
            try:
                with complete_outputs(snakemake):
                    yield
                print_checksums(snakemake.output)
            except BaseException:
                with contextlib.suppress(OSError):
                    traceback.print_exc()
                raise
    except KeyboardInterrupt:
        sys.exit(f"Stopped (log: {log_path})")
    except StudyError as error:
        sys.exit(f"Error: {error} (log: {log_path})")
    except Exception as error:
        sys.exit(f"Error: {type(error).__name__}: {error} (log: {log_path})")


if STARTER in os.environ:
    # From here on, since the import of TensorFlow that follows takes seconds.
    end_with(int(os.environ[STARTER]))
