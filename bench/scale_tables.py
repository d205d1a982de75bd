"""Tables and figure of what the study costs as it grows."""

import itertools
from textwrap import shorten

import pandas as pd
from matplotlib.figure import Figure
from tables import machine

POINTS_PER_SEED = 64


def markdown(rows):
    table = pd.DataFrame(rows).fillna("")
    return table.to_markdown(index=False, disable_numparse=True)


def of_part(measured, part):
    """The measurements of a part, by the rest of their names."""
    prefix = f"{part}, "
    return {
        name.removeprefix(prefix): used
        for name, used in measured.items()
        if name.startswith(prefix)
    }


def plans_of(measured):
    """Plan, number of grid points and measurement of each plan."""
    names = {name: name.rpartition(", ") for name in of_part(measured, "plan")}
    return [
        (words, POINTS_PER_SEED * int(seeds), measured[f"plan, {name}"])
        for name, (words, _, seeds) in names.items()
    ]


def plan_rows(measured):
    """One row a plan; a plan that did not finish in its time says so."""
    rows = []
    for words, n, used in plans_of(measured):
        row = {"plan": words, "grid points": n}
        if used is None:
            rows.append({**row, "CPU, s": "not in its time"})
            continue
        rows.append(
            {
                **row,
                "CPU, s": f"{used['cpu']:.1f}",
                "wall, s": f"{used['wall']:.1f}",
                "peak, MB": f"{used['peak'] / 1e6:.0f}",
                "CPU a grid point, ms": f"{1000 * used['cpu'] / n:.2f}",
            }
        )
    return sorted(rows, key=lambda row: row["plan"])


def file_rows(counts):
    """Files and bytes by kind; those of the two grid points halved."""
    table = pd.DataFrame(counts).astype({"files": float, "bytes": float})
    table.loc[table["of"] == "grid point", ["files", "bytes"]] /= 2
    table["kB"] = (table["bytes"] / 1000).map("{:.1f}".format)
    table["files"] = table["files"].map("{:g}".format)
    return table[["of", "kind", "files", "kB"]].sort_values(["of", "kind"])


def summary_rows(measured):
    """One row a script and number of rows."""
    return [
        {
            "script": script,
            "rows": POINTS_PER_SEED * int(seeds),
            "CPU, s": f"{used['cpu']:.1f}",
            "peak, MB": f"{used['peak'] / 1e6:.0f}",
            "opens": ", ".join(f"{n} {name}" for name, n in used["opened"].items()),
        }
        for seeds, scripts in of_part(measured, "summary").items()
        for script, used in scripts.items()
    ]


def job_rows(measured):
    """One row a kind of job and arguments of snakemake."""
    rows = []
    for name, used in of_part(measured, "jobs").items():
        kind, _, rest = name.partition(", ")
        rows.append(
            {
                "jobs": f"{used['jobs']} {kind}",
                "snakemake": rest.partition(" ")[2] or "local",
                "wall, s": f"{used['wall']:.1f}",
                "jobs a second": f"{used['jobs'] / used['wall']:.1f}",
                "CPU a job, ms": f"{1000 * used['cpu'] / used['jobs']:.0f}",
            }
        )
    return rows


def report(measured):
    """All tables that there are measurements for, as Markdown."""
    parts = [f"{machine()}"]
    tables = {
        "Planning": plan_rows(measured),
        "Files": file_rows(measured["files"]) if "files" in measured else [],
        "Scripts behind the summary": summary_rows(measured),
        "Jobs that do nothing": job_rows(measured),
    }
    for title, rows in tables.items():
        if len(rows):
            parts.append(f"{title}\n\n{markdown(rows)}")
    return "\n\n".join(parts)


def draw_curves(axis, curves, label):
    """Lines of a value over grid points, both logarithmic, and a proportional one."""
    for name, points in curves.items():
        axis.plot(*zip(*sorted(points), strict=True), "o-", label=name)
    left, low = map(min, zip(*itertools.chain(*curves.values()), strict=True))
    right, high = max(itertools.chain(*curves.values()))
    start = max(left, right * low / high)
    axis.plot(
        [start, right], [high * start / right, high], "k:", lw=1, label="proportional"
    )
    axis.set(xscale="log", yscale="log", xlabel="Grid points", ylabel=label)
    axis.grid(alpha=0.3)


def draw(measured):
    """CPU and memory of plans and of the summary over grid points; jobs a second."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    axes = figure.subplots(1, 3)
    curves = {}
    for words, n, used in plans_of(measured):
        if used is not None:
            curves.setdefault(f"plan, {words}", []).append((n, used))
    for seeds, scripts in of_part(measured, "summary").items():
        point = (POINTS_PER_SEED * int(seeds), scripts["summarise"])
        curves.setdefault("summarise", []).append(point)
    columns = {"cpu": ("CPU seconds", 1), "peak": ("Peak memory, MB", 1e-6)}
    for axis, (column, (label, unit)) in zip(axes, columns.items(), strict=False):
        values = {
            name: [(n, used[column] * unit) for n, used in pairs]
            for name, pairs in curves.items()
        }
        if values:
            draw_curves(axis, values, label)
    if curves:
        axes[0].legend(fontsize=8)
    rows = job_rows(measured)[::-1]
    bars = axes[2].barh(
        [f"{row['jobs']}\n{shorten(row['snakemake'], 30)}" for row in rows],
        [float(row["jobs a second"]) for row in rows],
    )
    axes[2].bar_label(bars, padding=2)
    axes[2].margins(x=0.15)
    axes[2].set_xlabel("Jobs that do nothing, a second")
    return figure
