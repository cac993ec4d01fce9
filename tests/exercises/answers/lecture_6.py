"""Answers to the exercises of lecture 6: right, wrong and malformed, and the words they get."""

import math

import numpy as np

from course_lib.optimizers import Adam


def right_adam(gradient, start, alpha, steps):
    rule, w = Adam(lr=alpha), start
    state = rule.init(w)
    for _ in range(steps):
        w, state = rule.step(w, gradient(w), state)
    return w


RIGHT = {
    "6.1": [[1, 0.8, 12 / 13], (1, 0.8, 0.923), np.array([1.0, 0.8, 0.9231])],
    "6.2": ["b", "B", "(b)"],
    "6.3": [[1.01, 0.99], (1.01, 0.99), np.array([1.01, 0.99])],
    "6.4": [right_adam],
    "6.5": [0.7, 0.75, 0.9, 0.99, 0.999],
    "6.6": [0.9048, 0.999**100, np.float64(0.905), [0.9048]],
    "6.7": ["c", " C "],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("6.5", -0.1, "from 0 up to"),
    ("6.5", 1, "from 0 up to"),
    ("6.5", 1.5, "from 0 up to"),
    ("6.5", 0, "still ends at +1"),
    ("6.5", 0.1, "still ends at +1"),
    ("6.5", 0.25, "still ends at +1"),
    ("6.5", 0.3, "drifts to the wrong side"),
    ("6.5", 0.45, "drifts to the wrong side"),
    ("6.5", 0.5, "does not get as far"),
    ("6.5", 0.65, "does not get as far"),
    ("6.1", [1, 0.8, 0.5], "Entry 3 of [1, 0.8, 0.5] is not right"),
    ("6.1", [7, 7, 7], "Keep the sum s"),
    ("6.3", [1.01, 1.01], "Entry 2"),
    ("6.3", [5, 5], "each coordinate by itself"),
    ("6.6", 0.5, "Multiply by 1 − αλ"),
    ("6.4", lambda gradient, start, alpha, steps: start + 1, "your function returns"),
]

MALFORMED = [
    ("6.1", 1, "3 numbers"),
    ("6.1", [1, 0.8], "your answer has shape (2,)"),
    ("6.2", "e", "one letter"),
    ("6.3", "1.01", "2 numbers"),
    ("6.4", 3, "Hand over the function itself"),
    ("6.4", lambda w: w, "must take 4 arguments; it takes 1"),
    ("6.5", math.nan, "holds nan"),
    ("6.6", [0.9, 0.1], "one number"),
    ("6.7", 3, "one letter"),
]
