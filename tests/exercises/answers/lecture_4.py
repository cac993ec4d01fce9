"""Answers to the exercises of lecture 4: right, wrong and malformed, and the words they get."""

import math

import numpy as np


def right_epoch(gradient, w, X, y, alpha, B):
    """Cut the examples another way than the exercise's own solution does."""
    for part in np.split(np.arange(len(X)), range(B, len(X), B)):
        w = w - alpha * gradient(w, X[part], y[part])
    return w


def without_a_call(gradient, w, X, y, alpha, B):
    return w - alpha * gradient


def counting_fractions(gradient, w, X, y, alpha, B):
    for k in range(len(X) / B):
        w = w - alpha * gradient(w, X[k * B : (k + 1) * B], y[k * B : (k + 1) * B])
    return w


def one_example(gradient, w, X, y, alpha, B):
    for first in range(0, len(X), B):
        w = w - alpha * gradient(w, X[first], y[first])
    return w


def all_the_labels(gradient, w, X, y, alpha, B):
    for first in range(0, len(X), B):
        w = w - alpha * gradient(w, X[first : first + B], y)
    return w


RIGHT = {
    "4.1": [
        [-1, 0.5, -0.5],
        np.array([[-1], [0.5], [-0.5]]),
        ["-1", "1/2", "-50%"],
        "w1: −1, w2: 0.5, b: −0.5",
    ],
    "4.2": [469, 469.0, np.int64(469), -(-60_000 // 128), "469 updates", [[469]]],
    "4.3": [right_epoch],
    "4.4": [512, 32 * 16, [512], "512", "512 examples", "2**9"],
    "4.5": ["It hides that the large batch looked at 32 times as many examples."],
    "4.6": [128, 2**7, np.float64(128), "2^7", "B = 128"],
    "4.7": ["0.083", 0.083, 0.0833, 0.1 / 1.2, "1/12", "8.3%", "0,083"],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("4.2", "468.75", "come whole"),
    ("4.7", 0.1, "still to be divided"),
    ("4.7", 0.29, "That is the spread"),
    ("4.1", [3, 3, 3], "Compute z"),
    ("4.1", [-1, 0.5, 7], "Entry 3"),
    ("4.2", 470, "Divide m by B"),
    ("4.3", lambda gradient, w, X, y, alpha, B: 2 * w, "your function returns"),
    ("4.4", 100, "By which factor"),
    ("4.7", 0.08, "rounded too early"),
    ("4.7", 0.3, "closed form"),
    ("4.6", 0, "powers of two"),
    ("4.6", -8, "powers of two"),
    ("4.6", 100, "powers of two"),
    ("4.6", 66.7, "powers of two"),
    ("4.6", 1, "still wider"),
    ("4.6", 32, "still wider"),
    ("4.6", 8, "Is the learning rate slider at 0.8?"),
    ("4.6", 64, "Very close"),
    ("4.6", 256, "a smaller batch does it"),
    ("4.6", 4096, "a smaller batch does it"),
    ("4.6", 0.5, "still wider"),
]

MALFORMED = [
    ("4.1", -0.5, "3 numbers"),
    ("4.1", [-1, 0.5], "3 numbers, such as"),
    ("4.1", [-1, 0.5, math.nan], "holds"),
    ("4.2", "no idea", 'the text "no idea"'),
    ("4.3", 469, "Hand over the function itself"),
    ("4.3", lambda gradient, w: w, "must take 6 arguments; it takes 2"),
    ("4.3", lambda gradient, w, X, y, alpha, B: None, "returned None"),
    ("4.3", without_a_call, "multiply the function itself"),
    ("4.3", counting_fractions, "counts in whole numbers"),
    ("4.3", all_the_labels, "cut differently"),
    ("4.3", one_example, "one example and no batch"),
    ("4.5", "examples", "whole sentence"),
    ("4.5", 2, "between quotation marks"),
    ("4.4", [512, 1], "one number"),
    ("4.6", math.inf, "holds inf"),
    ("4.7", {"V": 0.083}, "you gave a dict"),
]
