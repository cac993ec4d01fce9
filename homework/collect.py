"""Find who handed in what: in a folder, or in the zip file that Canvas or Moodle makes of it.

Nothing is followed, unpacked or run. A link, a name that leads elsewhere and a file that is no
notebook are found, too: each student gets a row, whatever was handed in.
"""

from __future__ import annotations

import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from homework.assignment import LARGEST

__all__ = ["CollectError", "Submission", "collect", "roster", "separator"]

_CANVAS = re.compile(r"^(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_\d+_(?P<file>.+)$", re.I)
_MOODLE = re.compile(r"^(?P<name>.+)_(?P<user>\d+)_assignsubmission_[a-z]+_(?P<file>.*)$", re.S)
_AGAIN = re.compile(r"-(\d+)\.ipynb$", re.I)
_MOST_ENTRIES = 100_000
_OF_SYSTEMS = {
    *(".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini", ".directory"),
    *(".ipynb_checkpoints", "__pycache__", ".git", ".gitignore", ".gitkeep"),
}


class CollectError(Exception):
    """There is nothing to collect from; the message says why."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
        Who, in Unicode's composed form.
    file : str
        The name of the notebook within what was collected; empty if there is none.
    problem : str
        Why it can't be graded, in words for the student; empty if it can be read.
    notes : list of str
        What is to be told about how it was handed in.
    read : callable
        Returns the bytes of the file.
    """

    student: str
    file: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    read: Callable[[], bytes] = bytes


@dataclass(frozen=True)
class _Entry:
    """A file, or something else, in the folder or zip file."""

    parts: tuple[str, ...]
    when: float
    problem: str
    read: Callable[[], bytes]


_LINK = "This is a link to another place. Links are not followed: hand in the notebook itself."
_OUTSIDE = "The name of the file leads out of the folder of submissions. It was not read."
_SPECIAL = "This is not a file that can be read."
_UNREADABLE = "The folder can't be read: {}."
_NO_NOTEBOOK = (
    "There is no notebook among what was handed in: {}. Hand in the file that ends in .ipynb."
)


def collect(place: str | os.PathLike) -> list[Submission]:
    """Return one submission for each student found in `place`, in the order of their names.

    Known are: `STUDENT.ipynb`; `STUDENT/any/where/FILE.ipynb`, as nbgrader has it; and the names
    that Canvas and Moodle give to files and folders. Of several notebooks of one student, the
    newest counts.

    Raises
    ------
    CollectError
        If `place` is neither a folder nor a zip file.
    """
    place = Path(place)
    if place.is_dir():
        entries = list(_in_folder(place))
    elif zipfile.is_zipfile(place):
        entries = list(_in_zip(place))
    elif place.exists():
        raise CollectError(
            f"{place} is neither a folder nor a zip file. If it should be one, its download was "
            "cut short: fetch it again."
        )
    else:
        raise CollectError(f"There is no folder or zip file {place}.")
    found: dict[str, list[tuple[_Entry, int, bool]]] = {}
    for entry in entries:
        student, again, late = _whose(entry)
        found.setdefault(unicodedata.normalize("NFC", student), []).append((entry, again, late))
    return [_chosen(student, found[student]) for student in sorted(found)]


def roster(path: str | os.PathLike) -> list[str]:
    """Return the students named in the first column of a CSV file; a title row is left out.

    Raises
    ------
    CollectError
        If the file can't be read.
    """
    import csv

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            text = file.read()
        table = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text))
        names = [row[0].strip() for row in table if row and row[0].strip()]
    except UnicodeDecodeError:
        raise CollectError(
            f"The list of students {path} is in an old encoding. Save it as CSV in UTF-8."
        ) from None
    except (OSError, csv.Error) as error:
        raise CollectError(f"The list of students {path} can't be read: {error}") from None
    if names and names[0].lower() in ("student", "students", "name", "id", "student id"):
        names = names[1:]
    return [unicodedata.normalize("NFC", name) for name in dict.fromkeys(names)]


def separator(table: str) -> str:
    """Return what stands between the fields of a table: spreadsheets in some languages write ;."""
    first = table.strip().partition("\n")[0]
    return max(",;\t", key=first.count)


# ------------------------------------------------------------------------------------ what is there


def _in_folder(place: Path) -> Iterator[_Entry]:
    def walk(folder: str, parts: tuple[str, ...]) -> Iterator[_Entry]:
        try:
            with os.scandir(folder) as scan:
                items = sorted(scan, key=lambda item: item.name)
        except OSError as error:
            if not parts:
                raise CollectError(f"{place} can't be read: {error.strerror}.") from None
            yield _Entry((*parts, ""), 0, _UNREADABLE.format(error.strerror), bytes)
            return
        empty = True
        for item in items:
            if _uninteresting(item.name):
                continue
            empty = False
            # A name that is no Unicode is shown with its odd bytes replaced.
            name = os.fsencode(item.name).decode("utf-8", "replace")
            here = (*parts, name)
            if item.is_symlink():
                yield _Entry(here, 0, _LINK, bytes)
            elif item.is_dir(follow_symlinks=False):
                yield from walk(item.path, here)
            elif item.is_file(follow_symlinks=False):
                path = item.path
                when = item.stat(follow_symlinks=False).st_mtime
                yield _Entry(here, when, "", lambda path=path: _read(path))
            else:
                yield _Entry(here, 0, _SPECIAL, bytes)
        if empty and len(parts) == 1:
            yield _Entry((*parts, ""), 0, "", bytes)

    yield from walk(str(place), ())


def _read(path: str) -> bytes:
    """Return a file's bytes, one more than is allowed at most; what became a link is not read."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        return file.read(LARGEST + 1)


def _in_zip(place: Path) -> Iterator[_Entry]:
    try:
        with zipfile.ZipFile(place) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as error:
        raise CollectError(f"{place} is damaged: {error}. Fetch it again.") from None
    if len(infos) > _MOST_ENTRIES:
        raise CollectError(f"{place} has {len(infos)} files, more than a class hands in.")
    for info in infos:
        parts = tuple(part for part in info.filename.split("/") if part)
        if info.is_dir() or not parts or any(_uninteresting(part) for part in parts):
            continue
        when = float(sum(n * 100 ** (5 - i) for i, n in enumerate(info.date_time)))
        mode = info.external_attr >> 16
        odd = info.filename.startswith("/") or "\\" in info.filename or ":" in parts[0]
        if odd or any(part in (".", "..") for part in parts):
            yield _Entry((info.filename, ""), when, _OUTSIDE, bytes)
        elif stat.S_ISLNK(mode):
            yield _Entry(parts, when, _LINK, bytes)
        else:
            yield _Entry(parts, when, "", lambda info=info: _read_zipped(place, info))


def _read_zipped(place: Path, info: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(place) as archive, archive.open(info) as file:
            return file.read(LARGEST + 1)
    except Exception as error:  # each way to pack has its own errors for what is damaged
        raise OSError(str(error)) from None


def _uninteresting(name: str) -> bool:
    """Return whether a file was made by the system or by Jupyter, not by a student."""
    return name in _OF_SYSTEMS or name.startswith("._")


# -------------------------------------------------------------------------------------- whose is it


def _whose(entry: _Entry) -> tuple[str, int, bool]:
    """Return the student, the number of the attempt as Canvas counts it, and whether it is late."""
    first = entry.parts[0]
    if entry.problem == _OUTSIDE:
        return first, 0, False
    if moodle := _MOODLE.match(first):
        return f"{moodle['name']}_{moodle['user']}", 0, False
    if len(entry.parts) == 1 and (canvas := _CANVAS.match(first)):
        again = _AGAIN.search(canvas["file"])
        number = int(again[1][:6]) if again else 0
        return f"{canvas['name']}_{canvas['user']}", number, bool(canvas["late"])
    if len(entry.parts) == 1:
        return re.sub(r"\.ipynb$", "", first, flags=re.I) or first, 0, False
    return first, 0, False


def _chosen(student: str, found: list[tuple[_Entry, int, bool]]) -> Submission:
    """Return the submission of a student among all that was found of theirs."""
    notebooks = [
        item
        for item in found
        if not item[0].problem and item[0].parts[-1].lower().endswith(".ipynb")
    ]
    if not notebooks:
        problem = next((entry.problem for entry, _, _ in found if entry.problem), "")
        others = [entry.parts[-1] for entry, _, _ in found if entry.parts[-1]]
        names = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        if not problem and not others:
            problem = "The folder is empty: nothing was handed in."
        return Submission(student, "", problem or _NO_NOTEBOOK.format(names))
    notebooks.sort(key=lambda item: (item[1], item[0].when, item[0].parts))
    entry, _, late = notebooks[-1]
    notes = []
    if len(notebooks) > 1:
        names = ", ".join("/".join(other.parts) for other, _, _ in notebooks[:-1][:5])
        notes.append(
            f"{len(notebooks)} notebooks were handed in. {'/'.join(entry.parts)}, the newest, was "
            f"graded; not so {names}."
        )
    if late:
        notes.append("It was handed in late.")
    return Submission(student, "/".join(entry.parts), "", notes, entry.read)
