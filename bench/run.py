"""The plain program, this workflow and the floor, measured in one run; and planning.

    make bench                                          small, L2, batch size 1024
    make bench ARGS="--configfile config/config.yaml"   another study: hours

The workflow is `make run` from the downloaded files to summary and figures, planning
`snakemake -n` of the default grid with as many --seeds. Only ratios of one run mean
something.
"""

import argparse
import datetime
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

from siamese.study.study import with_defaults

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
OUTPUT = BENCH / "output"
DATA = ROOT / "resources" / "fashion_mnist"
SELECTION = {"grid": {"size": ["small"], "l2": [0.01], "batch_size": [1024]}}


def grid_points(grids):
    """All combinations of a grid, or of each of some grids, as a list of dict."""
    return [
        dict(zip(grid, values, strict=True))
        for grid in (grids if isinstance(grids, list) else [grids])
        for values in itertools.product(*grid.values())
    ]


def measure(name, command):
    """Wall and CPU seconds of a command, and the peak of its largest process in MB.

    It runs in a new folder with the data set. SystemExit if it fails.
    """
    folder, log = OUTPUT / name, OUTPUT / f"{name}.log"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "resources").symlink_to(DATA.parent)
    with open(log, "w", encoding="utf-8") as file:
        command, started = [*map(str, command)], time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    if status:
        sys.exit(f"Error: {name} failed (log: {log})")
    megabytes = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "MB": megabytes}


def run_study(name, config, *arguments):
    """The command of `make run` with an overlay of its config."""
    overlay = OUTPUT / f"{name}.yaml"
    overlay.write_text(yaml.safe_dump(config))
    command = [sys.executable, ROOT / "workflow/study.py", "run", *arguments]
    return [*command, "--snakefile", ROOT / "Snakefile", "--configfile", overlay]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, help="a study of one seed")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 10, 100])
    options = parser.parse_args()
    path = options.configfile
    overlay = yaml.safe_load(path.read_text()) if path else SELECTION
    study, path = with_defaults(overlay, ROOT), OUTPUT / "study.json"
    study["points"] = grid_points(study["grid"])
    for folder in (OUTPUT, DATA.parent):
        folder.mkdir(exist_ok=True)
    path.write_text(json.dumps(study))
    commands = {
        # First, so that no variant is charged for it.
        "data": run_study("data", overlay, "download"),
        "plain": [sys.executable, BENCH / "plain.py", path, DATA],
        "workflow": run_study("workflow", overlay),
        "floor": [sys.executable, BENCH / "floor.py", path, "../workflow/results"],
    }
    for n in options.seeds:
        config, arguments = {"seeds": list(range(n))}, ("-n", "--quiet", "all")
        commands[f"plan {n}"] = run_study(f"plan {n}", config, *arguments)
    rows = {name: measure(name, command) for name, command in commands.items()}
    # The floor is a part of its process, which tells it in its last line.
    rows["floor"] |= json.loads((OUTPUT / "floor.log").read_text().splitlines()[-1])
    table = pd.DataFrame(rows).T
    machine = f"{os.cpu_count()} cores, {platform.platform()}, {datetime.date.today()}"
    print(f"{len(study['points'])} grid points, {machine}\n", table.round(1), sep="\n")
    print("\nTimes the workflow's:\n", (table / table.loc["workflow"]).round(2))


if __name__ == "__main__":
    main()
