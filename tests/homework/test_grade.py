"""Around the sandbox: what is collected, what is kept, what people add, and what they are shown."""

from __future__ import annotations

import csv
import errno
import io
import itertools
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.mnist import MnistUnavailable
from homework import __main__ as command_line
from homework import grade as grading
from homework import sandbox
from homework.arrays import pack, unpack
from homework.collect import CollectError, collect
from homework.feedback import (
    common_mistakes,
    feedback_page,
    items_page,
    page_name,
    summary_page,
    write_pages,
)
from homework.grade import Grade, Result, Work
from homework.gradebook import Gradebook, GradebookError, cell, missing_from, uncelled
from homework.people import Student, TableError, roster
from homework.questions import QUESTIONS
from homework.sheets import merge_sheet, write_sheet

judged = QUESTIONS[0].judge

ANSWER = "I compare Adam with gradient descent.\nBoth are tuned."


def grade(student, answer=ANSWER, update_rule=15.0, status="graded", digest="1"):
    """Return a grade as the grader makes it."""
    results = []
    for question in QUESTIONS:
        if question.id == "update_rule":
            words = "All right." if update_rule == 15 else "The step goes uphill by 3.25."
            checks = [(15.0, update_rule == 15, words)]
            state = "full" if update_rule == 15 else "wrong"
            results.append(Result(question.id, update_rule, state, checks, "hello", cpu=0.5))
        elif question.kind == "manual" and answer:
            results.append(Result(question.id, 0.0, "by hand", answer=answer))
        else:
            checks = [(question.points, False, "Not attempted.")]
            results.append(Result(question.id, 0.0, "not attempted", checks))
    words = "Graded."
    kept = results if status == "graded" else []
    return Grade(student, f"{student}.ipynb", digest, 7, status, words, [], kept)


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "grades" / "grades.db") as made:
        yield made


# ------------------------------------------------------------------------------- arrays, not pickle


def test_arrays_come_back_as_they_were():
    sent = {
        "a": np.arange(6.0).reshape(2, 3),
        "yes": np.array([True, False]),
        "none": np.zeros((0, 4), np.float32),
        "one": np.array(3),
        "é": np.arange(3, dtype=">i2"),
    }
    got = unpack(pack(sent))
    assert list(got) == list(sent)
    for name, array in sent.items():
        assert got[name].dtype == array.dtype
        np.testing.assert_array_equal(got[name], array, strict=True)
        assert not got[name].flags.writeable


@pytest.mark.parametrize(
    "what", [np.array(["text"]), np.array([object()]), np.array([None, 1]), np.zeros(2, "M8[s]")]
)
def test_nothing_but_numbers_is_sent(what):
    with pytest.raises(TypeError):
        pack({"a": what})


def test_whatever_is_no_pack_is_refused():
    good = bytearray(pack({"a": np.arange(4.0), "b": np.array([True])}))
    rng = np.random.default_rng(0)
    for _ in range(300):
        bad = good.copy()
        for place in rng.integers(len(bad), size=3):
            bad[place] = rng.integers(256)
        try:
            arrays = unpack(bytes(bad[: rng.integers(len(bad) + 1)]))
        except ValueError:
            continue
        assert all(array.dtype.kind in "biuf" for array in arrays.values())
        assert sum(array.nbytes for array in arrays.values()) <= 2 * len(good)


@pytest.mark.parametrize(
    "head",
    [
        '[["a", "<f8", [1000000000000], 0]]',
        '[["a", "<f8", [-1], 0]]',
        '[["a", "<f8", [1], -8]]',
        '[["a", "|O", [1], 0]]',
        '[["a", "V8", [1], 0]]',
        '[["a", "<f8", [1, 1, 1, 1, 1, 1, 1, 1, 1], 0]]',
        '[["a", "<f8", [true], 0]]',
        '{"a": 1}',
        "[" * 100_000,
        f'[["a", "<f8", [{", ".join(["9" * 4300] * 8)}], 0]]',
    ],
)
def test_a_head_that_lies_is_refused(head):
    data = len(head).to_bytes(8, "little") + head.encode() + bytes(64)
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, it refuses
        unpack(data)


def test_a_head_is_not_read_beyond_a_length():
    """It may be as long as an answer, and what is made of it takes twenty times as much."""
    head = json.dumps([["a", "<f8", [0], 0]]) + " " * 200_000
    with pytest.raises(ValueError, match="the head is too long"):
        unpack(len(head).to_bytes(8, "little") + head.encode())


# ------------------------------------------------------------------------------------ what is found


def test_every_layout_that_instructors_have_is_read(tmp_path):
    for name in (
        "anna.ipynb",
        "bob/mnist_lab/08_mnist_lab.ipynb",
        "doecarl_LATE_12_34_08_mnist_lab.ipynb",
        "Dora Ünal_77_assignsubmission_file_/lab.ipynb",
        "bob/.ipynb_checkpoints/old.ipynb",
        ".DS_Store",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = {item.student: item for item in collect(tmp_path)}
    assert {student: item.read().decode() for student, item in found.items()} == {
        "anna": "anna.ipynb",
        "bob": "bob/mnist_lab/08_mnist_lab.ipynb",
        "doecarl_12": "doecarl_LATE_12_34_08_mnist_lab.ipynb",
        "Dora Ünal_77": "Dora Ünal_77_assignsubmission_file_/lab.ipynb",
    }
    assert found["doecarl_12"].notes == ["It was handed in late."]


def test_names_in_two_forms_of_unicode_are_one_student(tmp_path):
    (tmp_path / "Zoe\u0308.ipynb").write_text("first")
    (tmp_path / "Zo\u00eb").mkdir()
    (tmp_path / "Zo\u00eb" / "again.ipynb").write_text("second")
    os.utime(tmp_path / "Zoe\u0308.ipynb", (1, 1))
    (only,) = collect(tmp_path)
    assert only.student == "Zo\u00eb"
    assert only.read() == b"second"
    assert "2 notebooks were handed in" in only.notes[0]


def test_a_file_that_became_a_link_is_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    place = tmp_path / "class"
    place.mkdir()
    (place / "anna.ipynb").write_text("{}")
    (found,) = collect(place)
    (place / "anna.ipynb").unlink()
    try:
        (place / "anna.ipynb").symlink_to(secret)
    except OSError:
        pytest.skip("no symbolic links here")
    with pytest.raises(OSError, match=r"symbolic|links"):
        found.read()


def test_a_large_file_in_a_zip_is_read_to_its_limit_only(tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("anna.ipynb", bytes(50_000_000))
    (found,) = collect(path)
    assert len(found.read()) == 20_000_001


def test_what_is_damaged_in_a_zip_is_told_and_the_rest_is_read(tmp_path):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("anna.ipynb", b"a notebook, " * 9)
        archive.writestr("bob.ipynb", b"another")
    content = bytearray(path.read_bytes())
    begin = content.index(b"anna.ipynb") + len("anna.ipynb")
    content[begin] |= 0b110  # a kind of block that deflate does not have
    path.write_bytes(content)
    anna, bob = (command_line._work(found) for found in collect(path))
    assert anna.problem.startswith("The file can't be read: ")
    assert (bob.problem, bob.content) == ("", b"another")
    content[content.index(b"PK\x01\x02")] = 0
    path.write_bytes(content)
    with pytest.raises(CollectError, match=r"damaged.*Fetch it again"):
        collect(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows shortens no path")
def test_a_folder_that_cannot_be_read_keeps_nobody_else_from_being_read(tmp_path, monkeypatch):
    (tmp_path / "anna.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for _ in range(25):  # longer than a path may be
        os.mkdir("b" * 200)
        os.chdir("b" * 200)
    anna, deep = collect(tmp_path)
    assert (anna.student, anna.problem) == ("anna", "")
    assert deep.problem == "The folder can't be read: File name too long."


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_what_is_neither_folder_nor_zip_is_refused(tmp_path, name):
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(CollectError, match=name):
        collect(tmp_path / name)


def test_a_list_of_students_may_have_a_title_and_further_columns(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Student,Group\nanna,1\n\nbob,2\nanna,3\n", encoding="utf-8-sig")
    assert [each.name for each in roster(path)] == ["anna", "bob"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_list_of_students_is_read_as_any_spreadsheet_writes_it(tmp_path, mark):
    path = tmp_path / "list.csv"
    path.write_text(f"Student{mark}Name\nanna{mark}Anna; or, Ann\nbob{mark}Bob\n")
    assert [each.name for each in roster(path)] == ["anna", "bob"]


def test_a_list_in_an_old_encoding_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("zo\u00eb\n".encode("latin-1"))
    with pytest.raises(TableError, match="Save it as CSV in UTF-8"):
        roster(path)


# ------------------------------------------------------------------------------------- what is kept


def test_a_grade_is_kept_whole_and_once(book):
    book.record(grade("anna"), "v1")
    book.record(grade("anna", update_rule=0.0), "v1")
    (row,) = book.rows()
    assert row.total == 0
    assert len(row.scores) == len(QUESTIONS)


def test_a_record_that_fails_halfway_changes_nothing(book):
    book.record(grade("anna"), "v1")
    broken = grade("anna", update_rule=0.0)
    broken.results.append(broken.results[0])  # twice the same question
    with pytest.raises(sqlite3.IntegrityError):
        book.record(broken, "v1")
    assert book.rows()[0].total == 15


def test_a_full_disk_is_told_and_the_grades_before_it_stay(book):
    book.record(grade("anna"), "v1")
    (pages,) = book._base.execute("PRAGMA page_count").fetchone()
    book._base.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(GradebookError, match=r"can't be written: database or disk is full"):
        book.record(grade("bob", answer="x" * 100_000), "v1")
    assert [(row.student, row.total) for row in book.rows()] == [("anna", 15)]
    book._base.execute(f"PRAGMA max_page_count = {100 * pages}")
    book.record(grade("bob"), "v1")
    assert [row.student for row in book.rows()] == ["anna", "bob"]


def test_a_folder_that_cannot_be_made_is_told_in_words(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sandbox, "choose", lambda *rest: "namespaces")
    monkeypatch.setattr(command_line, "_prepare", lambda: None)
    (tmp_path / "grades").write_text("a file stands in the way")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "anna.ipynb").write_bytes(b"")
    words = ["grade", str(tmp_path / "class"), "--to", str(tmp_path / "grades")]
    assert command_line.main(words) == 1
    said = capsys.readouterr().err
    assert f"{tmp_path / 'grades'} can't be read or written: " in said


def test_words_of_the_course_for_a_file_that_is_missing_stay_as_they_are(capsys, monkeypatch):
    def fails(*rest):
        raise MnistUnavailable("MNIST is not here. Fetch it.")

    monkeypatch.setattr(sandbox, "choose", fails)
    assert command_line.main(["grade", "nowhere"]) == 1
    assert capsys.readouterr().err == "MNIST is not here. Fetch it.\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--slower", value) for value in ("0", "-1", "nan", "much")),
        *(("--memory", value) for value in ("0", "inf")),
        *(("--workers", value) for value in ("0", "-2", "many")),
    ],
)
def test_limits_by_which_everybody_would_get_nothing_are_refused(option, value, capsys):
    with pytest.raises(SystemExit):
        command_line.main(["grade", "nowhere", option, value])
    assert option in capsys.readouterr().err


def test_whatever_goes_wrong_with_one_submission_the_next_is_graded(monkeypatch):
    def fails(*rest):
        raise RecursionError

    monkeypatch.setattr(grading.assignment, "parse", fails)
    made = grading.graded(Work("anna", "anna.ipynb", b"{}"), grading.Settings())
    assert (made.student, made.status) == ("anna", "failed")
    assert made.words == (
        "The grader failed, not the student (RecursionError). It will be tried again."
    )


@pytest.mark.parametrize("where", ["call", "cell"])
def test_an_error_in_the_own_code_is_told_as_such(where):
    """The cell does define the names; its error keeps them from being there."""
    question = QUESTIONS[0]
    broken = {"own_code": {"type": "SyntaxError", "message": "invalid syntax", "line": 3}}
    error = {"message": "Your code uses the name `helper`, which no answer cell defines."}
    if where == "cell":
        broken[question.id], error = {"type": "NameError", "message": "helper"}, {}
    outcome = sandbox.Outcome("refused" if error else "answered", error=error, broken=broken)
    result = grading._judged(question, {}, outcome, sandbox.Limits())
    assert result.checks[0][2] == (
        "When the cell with your own imports and functions runs, it stops in line 3 with "
        "SyntaxError: invalid syntax"
    )


class Calls:
    """In place of a sandbox: every call ends as it is told, and how it was limited is kept."""

    def __init__(self, *outcomes):
        self.outcomes, self.limits = list(outcomes), []

    def call(self, cells, call, inputs, shared, limits):
        self.limits.append(limits)
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


def filled_in():
    """Return an answer, of whatever worth, to each question that needs no MNIST."""
    sources = {"update_rule": "class MyRule: x = 1", "training_loop": "one_epoch = print"}
    sources["sweep_plot"] = "plot_sweep = print"
    pieces = [grading.assignment.Piece(name, source) for name, source in sources.items()]
    return grading.assignment.Answers(dict(sources), [], pieces)


@pytest.mark.parametrize(("waited", "calls", "state"), [(40.0, 2, "wrong"), (1.0, 1, "stopped")])
def test_what_ran_out_of_time_while_it_waited_for_a_processor_is_tried_once_more(
    monkeypatch, waited, calls, state
):
    late = sandbox.Outcome("time", seconds=60.0, cpu=29.0, waited=waited)
    fake = Calls(late, sandbox.Outcome("answered"))
    monkeypatch.setattr(grading, "_sandbox", lambda settings: fake)
    settings = grading.Settings(questions=("update_rule",))
    (result,), _ = grading._each_question(filled_in(), 1, settings)
    assert (result.state, len(fake.limits)) == (state, calls)


def test_whoever_sleeps_in_every_call_is_waited_for_ever_more_shortly(monkeypatch):
    fake = Calls(sandbox.Outcome("time", seconds=15.0, cpu=0.1))
    monkeypatch.setattr(grading, "_sandbox", lambda settings: fake)
    settings = grading.Settings(questions=("update_rule", "training_loop", "sweep_plot"))
    results, _ = grading._each_question(filled_in(), 1, settings)
    assert [result.state for result in results] == ["stopped"] * 3
    first, second, third = (limits.idle for limits in fake.limits)
    assert first == settings.limits.idle
    assert (second, third) == (first / 2, first / 4)


@pytest.mark.parametrize(
    "text", ["=1", "a;=1", 'a\t"=1+1"', "a\n- b", "a\n\n'=b", "'=1", "plain; text", "a;'=b;''=c"]
)
def test_what_is_kept_from_being_a_formula_comes_back_as_it_was(text):
    assert uncelled(cell(text)) == text


def test_every_field_is_quoted_so_that_no_spreadsheet_splits_one_into_a_formula(book, tmp_path):
    """A spreadsheet that separates by semicolons would take what follows for a cell of its own."""
    book.record(grade("anna;=1+1", answer='text;=HYPERLINK(1)\n=1+1;"=2;\t=3'), "v1")
    book.write_csv(tmp_path / "gradebook.csv")
    write_sheet(book, tmp_path / "sheet.csv")
    for name in ("gradebook.csv", "sheet.csv"):
        text = (tmp_path / name).read_text(encoding="utf-8-sig")
        assert re.fullmatch(r'(?:"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*\n?)*', text)
        for mark in ";\t,":
            lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
            cells = [each for line in lines for each in line]
            assert not [each for each in cells if each.lstrip('"').startswith(tuple("=+-@"))]


def test_only_what_changed_is_graded_again(book):
    work = Work("anna", "anna.ipynb", b"{}")
    book.record(grade("anna", digest=work.digest), "v1")
    assert book.is_done("anna", work.digest, "v1")
    assert not book.is_done("anna", work.digest, "v2")
    assert not book.is_done("anna", Work("anna", "anna.ipynb", b"{} ").digest, "v1")
    assert not book.is_done("bob", work.digest, "v1")


def test_a_failure_of_the_grader_is_tried_again_and_replaces_no_grade(book):
    book.record(grade("bob", status="failed", digest="9"), "v1")
    assert not book.is_done("bob", "9", "v1")
    book.record(grade("anna"), "v1")
    book.record(grade("anna", status="failed"), "v1")
    assert [row.status for row in book.rows()] == ["graded", "failed"]


def test_the_same_submission_has_the_same_seed_and_every_other_another_one(tmp_path):
    seeds = []
    for name in ("a", "b"):
        with Gradebook(tmp_path / name) as made:
            seeds += [made.seed_for(*key) for key in (("anna", "1"), ("anna", "2"), ("bob", "1"))]
            assert made.seed_for("anna", "1") == seeds[-3]
    assert len(set(seeds)) == 6


def test_who_handed_in_nothing_is_known(book):
    book.record(grade("anna"), "v1")
    students = [Student(name, (frozenset([name]),)) for name in ("anna", "bob")]
    assert missing_from(book.rows(), students) == ["bob"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_nobody_else_may_read_the_gradebook(book):
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def test_a_file_that_is_no_gradebook_is_refused(tmp_path):
    (tmp_path / "grades.db").write_text("something else, long enough to be looked at" * 20)
    with pytest.raises(GradebookError, match="is not a gradebook"):
        Gradebook(tmp_path / "grades.db")


# ---------------------------------------------------------------------------------- what people add


def sheet_of(book, tmp_path, **filled):
    """Write the sheet, fill in the given columns of its first row, return its path and its rows."""
    path = tmp_path / "sheet.csv"
    write_sheet(book, path)
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for column, text in filled.items():
        rows[0][column.replace("_", " ")] = text
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path, rows


FULL_MARKS = {"points_1": "5", "points_2": "4.5", "points_3": "3", "points_4": "0"}


def test_written_answers_go_out_and_their_points_come_back(book, tmp_path):
    book.record(grade("anna"), "v1")
    book.record(grade("bob", answer=""), "v1")
    path, rows = sheet_of(book, tmp_path, **FULL_MARKS, comment="Well argued, but short")
    assert [(row["student"], row["answer"]) for row in rows] == [("anna", ANSWER)]
    assert book.rows()[0].scores["comparison"].points is None
    assert merge_sheet(book, path) == 1
    score = book.rows()[0].scores["comparison"]
    assert (score.points, score.by, score.comment) == (12.5, "a person", "Well argued, but short")
    assert book.rows()[0].total == 27.5
    _, again = sheet_of(book, tmp_path)  # what was given stands in the next sheet
    assert [again[0][f"points {n}"] for n in range(1, 5)] == ["5", "4.5", "3", "0"]


def test_a_sheet_with_semicolons_and_decimal_commas_is_read(book, tmp_path):
    book.record(grade("anna"), "v1")
    path = tmp_path / "sheet.csv"
    path.write_text(
        "student;question;answer;points 1;points 2;points 3;points 4;comment\n"
        "anna;comparison;x;1,5;0;0;0;\n"
    )
    merge_sheet(book, path)
    assert book.rows()[0].scores["comparison"].points == 1.5


@pytest.mark.parametrize(
    ("column", "text", "says"),
    [
        ("points_1", "6", "takes 0 to 5 points, not '6'"),
        ("points_1", "-1", "not '-1'"),
        ("points_1", "many", "not 'many'"),
        ("points_1", "nan", "not 'nan'"),
        ("points_2", "", "takes 0 to 5 points, but the field is empty"),
        ("student", "eve", "there is no written answer by eve"),
        ("question", "sweep", "there is no written answer by anna to sweep"),
    ],
)
def test_a_sheet_with_a_mistake_changes_nothing_and_says_where(book, tmp_path, column, text, says):
    book.record(grade("anna"), "v1")
    path, _ = sheet_of(book, tmp_path, **FULL_MARKS | {column: text})
    with pytest.raises(GradebookError, match="Nothing was merged") as caught:
        merge_sheet(book, path)
    assert says in str(caught.value)
    assert "row 2" in str(caught.value)
    assert book.rows()[0].scores["comparison"].points is None


@pytest.mark.parametrize(
    "answer",
    [
        "one\u2028two",
        "one\x0ctwo",
        "one\x85two\x1cthree",
        "one\rtwo",
        'a "b", c;\n d',
        "x" * 200_000,
    ],
)
def test_a_text_with_any_mark_in_it_comes_back_as_one_row(book, tmp_path, answer):
    """Word and PDF files hold such marks; Python, but no spreadsheet, takes some for a new line."""
    book.record(grade("anna", answer=answer), "v1")
    path, _ = sheet_of(book, tmp_path, **FULL_MARKS)
    assert merge_sheet(book, path) == 1
    assert book.rows()[0].scores["comparison"].points == 12.5


def test_a_text_longer_than_a_field_of_a_spreadsheet_is_cut_in_the_sheet(book, tmp_path):
    book.record(grade("anna", answer="x" * 200_000), "v1")
    _, (row,) = sheet_of(book, tmp_path)
    assert len(row["answer"]) < 32_767
    assert "(200000 characters; the rest is in the notebook)" in row["answer"]


def test_points_are_not_given_to_a_text_that_was_handed_in_after_the_sheet(book, tmp_path):
    book.record(grade("anna"), "v1")
    path, _ = sheet_of(book, tmp_path, **FULL_MARKS)
    book.record(grade("anna", answer="A text that nobody has read"), "v1")
    with pytest.raises(GradebookError, match="row 2: anna has handed in another text since"):
        merge_sheet(book, path)
    assert book.rows()[0].scores["comparison"].points is None


def test_points_of_a_text_that_was_changed_do_not_count(book, tmp_path):
    book.record(grade("anna"), "v1")
    path, _ = sheet_of(book, tmp_path, **FULL_MARKS)
    merge_sheet(book, path)
    book.record(grade("anna", update_rule=0.0), "v1")  # the same text: the points stay
    assert book.rows()[0].scores["comparison"].points == 12.5
    book.record(grade("anna", answer="Another text"), "v1")
    assert book.rows()[0].scores["comparison"].points is None


def test_a_correction_outlives_grading_again_and_can_be_taken_back(book):
    book.record(grade("anna", update_rule=0.0), "v1")
    book.correct("anna", "update_rule", 10, "The question was unclear")
    book.record(grade("anna", update_rule=0.0), "v2")
    score = book.rows()[0].scores["update_rule"]
    assert (score.points, score.by, score.comment) == (
        10,
        "a correction",
        "The question was unclear",
    )
    book.correct("anna", "update_rule", None, "")
    assert book.rows()[0].total == 0


@pytest.mark.parametrize(
    ("student", "question", "points", "reason", "says"),
    [
        ("eve", "update_rule", 1, "x", "no student eve"),
        ("anna", "rule", 1, "x", "no question rule; there are update_rule"),
        ("anna", "update_rule", 16, "x", "0 to 15 points, not 16"),
        ("anna", "update_rule", float("nan"), "x", "0 to 15 points"),
        ("anna", "update_rule", 1, " ", "needs a reason"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(book, student, question, points, reason, says):
    book.record(grade("anna"), "v1")
    with pytest.raises(GradebookError, match=says):
        book.correct(student, question, points, reason)


# ------------------------------------------------------------------------------------ what they see


class Tags(HTMLParser):
    """Collects the elements of a page and whether each is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""

    def handle_starttag(self, tag, attrs):
        self.seen |= {tag, *(name for name, _ in attrs)}
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen |= {tag}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def tags_of(page):
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


HOSTILE = '<script>alert(1)</script><img src=x onerror="x">\x1b[31m"\'&`<i>`\u202e'


def test_nothing_that_a_student_wrote_becomes_markup(book, tmp_path):
    bad = Result("update_rule", 0.0, "wrong", [(15.0, False, HOSTILE)], HOSTILE)
    hand = Result("comparison", 0.0, "by hand", answer=HOSTILE)
    made = Grade(HOSTILE, HOSTILE, "1", 7, "graded", HOSTILE, [HOSTILE], [bad, hand])
    book.record(made, "v1")
    rows = book.rows()
    for page in (feedback_page(rows[0]), summary_page(rows), items_page(rows)):
        tags = tags_of(page)
        assert not tags.seen & {"script", "img", "i", "onerror"}
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert "<script>alert(1)</script>" in tags_of(feedback_page(rows[0])).text


def test_a_student_reads_points_reasons_and_what_is_still_open(book, tmp_path):
    book.record(grade("anna", update_rule=0.0), "v1")
    text = tags_of(feedback_page(book.rows()[0])).text
    assert "0 of 100 points so far; up to 20 more come from the person" in text
    assert "The step goes uphill by 3.25." in text
    assert "hello" in text
    path, _ = sheet_of(book, tmp_path, **FULL_MARKS, comment="Well argued")
    merge_sheet(book, path)
    text = tags_of(feedback_page(book.rows()[0])).text
    assert "12.5 of 100 points." in text
    assert "Well argued" in text
    assert "4.5 of 5" in text


def test_the_same_mistake_with_other_numbers_is_counted_as_one(book):
    for number, student in enumerate("abc"):
        made = grade(student, update_rule=0.0)
        made.results[0].checks[0] = (15.0, False, f"The step goes uphill by {number}.25.")
        book.record(made, "v1")
    assert common_mistakes(book.rows())[0][1] == 3
    assert "students: 3" not in summary_page([])


def test_what_waits_for_another_check_is_no_mistake_of_its_own(book):
    """The judges' words for it begin alike."""
    made = grade("anna", update_rule=0.0)
    inputs = QUESTIONS[0].inputs(np.random.default_rng(0))
    made.results[0].checks[:] = [(c.points, c.passed, c.message) for c in judged(inputs, {})]
    assert sum(not passed for _, passed, _ in made.results[0].checks) == 4
    book.record(made, "v1")
    told = [message for (_, message), _ in common_mistakes(book.rows())]
    assert told == ["The parameters are not where momentum leads: v ← μv + g, then w ← w - αv."]


def test_a_long_message_of_one_student_leaves_the_tables_of_the_class_readable(book):
    made = grade("anna", update_rule=0.0)
    made.results[0].checks[:] = [(15.0, False, "x" * 2000)]
    book.record(made, "v1")
    for page in (summary_page(book.rows()), items_page(book.rows())):
        assert "x" * 300 + " …" in page
        assert "x" * 301 not in page
    assert "x" * 2000 in feedback_page(book.rows()[0])


def test_the_histogram_says_its_numbers_in_words(book):
    for student in "abc":
        book.record(grade(student), "v1")
    book.record(grade("d", update_rule=0.0), "v1")
    page = summary_page(book.rows())
    assert "0 to 10 points: 1, 10 to 20 points: 3" in page
    assert "4 texts have yet to be read" in page


def test_questions_that_tell_people_apart_correlate_with_the_rest(book):
    """Compared with numpy, for a question that follows the others, beside one that does not."""
    for number in range(4):
        book.record(grade(str(number), update_rule=float(number * 5)), "v1")
        book.correct(str(number), "training_loop", number * 2.0, "x")
        book.correct(str(number), "sweep", 9.0 - 3 * number, "x")
    rule = np.arange(4) * 5.0
    rest = np.arange(4) * 2.0 + 9 - 3 * np.arange(4)
    wanted = f"{np.corrcoef(rule, rest)[0, 1]:.2f}"
    line = next(part for part in items_page(book.rows()).split("<tr>") if "update rule" in part)
    assert f">{wanted}<" in line


def test_pages_of_students_who_left_are_removed_and_names_never_collide(tmp_path, book):
    names = ["a/b", "a_b", "a b", "..", "CON", "x" * 300, "李", "𐌰" * 300]
    assert len({page_name(name).lower() for name in names}) == len(names)
    assert not any("/" in page_name(name) for name in names)
    assert max(len(page_name(name).encode()) for name in names) < 100
    for name in names:
        book.record(grade(name), "v1")
    write_pages(book.rows(), tmp_path)
    write_pages(book.rows()[:2], tmp_path)
    assert len(list((tmp_path / "feedback").iterdir())) == 2


def test_an_empty_class_has_pages_too(tmp_path):
    assert write_pages([], tmp_path) == 0
    assert "0 students" in (tmp_path / "summary.html").read_text()


# --------------------------------------------------------------------------- where nothing isolates


@pytest.fixture
def nothing(monkeypatch):
    """A machine without namespaces and without containers."""
    monkeypatch.setattr(sandbox, "why_no_namespaces", lambda: "This is another system.")
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)


def test_without_isolation_nothing_is_run_and_the_ways_out_are_named(nothing, tmp_path, capsys):
    (tmp_path / "anna.ipynb").write_text("{}")
    code = command_line.main(["grade", str(tmp_path), "--to", str(tmp_path / "grades")])
    said = capsys.readouterr().err
    assert code == 1
    assert "nothing was run" in said
    assert "This is another system." in said
    assert "Docker: docker is not installed." in said
    assert "--unsafe" in said
    assert not (tmp_path / "grades").exists()


def test_a_system_that_keeps_namespaces_from_its_users_is_told_the_switch(tmp_path):
    assert sandbox._switched_off(tmp_path) == ""
    (tmp_path / "kernel").mkdir()
    switch = tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns"
    switch.write_text("0\n")
    assert sandbox._switched_off(tmp_path) == ""
    switch.write_text("1\n")
    words = "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
    assert words in sandbox._switched_off(tmp_path)


def test_a_person_may_insist(nothing):
    assert sandbox.choose(unsafe=True) == "none"
    with pytest.raises(sandbox.SandboxError, match="unless you add --unsafe"):
        sandbox.choose("none")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_container_gets_the_job_and_nothing_else(tmp_path, monkeypatch):
    """A stand-in for Docker writes down how it is called and runs what the container would run."""
    stand_in = tmp_path / "docker"
    stand_in.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ "$1" = run ] || exit 0\n'
        'for word in "$@"; do case "$word" in *:/job:ro) job=${word%:/job:ro};; esac; done\n'
        f'PYTHONPATH={sandbox.ROOT} exec {sys.executable} -m homework.worker "$job"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert sandbox.choose("docker") == "docker"
    cells = [("a", "def plot_sweep(ax, rates, sizes, table):\n    ax.plot(rates, rates)\n")]
    inputs = {"rates": np.ones(3), "batch_sizes": np.ones(2), "accuracies": np.ones((3, 2))}
    with sandbox.Sandbox("docker") as place:
        outcome = place.call(cells, "sweep_plot", inputs, limits=sandbox.Limits(seconds=60))
    assert outcome.ended == "answered", outcome
    np.testing.assert_array_equal(outcome.outputs["lines"], np.ones((1, 3, 2)))
    call = next(line for line in (tmp_path / "calls").read_text().split("\n") if line[:3] == "run")
    for part in (
        *("--network none", "--read-only", "--cap-drop ALL", "no-new-privileges", "--pids-limit"),
        *("--memory", "--user 65534:65534", "--tmpfs /tmp:rw,nosuid,nodev,size="),
    ):
        assert part in call
    assert call.count("--volume") == 1


def test_the_image_holds_no_questions_and_no_solutions():
    text = (sandbox.ROOT / "homework" / "Dockerfile").read_text()
    copied = " ".join(line for line in text.split("\n") if line.startswith("COPY"))
    assert "homework/worker.py" in copied
    for hidden in ("questions", "source", "mutants", "homework /", "COPY ."):
        assert hidden not in copied


def test_what_does_not_end_is_ended_without_isolation_too():
    cells = [("a", "while True:\n    pass")]
    limits = sandbox.Limits(seconds=1, cell_seconds=0.5, patience=1)
    with sandbox.Sandbox("none") as place:
        outcome = place.call(cells, "sweep_plot", {}, limits=limits)
    assert (outcome.ended, outcome.cell) in {("time", "a"), ("time", "")}


# ---------------------------------------------------------------------------------------- the words


@pytest.mark.skipif(sandbox.why_no_namespaces() is not None, reason="no namespaces here")
def test_the_clock_ends_nothing_whose_processor_time_is_counted(monkeypatch):
    """However long a submission waits for a processor: here, a day between any two looks."""
    days = itertools.count(step=86400.0)
    monkeypatch.setattr(sandbox, "time", SimpleNamespace(monotonic=lambda: next(days)))
    with sandbox.Sandbox("namespaces", warm=False) as place:
        outcome = place.call([], "", {})
    assert outcome.ended == "answered"
    assert outcome.seconds >= 86400


def test_every_word_of_the_command_line_is_in_its_help():
    run = subprocess.run(
        [sys.executable, "-m", "homework", "--help"],
        cwd=sandbox.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    words = "release grade report sheet merge log similar gradescope preview correct export"
    for word in (*words.split(), "remove", "restore", "rename", "check"):
        assert re.search(rf"(?m)^    {word}\b", run.stdout)


def test_report_sheet_merge_and_correct_work_from_the_command_line(tmp_path, capsys):
    to = ["--to", str(tmp_path)]
    assert command_line.main(["report", *to]) == 1
    assert "Run grade first" in capsys.readouterr().err
    with Gradebook(tmp_path / "grades.db") as made:
        made.record(grade("anna"), "v1")
    sheet = tmp_path / "sheet.csv"
    assert command_line.main(["sheet", str(sheet), *to]) == 0
    text = sheet.read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    rows[1][3:7] = ["5", "5", "5", "5"]
    with open(sheet, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert command_line.main(["merge", str(sheet), *to]) == 0
    words = ["correct", "anna", "sweep", "3", "--reason", "An unclear question", *to]
    assert command_line.main(words) == 0
    with open(tmp_path / "gradebook.csv", newline="", encoding="utf-8-sig") as file:
        (line,) = csv.DictReader(file)
    assert (line["comparison"], line["sweep"], line["total"]) == ("20", "3", "38")
    assert command_line.main(["correct", "anna", "sweep", "many", *to]) == 1
    assert "Points are a number, not 'many'." in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="It is about a file of Linux")
@pytest.mark.parametrize(("times", "works"), [(0, True), (3, True), (99, False)])
def test_a_sealed_file_waits_while_the_kernel_holds_a_page_of_it(monkeypatch, times, works):
    import fcntl

    seal, tries, pauses = fcntl.fcntl, [], []

    def held(*asked):
        tries.append(asked)
        if len(tries) <= times:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return seal(*asked)

    monkeypatch.setattr(fcntl, "fcntl", held)
    monkeypatch.setattr(sandbox.time, "sleep", pauses.append)
    if not works:
        with pytest.raises(OSError, match="busy"):
            sandbox._memory_file(b"digits")
        assert 5 < sum(pauses) < 10
        return
    number = sandbox._memory_file(b"digits")
    assert os.pread(number, 9, 0) == b"digits"
    with pytest.raises(OSError, match="not permitted"):
        os.pwrite(number, b"x", 0)
    os.close(number)
