"""Write what the documents say of options, axes and metrics from where code has it.

    make reference

Tables stand between two comments that name them; config/config.schema.json is written
too, for editors.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from siamese.axes import AXES, OTHERS, as_text
from siamese.metrics import METRICS
from siamese.options import Choice, Config, Dataset, Grid, Pairs, Sets, schema
from siamese.study import with_defaults

ROOT = Path(__file__).resolve().parents[1]
# Options that have options of their own.
PARTS = {
    "dataset": Dataset,
    "sets": Sets,
    "pairs": Pairs,
    "grid": Grid,
    "choice": Choice,
}
# A default of more characters than this is named by its file.
LONGEST = 60
ELSEWHERE = "[Fashion-MNIST's](datasets/fashion_mnist.yaml)"


def default_text(value):
    """A default as the table shows it; of long ones where they are."""
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    elif isinstance(value, list):
        text = ", ".join(map(str, value))
    else:
        text = str(value)
    return text if len(text) <= LONGEST else ELSEWHERE


def option_rows(model, defaults, prefix=""):
    """A row of each option: its name, default and meaning."""
    for name, field in model.model_fields.items():
        if name in PARTS:
            yield from option_rows(PARTS[name], defaults[name], f"{name}.")
        elif model is not Grid or name not in OTHERS:
            default = field.get_default(call_default_factory=True)
            value = defaults.get(name, list(default) if default == () else default)
            yield f"`{prefix}{name}`", default_text(value), cell(field.description)


def axis_rows():
    """A row of each axis that a study need not name: its name, default and meaning."""
    for name in OTHERS:
        axis = AXES[name]
        # 2X or 4X, where X is the number of filters.
        default = (
            f"{axis.default(1)}X" if callable(axis.default) else as_text(axis.default)
        )
        yield f"`grid.{name}`", default, cell(axis.meaning)


def metric_rows():
    """A row of each metric: its name, unit, which is better, and meaning."""
    for metric in METRICS.values():
        stored = "share" if metric.unit else "number"
        yield f"`{metric.name}`", stored, metric.better, cell(metric.meaning)


def cell(text):
    """Text of a cell: one line that ends without a full stop."""
    return " ".join(text.split()).removesuffix(".")


def table(header, rows):
    lines = [f"| {' | '.join(row)} |" for row in (header, *rows)]
    return "\n".join([lines[0], "| --- " * len(header) + "|", *lines[1:]]) + "\n"


def tables():
    """Each table by its document and name."""
    defaults = with_defaults({}, ROOT)
    return {
        ("config/README.md", "options"): table(
            ("option", "default", "meaning"), option_rows(Config, defaults)
        ),
        ("config/README.md", "axes"): table(
            ("axis", "report's value", "meaning"), axis_rows()
        ),
        ("results/README.md", "metrics"): table(
            ("metric", "stored as", "better", "meaning"), metric_rows()
        ),
    }


def with_table(text, name, content):
    """A document with a table between `<!-- name -->` and `<!-- end of name -->`."""
    start, end = f"<!-- {name}: make reference -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{content}\n{end}{after}"


def written():
    """What each file should hold, by its path."""
    files = {ROOT / "config/config.schema.json": schema()}
    for (document, name), content in tables().items():
        path = ROOT / document
        text = files.get(path) or path.read_text(encoding="utf-8")
        files[path] = with_table(text, name, content)
    return files


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8", newline="\n")
