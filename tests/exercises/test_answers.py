"""Right, wrong and malformed answers to every exercise, and what a reader is told about them.

The answers of lecture N are in `answers/lecture_N.py`: `RIGHT` by number, `WRONG` and `MALFORMED`
as rows of number, answer, and some of the words that a reader is told.
"""

import inspect
import runpy
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from course_lib import exercises
from course_lib.exercises import every, exercise
from course_lib.exercises.answers import Function, Numbers

TABLES = {
    path.stem: runpy.run_path(str(path))
    for path in sorted(Path(__file__).parent.glob("answers/lecture_*.py"))
}
RIGHT = {number: right for table in TABLES.values() for number, right in table["RIGHT"].items()}
WRONG = [row for table in TABLES.values() for row in table["WRONG"]]
MALFORMED = [row for table in TABLES.values() for row in table["MALFORMED"]]


def check(number, answer):
    source = inspect.getsource(answer) if inspect.isfunction(answer) else ""
    if "torch" in source and find_spec("torch") is None:
        pytest.skip("PyTorch is not installed")
    return exercise(number).check(answer)


def test_every_lecture_with_exercises_has_its_table():
    assert set(TABLES) == {f"lecture_{number}" for number, *_ in exercises.lectures()}


@pytest.mark.parametrize("each", every(), ids=lambda each: each.number)
def test_every_exercise_has_a_right_and_a_malformed_answer_in_its_table(each):
    assert RIGHT.get(each.number)
    assert each.number in {number for number, _, _ in MALFORMED}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number in RIGHT for answer in RIGHT[number]]
)
def test_a_right_answer_is_right_and_says_what_it_means(number, answer):
    result = check(number, answer)
    assert result.right, result
    assert result.message.startswith(exercise(number).praise)


@pytest.mark.parametrize(("number", "answer", "words"), WRONG)
def test_a_wrong_answer_gets_the_words_that_help(number, answer, words):
    result = check(number, answer)
    assert result.verdict == "wrong", result
    assert words in result.message


@pytest.mark.parametrize(("number", "answer", "words"), MALFORMED)
def test_a_malformed_answer_is_told_what_was_expected(number, answer, words):
    result = check(number, answer)
    assert result.verdict == "malformed", result
    assert repr(result).startswith("Not yet. ")
    assert words in result.message


@pytest.mark.parametrize(
    "each", [each for each in every() if isinstance(each.answer, Numbers)], ids=lambda e: e.number
)
def test_each_range_of_wrong_numbers_is_met_by_an_answer_in_the_table(each):
    """A mistake that is one value is tried by the tests for every exercise."""
    told = [each.check(answer).message for number, answer, _ in WRONG if number == each.number]
    assert {words for wrong, words in each.mistakes if callable(wrong)} <= set(told)


@pytest.mark.parametrize(
    "each", [each for each in every() if isinstance(each.answer, Function)], ids=lambda e: e.number
)
def test_a_worked_solution_in_code_is_right(each):
    code = each.worked.split("```python\n")[1].split("```")[0]
    names = {"np": np}
    if "torch" in code:
        names["torch"] = pytest.importorskip("torch")
    exec(code, names)
    functions = [each for each in names.values() if inspect.isfunction(each)]
    assert each.check(functions[-1]).right
