"""The networks by name, read from their files: none is imported, nor is TensorFlow."""

import ast
import functools
from pathlib import Path

from siamese.errors import Refusal

FOLDER = Path(__file__).parents[1] / "model/networks"
NETWORKS = tuple(sorted(path.stem for path in FOLDER.glob("[a-z]*.py")))


@functools.cache
def syntax_tree(name):
    path = FOLDER / f"{name}.py"
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise Refusal(f"{path}, line {error.lineno}: {error.msg}") from None


def meaning(name):
    """The first paragraph of a network's docstring, in one line without a full stop."""
    docstring = ast.get_docstring(syntax_tree(name)) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).removesuffix(".")


def layer_axes(name):
    """The axes that a network's layers use: the set of keyword arguments of `build`."""
    for node in syntax_tree(name).body:
        if isinstance(node, ast.FunctionDef) and node.name == "build":
            names = {argument.arg for argument in node.args.kwonlyargs}
            # A size is a name of the study; a network gets its number of filters.
            return {"size" if each == "filters" else each for each in names}
    raise Refusal(f"{FOLDER / name}.py: found no function build(shape, *, <axes>)")


def is_trained(name):
    """Whether a network has weights to train: unless its file has TRAINED = False."""
    return "TRAINED = False" not in map(ast.unparse, syntax_tree(name).body)
