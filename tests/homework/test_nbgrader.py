"""The source notebook in an nbgrader course: what it generates there, and what it grades.

nbgrader is the independent judge of the metadata, of what a student version is, and of the points.
"""

from __future__ import annotations

import copy
import os
import shutil
import sqlite3

import nbformat
import pytest

pytest.importorskip("torch")

from nbgrader_environment import NbgraderMissingError, nbgrader, python

from homework import assignment
from homework.questions import QUESTIONS

HOME = assignment.ROOT / "homework"
# The cells the tasks need of the tour through the lab, which takes long to run.
NEEDED = ("setup-page", "load", "split-code")
MUTANT = "w_next = w + lr * v"


@pytest.fixture(scope="module", autouse=True)
def environment():
    try:
        return python()
    except NbgraderMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course as an instructor has it: the settings and the source notebook."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copy(HOME / "nbgrader_config.py", folder)
    shutil.copytree(HOME / "source", folder / "source")
    return folder


def read(path):
    return nbformat.read(path, as_version=4)


def test_nbgrader_generates_the_released_notebook(course):
    """Cell by cell: source, id, what is locked, points and checksums."""
    nbgrader(course, "generate_assignment", "mnist_lab", "--create")
    generated = read(course / "release" / "mnist_lab" / assignment.NAME)
    released = assignment.pristine()
    # Storing the outputs adds the cell for Google Colab.
    cells = [cell for cell in released.cells if cell.id != "colab"]
    for theirs, ours in zip(generated.cells, cells, strict=True):
        assert theirs.source == ours.source
        # Where a slide begins is noted when the outputs are stored.
        assert theirs.metadata == {k: v for k, v in ours.metadata.items() if k != "slideshow"}
        assert (theirs.id, theirs.cell_type) == (ours.id, ours.cell_type)


@pytest.fixture(scope="module")
def short_course(tmp_path_factory):
    """The same, without the tour, and without the stretch, which trains for half a minute."""
    folder = tmp_path_factory.mktemp("short")
    shutil.copy(HOME / "nbgrader_config.py", folder)
    source = read(assignment.SOURCE)
    source.cells = [
        cell
        for cell in source.cells
        if cell.id in NEEDED or (assignment.mark_of(cell) and not cell.id.startswith("stretch"))
    ]
    place = folder / "source" / "mnist_lab"
    place.mkdir(parents=True)
    nbformat.write(source, place / assignment.NAME)
    nbgrader(folder, "generate_assignment", "mnist_lab", "--create")
    return folder


def hand_in(course, student, notebook):
    place = course / "submitted" / student / "mnist_lab"
    place.mkdir(parents=True)
    nbformat.write(notebook, place / assignment.NAME)


def points_of(course):
    """Return nbgrader's points: {student: {cell: points}}."""
    with sqlite3.connect(course / "gradebook.db") as database:
        rows = database.execute(
            "select s.student_id, b.name, g.auto_score from grade g "
            "join base_cell b on b.id = g.cell_id "
            "join submitted_notebook n on n.id = g.notebook_id "
            "join submitted_assignment s on s.id = n.assignment_id"
        ).fetchall()
    points = {}
    for student, cell, score in rows:
        points.setdefault(student, {})[cell] = score
    return points


def test_nbgrader_gives_the_same_points_as_the_course(short_course, tmp_path):
    """Full points for the reference, some for a mistake, and none for what is left blank.

    On the small digits that come with the course, so that it takes seconds.
    """
    solved = read(short_course / "source" / "mnist_lab" / assignment.NAME)
    blank = read(short_course / "release" / "mnist_lab" / assignment.NAME)
    wrong = copy.deepcopy(blank)
    for cell, right in zip(wrong.cells, solved.cells, strict=True):
        if assignment.mark_of(cell).get("grade_id") == "update_rule":
            assert "w_next = w - lr * v" in right.source
            cell.source = right.source.replace("w_next = w - lr * v", MUTANT)
    for student, notebook in {"solved": solved, "wrong": wrong}.items():
        hand_in(short_course, student, notebook)
    # Where there is nothing to find and nothing may be fetched, the lab takes the small digits.
    nowhere = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "COURSE_DATA")}
    nbgrader(short_course, "autograde", "mnist_lab", COURSE_OFFLINE="1", **nowhere)

    auto = {q.check: q.points for q in QUESTIONS if q.kind == "auto" and not q.bonus}
    points = points_of(short_course)
    assert set(points) == {"solved", "wrong"}
    for student, cells in points.items():
        assert set(cells) == {*auto, "comparison"}, student
    assert {cell: points["solved"][cell] for cell in auto} == auto
    assert points["solved"]["comparison"] is None  # a person reads it
    # Uphill: the rate that is handed in is used, and nothing is written into.
    assert points["wrong"] == dict.fromkeys([*auto, "comparison"], 0.0) | {"update_rule_check": 7.0}
