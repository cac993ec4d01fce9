"""Measure what each change buys on the way from 97 % to 99 % on MNIST, and store the table.

Run it with `python tests/benchmarks/from_97_to_99.py`; it takes twelve minutes on one core and
writes `from_97_to_99.json`, which `docs/from_97_to_99.md` shows. Each line changes one thing in the
line above it. Training sees 50 000 digits. The learning rate of each line is tuned on the 10 000
validation digits, with seed 0 and in steps of 2, until the best rate has a worse neighbor on either
side; then two more seeds train at that rate. The test digits judge the first and the last line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import course_lib  # noqa: F401  sets the number of threads before torch is loaded
from course_lib.data import Batches, load_mnist
from course_lib.optimizers import GradientDescent, Nesterov
from course_lib.schedules import constant, cosine, warmup
from course_lib.training import as_torch, outputs

import torch  # isort: skip
from torch import nn  # isort: skip

STORED = Path(__file__).with_suffix(".json")
SEEDS = (0, 1, 2)


def layers(hidden: int, dropped: float = 0) -> Callable[[], nn.Module]:
    """Return what makes a network 784-`hidden`-10."""
    return lambda: nn.Sequential(
        nn.Linear(784, hidden), nn.ReLU(), nn.Dropout(dropped), nn.Linear(hidden, 10)
    )


def convolutions() -> nn.Module:
    """Return a network of two convolutions, each of which halves the image."""
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
    """One line of the table, with the rate at which its sweep begins."""

    change: str
    make: Callable[[], nn.Module]
    epochs: int
    lr: float
    rule: Any = Nesterov(momentum=0.9)
    anneal: bool = True
    shifts: bool = False


STEPS = (
    Step(
        "784-128-10, gradient descent at a constant rate, 4 epochs",
        layers(128),
        4,
        0.2,
        rule=GradientDescent(),
        anneal=False,
    ),
    Step("Nesterov's momentum, μ = 0.9", layers(128), 4, 0.05, anneal=False),
    Step("a warm-up, then a cosine down to zero", layers(128), 4, 0.1),
    Step("8 epochs", layers(128), 8, 0.1),
    Step("512 hidden units", layers(512), 8, 0.1),
    Step("a fifth of the hidden units dropped at random", layers(512, 0.2), 8, 0.1),
    Step("digits shifted by up to a pixel", layers(512, 0.2), 8, 0.1, shifts=True),
    Step("two convolutions in place of the wide layer", convolutions, 8, 0.05, shifts=True),
)
VOTE = "the three networks vote"


def shifted(rows: torch.Tensor) -> torch.Tensor:
    """Return the digits, each moved by -1, 0 or 1 pixels down and right at random."""
    padded = nn.functional.pad(rows.reshape(-1, 28, 28), (1, 1, 1, 1))
    windows = padded.unfold(1, 28, 1).unfold(2, 28, 1)  # (digits, 3, 3, 28, 28), nothing copied
    down, right = torch.randint(0, 3, (2, len(rows)))
    return windows[torch.arange(len(rows)), down, right].reshape(len(rows), -1)


def train(step: Step, lr: float, seed: int, data: tuple) -> tuple[nn.Module, float]:
    """Return a trained network and the CPU seconds it took."""
    torch.manual_seed(seed)
    model, batches = step.make(), Batches(*data, 64, seed=seed)
    updates = step.epochs * len(batches)
    annealed = warmup(cosine(lr, updates - updates // 5), updates // 5)
    schedule = annealed if step.anneal else constant(lr)
    optimizer = as_torch(step.rule, model.parameters())
    began, k = time.process_time(), 0
    for _ in range(step.epochs):
        for inputs, truth in batches:
            inputs = shifted(inputs) if step.shifts else inputs
            optimizer.param_groups[0]["lr"] = schedule(k)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), truth).backward()
            optimizer.step()
            k += 1
    return model.eval(), time.process_time() - began


def share_right(models: list[nn.Module], data: tuple) -> float:
    """Return the accuracy of the mean of the networks' probabilities, in percent."""
    rows, truth = data
    chances = sum(outputs(model, rows).softmax(1) for model in models)
    return round(100 * float((chances.argmax(1) == truth).double().mean()), 2)


def best_rate(step: Step, learn: tuple, validation: tuple) -> tuple[float, dict, dict]:
    """Return the best rate, the accuracy at each rate tried, and the runs, all with seed 0."""
    scores, runs, lr = {}, {}, step.lr
    while True:
        for rate in (lr, lr / 2, lr * 2):
            if rate not in scores:
                runs[rate] = train(step, rate, SEEDS[0], learn)
                scores[rate] = share_right([runs[rate][0]], validation)
        best = max(scores, key=scores.__getitem__)
        if best == lr:
            return best, dict(sorted(scores.items())), runs
        lr = best


def measure(step: Step, learn: tuple, validation: tuple) -> tuple[dict, list[nn.Module]]:
    """Return one line of the table and its three networks."""
    lr, tried, swept = best_rate(step, learn, validation)
    runs = [swept[lr], *(train(step, lr, seed, learn) for seed in SEEDS[1:])]
    models = [model for model, _ in runs]
    line = {
        "change": step.change,
        "parameters": sum(p.numel() for p in models[0].parameters()),
        "tried": {f"{rate:g}": score for rate, score in tried.items()},
        "lr": lr,
        "validation": [share_right([model], validation) for model in models],
        "seconds": round(sorted(seconds for _, seconds in runs)[1], 1),
    }
    return line, models


def as_markdown(table: list[dict]) -> str:
    """Return the stored table as the page shows it: the middle of three runs, and their range."""
    lines = [
        "| the change | best rate | validation, % | test, % | CPU s |",
        "|---|---|---|---|---|",
    ]
    for line in table:
        rate = f"{line['lr']:g}" if "lr" in line else ""
        scores = [_middle_and_range(line.get(part, [])) for part in ("validation", "test")]
        lines.append(" | ".join(["| " + line["change"], rate, *scores, f"{line['seconds']:.0f} |"]))
    return "\n".join(lines)


def _middle_and_range(scores: list[float]) -> str:
    if len(scores) < 2:
        return "".join(f"**{score:.2f}**" for score in scores)
    low, middle, high = sorted(scores)
    return f"**{middle:.2f}** ({low:.2f} to {high:.2f})"


def main() -> None:
    torch.set_num_threads(1)
    digits = load_mnist()
    learn, test = digits.train[:50_000].tensors(), digits.test.tensors()
    validation = digits.train[50_000:].tensors()
    table = []
    for step in STEPS:
        line, models = measure(step, learn, validation)
        if step is STEPS[0]:
            line["test"] = [share_right([model], test) for model in models]
        table.append(line)
        print(json.dumps(line, ensure_ascii=False), flush=True)
    last = {"change": VOTE, "parameters": 3 * table[-1]["parameters"]}
    last |= {"validation": [share_right(models, validation)], "test": [share_right(models, test)]}
    last["seconds"] = round(3 * table[-1]["seconds"], 1)
    table.append(last)
    print(json.dumps(last, ensure_ascii=False))
    print(as_markdown(table))
    STORED.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
