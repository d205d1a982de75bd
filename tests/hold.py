"""Jobs that wait in the middle of their work until a test lets them go."""

import atexit
import os
import signal
import subprocess

from study import snakemake_command

# Half of an output is there, as when a job is stopped while it stores.
HOLD = """
def hold(snakemake):
    import os
    if os.path.exists("alive") and {target!r} in snakemake.output:
        with open({target!r}, "w") as file:
            file.write("half of it")
        hold.alive = open("alive", "w")
        print(os.getpid(), file=hold.alive, flush=True)
        open("go").close()

"""


class Held:
    """snakemake on a study in which the job that makes a target waits.

    `pid` is the job's. The pipe `alive` ends when the job does.
    """

    def __init__(self, study, rule, target, *arguments):
        script = study / f"workflow/scripts/{rule}.py"
        text, main = script.read_text(), "def main(snakemake):\n"
        if "def hold" not in text:
            text = text.replace(main, f"{main}    hold(snakemake)\n")
            script.write_text(HOLD.format(target=target) + text)
        for name in ("alive", "go"):
            os.mkfifo(study / name)
        self.study, self.log = study, study / "snakemake.txt"
        with open(self.log, "w") as output:
            self.process = subprocess.Popen(
                snakemake_command(*arguments, target),
                cwd=study,
                stdout=output,
                stderr=subprocess.STDOUT,
                # As a terminal starts it; the tests may have Ctrl-C ignored.
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        # A test that fails leaves nothing running.
        atexit.register(self.process.kill)
        self.alive = open(study / "alive")  # noqa: SIM115
        self.pid = int(self.alive.readline())

    def go_on(self):
        """Let the job go on."""
        os.close(os.open(self.study / "go", os.O_WRONLY))

    def end(self):
        """Wait for the end of snakemake and of the job; return status and output."""
        status = self.process.wait()
        assert self.alive.read() == ""
        self.alive.close()
        for name in ("alive", "go"):
            (self.study / name).unlink()
        return status, self.log.read_text()
