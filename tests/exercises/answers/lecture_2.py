"""Answers to the exercises of lecture 2: right, wrong and malformed, and the words they get."""

import numpy as np

from course_lib.gradients import central_difference


def by_hand(f, w, eps):
    found = []
    for i in range(len(w)):
        nudge = np.zeros(len(w))
        nudge[i] = eps
        found.append((f(w + nudge) - f(w - nudge)) / (2 * eps))
    return found


def put_back(f, w, eps):
    found = []
    for i in range(len(w)):
        w[i] += eps
        high = f(w)
        w[i] -= 2 * eps
        low = f(w)
        w[i] += eps
        found.append((high - low) / (2 * eps))
    return np.array(found)


RIGHT = {
    "2.1": [[0.16, 0.35], (0.16, 0.35), np.array([0.16, 0.35])],
    "2.2": [by_hand, put_back, central_difference],
    "2.3": [0.28, 0.285, 0.29, 0.295, np.float64(0.29), [0.29]],
    "2.4": ["b", "B", "(b)"],
    "2.5": [203_540, 203540.0, np.int64(203_540)],
    "2.6": ["c", " C "],
}

# (number, answer, some of the words that a reader is told)
WRONG = [
    ("2.3", -0.29, "above 0"),
    ("2.3", 0, "above 0"),
    ("2.3", 0.3, "the rule is only nearly right"),
    ("2.3", 0.15, "off by about *half* the nudge"),
    ("2.3", 0.05, "Too small"),
    ("2.3", 0.27, "Too small"),
    ("2.3", 0.299, "Too large"),
    ("2.3", 0.5, "Too large"),
    ("2.3", 7, "Far too large"),
    ("2.3", 1e300, "Far too large"),
]

MALFORMED = [
    ("2.1", 0.16, "2 numbers"),
    ("2.1", ["a sixth", 0.35], "2 numbers"),
    ("2.2", 3.0, "Hand over the function itself"),
    ("2.2", lambda w: w, "must take 3 arguments; it takes 1"),
    ("2.2", lambda f, w, eps: None, "returned None"),
    ("2.3", "no idea", 'the text "no idea"'),
    ("2.3", np.inf, "holds inf"),
    ("2.4", 0, "one letter"),
    ("2.5", [101_770, 101_770], "one number"),
    ("2.6", "g", "one letter"),
]
