"""Make the student version of the lab, once it is proven that the lab can be graded fairly.

The source notebook holds reference solutions and hidden tests. They are taken out as nbgrader does
it, so that the result serves in an nbgrader course, too; a test compares the two. Before that,
three things must hold: the reference solutions get full points, the blank version gets none and is
told "not attempted" for each task, and each known-wrong solution loses exactly what it should.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode

from course_lib.attempts import AnswerError
from course_lib.lab import mnist_calls, mnist_lab
from homework import assignment
from homework.mutants import MUTANTS, Mutant
from homework.questions import OWN_CODE, QUESTIONS, Check, Question

__all__ = ["ReleaseError", "cleared", "faults", "release", "student_version"]

CODE_STUB, TEXT_STUB = "...", "*Your comparison goes here.*"


class ReleaseError(Exception):
    """The lab is not fit to be released; the message lists why."""


# ------------------------------------------------------------------------------ the student version


def student_version(source: NotebookNode) -> NotebookNode:
    """Return the notebook that students get, without solutions, hidden tests and outputs.

    Raises
    ------
    ReleaseError
        If a region does not end, or a solution stands in a cell that is not marked as one.
    """
    made = copy.deepcopy(source)
    for cell in made.cells:
        mark = assignment.mark_of(cell)
        solution, grade = mark.get("solution", False), mark.get("grade", False)
        # What a student must not delete, and what not even edit.
        if solution or grade or mark.get("locked"):
            cell.metadata["deletable"] = False
            if not solution:
                cell.metadata["editable"] = False
        stub = CODE_STUB if cell.cell_type == "code" else TEXT_STUB
        shown = cleared(cell.source, "SOLUTION", stub)
        if shown != cell.source and not solution:
            raise ReleaseError(
                f"A solution stands in the cell {cell.id!r}, which is not an answer."
            )
        if solution and shown == cell.source:
            raise ReleaseError(f"The answer cell {cell.id!r} marks no solution.")
        without = cleared(shown, "HIDDEN TESTS", None)
        if without != shown and not grade:
            raise ReleaseError(
                f"Hidden tests stand in the cell {cell.id!r}, which carries no points."
            )
        cell.source = without
        if mark:
            mark["checksum"] = _checksum(cell)
            mark["cell_type"] = cell.cell_type
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return made


def cleared(source: str, region: str, stub: str | None) -> str:
    """Return `source` with each region `### BEGIN …` to `### END …` replaced by the stub."""
    kept, inside = [], False
    for line in source.split("\n"):
        if f"BEGIN {region}" in line:
            if inside:
                raise ReleaseError(f"BEGIN {region} stands twice in a row in\n{source}")
            inside = True
            if stub is not None:
                kept.append(re.match(r"\s*", line)[0] + stub)
        elif f"END {region}" in line:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise ReleaseError(f"END {region} is missing in\n{source}")
    return "\n".join(kept)


def _checksum(cell: NotebookNode) -> str:
    """Return what nbgrader compares to see whether a cell was changed."""
    mark = assignment.mark_of(cell)
    solution, grade = mark.get("solution", False), mark.get("grade", False)
    locked = not solution and (grade or mark.get("locked", False))
    parts = [cell.source, cell.cell_type, str(grade), str(solution), str(locked), mark["grade_id"]]
    if grade:
        parts.append(str(float(mark["points"])))
    # Not for secrecy: nbgrader's own way of computing it.
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


# -------------------------------------------------------------------------------------- the proof


def faults(
    source: NotebookNode,
    ids: Iterable[str] = tuple(question.id for question in QUESTIONS),
    say: Callable[[str], object] = lambda line: None,
) -> list[str]:
    """Return in words all that stands against a release; empty if nothing does.

    Parameters
    ----------
    source : NotebookNode
        The source notebook.
    ids : iterable of str
        The questions to look at.
    say : callable
        Is told what is being tried.
    """
    found = _points_that_differ(source)
    reference, blank = _answers_of(source), _answers_of(student_version(source))
    ids = set(ids)
    chosen = [question for question in QUESTIONS if question.id in ids and question.kind == "auto"]
    for question in chosen:
        say(f"{question.title}: the reference solution")
        got, checks = _graded(question, reference)
        if got != question.points:
            words = "; ".join(check.message for check in checks if not check.passed)
            found.append(
                f"The reference solution of {question.id} gets {got:g} of {question.points:g} "
                f"points: {words}"
            )
        say(f"{question.title}: the blank version")
        found += _blank_faults(question, blank)
        for mutant in MUTANTS:
            if mutant.question == question.id:
                say(f"{question.title}: {mutant.mistake}")
                found += _mutant_faults(mutant, question, reference)
    for name, text in blank.items():
        if not assignment.is_blank(name, text):
            found.append(f"The blank answer {name} counts as attempted.")
        if name in ids and assignment.is_blank(name, reference[name]):
            found.append(f"The reference answer {name} counts as not attempted.")
    return found


def _answers_of(notebook: NotebookNode) -> dict[str, str]:
    """Return the answers that stand in a source or a blank version, without nbgrader's marks."""
    return {
        assignment.mark_of(cell)["grade_id"]: re.sub(
            r"(?m)^\s*### (BEGIN|END) SOLUTION\n?", "", cell.source
        )
        for cell in notebook.cells
        if assignment.mark_of(cell).get("solution")
    }


def _points_that_differ(source: NotebookNode) -> list[str]:
    """Say where the points in the notebook are not those of the questions."""
    marks = {
        assignment.mark_of(cell).get("grade_id"): assignment.mark_of(cell) for cell in source.cells
    }
    found, wanted = [], {OWN_CODE: None}
    for question in QUESTIONS:
        wanted[question.id] = question.points if question.kind == "manual" else None
        if question.check:
            wanted[question.check] = question.points
    for name, points in wanted.items():
        if name not in marks:
            found.append(f"The source notebook has no cell {name}.")
        elif marks[name].get("points") != points:
            found.append(
                f"The cell {name} carries {marks[name].get('points')} points in the notebook, and "
                f"{points} in the questions."
            )
    extra = {name for name, mark in marks.items() if mark.get("points") is not None} - set(wanted)
    return found + [
        f"The cell {name} carries points, but no question asks for it." for name in extra
    ]


def _graded(question: Question, answers: dict[str, str]) -> tuple[float, list[Check]]:
    """Grade one question in this very process: what is run here was written by the course."""
    names: dict[str, object] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for name, source in assignment.transplant(answers):
            exec(compile(source, f"<{name}>", "exec"), names)
        # Any seed will do; a fixed one makes a failure repeatable.
        drawn = question.inputs(np.random.default_rng(20))
        given = question.given(drawn) | (question.shared() if question.shared else {})
        try:
            made = getattr(mnist_calls, question.call)(names, given)
        except AnswerError as error:
            return 0.0, [Check(question.points, False, str(error))]
        except Exception as error:
            words = f"It stops with {type(error).__name__}: {error}"
            return 0.0, [Check(question.points, False, words)]
    checks = question.judge(drawn, made)
    assert sum(check.points for check in checks) == question.points, question.id
    return float(sum(check.points for check in checks if check.passed)), checks


def _blank_faults(question: Question, blank: dict[str, str]) -> list[str]:
    """Say what is wrong with how the blank version of a task is graded and what it is told."""
    found = []
    # The grader does not run a blank answer. Points for it would still be a fault of the judge.
    names: dict[str, object] = {"__name__": "__main__"}
    for name, source in [*assignment.transplant({}), (question.id, blank[question.id])]:
        exec(compile(source, f"<{name}>", "exec"), names)
    drawn = question.inputs(np.random.default_rng(20))
    given = question.given(drawn) | (question.shared() if question.shared else {})
    with contextlib.suppress(AnswerError):
        checks = question.judge(drawn, getattr(mnist_calls, question.call)(names, given))
        got = sum(check.points for check in checks if check.passed)
        if got:
            found.append(f"The blank version of {question.id} gets {got:g} points.")
    told = _told(question, names)
    if told.verdict != "not attempted":
        found.append(f"The blank version of {question.id} is told: {told!r}")
    return found


def _told(question: Question, names: dict[str, object]) -> mnist_lab.Note:
    """Return what the visible check of the released notebook says."""
    cell = next(
        cell
        for cell in assignment.pristine().cells
        if assignment.mark_of(cell).get("grade_id") == question.check
    )
    notes: list[mnist_lab.Note] = []
    more = {"display": notes.append, "mnist_lab": mnist_lab, "train": None, "validation": None}
    exec(compile(cell.source, f"<{question.check}>", "exec"), {**names, **more})
    return notes[0]


def _mutant_faults(mutant: Mutant, question: Question, reference: dict[str, str]) -> list[str]:
    """Say whether a mistake loses other points than it should, or is not named."""
    right = reference[question.id]
    if right.count(mutant.old) != 1:
        return [
            f"What the mutant “{mutant.mistake}” of {question.id} replaces occurs "
            f"{right.count(mutant.old)} times in the reference solution: {mutant.old!r}"
        ]
    wrong = right.replace(mutant.old, mutant.new)
    got, checks = _graded(question, reference | {question.id: wrong})
    lost, found = question.points - got, []
    failed = [check.message for check in checks if not check.passed]
    if lost != mutant.loses:
        found.append(
            f"The mutant “{mutant.mistake}” of {question.id} loses {lost:g} points; it should lose "
            f"{mutant.loses:g}. {' '.join(failed)}"
        )
    if not any(mutant.says in message for message in failed):
        found.append(
            f"The mutant “{mutant.mistake}” of {question.id} is not told {mutant.says!r} but: "
            f"{' '.join(failed)}"
        )
    return found


# ------------------------------------------------------------------------------------- the command


def release(
    target: Path = assignment.RELEASED,
    say: Callable[[str], object] = print,
    sealed: Path = assignment.SEALED,
) -> Path:
    """Prove the source notebook and write the student version, with its outputs, to `target`.

    A hash of each cell that grades depend on goes to `sealed`; nothing else is graded by later.

    Raises
    ------
    ReleaseError
        If anything stands against it. `target` is left as it was.
    """
    source = nbformat.read(assignment.SOURCE, as_version=4)
    made = student_version(source)
    with assignment.released_as(made):
        found = faults(source, say=say)
    if found:
        raise ReleaseError("The lab is not released:\n" + "\n".join(f"- {each}" for each in found))
    say("The student version is run from top to bottom")
    target = Path(target)
    part = target.with_name(f".{target.name}")
    nbformat.write(made, part)
    try:
        script = assignment.ROOT / "notebooks" / "store_outputs.py"
        # The kernel works in the notebook's folder, and finds the course from there, too.
        paths = [str(assignment.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        run = subprocess.run(
            [sys.executable, script, part],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
        )
        if run.returncode:
            told = re.sub("\x1b\\[[0-9;]*m", "", run.stderr).strip().splitlines() or ["no message"]
            raise ReleaseError(f"The student version does not run to its end: {told[-1]}")
        part.replace(target)
        seal = json.dumps(assignment.seal_of(made), indent=1) + "\n"
        Path(sealed).write_text(seal, encoding="utf-8")
    finally:
        part.unlink(missing_ok=True)
    return target
