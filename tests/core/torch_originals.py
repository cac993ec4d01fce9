"""torch.optim's own version of each of the course's rules, with the same hyper-parameters."""

from __future__ import annotations

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
    Momentum,
    Nadam,
    Nesterov,
    RMSProp,
    Rule,
)

# For each rule torch's class, and what the arguments are called there.
NAMES = {
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
}


def original(rule: Rule, parameters: Any, **settings: Any) -> torch.optim.Optimizer:
    """Return torch's optimizer for the rule; `settings` are torch's own, such as `foreach`."""
    kind, hyper = NAMES[type(rule)](rule)
    return kind(parameters, lr=rule.lr, weight_decay=rule.weight_decay, **hyper, **settings)
