"""Sheets for people who read the written answers: written, filled in with a spreadsheet, merged.

Each row of the rubric has a column for its points and one for a remark. Several people may mark:
what one of them gave is never overwritten by another unless that is said, and every change is kept
in the gradebook's log.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from pathlib import Path

from homework.gradebook import (
    ByHand,
    Gradebook,
    GradebookError,
    Row,
    cell,
    number,
    replacing,
    uncelled,
)
from homework.people import TableError, separator, text_of
from homework.questions import QUESTIONS, by_id

__all__ = ["merge_sheet", "write_sheet"]

_LONGEST_ANSWER = 30_000
"""Characters of a text in the sheet: a field of a spreadsheet does not hold many more."""

_MOST_ROWS = max(len(question.rubric) for question in QUESTIONS)
_POINTS = [f"points {row}" for row in range(1, _MOST_ROWS + 1)]
_REMARKS = [f"remark {row}" for row in range(1, _MOST_ROWS + 1)]


def write_sheet(book: Gradebook, path: str | os.PathLike, anonymous: bool = False) -> int:
    """Write the written answers to a table to be filled in; return how many there are.

    What was given before stands in it, so that a sheet can be finished in several sittings. A
    group's text stands in it once, and all its members get the points.

    Parameters
    ----------
    book : Gradebook
    path : path
    anonymous : bool
        Whether codes stand in place of the names, in whose order the rows then are.
    """
    lines, rows = [], book.rows()
    for row in rows:
        for name, score in row.scores.items():
            answer = score.result.answer
            if by_id(name).kind != "manual" or not answer:
                continue
            if _sharing(rows, row.student, name)[0] != row.student:
                continue  # a group's text is read once
            given = [*map(number, score.rubric)] or [""] * _MOST_ROWS
            remarks = [*map(cell, score.remarks)] or [""] * _MOST_ROWS
            shown = cell(answer[:_LONGEST_ANSWER])
            if len(answer) > _LONGEST_ANSWER:
                shown += f"\n… ({len(answer)} characters; the rest is in the notebook)"
            who = book.code_of(row.student) if anonymous else cell(row.student)
            comment = cell(score.comment) if score.by == "a person" else ""
            lines.append([who, name, shown, *given, *remarks, comment, _version(answer)])
    with replacing(Path(path)) as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL)
        titles = ["student", "question", "answer", *_POINTS, *_REMARKS, "comment", "version"]
        table.writerow(titles)
        table.writerows(sorted(lines) if anonymous else lines)
    return len(lines)


def merge_sheet(
    book: Gradebook, path: str | os.PathLike, marker: str = "", replace: bool = False
) -> int:
    """Take over the points of a sheet that was filled in; return how many answers have some.

    Rows without any points are passed over.

    Parameters
    ----------
    book : Gradebook
    path : path
    marker : str
        Who filled it in.
    replace : bool
        Whether other points that were given before are replaced.

    Raises
    ------
    GradebookError
        If a row makes no sense, or would change what was given. All such rows are listed, and
        nothing is taken over.
    """
    lines = _lines_of(path)
    book_rows = book.rows()
    answers = {
        (row.student, name): score.result.answer
        for row in book_rows
        for name, score in row.scores.items()
        if by_id(name).kind == "manual"
    }
    codes = {book.code_of(student): student for student, _ in answers}
    before = book.by_hand()
    faults, given, seen = [], [], set()
    for row, line in enumerate(lines, start=2):
        who = uncelled(line["student"] or "").strip()
        key = codes.get(who, who), (line["question"] or "").strip()
        texts = [(line[column] or "").strip() for column in _POINTS]
        if not any(texts):
            continue
        if key not in answers:
            faults.append(f"row {row}: there is no written answer by {who} to {key[1]}")
            continue
        everybody = [(student, key[1]) for student in _sharing(book_rows, *key)]
        if seen & set(everybody):
            faults.append(f"row {row}: {who}, or the same group, appears twice in the sheet")
        seen |= set(everybody)
        if (line.get("version") or _version(answers[key])).strip() != _version(answers[key]):
            faults.append(
                f"row {row}: {who} has handed in another text since this sheet was written. "
                "Empty the points of this row, and read the new text in a new sheet"
            )
            continue
        points, said = _points_in(texts, by_id(key[1]).rubric)
        if said:
            faults += [f"row {row}, {who}: {each}" for each in said]
            continue
        remarks = [uncelled(line.get(column) or "") for column in _REMARKS]
        made = ByHand(
            answers[key],
            tuple(points),
            tuple(remarks) if any(remarks) else (),
            uncelled(line.get("comment") or ""),
            marker,
        )
        for old in (before.get(each) for each in everybody):
            if old and old.answer == made.answer and old.points != made.points and not replace:
                faults.append(
                    f"row {row}: {old.marker or 'somebody'} gave {who} {sum(old.points):g} points "
                    f"before; this sheet gives {sum(points):g}. Agree on one, or add --replace"
                )
                break
        given += [(*each, made) for each in everybody]
    if faults:
        raise GradebookError("Nothing was merged:\n" + "\n".join(f"- {each}" for each in faults))
    book.give(given)
    return len(given)


def _sharing(rows: list[Row], student: str, question: str) -> list[str]:
    """Return the students who handed in the same text in the same file, as a group does."""

    def text(row: Row) -> tuple[str, str]:
        score = row.scores.get(question)
        return row.file, score.result.answer if score else ""

    mine = next(text(row) for row in rows if row.student == student)
    return [
        row.student for row in rows if text(row) == mine and (mine[0] or row.student == student)
    ]


def _lines_of(path: str | os.PathLike) -> list[dict[str, str]]:
    try:
        text = text_of(path)
        lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator(text))
        filled = list(lines)
    except (TableError, csv.Error) as error:
        raise GradebookError(f"The sheet can't be read. {error}") from None
    missing = {"student", "question", *_POINTS} - set(lines.fieldnames or ())
    if missing:
        raise GradebookError(f"The sheet {path} has no column {', '.join(sorted(missing))}.")
    return filled


def _points_in(texts: list[str], rubric: tuple) -> tuple[list[float], list[str]]:
    """Return the points of a row of the sheet and what is wrong with them."""
    points, faults = [], []
    for text, (most, what) in zip(texts, rubric, strict=False):
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if not 0 <= value <= most:
            given = f"not {text!r}" if text else "but the field is empty"
            faults.append(f"“{what}” takes 0 to {most:g} points, {given}")
        points.append(value)
    return points, faults


def _version(answer: str) -> str:
    """Return a name for a text; with a letter first, so that no spreadsheet takes it for a number.

    A sheet may be merged after the student has handed in again.
    """
    return "v" + hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()[:10]
