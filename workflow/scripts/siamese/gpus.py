"""A GPU for each job on a machine, by lease.

Snakemake counts GPUs but does not say which one a job gets, and TensorFlow takes
the first that it sees. So each job locks a file that stands for a GPU, for as long
as it runs. The kernel frees the lock when the job's process ends, killed or not.
"""

import contextlib
import itertools
import os
import re
import shutil
import stat
import subprocess
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from siamese.errors import StudyError

# Seconds. nvidia-smi takes up to ten on large machines without persistence mode.
LISTING_TIMEOUT = 60
# Choosing takes milliseconds.
CHOOSING_TIMEOUT = 60
OTHERS = stat.S_IRWXG | stat.S_IRWXO
DEVICE = re.compile("[0-9]+$|GPU-|MIG-")


def installed_gpus():
    """Indices of this machine's NVIDIA GPUs in PCI order, as text."""
    if not shutil.which("nvidia-smi"):
        return []
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=LISTING_TIMEOUT,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(f"No GPU is leased: {error}")
        return []
    return [line for line in listing.splitlines() if line.isdigit()]


def visible_gpus():
    """The devices that this job may choose among: indices, or UUIDs of GPUs or MIGs.

    Those in CUDA_VISIBLE_DEVICES, where it is set, or else all of the machine.
    """
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return installed_gpus()
    names = [name.strip() for name in chosen.split(",")]
    # CUDA, too, stops at the first that is no device, such as -1 or NoDevFiles.
    return list(itertools.takewhile(DEVICE.match, names))


def lease_folder():
    """This user's folder of leases on this machine, made if it is not there.

    In the folder for temporary files anyone may make anything under any name.

    Raises
    ------
    StudyError
        It is a link, or others may enter it.
    """
    user = os.geteuid()
    folder = Path(tempfile.gettempdir(), f"siamese-gpus-{user}")
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    mode = found.st_mode
    if found.st_uid != user or not stat.S_ISDIR(mode) or mode & OTHERS:
        raise StudyError(
            f"{folder}: {stat.filemode(mode)} of user {found.st_uid}, "
            f"expected the leases of GPUs in a folder drwx------ of user {user}; "
            "remove it, or set TMPDIR to another folder"
        )
    return folder


def file_lock(path, timeout):
    # A lock without flock, by existence alone, would outlive a killed job.
    return FileLock(path, timeout=timeout, fallback_to_soft=False)


def lease_name(gpu):
    """The part of a lease's file name that stands for a device."""
    # Slurm may number the devices of each of its jobs from 0.
    job = os.environ.get("SLURM_JOB_ID")
    return quote(f"slurm-{job}-gpu-{gpu}" if job else f"gpu-{gpu}", safe="")[:150]


def choosing(folder):
    """The lock under which leases are counted and taken, for milliseconds."""
    return file_lock(folder / "choosing.lock", CHOOSING_TIMEOUT)


def count_leases(folder):
    """Leases held, by `lease_name`. For use while `choosing` is held.

    Files that jobs of the past left are removed.
    """
    held = Counter()
    for path in folder.glob("*.lease"):
        try:
            with file_lock(path, timeout=0):
                path.unlink()
        except Timeout:
            held[path.name.rsplit(".", 2)[0]] += 1
    return held


@contextlib.contextmanager
def lease_gpu(gpus, folder):
    """Hold a lease of the least used of some devices, the first of them if several.

    Never waits for a device: with more jobs than devices they share, evenly.

    Parameters
    ----------
    gpus : list of str
        As `visible_gpus` gives them, at least one.
    folder : pathlib.Path
        From `lease_folder`.

    Yields
    ------
    str
        The device.

    Raises
    ------
    StudyError
        Another process does not let choose.
    """
    try:
        with choosing(folder):
            held = count_leases(folder)
            gpu = min(gpus, key=lambda gpu: held[lease_name(gpu)])
            path = folder / f"{lease_name(gpu)}.{uuid.uuid4().hex}.lease"
            lease = file_lock(path, timeout=0).acquire()
    except Timeout as error:
        raise StudyError(
            f"{error.lock_file}: locked for {CHOOSING_TIMEOUT} s, expected "
            "milliseconds; end the process that holds it (fuser names it)"
        ) from None
    with lease:
        yield gpu


@contextlib.contextmanager
def own_gpu(wanted):
    """Let CUDA see one GPU alone, leased for the block.

    Without a GPU, or if none is wanted, nothing is leased or changed. CUDA reads
    the environment when devices are first listed, not when TensorFlow is imported.
    """
    gpus = visible_gpus() if wanted else []
    if not gpus:
        yield
        return
    if "CUDA_VISIBLE_DEVICES" not in os.environ:
        # nvidia-smi's order, where CUDA's own is by speed.
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    with lease_gpu(gpus, lease_folder()) as gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        print(f"GPU: {gpu}, of {', '.join(gpus)}")
        yield
