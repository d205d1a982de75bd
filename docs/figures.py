"""Run the studies that the documents tell of, and copy their figures and tables here.

    make figures                              all of them: hours
    make figures ARGS="default replicates"    some

A study that is finished reruns nothing, so this also copies what is there.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# By a study's name: the folder where it is made, the arguments of `make run`, and the
# files of its summary by the names of their copies here. In this order, since some
# start from what an earlier one has made.
STUDIES = {
    "default": (".", "", {"summary.png": "summary.png", "default.csv": "summary.csv"}),
    "replicates": (
        "replicates",
        "--configfile config/replicates.yaml",
        {
            "claims.png": "claims.png",
            "claims.csv": "claims.csv",
            "claims.md": "claims.md",
            "replicates.csv": "settings.csv",
        },
    ),
    "leakage": (
        "leakage",
        "--configfile config/leakage.yaml",
        {"leakage.csv": "leakage.csv", "leakage.md": "leakage.md"},
    ),
    "precision": (
        "precision",
        "--configfile config/precision.yaml",
        {"precision.csv": "summary.csv"},
    ),
    "choice": (
        "choice",
        "--configfile config/figures.yaml config/choice.yaml",
        {
            "choice.png": "divisions.png",
            "choice.csv": "divisions.csv",
            "choice.md": "divisions.md",
        },
    ),
    "poses_steps": (
        "poses",
        "--configfile config/poses_steps.yaml",
        {"poses_steps.csv": "poses_settings.csv"},
    ),
    "search": (
        "search",
        "--configfile config/search.yaml",
        {"search.csv": "divisions.csv"},
    ),
    "best": (
        "best",
        "all best --configfile config/best.yaml",
        {
            "divisions.png": "divisions.png",
            "best.csv": "divisions.csv",
            "best_settings.csv": "settings.csv",
            "best_claims.csv": "claims.csv",
            "best_poses.csv": "poses_settings.csv",
            "poses.png": "poses.png",
        },
    ),
    "judged": (
        "best",
        "--configfile config/search.yaml config/judged.yaml",
        {"judged.csv": "divisions.csv"},
    ),
    "divisions": (
        "divisions",
        "--configfile config/divisions.yaml",
        {"divisions.csv": "divisions.csv", "divisions_claims.csv": "claims.csv"},
    ),
}


def place(copy):
    """The path of a copy: figures lie beside the documents, tables in results."""
    return DOCS / copy if copy.endswith(".png") else DOCS / "results" / copy


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", help=f"some of {', '.join(STUDIES)}")
    chosen = parser.parse_args(arguments).studies or [*STUDIES]
    if unknown := {*chosen} - STUDIES.keys():
        parser.error(f"found {sorted(unknown)}, expected some of {[*STUDIES]}")
    for name in [name for name in STUDIES if name in chosen]:
        folder, words, copies = STUDIES[name]
        run = [sys.executable, "workflow/study.py", "run", "--directory", folder]
        done = subprocess.run([*run, *words.split()], cwd=ROOT)
        if done.returncode:
            sys.exit(done.returncode)
        for copy, source in copies.items():
            shutil.copyfile(ROOT / folder / "results/summary" / source, place(copy))


if __name__ == "__main__":
    main()
