"""Measure what each change buys on the way from the lab's 97 % to 99 % on MNIST.

Run it with `python tests/benchmarks/from_97_to_99.py`. Each line changes one thing in the line
above it. Training sees 50 000 digits; the score is on the 10 000 validation digits, and for the
first and last line on the test digits, too.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import course_lib  # noqa: F401  sets the number of threads before torch is loaded
from course_lib.data import Batches, load_mnist
from course_lib.optimizers import Nesterov
from course_lib.schedules import cosine, warmup
from course_lib.training import accuracy, as_torch

import torch  # isort: skip
from torch import nn  # isort: skip


def layers(hidden: int) -> Callable[[], nn.Module]:
    """Return what makes a network 784-`hidden`-10."""
    return lambda: nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def convolutions() -> nn.Module:
    """Return a network of two convolutions that halve the image: 83 466 parameters."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 32, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(32, 64, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 10),
    )


class Step(NamedTuple):
    """One line of the table."""

    change: str
    make: Callable[[], nn.Module]
    epochs: int
    lr: float
    shifts: bool = False


STEPS = (
    Step("the lab's run: 784-128-10, 4 epochs", layers(128), 4, 0.2),
    Step("8 epochs", layers(128), 8, 0.2),
    Step("512 hidden neurons", layers(512), 8, 0.2),
    Step("digits shifted by up to a pixel", layers(512), 8, 0.2, shifts=True),
    Step("two convolutions in place of the wide layer", convolutions, 8, 0.1, shifts=True),
)


def train(step: Step, images: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple:
    """Return a trained network and the CPU seconds it took."""
    torch.manual_seed(seed)
    model, batches = step.make(), Batches(images, labels, 64, seed=seed)
    updates = step.epochs * len(batches)
    schedule = warmup(cosine(step.lr, updates - updates // 5), updates // 5)
    optimizer = as_torch(Nesterov(momentum=0.9), model.parameters())
    start, k = time.process_time(), 0
    for _ in range(step.epochs):
        for inputs, truth in batches:
            if step.shifts:  # each batch moves by another step
                down, right = torch.randint(0, 3, (2,)).tolist()
                padded = nn.functional.pad(inputs.reshape(-1, 28, 28), (1, 1, 1, 1))
                inputs = padded[:, down : down + 28, right : right + 28].reshape(-1, 784)
            optimizer.param_groups[0]["lr"] = schedule(k)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), truth).backward()
            optimizer.step()
            k += 1
    return model, time.process_time() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=3, help="how many runs for each line")
    seeds = options.parse_args().seeds
    digits = load_mnist()
    images, labels = digits.train[:50_000].tensors()
    validation, test = digits.train[50_000:].tensors(), digits.test.tensors()
    print(
        f"{'what changes':<46}{'validation':>11}{'lowest':>9}{'highest':>9}{'test':>9}{'CPU s':>7}"
    )
    for step in STEPS:
        runs = [train(step, images, labels, seed) for seed in range(seeds)]
        scores = sorted(accuracy(model, validation) for model, _ in runs)
        judged = step in (STEPS[0], STEPS[-1])
        final = statistics.median(accuracy(model, test) for model, _ in runs) if judged else None
        seconds = statistics.median(seconds for _, seconds in runs)
        print(
            f"{step.change:<46}{statistics.median(scores):11.2%}{scores[0]:9.2%}{scores[-1]:9.2%}"
            f"{'' if final is None else f'{final:.2%}':>9}{seconds:7.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
