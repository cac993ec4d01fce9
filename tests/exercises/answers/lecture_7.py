"""Answers to the exercises of lecture 7: right, wrong and malformed, and the words they get."""

import math

import numpy as np

from course_lib.exercises.engine import Value


def kernel_gradient(X, W, b, dH):
    Z = X @ W + b
    return np.einsum("bn,bh->nh", X, np.where(Z > 0, dH, 0))


def accumulate(gradient, w, batches, alpha, every):
    for group in np.reshape(batches, (-1, every, batches.shape[1])):
        w = w - alpha * np.mean([gradient(w, batch) for batch in group], axis=0)
    return w


def keep_training(checkpoint, gradient, rule, schedule, batch, updates):
    made = dict(checkpoint)
    while made["k"] < checkpoint["k"] + updates:
        slope = gradient(made["w"], batch(made["k"]))
        made["w"], made["state"] = rule.step(
            made["w"], slope, made["state"], lr=schedule(made["k"])
        )
        made["k"] += 1
    return made


def kernel_with(back):
    """A kernel's gradient whose way back through the relu is `back(Z, dH)`."""
    return lambda X, W, b, dH: X.T @ back(X @ W + b, dH)


def loop_with(updates_of=None, one_batch=False, counts=True, newest=True):
    """A training loop that does another number of updates, or forgets something."""

    def train(checkpoint, gradient, rule, schedule, batch, updates):
        w, state, k = checkpoint["w"], checkpoint["state"], checkpoint["k"]
        first = batch(k)
        for _ in range(updates_of(updates, k) if updates_of else updates):
            g = gradient(w, first if one_batch else batch(k))
            w, state = rule.step(w, g, state, lr=schedule(k))
            k += 1
        state = state if newest else checkpoint["state"]
        return {"w": w, "state": state, "k": k if counts or k == checkpoint["k"] else k - 1}

    return train


def one_name_for_two(checkpoint, gradient, rule, schedule, batch, updates):
    w, state, k = checkpoint["w"], checkpoint["state"], checkpoint["k"]
    for _ in range(updates):
        w = rule.step(w, gradient(w, batch(k)), state, lr=schedule(k))
        k += 1
    return {"w": w, "state": state, "k": k}


def restarted(checkpoint, gradient, rule, schedule, batch, updates):
    w, state = checkpoint["w"], checkpoint["state"]
    for k in range(updates):
        w, state = rule.step(w, gradient(w, batch(k)), state, lr=schedule(k))
    return {"w": w, "state": state, "k": updates}


RIGHT = {
    "7.2": [Value],
    "7.3": [Value],
    "7.6": [keep_training],
    "7.1": [[-12, -4, -4], (-12.0, -4.0, -4.0), np.array([-12, -4, -4])],
    "7.4": [kernel_gradient],
    "7.7": ["e", "E", "(e)", " e "],
    "7.5": [math.sqrt(2), 1.4, 1.37, 1.46, "√2", "sqrt(2)", "np.sqrt(2)"],
    "7.8": [-0.25, np.float64(-0.25), [-0.25], -1 / 4],
    "7.9": [accumulate],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("7.5", -1.4, "above 0"),
    ("7.5", 0, "above 0"),
    ("7.5", 1, "sets half of it to zero"),
    ("7.5", 0.3, "fade from layer to layer"),
    ("7.5", 1.3, "fade from layer to layer"),
    ("7.5", 1.6, "grow from layer to layer"),
    ("7.5", 4, "Far too large"),
    ("7.5", 1e200, "Far too large"),
    ("7.1", [-12, -4, 4], "Entry 3 of [-12, -4, 4] is not right"),
    ("7.4", lambda X, W, b, dH: 0 * W, "your function returns"),
    ("7.8", 0.1, "0.1 is not it. Keep two columns"),
    ("7.9", lambda gradient, w, batches, alpha, every: w + 1, "your function returns"),
    ("7.1", [6, 2, 2], "Two things"),
    ("7.4", kernel_with(lambda Z, dH: dH * (Z >= 0)), "`>`, not `>=`"),
    ("7.4", kernel_with(lambda Z, dH: dH * (Z < 0)), "wrong way round"),
    ("7.4", kernel_with(lambda Z, dH: -dH * (Z > 0)), "the minus comes later"),
    ("7.4", kernel_with(lambda Z, dH: Z > 0), "`dH`, is missing"),
    ("7.4", lambda X, W, b, dH: W - kernel_gradient(X, W, b, dH), "a kernel after a step"),
    ("7.5", 1.48, "grow from layer to layer"),
    ("7.6", loop_with(lambda updates, k: 1), "ends after the first update"),
    ("7.6", loop_with(lambda updates, k: updates - 1), "one update too few"),
    ("7.6", loop_with(lambda updates, k: max(updates - k, 0)), "does too few updates"),
    ("7.6", loop_with(one_batch=True), "takes the same batch"),
    ("7.6", loop_with(counts=False), "k is one too small"),
    ("7.6", loop_with(newest=False), "return the newest"),
    ("7.6", restarted, "begins again with batch and rate 0"),
]

MALFORMED = [
    ("7.2", Value(1.0), "the class itself"),
    ("7.2", 3, "the class itself"),
    ("7.3", type("Value", (), {}), "finish exercise 7.2"),
    ("7.6", lambda *given: 3, "must return the checkpoint"),
    ("7.6", lambda w: w, "six arguments"),
    ("7.6", "train", "Hand over the function itself"),
    ("7.1", -12, "3 numbers, such as"),
    ("7.1", [-12, -4], "you gave 2 numbers"),
    ("7.1", ["-12", ...], "3 numbers"),
    ("7.4", np.ones((2, 2)), "Hand over the function itself"),
    ("7.4", lambda X, W, b, dH: X @ (dH * (X @ W + b > 0)), "The shapes do not fit"),
    ("7.6", one_name_for_two, "two things"),
    ("7.4", lambda X, W: W, "must take 4 arguments"),
    ("7.4", lambda X, W, b, dH: None, "returned None"),
    ("7.7", "h", "one letter out of"),
    ("7.7", 5, "one letter out of"),
    ("7.5", math.nan, "your answer holds nan"),
    ("7.5", "no idea", 'the text "no idea"'),
    ("7.8", math.inf, "your answer holds inf"),
    ("7.9", 3.5, "Hand over the function itself"),
    ("7.9", lambda gradient, w: w, "must take 5 arguments"),
]
