"""Rule download: the files of the data set, from the first source that has them.

A file is known by the SHA-256 of its decompressed payload, since mirrors
compress the same bytes differently. Sources are tried in the order of the
config; the reason why one fails is logged, and the next is tried.
"""

import gzip
import os
import tempfile
import zlib
from pathlib import Path

from siamese.datasets import check_digest
from siamese.errors import StudyError
from siamese.idx import MOST_BYTES, parse_idx, read_payload
from siamese.job import logged
from siamese.npz import read_npz
from siamese.sources import FETCH, PATIENCE, first_line
from siamese.space import explain


def unpack(gz_path, name, sha256):
    """Return the checked payload (bytes) of the gzipped IDX file at `gz_path`.

    Raises StudyError for a file that is missing, no gzip, damaged or another.
    """
    try:
        with gzip.open(gz_path) as file:
            payload = read_payload(file, name)
    except FileNotFoundError:
        raise StudyError(f"{name}.gz: not found in {Path(gz_path).parent}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise StudyError(
            f"{name}.gz: not a complete gzip file ({error}); fetch it again"
        ) from None
    parse_idx(payload, name, sha256)
    return payload


def read_whole(path, name, sha256):
    """Return the checked content (bytes) of the .npz file at `path`."""
    try:
        size = os.path.getsize(path)
        if size > MOST_BYTES:
            raise StudyError(f"{name}: {size} bytes, expected at most {MOST_BYTES}")
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise StudyError(f"{name}: not found in {Path(path).parent}") from None
    check_digest(content, name, sha256)
    read_npz(content, name)
    return content


# By format: what a file's name ends in at its source, and how its content is read.
READERS = {"idx": (".gz", unpack), "npz": ("", read_whole)}


def download(sources, sha256s, scratch, patience=PATIENCE, format="idx"):
    """Fetch all files from the first source that gives them intact.

    Parameters
    ----------
    sources : list of dict
        One key each: `directory`, `url` or `debian`.
    sha256s : dict of str to str
        File names without `.gz`, and the digests of their payloads, or None.
    scratch : path
        Folder for what is fetched.
    patience : Patience
    format : str
        Of READERS.

    Returns
    -------
    dict of str to bytes
        The payload of each file.

    Raises
    ------
    StudyError
        No source works; the message has the reason of each, or names the file system
        on which there is no space for what is fetched.
    """
    reasons, full = [], None
    ending, read = READERS[format]
    for number, source in enumerate(sources):
        ((kind, place),) = source.items()
        print(f"Trying {kind} {place}")
        folder = Path(scratch) / str(number)
        folder.mkdir()
        try:
            return {
                name: read(
                    FETCH[kind](place, name + ending, folder, patience), name, sha256
                )
                for name, sha256 in sha256s.items()
            }
        except (StudyError, OSError, ValueError) as error:
            # Now, while there are the files that leave no space.
            full = full or explain(error)
            reasons.append(f"{kind} {place}: {first_line(error)}")
            print(f"Failed: {reasons[-1]}")
    if full:
        raise full
    folders = [source["directory"] for source in sources if "directory" in source]
    files = ", ".join(name + ending for name in sha256s)
    into = f"into {folders[0]}, or " if folders else ""
    tried = "; ".join(reasons) or "there is none"
    raise StudyError(
        f"No source has the data: {tried}. Put {files} {into}into a folder that you "
        "add to dataset.sources in the config as `- directory: <folder>`"
    )


def main(snakemake, output):
    params = snakemake.params
    with tempfile.TemporaryDirectory() as scratch:
        payloads = download(
            params.sources, params.sha256s, scratch, format=params.format
        )
    for path, payload in zip(output.files, payloads.values(), strict=True):
        Path(path).write_bytes(payload)
    print(f"Wrote {len(payloads)} files")


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
