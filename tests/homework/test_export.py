"""Grades go back as each system takes them: its own columns, its own names."""

from __future__ import annotations

import csv
import zipfile

import pytest

from homework.export import export
from homework.grade import Grade, Result
from homework.gradebook import Gradebook, GradebookError

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Essay (98),MNIST lab (99),Final Score\n"
    "    Points Possible,,,,,10,110,\n"
    '"Doe, Jane",12,s12,jdoe,A,7,,\n"Muster, Max",13,s13,mmuster,A,8,,\n'
)
MOODLE = (
    "Identifier,Full name,Email address,Grade,Feedback comments\n"
    "Participant 77,Jane Doe,jane@example.org,,\nParticipant 78,Max Muster,max@example.org,,\n"
)
FILES = {
    "canvas": ("doejane_12", "doejane_12_34_lab.ipynb"),
    "moodle": ("Jane Doe_77", "Jane Doe_77_assignsubmission_file/lab.ipynb"),
    "gradescope": ("Jane Doe_9001", "submission_111/lab.ipynb"),
    "csv": ("jdoe", "jdoe.ipynb"),
}


def rows_of(folder, system, *more):
    with Gradebook(folder / "grades.db") as book:
        for name, file in (FILES[system], *more):
            result = Result("update_rule", 15.0, "full", [(15.0, True, "All right.")])
            book.record(Grade(name, file, "1", 7, "graded", "", [], [result]), "v1")
        return book.rows()


def exported(tmp_path, system, text="", assignment="", more=()):
    (tmp_path / "list.csv").write_text(text)
    rows = rows_of(tmp_path, system, *more)
    students = tmp_path / "list.csv" if text else None
    said = export(rows, system, tmp_path / system, students, assignment)
    with open(tmp_path / system / "grades.csv", newline="") as file:
        table = list(csv.reader(file))
    with zipfile.ZipFile(tmp_path / system / "feedback.zip") as archive:
        return table, archive.namelist(), said


def test_canvas_gets_its_columns_and_no_other_assignment(tmp_path):
    table, pages, _ = exported(tmp_path, "canvas", CANVAS, "MNIST lab")
    assert table == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "MNIST lab (99)"],
        ["    Points Possible", "", "", "", "", "110"],
        ["Doe, Jane", "12", "s12", "jdoe", "A", "15"],
        ["Muster, Max", "13", "s13", "mmuster", "A", ""],
    ]
    assert pages == ["doejane_12_34_lab.html"]


def test_moodle_gets_its_worksheet_and_its_folders(tmp_path):
    table, pages, _ = exported(tmp_path, "moodle", MOODLE)
    assert [line[3] for line in table] == ["Grade", "15", ""]
    assert pages == ["Jane Doe_77_assignsubmission_file/feedback.html"]


def test_gradescope_and_a_plain_list_get_totals(tmp_path):
    assert exported(tmp_path, "gradescope")[0] == [["SID", "total"], ["9001", "15"]]
    (tmp_path / "grades.db").unlink()
    assert exported(tmp_path, "csv")[0] == [["student", "total"], ["jdoe", "15"]]


def test_what_cannot_be_entered_is_told(tmp_path):
    with pytest.raises(GradebookError, match="gradebook export"):
        exported(tmp_path, "canvas")
    with pytest.raises(GradebookError, match=r"Essay \(98\), MNIST lab \(99\)"):
        exported(tmp_path, "canvas", CANVAS)
    more = [("weili_14", "weili_14_36_lab.ipynb")]
    said = exported(tmp_path, "canvas", CANVAS, "MNIST lab", more)[2]
    assert any(line.startswith("weili_14 is not in") for line in said)
    more = [("janed_12", "janed_12_37_lab.ipynb")]
    with pytest.raises(GradebookError, match=r"doejane_12 and janed_12 would both be Doe, Jane"):
        exported(tmp_path, "canvas", CANVAS, "MNIST lab", more)
