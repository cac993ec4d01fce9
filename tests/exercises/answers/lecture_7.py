"""Answers to the exercises of lecture 7: right, wrong and malformed, and the words they get."""

import math

import numpy as np


def kernel_gradient(X, W, b, dH):
    Z = X @ W + b
    return np.einsum("bn,bh->nh", X, np.where(Z > 0, dH, 0))


def accumulate(gradient, w, batches, alpha, every):
    for group in np.reshape(batches, (-1, every, batches.shape[1])):
        w = w - alpha * np.mean([gradient(w, batch) for batch in group], axis=0)
    return w


RIGHT = {
    "7.1": [[-12, -4, -4], (-12.0, -4.0, -4.0), np.array([-12, -4, -4])],
    "7.2": [kernel_gradient],
    "7.3": ["e", "E", "(e)", " e "],
    "7.4": [math.sqrt(2), 1.4, 1.37, 1.46],
    "7.5": [-0.25, np.float64(-0.25), [-0.25], -1 / 4],
    "7.6": [accumulate],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("7.4", -1.4, "above 0"),
    ("7.4", 0, "above 0"),
    ("7.4", 1, "sets half of it to zero"),
    ("7.4", 0.3, "fade from layer to layer"),
    ("7.4", 1.3, "fade from layer to layer"),
    ("7.4", 1.6, "grow from layer to layer"),
    ("7.4", 4, "Far too large"),
    ("7.4", 1e200, "Far too large"),
    ("7.1", [-12, -4, 4], "Entry 3 of [-12, -4, 4] is not right"),
    ("7.2", lambda X, W, b, dH: 0 * W, "your function returns"),
    ("7.5", 0.1, "0.1 is not it. Keep two columns"),
    ("7.6", lambda gradient, w, batches, alpha, every: w + 1, "your function returns"),
]

MALFORMED = [
    ("7.1", -12, "3 numbers, such as"),
    ("7.1", [-12, -4], "your answer has shape (2,)"),
    ("7.1", ["-12", ...], "3 numbers"),
    ("7.2", np.ones((2, 2)), "Hand over the function itself"),
    ("7.2", lambda X, W: W, "must take 4 arguments"),
    ("7.2", lambda X, W, b, dH: None, "returned None"),
    ("7.3", "h", "one letter out of"),
    ("7.3", 5, "one letter out of"),
    ("7.4", math.nan, "your answer holds nan"),
    ("7.4", "no idea", 'the text "no idea"'),
    ("7.5", math.inf, "your answer holds inf"),
    ("7.6", 3.5, "Hand over the function itself"),
    ("7.6", lambda gradient, w: w, "must take 5 arguments"),
]
