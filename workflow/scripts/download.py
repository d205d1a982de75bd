"""Rule download: the four IDX files, from the first source that has them.

A file is known by the SHA-256 of its decompressed payload, since mirrors
compress the same bytes differently. Sources are tried in the order of the
config; the reason why one fails is logged, and the next is tried.
"""

import gzip
import os
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

import pooch

from siamese.idx import parse_idx
from siamese.job import StudyError, logged

CONNECT_AND_READ_TIMEOUT_S = (5, 60)
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"


def unpack(gz_path, name, sha256):
    """Return the checked payload (bytes) of the gzipped IDX file at `gz_path`.

    Raises StudyError for a file that is missing, no gzip, damaged or another.
    """
    try:
        payload = gzip.decompress(Path(gz_path).read_bytes())
    except FileNotFoundError:
        raise StudyError(f"{name}.gz: not found in {Path(gz_path).parent}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StudyError(
            f"{name}.gz: not a complete gzip file ({error}); fetch it again"
        ) from None
    parse_idx(payload, name, sha256)
    return payload


def fetch_directory(directory, name, scratch):
    """Path of the file in a local folder."""
    return Path(directory) / f"{name}.gz"


def fetch_url(base_url, name, scratch):
    """Download one file below `base_url` into `scratch`; return its path."""
    archive = pooch.create(
        path=scratch,
        base_url=base_url,
        registry={f"{name}.gz": None},
        retry_if_failed=2,
    )
    downloader = pooch.HTTPDownloader(
        timeout=CONNECT_AND_READ_TIMEOUT_S, progressbar=True
    )
    return archive.fetch(f"{name}.gz", downloader=downloader)


def fetch_debian(package, name, scratch):
    """Unpack a Debian package into `scratch`; return the path of the file in it.

    Needs `apt-get` and `dpkg-deb`, but neither root nor an installation. Where
    apt has no package lists, only root can fetch them, and then does.
    """
    folder = Path(scratch) / DEBIAN_FOLDER
    if not folder.exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise StudyError("apt-get and dpkg-deb are not on this machine")
        try:
            run("apt-get", "download", package, cwd=scratch)
        except StudyError:
            if os.geteuid() != 0:
                raise
            run("apt-get", "update", cwd=scratch)
            run("apt-get", "download", package, cwd=scratch)
        (archive,) = Path(scratch).glob("*.deb")
        run("dpkg-deb", "-x", archive.name, ".", cwd=scratch)
    return folder / f"{name}.gz"


def run(*command, cwd):
    """Run a command; StudyError with the last line of its complaint if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    if done.returncode != 0:
        complaint = (done.stderr.strip() or "no message").splitlines()[-1]
        raise StudyError(f"{' '.join(command)}: {complaint}")


FETCH = {"directory": fetch_directory, "url": fetch_url, "debian": fetch_debian}


def download(sources, sha256s, scratch):
    """Fetch all files from the first source that gives them intact.

    Parameters
    ----------
    sources : list of dict
        One key each: `directory`, `url` or `debian`.
    sha256s : dict of str to str
        File names without `.gz`, and the digests of their payloads.
    scratch : path
        Folder for what is fetched.

    Returns
    -------
    dict of str to bytes
        The payload of each file.

    Raises
    ------
    StudyError
        No source works; the message has the reason of each.
    """
    reasons = []
    for number, source in enumerate(sources):
        ((kind, place),) = source.items()
        print(f"Trying {kind} {place}")
        folder = Path(scratch) / str(number)
        folder.mkdir()
        try:
            return {
                name: unpack(FETCH[kind](place, name, folder), name, sha256)
                for name, sha256 in sha256s.items()
            }
        except (StudyError, OSError, ValueError) as error:
            reasons.append(f"{kind} {place}: {first_line(error)}")
            print(f"Failed: {reasons[-1]}")
    raise StudyError(
        "No source has the data: "
        + "; ".join(reasons)
        + ". Put the four .gz files into resources/fashion_mnist, or add their "
        "folder to dataset.sources in the config as `- directory: <folder>`"
    )


def first_line(error):
    """The gist of an exception that may have many lines."""
    return (str(error) or type(error).__name__).splitlines()[0]


def main(snakemake):
    with tempfile.TemporaryDirectory() as scratch:
        payloads = download(snakemake.params.sources, snakemake.params.sha256s, scratch)
    for path, payload in zip(snakemake.output, payloads.values(), strict=True):
        Path(path).write_bytes(payload)
    print(f"Wrote {len(payloads)} files")


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
