"""A script becomes a job here, with a log, a record, a GPU and one-line errors."""

import contextlib
import os
import signal
import sys
import textwrap
import threading
import time
import traceback

from siamese.errors import StudyError
from siamese.gpu import own_gpu
from siamese.records import describe, packages, record, sha256_of

SECONDS_BETWEEN_LOOKS = 0.5


def run(main, snakemake):
    """Run a script's `main` as a job, as run_script.py does for every rule.

    All it prints goes to its log, that of C++ libraries too. The log begins with a
    record of what the job runs on (`records`) and ends with the SHA-256 of the
    outputs. An exception leaves its traceback in the log, one line on the terminal
    and exit status 1; Snakemake then deletes the outputs.
    """
    parent = os.environ.get("SIAMESE_PARENT")
    if parent is None:
        # Started by hand, as by a debugger, which needs the terminal.
        main(snakemake)
        return
    end_with(int(parent))
    log = os.path.abspath(snakemake.log[0])
    try:
        with output_to(log):
            facts = describe(snakemake.rule, snakemake.threads)
            record(**facts)
            with own_gpu(snakemake.resources.get("gpu")):
                main(snakemake)
            # A network's module and a library's parts are imported late.
            if (imported := packages()) != facts["packages"]:
                record(packages=imported)
            for path in snakemake.output:
                print(f"{sha256_of(path)}  {path}")
    except KeyboardInterrupt:
        sys.exit(f"Stopped (log: {log})")
    except StudyError as error:
        sys.exit(f"Error: {error} (log: {log})")
    except Exception as error:
        reason = textwrap.shorten(str(error), 400, placeholder=" ...")
        sys.exit(f"Error: {type(error).__name__}: {reason} (log: {log})")


@contextlib.contextmanager
def output_to(path):
    """Send stdout and stderr to a file, those of C++ libraries and tracebacks too."""
    sys.stdout.reconfigure(line_buffering=True)
    with open(path, "wb", 0) as file, open(os.devnull, "wb", 0) as nowhere:
        saved = [os.dup(descriptor) for descriptor in (1, 2)]
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
        try:
            yield
        except BaseException:
            # The error itself is told, not that its traceback finds the disk full.
            with contextlib.suppress(OSError):
                traceback.print_exc()
            raise
        finally:
            for stream, original in zip((sys.stdout, sys.stderr), saved, strict=True):
                # The rest of a log on a full disk is not for the terminal.
                with contextlib.suppress(OSError):
                    stream.flush()
                os.dup2(nowhere.fileno(), stream.fileno())
                stream.flush()
                os.dup2(original, stream.fileno())
                os.close(original)


def end_with(parent):
    """End this process when another, of this number, has ended, however it did.

    A job that outlives its snakemake would write while the next one runs the same. The
    shell of jobs (workflow/clean_shell) passes on which process that is.
    """

    def watch():
        while True:
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(SECONDS_BETWEEN_LOOKS)

    threading.Thread(target=watch, daemon=True).start()
