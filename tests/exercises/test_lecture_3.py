"""The facts of lecture 3, checked by other means than its cells, and what its exercises answer."""

import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from scipy.optimize import brentq

from course_lib.descent import descend
from course_lib.exercises import exercise, lecture_3, predict
from course_lib.landscapes import Landscape, banana, quartic
from course_lib.optimizers import GradientDescent
from course_lib.schedules import (
    ReduceOnPlateau,
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    time_based,
    warmup,
)

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_learning_rate_and_schedules.ipynb"

# ---------------------------------------------------------------------------------- the border


def bowl(curvature):
    return Landscape(
        name="bowl",
        formula="",
        value=lambda w: curvature * w**2 / 2,
        partials=lambda w: (curvature * w,),
        minima=[[0.0]],
        bounds=[[-2, 2]],
    )


@pytest.mark.parametrize("curvature", [0.3, 1.0, 8.0])
@pytest.mark.parametrize("product", [0.4, 1.3, 1.9, 2.1])
def test_on_a_bowl_the_distance_is_multiplied_by_one_minus_alpha_lambda(curvature, product):
    walk = descend(bowl(curvature), GradientDescent(lr=product / curvature), 1.5, 20)
    assert np.allclose(walk.points[:, 0], 1.5 * (1 - product) ** np.arange(21), rtol=1e-9)


def test_the_banana_holds_a_walk_at_its_minimum_up_to_two_over_its_largest_curvature():
    border = 2 / (6 + 4 * math.sqrt(2))
    assert border == pytest.approx(0.1716, abs=5e-5)
    for alpha, settles in ((0.999 * border, True), (1.001 * border, False)):
        walk = descend(banana, GradientDescent(lr=alpha), (1.0001, 1), 20_000, every=20_000)
        assert (np.linalg.norm(walk.points[-1] - 1) < 1e-4) == settles


def step(w, alpha):
    return w - alpha * (4 * w**3 - 9 * w**2)


def bend(w):
    return 12 * w**2 - 18 * w


def test_the_quartic_has_its_border_at_two_over_its_curvature():
    assert bend(9 / 4) == 20.25
    assert [round(1 / 20.25, 4), round(2 / 20.25, 4)] == [0.0494, 0.0988]


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.0989, 2.218, 2.280), (0.11, 1.910, 2.456)])
def test_the_cycle_of_two_is_a_solution_of_two_steps_and_attracts(alpha, low, high):
    """Not by walking: the points are roots of w − f(f(w)) beside the minimum itself."""
    root = brentq(lambda w: step(step(w, alpha), alpha) - w, 1.5, 9 / 4 - 0.01)
    other = step(root, alpha)
    assert [round(root, 3), round(other, 3)] == [low, high]
    assert abs((1 - alpha * bend(root)) * (1 - alpha * bend(other))) < 1
    walk = descend(quartic, GradientDescent(lr=alpha), 2.0, 20_000, every=20_000)
    assert min(abs(walk.points[-1, 0] - np.array([root, other]))) < 1e-6


def cycle_factor(alpha, low, high):
    """The factor by which a small distance to the cycle of two grows in one round."""
    root = brentq(lambda w: step(step(w, alpha), alpha) - w, low, high)
    return (1 - alpha * bend(root)) * (1 - alpha * bend(step(root, alpha)))


def test_the_cycle_of_two_doubles_where_its_factor_passes_minus_one():
    split = brentq(lambda alpha: cycle_factor(alpha, 1.3, 2.2) + 1, 0.11, 0.128)
    assert split == pytest.approx(0.1223, abs=5e-5)


def test_at_013_the_start_decides_between_wandering_and_the_trap():
    wandering = descend(quartic, GradientDescent(lr=0.13), 2.0, 5000).points[:, 0]
    assert 1.3 < wandering.min() < wandering.max() < 2.7
    w = wandering[-300:]
    assert all(np.abs(w[p:] - w[:-p]).max() > 1e-2 for p in range(1, 65))
    trapped = descend(quartic, GradientDescent(lr=0.13), 3.0, 5000).points[:, 0]
    assert np.all(trapped[1:] < 0)
    assert abs(trapped[-1]) < 1e-3


@pytest.mark.parametrize("alpha", np.round(np.arange(0.1206, 0.17, 0.0014), 4))
def test_what_a_rate_is_told_is_true_of_its_long_run(alpha):
    """The words of 3.6 name the cycle that `descend` ends in, and on which side of the window."""
    w = descend(quartic, GradientDescent(lr=alpha), 2.0, 20_000).points[-400:, 0]
    lengths = [p for p in range(1, 41) if np.abs(w[p:] - w[:-p]).max() < 1e-4]
    words = exercise("3.6").check(alpha).message
    if "Eight values" in words:
        assert lengths[0] == 8
    elif "cycle of 2." in words or "cycle of 4." in words:
        assert lengths[0] == int(re.search(r"cycle of (\d)\.", words)[1])
        assert alpha < 0.1277
    elif "doubled again" in words:
        assert lengths[0] in (16, 32)
        assert 0.1286 < alpha < 0.13
    elif "window of order" in words:
        assert lengths[0] != 8
        assert alpha > 0.13
    elif "trap" in words:
        assert abs(w[-1]) < 0.2
    else:
        assert "wanders" in words
        assert not lengths


def test_two_wandering_walks_that_start_side_by_side_part():
    pair = descend(quartic, GradientDescent(lr=0.13), [[2.0], [2.0 + 1e-9]], 1000).points[..., 0]
    assert abs(pair[0, 0] - pair[0, 1]) < 1e-8
    assert abs(pair[:, 0] - pair[:, 1]).max() > 0.1


# ------------------------------------------------------------------------------------ schedules


def test_exponential_decay_uses_up_its_steps():
    """ln Π(1 − 0.1·0.9ᵏ) = −Σₙ 0.1ⁿ / (n (1 − 0.9ⁿ)), by the series of ln(1 − x)."""
    closed = math.exp(-sum(0.1**n / (n * (1 - 0.9**n)) for n in range(1, 60)))
    assert closed == pytest.approx(0.358, abs=5e-4)
    walk = descend(bowl(1), GradientDescent(), 1.0, 3000, schedule=exponential(0.1, 0.9))
    assert walk.points[-1, 0] == pytest.approx(closed, rel=1e-9)


def test_one_over_k_is_the_plain_mean_of_the_measurements():
    walk = descend(
        bowl(1), GradientDescent(), 5.0, 400, time_based(1.0, decay=1.0), noise=0.7, seed=3
    )
    noise = walk.gradients[:, 0] - walk.points[:-1, 0]
    assert walk.points[-1, 0] == pytest.approx(-noise.mean(), abs=1e-9)


def test_a_constant_rate_stays_restless_and_a_falling_one_gets_quiet():
    starts, spread = np.full((400, 1), 2.0), {}
    for name, schedule in (("constant", constant(0.5)), ("root", inverse_sqrt(0.5))):
        for steps in (100, 2000):
            walk = descend(
                bowl(1), GradientDescent(), starts, steps, schedule, noise=0.5, seed=1, every=steps
            )
            spread[name, steps] = np.sqrt(np.mean(walk.points[-1] ** 2))
    # The closed form of the noise ball: variance α σ² / (h (2 − α h)).
    assert spread["constant", 2000] == pytest.approx(math.sqrt(0.5 * 0.25 / 1.5), rel=0.1)
    assert spread["root", 2000] < spread["root", 100] / 1.7


def test_warm_up_saves_the_walk_from_the_steep_wall():
    start = (-2.0, 0.0)
    thrown = descend(banana, GradientDescent(), start, 200, schedule=constant(0.15))
    saved = descend(banana, GradientDescent(), start, 200, schedule=warmup(constant(0.15), 20))
    assert thrown.diverged_at == 7
    assert saved.losses[-1] < 1e-8


def test_of_the_schedules_of_the_race_cosine_wins_on_other_noise_too():
    racers = {
        "constant": constant(0.1),
        "careful": constant(0.01),
        "time": time_based(0.2, 0.01),
        "cosine": cosine(0.2, 200),
        "exponential": exponential(0.2, 0.9),
    }
    for seed in (11, 12, 13):
        starts = np.full((40, 2), 2.0)
        ends = {
            name: np.median(
                descend(
                    banana, GradientDescent(), starts, 200, schedule, noise=0.5, seed=seed
                ).losses[-1]
            )
            for name, schedule in racers.items()
        }
        assert min(ends, key=ends.get) == "cosine"
        assert ends["cosine"] < ends["constant"] / 3


def test_reduce_on_plateau_is_no_function_of_the_step():
    runs = [
        descend(
            banana, GradientDescent(), (2, 2), 200,
            ReduceOnPlateau(0.15, factor=0.5, patience=12), noise=0.5, seed=seed,
        )
        for seed in range(5)
    ]  # fmt: skip
    assert len({tuple(walk.learning_rates) for walk in runs}) > 1


# ------------------------------------------------------------------------------------ exercises


def test_beside_the_splits_the_explorer_says_what_the_search_and_the_exercise_say():
    """There a walk takes longest to come to its cycle: it must be looked at late enough."""
    source = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    names = {}
    for cell in ("setup", "four-walks", "bifurcation-data", "cycles-canvas", "explore-cycles"):
        exec(source[cell], names)
    told = {1: "it settles", 2: "cycle of length 2", 4: "cycle of length 4", 8: "length 8"}
    for split in (0.0988, 0.1222, 0.1276):
        for notch in range(-4, 5):
            alpha = round(split + 0.0002 * notch, 4)
            assert told[lecture_3._long_run(alpha)] in names["update"](alpha, 2.0), alpha


def test_the_worked_numbers_are_right():
    assert exercise("3.2").check(math.ceil(math.log(0.01) / math.log(0.96))).right
    assert 0.96**113 < 0.01 < 0.96**112
    assert time_based(0.2, 0.01)(300) == pytest.approx(0.2 / 4)
    assert exercise("3.6").check(0.128).right


def test_a_number_that_is_close_gets_other_words_than_one_that_is_not():
    class Answered:
        value = ""

    asked, said = predict("3.f"), {}
    kept, asked._control = asked._control, Answered()
    for answer in ("36 %", "33", "90"):
        asked._control.value = answer
        said[answer] = repr(asked.reveal(0.358))[:6]
    asked._control = kept
    assert [words.strip(" .")[:5] for words in said.values()] == ["Right", "Close", "Not t"]


def test_predictions_are_worked_out_from_what_was_computed():
    ends = {0.5: 0.0, 1.0: 0.0, 2.0: 0.0, 4.0: 1.0}
    assert predict("3.a").result(ends) == "above α = 4/λ"
    walk = descend(quartic, GradientDescent(lr=0.13), 2.0, 1000)
    assert predict("3.b").result(walk) == "it wanders without pattern"
    assert predict("3.c").result(0.4, 0.4) == "the best on training data"
    assert predict("3.d").result(1.1) == "close to 2/λ"
    assert predict("3.e").result([1, 0, 2, 3, 4]) == "the constant 0.01"
    for alpha, length in ((0.11, 2), (0.125, 4), (0.128, 8)):
        walk = descend(quartic, GradientDescent(lr=alpha), 2.0, 20_000)
        assert predict("3.g").result(walk) == length
    assert predict("3.h").result([0.28, 0.04, 0.54]) == "p = 0.7"
    assert predict("3.i").result([walk, walk]) == 1


def test_on_the_right_of_the_minimum_an_unstable_walk_is_thrown_farther():
    low, high = np.sort(descend(quartic, GradientDescent(lr=0.0989), 2.0, 10_000).points[-2:, 0])
    assert 9 / 4 - low > high - 9 / 4
    assert bend(low) < 2 / 0.0989 < bend(high)
    assert 0.95 < (1 - 0.0989 * bend(low)) * (1 - 0.0989 * bend(high)) < 1
