"""The sweep: one rule, one start, every learning rate of six decades at once.

It stands behind `descent`. `race` lets rules run at the rates found here, and `own_rule` looks for
one at which a rule descends.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from course_lib import arguments
from course_lib.descent import descend

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
    def rank(self) -> tuple[bool, int, float]:
        """How good the best rate is, to compare two sweeps: the lower, the better."""
        came = int(self.arrivals[self.best])
        late = len(self.gaps) if came < 0 else came
        return bool(self.strayed[self.best]), late, float(self.gaps[-1, self.best])

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
    if rates is not RATES:
        rates = np.atleast_1d(arguments.number("rates", rates, low=0, open_low=True, array=True))
    target = arguments.number("target", target, low=0, open_low=True)
    start = arguments.points("start", start, landscape.dimension, finite=True)
    numbers = (np.asarray(start).tobytes(), steps, rates.tobytes(), target)
    asked = (landscape, *identity(rule), *numbers)
    if asked not in _SWEEPS:
        while len(_SWEEPS) >= _REMEMBERED:
            del _SWEEPS[next(iter(_SWEEPS))]
        _SWEEPS[asked] = _swept(landscape, rule, start, steps, rates, target)
    return _SWEEPS[asked]


_SWEEPS: dict[tuple, Sweep] = {}


MEMORIES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_TUNED: dict[tuple, tuple[float, Sweep]] = {}


def memory_of(rule: Any) -> str:
    """Return the field that says how long a rule's direction remembers; "" if it has none.

    Parameters
    ----------
    rule : update rule
        From `course_lib.optimizers`, or a reader's own.
    """
    return next((name for name in ("momentum", "beta1") if hasattr(rule, name)), "")


def tuned(
    landscape: Any, rule: Any, start: Any, steps: int, target: float = TARGET
) -> tuple[float, Sweep]:
    """Sweep the rate for each of `MEMORIES`, and return the best memory and its sweep.

    The memory is `momentum` or `beta1`. For a rule with neither it is NaN.

    Parameters
    ----------
    landscape, rule, start, steps, target
        As for `sweep`.
    """
    name = memory_of(rule)
    if not name:
        return np.nan, sweep(landscape, rule, start, steps, target=target)
    asked = (landscape, *identity(rule), tuple(np.ravel(start)), steps, target)
    if asked not in _TUNED:
        while len(_TUNED) >= _REMEMBERED:
            del _TUNED[next(iter(_TUNED))]
        tries = [
            (
                value,
                sweep(
                    landscape,
                    dataclasses.replace(rule, **{name: value}),
                    start,
                    steps,
                    target=target,
                ),
            )
            for value in MEMORIES
        ]
        _TUNED[asked] = min(tries, key=lambda each: each[1].rank)
    return _TUNED[asked]


def identity(rule: Any) -> tuple[type, str]:
    """Return what two rules share if they are the same: their class and their values.

    Parameters
    ----------
    rule : update rule
        From `course_lib.optimizers`, or a reader's own.
    """
    return type(rule), repr(sorted(vars(rule).items()) if hasattr(rule, "__dict__") else rule)


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
