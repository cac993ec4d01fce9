"""Finite differences: their errors are those of Taylor's formula, and a planted bug is found."""

import numpy as np
import pytest

from course_lib import gradients
from course_lib.descent import descend
from course_lib.gradients import (
    backward_difference,
    central_difference,
    check_gradient,
    forward_difference,
)
from course_lib.landscapes import banana, beale, quartic
from course_lib.optimizers import GradientDescent

# For each difference the power of ε with which its error falls.
ORDERS = {forward_difference: 1, backward_difference: 1, central_difference: 2}


def test_every_difference_has_its_order_in_these_tests():
    public = {f for name, f in vars(gradients).items() if name.endswith("_difference")}
    assert set(ORDERS) == {f for f in public if not f.__name__.startswith("_")}


@pytest.mark.parametrize("difference", ORDERS)
class TestEachDifference:
    def test_it_is_near_the_gradient(self, difference):
        points = np.random.default_rng(0).uniform(-1, 2, (50, 2))
        np.testing.assert_allclose(
            difference(beale, points, 1e-6), beale.gradient(points), rtol=1e-3, atol=1e-3
        )

    def test_its_error_falls_with_its_power_of_eps(self, difference):
        # Far enough from rounding, whatever the order: the smaller error is 1e-6, or at most 1e-3.
        order = ORDERS[difference]
        eps = 10 ** (-6 / max(order, 2))
        wide, narrow = (abs(difference(np.sin, 1.0, e) - np.cos(1.0)) for e in (10 * eps, eps))
        assert np.log10(wide / narrow) == pytest.approx(order, abs=0.01)

    def test_a_batch_is_each_point_on_its_own(self, difference):
        points = np.random.default_rng(0).uniform(-1, 2, (2, 3, 2))
        batch = difference(banana, points, 1e-4)
        assert batch.shape == points.shape
        np.testing.assert_array_equal(batch[1, 2], difference(banana, points[1, 2], 1e-4))

    def test_a_number_in_is_a_number_out(self, difference):
        assert difference(quartic, 3.0, 1e-6) == pytest.approx(27, rel=1e-4)
        assert np.ndim(difference(lambda w: w**2, 3.0, 1e-6)) == 0

    def test_float32_stays_float32(self, difference):
        assert difference(banana, np.ones(2, "float32"), 1e-2).dtype == "float32"

    def test_bad_arguments_are_named(self, difference):
        with pytest.raises(ValueError, match="eps must be a number above 0, got 0"):
            difference(banana, [1.0, 1.0], 0)
        with pytest.raises(TypeError, match="w must be numbers, got 'here'"):
            difference(banana, "here", 1e-3)
        with pytest.raises(TypeError, match="f must be a function"):
            difference(3, [1.0, 1.0], 1e-3)
        with pytest.raises(ValueError, match=r"f must map points of shape .* got shape"):
            difference(lambda w: w, [1.0, 1.0], 1e-3)


class TestErrors:
    """On L = w⁴ − 3w³ + 2 the Taylor series ends, so every error is known."""

    w, eps = 2.0, 0.1

    def test_forward_is_off_by_half_eps_times_the_curvature(self):
        second, third, fourth = 12 * self.w**2 - 18 * self.w, 24 * self.w - 18, 24
        error = self.eps / 2 * second + self.eps**2 / 6 * third + self.eps**3 / 24 * fourth
        found = forward_difference(quartic, self.w, self.eps) - quartic.gradient(self.w)
        assert found == pytest.approx(error, rel=1e-10)

    def test_central_is_off_by_a_sixth_of_eps_squared_times_the_third_derivative(self):
        found = central_difference(quartic, self.w, self.eps) - quartic.gradient(self.w)
        assert found == pytest.approx(self.eps**2 / 6 * (24 * self.w - 18), rel=1e-10)

    def test_central_is_the_mean_of_forward_and_backward(self):
        both = [d(banana, [0.3, 0.7], 0.01) for d in (forward_difference, backward_difference)]
        np.testing.assert_allclose(
            np.mean(both, axis=0), central_difference(banana, [0.3, 0.7], 0.01), rtol=1e-12
        )

    def test_the_error_is_v_shaped_in_eps(self):
        def error(eps):
            return abs(central_difference(quartic, 3.0, eps) - quartic.gradient(3.0))

        grid = np.logspace(-9, -2, 200)
        errors = np.array([error(eps) for eps in grid])
        floor = [errors[(grid > eps / 2) & (grid < eps * 2)].mean() for eps in (6e-6, 6e-3, 6e-9)]
        assert floor[0] < 5e-9  # truncation and rounding balance near ε = 6e-6
        assert floor[1] > 1e4 * floor[0]
        assert floor[2] > 1e1 * floor[0]
        assert error(1e-12) == pytest.approx(6e-4, abs=1e-4)

    def test_the_forward_difference_moves_the_answer(self):
        def end(difference):
            walk = descend(
                quartic,
                GradientDescent(lr=0.01),
                start=3.0,
                steps=2000,
                gradient=lambda w: difference(quartic, w, 0.1),
            )
            return walk.points[-1, 0]

        assert end(forward_difference) == pytest.approx(2.1993, abs=5e-5)
        assert end(central_difference) == pytest.approx(2.2470, abs=5e-5)


class TestCheckGradient:
    points = np.random.default_rng(0).uniform(-1, 2, (5, 2))

    def test_the_right_gradient_passes(self):
        check = check_gradient(beale, beale.gradient, self.points)
        assert check
        assert str(check) == "The gradient is right to 1e-06 in every entry."
        assert check.error.max() < 1e-7

    def test_a_planted_bug_is_found_and_located(self):
        def buggy(w):
            g = banana.gradient(w)
            g[3, 1] = -g[3, 1]
            return g

        check = check_gradient(banana, buggy, self.points)
        assert not check
        assert str(check).startswith("1 of 10 entries are wrong. Worst at [3, 1]: your gradient")

    def test_nan_counts_as_wrong(self):
        check = check_gradient(banana, lambda w: w * np.nan, self.points)
        assert not check
        assert "10 of 10 entries are wrong" in str(check)

    def test_a_gradient_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"gradient must return .* \(5, 2\), got shape \(5,\)"):
            check_gradient(banana, banana, self.points)
