"""What people decide: who marks, who is late, who works together, whose texts are alike."""

from __future__ import annotations

import copy
import csv
import json
import os
import sys
import zipfile
from dataclasses import replace
from datetime import datetime

import nbformat
import pytest

from homework import __main__ as command_line
from homework import assignment, late
from homework import grade as grading
from homework.collect import Submission
from homework.feedback import feedback_page
from homework.grade import Grade, Result, Settings, Work
from homework.gradebook import Gradebook, GradebookError
from homework.gradescope import results, write_autograder
from homework.groups import groups, shared
from homework.people import TableError
from homework.sheets import merge_sheet, write_sheet
from homework.similar import pairs


def grade(student, answer="Adam wins.", points=15.0):
    made = [
        Result("update_rule", points, "full", [(15.0, True, "All right.")]),
        Result("comparison", 0.0, "by hand", answer=answer),
    ]
    return Grade(student, f"{student}.ipynb", "1", 7, "graded", "Graded.", [], made)


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "grades" / "grades.db") as made:
        yield made


def filled(book, path, points, remark="", **options):
    """Write a sheet and fill in the same points for each row of each rubric."""
    write_sheet(book, path, **options)
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {f"points {n}": str(points) for n in range(1, 5)} | {"remark 2": remark}
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path, rows


# ---------------------------------------------------------------------------------- several markers


def test_a_second_marker_overwrites_nothing_unless_it_is_said(book, tmp_path):
    book.record(grade("anna"), "v1")
    first, _ = filled(book, tmp_path / "a.csv", 4, "Which seeds?")
    assert merge_sheet(book, first, "mia") == 1
    second, _ = filled(book, tmp_path / "b.csv", 2)
    with pytest.raises(GradebookError, match="mia gave anna 16 points before; this sheet gives 8"):
        merge_sheet(book, second, "noah")
    assert book.rows()[0].scores["comparison"].points == 16
    assert merge_sheet(book, first, "mia") == 1  # the same points again are no change
    merge_sheet(book, second, "noah", replace=True)
    assert book.rows()[0].scores["comparison"].points == 8
    book.correct("anna", "comparison", 12, "It was read too strictly.", "ida")
    book.correct("anna", "comparison", None, "", "ida")
    assert [(e.who, e.before, e.after) for e in book.log()] == [
        ("mia", None, 16),
        ("noah", 16, 8),
        ("ida", 8, 12),
        ("ida", 12, None),
    ]


def test_a_remark_to_a_row_of_the_rubric_stands_beside_its_points(book, tmp_path):
    book.record(grade("anna"), "v1")
    path, _ = filled(book, tmp_path / "a.csv", 4, "Which <seeds>?")
    merge_sheet(book, path)
    assert "<em>Which &lt;seeds&gt;?</em>" in feedback_page(book.rows()[0])


@pytest.mark.parametrize("anonymous", [False, True])
def test_the_text_of_a_group_is_read_once_and_counts_for_every_member(book, tmp_path, anonymous):
    for student in ("anna", "bob"):
        book.record(replace(grade(student), file="red/lab.ipynb"), "v1")
    book.record(grade("eve"), "v1")  # the same words in another file
    path, rows = filled(book, tmp_path / "a.csv", 3, anonymous=anonymous)
    assert len(rows) == 2
    assert merge_sheet(book, path) == 3
    assert [row.scores["comparison"].points for row in book.rows()] == [12, 12, 12]
    other, _ = filled(book, tmp_path / "b.csv", 2)
    with pytest.raises(GradebookError, match="gave anna 12 points before"):
        merge_sheet(book, other)


def test_an_anonymous_sheet_names_nobody_and_comes_back_to_everybody(book, tmp_path):
    for student in ("anna", "bob", "eve"):
        book.record(grade(student, f"Text number {student[0]}."), "v1")
    path, rows = filled(book, tmp_path / "a.csv", 3, anonymous=True)
    text = path.read_text(encoding="utf-8")
    assert not any(student in text for student in ("anna", "bob", "eve"))
    assert [row["student"] for row in rows] == sorted(row["student"] for row in rows)
    assert merge_sheet(book, path) == 3
    assert {row.scores["comparison"].points for row in book.rows()} == {12}


def test_a_gradebook_of_an_earlier_version_is_read(tmp_path):
    import sqlite3

    path = tmp_path / "grades.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE read_by_hand (student TEXT NOT NULL, question TEXT NOT NULL, answer TEXT "
            "NOT NULL, points TEXT NOT NULL, comment TEXT NOT NULL, made TEXT NOT NULL, "
            "PRIMARY KEY (student, question))"
        )
        row = ["anna", "comparison", "Adam wins.", "[5, 5, 5, 4]", "Good", "2026-01-01"]
        base.execute("INSERT INTO read_by_hand VALUES (?, ?, ?, ?, ?, ?)", row)
    base.close()
    with Gradebook(path) as book:
        book.record(grade("anna"), "v1")
        assert book.rows()[0].total == 34


# --------------------------------------------------------------------------------------------- late

DUE = datetime(2026, 11, 30, 23, 59)


@pytest.mark.parametrize(
    ("hour", "penalty"), [(0, 0), (1.9, 0), (2.1, 0.1), (24, 0.1), (24.1, 0.2), (300, 1)]
)
def test_each_day_begun_after_the_grace_costs_its_share(hour, penalty):
    share, unit = late.parse_penalty("10%/day")
    rule = late.Policy(DUE, share, unit, late.parse_span("2h"))
    when = datetime.fromtimestamp(DUE.timestamp() + 3600 * hour)
    assert rule.lateness("anna", when).penalty == pytest.approx(penalty)


def test_an_extension_is_for_one_student(tmp_path):
    table = tmp_path / "more.csv"
    table.write_text("student,due\nAnna Doe,2026-12-05 12:00\n")
    rule = late.Policy(DUE, 0.5, 86400, 0, late.times(table))
    when = datetime(2026, 12, 2)
    assert rule.lateness("Anna Doe_77", when).penalty == 0
    assert rule.lateness("Bob Roe_78", when).penalty == 1


def test_moodles_worksheet_says_when_each_handed_in(tmp_path):
    table = tmp_path / "worksheet.csv"
    table.write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 77,Anna Doe,anna@example.org,"Tuesday, 1 December 2026, 10:30 AM"\n'
        "Participant 78,Bob Roe,bob@example.org,-\n"
    )
    ((student, when),) = late.times(table)
    assert student.is_named("Anna Doe_77")
    assert when == datetime(2026, 12, 1, 10, 30)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01 22:30",
        "12/01/2026 22:30",
        "01.12.2026 22:30",
        "Tuesday, 1 December 2026, 10:30 PM",
        "Dienstag, 1. Dezember 2026, 22:30",
        "mardi 1 d\u00e9cembre 2026, 22:30",
        "martes, 1 de diciembre de 2026, 22:30",
    ],
)
def test_a_time_is_read_as_systems_write_it_in_their_languages(text):
    assert late.parse_time(text) == datetime(2026, 12, 1, 22, 30)


def test_a_month_that_is_none_is_told():
    with pytest.raises(late.LateError, match="Write it like 2026-11-30 23:59"):
        late.parse_time("1 Foobar 2026, 22:30")


def test_a_second_extension_takes_the_place_of_the_first(tmp_path):
    table = tmp_path / "more.csv"
    table.write_text("student,due\nAnna Doe,2026-12-01 12:00\nAnna Doe,2026-12-05 12:00\n")
    rule = late.Policy(DUE, 0.5, 86400, 0, late.times(table))
    assert rule.lateness("Anna Doe_77", datetime(2026, 12, 2)).penalty == 0


@pytest.mark.parametrize("text", ["10", "10%", "110%/day", "10%/year", "x%/day"])
def test_a_penalty_that_makes_no_sense_is_refused(text):
    with pytest.raises(late.LateError, match="like 10%/day"):
        late.parse_penalty(text)


def test_what_is_taken_off_stands_on_the_page_and_goes_again_with_the_lateness(book):
    book.record(grade("anna"), "v1")
    rule = late.Policy(DUE, 0.1, 86400)
    book.set_late("anna", rule.lateness("anna", datetime(2026, 12, 1, 12)))
    row = book.rows()[0]
    assert (row.earned, row.total) == (15, 13.5)
    page = feedback_page(row)
    assert "12.0 hours after it was due (2026-11-30 23:59), so 10% of the points" in page
    assert "it would be 15 points" in page
    book.set_late("anna", rule.lateness("anna", datetime(2026, 11, 1)))
    assert book.rows()[0].total == 15


# ------------------------------------------------------------------- tables, by the command line


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section\n"
    '"Doe, Jane",1001,s1,jdoe,A\n"Roe, Max",1002,s2,mroe,A\n"Roe, Max",1003,s3,mroe2,A\n'
)


@pytest.fixture
def late_class(tmp_path, monkeypatch):
    """Return what grades three empty files of Canvas, handed in a day late, with more options."""
    pytest.importorskip("torch")
    monkeypatch.setattr(command_line, "_prepare", lambda: None)
    with zipfile.ZipFile(tmp_path / "canvas.zip", "w") as made:
        for who in ("doejane_1001", "roemax_1002", "roemax_1003"):
            made.writestr(zipfile.ZipInfo(f"{who}_55_lab.ipynb", (2026, 12, 1, 22, 0, 0)), "")
    (tmp_path / "class.csv").write_text(CANVAS)

    def grade_all(**tables):
        more = []
        for option, text in tables.items():
            (tmp_path / f"{option}.csv").write_text(text)
            more += [f"--{option}", str(tmp_path / f"{option}.csv")]
        words = ["grade", str(tmp_path / "canvas.zip"), "--to", str(tmp_path / "grades"), *more]
        words += ["--students", str(tmp_path / "class.csv"), "--isolation", "none", "--unsafe"]
        words += ["--workers", "1", "--due", "2026-11-30 23:59", "--late", "10%/day"]
        assert command_line.main(words) == 0
        with Gradebook(tmp_path / "grades" / "grades.db") as book:
            return {row.student: row.late.penalty for row in book.rows()}

    return grade_all


@pytest.mark.parametrize(
    "name", ["doejane_1001", "1001", "Jane Doe", '"Doe, Jane"', "jdoe", "S1", " jane doe "]
)
def test_an_extension_reaches_the_student_however_it_is_written(late_class, capsys, name):
    table = f"student,due\n{name},2026-12-05 23:59\n"
    got = late_class(extensions=table)
    assert got == {"doejane_1001": 0.0, "roemax_1002": 0.1, "roemax_1003": 0.1}
    assert "here" not in capsys.readouterr().err


def test_an_extension_for_nobody_or_for_several_is_told(late_class, capsys):
    table = "student,due\nMax Roe,2026-12-05 23:59\nJane Do,2026-12-05 23:59\n"
    assert set(late_class(extensions=table).values()) == {0.1}
    said = capsys.readouterr().err
    assert "extensions.csv: Max Roe may be several students here. Add IDs." in said
    assert "extensions.csv: Jane Do is nobody here." in said


def test_times_and_groups_reach_the_student_by_the_list_of_the_class(late_class):
    times = "student,submitted\nJane Doe,2026-11-30 22:00\n1003,2026-12-03 22:00\n"
    got = late_class(times=times)
    assert got == pytest.approx({"doejane_1001": 0.0, "roemax_1002": 0.1, "roemax_1003": 0.3})


def test_a_group_of_names_is_found_behind_the_names_of_canvas(late_class):
    got = late_class(groups="group,student\nred,Jane Doe\nred,mroe2\n")
    assert got == {"Jane Doe": 0.1, "mroe2": 0.1, "roemax_1002": 0.1}


# ------------------------------------------------------------------------------------------- groups


def test_a_group_hands_in_once_and_each_member_has_a_row(tmp_path):
    table = tmp_path / "groups.csv"
    table.write_text("group,student\nred,Anna Doe\nred,Bob Roe\nblue,Eve Moe\n")
    known = groups(table)
    assert {name: [one.name for one in who] for name, who in known.items()} == {
        "red": ["Anna Doe", "Bob Roe"],
        "blue": ["Eve Moe"],
    }
    made = [
        Submission("Anna Doe_1", "old.ipynb", when=1.0),
        Submission("Bob Roe_2", "new.ipynb", when=2.0),
        Submission("blue", "blue.ipynb"),
        Submission("alone", "alone.ipynb"),
    ]
    got = {found.file: names for found, names in shared(made, known)}
    assert got == {
        "new.ipynb": ["Anna Doe", "Bob Roe"],
        "blue.ipynb": ["Eve Moe"],
        "alone.ipynb": ["alone"],
    }
    (red, _), *_ = shared(made, known)
    assert "not so those of Anna Doe_1" in red.notes[-1]
    table.write_text("student\nAnna\n")
    with pytest.raises(TableError, match="no column `group`"):
        groups(table)


@pytest.mark.parametrize(
    "name", ["Red 1", "red1_12", "Red 1-Anna Doe_77", "Anna Doe_77", "jdoe_77"]
)
def test_a_group_is_known_by_the_name_that_a_system_gives_it(tmp_path, name):
    table = tmp_path / "groups.csv"
    table.write_text("group,id,student\nRed 1,77,Anna Doe\nRed 1,78,Anna Doe\n")
    ((_, names),) = shared([Submission(name, "lab.ipynb")], groups(table))
    assert names == ["Anna Doe_77", "Anna Doe_78"]


def test_what_gradescope_names_several_people_for_is_graded_once():
    made = [Submission(name, "submission_1/lab.ipynb") for name in ("Jane Doe_9", "Li Wei_8")]
    made += [Submission("Max_7", problem="empty"), Submission("Mia_6", problem="empty")]
    assert [names for _, names in shared(made, {})] == [
        ["Jane Doe_9", "Li Wei_8"],
        ["Max_7"],
        ["Mia_6"],
    ]


# ------------------------------------------------------------------------------------------ similar

OWN = """
def warm(rate, k, steps):
    if k < steps // 10:
        return rate * (k + 1) / (steps // 10)
    left = (steps - k) / (steps - steps // 10)
    return rate * left ** 2 if left > 0.01 else 0.0


def train_network(train, validation):
    first, last = torch.nn.Linear(784, 200), torch.nn.Linear(200, 10)
    network = torch.nn.Sequential(first, torch.nn.Tanh(), last)
    best, count = None, 0
    for rate in (0.3, 0.1, 0.03):
        trial = new_network(seed=count)
        fit(trial, train, None, GradientDescent(lr=warm(rate, 3, 100)), epochs=1, progress=False)
        score = evaluate(trial, validation).accuracy
        if best is None or score > best[0]:
            best, count = (score, trial), count + 1
    return best[1]
"""
OTHER = """
def train_network(train, validation):
    network = new_network()
    rule = Nesterov(momentum=0.9)
    fit(network, train, validation, rule, epochs=2, schedule=cosine(0.1, 1500), progress=False)
    while evaluate(network, validation).loss > 0.2:
        fit(network, train, validation, rule, epochs=1, lr=0.01, progress=False)
        print("again", [p.norm().item() for p in network.parameters()])
    return network.eval()
"""


def lab(code, text=""):
    made = copy.deepcopy(assignment.pristine())
    for cell in made.cells:
        name = assignment.mark_of(cell).get("grade_id")
        if name == "reach_90":
            cell.source = code
        if name == "comparison" and text:
            cell.source = text
    return nbformat.writes(made).encode()


def test_code_that_was_copied_and_renamed_is_listed_and_other_code_is_not():
    renamed = OWN.replace("rate", "alpha").replace("best", "top").replace("0.03", "0.02")
    moved = "# all my own work\n" + "\n\n".join(renamed.split("\n\n\n")[::-1])
    found = pairs({"anna": lab(OWN), "bob": lab(moved), "eve": lab(OTHER), "blank": lab("...")})
    assert [(pair.one, pair.other, pair.part) for pair in found] == [("anna", "bob", "code")]
    assert found[0].share > 0.8


def test_a_text_that_was_copied_is_listed():
    text = " ".join(f"word{n} and then we measured run {n} again," for n in range(30))
    own = " ".join(f"other{n} results from seed {n}, which differ" for n in range(30))
    found = pairs(
        {"a": lab("...", text), "b": lab("...", text + " The end."), "c": lab("...", own)}
    )
    assert [(pair.one, pair.other, pair.part) for pair in found] == [("a", "b", "text")]


def test_what_many_wrote_comes_from_the_task():
    assert pairs({f"student {n}": lab(OWN) for n in range(8)}) == []


# --------------------------------------------------------------------------------------- Gradescope


def test_the_autograder_holds_what_it_runs_and_no_solutions(tmp_path):
    digits = tmp_path / "mnist"
    digits.mkdir()
    (digits / "t10k-labels-idx1-ubyte.gz").write_bytes(b"x")
    write_autograder(tmp_path / "autograder.zip", digits)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        names = set(archive.namelist())
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
        text = archive.read("setup.sh") + archive.read("run_autograder")
    assert {"setup.sh", "run_autograder", "homework/gradescope.py", "homework/sealed.json"} <= names
    assert "notebooks/08_mnist_lab.ipynb" in names
    assert "mnist/t10k-labels-idx1-ubyte.gz" in names
    assert not [n for n in names if "homework/source" in n or "mutants" in n or ".pyc" in n]
    assert modes["run_autograder"] & 0o111
    assert b"{packages}" not in text
    assert b"{__init__,arrays,worker}.py" in text


def test_results_are_in_the_form_that_gradescope_reads():
    made = results(grade("anna"))
    assert made["score"] == 15
    (test,) = made["tests"]
    assert (test["score"], test["max_score"], test["status"]) == (15, 15, "passed")
    assert json.loads(json.dumps(made)) == made
    rejected = Grade("", "", "", 0, "rejected", "The file is empty.")
    assert results(rejected) == {
        "score": 0,
        "output": "The file is empty.",
        "output_format": "text",
        "tests": [],
    }


# ----------------------------------------------------------------------------- what may be missing


def test_without_dask_one_is_graded_at_a_time_and_it_is_said(monkeypatch, capsys):
    monkeypatch.setattr(command_line.importlib.util, "find_spec", lambda name: None)
    options = command_line._parser().parse_args(["grade", "x"])
    command_line._with_or_without_dask(options)
    assert options.workers == 1
    assert (
        "Dask is not installed, so submissions are graded one at a time" in capsys.readouterr().err
    )
    options = command_line._parser().parse_args(["grade", "x", "--scheduler", "tcp://x:1"])
    with pytest.raises(command_line.StopError, match="--scheduler needs Dask"):
        command_line._with_or_without_dask(options)


def test_a_full_temporary_folder_is_told_in_words(monkeypatch):
    def full(*given, **more):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(grading, "_each_question", full)
    made = grading.graded(Work("anna", content=lab(OWN)), Settings())
    assert made.status == "failed"
    assert made.words.startswith("The grader failed, not the student: No space left on device.")
    assert "TMPDIR" in made.words


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_student_sees_the_page_of_a_notebook_of_their_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(grading, "_each_question", lambda *given: (grade("x").results, []))
    (tmp_path / "lab.ipynb").write_bytes(lab(OWN))
    page = tmp_path / "page.html"
    assert command_line.main(["preview", str(tmp_path / "lab.ipynb"), "--to", str(page)]) == 0
    assert "15 of 100 points</strong> so far" in page.read_text(encoding="utf-8")
