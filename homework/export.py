"""Take grades back to the system that the submissions came from, in files that it imports as is.

Canvas and Moodle recognize people by columns of their own. So their own export is read, the grades
are filled in, and everything else stays as it was. Feedback pages go into one zip file, under the
names by which the system finds their owners.
"""

from __future__ import annotations

import csv
import os
import re
import zipfile
from pathlib import Path, PurePosixPath

from homework.collect import system_of
from homework.feedback import feedback_page, page_name
from homework.gradebook import GradebookError, Row, counted
from homework.people import Student, Table, find, parts_of, read_table

__all__ = ["SYSTEMS", "export"]

SYSTEMS = ("canvas", "moodle", "gradescope", "csv")

_CANVAS = ("student", "id", "sis user id", "sis login id", "root account", "section")


def export(
    rows: list[Row],
    system: str,
    folder: str | os.PathLike,
    students: str | os.PathLike | None = None,
    assignment: str = "",
) -> list[str]:
    """Write the grades and the feedback pages for one system; return what to tell about it.

    Parameters
    ----------
    rows : list of Row
        From the gradebook.
    system : str
        One of `SYSTEMS`.
    folder : path
        Where `grades.csv` and `feedback.zip` are written.
    students : path, optional
        The system's own export of its gradebook, or Gradescope's roster; Canvas and Moodle need it.
    assignment : str
        The column to fill, or the beginning of its title, where there are several.

    Raises
    ------
    GradebookError
        If the export is missing or has no such column, or if two rows are one student's.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if system in ("canvas", "moodle"):
        if students is None:
            name = "gradebook export" if system == "canvas" else "grading worksheet"
            raise GradebookError(
                f"{system.capitalize()} recognizes students by its own columns. Download its "
                f"{name} as CSV and name it: --students FILE."
            )
        table, left = _filled(rows, system, Path(students), assignment)
    else:
        title = "SID" if system == "gradescope" else "student"
        names, left = _identifiers(rows, students) if system == "gradescope" else ({}, [])
        table = [[title, "total"]]
        table += [[names.get(row.student, row.student), f"{row.total:g}"] for row in rows]
    _write(folder / "grades.csv", table)
    count = _write_pages(rows, folder / "feedback.zip", system)
    pages = counted(count, "feedback page")
    said = [f"{folder / 'grades.csv'}, and {pages} in {folder / 'feedback.zip'}."]
    said += left
    unread = [row.student for row in rows if not row.complete]
    if unread:
        said.append(
            f"{counted(len(unread), 'total')} without the points for answers that nobody has read "
            f"yet: {', '.join(unread[:5])}{', …' if len(unread) > 5 else ''}."
        )
    return said


def _identifiers(
    rows: list[Row], students: str | os.PathLike | None
) -> tuple[dict[str, str], list[str]]:
    """Return by what Gradescope knows each student, and what to say of those it would not know."""
    known: dict[Student, str] = {}
    if students is not None:
        table = read_table(students)
        for line, who in zip(table.lines, table.people, strict=True):
            fields = dict(zip(table.titles, map(str.strip, line), strict=False))
            number = next((fields[t] for t in ("sid", "student id", "email") if fields.get(t)), "")
            if who and number:
                known[who] = number
    names, left = {}, []
    for row in rows:
        who = find(known, row.student)
        number = known[who] if who else parts_of(row.student)[1]
        names[row.student] = number
        if number == row.student:
            left.append(
                f"{row.student} has no SID here. Download the roster from Gradescope and name it: "
                "--students FILE."
            )
    return names, left


def _filled(
    rows: list[Row], system: str, path: Path, assignment: str
) -> tuple[list[list[str]], list[str]]:
    """Return the system's own table with the grades in it, and what to say of those left out."""
    table = read_table(path)
    column = _column(table, system, assignment, path)
    kept = range(len(table.head))
    if system == "canvas":  # other assignments are not to be changed
        kept = [n for n in kept if table.titles[n] in _CANVAS or n == column]
    people = [who for who in dict.fromkeys(table.people) if who]
    rows_of: dict[Student, list[Row]] = {}
    left = []
    for row in rows:
        who = find(people, row.student)
        if who:
            rows_of.setdefault(who, []).append(row)
        elif any(each.is_named(row.student) for each in people):
            left.append(
                f"{row.student} may be one of several students in {path}: enter the grade by hand."
            )
        else:
            left.append(f"{row.student} is not in {path}: no grade was entered.")
    made = [table.head]
    for line, student in zip(table.lines, table.people, strict=True):
        mine = rows_of.get(student, [])
        if len(mine) > 1:
            both = " and ".join(row.student for row in mine)
            raise GradebookError(f"{both} would both be {student.name}. Rename or remove one.")
        if mine and column < len(line):
            line = [*line[:column], f"{mine[0].total:g}", *line[column + 1 :]]
        made.append(line)
    return [[line[n] for n in kept if n < len(line)] for line in made], left


def _column(table: Table, system: str, assignment: str, path: Path) -> int:
    titles = [title.strip() for title in table.head]
    if assignment:
        found = [n for n, title in enumerate(titles) if title == assignment]
        found = found or [n for n, title in enumerate(titles) if title.startswith(assignment)]
    elif system == "moodle":
        found = [n for n, title in enumerate(table.titles) if title == "grade"]
    else:
        found = [n for n, title in enumerate(titles) if re.search(r"\(\d+\)$", title)]
    if len(found) != 1:
        if not found:
            named = f" named {assignment}" if assignment else ""
            raise GradebookError(
                f"{path} has no column for the grades{named}. Is it the right export from "
                f"{system.capitalize()}? Its columns: {', '.join(titles[:12])}. Name one: "
                "--assignment TITLE."
            )
        names = ", ".join(titles[n] for n in found)
        raise GradebookError(
            f"Which column of {path} takes the grades? Name it: --assignment TITLE. Found: {names}."
        )
    return found[0]


def _write(path: Path, table: list[list[str]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows(table)


def _write_pages(rows: list[Row], path: Path, system: str) -> int:
    """Write a page for each submission, named as the submission was, which the systems go by.

    A group has one submission, so one page goes back; without a system each member has a page.
    """
    written: set[str] = set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows:
            name = _page_name(row.file)
            if name in written and system == "csv":
                name = str(PurePosixPath(name).with_name(page_name(row.student)))
            if not row.file or name in written:
                continue
            archive.writestr(name, feedback_page(row))
            written.add(name)
    return len(written)


_FILE = re.compile(r"(\.ipynb|\.\w{1,5})(\.(txt|json))?$", re.I)


def _page_name(file: str) -> str:
    """Return the name of a page: that of the file or folder by which the system knows its owner.

    What lies around it in the download is left out, and so is what lies in it. Where no system gave
    a name, the page lies where the notebook lay.
    """
    parts = file.split("/")
    known = next((part for part in parts if system_of(part)), None)
    if known is None:
        return _FILE.sub("", file) + ".html"
    if known != parts[-1] and not _FILE.search(known):
        return f"{known}/feedback.html"
    return _FILE.sub("", known) + ".html"
