"""The exercises of lecture 3, learning rate and schedules: what is asked, what often goes wrong.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from course_lib.exercises.answers import Choice, Function, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise

TITLE = "Learning rate and schedules"

# -------------------------------------------------------------------- 3.1 the border of a parabola

BORDER = Exercise(
    number="3.1",
    title="The border of a bowl",
    task=(
        "The loss is $L(w) = 3w^2 - 12w$. Below which learning rate does gradient descent settle "
        "at its minimum, whatever the start? Compute the border with pen and paper."
    ),
    template='alpha_border = ...\n\nexercise("3.1").check(alpha_border)',
    answer=Numbers(tolerance=0.005),
    right=2 / 6,
    praise=(
        "The curvature is L″ = 6 and the border 2/6. The term −12w moves the minimum to w = 2 and "
        "changes nothing else."
    ),
    mistakes=(
        (lambda alpha: abs(alpha - 2 / 3) < 0.01, "You took 3 for the curvature. In ½λw² the 3 is "
         "½λ, so what is λ, the second derivative of L?"),
        (1 / 6, "That is 1/λ. There the walk begins to cross the bottom, but it still settles."),
        (1 / 6 / 2, "That is half of 1/λ. Between 1/λ and 2/λ the walk crosses, and "
         "still settles."),
        (6, "That is the curvature λ. Which rate does it allow?"),
        (3, "Upside down: that is λ/2. The border is 2/λ."),
        (2, "That is the product αλ at the border. Solve it for α."),
    ),
    hints=(
        "The curvature is the second derivative of the loss. Take the derivative twice.",
        r"$L'(w) = 6w - 12$ and $L''(w) = 6$. The border is at $\alpha\lambda = 2$.",
    ),
    worked=(
        r"$L''(w) = 6$ everywhere, so $\lambda = 6$ and the border is $2/\lambda = 2/6 = 0.333$. "
        "The linear term only moves the minimum, to $w = 2$."
    ),
    otherwise="Find the second derivative λ first, then the rate at which αλ = 2.",
)  # fmt: skip

# --------------------------------------------------------------- 3.2 how long the flat one takes

_STEEP, _SHARE = 25, 0.01
_EXACT = math.log(_SHARE) / math.log(1 - 1 / _STEEP)

FLAT = Exercise(
    number="3.2",
    title="Waiting for the flat direction",
    task=(
        "A bowl has the curvatures 1 and 25: "
        r"$L = \tfrac{1}{2}(x_1^2 + 25\,x_2^2)$. You take $\alpha = 1/25$, with which the steep "
        "direction arrives in one step. After how many steps is $x_1$, in the flat direction, "
        "below 1 % of where it started?"
    ),
    template='steps_needed = ...\n\nexercise("3.2").check(steps_needed)',
    answer=Numbers(tolerance=0.05),
    right=math.ceil(_EXACT),
    praise=(
        "One step for the steep direction, more than a hundred for the flat one. It is the price "
        "of one rate for both, and it grows with the condition number."
    ),
    mistakes=(
        (math.floor(_EXACT), "After that many steps x₁ is still a little above 1 %. One more."),
        (_EXACT, "That is where it crosses 1 %. Steps are whole: which is the first one below?"),
        (1, "That is the steep direction, whose factor is 1 − 25/25 = 0. What is the factor of "
         "the flat one?"),
        *((steps, "Close: you replaced 1 − α by e^(−α). The factor of each step is exactly 0.96.")
          for steps in (_STEEP * math.log(1 / _SHARE), math.ceil(_STEEP * math.log(1 / _SHARE)))),
        (math.ceil((1 - _SHARE) * _STEEP), "You let x₁ shrink by 4 % of the start at each step. "
         "It shrinks by 4 % of what is left."),
        (100, "1 % is a hundredth, but the number of steps is not a hundred. Each step multiplies "
         "by 0.96."),
        (math.ceil(math.log(0.1) / math.log(0.96)), "That is 10 %. You need 1 %."),
    ),
    hints=(
        r"Each step multiplies $x_1$ by $1 - \alpha\lambda$ with $\lambda = 1$. What is that here?",
        r"The factor is $0.96$. You need the first $k$ with $0.96^k < 0.01$. Take logarithms, or "
        "try in Python.",
    ),
    worked=(
        r"The factor is $1 - 1/25 = 0.96$. From $0.96^k < 0.01$ follows "
        r"$k > \ln 0.01 / \ln 0.96 = 112.8$, so 113 steps."
    ),
    otherwise="The factor of the flat direction is 1 − α · 1. How often must you multiply by it?",
)  # fmt: skip

# ------------------------------------------------------------------------- 3.3 write your schedule


def _triangle(k, lr, warm, steps):
    if k < warm:
        return lr * (k + 1) / (warm + 1)
    return lr * max(0.0, (steps - k) / (steps - warm))


def _plans() -> list[tuple]:
    moments = (0, 1, 3, 4, 5, 12, 19, 20, 35)
    return [(k, 0.2, 4, 20) for k in moments] + [(k, 1.5, 0, 10) for k in (0, 5, 10)]


TRIANGLE = Exercise(
    number="3.3",
    title="Write a schedule",
    task=(
        "Write `triangle(k, lr, warm, steps)`, a schedule with a warm-up and a straight decay. "
        r"For $k <$ `warm` it rises as in the formula of warm-up, $\alpha_0 (k+1)/(s+1)$ with "
        r"$s =$ `warm`. At $k =$ `warm` it has the full rate `lr`. From there it falls in a "
        "straight line, reaches 0 at $k =$ `steps`, and stays 0. It is asked for one step `k` at a "
        "time. Three to six lines do it."
    ),
    template=(
        "def triangle(k, lr, warm, steps):\n"
        "    # rise for `warm` steps, fall to 0 at step `steps`, then stay at 0\n"
        "    ...\n"
        "\n\n"
        'exercise("3.3").check(triangle)'
    ),
    answer=Function(inputs=_plans),
    right=_triangle,
    praise=(
        "A pure function of k: nothing counts calls, nothing can be consumed. Try it: "
        "`descend(banana, GradientDescent(), (2, 2), 200, lambda k: triangle(k, 0.15, 20, 200))`."
    ),
    mistakes=(
        (
            lambda k, lr, warm, steps: (
                lr * k / warm if k < warm else lr * max(0.0, (steps - k) / (steps - warm))
            ),
            "Your rise begins at 0, so the first step does not move. It is (k + 1)/(warm + 1).",
        ),
        (
            lambda k, lr, warm, steps: _triangle(
                k, lr * (k / (k + 1) if k < warm else 1), warm, steps
            ),
            "Your rise begins at 0, so the first step does not move. It is (k + 1)/(warm + 1).",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / warm + 1 if k < warm else lr * max(0.0, (steps - k) / (steps - warm))
            ),
            "`/ warm + 1` divides by `warm` and then adds 1. Write `/ (warm + 1)`.",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / (warm + 1) if k < warm else max(0.0, lr * (steps - k) / steps - warm)
            ),
            "`/ steps - warm` divides by `steps` and then subtracts `warm`. Write "
            "`/ (steps - warm)`.",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / warm if k < warm else lr * max(0.0, (steps - k) / (steps - warm))
            ),
            "Your rise is at `lr` one step too early: divide by warm + 1.",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / (warm + 1) if k < warm else lr * (steps - k) / (steps - warm)
            ),
            "After the end your rate is negative: the walk would climb. `max(0, …)` stops it at 0.",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / (warm + 1) if k < warm else lr * max(0.0, 1 - k / steps)
            ),
            "Your fall does not begin at `lr`: count it from the end of the rise. It is "
            "(steps − k)/(steps − warm).",
        ),
        (
            lambda k, lr, warm, steps: (
                lr * (k + 1) / (warm + 1) if k < warm else lr * max(0.0, (steps + warm - k) / steps)
            ),
            "Your fall takes `steps` steps after the rise, so it ends too late: it should reach 0 "
            "at k = steps.",
        ),
        (
            lambda k, lr, warm, steps: lr * min(1.0, (k + 1) / (warm + 1)),
            "The rise is right. After it your rate stays at `lr`; it should fall to 0.",
        ),
        (
            lambda k, lr, warm, steps: lr * max(0.0, 1 - k / steps),
            "The fall is there, without the rise before it.",
        ),
        (
            lambda k, lr, warm, steps: _triangle(k, 1.0, warm, steps),
            "Your function returns a share between 0 and 1. Multiply it by `lr`.",
        ),
    ),
    hints=(
        "Two cases: `if k < warm:` return the rise; otherwise the fall.",
        "The fall is `lr` times the share of the way that is left: `(steps - k) / (steps - warm)`. "
        "After `steps` it would be negative, so take `max(0, …)`.",
    ),
    worked=(
        "\n\n```python\n"
        "def triangle(k, lr, warm, steps):\n"
        "    if k < warm:\n"
        "        return lr * (k + 1) / (warm + 1)\n"
        "    left = (steps - k) / (steps - warm)\n"
        "    return lr * max(0.0, left)\n"
        "```"
    ),
)

# ----------------------------------------------------------------------- 3.4 explain a picture

LEVEL = Exercise(
    number="3.4",
    title="A level curve",
    task=(
        "In explorer 3, press *Reset*, choose *exponential*, and set *speed* to 1. The loss "
        "becomes perfectly level, as it would at a minimum, but the walk is far from the star. "
        "In one sentence: what has happened, and which of the two curves tells you? Your sentence "
        "is not judged; you compare it with ours."
    ),
    template='my_sentence = ...\n\nexercise("3.4").check(my_sentence)',
    answer=Sentence(),
    right=None,
    praise=(
        "Our sentence: *The learning rate has fallen to almost nothing, so the walk stands still "
        "although the slope under it is not zero; the curve of the rate shows it, the curve of the "
        "loss does not.* Does yours say that the rate died, and not the gradient?"
    ),
    mistakes=(),
    hints=(
        "A step is the rate times the gradient. Which of the two became small?",
        "Look at the upper picture: how large is the rate where the loss becomes level?",
    ),
    worked=(
        "The rate falls by a constant factor at each step, so after fifty steps it is 0.001 "
        "and the walk hardly moves, wherever it is. The loss cannot tell a dead rate from a "
        "minimum; the curve of the rate can."
    ),
)

# -------------------------------------------------------------------- 3.5 which keeps both promises

BOTH_CONDITIONS = Exercise(
    number="3.5",
    title="Both conditions",
    task=(
        "Which schedule obeys both Robbins–Monro conditions?\n\n"
        r'- `"a"` $\alpha_k = 0.01$' + "\n"
        r'- `"b"` $\alpha_k = 0.5 \cdot 0.999^k$' + "\n"
        r'- `"c"` $\alpha_k = 0.5 / (1 + 0.02k)$' + "\n"
        r'- `"d"` $\alpha_k = 0.5 / \sqrt{k + 1}$'
    ),
    template='my_choice = ...\n\nexercise("3.5").check(my_choice)',
    answer=Choice("abcd"),
    right="c",
    praise=(
        "For large k time-based decay is 25/k. So its sum grows like a logarithm, without end, "
        "while the sum of its squares stays finite."
    ),
    mistakes=(
        ("a", "The sum of the rates is infinite, but so is that of the squares: 0.0001 added up "
         "forever. The walk never comes to rest."),
        ("b", "The rates add up to 0.5/(1 − 0.999) = 500 and no more. A walk that needs more, "
         "because the ground is flat, never arrives."),
        ("d", "The squares are 0.25/(k + 1), and their sum grows without end."),
    ),
    hints=(
        r"A geometric series $1 + d + d^2 + \cdots$ with $d < 1$ is finite. "
        r"$1 + \tfrac12 + \tfrac13 + \cdots$ is not, $1 + \tfrac14 + \tfrac19 + \cdots$ is.",
        r"You need a rate that falls like $1/k$: fast enough for its squares, slow enough for "
        "itself.",
    ),
    worked=(
        r'"c". For large $k$ it is $25/k$, so $\sum \alpha_k$ is infinite and '
        r"$\sum \alpha_k^2$ finite."
    ),
)  # fmt: skip

# ----------------------------------------------------------------------------- 3.6 a cycle of eight


@functools.lru_cache(maxsize=20_000)  # a page asks it at thousands of rates, for each answer
def _long_run(alpha: float) -> float:
    """Return the cycle length of gradient descent on the quartic from w = 2, after 20 000 steps.

    0 where it does not repeat within 40 steps, −1 in the trap at 0, infinite where it overflows and
    NaN for no valid α.
    """
    if alpha <= 0:
        return math.nan
    w, visited = 2.0, []
    for k in range(20_000):
        w -= alpha * (4 * w**3 - 9 * w**2)
        if abs(w) > 1e6:
            return math.inf
        if k >= 19_900:
            visited.append(w)
    if abs(w) < 0.2:
        return -1
    for p in range(1, 41):
        if all(abs(a - b) < 1e-4 for a, b in zip(visited[p:], visited, strict=False)):
            return p
    return 0


CYCLE_OF_EIGHT = Exercise(
    number="3.6",
    title="A cycle of eight",
    task=(
        "Go back to explorer 4. Put the start back to $w_0 = 2$ and find a learning rate with "
        "which the walk ends in a cycle of length 8. Read the line under the figure; the arrow "
        "keys move the slider by one notch."
    ),
    template='my_alpha = ...\n\nexercise("3.6").check(my_alpha)',
    answer=Numbers(tolerance=0),
    right=lambda alpha: _long_run(alpha) == 8,
    praise=(
        "Eight values, again and again. The window is narrow: each window is less than a quarter "
        "as wide as the one before."
    ),
    mistakes=(
        (lambda alpha: math.isnan(_long_run(alpha)), "A learning rate is above 0."),
        (lambda alpha: _long_run(alpha) == 1, "Too small: with this rate the walk settles."),
        (lambda alpha: alpha < 0.13 and _long_run(alpha) == 2, "Too small: that is a cycle of 2. "
         "It doubles twice more."),
        (lambda alpha: alpha < 0.13 and _long_run(alpha) == 4, "Almost: that is a cycle of 4. It "
         "doubles once more, a little above."),
        (lambda alpha: alpha < 0.13 and _long_run(alpha) in (16, 32), "A little too far: the cycle "
         "of 8 has already doubled again."),
        (lambda alpha: math.isinf(_long_run(alpha)), "Far too large: the walk flies off."),
        (lambda alpha: _long_run(alpha) == -1, "Too large: the walk is thrown into the trap at 0."),
        (lambda alpha: _long_run(alpha) > 0, "A cycle, but not of 8: you found a window of order "
         "among the wandering. Look below 0.129."),
        (lambda alpha: _long_run(alpha) == 0, "Too large: the walk wanders. It has no cycle of 40 "
         "places or fewer."),
    ),
    hints=(
        "The cycle of 4 begins at 0.1223 and doubles at 0.1276. The next doubling comes soon.",
        "The gaps shrink by a factor of about 4.6. From 0.1223 to 0.1276 it is 0.0053, so the "
        "cycle of 8 lives for about 0.0011 above 0.1276.",
    ),
    deeper=True,
    worked=r"$\alpha = 0.128$, or any other between 0.1276 and 0.1287.",
)  # fmt: skip

# --------------------------------------------------------------------- 3.7 when is a quarter left?

QUARTER = Exercise(
    number="3.7",
    title="A quarter of the rate",
    task=(
        r"Time-based decay with $\alpha_0 = 0.2$ and $\kappa = 0.01$: "
        r"$\alpha_k = 0.2 / (1 + 0.01k)$. At which step $k$ is the rate down to a quarter of "
        r"$\alpha_0$?"
    ),
    template='step_of_quarter = ...\n\nexercise("3.7").check(step_of_quarter)',
    answer=Numbers(tolerance=0.5),
    right=300,
    praise=(
        "Half is reached after 100 steps, a quarter after 300, an eighth after 700. Each halving "
        "takes twice as long as the one before; exponential decay takes the same time for each."
    ),
    mistakes=(
        (4 / 0.01, "You left out the 1: it is 1 + κk that must be 4."),
        (1 / 0.01, "There the rate is a half."),
        (2 * 100, "You waited twice as long as for the half. The decay slows down."),
        (math.log(4) / 0.01, "That is the answer for exponential decay, 0.2 · e^(−0.01k)."),
        (75, "You let the rate fall in a straight line, by 0.01 · α₀ at each step."),
        (0.05, "That is the rate itself, a quarter of 0.2. At which step is it reached?"),
        (3, "That is κk. Divide it by κ = 0.01."),
        (-75, "Upside down: 1 + κk must be 4, not a quarter."),
    ),
    hints=(
        r"A quarter of $\alpha_0$ means that the denominator $1 + 0.01k$ is 4.",
        r"$1 + 0.01k = 4$ gives $0.01k = 3$.",
    ),
    deeper=True,
    worked=r"$\alpha_k = \alpha_0 / 4$ where $1 + 0.01k = 4$, so $k = 3 / 0.01 = 300$.",
    otherwise="For which k is 1 + 0.01k equal to 4?",
)

# --------------------------------------------------------------------------------- predictions

BORDERS = ("above α = 1/(2λ)", "above α = 1/λ", "above α = 2/λ", "above α = 4/λ")
ABOVE = ("it flies off to infinity", "it jumps between two points", "it wanders without pattern")
CHOICES = ("the best on training data", "a smaller one than that", "a larger one than that")
ALARMS = ("below half of 2/λ", "close to 2/λ", "above twice 2/λ")
POWERS = ("p = 0", "p = 0.7", "p = 1.6")
RACERS = (
    "the constant 0.1",
    "the constant 0.01",
    "time-based decay",
    "half a cosine",
    "exponential decay",
)


def _border(ends: dict[float, float]) -> str:
    """Return the option for the smallest product αλ with which a walk from 1 has not settled."""
    never = min(product for product, end in ends.items() if end > 0.01)
    return BORDERS[int(np.argmin(np.abs(np.log(np.array([0.5, 1, 2, 4]) / never))))]


def _beyond(walk: Any) -> str:
    w = walk.points[-100:, 0]
    if not np.all(np.abs(w) < 1e6):
        return ABOVE[0]
    return ABOVE[1] if np.all(abs(w[2:] - w[:-2]) < 1e-3) else ABOVE[2]


def _chosen(training: float, validation: float) -> str:
    return CHOICES[0 if validation == training else 1 if validation < training else 2]


def _repeats(walk: Any) -> int:
    w = walk.points[-200:, 0]
    lengths = (p for p in range(1, 100) if np.all(abs(w[p:] - w[:-p]) < 1e-3))
    return next(lengths, 0)


PREDICTIONS = (
    Prediction(
        number="3.a",
        question=(
            "On a bowl of curvature λ you raise α. Above which rate does the walk never reach the "
            "bottom?"
        ),
        options=BORDERS,
        result=_border,
        why=(
            "Each step multiplies the distance to the bottom by 1 − αλ. At αλ = 2 that is −1: the "
            "walk lands as far away as it was, on the other side. Beyond it, farther."
        ),
    ),
    Prediction(
        number="3.b",
        question="On the quartic, from w = 2, with α = 0.0989: what does the walk do in the end?",
        options=ABOVE,
        result=_beyond,
        why=lambda walk: (
            f"It goes back and forth between {min(walk.points[-2:, 0]):.3f} and "
            f"{max(walk.points[-2:, 0]):.3f}. The minimum pushes it away, because the curvature "
            "there is above 2/α. But to the left the quartic is less curved, so a walk that has "
            "moved out is pushed no further: over two steps it gains as much as it loses."
        ),
    ),
    Prediction(
        number="3.c",
        question=(
            "You try twenty rates, 500 steps each. One of them is best on the training data. Which "
            "is best on the validation batch?"
        ),
        options=CHOICES,
        result=_chosen,
        why=lambda training, validation: (
            f"It is {validation:.3f}; the training loss is lowest at {training:.3f}. With small "
            "steps the walk learns the broad shape first and has no time left for the noise of the "
            "thirty examples."
        ),
    ),
    Prediction(
        number="3.d",
        question=(
            "The test used batches of 10. Use all 30 examples at each step instead, so that there "
            "is no noise. Where does the alarm of 200 steps ring now?"
        ),
        options=ALARMS,
        result=lambda ratio: ALARMS[0 if ratio < 0.5 else 2 if ratio > 2 else 1],
        why=lambda ratio: (
            f"It rings at {ratio:.1f} times 2/λ. While the rate passes 1/λ, the factor 1 − αλ is "
            "almost 0 and wipes out the steep direction. Beyond the border that direction grows "
            "again, but from next to nothing, and meanwhile the rate runs on."
        ),
    ),
    Prediction(
        number="3.e",
        question=(
            "Noisy gradients, 200 steps: constant 0.1, constant 0.01, time-based 0.2/(1 + 0.01k), "
            "half a cosine from 0.2 to 0, or exponential 0.2 · 0.9ᵏ. Which has the lowest median "
            "loss at the end?"
        ),
        options=RACERS,
        result=lambda medians: RACERS[int(np.argmin(medians))],
        why=lambda medians: (
            f"Its median loss is {min(medians):.3f}. It takes long steps while it is far away, and "
            "at the end its steps are so short that the noise no longer moves it. The others lack "
            "one of the two."
        ),
    ),
    Prediction(
        number="3.f",
        question=(
            "With α_k = 0.1 · 0.9ᵏ on a bowl with λ = 1 and all the steps in the world: what "
            "percentage of the distance is left?"
        ),
        result=lambda left: round(100 * left, 1),
        why=lambda left: (
            "Each step keeps the share 1 − α_k, and all rates together add up to only 1. So about "
            f"e⁻¹ = {100 / math.e:.0f} % must be left, and the exact product is {100 * left:.1f} %."
        ),
        tolerance=0.5,
        close=7,
        unit="%",
    ),
    Prediction(
        number="3.g",
        question="How many different values does the walk take in the long run at α = 0.125?",
        result=_repeats,
        why=lambda walk: (
            "The cycle of two has become unstable in its turn, and for the same reason as the "
            "minimum before it: a small distance from it grows over one round, with its sign "
            "turned. So each of its two places splits in two."
        ),
        deeper=True,
    ),
    Prediction(
        number="3.h",
        question=(
            "A bowl with λ = 1, noise of σ = 0.5, and α_k = 0.5/(k + 1)^p. Which p brings a walk "
            "from w = 2 closest to the bottom in 400 steps?"
        ),
        options=POWERS,
        result=lambda distances: POWERS[int(np.argmin(distances))],
        why=lambda distances: (
            "With p = 0 the steps never shrink, so the noise keeps the walk "
            f"{distances[0]:.2f} away. With p = 1.6 the rates die before the walk has arrived, "
            f"{distances[2]:.2f} away. In between, all rates add up to enough for the way, and "
            f"their squares to so little that the noise dies out: {distances[1]:.2f} is left."
        ),
        deeper=True,
    ),
    Prediction(
        number="3.i",
        question=(
            "The same noisy walk on the banana, five times, each with different noise. How many "
            "different curves of α_k do the five runs have with reduce on plateau?"
        ),
        result=lambda walks: len({tuple(walk.learning_rates) for walk in walks}),
        why=(
            "Each run cuts its rate where its own loss stalls, and the noise decides where that "
            "is. A function of k alone would give all five the same curve."
        ),
        deeper=True,
    ),
)

EXERCISES = (BORDER, FLAT, TRIANGLE, LEVEL, BOTH_CONDITIONS, CYCLE_OF_EIGHT, QUARTER)
