"""What the study costs as it grows: planning, files, summary, starting jobs.

    python bench/scale.py                       all parts: table and figure
    python bench/scale.py plan --seeds 1 10     one part, and smaller
    python bench/scale.py jobs -- --executor slurm --jobs 100

Parts:
    plan     the default grid with so many seeds, 64 grid points each, planned from
             nothing, in a batch, as a cluster's job does it for itself, and where
             all is there already
    files    what two real grid points (both networks, one epoch) leave on disk
    summary  the scripts behind the summary with so many rows, without networks
    jobs     jobs that do nothing, in chains of four (jobs.smk); what follows -- is
             given to snakemake

What is done is kept in the work folder (--work), so that an interrupted run goes on;
remove the folder to measure anew.
"""

import argparse
import base64
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import yaml
from run import ROOT, measure
from scale_summary import summary
from scale_tables import draw, report

BENCH = Path(__file__).resolve().parent
PLANS = {
    "from nothing": [],
    "a tenth, by --batch": ["--batch=all=1/10"],
    "one job for itself": ["results/dataset/images.npy"],
}
# How a job does nothing, and how many chains of it.
KINDS = {"shell": [250, 2000], "script": [50], "run": [5]}
REAL = {"size": ["small", "large"], "l2": [0], "batch_size": [4096], "epochs": [1]}


def study(folder, overlay, *arguments):
    """The command of this workflow on an overlay of the config."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    return [
        *("snakemake", *arguments, "--cores", 4, "--resources", "gpu=1", "--nocolor"),
        *("--configfile", path, "--snakefile", ROOT / "Snakefile"),
    ]


def plan(work, seeds, arguments, cpu_limit):
    """Cost of a dry-run of the default grid with so many seeds."""
    overlay = {"seeds": list(range(seeds))}
    command = study(work / "plan", overlay, *arguments, "-n", "--quiet", "all")
    return measure(command, work / "plan", work / "plan.log", cpu_limit)


def plan_finished(work, seeds, cpu_limit):
    """Cost of a dry-run where every file is there: empty ones, called new."""
    folder = work / f"finished-{seeds}"
    overlay = {"seeds": list(range(seeds))}
    log = work / "plan.log"
    measure(study(folder, overlay, "--summary"), folder, log)
    rows = [x.split("\t")[0] for x in log.read_text().splitlines() if "\t" in x]
    for name in rows[1:]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    measure(study(folder, overlay, "--touch", "--quiet", "all"), folder, log)
    command = study(folder, overlay, "-n", "--quiet", "all")
    return measure(command, folder, log, cpu_limit)


def kind_of(path):
    """Which count a file of a study belongs to: kind, and per point, seed or study."""
    top = path.parts[0]
    if path.parts[:2] == (".snakemake", "metadata"):
        name = "".join(part.removeprefix("@") for part in path.parts[2:])
        top, path = "metadata", Path(base64.urlsafe_b64decode(name).decode())
    if "epochs~" in str(path):
        return top, "grid point"
    return top, "seed" if "seed~" in str(path) else "study"


def count_files(folder):
    """Files and bytes below a study's folder.

    Returns
    -------
    list of dict
        kind (top folder, or metadata), of (grid point, seed or study), files, bytes.
    """
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = [path.relative_to(folder) for path in paths]
    table = pd.DataFrame([kind_of(name) for name in names], columns=["kind", "of"])
    table["bytes"] = [path.stat().st_size for path in paths]
    groups = table.groupby(["kind", "of"])["bytes"].agg(files="size", bytes="sum")
    return groups.reset_index().to_dict("records")


def files(work):
    """Files of a study of two real grid points, as `count_files` has them."""
    folder = work / "real"
    overlay = {"grid": {"split_by": ["pairs"], **REAL}}
    measure(study(folder, overlay), folder, work / "real.log")
    return count_files(folder)


def jobs(work, kind, points, arguments):
    """Cost of 4 * points + 1 jobs that do nothing."""
    folder = work / "jobs"
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        *("snakemake", "--snakefile", BENCH / "jobs.smk", "--quiet", "all"),
        *("--workflow-profile", ROOT / "profiles/default", "--cores", 2),
        *("--config", f"kind={kind}", f"points={points}"),
        *arguments,
    ]
    used = measure(command, folder, work / "jobs.log")
    return {**used, "jobs": 4 * points + 1}


def kept(work, name, function, *arguments):
    """The measurement of this name, from the work folder if it is there."""
    path = work / "scale.json"
    measured = json.loads(path.read_text()) if path.exists() else {}
    if name not in measured:
        print(f"Measuring {name}", flush=True)
        measured[name] = function(work, *arguments)
        path.write_text(json.dumps(measured, indent=2))
    return measured[name]


def measure_parts(parts, options, arguments):
    """Measure some parts, or take them from the work folder."""
    work = options.work
    if "plan" in parts:
        for seeds in options.seeds:
            for name, targets in PLANS.items():
                key = f"plan, {name}, {seeds}"
                kept(work, key, plan, seeds, targets, options.cpu_limit)
        for seeds in [n for n in options.seeds if n <= options.finished_seeds]:
            key = f"plan, finished, {seeds}"
            kept(work, key, plan_finished, seeds, options.cpu_limit)
    if "files" in parts or "summary" in parts:
        kept(work, "files", files)
    if "summary" in parts:
        for seeds in [n for n in options.seeds if n <= options.finished_seeds]:
            kept(work, f"summary, {seeds}", summary, seeds, work / "real")
    if "jobs" in parts:
        suffix = "".join(f" {argument}" for argument in arguments)
        for kind in options.kinds:
            for points in [options.points] if options.points else KINDS[kind]:
                key = f"jobs, {kind}, {points}{suffix}"
                kept(work, key, jobs, kind, points, arguments)


def main():
    parts = ["plan", "files", "summary", "jobs"]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(parts))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 10, 100, 1000])
    parser.add_argument(
        "--finished-seeds",
        type=int,
        default=100,
        help="at most so many for finished studies and summaries",
    )
    parser.add_argument("--points", type=int, help="chains of jobs")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument(
        "--cpu-limit", type=int, default=1800, help="seconds for each plan"
    )
    parser.add_argument("--work", type=Path, default=BENCH / "output" / "scale")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:end])
    if unknown := {*options.parts} - {*parts}:
        parser.error(f"unknown part {sorted(unknown)}, expected some of {parts}")
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    measure_parts(options.parts or parts, options, sys.argv[end + 1 :])
    measured = json.loads((options.work / "scale.json").read_text())
    text = report(measured)
    print(text)
    (options.work / "scale.md").write_text(text + "\n")
    draw(measured).savefig(options.work / "scale.png", dpi=100)


if __name__ == "__main__":
    main()
