"""The other way to write each rule: against formulas written anew, and where the two part."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.lectures.conventions import CONVENTIONS, Convention, drift
from course_lib.optimizers import OPTIMIZERS, GradientDescent

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_adaptive_methods.ipynb"
START = np.array([-1.5, 2.0])
B1, B2 = 0.9, 0.999


def gradients(walk, scale):
    return [scale * banana.gradient(w) for w in walk[:-1]]


def means(gs, beta, power):
    """The running means of gᵖ, each as an explicit weighted sum over all gradients so far."""
    return [
        sum((1 - beta) * beta ** (k - j) * gs[j] ** power for j in range(k + 1))
        for k in range(len(gs))
    ]


def corrected(gs):
    return [v / (1 - B2 ** (k + 1)) for k, v in enumerate(means(gs, B2, 2))]


# How long the steps of the other form are, from the gradients on its way: no state, only sums.
STEPS = {
    "momentum: α inside the velocity": lambda gs: [
        sum(0.9 ** (k - j) * 0.02 * gs[j] for j in range(k + 1)) for k in range(len(gs))
    ],
    "momentum: mean of the gradients": lambda gs: [0.02 * m for m in means(gs, 0.9, 1)],
    "Adagrad: ε inside the root": lambda gs: [
        0.5 * g / np.sqrt(sum(h**2 for h in gs[: k + 1]) + 1e-10) for k, g in enumerate(gs)
    ],
    "RMSProp: ε inside the root, ρ = 0.9": lambda gs: [
        0.05 * g / np.sqrt(v + 1e-8) for g, v in zip(gs, means(gs, 0.9, 2), strict=True)
    ],
    "Adam: ε before the bias correction": lambda gs: [
        0.1 * np.sqrt(1 - B2 ** (k + 1)) / (1 - B1 ** (k + 1)) * m / (np.sqrt(v) + 1e-8)
        for k, (m, v) in enumerate(zip(means(gs, B1, 1), means(gs, B2, 2), strict=True))
    ],
    "AdaMax: no ε": lambda gs: [
        0.1
        / (1 - B1 ** (k + 1))
        * m
        / np.max([B2 ** (k - j) * abs(gs[j]) for j in range(k + 1)], axis=0)
        for k, m in enumerate(means(gs, B1, 1))
    ],
    "Nadam: constant μ": lambda gs: [
        0.1
        * (B1 * m / (1 - B1 ** (k + 2)) + (1 - B1) * g / (1 - B1 ** (k + 1)))
        / (np.sqrt(v / (1 - B2 ** (k + 1))) + 1e-8)
        for k, (g, m, v) in enumerate(zip(gs, means(gs, B1, 1), means(gs, B2, 2), strict=True))
    ],
    "AMSGrad: largest corrected v̂": lambda gs: [
        0.1 * m / (1 - B1 ** (k + 1)) / (np.sqrt(np.max(corrected(gs)[: k + 1], axis=0)) + 1e-8)
        for k, m in enumerate(means(gs, B1, 1))
    ],
    "AMSGrad: no bias correction": lambda gs: [
        0.1 * m / (np.sqrt(np.max(means(gs, B2, 2)[: k + 1], axis=0)) + 1e-8)
        for k, m in enumerate(means(gs, B1, 1))
    ],
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("scale", [1.0, 1e-5])
def test_the_other_form_takes_the_steps_of_its_formula(name, scale):
    _, there = drift(CONVENTIONS[name], banana, START, 25, scale)
    expected = -np.array(STEPS[name](gradients(there, scale)))
    np.testing.assert_allclose(np.diff(there, axis=0), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_torchs_form_is_the_rule_of_the_course(name):
    rule = CONVENTIONS[name].here
    assert type(rule) in OPTIMIZERS.values()
    here, _ = drift(CONVENTIONS[name], banana, START, 50)
    np.testing.assert_allclose(here, descend(banana, rule, START, 50).points, atol=1e-12)


def distance(name, scale=1.0, schedule=None):
    here, there = drift(CONVENTIONS[name], banana, START, 200, scale, schedule)
    return abs(here - there).max()


def halved(k):
    return 1.0 if k < 100 else 0.5


def test_momentums_two_forms_part_only_when_the_rate_changes():
    name = "momentum: α inside the velocity"
    assert distance(name) < 1e-13
    assert distance(name, schedule=halved) > 1e-3


def test_the_mean_of_the_gradients_is_momentum_with_a_tenth_of_the_rate():
    mean = CONVENTIONS["momentum: mean of the gradients"]
    tenth = type(mean.here)(lr=mean.here.lr * (1 - mean.here.momentum))
    _, there = drift(mean, banana, START, 100)
    np.testing.assert_allclose(there, descend(banana, tenth, START, 100).points, atol=1e-12)


def test_nesterovs_textbook_form_is_the_same_sequence_at_another_point():
    """The look-ahead points of the textbook's walk are the points of torch's."""
    pair = CONVENTIONS["Nesterov: gradient at the look-ahead point"]
    here, there = drift(pair, banana, START, 100)
    moved = np.diff(there, axis=0)
    np.testing.assert_allclose(here[1:], there[1:] + pair.here.momentum * moved, atol=1e-12)


def test_the_papers_adadelta_cannot_follow_a_schedule():
    assert distance("Adadelta: no learning rate") == 0
    assert distance("Adadelta: no learning rate", schedule=halved) > 0.1


@pytest.mark.parametrize(
    "name",
    ["Adagrad: ε inside the root", "Adam: ε before the bias correction", "AdaMax: no ε"],
)
def test_where_epsilon_stands_matters_only_for_small_gradients(name):
    assert distance(name) < 1e-6
    assert distance(name, scale=1e-7) > 1e-2


def test_the_papers_adamw_decays_by_lambda_whatever_alpha_is():
    """With no gradient: (1 − λ)ᵏ there, (1 − αλ)ᵏ here."""

    class Level:
        dimension = 2

        @staticmethod
        def gradient(w):
            return 0 * w

    pair = CONVENTIONS["AdamW: λ times the schedule only"]
    here, there = drift(pair, Level, START, 30)
    decay = pair.here.weight_decay
    np.testing.assert_allclose(there[-1], START * (1 - decay) ** 30, rtol=1e-12)
    np.testing.assert_allclose(here[-1], START * (1 - pair.here.lr * decay) ** 30, rtol=1e-12)
    _, scheduled = drift(pair, Level, START, 30, schedule=lambda k: 0.5)
    np.testing.assert_allclose(scheduled[-1], START * (1 - decay / 2) ** 30, rtol=1e-12)


def test_every_line_of_the_table_has_its_switch():
    """The table of lecture 6 names the rules that are written in two ways, and no others."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    table = next(cell.source for cell in book.cells if cell.id == "conventions")
    listed = re.findall(r"(?m)^\| (\w+) \|", table)[1:]  # below the heading
    switches = {type(each.here).__name__.lower() for each in CONVENTIONS.values()}
    assert {name.lower() for name in listed} == switches


def test_a_walk_that_overflows_stays_and_warns_nothing(recwarn):
    wild = Convention("wild", GradientDescent(lr=10.0), GradientDescent(lr=0.1), "")
    here, there = drift(wild, banana, START, 50)
    assert np.isfinite(here).all()
    assert (here[-1] == here[-2]).all()
    assert abs(there[-1] - 1).max() < 1
    assert not recwarn.list


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"scale": 0}, "scale must be a number above 0"), ({"start": (1, 2, 3)}, "start must have")],
)
def test_nonsense_is_refused_in_words(arguments, words):
    usual = {"start": START, "steps": 5}
    with pytest.raises(ValueError, match=words):
        drift(CONVENTIONS["AdaMax: no ε"], banana, **usual | arguments)
