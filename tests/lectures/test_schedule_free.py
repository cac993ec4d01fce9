"""Schedule-free AdamW, against the equations of Defazio et al. (2024), algorithm 1."""

import numpy as np
import pytest

from course_lib.lectures.schedule_free import ScheduleFree


def slope(w, t):
    """Return the gradient of a narrow valley, and noise that depends on the step alone."""
    noise = np.random.default_rng(t).standard_normal(w.shape)
    return w * np.array([1.0, 30.0, 4.0]) + noise


def published(start, rate, beta1, beta2, decay, warm, steps, eps=1e-8):
    """Walk as the paper writes it: y from z and x, a step of z, then x; return all x and all y."""
    x, z, v = start.copy(), start.copy(), np.zeros_like(start)
    rates, xs, ys = [], [], []
    for t in range(1, steps + 1):
        y = (1 - beta1) * z + beta1 * x
        g = slope(y, t)
        v = beta2 * v + (1 - beta2) * g * g
        rates.append(rate * np.sqrt(1 - beta2**t) * min(1, t / warm))
        z = z - rates[-1] * g / (np.sqrt(v) + eps) - rates[-1] * decay * y
        c = rates[-1] ** 2 / np.sum(np.square(rates))
        x = (1 - c) * x + c * z
        xs.append(x)
        ys.append(y)
    return np.array(xs), np.array(ys)


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("beta2", [0.0, 0.95, 0.999])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_it_walks_as_the_published_equations(beta1, beta2, decay):
    start, warm, steps = np.array([2.0, -1.0, 0.5]), 15, 200
    xs, ys = published(start, 0.03, beta1, beta2, decay, warm, steps)
    rule = ScheduleFree(lr=0.03, beta1=beta1, beta2=beta2, weight_decay=decay)
    w, state = start, rule.init(start)
    for t in range(1, steps + 1):
        np.testing.assert_allclose(w, ys[t - 1], rtol=0, atol=1e-12)
        w, state = rule.step(w, slope(w, t), state, lr=0.03 * min(1, t / warm))
        np.testing.assert_allclose(state["x"], xs[t - 1], rtol=0, atol=1e-12)
    assert np.ptp(xs[:, 0]) > 0.5  # it went somewhere


def test_at_a_constant_rate_and_without_memory_the_point_to_judge_is_the_mean_of_all_z():
    rule = ScheduleFree(lr=0.1, beta1=0.3, beta2=0.0)
    w = np.array([2.0, -1.0, 0.5])
    state, points = rule.init(w), []
    for t in range(1, 30):
        w, state = rule.step(w, slope(w, t), state)
        points.append(state["z"])
        np.testing.assert_allclose(state["x"], np.mean(points, axis=0), atol=1e-14)


def test_a_step_changes_nothing_that_it_was_given():
    rule, w = ScheduleFree(weight_decay=0.1), np.ones(3)
    state = rule.init(w)
    for _ in range(2):
        kept = {name: np.copy(value) for name, value in state.items()}
        _, after = rule.step(w, np.full(3, 2.0), state)
        assert all(np.array_equal(kept[name], state[name]) for name in kept)
        state = after
    assert np.array_equal(w, np.ones(3))
