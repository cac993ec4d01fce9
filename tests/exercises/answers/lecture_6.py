"""Answers to the exercises of lecture 6: right, wrong and malformed, and the words they get."""

import math

import numpy as np
import torch

from course_lib.optimizers import Adam


def right_adam(gradient, start, alpha, steps):
    rule, w = Adam(lr=alpha), start
    state = rule.init(w)
    for _ in range(steps):
        w, state = rule.step(w, gradient(w), state)
    return w


def two_slopes():
    slopes = iter(np.array([[-50.0, 0.002], [-50.0, -0.002]]))
    return lambda w: next(slopes)


def from_zero(gradient, start, alpha, steps):
    w, m, v = start, 0 * start, 0 * start
    for k in range(steps):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - alpha * m / (1 - 0.9**k) / ((v / (1 - 0.999**k)) ** 0.5 + 1e-8)
    return w


def adam_but(*, keep_m=0.9, keep_v=0.999, more=0, square=True):
    def adam(gradient, start, alpha, steps):
        w, m, v = start, 0 * start, 0 * start
        for k in range(1, steps + 1 + more):
            g = gradient(w)
            m = keep_m * m + 0.1 * g
            v = keep_v * v + 0.001 * (g**2 if square else g)
            w = w - alpha * m / (1 - 0.9**k) / ((v / (1 - 0.999**k)) ** 0.5 + 1e-8)
        return w

    return adam


def own_adam(gradient, start, alpha, steps):
    w, m, v = start, np.zeros_like(start), np.zeros_like(start)
    for k in range(steps):
        g = gradient(w)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        hats = m / (1 - 0.9 ** (k + 1)), v / (1 - 0.999 ** (k + 1))
        w = w - alpha * hats[0] / (np.sqrt(hats[1]) + 1e-8)
    return w


def torchs_adam(gradient, start, alpha, steps):
    w = torch.tensor(start, requires_grad=True)
    rule = torch.optim.Adam([w], lr=alpha)
    for _ in range(steps):
        w.grad = torch.tensor(gradient(w.detach().numpy()))
        rule.step()
    return w.detach().numpy()


def adam_with(step):
    """A walk whose loop does what `step` says with w, m, v, g, alpha and the count k."""

    def adam(gradient, start, alpha, steps):
        w, m, v = start, 0 * start, 0 * start
        for k in range(1, steps + 1):
            w, m, v = step(w, m, v, gradient(w), alpha, k)
        return w

    return adam


def moved(w, m, v, alpha, k):
    return w - alpha * m / (1 - 0.9**k) / ((v / (1 - 0.999**k)) ** 0.5 + 1e-8)


def never_counts(w, m, v, g, alpha, k):
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return moved(w, m, v, alpha, 1), m, v


def takes_all(w, m, v, g, alpha, k):
    m, v = 0.9 * m + g, 0.999 * v + g**2
    return moved(w, m, v, alpha, k), m, v


def steps_first(w, m, v, g, alpha, k):
    return moved(w, m, v, alpha, k), 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2


def keeps_the_hats(w, m, v, g, alpha, k):
    m, v = (0.9 * m + 0.1 * g) / (1 - 0.9**k), (0.999 * v + 0.001 * g**2) / (1 - 0.999**k)
    return w - alpha * m / (v**0.5 + 1e-8), m, v


def asks_once(gradient, start, alpha, steps):
    g = gradient(start)
    return own_adam(lambda w: g, start, alpha, steps)


def signed(w, g, m, alpha):
    m = 0.9 * m + 0.1 * g
    return w - alpha * np.sign(m), m


RIGHT = {
    "6.1": [[1, 0.8, 12 / 13], (1, 0.8, 0.923), np.array([1.0, 0.8, 0.9231])],
    "6.6": ["b", "B", "(b)"],
    "6.3": [[1.02, 0.9905], (1.02, 0.99053), right_adam(two_slopes(), np.ones(2), 0.01, 2)],
    "6.2": [own_adam],
    "6.7": [0.7, 0.75, 0.9, 0.99, 0.999, "0.9"],
    "6.4": [0.9048, 0.999**100, np.float64(0.905), [0.9048]],
    "6.5": ["c", " C "],
    "6.8": [signed],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("6.2", from_zero, "Begin with `range(1, steps + 1)`"),
    ("6.1", [-1, -0.8, -0.923], "A length has no minus sign"),
    ("6.1", [1, 1.8, 2.723], "You added the steps up"),
    ("6.1", [1, 0.8, 0.92], "0.92 is rounded too early"),
    ("6.2", adam_but(keep_m=0), "overwrites m."),
    ("6.2", adam_but(keep_v=0), "overwrites v."),
    ("6.2", adam_but(keep_m=0, keep_v=0), "overwrites m and v"),
    ("6.2", adam_but(more=1), "one step too many"),
    ("6.2", adam_but(more=-1), "one step too few"),
    ("6.2", adam_but(square=False), "adds g itself"),
    ("6.4", 0, "you left out λ"),
    ("6.4", 0.9**100, "You left out α"),
    ("6.4", 0.99**100, "You left out λ"),
    ("6.8", lambda w, g, m, alpha: (w - alpha * np.sign(g), 0.9 * m + 0.1 * g), "sign of g"),
    ("6.8", lambda w, g, m, alpha: signed(w, g, m, alpha)[::-1], "other order"),
    ("6.8", lambda w, g, m, alpha: (w - alpha * np.sign(m), 0.9 * m + 0.1 * g), "the old m"),
    ("6.7", -0.1, "from 0 up to"),
    ("6.7", 1, "from 0 up to"),
    ("6.7", 1.5, "from 0 up to"),
    ("6.7", 0, "still ends at +1"),
    ("6.7", 0.1, "still ends at +1"),
    ("6.7", 0.25, "still ends at +1"),
    ("6.7", 0.3, "drifts to the wrong side"),
    ("6.7", 0.45, "drifts to the wrong side"),
    ("6.7", 0.5, "does not get as far"),
    ("6.7", 0.65, "does not get as far"),
    ("6.1", [1, 0.8, 0.5], "Entry 3 of [1, 0.8, 0.5] is not right"),
    ("6.1", [7, 7, 7], "Keep the sum s"),
    ("6.1", [-1, -0.8, -0.92], "A length has no minus sign"),
    ("6.1", [1, 1.8, 2.72], "You added the steps up"),
    ("6.1", [-1, -1.8, -2.72], "where you stand after each step"),
    ("6.3", [1.02, 1.0], "m holds both gradients"),
    ("6.3", [1.01, 0.99], "There is a second"),
    ("6.3", [0.02, -0.0095], "how far it goes"),
    ("6.3", [1.02, 0.9], "Entry 2"),
    ("6.3", [5, 5], "each coordinate by itself"),
    ("6.5", "a", "Where in the list"),
    ("6.5", "b", "whether a gap is luck"),
    ("6.5", "d", "happens to suit"),
    ("6.4", 0.5, "Multiply by 1 − αλ"),
    ("6.2", lambda gradient, start, alpha, steps: start + 1, "your function returns"),
    ("6.2", adam_with(never_counts), "k stays at 1"),
    ("6.2", adam_with(takes_all), "Their shares are"),
    ("6.2", adam_with(steps_first), "m and v of the step before"),
    ("6.2", adam_with(keeps_the_hats), "for the step only"),
    ("6.2", asks_once, "gradient at the start"),
    ("6.1", [1, 0.8, 0.9], "0.9 is rounded too early"),
    ("6.3", [1.02, 0.9895], "has turned negative"),
    ("6.3", [1.02, 0.991], "rounded too early"),
    ("6.3", [1.02, 0.99], "rounded too early"),
    ("6.4", 0.9, "give three decimals"),
    ("6.4", 0.999**99, "after 99 steps"),
    ("6.4", 0.904, "cut digits off"),
    ("6.4", 0.0952, "how much is gone"),
    ("6.4", -0.905, "does not turn its sign"),
    ("6.8", lambda w, g, m, alpha: signed(w, g, m, 1.0), "1 long, whatever α is"),
    (
        "6.8",
        lambda w, g, m, alpha: (signed(w, g, m, alpha)[0], np.sign(0.9 * m + 0.1 * g)),
        "return the sign of m",
    ),
    (
        "6.8",
        lambda w, g, m, alpha: (w - alpha * np.sign(0.99 * m + 0.01 * g), 0.99 * m + 0.01 * g),
        "as Lion does",
    ),
]

MALFORMED = [
    ("6.2", torch.optim.Adam, "That is torch's own Adam"),
    ("6.2", torchs_adam, "hands the work to an Adam"),
    ("6.2", right_adam, "hands the work to an Adam"),
    ("6.8", lambda w, g: w, "must take 4 arguments"),
    ("6.1", 1, "3 numbers"),
    ("6.1", [1, 0.8], "you gave 2 numbers"),
    ("6.6", "e", "one letter"),
    ("6.3", "1.01", "2 numbers"),
    ("6.2", 3, "Hand over the function itself"),
    ("6.2", lambda w: w, "must take 4 arguments; it takes 1"),
    ("6.7", math.nan, "holds nan"),
    ("6.4", [0.9, 0.1], "one number"),
    ("6.5", 3, "one letter"),
]
