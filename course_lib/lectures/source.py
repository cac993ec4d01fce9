"""Show a piece of the package's own source in a notebook, beside the formula that it is.

What a lecture shows is read from the files at that moment, so it cannot differ from what runs.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from typing import Any

from course_lib import arguments

# Where the part of a docstring begins that is for a reference.
SECTIONS = re.compile(
    r"\s*\n *(Parameters|Attributes|Returns|Raises|Examples)\n *-----*\n.*", re.DOTALL
)


class Source:
    """Some lines of Python, shown with highlighting in a notebook and as they are elsewhere."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def show_source(name: str) -> Source:
    """Return the source of a class, function, method or constant of `course_lib`.

    Of its docstring only what stands above the sections is shown.

    Parameters
    ----------
    name : str
        Where it stands, such as "landscapes.quartic" or "optimizers.GradientDescent.step"; a module
        in a folder has the folder's name before it.

    Raises
    ------
    ValueError
        If there is no such module or name; the nearest is suggested.
    """
    module_name, *path = name.split(".")
    try:
        module = importlib.import_module(f"course_lib.{module_name}")
        if path and hasattr(module, "__path__"):  # a folder
            module = importlib.import_module(f"{module.__name__}.{path.pop(0)}")
    except ModuleNotFoundError:
        raise ValueError(f"course_lib has no module {module_name!r}, asked for {name!r}.") from None
    text = inspect.getsource(module)
    node: Any = ast.parse(text)
    for part in path:
        names = {label: child for child in node.body for label in _names(child)}
        node = names[arguments.one_of("name", part, names)]
    shown_above = [d for d in getattr(node, "decorator_list", []) if not _is_private(d)]
    first = min([node.lineno, *(d.lineno for d in shown_above)])
    lines = text.splitlines()
    shown = [*lines[first - 1 : node.lineno - 1], *_brief(lines, node)]
    return Source(textwrap.dedent("\n".join(shown)))


def _brief(lines: list[str], node: ast.AST) -> list[str]:
    """Return the lines of a node, its docstring without the sections."""
    begin, end = node.lineno - 1, node.end_lineno
    if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
        words = node.body[0]
        before, after = lines[begin : words.lineno - 1], lines[words.end_lineno : end]
        docstring = "\n".join(lines[words.lineno - 1 : words.end_lineno])
        brief = SECTIONS.sub("", docstring)
        if brief != docstring:
            brief += '"""' if "\n" not in brief else "\n" + " " * words.col_offset + '"""'
        return [*before, brief, *after]
    return lines[begin:end]


def _is_private(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id.startswith("_")


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.name] if hasattr(node, "name") else []
