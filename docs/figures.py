"""Run the studies that the documents tell of, and copy their figures and tables here.

    make figures                              all of them: hours
    make figures ARGS="default replicates"    some

A study that is finished reruns nothing, so this also copies what is there.
"""

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent


@dataclass(frozen=True)
class Record:
    """A study, where it is made, and what of its results is kept in which file here."""

    folder: str
    arguments: tuple[str, ...]
    kept: dict[str, str]


# In this order: some start from what an earlier one has made.
RECORDS = {
    "default": Record(
        ".",
        (),
        {
            "summary/summary.png": "summary.png",
            "summary/summary.csv": "results/default.csv",
        },
    ),
    "replicates": Record(
        "replicates",
        ("--configfile", "config/replicates.yaml"),
        {
            "summary/claims.png": "claims.png",
            "summary/claims.csv": "results/claims.csv",
            "summary/claims.md": "results/claims.md",
            "summary/settings.csv": "results/replicates.csv",
        },
    ),
    "leakage": Record(
        "leakage",
        ("--configfile", "config/leakage.yaml"),
        {
            "summary/leakage.csv": "results/leakage.csv",
            "summary/leakage.md": "results/leakage.md",
        },
    ),
    "precision": Record(
        "precision",
        ("--configfile", "config/precision.yaml"),
        {"summary/summary.csv": "results/precision.csv"},
    ),
    "choice": Record(
        "replicates",
        ("choice", "--configfile", "config/replicates.yaml"),
        {
            "choice/choice.png": "choice.png",
            "choice/settings.csv": "results/choice.csv",
            "choice/folds.csv": "results/choice_folds.csv",
            "choice/choice.md": "results/choice.md",
        },
    ),
    "search": Record(
        "search",
        ("--configfile", "config/search.yaml"),
        {"summary/divisions.csv": "results/search.csv"},
    ),
    "best": Record(
        "best",
        ("all", "best", "--configfile", "config/best.yaml"),
        {
            "summary/divisions.png": "divisions.png",
            "summary/divisions.csv": "results/best.csv",
            "summary/settings.csv": "results/best_settings.csv",
        },
    ),
    "judged": Record(
        "best",
        ("--configfile", "config/search.yaml", "config/judged.yaml"),
        {"summary/development.csv": "results/judged.csv"},
    ),
    "divisions": Record(
        "divisions",
        ("--configfile", "config/divisions.yaml"),
        {
            "summary/divisions.csv": "results/divisions.csv",
            "summary/claims.csv": "results/divisions_claims.csv",
        },
    ),
}


def keep(record, folder):
    """Copy what is kept of a study that is finished in `folder`."""
    for source, copy in record.kept.items():
        shutil.copyfile(folder / "results" / source, DOCS / copy)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", help=f"some of {', '.join(RECORDS)}")
    options = parser.parse_args(arguments)
    unknown = sorted({*options.studies} - RECORDS.keys())
    if unknown:
        parser.error(f"studies: found {unknown}, expected some of {[*RECORDS]}")
    for name, record in RECORDS.items():
        if options.studies and name not in options.studies:
            continue
        launch = [sys.executable, "workflow/launch.py", "--directory", record.folder]
        done = subprocess.run([*launch, *record.arguments], cwd=ROOT)
        if done.returncode:
            sys.exit(done.returncode)
        keep(record, ROOT / record.folder)


if __name__ == "__main__":
    main(sys.argv[1:])
