"""Jobs of a finished study, run again as Snakemake ran them, but started quickly.

A server process imports TensorFlow and what else scripts need once; each job is a
fork of it. Reads a JSON object a line: a job, for which it answers the process id,
or such an id, for which it answers the exit status when that process has ended.

A job may have a fault, which strikes when the job opens or renames one of its hidden,
unfinished outputs: no space is left for it, or the job is killed.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from siamese.environment import SETTINGS

HIDDEN = ".unfinished-"
END_OF_PREAMBLE = "######## snakemake preamble end"


def script_of(study, rule, *words):
    """The script that Snakemake ran for a job: the first with these words in it."""
    for path in sorted((study / ".snakemake/scripts").glob(f"*.{rule}.py")):
        if all(word in outputs_of(path)[0] for word in words):
            return path
    raise LookupError(f"{rule} {words}")


def outputs_of(script):
    """The outputs of a job, from the script that Snakemake ran."""
    scope = {"__file__": str(script)}
    exec(script.read_text().split(END_OF_PREAMBLE)[0], scope)
    return list(scope["snakemake"].output)


class JobServer:
    def __init__(self, scripts):
        self.process = subprocess.Popen(
            [sys.executable, __file__, scripts],
            env=os.environ | SETTINGS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, script, folder, terminal, fault=(), environment=None):
        """Start a script in `folder`, its output to a file; return its process id.

        `fault` is of three: what happens (full or killed), when (open or os.rename),
        and how the output's name ends.
        """
        return self.ask(
            {
                "script": str(script),
                "folder": str(folder),
                "terminal": str(terminal),
                "fault": fault,
                "environment": environment or {},
            }
        )

    def wait(self, pid):
        return self.ask(pid)

    def run(self, script, folder, terminal, fault=()):
        """Run a script to its end; return its exit status and what it printed."""
        status = self.wait(self.start(script, folder, terminal, fault))
        return status, Path(terminal).read_text()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def strike(what, when, name):
    """Let a fault come upon this process."""

    def hook(event, arguments):
        path = str(arguments[0]) if event == when else ""
        if not (os.path.basename(path).startswith(HIDDEN) and path.endswith(name)):
            return
        if what == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        # Every byte that is written to it finds a full device.
        elif not os.path.lexists(path):
            os.symlink("/dev/full", path)

    sys.addaudithook(hook)


def run_script(job):
    """The script as a main program; return the exit status that Python gives it."""
    terminal = os.open(job["terminal"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(terminal, descriptor)
    from siamese import CODE
    from siamese.digests import code_of

    try:
        os.environ.update(job["environment"])
        tempfile.tempdir = None  # but what TMPDIR says now
        os.chdir(job["folder"])
        # The server has imported more than the script does.
        code = code_of(f"{job['script'].split('.')[-2]}.py")
        for name in CODE.keys() - code.keys():
            del CODE[name]
        if job["fault"]:
            strike(*job["fault"])
        runpy.run_path(job["script"], run_name="__main__")
        status = 0
    except SystemExit as end:
        print(end.code, file=sys.stderr)
        status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def serve(scripts):
    sys.path.insert(0, scripts)
    # The network before pandas and the like, which it hides from Keras.
    import siamese.network  # noqa: F401, I001
    import matplotlib.figure  # noqa: F401
    import pandas  # noqa: F401
    import requests  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    import snakemake.script  # noqa: F401

    for line in sys.stdin:
        question = json.loads(line)
        if isinstance(question, int):
            status = os.waitstatus_to_exitcode(os.waitpid(question, 0)[1])
            print(status, flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            os._exit(run_script(question))
        print(pid, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
