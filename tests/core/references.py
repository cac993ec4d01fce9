"""What each of the course's rules is compared with: something independent, in one line.

`REFERENCES` has a line for each rule, of one of three kinds: torch's own class and what the
hyper-parameters are called there; `by_hand` around the paper's update, written anew; or
`Published`, numbers that a paper or another program gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from course_lib.optimizers import (
    Adadelta,
    Adagrad,
    Adam,
    AdaMax,
    AdamW,
    AMSGrad,
    GradientDescent,
    Lion,
    Momentum,
    Nadam,
    Nesterov,
    RMSProp,
    Rule,
)


@dataclass(frozen=True)
class Published:
    """A rule that meets `gradients`, one after the other, must come to `points` from `start`."""

    rule: Rule
    start: float
    gradients: Sequence[float]
    points: Sequence[float]


def by_hand(update: Callable) -> type[torch.optim.Optimizer]:
    """Return a torch optimizer that moves each parameter by what `update` returns.

    `update(w, g, memory, **hyper)` takes the parameter, its gradient, and a dict that is empty at
    the first step and kept from one to the next.
    """

    class ByHand(torch.optim.Optimizer):
        def __init__(self, parameters: Any, **hyper: float) -> None:
            super().__init__(parameters, hyper)

        @torch.no_grad()
        def step(self, closure: None = None) -> None:
            for group in self.param_groups:
                hyper = {name: group[name] for name in self.defaults}
                for w in group["params"]:
                    w += update(w, w.grad, self.state[w], **hyper)

    return ByHand


def lion(w: Any, g: Any, memory: dict, **hyper: float) -> Any:
    """Algorithm 2 of Chen et al. (2023), with interpolations written by `lerp` and in place."""
    m = memory.setdefault("m", torch.zeros_like(w))
    direction = torch.lerp(g, m, hyper["beta1"]).sign().add(w, alpha=hyper["weight_decay"])
    m.lerp_(g, 1 - hyper["beta2"])
    return -hyper["lr"] * direction


REFERENCES = {
    GradientDescent: lambda r: (torch.optim.SGD, {}),
    Momentum: lambda r: (torch.optim.SGD, {"momentum": r.momentum}),
    Nesterov: lambda r: (torch.optim.SGD, {"momentum": r.momentum, "nesterov": r.momentum > 0}),
    Adagrad: lambda r: (torch.optim.Adagrad, {"eps": r.eps}),
    RMSProp: lambda r: (torch.optim.RMSprop, {"alpha": r.rho, "eps": r.eps}),
    Adadelta: lambda r: (torch.optim.Adadelta, {"rho": r.rho, "eps": r.eps}),
    Adam: lambda r: (torch.optim.Adam, {"betas": (r.beta1, r.beta2), "eps": r.eps}),
    AdaMax: lambda r: (torch.optim.Adamax, {"betas": (r.beta1, r.beta2), "eps": r.eps}),
    Nadam: lambda r: (
        torch.optim.NAdam,
        {"betas": (r.beta1, r.beta2), "eps": r.eps, "momentum_decay": r.momentum_decay},
    ),
    AMSGrad: lambda r: (
        torch.optim.Adam,
        {"betas": (r.beta1, r.beta2), "eps": r.eps, "amsgrad": True},
    ),
    AdamW: lambda r: (torch.optim.AdamW, {"betas": (r.beta1, r.beta2), "eps": r.eps}),
    Lion: lambda r: (by_hand(lion), {"beta1": r.beta1, "beta2": r.beta2}),
}


# The rules that have an update to compare with, step by step, wherever they walk.
UPDATES = [kind for kind, reference in REFERENCES.items() if not isinstance(reference, Published)]
# Those among them that torch has.
TORCHS = [kind for kind in UPDATES if REFERENCES[kind](kind())[0].__module__.startswith("torch.")]


def original(rule: Rule, parameters: Any, **settings: Any) -> torch.optim.Optimizer:
    """Return the reference of a rule as an optimizer; `settings` are torch's, such as `foreach`."""
    kind, hyper = REFERENCES[type(rule)](rule)
    return kind(parameters, lr=rule.lr, weight_decay=rule.weight_decay, **hyper, **settings)
