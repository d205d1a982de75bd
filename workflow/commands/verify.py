"""Check that results are as their jobs left them, by the checksums in the logs."""

from pathlib import Path

from siamese.errors import StudyError
from siamese.records import read_records, sha256_of


def add_arguments(parser):
    parser.add_argument("-d", "--directory", type=Path, default=".")


def main(options):
    study, recorded = options.directory, {}
    # The newest log that has a file counts; a renamed rule leaves an older one.
    for record in read_records(study / "logs"):
        for path, sha256 in record.files.items():
            recorded[study / path] = sha256, record.log
    stored = {path for path in study.glob("results/**/[!.]*") if path.is_file()}
    paths = sorted({*stored, *recorded} - {study / "results/README.md"})
    if not paths:
        raise StudyError(f"{study}: found no results, expected those of a study")
    faults = []
    for path in paths:
        sha256, log = recorded.get(path, (None, None))
        known = f"({log} has its checksum)"
        if log is None:
            faults.append(f"{path}: not recorded, no log has its checksum")
        elif not path.exists():
            faults.append(f"{path}: missing {known}")
        elif sha256_of(path) != sha256:
            faults.append(f"{path}: changed since its job ended {known}")
    if faults:
        print(*faults, sep="\n", flush=True)
        raise StudyError(
            f"{len(faults)} of {len(paths)} files of {study} are not as their jobs "
            "left them; delete those named and run snakemake again (if the study no "
            "longer has a missing file, delete the log)"
        )
    print(f"{study}: {len(paths)} files as their jobs left them")
