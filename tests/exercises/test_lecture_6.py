"""Lecture 6: its facts, computed another way, and its exercises from right to malformed."""

import math

import numpy as np
import pytest

from course_lib.descent import descend
from course_lib.exercises import exercise, lecture_6
from course_lib.landscapes import banana, bowl, quartic
from course_lib.lectures.race import sweep
from course_lib.optimizers import Adagrad, Adam, AdaMax, AdamW, AMSGrad, GradientDescent, RMSProp

# ------------------------------------------------------------------------------------- the facts


class TestFacts:
    @pytest.mark.parametrize(("angle", "loss"), [(0, 0.0031), (22.5, 0.88), (45, 0.46)])
    def test_adam_is_not_rotation_invariant_and_gradient_descent_is(self, angle, loss):
        a = math.radians(angle)
        start = (math.cos(a) - math.sin(a), math.sin(a) + math.cos(a))
        valley = bowl(100, angle)
        assert descend(valley, Adam(lr=0.02), start, 100).losses[-1] == pytest.approx(
            loss, rel=0.012
        )
        walk = descend(valley, GradientDescent(lr=0.0198), start, 100)
        assert walk.losses[-1] == pytest.approx(0.889, abs=5e-4)

    def test_the_loss_of_gradient_descent_in_the_valley_has_a_closed_form(self):
        exact = (0.9802**200 + 100 * (1 - 1.98) ** 200) / 2
        assert exact == pytest.approx(0.889, abs=5e-4)

    def test_rmsprop_hovers_half_a_rate_away_whatever_the_rate(self):
        for lr in (0.1, 0.01):
            end = descend(bowl(1), RMSProp(lr=lr), (2.0, 0.0), 5000).points[-1, 0]
            assert abs(end) == pytest.approx(lr / 2, rel=1e-2)

    def test_adam_is_held_by_the_trap_or_crosses_it_at_step_14(self):
        held = descend(quartic, Adam(lr=0.01), -0.5, 1000).points[:, 0]
        crosses = descend(quartic, Adam(lr=0.05), -0.5, 1000).points[:, 0]
        assert held.max() < 0
        assert np.argmax(crosses > 0) == 14
        assert crosses[-1] == pytest.approx(9 / 4, abs=1e-6)

    def test_the_counter_example_step_by_step_in_plain_numbers(self):
        """Written anew, without the package: Adam ends at +1, AMSGrad at −0.9987."""
        ends = []
        for keep_largest in (False, True):
            w = v = ruler = 0.0
            for k in range(1, 3001):
                g = 3.0 if k % 3 == 1 else -1.0
                v = 0.1 * v + 0.9 * g * g
                ruler = max(ruler, v) if keep_largest else v
                step = 0.1 / math.sqrt(k) * g / math.sqrt(ruler / (1 - 0.1**k))
                w = min(max(w - step, -1.0), 1.0)
            ends.append(w)
        assert ends[0] == 1
        assert ends[1] == pytest.approx(-0.9987, abs=5e-5)

    def test_decay_in_adamw_is_a_power_and_in_adam_with_l2_it_is_not(self):
        ends = []
        for rule in (AdamW(lr=1e-3, weight_decay=0.01), Adam(lr=1e-3, weight_decay=0.01)):
            w, state = np.ones(1), rule.init(np.ones(1))
            for _ in range(1000):
                w, state = rule.step(w, 0 * w, state)
            ends.append(w[0])
        assert ends[0] == pytest.approx((1 - 1e-5) ** 1000, rel=1e-12)
        assert np.round(ends, 3).tolist() == [0.99, 0.258]

    def test_adams_step_may_be_long_after_a_silence_and_adamaxs_is_never(self):
        gradients = np.r_[np.ones(100), np.zeros(3000), np.ones(60)]
        longest = []
        for rule in (Adam(lr=1.0), AdaMax(lr=1.0)):
            w, state, lengths = np.zeros(1), rule.init(np.zeros(1)), []
            for g in gradients:
                w_next, state = rule.step(w, np.array([g]), state)
                lengths.append(abs(w_next - w)[0])
                w = w_next
            longest.append(max(lengths[3100:]))
        assert longest[0] > 5
        assert longest[1] <= 1

    def test_adagrads_rate_follows_the_root_of_how_often_a_feature_occurs(self):
        often, seldom = 2000, 17
        rule, w = Adagrad(lr=1.0), np.zeros(2)
        state = rule.init(w)
        for k in range(often):
            w, state = rule.step(w, np.array([1.0, 1.0 * (k < seldom)]), state)
        rates = 1 / np.sqrt(state["s"])
        assert rates[1] / rates[0] == pytest.approx(math.sqrt(often / seldom))

    def test_adam_forgives_more_than_gradient_descent_which_may_have_the_lower_best(self):
        corner = (-1.48, 2.16)
        adam, gd = (sweep(banana, kind(), corner, 200) for kind in (Adam, GradientDescent))
        assert adam.forgiveness(1e-3) > 3 * gd.forgiveness(1e-3)
        assert gd.gaps[-1].min() < adam.gaps[-1].min()


# ------------------------------------------------------------------------------------- exercises


def right_adam(gradient, start, alpha, steps):
    rule, w = Adam(lr=alpha), start
    state = rule.init(w)
    for _ in range(steps):
        w, state = rule.step(w, gradient(w), state)
    return w


RIGHT = {
    "6.1": [[1, 0.8, 12 / 13], (1, 0.8, 0.923), np.array([1.0, 0.8, 0.9231])],
    "6.2": ["b", "B", "(b)"],
    "6.3": [[1.01, 0.99], (1.01, 0.99), np.array([1.01, 0.99])],
    "6.4": [right_adam],
    "6.5": [0.7, 0.75, 0.9, 0.99, 0.999],
    "6.6": [0.9048, 0.999**100, np.float64(0.905), [0.9048]],
    "6.7": ["c", " C "],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number in RIGHT for answer in RIGHT[number]]
)
def test_a_right_answer_is_right_and_says_what_it_means(number, answer):
    result = exercise(number).check(answer)
    assert result.right
    assert result.message == exercise(number).praise


def test_every_exercise_has_a_right_answer_here():
    assert set(RIGHT) == {each.number for each in lecture_6.EXERCISES}


@pytest.mark.parametrize("each", lecture_6.EXERCISES, ids=lambda each: each.number)
def test_an_exercise_left_alone_is_not_attempted(each):
    assert each.check(...).verdict == "not attempted"


@pytest.mark.parametrize(
    ("beta2", "words"),
    [
        (-0.1, "from 0 up to"),
        (1, "from 0 up to"),
        (1.5, "from 0 up to"),
        (0, "still ends at +1"),
        (0.1, "still ends at +1"),
        (0.25, "still ends at +1"),
        (0.3, "drifts to the wrong side"),
        (0.45, "drifts to the wrong side"),
        (0.5, "does not get as far"),
        (0.65, "does not get as far"),
    ],
)
def test_a_memory_too_short_is_told_how_far_it_gets(beta2, words):
    result = exercise("6.5").check(beta2)
    assert result.verdict == "wrong"
    assert words in result.message


def test_the_memory_that_is_long_enough_is_the_one_of_the_explorer():
    """What 6.5 calls right is where the package's own Adam ends below −0.9."""
    for beta2 in (0.1, 0.3, 0.5, 0.65, 0.7, 0.9):
        for kind in (Adam, AMSGrad):
            rule, w = kind(beta1=0, beta2=beta2), np.zeros(1)
            state = rule.init(w)
            for k in range(3000):
                g = np.array([3.0 if k % 3 == 0 else -1.0])
                w, state = rule.step(w, g, state, 0.1 / (k + 1) ** 0.5)
                w = np.clip(w, -1, 1)
            if kind is Adam:
                assert exercise("6.5").check(beta2).right == (w[0] < -0.9)
            else:
                assert w[0] < -0.9


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("6.1", [1, 0.8, 0.5], "Entry 3 of [1, 0.8, 0.5] is not right"),
        ("6.1", [7, 7, 7], "Keep the sum s"),
        ("6.3", [1.01, 1.01], "Entry 2"),
        ("6.3", [5, 5], "each coordinate by itself"),
        ("6.6", 0.5, "Multiply by 1 − αλ"),
        ("6.4", lambda gradient, start, alpha, steps: start + 1, "your function returns"),
    ],
)
def test_an_unforeseen_wrong_answer_is_told_the_way(number, answer, words):
    result = exercise(number).check(answer)
    assert result.verdict == "wrong"
    assert words in result.message


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("6.1", 1, "3 numbers"),
        ("6.1", [1, 0.8], "your answer has shape (2,)"),
        ("6.2", "e", "one letter"),
        ("6.3", "1.01", "2 numbers"),
        ("6.4", 3, "Hand over the function itself"),
        ("6.4", lambda w: w, "must take 4 arguments; it takes 1"),
        ("6.5", math.nan, "holds nan"),
        ("6.6", [0.9, 0.1], "one number"),
        ("6.7", 3, "one letter"),
    ],
)
def test_a_malformed_answer_is_told_what_was_expected(number, answer, words):
    result = exercise(number).check(answer)
    assert result.verdict == "malformed"
    assert words in result.message


def test_adam_in_place_is_told_so():
    def adam(gradient, start, alpha, steps):
        w = start
        for _ in range(steps):
            w -= alpha * gradient(w)
        return w

    assert "changes the array `start`" in exercise("6.4").check(adam).message


def test_the_worked_solution_in_code_is_right():
    code = exercise("6.4").worked.split("```")[1].removeprefix("python")
    names = {}
    exec(code, names)
    assert exercise("6.4").check(names["adam"]).right


def test_the_mistake_of_l2_is_what_adam_with_l2_does():
    w, rule = np.ones(1), Adam(lr=0.01, weight_decay=0.1)
    state = rule.init(w)
    for _ in range(100):
        w, state = rule.step(w, 0 * w, state)
    result = exercise("6.6").check(w[0])
    assert "That is Adam with L2" in result.message
