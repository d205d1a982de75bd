"""What a job finds set around it: the same on every machine and account.

Libraries read dozens of variables and files of the account, some of which change
which code runs or what is computed. So a job starts with the variables in KEPT and
SETTINGS alone. docs/environment.md lists what each library reads.
"""

import os
import shlex
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]

# Where programs, caches, the network and devices are. None changes a number, or else
# it is in RECORDED.
KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "PYTHONDONTWRITEBYTECODE"),
    *("TMPDIR", "TMP", "TEMP", "TEMPDIR"),
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"),
    *("SLURM_JOB_ID", "SLURMD_NODENAME"),
    # Without these Python or CUDA may not start, on machines that need them.
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
)
# Which libraries are loaded depends on them.
RECORDED = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH")
SETTINGS = {
    # The project's own modules are first, and those of the account nowhere.
    "PYTHONPATH": str(SCRIPTS),
    "PYTHONNOUSERSITE": "1",
    # TensorFlow loads plug-ins from there.
    "PYTHONUSERBASE": os.devnull,
    "PYTHONHASHSEED": "0",
    # All text is UTF-8.
    "PYTHONUTF8": "1",
    # What other programs say is English, in ASCII.
    "LC_ALL": "C",
    # No keras.json.
    "KERAS_HOME": os.devnull,
    "KERAS_BACKEND": "tensorflow",
    # Their sums differ from those of TensorFlow's own kernels.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # No rc file; ./matplotlibrc, which counts before it, see `figures`.
    "MATPLOTLIBRC": os.devnull,
    "MPLBACKEND": "agg",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    # Their number changes the last bits of sums. Training has its own threads.
    **dict.fromkeys(
        (
            *("OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
            *("MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
        ),
        "1",
    ),
}
# The process that has cleared the others: this one, or the shell that started it.
CLEANED_BY = "SIAMESE_CLEANED_BY"


def clean(environment):
    """The variables that a job has, of those that the account has."""
    return {name: environment[name] for name in KEPT if name in environment} | SETTINGS


def recorded(environment):
    """What counts for results, for the record: SETTINGS and what is RECORDED."""
    kept = {name: environment.get(name, "") for name in RECORDED}
    # The project's folder is no setting.
    return {**SETTINGS, **kept, "PYTHONPATH": "workflow/scripts"}


def shell_prefix():
    """What bash does before it starts a job, with braces doubled for Snakemake.

    It does what `clean` says, and opens closed streams.
    Before Python, since a module on PYTHONPATH could take the place of the project's.
    """
    # A list of its own, whatever the account's BASH_ENV has made read-only or traps.
    kept = " ".join(f'${{{name}+"{name}=${name}"}}' for name in KEPT)
    settings = " ".join(f"{name}={shlex.quote(v)}" for name, v in SETTINGS.items())
    command = f"/usr/bin/env -i {kept} {settings} {CLEANED_BY}=$$ "
    return (
        # Not `builtin exec`, which undoes what it redirects.
        r"\builtin set -euo pipefail; \builtin unset -f exec; "
        r"\builtin test -e /dev/fd/1 || \exec >/dev/null; "
        r"\builtin test -e /dev/fd/2 || \exec 2>/dev/null; "
    ) + command.replace("{", "{{").replace("}", "}}")


def ensure():
    """Start this process again, with its environment as `clean` has it, unless it is.

    Where the study is a module of another workflow there is no `shell_prefix`, since
    it would apply to the other's jobs too.
    """
    # By the process and not by the variables, some of which libraries have set by now.
    if os.environ.get(CLEANED_BY) in map(str, (os.getpid(), os.getppid())):
        return
    while (descriptor := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(descriptor, True)
    environment = clean(os.environ) | {CLEANED_BY: str(os.getpid())}
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)
