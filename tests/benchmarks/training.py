"""Time the course's rules through `as_torch` against torch.optim's own, on a 784-128-10 network.

Run it with `python tests/benchmarks/training.py`. It trains both on the same batches of 64, one
after the other and many times over, and prints the median CPU seconds of one epoch of 60 000
examples and the median ratio, whole epoch and optimizer steps alone. Wanted: an epoch's ratio of at
most 1.5 for each rule.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import course_lib  # noqa: F401  sets the number of threads before torch is loaded
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
)
from course_lib.training import as_torch

import torch  # isort: skip

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
from references import original

RULES = [
    *(kind(lr=0.01) for kind in (GradientDescent, Momentum, Nesterov)),
    RMSProp(lr=0.001),
    *(kind() for kind in (Adagrad, Adadelta, Adam, AdaMax, Nadam, AMSGrad, AdamW)),
]
BATCH, EPOCH = 64, 938


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))


def seconds(make_optimizer, inputs: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Return the CPU time of one pass over the inputs, and of its optimizer steps alone."""
    model, stepping = network(), 0.0
    optimizer = make_optimizer(model.parameters())
    start = time.process_time()
    for first in range(0, len(inputs), BATCH):
        optimizer.zero_grad()
        scores = model(inputs[first : first + BATCH])
        torch.nn.functional.cross_entropy(scores, labels[first : first + BATCH]).backward()
        before = time.process_time()
        optimizer.step()
        stepping += time.process_time() - before
    return time.process_time() - start, stepping


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9, help="how often each is timed")
    options.add_argument("--updates", type=int, default=300, help="updates in each timing")
    options = options.parse_args()

    torch.manual_seed(0)
    inputs = torch.rand(options.updates * BATCH, 784)
    labels = torch.randint(10, (len(inputs),))
    print(f"CPU seconds per epoch of {EPOCH} updates, medians of {options.rounds} interleaved runs")
    print(f"{'rule':16} {'course':>8} {'torch':>8} {'ratio':>6} {'steps alone':>12}")
    for rule in RULES:

        def ours(parameters, rule=rule):
            return as_torch(rule, parameters)

        def theirs(parameters, rule=rule):
            return original(rule, parameters)

        rounds = []
        for _ in range(options.rounds):
            (course, course_steps), (peer, peer_steps) = (
                seconds(make, inputs, labels) for make in (ours, theirs)
            )
            rounds.append((course, peer, course / peer, course_steps / peer_steps))
        course, peer, ratio, steps_ratio = map(statistics.median, zip(*rounds, strict=True))
        epoch = EPOCH / options.updates
        name = type(rule).__name__
        print(
            f"{name:16} {course * epoch:8.3f} {peer * epoch:8.3f} {ratio:6.2f} {steps_ratio:12.2f}"
        )


if __name__ == "__main__":
    main()
