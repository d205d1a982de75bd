"""Fetching a data set's files from a source; FETCH has a function for each kind.

It returns contents (bytes) by file name, and raises StudyError or OSError.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import requests

from siamese.errors import StudyError

# Seconds to connect to one address, to wait for data, and for a host's first answer.
CONNECT, SILENCE, ANSWER = 5, 15, 5
# The defaults of apt are three tries of 30 s each, and two names to look up.
APT = "-o Acquire::Retries=0 -o Acquire::http::Timeout=5 -o Acquire::EnableSrvRecords=0"
APT_LISTS = Path("/var/lib/apt/lists")
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"


def from_directory(folder, names):
    """Read files of a local folder, compressed or not."""
    contents = {}
    for name in names:
        path, unpacked = Path(folder, name), Path(folder, name.removesuffix(".gz"))
        contents[name] = (path if path.exists() else unpacked).read_bytes()
    return contents


def from_url(url, names):
    """Download files that lie below an address."""
    check_host(url)
    contents = {}
    for name in names:
        try:
            response = requests.get(url + name, timeout=(CONNECT, SILENCE))
            response.raise_for_status()
        except requests.RequestException as error:
            # Requests wraps the cause in several layers.
            while cause := error.__cause__ or error.__context__:
                error = cause
            raise StudyError(f"{name}: {error or type(error).__name__}") from None
        contents[name] = response.content
    return contents


def check_host(url):
    """Refuse a slow host; requests limits each of its addresses, and not its name."""

    def ask():
        with contextlib.suppress(requests.RequestException):
            requests.head(url, timeout=CONNECT)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(ANSWER)
    if thread.is_alive():
        raise StudyError(f"no answer in {ANSWER} s")


def from_debian(package, names):
    """Take files out of a Debian package, without root and without an installation.

    If apt has no lists of packages, root fetches them; nobody else can.
    """
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0 and not any(APT_LISTS.glob("*_Packages*")):
            call("apt-get", "update", *APT.split(), cwd=folder)
        call("apt-get", "download", package, *APT.split(), cwd=folder)
        (archive,) = Path(folder).glob("*.deb")
        call("dpkg-deb", "-x", archive.name, ".", cwd=folder)
        return from_directory(Path(folder, DEBIAN_FOLDER), names)


def call(*command, cwd):
    """Run a command; if it fails, raise StudyError with its last line, in English."""
    options = {"env": os.environ | {"LC_ALL": "C"}, "capture_output": True}
    done = subprocess.run(command, cwd=cwd, text=True, **options)
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        complaint = (done.stderr.strip() or "no message").splitlines()[-1]
        raise StudyError(f"{' '.join(command[:2])}: {complaint}")


FETCH = {"directory": from_directory, "url": from_url, "debian": from_debian}
