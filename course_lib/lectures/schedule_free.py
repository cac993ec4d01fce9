"""Schedule-free AdamW, which lecture 6 compares with a cosine on its tiny transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from course_lib.optimizers import Rule, State


@dataclass(frozen=True)
class ScheduleFree(Rule):
    """Schedule-free AdamW: a mean of the points replaces the falling rate (Defazio et al., 2024).

    This is algorithm 1 of the paper. The w of this rule is the point y at which gradients are
    taken. The mean x, which the state holds, is the one to judge and to keep.

    v ← β₂v + (1 − β₂)g²
    z ← z − a(g / (√v + ε) + λy), with a = α√(1 − β₂ᵏ)
    x ← (1 − c)x + cz, with c = a² / (the sum of all a² so far)
    y ← (1 − β₁)z + β₁x

    Notes
    -----
    With a constant rate and β₂ = 0, c is 1/k, so x is the plain mean of all z. During a warm-up the
    early points, with their short steps, count less.
    """

    lr: float = 2.5e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    memory = ("v",)
    counts = True

    def init(self, w: Any) -> State:
        """Return the state before the first step: z and x start where `w` is."""
        return super().init(w) | {"z": w, "x": w, "sum": 0.0}

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr, decay=0.0)
        k = state["k"] + 1
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        a = lr * (1 - self.beta2**k) ** 0.5
        z = state["z"] - a * (g / (v**0.5 + self.eps) + self.weight_decay * w)
        c = a**2 / (state["sum"] + a**2)
        x = (1 - c) * state["x"] + c * z
        y = (1 - self.beta1) * z + self.beta1 * x
        return y, {"v": v, "z": z, "x": x, "k": k, "sum": state["sum"] + a**2}
