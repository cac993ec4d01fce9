"""The update rules. Each is a frozen dataclass that fits on one screen with its formula.

A rule is pure: `init(w)` returns its first state, `step(w, g, state)` returns the next parameters
and the next state, and neither modifies its arguments. The same lines run on numpy arrays and on
torch tensors, for one run or for a whole batch of runs. Every rule follows torch's form, and the
notes say where a paper, Keras or optax differs.

Symbols: w parameters, g gradient at w, α learning rate (`lr`), λ weight decay, k steps so far.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import array_api_compat.numpy  # noqa: F401  # takes a tenth of a second: not in the first picture
from array_api_compat import array_namespace

from course_lib import arguments

State = dict[str, Any]

_BELOW_ONE = {"low": 0, "high": 1, "open_high": True}
_ALLOWED: dict[str, dict[str, Any]] = dict.fromkeys(
    ("momentum", "beta1", "beta2", "rho"), _BELOW_ONE
)


@dataclass(frozen=True)
class Rule:
    """The base of all rules: checked hyper-parameters, a state of zeros, and weight decay.

    A rule adds `step(w, g, state, lr=None)`, which returns the parameters and the state after one
    step, in the shape and dtype of `w`. `g` is the gradient at `w`, in the same dtype; a shape
    other than that of `w` raises ValueError. `lr` replaces the rule's own rate for this step, so
    that a schedule can set it.

    Attributes
    ----------
    lr : float
        The learning rate α.
    momentum : float
        μ, the fraction of the velocity that remains after a step.
    beta1, beta2, rho : float
        The fraction of a running mean that remains after a step: β₁ for the mean of the gradient,
        β₂ and ρ for the mean of its square.
    eps : float
        ε, which prevents a division by 0.
    momentum_decay : float
        ψ, how fast Nadam's μ grows toward β₁.
    weight_decay : float
        λ: λw is added to the gradient. AdamW, Lion and Muon shrink the parameters directly.

    Each is a number of at least 0 (and below 1 for `momentum`, `beta1`, `beta2` and `rho`), or an
    array that broadcasts against `w`, which tries many values in one batch of runs. Anything else
    raises TypeError or ValueError.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            limits = _ALLOWED.get(field.name, {"low": 0})
            value = arguments.number(field.name, getattr(self, field.name), array=True, **limits)
            object.__setattr__(self, field.name, value)

    def init(self, w: Any) -> State:
        """Return the state before the first step for parameters `w` of any shape."""
        return {name: _zeros(w) for name in self.memory} | ({"k": 0} if self.counts else {})

    def prepare(self, w: Any, g: Any, lr: Any, decay: Any = None) -> tuple[Any, Any]:
        """Return this step's rate (the rule's own if `lr` is None) and g + λw, with λ = `decay`."""
        if not hasattr(w, "shape"):
            raise TypeError(f"w must be an array or a tensor, got {w!r}.")
        if getattr(g, "shape", None) != w.shape:
            raise ValueError(f"g must have the shape of w, {tuple(w.shape)}, got {g!r}.")
        rate = self.lr if lr is None else lr
        if getattr(rate, "shape", None) == () and not getattr(rate, "requires_grad", False):
            rate = float(rate)  # a numpy float64 would widen a float32 w
        decay = getattr(self, "weight_decay", 0.0) if decay is None else decay
        return rate, g if isinstance(decay, float) and decay == 0 else g + decay * w

    lr: Any  # every rule has one
    memory: ClassVar[
        tuple[str, ...]
    ] = ()  # names of the arrays in the state, each of the shape of w
    counts: ClassVar[bool] = False  # whether the state holds the number of steps done


@dataclass(frozen=True)
class GradientDescent(Rule):
    """Gradient descent: w ← w − αg (Cauchy, 1847). torch's `SGD`."""

    lr: float = 1e-3
    weight_decay: float = 0.0

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        return w - lr * g, {}


@dataclass(frozen=True)
class Momentum(Rule):
    """Momentum, or the heavy ball: v ← μv + g, w ← w − αv (Polyak, 1964).

    Notes
    -----
    The velocity form v ← γv + αg, w ← w − v (Keras) and the heavy-ball form
    w ← w − αg + β(w − w_prev) give the same iterates while α is constant, but different ones once
    it changes. Some texts write (1 − β)g in place of g, which in effect multiplies α by 1 − β.
    """

    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.0

    memory = ("v",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.momentum * state["v"] + g
        return w - lr * v, {"v": v}


@dataclass(frozen=True)
class Nesterov(Rule):
    """Nesterov momentum: v ← μv + g, w ← w − α(g + μv) (Sutskever et al., 2013, equations 3–4).

    Notes
    -----
    Textbooks (Nesterov, 1983) take the gradient at the look-ahead point w − αμv instead of at w.
    This form gives the same sequence, because its w is the look-ahead point itself.
    """

    lr: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.0

    memory = ("v",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.momentum * state["v"] + g
        return w - lr * (g + self.momentum * v), {"v": v}


@dataclass(frozen=True)
class Adagrad(Rule):
    """Adagrad: s ← s + g², w ← w − αg / (√s + ε) (Duchi, Hazan & Singer, 2011, figure 1).

    Notes
    -----
    Keras and optax divide by √(s + ε).
    """

    lr: float = 1e-2
    eps: float = 1e-10
    weight_decay: float = 0.0

    memory = ("s",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        s = state["s"] + g**2
        return w - lr * g / (s**0.5 + self.eps), {"s": s}


@dataclass(frozen=True)
class RMSProp(Rule):
    """RMSProp: v ← ρv + (1 − ρ)g², w ← w − αg / (√v + ε) (Tieleman & Hinton, 2012, lecture 6.5).

    Notes
    -----
    Other libraries use √(v + ε) and ρ = 0.9. With a gradient of 1e-6 their first step is 0.01α,
    while this one is 9.1α.
    """

    lr: float = 1e-2
    rho: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0.0

    memory = ("v",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.rho * state["v"] + (1 - self.rho) * g**2
        return w - lr * g / (v**0.5 + self.eps), {"v": v}


@dataclass(frozen=True)
class Adadelta(Rule):
    """Adadelta: steps in the units of w, scaled by earlier steps (Zeiler, 2012, algorithm 1).

    v ← ρv + (1 − ρ)g²
    δ = g √(u + ε) / √(v + ε)
    u ← ρu + (1 − ρ)δ²
    w ← w − αδ

    Notes
    -----
    The paper has no learning rate; with the default α = 1 this is the paper's rule.
    """

    lr: float = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0.0

    memory = ("v", "u")

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        v = self.rho * state["v"] + (1 - self.rho) * g**2
        delta = (state["u"] + self.eps) ** 0.5 / (v + self.eps) ** 0.5 * g
        u = self.rho * state["u"] + (1 - self.rho) * delta**2
        return w - lr * delta, {"v": v, "u": u}


@dataclass(frozen=True)
class Adam(Rule):
    """Adam: momentum over the root of the mean square (Kingma & Ba, 2015, algorithm 1).

    m ← β₁m + (1 − β₁)g          mean of the gradient
    v ← β₂v + (1 − β₂)g²         mean of its square
    m̂ = m / (1 − β₁ᵏ),  v̂ = v / (1 − β₂ᵏ)     bias correction, k = 1 at the first step
    w ← w − αm̂ / (√v̂ + ε)

    Notes
    -----
    Keras, and the paper's efficient form, add ε to √v before the bias correction.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    memory = ("m", "v")
    counts = True

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        m_hat = m / (1 - self.beta1**k)
        v_hat = v / (1 - self.beta2**k)
        return w - lr * m_hat / (v_hat**0.5 + self.eps), {"m": m, "v": v, "k": k}


@dataclass(frozen=True)
class AdaMax(Rule):
    """AdaMax: Adam divided by the largest recent |g| (Kingma & Ba, 2015, algorithm 2).

    m ← β₁m + (1 − β₁)g
    u ← max(β₂u, |g| + ε)
    w ← w − α / (1 − β₁ᵏ) m / u

    Notes
    -----
    The paper has no ε.
    """

    lr: float = 2e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    memory = ("m", "u")
    counts = True

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        u = _maximum(self.beta2 * state["u"], abs(g) + self.eps)
        return w - lr / (1 - self.beta1**k) * m / u, {"m": m, "u": u, "k": k}


@dataclass(frozen=True)
class Nadam(Rule):
    """Nadam: Adam with Nesterov's look-ahead (Dozat, 2016, algorithm 2).

    μ_k = β₁(1 − ½ · 0.96^(ψk)), with ψ = `momentum_decay`; Π is the product of all μ so far
    m, v and v̂ as in Adam
    m̂ = μ_{k+1} / (1 − Π μ_{k+1}) m + (1 − μ_k) / (1 − Π) g
    w ← w − αm̂ / (√v̂ + ε)

    Notes
    -----
    optax keeps μ constant at β₁.
    """

    lr: float = 2e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    momentum_decay: float = 4e-3
    weight_decay: float = 0.0

    memory = ("m", "v")
    counts = True

    def init(self, w: Any) -> State:
        return super().init(w) | {"product": 1.0}

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        mu = self.beta1 * (1 - 0.5 * 0.96 ** (k * self.momentum_decay))
        mu_next = self.beta1 * (1 - 0.5 * 0.96 ** ((k + 1) * self.momentum_decay))
        product = state["product"] * mu
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        m_hat = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * g
        v_hat = v / (1 - self.beta2**k)
        w = w - lr * m_hat / (v_hat**0.5 + self.eps)
        return w, {"m": m, "v": v, "k": k, "product": product}


@dataclass(frozen=True)
class AMSGrad(Rule):
    """AMSGrad: Adam whose denominator never shrinks (Reddi, Kale & Kumar, 2018, algorithm 2).

    m and v as in Adam
    v_max ← max(v_max, v)
    w ← w − αm̂ / (√(v_max / (1 − β₂ᵏ)) + ε)

    Notes
    -----
    optax keeps the largest v̂; the paper has no bias correction.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0

    memory = ("m", "v", "v_max")
    counts = True

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        v_max = _maximum(state["v_max"], v)
        m_hat = m / (1 - self.beta1**k)
        v_hat = v_max / (1 - self.beta2**k)
        w = w - lr * m_hat / (v_hat**0.5 + self.eps)
        return w, {"m": m, "v": v, "v_max": v_max, "k": k}


@dataclass(frozen=True)
class AdamW(Rule):
    """AdamW: Adam with the weights shrunk directly (Loshchilov & Hutter, 2019, algorithm 2).

    w ← (1 − αλ)w, then Adam's step with the gradient alone. λ does not pass through √v̂.

    Notes
    -----
    The paper multiplies λ by the schedule alone, not by α.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 1e-2

    memory = ("m", "v")
    counts = True

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr, decay=0.0)
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        m_hat = m / (1 - self.beta1**k)
        v_hat = v / (1 - self.beta2**k)
        w = (1 - lr * self.weight_decay) * w
        return w - lr * m_hat / (v_hat**0.5 + self.eps), {"m": m, "v": v, "k": k}


@dataclass(frozen=True)
class Lion(Rule):
    """Lion: w ← w − α(sign(β₁m + (1 − β₁)g) + λw), m ← β₂m + (1 − β₂)g (Chen et al., 2023).

    This is algorithm 2 of the paper. Every coordinate moves by α, however large its gradient is.
    As in AdamW, the decay λ bypasses the rest of the rule: it does not pass through the sign.

    Notes
    -----
    β₁ mixes the gradient into the direction of this step, and β₂ mixes it into the memory. The
    defaults are the paper's, whose learning rates are 3 to 10 times smaller than AdamW's.
    """

    lr: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0

    memory = ("m",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr, decay=0.0)
        u = _sign(self.beta1 * state["m"] + (1 - self.beta1) * g)
        m = self.beta2 * state["m"] + (1 - self.beta2) * g
        return w - lr * (u + self.weight_decay * w), {"m": m}


@dataclass(frozen=True)
class Muon(Rule):
    """Muon: momentum that steps equally far in all directions of a matrix (Jordan et al., 2024).

    m ← μm + (1 − μ)g
    O ← the matrix (1 − μ)g + μm with its singular values near 1, by Newton–Schulz
    w ← (1 − αλ)w − α √max(1, rows / columns) O

    Notes
    -----
    The last two axes of w are the matrix, and any axes before them count a batch of matrices. A
    vector raises ValueError, because biases, gains and embeddings are left to AdamW. torch computes
    O in 16-bit floats, this rule in the dtype of w.
    """

    lr: float = 1e-3
    momentum: float = 0.95
    eps: float = 1e-7
    weight_decay: float = 0.1

    memory = ("m",)

    def step(self, w: Any, g: Any, state: State, lr: Any = None) -> tuple[Any, State]:
        lr, g = self.prepare(w, g, lr, decay=0.0)
        if len(w.shape) < 2:
            raise ValueError(f"w must be a matrix for Muon, got the shape {tuple(w.shape)}.")
        m = self.momentum * state["m"] + (1 - self.momentum) * g
        direction = even_out((1 - self.momentum) * g + self.momentum * m, self.eps)
        longer = max(1, w.shape[-2] / w.shape[-1]) ** 0.5
        return (1 - lr * self.weight_decay) * w - lr * longer * direction, {"m": m}


def even_out(matrix: Any, eps: float = 1e-7) -> Any:
    """Return a matrix with the same singular directions and with singular values from 0.7 to 1.2.

    It takes five steps of Newton–Schulz, x ← ax + b(xxᵀ)x + c(xxᵀ)²x, with Muon's coefficients.
    Each step raises the small singular values and keeps the large ones near 1. Singular values
    below about 0.002 of the matrix's norm stay below that range.

    Parameters
    ----------
    matrix : array or tensor, shape (..., rows, columns)
    eps : float
        A matrix whose norm is below `eps` is not scaled up to norm 1.
    """
    xp = array_namespace(matrix)
    norm = xp.sum(matrix**2, axis=(-2, -1), keepdims=True) ** 0.5
    x = matrix / xp.maximum(norm, xp.full_like(norm, eps))
    tall = matrix.shape[-2] > matrix.shape[-1]
    x = x.mT if tall else x
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x


OPTIMIZERS = arguments.Names(
    {
        "GradientDescent": GradientDescent,
        "Momentum": Momentum,
        "Nesterov": Nesterov,
        "Adagrad": Adagrad,
        "RMSProp": RMSProp,
        "Adadelta": Adadelta,
        "Adam": Adam,
        "AdaMax": AdaMax,
        "Nadam": Nadam,
        "AMSGrad": AMSGrad,
        "AdamW": AdamW,
        "Lion": Lion,
    }
)


def _zeros(w: Any) -> Any:
    return array_namespace(w).zeros_like(w)


def _maximum(a: Any, b: Any) -> Any:
    return array_namespace(a, b).maximum(a, b)


def _sign(a: Any) -> Any:
    return array_namespace(a).sign(a)
