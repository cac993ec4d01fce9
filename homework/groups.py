"""Groups that hand in one submission: it is graded once, and each member gets the row."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from pathlib import Path

from homework.collect import CollectError, Student, Submission, roster, separator

__all__ = ["groups", "shared"]


def groups(path: str | os.PathLike) -> dict[str, list[Student]]:
    """Return the members of each group of a table with a column `group` and one of students.

    Raises
    ------
    CollectError
        If the table can't be read or has no such column.
    """
    people = {student.name: student for student in roster(path)}
    text = Path(path).read_text(encoding="utf-8-sig")
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator(text))
    titles = {(title or "").strip().casefold(): title for title in lines.fieldnames or ()}
    if "group" not in titles:
        raise CollectError(f"{path} has no column `group`. It needs that and a column `student`.")
    found: dict[str, list[Student]] = {}
    for line in lines:
        group = (line.get(titles["group"]) or "").strip()
        fields = [field.strip() for field in line.values() if isinstance(field, str)]
        student = next((people[name] for name in fields if name in people), None)
        if group and student:
            found.setdefault(group, []).append(student)
    return found


def shared(
    submissions: list[Submission], known: dict[str, list[Student]]
) -> list[tuple[Submission, list[str]]]:
    """Return each submission with the names of those whose it is.

    A group's submission goes by the name of the group or of any member. Of several, the newest
    counts, and a note says so.
    """
    found, left = [], list(submissions)
    for group, members in known.items():
        theirs = [
            each
            for each in left
            if each.student == group or any(one.is_named(each.student) for one in members)
        ]
        if not theirs:
            continue
        left = [each for each in left if each not in theirs]
        taken = max(theirs, key=lambda each: (not each.problem, each.when))
        names = ", ".join(one.name for one in members)
        notes = [*taken.notes, f"Handed in by the group {group}: {names}."]
        if len(theirs) > 1:
            others = ", ".join(each.student for each in theirs if each is not taken)
            notes.append(
                f"The newest of the group was graded, {taken.file}; not those of {others}."
            )
        found.append((replace(taken, notes=notes), [one.name for one in members]))
    return found + [(each, [each.student]) for each in left]
