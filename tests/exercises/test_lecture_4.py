"""Lecture 4: its exercises answer as they should, and its facts hold when computed another way."""

import math

import numpy as np
import pytest
from scipy import integrate, linalg, stats
from scipy.special import expit

from course_lib.descent import descend
from course_lib.exercises import exercise, lecture_4
from course_lib.landscapes import Landscape
from course_lib.optimizers import GradientDescent
from course_lib.schedules import scale_with_batch


def test_a_function_that_writes_into_its_start_is_noticed():
    def in_place(gradient, w, X, y, alpha, B):
        for first in range(0, len(X), B):
            w -= alpha * gradient(w, X[first : first + B], y[first : first + B])
        return w

    assert "changes the array `w`" in exercise("4.3").check(in_place).message


# ------------------------------------------------------------------------------------- the facts


def test_the_slopes_of_4_1_are_those_torch_finds():
    torch = pytest.importorskip("torch")
    w = torch.tensor([0.5, 1.0, 0.0], dtype=torch.float64, requires_grad=True)
    z = w @ torch.tensor([2.0, -1.0, 1.0], dtype=torch.float64)
    torch.nn.functional.binary_cross_entropy_with_logits(z, torch.ones_like(z)).backward()
    assert exercise("4.1").check(w.grad.numpy()).right


def test_the_last_batch_of_4_2_is_what_a_data_loader_makes_of_it():
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(range(60_000), batch_size=128)
    assert exercise("4.2").check(len(loader)).right


def test_the_chain_of_three_links_is_the_prediction_minus_the_label_times_the_input():
    """The middle link, found by differences, cancels the denominator of the first."""
    for z, label in ((-2.0, 1), (0.3, 0), (1.7, 1)):
        y_hat, eps = expit(z), 1e-6
        middle = (expit(z + eps) - expit(z - eps)) / (2 * eps)
        first = (y_hat - label) / (y_hat * (1 - y_hat))
        assert first * middle == pytest.approx(y_hat - label, rel=1e-8)


@pytest.mark.parametrize(
    ("alpha", "batch", "variance"), [(0.1, 1, 0.053), (0.4, 4, 0.0625), (1.6, 16, 0.25)]
)
def test_the_noise_ball_has_the_variance_that_a_lyapunov_equation_gives(alpha, batch, variance):
    """V = (1 − αh)²V + α²σ²/B, solved by scipy, and walked by `descend`."""
    pull, kick = [[1 - alpha]], [[alpha**2 / batch]]
    solved = linalg.solve_discrete_lyapunov(pull, kick)[0, 0]
    assert solved == pytest.approx(variance, abs=5e-4)
    assert solved == pytest.approx(alpha / batch / (2 - alpha), rel=1e-9)
    assert lecture_4._spread_of_ball(alpha, batch) == pytest.approx(math.sqrt(solved), rel=1e-9)

    unit = Landscape("unit bowl", "w^2/2", lambda w: w**2 / 2, lambda w: (w,), [[0]], [[-1, 1]])
    rule = GradientDescent(lr=alpha)
    walk = descend(unit, rule, np.zeros((2000, 1)), 300, noise=batch**-0.5, seed=0, every=50)
    assert np.var(walk.points[-4:]) == pytest.approx(variance, rel=0.06)


def test_linear_scaling_keeps_the_ball_while_the_rate_is_small_and_breaks_at_two():
    def variance(batch):
        return lecture_4._spread_of_ball(scale_with_batch(0.001, batch, 1), batch) ** 2

    assert variance(10) / variance(1) == pytest.approx(1, abs=0.01)
    assert variance(1600) / variance(1) == pytest.approx(1.999 / 0.4, rel=1e-9)
    assert variance(1999) / variance(1) > 1000


def test_the_mean_of_64_is_an_eighth_as_wide_as_one():
    """Exactly, for an example's slope of three values: the convolution of its distribution."""
    values, chances = np.array([-1.0, 0.0, 2.0]), np.array([0.5, 0.2, 0.3])
    grid = np.zeros(4)
    grid[[0, 1, 3]] = chances
    total = np.array([1.0])
    for _ in range(64):
        total = np.convolve(total, grid)
    sums = np.arange(len(total)) - 64.0
    mean = total @ sums / 64
    spread = math.sqrt(total @ (sums / 64 - mean) ** 2)
    one = math.sqrt(chances @ (values - chances @ values) ** 2)
    assert spread / one == pytest.approx(1 / 8, rel=1e-9)


def test_the_spread_without_replacement_is_that_of_the_hypergeometric_distribution():
    m, ones, B = 4096, 1500, 1024
    p = ones / m
    formula = math.sqrt(p * (1 - p) / B * (m - B) / (m - 1))
    assert stats.hypergeom(m, ones, B).std() / B == pytest.approx(formula, rel=1e-9)


def test_the_share_seen_in_m_draws_with_replacement_is_63_percent():
    m = 4096
    missed = stats.binom(m, 1 / m).pmf(0)
    assert 1 - missed == pytest.approx(1 - 1 / math.e, abs=1e-4)


def test_the_loss_above_the_lowest_is_a_quarter_of_the_rate_times_the_trace():
    """tr(HV)/2 with HV + VH = (α/B)C, the small-rate form of the ball in three dimensions."""
    random = np.random.default_rng(0)
    root = random.normal(size=(2, 3, 3))
    H, C = root @ np.swapaxes(root, 1, 2)
    alpha, B = 0.05, 4
    V = linalg.solve_continuous_lyapunov(H, alpha / B * C)
    assert np.trace(H @ V) / 2 == pytest.approx(alpha / (4 * B) * np.trace(C), rel=1e-9)


def test_the_loss_of_logistic_regression_is_minus_the_log_of_the_probability_of_the_label():
    """ln(1 + eᶻ) − yz, the form without overflow that the notebook computes."""
    for z in (-3.0, 0.0, 2.5):
        for label in (0, 1):
            plain = -math.log(stats.bernoulli(expit(z)).pmf(label))
            assert np.logaddexp(0, z) - label * z == pytest.approx(plain, rel=1e-12)
    area, _ = integrate.quad(lambda z: expit(z) - 1, 0, 2.5)
    assert np.logaddexp(0, 2.5) - 2.5 - math.log(2) == pytest.approx(area, rel=1e-9)
