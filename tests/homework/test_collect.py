"""Whole classes as each system hands them over: one row for each student, always the right file."""

from __future__ import annotations

import io
import json
import os
import unicodedata
import zipfile
from datetime import datetime

import pytest

from homework.assignment import parse
from homework.collect import LARGEST, CollectError, collect
from homework.grade import Grade
from homework.gradebook import Gradebook, GradebookError, missing_from
from homework.people import TableError, find, parts_of, roster


def lab(mark="", **more):
    cell = {"cell_type": "code", "source": f"class MyRule: {mark!r}", "metadata": {}, **more}
    return json.dumps({"nbformat": 4, "cells": [cell]}).encode()


LAB, OTHER = lab(), b'{"nbformat": 4, "cells": []}'

GRADESCOPE = b"""---
submission_111:
  :submitters:
  - :name: Jane Doe
    :sid: '9001'
    :email: jane@example.org
submission_112:
  :submitters:
  - :name: Max Muster
    :sid:
    :email: max@example.org
  - :name: Li Wei
    :sid: '9003'
    :email: li@example.org
"""

LAYOUTS = {
    "plain": ({"anna.ipynb": LAB, "bob.ipynb": LAB}, ["anna", "bob"]),
    "wrapped": ({"hw1/jdoe.ipynb": LAB, "hw1/mmuster.ipynb": LAB}, ["jdoe", "mmuster"]),
    "nbgrader": (
        {"submitted/anna/mnist_lab/a.ipynb": LAB, "submitted/bob/mnist_lab/a.ipynb": LAB},
        ["anna", "bob"],
    ),
    "one student, two folders": (
        {"anna/mnist_lab/a.ipynb": LAB, "anna/other/b.ipynb": OTHER},
        ["anna"],
    ),
    "gradescope": (
        {
            "assignment_555_export/submission_metadata.yml": GRADESCOPE,
            "assignment_555_export/submission_111/08_mnist_lab.ipynb": LAB,
            "assignment_555_export/submission_112/08_mnist_lab.ipynb": LAB,
        },
        ["Jane Doe_9001", "Li Wei_9003", "Max Muster_max@example.org"],
    ),
    "google": (
        {"MNIST lab/Jane Doe - lab.ipynb": LAB, "MNIST lab/Max Muster - lab.ipynb": LAB},
        ["Jane Doe", "Max Muster"],
    ),
    "moodle": (
        {
            "Jane Doe_77_assignsubmission_file/lab.ipynb": LAB,
            "Jane Doe_77_assignsubmission_onlinetext/onlinetext.html": b"<p>Thank you",
            "Max Muster_78_assignsubmission_file_/lab.ipynb": LAB,
        },
        ["Jane Doe_77", "Max Muster_78"],
    ),
    "canvas": (
        {"doejane_12_34_lab.ipynb": LAB, "mustermax_LATE_13_35_lab-2.ipynb": LAB},
        ["doejane_12", "mustermax_13"],
    ),
    "canvas, anonymous": (
        {"anon_a1b2c_34_lab.ipynb": LAB, "LATE_anon_d3e4f_35_lab.ipynb": LAB},
        ["anon_a1b2c", "anon_d3e4f"],
    ),
    "names of browsers": (
        {"anna (1).ipynb": LAB, "bob.ipynb.txt": LAB, "carl.IPYNB": LAB},
        ["anna", "bob", "carl"],
    ),
    "blackboard": (
        {
            "MNIST lab_jdoe_attempt_2026-11-30-22-12-00.txt": b"Name: Jane Doe (jdoe)",
            "MNIST lab_jdoe_attempt_2026-11-30-22-12-00_lab.ipynb": LAB,
            "MNIST lab_mmuster_attempt_2026-11-30-23-12-00_lab.ipynb": LAB,
        },
        ["jdoe", "mmuster"],
    ),
    "brightspace": (
        {
            "index.html": b"<html>",
            "101-2 - Jane Doe - Nov 30, 2026 1012 PM/lab.ipynb": LAB,
            "102-2 - Max Muster - Nov 29, 2026 912 AM/lab.ipynb": LAB,
        },
        ["Jane Doe_101", "Max Muster_102"],
    ),
    "teams": (
        {
            "Jane Doe/MNIST lab/Version 1/lab.ipynb": LAB,
            "Jane Doe/MNIST lab/Version 2/lab.ipynb": LAB,
            "Max Muster/MNIST lab/Version 1/lab.ipynb": LAB,
        },
        ["Jane Doe", "Max Muster"],
    ),
    "canvas, two folders around it": (
        {"a/b/doejane_12_34_lab.ipynb": LAB, "a/b/mmuster_13_35_lab-2.ipynb": LAB},
        ["doejane_12", "mmuster_13"],
    ),
    "canvas, in sections": (
        {"s1/doejane_12_34_lab.ipynb": LAB, "s2/mmuster_13_35_lab-2.ipynb": LAB},
        ["doejane_12", "mmuster_13"],
    ),
    "names with a number": (
        {"student-1.ipynb": LAB, "student-2.ipynb": LAB, "lab_3.ipynb.ipynb": LAB},
        ["lab_3", "student-1", "student-2"],
    ),
    "names of all kinds": (
        {
            f"{name}.ipynb": LAB
            for name in (
                "Doe, Jane",
                "O'Brien",
                "\u0645\u062d\u0645\u062f",
                "\u674e\u4f1f",
                "\U0001f642",
            )
        },
        ["Doe, Jane", "O'Brien", "\u0645\u062d\u0645\u062f", "\u674e\u4f1f", "\U0001f642"],
    ),
    "long paths": (
        {f"{who}/{'/'.join(['d' * 60] * 5)}/lab.ipynb": LAB for who in ("anna", "bob")},
        ["anna", "bob"],
    ),
    "backslashes": ({"hw1\\anna.ipynb": LAB, "hw1\\bob.ipynb": LAB}, ["anna", "bob"]),
}


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(params=["folder", "zip"])
def place(request, tmp_path):
    """Return a function that lays files out, in a folder or a zip file."""

    def make(files):
        if request.param == "zip":
            (tmp_path / "class.zip").write_bytes(zipped(files))
            return tmp_path / "class.zip"
        for name, content in files.items():
            (tmp_path / "class" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "class" / name).write_bytes(content)
        return tmp_path / "class"

    make.kind = request.param
    return make


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_student_has_one_row(place, layout):
    files, students = LAYOUTS[layout]
    if layout == "backslashes" and place.kind == "folder":
        pytest.skip("only zip files have such names")
    found = collect(place(files))
    assert [each.student for each in found] == students
    for each in found:
        assert each.problem == ""
        assert each.read() == LAB
    late = [each.student for each in found if "It was handed in late." in each.notes]
    assert late == [name for name in students if name in ("mustermax_13", "anon_d3e4f")]


@pytest.mark.parametrize("inner", ["", "/lab"])
def test_sections_are_not_taken_for_students(place, inner):
    people = [(n, who) for n in (1, 2) for who in (f"a{n}", f"b{n}")]
    sections = {f"section{n}/{who}{inner}.ipynb": LAB for n, who in people}
    with pytest.raises(CollectError, match=r"2 notebooks of the lab would count .* a1(/lab)?, b1"):
        collect(place(sections))


@pytest.mark.parametrize("form", ["hw_08_01_{}", "2026_11_30_{}", "lab ({})"])
def test_names_that_only_look_like_those_of_a_system_lose_nobody(place, form):
    files = {f"{form.format(who)}.ipynb": lab(who) for who in (1, 2, 3)}
    with pytest.raises(CollectError, match="3 notebooks of the lab would count as the work of one"):
        collect(place(files))


def test_a_folder_that_may_be_of_several_students_is_told(place):
    names = ["anna", "bob", "carl", "late/dora", "late/eve"]
    *others, late = collect(place({f"{name}/lab.ipynb": lab(name) for name in names}))
    assert late.several == ("dora/lab", "eve/lab")
    assert not any(each.several for each in others)


def test_one_name_in_two_forms_of_unicode_is_no_crowd(place):
    forms = [unicodedata.normalize(form, "Zo\u00eb") for form in ("NFC", "NFD")]
    (only,) = collect(place({f"{form}.ipynb": LAB for form in forms}))
    assert (only.student, only.several) == ("Zo\u00eb", ())


@pytest.mark.parametrize(
    ("place_of_bit", "says"), [((6, 8, 1), "password"), ((8, 10, 9), "Python")]
)
def test_a_zip_that_cannot_be_read_is_told_before_anybody_is_rejected(tmp_path, place_of_bit, says):
    """Its head and its list of contents say that it is encrypted, or how it is packed."""
    content = bytearray(zipped({"anna.ipynb": LAB}))
    in_head, in_list, value = place_of_bit
    content[content.index(b"PK\x03\x04") + in_head] = value
    content[content.index(b"PK\x01\x02") + in_list] = value
    (tmp_path / "class.zip").write_bytes(content)
    with pytest.raises(CollectError, match=f"{says}.* Unpack it and name the folder"):
        collect(tmp_path / "class.zip")
    (tmp_path / "students").mkdir()
    os.replace(tmp_path / "class.zip", tmp_path / "students" / "anna.zip")
    (anna,) = collect(tmp_path / "students")
    assert "damaged, or has a password" in anna.problem


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "cp1252"])
def test_a_notebook_is_read_in_any_encoding(encoding):
    cell = {"cell_type": "markdown", "source": "Zo\u00eb: 97 % \u2013 class MyRule", "metadata": {}}
    made = {"nbformat": 4, "cells": [*json.loads(LAB)["cells"], cell]}
    read = parse(json.dumps(made, ensure_ascii=False).encode(encoding))
    assert read.cells[1].source == cell["source"]


def test_copies_of_somebody_who_is_known_to_be_alone_are_no_crowd(place):
    files = {"lab (1).ipynb": lab("old"), "lab (2).ipynb": lab("new")}
    (only,) = collect(place(files), one_student=True)
    assert only.read() == lab("new")


def test_a_second_attempt_is_no_second_student(place):
    files = {
        "doejane_12_34_lab.ipynb": lab("first"),
        "doejane_12_99_lab-1.ipynb": lab("second"),
        "mustermax_13_35_lab.ipynb": LAB,
    }
    jane, _ = collect(place(files))
    assert jane.read() == lab("second")


def test_an_empty_class_is_refused(place, tmp_path):
    if place.kind == "folder":
        (tmp_path / "class").mkdir()
    with pytest.raises(CollectError, match="is empty: nobody has handed in"):
        collect(place({}))


def test_the_date_that_a_system_writes_into_a_name_is_taken(place):
    files, _ = LAYOUTS["blackboard"]
    jane, _ = collect(place(files))
    assert datetime.fromtimestamp(jane.when) == datetime(2026, 11, 30, 22, 12)


def test_a_zip_file_with_nothing_in_it_keeps_its_row(place):
    files = {
        "anna.zip": zipped({}),
        "bob.ipynb.zip": zipped({"in.zip": zipped({"lab.ipynb": LAB})}),
        "carl/lab.zip": zipped({"lab.ipynb": LAB}),
    }
    anna, bob, carl = collect(place(files))
    assert (anna.student, anna.problem) == (
        "anna",
        "The zip file anna.zip is empty: nothing was handed in.",
    )
    assert (bob.student, bob.read()) == ("bob", LAB)
    assert (carl.student, carl.read()) == ("carl", LAB)


def test_the_newest_that_is_the_lab_counts(tmp_path):
    for when, (name, content) in enumerate(
        {"old": lab("old"), "new": lab("new"), "helper": OTHER}.items()
    ):
        path = tmp_path / "team1" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (when, when))
    (tmp_path / "team2").mkdir()
    (tmp_path / "team2" / "lab.ipynb").write_bytes(LAB)
    team, _ = collect(tmp_path)
    assert team.read() == lab("new")
    assert team.notes == [
        "3 notebooks were handed in. team1/new.ipynb, the newest that is the lab, was graded; "
        "not so team1/helper.ipynb, team1/old.ipynb."
    ]


def test_a_zip_in_a_zip_and_in_a_folder_is_opened(place):
    files = {
        "doejane_12_34_work.zip": zipped({"work/lab.ipynb": LAB}),
        "mustermax_13_35_work.zip": zipped({"../lab.ipynb": LAB}),
        "weili_14_36_work.zip": b"PK, cut short",
    }
    jane, max_, li = collect(place(files))
    assert (jane.student, jane.problem, jane.read()) == ("doejane_12", "", LAB)
    assert "leads out" in max_.problem
    assert "can't be read" in li.problem


def test_names_in_a_zip_that_does_not_say_utf_8_are_read(tmp_path):
    content = zipped({"Zo\u00eb.ipynb": LAB, "Bob.ipynb": LAB})
    plain = content.replace(b"\x00\x08", b"\x00\x00")  # the flag
    (tmp_path / "class.zip").write_bytes(plain)
    assert [each.student for each in collect(tmp_path / "class.zip")] == ["Bob", "Zo\u00eb"]


def test_one_notebook_is_a_class_of_one(tmp_path):
    (tmp_path / "anna.ipynb").write_bytes(LAB)
    (only,) = collect(tmp_path / "anna.ipynb")
    assert (only.student, only.read()) == ("anna", LAB)


def test_pictures_of_many_megabytes_do_not_count(place):
    large = lab(outputs=[{"data": {"image/png": "A" * (LARGEST + 1)}}])
    (only,) = collect(place({"anna.ipynb": large}))
    assert only.read() == lab(outputs=[{"data": {"image/png": ""}}])


def test_names_that_deceive_an_eye_are_flagged(place):
    names = ["anna", "\u0430nna", "bo\u200bb", "carl\u202ena", "dora"]
    notes = {f.student: f.notes for f in collect(place({f"{n}.ipynb": LAB for n in names}))}
    assert "looks like that of another row" in notes["anna"][0]
    assert "\\u0430nna" in notes["\u0430nna"][0]
    assert "not seen" in notes["bo\u200bb"][0]
    assert "not seen" in notes["carl\u202ena"][0]
    assert notes["dora"] == []


LISTS = {
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,MNIST lab (99)\n"
        ",,,,,Manual Posting\n    Points Possible,,,,,110\n"
        '"Doe, Jane",12,s12,jdoe,A,\n"Muster, Max",13,s13,mmuster,A,\n"Student, Test",14,,,A,\n',
        "doejane_12",
        "Muster, Max",
    ),
    "moodle": (
        "Identifier,Full name,Email address,Grade\n"
        "Participant 77,Jane Doe,jane@example.org,\nParticipant 78,Max Muster,max@example.org,\n",
        "Jane Doe_77",
        "Max Muster",
    ),
    "moodle, grades": (
        "First name;Last name;ID number;Email address\n"
        "Jane;Doe;9001;jane@example.org\nMax;Muster;9002;max@example.org\n",
        "Jane Doe_4711",
        "Max Muster",
    ),
    "gradescope": (
        "Name,SID,Email\nJane Doe,9001,jane@example.org\nMax Muster,9002,max@example.org\n",
        "Jane Doe_9001",
        "Max Muster",
    ),
    "plain": ("jdoe\nmmuster\n", "jdoe", "mmuster"),
}


NAMESAKES = {
    "canvas": (
        'Student,ID,SIS Login ID,MNIST lab (99)\n"Doe, Jane",12,jdoe,\n"Doe, Jane",13,jdoe2,\n',
        "Doe, Jane",
    ),
    "moodle": (
        "Identifier,Full name,Grade\nParticipant 12,Jane Doe,\nParticipant 13,Jane Doe,\n",
        "Jane Doe",
    ),
}


@pytest.mark.parametrize("system", NAMESAKES)
def test_two_students_of_one_name_stay_two(tmp_path, system):
    text, name = NAMESAKES[system]
    (tmp_path / "list.csv").write_text(text)
    students = roster(tmp_path / "list.csv")
    assert [each.name for each in students] == [f"{name}_12", f"{name}_13"]
    assert find(students, "Jane Doe_13") is students[1]
    assert find(students, "Jane Doe") is None  # nothing tells which of them
    with Gradebook(tmp_path / "grades.db") as book:
        book.record(Grade("Jane Doe_13", "", "1", 7, "graded", ""), "v1")
        assert missing_from(book.rows(), students) == [f"{name}_12"]
        book.record(Grade("Jane Doe_99", "", "1", 7, "graded", ""), "v1")
        assert missing_from(book.rows(), students) == []  # it may be hers


@pytest.mark.parametrize(
    "text",
    [
        "ID;Vollst\u00e4ndiger Name;E-Mail-Adresse;Bewertung\r\n"
        "Teilnehmer/in77;Jane Doe;jane@example.org;\r\n",
        "Vorname,Nachname,ID-Nummer,E-Mail-Adresse\nJane,Doe,9001,jane@example.org\n",
        "Identifiant,Nom complet,Adresse de courriel\n77,Jane Doe,jane@example.org\n",
        "Nombre\tApellido(s)\tDirecci\u00f3n de correo\nJane\tDoe\tjane@example.org\n",
    ],
    ids=["German sheet", "German grades", "French", "Spanish"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_in_another_language_is_read(tmp_path, text, encoding):
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    (student,) = roster(tmp_path / "list.csv")
    assert student.name == "Jane Doe"
    assert find([student], "Jane Doe_77") is student
    assert find([student], "jane@example.org") is student


def test_a_table_without_a_line_is_refused(tmp_path):
    (tmp_path / "list.csv").write_text("\n")
    with pytest.raises(TableError, match="is empty"):
        roster(tmp_path / "list.csv")


def test_an_address_with_an_underscore_is_one_identifier():
    assert parts_of("Max Muster_max_m@example.org") == ("Max Muster", "max_m@example.org")
    assert parts_of("Jane Doe_9001") == ("Jane Doe", "9001")


@pytest.mark.parametrize("system", LISTS)
def test_a_list_of_students_is_read_as_each_system_writes_it(tmp_path, system):
    text, handed_in, missing = LISTS[system]
    (tmp_path / "list.csv").write_text(text, encoding="utf-8-sig")
    students = roster(tmp_path / "list.csv")
    assert len(students) == 2
    with Gradebook(tmp_path / "grades.db") as book:
        book.record(Grade(handed_in, "", "1", 7, "graded", ""), "v1")
        assert missing_from(book.rows(), students) == [missing]


def test_a_submission_is_renamed_with_its_seed_and_its_points(tmp_path):
    with Gradebook(tmp_path / "grades.db") as book:
        seed = book.seed_for("jdeo", "1")
        book.record(Grade("jdeo", "", "1", seed, "graded", ""), "v1")
        book.correct("jdeo", "update_rule", 7.0, "It was read to me.")
        book.rename("jdeo", "jdoe")
        (row,) = book.rows()
        assert (row.student, row.total) == ("jdoe", 7.0)
        assert book.name_of("jdeo") == "jdoe"
        assert book.seed_for("jdoe", "1") == seed
        book.record(Grade("anna", "", "1", 7, "graded", ""), "v1")
        with pytest.raises(GradebookError, match="anna has a row"):
            book.rename("jdoe", "anna")
        book.remove("jdoe")
        assert [row.student for row in book.rows()] == ["anna"]
        assert book.name_of("jdeo") is None
        with pytest.raises(GradebookError, match="Did you mean anna"):
            book.remove("anan")
        with pytest.raises(GradebookError, match=r"jdo was not removed. Removed: jdoe\."):
            book.restore("jdo")
        book.restore("jdoe")
        book.record(Grade("jdoe", "", "1", seed, "graded", ""), "v1")
        assert {row.student: row.total for row in book.rows()} == {"anna": 0.0, "jdoe": 7.0}
