"""What is taken off for late work: so much a day, after some grace, with extensions for single
people.

A penalty is a share of all points. It is counted in begun units, so a minute past the grace costs a
whole day, and it is the same however often the submission is graded.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from dataclasses import dataclass, field
from datetime import datetime

from homework.people import Student, find, read_table

__all__ = [
    "IN_TIME",
    "LateError",
    "Lateness",
    "Policy",
    "parse_penalty",
    "parse_span",
    "parse_time",
    "times",
]

_UNITS = {"m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400, "week": 604800}
_FORMATS = ("%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M")
_WRITTEN_OUT = re.compile(
    r"(?:[^\W\d]+,? )?(?P<day>\d{1,2})\.? (?:de )?(?P<month>[^\W\d]+)\.? (?:de )?(?P<year>\d{4}),? "
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?P<half> [ap]m)?",
    re.I,
)
_MONTHS = [
    months.split("; ")
    for months in (
        "january; february; march; april; may; june; july; august; september; october; november; "
        "december",
        "januar; februar; märz; april; mai; juni; juli; august; september; oktober; november; "
        "dezember",
        "janvier; février; mars; avril; mai; juin; juillet; août; septembre; octobre; novembre; "
        "décembre",
        "enero; febrero; marzo; abril; mayo; junio; julio; agosto; septiembre; octubre; noviembre; "
        "diciembre",
    )
]
"""In the languages whose tables are known."""
_TIME_COLUMNS = ("submitted", "submission time", "last modified (submission)", "due", "time")


class LateError(Exception):
    """A rule or a table makes no sense; the message says what is allowed."""


@dataclass(frozen=True)
class Lateness:
    """How late a submission is, what is taken off, and why, in words for the student.

    Attributes
    ----------
    hours : float
        After what was due for this student; 0 if in time.
    penalty : float
        The share of the points that is taken off, from 0 to 1.
    words : str
    """

    hours: float
    penalty: float
    words: str


IN_TIME = Lateness(0.0, 0.0, "")


@dataclass(frozen=True)
class Policy:
    """When the work is due and what it costs to be late.

    Attributes
    ----------
    due : datetime
    share : float
        Of the points, taken off for each unit begun.
    unit : float
        Seconds.
    grace : float
        Seconds after `due` that cost nothing.
    extensions : list of (Student, datetime)
        Until when single students have time.
    students : list of Student
        The class, if it is known: it leads from the name of a row to that in `extensions`.
    """

    due: datetime
    share: float
    unit: float
    grace: float = 0.0
    extensions: list[tuple[Student, datetime]] = field(default_factory=list)
    students: list[Student] = field(default_factory=list)

    def lateness(self, student: str, submitted: datetime) -> Lateness:
        """Return how late this is."""
        until = dict(self.extensions)
        who = find(until, student, self.students)
        due = until[who] if who else self.due
        late = (_local(submitted) - _local(due)).total_seconds()
        if late <= self.grace:
            return Lateness(max(0.0, late / 3600), 0.0, "")
        units = math.ceil(late / self.unit)
        penalty = min(1.0, self.share * units)
        span = f"{late / 3600:.1f} hours" if late < 172800 else f"{late / 86400:.1f} days"
        return Lateness(
            late / 3600,
            penalty,
            f"It was handed in {span} after it was due ({due:%Y-%m-%d %H:%M}), so "
            f"{penalty:.0%} of the points are taken off.",
        )


def _local(time: datetime) -> datetime:
    return time.astimezone()  # without a zone, it is this computer's


def parse_penalty(text: str) -> tuple[float, float]:
    """Return the share and the unit in seconds of a penalty such as "10%/day"."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*/\s*([a-z]+?)s?\s*", text.lower())
    if not match or match[2] not in _UNITS or float(match[1]) > 100:
        raise LateError(
            f"A penalty is a percentage per hour, day, or week, like 10%/day, not {text!r}."
        )
    return float(match[1]) / 100, float(_UNITS[match[2]])


def parse_span(text: str) -> float:
    """Return the seconds of a span such as "2h", "30min" or "1 day"."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)s?\s*", text.lower())
    if not match or match[2] not in _UNITS:
        raise LateError(
            f"A time span is a number of minutes, hours, or days, like 2h, not {text!r}."
        )
    return float(match[1]) * _UNITS[match[2]]


def parse_time(text: str) -> datetime:
    """Return a time, as ISO 8601 or as Moodle and spreadsheets write it."""
    text = re.sub(r"\s+", " ", text.strip())
    plain = re.sub(r" UTC$", "+00:00", re.sub(r" ([+-]\d{4})$", r"\1", text))
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        pass
    with contextlib.suppress(ValueError):
        if found := _WRITTEN_OUT.fullmatch(text):
            return _written_out(found)
    for form in _FORMATS:
        with contextlib.suppress(ValueError):
            return datetime.strptime(text, form)
    raise LateError(f"{text!r} is not a date and time. Write it like 2026-11-30 23:59.")


def _written_out(found: re.Match) -> datetime:
    """Return a time as Moodle writes it: `Monday, 30 November 2026, 10:12 PM`."""
    month = found["month"].lower()
    number = next((names.index(month) + 1 for names in _MONTHS if month in names), 0)
    hour = int(found["hour"])
    if half := found["half"]:
        hour = hour % 12 + (12 if half.strip().lower() == "pm" else 0)
    return datetime(int(found["year"]), number, int(found["day"]), hour, int(found["minute"]))


def times(path: str | os.PathLike) -> list[tuple[Student, datetime]]:
    """Return the students of a table and the time beside each, when they handed in or are due.

    The column is called `submitted`, `due` or `time`, or, in Moodle's grading worksheet,
    `Last modified (submission)`. A span like `+3 days` is not a time: write the date.
    Students are recognized as in any list of students.
    """
    table = read_table(path)
    column = table.column(*_TIME_COLUMNS)
    if column is None:
        raise LateError(f"{path} has no column of times, such as {', '.join(_TIME_COLUMNS[:2])}.")
    found = []
    for line, student in zip(table.lines, table.people, strict=True):
        when = line[column].strip() if column < len(line) else ""
        if student and when not in ("", "-"):
            found.append((student, parse_time(when)))
    return found
