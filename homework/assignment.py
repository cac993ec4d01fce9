"""The lab as a file: what a submission answers, and the cells that are run to grade it.

A student hands in a whole notebook. Only the answer cells count; they are put between the cells of
the released notebook that the answers build on. Nothing here runs anything.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from homework.questions import OWN_CODE, QUESTIONS

__all__ = [
    "RELEASED",
    "SOURCE",
    "Answers",
    "AssignmentError",
    "answers",
    "is_blank",
    "parse",
    "pristine",
    "transplant",
]

ROOT = Path(__file__).parent.parent
NAME = "08_mnist_lab.ipynb"
SOURCE = ROOT / "homework" / "source" / "mnist_lab" / NAME
RELEASED = ROOT / "notebooks" / NAME

LARGEST = 20_000_000
"""Bytes; the released notebook has less than 2 million, and pictures and outputs add to that."""

MOST_CODE = 300_000
"""Characters of code. It is parsed where grades are made, and takes a thousand times its size."""

_KINDS = ("code", "markdown", "raw")

MOST_ANSWERS = 100_000
"""Characters of code in the answers, many times what anybody writes; a larger table is none."""

# What the cells of the lab need that stand further up in the notebook and take long to run.
_GIVEN = "pixels = 28 * 28\n"

# nbgrader's own word for what is to be filled in.
_NOT_IMPLEMENTED = "NotImplementedError"


class AssignmentError(Exception):
    """The file can't be graded; the message says why, in words for its author."""


@dataclass(frozen=True)
class Answers:
    """What a submission answers.

    Attributes
    ----------
    sources : dict of str or None
        The source of each answer cell by its id; None where there is no such cell.
    notes : list of str
        What was unusual about the notebook, in words for the student.
    """

    sources: dict[str, str | None]
    notes: list[str]


# ---------------------------------------------------------------------------------- reading a file


def parse(content: bytes) -> NotebookNode:
    """Return the submission whose file holds `content`.

    Only its cells are kept: their kind, source, id and nbgrader's metadata. Outputs are dropped.

    Raises
    ------
    AssignmentError
        If it is no notebook, or not one of this assignment.
    """
    if not content:
        raise AssignmentError("The file is empty. Save the notebook and hand it in again.")
    if len(content) > LARGEST:
        raise AssignmentError(
            f"The file has more than {LARGEST / 1e6:.0f} MB, even without its pictures. "
            "Clear the outputs (Edit, Clear Outputs of All Cells) and hand it in again."
        )
    try:
        found = json.loads(content)  # it knows UTF-16 by its first bytes
    except (ValueError, RecursionError):
        raise AssignmentError(
            "The file is not a notebook: it can't be read as JSON. Hand in the file that ends in "
            ".ipynb, not an export or a copy of its text."
        ) from None
    return _cells_of(_of_version_4(found))


def _of_version_4(content: object) -> object:
    """Return a notebook of version 3 in the form of version 4, anything else as it is."""
    sheets = content.get("worksheets") if isinstance(content, dict) else None
    if not isinstance(sheets, list) or "cells" in content:
        return content
    cells = [
        {**cell, "source": cell.get("input", cell.get("source", ""))}
        for sheet in sheets
        if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
        for cell in sheet["cells"]
        if isinstance(cell, dict)
    ]
    return {"cells": cells}


def _cells_of(content: object) -> NotebookNode:
    """Return the cells of a notebook whatever else it holds, or say that it is none of ours."""
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise AssignmentError("The file is JSON, but not a notebook: it has no cells.")
    cells = []
    for position, cell in enumerate(content["cells"]):
        if not isinstance(cell, dict) or cell.get("cell_type") not in _KINDS:
            continue
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        metadata = cell.get("metadata")
        mark = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        name = mark.get("grade_id") if isinstance(mark, dict) else None
        cells.append(
            NotebookNode(
                cell_type=cell["cell_type"],
                source=source if isinstance(source, str) else "",
                id=cell["id"] if isinstance(cell.get("id"), str) else f"cell-{position}",
                grade_id=name if isinstance(name, str) else None,
            )
        )
    code = sum(len(cell.source) for cell in cells if cell.cell_type == "code")
    if code > MOST_CODE:
        raise AssignmentError(
            f"The notebook holds {code / 1e6:.1f} MB of code; at most {MOST_CODE / 1e6:.1f} are "
            "read. Take data out of its cells and hand it in again."
        )
    known, names = set(_answer_cells()), _every_name()
    if not any({cell.id, cell.grade_id} & known or _defines(cell) & names for cell in cells):
        raise AssignmentError(
            "This is a notebook, but not the MNIST lab: it has none of the lab's answer cells."
        )
    return NotebookNode(cells=cells)


@cache
def pristine() -> NotebookNode:
    """Return the released notebook. Answers are put between its cells. Do not change it."""
    return nbformat.read(RELEASED, as_version=4)


def mark_of(cell: NotebookNode) -> dict:
    """Return nbgrader's metadata of a cell of the released or the source notebook."""
    return cell.metadata.get("nbgrader", {})


@cache
def _answer_cells() -> dict[str, NotebookNode]:
    """Return the answer cells of the released notebook by their grade_id, in its order."""
    marked = [cell for cell in pristine().cells if mark_of(cell).get("solution")]
    found = {mark_of(cell)["grade_id"]: cell for cell in marked}
    missing = {question.id for question in QUESTIONS} | {OWN_CODE}
    missing -= set(found)
    if missing:
        raise AssignmentError(f"The released notebook has no answer cell {sorted(missing)}.")
    return found


def _trusted(cell: NotebookNode) -> bool:
    """Return whether a cell of the released notebook is one that answers build on."""
    mark = mark_of(cell)
    return cell.cell_type == "code" and bool(mark.get("locked")) and not mark.get("grade")


# ------------------------------------------------------------------------------ finding the answers


def answers(submission: NotebookNode) -> Answers:
    """Return what a submission answers, wherever in the notebook it stands.

    An answer cell is known by nbgrader's `grade_id`, then by the cell's own id, then, if neither
    leads to an answer, by the function or class it defines. Of several, the first that was filled
    in counts, and before others the one that the notebook came with.

    Parameters
    ----------
    submission : NotebookNode
        From `parse`.
    """
    sources: dict[str, str | None] = {}
    notes: list[str] = []
    for name, blank in _answer_cells().items():
        if blank.cell_type == "markdown":
            sources[name], said = _written(name, submission)
            notes += said
            continue
        same_kind = [cell for cell in submission.cells if cell.cell_type == blank.cell_type]
        marked = [cell for cell in same_kind if cell.grade_id == name]
        placed = [c for c in same_kind if c.id == blank.id and c.grade_id != name]
        candidates = marked or placed
        filled = [cell for cell in candidates if not is_blank(name, cell.source)]
        if marked and not filled:
            filled = [cell for cell in placed if not is_blank(name, cell.source)]
        if not filled and _defines(blank):
            filled = _elsewhere(name, submission)
            if filled:
                notes.append(
                    f"The answer to {_title(name)} was found in a cell of its own. "
                    "Write it into the cell that came with the notebook."
                )
        filled.sort(key=lambda cell: cell.id != blank.id)  # stable: else the order of the notebook
        if len({cell.source for cell in filled}) > 1:
            notes.append(
                f"There are {len(filled)} cells with an answer to {_title(name)}. "
                "The first of them was graded."
            )
        if filled:
            sources[name] = filled[0].source
        else:
            sources[name] = candidates[0].source if candidates else None
            if not candidates:
                notes.append(f"The answer cell of {_title(name)} is missing.")
    known = _answer_cells()
    code = sum(len(s or "") for name, s in sources.items() if known[name].cell_type == "code")
    if code > MOST_ANSWERS:
        raise AssignmentError(
            f"The answer cells hold {code / 1000:.0f} kB of code; at most {MOST_ANSWERS / 1000:.0f}"
            " are read. An answer computes what it needs: take tables out of it and hand it in "
            "again."
        )
    notes += _edited(submission)
    return Answers(sources, notes)


def _written(name: str, submission: NotebookNode) -> tuple[str | None, list[str]]:
    """Return a written answer with all that its author put elsewhere, and what to note of it.

    It may stand in its own cell, whatever kind that was turned into, in new cells right below, or
    in new cells at the end of the notebook.
    """
    blank, cells = _answer_cells()[name], submission.cells
    ours = {cell.id for cell in pristine().cells}
    ours |= {mark_of(cell).get("grade_id") for cell in pristine().cells} - {None}
    own = [n for n, cell in enumerate(cells) if cell.grade_id == name]
    own = own or [n for n, cell in enumerate(cells) if cell.id == blank.id]
    # Some editors drop the ids; then the lab's own text is known by what it says.
    texts = {" ".join(cell.source.split()) for cell in pristine().cells}
    given = [
        n
        for n, cell in enumerate(cells)
        if {cell.id, cell.grade_id} & ours or " ".join(cell.source.split()) in texts - {""}
    ]
    new = []
    for start in (*own[:1], *given[-1:]):
        for n in range(start + 1, len(cells)):
            if n in given or cells[n].cell_type == "code":
                break
            new += [n] if cells[n].source.strip() and n not in new else []
    texts = [cells[n].source for n in own if not is_blank(name, cells[n].source)]
    notes = []
    if any(cells[n].cell_type != "markdown" for n in own):
        notes.append(f"The cell of {_title(name)} was turned into another kind. Its text counts.")
    if new:
        notes.append(
            f"Text in new cells was added to {_title(name)}. Write it into the cell that came with "
            "the notebook."
        )
        texts += [cells[n].source for n in new]
    if not own:
        notes.append(f"The answer cell of {_title(name)} is missing.")
    return "\n\n".join(texts) or (cells[own[0]].source if own else None), notes


def _elsewhere(name: str, submission: NotebookNode) -> list[NotebookNode]:
    """Return cells that define what answer `name` should define, and are no cell of the lab."""
    wanted = _defines(_answer_cells()[name])
    ours = set(_answer_cells()) | {mark_of(c).get("grade_id") for c in pristine().cells} - {None}
    return [
        cell
        for cell in submission.cells
        if cell.cell_type == "code"
        and cell.grade_id not in ours - {name}
        and wanted <= _defines(cell)
        and not is_blank(name, cell.source)
    ]


def _edited(submission: NotebookNode) -> list[str]:
    """Say which cells that answers build on were changed: the grader uses its own."""
    by_id = {cell.grade_id or cell.id: cell for cell in submission.cells}
    changed = []
    for cell in filter(_trusted, pristine().cells):
        name = mark_of(cell)["grade_id"]
        theirs = by_id.get(name)
        if theirs is not None and _meaning(theirs.source) != _meaning(cell.source):
            changed.append(f"The cell `{name}` was changed. It was graded with the original.")
    return changed


def _title(name: str) -> str:
    titles = {question.id: question.title for question in QUESTIONS}
    return f"“{titles.get(name, 'Your own imports and functions')}”"


def _defines(cell: NotebookNode) -> set[str]:
    """Return the functions and classes that a code cell defines at its top level."""
    if cell.cell_type != "code":
        return set()
    kinds = (ast.FunctionDef, ast.ClassDef)
    tree = _tree(cell.source)
    return {part.name for part in tree.body if isinstance(part, kinds)} if tree else set()


@cache
def _every_name() -> set[str]:
    return set().union(*(_defines(cell) for cell in _answer_cells().values()))


# ------------------------------------------------------------------------------------ blank or not


def is_blank(name: str, source: str | None) -> bool:
    """Return whether an answer cell is as it was handed out: "not attempted", not "wrong".

    Comments, docstrings and layout may differ. nbgrader's `raise NotImplementedError()` counts as
    the `...` it stands for.
    """
    if source is None:
        return True
    cell = _answer_cells()[name]
    if cell.cell_type == "markdown":
        return " ".join(source.split()) in ("", "YOUR ANSWER HERE", " ".join(cell.source.split()))
    meaning = _meaning(source)
    return meaning == _meaning("") or meaning == _meaning(cell.source)


def _meaning(source: str) -> str:
    """Return what a piece of code says, without how it is laid out."""
    tree = _tree(source)
    if tree is None:
        return source
    for node in ast.walk(tree):
        if isinstance(getattr(node, "body", None), list):
            node.body = [part for part in node.body if not _says_nothing(part)]
    try:
        return ast.dump(tree)
    except RecursionError:  # deeper than any cell that was handed out
        return source


def _says_nothing(part: ast.stmt) -> bool:
    if isinstance(part, ast.Pass):
        return True
    if isinstance(part, ast.Raise):
        error = part.exc.func if isinstance(part.exc, ast.Call) else part.exc
        return isinstance(error, ast.Name) and error.id == _NOT_IMPLEMENTED
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# -------------------------------------------------------------------------------- the cells to run


def transplant(sources: dict[str, str | None]) -> list[tuple[str, str]]:
    """Return the cells to run, in their order, each as (id, source).

    They are the released notebook's own cells that answers build on, and the answers. What a
    student changed elsewhere in the notebook is not among them. Blank answers are left out, and
    lines that only a notebook understands (`%time`, `!pip`) do nothing.

    Parameters
    ----------
    sources : dict
        From `answers`.
    """
    cells = [("given", _GIVEN)]
    for cell in pristine().cells:
        name = mark_of(cell).get("grade_id")
        if _trusted(cell):
            cells.append((name, cell.source))
        elif name in _answer_cells() and cell.cell_type == "code":
            source = sources.get(name)
            if not is_blank(name, source):
                cells.append((name, _as_python(source)))
    return cells


_MAGIC = re.compile(r"(?m)^([ \t]*)(?:%|!|\?)[^\n]*$|^([ \t]*)[\w.]+\?{1,2}[ \t]*$")


def _as_python(source: str) -> str:
    if _tree(source) is not None:
        return source
    plain = _MAGIC.sub(lambda line: f"{line[1] or line[2] or ''}pass", source)
    # A line that is broken otherwise is to be reported as the student wrote it.
    return plain if _tree(plain) is not None else source
