"""The guides say what is so: the points, the limits, and a task that works as it is written."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("torch")

from course_lib.lab import mnist_calls, mnist_lab
from homework import assignment
from homework.mutants import Mutant
from homework.questions import QUESTIONS, Question

DOCS = assignment.ROOT / "docs"
STUDENT = (DOCS / "student_guide.md").read_text(encoding="utf-8")
INSTRUCTOR = (DOCS / "instructor_guide.md").read_text(encoding="utf-8")
TASK = (DOCS / "write_your_own_task.md").read_text(encoding="utf-8")


def test_the_students_guide_gives_the_points_of_every_question():
    rows = re.findall(r"(?m)^\| (?:\d|stretch) · .*?\| ([\d+ ]+) \|", STUDENT)
    points = [sum(map(int, row.split("+"))) for row in rows]
    assert sum(points) == sum(question.points for question in QUESTIONS)
    assert points == [15, 20, 25, 12 + 8, 20, 5 + 5]


def test_the_students_guide_gives_the_time_limits():
    minutes = {question.id: question.seconds / 60 for question in QUESTIONS}
    assert (minutes["reach_90"], minutes["stretch"], minutes["sweep"]) == (3, 5, 1)
    assert {minutes[name] for name in ("update_rule", "training_loop", "sweep_plot")} == {0.5}
    for words in ("`train_network` has three minutes", "`stretch_network` five", "the sweep one"):
        assert words in STUDENT


def test_both_guides_say_what_the_invented_signs_ask():
    assert f"{mnist_lab.LEAST_SIGNS:.0%}".replace("%", " %") in STUDENT
    digits = {
        "train_labels": np.zeros(1200, dtype=int),
        "images": np.zeros((10, 28, 28), dtype=np.uint8),
        "labels": np.zeros(10, dtype=int),
    }
    made = mnist_lab.with_signs(digits, np.random.default_rng(0))
    assert len(made["signs"]) == 1200 / 12
    assert "one training image in twelve is one of ten signs" in " ".join(INSTRUCTOR.split())


@pytest.fixture
def written():
    """Return what the guide's code blocks define, each run where it says it belongs."""
    blocks = re.findall(r"(?s)```python\n(.*?)```", TASK)
    cell, _, call, judge, question, mutant = blocks
    made = {"cell": cell, "np": np, "Question": Question, "Mutant": Mutant, "mnist_lab": mnist_lab}
    exec(call, made | vars(mnist_calls), called := {})
    judging = dict(vars(mnist_lab))
    exec(judge, judging)

    class Lab:
        judge_clip = staticmethod(judging["judge_clip"])

    made["mnist_lab"] = Lab
    definition, description = question.split("\n\n\n")
    exec(definition, made)
    made["question"] = eval(description, made)
    made["mutant"] = eval(mutant, made)
    made["call"] = called["clip"]
    return made


def checks_of(written, source):
    names = {"np": np}
    exec(source, names)
    question = written["question"]
    inputs = question.inputs(np.random.default_rng(0))
    return question.judge(inputs, written["call"](names, inputs))


def test_the_task_in_the_guide_gives_full_points_to_its_solution(written):
    checks = checks_of(written, written["cell"])
    assert all(check.passed for check in checks)
    assert sum(check.points for check in checks) == written["question"].points


def test_the_known_wrong_solution_in_the_guide_loses_what_it_says(written):
    mutant = written["mutant"]
    assert mutant.old in written["cell"]
    failed = [
        check
        for check in checks_of(written, written["cell"].replace(mutant.old, mutant.new))
        if not check.passed
    ]
    assert sum(check.points for check in failed) == mutant.loses
    assert mutant.says in failed[0].message


def test_the_judge_in_the_guide_is_misled_by_nothing(written):
    question = written["question"]
    inputs = question.inputs(np.random.default_rng(0))
    for value in (None, np.zeros(0), np.full(7, np.nan), np.array(["text"])):
        outputs = {} if value is None else dict.fromkeys(("clipped", "kept", "given"), value)
        assert not any(check.passed for check in question.judge(inputs, outputs))
