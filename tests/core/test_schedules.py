"""Schedules: closed forms, torch's own schedulers where torch has them, and bad arguments."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.descent import descend
from course_lib.landscapes import bowl
from course_lib.optimizers import GradientDescent
from course_lib.schedules import (
    SCHEDULES,
    ReduceOnPlateau,
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    natural_exponential,
    scale_with_batch,
    step_decay,
    time_based,
    warmup,
)

rate = st.floats(1e-5, 10)


def torchs(lr, make, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, seen = make(optimizer), []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def ours(schedule, steps):
    return [schedule(k) for k in range(steps)]


scheduler = torch.optim.lr_scheduler


class TestAgainstTorch:
    @given(lr=rate, base=st.floats(0.5, 1))
    def test_exponential(self, lr, base):
        theirs = torchs(lr, lambda o: scheduler.ExponentialLR(o, base), 100)
        np.testing.assert_allclose(ours(exponential(lr, base), 100), theirs, rtol=1e-12)

    @given(lr=rate, factor=st.floats(0.01, 1), every=st.integers(1, 30))
    def test_step_decay(self, lr, factor, every):
        theirs = torchs(lr, lambda o: scheduler.StepLR(o, every, factor), 100)
        np.testing.assert_allclose(ours(step_decay(lr, factor, every), 100), theirs, rtol=1e-12)

    @given(lr=rate, steps=st.integers(1, 100), share=st.floats(0, 1))
    def test_cosine(self, lr, steps, share):
        floor = share * lr
        theirs = torchs(lr, lambda o: scheduler.CosineAnnealingLR(o, steps, floor), steps + 1)
        np.testing.assert_allclose(
            ours(cosine(lr, steps, floor), steps + 1), theirs, rtol=1e-9, atol=1e-12 * lr
        )

    @given(lr=rate, steps=st.integers(1, 30))
    def test_linear_warmup(self, lr, steps):
        start = 1 / (steps + 1)
        theirs = torchs(lr, lambda o: scheduler.LinearLR(o, start, 1.0, steps), 60)
        np.testing.assert_allclose(ours(warmup(constant(lr), steps), 60), theirs, rtol=1e-12)

    @given(
        lr=rate,
        factor=st.floats(0.1, 0.9),
        patience=st.integers(0, 8),
        losses=st.lists(st.floats(0, 10), min_size=60, max_size=60),
    )
    def test_reduce_on_plateau(self, lr, factor, patience, losses):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        theirs = scheduler.ReduceLROnPlateau(
            optimizer, factor=factor, patience=patience, min_lr=lr / 50, eps=0
        )
        plateau = ReduceOnPlateau(lr, factor=factor, patience=patience, floor=lr / 50)
        state = plateau.init()
        for loss in losses:
            theirs.step(loss)
            now, state = plateau.step(loss, state)
            assert now == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


# For each schedule one made with its values, and its formula written anew.
FORMULAS = {
    "constant": (constant(0.3), lambda k: 0.3),
    "time_based": (time_based(0.3, 0.1), lambda k: 0.3 / (1 + 0.1 * k)),
    "exponential": (exponential(0.3, 0.9), lambda k: 0.3 * 0.9**k),
    "natural_exponential": (natural_exponential(0.3, 0.1), lambda k: 0.3 * math.exp(-0.1 * k)),
    "inverse_sqrt": (inverse_sqrt(0.3, 1), lambda k: 0.3 / math.sqrt(k + 1)),
    "step_decay": (step_decay(0.3, 0.5, 10), lambda k: 0.3 * 0.5 ** (k // 10)),
    "cosine": (cosine(0.3, 20), lambda k: 0.15 * (1 + math.cos(math.pi * min(k / 20, 1)))),
}


def test_every_schedule_has_its_formula_in_these_tests():
    assert set(FORMULAS) == set(SCHEDULES)


class TestFormulas:
    @pytest.mark.parametrize("name", FORMULAS)
    def test_it_is_its_formula(self, name):
        schedule, formula = FORMULAS[name]
        expected = [formula(k) for k in range(100)]
        np.testing.assert_allclose(ours(schedule, 100), expected, rtol=1e-14, atol=1e-16)

    def test_a_value_of_its_own_counts(self):
        assert inverse_sqrt(0.2, 3)(7) == pytest.approx(0.6 / math.sqrt(8), rel=1e-15)

    @pytest.mark.parametrize("name", FORMULAS)
    def test_a_schedule_is_pure_and_takes_one_step_or_many(self, name):
        schedule, _ = FORMULAS[name]
        one_by_one = ours(schedule, 50)
        np.testing.assert_allclose(schedule(np.arange(50)), one_by_one, rtol=1e-14)
        assert ours(schedule, 50) == one_by_one  # looking at it does not use it up
        assert schedule(0) == pytest.approx(0.3, rel=1e-15)
        assert isinstance(schedule(3), float)

    def test_warmup_rises_in_a_line_and_then_follows_from_step_zero(self):
        schedule = warmup(exponential(1.0, 0.5), 4)
        np.testing.assert_allclose(
            ours(schedule, 7), [0.2, 0.4, 0.6, 0.8, 1, 0.5, 0.25], rtol=1e-15
        )
        np.testing.assert_allclose(schedule(np.arange(7)), ours(schedule, 7), rtol=1e-15)

    def test_cosine_stays_at_its_floor_after_its_end(self):
        schedule = cosine(1.0, 10, floor=0.1)
        assert schedule(5) == pytest.approx(0.55)
        assert ours(schedule, 30)[10:] == pytest.approx([0.1] * 20)

    def test_scale_with_batch(self):
        assert scale_with_batch(0.1, 256, 64) == pytest.approx(0.4)


class TestReduceOnPlateau:
    def test_it_cuts_after_patience_bad_losses(self):
        plateau = ReduceOnPlateau(1.0, factor=0.5, patience=2)
        state, seen = plateau.init(), []
        for loss in [5, 4, 4, 4, 4, 3, 3]:
            lr, state = plateau.step(loss, state)
            seen.append(lr)
        assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.5]

    def test_each_run_of_a_batch_has_its_own_memory(self):
        plateau = ReduceOnPlateau(1.0, factor=0.5, patience=0)
        state = plateau.init()
        for losses in ([2.0, 2.0], [1.0, 2.0], [0.5, 2.0]):
            lr, state = plateau.step(np.array(losses), state)
        np.testing.assert_array_equal(lr, [1.0, 0.25])

    def test_a_negative_loss_that_gets_worse_is_not_an_improvement(self):
        plateau = ReduceOnPlateau(1.0, factor=0.5, patience=0)
        state = plateau.step(-6.5430, plateau.init())[1]
        assert plateau.step(-6.5429, state)[0] == 0.5

    def test_descend_feeds_it_with_the_loss_and_using_it_does_not_use_it_up(self):
        plateau = ReduceOnPlateau(0.19, factor=0.5, patience=3)

        def rates():
            walk = descend(bowl(10), GradientDescent(), [[2, 2], [0, 1]], 60, schedule=plateau)
            return walk.learning_rates

        first = rates()
        assert first.shape == (60, 2)
        assert np.all(np.diff(first, axis=0) <= 0)
        np.testing.assert_array_equal(first, rates())


def required(kind):
    """Return a value for each argument that has none by default."""
    takes = inspect.signature(kind).parameters.values()
    return [1 for each in takes if each.default is each.empty]


class TestBadArguments:
    @pytest.mark.parametrize("name", SCHEDULES)
    def test_a_negative_rate_is_refused_with_its_value(self, name):
        with pytest.raises(ValueError, match="lr must be a number at least 0, got -1"):
            SCHEDULES[name](-1, *required(SCHEDULES[name])[1:])

    @pytest.mark.parametrize(
        ("call", "says"),
        [
            (lambda: time_based(1, -1), "decay must be a number at least 0, got -1"),
            (lambda: exponential(1, 1.1), "base must be a number above 0 and at most 1, got 1.1"),
            (lambda: natural_exponential(1, -2), "rate must be a number at least 0, got -2"),
            (lambda: inverse_sqrt(1, 0), "scale must be a number above 0, got 0"),
            (lambda: step_decay(1, 2), "factor must be a number above 0 and at most 1, got 2"),
            (lambda: step_decay(1, 0.5, 0), "every must be a whole number of at least 1, got 0"),
            (lambda: cosine(1, 2.5), "steps must be a whole number of at least 1, got 2.5"),
            (lambda: cosine(1, 10, 2), "floor must be a number at least 0 and at most 1, got 2"),
            (lambda: warmup(0.1, 5), "schedule must be a function of the step k, got 0.1"),
            (lambda: warmup(constant(1), -1), "steps must be a whole number of at least 0, got -1"),
            (lambda: scale_with_batch(1, 0, 64), "batch must be a whole number of at least 1"),
            (lambda: ReduceOnPlateau(1, factor=1), "factor must be a number above 0 and below 1"),
            (lambda: ReduceOnPlateau(1, patience=-1), "patience must be a whole number"),
            (lambda: SCHEDULES["cosin"], "mean 'cosine'"),
        ],
    )
    def test_the_argument_its_value_and_what_is_allowed(self, call, says):
        with pytest.raises((ValueError, TypeError, KeyError), match=says):
            call()


def test_robbins_monro_broken_leaves_35_8_percent_of_the_way_for_ever():
    for steps in (200, 2000):
        walk = descend(bowl(1), GradientDescent(), (1, 0), steps, schedule=exponential(0.1, 0.9))
        assert walk.points[-1, 0] == pytest.approx(0.358, abs=5e-4)
