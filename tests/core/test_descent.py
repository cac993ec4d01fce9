"""`descend`: the lectures' numbers, batches, divergence that raises nothing, and bad arguments."""

import warnings

import numpy as np
import pytest
from array_api_compat import array_namespace
from hypothesis import given
from hypothesis import strategies as st

from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, Landscape, banana, bowl, quartic
from course_lib.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Rule
from course_lib.schedules import ReduceOnPlateau, constant, cosine, time_based


def test_it_does_what_a_plain_loop_does():
    rule, start = Adam(lr=0.05), np.array([-1.5, 2.0])
    walk = descend(banana, rule, start, 50)
    w, state = start, rule.init(start)
    for k in range(50):
        assert walk.losses[k] == pytest.approx(banana(w), rel=1e-14)
        np.testing.assert_array_equal(walk.gradients[k], banana.gradient(w))
        w, state = rule.step(w, banana.gradient(w), state)
        np.testing.assert_array_equal(walk.points[k + 1], w)
        np.testing.assert_array_equal(walk.states["m"][k + 1], state["m"])
        assert walk.states["k"][k + 1] == k + 1
    assert walk.points.shape == (51, 2)
    assert walk.losses.shape == (51,)
    assert walk.gradients.shape == (50, 2)
    assert walk.steps.tolist() == list(range(51))
    assert walk.learning_rates.tolist() == [0.05] * 50
    assert walk.diverged_at is None


class TestFacts:
    def test_the_quartic_from_minus_1_5_creeps_up_and_never_crosses_zero(self):
        walk = descend(quartic, GradientDescent(lr=0.001), -1.5, 100_000, every=100)
        assert descend(quartic, GradientDescent(lr=0.001), -1.5, 1).gradients[0, 0] == -33.75
        assert descend(quartic, GradientDescent(lr=0.001), -1.5, 1).points[1, 0] == -1.46625
        assert walk.points[-1, 0] == pytest.approx(-0.0011, abs=5e-5)
        assert np.all(np.diff(walk.points[:, 0]) > 0)
        assert np.all(walk.points < 0)

    def test_momentum_crosses_the_trap_that_stops_gradient_descent(self):
        stuck = descend(quartic, GradientDescent(lr=0.01), -0.5, 1000)
        through = descend(quartic, Momentum(lr=0.01, momentum=0.9), -0.5, 1000)
        assert stuck.points[-1, 0] == pytest.approx(-0.0106, abs=5e-5)
        assert through.points[-1, 0] == pytest.approx(2.25, abs=1e-9)

    def test_adam_crosses_the_trap_at_step_14_if_it_is_fast_enough(self):
        slow = descend(quartic, Adam(lr=0.01), -0.5, 1000)
        fast = descend(quartic, Adam(lr=0.05), -0.5, 1000)
        assert abs(slow.points[-1, 0]) < 0.05
        assert np.argmax(fast.points[:, 0] > 0) == 14

    def test_the_banana_converges_cycles_and_overflows(self):
        start = (2, 2)
        good = descend(banana, GradientDescent(lr=0.1), start, 100)
        assert good.points[-1] == pytest.approx([1.0088, 1.0214], abs=5e-5)
        assert good.losses[-1] == pytest.approx(9.1e-5, abs=5e-7)
        cycle = descend(banana, GradientDescent(lr=0.2), start, 1000)
        assert sorted(cycle.losses[-2:]) == pytest.approx([0.1203, 0.1852], abs=5e-5)
        np.testing.assert_allclose(cycle.losses[-20::2], cycle.losses[-2], rtol=1e-9)
        assert descend(banana, GradientDescent(lr=0.25), start, 100).diverged_at <= 10
        decayed = descend(banana, GradientDescent(), start, 100, schedule=time_based(0.2, 0.01))
        assert decayed.points[-1] == pytest.approx([0.99763, 0.99427], abs=5e-6)
        assert decayed.losses[-1] == pytest.approx(6.6e-6, abs=5e-8)

    def test_heavy_ball_takes_44_steps_where_gradient_descent_takes_200(self):
        def steps_needed(rule):
            away = np.linalg.norm(descend(banana, rule, (0.9, 0.9), 400).points - 1, axis=-1)
            return int(np.argmax(away < 1e-6))

        assert steps_needed(GradientDescent(lr=1 / 6)) == 200
        assert steps_needed(Momentum(lr=0.25, momentum=0.5)) == 44

    def test_the_noise_ball_has_its_closed_form(self):
        """Variance α/(h(2 − αh)) on L = ½hw² with h = 1 and noise of variance 1."""
        for lr, variance in ((0.1, 0.053), (0.4, 0.25)):
            walk = descend(
                bowl(1),
                GradientDescent(lr=lr),
                np.zeros((4000, 2)),
                200,
                noise=1.0,
                seed=0,
                every=200,
            )
            assert walk.points[-1].var() == pytest.approx(lr / (2 - lr), rel=0.05)
            assert lr / (2 - lr) == pytest.approx(variance, abs=5e-4)


class TestBatches:
    @pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
    def test_a_batch_of_starts_is_each_start_on_its_own(self, kind):
        starts = np.array([[[-1.5, 2.0], [0.3, 0.4]], [[2.0, 2.0], [0.0, 3.0]]])
        batch = descend(banana, kind(), starts, 30)
        assert batch.points.shape == (31, 2, 2, 2)
        assert batch.losses.shape == (31, 2, 2)
        assert batch.diverged_at.tolist() == [[-1, -1], [-1, -1]]
        alone = descend(banana, kind(), starts[1, 0], 30)
        np.testing.assert_allclose(batch.points[:, 1, 0], alone.points, rtol=0, atol=1e-13)

    def test_arrays_of_hyper_parameters_repeat_the_start(self):
        rates = np.array([0.01, 0.1, 0.25])
        batch = descend(banana, GradientDescent(lr=rates[:, None]), (2, 2), 60)
        assert batch.points.shape == (61, 3, 2)
        assert batch.learning_rates.shape == (60, 3)
        for i, lr in enumerate(rates):
            alone = descend(banana, GradientDescent(lr=lr), (2, 2), 60)
            np.testing.assert_allclose(batch.points[:, i], alone.points, rtol=1e-12)
            assert batch.diverged_at[i] == (-1 if alone.diverged_at is None else alone.diverged_at)

    def test_40_000_starts_in_one_call(self):
        starts = np.random.default_rng(0).uniform(-2, 2, (200, 200, 2))
        walk = descend(banana, GradientDescent(lr=0.05), starts, 100, every=100)
        assert walk.points.shape == (2, 200, 200, 2)
        assert np.mean(walk.losses[-1] < walk.losses[0]) == 1

    def test_every_records_only_each_nth_step(self):
        full = descend(banana, Adam(lr=0.1), (2, 2), 60, noise=0.1, seed=3)
        thin = descend(banana, Adam(lr=0.1), (2, 2), 60, noise=0.1, seed=3, every=20)
        np.testing.assert_array_equal(thin.points, full.points[::20])
        np.testing.assert_array_equal(thin.losses, full.losses[::20])
        np.testing.assert_array_equal(thin.gradients, full.gradients[::20])
        np.testing.assert_array_equal(thin.states["v"], full.states["v"][::20])
        assert thin.steps.tolist() == [0, 20, 40, 60]

    def test_float32_stays_float32(self):
        walk = descend(banana, Adam(), np.ones(2, "float32"), 5, schedule=constant(0.1))
        assert walk.points.dtype == walk.losses.dtype == walk.gradients.dtype == "float32"
        assert walk.states["m"].dtype == "float32"


class TestDivergence:
    @given(
        name=st.sampled_from(sorted(LANDSCAPES)),
        kind=st.sampled_from(list(OPTIMIZERS.values())),
        lr=st.floats(0, 1e300),
        start=st.floats(-1e300, 1e300),
    )
    def test_nothing_is_raised_warned_or_left_infinite(self, name, kind, lr, start):
        landscape = LANDSCAPES[name]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            walk = descend(landscape, kind(lr=lr), [start] * landscape.dimension, 20)
        assert np.isfinite(walk.points).all()
        if walk.diverged_at is not None:
            after = walk.points[walk.diverged_at - 1 :]
            assert np.all(after == after[0])

    def test_a_run_that_diverges_stops_and_the_others_go_on(self):
        rates = np.array([[0.1], [0.25]])
        walk = descend(banana, Momentum(lr=rates, momentum=0), (2, 2), 100)
        assert walk.diverged_at.tolist() == [-1, 8]
        assert np.all(walk.points[7:, 1] == walk.points[7, 1])
        assert np.all(walk.states["v"][7:, 1] == walk.states["v"][7, 1])
        assert walk.losses[-1, 0] == pytest.approx(9.1e-5, abs=5e-7)


class TestWhatItIsFed:
    def test_noise_comes_from_the_seed(self):
        def run(seed):
            return descend(bowl(1), GradientDescent(lr=0.1), (1, 1), 20, noise=0.5, seed=seed)

        np.testing.assert_array_equal(run(1).points, run(1).points)
        assert abs(run(1).points - run(2).points).max() > 0.01
        spread = (run(1).gradients - bowl(1).gradient(run(1).points[:-1])).std()
        assert 0.3 < spread < 0.7

    def test_another_gradient_may_take_the_place_of_the_landscapes(self):
        uphill = descend(
            bowl(1), GradientDescent(lr=0.1), (1, 1), 5, gradient=lambda w: -bowl(1).gradient(w)
        )
        assert np.all(np.diff(uphill.losses) > 0)

    def test_a_rule_of_your_own_needs_only_init_and_step(self):
        class SignDescent:
            def init(self, w):
                return {}

            def step(self, w, g, state, lr=None):
                return w - 0.1 * np.sign(g), state

        walk = descend(bowl(1), SignDescent(), (1, 1), 9)
        assert walk.points[-1] == pytest.approx([0.1, 0.1])


GD = GradientDescent(lr=0.1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: descend(banana, GD, (np.nan, 1), 5), "start must be finite numbers, got .*nan"),
        (lambda: descend(banana, GD, (np.inf, 1), 5), "start must be finite numbers"),
        (lambda: descend(banana, GD, (1, 2, 3), 5), r"start must have shape .* got shape \(3,\)"),
        (lambda: descend(banana, GD, 1, 5), r"start must have shape \(\.\.\., 2\)"),
        (lambda: descend(banana, GD, "here", 5), "start must be numbers, got 'here'"),
        (lambda: descend(banana, GD, (1, 1), -1), "steps must be a whole number .* got -1"),
        (lambda: descend(banana, GD, (1, 1), 2.5), "steps must be a whole number .* got 2.5"),
        (lambda: descend(banana, GD, (1, 1), 5, every=2), "every must divide steps = 5, got 2"),
        (lambda: descend(banana, Adam, (1, 1), 5), r"rule must be an update rule such as Adam\(lr"),
        (lambda: descend(banana, 0.1, (1, 1), 5), r"rule must be an update rule .* got 0\.1"),
        (lambda: descend("banana", GD, (1, 1), 5), "landscape must be a Landscape"),
        (lambda: descend(banana, GD, (1, 1), 5, schedule=0.1), "schedule must be a function"),
        (
            lambda: descend(banana, GD, (1, 1), 5, schedule=lambda k: 0.1 - 0.05 * k),
            r"schedule\(3\) must be a number at least 0",
        ),
        (lambda: descend(banana, GD, (1, 1), 5, gradient=3), "gradient must be a function"),
        (
            lambda: descend(banana, GD, (1, 1), 5, gradient=banana),
            r"gradient must return an array of the shape of w, \(2,\), got \(\)",
        ),
        (
            lambda: descend(banana, GD, (1, 1), 5, schedule=cosine),
            r"schedule must be created with its values, such as cosine\(lr=0\.1, \.\.\.\)",
        ),
        (
            lambda: descend(banana, GD, (1, 1), 5, schedule=ReduceOnPlateau),
            r"schedule must be created with its values, such as ReduceOnPlateau\(",
        ),
        (lambda: descend(banana, GD, (1, 1), 5, noise=-1), "noise must be a number at least 0"),
        (
            lambda: descend(banana, GD, (1, 1), 5, noise=[1, 2, 3]),
            r"noise must fit the parameters, of shape \(2,\), got shape \(3,\)",
        ),
        (
            lambda: descend(banana, GD, (1, 1), 5, noise=1, seed="seven"),
            "seed must be a whole number of at least 0 or a numpy Generator, got 'seven'",
        ),
        (
            lambda: descend(banana, GradientDescent(lr=np.ones(3)), (1, 1), 5),
            r"give each array of hyper-parameters the shape \(n, 1\)",
        ),
    ],
)
def test_a_bad_argument_is_named_with_its_value_and_what_is_allowed(call, says):
    with pytest.raises((ValueError, TypeError), match=says):
        call()


def test_the_runs_of_a_batch_are_the_walks_taken_one_by_one():
    rates = np.array([0.02, 0.1, 0.25])
    batch = descend(banana, Momentum(lr=rates[:, None], momentum=0.5), (2, 2), 150)
    for lr, run in zip(rates, batch.runs(), strict=True):
        alone = descend(banana, Momentum(lr=lr, momentum=0.5), (2, 2), 150)
        np.testing.assert_allclose(run.points, alone.points, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(run.states["v"], alone.states["v"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(run.learning_rates, alone.learning_rates)
        assert run.diverged_at == alone.diverged_at
        assert run.losses.shape == alone.losses.shape
        assert repr(run) == repr(alone)


def test_a_single_walk_is_its_own_only_run():
    walk = descend(banana, Momentum(lr=0.02), (2, 2), 5)
    assert list(walk.runs()) == [walk]


def test_a_batch_of_starts_in_two_axes_gives_a_run_for_each():
    starts = np.random.default_rng(0).uniform(-1, 1, (2, 3, 2))
    batch = descend(banana, Momentum(lr=0.02), starts, 5)
    runs = list(batch.runs())
    assert len(runs) == 6
    np.testing.assert_array_equal(runs[4].points, batch.points[:, 1, 1])
    assert runs[0].diverged_at is None


# Every elementwise function of the array API (2023.12) with one real argument, and with two.
ONE = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "floor",
    "log",
    "log10",
    "log1p",
    "log2",
    "negative",
    "positive",
    "reciprocal",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "trunc",
    "isfinite",
    "isinf",
    "isnan",
    "logical_not",
    "real",
    "conj",
]
TWO = [
    "add",
    "atan2",
    "copysign",
    "divide",
    "floor_divide",
    "hypot",
    "logaddexp",
    "maximum",
    "minimum",
    "multiply",
    "pow",
    "remainder",
    "subtract",
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
]


class Through(Rule):
    """Moves by whatever a function makes of the gradient."""

    def __init__(self, function):
        object.__setattr__(self, "function", function)

    def step(self, w, g, state, lr=None):
        return w - 1e-4 * self.function(g), {}


@pytest.mark.parametrize("name", ONE + TWO)
def test_a_rule_and_a_landscape_may_use_any_elementwise_function(name):
    function = getattr(array_namespace(np.zeros(1)), name, None) or getattr(np, name)
    apply = function if name in ONE else (lambda u: function(u, 0.5 + 0 * u))
    hill = Landscape(
        name, name, lambda x: apply(x) + x**2, lambda x: (apply(x) + 2 * x,), [[0]], [[-1, 1]]
    )
    walk = descend(hill, Through(apply), 0.7, 200)
    w = 0.7
    with np.errstate(all="ignore"):
        for _ in range(1 if walk.diverged_at == 1 else 3):
            w = w - 1e-4 * float(apply(np.float64(float(apply(np.float64(w))) + 2 * w)))
    if walk.diverged_at is None:
        assert len(walk.points) == 201
        assert walk.points[3, 0] == pytest.approx(w, abs=1e-12)
    else:  # such as acosh(0.7), which is no number
        assert not np.isfinite(w)
