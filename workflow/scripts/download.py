"""Rule download: the four IDX files, from the first source that has them.

A file is known by the SHA-256 of its decompressed payload, since mirrors
compress the same bytes differently. Sources are tried in the order of the
config; the reason why one fails is logged, and the next is tried.
"""

import gzip
import tempfile
import zlib
from pathlib import Path

from siamese.errors import StudyError
from siamese.idx import parse_idx, read_payload
from siamese.job import logged
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


def download(sources, sha256s, scratch, patience=PATIENCE):
    """Fetch all files from the first source that gives them intact.

    Parameters
    ----------
    sources : list of dict
        One key each: `directory`, `url` or `debian`.
    sha256s : dict of str to str
        File names without `.gz`, and the digests of their payloads.
    scratch : path
        Folder for what is fetched.
    patience : Patience

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
    for number, source in enumerate(sources):
        ((kind, place),) = source.items()
        print(f"Trying {kind} {place}")
        folder = Path(scratch) / str(number)
        folder.mkdir()
        try:
            return {
                name: unpack(FETCH[kind](place, name, folder, patience), name, sha256)
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
    into = f"into {folders[0]}, or " if folders else ""
    raise StudyError(
        f"No source has the data: {'; '.join(reasons)}. Put the four .gz files {into}"
        "into a folder that you add to dataset.sources in the config as "
        "`- directory: <folder>`"
    )


def main(snakemake, output):
    with tempfile.TemporaryDirectory() as scratch:
        payloads = download(snakemake.params.sources, snakemake.params.sha256s, scratch)
    for path, payload in zip(output.files, payloads.values(), strict=True):
        Path(path).write_bytes(payload)
    print(f"Wrote {len(payloads)} files")


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
