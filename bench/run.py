"""The plain program, this workflow and the floor, measured in one run; and planning.

    make bench                                         small, L2, batch size 1024
    make bench ARGS=--full                             all 64 grid points: hours
    make bench ARGS="--precision mixed_bfloat16"       the workflow in that one too
    make bench ARGS="--configfile config/quick.yaml"   another study of one seed

Each on the same data and machine, one after the other:
    plain     the published procedure as one Keras program, all from scratch
    workflow  `make run`, from the downloaded files to summary and figures
    floor     only the training steps that are needed, in one warm process
and `snakemake -n` of the default grid with as many --seeds. Prints tables. Only ratios
of one run mean something: other work on the machine slows all of it.
"""

import argparse
import datetime
import importlib.metadata
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import yaml

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from siamese.paths import argument
from siamese.study import with_defaults

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
DATA = ROOT / "resources" / "fashion_mnist"
SELECTION = {"size": ["small"], "l2": [0.01], "batch_size": [1024]}
PACKAGES = ("snakemake", "tensorflow", "keras", "numpy")


def machine():
    """The machine, the versions and the date, in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    return (
        f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}, "
        f"{memory:.0f} GiB, Python {platform.python_version()}, {', '.join(versions)}, "
        f"{datetime.date.today()}"
    )


def grid_points(grids):
    """All combinations of a grid, or of each of some grids, as a list of dict."""
    return [
        dict(zip(grid, values, strict=True))
        for grid in (grids if isinstance(grids, list) else [grids])
        for values in itertools.product(*grid.values())
    ]


def measure(command, directory, log):
    """Run a command, its output in a log.

    Returns
    -------
    dict
        wall and cpu (seconds, cpu of all its processes), peak (bytes, of its largest
        process).

    Raises
    ------
    SystemExit
        It failed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, command)], cwd=directory, stdout=file, stderr=file
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    if status:
        sys.exit(f"Error: {command[0]} failed (log: {log})")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak}


def snakemake(overlay, *arguments):
    """The command of `make run` with an overlay of its config."""
    return [
        *(sys.executable, ROOT / "workflow/launch.py", *arguments, "--nocolor"),
        *("--snakefile", ROOT / "Snakefile", "--configfile", overlay),
    ]


def measure_variants(work, study, overlay, precisions):
    """What the plain program, the workflow and the floor take, by name.

    The workflow also in other precisions.
    """
    path = work / "study.json"
    path.write_text(json.dumps(study))
    files = [DATA.relative_to(ROOT) / name for name in study["dataset"]["files"]]
    # The data set first: no variant is charged for it.
    measure(snakemake(overlay, *files), ROOT, work / "data.log")
    measured = {}
    for name, command in {
        "plain": [sys.executable, BENCH / "plain.py", "--data", DATA, "--study", path],
        "workflow": snakemake(overlay),
        "floor": [
            *(sys.executable, BENCH / "floor.py", "--study", path),
            *("--results", work / "workflow" / "results"),
        ],
        **{
            f"workflow, {precision}": [
                *(*snakemake(overlay), "--config", f"precision={precision}")
            ]
            for precision in precisions
        },
    }.items():
        print(f"Measuring {name}", file=sys.stderr, flush=True)
        folder = work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "resources").symlink_to(DATA.parent)
        measured[name] = measure(command, folder, work / f"{name}.log")
    # The floor is a part of its process, which tells it in its last line.
    *_, steps = (work / "floor.log").read_text().splitlines()
    measured["floor"] |= json.loads(steps)
    return measured


def measure_plans(work, grid, seeds):
    """What it takes to plan a grid from nothing, by the number of grid points."""
    measured = {}
    for n in seeds:
        points = n * len(grid_points(grid))
        print(f"Planning {points} grid points", file=sys.stderr, flush=True)
        overlay = work / f"{n}-seeds.yaml"
        overlay.write_text(yaml.safe_dump({"seeds": list(range(n))}))
        command = snakemake(overlay, "-n", "--quiet", "all")
        measured[points] = measure(command, work / "plan", work / "plan.log")
    return measured


def table(measured, name):
    """Measurements as a Markdown table, one row each."""
    rows = pd.DataFrame(measured).T.rename_axis(name)
    rows["peak"] /= 1e6
    rows.columns = ["wall, s", "CPU, s", "peak of a process, MB"]
    return rows.to_markdown(floatfmt=("", ".1f", ".1f", ".0f"))


def ratios(measured):
    """Of measurements by variant: what the workflow saves, and what is left."""
    workflows = [name for name in measured if name.startswith("workflow")]
    pairs = [*(("plain", name) for name in workflows), ("workflow", "floor")]
    names = {"wall": "wall", "cpu": "CPU", "peak": "peak of a process"}
    return {
        f"{one} / {other}, {names[kind]}": measured[one][kind] / measured[other][kind]
        for one, other in pairs
        for kind in names
        if (other, kind) != ("floor", "peak")
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    study = parser.add_mutually_exclusive_group()
    study.add_argument("--full", action="store_true", help="the default study")
    study.add_argument("--configfile", type=argument, help="a study as an overlay")
    parser.add_argument(
        "--precision", nargs="+", default=[], help="others, for the workflow alone"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 10, 100])
    parser.add_argument("--work", type=argument, default=BENCH / "output")
    options = parser.parse_args()

    overlay = {"grid": SELECTION}
    if options.full:
        overlay = {}
    elif options.configfile:
        overlay = yaml.safe_load(options.configfile.read_text())
    work = options.work
    work.mkdir(parents=True, exist_ok=True)
    path = work / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    config = with_defaults(overlay, ROOT)
    points = grid_points(config["grid"])

    study = config | {"points": points}
    variants = measure_variants(work, study, path, options.precision)
    print(f"{len(points)} grid points; {machine()}\n")
    print(table(variants, "variant"), end="\n\n")
    values = pd.Series(ratios(variants), name="value").rename_axis("ratio")
    print(values.to_markdown(floatfmt=".2f"), end="\n\n")
    print(
        table(
            measure_plans(work, with_defaults({}, ROOT)["grid"], options.seeds),
            "grid points planned",
        )
    )


if __name__ == "__main__":
    main()
