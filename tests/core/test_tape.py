"""A walk played from the tape is the walk that arrays take, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from course_lib import tape
from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, Landscape, banana, bowl, quartic
from course_lib.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum, Rule
from course_lib.schedules import ReduceOnPlateau, time_based

EVERYWHERE = [*LANDSCAPES.values(), bowl(33, angle=30)]


def by_arrays(*args, **kwargs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tape, "walk", lambda *what: None)
        return descend(*args, **kwargs)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Keep what the tape gave for the last walk."""
    walk = tape.walk
    monkeypatch.setattr(tape, "walk", lambda *what: LAST.append(walk(*what)) or LAST[-1])


LAST: list = []


def played(walk):
    """Return whether these are the tape's own points."""
    return bool(LAST) and LAST[-1] is not None and LAST[-1][0] is walk.points


def same(one, other):
    for name in ("points", "losses", "gradients", "learning_rates"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype, name
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert one.states.keys() == other.states.keys()
    for name, value in other.states.items():
        assert one.states[name].dtype == value.dtype
        np.testing.assert_array_equal(one.states[name], value, err_msg=name)
    assert one.diverged_at == other.diverged_at
    return True


def start_on(landscape):
    low, high = landscape.bounds.T
    return low + 0.6 * (high - low)


@pytest.mark.parametrize("landscape", EVERYWHERE, ids=repr)
@pytest.mark.parametrize("kind", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_it_is_the_same_walk_for_every_rule_on_every_landscape(kind, landscape):
    for decay in (0.0, 0.01):
        for options in ({}, {"schedule": time_based(0.002, decay=0.01)}, {"every": 50}):
            rule = kind(lr=0.003, weight_decay=decay)
            walk = descend(landscape, rule, start_on(landscape), 200, **options)
            assert played(walk)
            same(walk, by_arrays(landscape, rule, start_on(landscape), 200, **options))


@settings(max_examples=60, deadline=None)
@given(
    kind=some.sampled_from(list(OPTIMIZERS.values())),
    lr=some.floats(0, 0.3),
    memory=some.floats(0, 0.999),
    decay=some.sampled_from([0.0, 1e-3, 0.1]),
    start=some.tuples(some.floats(-3, 3), some.floats(-3, 3)),
)
def test_it_is_the_same_walk_wherever_the_sliders_stand(kind, lr, memory, decay, start):
    settings = {"lr": lr, "weight_decay": decay}
    for name in ("momentum", "beta1", "rho"):
        if name in kind.__dataclass_fields__:
            settings[name] = memory
    rule = kind(**settings)
    same(descend(banana, rule, start, 120), by_arrays(banana, rule, start, 120))


def test_a_walk_that_diverges_says_where_as_arrays_do():
    walk = descend(banana, GradientDescent(lr=0.25), (2, 2), 200)
    assert walk.diverged_at == by_arrays(banana, GradientDescent(lr=0.25), (2, 2), 200).diverged_at
    assert 0 < walk.diverged_at < 10
    assert np.isfinite(walk.points).all()


class Doubled(Momentum):
    def step(self, w, g, state, lr=None):
        return super().step(w, 2 * g, state, lr)


class Signed(Rule):
    lr = 0.01

    def step(self, w, g, state, lr=None):
        return w - self.lr * np.sign(g), {}


@pytest.mark.parametrize(
    ("landscape", "rule", "options"),
    [
        (banana, Doubled(lr=0.01), {}),
        (banana, Signed(), {}),
        (banana, Adam(lr=0.01), {"schedule": ReduceOnPlateau(0.01)}),
        (banana, Adam(lr=0.01), {"noise": 0.1, "seed": 0}),
        (banana, Adam(lr=0.01), {"gradient": lambda w: 2 * banana.gradient(w)}),
        (banana, Adam(lr=np.full((3, 1), 0.01)), {}),
    ],
    ids=["a rule of the reader's", "np.sign", "a memory", "noise", "a gradient", "a batch"],
)
def test_whatever_it_may_not_know_is_left_to_arrays(landscape, rule, options):
    assert not played(descend(landscape, rule, (0.5, 1.0), 200, **options))


def test_a_landscape_of_the_reader_s_is_left_to_arrays_for_it_may_change_its_mind():
    coin = np.random.default_rng(0)
    uncertain = Landscape(
        "uncertain", "?", lambda x: x**2, lambda x: (x + coin.normal(),), [[0]], [[-1, 1]]
    )
    walk = descend(uncertain, GradientDescent(lr=0.1), 1.0, 200)
    assert not played(walk)
    assert len(np.unique(np.round(walk.gradients - 2 * walk.points[:-1], 6))) > 100


def test_float32_and_short_walks_are_left_to_arrays():
    assert not played(descend(quartic, Adam(), np.float32([1.0]), 200))
    assert not played(descend(quartic, Adam(), 1.0, tape.WORTH_IT - 1))


def test_a_new_learning_rate_records_nothing_anew():
    descend(banana, Adam(lr=0.01), (2, 2), 200)
    before = tape._recorded.cache_info().misses
    descend(banana, Adam(lr=0.02, beta1=0.5), (1, 2), 300)
    assert tape._recorded.cache_info().misses == before


def test_a_symbol_cannot_be_asked_for_its_value():
    symbol = tape.Symbol(tape.Tape(), "w", changes=True)
    with pytest.raises(TypeError, match="no value to decide by"):
        bool(symbol)
    with pytest.raises(TypeError, match="plain numbers, not ndarray"):
        symbol + np.zeros(2)
