"""What the machine that a study runs on has to give."""

from pathlib import Path

import joblib
import psutil

# What a training takes at most without a GPU, in MB, and some to spare. CUDA's
# libraries take more, for which the rule asks.
TRAINING_MB = 1500
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def usable_cores():
    """The cores that this process may use, also in a container."""
    return joblib.cpu_count()


def usable_memory():
    """The memory that is free now, in MB, also in a container."""
    free = psutil.virtual_memory().available
    if CGROUP_LIMIT.exists() and (limit := CGROUP_LIMIT.read_text().strip()) != "max":
        free = min(free, int(limit))
    return free // 10**6
