"""What has to hold before the lab is released, and what students then get.

The reference solutions and the known-wrong ones are graded here as they are before a release. The
stretch task trains for half a minute, so it has a test of its own.
"""

from __future__ import annotations

import copy
import json
import os
import re

import nbformat
import pytest

pytest.importorskip("torch")

from course_lib.data import find_mnist
from homework import assignment, release
from homework.mutants import MUTANTS
from homework.questions import QUESTIONS
from homework.release import ReleaseError, cleared, faults, student_version

AUTO = [question.id for question in QUESTIONS if question.kind == "auto"]
QUICK = ("update_rule", "training_loop", "sweep_plot")
TRAINS = ("reach_90", "sweep")
needs_mnist = pytest.mark.skipif(find_mnist() is None, reason="MNIST is not here")


@pytest.fixture
def source():
    return nbformat.read(assignment.SOURCE, as_version=4)


def cell_of(book, name):
    return next(c for c in book.cells if assignment.mark_of(c).get("grade_id") == name)


# ------------------------------------------------------------------------------ the student version


def without_outputs(book):
    """Return the notebook without what is added to it when its outputs are stored."""
    book = copy.deepcopy(book)
    for cell in book.cells:
        cell.metadata.pop("slideshow", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    book.cells = [cell for cell in book.cells if cell.id != "colab"]  # storing puts it in
    return book


def test_the_released_notebook_is_the_student_version_of_the_source(source):
    """If it is not, `python -m homework release` makes it anew."""
    released = without_outputs(assignment.pristine())
    assert nbformat.writes(released) == nbformat.writes(student_version(source))


def test_nothing_of_solutions_and_hidden_tests_is_left(source):
    text = nbformat.writes(student_version(source))
    for word in ("SOLUTION", "HIDDEN", "hidden_inputs", "new_names"):
        assert word in nbformat.writes(source)
        assert word not in text
    for cell in source.cells:
        for region in re.findall(r"(?s)### BEGIN .*?### END ", cell.source):
            for line in region.splitlines()[1:-1]:
                # Short lines stand in the tour as well.
                if len(line.strip()) > 60:
                    assert line.strip() not in text


def test_what_students_must_not_change_is_locked_and_answers_are_not(source):
    for cell in student_version(source).cells:
        mark = assignment.mark_of(cell)
        assert cell.metadata.get("deletable", True) == (not mark)
        assert cell.metadata.get("editable", True) == (not mark or mark["solution"])


def test_the_source_is_stored_without_outputs(source):
    assert nbformat.writes(source) == nbformat.writes(without_outputs(source))


def test_every_task_has_an_answer_cell_and_below_it_its_check(source):
    names = [assignment.mark_of(cell).get("grade_id") for cell in source.cells]
    for question in QUESTIONS:
        place = names.index(question.id)
        if question.kind == "auto":
            assert names[place + 1] == question.check


def test_the_rubric_of_the_written_answer_is_the_one_students_are_shown(source):
    (manual,) = (question for question in QUESTIONS if question.kind == "manual")
    shown = re.findall(r"(?m)^\| (\d+) \| \*\*(.+?)\*\*", cell_of(source, "task_5").source)
    assert [int(points) for points, _ in shown] == [points for points, _ in manual.rubric]
    for (_, words), (_, rubric) in zip(shown, manual.rubric, strict=True):
        assert rubric.startswith(words.rstrip("."))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("### BEGIN SOLUTION\nx = 1", "END SOLUTION is missing"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "twice in a row"),
    ],
)
def test_a_region_that_does_not_end_is_refused(text, words):
    with pytest.raises(ReleaseError, match=words):
        cleared(text, "SOLUTION", "...")


def test_a_region_is_replaced_by_the_stub_as_far_in_as_it_stood():
    text = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n"
    assert cleared(text, "SOLUTION", "...") == "def f():\n    ...\n"
    assert cleared(text, "SOLUTION", None) == "def f():\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("setup", "import torch", "### BEGIN SOLUTION\n### END SOLUTION", "not an answer"),
        ("update_rule", "### ", "## no mark ", "marks no solution|END SOLUTION"),
        ("update_rule", "v = ", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\nv = ", None),
        ("setup", "import torch", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS", "no points"),
    ],
)
def test_a_solution_or_hidden_test_in_the_wrong_cell_is_refused(source, name, old, new, words):
    cell = cell_of(source, name)
    cell.source = cell.source.replace(old, new)
    if words is None:  # inside a solution it goes with the solution
        assert "HIDDEN" not in cell_of(student_version(source), name).source
        return
    if old == "### ":
        cell.source = cell.source.replace("BEGIN SOLUTION", "").replace("END SOLUTION", "")
    with pytest.raises(ReleaseError, match=words):
        student_version(source)


# ------------------------------------------------------------------------------------- the proof


def test_nothing_stands_against_the_release(source):
    assert faults(source, QUICK) == []


@pytest.mark.mnist
@needs_mnist
def test_nothing_stands_against_the_release_where_networks_are_trained(source):
    assert faults(source, TRAINS) == []


@pytest.mark.mnist
@needs_mnist
@pytest.mark.skipif(
    not os.environ.get("COURSE_THOROUGH"),
    reason="It trains a network of 99 %, as the release does, too: COURSE_THOROUGH=1 runs it",
)
def test_nothing_stands_against_the_stretch(source):
    assert faults(source, ("stretch",)) == []


def test_these_tests_look_at_every_question_that_is_graded_by_machine():
    assert {*QUICK, *TRAINS, "stretch"} == set(AUTO)


def test_every_check_of_a_task_is_failed_by_some_known_mistake():
    """So no check is decoration: points that nobody can lose are no points."""
    assert {mutant.question for mutant in MUTANTS} == set(AUTO)
    names = [(mutant.question, mutant.mistake) for mutant in MUTANTS]
    assert len(names) == len(set(names))
    for question in QUESTIONS:
        lost = {mutant.loses for mutant in MUTANTS if mutant.question == question.id}
        assert all(0 < points <= question.points for points in lost)


def test_a_reference_solution_that_is_wrong_stands_against_it(source):
    cell = cell_of(source, "update_rule")
    cell.source = cell.source.replace("w - lr * v", "w - 2 * lr * v")
    found = faults(source, ("update_rule",))
    assert found[0].startswith("The reference solution of update_rule gets 0 of 15 points")


def test_a_reference_solution_that_stops_stands_against_it(source):
    cell = cell_of(source, "update_rule")
    cell.source = cell.source.replace("w_next = w - lr * v", "w_next = w[99]")
    assert "It stops with IndexError" in faults(source, ("update_rule",))[0]


def test_a_blank_version_that_answers_stands_against_it(source):
    cell = cell_of(source, "update_rule")
    region = re.search(r"(?s) +### BEGIN SOLUTION\n(.*?) +### END SOLUTION\n?", cell.source)
    stub = "        ### BEGIN SOLUTION\n        ### END SOLUTION\n"
    cell.source = cell.source.replace(region[0], stub + region[1])
    found = faults(source, ("update_rule",))
    assert "The blank version of update_rule gets 15 points." in found
    assert any("The blank version of update_rule is told: Right." in each for each in found)
    assert "The blank answer update_rule counts as attempted." in found


def test_a_mutant_that_loses_other_points_stands_against_it(source, monkeypatch):
    (mutant,) = (each for each in MUTANTS if each.mistake == "no memory")
    changed = {
        "loses": "loses 4 points; it should lose 15",
        "says": "is not told 'tea'",
        "old": "occurs 0 times in the reference solution",
    }
    for field, words in changed.items():
        value = 15 if field == "loses" else "tea"
        wrong = type(mutant)(**{**vars(mutant), field: value})
        monkeypatch.setattr(release, "MUTANTS", (wrong,))
        (found,) = faults(source, ("update_rule",))
        assert words in found


def test_points_that_differ_between_notebook_and_questions_stand_against_it(source):
    cell_of(source, "update_rule_check").metadata.nbgrader.points = 16
    cell_of(source, "task_1").metadata.nbgrader.points = 3
    source.cells.remove(cell_of(source, "sweep_check"))
    assert faults(source, ()) == [
        "The cell update_rule_check carries 16 points in the notebook, and 15 in the questions.",
        "The source notebook has no cell sweep_check.",
        "The cell task_1 carries points, but no question asks for it.",
    ]


def test_the_seal_is_that_of_the_student_version(source):
    """A change of a cell that grades depend on goes by way of `release`."""
    assert json.loads(assignment.SEALED.read_text()) == assignment.seal_of(student_version(source))


# ------------------------------------------------------------------------------------- the command


def test_a_release_that_is_refused_leaves_the_notebook_as_it_was(tmp_path, monkeypatch):
    target = tmp_path / "lab.ipynb"
    target.write_text("the last release", encoding="utf-8")
    monkeypatch.setattr(release, "faults", lambda source, say: ["It is too hard."])
    with pytest.raises(ReleaseError, match="not released:\n- It is too hard"):
        release.release(target, say=lambda line: None)
    assert target.read_text(encoding="utf-8") == "the last release"
    assert list(tmp_path.iterdir()) == [target]


def test_a_student_version_that_does_not_run_is_not_released(tmp_path, monkeypatch, source):
    broken = tmp_path / "source.ipynb"
    source.cells = [cell_of(source, "setup")]
    source.cells[0].source = "raise ValueError('broken')"
    nbformat.write(source, broken)
    monkeypatch.setattr(assignment, "SOURCE", broken)
    monkeypatch.setattr(release, "faults", lambda source, say: [])
    with pytest.raises(ReleaseError, match="does not run to its end: ValueError: broken"):
        release.release(tmp_path / "lab.ipynb", say=lambda line: None)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_release_is_run_and_stored_with_its_outputs(tmp_path, monkeypatch, source):
    short = tmp_path / "source.ipynb"
    source.cells = [cell_of(source, "setup"), cell_of(source, "own_code")]
    source.cells.append(nbformat.v4.new_code_cell("print(6 * 7)", id="answer"))
    nbformat.write(source, short)
    monkeypatch.setattr(assignment, "SOURCE", short)
    monkeypatch.setattr(release, "faults", lambda source, say: [])
    said = []
    sealed = tmp_path / "sealed.json"
    made = release.release(tmp_path / "lab.ipynb", said.append, sealed)
    book = nbformat.read(made, as_version=4)
    assert json.loads(sealed.read_text()) == assignment.seal_of(book)
    assert book.cells[-1].outputs[0].text == "42\n"
    assert "Shifted" not in nbformat.writes(book)
    assert said == ["The student version is run from top to bottom"]
