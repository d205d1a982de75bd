"""The benchmark's table, ratios and figure."""

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

PACKAGES = ("snakemake", "tensorflow", "keras", "numpy")


def cpu_name():
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        if found:
            return found[1]
    return platform.processor() or platform.machine()


def machine():
    """The machine, the versions and the date, in one line."""
    versions = ", ".join(
        f"{package} {importlib.metadata.version(package)}" for package in PACKAGES
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{os.cpu_count()} cores of {cpu_name()}, {memory:.0f} GiB, Python "
        f"{platform.python_version()}, {versions}, {datetime.date.today()}"
    )


def table_of(measured):
    """One row a variant, in readable units."""
    rows = [
        {
            "variant": name,
            "wall, s": f"{used['wall']:.0f}",
            "CPU, s": f"{used['cpu']:.0f}",
            "peak of a process, MB": f"{used['peak'] / 1e6:.0f}"
            if "peak" in used
            else "",
            "on disk, MB": f"{used['disk'] / 1e6:.0f}" if "disk" in used else "",
        }
        for name, used in measured.items()
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True)


def ratios_of(measured, pixels):
    """What the study claims, each as a ratio within this run."""

    def ratio(name, other, column="wall"):
        if name in measured and other in measured:
            return measured[name][column] / measured[other][column]
        return None

    variants = [name for name in measured if name.startswith("workflow")]
    found = {}
    for name in variants:
        floor = name.replace("workflow", "floor")
        found |= {
            f"plain / {name}, wall": ratio("plain", name),
            f"naive / {name}, wall": ratio("naive", name),
            f"plain / {name}, CPU": ratio("plain", name, "cpu"),
            f"{name} / {floor}, wall": ratio(name, floor),
            f"{name} / {floor}, CPU": ratio(name, floor, "cpu"),
            f"plain / {name}, peak memory": ratio("plain", name, "peak"),
        }
    found["pixels of all pairs / pair tables"] = pixels / measured["workflow"]["pairs"]
    return {name: value for name, value in found.items() if value is not None}


def draw(measured):
    """Bars of wall and CPU time."""
    figure = Figure(figsize=(7, 0.5 * len(measured) + 1.2), layout="constrained")
    axis = figure.subplots()
    table = pd.DataFrame(measured).T[["cpu", "wall"]].astype(float) / 60
    table.iloc[::-1].rename(columns={"cpu": "CPU", "wall": "wall"}).plot.barh(ax=axis)
    axis.set(xlabel="minutes")
    for bars in axis.containers:
        axis.bar_label(bars, fmt="%.1f", padding=2)
    axis.margins(x=0.1)
    return figure
