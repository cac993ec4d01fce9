"""The gradebook: every grade in one SQLite file, written as it comes, never twice and never half.

A submission is one transaction. What a person adds, points for written answers and corrections
after an appeal, stands in tables of its own, so that grading again does not touch it.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import math
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from homework.collect import Student, separator
from homework.grade import Grade, Result
from homework.questions import QUESTIONS, by_id

__all__ = ["Gradebook", "GradebookError", "Row", "Score"]

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
CREATE TABLE IF NOT EXISTS removed (student TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS renamed (collected TEXT PRIMARY KEY, student TEXT NOT NULL UNIQUE);
"""


_LONGEST_ANSWER = 30_000
"""Characters of a text in the sheet: a field of a spreadsheet does not hold many more."""


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
    """

    points: float | None
    result: Result
    comment: str = ""
    by: str = "the grader"
    rubric: tuple[float, ...] = ()


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

    @property
    def total(self) -> float:
        """Return the points so far; those a person has yet to give are missing."""
        return sum(score.points or 0.0 for score in self.scores.values())

    @property
    def complete(self) -> bool:
        """Return whether nothing is left for a person to read."""
        return all(score.points is not None for score in self.scores.values())


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
                self._base.execute(
                    "INSERT OR IGNORE INTO settings VALUES ('secret', ?)", [secrets.token_hex(16)]
                )
        except sqlite3.DatabaseError as error:
            raise GradebookError(f"{path} is no gradebook: {error}.") from None
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
                    f"{self.path} can't be written: {error}. What stands in it is whole; mend "
                    "that and say the same again."
                ) from None
            raise

    # ------------------------------------------------------------------------- what the grader does

    def seed_for(self, student: str, digest: str) -> int:
        """Return what a submission's hidden inputs are drawn from.

        It is the same each time, so that a grade can be repeated; unknown outside; and another one
        for another submission, as a student may have printed the inputs of the first.
        """
        student = self._collected_as(student)
        (secret,) = self._base.execute("SELECT value FROM settings WHERE name='secret'").fetchone()
        named = hashlib.sha256(f"{secret}\0{student}\0{digest}".encode("utf-8", "replace"))
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
        """Let a submission that was removed be graded again."""
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
        tables = ("submissions", "results", "read_by_hand", "corrections")
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

    def _known(self, student: str) -> None:
        query = "SELECT 1 FROM submissions WHERE student = ?"
        if not self._base.execute(query, [student]).fetchone():
            raise GradebookError(f"There is no row of {student}.")

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
        hand = {
            (student, question): (answer, json.loads(points), comment)
            for student, question, answer, points, comment in self._base.execute(
                "SELECT student, question, answer, points, comment FROM read_by_hand"
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
            found.append(Row(student, file, status, words, json.loads(notes), graded, scores))
        return found

    def write_csv(self, path: str | os.PathLike) -> None:
        """Write the gradebook as a table: one row for each student, one column for each question.

        An empty field is one that a person has yet to fill.
        """
        head = ["student", "total", *(question.id for question in QUESTIONS)]
        head += ["status", "in words", "file", "notes"]
        with _replacing(Path(path)) as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)
            table.writerow(head)
            for row in self.rows():
                # Before anything was graded there is nothing to sum up, but a 0 to enter.
                points = []
                for question in QUESTIONS:
                    score = row.scores.get(question.id)
                    points.append(_number(0.0 if score is None else score.points))
                status = row.status if row.complete else f"{row.status}, a person has yet to read"
                texts = [status, row.words, row.file, " ".join(row.notes)]
                line = [_cell(row.student), _number(row.total), *points, *map(_cell, texts)]
                table.writerow(line)

    # ------------------------------------------------------------------------ what people give back

    def write_sheet(self, path: str | os.PathLike) -> int:
        """Write the written answers to a table to be filled in; return how many there are.

        What was given before stands in it, so that a sheet can be finished in several sittings.
        """
        count = 0
        with _replacing(Path(path)) as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)
            head = ["student", "question", "answer", *_rubric_columns(), "comment", "version"]
            table.writerow(head)
            for row in self.rows():
                for name, score in row.scores.items():
                    question = by_id(name)
                    if question.kind != "manual" or not score.result.answer:
                        continue
                    given = [_number(value) for value in score.rubric]
                    given = given or [""] * len(question.rubric)
                    given += [""] * (_longest_rubric() - len(given))
                    comment = _cell(score.comment) if score.by == "a person" else ""
                    answer = score.result.answer
                    shown = _cell(answer[:_LONGEST_ANSWER])
                    if len(answer) > _LONGEST_ANSWER:
                        shown += f"\n… ({len(answer)} characters; the rest is in the notebook)"
                    table.writerow(
                        [_cell(row.student), name, shown, *given, comment, _version(answer)]
                    )
                    count += 1
        return count

    def merge_sheet(self, path: str | os.PathLike) -> int:
        """Take over the points of a sheet that was filled in; return how many answers have some.

        Rows without any points are passed over.

        Raises
        ------
        GradebookError
            If a row makes no sense. All of them are listed, and none is taken over.
        """
        try:
            with open(path, newline="", encoding="utf-8-sig") as file:
                text = file.read()
            lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator(text))
            filled = list(lines)
        except UnicodeDecodeError:
            raise GradebookError(
                f"The sheet {path} is in an old encoding. Save it as CSV in UTF-8."
            ) from None
        except (OSError, csv.Error) as error:
            raise GradebookError(f"The sheet {path} can't be read: {error}") from None
        wanted = {"student", "question", *_rubric_columns()}
        if not wanted <= set(lines.fieldnames or ()):
            missing = ", ".join(sorted(wanted - set(lines.fieldnames or ())))
            raise GradebookError(f"The sheet {path} has no column {missing}.")
        answers = {
            (row.student, name): score.result.answer
            for row in self.rows()
            for name, score in row.scores.items()
            if by_id(name).kind == "manual"
        }
        faults, rows, seen = [], [], set()
        for number, line in enumerate(filled, start=2):
            key = _uncelled(line["student"] or ""), (line["question"] or "").strip()
            texts = [(line[column] or "").strip() for column in _rubric_columns()]
            if not any(texts):
                continue
            if key not in answers:
                faults.append(f"row {number}: there is no written answer of {key[0]} to {key[1]}")
                continue
            if key in seen:
                faults.append(f"row {number}: {key[0]} stands in the sheet twice")
            seen.add(key)
            if (line.get("version") or _version(answers[key])).strip() != _version(answers[key]):
                faults.append(
                    f"row {number}: {key[0]} has handed in another text since this sheet was "
                    "written. Empty the points of this row, and read the new text in a new sheet"
                )
                continue
            points, said = _points_in(texts, by_id(key[1]).rubric)
            faults += [f"row {number}, {key[0]}: {each}" for each in said]
            rows.append(
                (*key, answers[key], json.dumps(points), _uncelled(line.get("comment") or ""))
            )
        if faults:
            raise GradebookError(
                "Nothing was merged:\n" + "\n".join(f"- {fault}" for fault in faults)
            )
        with self._all_or_nothing():
            for row in rows:
                self._base.execute(
                    "INSERT OR REPLACE INTO read_by_hand VALUES (?, ?, ?, ?, ?, ?)", [*row, _now()]
                )
        return len(rows)

    def correct(self, student: str, question: str, points: float | None, reason: str) -> None:
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
            raise GradebookError(f"There is no student {student} in {self.path}.")
        most = by_id(question).points
        if points is not None and not 0 <= points <= most:
            raise GradebookError(f"{question} is worth 0 to {most:g} points, not {points:g}.")
        if points is not None and not reason.strip():
            raise GradebookError("A correction needs a reason, which the student will read.")
        with self._all_or_nothing():
            self._base.execute(
                "DELETE FROM corrections WHERE student = ? AND question = ?", [student, question]
            )
            if points is not None:
                self._base.execute(
                    "INSERT INTO corrections VALUES (?, ?, ?, ?, ?)",
                    [student, question, points, reason, _now()],
                )


def _score(result: Result, hand: tuple | None, corrected: tuple | None) -> Score:
    rubric: tuple[float, ...] = ()
    score = Score(None if result.state == "by hand" else result.points, result)
    if result.state == "by hand" and hand:
        answer, points, comment = hand
        rubric = tuple(points)
        if answer == result.answer:
            score = Score(sum(rubric), result, comment, "a person", rubric)
        else:
            score = Score(None, result, "The answer was changed after it had been read.")
    if corrected:
        score = Score(corrected[0], result, corrected[1], "a correction", rubric)
    return score


def _points_in(texts: list[str], rubric: tuple) -> tuple[list[float], list[str]]:
    """Return the points of a row of the sheet and what is wrong with them."""
    points, faults = [], []
    for text, (most, what) in zip(texts, rubric, strict=False):
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            value = math.nan
        if not 0 <= value <= most:
            shown = f"{text!r} is not" if text else "nothing is given as"
            faults.append(f"{shown} points from 0 to {most:g} for “{what}”")
        points.append(value)
    return points, faults


def _rubric_columns() -> list[str]:
    return [f"points {number}" for number in range(1, _longest_rubric() + 1)]


def _longest_rubric() -> int:
    return max(len(question.rubric) for question in QUESTIONS)


def _version(answer: str) -> str:
    """Return a name for a text; with a letter first, so that no spreadsheet takes it for a number.

    A sheet may be merged after the student has handed in again.
    """
    return "v" + hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()[:10]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


_FORMULA = tuple("=+-@\t\r\n'＝＋－＠")


def _cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA else text


def _uncelled(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text


def _plain(text: str) -> str:
    """Return text that SQLite and every file can hold: no half characters, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator:
    """Open a file that takes the place of `path` when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    # The mark at the beginning tells Excel that this is Unicode.
    with open(part, "w", newline="", encoding="utf-8-sig") as file:
        yield file
    os.replace(part, path)


def missing_from(rows: Iterable[Row], students: Iterable[Student]) -> list[str]:
    """Return the students that no submission is known of."""
    there = [row.student for row in rows if row.status != "missing"]
    return [each.name for each in students if not any(map(each.is_named, there))]
