"""Documents of Markdown, from templates."""

import re
from pathlib import Path

import jinja2

from siamese.stats.metrics import METRIC_OF_COLUMN, METRICS
from siamese.stats.tables import with_interval

TEMPLATES = Path(__file__).parent / "templates"


def markdown_text(text):
    """A text as it stands in Markdown, in a cell of a table too, without any markup."""
    return re.sub(r"([\\`*_~|<>&$\[\]])", r"\\\1", text)


def markdown_table(rows, left=()):
    """A table of rows (dict of str to str, at least one) under the keys of the first.

    Columns named in `left` are aligned to the left, the others to the right.
    """
    sides = [":---" if name in left else "---:" for name in rows[0]]
    lines = [rows[0], sides, *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def render_markdown(name, **values):
    """A template filled. Its filters are `plain` (`markdown_text`) and `table`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": markdown_text, "table": markdown_table}
    values |= {"METRICS": METRICS, "METRIC_OF_COLUMN": METRIC_OF_COLUMN}
    return environment.get_template(name).render(values, with_interval=with_interval)
