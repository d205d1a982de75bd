"""What the scripts behind the summary cost with many rows, and what they open."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from run import ROOT, grid_points, measure

CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())
GRID = {key: CONFIG["grid"][key] for key in ("size", "l2", "batch_size", "epochs")}
# The grid point of a study of `scale.files` that is copied.
REAL_POINT = {"size": "small", "l2": 0, "batch_size": 4096, "epochs": 1}
BY_PAIRS = {"split_by": "pairs"}


def point_folder(point, seed):
    values = ",".join(f"{key}~{value}" for key, value in point.items())
    return f"results/grid/{values},seed~{seed}"


def perturbed(metrics, generator):
    """Metrics of another run: every number a little different."""
    if isinstance(metrics, dict):
        return {key: perturbed(value, generator) for key, value in metrics.items()}
    if isinstance(metrics, list):
        return [perturbed(value, generator) for value in metrics]
    if isinstance(metrics, float):
        return metrics * generator.uniform(0.97, 1)
    return metrics


def write_metrics(real, folder, names):
    """Write perturbed copies of a metrics.json."""
    generator = np.random.default_rng(0)
    metrics = json.loads(real.read_text())
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(perturbed(metrics, generator), indent=2))


def first_jobs(runs, seeds, metrics, baselines):
    """Input, output and params of the scripts that need no distances, by script."""
    table = {"table": "summary.csv"}
    points = [{**point, "seed": seed, **BY_PAIRS} for point, seed in runs]
    published = str(ROOT / "workflow/data/published.csv")
    claims = str(ROOT / "config/claims.yaml")
    return {
        "summarise": {
            "input": {
                "metrics": metrics,
                "baselines": baselines,
                "published": published,
            },
            "output": table,
            "params": {
                "points": points,
                "baseline_points": [{"seed": seed, **BY_PAIRS} for seed in seeds],
            },
        },
        "describe_settings": {
            "input": table,
            "output": {"table": "settings.csv", "text": "summary.md"},
            "params": BY_PAIRS,
        },
        "plot_summary": {
            "input": table,
            "output": {"png": "summary.png", "svg": "summary.svg"},
            "params": BY_PAIRS,
        },
        "judge_claims": {
            "input": {**table, "claims": claims},
            "output": {"table": "claims.csv"},
            "params": BY_PAIRS,
        },
    }


def best_setting_job(runs, seeds, distances):
    """Input, output and params of best_setting; one pair table serves all seeds."""
    return {
        "input": {
            "table": "summary.csv",
            "distances": distances,
            "A": ["A.csv"] * len(seeds),
            "B": ["B.csv"] * len(seeds),
        },
        "output": {
            "table": "classes.csv",
            "classes": "classes.png",
            "distances": "distances.png",
        },
        "params": {
            "points": [{**point, "seed": seed} for point, seed in runs],
            "seeds": list(seeds),
            "names": CONFIG["dataset"]["classes"],
            "threshold": CONFIG["threshold"],
            **BY_PAIRS,
        },
    }


def copy_best(real, folder, runs, distances):
    """Copy pair tables, and distances for the runs of the best setting alone."""
    settings = pd.read_csv(folder / "settings.csv").dropna(subset="epochs")
    best = settings.loc[settings["accuracy_b_mean"].idxmax(), list(GRID)].to_dict()
    source = real / point_folder(REAL_POINT, 0) / "distances.npz"
    for (point, _), name in zip(runs, distances, strict=True):
        if point == best:
            shutil.copy(source, folder / name)
    for name in "AB":
        shutil.copy(real / f"results/pairs/seed~0/{name}.csv", folder)


def run_script(folder, name, job):
    """Cost of one script alone, and how many files of each name it opened."""
    path, log = folder / f"{name}.json", folder / f"{name}.log"
    path.write_text(json.dumps(job))
    script = Path(__file__).with_name("script_alone.py")
    used = measure([sys.executable, script, name, path], folder, log)
    opened = json.loads(log.read_text().splitlines()[-1])
    names = pd.Series([Path(opened_path).name for opened_path in opened])
    return {**used, "opened": names.value_counts().to_dict()}


def summary(work, n, real):
    """Costs of the scripts behind the summary of n seeds, 64 rows each.

    Parameters
    ----------
    work : pathlib.Path
    n : int
    real : pathlib.Path
        A study with REAL_POINT. Its metrics are copied for each grid point, its
        distances for the runs of one setting; other files there are none.

    Returns
    -------
    dict of str to dict
        By script: wall, cpu, peak, and opened, the number of files by name.
    """
    folder, seeds = work / f"summary-{n}", range(n)
    runs = [(point, seed) for point in grid_points(GRID) for seed in seeds]
    metrics = [f"{point_folder(*run)}/metrics.json" for run in runs]
    distances = [f"{point_folder(*run)}/distances.npz" for run in runs]
    baselines = [f"results/baselines/seed~{seed}/metrics.json" for seed in seeds]
    write_metrics(real / point_folder(REAL_POINT, 0) / "metrics.json", folder, metrics)
    write_metrics(real / baselines[0], folder, baselines)
    used = {
        name: run_script(folder, name, job)
        for name, job in first_jobs(runs, seeds, metrics, baselines).items()
    }
    copy_best(real, folder, runs, distances)
    job = best_setting_job(runs, seeds, distances)
    return {
        **used,
        "examine_best_setting": run_script(folder, "examine_best_setting", job),
    }
