"""A Slurm of one's own on this machine: two virtual nodes with two GPUs each.

    python tests/cluster/slurm_cluster.py    # installs Debian's packages, as root

The daemons run as root, listen on free ports of 127.0.0.1, and have all files in one
folder; no service of the machine is touched. The GPUs are character devices that every
machine has, so that Slurm counts them and gives each job CUDA_VISIBLE_DEVICES.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time

COMMANDS = ("sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
DAEMONS = ("slurmctld", "slurmd")
# Debian puts daemons where an ordinary user's PATH does not look.
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
NODES = ("node1", "node2")
PATIENCE_S = 1800  # however slow and busy the machine is
# Ended jobs stay in the list for as long as any test takes.
SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
SchedulerParameters=bf_interval=2,sched_min_interval=100000,batch_sched_delay=1
MinJobAge=100000
KillWait=5
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node1} CPUs=8 \
RealMemory=16000 Gres=gpu:2
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={node2} CPUs=8 \
RealMemory=16000 Gres=gpu:2
PartitionName=all Nodes=ALL Default=YES
"""


def missing():
    """Why no cluster can be started here, in a sentence; None if it can be."""
    for name in (*DAEMONS, *COMMANDS):
        if not shutil.which(name, path=SEARCH_PATH):
            return f"Slurm is not installed: no {name}"
    return None if os.geteuid() == 0 else "Slurm's daemons need root"


def install():
    """Install Slurm, unless it is there. CalledProcessError if that fails."""
    if missing():
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        options = ["install", "--yes", "--no-install-recommends"]
        subprocess.run([*apt, "update"], check=True)
        subprocess.run([*apt, *options, *DAEMONS, "slurm-client"], check=True)


def environment(folder):
    """The environment in which Slurm's commands ask this cluster."""
    return os.environ | {"PATH": f"{folder}/bin:{SEARCH_PATH}"}


def run(folder, *command):
    """Run one of Slurm's commands on this cluster; return what it prints."""
    done = subprocess.run(
        command, env=environment(folder), capture_output=True, text=True, check=True
    )
    return done.stdout


def wait_for(condition, what):
    """Ask `condition` until it holds; return its value. RuntimeError if it fails."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"It did not happen: {what}")
        time.sleep(0.1)
    return value


def jobs(folder):
    """What Slurm knows of each job, ended ones too: a dict each, as scontrol has it."""
    lines = run(folder, "scontrol", "--oneliner", "show", "job").splitlines()
    return [
        dict(word.split("=", 1) for word in line.split() if "=" in word)
        for line in lines
        if "JobId=" in line
    ]


def configure(folder):
    """Write the configuration, and commands in FOLDER/bin that know it.

    A variable SLURM_CONF alone would not do: the executor takes all of SLURM_* out of
    the environment of a job's steps.
    """
    with contextlib.ExitStack() as stack:
        names = ("slurmctld", *NODES)
        ports = {name: stack.enter_context(socket.socket()) for name in names}
        for name, each in ports.items():
            each.bind(("127.0.0.1", 0))
            ports[name] = each.getsockname()[1]
    text = SLURM_CONF.format(folder=folder, host=socket.gethostname(), **ports)
    (folder / "slurm.conf").write_text(text)
    (folder / "gres.conf").write_text(
        "Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n"
    )
    for name in ("state", "bin", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir()
    for name in (*COMMANDS, *DAEMONS):
        path, program = folder / "bin" / name, shutil.which(name, path=SEARCH_PATH)
        path.write_text(
            f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program} "$@"\n'
        )
        path.chmod(0o755)


@contextlib.contextmanager
def running(folder):
    """A cluster whose files are in the empty folder, which has no space in its path."""
    configure(folder)
    commands = [["slurmctld", "-D", "-c"]]
    commands += [["slurmd", "-D", "-N", node] for node in NODES]
    with open(folder / "daemons.log", "wb") as log:
        daemons = [
            subprocess.Popen(
                command,
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            for command in commands
        ]

    def idle():
        assert all(daemon.poll() is None for daemon in daemons), log.name
        with contextlib.suppress(subprocess.CalledProcessError):
            states = run(folder, "sinfo", "--noheader", "--Node", "--format=%T")
            return states.split() == ["idle"] * len(NODES)

    try:
        wait_for(idle, "both nodes are idle")
        yield folder
        run(folder, "scancel", "--user=root")
        wait_for(lambda: not run(folder, "squeue", "--noheader"), "no job is left")
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


if __name__ == "__main__":
    install()
