"""The benchmark: this workflow against the same study done naively.

    make bench                       small, L2, batch size 1024, epochs 2 to 5
    make bench ARGS=--full           all 64 grid points
    make bench ARGS="--precision mixed_bfloat16"

Variants, each on the same data and machine, one after the other:
    plain     the report's procedure as one Keras program, all from scratch
    naive     the same as Snakemake jobs, one for each grid point
    workflow  this workflow
    floor     only the training steps that are needed, in one warm process
With --precision other than float32 the last two are run in that too.

What is done is kept in the work folder (--work), so that an interrupted
benchmark goes on; remove the folder to measure anew.
"""

import argparse
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import yaml
from tables import draw, machine, ratios_of, table_of

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
SUBSET = {"size": ["small"], "l2": [0.01], "batch_size": [1024], "epochs": [2, 3, 4, 5]}
PLANNED_SEEDS = (1, 10, 100)


def grid_points(grid):
    """All combinations of a grid, as a list of dict."""
    return [
        dict(zip(grid, values, strict=True))
        for values in itertools.product(*grid.values())
    ]


def measure(command, directory, log, cpu_limit=None):
    """Run a command; wall and CPU seconds, and the peak of its largest process.

    Parameters
    ----------
    command : list
    directory, log : pathlib.Path
        Where to run it, and the file for its output.
    cpu_limit : int, optional
        CPU seconds that a process of it may take.

    Returns
    -------
    dict or None
        wall, cpu (seconds, of all its processes) and peak (bytes); None if it ran
        into the limit.
    """
    limit = (
        (cpu_limit, cpu_limit) if cpu_limit else resource.getrlimit(resource.RLIMIT_CPU)
    )
    directory.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=directory,
            stdout=file,
            stderr=file,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, limit),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    if cpu_limit and os.WIFSIGNALED(status):
        return None
    if status:
        sys.exit(f"Error: {command[0]} failed (log: {log})")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak}


def size_of(directory):
    """Bytes of all files below a directory, but for the data set's own."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return sum(
        path.stat().st_size
        for path in files
        if "resources" not in path.relative_to(directory).parts
    )


class Benchmark:
    """The variants, on the grid points of one study, in one work folder."""

    def __init__(self, work, grid):
        self.work = work.resolve()
        self.grid = grid
        self.data = self.work / "data" / "resources" / "fashion_mnist"
        self.points = self.work / "points.json"
        self.work.mkdir(parents=True, exist_ok=True)
        points = json.dumps(grid_points(grid))
        if self.points.exists() and self.points.read_text() != points:
            sys.exit(
                f"Error: {work} holds measurements of other grid points; remove it "
                "or give another folder with --work"
            )
        self.points.write_text(points)
        self.overlay = self.work / "overlay.yaml"
        self.overlay.write_text(yaml.safe_dump({"grid": grid}))

    def snakemake(self, *arguments):
        command = ["snakemake", "--cores", 4, "--resources", "gpu=1"]
        return [*command, "--nocolor", *arguments]

    def study(self, *arguments):
        """This workflow, on the grid of the benchmark."""
        return self.snakemake(
            *arguments,
            *("--snakefile", ROOT / "Snakefile"),
            *("--configfile", self.overlay),
        )

    def prepare(self):
        """Fetch the data set; no variant is charged for it."""
        files = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        names = [
            f"resources/fashion_mnist/{name}" for name in files["dataset"]["files"]
        ]
        directory = self.work / "data"
        measure(self.study(*names), directory, self.work / "prepare.log")

    def run_plain(self, log):
        results = self.work / "plain.jsonl"
        measure(
            [
                *(sys.executable, BENCH / "plain.py", "--data", self.data),
                *("--points", self.points, "--results", results),
            ],
            self.work,
            log,
        )
        rows = pd.read_json(results, lines=True)
        return {
            "wall": rows["wall"].sum(),
            "cpu": rows["cpu"].sum(),
            "peak": int(rows["peak"].max()),
            "disk": 0,
        }

    def run_naive(self, log):
        directory = self.work / "naive"
        shutil.rmtree(directory, ignore_errors=True)
        config = self.work / "naive.yaml"
        config.write_text(
            yaml.safe_dump({"data": str(self.data), "points": grid_points(self.grid)})
        )
        used = measure(
            self.snakemake("-s", BENCH / "naive.smk", "--configfile", config),
            directory,
            log,
        )
        return {**used, "disk": size_of(directory)}

    def run_workflow(self, log, precision="float32"):
        directory = self.work / f"workflow-{precision}"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        (directory / "resources").symlink_to(self.data.parent)
        command = self.study("--config", f"precision={precision}")
        used = measure(command, directory, log)
        tables = (directory / "results/pairs").rglob("*.csv")
        return {
            **used,
            "disk": size_of(directory),
            "pairs": sum(path.stat().st_size for path in tables),
        }

    def run_floor(self, log, precision="float32"):
        measure(
            [
                *(sys.executable, BENCH / "floor.py", "--points", self.points),
                *("--study", self.work / "workflow-float32", "--precision", precision),
            ],
            self.work,
            log,
        )
        (line,) = [x for x in log.read_text().splitlines() if x.startswith("{")]
        return json.loads(line)

    def run_planning(self, log):
        """Seconds to plan, and to follow a change of the threshold alone."""
        finished = self.work / "workflow-float32"
        config = ("--config", "precision=float32")
        seconds = {
            "plan, finished": measure(self.study("-n", *config), finished, log)["wall"]
        }
        for n in PLANNED_SEEDS:
            overlay = self.work / f"{n}-seeds.yaml"
            overlay.write_text(yaml.safe_dump({"seeds": list(range(n))}))
            command = self.snakemake(
                *("-n", "--quiet", "all", "--snakefile", ROOT / "Snakefile"),
                *("--configfile", overlay),
            )
            used = measure(command, self.work / "empty", log)
            points = 64 * n
            seconds[f"plan, default grid, {n} seeds ({points} points)"] = used["wall"]
        change = self.study("--config", "threshold=0.45")
        seconds["change of the threshold"] = measure(change, finished, log)["wall"]
        if "Training " in log.read_text():
            sys.exit(f"Error: a change of the threshold trained again (log: {log})")
        return seconds

    def run(self, name, function, *arguments):
        """The measurement of a variant, from the work folder if it is there."""
        path = self.work / f"{name}.json"
        if not path.exists():
            print(f"Running {name}", flush=True)
            path.write_text(json.dumps(function(self.work / f"{name}.log", *arguments)))
        return json.loads(path.read_text())


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="all 64 grid points")
    parser.add_argument("--grid", type=json.loads, help="another grid, as JSON")
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=["plain", "naive", "floor"],
        default=["plain", "naive", "floor"],
        help="what to compare the workflow with",
    )
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--work", type=Path, default=BENCH / "output")
    options = parser.parse_args()
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    grid = options.grid or (config["grid"] if options.full else SUBSET)
    bench = Benchmark(options.work, grid)
    bench.prepare()
    measured = {}
    if "plain" in options.variants:
        measured["plain"] = bench.run("plain", bench.run_plain)
    if "naive" in options.variants:
        measured["naive"] = bench.run("naive", bench.run_naive)
    for precision in dict.fromkeys(("float32", options.precision)):
        suffix = "" if precision == "float32" else f", {precision}"
        measured[f"workflow{suffix}"] = bench.run(
            f"workflow{suffix}", bench.run_workflow, precision
        )
        if "floor" in options.variants:
            measured[f"floor{suffix}"] = bench.run(
                f"floor{suffix}", bench.run_floor, precision
            )
    seconds = bench.run("planning", bench.run_planning)
    pixels = 2 * 139_980 * 28 * 28 * 4
    text = "\n".join(
        [
            f"{len(grid_points(grid))} grid points; {machine()}\n",
            table_of(measured),
            "",
            pd.Series(ratios_of(measured, pixels), name="value")
            .map("{:.2f}".format)
            .rename_axis("ratio")
            .to_markdown(disable_numparse=True),
            "",
            pd.Series(seconds, name="wall, s")
            .map("{:.1f}".format)
            .rename_axis("planning and small changes")
            .to_markdown(disable_numparse=True),
        ]
    )
    print(text)
    (options.work / "bench.md").write_text(text + "\n")
    draw(measured).savefig(options.work / "bench.png", dpi=100)


if __name__ == "__main__":
    main()
