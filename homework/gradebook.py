"""The gradebook: every grade in one SQLite file, written as it comes, never twice and never half.

A submission is one transaction. What a person adds, points for written answers and corrections
after an appeal, stands in tables of its own, so that grading again does not touch it.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import hashlib
import json
import os
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from homework.grade import Grade, Result
from homework.late import IN_TIME, Lateness
from homework.people import Student, find
from homework.questions import QUESTIONS, by_id

__all__ = ["ByHand", "Gradebook", "GradebookError", "LogEntry", "Row", "Score"]

_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS submissions (
    student TEXT PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL, seed TEXT NOT NULL,
    version TEXT NOT NULL, status TEXT NOT NULL, words TEXT NOT NULL, notes TEXT NOT NULL,
    graded TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS results (
    student TEXT NOT NULL REFERENCES submissions ON DELETE CASCADE, question TEXT NOT NULL,
    points REAL NOT NULL, state TEXT NOT NULL, checks TEXT NOT NULL, output TEXT NOT NULL,
    answer TEXT NOT NULL, seconds REAL NOT NULL, cpu REAL NOT NULL, peak INTEGER NOT NULL,
    PRIMARY KEY (student, question));
CREATE TABLE IF NOT EXISTS read_by_hand (
    student TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, points TEXT NOT NULL,
    comment TEXT NOT NULL, made TEXT NOT NULL, PRIMARY KEY (student, question));
CREATE TABLE IF NOT EXISTS corrections (
    student TEXT NOT NULL, question TEXT NOT NULL, points REAL NOT NULL, reason TEXT NOT NULL,
    made TEXT NOT NULL, PRIMARY KEY (student, question));
CREATE TABLE IF NOT EXISTS lateness (
    student TEXT PRIMARY KEY, hours REAL NOT NULL, penalty REAL NOT NULL, words TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    made TEXT NOT NULL, who TEXT NOT NULL, student TEXT NOT NULL, question TEXT NOT NULL,
    before REAL, after REAL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS removed (student TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS renamed (collected TEXT PRIMARY KEY, student TEXT NOT NULL UNIQUE);
"""


_LATER_COLUMNS = (
    ("read_by_hand", "remarks TEXT NOT NULL DEFAULT '[]'"),
    ("read_by_hand", "marker TEXT NOT NULL DEFAULT ''"),
)
"""What a gradebook of an earlier version lacks."""


class GradebookError(Exception):
    """Something the instructor can mend; the message says how. Nothing was changed."""


@dataclass(frozen=True)
class Score:
    """What a student has for one question, and who says so.

    Attributes
    ----------
    points : float or None
        None while a person has yet to read the answer.
    result : Result
        What the grader found.
    comment : str
        What a person wrote: of a written answer, or as the reason of a correction.
    by : str
        "the grader", "a person" or "a correction".
    rubric : tuple of float
        The points of each row of the rubric, if a person gave them.
    remarks : tuple of str
        What that person wrote of each row.
    """

    points: float | None
    result: Result
    comment: str = ""
    by: str = "the grader"
    rubric: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ByHand:
    """What a person gave for one version of a written answer."""

    answer: str
    points: tuple[float, ...]
    remarks: tuple[str, ...] = ()
    comment: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Row:
    """One student: the status in words, and a score for each question."""

    student: str
    file: str
    status: str
    words: str
    notes: list[str] = field(default_factory=list)
    graded: str = ""
    scores: dict[str, Score] = field(default_factory=dict)
    late: Lateness = IN_TIME

    @property
    def earned(self) -> float:
        """Return the points so far, before anything is taken off for being late."""
        return sum(score.points or 0.0 for score in self.scores.values())

    @property
    def total(self) -> float:
        """Return the points so far; those a person has yet to give are missing."""
        return round(self.earned * (1 - self.late.penalty), 2)

    @property
    def complete(self) -> bool:
        """Return whether nothing is left for a person to read."""
        return all(score.points is not None for score in self.scores.values())


@dataclass(frozen=True)
class LogEntry:
    """A change that a person made: when, who, to what, and why. None stands for no points."""

    made: str
    who: str
    student: str
    question: str
    before: float | None
    after: float | None
    reason: str


class Gradebook:
    """The grades of one class in the file `path`, which is made if it is not there."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._base = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            with self._all_or_nothing("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"):
                for statement in _TABLES.split(";"):
                    self._base.execute(statement)
                for table, column in _LATER_COLUMNS:
                    there = self._base.execute(f"SELECT name FROM pragma_table_info('{table}')")
                    if (column.split()[0],) not in there.fetchall():
                        self._base.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
                self._base.execute(
                    "INSERT OR IGNORE INTO settings VALUES ('secret', ?)", [secrets.token_hex(16)]
                )
        except sqlite3.DatabaseError as error:
            raise GradebookError(f"{path} is not a gradebook: {error}.") from None
        # Grades are nobody else's business.
        with contextlib.suppress(OSError):
            os.chmod(self.path, 0o600)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *error: object) -> None:
        self._base.close()

    @contextlib.contextmanager
    def _all_or_nothing(self, *before: str) -> Iterator[None]:
        try:
            for statement in (*before, "BEGIN IMMEDIATE"):
                self._base.execute(statement)
            yield
            self._base.execute("COMMIT")
        except BaseException as error:
            if self._base.in_transaction:  # a full disk has ended it already
                self._base.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise GradebookError(
                    f"{self.path} can't be written: {error}. The grades in it are intact. Fix "
                    "this, then run the command again."
                ) from None
            raise

    # ------------------------------------------------------------------------- what the grader does

    def seed_for(self, student: str, digest: str) -> int:
        """Return what a submission's hidden inputs are drawn from.

        It is the same each time, so that a grade can be repeated; unknown outside; and another one
        for another submission, as a student may have printed the inputs of the first.
        """
        student = self._collected_as(student)
        named = hashlib.sha256(f"{self._secret()}\0{student}\0{digest}".encode("utf-8", "replace"))
        return int.from_bytes(named.digest()[:8], "big")

    def _collected_as(self, student: str) -> str:
        row = self._base.execute(
            "SELECT collected FROM renamed WHERE student = ?", [student]
        ).fetchone()
        return row[0] if row else student

    def name_of(self, collected: str) -> str | None:
        """Return the student whose a collected submission is; None if it was removed."""
        row = self._base.execute(
            "SELECT student FROM renamed WHERE collected = ?", [collected]
        ).fetchone()
        student = row[0] if row else collected
        gone = self._base.execute("SELECT 1 FROM removed WHERE student = ?", [student]).fetchone()
        return None if gone else student

    def remove(self, student: str) -> None:
        """Take a submission out, for good; `restore` lets it be graded again.

        Points that a person gave are kept, and stand again as soon as it is back.
        """
        self._known(student)
        with self._all_or_nothing():
            self._base.execute("DELETE FROM submissions WHERE student = ?", [student])
            self._base.execute("INSERT OR IGNORE INTO removed VALUES (?)", [student])

    def restore(self, student: str) -> None:
        """Let a submission that was removed be graded again.

        Raises
        ------
        GradebookError
            If it was not removed.
        """
        gone = [name for (name,) in self._base.execute("SELECT student FROM removed")]
        if student not in gone:
            those = f"Removed: {', '.join(gone)}." if gone else "Nobody was."
            raise GradebookError(f"{student} was not removed. {those}")
        with self._all_or_nothing():
            self._base.execute("DELETE FROM removed WHERE student = ?", [student])

    def forget_missing(self, students: Iterable[str]) -> None:
        """Take out the rows of students who are not missing any more."""
        with self._all_or_nothing():
            for student in students:
                self._base.execute(
                    "DELETE FROM submissions WHERE student = ? AND status = 'missing'", [student]
                )

    def rename(self, student: str, name: str) -> None:
        """Give a submission to somebody else, with its seed, points and corrections.

        Raises
        ------
        GradebookError
            If there is no such row, or the new name has one.
        """
        self._known(student)
        if not name.strip():
            raise GradebookError("The new name is empty.")
        tables = ("submissions", "results", "read_by_hand", "corrections", "lateness", "log")
        for table in tables:
            taken = self._base.execute(
                f"SELECT 1 FROM {table} WHERE student = ?", [name]
            ).fetchone()
            if taken:
                raise GradebookError(f"{name} has a row or points already. Remove that row first.")
        collected = self._collected_as(student)
        with self._all_or_nothing():
            self._base.execute("PRAGMA defer_foreign_keys = ON")
            for table in tables:
                self._base.execute(
                    f"UPDATE {table} SET student = ? WHERE student = ?", [name, student]
                )
            self._base.execute("DELETE FROM renamed WHERE collected = ?", [collected])
            if collected != name:
                self._base.execute("INSERT INTO renamed VALUES (?, ?)", [collected, name])

    def _nobody(self, student: str) -> str:
        """Return that there is no such student, and whose names come close."""
        names = [name for (name,) in self._base.execute("SELECT student FROM submissions")]
        close = difflib.get_close_matches(student, names, 3, 0.5)
        asked = f" Did you mean {' or '.join(close)}?" if close else ""
        return f"There is no student {student} in {self.path}.{asked}"

    def _known(self, student: str) -> None:
        query = "SELECT 1 FROM submissions WHERE student = ?"
        if not self._base.execute(query, [student]).fetchone():
            raise GradebookError(self._nobody(student))

    def is_done(self, student: str, digest: str, version: str) -> bool:
        """Return whether exactly this was graded before, by these questions."""
        row = self._base.execute(
            "SELECT digest, version, status FROM submissions WHERE student = ?", [student]
        ).fetchone()
        return row is not None and row[:2] == (digest, version) and row[2] != "failed"

    def record(self, grade: Grade, version: str) -> None:
        """Write one submission's grade in place of an older one, all of it or nothing.

        A failure of the grader's own never takes the place of a grade.
        """
        with self._all_or_nothing():
            if grade.status in ("failed", "missing"):
                there = self._base.execute(
                    "SELECT status FROM submissions WHERE student = ?", [grade.student]
                ).fetchone()
                if there and there[0] in ("graded", "rejected"):
                    return
            self._base.execute("DELETE FROM submissions WHERE student = ?", [grade.student])
            self._base.execute(
                "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(_plain(grade.student), _plain(grade.file), grade.digest, str(grade.seed)),
                    *(version, grade.status, _plain(grade.words)),
                    *(json.dumps([_plain(note) for note in grade.notes]), _now()),
                ],
            )
            for result in grade.results:
                checks = [[p, ok, _plain(words)] for p, ok, words in result.checks]
                self._base.execute(
                    "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        *(_plain(grade.student), result.question, result.points, result.state),
                        *(json.dumps(checks), _plain(result.output), _plain(result.answer)),
                        *(result.seconds, result.cpu, result.peak),
                    ],
                )

    # ----------------------------------------------------------------------------- what people read

    def rows(self) -> list[Row]:
        """Return every student, in the order of their names."""
        hand = self.by_hand()
        late = {
            student: Lateness(*rest)
            for student, *rest in self._base.execute(
                "SELECT student, hours, penalty, words FROM lateness"
            )
        }
        corrected = {
            (student, question): (points, reason)
            for student, question, points, reason in self._base.execute(
                "SELECT student, question, points, reason FROM corrections"
            )
        }
        results: dict[str, dict[str, Result]] = {}
        for row in self._base.execute("SELECT * FROM results"):
            student, question, points, state, checks, *rest = row
            checks = [(p, bool(ok), words) for p, ok, words in json.loads(checks)]
            made = Result(question, points, state, checks, *rest)
            results.setdefault(student, {})[question] = made
        found = []
        for student, file, status, words, notes, graded in self._base.execute(
            "SELECT student, file, status, words, notes, graded FROM submissions ORDER BY student"
        ):
            scores = {}
            for question in QUESTIONS:
                key = student, question.id
                result = results.get(student, {}).get(question.id)
                if result is None and key not in corrected:
                    continue
                scores[question.id] = _score(
                    result or Result(question.id, 0.0, "wrong"), hand.get(key), corrected.get(key)
                )
            made = Row(student, file, status, words, json.loads(notes), graded, scores)
            found.append(replace(made, late=late.get(student, IN_TIME)))
        return found

    def write_csv(self, path: str | os.PathLike) -> None:
        """Write the gradebook as a table: one row for each student, one column for each question.

        An empty field is one that a person has yet to fill.
        """
        head = ["student", "total", *(question.id for question in QUESTIONS)]
        head += ["status", "in words", "file", "notes", "hours late", "penalty"]
        with replacing(Path(path)) as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)
            table.writerow(head)
            for row in self.rows():
                # Before anything was graded there is nothing to sum up, but a 0 to enter.
                points = []
                for question in QUESTIONS:
                    score = row.scores.get(question.id)
                    points.append(number(0.0 if score is None else score.points))
                status = row.status if row.complete else f"{row.status}, a person has yet to read"
                texts = [status, row.words, row.file, " ".join(row.notes)]
                late = [f"{row.late.hours:.1f}", f"{row.late.penalty:.0%}"]
                line = [cell(row.student), number(row.total), *points, *map(cell, texts), *late]
                table.writerow(line)

    # ------------------------------------------------------------------------ what people give back

    def code_of(self, student: str) -> str:
        """Return a code for a student, for those who are not to know the name."""
        secret = self._secret().encode()
        made = hashlib.sha256(secret + b"code" + student.encode("utf-8", "replace"))
        return "anon-" + made.hexdigest()[:8]

    def _secret(self) -> str:
        row = self._base.execute("SELECT value FROM settings WHERE name='secret'").fetchone()
        return row[0]

    def by_hand(self) -> dict[tuple[str, str], ByHand]:
        """Return what people gave, by student and question."""
        return {
            (student, question): ByHand(
                answer, tuple(json.loads(points)), tuple(json.loads(remarks)), comment, marker
            )
            for student, question, answer, points, remarks, comment, marker in self._base.execute(
                "SELECT student, question, answer, points, remarks, comment, marker "
                "FROM read_by_hand"
            )
        }

    def give(self, given: Iterable[tuple[str, str, ByHand]]) -> None:
        """Take over what a person gave for written answers, all of it or nothing."""
        before = self.by_hand()
        with self._all_or_nothing():
            for student, question, made in given:
                old = before.get((student, question))
                if old == made:
                    continue
                self._base.execute(
                    "INSERT OR REPLACE INTO read_by_hand "
                    "(student, question, answer, points, comment, made, remarks, marker) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        *(student, question, made.answer, json.dumps(made.points), made.comment),
                        *(_now(), json.dumps(made.remarks), made.marker),
                    ],
                )
                was = sum(old.points) if old else None
                self._log(made.marker, student, question, was, sum(made.points), made.comment)

    def set_late(self, student: str, late: Lateness) -> None:
        """Keep how late a submission is and what that costs."""
        with self._all_or_nothing():
            self._base.execute(
                "INSERT OR REPLACE INTO lateness VALUES (?, ?, ?, ?)",
                [student, late.hours, late.penalty, late.words],
            )

    def log(self) -> list[LogEntry]:
        """Return every change that people made, in the order of time."""
        return [
            LogEntry(*row)
            for row in self._base.execute(
                "SELECT made, who, student, question, before, after, reason FROM log ORDER BY rowid"
            )
        ]

    def _log(self, who: str, student: str, question: str, *rest: object) -> None:
        self._base.execute(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)", [_now(), who, student, question, *rest]
        )

    def correct(
        self, student: str, question: str, points: float | None, reason: str, who: str = ""
    ) -> None:
        """Give a student other points for a question, after an appeal; None takes that back.

        Raises
        ------
        GradebookError
            If there is no such student or question, or the question is not worth so much.
        """
        if question not in {q.id for q in QUESTIONS}:
            known = ", ".join(q.id for q in QUESTIONS)
            raise GradebookError(f"There is no question {question}; there are {known}.")
        there = self._base.execute("SELECT 1 FROM submissions WHERE student = ?", [student])
        if there.fetchone() is None:
            raise GradebookError(self._nobody(student))
        most = by_id(question).points
        if points is not None and not 0 <= points <= most:
            raise GradebookError(f"{question} takes 0 to {most:g} points, not {points:g}.")
        if points is not None and not reason.strip():
            raise GradebookError(
                'A correction needs a reason, which the student will read: --reason "…"'
            )
        row = next(row for row in self.rows() if row.student == student)
        before = row.scores[question].points if question in row.scores else None
        with self._all_or_nothing():
            self._log(who, student, question, before, points, reason)
            self._base.execute(
                "DELETE FROM corrections WHERE student = ? AND question = ?", [student, question]
            )
            if points is not None:
                self._base.execute(
                    "INSERT INTO corrections VALUES (?, ?, ?, ?, ?)",
                    [student, question, points, reason, _now()],
                )


def row_of(grade: Grade) -> Row:
    """Return the row of a grade that stands in no gradebook."""
    scores = {result.question: _score(result, None, None) for result in grade.results}
    return Row(grade.student, grade.file, grade.status, grade.words, grade.notes, "", scores)


def _score(result: Result, hand: ByHand | None, corrected: tuple | None) -> Score:
    score = Score(None if result.state == "by hand" else result.points, result)
    if result.state == "by hand" and hand:
        given = {"rubric": hand.points, "remarks": hand.remarks}
        if hand.answer == result.answer:
            score = Score(sum(hand.points), result, hand.comment, "a person", **given)
        else:
            score = Score(None, result, "The answer was changed after it had been read.")
    if corrected:
        score = replace(score, points=corrected[0], comment=corrected[1], by="a correction")
    return score


def number(value: float | None) -> str:
    """Return a number for a table, an empty field for None."""
    return "" if value is None else f"{value:g}"


def counted(count: int, what: str) -> str:
    """Return how many there are of something, such as "1 page" or "2 pages"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


_FORMULA = tuple("=+-@\t\r\n'＝＋－＠")


# A spreadsheet that separates by semicolons or tabs honors the quotes of a line's first field only:
# in all others, what follows such a mark or a line break begins a cell.
_WITHIN = re.compile(r"""([;\t\r\n]"*)(?=[=+\-@'＝＋－＠])""")
_MARKED = re.compile(r"""([;\t\r\n]"*)'(?=[=+\-@'＝＋－＠])""")


def cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, whatever it separates cells by."""
    text = _WITHIN.sub(r"\1'", text)
    return f"'{text}" if text[:1] in _FORMULA else text


def uncelled(text: str) -> str:
    """Return the text that `cell` was given."""
    text = text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text
    return _MARKED.sub(r"\1", text)


def _plain(text: str) -> str:
    """Return text that SQLite and every file can hold: no half characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator:
    """Open a file that takes the place of `path` when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    # The mark at the beginning tells Excel that this is Unicode.
    with open(part, "w", newline="", encoding="utf-8-sig") as file:
        yield file
    os.replace(part, path)


def missing_from(rows: Iterable[Row], students: Iterable[Student]) -> list[str]:
    """Return the students that no submission is known of.

    Where several may be meant by the name of a submission, none of them counts as missing.
    """
    students = list(students)
    there = [row.student for row in rows if row.status != "missing"]
    found = [find(students, name) for name in there]
    unclear = [name for name, who in zip(there, found, strict=True) if who is None]
    return [
        each.name for each in students if each not in found and not any(map(each.is_named, unclear))
    ]
