"""Groups that hand in one submission: it is graded once, and each member gets the row."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace

from homework.collect import Submission
from homework.people import Student, TableError, find, parts_of, read_table

__all__ = ["groups", "shared"]


def groups(path: str | os.PathLike) -> dict[str, list[Student]]:
    """Return the members of each group of a table with a column `group` and one of students.

    Raises
    ------
    TableError
        If the table can't be read or has no such column.
    """
    table = read_table(path)
    column = table.column("group")
    if column is None:
        raise TableError(f"{path} has no column `group`. It needs that and a column `student`.")
    found: dict[str, list[Student]] = {}
    for line, student in zip(table.lines, table.people, strict=True):
        group = line[column].strip() if column < len(line) else ""
        if group and student:
            found.setdefault(group, []).append(student)
    return found


def shared(
    submissions: list[Submission],
    known: dict[str, list[Student]],
    students: Iterable[Student] = (),
) -> list[tuple[Submission, list[str]]]:
    """Return each submission with the names of those whose it is.

    A group's submission goes by the name of the group or of any member. Of several, the newest
    counts, and a note says so. The list of all `students` leads from the name of a submission, such
    as `doejane_1001`, to that of a member. A file that Gradescope names several people for is one
    submission.
    """
    everybody = {who: group for group, members in known.items() for who in members}
    theirs: dict[str, list[Submission]] = {}
    alone: dict[str, tuple[Submission, list[str]]] = {}
    for each in submissions:
        who = find(everybody, each.student, students)
        group = everybody[who] if who else _group_in(each.student, known)
        if group:
            theirs.setdefault(group, []).append(each)
        else:
            alone.setdefault(each.file or each.student, (each, []))[1].append(each.student)
    found = []
    for group, handed_in in theirs.items():
        taken = max(handed_in, key=lambda each: (not each.problem, each.when))
        names = [one.name for one in known[group]]
        notes = [*taken.notes, f"Handed in by the group {group}: {', '.join(names)}."]
        if len(handed_in) > 1:
            others = ", ".join(each.student for each in handed_in if each is not taken)
            notes.append(
                f"The newest of the group was graded, {taken.file}; not so those of {others}."
            )
        found.append((replace(taken, notes=notes), names))
    return found + list(alone.values())


def _group_in(student: str, known: dict[str, list[Student]]) -> str | None:
    """Return the group that a submission is named after.

    Canvas writes its name without spaces and capitals, Moodle puts it before that of a member.
    """
    name, _ = parts_of(student)
    for group in known:
        plain = _plain(group)
        if plain in (_plain(student), _plain(name)) or student.startswith(f"{group}-"):
            return group
    return None


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
