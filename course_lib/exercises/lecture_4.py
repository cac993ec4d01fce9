"""The exercises of lecture 4, SGD and mini-batches: what is asked, what goes wrong, what helps.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import math

import numpy as np

from course_lib.exercises.answers import Function, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise

TITLE = "SGD and mini-batches"

# ------------------------------------------------------------------- 4.1 one example, by the chain

_X = np.array([2.0, -1.0, 1.0])  # the last entry goes with b

GRADIENT_OF_ONE = Exercise(
    number="4.1",
    title="The gradient of one example",
    task=(
        "A batch holds one example: $x = (2, -1)$ with the label $y = 1$. The model stands at "
        "$w = (0.5, 1)$, $b = 0$. Go along the chain by hand: $z$, then $\\hat y$, then the three "
        "slopes of $L$ with respect to $w_1$, $w_2$ and $b$. "
        "Give them as a list."
    ),
    template='slopes = [..., ..., ...]\n\nexercise("4.1").check(slopes)',
    answer=Numbers(tolerance=1e-6, shape=(3,)),
    right=tuple(-0.5 * _X),
    praise=(
        "The model predicts 0.5 where 1 is right, so each slope is −0.5 times the input that the "
        "parameter is multiplied by; for b that input is 1."
    ),
    mistakes=(
        (tuple(0.5 * _X), "The signs are reversed: the factor is ŷ − y = 0.5 − 1."),
        (
            tuple(-0.125 * _X),
            "You multiplied by ŷ(1 − ŷ), but left out the denominator of ∂L/∂ŷ, which cancels it.",
        ),
        (tuple(-2 * _X), "You left out the middle link of the chain, ∂ŷ/∂z = ŷ(1 − ŷ)."),
        (tuple(0.25 * _X), "That is ∂ŷ/∂z · ∇z. The first link, ∂L/∂ŷ, is missing."),
        (
            tuple(-1.0 * _X),
            "You took the score z = 0 for ŷ. The sigmoid comes in between: ŷ = σ(0) = 0.5.",
        ),
        (
            (-0.25, -0.5, -0.5),
            "You multiplied by the weights. In z, each weight is multiplied by its input, so the "
            "slope for it is (ŷ − y) times the input.",
        ),
        ((-1, -0.5, -0.5), "The sign of the second slope: x₂ is −1, and so is its factor."),
        ((-1, 0.5, 0), "b has a slope, too: in z it is multiplied by 1."),
        ((-1, 0.5, 1), "1 is the input that belongs to b. Multiply it by ŷ − y, as the others."),
        ((-0.5, -1, 0.5), "The three numbers are there. The order is w₁, w₂, b."),
        ((-0.5, -0.5, -0.5), "That is ŷ − y. Multiply it by the input of each parameter."),
        (tuple(_X), "Those are the inputs. Multiply them by ŷ − y."),
    ),
    hints=(
        "First the forward pass: $z = w_1 x_1 + w_2 x_2 + b$. What is $\\sigma(0)$?",
        "$z = 0$, so $\\hat y = 0.5$. The product of the three links is $(\\hat y - y)\\,x$ for "
        "$w$ and $\\hat y - y$ for $b$.",
    ),
    worked=(
        "$z = 0.5 \\cdot 2 + 1 \\cdot (-1) + 0 = 0$ and $\\hat y = \\sigma(0) = 0.5$. So "
        "$\\hat y - y = -0.5$, and the slopes are $-0.5 \\cdot 2 = -1$, $-0.5 \\cdot (-1) = 0.5$ "
        "and $-0.5 \\cdot 1 = -0.5$."
    ),
    otherwise="Compute z, then ŷ, then (ŷ − y) times each input.",
)

# ------------------------------------------------------------------------- 4.2 updates in an epoch

UPDATES_IN_AN_EPOCH = Exercise(
    number="4.2",
    title="How many updates is an epoch?",
    task=(
        "A training set has $m = 60\\,000$ examples and you take batches of $B = 128$. The last "
        "batch of an epoch may be smaller. How many updates does one epoch make?"
    ),
    template='updates = ...\n\nexercise("4.2").check(updates)',
    answer=Numbers(tolerance=1e-9),
    right=math.ceil(60_000 / 128),
    praise="468 full batches, and a last one with the 96 examples that are left.",
    mistakes=(
        (60_000 / 128, "That is m / B. Updates come whole: what becomes of the examples left?"),
        (60_000 // 128, "You left out the last batch. 468 · 128 is 59 904, not 60 000."),
        (60_000 * 128, "You multiplied. Each update uses up 128 of the 60 000 examples."),
        (60_000, "That is the number for B = 1, one update for each example."),
        (1, "That is the number for B = m, the whole training set in one update."),
        (128, "That is how many examples one update sees."),
        (96, "That is how many examples the last, short batch holds. Count the batches."),
    ),
    hints=(
        "How many times can you take 128 examples out of 60 000?",
        "$60\\,000 / 128 = 468.75$. The last three quarters of a batch are a batch too.",
    ),
    worked="$60\\,000 / 128 = 468.75$, rounded up: 469 updates.",
    otherwise="Divide m by B, and give the examples that are left over a batch of their own.",
)

# ---------------------------------------------------------------------------- 4.3 write one epoch


def mean_slope(w, X, y):
    """Return the gradient of ½ mean (Xw − y)², the loss the function of 4.3 is tried on."""
    return X.T @ (X @ w - y) / len(y)


def _epoch(gradient, w, X, y, alpha, B):
    for first in range(0, len(X), B):
        batch = slice(first, first + B)
        w = w - alpha * gradient(w, X[batch], y[batch])
    return w


def _epoch_from_the_start(gradient, w, X, y, alpha, B):
    moved = w
    for first in range(0, len(X), B):
        moved = moved - alpha * gradient(w, X[first : first + B], y[first : first + B])
    return moved


def _epoch_overlapping(gradient, w, X, y, alpha, B):
    for first in range(len(X)):
        w = w - alpha * gradient(w, X[first : first + B], y[first : first + B])
    return w


def _epoch_of_wrong_slices(gradient, w, X, y, alpha, B):
    for first in range(0, len(X), B):
        w = w - alpha * gradient(w, X[first:B], y[first:B])
    return w


def _epoch_shuffled(gradient, w, X, y, alpha, B):
    order = np.random.default_rng(0).permutation(len(X))
    return _epoch(gradient, w, X[order], y[order], alpha, B)


def _epoch_stopping_short(gradient, w, X, y, alpha, B):
    for first in range(0, len(X) - B, B):
        w = w - alpha * gradient(w, X[first : first + B], y[first : first + B])
    return w


def _epoch_of_rounded_count(gradient, w, X, y, alpha, B):
    for number in range(round(len(X) / B)):
        first = number * B
        w = w - alpha * gradient(w, X[first : first + B], y[first : first + B])
    return w


def _epoch_over_a_full_batch(gradient, w, X, y, alpha, B):
    """Divide the sum by B even where the last batch holds fewer examples."""
    for first in range(0, len(X), B):
        part = X[first : first + B]
        w = w - alpha * gradient(w, part, y[first : first + B]) * len(part) / B
    return w


def _epoch_points(gradient, w, X, y, alpha, B):
    ends = range(B, len(X) + B, B)
    return np.array([_epoch(gradient, w, X[:end], y[:end], alpha, B) for end in ends])


def _epoch_in_parts(gradient, w, X, y, alpha, B):
    for part in np.array_split(np.arange(len(X)), B):
        w = w - alpha * gradient(w, X[part], y[part])
    return w


def _epoch_of_sums(gradient, w, X, y, alpha, B):
    for first in range(0, len(X), B):
        part = X[first : first + B]
        w = w - alpha * gradient(w, part, y[first : first + B]) * len(part)
    return w


def _epochs() -> list[tuple]:
    random = np.random.default_rng(43)
    X, w = random.normal(size=(7, 2)).round(2), np.array([0.5, -1.0])
    y = random.normal(size=7).round(2)
    return [(mean_slope, w, X, y, 0.1, B) for B in (3, 1, 7, 2)]


WRITE_ONE_EPOCH = Exercise(
    number="4.3",
    title="Write one epoch",
    task=(
        "Write `one_epoch(gradient, w, X, y, alpha, B)`. It goes once through the examples in the "
        "order in which they come, `B` at a time, takes one step of gradient descent for each "
        "batch, and returns the last `w`. The last batch may be smaller. `gradient(w, X, y)` gives "
        "the mean gradient of the examples you hand it. Three to six lines do it."
    ),
    template=(
        "def one_epoch(gradient, w, X, y, alpha, B):\n"
        "    # for each batch of B examples: one step\n"
        "    ...\n"
        "    return w\n"
        "\n\n"
        'exercise("4.3").check(one_epoch)'
    ),
    answer=Function(
        inputs=_epochs,
        failures=(
            (
                r"unsupported operand.*'(method|function)'",
                "`gradient` is a function, and you multiply the function itself. Ask it for the "
                "mean gradient of a batch: `gradient(w, X[...], y[...])`.",
            ),
            (
                r"'float' object cannot be interpreted as an integer",
                "`range` counts in whole numbers, and `len(X) / B` is a fraction. Let "
                "`range(0, len(X), B)` count the places where batches begin.",
            ),
            (
                r"mismatch|could not be broadcast|not aligned",
                "`X` and `y` are cut differently. Cut both at the same places: "
                "`X[first : first + B]` and `y[first : first + B]`.",
            ),
            (
                r"enough dimensions",
                "`X[first]` is one example and no batch. Cut a batch out, even if it holds a "
                "single example: `X[first : first + B]`.",
            ),
        ),
    ),
    right=_epoch,
    praise=(
        "With B = 1 it is online SGD, with B = len(X) batch gradient descent, and in between "
        "mini-batch SGD. You changed one number."
    ),
    mistakes=(
        (lambda gradient, w, X, y, alpha, B: w, "Your function returns the start: no step."),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X, y, -alpha, B),
            "Your steps go uphill. Did you forget the minus sign in w − α∇L?",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X, y, alpha, len(X)),
            "Your function takes one step with all examples. Take a step for each batch of B.",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X[:B], y[:B], alpha, B),
            "Your function stops after the first batch. Is `return` inside the loop?",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(
                gradient, w, X[: len(X) // B * B], y[: len(X) // B * B], alpha, B
            ),
            "You leave out the examples at the end that do not fill a batch. "
            "`range(0, len(X), B)` reaches them.",
        ),
        (
            _epoch_stopping_short,
            "You stop a batch too early. `range(0, len(X) - B, B)` never begins the last batch; "
            "`range(0, len(X), B)` does.",
        ),
        (
            _epoch_of_rounded_count,
            "You round the number of batches, so a short last batch is lost or kept by chance. "
            "Round up, or let `range(0, len(X), B)` count.",
        ),
        (
            _epoch_over_a_full_batch,
            "Right for full batches. The last one is shorter: its mean is its sum over its own "
            "length, not over B.",
        ),
        (
            _epoch_shuffled,
            "You shuffle inside. That is good practice, but here the examples are to be taken in "
            "the order in which they come, so that the result can be compared.",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X, y, alpha, 1),
            "Your function takes one step for each example, whatever B is.",
        ),
        (
            _epoch_from_the_start,
            "You take every gradient at the first `w`. After a step, ask at the new one.",
        ),
        (
            _epoch_overlapping,
            "Your batches overlap: each begins one example after the last. Go on by B examples.",
        ),
        (
            _epoch_of_wrong_slices,
            "After the first, your batches are empty. A slice is cut from where to where: "
            "`X[first : first + B]`.",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X, y, alpha / B, B),
            "You divide by B. `gradient` is the mean over the batch already.",
        ),
        (
            _epoch_of_sums,
            "You multiply by the number of examples. `gradient` is the mean over the batch, and "
            "the step is `alpha` times that.",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X, y, 1, B),
            "Your gradient has no `alpha` before it.",
        ),
        (
            _epoch_in_parts,
            "You cut the examples into B batches. B is the size of a batch: put B examples into "
            "each.",
        ),
        (
            lambda gradient, w, X, y, alpha, B: _epoch(gradient, w, X[:B], y[:B], alpha, 1),
            "Your loop takes B steps, with one example each. Take a step for each batch of B "
            "examples, until all have been used.",
        ),
        (
            _epoch_points,
            "Your function returns `w` after every batch. Only the last was asked for.",
        ),
    ),
    hints=(
        "`range(0, len(X), B)` counts 0, B, 2B, …: the place where each batch begins.",
        "The batch that begins at `first` is `X[first : first + B]` and `y[first : first + B]`. "
        "Beyond the end, Python hands over what is there.",
    ),
    worked=(
        "\n\n```python\n"
        "def one_epoch(gradient, w, X, y, alpha, B):\n"
        "    for first in range(0, len(X), B):\n"
        "        g = gradient(w, X[first : first + B], y[first : first + B])\n"
        "        w = w - alpha * g\n"
        "    return w\n"
        "```"
    ),
)

# ------------------------------------------------------------------------ 4.4 buy a quieter batch

QUIETER = Exercise(
    number="4.4",
    title="A quieter gradient",
    task=(
        "Batches of $B = 32$ give gradients with a spread of 0.6. You want a spread of 0.15. How "
        "many examples must a batch hold?"
    ),
    template='my_batch = ...\n\nexercise("4.4").check(my_batch)',
    answer=Numbers(tolerance=1e-9),
    right=32 * 4**2,
    praise="A quarter of the noise costs sixteen times the examples, since only √B counts.",
    mistakes=(
        (
            32 * 4,
            "Four times the examples only halve the noise, because it falls with the *root* of B.",
        ),
        (32 * 2, "You multiplied by the root of 4. The batch must grow by the square of 4."),
        (4**2, "That is the factor by which the batch grows. It was 32."),
        (4, "The spread is to be four times smaller. By which factor must B grow, and from 32?"),
        (32 / 4, "A smaller batch is noisier."),
        (32 / 4**2, "A smaller batch is noisier. Multiply by the factor."),
    ),
    hints=(
        "The spread is $\\sigma / \\sqrt{B}$. It is to become 4 times smaller.",
        "$\\sqrt{B}$ must become 4 times larger, so $B$ must become $4^2$ times larger.",
    ),
    worked="$0.6 / 0.15 = 4$, so $B = 4^2 \\cdot 32 = 512$.",
    otherwise="By which factor must √B grow?",
)

# ------------------------------------------------------------------- 4.5 which clock did they use?

WHICH_CLOCK = Exercise(
    number="4.5",
    title="Explain a picture",
    task=(
        "A friend trains twice with the same learning rate, plots the loss against *updates*, and "
        "says: “$B = 1024$ learns as fast as $B = 32$, with less noise. So larger batches are "
        "better.” Set the explorer to one and then the other, compare the plots of all three "
        "clocks, and explain in a sentence or two what the friend's plot leaves out."
    ),
    template='my_sentence = ...\n\nexercise("4.5").check(my_sentence)',
    answer=Sentence(),
    right="",
    praise=(
        "A model answer: “At the same number of updates the run with B = 1024 has looked at 32 "
        "times as many examples, so on the clock of examples its curve lies a factor of 32 to the "
        "right; it paid for its lower noise.” Did you name the clock, and what each run paid?"
    ),
    mistakes=(),
    hints=(
        "How many examples has each run seen after 100 updates?",
        "After 100 updates it is $100 \\cdot 1024$ against $100 \\cdot 32$ examples. Which of "
        "the two curves moves when you change the clock?",
    ),
    worked=(
        "At the same number of updates the run with $B = 1024$ has seen 32 times as many examples. "
        "The plot against updates hides what its calmer curve cost."
    ),
)

# ----------------------------------------------------------------------------- 4.6 tame the ball


def _spread_of_ball(alpha: float, batch: float) -> float:
    """Return the closed form for σ = λ = 1."""
    return math.sqrt(alpha / batch / (2 - alpha)) if batch > 0 else math.nan


TAME_THE_BALL = Exercise(
    number="4.6",
    deeper=True,
    title="Tame the ball",
    task=(
        "In explorer 3, the noise ball, set the learning rate to $\\alpha = 0.8$. Which is the "
        "smallest batch size on the slider for which the closed form gives a spread below 0.1?"
    ),
    template='my_batch = ...\n\nexercise("4.6").check(my_batch)',
    answer=Numbers(tolerance=1e-9),
    right=128,
    praise="At 64 the spread is 0.102, a little too much; at 128 it is 0.072.",
    mistakes=(
        (
            lambda batch: batch <= 0 or math.log2(batch) % 1 > 0,
            "The slider holds powers of two: 1, 2, 4, 8, …",
        ),
        (
            lambda batch: batch == 64,
            "Very close: at 64 the readout says 0.102, a little above 0.1.",
        ),
        (
            lambda batch: batch == 8,
            "That fits α = 0.1. Is the learning rate slider at 0.8?",
        ),
        (
            lambda batch: _spread_of_ball(0.8, batch) >= 0.1,
            "The ball is still wider than 0.1. A larger batch makes it smaller.",
        ),
        (
            lambda batch: _spread_of_ball(0.8, batch) < 0.1,
            "Small enough, but a smaller batch does it, too.",
        ),
    ),
    hints=(
        "Set α first. Then raise B stop by stop, and read the line under the figure.",
        "Or solve $(\\alpha / B) / (2 - \\alpha) < 0.1^2$ for $B$, with $\\alpha = 0.8$.",
    ),
    worked=(
        "$B > 0.8 / (1.2 \\cdot 0.01) = 66.7$. The next power of two is 128, with the spread "
        "$\\sqrt{0.8 / 128 / 1.2} = 0.072$."
    ),
)

# ---------------------------------------------------------------------------- 4.7 scale the rate

SCALE_THE_RATE = Exercise(
    number="4.7",
    deeper=True,
    title="Eight times both",
    task=(
        "With $\\sigma = \\lambda = 1$ the ball of $(\\alpha, B) = (0.1, 1)$ has the variance "
        "0.053. Now scale both by 8: $\\alpha = 0.8$ and $B = 8$. What is the variance in the "
        "closed form? Give three decimals."
    ),
    template='variance = ...\n\nexercise("4.7").check(variance)',
    answer=Numbers(tolerance=0.0006),
    right=0.8 / 8 / (2 - 0.8),
    praise="α/B is the same, but 2 − αλ fell from 1.9 to 1.2. The rule begins to break.",
    mistakes=(
        (
            0.8 / 8,
            "0.1 is α/B, and still to be divided by λ(2 − αλ). Give the result to three decimals.",
        ),
        (0.1 / 1.9, "That is the variance before. α/B is the same, but 2 − αλ is not."),
        (0.1 / 2, "You left αλ out of 2 − αλ. That is the limit of small learning rates."),
        (0.8 / 1.2, "You forgot to divide by B = 8."),
        (0.8 / 64 / 1.2, "You divided by B twice."),
        (0.1 / 2.8, "It is 2 − αλ in the denominator, not 2 + αλ."),
        (0.1 / 0.8, "The denominator is λ(2 − αλ), not αλ."),
        (math.sqrt(0.1 / 1.2), "That is the spread, the root. The variance was asked for."),
    ),
    hints=(
        "Put the numbers into "
        "$\\dfrac{\\alpha}{B} \\cdot \\dfrac{\\sigma^2}{\\lambda(2 - \\alpha\\lambda)}$.",
        "$\\alpha / B = 0.1$ and $2 - \\alpha\\lambda = 1.2$.",
    ),
    worked="$0.1 \\cdot 1 / (1 \\cdot (2 - 0.8)) = 0.1 / 1.2 = 0.083$.",
    otherwise="Put α = 0.8, B = 8, σ = λ = 1 into the closed form.",
)

EXERCISES = (
    GRADIENT_OF_ONE,
    UPDATES_IN_AN_EPOCH,
    WRITE_ONE_EPOCH,
    QUIETER,
    WHICH_CLOCK,
    TAME_THE_BALL,
    SCALE_THE_RATE,
)

# ------------------------------------------------------------------------------------- predictions


def _narrower(spreads: dict) -> float:
    """Return how many times narrower batches of 64 are than batches of 1, over all places."""
    return float(np.mean([spread[0] / spread[6] for spread in spreads.values()]).round(1))


_CLOCKS = ("B = 1 needs fewest", "B = 4096 needs fewest", "all about the same number")
_WIDTHS = ("not at all", "about a quarter as widely", "about half as widely", "as widely as before")
_BALLS = ("a little smaller", "about the same", "about 5 times larger", "without any bound")


def _fewest(needed: dict) -> str:
    if max(needed.values()) < 2 * min(needed.values()):
        return _CLOCKS[2]
    return _CLOCKS[0] if min(needed, key=needed.get) == 1 else _CLOCKS[1]


def _width(wide: float, narrow: float) -> str:
    return min(
        zip((0, 0.25, 0.5, 1), _WIDTHS, strict=True), key=lambda way: abs(way[0] - narrow / wide)
    )[1]


def _ball(balls: dict) -> str:
    ratio = balls[16][0] / balls[1][0]
    if not math.isfinite(ratio):
        return _BALLS[3]
    return _BALLS[0] if ratio < 0.8 else _BALLS[1] if ratio < 1.5 else _BALLS[2]


PREDICTIONS = (
    Prediction(
        number="4.a",
        question=(
            "You go from batches of 1 to batches of 64. How many times narrower does the histogram "
            "of their slopes become?"
        ),
        result=_narrower,
        tolerance=0.5,
        close=2,
        why=(
            "The errors of 64 patients partly cancel, but only partly: their sum grows with √64 "
            "while you divide it by 64, so √64 = 8 is left, give or take the chance in 1000 "
            "batches."
        ),
    ),
    Prediction(
        number="4.b",
        question=(
            "α = 0.1 for all. Batches of 1, of 64 and of 4096 race until the loss is 0.05 above "
            "the lowest. Which takes the fewest updates?"
        ),
        options=_CLOCKS,
        result=_fewest,
        why=lambda needed: (
            "It takes "
            + ", ".join(f"{count} updates with B = {B}" for B, count in needed.items())
            + ". The slope is the same on average, and with a small α the walk averages over many "
            "small batches while it hardly moves."
        ),
    ),
    Prediction(
        number="4.c",
        question=(
            "With batches of 1 a walk on a bowl wanders around the minimum. You quarter the "
            "learning rate, from 0.16 to 0.04. How widely does it wander then?"
        ),
        options=_WIDTHS,
        result=_width,
        why=lambda wide, narrow: (
            f"The spread falls from {wide:.2f} to {narrow:.2f}. Each kick is a quarter as "
            "large, but the pull back is weaker, too, so four times as many kicks pile up; and "
            "piled-up kicks grow with the root of their number."
        ),
    ),
    Prediction(
        number="4.d",
        question=(
            "You draw m = 4096 times with replacement. Which percentage of the 4096 examples have "
            "you seen?"
        ),
        unit="%",
        deeper=True,
        result=lambda seen: float(np.round(100 * np.mean(seen))),
        tolerance=1,
        close=6,
        why=(
            "One draw misses a given example with probability 1 − 1/m, and m draws in a row do "
            "with (1 − 1/m)^m ≈ 1/e = 37 %."
        ),
    ),
    Prediction(
        number="4.e",
        question=(
            "σ = λ = 1. With α = 0.1 and B = 1 the ball has the variance 0.053. You make both 16 "
            "times larger. What does the variance become?"
        ),
        options=_BALLS,
        deeper=True,
        result=_ball,
        why=lambda balls: (
            f"It is {balls[16][0] / balls[1][0]:.2f} times as large, because 2 − αλ fell from 1.9 "
            "to 0.4. The variances in the closed form and of 300 walks: "
            + ", ".join(f"{V:.3f} and {seen:.3f} for B = {B}" for B, (V, seen) in balls.items())
            + "."
        ),
    ),
)
