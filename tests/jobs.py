"""Jobs of a finished study, run again as Snakemake ran them, but started quickly.

A server process imports TensorFlow and what else scripts need once; each job is a
fork of it. Reads a JSON object a line; answers the job's process id, and at its end
its exit status.
"""

import json
import os
import runpy
import subprocess
import sys
import traceback
from pathlib import Path

# Results depend on the number of threads; Snakemake gives these rules one.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
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
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, script, folder, terminal):
        """Run a script in `folder`, its output to a file; return its process id."""
        job = {"script": str(script), "folder": str(folder), "terminal": str(terminal)}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self):
        return int(self.process.stdout.readline())

    def run(self, script, folder, terminal):
        """Run a script to its end; return its exit status and what it printed."""
        self.start(script, folder, terminal)
        return self.wait(), Path(terminal).read_text()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def run_script(job):
    """The script as a main program; return the exit status that Python gives it."""
    terminal = os.open(job["terminal"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for descriptor in (1, 2):
        os.dup2(terminal, descriptor)
    try:
        os.chdir(job["folder"])
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
        pid = os.fork()
        if pid == 0:
            os._exit(run_script(json.loads(line)))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
