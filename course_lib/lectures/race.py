"""The race: every rule at its own best learning rate, found by a sweep, and who arrives first.

It stands behind `descent` and draws with `plots`; `live` sets it in motion. A rule of your own is
checked here, in plain words, before it races.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from course_lib import arguments, plots
from course_lib.descent import descend
from course_lib.landscapes import bowl
from course_lib.live.notes import Note

# Six decades, twelve rates in each. A power of ten is among them in every decade.
RATES = 10.0 ** np.linspace(-4, 2, 73)
TARGET = 1e-6
_REMEMBERED = 200  # sweeps: at 0.5 MB each, what a reader visits in one sitting


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """One rule, one start, and every learning rate of a sweep.

    Attributes
    ----------
    rates : ndarray, shape (n,)
        The learning rates tried; one NaN for a rule that has none.
    points : ndarray, shape (steps + 1, n, d)
        The walks.
    gaps : ndarray, shape (steps + 1, n)
        The loss above the landscape's lowest minimum; infinite from where a walk diverged.
    strayed : ndarray of bool, shape (n,)
        Whether a walk ever left the map, the landscape's window.
    target : float
        A walk has arrived when its gap is at most this.
    """

    rates: np.ndarray
    points: np.ndarray
    gaps: np.ndarray
    strayed: np.ndarray
    target: float = TARGET

    @cached_property
    def arrivals(self) -> np.ndarray:
        """The step from which on a walk stays within the target, shape (n,); -1 for never."""
        return arrival(self.gaps, self.target)

    @cached_property
    def best(self) -> int:
        """Which rate is best: the earliest arrival, and among equals the lowest gap at the end.

        Where no walk arrives it is the lowest gap at the end. A walk that strayed counts only if
        all did: on a bowl Adagrad with α = 100 leaps off the map, has then measured the curvature,
        and comes back in one step. No network forgives such a leap.
        """
        came = np.where(self.arrivals < 0, len(self.gaps), self.arrivals)
        return int(np.lexsort((self.gaps[-1], came, self.strayed))[0])

    @property
    def best_rate(self) -> float:
        return float(self.rates[self.best])

    def nearest(self, lr: float) -> int:
        """Return which of the rates is nearest to `lr`, by ratio."""
        if np.isnan(self.rates).all():
            return 0
        return int(np.argmin(np.abs(np.log(self.rates / lr))))

    def forgiveness(self, gap: float, step: int = -1) -> float:
        """Return how many decades of the learning rate lead to at most `gap` after `step` steps."""
        if len(self.rates) < 2:
            return 0.0
        return float(np.sum(self.gaps[step] <= gap) * np.diff(np.log10(self.rates)).mean())


def arrival(gaps: Any, target: float = TARGET) -> Any:
    """Return the first step from which `gaps` stays at or below `target`; -1 if there is none.

    A walk that runs past the minimum and comes back has not arrived when it passed.

    Parameters
    ----------
    gaps : array_like, shape (steps + 1, ...)
        The loss above the minimum at each step.
    """
    late = ~(np.asarray(gaps) <= target)  # so that NaN counts as not there
    steps = len(late)
    last_outside = np.where(late.any(axis=0), steps - 1 - late[::-1].argmax(axis=0), -1)
    came = np.where(last_outside == steps - 1, -1, last_outside + 1)
    return came if came.ndim else int(came)


def sweep(
    landscape: Any,
    rule: Any,
    start: Any,
    steps: int,
    rates: Any = RATES,
    target: float = TARGET,
) -> Sweep:
    """Walk with every learning rate at once and return all the walks.

    Only `lr` is varied; momentum, β and ε stay as the rule has them. A rule without `lr` walks
    once. The last sweeps are remembered, so that asking again costs nothing.

    Parameters
    ----------
    landscape : Landscape
    rule : update rule
        From `course_lib.optimizers` or your own.
    start : array_like, shape (d,)
    steps : int
    rates : array_like, shape (n,)
        The learning rates, above 0.
    target : float
        How far above the minimum counts as arrived.
    """
    steps = arguments.whole("steps", steps, low=1)
    rates = np.atleast_1d(arguments.number("rates", rates, low=0, open_low=True, array=True))
    target = arguments.number("target", target, low=0, open_low=True)
    start = arguments.points("start", start, landscape.dimension, finite=True)
    values = repr(sorted(vars(rule).items())) if hasattr(rule, "__dict__") else repr(rule)
    asked = (landscape, type(rule), values, tuple(np.ravel(start)), steps, tuple(rates), target)
    if asked not in _SWEEPS:
        while len(_SWEEPS) >= _REMEMBERED:
            del _SWEEPS[next(iter(_SWEEPS))]
        _SWEEPS[asked] = _swept(landscape, rule, start, steps, rates, target)
    return _SWEEPS[asked]


_SWEEPS: dict[tuple, Sweep] = {}


def _swept(landscape, rule, start, steps, rates, target) -> Sweep:
    if not hasattr(rule, "lr"):
        walk = descend(landscape, rule, start, steps)
        return _as_sweep(landscape, np.array([np.nan]), [walk], target)
    try:
        batch = descend(landscape, dataclasses.replace(rule, lr=rates[:, None]), start, steps)
    except (TypeError, ValueError):
        batch = None  # written for one run at a time, such as with `if g > 0`
    if batch is not None and _is_each_alone(batch, landscape, rule, start, steps, rates):
        return _as_sweep(landscape, rates, [batch], target)
    walks = [
        descend(landscape, dataclasses.replace(rule, lr=float(lr)), start, steps) for lr in rates
    ]
    return _as_sweep(landscape, rates, walks, target)


def _is_each_alone(batch, landscape, rule, start, steps, rates) -> bool:
    """Return whether the runs of a batch do not meddle with each other, tried on three of them.

    The course's own rules are known not to. A rule that takes a norm over all of w does.
    """
    if type(rule).__module__ == "course_lib.optimizers":
        return True
    if batch.points.shape[1:] != (len(rates), len(start)):
        return False
    for i in (0, len(rates) // 3, 2 * len(rates) // 3):
        alone = descend(landscape, dataclasses.replace(rule, lr=float(rates[i])), start, steps)
        if not np.allclose(alone.points, batch.points[:, i], rtol=1e-9, atol=1e-12):
            return False
    return True


def _as_sweep(landscape, rates, walks, target) -> Sweep:
    runs = [(len(walk.points), -1, walk.points.shape[-1]) for walk in walks]
    points = np.concatenate(
        [walk.points.reshape(shape) for walk, shape in zip(walks, runs, strict=True)], axis=1
    )
    ends = [np.atleast_1d(-1 if w.diverged_at is None else w.diverged_at) for w in walks]
    diverged_at = np.concatenate(ends)
    with np.errstate(all="ignore"):
        gaps = landscape(points) - float(np.min(landscape(landscape.minima)))
    late = np.arange(len(points))[:, None] >= diverged_at
    gaps = np.where(late & (diverged_at >= 0) | ~np.isfinite(gaps), np.inf, np.maximum(gaps, 0))
    return Sweep(rates, points, gaps, _strayed(landscape, points), target)


def _strayed(landscape: Any, points: np.ndarray) -> np.ndarray:
    low, high = np.asarray(landscape.bounds, dtype=float).T
    return ((points < low) | (points > high)).any(axis=(0, -1))


# ---------------------------------------------------------------------------------- the race itself


@dataclass(frozen=True, eq=False, repr=False)
class Runner:
    """One rule in a race.

    Attributes
    ----------
    name : str
    lr : float
        The learning rate it runs with.
    points : ndarray, shape (steps + 1, d)
    gaps : ndarray, shape (steps + 1,)
        The loss above the lowest minimum, infinite from where it diverged.
    arrived : int
        The step from which on it stays within the target; -1 for never.
    """

    name: str
    lr: float
    points: np.ndarray
    gaps: np.ndarray
    arrived: int

    @property
    def diverged_at(self) -> int | None:
        """The first step with a loss too large for a float, None for a run that stayed finite."""
        lost = ~np.isfinite(self.gaps)
        return int(lost.argmax()) if lost.any() else None


def race(
    landscape: Any,
    rules: dict[str, Any],
    start: Any,
    steps: int,
    lr: float | None = None,
    target: float = TARGET,
) -> list[Runner]:
    """Let the rules race, each at its own best learning rate.

    A rule that stops with an error cannot race: ValueError says which one, and what to mend.

    Parameters
    ----------
    landscape : Landscape
    rules : dict of update rules, by name
    start : array_like, shape (d,)
    steps : int
    lr : float, optional
        One learning rate for all in place of each one's best; of `RATES`, the nearest is taken.
    target : float
        How far above the lowest minimum the finish lies.

    Returns
    -------
    list of Runner
        In the order of `rules`. `finish` sorts them.
    """
    runners = []
    for name, rule in rules.items():
        try:
            tried = sweep(landscape, rule, start, steps, target=target)
        except Exception as error:
            problem = _form(rule) or _steps(rule, tensors=False)
            if not problem:  # it is not the rule's fault
                raise
            raise ValueError(f"{name} cannot race. {problem}") from error
        i = tried.best if lr is None else tried.nearest(lr)
        runners.append(
            Runner(
                name,
                float(tried.rates[i]),
                tried.points[:, i],
                tried.gaps[:, i],
                int(tried.arrivals[i]),
            )
        )
    return runners


def finish(runners: Sequence[Runner], step: int | None = None) -> list[Runner]:
    """Return the runners in the order of the race: who arrived first, then by the gap now.

    Parameters
    ----------
    runners : list of Runner
    step : int, optional
        The order at this step, by default at the end.
    """

    def place(runner):
        here = runner.gaps[-1 if step is None else step]
        came = runner.arrived >= 0 and (step is None or runner.arrived <= step)
        return (0, runner.arrived, here) if came else (1, here, 0)

    return sorted(runners, key=place)


def standing(runners: Sequence[Runner], step: int, target: float = TARGET) -> str:
    """Return in words who has arrived by `step`, in order, and how the others stand.

    Parameters
    ----------
    runners : sequence of Runner
        As `race` returns them.
    step : int
        From 0 to the last step of the race.
    target : float
        How far above the lowest loss a runner has arrived.
    """
    order = finish(runners, step)
    came = [r for r in order if 0 <= r.arrived <= step]
    lost = [r for r in order if not np.isfinite(r.gaps[step])]
    rest = [r for r in order if r not in came and r not in lost]
    parts = []
    if came:
        places = (f"{i}. {_who(r)} at {r.arrived}" for i, r in enumerate(came, start=1))
        parts.append(f"Within {target:g} to stay: {', '.join(places)}.")
    if rest:
        places = (f"{_who(r)} {r.gaps[step]:.0e}" for r in rest)
        parts.append(f"On the way, loss above the minimum: {', '.join(places)}.")
    if lost:
        parts.append(f"Diverged: {', '.join(f'{_who(r)} at {r.diverged_at}' for r in lost)}.")
    return f"Step {step}. {' '.join(parts) or 'Nobody runs.'}"


def _who(runner: Runner) -> str:
    return runner.name if np.isnan(runner.lr) else f"{runner.name} (α {runner.lr:.2g})"


# Unclipped and without a single point, a line takes up all the room of the layout.
_NOWHERE = [np.nan], [np.nan]


def track(axes: Sequence[Any], names: Sequence[str], steps: int) -> plots.Drawn:
    """Prepare a race: the map, the learning rates, the lanes and the clock.

    Parameters
    ----------
    axes : four Axes
        The first holds a `plots.contour`; the others get one lane for each name.
    names : list of str
        Whose lanes, from top to bottom.
    steps : int
        How long the race is.

    Returns
    -------
    Drawn
        `.show(runners, step)` draws a race at `step`. Lanes without a runner are empty.
    """
    hill, rates, lanes, clock = axes
    names = list(names)
    row = {name: len(names) - 1 - i for i, name in enumerate(names)}
    trails, marks, runs, dots, bars = {}, {}, {}, {}, {}
    for i, name in enumerate(names):
        line, ring, end = plots.path(hill, series=i).artists
        line.set(marker="none", linewidth=1.5)
        ring.remove()  # all begin at one place: one ring does
        trails[name], marks[name] = line, end
        look = {"color": line.get_color(), "marker": end.get_marker(), "linestyle": "none"}
        look |= {"markeredgecolor": "white", "markersize": 9, "clip_on": False}
        (runs[name],) = lanes.plot(*_NOWHERE, zorder=3, **look)
        (dots[name],) = rates.plot(*_NOWHERE, zorder=3, **look)
        (bars[name],) = clock.barh(row[name], 0, height=0.55, color=line.get_color())
    # One artist for what looks alike: a frame is drawn sooner the fewer there are.
    (home,) = hill.plot(
        [], [], "o", color="#262626", markerfacecolor="white", markeredgewidth=2, zorder=2.35
    )
    (tails,) = lanes.plot([], [], color="#8a949c", linestyle="-", linewidth=1.6)
    for ax in (rates, lanes, clock):
        ax.set(ylim=(-0.7, len(names) - 0.3), yticks=list(row.values()), yticklabels=[])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=True, axis="y")
    rates.set(xscale="log", xlim=(RATES[0] / 2, RATES[-1] * 2), xticks=[1e-4, 1e-2, 1, 1e2])
    rates.set(yticklabels=names, xlabel=r"$\alpha$", title="learning rate")
    lanes.set(xscale="log", xlim=(1e3, TARGET / 30), xlabel="loss above the minimum")
    lanes.set(title="the lanes", xticks=[1e2, 1, 1e-2, 1e-4, 1e-6])
    lanes.axvline(TARGET, color="#262626", linestyle="-", linewidth=3)
    clock.set(xlim=(0, steps), xlabel="step $k$", title=f"steps to {TARGET:g}")

    def draw(runners, step):
        running = {runner.name: runner for runner in runners}
        ways = []
        for name in names:
            runner = running.get(name)
            for artist in (trails[name], marks[name], runs[name], dots[name], bars[name]):
                artist.set_visible(runner is not None)
            if runner is None:
                continue
            walked = runner.points[: step + 1]
            trails[name].set_data(*walked.T)
            marks[name].set_data(*walked[-1:].T)
            gap = float(np.clip(runner.gaps[step], TARGET / 15, 1e3))
            runs[name].set_data([gap], [row[name]])
            dots[name].set_data([runner.lr], [row[name]])
            first = min(max(runner.gaps[0], TARGET), 1e3)
            ways += [(first, row[name]), (gap, row[name]), (np.nan, np.nan)]
            there = 0 <= runner.arrived <= step
            bars[name].set_width(runner.arrived if there else step)
            bars[name].set_alpha(1 if there else 0.4)
        tails.set_data(*np.reshape(ways, (-1, 2)).T)
        home.set_data(*np.reshape([r.points[0] for r in runners[:1]], (-1, 2)).T)

    return plots.Drawn(draw, (*runs.values(), *bars.values()))


# ---------------------------------------------------------------------------------- a rule of yours

_TRIAL = bowl(10)
_HOME = np.array([1.5, -1.0])


def check(rule: Any, tensors: bool = False) -> Note:
    """Say whether a rule is fit to race, and if not, what to mend. Never raises.

    It is tried on a quadratic: has it the form of a rule, does a step leave alone what it was
    given, does it give the same answer twice, does it keep shapes and dtypes, does it obey the
    learning rate it is handed, and does the loss fall.

    Parameters
    ----------
    rule : update rule
        A dataclass made with its values, such as `MyRule(lr=0.1)`.
    tensors : bool
        Also try it on torch tensors, as it will meet them in a network.
    """
    try:
        problem = _form(rule) or _steps(rule, tensors) or _descent(rule)
    except KeyboardInterrupt:
        problem = "You stopped the check. Does your `step` end?"
    if problem:
        return Note(problem, "Not yet.", "wrong")
    walk = descend(_TRIAL, rule, _HOME, 200)
    fell = f"its loss on a quadratic falls from {walk.losses[0]:.2g} to {walk.losses[-1]:.1e}"
    where = ", on arrays and on tensors" if tensors else ""
    return Note(
        f"{type(rule).__name__} is a rule{where}: {fell} in 200 steps, a step changes nothing it "
        "was given, and shapes and dtypes stay.",
        "Ready to race.",
        "right",
    )


def _form(rule: Any) -> str:
    """Return what is wrong with how the rule is written, or nothing."""
    if isinstance(rule, type):
        return f"That is the class. Make a rule of it, with its values: `{rule.__name__}(lr=0.1)`."
    name = type(rule).__name__
    if not dataclasses.is_dataclass(rule):
        return f"{name} is not a dataclass. Write `@dataclass(frozen=True)` above its `class`."
    for method, call in (("init", "init(self, w)"), ("step", "step(self, w, g, state, lr=None)")):
        if not callable(getattr(rule, method, None)):
            return f"{name} has no method `{call}`."
    for method, given in (("init", {"w"}), ("step", {"w", "g", "state", "lr"})):
        takes = inspect.signature(getattr(rule, method)).parameters
        if not given <= set(takes):
            missing = ", ".join(sorted(given - set(takes)))
            return f"`{method}` of {name} must also take {missing}; it takes {', '.join(takes)}."
    return ""


def _steps(rule: Any, tensors: bool) -> str:
    """Return what is wrong with a step, or nothing."""
    kinds = [(np.array, shape, dtype) for shape in ((2,), (3, 2)) for dtype in ("f8", "f4")]
    for make, shape, dtype in kinds:
        w = make(np.linspace(-1, 2, int(np.prod(shape))).reshape(shape), dtype=dtype)
        problem = _one_step(rule, w, 3 * w, f"for a w of shape {shape} and type {w.dtype}")
        if problem:
            return problem
    if tensors:
        import torch

        w = torch.tensor([[-1.0, 2.0]])
        return _one_step(rule, w, 3 * w, "on a torch tensor", _FOR_TENSORS)
    return ""


_FOR_TENSORS = (
    " Use operators, such as `g**2` and `abs(g)`, or take the function from "
    "`array_namespace(w)`, as in `array_namespace(w).sign(g)`."
)


_BEGIN = " Begin with `0 * w`, which has the shape and the type of w."


def _one_step(rule: Any, w: Any, g: Any, where: str, advice: str = "") -> str:
    before = [w + 0, g + 0]
    try:
        state = rule.init(w)
        if not isinstance(state, dict):
            return "`init` must return a dictionary, `{}` if there is nothing to remember."
        for name, value in state.items():
            if not isinstance(value, (type(w), int, float, np.generic)):
                return (
                    f"`init` makes a `{name}` of type {type(value).__name__}. It must be a number, "
                    f"or of w's own type, {type(w).__name__}.{_BEGIN}"
                )
        kept = {name: value + 0 for name, value in state.items()}
        made = rule.step(w, g, state)
        again = rule.step(w, g, state)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        return _stopped(error, where, advice)
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], dict)):
        return "`step` must return two things, the new w and the new state: `return w, {…}`."
    same = [_equal(a, b) for a, b in zip([w, g], before, strict=True)]
    same.append(state.keys() == kept.keys() and all(_equal(state[n], kept[n]) for n in kept))
    for unchanged, name in zip(same, ("w", "g", "state"), strict=True):
        if not unchanged:
            return (
                f"`step` changes the `{name}` it was given. `w -= …` and `state[…] = …` write into "
                "it; `w = w - …` and a new dictionary do not."
            )
    if type(made[0]) is not type(w):
        return f"`step` must return w as {type(w).__name__}, got {type(made[0]).__name__}.{advice}"
    if made[0].shape != w.shape or made[0].dtype != w.dtype:
        foreign = [n for n, v in state.items() if getattr(v, "dtype", w.dtype) != w.dtype]
        blame = f" `init` makes a `{foreign[0]}` of another type.{_BEGIN}" if foreign else ""
        return (
            f"`step` must keep the shape and the type of w: it was given {tuple(w.shape)}, "
            f"{w.dtype}, and returned {tuple(made[0].shape)}, {made[0].dtype}.{blame}"
        )
    if made[1].keys() != state.keys():
        return (
            f"`init` makes a state of {_listed(state)}, and `step` returns one of "
            f"{_listed(made[1])}. Both must hold the same names."
        )
    for name, value in made[1].items():
        if np.shape(value) != np.shape(state[name]):
            return (
                f"`step` changes the shape of the state's `{name}`, "
                f"from {np.shape(state[name])} to {np.shape(value)}."
                f"{_BEGIN if np.shape(value) == tuple(w.shape) else ''}"
            )
    if not np.isfinite(np.asarray(made[0])).all():
        return f"`step` returns a w that is not finite, {where}. Does it divide by zero?"
    if not _equal(made[0], again[0]):
        return "The same step, taken twice, ends in two places. What a rule remembers is its state."
    return ""


def _stopped(error: Exception, where: str, advice: str = "") -> str:
    if "truth value of an array" in str(error):  # numpy's own advice is of no use here
        advice = (
            " An `if` sees all coordinates at once. Compute with the comparison instead, as in "
            f"`(g > 0) * g`.{advice}"
        )
    return f"Your rule stops with {type(error).__name__} ({error}), {where}.{advice}"


def _descent(rule: Any) -> str:
    """Return why the loss does not fall, or nothing."""
    try:
        return _fails_to_descend(rule)
    except Exception as error:  # such as in its fourth step, or with a rate of the sweep
        return _stopped(error, "on its way down the quadratic")


def _fails_to_descend(rule: Any) -> str:
    if hasattr(rule, "lr"):
        w, g = _HOME, _TRIAL.gradient(_HOME)
        usual, longer = (rule.step(w, g, rule.init(w), lr)[0] for lr in (None, 2 * rule.lr or 1.0))
        if not _equal(usual, rule.step(w, g, rule.init(w), rule.lr)[0]) or _equal(usual, longer):
            return (
                "`step` does not use the learning rate it is handed. Begin with "
                "`lr = self.lr if lr is None else lr`."
            )
    walk = descend(_TRIAL, rule, _HOME, 200)
    if walk.diverged_at is None and walk.losses[-1] < 0.9 * walk.losses[0]:
        return ""
    ended = f"in 200 steps the loss goes from {walk.losses[0]:.3g} to {walk.losses[-1]:.3g}"
    if not hasattr(rule, "lr"):
        return f"It does not descend: {ended}. Is there a minus in front of the step?"
    tried = sweep(_TRIAL, rule, _HOME, 200)
    if tried.gaps[-1, tried.best] < 0.9 * tried.gaps[0, 0]:
        return (
            f"With lr = {rule.lr:g} it does not descend: {ended}. "
            f"With lr = {tried.best_rate:.2g} it does."
        )
    return (
        f"It does not descend, with no learning rate from {RATES[0]:g} to {RATES[-1]:g}: {ended}. "
        "Is there a minus in front of the step?"
    )


def _listed(state: dict) -> str:
    return ", ".join(state) or "nothing"


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
