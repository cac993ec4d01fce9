"""Two ways to write each rule: torch's, which the course uses, and the one found elsewhere.

The differences look like trifles and sit in the small print. `drift` walks both from the same
start, so that a reader can see when a trifle is one. It stands beside `descent` and is drawn by
`plots`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import arguments
from course_lib.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    Momentum,
    Nadam,
    Nesterov,
    RMSProp,
    State,
)

# Each class below is one rule of `optimizers` in the other convention. They take numpy arrays only.


@dataclass(frozen=True)
class VelocityMomentum(Momentum):
    """Keras, and many lectures: v ← μv + αg, w ← w − v."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.momentum * state["v"] + lr * g
        return w - v, {"v": v}


@dataclass(frozen=True)
class AveragedMomentum(Momentum):
    """The mean of the gradients: v ← μv + (1 − μ)g, w ← w − αv."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.momentum * state["v"] + (1 - self.momentum) * g
        return w - lr * v, {"v": v}


@dataclass(frozen=True)
class LookAheadNesterov(Nesterov):
    """The textbook's: v ← μv + α∇L(w − μv), w ← w − v."""

    def looks_at(self, w: Any, state: State) -> Any:
        """Return where the gradient is to be taken: w − μv."""
        return w - self.momentum * state["v"]

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.momentum * state["v"] + lr * g
        return w - v, {"v": v}


@dataclass(frozen=True)
class InnerAdagrad(Adagrad):
    """Keras and optax: w ← w − αg / √(s + ε)."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        s = state["s"] + g**2
        return w - lr * g / (s + self.eps) ** 0.5, {"s": s}


@dataclass(frozen=True)
class StartedAdagrad(Adagrad):
    """Keras and optax begin with s = 0.1 in place of 0."""

    def init(self, w: Any) -> State:
        return {"s": super().init(w)["s"] + 0.1}


@dataclass(frozen=True)
class InnerRMSProp(RMSProp):
    """Elsewhere: w ← w − αg / √(v + ε), with ρ = 0.9."""

    rho: float = 0.9

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.rho * state["v"] + (1 - self.rho) * g**2
        return w - lr * g / (v + self.eps) ** 0.5, {"v": v}


@dataclass(frozen=True)
class RatelessAdadelta(Adadelta):
    """The paper's: no learning rate at all, so no schedule either."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        return super().step(w, g, state, 1.0)


@dataclass(frozen=True)
class OuterAdam(Adam):
    """Keras, and the paper's efficient form: ε is added to √v, before the bias correction."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        lr = lr * (1 - self.beta2**k) ** 0.5 / (1 - self.beta1**k)
        return w - lr * m / (v**0.5 + self.eps), {"m": m, "v": v, "k": k}


@dataclass(frozen=True)
class BareAdaMax(AdaMax):
    """The paper's: u ← max(β₂u, |g|), with no ε. A coordinate without any gradient stays."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        u = np.maximum(self.beta2 * state["u"], abs(g))
        ratio = np.divide(m, u, out=np.zeros_like(m), where=u > 0)
        return w - lr / (1 - self.beta1**k) * ratio, {"m": m, "u": u, "k": k}


@dataclass(frozen=True)
class ConstantNadam(Nadam):
    """optax: μ stays at β₁."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        m_hat = self.beta1 * m / (1 - self.beta1 ** (k + 1))
        m_hat = m_hat + (1 - self.beta1) * g / (1 - self.beta1**k)
        w = w - lr * m_hat / ((v / (1 - self.beta2**k)) ** 0.5 + self.eps)
        return w, {"m": m, "v": v, "k": k, "product": state["product"]}


@dataclass(frozen=True)
class CorrectedAMSGrad(AMSGrad):
    """optax: the largest v̂, each corrected before they are compared."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        v_max = np.maximum(state["v_max"], v / (1 - self.beta2**k))
        w = w - lr * m / (1 - self.beta1**k) / (v_max**0.5 + self.eps)
        return w, {"m": m, "v": v, "v_max": v_max, "k": k}


@dataclass(frozen=True)
class UncorrectedAMSGrad(AMSGrad):
    """The paper's: no bias correction anywhere."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        v_max = np.maximum(state["v_max"], v)
        w = w - lr * m / (v_max**0.5 + self.eps)
        return w, {"m": m, "v": v, "v_max": v_max, "k": state["k"] + 1}


@dataclass(frozen=True)
class ScheduledAdamW(AdamW):
    """The paper's: w ← w − η(αm̂ / (√v̂ + ε) + λw), where the schedule is η = `lr` / α."""

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        rate = self.lr if lr is None else lr
        shrunk = (1 - rate / self.lr * self.weight_decay) * w
        alone = Adam(rate, self.beta1, self.beta2, self.eps)
        moved, state = alone.step(w, g, state)
        return shrunk + (moved - w), state


@dataclass(frozen=True, eq=False)
class Convention:
    """One line of the table: a rule, the other way to write it, and where they part.

    Attributes
    ----------
    name : str
        What to call it in a list.
    here, there : update rule
        torch's form, and the other one.
    note : str
        When the two differ, in a few words.
    """

    name: str
    here: Any
    there: Any
    note: str


CONVENTIONS = arguments.Names(
    {
        each.name: each
        for each in (
            Convention(
                "momentum: α inside the velocity",
                Momentum(lr=0.02),
                VelocityMomentum(lr=0.02),
                "the same until α changes",
            ),
            Convention(
                "momentum: mean of the gradients",
                Momentum(lr=0.02),
                AveragedMomentum(lr=0.02),
                "α counts 1 − μ times as much",
            ),
            Convention(
                "Nesterov: gradient at the look-ahead point",
                Nesterov(lr=0.02),
                LookAheadNesterov(lr=0.02),
                "one sequence, written at two points of it",
            ),
            Convention(
                "Adagrad: ε inside the root",
                Adagrad(lr=0.5),
                InnerAdagrad(lr=0.5),
                "matters once |g| is near √ε = 1e-5",
            ),
            Convention(
                "Adagrad: s starts at 0.1",
                Adagrad(lr=0.5),
                StartedAdagrad(lr=0.5),
                "matters once |g| is near √0.1 or below",
            ),
            Convention(
                "RMSProp: ε inside the root, ρ = 0.9",
                RMSProp(lr=0.05),
                InnerRMSProp(lr=0.05),
                "another memory, and √ε = 1e-4",
            ),
            Convention(
                "Adadelta: no learning rate",
                Adadelta(lr=1.0),
                RatelessAdadelta(lr=1.0),
                "the same until you want a schedule",
            ),
            Convention(
                "Adadelta: α = 0.001",
                Adadelta(),
                Adadelta(lr=0.001),
                "Keras's default: a thousand times slower",
            ),
            Convention(
                "Adam: ε before the bias correction",
                Adam(lr=0.1),
                OuterAdam(lr=0.1),
                "ε weighs 1 / √(1 − β₂ᵏ) times as much",
            ),
            Convention(
                "AdaMax: no ε",
                AdaMax(lr=0.1),
                BareAdaMax(lr=0.1),
                "matters once |g| is near ε = 1e-8",
            ),
            Convention(
                "Nadam: constant μ",
                Nadam(lr=0.1),
                ConstantNadam(lr=0.1),
                "torch warms μ up from β₁ / 2",
            ),
            Convention(
                "Nadam: μ warms with 0.96^k",
                Nadam(lr=0.1),
                Nadam(lr=0.1, momentum_decay=1.0),
                "250 times as fast as torch's",
            ),
            Convention(
                "AMSGrad: largest corrected v̂",
                AMSGrad(lr=0.1),
                CorrectedAMSGrad(lr=0.1),
                "the first v̂ is large, and stays",
            ),
            Convention(
                "AMSGrad: no bias correction",
                AMSGrad(lr=0.1),
                UncorrectedAMSGrad(lr=0.1),
                "the first steps are too long",
            ),
            Convention(
                "AdamW: λ times the schedule only",
                AdamW(lr=0.1),
                ScheduledAdamW(lr=0.1),
                "λ counts 1 / α times as much",
            ),
        )
    }
)


def drift(
    convention: Convention,
    landscape: Any,
    start: Any,
    steps: int,
    scale: float = 1.0,
    schedule: Callable | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Walk both forms from the same start with the same hyper-parameters.

    Parameters
    ----------
    convention : Convention
    landscape : Landscape
    start : array_like, shape (d,)
    steps : int
    scale : float
        Every gradient is multiplied by it: the same landscape, measured in another unit of loss.
    schedule : callable, optional
        Takes k and returns the factor on the learning rate at step k.

    Returns
    -------
    here, there : ndarray, shape (steps + 1, d)
        The two walks. Where a walk overflows, it stays.
    """
    steps = arguments.whole("steps", steps)
    scale = arguments.number("scale", scale, low=0, open_low=True)
    start = arguments.points("start", start, landscape.dimension, finite=True)
    walks = [
        _walk(rule, landscape, start, steps, scale, schedule)
        for rule in (convention.here, convention.there)
    ]
    return walks[0], walks[1]


def _walk(rule, landscape, start, steps, scale, schedule) -> np.ndarray:
    w, state = np.array(start, dtype=float), rule.init(np.array(start, dtype=float))
    points = np.tile(w, (steps + 1, 1))
    looks_at = getattr(rule, "looks_at", lambda w, state: w)
    with np.errstate(all="ignore"):
        for k in range(steps):
            lr = None if schedule is None else rule.lr * schedule(k)
            g = scale * landscape.gradient(looks_at(w, state))
            w_next, state = rule.step(w, g, state, lr)
            if not np.isfinite(w_next).all():
                points[k + 1 :] = w
                break
            points[k + 1] = w = w_next
    return points
