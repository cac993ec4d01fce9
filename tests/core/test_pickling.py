"""What the core makes can be sent to another process and comes back the same."""

import copy
import inspect
import multiprocessing
import pickle
from functools import partial

import numpy as np
import pytest

from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, Landscape, banana, bowl
from course_lib.optimizers import OPTIMIZERS, Adam, GradientDescent
from course_lib.schedules import SCHEDULES, ReduceOnPlateau, cosine, warmup


def returned(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_rule(kind):
    rule = kind(lr=0.3)
    assert returned(rule) == rule
    assert repr(returned(kind(lr=[0.1, 0.2]))) == repr(kind(lr=[0.1, 0.2]))


@pytest.mark.parametrize(
    "landscape", [*LANDSCAPES.values(), bowl(3, angle=20)], ids=lambda hill: hill.name
)
def test_a_landscape(landscape):
    there = returned(landscape)
    w = np.linspace(-1, 1, 2 * landscape.dimension).reshape(2, -1)
    np.testing.assert_array_equal(there(w), landscape(w))
    np.testing.assert_array_equal(there.gradient(w), landscape.gradient(w))
    np.testing.assert_array_equal(there.minima, landscape.minima)
    assert (there.name, there.formula) == (landscape.name, landscape.formula)
    assert copy.deepcopy(landscape)(w[0]) == landscape(w[0])


def test_a_landscape_of_the_course_comes_back_as_the_one_that_is_there():
    assert returned(banana) is banana


def slope(w):
    return (2 * w,)


def test_a_landscape_of_ones_own_made_of_functions_with_names():
    own = Landscape("own", "w^2", np.square, slope, [[0]], [[-1, 1]])
    assert returned(own)(3.0) == 9


@pytest.mark.parametrize("maker", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule(maker):
    takes = inspect.signature(maker).parameters.values()
    schedule = maker(0.3, *[1 for each in takes if each.default is each.empty][1:])
    k = np.arange(20)
    np.testing.assert_array_equal(returned(schedule)(k), schedule(k))
    np.testing.assert_array_equal(returned(warmup(schedule, 3))(k), warmup(schedule, 3)(k))


def test_a_schedule_says_what_it_was_made_with():
    assert repr(warmup(cosine(0.1, steps=20), 5)) == "warmup(cosine(0.1, steps=20), 5)"


def test_a_path_and_the_runs_of_a_batch_with_their_states():
    walk = descend(banana, Adam(lr=0.1), [[-1, 2], [2, 2]], 20, schedule=ReduceOnPlateau(0.1))
    for path in (walk, *walk.runs()):
        there = returned(path)
        for name in ("points", "losses", "gradients", "learning_rates", "diverged_at"):
            np.testing.assert_array_equal(getattr(there, name), getattr(path, name))
        assert there.states.keys() == path.states.keys()
        np.testing.assert_array_equal(there.states["m"], path.states["m"])


def test_walks_can_be_shared_out_among_processes():
    starts = [(-1.5, 2.0), (2.0, 2.0)]
    walk = partial(
        descend, banana, rule=GradientDescent(lr=0.1), steps=30, schedule=cosine(0.1, 30)
    )
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        there = pool.map(partial(_start_last, walk), starts)
    for path, start in zip(there, starts, strict=True):
        np.testing.assert_array_equal(path.points, walk(start=start).points)


def _start_last(walk, start):
    return walk(start=start)
