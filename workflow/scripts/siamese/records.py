"""A job's log records what it runs on and the SHA-256 of its outputs."""

import hashlib
import json
import os
import platform
import re
import sys
from collections import namedtuple
from pathlib import Path

MADE_WITH = "Made with: "
# A study in a module of another workflow has the module's prefix in its paths.
CHECKSUM = re.compile("^([0-9a-f]{64})  (?:.*/)?(results/.+)", re.M)
# A CPU's flags by which libraries choose their kernels.
KERNELS = re.compile("avx|fma|amx|sse4|asimd|sve|bf16|i8mm")
# Variables of workflow/clean_shell that a result may depend on.
LOADER = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH")
SETTINGS = re.compile("PYTHON(HASH|UTF8)|LC_ALL|KERAS|TF_|MPLBACKEND|.*_THREADS")
# A job's log, the facts in it, and the SHA-256 of its files by path.
Record = namedtuple("Record", "log made_with files")


def sha256_of(path):
    """The checksum of a file, as the program sha256sum writes and checks it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(**facts):
    """Add facts to the record in this job's log."""
    print(MADE_WITH + json.dumps(facts))


def packages():
    """The version of each package that this process has imported, by module."""
    names = sorted({*sys.modules} - sys.stdlib_module_names)
    versions = {n: vars(sys.modules[n]).get("__version__") for n in names}
    return {n: v for n, v in versions.items() if isinstance(v, str) and "." not in n}


def describe(rule, threads):
    """The facts about this process when its job begins: texts, and dicts of texts."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(errors="replace") if cpuinfo.exists() else ""
    cpu = dict(re.findall(r"^(model name|flags|Features)\s*: (.*)", text, re.M))
    flags = cpu.get("flags", cpu.get("Features", "")).split()
    system = (platform.system(), platform.machine(), *platform.libc_ver())
    names = [*LOADER, *sorted(filter(SETTINGS.match, os.environ))]
    return {
        "rule": rule,
        "Python": platform.python_version(),
        "platform": " ".join(filter(None, system)),
        "CPU": cpu.get("model name", platform.machine()),
        "instruction sets": " ".join(sorted(filter(KERNELS.match, flags))),
        "threads": threads,
        "packages": packages(),
        "environment": {name: os.environ.get(name, "") for name in names},
    }


def read_records(logs):
    """Yield the Record of each log below a folder that has checksums, oldest first."""
    for log in sorted(logs.rglob("*.log"), key=lambda log: log.stat().st_mtime_ns):
        text = log.read_text(encoding="utf-8", errors="replace")
        # The last line of a job that was stopped may be half of a record.
        if files := {path: sha256 for sha256, path in CHECKSUM.findall(text)}:
            made_with = {}
            for facts in re.findall(f"^{MADE_WITH}(.*)", text, re.M):
                made_with |= json.loads(facts)
            yield Record(log, made_with, files)
