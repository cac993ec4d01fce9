"""Descent: walk down a landscape with a rule, and record the whole path.

It combines landscapes, optimizers and schedules, and passes a `Path` to plots and explorers. A
batch of starts or of hyper-parameters is walked in one go, because each run is just another row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from course_lib import arguments, schedules


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """The record of a walk by `descend`. The leading axis counts steps, and `...` counts runs.

    Attributes
    ----------
    landscape, rule : Landscape, rule
        The landscape that was walked on, and the rule that walked.
    points : ndarray, shape (steps + 1, ..., d)
        The start and the parameters after each step.
    losses : ndarray, shape (steps + 1, ...)
        The loss L at each point.
    gradients : ndarray, shape (steps, ..., d)
        The gradient that the rule received at each step, including noise.
    learning_rates : ndarray, shape (steps,) or (steps, ...)
        The rate used at each step, one for each run if they differ.
    diverged_at : int or None; for a batch an array of int, shape (...)
        The first step whose result was too large for a float. The run stays where it was before
        that step. A run that stayed finite has None (in a batch, -1).
    every : int
        Only every `every`-th step was recorded; `steps` holds the numbers of those steps.
    """

    landscape: Any
    rule: Any
    points: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray
    learning_rates: np.ndarray
    diverged_at: Any
    every: int = 1
    recorded: Callable[[], dict] = dict

    @property
    def steps(self) -> np.ndarray:
        """The step number of each recorded point: 0, every, 2·every, …"""
        return np.arange(len(self.points)) * self.every

    @cached_property
    def states(self) -> dict[str, np.ndarray]:
        """The rule's state by name, at the start and after each step: shape (steps + 1, ...)."""
        return self.recorded()

    def runs(self) -> Iterator[Path]:
        """Iterate over the runs of a batch, each a path of its own; a single run yields itself."""
        for i in np.ndindex(self.losses.shape[1:]):
            yield self if i == () else self._run((slice(None), *i))

    def _run(self, i: tuple) -> Path:
        rates = self.learning_rates
        return replace(
            self,
            points=self.points[i],
            losses=self.losses[i],
            gradients=self.gradients[i],
            learning_rates=rates[i] if rates.ndim > 1 else rates,
            diverged_at=_where(int(self.diverged_at[i[1:]])),
            recorded=partial(_states_of_run, self, i),
        )

    def __repr__(self) -> str:
        runs = self.losses[0].size
        who = "1 run" if runs == 1 else f"{runs} runs"
        return f"<Path of {type(self.rule).__name__}, {self.steps[-1]} steps, {who}>"


def descend(
    landscape: Any,
    rule: Any,
    start: Any,
    steps: int,
    schedule: Any = None,
    gradient: Callable | None = None,
    noise: Any = None,
    seed: Any = None,
    every: int = 1,
) -> Path:
    """Walk `steps` steps down `landscape` from `start`.

    A run that overflows is no longer updated, and `diverged_at` says when that happened. It raises
    no exception and no warning.

    Parameters
    ----------
    landscape : Landscape
        Or any callable that has a `gradient` method.
    rule : update rule
        From `course_lib.optimizers`, or your own with `init(w)` and `step(w, g, state, lr=None)`.
        If its hyper-parameters are arrays, `start` is repeated to their shape.
    start : array_like, shape (..., d)
        One start or a batch of them; a plain number will do where d = 1.
    steps : int
        How many steps to take, at least 0.
    schedule : callable or ReduceOnPlateau, optional
        Takes k = 0, 1, … and returns the learning rate. Without it, the rule's own `lr` is used.
    gradient : callable, optional
        Takes w and returns an array of the same shape. It replaces `landscape.gradient`.
    noise : float or array_like, optional
        Standard deviation of the normal noise that is added to every entry of the gradient.
    seed : int or numpy Generator, optional
        Seed of the noise: the same seed gives the same path.
    every : int
        Record only every `every`-th step, which saves memory. It must divide `steps`.

    Raises
    ------
    TypeError, ValueError
        If an argument makes no sense. The message names it, its value and what is allowed.

    Examples
    --------
    >>> from course_lib.landscapes import banana
    >>> from course_lib.optimizers import GradientDescent
    >>> walk = descend(banana, GradientDescent(lr=0.1), start=(2, 2), steps=100)
    >>> walk.points[-1].round(4)
    array([1.0088, 1.0214])
    """
    steps, every = arguments.whole("steps", steps), arguments.whole("every", every, low=1)
    if steps % every:
        raise ValueError(f"every must divide steps = {steps}, got {every}.")
    w = _first_point(landscape, rule, start)
    rate = _rates(schedule, landscape, steps)
    slope = _slope(landscape, gradient, noise, seed, w.shape)
    points, gradients, states, rates, diverged_at = _walk(rule, w, slope, rate, steps, every)

    with np.errstate(all="ignore"):
        losses = _losses(landscape, points)
    return Path(
        landscape=landscape,
        rule=rule,
        points=points,
        losses=losses,
        gradients=gradients,
        learning_rates=_rates_used(rates, rule),
        diverged_at=diverged_at if diverged_at.ndim else _where(int(diverged_at)),
        every=every,
        recorded=partial(_stacked, states),
    )


def _states_of_run(path: Path, i: tuple) -> dict[str, np.ndarray]:
    return {n: v[i] if v.ndim >= path.losses.ndim else v for n, v in path.states.items()}


def _stacked(states: list[dict]) -> dict[str, np.ndarray]:
    return {name: np.array([state[name] for state in states]) for name in states[0]}


def _walk(
    rule: Any, w: np.ndarray, slope: Callable, rate: Any, steps: int, every: int
) -> tuple[np.ndarray, np.ndarray, list, list, np.ndarray]:
    """Return points, gradients, states, rates, and the step at which each run diverged."""
    state = rule.init(w)
    points = np.empty((steps // every + 1, *w.shape), dtype=w.dtype)
    gradients = np.empty((steps // every, *w.shape), dtype=w.dtype)
    points[0], states, rates = w, [state], []
    diverged_at, alive = np.full(w.shape[:-1], -1), None

    with np.errstate(all="ignore"):
        for k in range(steps):
            lr, g = rate[k] if isinstance(rate, list) else rate(w), slope(w)
            w_next, state_next = rule.step(w, g, state, lr)
            if alive is not None or not math.isfinite(np.vdot(w_next, w_next)):
                finite = np.isfinite(w_next).all(axis=-1)
                diverged_at[~finite & (diverged_at < 0)] = k + 1
                alive = diverged_at < 0
                w_next, state_next = _keep(alive, w_next, w), _keep_all(alive, state_next, state)
            if k % every == 0:
                gradients[k // every] = g
            w, state = w_next, state_next
            rates.append(lr)
            if (k + 1) % every == 0:
                points[(k + 1) // every] = w
                states.append(state)
    return points, gradients, states, rates, diverged_at


def _first_point(landscape: Any, rule: Any, start: Any) -> np.ndarray:
    """Check who walks from where, and repeat the start if hyper-parameters are arrays."""
    if not callable(landscape) or not hasattr(landscape, "gradient"):
        raise TypeError(
            "landscape must be a Landscape, or a function with a gradient method, "
            f"got {landscape!r}."
        )
    if isinstance(rule, type) or not (hasattr(rule, "init") and hasattr(rule, "step")):
        name = rule.__name__ if isinstance(rule, type) else "Momentum"
        raise TypeError(f"rule must be an update rule such as {name}(lr=0.1), got {rule!r}.")
    w = arguments.floats("start", start)
    dimension = getattr(landscape, "dimension", w.shape[-1] if w.ndim else 1)
    w = arguments.points("start", w.reshape(1) if w.ndim == 0 else w, dimension, finite=True)
    shapes = [np.shape(value) for value in getattr(rule, "__dict__", {}).values()]
    try:
        return np.array(np.broadcast_to(w, np.broadcast_shapes(w.shape, *shapes)))
    except ValueError:
        raise ValueError(
            f"start, of shape {w.shape}, does not fit the hyper-parameters of {rule!r}. "
            "For n runs give each array of hyper-parameters the shape (n, 1)."
        ) from None


def _slope(
    landscape: Any, gradient: Callable | None, noise: Any, seed: Any, shape: tuple[int, ...]
) -> Callable:
    """Return the function that the rule gets its gradient from: the checked gradient plus noise."""
    exact = landscape.gradient
    if gradient is not None:
        arguments.function("gradient", gradient, "the parameters w")

        def exact(w: Any) -> Any:
            g = arguments.floats("what gradient returns", gradient(w))
            if g.shape != w.shape:
                raise ValueError(
                    f"gradient must return an array of the shape of w, {w.shape}, got {g.shape}."
                )
            return g.astype(w.dtype, copy=False)

    if noise is None:
        return exact
    sigma = arguments.number("noise", noise, low=0, array=True)
    try:
        sigma = np.broadcast_to(sigma, shape)
    except ValueError:
        raise ValueError(
            f"noise must fit the parameters, of shape {shape}, got shape {np.shape(sigma)}."
        ) from None
    try:
        random = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ValueError(
            f"seed must be a whole number of at least 0 or a numpy Generator, got {seed!r}."
        ) from None

    def noisy(w: Any) -> Any:
        return exact(w) + (sigma * random.standard_normal(shape)).astype(w.dtype, copy=False)

    return noisy


def _rates(schedule: Any, landscape: Any, steps: int) -> list | Callable:
    """Return the learning rate of each step (None: the rule's own), or a function that finds it."""
    if schedule is None:
        return [None] * steps
    if hasattr(schedule, "init") and not isinstance(
        schedule, type
    ):  # a schedule with a memory, which is fed with the loss
        memory = [schedule.init()]

        def watching(w: Any) -> Any:
            lr, memory[0] = schedule.step(landscape(w), memory[0])
            return lr[..., None].astype(w.dtype, copy=False) if np.ndim(lr) else float(lr)

        return watching
    schedules.as_schedule(schedule)
    return [arguments.number(f"schedule({k})", schedule(k), low=0) for k in range(steps)]


def _losses(landscape: Any, points: np.ndarray) -> np.ndarray:
    """Return the loss at every point, a few rows at a time so that temporaries fit in the cache."""
    rows = max(1, 50_000 // max(points[0].size, 1))
    parts = [landscape(points[i : i + rows]) for i in range(0, len(points), rows)]
    return np.concatenate(parts) if len(parts) > 1 else np.asarray(parts[0])


def _rates_used(rates: list, rule: Any) -> np.ndarray:
    used = np.array(
        [getattr(rule, "lr", np.nan) if lr is None else lr for lr in rates], dtype=float
    )
    return used[..., 0] if used.ndim > 1 and used.shape[-1] == 1 else used


def _keep(alive: np.ndarray, new: Any, old: Any) -> Any:
    """Return `new` for the runs that go on and `old` for the runs that stopped."""
    if np.shape(new)[: alive.ndim] != alive.shape:
        return new
    return np.where(alive.reshape(alive.shape + (1,) * (np.ndim(new) - alive.ndim)), new, old)


def _keep_all(alive: np.ndarray, new: dict, old: dict) -> dict:
    return {name: _keep(alive, new[name], old[name]) for name in new}


def _where(step: int) -> int | None:
    return None if step < 0 else step
