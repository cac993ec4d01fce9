"""The landscapes: gradients against torch's autograd, minima against scipy, shapes for batches."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from course_lib.landscapes import (
    LANDSCAPES,
    Landscape,
    banana,
    bowl,
    himmelblau,
    quartic,
    rastrigin,
)

ALL = {**LANDSCAPES, "bowl turned": bowl(30, angle=22.5), "round bowl": bowl(1)}


def inside(landscape, n=200, seed=0):
    low, high = landscape.bounds.T
    return np.random.default_rng(seed).uniform(low, high, (n, landscape.dimension))


@pytest.mark.parametrize("landscape", ALL.values(), ids=ALL)
class TestEachLandscape:
    def test_its_gradient_is_what_autograd_finds_to_1e_12(self, landscape):
        w = torch.tensor(inside(landscape), requires_grad=True)
        landscape(w).sum().backward()
        ours = landscape.gradient(w.detach().numpy())
        np.testing.assert_allclose(ours, w.grad.numpy(), rtol=1e-12, atol=1e-12)

    def test_the_gradient_at_one_point_is_that_in_a_batch(self, landscape):
        points = np.concatenate([inside(landscape, n=50), 1e150 * inside(landscape, n=50)])
        with np.errstate(all="ignore"):
            ones = np.array([landscape.gradient(point) for point in points])
            whole = landscape.gradient(points)
        near = np.abs(points).max(axis=1) < 1e100
        np.testing.assert_allclose(ones[near], whole[near], rtol=1e-13, atol=1e-13)
        # Far out it overflows, to the same infinities.
        np.testing.assert_array_equal(np.isfinite(ones[~near]), np.isfinite(whole[~near]))

    def test_its_gradient_runs_on_tensors_too(self, landscape):
        points = inside(landscape)
        on_torch = landscape.gradient(torch.tensor(points))
        np.testing.assert_allclose(on_torch.numpy(), landscape.gradient(points), rtol=1e-14)

    def test_its_minima_are_the_minima_that_scipy_finds_inside_its_bounds(self, landscape):
        found = [minimize(landscape, start, tol=1e-10).x for start in inside(landscape, 40)]
        settled = [w for w in found if np.linalg.norm(landscape.gradient(w)) < 1e-4]
        for w in settled:
            # Beale has a flat rim that falls for ever; what stops there is outside the window.
            if np.all((landscape.bounds[:, 0] < w) & (w < landscape.bounds[:, 1])):
                near = np.linalg.norm(landscape.minima - w, axis=-1).min()
                is_trap = landscape is quartic and abs(w[0]) < 0.05
                assert near < 1e-3 or is_trap
        # However many there are, each holds what starts beside it.
        for minimum in landscape.minima:
            there = minimize(landscape, minimum + (0.02, -0.01)[: landscape.dimension], tol=1e-10)
            assert np.linalg.norm(there.x - minimum) < 1e-4

    def test_the_gradient_vanishes_at_every_minimum_and_the_loss_rises_around_it(self, landscape):
        around = np.random.default_rng(1).standard_normal((100, landscape.dimension)) * 1e-3
        for minimum in landscape.minima:
            assert abs(landscape.gradient(minimum)).max() < 1e-12
            assert np.all(landscape(minimum + around) > landscape(minimum))

    def test_its_minima_lie_inside_its_bounds(self, landscape):
        low, high = landscape.bounds.T
        assert np.all((low < landscape.minima) & (landscape.minima < high))

    def test_a_batch_of_any_shape_is_each_point_on_its_own(self, landscape):
        points = inside(landscape, 24).reshape(2, 3, 4, -1)
        values, slopes = landscape(points), landscape.gradient(points)
        assert values.shape == (2, 3, 4)
        assert slopes.shape == points.shape
        assert values[1, 2, 3] == pytest.approx(landscape(points[1, 2, 3]), rel=1e-14)
        np.testing.assert_allclose(slopes[1, 2, 3], landscape.gradient(points[1, 2, 3]), rtol=1e-13)

    def test_float32_stays_float32(self, landscape):
        for points in (inside(landscape).astype("float32"), inside(landscape)[0].astype("float32")):
            assert landscape(points).dtype == "float32"
            assert landscape.gradient(points).dtype == "float32"

    def test_a_wrong_shape_is_named_with_the_right_one(self, landscape):
        d = landscape.dimension
        for call in (landscape, landscape.gradient):
            with pytest.raises(ValueError, match=rf"w must have shape \(\.\.\., {d}\).*\(5, 7\)"):
                call(np.zeros((5, 7)))
            with pytest.raises(TypeError, match="w must be numbers, got 'here'"):
                call("here")


class TestFacts:
    def test_quartic(self):
        assert quartic(9 / 4) == pytest.approx(-6.5430, abs=5e-5)
        assert quartic.gradient(0.0) == 0
        assert quartic.gradient(-1.5) == -33.75
        assert 12 * 2.25**2 - 18 * 2.25 == 20.25

    def test_the_banana_at_its_minimum_has_curvatures_6_plus_minus_4_root_2(self):
        nudges = 1e-5 * np.eye(2)
        hessian = (banana.gradient(1 + nudges) - banana.gradient(1 - nudges)) / 2e-5
        low, high = np.linalg.eigvalsh(hessian)
        assert high == pytest.approx(6 + 4 * 2**0.5, rel=1e-8)
        assert low == pytest.approx(6 - 4 * 2**0.5, rel=1e-7)
        assert high / low == pytest.approx(33.97, abs=5e-3)
        assert 2 / high == pytest.approx(0.1716, abs=5e-5)

    def test_himmelblau_has_four_minima_of_value_zero(self):
        assert himmelblau.minima.shape == (4, 2)
        assert abs(himmelblau(himmelblau.minima)).max() < 1e-24

    def test_rastrigin_is_the_published_sum_in_its_usual_square(self):
        w = np.random.default_rng(0).uniform(-5.12, 5.12, (100, 2))
        terms = [[x**2 - 10 * math.cos(2 * math.pi * x) for x in point] for point in w]
        np.testing.assert_allclose(rastrigin(w), [10 * 2 + sum(each) for each in terms], rtol=1e-12)
        assert rastrigin([0, 0]) == 0
        # Of the dimples around the lowest one, the values that papers give: 0.995 and 1.990.
        values = np.sort(rastrigin(rastrigin.minima))
        np.testing.assert_allclose(values[:9], [0] + 4 * [0.995] + 4 * [1.990], atol=5e-4)
        assert len(values) == 5**2

    @given(st.floats(1, 1e4), st.floats(-360, 360))
    def test_a_bowl_has_the_condition_number_it_was_asked_for_however_it_is_turned(
        self, kappa, angle
    ):
        hessian = np.array([bowl(kappa, angle).gradient(e) for e in np.eye(2)])
        low, high = np.linalg.eigvalsh(hessian)
        assert low == pytest.approx(1, rel=1e-9)
        assert high == pytest.approx(kappa, rel=1e-9)


def test_a_plain_number_is_a_point_where_there_is_one_coordinate():
    assert quartic(2) == quartic([2.0]) == -6
    assert quartic.gradient(2) == quartic.gradient([2.0])[0] == -4
    with pytest.raises(ValueError, match=r"For 50 points write w\[:, None\]"):
        quartic(np.linspace(-1, 3, 50))


def test_whole_numbers_are_points_like_others():
    """An array of them must not round the gradient down to its own kind."""
    turned = bowl(3.5, angle=30)
    for w in ([2, 1], [[2, 1], [-3, 4]]):
        whole, broken = np.array(w), np.array(w, dtype=float)
        np.testing.assert_array_equal(turned(whole), turned(broken))
        np.testing.assert_array_equal(turned.gradient(whole), turned.gradient(broken))
    assert quartic(np.array([100_000])) == pytest.approx(1e20, rel=1e-4)  # too much for 64 bits


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match="w must be numbers, got None"):
        quartic(None)
    with pytest.raises(ValueError, match=r"condition must be a number at least 1, got 0\.5"):
        bowl(0.5)
    with pytest.raises(KeyError, match=r"no 'bananna'.*mean 'banana'"):
        LANDSCAPES["bananna"]
    with pytest.raises(ValueError, match="bounds must be one"):
        Landscape("flat", "0", lambda x: 0 * x, lambda x: (0 * x,), [[0]], [[1, -1]])
    with pytest.raises(TypeError, match="partials must be a function"):
        Landscape("flat", "0", lambda x: 0 * x, 3, [[0]], [[-1, 1]])


@pytest.mark.parametrize(
    "slope",
    [lambda x: 1 / x, lambda x: x**-1.0, lambda x: np.exp(x) / x, lambda x: x.astype(float) ** -2],
)
def test_a_slope_without_end_is_infinite_at_one_point_and_in_a_batch(slope):
    steep = Landscape("steep", "", lambda x: x, lambda x: (slope(x),), [[0]], [[-1, 1]])
    with np.errstate(all="ignore"):
        assert steep.gradient(np.array([0.0])) == steep.gradient(np.array([[0.0]])) == math.inf
        root = Landscape("root", "", lambda x: x, lambda x: (x**0.5,), [[0]], [[-1, 1]])
        assert np.isnan(root.gradient(np.array([-4.0]))).all()
