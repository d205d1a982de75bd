"""Content of files as params of rules: what reruns is decided by it, not by dates."""

import ast
import functools
import hashlib
from pathlib import Path

SCRIPTS = Path(__file__).parents[1]
TEMPLATES = SCRIPTS / "siamese/report/templates"


def digest(path):
    """The content of a file, in short."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]


def template_digests(*names):
    """The digests of templates by name, as the param of a rule."""
    return {name: digest(TEMPLATES / name) for name in names}


@functools.cache
def imported_modules(path, scripts):
    """The project's modules that a Python file imports, as a set of paths."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    paths = {scripts / f"{name.replace('.', '/')}.py" for name in names if name}
    return {file for file in paths if file.exists() and file != path}


@functools.cache
def code_of(script, scripts=SCRIPTS):
    """Digests of a script (a path below `scripts`), of the modules that it imports,
    directly or not, and of the jobs' shell, by their paths below `scripts`.

    Snakemake itself looks at the modification time of the script alone.
    """
    paths, new = set(), {scripts / script}
    while new:
        paths |= new
        new = set().union(*(imported_modules(path, scripts) for path in new)) - paths
    digests = {path.relative_to(scripts).as_posix(): digest(path) for path in paths}
    shell = scripts.parent / "clean_shell"
    return dict(sorted(digests.items())) | {shell.name: digest(shell)}
