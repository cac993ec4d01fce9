"""Every rule is its reference to 1e-12, on numpy arrays and on torch tensors, and is pure."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from references import REFERENCES, TORCHS, UPDATES, Published, original

from course_lib.landscapes import banana
from course_lib.optimizers import (
    OPTIMIZERS,
    Adadelta,
    Adam,
    AdamW,
    AMSGrad,
    GradientDescent,
    Lion,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    even_out,
)


@pytest.fixture(autouse=True, scope="module")
def float64_everywhere():
    """torch's NAdam keeps its product of μ in the default dtype, float32 unless told otherwise."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Quadratic:
    """L = ½ wᵀAw with random curvatures between 0.1 and 10 in random directions."""

    def __init__(self, seed: int, dimension: int = 4):
        random = np.random.default_rng(seed)
        axes, _ = np.linalg.qr(random.standard_normal((dimension, dimension)))
        self.matrix = axes * random.uniform(0.1, 10, dimension) @ axes.T
        self.start = random.uniform(-2, 2, dimension)

    def gradient(self, w):
        matrix = torch.from_numpy(self.matrix) if isinstance(w, torch.Tensor) else self.matrix
        return matrix @ w


def run_reference(rule, problem, start, steps):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, points = original(rule, [w]), []
    for _ in range(steps):
        w.grad = problem.gradient(w.detach())
        optimizer.step()
        points.append(w.detach().numpy().copy())
    return np.array(points)


def run_ours(rule, problem, start, steps):
    w, points = start, []
    state = rule.init(w)
    for _ in range(steps):
        w, state = rule.step(w, problem.gradient(w), state)
        points.append(np.asarray(w))
    return np.array(points)


below_one = st.floats(0, 0.99)
RANGES = {
    "beta2": st.floats(0.5, 0.9999),
    "rho": st.floats(0.5, 0.999),
    "eps": st.floats(1e-10, 1e-4),
    "weight_decay": st.one_of(st.just(0.0), st.floats(1e-4, 0.3)),
    "momentum_decay": st.floats(0, 0.1),
}
RATES = {  # up to where a rule stays on the banana; the others are bounded by themselves
    GradientDescent: st.floats(1e-4, 0.05),
    Momentum: st.floats(1e-4, 0.01),
    Nesterov: st.floats(1e-4, 0.01),
    Adadelta: st.floats(0.1, 2.0),
}


@st.composite
def rules(draw, kind, lr):
    names = [field.name for field in fields(kind) if field.name != "lr"]
    return kind(lr=draw(lr), **{name: draw(RANGES.get(name, below_one)) for name in names})


def assert_equal_to_1e_12(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * max(1, abs(theirs).max()))


def assume_not_chaotic(rule, problem, start):
    """Set a draw aside where rounding a hundred times coarser than float64's moves it by 1e-12.

    A rule whose steps do not shrink with the gradient bounces around the minimum, and there the
    last bit decides on which side it lands. The test fed with the same gradients covers these.
    """
    random, w = np.random.default_rng(0), np.tile(start, (4, 1))
    w_rough, state, state_rough = w, rule.init(w), rule.init(w)
    for _ in range(300):
        w, state = rule.step(w, slopes(problem, w), state)
        w_rough = w_rough * (1 + 1e-14 * random.standard_normal(w.shape))
        g_rough = slopes(problem, w_rough) * (1 + 1e-14 * random.standard_normal(w.shape))
        w_rough, state_rough = rule.step(w_rough, g_rough, state_rough)
        assume(abs(w_rough - w).max() < 1e-12)


def slopes(problem, w):
    return np.array([problem.gradient(row) for row in w])


def test_every_rule_has_a_reference():
    assert set(REFERENCES) == set(OPTIMIZERS.values())


PUBLISHED = [each for each in REFERENCES.values() if isinstance(each, Published)]
TWO_STEPS = Published(GradientDescent(lr=0.1), 1.0, gradients=(2.0, 3.0), points=(0.8, 0.5))


@pytest.mark.parametrize("published", [TWO_STEPS, *PUBLISHED])
def test_a_rule_comes_to_the_published_points(published):
    rule, w = published.rule, np.array([published.start])
    state = rule.init(w)
    for g, point in zip(published.gradients, published.points, strict=True):
        w, state = rule.step(w, np.array([g]), state)
        assert w[0] == pytest.approx(point, rel=1e-9)


@pytest.mark.parametrize("kind", TORCHS, ids=lambda kind: kind.__name__)
def test_default_hyper_parameters_are_torchs(kind):
    rule, w = kind(), torch.zeros(2, requires_grad=True)
    torchs, extra = REFERENCES[kind](rule)
    # torch's SGD has no momentum by default; a rule named for it does.
    extra = {name: extra[name] for name in ("momentum", "nesterov", "amsgrad") if name in extra}
    assert original(rule, [w]).defaults == torchs([w], **extra).defaults


@pytest.mark.parametrize("kind", UPDATES, ids=lambda kind: kind.__name__)
class TestAgainstItsReference:
    @given(data=st.data())
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    def test_300_steps_on_the_banana(self, kind, data):
        rule = data.draw(rules(kind, RATES.get(kind, st.floats(1e-4, 0.1))))
        start = np.array(data.draw(st.tuples(st.floats(-1.5, 1.5), st.floats(-1, 2))))
        assume_not_chaotic(rule, banana, start)
        assert_equal_to_1e_12(
            run_ours(rule, banana, start, 300), run_reference(rule, banana, start, 300)
        )

    @given(data=st.data(), seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    def test_300_steps_on_a_random_quadratic(self, kind, data, seed):
        problem = Quadratic(seed)
        rule = data.draw(rules(kind, RATES.get(kind, st.floats(1e-4, 0.1))))
        assume_not_chaotic(rule, problem, problem.start)
        assert_equal_to_1e_12(
            run_ours(rule, problem, problem.start, 300),
            run_reference(rule, problem, problem.start, 300),
        )

    @given(data=st.data(), seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
    def test_300_steps_at_any_rate_fed_with_the_same_gradients(self, kind, data, seed):
        """Any rate at all: both take the gradients that torch meets on its way."""
        problem = Quadratic(seed)
        rule = data.draw(rules(kind, st.floats(0, 0.15)))
        theirs = run_reference(rule, problem, problem.start, 300)
        w, ours = problem.start, []
        state = rule.init(w)
        for met in [problem.start, *theirs[:-1]]:
            w, state = rule.step(w, problem.gradient(met), state)
            ours.append(w)
        assert_equal_to_1e_12(np.array(ours), theirs)

    @pytest.mark.parametrize("weight_decay", [0.0, 0.1])
    def test_300_steps_at_the_defaults(self, kind, weight_decay):
        rule, start = replace(kind(), weight_decay=weight_decay), np.array([-1.5, 2.0])
        assert_equal_to_1e_12(
            run_ours(rule, banana, start, 300), run_reference(rule, banana, start, 300)
        )


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
class TestEachRule:
    def test_numpy_and_torch_run_the_same_lines_to_the_same_numbers(self, kind):
        start = np.array([-1.5, 2.0])
        on_numpy = run_ours(kind(), banana, start, 300)
        on_torch = run_ours(kind(), banana, torch.tensor(start), 300)
        np.testing.assert_allclose(on_numpy, on_torch, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_dtype_in_is_dtype_out(self, kind, dtype):
        rule = kind()
        for w in (np.ones((3, 2), dtype), torch.ones((3, 2), dtype=getattr(torch, dtype))):
            state = rule.init(w)
            for lr in (None, 0.5):
                w, state = rule.step(w, 2 * w, state, lr)
            arrays = [w] + [v for v in state.values() if hasattr(v, "dtype")]
            assert all(str(a.dtype).endswith(dtype) for a in arrays)

    def test_step_changes_nothing_it_was_given_and_shares_no_memory(self, kind):
        rule, w, g = kind(), np.array([1.0, -2.0]), np.array([0.5, 3.0])
        state = rule.step(w, g, rule.init(w))[1]
        before = {name: np.copy(value) for name, value in state.items()}
        w_next, state_next = rule.step(w, g, state)
        assert w.tolist() == [1.0, -2.0]
        assert g.tolist() == [0.5, 3.0]
        assert all(np.array_equal(before[name], state[name]) for name in state)
        given = [w, g] + [v for v in state.values() if isinstance(v, np.ndarray)]
        returned = [w_next] + [v for v in state_next.values() if isinstance(v, np.ndarray)]
        assert not any(np.shares_memory(a, b) for a in given for b in returned)
        fresh = rule.init(w).values()
        assert not any(np.shares_memory(w, v) for v in fresh if isinstance(v, np.ndarray))

    def test_a_batch_of_runs_is_each_run_on_its_own(self, kind):
        starts = np.array([[-1.5, 2.0], [0.3, 0.4], [2.0, 2.0]])
        batch = run_ours(kind(), banana, starts, 50)
        for i, start in enumerate(starts):
            np.testing.assert_allclose(
                batch[:, i], run_ours(kind(), banana, start, 50), rtol=0, atol=1e-12
            )

    def test_hyper_parameters_may_differ_from_run_to_run(self, kind):
        rates, start = [0.001, 0.01, 0.02], np.array([-1.0, 1.0])
        batch = run_ours(kind(lr=np.array(rates)[:, None]), banana, np.tile(start, (3, 1)), 50)
        for i, lr in enumerate(rates):
            np.testing.assert_allclose(
                batch[:, i], run_ours(kind(lr=lr), banana, start, 50), rtol=0, atol=1e-12
            )

    def test_a_bad_hyper_parameter_is_named_with_its_value_and_what_is_allowed(self, kind):
        for field in fields(kind):
            with pytest.raises(ValueError, match=rf"{field.name} must be .* at least 0.*got -0\.1"):
                kind(**{field.name: -0.1})
            with pytest.raises(ValueError, match=f"{field.name} must be"):
                kind(**{field.name: float("nan")})
            with pytest.raises(TypeError, match=f"{field.name} must be .* got 'fast'"):
                kind(**{field.name: "fast"})
            if field.name in ("momentum", "beta1", "beta2", "rho"):
                with pytest.raises(ValueError, match=f"{field.name} must be .* below 1, got 1"):
                    kind(**{field.name: 1})

    def test_a_gradient_of_another_shape_is_refused(self, kind):
        rule, w = kind(), np.ones(2)
        with pytest.raises(ValueError, match=r"g must have the shape of w, \(2,\)"):
            rule.step(w, np.ones(3), rule.init(w))
        with pytest.raises(TypeError, match=r"w must be an array or a tensor, got \[1\.0, 2\.0\]"):
            rule.step([1.0, 2.0], np.ones(2), rule.init(w))


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(KeyError, match=r"no 'adam'.*mean 'Adam'"):
        OPTIMIZERS["adam"]


class TestFacts:
    """What the lectures say about the rules."""

    def test_velocity_and_heavy_ball_form_agree_until_the_rate_changes(self):
        start, beta = np.array([2.0, 2.0]), 0.8

        def both(rates):
            rule, ours = Momentum(momentum=beta), [start]
            w, state = start, rule.init(start)
            ball = [start, start - rates[0] * banana.gradient(start)]
            for k, lr in enumerate(rates):
                w, state = rule.step(w, banana.gradient(w), state, lr)
                ours.append(w)
                if k:
                    step = ball[-1] - rates[k] * banana.gradient(ball[-1])
                    ball.append(step + beta * (ball[-1] - ball[-2]))
            return np.array(ours), np.array(ball)

        ours, ball = both([0.02] * 100)
        np.testing.assert_allclose(ours, ball, rtol=0, atol=1e-13)
        ours, ball = both([0.02] * 10 + [0.01] * 20)
        np.testing.assert_allclose(ours[:11], ball[:11], rtol=0, atol=1e-13)
        assert abs(ours - ball).max() > 1e-3

    def test_nesterov_is_the_textbook_sequence_in_the_look_ahead_point(self):
        lr, mu, start = 0.02, 0.9, np.array([1.5, 0.5])
        w, v, look_ahead = start, np.zeros(2), []
        for _ in range(100):
            v = mu * v + lr * banana.gradient(w - mu * v)
            w = w - v
            look_ahead.append(w - mu * v)
        ours = run_ours(Nesterov(lr=lr, momentum=mu), banana, start, 100)
        np.testing.assert_allclose(ours, look_ahead, rtol=0, atol=1e-13)

    def test_the_first_adam_step_is_alpha_and_without_correction_3_162_alpha(self):
        rule, w, g = Adam(lr=0.01, eps=0), np.array([1.0]), np.array([7.0])
        assert w - rule.step(w, g, rule.init(w))[0] == pytest.approx(0.01, rel=1e-12)
        late = {"m": 0 * w, "v": 0 * w, "k": 10**9}  # so late that nothing is left to correct
        assert (w - rule.step(w, g, late)[0]) / 0.01 == pytest.approx(3.162, abs=5e-4)

    def test_rmsprop_is_sign_like_near_a_minimum(self):
        rule, w = RMSProp(lr=0.01), np.array([1.0])
        state = rule.init(w)
        for _ in range(5000):
            w, state = rule.step(w, w, state)
        assert abs(w[0]) == pytest.approx(0.005, rel=1e-3)

    def test_adamw_is_not_adam_with_l2(self):
        def after_1000_steps_without_gradient(rule):
            w = np.array([1.0])
            state = rule.init(w)
            for _ in range(1000):
                w, state = rule.step(w, 0 * w, state)
            return w[0]

        assert after_1000_steps_without_gradient(
            AdamW(lr=1e-3, weight_decay=0.01)
        ) == pytest.approx(0.990, abs=5e-4)
        assert after_1000_steps_without_gradient(Adam(lr=1e-3, weight_decay=0.01)) == pytest.approx(
            0.258, abs=5e-4
        )

    def test_amsgrad_ends_where_adam_goes_wrong(self):
        """Reddi's counter-example: C = 3 every third step, else -1, on [-1, 1]."""

        def end(rule):
            w = np.array([0.0])
            state = rule.init(w)
            for k in range(3000):
                g = np.array([3.0 if k % 3 == 0 else -1.0])
                w, state = rule.step(w, g, state, 0.1 / (k + 1) ** 0.5)
                w = np.clip(w, -1, 1)
            return w[0]

        assert end(Adam(beta1=0, beta2=0.1)) == 1
        assert end(AMSGrad(beta1=0, beta2=0.1)) < -0.99

    def test_rmsprop_conventions_differ_900_fold_at_a_tiny_gradient(self):
        w, g = np.array([0.0]), np.array([1e-6])
        rule = RMSProp(lr=1.0)
        assert -rule.step(w, g, rule.init(w))[0][0] == pytest.approx(9.1, abs=0.05)
        elsewhere = g / np.sqrt(0.1 * g**2 + 1e-8)
        assert elsewhere[0] == pytest.approx(0.01, rel=0.01)


# ---------------------------------------------------------------------------------------- Muon


@pytest.mark.parametrize("shape", [(4, 4), (7, 3), (3, 7)])
def test_muon_takes_the_steps_of_torch(shape, monkeypatch):
    """Torch computes in 16-bit floats; kept from that, it agrees to the last digits."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)
    random = np.random.default_rng(0)
    start, gradients = random.normal(size=shape), random.normal(size=(20, *shape))
    parameter = torch.nn.Parameter(torch.tensor(start))
    theirs = torch.optim.Muon([parameter], lr=0.02)
    rule, w = Muon(lr=0.02), start
    state = rule.init(w)
    for g in gradients:
        parameter.grad = torch.tensor(g)
        theirs.step()
        w, state = rule.step(w, g, state)
    np.testing.assert_allclose(w, parameter.detach().numpy(), rtol=0, atol=1e-12)


def test_even_out_keeps_the_directions_and_makes_them_nearly_equal():
    random = np.random.default_rng(1)
    left, _ = np.linalg.qr(random.normal(size=(6, 4)))
    right, _ = np.linalg.qr(random.normal(size=(4, 4)))
    matrix = left * [8.0, 2.0, 0.5, 0.1] @ right.T
    inner = left.T @ even_out(matrix) @ right
    assert np.allclose(inner, np.diag(np.diag(inner)), atol=1e-12)
    assert ((np.diag(inner) > 0.6) & (np.diag(inner) < 1.25)).all()
    assert not even_out(np.zeros((2, 3))).any()


def test_muon_takes_a_batch_of_matrices_and_refuses_a_vector():
    random = np.random.default_rng(2)
    w, g = random.normal(size=(2, 5, 3, 4))
    rule = Muon(lr=0.1)
    together, _ = rule.step(w, g, rule.init(w))
    for i in range(5):
        alone, _ = rule.step(w[i], g[i], rule.init(w[i]))
        np.testing.assert_allclose(together[i], alone, atol=1e-14)
    with pytest.raises(ValueError, match=r"^w must be a matrix for Muon, got the shape \(4,\)"):
        rule.step(w[0, 0], g[0, 0], rule.init(w[0, 0]))


class TestLion:
    """What Algorithm 2 of Chen et al. (2023) comes to where it can be solved by hand."""

    def test_under_one_gradient_it_walks_by_the_rate_and_the_memory_fills_up_by_beta2(self):
        rule, g = Lion(lr=0.25), np.array([3.0, -1e-6, 0.0])
        w, state = np.zeros(3), rule.init(g)
        for k in range(1, 40):
            w, state = rule.step(w, g, state)
            np.testing.assert_allclose(w, -0.25 * k * np.array([1, -1, 0]), rtol=1e-15)
            np.testing.assert_allclose(state["m"], (1 - 0.99**k) * g, rtol=1e-12)

    def test_decay_pulls_w_to_one_over_lambda_past_the_sign(self):
        rule = Lion(lr=0.1, weight_decay=0.5)
        w, state = np.array([5.0]), rule.init(np.zeros(1))
        for k in range(1, 40):
            w, state = rule.step(w, np.array([7.0]), state)
            # w + 1/λ shrinks by 1 - αλ in each step.
            np.testing.assert_allclose(w, (5 + 2) * (1 - 0.1 * 0.5) ** k - 2, rtol=1e-13)

    @pytest.mark.parametrize(("before", "turns_at_once"), [(1, True), (11, True), (12, False)])
    def test_it_turns_with_the_gradient_until_the_memory_outweighs_it(self, before, turns_at_once):
        """After n gradients of 1, one of -1 turns it while β₁(1 - β₂ⁿ) < 1 - β₁: n ≤ 11."""
        rule = Lion(lr=1.0)
        w, state = np.zeros(1), rule.init(np.zeros(1))
        for _ in range(before):
            w, state = rule.step(w, np.ones(1), state)
        turned, _ = rule.step(w, -np.ones(1), state)
        assert (turned > w).all() == turns_at_once
