"""Learning-rate schedules: pure functions of the step, k = 0, 1, …, so that `schedule(0)` is α₀.

A schedule only says how large the next step is; `descent` and `training` ask for it. The one
schedule with a memory, `ReduceOnPlateau`, is fed with the loss and is shaped like an update rule.

Each function here returns a `Schedule`. It raises `TypeError` for an argument that is not a number
and `ValueError` for a number outside the interval that the docstring gives.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec

import numpy as np
from array_api_compat import array_namespace

from course_lib import arguments

P = ParamSpec("P")
Schedule = Callable[[Any], Any]
"""Takes a step k ≥ 0 (or an array of steps) and returns the learning rate α_k."""


class _Made:
    """A schedule that knows its maker and arguments, so that it can be printed and pickled."""

    def __init__(self, formula: Schedule, maker: Callable, given: tuple, named: dict) -> None:
        self.formula, self.maker, self.given, self.named = formula, maker, given, named

    def __call__(self, k: Any) -> Any:
        return self.formula(k)

    def __repr__(self) -> str:
        named = [f"{name}={value!r}" for name, value in self.named.items()]
        return f"{self.maker.__name__}({', '.join([*map(repr, self.given), *named])})"

    def __reduce__(self) -> tuple:
        return _remade, (self.maker, self.given, self.named)


def _remade(maker: Callable, given: tuple, named: dict) -> Schedule:
    made: Schedule = maker(*given, **named)
    return made


def _kept(maker: Callable[P, Schedule]) -> Callable[P, Schedule]:
    """Let the schedules that `maker` returns keep what they were made with."""

    @functools.wraps(maker)
    def made(*given: P.args, **named: P.kwargs) -> Schedule:
        return _Made(maker(*given, **named), made, given, named)

    return made


@_kept
def constant(lr: float) -> Schedule:
    """α_k = α₀.

    Parameters
    ----------
    lr : float
        α₀ > 0.
    """
    lr = _rate(lr)
    return lambda k: lr + 0 * k


@_kept
def time_based(lr: float, decay: float) -> Schedule:
    """α_k = α₀ / (1 + κk), with κ = `decay` ≥ 0 (Robbins & Monro, 1951, for the conditions).

    Parameters
    ----------
    lr : float
        α₀ > 0, the rate of the first step.
    decay : float
        κ ≥ 0, per step: after 1 / κ steps the rate is half of α₀.
    """
    lr, decay = _rate(lr), arguments.number("decay", decay, low=0)
    return lambda k: lr / (1 + decay * k)


@_kept
def exponential(lr: float, base: float) -> Schedule:
    """α_k = α₀ · dᵏ, with 0 < d = `base` ≤ 1. The same as torch's `ExponentialLR`.

    Parameters
    ----------
    lr : float
        α₀ > 0, the rate of the first step.
    base : float
        d, the factor that each step multiplies the rate by, above 0 and at most 1.
    """
    lr, base = _rate(lr), arguments.number("base", base, low=0, high=1, open_low=True)
    return lambda k: lr * base**k


@_kept
def natural_exponential(lr: float, rate: float) -> Schedule:
    """α_k = α₀ · e^(−κk), with κ = `rate` ≥ 0: `exponential` with the base e^(−κ).

    Parameters
    ----------
    lr : float
        α₀ > 0, the rate of the first step.
    rate : float
        κ ≥ 0, per step: after 1 / κ steps the rate is α₀ / e.
    """
    lr, rate = _rate(lr), arguments.number("rate", rate, low=0)
    return lambda k: lr * math.e ** (-rate * k)


@_kept
def inverse_sqrt(lr: float, scale: float = 1.0) -> Schedule:
    """α_k = d · α₀ / √(k + 1), with d = `scale` > 0.

    Parameters
    ----------
    lr : float
        α₀ > 0.
    scale : float
        d > 0, the factor that α₀ is multiplied by.
    """
    lr, scale = _rate(lr), arguments.number("scale", scale, low=0, open_low=True)
    return lambda k: scale * lr / (k + 1) ** 0.5


@_kept
def step_decay(lr: float, factor: float = 0.5, every: int = 10) -> Schedule:
    """α_k = α₀ · f^⌊k / n⌋: times f = `factor` after every n = `every` steps. torch's `StepLR`.

    Parameters
    ----------
    lr : float
        α₀ > 0, the rate of the first step.
    factor : float
        f, above 0 and at most 1.
    every : int
        n ≥ 1 steps.
    """
    lr, every = _rate(lr), arguments.whole("every", every, low=1)
    factor = arguments.number("factor", factor, low=0, high=1, open_low=True)
    return lambda k: lr * factor ** (k // every)


@_kept
def cosine(lr: float, steps: int, floor: float = 0.0) -> Schedule:
    """Half a cosine from α₀ down to `floor` over `steps` steps, and `floor` from then on.

    α_k = floor + (α₀ − floor) · (1 + cos(πk / steps)) / 2 (Loshchilov & Hutter, 2017, equation 5,
    without restarts). It equals torch's `CosineAnnealingLR` up to its end, after which torch's rate
    rises again.

    Parameters
    ----------
    lr : float
        α₀ > 0, the rate of the first step.
    steps : int
        The number of steps it falls for, at least 1.
    floor : float
        The last rate, from 0 to α₀.
    """
    lr, steps = _rate(lr), arguments.whole("steps", steps, low=1)
    floor = arguments.number("floor", floor, low=0, high=lr)
    return lambda k: floor + (lr - floor) * (1 + _cos(math.pi * _least(k, steps) / steps)) / 2


@_kept
def warmup(schedule: Schedule, steps: int) -> Schedule:
    """Rise in a straight line for `steps` steps, then follow `schedule` from its own step 0.

    α_k = schedule(0) · (k + 1) / (steps + 1) for k < steps, so the first step already moves, and
    step `steps` is the first at the full rate (Goyal et al., 2017, section 2.2).

    Parameters
    ----------
    schedule : Schedule
        The schedule that follows the rise.
    steps : int
        The number of steps it rises for; 0 leaves `schedule` unchanged.
    """
    schedule = as_schedule(schedule)
    steps = arguments.whole("steps", steps)

    def warmed_up(k: Any) -> Any:
        rise = _least(k + 1, steps + 1) / (steps + 1)
        return rise * schedule(k - _least(k, steps))

    return warmed_up


def scale_with_batch(lr: float, batch: int, base_batch: int) -> float:
    """Return α · B / B₀: a rate `lr` tuned at batch size `base_batch`, scaled to `batch`.

    This is the linear scaling rule (Goyal et al., 2017, section 2.1). It holds while α stays small.

    Parameters
    ----------
    lr : float
        α > 0, the rate that is right at `base_batch`.
    batch, base_batch : int
        B and B₀, in examples, at least 1.
    """
    batch = arguments.whole("batch", batch, low=1)
    return _rate(lr) * batch / arguments.whole("base_batch", base_batch, low=1)


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Cut the learning rate when the loss has stopped falling: the schedule with a memory.

    It cannot be a function of k, because it has to see the losses. It follows torch's
    `ReduceLROnPlateau` (mode "min", relative threshold, no cooldown) and works on a batch of runs.

    Parameters
    ----------
    lr : float
        α₀ ≥ 0.
    factor : float
        The factor of each cut, 0 < factor < 1.
    patience : int
        The number of losses in a row that may fail to improve before the cut.
    threshold : float
        A loss counts as an improvement if it is below best − threshold · |best|.
    floor : float
        α never goes below this.

    Notes
    -----
    torch compares with best · (1 − threshold). That is the same while losses are positive, but
    among negative losses torch takes a slightly worse loss for a better one, so there they differ.
    """

    lr: float = 0.1
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    floor: float = 0.0

    def __post_init__(self) -> None:
        _rate(self.lr)
        arguments.number("factor", self.factor, low=0, high=1, open_low=True, open_high=True)
        arguments.whole("patience", self.patience)
        arguments.number("threshold", self.threshold, low=0, high=1, open_high=True)
        arguments.number("floor", self.floor, low=0, high=max(self.lr, 0))

    def init(self) -> dict[str, Any]:
        """Return the memory before the first loss: best loss, bad losses in a row, rate."""
        return {"best": math.inf, "bad": 0, "lr": self.lr}

    def step(self, loss: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Take in a loss (or one for each run); return the rate to use next, and the memory."""
        loss, best = arguments.floats("loss", loss).astype(float), np.asarray(state["best"])
        improved = loss < best - self.threshold * np.where(np.isinf(best), 0, abs(best))
        bad = np.where(improved, 0, state["bad"] + 1)
        cut = bad > self.patience
        lr = np.where(cut, np.maximum(state["lr"] * self.factor, self.floor), state["lr"])[()]
        return lr, {"best": np.where(improved, loss, best), "bad": np.where(cut, 0, bad), "lr": lr}


def as_schedule(schedule: Any, takes: str = "the step k") -> Schedule:
    """Return `schedule` if it is a schedule, or raise a TypeError that says what is missing.

    Parameters
    ----------
    schedule : Schedule
        The value that the caller passed. A common slip is `cosine` for `cosine(0.1, steps=100)`.
    takes : str
        The argument it is called with, in words.
    """
    if any(schedule is maker for maker in (*SCHEDULES.values(), warmup, ReduceOnPlateau)):
        name = schedule.__name__
        first = "cosine(lr=0.1, steps=100), steps=10" if name == "warmup" else "lr=0.1, ..."
        raise TypeError(
            f"schedule must be created with its values, such as {name}({first}), got {name} alone."
        )
    return arguments.function("schedule", schedule, takes)


def _rate(lr: Any) -> float:
    return arguments.number("lr", lr, low=0)


def _cos(x: Any) -> Any:
    return array_namespace(x).cos(x) if hasattr(x, "shape") else math.cos(x)


def _least(k: Any, most: int) -> Any:
    return k.clip(max=most) if hasattr(k, "shape") else min(k, most)


SCHEDULES = arguments.Names(
    {
        "constant": constant,
        "time_based": time_based,
        "exponential": exponential,
        "natural_exponential": natural_exponential,
        "inverse_sqrt": inverse_sqrt,
        "step_decay": step_decay,
        "cosine": cosine,
    }
)
