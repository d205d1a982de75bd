"""Rule download: the files of the data set, from the first source that has them.

Mirrors compress the same bytes differently, so digests are of the unpacked content.
"""

import gzip
import subprocess
import zlib
from pathlib import Path

from siamese.data.dataset import read_contents
from siamese.data.sources import FETCH
from siamese.errors import StudyError

# What a source that does not have the files, or has half of one, raises.
FAILURES = (StudyError, OSError, EOFError, zlib.error, subprocess.SubprocessError)


def unpack(content):
    """The content of a file that may be gzipped; some servers unpack by themselves."""
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def download(sources, sha256s, format):
    """The unpacked content (bytes) of each file, all from the first intact source.

    `sources` is a list of dicts of one key each, a name in FETCH; `sha256s` has the
    expected digests, or None, by the files' names without `.gz`; `format` is a key of
    PARSERS. Raises StudyError with the reason of each source if none works.
    """
    ending = ".gz" if format == "idx" else ""
    reasons, names = [], [name + ending for name in sha256s]
    for source in sources:
        ((kind, place),) = source.items()
        print(f"Trying {kind} {place}")
        try:
            contents = FETCH[kind](place, names).items()
            unpacked = {n.removesuffix(".gz"): unpack(data) for n, data in contents}
            read_contents(unpacked, {"format": format, "files": sha256s})
            return unpacked
        except FAILURES as error:
            reasons.append(f"{kind} {place}: {error}")
            print(f"Failed: {reasons[-1]}")
    raise StudyError(
        f"No source has the data: {'; '.join(reasons) or 'there is none'}. Put "
        f"{', '.join(names)} into a folder that you add to dataset.sources in the "
        "config as `- directory: <folder>`"
    )


def main(snakemake):
    params = snakemake.params
    contents = download(params.sources, params.sha256s, params.format)
    for path, content in zip(snakemake.output.files, contents.values(), strict=True):
        Path(path).write_bytes(content)
