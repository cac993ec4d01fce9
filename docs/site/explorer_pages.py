"""The reference of the explorer engine: each public name, from its docstring."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import nbformat

from course_lib import live

PAGE = "explorer_reference"
HEAD = """# Explorers: the reference

Every public name of `course_lib.live`, with all that it takes. The words are the docstrings of the
code. How they are used, step by step, is told in
[Write your own explorer](write_your_own_explorer.ipynb).
"""
CHAPTERS = {
    "Make an explorer": ("explore",),
    "Controls": (
        *("slider", "int_slider", "log_slider", "range_slider", "choice", "toggle", "button"),
        *("point", "Point"),
    ),
    "Ties between controls and picture": (),  # and whatever has no place elsewhere
    "What `explore` returns": ("Explorer",),
    "Figures": ("Picture",),
}
METHODS = ("set", "reset", "tour", "png", "html", "save_html", "close")
INSIDE = ("Canvas",)  # made by the engine alone


def write(page: Path) -> None:
    """Write the page."""
    page.write_text(text(), encoding="utf-8")


def text() -> str:
    """Return the page in Markdown."""
    parts = [HEAD]
    placed = {*INSIDE}.union(*CHAPTERS.values())
    others = [name for name in live.__all__ if name not in placed]
    for chapter, names in CHAPTERS.items():
        parts.append(f"## {chapter}")
        for name in names or others:
            parts.append(section(name, getattr(live, name)))
            if name == "Explorer":
                parts += [
                    section(f"Explorer.{method}", getattr(live.Explorer, method))
                    for method in METHODS
                ]
    return "\n\n".join(parts) + "\n"


def link(notebook: Any) -> None:
    """Let the guide end with the way to the reference, which only the website has."""
    words = f"Every name, with all that it takes, stands in [the reference]({PAGE}.md)."
    notebook.cells.append(nbformat.v4.new_markdown_cell(words, id=PAGE.replace("_", "-")))


def section(name: str, thing: Any) -> str:
    """Return what is told of one name."""
    lead, *parts = re.split(r"\n*^(\w[\w ]*)\n-{3,}\n", inspect.getdoc(thing) or "", flags=re.M)
    lines = [f"### {name}", lead]
    if not inspect.isclass(thing):
        lines.insert(1, f"```python\n{name.split('.')[-1]}{call(thing)}\n```")
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        if title == "Examples":
            lines += [f"**{title}**", f"```pycon\n{body.rstrip()}\n```"]
        else:
            lines += [f"**{title}**", items(body)]
    return "\n\n".join(lines)


def call(function: Any) -> str:
    """Return how a function is called, without the types, which the words tell."""
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for name, parameter in signature.parameters.items()
        if name != "self" and parameter.kind is not parameter.POSITIONAL_ONLY
    ]
    first = [
        name
        for name, parameter in signature.parameters.items()
        if name != "self" and parameter.kind is parameter.POSITIONAL_ONLY
    ]
    return f"({', '.join([*first, *map(str, parameters)])})"


def items(body: str) -> str:
    """Return the entries of a section as a list: what is indented tells of the line above it."""
    found: list[list[str]] = []
    for line in body.splitlines():
        if line.startswith(" ") and found:
            found[-1].append(line.strip())
        elif line.strip():
            found.append([line])
    told = []
    for head, *words in found:
        names, colon, kind = head.partition(" : ")
        kind = f" ({kind})" if colon else ""
        told.append(f"- `{names}`{kind}: {' '.join(words)}" if words else f"- {head}")
    return "\n".join(told)
