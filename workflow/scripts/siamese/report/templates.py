"""Documents of Markdown, and HTML pages that a browser opens without a network."""

import base64
import json
import re

import jinja2

from siamese.digests import TEMPLATES
from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.stats.tables import with_interval


def markdown_text(text):
    """A text as it stands in Markdown, in a cell of a table too, without any markup."""
    return re.sub(r"([\\`*_~|<>&$\[\]])", r"\\\1", text)


def markdown_table(rows, left=()):
    """A table of rows, dicts of str (one or more); columns in `left` go to the left."""
    sides = [":---" if name in left else "---:" for name in rows[0]]
    lines = [rows[0], sides, *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {"plain": markdown_text, "table": markdown_table}
ENVIRONMENT.globals |= {"METRICS": METRICS, "METRIC_OF_COLUMN": METRIC_OF_COLUMN}
ENVIRONMENT.globals["with_interval"] = with_interval


def render(name, **values):
    """A template filled with values; in HTML, texts are escaped."""
    return ENVIRONMENT.get_template(name).render(values)


def as_script(content):
    """JSON that can stand in a script element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def png_uri(content):
    """The bytes of a PNG file as the address of a picture."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
