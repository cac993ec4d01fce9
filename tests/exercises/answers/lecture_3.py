"""Answers to the exercises of lecture 3: right, wrong and malformed, and the words they get."""

import math

import numpy as np


def written_triangle(k, lr, warm, steps):
    if k < warm:
        return lr * (k + 1) / (warm + 1)
    return max(0, lr * (steps - k) / (steps - warm))


def without_an_end(k, lr, warm, steps):
    if k < steps:
        return written_triangle(k, lr, warm, steps)
    return None


RIGHT = {
    "3.4": ["The rate has died, so the walk stands still far from the star."],
    "3.1": [1 / 3, 0.333, 0.3333, [1 / 3], np.float64(1 / 3), "1/3", "33.3%", "0,333"],
    "3.2": [113, 113.0, np.array([113]), "113", "113 steps", [[113]]],
    "3.6": [0.1276 + 0.0002, 0.128, 0.1281, 0.1286, "0.128", "a learning rate of 0.128"],
    "3.7": [300, 300.0, np.int64(300), "k = 300"],
    "3.3": [written_triangle],
    "3.5": ["c", "C", "(c)", "'c'", "c.", ["c"], "0.5 / (1 + 0.02k)", "0.5/(1+0.02k)"],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("3.6", -0.1, "above 0"),
    ("3.6", 0, "above 0"),
    ("3.6", 0.05, "settles"),
    ("3.6", 0.098, "settles"),
    ("3.6", 0.11, "cycle of 2"),
    ("3.6", 0.122, "cycle of 2"),
    ("3.6", 0.125, "cycle of 4"),
    ("3.6", 0.12755, "cycle of 4"),
    ("3.6", 0.1289, "A little too far"),
    ("3.6", 0.1324, "window of order"),
    ("3.6", 0.1556, "window of order"),
    ("3.6", 0.13, "wanders"),
    ("3.6", 0.16, "wanders"),
    ("3.6", 0.18, "trap"),
    ("3.6", 0.3, "flies off"),
    ("3.6", 1e300, "flies off"),
    ("3.1", 2 / 3, "You took 3 for the curvature"),
    ("3.1", 0.66, "You took 3 for the curvature"),
    ("3.1", "66%", "You took 3 for the curvature"),
    ("3.1", 0.9, "0.9 is not it. Find the second derivative"),
    ("3.1", 0.3, "rounded too early: give 2 decimals"),
    ("3.2", 112.8, "Steps are whole"),
    ("3.2", 115.13, "you replaced 1 − α by e^(−α)"),
    ("3.5", "0.5/sqrt(k+1)", "their sum grows without end"),
    ("3.2", 50, "50 is not it. The factor of the flat direction"),
    ("3.7", 123, "123 is not it. For which k"),
    ("3.3", lambda k, lr, warm, steps: 7.0, "For k = 0, lr = 0.2, warm = 4, steps = 20"),
]

MALFORMED = [
    ("3.4", "no idea", "Write a whole sentence"),
    ("3.1", "no idea", 'the text "no idea"'),
    ("3.1", [0.3, 0.4], "you gave 2 numbers"),
    ("3.2", math.inf, "your answer holds inf"),
    ("3.6", True, "you gave `True`"),
    ("3.7", {"k": 300}, "you gave a dict"),
    ("3.3", 0.2, "Hand over the function itself"),
    ("3.3", lambda k: 0.1, "must take 4 arguments; it takes 1"),
    ("3.3", lambda k, lr, warm, steps: lr / warm, "ZeroDivisionError"),
    ("3.3", lambda k, lr, warm, steps: None, "returned None for k = 0"),
    ("3.3", without_an_end, "returned None for k = 20"),
    ("3.5", "e", "one letter out of"),
    ("3.5", 3, "you gave the number 3"),
]
