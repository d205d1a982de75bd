"""How every script of the workflow logs, writes its outputs, and fails."""

import contextlib
import glob
import hashlib
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import psutil

from siamese import CODE
from siamese.digests import digest
from siamese.environment import SCRIPTS, ensure
from siamese.errors import StudyError
from siamese.provenance import describe, packages, record
from siamese.space import explain

SECONDS_BETWEEN_LOOKS = 0.5


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
            try:
                stream.flush()
            except OSError:
                # A log on a full disk ends early. The rest is not for the terminal.
                with open(os.devnull, "wb") as nowhere:
                    os.dup2(nowhere.fileno(), stream.fileno())
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
    """The name that a file has until all files of its job are complete."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".unfinished-{owner}-{name}")


def remove_unfinished(paths, owner="*"):
    """Remove what a job, or any job (`*`), has left of its files."""
    for path in paths:
        for part in glob.glob(unfinished(glob.escape(path), owner)):
            os.remove(part)


@contextlib.contextmanager
def complete(*folders, **paths):
    """Let the block write files under hidden names, and rename them at its end.

    So a file by its own name is complete, whenever the job, snakemake or the machine
    is stopped.

    Parameters
    ----------
    *folders : str
        Others to which the block writes, such as that of its log.
    **paths : str or list of str
        Files by the names that the block knows them by.

    Yields
    ------
    types.SimpleNamespace
        The hidden names, as attributes.

    Raises
    ------
    StudyError
        A file system is full.
    """
    own = os.getpid()
    hidden = {
        name: unfinished(path, own)
        if isinstance(path, str)
        else [unfinished(each, own) for each in path]
        for name, path in paths.items()
    }
    finals, parts = flat(paths.values()), flat(hidden.values())
    remove_unfinished(finals)
    try:
        yield SimpleNamespace(**hidden)
        for part in parts:
            # Not before its content is on the disk, which may turn out to be full.
            with open(part, "rb+") as file:
                os.fsync(file.fileno())
        for part, path in zip(parts, finals, strict=True):
            os.replace(part, path)
    except BaseException as error:
        full = explain(error, dict(zip(parts, finals, strict=True)), folders)
        remove_unfinished(finals, own)
        if full:
            raise full from error
        raise


def flat(values):
    """Paths and lists of paths as one list."""
    return [
        path
        for value in values
        for path in ([value] if isinstance(value, str) else value)
    ]


def starter(script):
    """The process that started this one to run a script, such as snakemake, or None.

    Between both may be shells, which have the script in their command line, its
    folder quoted in a way of their own.
    """
    name = os.path.basename(script)
    with contextlib.suppress(psutil.Error):
        for parent in psutil.Process().parents():
            if not any(name in word for word in parent.cmdline()):
                return parent
    return None


def end_with(process):
    """End this process as soon as another has ended, however it did.

    A job that outlives its snakemake would write while the next one runs the same.
    """

    def watch():
        while process.is_running():
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def check_code(expected):
    """Refuse to go on with another script than a rule's params have the digest of.

    Parameters
    ----------
    expected : dict of str to str
        From `code_of`, when the job was planned.

    Raises
    ------
    StudyError
        The script is another.
    """
    script = SCRIPTS / os.path.basename(sys.modules["__main__"].__file__)
    # Snakemake runs a copy of it.
    is_same = Path(sys.argv[0]).read_bytes().endswith(script.read_bytes())
    compare_code({script.name: digest(script) if is_same else None}, expected)


def compare_code(found, expected):
    """Refuse to go on with other code than expected, such as modules imported since.

    Raises StudyError for the first that is another.
    """
    for name in found:
        if found[name] != expected.get(name):
            raise StudyError(
                f"{SCRIPTS}: the code of {name} is {found[name]}, expected "
                f"{expected.get(name)} as when snakemake started; it was edited since: "
                "run the same command again"
            )


@contextlib.contextmanager
def logged(snakemake):
    """Run the block as a job: log its output, complete its outputs or leave none.

    The log begins with a record of what the job runs on (see `provenance`), and ends
    with the checksums of the outputs (`make verify`). An exception instead leaves its
    traceback in the log, one line on the terminal and exit status 1.

    Yields
    ------
    types.SimpleNamespace
        Where to write the outputs, by their names in the rule; from `complete`.
    """
    log_path = os.path.abspath(snakemake.log[0])
    folder = os.path.dirname(log_path)
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout.reconfigure(line_buffering=True)
    try:
        with output_to(log_path):
            try:
                expected = snakemake.params.get("code")
                if expected is not None:
                    expected = expected | snakemake.params.get("network_code", {})
                    check_code(expected)
                    compare_code(CODE, expected)
                facts = describe(snakemake.rule, snakemake.threads)
                record(**facts)
                with complete(folder, **snakemake.output) as output:
                    yield output
                    # The module of a network is imported last.
                    compare_code({} if expected is None else CODE, expected)
                if (imported := packages()) != facts["packages"]:
                    record(packages=imported)
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
        full = explain(error, folders=[folder])
        reason = full or f"{type(error).__name__}: {error}"
        sys.exit(f"Error: {reason} (log: {log_path})")


# From here on, since the import of TensorFlow that follows takes seconds.
main = sys.modules["__main__"]
if hasattr(main, "snakemake"):
    ensure()
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        # Ctrl-C during that import: an end without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if (process := starter(main.__file__)) is not None:
        end_with(process)
