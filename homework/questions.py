"""The questions of the lab: what each is worth, the inputs nobody has seen, and who judges.

Inputs are drawn afresh for every submission, from a seed of the grader's. They go to where the
student's code runs; what stands in `secret` does not. What comes back, arrays only, is judged by
`course_lib.lab.mnist_lab` in a process that the student's code never enters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from course_lib.data import load_mnist
from course_lib.lab import mnist_calls, mnist_lab
from course_lib.lab.mnist_lab import Check

__all__ = ["CALLS", "OWN_CODE", "QUESTIONS", "Check", "Question", "by_id"]

Arrays = dict[str, np.ndarray]

CALLS = Path(mnist_calls.__file__)
"""The source of the calls, which are made where the student's code runs."""

OWN_CODE = "own_code"
"""The answer cell without points, for imports and functions of the student's own. It runs first."""


@dataclass(frozen=True)
class Question:
    """One task of the lab, as it is graded.

    Attributes
    ----------
    id : str
        The `grade_id` of the cell that holds the answer.
    title : str
        What it is called on feedback pages.
    points : float
        What it is worth.
    kind : {"auto", "manual"}
        Who grades it: `judge`, or a person, by `rubric`.
    check : str
        The `grade_id` of the cell with the visible check, which carries the points in nbgrader.
    inputs : callable
        Takes a random number generator, returns arrays by name.
    secret : tuple of str
        The inputs that only `judge` may see.
    shared : callable
        Returns arrays by name, the same for every submission, that are given to `call` as well.
    call : str
        The function of `mnist_calls` that tries out the student's work.
    judge : callable
        Takes the inputs, secret ones included, and what the call returned; returns checks whose
        points add up to those of the question. It never raises, whatever was returned.
    seconds : float
        How long the call may take, by the clock.
    bonus : bool
        Whether the points come on top of the 100.
    rubric : tuple of (points, what they are given for)
        For a person to grade by.
    """

    id: str
    title: str
    points: float
    kind: str = "auto"
    check: str = ""
    inputs: Callable[[np.random.Generator], Arrays] | None = None
    secret: tuple[str, ...] = ()
    shared: Callable[[], Arrays] | None = None
    call: str = ""
    judge: Callable[[Arrays, Arrays], list[Check]] | None = None
    seconds: float = 30.0
    bonus: bool = False
    rubric: tuple[tuple[float, str], ...] = ()

    def given(self, drawn: Arrays) -> Arrays:
        """Return the inputs that may go where the student's code runs."""
        return {name: array for name, array in drawn.items() if name not in self.secret}


# ---------------------------------------------------------------------------------- hidden inputs


def _update_rule(rng: np.random.Generator) -> Arrays:
    steps, size = 12, int(rng.integers(3, 9))
    return {
        "w": rng.normal(size=size),
        "gradients": rng.normal(size=(steps, size)),
        "rates": rng.uniform(0.02, 0.3, steps),
        "lr": np.array(rng.uniform(0.02, 0.3)),
        "momentum": np.array(rng.uniform(0.5, 0.95)),
    }


def _training_loop(rng: np.random.Generator) -> Arrays:
    batches, size, pixels = (int(rng.integers(*ends)) for ends in ((5, 9), (6, 17), (5, 10)))
    hidden, classes = int(rng.integers(6, 12)), int(rng.integers(3, 7))
    return {
        "x": rng.normal(size=(batches, size, pixels)),
        "y": rng.integers(classes, size=(batches, size)),
        "w1": rng.normal(size=(hidden, pixels)) / np.sqrt(pixels),
        "b1": rng.normal(size=hidden) / 10,
        "w2": rng.normal(size=(classes, hidden)) / np.sqrt(hidden),
        "b2": rng.normal(size=classes) / 10,
        "lr": np.array(rng.uniform(0.05, 0.3)),
    }


@cache
def _mnist() -> Arrays:
    digits = load_mnist()
    cut = len(digits.train) * 5 // 6
    return {
        "train_images": digits.train.images[:cut],
        "validation_images": digits.train.images[cut:],
        "train_labels": digits.train.labels[:cut],
        "validation_labels": digits.train.labels[cut:],
        "images": digits.test.images,
        "labels": digits.test.labels,
    }


def _images() -> Arrays:
    """Return the images to learn from; no label is the same for two submissions."""
    return {name: _mnist()[name] for name in ("train_images", "validation_images")}


def _network(rng: np.random.Generator) -> Arrays:
    """Draw new names for the ten digits, disguise the test images, and put signs among them.

    A network does not care what the digits are called. A table of the test labels does: the names
    it holds are not those that are used here. No image is found in it by its pixels. Where it looks
    for what resembles an image, it still knows nothing of the signs, which are invented here.
    """
    data, names = _mnist(), _new_names(rng)
    order = rng.permutation(len(data["images"]))
    digits = {
        "train_labels": names[data["train_labels"]],
        "images": mnist_lab.disguise(data["images"][order], rng),
        "labels": names[data["labels"][order]],
    }
    return {
        "validation_labels": names[data["validation_labels"]],
        **mnist_lab.with_signs(digits, rng),
    }


def _new_names(rng: np.random.Generator) -> np.ndarray:
    """Return another name for each of the ten digits; no digit keeps its own."""
    while True:
        names = rng.permutation(10)
        if not np.any(names == np.arange(10)):
            return names


def _sweep(rng: np.random.Generator) -> Arrays:
    data, names = _mnist(), _new_names(rng)
    chosen = rng.choice(len(data["train_images"]), 1280, replace=False)
    held_out = rng.choice(len(data["validation_images"]), 500, replace=False)
    good = rng.uniform(0.1, 0.2)
    return {
        "x": _rows(data["train_images"][chosen]),
        "y": names[data["train_labels"][chosen]],
        "x_held_out": _rows(data["validation_images"][held_out]),
        "y_held_out": names[data["validation_labels"][held_out]],
        "y_scrambled": rng.integers(10, size=500),
        "rates": np.array([1e-6, good, rng.uniform(0.02, 0.03), good]),
        "batch_sizes": np.array([16, 32]),
    }


def _rows(images: np.ndarray) -> np.ndarray:
    return np.divide(images, 255, dtype=np.float32).reshape(len(images), -1)


def _sweep_plot(rng: np.random.Generator) -> Arrays:
    rates, sizes = int(rng.integers(5, 9)), int(rng.integers(2, 5))
    return {
        "rates": np.sort(10 ** rng.uniform(-4, 0, rates)),
        "batch_sizes": np.sort(rng.choice(2 ** np.arange(3, 10), sizes, replace=False)),
        "accuracies": rng.uniform(0.1, 1, (rates, sizes)),
    }


# -------------------------------------------------------------------------------------- questions

QUESTIONS: tuple[Question, ...] = (
    Question(
        id="update_rule",
        title="Task 1 · Fill in an update rule",
        points=15,
        check="update_rule_check",
        inputs=_update_rule,
        call="update_rule",
        judge=mnist_lab.judge_update_rule,
    ),
    Question(
        id="training_loop",
        title="Task 2 · Fill in the loop",
        points=20,
        check="training_loop_check",
        inputs=_training_loop,
        call="training_loop",
        judge=mnist_lab.judge_training_loop,
    ),
    Question(
        id="reach_90",
        title="Task 3 · Reach 90 %",
        points=25,
        check="reach_90_check",
        inputs=_network,
        secret=("labels", "invented"),
        shared=_images,
        call="train_network",
        judge=mnist_lab.judge_network,
        seconds=180,
    ),
    Question(
        id="sweep",
        title="Task 4 · A sweep",
        points=12,
        check="sweep_check",
        inputs=_sweep,
        call="sweep",
        judge=mnist_lab.judge_sweep,
        seconds=60,
    ),
    Question(
        id="sweep_plot",
        title="Task 4 · The plot of the sweep",
        points=8,
        check="sweep_plot_check",
        inputs=_sweep_plot,
        call="sweep_plot",
        judge=mnist_lab.judge_sweep_plot,
    ),
    Question(
        id="comparison",
        title="Task 5 · A written comparison",
        points=20,
        kind="manual",
        rubric=(
            (
                5,
                "It is fair: it says what was kept the same, and both rates were tuned.",
            ),
            (5, "It rests on numbers, from at least three seeds, with their spread."),
            (5, "It says against what it measures, and whether the winner depends on that."),
            (5, "It concludes: which of the two, when, and when the other one."),
        ),
    ),
    Question(
        id="stretch",
        title="Stretch · 98 % and 99 %",
        points=10,
        check="stretch_check",
        inputs=_network,
        secret=("labels", "invented"),
        shared=_images,
        call="stretch_network",
        judge=mnist_lab.judge_stretch,
        seconds=300,
        bonus=True,
    ),
)


def by_id(id: str) -> Question:
    """Return the question of this id; a `KeyError` names those there are."""
    for question in QUESTIONS:
        if question.id == id:
            return question
    raise KeyError(f"There is no question {id!r}; there are {', '.join(q.id for q in QUESTIONS)}.")
