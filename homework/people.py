"""Tables of students, as Canvas, Moodle, Gradescope and spreadsheets write them, in any language.

What a class is called differs from system to system, so a student is known by several keys. An
identifier goes before a name, because two students can have the same name.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = [
    "Student",
    "Table",
    "TableError",
    "find",
    "parts_of",
    "read_table",
    "roster",
    "separator",
    "text_of",
]


class TableError(Exception):
    """A table can't be read or lacks a column; the message says what to do."""


@dataclass(frozen=True)
class Student:
    """Somebody who should hand in.

    Attributes
    ----------
    name : str
        What the row in the gradebook is called if nothing was handed in; never twice in a table.
    keys : tuple of frozenset of str
        By what the student is known, from the surest to the least sure: the system's own number;
        other identifiers and addresses; names.
    """

    name: str
    keys: tuple[frozenset[str], ...] = ()

    def is_named(self, student: str) -> bool:
        """Return whether a row of the gradebook may be this student's."""
        return any(_wanted(student) & keys for keys in self.keys)

    def may_be(self, other: Student) -> bool:
        """Return whether a line of another table may be about this student."""
        return any(mine & theirs for mine in self.keys for theirs in other.keys)


def find(students: Iterable[Student], name: str, known: Iterable[Student] = ()) -> Student | None:
    """Return the student whose a row of the gradebook is; None if nobody is, or several may be.

    Where the class is `known`, its list leads from the name that a system gave a submission, such
    as `doejane_1001`, to the names that people write, such as `Jane Doe`.
    """
    students, wanted = list(dict.fromkeys(students)), _wanted(name)
    for level in range(3):
        found = [
            each for each in students if each.keys[level : level + 1] and wanted & each.keys[level]
        ]
        if len(found) == 1:
            return found[0]
        if found:
            break
    who = find(known, name) if known else None
    for keys in who.keys if who else ():
        found = [each for each in students if any(keys & theirs for theirs in each.keys)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def parts_of(student: str) -> tuple[str, str]:
    """Return the name and the identifier in the name of a row, such as `Jane Doe_9001`."""
    address = re.fullmatch(r"(.*?)_(\S+@\S+)", student, re.S)
    name, _, number = student.rpartition("_")
    return (address[1], address[2]) if address else (name, number)


def _wanted(student: str) -> set[str]:
    return {_key(part) for part in (student, *parts_of(student))} - {""}


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


@dataclass(frozen=True)
class Table:
    """A table as it stands in the file, and whose each line is.

    Attributes
    ----------
    head : list of str
        The titles of its columns; empty if it has none.
    titles : list of str
        The same in English and in small letters, as far as they are known.
    lines : list of list of str
        The lines below the titles, as they are.
    people : list of (Student or None)
        The student of each line.
    """

    head: list[str]
    titles: list[str]
    lines: list[list[str]]
    people: list[Student | None]

    def column(self, *titles: str) -> int | None:
        """Return the number of the first of these columns that there is."""
        return next((self.titles.index(each) for each in titles if each in self.titles), None)


def roster(path: str | os.PathLike) -> list[Student]:
    """Return the students of a CSV file, each once; `read_table` says which files it knows."""
    return list(dict.fromkeys(who for who in read_table(path).people if who))


def read_table(path: str | os.PathLike) -> Table:
    """Return a table of students.

    It may be Canvas' export of its gradebook, Moodle's export or grading worksheet, Gradescope's
    roster, or a plain list with the students in its first column, with or without a title row.

    Raises
    ------
    TableError
        If the file can't be read.
    """
    text = text_of(path)
    try:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text))
        rows = [row for row in table if any(map(str.strip, row))]
    except csv.Error as error:
        raise TableError(f"The table {path} can't be read: {error}") from None
    if not rows:
        raise TableError(f"The table {path} is empty.")
    titles = [_TITLES.get(_key(field), _key(field)) for field in rows[0]]
    sure = {*_NUMBERS, *_OTHERS, "student", "students", "full name"}
    if titles[0] not in _NAMES and not set(titles) & sure:
        titles = []
    head = rows[0] if titles else []
    lines = rows[1:] if titles else rows
    people = [_student(dict(zip(titles, row, strict=False)), row[0]) for row in lines]
    return Table(head, titles, lines, _told_apart(people))


def text_of(path: str | os.PathLike) -> str:
    """Return what a table holds, in UTF-8 or in what Excel calls Unicode text."""
    try:
        content = Path(path).read_bytes()
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(
            f"The table {path} is in an old encoding. Save it as CSV in UTF-8."
        ) from None
    except OSError as error:
        raise TableError(f"The table {path} can't be read: {error.strerror}.") from None


def _student(fields: dict[str, str], first: str) -> Student | None:
    line = {title: text.strip() for title, text in fields.items()}
    last = line.get("last name", "")
    both = f"{line.get('first name', '')} {last}".strip()
    name = both or next((line[title] for title in _NAMES if line.get(title)), first.strip())
    if not name or _key(name) in ("points possible", "student, test", "test student"):
        return None
    names = [name]
    if "," in name:
        last, _, given = name.partition(",")
        names.append(f"{given.strip()} {last.strip()}")
    numbers = [line[title] for title in _NUMBERS if line.get(title)]
    numbers += [found[1] for each in numbers if (found := _PARTICIPANT.fullmatch(each))]
    others = [line[title] for title in _OTHERS if line.get(title)]
    levels = tuple(frozenset(map(_key, keys)) for keys in (numbers, others, names))
    return Student(unicodedata.normalize("NFC", name), levels)


def _told_apart(people: list[Student | None]) -> list[Student | None]:
    """Return the students, those of the same name with an identifier behind it."""
    counts = Counter(_key(who.name) for who in set(people) if who)
    made = []
    for who in people:
        if who and counts[_key(who.name)] > 1:
            more = next((min(keys) for keys in who.keys[:2] if keys), "")
            who = replace(who, name=f"{who.name}_{more}") if more else who
        made.append(who)
    return made


def separator(table: str) -> str:
    """Return what stands between the fields of a table: spreadsheets in some languages write ;."""
    first = table.strip().partition("\n")[0]
    return max(",;\t", key=first.count)


_NUMBERS = ("id", "identifier", "sid", "student id")
_OTHERS = (*("id number", "sis user id", "sis login id", "email", "username", "email address"),)
_NAMES = ("student", "students", "full name", "name", "student id", "id", "identifier")
_PARTICIPANT = re.compile(r"(?:Participant|Teilnehm)[^\d]*(\d+)", re.I)

_TITLES = {
    other: title
    for title, others in {
        "first name": "firstname; given name; vorname; prénom; nombre",
        "last name": "lastname; surname; family name; nachname; nom; nom de famille; apellido(s)",
        "full name": "fullname; vollständiger name; nom complet; nombre completo",
        "student": "studierende; studierende/r; teilnehmer/in; teilnehmer; étudiant; estudiante",
        "id number": "id-nummer; matrikelnummer; numéro d'identification; número de id",
        "email address": "e-mail; e-mail address; e-mail-adresse; adresse de courriel; "
        "adresse e-mail; dirección de correo; dirección email; correo electrónico",
        "username": "login; anmeldename; nom d'utilisateur; nombre de usuario",
        "identifier": "identifiant; identificador",
        "section": "abschnitt; sektion; sección",
        "grade": "bewertung; note; calificación",
        "last modified (submission)": "zuletzt geändert (abgabe); "
        "dernière modification (travail remis); última modificación (entrega)",
        "group": "gruppe; groupe; grupo",
        "submitted": "abgegeben; handed in; remis; entregado",
        "due": "until; deadline; fällig; bis; délai; fecha de entrega",
    }.items()
    for other in others.split("; ")
}
"""Titles as other languages and spreadsheets have them, and the one by which they are known."""
