"""Lecture 2, finite differences: its facts, its networks and bugs, and what its exercises say."""

from fractions import Fraction
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_lib.descent import descend
from course_lib.exercises import exercise, predict
from course_lib.gradients import (
    backward_difference,
    central_difference,
    check_gradient,
    forward_difference,
)
from course_lib.landscapes import quartic
from course_lib.optimizers import GradientDescent

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "02_finite_differences.ipynb"


def names_of(*cells):
    """Run the named cells of the notebook, with its imports, and return what they define."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    source = {cell.id: cell.source for cell in book.cells}
    names = {}
    for each in ("setup", *cells):
        exec(source[each], names)
    return names


@pytest.fixture(scope="module")
def net():
    """Return the small network of section 7, with its passes and its bugs."""
    cells = (
        "network",
        "network-backward",
        "small-network",
        "buggy",
        "bugs",
        "bugs-checked",
        "suspect",
    )
    return names_of(*cells)


# ----------------------------------------------------------------------------- the worked layer


def exact_loss(nudge):
    """Return the loss of the worked layer as a fraction, with the first weight nudged."""
    weights = [["0.30", "0.45", "0.10"], ["0.70", "0.56", "0.32"]]  # those into each output
    weights = [[Fraction(number) for number in row] for row in weights]
    weights[0][0] += Fraction(nudge)
    biases, targets = ("0.50", "0.21"), ("1.20", "2.01")
    loss = Fraction(0)
    for row, bias, target in zip(weights, biases, targets, strict=True):
        output = sum(w * x for w, x in zip(row, (1, 2, -1), strict=True)) + Fraction(bias)
        loss += (output - Fraction(target)) ** 2 / 2
    return loss


def test_raising_the_first_weight_raises_the_loss_and_lowering_it_lowers_the_loss():
    layer = names_of("layer-code")
    for nudge in ("0", "0.05", "-0.05"):
        W = layer["W"].copy()
        W[0, 0] += float(nudge)
        assert layer["layer_loss"](W, layer["b"]) == pytest.approx(float(exact_loss(nudge)))
    assert exact_loss("-0.05") < exact_loss("0") == Fraction(1, 8) < exact_loss("0.05")


def test_on_a_mean_squared_gap_the_central_difference_is_the_slope_whatever_the_nudge():
    high, low = exact_loss("0.05"), exact_loss("-0.05")
    assert (high - low) / Fraction("0.1") == Fraction("0.4")  # first gap · first input
    assert (exact_loss("2") - exact_loss("-2")) / 4 == Fraction("0.4")


# ------------------------------------------------------------------------------- naive descent


def settled(difference, eps):
    walk = descend(
        quartic, GradientDescent(lr=0.01), 3.0, 400, gradient=lambda w: difference(quartic, w, eps)
    )
    return walk.points[-1, 0]


def rightmost_root(*coefficients):
    roots = np.roots(coefficients)
    return roots[abs(roots.imag) < 1e-9].real.max()


@pytest.mark.parametrize("eps", [0.01, 0.1, 0.3])
def test_naive_descent_settles_where_its_difference_is_zero(eps):
    """The polynomials are the differences of w⁴ − 3w³ + 2, multiplied out by hand."""
    ahead = rightmost_root(4, 6 * eps - 9, 4 * eps**2 - 9 * eps, eps**3 - 3 * eps**2)
    assert settled(forward_difference, eps) == pytest.approx(ahead, abs=1e-9)
    assert settled(backward_difference, eps) == pytest.approx(ahead + eps, abs=1e-9)
    middle = rightmost_root(4, -9, 4 * eps**2, -3 * eps**2)
    assert settled(central_difference, eps) == pytest.approx(middle, abs=1e-9)


def test_a_nudge_of_a_tenth_moves_the_answer_by_half_of_it_and_central_hardly():
    assert settled(forward_difference, 0.1) == pytest.approx(2.1993, abs=5e-5)
    assert settled(central_difference, 0.1) == pytest.approx(2.2470, abs=5e-5)
    assert settled(forward_difference, 0.001) == pytest.approx(9 / 4 - 0.0005, abs=2e-6)


# --------------------------------------------------------------------------------------- the V


def typical_error(kind, eps):
    """Return the root mean square of the error at 40 nudges within a factor 1.5 of `eps`."""
    nudges = eps * np.geomspace(1 / 1.5, 1.5, 40)
    errors = [float(central_difference(quartic, kind(3), each)) - 27 for each in nudges]
    return np.sqrt(np.mean(np.square(errors)))


def test_in_float64_the_best_nudge_is_near_the_cube_root_of_the_machine_epsilon():
    best = min(np.geomspace(1e-12, 1, 73), key=lambda eps: typical_error(np.float64, eps))
    assert 2e-6 < best < 2e-5
    assert typical_error(np.float64, 6e-6) < 5e-9
    assert 1e-4 < typical_error(np.float64, 1e-12) < 2e-2


def test_in_float32_the_best_nudge_is_a_thousand_times_larger_and_the_error_too():
    best = min(np.geomspace(1e-6, 1, 73), key=lambda eps: typical_error(np.float32, eps))
    assert 1e-3 < best < 2e-2
    assert 1e-4 < typical_error(np.float32, best) < 1e-2


@pytest.mark.parametrize("difference", [forward_difference, central_difference])
def test_in_float32_a_nudge_of_1e_8_changes_nothing(difference):
    assert difference(quartic, np.float32(3), 1e-8) == 0
    assert difference(quartic, np.float64(3), 1e-8) == pytest.approx(27, rel=1e-6)


# ------------------------------------------------------------------------------------ the price


@pytest.mark.parametrize("n", [1, 8, 100])
def test_forward_takes_one_pass_more_than_there_are_weights_and_central_two_for_each(n):
    passes = names_of("count")["passes"]
    assert passes(forward_difference, n) == passes(backward_difference, n) == n + 1
    assert passes(central_difference, n) == 2 * n


def test_the_network_of_the_race_grows_from_a_hundred_weights_to_four_hundred_thousand():
    race = names_of("network", "shapes")
    counts = [sum(p.size for p in race["network"](d, h)[0]) for d, h in race["shapes"]]
    assert counts == sorted(counts)
    assert counts[0] == 100
    assert counts[-1] == pytest.approx(400_000, rel=1e-3)


@pytest.mark.parametrize(("inputs", "hidden"), [(4, 6), (16, 36), (64, 133)])
def test_backpropagation_by_hand_is_that_of_torch(net, inputs, hidden):
    torch = pytest.importorskip("torch")
    P, X, T = net["network"](inputs, hidden)
    W1, b1, W2, b2 = leaves = [torch.tensor(p, requires_grad=True) for p in P]
    outputs = torch.relu(torch.tensor(X) @ W1 + b1) @ W2 + b2
    value = torch.nn.functional.mse_loss(outputs, torch.tensor(T))
    value.backward()
    assert net["loss"](P, X, T) == pytest.approx(value.item(), rel=1e-12)
    for mine, leaf in zip(net["backward"](P, X, T), leaves, strict=True):
        np.testing.assert_allclose(mine, leaf.grad.numpy(), rtol=1e-9, atol=1e-14)


def test_nudging_every_weight_finds_the_same_gradient_and_puts_each_weight_back(net):
    nudge_all = names_of("network", "nudge-all")["nudge_all"]
    P, X, T = net["network"](4, 6)
    before = [p.copy() for p in P]
    measured = nudge_all(P, X, T)
    for p, kept, mine, claimed in zip(P, before, measured, net["backward"](P, X, T), strict=True):
        np.testing.assert_array_equal(p, kept)
        np.testing.assert_allclose(mine, claimed, atol=1e-8)


# ---------------------------------------------------------------------------- checking a gradient


def failing(net, gradient):
    """Return the arrays in which the checker finds wrong entries."""
    w, X, T = net["pack"](net["P"]), net["X"], net["T"]
    check = check_gradient(net["f"], lambda w: net["pack"](gradient(net["unpack"](w), X, T)), w)
    parts = np.split(check.error > check.tolerance, net["cuts"])
    return [name for name, part in zip(("W1", "b1", "W2", "b2"), parts, strict=True) if part.any()]


def test_the_right_backward_pass_passes(net):
    assert failing(net, net["backward"]) == []


@pytest.mark.parametrize(
    ("bug", "arrays"),
    [
        ("no bug", []),
        ("bug A", ["W1", "b1"]),
        ("bug B", ["W1", "b1", "W2", "b2"]),
        ("bug C", ["b1"]),
        ("bug D", ["b2"]),
        ("bug E", ["W2"]),
    ],
)
def test_each_planted_bug_fails_in_the_arrays_that_its_line_feeds(net, bug, arrays):
    planted = net["planted"]
    assert failing(net, lambda P, X, T: planted(P, X, T, net["bugs"][bug])) == arrays


def test_three_of_the_bugs_put_their_points_on_a_line_of_their_own(net):
    P, X, T = net["P"], net["X"], net["T"]
    right, slopes = net["backward"](P, X, T), {}
    for name, bug in net["bugs"].items():
        pairs = zip(right, net["planted"](P, X, T, bug), strict=True)
        wrong = [(r, p) for r, p in pairs if not np.allclose(r, p)]
        ratios = np.concatenate([(p[r != 0] / r[r != 0]).ravel() for r, p in wrong] or [[]])
        if ratios.size and np.ptp(ratios) < 1e-9:
            slopes[name] = ratios[0]
    assert slopes == pytest.approx({"bug B": 1 / 2, "bug D": 1 / 32, "bug E": -1})


def test_the_forgotten_relu_is_bug_a(net):
    P, X, T = net["P"], net["X"], net["T"]
    both = net["forgot_relu"](P, X, T), net["planted"](P, X, T, net["bugs"]["bug A"])
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_suspect_fails_in_w2_alone_and_with_line_c_mended_it_passes(net):
    assert failing(net, net["suspect"]) == ["W2"]
    book = nbformat.read(NOTEBOOK, as_version=4)
    (source,) = [cell.source for cell in book.cells if cell.id == "suspect"]
    assert "dW2 = Z.T @ G  # line c" in source
    names = {"np": np}
    exec(source.replace("Z.T @ G", "H.T @ G"), names)
    assert failing(net, names["suspect"]) == []


# ---------------------------------------------------------------------------------- exercises


def test_a_nudge_in_place_that_is_not_undone_is_told():
    def slopes(f, w, eps):
        w[0] += eps
        return w

    result = exercise("2.2").check(slopes)
    assert result.verdict == "malformed"
    assert "changes the array `w`" in result.message


def test_at_three_quarters_the_central_difference_of_the_quartic_is_exact():
    for eps in (0.5, 0.01):
        assert central_difference(quartic, 0.75, eps) == pytest.approx(quartic.gradient(0.75))
        assert abs(central_difference(quartic, 0.8, eps) - quartic.gradient(0.8)) > 1e-6


@pytest.mark.parametrize("result", [np.array([1e-2, 1e-4, 1e-6]), np.array([1e-2, 1e-6, 1e-6])])
def test_a_prediction_is_judged_by_what_was_computed(result):
    assert predict("2.d").result(result) != predict("2.d").result(np.array([1e-2, 1e-8, 1e-3]))


def test_no_prediction_is_decided_by_its_wording():
    assert predict("2.a").result(0.02, -0.02) == "it falls by just as much"
    assert predict("2.a").result(0.02, -0.03) == "it falls by more"
    assert predict("2.b").result(0.001) == "about 0.001"
    assert predict("2.e").result(300_000) == "about 400 000"
    high, low = np.array([1.0, 2.0]), np.array([1.0, 0.5])
    assert predict("2.f").result(low, high) == "it rises from the start"
    assert predict("2.f").result(low, np.array([1.0, 0.8])) == "it falls half as far"
    assert predict("2.g").result(["W1", "b1", "W2", "b2"]) == "all four"


@pytest.mark.parametrize("eps", np.round(np.linspace(0.2, 0.4, 41), 3))
def test_the_right_nudges_are_those_with_which_the_walk_settles_near_2_10(eps):
    assert exercise("2.5").check(eps).right == (abs(settled(forward_difference, eps) - 2.1) < 0.005)


def test_the_numbers_of_the_nudge_by_hand_are_those_of_the_layer():
    layer = names_of("layer-code")
    W = layer["W"].copy()
    before = layer["layer_loss"](W, layer["b"])
    W[2, 1] += 0.1
    after = layer["layer_loss"](W, layer["b"])
    assert exercise("2.1").check([after, (after - before) / 0.1]).right


def test_the_passes_are_two_for_each_parameter_of_torchs_own_network():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.Linear(128, 10))
    assert exercise("2.7").check(2 * sum(p.numel() for p in model.parameters())).right
