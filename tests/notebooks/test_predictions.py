"""What answers a prediction is seen after the reader has predicted: in an explorer, or revealed."""

from __future__ import annotations

import ast

import books
import nbformat
import pytest
from test_notebooks import calls, code_of, python_of

SHOWING = {"print", "display", "show"}


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def names_in(*trees: ast.AST) -> set[str]:
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def given_away(cells: list) -> list[str]:
    """Return the cells between a prediction and its reveal that show what the reveal is made of."""
    found, before = [], []
    for cell in cells:
        tree = python_of(cell.source)
        reveals = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and name_of(node) == "reveal"
        ]
        if calls(cell.source, "predict"):
            before = []
        elif reveals:
            answer = names_in(*(argument for call in reveals for argument in call.args))
            found += [name for name, shown in before if shown & answer]
            before = []
        elif not calls(cell.source, "explore"):
            shown = [
                node
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and name_of(node) in SHOWING
            ]
            before.append((cell.id, names_in(*shown)))
    return found


@pytest.mark.parametrize("path", [books.START, *books.LECTURES], ids=lambda path: path.stem)
def test_no_output_above_a_reveal_gives_the_answer_away(path):
    assert given_away(code_of(nbformat.read(path, as_version=4))) == []


def test_an_output_that_gives_the_answer_away_is_found():
    sources = ['guess = predict("1.a")', "end = 3\nprint(f'{end:g}')", "guess.reveal(end)"]
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    assert given_away(cells) == ["cell-1"]
    assert given_away([*cells[:1], *cells[2:], cells[1]]) == []
