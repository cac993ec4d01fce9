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
    "2.1": [[0.16, 0.35], (0.16, 0.35), np.array([0.16, 0.35]), [[0.16], [0.35]], "0.16, 0.35"],
    "2.2": [by_hand, put_back, central_difference],
    "2.3": ["At 0.75 the third derivative of the quartic is zero."],
    "2.4": ["c", " C ", "'c'", "c.", ["c"], "line c", "Line c."],
    "2.5": [0.28, 0.285, 0.29, 0.295, np.float64(0.29), [0.29], "0.29", "a nudge of 0.29"],
    "2.6": ["b", "B", "(b)", "'b'", "b.", ["b"], "exactly 0", "0", 0],
    "2.7": [
        *(203_540, 203540.0, np.int64(203_540), "203540", "203540 passes"),
        *("203,540", "203 540", "203_540"),
    ],
}


def aliased(f, w, eps):
    found = np.zeros(len(w))
    for i in range(len(w)):
        up = w
        up[i] += eps
        down = w
        down[i] -= eps
        found[i] = (f(up) - f(down)) / (2 * eps)
    return found


def read_between(f, w, eps):
    found = np.zeros(len(w))
    for i in range(len(w)):
        up = w
        up[i] += eps
        high = f(up)
        down = w
        down[i] -= eps
        found[i] = (high - f(down)) / (2 * eps)
    return found


def piled_up(f, w, eps):
    nudge, found = np.zeros(len(w)), []
    for i in range(len(w)):
        nudge[i] = eps
        found.append((f(w + nudge) - f(w - nudge)) / (2 * eps))
    return found


def half_a_nudge(f, w, eps):
    return [(f(w + eps / 2 * one) - f(w - eps / 2 * one)) / eps for one in np.eye(len(w))]


def last_slope(f, w, eps):
    return by_hand(f, w, eps)[-1]


def through_the_weights(f, w, eps):
    found = np.zeros(len(w))
    for i in w:
        found[i] = 0
    return found


def one_number(f, w, eps):
    return np.array([(f(w[i] + eps) - f(w[i] - eps)) / (2 * eps) for i in range(len(w))])


# (number, answer, some of the words that a reader is told)
WRONG = [
    ("2.2", aliased, "gives `w` a second name"),
    ("2.2", read_between, "your second reading is at `w` itself"),
    ("2.2", piled_up, "inside the loop"),
    ("2.2", half_a_nudge, "half the nudge"),
    ("2.2", last_slope, "returns one number, not 2 numbers"),
    ("2.7", 100_480, "That is the first layer only. The second has parameters, too."),
    ("2.7", 1_003_520, "1003520 is not it"),
    ("2.5", -0.29, "above 0"),
    ("2.5", 0, "above 0"),
    ("2.5", 0.3, "the rule is only nearly right"),
    ("2.5", 0.15, "off by about *half* the nudge"),
    ("2.5", 0.05, "Too small"),
    ("2.5", 0.27, "Too small"),
    ("2.5", 0.299, "Too large"),
    ("2.5", 0.5, "Too large"),
    ("2.5", 7, "Far too large"),
    ("2.5", 1e300, "Far too large"),
]

MALFORMED = [
    ("2.2", one_number, "hands it a single number"),
    ("2.2", through_the_weights, "Go through their places"),
    ("2.3", "no idea", "Write a whole sentence"),
    ("2.1", 0.16, "2 numbers"),
    ("2.1", ["a sixth", 0.35], "2 numbers"),
    ("2.2", 3.0, "Hand over the function itself"),
    ("2.2", lambda w: w, "must take 3 arguments; it takes 1"),
    ("2.2", lambda f, w, eps: None, "returned None"),
    ("2.5", "no idea", 'the text "no idea"'),
    ("2.5", np.inf, "holds inf"),
    ("2.6", 7, "one letter"),
    ("2.7", [101_770, 101_770], "one number"),
    ("2.4", "g", "one letter"),
]
