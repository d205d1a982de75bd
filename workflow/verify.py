"""Check that the files of a study are as the jobs left them that made them.

Each job ends its log with the SHA-256 of its outputs, in the format of sha256sum.
One line for each file of `results` that has changed since, is missing, or is
recorded in no log; then the exit status is 1.
"""

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "scripts"))

from siamese.paths import argument
from siamese.records import read_records

NOT_OF_A_JOB = "results/README.md"


def checksums(study):
    """What the logs have recorded: by the file's path its SHA-256 and the log.

    Where several logs have a file, as after a rule was renamed, the newest counts.
    """
    return {
        path: (sha256, record.log)
        for record in read_records(study / "logs")
        for path, sha256 in record.files.items()
    }


def stored_files(study):
    """Paths of the files in `results`, but for hidden ones."""
    paths = (path.relative_to(study) for path in (study / "results").rglob("*"))
    return {
        path.as_posix()
        for path in paths
        if (study / path).is_file() and not path.name.startswith(".")
    } - {NOT_OF_A_JOB}


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wrong_files(study, records, stored):
    """Yield one line for each file that is not as its job left it."""
    for path in sorted(stored | records.keys()):
        file = study / path
        if path not in records:
            yield f"{file}: not recorded, no log has its checksum"
            continue
        recorded, log = records[path]
        if path not in stored:
            yield f"{file}: missing ({log} has its checksum)"
        elif sha256(file) != recorded:
            yield f"{file}: changed since its job ended ({log} has its checksum)"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "-d", "--directory", type=argument, default=".", help="folder of the study"
    )
    study = parser.parse_args(arguments).directory
    records, stored = checksums(study), stored_files(study)
    if not records and not stored:
        sys.exit(
            f"Error: {study / 'results'}: found no files, expected those of a study; "
            'run it, or name its folder: make verify ARGS="--directory <folder>"'
        )
    wrong = list(wrong_files(study, records, stored))
    for line in wrong:
        print(line)
    if wrong:
        sys.exit(
            f"Error: {len(wrong)} of {len(stored | records.keys())} files of {study} "
            "are not as their jobs left them; delete those named and run snakemake "
            "again, which regenerates them, and what follows from them (of a missing "
            "file that the study no longer has, delete the log)"
        )
    print(f"{study}: {len(stored)} files as their jobs left them")


if __name__ == "__main__":
    main()
