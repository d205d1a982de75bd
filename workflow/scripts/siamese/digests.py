"""Content of files as params of rules, so that no clock decides what is rerun."""

import ast
import functools
from pathlib import Path

from siamese import digest_of

SCRIPTS = Path(__file__).parents[1]


def digest(path):
    """The content of a file, in short."""
    return digest_of(Path(path).read_bytes())


@functools.cache
def imported_modules(path):
    """The project's modules that a Python file imports, as a set of paths."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    root = next(p for p in path.parents if p.name not in ("siamese", "networks"))
    paths = {root / f"{name.replace('.', '/')}.py" for name in names if name}
    found = {file for file in paths if file.exists() and file != path}
    return found | {root / "siamese/__init__.py"} if found else found


@functools.cache
def code_of(script, scripts=SCRIPTS):
    """Digest of each file that a script's code is in.

    Snakemake itself looks at the modification time of the script alone; this
    looks at content, and at the modules that it imports, directly or not.

    Parameters
    ----------
    script : str
        A file name in `scripts`.
    scripts : pathlib.Path

    Returns
    -------
    dict of str to str
    """
    found, new = set(), {scripts / script}
    while new:
        found |= new
        new = set().union(*map(imported_modules, new)) - found
    return {path.name: digest(path) for path in sorted(found)}
