"""The lab as a file: what a submission answers, and the cells that are run to grade it.

A student hands in a whole notebook. Only the answer cells count; they are put after the cells of
the released notebook that the answers build on. Nothing here runs anything.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.lab import mnist_lab
from homework.questions import OWN_CODE, QUESTIONS

__all__ = [
    "RELEASED",
    "SEALED",
    "SOURCE",
    "Answers",
    "AssignmentError",
    "Piece",
    "SealError",
    "answers",
    "is_blank",
    "parse",
    "pristine",
    "released_as",
    "seal_of",
    "transplant",
]

ROOT = Path(__file__).parent.parent
NAME = "08_mnist_lab.ipynb"
SOURCE = ROOT / "homework" / "source" / "mnist_lab" / NAME
RELEASED = ROOT / "notebooks" / NAME
SEALED = ROOT / "homework" / "sealed.json"
"""What `release` wrote of the notebook that it made: a hash of each cell that grades depend on."""

LARGEST = 20_000_000
"""Bytes; the released notebook has less than 2 million, and pictures and outputs add to that."""

MOST_CODE = 300_000
"""Characters of code. It is parsed where grades are made, and takes a thousand times its size."""

_KINDS = ("code", "markdown", "raw")

MOST_ANSWERS = 24_000
"""Bytes of code in the answers, five times the reference; a table of all test images takes more."""

# What the cells of the lab need that stand further up in the notebook and take long to run.
_GIVEN = "pixels = 28 * 28\n"

# nbgrader's own word for what is to be filled in.
_NOT_IMPLEMENTED = "NotImplementedError"


class AssignmentError(Exception):
    """The file can't be graded; the message says why, in words for its author."""


class SealError(Exception):
    """The released notebook was changed since; the message tells the instructor what to do."""


@dataclass(frozen=True)
class Piece:
    """A cell of a submission that is run: an answer, a part of one, or code of the student's own.

    Attributes
    ----------
    name : str
        The id of its answer; of several pieces of one answer, the second is "… 2", and so on.
    source : str
    later : frozenset of str
        The answers that it defines anew below their checks, which have not seen it.
    """

    name: str
    source: str
    later: frozenset[str] = frozenset()

    @property
    def answer(self) -> str:
        """Return the id of the answer that it is, or is a part of."""
        return self.name.partition(" ")[0]


@dataclass(frozen=True)
class Answers:
    """What a submission answers.

    Attributes
    ----------
    sources : dict of str or None
        The source of each answer by its id; None where there is no such cell. Where several cells
        define it, this is the one that counts in the notebook, the last.
    notes : list of str
        What was unusual about the notebook, in words for the student.
    pieces : list of Piece
        The cells to run, in their order.
    too_long : dict of str
        The names of pieces that are not run because they hold too much code, and what to say.
    """

    sources: dict[str, str | None]
    notes: list[str]
    pieces: list[Piece] = field(default_factory=list)
    too_long: dict[str, str] = field(default_factory=dict)


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
        found = json.loads(_text(content))
    except (ValueError, RecursionError):
        raise AssignmentError(
            "The file is not a notebook: it can't be read as JSON. Hand in the file that ends in "
            ".ipynb, not an export or a copy of its text."
        ) from None
    return _cells_of(_of_version_4(found))


def _text(content: bytes) -> str:
    """Return what a file holds in UTF-8, UTF-16 or UTF-32, and else in Windows' old encoding."""
    with contextlib.suppress(UnicodeDecodeError):
        return content.decode(json.detect_encoding(content), "surrogatepass")
    return content.decode("cp1252", "replace")


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
    known, names = set(_answer_cells()), set(mnist_lab.ANSWERS)
    if not any({cell.id, cell.grade_id} & known or _binds(cell) & names for cell in cells):
        raise AssignmentError(
            "This is a notebook, but not the MNIST lab: it has none of the lab's answer cells."
        )
    return NotebookNode(cells=cells)


@cache
def pristine() -> NotebookNode:
    """Return the released notebook. Answers are put after its cells. Do not change it.

    Raises
    ------
    SealError
        If it is not the one that `release` made. A solution that somebody filled in there would
        count as what was handed out.
    """
    if _instead:
        return _instead[-1]
    released = nbformat.read(RELEASED, as_version=4)
    sealed, there = json.loads(SEALED.read_text(encoding="utf-8")), seal_of(released)
    changed = sorted(name for name in sealed.keys() | there if sealed.get(name) != there.get(name))
    if changed:
        raise SealError(
            f"{RELEASED.relative_to(ROOT)} is not as `release` made it, and grades depend on it. "
            f"Changed: {', '.join(changed)}. Nothing was graded. Put the released notebook back "
            f"(git checkout {RELEASED.relative_to(ROOT)}), or, if the change is meant, make it in "
            f"{SOURCE.relative_to(ROOT)} and run: python -m homework release."
        )
    return released


_instead: list[NotebookNode] = []


@contextlib.contextmanager
def released_as(notebook: NotebookNode) -> Iterator[None]:
    """Take `notebook` for the released one, to prove it before it is."""
    _instead.append(notebook)
    _forget()
    try:
        yield
    finally:
        _instead.pop()
        _forget()


def _forget() -> None:
    pristine.cache_clear()
    _answer_cells.cache_clear()


def seal_of(notebook: NotebookNode) -> dict[str, str]:
    """Return a hash of each cell of a released notebook that grades depend on, by its name.

    These are the cells with nbgrader's marks. Only what they say and what they are counts, so that
    outputs and other prose may change.
    """
    found = {}
    for cell in notebook.cells:
        mark = mark_of(cell)
        if mark:
            kind = [mark.get(key) for key in ("solution", "grade", "locked", "points")]
            text = json.dumps([cell.cell_type, cell.source, kind])
            found[mark["grade_id"]] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return found


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

    Run are the cells that count in the notebook: those that came with it for an answer, known by
    nbgrader's `grade_id` or by their own id; those that bind the name of an answer; and those that
    begin as the cell for own imports and functions does. Of several that define the same, the last
    one counts, as in the notebook.

    Parameters
    ----------
    submission : NotebookNode
        From `parse`.
    """
    submission = _with_marks(submission)
    sources: dict[str, str | None] = {}
    notes: list[str] = []
    found = _found_pieces(submission)
    for name, blank in _answer_cells().items():
        if blank.cell_type == "markdown":
            sources[name], said = _written(name, submission)
            notes += said
            continue
        mine = [each for each in found if each.answer == name]
        filled = [each for each in mine if not is_blank(name, each.cell.source)]
        defining = [e for e in found if name in e.binds and not is_blank(e.answer, e.cell.source)]
        counts = (defining[-1:] or filled[:1]) or mine[:1]
        sources[name] = counts[0].cell.source if counts else None
        if name == OWN_CODE:
            continue
        if (filled or defining) and not any(each.ours for each in filled):
            notes.append(
                f"The answer to {_title(name)} was found in a cell of its own. "
                "Write it into the cell that came with the notebook."
            )
        if len({each.cell.source for each in defining}) > 1:
            notes.append(
                f"There are {len(defining)} cells with an answer to {_title(name)}. "
                "They are run in their order, as in the notebook, so the last one counts."
            )
        if not counts:
            notes.append(f"The answer cell of {_title(name)} is missing.")
    counter: Counter[str] = Counter()
    pieces = []
    for each in found:
        if not is_blank(each.answer, each.cell.source):
            counter[each.answer] += 1
            number = counter[each.answer]
            name = each.answer if number == 1 else f"{each.answer} {number}"
            pieces.append(Piece(name, each.cell.source, each.later))
    return Answers(sources, notes + _edited(submission), pieces, _too_long(pieces))


def _with_marks(submission: NotebookNode) -> NotebookNode:
    """Return a submission whose cells have the names that some editors drop, as Kaggle's does.

    A cell is known by what it says, and one that was changed by where it stands between two that
    were not.
    """
    released = pristine().cells
    ours = {cell.id for cell in released} | {mark_of(cell).get("grade_id") for cell in released}
    known = any({cell.id, cell.grade_id} & (ours - {None}) for cell in submission.cells)
    if known or len(submission.cells) > 20 * len(released):  # of so many, comparing takes minutes
        return submission
    made = [NotebookNode(cell) for cell in submission.cells]
    texts = [
        [(c.cell_type, " ".join(c.source.split())) for c in cells] for cells in (released, made)
    ]
    for _, begin, end, first, last in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        left = made[first:last]
        for cell in released[begin:end]:
            same = [each for each in left if each.cell_type == cell.cell_type and _fits(each, cell)]
            if same:
                same[0].id, same[0].grade_id = cell.id, mark_of(cell).get("grade_id")
                left = left[left.index(same[0]) + 1 :]
    return NotebookNode(cells=made)


def _fits(cell: NotebookNode, released: NotebookNode) -> bool:
    """Return whether a cell may be what became of a released one."""
    if cell.cell_type != "code":
        return True
    if _tree(_as_python(cell.source)) is None:  # it is broken, so that only its place says anything
        return bool(mark_of(released).get("solution"))
    names = _binds(released)
    own = released.source.lstrip().startswith(mnist_lab.OWN_CODE)
    return names <= _binds(cell) and own == cell.source.lstrip().startswith(mnist_lab.OWN_CODE)


@dataclass(frozen=True)
class _Found:
    """A cell that is run.

    For which answer, whether it came with it, which answers it defines, and of these, which below
    their checks.
    """

    answer: str
    cell: NotebookNode
    ours: bool
    binds: frozenset[str]
    later: frozenset[str]


def _found_pieces(submission: NotebookNode) -> list[_Found]:
    """Return the cells to run, in their order.

    The cells that came with the notebook have the order in which they came. A new one runs after
    the one of them that stands above it.
    """
    known = {n: c for n, c in _answer_cells().items() if c.cell_type == "code"}
    order, came = list(known), _came(submission, known)
    wanted = {name: _binds(cell) for name, cell in known.items() if name != OWN_CODE}
    checks = {question.check: question.id for question in QUESTIONS if question.check}
    trusted = {mark_of(cell)["grade_id"] for cell in pristine().cells if _trusted(cell)}
    firsts = {name: places[0] for name, places in came.items()}
    rank, checked, found = 0, set(), []
    for place, cell in enumerate(submission.cells):
        checked |= {checks[name] for name in (cell.grade_id, cell.id) if name in checks}
        if cell.cell_type != "code" or cell.grade_id in trusted:
            continue
        bound = _binds(cell)
        binds = frozenset(name for name in wanted if wanted[name] <= bound)
        ours = next((name for name, places in came.items() if place in places), None)
        answer = ours or next((name for name in order if name in binds), None)
        if answer is None and cell.source.lstrip().startswith(mnist_lab.OWN_CODE):
            answer = OWN_CODE
        if answer is None:
            continue
        first = firsts.get(answer) == place
        rank = order.index(answer) if first else rank
        later = frozenset() if first else binds & checked
        found.append(((rank, not first, place), _Found(answer, cell, bool(ours), binds, later)))
    return [each for _, each in sorted(found, key=lambda item: item[0])]


def _came(submission: NotebookNode, known: dict[str, NotebookNode]) -> dict[str, list[int]]:
    """Return where the cells are that came with the notebook for each answer, the original first.

    The mark says so, or, where no marked cell is filled in, the cell's own id.
    """
    ours = {mark_of(cell).get("grade_id") for cell in pristine().cells}
    found = {}
    code = [(n, cell) for n, cell in enumerate(submission.cells) if cell.cell_type == "code"]
    for name, blank in known.items():
        marked = [(n, cell) for n, cell in code if cell.grade_id == name]
        if all(is_blank(name, cell.source) for _, cell in marked):
            marked += [
                (n, c) for n, c in code if c.id == blank.id and c.grade_id not in ours - {None}
            ]
        marked.sort(key=lambda item: item[1].id != blank.id)  # stable
        if marked:
            found[name] = [n for n, _ in marked]
    return found


def _too_long(pieces: list[Piece]) -> dict[str, str]:
    """Return the longest pieces, without which the others keep to `MOST_ANSWERS`, and say so."""
    sizes = {each.name: len(each.source.encode("utf-8", "replace")) for each in pieces}
    found = {}
    while sum(sizes.values()) > MOST_ANSWERS:
        name = max(sizes, key=lambda each: sizes[each])
        found[name] = (
            f"Its cell holds {sizes.pop(name) / 1000:.0f} kB of code, and all answers together "
            f"may hold {MOST_ANSWERS / 1000:.0f}. An answer computes what it needs: take tables "
            "out of it and hand it in again."
        )
    return found


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


def _binds(cell: NotebookNode) -> set[str]:
    """Return the names that a code cell binds at its top level."""
    if cell.cell_type != "code":
        return set()
    return mnist_lab.bound_names(_as_python(cell.source))


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
    """Return a cell as Python reads it, with `await` at its top level as in a notebook."""
    try:
        return compile(source, "<cell>", "exec", mnist_lab.CELL_FLAGS | ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# -------------------------------------------------------------------------------- the cells to run


def transplant(found: list[Piece] | dict[str, str | None]) -> list[tuple[str, str]]:
    """Return the cells to run, in their order, each as (name, source).

    They are the released notebook's own cells that answers build on, and the answers. What a
    student changed elsewhere in the notebook is not among them. Lines that only a notebook
    understands do nothing, but for `%time` and its like, which run what they are given.

    Parameters
    ----------
    found : list of Piece, or dict of str
        From `answers`; or the source of each answer, of which the blank ones are left out.
    """
    if isinstance(found, dict):
        known = [name for name, cell in _answer_cells().items() if cell.cell_type == "code"]
        filled = [name for name in known if not is_blank(name, found.get(name))]
        found = [Piece(name, found[name] or "") for name in filled]
    cells = [("given", _GIVEN)]
    cells += [
        (mark_of(cell)["grade_id"], cell.source) for cell in pristine().cells if _trusted(cell)
    ]
    return cells + [(each.name, _as_python(each.source)) for each in found]


_RUNS = r"(?:time|timeit|prun|capture)"
_TIMED = re.compile(rf"%{_RUNS}\b(?:[ \t]+-\w(?:[ \t]*\d+)?)*[ \t]+(?P<code>[^-\s].*)")
_SHELL = re.compile(r"(?P<target>[\w.\[\], \t]+=)[ \t]*[!%]")
_MAGIC = re.compile(r"[%!?]|[\w.]+\?{1,2}\s*$")


def _as_python(source: str) -> str:
    if _tree(source) is not None:
        return source
    if re.match(rf"\s*%%(?!{_RUNS}\b)", source):  # `%%bash`, `%%html`: this is no Python
        return "pass"
    plain = "\n".join(map(_plain_line, source.split("\n")))
    # A line that is broken otherwise is to be reported as the student wrote it.
    return plain if _tree(plain) is not None else source


def _plain_line(line: str) -> str:
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)]
    if timed := _TIMED.match(text):
        return indent + timed["code"]
    if _MAGIC.match(text):
        return indent + "pass"
    if shell := _SHELL.match(text):  # `files = !ls`: there is no shell, and nothing in it
        return f"{indent}{shell['target']} []"
    return line
