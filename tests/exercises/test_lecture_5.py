"""Momentum: the facts that lecture 5 shows, checked another way, and its exercises."""

import math

import numpy as np
import pytest
import torch

from course_lib.descent import descend
from course_lib.exercises import lecture_5
from course_lib.landscapes import banana, bowl, quartic, saddle, two_valleys
from course_lib.optimizers import GradientDescent, Momentum, Nesterov
from course_lib.schedules import step_decay

START = np.array([-1.5, 2.0])


def arrival(walk, target=(1, 1), within=1e-6):
    return int((np.linalg.norm(walk.points - np.array(target), axis=-1) < within).argmax())


def velocity_form(gradient, w, rates, gamma):
    """v ← γv + αg, w ← w − v, as Keras and the textbooks have it."""
    points, v = [w], 0 * w
    for alpha in rates:
        v = gamma * v + alpha * gradient(w)
        points.append(w := w - v)
    return np.array(points)


def heavy_ball(gradient, w, rates, beta):
    points = [w, w]
    for alpha in rates:
        points.append(points[-1] - alpha * gradient(points[-1]) + beta * (points[-1] - points[-2]))
    return np.array(points[1:])


# ------------------------------------------------------------------------------- the three forms


def test_the_three_forms_are_one_walk_while_the_rate_is_constant():
    walk = descend(banana, Momentum(lr=0.02, momentum=0.9), START, steps=100).points
    rates = [0.02] * 100
    assert velocity_form(banana.gradient, START, rates, 0.9) == pytest.approx(walk, abs=1e-12)
    assert heavy_ball(banana.gradient, START, rates, 0.9) == pytest.approx(walk, abs=1e-12)


def test_after_a_drop_of_the_rate_torchs_form_parts_from_the_other_two():
    schedule = step_decay(0.02, factor=0.1, every=20)
    rates = [schedule(k) for k in range(40)]
    in_torch = descend(banana, Momentum(momentum=0.9), START, 40, schedule=schedule).points
    velocity = velocity_form(banana.gradient, START, rates, 0.9)
    ball = heavy_ball(banana.gradient, START, rates, 0.9)
    assert velocity == pytest.approx(ball, abs=1e-12)
    assert in_torch[:21] == pytest.approx(velocity[:21], abs=1e-12)
    assert np.abs(in_torch[25] - velocity[25]).max() > 0.1


def test_torch_itself_shortens_its_next_step_by_the_drop():
    w = torch.tensor(START, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.02, momentum=0.9)
    points = [w.detach().numpy().copy()]
    for k in range(21):
        if k == 20:
            optimizer.param_groups[0]["lr"] = 0.002
        optimizer.zero_grad()
        banana(w).backward()
        optimizer.step()
        points.append(w.detach().numpy().copy())
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    assert lengths[20] / lengths[19] == pytest.approx(0.1, abs=0.02)


def test_a_moving_average_of_gradients_is_momentum_at_a_smaller_rate():
    w, v = START, np.zeros(2)
    for _ in range(50):
        v = 0.9 * v + 0.1 * banana.gradient(w)
        w = w - 0.2 * v
    walk = descend(banana, Momentum(lr=0.1 * 0.2, momentum=0.9), START, steps=50)
    assert w == pytest.approx(walk.points[-1], abs=1e-12)


def test_nesterov_in_torchs_form_walks_in_the_look_ahead_point():
    w, v, look_ahead = START, np.zeros(2), [START]
    for _ in range(200):
        v = 0.9 * v + 0.02 * banana.gradient(w - 0.9 * v)
        w = w - v
        look_ahead.append(w - 0.9 * v)
    walk = descend(banana, Nesterov(lr=0.02, momentum=0.9), START, steps=200)
    assert np.abs(walk.points - look_ahead).max() < 1e-14


# ---------------------------------------------------------------------------------- the rate map


def measured_rate(rule, product, beta, steps=3000):
    """Return how fast the logarithm of the largest recent |w| falls on ½w² (α = αλ)."""
    parabola = bowl(1)
    with np.errstate(under="ignore"):
        w = descend(parabola, rule(lr=product, momentum=beta), (1.0, 0.0), steps).points[:, 0]
    early, late = abs(w[50:150]).max(), abs(w[150:250]).max()
    return (late / early) ** (1 / 100)


@pytest.mark.parametrize("beta", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("product", [0.3, 1.0, 2.0, 3.0])
def test_where_it_oscillates_the_rate_is_root_beta_and_not_twice_that(product, beta):
    measured = measured_rate(Momentum, product, beta)
    assert measured == pytest.approx(math.sqrt(beta), rel=0.01)
    assert measured < 1 < 2 * math.sqrt(beta)


@pytest.mark.parametrize("product", [0.3, 0.7])
def test_nesterov_oscillates_with_the_rate_root_of_beta_times_one_minus_alpha_lambda(product):
    expected = math.sqrt(0.95 * (1 - product))
    assert measured_rate(Nesterov, product, 0.95) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_momentum_diverges_above_two_times_one_plus_beta(beta):
    ends = [
        descend(bowl(1), Momentum(lr=limit, momentum=beta), (1.0, 1.0), 2000).losses[-1]
        for limit in (2 * (1 + beta) - 0.02, 2 * (1 + beta) + 0.02)
    ]
    assert ends[0] < 1e-6
    assert ends[1] > 1e6


def test_the_best_pair_of_the_banana_is_a_quarter_and_a_half():
    small, large = 6 - 4 * math.sqrt(2), 6 + 4 * math.sqrt(2)
    assert lecture_5._best(small, large) == pytest.approx((0.25, 0.5))


def test_at_their_best_descent_needs_200_steps_on_the_banana_and_the_heavy_ball_44():
    plain = descend(banana, GradientDescent(lr=1 / 6), (0.9, 0.9), steps=400)
    ball = descend(banana, Momentum(lr=0.25, momentum=0.5), (0.9, 0.9), steps=400)
    assert (arrival(plain), arrival(ball)) == (200, 44)
    late = np.linalg.norm(plain.points - 1, axis=-1)
    assert late[200] / late[199] == pytest.approx(2 * math.sqrt(2) / 3, abs=1e-4)


# ------------------------------------------------------------------------------------ the escape


def test_momentum_crosses_the_trap_of_the_quartic_given_a_run_up():
    def end(rule, start):
        return descend(quartic, rule, start, steps=1000).points[-1, 0]

    ball = Momentum(lr=0.01, momentum=0.9)
    assert end(GradientDescent(lr=0.01), -0.5) == pytest.approx(-0.0106, abs=5e-5)
    assert end(ball, -0.5) == pytest.approx(2.25, abs=1e-4)
    assert end(ball, -0.05) == pytest.approx(-0.001, abs=1e-4)


@pytest.mark.parametrize(
    ("start", "beta", "deep"),
    [
        (1.6, 0.0, False),
        (1.6, 0.9, True),
        (1.6, 0.94, False),
        (-1.7, 0.0, True),
        (-1.7, 0.9, False),
    ],
)
def test_more_speed_goes_over_the_ridge_and_still_more_comes_back(start, beta, deep):
    walk = descend(two_valleys, Momentum(lr=0.05, momentum=beta), (start, 0), steps=1000)
    assert walk.points[-1] == pytest.approx(two_valleys.minima[0 if deep else 1], abs=1e-4)


def test_momentum_leaves_a_saddle_sooner():
    steps = [
        int(np.argmax(descend(saddle, rule, (1.8, 1e-4), steps=400).losses < 0.01))
        for rule in (GradientDescent(lr=0.05), Momentum(lr=0.05, momentum=0.9))
    ]
    assert steps == [202, 54]


def test_in_a_round_bowl_momentum_loses():
    plain = descend(bowl(1.5), GradientDescent(lr=0.8), (-2, 1.5), steps=1000)
    ball = descend(bowl(1.5), Momentum(lr=0.8, momentum=0.9), (-2, 1.5), steps=1000)
    assert arrival(ball, (0, 0)) > 20 * arrival(plain, (0, 0))


# ------------------------------------------------------------------------------------- the noise


@pytest.mark.parametrize(
    ("alpha", "mu", "variance"), [(0.1, 0.0, 0.053), (0.1, 0.9, 0.514), (0.01, 0.9, 0.050)]
)
def test_the_variance_under_noise_solves_the_equation_of_the_stationary_state(alpha, mu, variance):
    """(w, v) is a linear system driven by noise: its covariance solves P = APAᵀ + Q."""
    a = np.array([[1 - alpha, -alpha * mu], [1.0, mu]])
    push = np.array([-alpha, 1.0])
    noise = np.outer(push, push)
    covariance = np.linalg.solve(np.eye(4) - np.kron(a, a), noise.ravel()).reshape(2, 2)
    assert covariance[0, 0] == pytest.approx(variance, abs=5e-4)
    assert lecture_5._variance(alpha, mu) == pytest.approx(covariance[0, 0])


# --------------------------------------------------------------------------------- the exercises


def test_the_words_about_too_little_and_too_much_momentum_are_true():
    """The best μ for 60 steps lies at the border of the two messages."""
    losses = {mu: lecture_5._loss_in_the_valley(mu) for mu in np.arange(0.3, 0.96, 0.01)}
    assert min(losses, key=losses.get) == pytest.approx(0.66, abs=0.02)
    walk = descend(bowl(40), Momentum(lr=0.04, momentum=0.7), (-2.2, 0.9), steps=60)
    assert lecture_5._loss_in_the_valley(0.7) == pytest.approx(walk.losses[-1], rel=1e-6)


def test_the_numbers_of_the_praise_are_true():
    alpha, beta = lecture_5._best(1, 16)
    assert math.sqrt(beta) == pytest.approx(0.6)
    assert round(math.log(0.1) / math.log(15 / 17)) == 18
    assert math.ceil(math.log(0.1) / math.log(0.6)) == 5
    assert lecture_5._variance(0.1, 0.95) / lecture_5._variance(0.1, 0) == pytest.approx(20, abs=1)
    assert alpha == pytest.approx(0.16)
