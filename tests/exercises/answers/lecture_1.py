"""Answers to the exercises of lecture 1: right, wrong and malformed, and the words they get."""

import math

import numpy as np


def right_walk(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = w - alpha * gradient(w)
    return w


def right_slope(f, w):
    import torch

    w = torch.tensor(w, requires_grad=True)
    f(w).backward()
    return w.grad.detach().numpy()


def without_a_call(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = w - alpha * gradient
    return w


def through_a_number(gradient, start, alpha, steps):
    w = start
    for _ in steps:
        w = w - alpha * gradient(w)
    return w


def from_the_start(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = start - alpha * gradient(w)
    return w


def step_in_place_of_w(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = alpha * gradient(w)
    return w


def looked_up(gradient, start, alpha, steps):
    return start - alpha * gradient[start]


def called_number(gradient, start, alpha, steps):
    return start - alpha(gradient(start))


def asked_nowhere(gradient, start, alpha, steps):
    return start - alpha * gradient()


def without_backward(f, w):
    import torch

    tensor = torch.tensor(w, requires_grad=True)
    f(tensor)
    return tensor.grad.numpy()


def without_backward_or_numpy(f, w):
    import torch

    tensor = torch.tensor(w, requires_grad=True)
    f(tensor)
    return tensor.grad


def without_a_record(f, w):
    import torch

    tensor = torch.tensor(w)
    f(tensor).backward()
    return tensor.grad.numpy()


def grad_of_the_array(f, w):
    import torch

    f(torch.tensor(w, requires_grad=True)).backward()
    return w.grad


def loss_of_the_array(f, w):
    f(w).backward()
    return w.grad


def backward_of_the_point(f, w):
    import torch

    tensor = torch.tensor(w, requires_grad=True)
    tensor.backward()
    return tensor.grad.numpy()


def backward_of_the_function(f, w):
    f.backward()


def called_gradient(f, w):
    import torch

    tensor = torch.tensor(w, requires_grad=True)
    f(tensor).backward()
    return tensor.grad()


def point_on_record(f, w):
    import torch

    tensor = torch.tensor(w, requires_grad=True)
    f(tensor).backward()
    return tensor.numpy()


def still_a_tensor(f, w):
    import torch

    w = torch.tensor(w, requires_grad=True)
    f(w).backward()
    return w.grad


RIGHT = {
    "1.1": [
        2.73,
        np.float64(2.73),
        np.array(2.73),
        [2.73],
        3 - 0.01 * 27,
        "2.73",
        "2,73",
        "273/100",
    ],
    "1.2": [0.05, 0.06, 0.08, "α = 0.06", "6%"],
    "1.6": [
        [26, -6],
        (26.0, -6.0),
        np.array([26, -6]),
        [[26], [-6]],
        [[26, -6]],
        "26, −6",
        "(26, -6)",
        ["26", "−6"],
    ],
    "1.3": [right_walk],
    "1.7": [
        *("c", "C", "(c)", " c ", "'c'", "c.", ["c"], "option c", "The answer is c."),
        *("a learning rate of 0.15", "0.15", 0.15),
    ],
    "1.5": [right_slope],
    "1.4": ["On the floor only the slope along the valley is left, so that is where it points."],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("1.2", -0.06, "above 0"),
    ("1.2", 0, "above 0"),
    ("1.2", 0.001, "Too small"),
    ("1.2", 0.044, "Too small"),
    ("1.2", 0.045, "not enough"),
    ("1.2", 0.098, "would settle there"),
    ("1.2", 0.1, "does not settle"),
    ("1.2", 0.1325, "back into the trap"),
    ("1.2", 0.135, "by chance"),
    ("1.2", 0.2, "flies off"),
    ("1.2", 1e300, "flies off"),
    ("1.1", 2.5, "2.5 is not it. Compute the slope"),
    ("1.6", [26, 7], "Entry 2 of [26, 7] is not right; the rest is."),
    ("1.6", [1, 1], "[1, 1] is not it"),
    ("1.1", 2.7, "rounded too early: give 2 decimals"),
    ("1.3", from_the_start, "Each of your steps begins at `start`"),
    ("1.3", step_in_place_of_w, "in the place of `w`"),
]

MALFORMED = [
    ("1.3", without_a_call, "you multiply the function itself"),
    ("1.3", through_a_number, "`for k in range(steps):`"),
    ("1.3", looked_up, "Call it with parentheses"),
    ("1.3", called_number, "`alpha` is a number"),
    ("1.3", asked_nowhere, "told where you are"),
    ("1.5", backward_of_the_point, "Call it on what `f(tensor)` returns"),
    ("1.5", backward_of_the_function, "`f` is the function"),
    ("1.5", called_gradient, "no parentheses after it"),
    ("1.5", point_on_record, "after `backward()` the gradient lies in `tensor.grad`"),
    ("1.4", "it turns", "a whole sentence"),
    ("1.4", 3, "between quotation marks; you gave the number 3"),
    ("1.5", without_backward, "Did you call it"),
    ("1.5", without_backward_or_numpy, "None until `backward()` has run"),
    ("1.5", without_a_record, "torch recorded nothing"),
    ("1.5", grad_of_the_array, "read `tensor.grad`"),
    ("1.5", loss_of_the_array, "records nothing"),
    ("1.5", still_a_tensor, "`.detach().numpy()`"),
    ("1.1", "left", 'one number; you gave the text "left"'),
    ("1.1", "2.73 or 3.27", "you gave 2 numbers"),
    ("1.1", [2.73, 1], "one number; you gave 2 numbers"),
    ("1.1", True, "you gave `True`"),
    ("1.1", math.nan, "your answer holds nan"),
    ("1.1", {"w": 2.73}, "you gave a dict"),
    ("1.1", right_walk, "you gave the function `right_walk`"),
    ("1.2", math.inf, "your answer holds inf"),
    ("1.6", 26, "2 numbers, such as `[0.5, 0.5]`; you gave one number"),
    ("1.6", [26, "-6x"], 'you gave a list that holds the text "-6x"'),
    ("1.6", [[26, -6], [0, 0]], "shape (2, 2)"),
    ("1.6", [26, ...], "you gave a list that holds `...`"),
    ("1.6", (True, 26, [1]), "you gave a tuple that holds `True`"),
    ("1.6", [26, [1]], "you gave a list."),
    ("1.3", 3.5, "Hand over the function itself"),
    ("1.3", np.ones(2), "you gave an array of shape (2,)"),
    ("1.3", lambda start: start, "must take 4 arguments; it takes 1"),
    ("1.7", "e", 'one letter out of `"a"`, `"b"`, `"c"`, `"d"`'),
    ("1.7", 3, "you gave the number 3"),
    ("1.7", "", "one letter"),
    ("1.5", lambda f, w: "steep", 'you gave the text "steep"'),
]
