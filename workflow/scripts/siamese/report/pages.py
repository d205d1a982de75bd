"""HTML pages that a browser opens without a network."""

import base64
import json
from pathlib import Path

import jinja2

from siamese.digests import digest

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def template_digests(*names):
    """The digests of templates by name, as the param of a rule."""
    return {name: digest(TEMPLATES / name) for name in names}


def render(name, **values):
    """Fill a template with values; texts are escaped."""
    return ENVIRONMENT.get_template(name).render(values)


def as_script(content):
    """JSON that can stand in a script element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def png_uri(content):
    """The bytes of a PNG file as the address of a picture."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
