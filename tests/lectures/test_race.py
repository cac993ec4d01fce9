"""The race: best rates, arrivals and orders."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import banana, bowl, himmelblau, quartic, two_valleys
from course_lib.lectures.race import Runner, finish, race, standing, track
from course_lib.lectures.sweep import MEMORIES, RATES, TARGET, arrival, sweep, tuned
from course_lib.live import explore, int_slider
from course_lib.optimizers import OPTIMIZERS, Adagrad, Adam, GradientDescent, Momentum, Nesterov

START = (-1.5, 2.0)


@dataclass(frozen=True)
class Own:
    """Gradient descent as a reader would write it, and the ground for what goes wrong."""

    lr: float = 0.05

    def init(self, w):
        return {"v": 0 * w}

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return w - lr * g, {"v": state["v"] + g}


@dataclass(frozen=True)
class Clipped(Own):
    """Takes a norm over all of w: in a batch, the runs would meddle with each other."""

    def step(self, w, g, state, lr=None):
        lr = self.lr if lr is None else lr
        return w - lr * g / max(1.0, float(np.linalg.norm(g))), {"v": state["v"]}


# ------------------------------------------------------------------------------------- arrivals


@pytest.mark.parametrize(
    ("gaps", "step"),
    [
        ([9, 5, 1], -1),
        ([9, 0, 0], 1),
        ([0, 0, 0], 0),
        ([9, 0, 9, 0], 3),
        ([9, 0, 9], -1),
        ([9, np.inf, np.nan], -1),
        ([9, 1e-6, 1e-7], 1),
    ],
)
def test_an_arrival_is_the_first_step_from_which_the_walk_stays(gaps, step):
    assert arrival(gaps, 1e-6) == step


def test_arrivals_of_many_walks_are_those_of_each():
    gaps = np.random.default_rng(0).exponential(2e-6, (30, 200))
    gaps[-3:, ::2] = 0
    assert arrival(gaps, 1e-6).tolist() == [arrival(row, 1e-6) for row in gaps.T]


# ---------------------------------------------------------------------------------------- sweep


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_sweep_holds_the_walk_of_each_single_rate(name):
    rule = OPTIMIZERS[name]()
    tried = sweep(banana, rule, START, 60)
    for i in (0, 20, 40, tried.best):
        alone = descend(banana, replace(rule, lr=float(RATES[i])), START, 60)
        np.testing.assert_allclose(tried.points[:, i], alone.points, rtol=1e-9, atol=1e-12)


def test_the_best_rate_of_gradient_descent_on_a_bowl_is_near_two_over_one_plus_kappa():
    """Both eigenvalues shrink alike there; the nearest rates of the sweep are 21 % apart."""
    for kappa in (5, 10, 30):
        best = sweep(bowl(kappa), GradientDescent(), (2.0, 2.0), 300).best_rate
        assert 2 / (1 + kappa) / 1.22 < best < 2 / (1 + kappa) * 1.22


def test_no_rate_inside_the_map_arrives_earlier_than_the_best():
    for kind in (GradientDescent, Nesterov, Adagrad, Adam):
        tried = sweep(banana, kind(), START, 200)
        came = tried.arrivals[(tried.arrivals >= 0) & ~tried.strayed]
        assert tried.arrivals[tried.best] == came.min()


def test_a_walk_that_leaves_the_map_is_not_the_best():
    tried = sweep(bowl(10), Adagrad(), (-2.0, 1.5), 200)
    assert tried.arrivals[-1] >= 0  # with α = 100 it leaps away and comes back
    assert tried.strayed[-1]
    assert not tried.strayed[tried.best]
    low, high = bowl(10).bounds.T
    walked = tried.points[:, tried.best]
    assert np.all((walked >= low) & (walked <= high))


def test_where_nobody_arrives_the_lowest_end_is_best():
    tried = sweep(banana, Adam(), START, 20)
    assert np.all(tried.arrivals[~tried.strayed] < 0)
    assert tried.gaps[-1, tried.best] == tried.gaps[-1, ~tried.strayed].min()


def test_the_gap_counts_from_the_deepest_minimum():
    """A walk that rests in the shallow valley has not arrived."""
    tried = sweep(two_valleys, GradientDescent(), (1.5, 0.5), 400)
    at = tried.nearest(0.1)
    heights = two_valleys(two_valleys.minima)
    assert tried.arrivals[at] == -1
    assert tried.gaps[-1, at] == pytest.approx(heights.max() - heights.min(), abs=1e-9)


def test_a_diverged_walk_has_an_infinite_gap_from_where_it_overflows():
    tried = sweep(quartic, GradientDescent(), -1.5, 60)
    walk = descend(quartic, GradientDescent(lr=float(RATES[-1])), -1.5, 60)
    lasts = np.isfinite(walk.losses[: walk.diverged_at])  # the loss overflows before w does
    assert (np.isfinite(tried.gaps[: walk.diverged_at, -1]) == lasts).all()
    assert np.isinf(tried.gaps[walk.diverged_at :, -1]).all()
    assert np.isfinite(tried.gaps[:, tried.best]).all()


def test_how_much_a_rule_forgives_is_counted_in_powers_of_ten():
    """Gradient descent on a round bowl: |1 − α|ᵏ must be small enough, so α from 0.067 to 1.933."""
    tried = sweep(bowl(1), GradientDescent(), (1.0, 1.0), 50)
    edge = (1e-3) ** (1 / 100)
    expected = np.log10((1 + edge) / (1 - edge))
    assert tried.forgiveness(1e-3) == pytest.approx(expected, abs=0.1)
    assert tried.forgiveness(0) == pytest.approx(1 / 12)  # α = 1 is there in one step
    assert tried.forgiveness(1e9, 0) == pytest.approx(73 / 12)


def test_the_sweep_of_a_rule_that_mixes_the_runs_is_done_one_by_one():
    tried = sweep(banana, Clipped(), START, 50)
    for i in (10, 30, 50):
        alone = descend(banana, Clipped(lr=float(RATES[i])), START, 50)
        np.testing.assert_array_equal(tried.points[:, i], alone.points)


def test_a_rule_without_a_learning_rate_walks_once():
    @dataclass(frozen=True)
    class Fixed:
        def init(self, w):
            return {}

        def step(self, w, g, state, lr=None):
            return w - 0.1 * g, {}

    tried = sweep(banana, Fixed(), START, 50)
    assert tried.points.shape == (51, 1, 2)
    assert np.isnan(tried.best_rate)
    assert tried.nearest(0.5) == 0
    assert tried.forgiveness(1e-3) == 0
    expected = descend(banana, GradientDescent(lr=0.1), START, 50)
    np.testing.assert_allclose(tried.points[:, 0], expected.points, atol=1e-12)


def test_a_sweep_is_remembered_for_the_same_question_only():
    first = sweep(banana, Adam(), START, 30)
    assert sweep(banana, Adam(), np.array(START), 30) is first
    assert sweep(banana, Adam(beta1=0.5), START, 30) is not first
    assert sweep(banana, Adam(), (-1.5, 1.9), 30) is not first
    assert sweep(himmelblau, Adam(), START, 30) is not first


def test_a_rule_rewritten_under_the_same_name_is_swept_anew():
    def made(sign):
        @dataclass(frozen=True)
        class Mine(Own):
            def step(self, w, g, state, lr=None):
                return super().step(w, sign * g, state, lr)

        return Mine()

    down, up = (sweep(banana, made(sign), START, 30) for sign in (1, -1))
    assert down.gaps[-1, down.best] < up.gaps[-1].min()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rates": [0.1, -1]}, "rates must be a number above 0"),
        ({"target": 0}, "target must be a number above 0"),
        ({"steps": 0}, "steps must be a whole number of at least 1"),
        ({"start": (1, 2, 3)}, "start must have shape"),
    ],
)
def test_a_sweep_of_nonsense_is_refused_in_words(arguments, words):
    usual = {"start": START, "steps": 20}
    with pytest.raises(ValueError, match=words):
        sweep(banana, Adam(), **usual | arguments)


# ----------------------------------------------------------------------------------------- race


def the_race(lr=None, names=tuple(OPTIMIZERS)):
    rules = {name: OPTIMIZERS[name]() for name in names}
    return race(banana, rules, (-1.48, 2.16), 200, lr=lr)


def test_each_runs_at_its_own_best_rate_or_all_at_one():
    for runner in the_race():
        tried = sweep(banana, OPTIMIZERS[runner.name](), (-1.48, 2.16), 200)
        assert runner.lr == tried.best_rate
        assert runner.arrived == tried.arrivals[tried.best]
    assert {runner.lr for runner in the_race(lr=0.1)} == {RATES[36]}
    assert RATES[36] == pytest.approx(0.1)


def test_the_order_is_who_arrived_first_and_then_who_is_lowest():
    order = finish(the_race())
    came = [runner.arrived for runner in order if runner.arrived >= 0]
    rest = [runner.gaps[-1] for runner in order if runner.arrived < 0]
    assert came == sorted(came)
    assert rest == sorted(rest)
    assert len(came) + len(rest) == len(OPTIMIZERS)
    early = finish(the_race(), step=5)
    gaps = [runner.gaps[5] for runner in early]
    assert gaps == sorted(gaps)


def test_adamw_does_not_arrive_because_it_is_after_something_else():
    """Its decay pulls toward 0; without it, it is Adam to the last digit."""
    assert next(r for r in the_race() if r.name == "AdamW").arrived == -1
    bare = OPTIMIZERS["AdamW"](weight_decay=0.0)
    pair = race(banana, {"AdamW": bare, "Adam": Adam()}, START, 200)
    np.testing.assert_allclose(pair[0].points, pair[1].points, atol=1e-12)


def test_the_standing_names_places_rates_and_who_diverged():
    known = ("GradientDescent", "AdamW", "Nesterov", "Nadam")
    told = standing(the_race(names=known), 200)
    assert told.startswith("Step 200. Within 1e-06 to stay: 1. Nadam (α 0.18) at 93, 2. Nesterov")
    assert "On the way, loss above the minimum: " in told
    wild = standing(the_race(lr=10, names=known), 200)
    assert "Diverged: GradientDescent (α 10) at" in wild
    assert standing([], 3) == "Step 3. Nobody runs."
    assert "Within" not in standing(the_race(names=known), 0)


def test_the_track_has_its_full_size_before_the_race_and_when_none_can_be_run():
    picture, axes = plots.figure(4, size=(12.6, 4.9))
    track(axes, ["a", "b"], 200)
    picture.draw_without_rendering()
    assert min(ax.get_position().width for ax in axes) > 0.05


def test_the_track_shows_where_everybody_is():
    names = list(OPTIMIZERS)
    picture, axes = plots.figure(4)
    plots.contour(axes[0], banana)
    drawn = track(axes, names, 200)
    runners = the_race()
    drawn.show(runners[:-1], 60)
    marks, bars = drawn.artists[: len(names)], drawn.artists[len(names) :]
    for runner, mark, bar in zip(runners, marks, bars, strict=True):
        if runner is runners[-1]:
            assert not mark.get_visible()
            assert not bar.get_visible()
            continue
        assert mark.get_xdata()[0] == pytest.approx(max(runner.gaps[60], TARGET / 15))
        there = 0 <= runner.arrived <= 60
        assert list(bar.get_xdata()) == [0, runner.arrived if there else 60]
    drawn.show(runners, 200)
    assert all(mark.get_visible() for mark in marks)
    assert [bar.get_xdata()[1] for bar in bars] == [
        runner.arrived if runner.arrived >= 0 else 200 for runner in runners
    ]
    assert len({(mark.get_color(), mark.get_marker()) for mark in marks}) == len(names)
    picture.png()


def test_a_step_of_the_race_measures_no_word_and_walks_no_rule(monkeypatch):
    """A reader drags through two hundred steps: what they share is worked out once."""
    _, axes = plots.figure(4)
    plots.contour(axes[0], banana)
    drawn = track(axes, list(OPTIMIZERS), 200)
    drawn.show(the_race(), 0)
    monkeypatch.setattr("matplotlib.path.Path.get_extents", None)
    monkeypatch.setattr("course_lib.lectures.sweep.descend", None)
    for step in (1, 60, 200):
        drawn.show(the_race(), step)


def test_no_step_of_a_race_lays_the_picture_out_anew():
    """A layout takes a third of a second, and the picture would tremble."""
    figure, axes = plots.figure(4, size=(12.6, 4.9))
    plots.contour(axes[0], banana)
    drawn, runners = track(axes, list(OPTIMIZERS), 200), the_race()
    explorer = explore(figure, lambda k: drawn.show(runners, k), k=int_slider(0, 200, 0))
    with explorer.at_scale(1.5, 736):
        explorer.frame([], k=0)
        explorer.frame([], k=100)  # brings what is seen to move
        assert [k for k in range(0, 201, 10) if "scene" in explorer.frame([], k=k)] == []


def test_a_name_keeps_its_place_when_two_runners_change_places():
    _, axes = plots.figure(4)
    plots.contour(axes[0], banana)
    drawn = track(axes, ["a", "b"], 2)
    ends = np.ones((3, 2))  # both stand at one place, and only one name can be beside it
    gaps = np.array([[1, 0.5, 1], [0.5, 1, 2]])
    both = [Runner(name, 0.1, ends, gap, -1) for name, gap in zip(drawn.of, gaps, strict=True)]
    spots = []
    for step in range(3):
        drawn.show(both, step)
        spots.append([word.get_marker().vertices for _, word, *_ in drawn.of.values()])
    assert [r.name for r in finish(both, 0)] != [r.name for r in finish(both, 1)]
    for one, other in pairwise(spots):
        assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_an_argument_that_makes_no_sense_is_not_blamed_on_a_rule():
    with pytest.raises(ValueError, match=r"^steps must be"):
        race(banana, {"crawls": Own(lr=1e-9)}, START, 0)


def test_momentum_in_the_race_is_the_one_of_the_course():
    runner = race(banana, {"m": Momentum()}, START, 80)[0]
    walk = descend(banana, Momentum(lr=runner.lr), START, 80)
    np.testing.assert_allclose(runner.points, walk.points, atol=1e-12)
    np.testing.assert_allclose(runner.gaps, walk.losses, atol=1e-12)
    assert runner.diverged_at is None


@pytest.mark.parametrize(
    ("kind", "untuned", "with_memory"),
    [(Momentum, 144, 40), (Nesterov, 98, 40), (Adam, 152, 40)],
)
def test_with_the_memory_tuned_too_a_rule_arrives_far_sooner(kind, untuned, with_memory):
    corner = (-1.48, 2.16)
    assert race(banana, {"it": kind()}, corner, 200)[0].arrived == untuned
    runner = race(banana, {"it": kind()}, corner, 200, memory=True)[0]
    assert 0 < runner.arrived < with_memory
    assert 0 < runner.memory < 0.9
    assert f"memory {runner.memory:g}" in standing([runner], 200)


def test_the_memory_found_is_the_best_of_all_that_were_tried():
    memory, best = tuned(banana, Momentum(), START, 200)
    for value in MEMORIES:
        other = sweep(banana, Momentum(momentum=value), START, 200)
        assert best.rank <= other.rank, value
    assert memory in MEMORIES
    memory, same = tuned(banana, GradientDescent(), START, 200)
    assert np.isnan(memory)
    assert same is sweep(banana, GradientDescent(), START, 200)


def test_all_that_is_drawn_for_a_rule_alone_is_known_by_its_name():
    """So that its toggle shows its swatch, and pointing at one lights its path, lane and bar."""
    names = list(OPTIMIZERS)
    picture, axes = plots.figure(4, size=(12.6, 4.9))
    plots.contour(axes[0], banana)
    drawn = track(axes, names, 200)
    drawn.show(the_race(), 60)
    assert list(drawn.of) == names
    for parts in drawn.of.values():
        assert {part.axes for part in parts} == set(axes)
    looks = {
        (path.get_color(), path.get_linestyle(), path.get_marker())
        for path, *_ in drawn.of.values()
    }
    assert len(looks) == len(names)
    for path, _, rate, lane, _ in drawn.of.values():
        for other in (rate, lane):
            assert (other.get_color(), other.get_marker()) == (path.get_color(), path.get_marker())
    for ax in axes[2:]:
        assert [text.get_text() for text in ax.texts] == names
    picture.png()


@pytest.mark.parametrize(("lr", "step"), [(None, 0), (None, 60), (None, 200), (10, 200)])
def test_the_names_at_the_ends_of_the_paths_stand_apart_and_on_the_map(lr, step):
    picture, axes = plots.figure(4, size=(12.6, 4.9))
    hill = axes[0]
    plots.contour(hill, banana)
    drawn = track(axes, list(OPTIMIZERS), 200)
    for _ in range(2):  # the layout settles as it is drawn
        drawn.show(the_race(lr=lr), step)
        picture.png()
    boxes = []
    for _, word, *_ in drawn.of.values():
        at = hill.transData.transform(np.transpose(word.get_data()))[0]
        scale = picture.dpi / 72
        shape = word.get_marker().vertices * scale + at
        boxes.append((*shape.min(axis=0), *shape.max(axis=0)))
    inner = hill.bbox.extents + np.array([-3, -3, 3, 3])
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        assert inner[0] <= x0 < x1 <= inner[2]
        assert inner[1] <= y0 < y1 <= inner[3]
        for a0, b0, a1, b1 in boxes[:i]:
            assert min(x1, a1) - max(x0, a0) < 2 or min(y1, b1) - max(y0, b0) < 2
