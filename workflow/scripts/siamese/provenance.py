"""What a job's results are made with, for its log: versions, machine, settings."""

import json
import os
import platform
import re
import subprocess
import sys

from siamese.environment import recorded

MADE_WITH = "Made with: "
# Of a CPU's flags those that libraries choose their kernels by.
KERNELS = re.compile("avx|fma|amx|sse4|asimd|sve|bf16|i8mm")


def processor():
    """The CPU's model and the instruction sets that decide which kernels run."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = file.read().partition("\n\n")[0]
            lines = (line.partition(":") for line in first.split("\n"))
            found = {name.strip(): value.strip() for name, _, value in lines}
    except OSError:  # macOS
        sysctl = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        try:
            done = subprocess.run(sysctl, capture_output=True, text=True)
            found = {"model name": done.stdout.strip()}
        except OSError:
            found = {}
    flags = found.get("flags", found.get("Features", "")).split()
    return {
        "CPU": found.get("model name") or platform.processor() or platform.machine(),
        "instruction sets": " ".join(sorted(filter(KERNELS.match, flags))),
    }


def packages():
    """The version of each package that this process has imported, by module."""
    versions = {
        name: vars(module).get("__version__")
        for name, module in list(sys.modules.items())
        if "." not in name and name not in sys.stdlib_module_names
    }
    return {n: v for n, v in sorted(versions.items()) if isinstance(v, str)}


def describe(rule, threads):
    """What is known of this process when its job begins.

    Parameters
    ----------
    rule : str
    threads : int
        That Snakemake gave the job.

    Returns
    -------
    dict
        Of texts, numbers, and dicts of texts.
    """
    return {
        "rule": rule,
        "Python": platform.python_version(),
        # Its mathematical functions are the C library's.
        "platform": " ".join(
            filter(None, (platform.system(), platform.machine(), *platform.libc_ver()))
        ),
        **processor(),
        "threads": threads,
        "packages": packages(),
        "environment": recorded(os.environ),
    }


def record(**facts):
    """Add facts to the record in this job's log."""
    print(MADE_WITH + json.dumps(facts))
