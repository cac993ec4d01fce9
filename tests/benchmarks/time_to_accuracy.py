"""Measure the CPU seconds that training takes to 90, 95, 97 and 98 % test accuracy on MNIST.

Run it with `python tests/benchmarks/time_to_accuracy.py`; MNIST is looked for where `load_mnist`
looks. Each target has a run of its own length, because a learning rate that rises once and falls to
zero does its work at the end. The time is that of `fit`: not of loading, nor of the final test.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import NamedTuple

import course_lib  # noqa: F401  sets the number of threads before torch is loaded
from course_lib.data import load_mnist
from course_lib.optimizers import Nesterov
from course_lib.schedules import cosine, warmup
from course_lib.training import accuracy, fit

import torch  # isort: skip


class Recipe(NamedTuple):
    """One run: a network 784-`hidden`-10, and `updates` on batches of `batch_size`."""

    target: float
    hidden: int
    batch_size: int
    updates: int
    lr: float


RECIPES = (
    Recipe(0.90, hidden=64, batch_size=128, updates=80, lr=0.3),
    Recipe(0.95, hidden=64, batch_size=128, updates=230, lr=0.3),
    Recipe(0.97, hidden=128, batch_size=256, updates=340, lr=0.5),
    Recipe(0.98, hidden=192, batch_size=256, updates=1000, lr=0.5),
)


def train(recipe: Recipe, images: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple:
    """Return a trained network and the CPU seconds it took."""
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, recipe.hidden), torch.nn.ReLU(), torch.nn.Linear(recipe.hidden, 10)
    )
    examples = recipe.updates * recipe.batch_size
    epochs = -(-examples // len(images))
    part = slice(examples // epochs)
    rising = recipe.updates // 5
    schedule = warmup(cosine(recipe.lr, recipe.updates - rising), rising)
    start = time.process_time()
    fit(
        model,
        (images[part], labels[part]),
        None,
        Nesterov(momentum=0.9),
        epochs=epochs,
        batch_size=recipe.batch_size,
        schedule=schedule,
        seed=seed,
        progress=False,
    )
    return model, time.process_time() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=5, help="how many runs for each target")
    seeds = options.parse_args().seeds
    digits = load_mnist()
    images, labels = digits.train.tensors()
    test = digits.test.tensors()
    train(RECIPES[0], images, labels, seed=0)  # warms up
    print("Nesterov momentum 0.9, learning rate: a straight rise over a fifth, a cosine to zero")
    print(f"{'target':>6} {'network':>11} {'batch':>5} {'updates':>7} {'reached':>7} "
          f"{'worst':>7} {'median':>7} {'CPU seconds, median':>20}")  # fmt: skip
    for recipe in RECIPES:
        runs = [train(recipe, images, labels, seed) for seed in range(seeds)]
        scores = [accuracy(model, test) for model, _ in runs]
        reached = sum(score >= recipe.target for score in scores)
        seconds = statistics.median(seconds for _, seconds in runs)
        print(
            f"{recipe.target:6.0%} {f'784-{recipe.hidden}-10':>11} {recipe.batch_size:5} "
            f"{recipe.updates:7} {f'{reached} of {seeds}':>7} {min(scores):7.2%} "
            f"{statistics.median(scores):7.2%} {seconds:20.2f}"
        )


if __name__ == "__main__":
    main()
