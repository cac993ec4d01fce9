"""Lecture 6: its facts, computed another way, and its exercises from right to malformed."""

import math

import numpy as np
import pytest

from course_lib.descent import descend
from course_lib.exercises import exercise
from course_lib.exercises.lecture_6 import PREDICTIONS
from course_lib.landscapes import banana, bowl, quartic
from course_lib.lectures.sweep import sweep
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


def test_the_memory_that_is_long_enough_is_the_one_of_the_explorer():
    """What 6.7 calls right is where the package's own Adam ends below −0.9."""
    for beta2 in (0.1, 0.3, 0.5, 0.65, 0.7, 0.9):
        for kind in (Adam, AMSGrad):
            rule, w = kind(beta1=0, beta2=beta2), np.zeros(1)
            state = rule.init(w)
            for k in range(3000):
                g = np.array([3.0 if k % 3 == 0 else -1.0])
                w, state = rule.step(w, g, state, 0.1 / (k + 1) ** 0.5)
                w = np.clip(w, -1, 1)
            if kind is Adam:
                assert exercise("6.7").check(beta2).right == (w[0] < -0.9)
            else:
                assert w[0] < -0.9


def test_adam_in_place_is_told_so():
    def adam(gradient, start, alpha, steps):
        w = start
        for _ in range(steps):
            w -= alpha * gradient(w)
        return w

    assert "changes the array `start`" in exercise("6.2").check(adam).message


def test_the_mistake_of_l2_is_what_adam_with_l2_does():
    w, rule = np.ones(1), Adam(lr=0.01, weight_decay=0.1)
    state = rule.init(w)
    for _ in range(100):
        w, state = rule.step(w, 0 * w, state)
    result = exercise("6.4").check(w[0])
    assert "That is Adam with L2" in result.message


@pytest.mark.parametrize(
    ("number", "measured", "option"),
    [
        ("6.c", ({0.0: 0.23},), "about α/4"),
        ("6.e", (152, 37), "about 1/4 as many"),
        ("6.i", (1.5,), "by less than 2"),
        ("6.i", (9.0,), "by 2 to 10"),
        ("6.i", (47.0,), "by 10 to 100"),
        ("6.i", (545.0,), "by 100 to 1000"),
    ],
)
def test_the_option_called_right_is_the_one_that_holds_what_was_measured(number, measured, option):
    asked = {each.number: each for each in PREDICTIONS}[number]
    assert asked.result(*measured) == option
    assert option in asked.options
