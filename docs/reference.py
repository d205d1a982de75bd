"""Write the tables of options, axes and metrics, and the JSON Schema, from the code.

    make reference

A table stands between two comments that name it.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from siamese.stats.metrics import METRICS
from siamese.study.axes import AXES, FURTHER_AXES, as_text
from siamese.study.options import (
    Config,
    Dataset,
    Divisions,
    Grid,
    Pairs,
    Poses,
    RandomPoses,
    Sets,
    schema,
)
from siamese.study.study import with_defaults

ROOT = Path(__file__).resolve().parents[1]
# Options that have options of their own.
PARTS = {
    "dataset": Dataset,
    "sets": Sets,
    "divisions": Divisions,
    "pairs": Pairs,
    "grid": Grid,
    "poses": Poses,
    "random_poses": RandomPoses,
}
# Longer defaults are named by their file.
LONGEST = 60
ELSEWHERE = "[Fashion-MNIST's](datasets/fashion_mnist.yaml)"


def default_text(value):
    """A default as the table shows it; a long one by its place."""
    if value in (None, [], (), {}):
        return "none"
    text = str(value)
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    elif isinstance(value, list):
        text = ", ".join(map(str, value))
    return text if len(text) <= LONGEST else ELSEWHERE


def option_rows(model, defaults, prefix=""):
    """A row of each option: its name, default and meaning."""
    for name, field in model.model_fields.items():
        if name in PARTS and not prefix:
            yield from option_rows(PARTS[name], defaults.get(name, {}), f"{name}.")
        elif model is not Grid or name not in FURTHER_AXES:
            value = defaults.get(name, field.get_default(call_default_factory=True))
            yield f"`{prefix}{name}`", default_text(value), field.description


def axis_rows():
    """A row of each axis that a study need not name: its name, default and meaning."""
    for name in FURTHER_AXES:
        default = AXES[name].default
        # 2X or 4X, where X is the number of filters.
        text = f"{default(1)}X" if callable(default) else as_text(default)
        yield f"`grid.{name}`", text, AXES[name].meaning


def metric_rows():
    """A row of each metric: its name, unit, which is better, and meaning."""
    for metric in METRICS.values():
        stored = "share" if metric.unit else "number"
        yield f"`{metric.name}`", stored, metric.better, metric.meaning


def with_table(text, name, head, rows):
    """A document with a table between `<!-- name` and `<!-- end of name`."""
    cells = [head, ["---"] * len(head), *rows]
    lines = [
        " | ".join(" ".join(c.split()).removesuffix(".") for c in r) for r in cells
    ]
    table = "".join(f"| {line} |\n" for line in lines)
    start, end = f"<!-- {name}: make reference -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    return f"{before}{start}\n{table}\n{end}{rest.partition(end)[2]}"


def written():
    """What each file should hold, by its path."""
    config, results = ROOT / "config/README.md", ROOT / "results/README.md"
    options = option_rows(Config, with_defaults({}, ROOT))
    text = config.read_text(encoding="utf-8")
    text = with_table(text, "options", ("option", "default", "meaning"), options)
    text = with_table(text, "axes", ("axis", "report's value", "meaning"), axis_rows())
    head = ("metric", "stored as", "better", "meaning")
    metrics = results.read_text(encoding="utf-8")
    return {
        config: text,
        results: with_table(metrics, "metrics", head, metric_rows()),
        ROOT / "config/config.schema.json": schema(),
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8", newline="\n")
