"""What a reader is told: on right, wrong, missing and malformed answers, and broken functions."""

import dataclasses
import math
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.exercises import Prediction, every, exercise, lectures, predict
from course_lib.exercises.answers import Numbers
from course_lib.exercises.tasks import modules
from course_lib.landscapes import banana, quartic
from course_lib.lectures.source import show_source

ALL = every()
PREDICTIONS = [each for module in modules() for each in getattr(module, "PREDICTIONS", ())]


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
    """The cell is run as it stands in the notebook, after those of its lecture before it."""
    said = []
    stage = SimpleNamespace(check=lambda answer: said.append(each.check(answer)))
    lecture = [e for e in ALL if e.number.split(".")[0] == each.number.split(".")[0]]
    notebook = {"exercise": lambda number: stage}
    for other in lecture[: lecture.index(each) + 1]:
        said.clear()
        exec(other.template, notebook)
    assert [result.verdict for result in said] == ["not attempted"]


def test_a_template_with_a_comment_in_it_is_still_not_attempted():
    def walk(gradient, start, alpha, steps):
        w = start
        # here go the steps
        ...  # noqa: PIE790
        return w

    assert exercise("1.3").check(walk).verdict == "not attempted"


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
        (no_return, ["returned None", "`return …`"]),
        (in_place, ["changes the array `start`", "start = [2, 2]", "`w -= …`"]),
        (fails, ["IndexError", "in the line `return start[7]`", "start = [2, 2], alpha = 0.1"]),
        (fails, ["gradient = banana.gradient"]),
        (leaves, ["SystemExit"]),
        (is_stopped, ["You stopped your function", "steps = 1"]),
        (never_ends, ["RecursionError"]),
    ],
)
def test_a_broken_function_is_described_in_plain_words_with_its_input(function, words):
    result = exercise("1.3").check(function)
    assert result.verdict == "malformed"
    assert all(word in result.message for word in words)


def test_a_wrong_function_is_shown_an_input_what_it_gave_and_what_is_right():
    result = exercise("1.3").check(lambda gradient, start, alpha, steps: start * math.nan)
    assert result.message == (
        "For gradient = banana.gradient, start = [2, 2], alpha = 0.1, steps = 1 "
        "your function returns [nan, nan], not [0.2, 2.4]."
    )
    flat = exercise("1.3").check(lambda gradient, start, alpha, steps: 3.0)
    assert "your function returns one number, not 2 numbers" in flat.message


def test_a_check_hands_out_copies_so_that_a_second_check_sees_the_same_input():
    assert not exercise("1.3").check(in_place).right
    assert exercise("1.3").check(exercise("1.3").right).right


def test_a_tensor_in_place_of_an_array_is_noticed():
    def slope(f, w):
        import torch

        w = torch.tensor(w, requires_grad=True)
        f(w).backward()
        return w.grad

    assert "`.detach().numpy()`" in exercise("1.5").check(slope).message


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
    monkeypatch.setattr(
        "importlib.import_module",
        lambda name: SimpleNamespace(
            __name__=name, TITLE=name[-2:], EXERCISES=[SimpleNamespace(number=name)]
        ),
    )
    assert [each.number.rpartition("_")[2] for each in every()] == ["9", "10"]
    assert [number for number, *_ in lectures()] == [9, 10]


def test_an_exercise_is_the_same_object_each_time_so_that_hints_are_counted():
    assert exercise("1.1") is exercise("1.1")


@pytest.mark.parametrize(
    ("number", "near"),
    [("1.11", r"1\.1"), (7, r"7\.\d"), ("second", None), ("", None), (None, None)],
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


def test_what_the_leap_is_told_is_true_of_its_walk():
    """The words of 1.2 claim something of every rate that gets them."""
    said = {}
    for alpha in np.round(np.arange(0.002, 0.2, 0.0015), 4):
        w = [-1.5]
        while len(w) < 3000 and abs(w[-1]) < 1e6:
            w.append(w[-1] - alpha * (4 * w[-1] ** 3 - 9 * w[-1] ** 2))
        w = np.array(w)
        words = exercise("1.2").check(alpha).message
        said.setdefault(words.split(".")[0].split(":")[-1].strip(), []).append(alpha)
        settles, end = abs(w[-1] - 9 / 4) < 1e-3, w[min(50, len(w) - 1)]
        claims = {
            "creeps toward 0": np.all(w < 0),
            "has crossed 0": end > 0 and settles,
            "first step is 33.75": w[1] > 0 and settles,
            "would settle there": settles and abs(end - 9 / 4) > 0.01,
            "by chance": not settles and abs(end - 9 / 4) < 0.01,
            "does not settle": w[1] > 0 and not settles,
            "back into the trap": w[1] > 0 and -0.3 < end < 0,
            "each step is longer": len(w) < 50 and np.all(np.diff(abs(np.diff(w))) > 0),
        }
        (true,) = [true for claim, true in claims.items() if claim in words]
        assert true, (alpha, words)
    assert len(said) > 4


def test_the_predictions_of_lecture_1_follow_what_was_computed():
    from course_lib.descent import descend
    from course_lib.optimizers import GradientDescent

    def happens(number, *results):
        found = predict(number)
        return found.result(*results)

    assert [happens("1.a", loss) for loss in (61, 117, 300)] == list(predict("1.a").options)
    left = descend(quartic, GradientDescent(lr=0.001), -1.5, 3)
    right = descend(quartic, GradientDescent(lr=0.06), -1.5, 50)
    assert happens("1.b", left) == "at about −1.5"
    assert happens("1.b", right) == "at about 2.25"
    told = [
        happens("1.c", descend(banana, GradientDescent(lr=lr), (2, 2), 100))
        for lr in (0.12, 0.1, 0.2)
    ]
    assert told == list(predict("1.c").options)
    assert happens("1.d", np.array([-1.0, 0.0, 2.0, -3.0])) == 2


def test_the_gradient_asked_for_is_that_of_the_banana():
    assert exercise("1.6").check(banana.gradient(np.array([2.0, 1.0]))).right


# ------------------------------------------------------------------------------------ predictions


def option(**changed):
    settings = {
        "number": "1.z",
        "question": "Up or down?",
        "options": ("up", "down"),
        "result": lambda slope: "up" if slope > 0 else "down",
        "why": lambda slope: f"The slope is {slope}.",
    }
    return Prediction(**settings | changed)


def number(**changed):
    settings = {"number": "1.y", "question": "How many?", "result": len, "why": "One each."}
    return Prediction(**settings | changed)


def answered(prediction, value):
    prediction._build()
    prediction._control.value = value
    return prediction


@pytest.mark.parametrize("prediction", [option(), answered(number(), ""), answered(number(), " ")])
def test_a_reveal_before_a_choice_is_folded_and_its_text_gives_nothing_away(prediction):
    folded = prediction.reveal(3) if prediction.options else prediction.reveal([0] * 7)
    assert repr(folded) == "What happens? Choose first. Then run this cell again."
    shown = folded._repr_html_()
    assert shown.startswith("<details><summary>What happens? Choose first.</summary>")
    assert "What happens: " in shown.removeprefix("<details><summary>What happens? Choose first.")


@pytest.mark.parametrize(
    ("prediction", "value", "happened", "told"),
    [
        (option(), "up", 2, "Right. What happens: up, as you predicted. The slope is 2."),
        (
            option(),
            "up",
            -2,
            "Not this time. You predicted: up. What happens: down. The slope is -2.",
        ),
        (number(), "3", "abc", "Right. What happens: 3, as you predicted. One each."),
        (
            number(result=lambda x: x),
            "36",
            35.8,
            "Close. You predicted 36. What happens: 35.8. One each.",
        ),
        (
            number(result=lambda x: x),
            "90",
            35.8,
            "Not this time. You predicted 90. What happens: 35.8. One each.",
        ),
        (number(result=lambda x: x, tolerance=0.5), "36", 35.8, "Right. "),
        (number(result=lambda x: x, close=5), "9", 5, "Close. "),
        (number(result=lambda x: x, close=5), "11", 5, "Not this time. "),
        (number(result=lambda x: x), "−0,5", -0.5, "Right. What happens: −0.5, "),
        (number(result=lambda x: x), "0", 0, "Right. "),
        (number(result=lambda x: x, unit="%"), "63 %", 63, "Right. What happens: 63 %, "),
        (number(result=lambda x: x), "1/4", 0.25, "Right. "),
        (
            number(),
            "many",
            "abc",
            'Your prediction "many" is not a number. Write one, such as 12. Then run',
        ),
    ],
)
def test_a_reveal_compares_the_prediction_with_what_was_computed(prediction, value, happened, told):
    assert repr(answered(prediction, value).reveal(happened)).startswith(told)


def test_what_happens_must_be_one_of_the_options():
    with pytest.raises(ValueError, match=r"prediction 1\.z: what happens must be one of"):
        option(result=lambda slope: "sideways").reveal(1)


def test_a_prediction_survives_a_second_run_of_its_cell():
    first = predict(PREDICTIONS[0].number)
    first._repr_mimebundle_()
    assert predict(PREDICTIONS[0].number) is first


def test_an_unknown_prediction_suggests_the_nearest_and_raises_nothing():
    missing = predict("0.aa")
    assert re.fullmatch(r'There is no prediction "0\.aa"\. Did you mean "0\.a"\?', repr(missing))
    assert repr(missing.reveal(3, 4)) == repr(missing)


def test_a_question_can_be_read_and_marked_without_python(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    shown = option(question="Is `w` > 0?")._repr_mimebundle_()
    assert shown["text/plain"] == "Predict. Is `w` > 0?\n  ( ) up\n  ( ) down"
    assert (
        "<legend><strong>Predict.</strong> Is <code>w</code> &gt; 0?</legend>"
        in (shown["text/html"])
    )
    marks = re.findall(
        r'<label><input type="radio" name="predict-1.z"> (\w+)</label>', shown["text/html"]
    )
    assert marks == ["up", "down"]
    assert "Your prediction <input" in number()._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("prediction", [option(), number()])
def test_a_screen_reader_is_told_what_the_live_controls_ask(prediction):
    bundle = prediction._repr_mimebundle_()
    assert any(kind.startswith("application/vnd.jupyter.widget-view") for kind in bundle)
    assert prediction._control.tooltip == prediction.question
    assert prediction._control.value in (None, "")


def test_going_deeper_is_said_of_exercises_and_predictions():
    assert repr(option(deeper=True)).startswith("Predict (going deeper). Up or down?")
    deeper = dataclasses.replace(exercise("1.1"), deeper=True)
    assert repr(deeper).startswith("Exercise 1.1: One step by hand (going deeper)")
    assert "**Exercise 1.1 · One step by hand (going deeper)**" in deeper._repr_markdown_()


def test_every_prediction_has_a_number_of_its_lecture_and_a_question_of_its_own():
    assert len({each.number for each in PREDICTIONS}) == len(PREDICTIONS)
    assert len({each.question for each in PREDICTIONS}) == len(PREDICTIONS)
    for module in modules():
        lecture = module.__name__.rpartition("_")[2]
        for each in getattr(module, "PREDICTIONS", ()):
            assert re.fullmatch(rf"{lecture}\.[a-z]", each.number)


@pytest.mark.parametrize("each", PREDICTIONS, ids=by_number)
def test_no_option_is_given_away_by_its_length(each):
    """The options are of one kind: the longest is at most twice as long as the shortest."""
    if each.options:
        assert 2 <= len(set(each.options)) == len(each.options)
        lengths = [len(option) for option in each.options]
        assert max(lengths) <= 2 * min(lengths) + 8, each.options


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
    assert repr(show_source("lectures.sweep.arrival")).startswith("def arrival(")
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
