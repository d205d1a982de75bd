"""Pages of HTML that a browser opens without a network."""

import base64
import json
from pathlib import Path

import jinja2

from siamese.digests import digest

TEMPLATES = Path(__file__).parent / "pages"


def template_digests(*names):
    """The content of templates as the param of a rule, a dict by name."""
    return {name: digest(TEMPLATES / name) for name in names}


def render(name, **values):
    """A template of the folder `pages`, filled; texts are escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(values)


def as_script(content):
    """What JSON can hold, as it may stand in a script element."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def png_uri(content):
    """The bytes of a PNG file as the address of a picture."""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
