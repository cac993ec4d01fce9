"""Find who handed in what: in a folder or zip file, as Canvas, Moodle and others make it.

Nothing is followed, unpacked or run. A link, a name that leads elsewhere and a file that is no
notebook are found, too: each student gets a row, whatever was handed in.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from homework.assignment import LARGEST, AssignmentError, parse

__all__ = [
    "CollectError",
    "Submission",
    "collect",
    "system_of",
]

_CANVAS = (
    re.compile(r"^(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_\d+_(?P<file>.+)$", re.I | re.S),
    re.compile(
        r"^(?P<late>LATE_)?(?P<name>anon)_(?P<late2>LATE_)?(?P<user>\w+?)_\d+_(?P<file>.+)$",
        re.I | re.S,
    ),
)
_MOODLE = re.compile(
    r"^(?P<name>.+)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?$", re.S
)
_BLACKBOARD = re.compile(
    r"^(?P<file>.+)_(?P<name>[^_]+)_attempt_(?P<when>\d{4}(?:-\d\d){5})(?:_.*|\.txt)?$", re.S
)
_BRIGHTSPACE = re.compile(
    r"^(?P<user>\d+)-\d+ ?- (?P<name>.+?) ?- "
    r"(?P<when>\w{3} \d{1,2}, \d{4} \d{3,4} [AP]M)(?: ?- .*)?$",
    re.S,
)
_GRADESCOPE = re.compile(r"^submission_\d+$")
_GOOGLE = re.compile(r"^(?P<name>.+?) - (?P<file>.+)$", re.S)
_NOTEBOOK = re.compile(r"(\.ipynb)+(\.(txt|json))?$", re.I)
_COPY = re.compile(r"([ _]?\(\d+\)|-Copy\d*)$", re.I)
_AGAIN = re.compile(r"-(\d+)\.ipynb", re.I)
_METADATA = "submission_metadata.yml"
_BESIDE = {"index.html", "grades.csv", "grades.xls", "README.md", "timestamp.txt"}
"""What systems put beside the submissions."""
_VERSION = re.compile(r"^(version|attempt|versuch|submission|v)[ _-]?\d+$", re.I)
"""A folder for each time that one student handed in."""
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DEEPEST = 3
"""Zip files in zip files."""
_MOST_ENTRIES = 100_000
_LARGEST_RAW = 200_000_000
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
        The name of the notebook within what was collected, or of what was handed in in its place.
    problem : str
        Why it can't be graded, in words for the student; empty if it can be read.
    notes : list of str
        What is to be told about how it was handed in.
    when : float
        When, in seconds since 1970: as the system says, or the date of the file; 0 if unknown.
    read : callable
        Returns the bytes of the file.
    several : tuple of str
        What tells the notebooks of the lab apart, if it may be that several students wrote them.
    """

    student: str
    file: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    when: float = 0.0
    read: Callable[[], bytes] = bytes
    several: tuple[str, ...] = ()


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


def collect(place: str | os.PathLike, one_student: bool = False) -> list[Submission]:
    """Return one submission for each student found in `place`, in the order of their names.

    `place` is a folder, a zip file or one notebook. Known are `STUDENT.ipynb`;
    `STUDENT/any/where/FILE.ipynb`, as nbgrader has it; and what Canvas, Moodle, Gradescope, Google
    Classroom, Blackboard and Brightspace make of it, with or without a folder around everything. Of
    several notebooks of one student, the newest that is the lab counts. Where all of it is known to
    be one student's, several notebooks of the lab are no reason to stop.

    Raises
    ------
    CollectError
        If `place` can't be read, or if several students' notebooks would count as one student's.
    """
    place = Path(place)
    if place.is_dir():
        entries = list(_in_folder(place))
    elif zipfile.is_zipfile(place):
        entries = list(_in_zip(place.read_bytes, place))
    elif place.is_file() and _NOTEBOOK.search(place.name):
        entries = [_Entry((place.name,), place.stat().st_mtime, "", lambda: _read(str(place)))]
    elif place.exists():
        raise CollectError(
            f"{place} is neither a folder, a zip file nor a notebook. If it should be a zip file, "
            "its download was cut short: fetch it again."
        )
    else:
        raise CollectError(f"There is no folder or zip file {place}.")
    if not entries:
        raise CollectError(f"{place} is empty: nobody has handed in anything there.")
    entries = _unwrapped([inner for entry in entries for inner in _unpacked(entry)])
    names, dates = _gradescope_names(entries)
    entries = [replace(e, when=dates.get(e.parts[0], e.when)) for e in entries]
    google = all(_GOOGLE.match(_stem(e.parts[0])) for e in entries if len(e.parts) == 1)
    found: dict[str, list[_Found]] = {}
    for entry in entries:
        if len(entry.parts) == 1 and entry.parts[0] in (_METADATA, *_BESIDE):
            continue
        whose = _whose(entry, google)
        for student in names.get(whose.student, [whose.student]):
            found.setdefault(unicodedata.normalize("NFC", student), []).append(whose)
    made = [_chosen(student, found[student]) for student in sorted(found)]
    if not one_student:
        crowds = _crowds(found)
        made = [replace(each, several=crowds.get(each.student, ())) for each in made]
    return _with_odd_names(made)


def _unwrapped(entries: list[_Entry]) -> list[_Entry]:
    """Take off folders that are around everything, or around sections, and are no student's."""
    first = {entry.parts[0] for entry in entries}
    deep = all(len(entry.parts) > 1 and not entry.problem for entry in entries)
    if not deep or any(map(system_of, first)):
        return entries
    inner = [replace(entry, parts=entry.parts[1:]) for entry in entries]
    if len(first) > 1:  # sections, if what is in them was named by a system
        return inner if all(system_of(entry.parts[0]) for entry in inner) else entries
    deeper = _unwrapped(inner)
    people = {_person(entry) for entry in inner if _is_notebook(entry) and _is_lab(entry)}
    known = any(system_of(entry.parts[0]) for entry in deeper)
    return deeper if known or len(people) > 1 else entries


def system_of(name: str) -> bool:
    """Return whether a name was given by one of the systems that students hand in to."""
    patterns = (*_CANVAS, _MOODLE, _BLACKBOARD, _BRIGHTSPACE, _GRADESCOPE)
    return name == _METADATA or any(pattern.match(name) for pattern in patterns)


def _person(entry: _Entry) -> str:
    """Return what tells students apart, without the marks of a second download."""
    name = _stem(entry.parts[0]) if len(entry.parts) == 1 else entry.parts[0]
    return name.casefold()


def _stem(name: str) -> str:
    stem = _NOTEBOOK.sub("", re.sub(r"\.zip$", "", name, flags=re.I))
    return _COPY.sub("", stem) or stem or name


def _is_notebook(entry: _Entry) -> bool:
    return not entry.problem and bool(_NOTEBOOK.search(entry.parts[-1]))


def _is_lab(entry: _Entry) -> bool:
    try:
        parse(entry.read())
    except (AssignmentError, OSError):
        return False
    return True


def _gradescope_names(entries: list[_Entry]) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Return who handed in each folder of Gradescope's export, maybe a group, and when.

    The file has a key for each folder; under `:submitters:`, it lists `:name:`, `:sid:`, `:email:`.
    """
    for entry in entries:
        if entry.parts != (_METADATA,):
            continue
        import yaml

        try:
            table = yaml.safe_load(entry.read())
            dates = {
                folder: one[":created_at"].timestamp()
                for folder, one in table.items()
                if isinstance(one.get(":created_at"), datetime)
            }
            return {
                folder: [
                    f"{who[':name']}_{who.get(':sid') or who.get(':email')}"
                    for who in one[":submitters"]
                ]
                for folder, one in table.items()
            }, dates
        except (yaml.YAMLError, OSError, LookupError, TypeError, AttributeError) as error:
            raise CollectError(
                f"Gradescope's {_METADATA} can't be read ({type(error).__name__}), so the "
                "folders have no names. Export the submissions again."
            ) from None
    return {}, {}


def _crowds(found: dict[str, list[_Found]]) -> dict[str, tuple[str, ...]]:
    """Return who seems to be several people, such as a section; stop where most seem to be."""
    crowds = {}
    for student, items in found.items():
        first = items[0].entry.parts[0]
        if system_of(first) and not any(pattern.match(first) for pattern in _CANVAS):
            continue
        notebooks = [item for item in items if _is_notebook(item.entry)]
        if len(notebooks) > 1:
            names = {_told_apart_by(item) for item in notebooks if _is_lab(item.entry)}
            if len(names) > 1:
                crowds[student] = tuple(sorted(names))
    if len(crowds) > len(found) / 2:
        student, names = next(iter(crowds.items()))
        raise CollectError(
            f"{len(names)} notebooks of the lab would count as the work of one student, "
            f"{student}: {', '.join(names[:5])}. If these are students, give the folder that holds "
            "their notebooks, or put the notebook of each student into a folder with the student's "
            "name; if they are one student's, keep one of them."
        )
    return crowds


def _told_apart_by(found: _Found) -> str:
    """Return what is left of a file's name without the marks of a system or of a second attempt."""
    parts = [unicodedata.normalize("NFC", part) for part in found.entry.parts]
    if len(parts) > 1:
        folders = [part for part in parts[1:-1] if not _VERSION.match(part)]
        return "/".join([*folders, _stem(parts[-1])])
    for pattern in _CANVAS:
        if canvas := pattern.match(parts[0]):
            return re.sub(r"-\d+$", "", _stem(canvas["file"]))
    return _NOTEBOOK.sub("", parts[0])


# Letters of Cyrillic and Greek, each with the Latin one that it looks like.
_PAIRS = (
    "аa еe оo рp сc уy хx іi ѕs ԁd јj һh ԛq ԝw АA ВB ЕE КK МM НH ОO РP СC ТT ХX ІI ЅS ЈJ "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo"
)
_LOOKS_LIKE = {ord(other): latin for other, latin in _PAIRS.split()}


def _with_odd_names(made: list[Submission]) -> list[Submission]:
    """Note of each name what an eye does not see in it."""
    alike: dict[str, list[str]] = {}
    for found in made:
        alike.setdefault(_seen(found.student), []).append(found.student)
    for found in made:
        if any(unicodedata.category(char) in ("Cf", "Cc") for char in found.student):
            found.notes.append(
                "The name holds characters that are not seen or that turn the line around: "
                f"{found.student!a}."
            )
        others = [name for name in alike[_seen(found.student)] if name != found.student]
        if others:
            found.notes.append(
                f"The name looks like that of another row: {found.student!a} and "
                f"{', '.join(map(ascii, others))}."
            )
    return made


def _seen(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).translate(_LOOKS_LIKE)
    return "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc")).casefold()


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
        return _without_pictures(file.read(_LARGEST_RAW + 1))


def _in_zip(content: Callable[[], bytes], place: Path) -> Iterator[_Entry]:
    """Return what a zip file holds. `content` gives its bytes, if it lies in another one."""
    outer: Path | io.BytesIO = place if place.is_file() else io.BytesIO(content())
    try:
        with zipfile.ZipFile(outer) as archive:
            infos = archive.infolist()
    except zipfile.BadZipFile as error:
        raise CollectError(f"{place} is damaged: {error}. Fetch it again.") from None
    if len(infos) > _MOST_ENTRIES:
        raise CollectError(f"{place} has {len(infos)} files, more than a class hands in.")
    if any(info.flag_bits & 1 for info in infos):
        raise CollectError(f"{place} has a password. Unpack it and name the folder.")
    if any(info.compress_type not in _PACKED for info in infos):
        raise CollectError(
            f"{place} is packed in a way that Python can't read. Unpack it and name the folder."
        )
    for info in infos:
        name = _unicode(info).replace("\\", "/")
        parts = tuple(part for part in name.split("/") if part)
        folder = info.is_dir() or name.endswith("/")
        if folder or not parts or any(_uninteresting(part) for part in parts):
            continue
        when = _time_of(info)
        mode = info.external_attr >> 16
        if name.startswith("/") or ":" in parts[0] or any(part in (".", "..") for part in parts):
            yield _Entry((info.filename, ""), when, _OUTSIDE, bytes)
        elif stat.S_ISLNK(mode):
            yield _Entry(parts, when, _LINK, bytes)
        else:
            yield _Entry(parts, when, "", lambda info=info: _read_zipped(outer, info))


def _time_of(info: zipfile.ZipInfo) -> float:
    try:
        return datetime(*info.date_time).timestamp()
    except (ValueError, OverflowError, OSError):  # a date that is none
        return 0.0


def _unicode(info: zipfile.ZipInfo) -> str:
    """Return a name as it was written: many programs write UTF-8 and do not say so."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _unpacked(entry: _Entry, depth: int = 1) -> Iterator[_Entry]:
    """Return an entry, or, of a zip file that a student handed in, what lies in it."""
    if entry.problem or not entry.parts[-1].lower().endswith(".zip"):
        yield entry
        return
    name = entry.parts[-1]
    try:
        content = entry.read()
        if len(content) > LARGEST:
            raise CollectError("It is too large.")
        inner = list(_in_zip(lambda: content, Path("/", *entry.parts)))
    except (CollectError, OSError):
        problem = (
            f"The zip file {name} can't be read: it is too large, damaged, or has a password. Hand "
            "in the notebook itself, the file that ends in .ipynb."
        )
        yield replace(entry, problem=problem)
        return
    if not inner:
        yield replace(entry, problem=f"The zip file {name} is empty: nothing was handed in.")
    for each in inner:
        below = replace(each, parts=(*entry.parts, *each.parts))
        yield from _unpacked(below, depth + 1) if depth < _DEEPEST else (below,)


def _read_zipped(outer: Path | io.BytesIO, info: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(outer) as archive, archive.open(info) as file:
            return _without_pictures(file.read(_LARGEST_RAW + 1))
    except Exception as error:  # each way to pack has its own errors for what is damaged
        raise OSError(str(error)) from None


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.S)


def _without_pictures(content: bytes) -> bytes:
    """Return a notebook; of one that is too large, without the long strings of its outputs."""
    if LARGEST < len(content) <= _LARGEST_RAW:
        short = _STRING.sub(lambda text: text[0] if len(text[0]) < 500_000 else b'""', content)
        content = short if short.lstrip().startswith(b"{") else content
    return content[: LARGEST + 1]


def _uninteresting(name: str) -> bool:
    """Return whether a file was made by the system or by Jupyter, not by a student."""
    return name in _OF_SYSTEMS or name.startswith("._")


# -------------------------------------------------------------------------------------- whose is it


@dataclass(frozen=True)
class _Found:
    """An entry, its student, the number of the attempt as Canvas counts it, whether it is late."""

    entry: _Entry
    student: str
    again: int = 0
    late: bool = False


def _whose(entry: _Entry, google: bool) -> _Found:
    first = entry.parts[0]
    if entry.problem == _OUTSIDE:
        return _Found(entry, first)
    if moodle := _MOODLE.match(first):
        return _Found(entry, f"{moodle['name']}_{moodle['user']}")
    for pattern in _CANVAS:
        if canvas := pattern.match(first):
            again = _AGAIN.search(canvas["file"])
            late = any(canvas.groupdict().get(name) for name in ("late", "late2"))
            number = int(again[1][:6]) if again else 0
            return _Found(entry, f"{canvas['name']}_{canvas['user']}", number, late)
    if board := _BLACKBOARD.match(first):
        return _Found(_dated(entry, board["when"], "%Y-%m-%d-%H-%M-%S"), board["name"])
    if bright := _BRIGHTSPACE.match(first):
        entry = _dated(entry, bright["when"], "%b %d, %Y %I%M %p")
        return _Found(entry, f"{bright['name']}_{bright['user']}")
    if len(entry.parts) > 1 and not first.lower().endswith(".zip"):
        return _Found(entry, first)
    stem = _stem(first)
    if google and (named := _GOOGLE.match(stem)):
        stem = named["name"]
    return _Found(entry, stem)


def _dated(entry: _Entry, when: str, form: str) -> _Entry:
    with contextlib.suppress(ValueError):
        return replace(entry, when=datetime.strptime(when, form).timestamp())
    return entry


def _chosen(student: str, found: list[_Found]) -> Submission:
    """Return the submission of a student among all that was found of theirs."""
    notebooks = [item for item in found if _is_notebook(item.entry)]
    if not notebooks:
        problem = next((item.entry.problem for item in found if item.entry.problem), "")
        others = [item.entry.parts[-1] for item in found if item.entry.parts[-1]]
        names = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        taken_at = max(item.entry.when for item in found)
        if not problem and not others:
            problem = "The folder is empty: nothing was handed in."
        what = next(("/".join(i.entry.parts) for i in found if i.entry.parts[-1]), "")
        return Submission(student, what, problem or _NO_NOTEBOOK.format(names), when=taken_at)
    labs = notebooks
    if len(notebooks) > 1:
        labs = [item for item in notebooks if _is_lab(item.entry)] or notebooks
    labs.sort(key=lambda item: (item.again, item.entry.when, item.entry.parts))
    taken = labs[-1]
    name = "/".join(taken.entry.parts)
    notes = []
    if len(notebooks) > 1:
        others = ["/".join(item.entry.parts) for item in notebooks if item is not taken]
        which = "the newest that is the lab" if len(labs) < len(notebooks) else "the newest"
        which = "the only one that is the lab" if len(labs) == 1 else which
        notes.append(
            f"{len(notebooks)} notebooks were handed in. {name}, {which}, was graded; not so "
            f"{', '.join(others[:5])}."
        )
    if taken.late:
        notes.append("It was handed in late.")
    return Submission(student, name, "", notes, taken.entry.when, taken.entry.read)
