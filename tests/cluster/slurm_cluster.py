"""A Slurm of one's own on one machine: two virtual nodes with two GPUs each.

    python tests/cluster/slurm_cluster.py install         # Debian's packages
    python tests/cluster/slurm_cluster.py start FOLDER    # prints what to export
    python tests/cluster/slurm_cluster.py stop FOLDER

Needs root and Debian or a relative of it. Everything is in FOLDER, which must be new or
empty, and have no space in its path: keys, configuration, accounting data base and
logs; ports are free ones of 127.0.0.1, and no service of the machine is touched. `stop`
ends what `start` began, jobs included.

The GPUs are character devices that every machine has, so that Slurm counts them and
gives each job CUDA_VISIBLE_DEVICES. There are no cgroups: Slurm measures what a job
takes and ends it for its memory, but does not fence it in.
"""

import argparse
import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

PACKAGES = (
    "munge",
    "slurmctld",
    "slurmd",
    "slurmdbd",
    "slurm-client",
    "mariadb-server",
)
COMMANDS = (
    *("sacct", "sacctmgr", "sbatch", "scancel", "scontrol", "sinfo", "squeue"),
    *("srun", "sshare", "sstat"),
)
PROGRAMS = (
    *("munged", "slurmctld", "slurmd", "slurmdbd", "mariadbd", "mariadb-install-db"),
    *COMMANDS,
)
# Debian puts daemons where an ordinary user's PATH does not look.
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
GPUS = ("/dev/null", "/dev/zero")
NODES = ("node1", "node2")
CPUS = 8
MEMORY_MB = 16000
# In the order in which they are started; stopped the other way round.
DAEMONS = ("munged", "mariadbd", "slurmdbd", "slurmctld", *NODES)
# Against waiting for ever: a busy machine takes long.
PATIENCE_S = 1800
# Below those that a machine gives to outgoing connections.
PORTS = range(10000, 32000)

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=0
SchedulerParameters=bf_interval=2,sched_min_interval=100000,batch_sched_delay=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
KillWait=5
MpiDefault=none
{nodes}
PartitionName=all Nodes=ALL Default=YES OverSubscribe=NO
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} "
    "RealMemory={memory} Gres=gpu:{gpus}"
)
SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadbd}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_accounting
"""


def missing():
    """Why no cluster can be started here, in a sentence; None if it can be."""
    lacking = [name for name in PROGRAMS if not shutil.which(name, path=SEARCH_PATH)]
    if lacking:
        return f"Slurm is not installed: no {', '.join(lacking)}"
    if os.geteuid() != 0:
        return "Slurm's daemons are started as root, and this is another user"
    return None


def install():
    """Install Slurm, unless it is there. CalledProcessError if that fails."""
    if not missing():
        return
    apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES],
    ):
        subprocess.run(command, env=apt, check=True)


def free_ports(names):
    """A free port of 127.0.0.1 for each name."""
    candidates = iter(random.sample(PORTS, len(PORTS)))
    return {name: next(filter(is_free, candidates)) for name in names}


def is_free(port):
    with socket.socket() as each:
        try:
            each.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def environment(folder):
    """The environment in which Slurm's commands ask this cluster."""
    return {**os.environ, "PATH": f"{folder}/bin:{SEARCH_PATH}"}


def wrap_commands(folder):
    """Make commands in FOLDER/bin that ask this cluster.

    SLURM_CONF alone would do but for the executor, which takes all of SLURM_* out of
    the environment of a job's steps.
    """
    (folder / "bin").mkdir()
    for name in (*COMMANDS, "slurmctld", "slurmd", "slurmdbd"):
        path = folder / "bin" / name
        program = shutil.which(name, path=SEARCH_PATH)
        path.write_text(
            f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {program} "$@"\n'
        )
        path.chmod(0o755)


def run(folder, *command, **options):
    """Run one of Slurm's commands on this cluster; return what it prints."""
    done = subprocess.run(
        command, env=environment(folder), capture_output=True, text=True, **options
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def wait_for(what, folder, condition):
    """Ask `condition` until it holds.

    RuntimeError after PATIENCE_S seconds, or at once if `what` is a daemon that ended.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(RuntimeError, OSError):
            if condition():
                return
        started = folder / f"{what}.started"
        ended = started.exists() and not is_alive(int(started.read_text()))
        if ended or time.monotonic() > deadline:
            raise RuntimeError(f"{what} does not answer; its log is in {folder}")
        time.sleep(0.1)


def accepts(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def write_private(path, content):
    """Write a file that nobody else can read."""
    path.touch(0o600)
    path.write_bytes(content)


def launch(folder, name, *command):
    """Start a daemon in the background, its output in FOLDER/NAME.out."""
    with open(folder / f"{name}.out", "wb") as output:
        process = subprocess.Popen(
            command,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (folder / f"{name}.started").write_text(str(process.pid))


def configure(folder, ports, password):
    """Write all configuration files."""
    host = socket.gethostname()
    nodes = "\n".join(
        NODE.format(
            name=name,
            host=host,
            port=ports[name],
            cpus=CPUS,
            memory=MEMORY_MB,
            gpus=len(GPUS),
        )
        for name in NODES
    )
    (folder / "slurm.conf").write_text(
        SLURM_CONF.format(folder=folder, host=host, nodes=nodes, **ports)
    )
    (folder / "gres.conf").write_text(
        "".join(f"Name=gpu File={device}\n" for device in GPUS)
    )
    write_private(
        folder / "slurmdbd.conf",
        SLURMDBD_CONF.format(folder=folder, password=password, **ports).encode(),
    )
    write_private(folder / "munge.key", secrets.token_bytes(1024))


def start_database(folder, port, password):
    """Start MariaDB with an empty data base for the accounting."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    data = folder / "mariadb"
    run(
        folder,
        *("mariadb-install-db", "--no-defaults", f"--user={user}"),
        *(f"--datadir={data}", "--skip-test-db"),
    )
    create = (
        "CREATE DATABASE slurm_accounting;\n"
        f"CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON slurm_accounting.* TO slurm@'127.0.0.1';\n"
    )
    write_private(folder / "create.sql", create.encode())
    launch(
        folder,
        "mariadbd",
        *("mariadbd", "--no-defaults", f"--user={user}", f"--datadir={data}"),
        *(f"--socket={folder}/mariadb.socket", f"--port={port}"),
        *("--bind-address=127.0.0.1", "--skip-name-resolve"),
        *(f"--init-file={folder}/create.sql", "--innodb-flush-log-at-trx-commit=0"),
    )
    wait_for("mariadbd", folder, lambda: accepts(port))


def idle_nodes(folder):
    states = run(folder, "sinfo", "--noheader", "--Node", "--format=%T").split()
    return states.count("idle") == len(NODES)


def start(folder):
    """Start a cluster whose files are in the new or empty folder `folder`.

    Raises RuntimeError, with everything stopped, if a daemon does not come up.
    """
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # munged wants to be sure that nobody else can replace its files.
    folder.chmod(0o755)
    (folder / "state").mkdir()
    for name in NODES:
        (folder / f"spool-{name}").mkdir()
    ports = free_ports(("slurmctld", "slurmdbd", "mariadbd", *NODES))
    password = secrets.token_hex(16)
    configure(folder, ports, password)
    wrap_commands(folder)
    try:
        launch(
            folder,
            "munged",
            *("munged", "--foreground", "--force", f"--socket={folder}/munge.socket"),
            *(f"--key-file={folder}/munge.key", f"--pid-file={folder}/munged.pid"),
            *(f"--log-file={folder}/munged.log", f"--seed-file={folder}/munge.seed"),
        )
        wait_for("munged", folder, (folder / "munge.socket").exists)
        start_database(folder, ports["mariadbd"], password)
        launch(folder, "slurmdbd", "slurmdbd", "-D")
        wait_for("slurmdbd", folder, lambda: accepts(ports["slurmdbd"]))
        launch(folder, "slurmctld", "slurmctld", "-D", "-c")
        for name in NODES:
            launch(folder, name, "slurmd", "-D", "-N", name)
        wait_for("slurmctld", folder, lambda: idle_nodes(folder))
        registered = ["sacctmgr", "--immediate", "add"]
        run(folder, *registered, "account", "study", "Cluster=test")
        run(folder, *registered, "user", "root", "Account=study")
    except BaseException:
        stop(folder)
        raise
    return folder


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def job_processes(folder):
    """Processes of the cluster's jobs; without cgroups they may outlive a lost node."""
    wanted = (b"SLURM_JOB_ID=", f"{folder}/bin:".encode())
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environ = path.read_bytes()
        except OSError:
            continue
        if all(part in environ for part in wanted):
            yield int(path.parent.name)


def cancel_all(folder):
    """Cancel all jobs and wait for their end."""
    run(folder, "scancel", "--user=root", timeout=PATIENCE_S)
    wait_for_empty_queue(folder)


def wait_for_empty_queue(folder):
    wait_for("squeue", folder, lambda: not run(folder, "squeue", "--noheader"))


def stop(folder):
    """End all jobs and daemons of a cluster; its files stay."""
    folder = Path(folder).resolve()
    if (folder / "slurmctld.started").exists():
        try:
            cancel_all(folder)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"Jobs could not be cancelled: {error}", file=sys.stderr)
    for name in reversed(DAEMONS):
        started = folder / f"{name}.started"
        if started.exists():
            end(int(started.read_text()))
            started.unlink()
    for pid in job_processes(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while left := [*job_processes(folder)]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"Processes of jobs do not end when killed: {left}")
        time.sleep(0.1)


def end(pid):
    """End a daemon, by force after ten seconds."""
    deadline = time.monotonic() + 10
    while is_alive(pid):
        late = time.monotonic() - deadline
        if late > PATIENCE_S:
            raise RuntimeError(f"The daemon {pid} does not end when killed")
        by_force = late > 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL if by_force else signal.SIGTERM)
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("install", help="Slurm, from Debian's packages")
    for action in (start, stop):
        actions.add_parser(action.__name__).add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.action == "install":
        try:
            install()
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"Error: Slurm could not be installed: {error}")
    elif reason := missing():
        sys.exit(f"Error: {reason}")
    elif arguments.action == "stop":
        stop(arguments.folder)
    else:
        folder = start(arguments.folder)
        print(f"export PATH={folder}/bin:$PATH")


if __name__ == "__main__":
    main()
