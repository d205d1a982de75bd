"""What the machine that a study runs on has to give."""

from pathlib import Path

# What a training takes at most, in MB, and some for its start.
TRAINING_MB = 1500
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def usable_cores():
    """The cores that this process may use, also in a container."""
    # Here, since rules read TRAINING_MB alone.
    import joblib

    return joblib.cpu_count()


def usable_memory():
    """The memory that is free now, in MB, also in a container."""
    import psutil

    free = psutil.virtual_memory().available
    if CGROUP_LIMIT.exists() and (limit := CGROUP_LIMIT.read_text().strip()) != "max":
        free = min(free, int(limit))
    return free // 10**6
