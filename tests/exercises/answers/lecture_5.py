"""Answers to the exercises of lecture 5: right, wrong and malformed, and the words they get."""

import math

import numpy as np


def right_ball(gradient, start, alpha, beta, steps):
    w, v = start, 0 * start
    for _ in range(steps):
        v = beta * v + alpha * gradient(w)
        w = w - v
    return w


def without_a_call(gradient, start, alpha, beta, steps):
    return start - alpha * gradient


def no_point_before(gradient, start, alpha, beta, steps):
    w = start
    for _ in range(steps):
        w, w_prev = w - alpha * gradient(w) + beta * (w - w_prev), w  # noqa: F821, F841
    return w


def loop_over_a_number(gradient, start, alpha, beta, steps):
    for _ in steps:
        start = start - alpha * gradient(start)
    return start


RIGHT = {
    "5.1": [-0.248, np.float64(-0.248), [-0.248], 0.32 - 0.4 * 1.42, "−0.248", "w = -0.248"],
    "5.2": [0.64, 0.65, 0.69, "0.64", "a momentum of 0.65", "13/20", "65%"],
    "5.6": [0.05, 0.1 * 0.5, "1/20", "5%", "lr=0.05", [0.05]],
    "5.3": [right_ball],
    "5.7": [[0.16, 0.36], (4 / 25, 9 / 25), np.array([[0.16], [0.36]]), ["4/25", "36%"]],
    "5.8": [[0.24, 0.52], (0.23, 0.53), "α = 0.245, β = 0.515", [["0.235"], ["0.525"]]],
    "5.5": [0.005, 0.0053, 0.0045, 0.006, "0.005", "1/200", "a learning rate of 0.005"],
    "5.4": ["Both have the same α/(1 − μ), so a gradient counts the same."],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("5.1", 0.248, "The sign"),
    ("5.1", -0.25, "rounded too early"),
    ("5.1", 0.43, "gradient descent"),
    ("5.6", 0.556, "the same in both"),
    ("5.7", [0.12, 0.36], "best rate of gradient descent"),
    ("5.8", [0.26, 0.56], "only by luck"),
    ("5.2", -0.1, "from 0 up to"),
    ("5.2", 1.0, "from 0 up to"),
    ("5.2", 0.3, "Too little"),
    ("5.2", 0.9, "Too much"),
    ("5.8", [-0.1, 0.5], "must be above 0"),
    ("5.8", [0.2, 1.0], "must be above 0"),
    ("5.8", [0.5, 0.25], "does not come within"),
    ("5.8", [0.001, 0.0], "does not come within"),
    ("5.8", [0.1, 0.2], "It arrives"),
    ("5.8", [0.25, 0.5], "44 steps, as many"),
    ("5.8", [0.2, 0.5], "quicker"),
    ("5.8", [0.25, 0.51], "more than 37"),
    ("5.8", [0.24, 0.51], "more than 37"),
    ("5.5", 0, "above 0"),
    ("5.5", 0.1, "twentyfold"),
    ("5.5", 0.01, "20, not 10"),
    ("5.5", 0.095, "1 − μ"),
    ("5.5", 0.001, "Too small"),
    ("5.5", 4.5, "diverges"),
    ("5.5", 0.05, "Too large"),
]

MALFORMED = [
    ("5.4", "same", "whole sentence"),
    ("5.1", "left", "one number"),
    ("5.1", [1, 2], "one number"),
    ("5.1", math.nan, "holds nan"),
    ("5.2", "no idea", 'the text "no idea"'),
    ("5.2", [0.6, 0.7], "you gave 2 numbers"),
    ("5.6", "no idea", 'the text "no idea"'),
    ("5.6", {}, "you gave a dict"),
    ("5.3", 0.5, "Hand over the function itself"),
    ("5.3", "heavy_ball", "Hand over the function itself"),
    ("5.3", lambda: 0, "must take 5 arguments"),
    ("5.3", without_a_call, "`alpha * gradient(w)`"),
    ("5.3", loop_over_a_number, "`for k in range(steps):`"),
    ("5.3", no_point_before, "before it has a value"),
    ("5.2", "0.6 to 0.7", "you gave 2 numbers"),
    ("5.7", 0.16, "2 numbers"),
    ("5.7", [0.16], "2 numbers"),
    ("5.7", "a", "2 numbers"),
    ("5.8", 0.25, "2 numbers"),
    ("5.8", [0.25, 0.5, 0.1], "2 numbers"),
    ("5.8", [math.inf, 0.5], "holds"),
    ("5.5", True, "you gave `True`"),
    ("5.5", "small", "one number"),
]
