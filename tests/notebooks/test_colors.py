"""Lines and marks of the lectures stand out on white, and so on a dark page, too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import books
import nbformat
import pytest
from matplotlib.colors import to_rgb

DRAW = {"plot", "axhline", "axvline", "contour", "loglog", "semilogx", "semilogy", "fill", "text"}
EDGES = ("markeredgecolor", "edgecolor", "edgecolors")
INKS = ("color", "colors", *EDGES)
HIDDEN = {"fog"}  # what this picture shows cannot be seen


def contrast_on_white(color: str) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 1.05 / (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05)


def inks(source: str) -> Iterator[tuple[str, str]]:
    """Yield what draws in a cell, with the color that has to stand out, where it is written out."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") not in DRAW:
            continue
        given = {
            word.arg: word.value.value
            for word in call.keywords
            if word.arg in INKS and isinstance(word.value, ast.Constant)
        }
        # What has an edge is seen by it.
        edged = {name: color for name, color in given.items() if name in EDGES} or given
        for color in edged.values():
            if re.fullmatch("#[0-9a-fA-F]{6}", str(color)):
                yield call.func.attr, color


@pytest.mark.parametrize("path", books.LECTURES, ids=lambda path: path.stem)
def test_lines_marks_and_words_stand_out(path):
    faint, seen = [], 0
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or cell.id in HIDDEN:
            continue
        for drawn, color in inks(cell.source):
            seen += 1
            if contrast_on_white(color) < (4.5 if drawn == "text" else 3):
                faint.append(f"{cell.id}: {drawn} {color}")
    assert faint == []
    print(f"{path.stem}: {seen} colors")


def test_a_faint_line_is_found():
    assert list(inks('ax.plot(x, y, "--", color="#cccccc")')) == [("plot", "#cccccc")]
    assert contrast_on_white("#cccccc") < 3 < contrast_on_white("#84919f") < 4.5
