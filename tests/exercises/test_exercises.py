"""What a reader is told: on right, wrong, missing and malformed answers, and broken functions."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.exercises import Prediction, every, exercise, predict
from course_lib.exercises.answers import Numbers
from course_lib.landscapes import banana, quartic
from course_lib.lectures.source import show_source

ALL = every()


def by_number(each):
    return each.number if hasattr(each, "number") else None


@pytest.fixture(autouse=True)
def fresh_hints():
    for each in ALL:
        each._given = 0


@pytest.mark.parametrize("each", ALL, ids=by_number)
@pytest.mark.parametrize("answer", [None, ..., [...], [..., ...]])
def test_nothing_and_dots_are_not_attempted(each, answer):
    result = each.check(answer)
    assert result.verdict == "not attempted"
    assert not result.right
    assert repr(result).startswith("Not attempted. ")


@pytest.mark.parametrize("each", ALL, ids=by_number)
def test_the_unchanged_template_is_not_attempted(each):
    """The cell is run as it stands in the notebook."""
    said = []
    stage = SimpleNamespace(check=lambda answer: said.append(each.check(answer)))
    exec(each.template, {"exercise": lambda number: stage})
    assert [result.verdict for result in said] == ["not attempted"]


def test_a_template_with_a_comment_in_it_is_still_not_attempted():
    def walk(gradient, start, alpha, steps):
        w = start
        # here go the steps
        ...  # noqa: PIE790
        return w

    assert exercise("1.4").check(walk).verdict == "not attempted"


@pytest.mark.parametrize(
    ("each", "wrong", "message"),
    [
        (each, wrong, message)
        for each in ALL
        for wrong, message in each.mistakes
        # Ranges of numbers are tested beside the lecture they belong to.
        if not (callable(wrong) and isinstance(each.answer, Numbers))
    ],
    ids=by_number,
)
def test_every_known_mistake_gets_its_own_message(each, wrong, message):
    result = each.check(wrong)
    assert result.verdict == "wrong"
    assert repr(result) == f"Not yet. {message}"


class Broken:
    def __array__(self, *args, **kwargs):
        raise KeyError("broken")


@pytest.mark.parametrize("each", ALL, ids=by_number)
@pytest.mark.parametrize(
    "answer",
    [
        10**400,
        1j,
        np.array([26 + 0j, -6]),
        np.zeros((0,)),
        np.zeros((300, 300)),
        [],
        [[1], [1, 2]],
        [None, 1],
        {1, 2},
        b"2.73",
        object(),
        Broken(),
        Broken,
        print,
        np.exp,
        dict.fromkeys,
        lambda *arguments: Broken(),
        lambda *arguments: np.zeros((300, 300)),
        lambda *arguments: (i for i in range(3)),
        lambda *, key: key,
        "c" * 10_000,
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_nothing_a_reader_hands_over_raises_or_floods_the_page(each, answer):
    result = each.check(answer)
    assert result.verdict in ("wrong", "malformed")
    assert 10 < len(repr(result)) < 500


def no_return(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = w - alpha * gradient(w)


def in_place(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w -= alpha * gradient(w)
    return w


def fails(gradient, start, alpha, steps):
    return start[7]


def leaves(gradient, start, alpha, steps):
    raise SystemExit


def is_stopped(gradient, start, alpha, steps):
    raise KeyboardInterrupt


def never_ends(gradient, start, alpha, steps):
    return never_ends(gradient, start, alpha, steps)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_return, ["returns nothing", "`return …`"]),
        (in_place, ["changes the array `start`", "start = [2, 2]", "`w -= …`"]),
        (fails, ["IndexError", "in the line `return start[7]`", "start = [2, 2], alpha = 0.1"]),
        (fails, ["gradient = banana.gradient"]),
        (leaves, ["SystemExit"]),
        (is_stopped, ["You stopped your function", "steps = 1"]),
        (never_ends, ["RecursionError"]),
    ],
)
def test_a_broken_function_is_described_in_plain_words_with_its_input(function, words):
    result = exercise("1.4").check(function)
    assert result.verdict == "malformed"
    assert all(word in result.message for word in words)


def test_a_wrong_function_is_shown_an_input_what_it_gave_and_what_is_right():
    result = exercise("1.4").check(lambda gradient, start, alpha, steps: start * math.nan)
    assert result.message == (
        "For gradient = banana.gradient, start = [2, 2], alpha = 0.1, steps = 1 "
        "your function returns [nan, nan], not [0.2, 2.4]."
    )
    flat = exercise("1.4").check(lambda gradient, start, alpha, steps: 3.0)
    assert "an array of shape (); it should have shape (2,)" in flat.message


def test_a_check_hands_out_copies_so_that_a_second_check_sees_the_same_input():
    assert not exercise("1.4").check(in_place).right
    assert exercise("1.4").check(exercise("1.4").right).right


def test_a_tensor_in_place_of_an_array_is_noticed():
    def slope(f, w):
        import torch

        w = torch.tensor(w, requires_grad=True)
        f(w).backward()
        return w.grad

    assert "`.detach().numpy()`" in exercise("1.6").check(slope).message


def test_a_forgotten_requires_grad_is_reported_with_the_line():
    def slope(f, w):
        import torch

        w = torch.tensor(w)
        f(w).backward()
        return w.grad.numpy()

    message = exercise("1.6").check(slope).message
    assert "RuntimeError" in message
    assert "in the line `f(w).backward()`" in message


@pytest.mark.parametrize("each", ALL, ids=by_number)
def test_hints_come_one_after_the_other_and_then_end(each):
    assert len(each.hints) >= 2
    for position, text in enumerate(each.hints, start=1):
        assert repr(each.hint()) == f"**Hint {position} of {len(each.hints)}.** {text}"
    for _ in range(2):
        assert repr(each.hint()).startswith("That was the last hint.")
    assert each.worked in repr(each.solution())


@pytest.mark.parametrize("each", ALL, ids=by_number)
def test_the_task_folds_its_hints_away_and_the_solution_inside_them(each):
    text = each._repr_markdown_()
    assert text.count("<details>") == text.count("</details>") == len(each.hints) + 1
    places = [text.index(part) for part in (each.task, *each.hints, each.worked)]
    assert places == sorted(places)
    assert each.task in repr(each)
    assert each.worked not in repr(each)


def test_lecture_10_comes_after_lecture_9(monkeypatch):
    modules = [SimpleNamespace(name=name) for name in ("answers", "lecture_10", "lecture_9")]
    monkeypatch.setattr("pkgutil.iter_modules", lambda path: modules)
    monkeypatch.setattr("importlib.import_module", lambda name: SimpleNamespace(EXERCISES=[name]))
    assert [name.rpartition("_")[2] for name in every()] == ["9", "10"]


def test_an_exercise_is_the_same_object_each_time_so_that_hints_are_counted():
    assert exercise("1.1") is exercise("1.1")


@pytest.mark.parametrize(
    ("number", "near"),
    [("1.11", r"1\.1"), (7, r"7\.\d"), ("9.9", None), ("", None), (None, None)],
)
def test_an_unknown_exercise_suggests_the_nearest_and_raises_nothing(number, near):
    missing = exercise(number)
    hint = rf'Did you mean "({near})"\?' if near else r"They go from (1\.1) to \d\.\d\."
    said = re.fullmatch(rf'There is no exercise "{number}"\. {hint}', repr(missing))
    assert said
    assert said[1] in {each.number for each in ALL}
    for answer in (missing.check(3), missing.hint(), missing.solution()):
        assert repr(answer) == repr(missing)
        assert not answer.right


def test_a_result_is_escaped_in_html_and_keeps_its_code():
    shown = exercise("1.1").check("<b>`x`</b>")._repr_html_()
    assert "<strong>Not yet.</strong>" in shown
    assert "&lt;b&gt;<code>x</code>&lt;/b&gt;" in shown


def test_the_notes_of_the_leap_agree_with_the_walk_itself():
    """The right answers of 1.2 are those with which `descend` arrives and stays."""
    from course_lib.descent import descend
    from course_lib.optimizers import GradientDescent

    for alpha in np.linspace(0.005, 0.136, 263):
        walk = descend(quartic, GradientDescent(lr=alpha), start=-1.5, steps=1000)
        arrives = np.all(abs(walk.points[50:, 0] - 9 / 4) < 0.01)
        assert exercise("1.2").check(alpha).right == arrives, alpha


def test_the_gradient_asked_for_is_that_of_the_banana():
    assert exercise("1.3").check(banana.gradient(np.array([2.0, 1.0]))).right


# ------------------------------------------------------------------------------------ predictions


def answered(question, options, value):
    prediction = Prediction(question, options)
    prediction._build()
    prediction._control.value = value
    return prediction


def test_a_prediction_nobody_made_says_so_and_still_reveals():
    told = predict("Where does it end?", ["at 0", "at 9/4"]).reveal("at 0", "It is flat there.")
    assert repr(told) == "No prediction recorded. What happens: at 0. It is flat there."


@pytest.mark.parametrize(
    ("options", "value", "result", "told"),
    [
        (("up", "down"), "up", "down", "You predicted: up. What happens: down."),
        (("up", "down"), "down", "down", "You predicted: down. That is what happens."),
        ((), "12", 3, "You predicted: 12. What happens: 3."),
        ((), "−0,5", -0.5, "You predicted: -0.5. That is what happens."),
        ((), "63 %", 63, "You predicted: 63. That is what happens."),
        ((), "many", 3, "You predicted: many. What happens: 3."),
        ((), "", 0, "No prediction recorded. What happens: 0."),
        ((), "0", 0, "You predicted: 0. That is what happens."),
    ],
)
def test_a_reveal_shows_the_prediction_beside_the_result(options, value, result, told):
    assert repr(answered("Which way?", options, value).reveal(result)) == told


def test_a_prediction_survives_a_second_run_of_its_cell():
    first = predict("Does it survive?", ["yes", "no"])
    first._repr_mimebundle_()
    first._control.value = "yes"
    again = predict("Does it survive?", ["yes", "no"])
    assert again.answer == "yes"
    assert predict("Does it survive?", ["yes", "no", "maybe"]).answer is None


def test_a_question_can_be_read_without_widgets(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    prediction = Prediction("Up or down?", ("up", "down"))
    assert prediction._repr_mimebundle_() == {
        "text/plain": "Predict: Up or down?\n  ( ) up\n  ( ) down",
        "text/html": "<strong>Predict.</strong> Up or down?"
        '<ul style="list-style: circle"><li>up</li><li>down</li></ul>',
    }
    assert repr(prediction.reveal("up")) == "No prediction recorded. What happens: up."


# ----------------------------------------------------------------------------------- shown source


def test_a_shown_source_is_the_source():
    import inspect
    import textwrap

    from course_lib import optimizers

    assert repr(show_source("optimizers.Adam")).splitlines() == (
        inspect.getsource(optimizers.Adam).rstrip().splitlines()
    )
    step = inspect.getsource(optimizers.GradientDescent.step)
    assert repr(show_source("optimizers.GradientDescent.step")) == textwrap.dedent(step).rstrip()
    assert repr(show_source("landscapes.quartic")).startswith("quartic = Landscape(")
    # Of a docstring, what stands above the sections for reference.
    assert repr(show_source("schedules.constant")).splitlines() == [
        "def constant(lr: float) -> Schedule:",
        '    """α_k = α₀."""',
        "    lr = _rate(lr)",
        "    return lambda k: lr + 0 * k",
    ]
    cosine = repr(show_source("schedules.cosine")).splitlines()
    assert cosine.count('    """') == 1
    assert "    Parameters" not in cosine
    compile("\n".join(cosine), "shown", "exec")


@pytest.mark.parametrize(
    ("name", "words"),
    [("landscapes.quartik", "Did you mean 'quartic'"), ("landscape.quartic", "no module")],
)
def test_a_source_that_does_not_exist_is_named(name, words):
    with pytest.raises(ValueError, match=words):
        show_source(name)
