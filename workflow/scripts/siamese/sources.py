"""The kinds of places that the data set's files are fetched from.

What they give is not trusted: it is of bounded size, comes at a speed or not at
all, is written to one path, and is checked by the caller.
"""

import contextlib
import dataclasses
import http.client
import os
import shutil
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from siamese.errors import StudyError
from siamese.idx import MOST_BYTES
from siamese.space import number_of

BLOCK_BYTES = 2**18
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"
# By itself apt tries three times, 30 s each.
APT_OPTIONS = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10")


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long a source may take, in seconds."""

    connect: float = 5
    silence: float = 15
    # For the response, and then for each block: at least 9 kB/s.
    block: float = 30
    # Before each new try after a server's error or a broken connection.
    pauses: tuple = (1, 3)
    # For each command of apt-get and dpkg-deb.
    command: float = 600


PATIENCE = Patience()


class Interrupted(StudyError):
    """A failure that may be over in a moment."""


def first_line(error):
    """The gist of an exception that may have many lines."""
    return (str(error) or type(error).__name__).splitlines()[0]


@contextlib.contextmanager
def alarm(seconds, complaint):
    """Raise StudyError in the block after some seconds, whatever it waits for.

    Yields a function that lets the seconds begin anew.
    """

    def stop(*_):
        raise StudyError(complaint)

    def restart():
        signal.setitimer(signal.ITIMER_REAL, seconds)

    previous = signal.signal(signal.SIGALRM, stop)
    restart()
    try:
        yield restart
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def fetch_directory(directory, name, scratch, patience):
    """Path of the file in a local folder."""
    return Path(directory) / name


def fetch_url(base_url, name, scratch, patience):
    """Download one file below `base_url` into `scratch`; return its path."""
    path = Path(scratch) / name
    for pause in (*patience.pauses, None):
        try:
            receive(f"{base_url}{path.name}", path, patience)
            return path
        except Interrupted as error:
            if pause is None:
                raise
            print(f"{error}; again in {pause} s")
            time.sleep(pause)


def receive(url, path, patience):
    """Write the body of one response to `path`.

    Raises
    ------
    Interrupted
        The server failed, or the connection broke.
    StudyError
        No connection, no such file, or one that is too slow or too large.
    """
    too_slow = f"{path.name}: less than {BLOCK_BYTES >> 10} KiB in {patience.block} s"
    # As it is: some servers take the file's compression for their own.
    options = {"headers": {"Accept-Encoding": "identity"}, "stream": True}
    timeout = (patience.connect, patience.silence)
    try:
        with (
            alarm(patience.block, too_slow) as restart,
            requests.get(url, timeout=timeout, **options) as response,
            open(path, "wb") as file,
        ):
            check_response(response, path.name)
            total = response.raw.length_remaining
            with tqdm(total=total, unit="B", unit_scale=True) as bar:
                while block := response.raw.read(BLOCK_BYTES, decode_content=False):
                    restart()
                    bar.update(file.write(block))
                    if file.tell() > MOST_BYTES:
                        raise StudyError(
                            f"{path.name}: more than {MOST_BYTES} bytes, expected less"
                        )
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise failure(error, path.name, timeout) from error


def check_response(response, name):
    """Refuse an answer that is not the file, or that came by an unsafe way."""
    urls = [step.url for step in (*response.history, response)]
    if urls[0].startswith("https:") and not all(
        url.startswith("https:") for url in urls
    ):
        raise StudyError(f"{name}: redirected from https to {urls[-1]}")
    if response.status_code != http.client.OK:
        may_be_over = response.status_code >= 500 or response.status_code == 429
        raise (Interrupted if may_be_over else StudyError)(
            f"{name}: HTTP {response.status_code} {response.reason}, expected 200 OK"
        )


def failure(error, name, timeout):
    """What requests or urllib3 raised, as a StudyError about the first cause."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    if isinstance(error, TimeoutError):
        connect, silence = timeout
        return StudyError(
            f"{name}: timed out ({connect} s to connect, {silence} s without data)"
        )
    broken = (
        ConnectionResetError,
        http.client.HTTPException,
        urllib3.exceptions.ProtocolError,
    )
    if isinstance(error, broken):
        return Interrupted(f"{name}: connection broken ({first_line(error)})")
    if "SOCKS support" in str(error):
        return StudyError(f"{name}: a SOCKS proxy needs PySocks: pip install PySocks")
    return StudyError(f"{name}: {first_line(error)}")


def fetch_debian(package, name, scratch, patience):
    """Take one file out of a Debian package; return its path in `scratch`.

    Needs `apt-get` and `dpkg-deb`, but neither root nor an installation. Where
    apt has no package lists, only root can fetch them, and then does.
    """
    if not list(Path(scratch).glob("*.deb")):
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise StudyError("apt-get and dpkg-deb are not on this machine")
        fetch = ("apt-get", "download", package, *APT_OPTIONS)
        try:
            run(*fetch, cwd=scratch, seconds=patience.command)
        except StudyError:
            if os.geteuid() != 0:
                raise
            update = ("apt-get", "update", *APT_OPTIONS)
            run(*update, cwd=scratch, seconds=patience.command)
            run(*fetch, cwd=scratch, seconds=patience.command)
    (archive,) = Path(scratch).glob("*.deb")
    path = Path(scratch) / name
    with alarm(patience.command, f"{archive.name}: not read in {patience.command} s"):
        extract(archive, f"./{DEBIAN_FOLDER}/{name}", path)
    return path


def extract(archive, name, path):
    """Copy one regular file of a Debian package to `path`.

    It is read from the package's tar stream, and nothing else is written: no
    link of a package is followed, and no other path of it counts.
    """
    command = ("dpkg-deb", "--fsys-tarfile", str(archive))
    try:
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as members,
        ):
            for member in members:
                if member.name == name and member.isreg():
                    if member.size > MOST_BYTES:
                        raise StudyError(
                            f"{archive.name}: {member.size} bytes in {name}, "
                            f"expected at most {MOST_BYTES}"
                        )
                    with open(path, "wb") as file:
                        shutil.copyfileobj(members.extractfile(member), file)
    except tarfile.TarError as error:
        raise StudyError(f"{archive.name}: no whole Debian package ({error})") from None
    if not path.exists():
        raise StudyError(f"{archive.name}: {name} is not in it as a regular file")


def run(*command, cwd, seconds):
    """Run a command.

    Raises
    ------
    OSError
        It failed and says that no space is left.
    StudyError
        It failed; with the last line of its complaint.
    """
    name = " ".join(command[:2])
    # In English, to be understood.
    options = {"env": os.environ | {"LC_ALL": "C"}, "capture_output": True}
    try:
        done = subprocess.run(command, cwd=cwd, text=True, timeout=seconds, **options)
    except subprocess.TimeoutExpired:
        raise StudyError(f"{name}: not done in {seconds} s") from None
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        if number := number_of(done.stderr):
            raise OSError(number, f"{name}: {os.strerror(number)}")
        complaint = (done.stderr.strip() or "no message").splitlines()[-1]
        raise StudyError(f"{name}: {complaint}")


FETCH = {"directory": fetch_directory, "url": fetch_url, "debian": fetch_debian}
