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


def test_who_handed_in_nothing_gets_a_zero_and_no_page(tmp_path):
    with Gradebook(tmp_path / "grades.db") as book:
        book.record(Grade("Muster, Max", "", "", 0, "missing", "Nothing was handed in."), "v1")
    table, pages, _ = exported(tmp_path, "canvas", CANVAS, "MNIST lab")
    assert [line[-1] for line in table[2:]] == ["15", "0"]
    assert pages == ["doejane_12_34_lab.html"]


def test_moodle_gets_its_worksheet_and_its_folders(tmp_path):
    table, pages, _ = exported(tmp_path, "moodle", MOODLE)
    assert [line[3] for line in table] == ["Grade", "15", ""]
    assert pages == ["Jane Doe_77_assignsubmission_file/feedback.html"]


def test_namesakes_each_get_their_own_grade_or_none(tmp_path):
    more = [("Jane Doe_78", "Jane Doe_78_assignsubmission_file/lab.ipynb")]
    twins = MOODLE.replace("Max Muster", "Jane Doe")
    table, _, _ = exported(tmp_path, "moodle", twins)
    assert [line[3] for line in table] == ["Grade", "15", ""]
    grades = "First name,Last name,Email address,MNIST lab\nJane,Doe,a@x.org,\nJane,Doe,b@x.org,\n"
    table, _, said = exported(tmp_path, "moodle", grades, "MNIST", more)
    assert [line[3] for line in table] == ["MNIST lab", "", ""]
    assert [line.partition(" may be one of several students")[0] for line in said[1:]] == [
        "Jane Doe_77",
        "Jane Doe_78",
    ]


def test_moodle_in_german_takes_its_own_worksheet(tmp_path):
    sheet = (
        "\ufeffID;Vollst\u00e4ndiger Name;Bewertung;Bestwertung\r\n"
        "Teilnehmer/in77;Jane Doe;;100,00\r\n"
    )
    table, _, said = exported(tmp_path, "moodle", sheet)
    assert table[1] == ["Teilnehmer/in77", "Jane Doe", "15", "100,00"]
    assert len(said) == 1


def test_gradescope_knows_who_handed_in_nothing_by_the_roster(tmp_path):
    with Gradebook(tmp_path / "grades.db") as book:
        book.record(Grade("Li Wei", "", "", 0, "missing", "Nothing was handed in."), "v1")
    _, _, said = exported(tmp_path, "gradescope")
    assert any(line.startswith("Li Wei has no SID here") for line in said)
    roster = "First Name,Last Name,SID,Email\nJane,Doe,9001,j@x.org\nLi,Wei,,li@x.org\n"
    table, _, said = exported(tmp_path, "gradescope", roster)
    assert table[1:] == [["9001", "15"], ["li@x.org", "0"]]
    assert len(said) == 1


def test_gradescope_and_a_plain_list_get_totals(tmp_path):
    assert exported(tmp_path, "gradescope")[0] == [["SID", "total"], ["9001", "15"]]
    (tmp_path / "grades.db").unlink()
    assert exported(tmp_path, "csv")[0] == [["student", "total"], ["jdoe", "15"]]


@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("doejane_12_34_work.zip/work/lab.ipynb", "doejane_12_34_work.html"),
        ("download/doejane_12_34_lab.ipynb", "doejane_12_34_lab.html"),
        (
            "all/Jane Doe_77_assignsubmission_file/work.zip/lab.ipynb",
            "Jane Doe_77_assignsubmission_file/feedback.html",
        ),
        ("assignment_5_export/submission_111/lab.ipynb", "submission_111/feedback.html"),
        (
            "submitted/jdoe/mnist_lab/08_mnist_lab.ipynb",
            "submitted/jdoe/mnist_lab/08_mnist_lab.html",
        ),
        ("hw1/jdoe.ipynb.txt", "hw1/jdoe.html"),
        ("liwei_14_36_lab.pdf", "liwei_14_36_lab.html"),
        (
            "Jane Doe_77_assignsubmission_file/lab.pdf",
            "Jane Doe_77_assignsubmission_file/feedback.html",
        ),
    ],
)
def test_a_page_goes_by_the_name_that_the_system_gave_the_submission(tmp_path, file, page):
    rows = rows_of(tmp_path, "csv", ("other", file))
    export(rows, "csv", tmp_path / "csv", None, "")
    with zipfile.ZipFile(tmp_path / "csv" / "feedback.zip") as archive:
        assert sorted(archive.namelist()) == sorted(["jdoe.html", page])


@pytest.mark.parametrize(("system", "count"), [("csv", 2), ("gradescope", 1)])
def test_a_group_gets_one_page_back_and_without_a_system_each_member_one(tmp_path, system, count):
    _, pages, _ = exported(tmp_path, system, more=[("Li Wei_9003", FILES[system][1])])
    assert len(pages) == len(set(pages)) == count


def test_what_cannot_be_entered_is_told(tmp_path):
    with pytest.raises(GradebookError, match="Is it the right export from Moodle"):
        exported(tmp_path, "moodle", CANVAS)
    (tmp_path / "grades.db").unlink()
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
