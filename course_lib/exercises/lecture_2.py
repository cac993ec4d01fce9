"""The exercises of lecture 2, finite differences: what is asked, what often goes wrong, what helps.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.exercises.answers import Choice, Function, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.gradients import backward_difference, central_difference, forward_difference
from course_lib.landscapes import banana, quartic

TITLE = "Finite differences"

# ---------------------------------------------------------------------------- 2.1 a nudge by hand


def _layer_loss(first_gap: float, second_gap: float) -> float:
    return (first_gap**2 + second_gap**2) / 2


def _answer(nudge: float, first: float = 0.0, second: float = 0.0) -> tuple[float, float]:
    """Return the new loss and the rate of change after the nudge moved the gaps 0.4 and −0.3."""
    loss = _layer_loss(0.4 + first, -0.3 + second)
    return loss, (loss - _layer_loss(0.4, -0.3)) / nudge


_LOSS, _RATE = _answer(0.1, second=-0.1)

NUDGE_BY_HAND = Exercise(
    number="2.1",
    title="A nudge by hand",
    task=(
        "Nudge $W_{32}$, which leads from the third input to the second output, from 0.32 to "
        "0.42. Its input is $x_3 = -1$. The gaps before the nudge are 0.40 and −0.30, and the "
        "loss is 0.125. Compute by hand the loss after the nudge and the rate of change, and give "
        "both as a list."
    ),
    template='loss_and_rate = [..., ...]\n\nexercise("2.1").check(loss_and_rate)',
    answer=Numbers(tolerance=0.0005, shape=(2,)),
    right=(_LOSS, _RATE),
    praise=(
        "Because its input is negative, raising the weight lowered an output that was too low "
        "already. So the rate is positive, and this weight should go down."
    ),
    mistakes=(
        ((_LOSS, _LOSS - 0.125), "That is the change of the loss. Divide it by the nudge, 0.1."),
        ((_LOSS, _LOSS / 0.1), "Divide the *change* of the loss by the nudge, not the loss."),
        ((_LOSS, -_RATE), "The loss rises when the weight rises, so the rate is above 0."),
        ((_RATE, _LOSS), "Both numbers are there, in the wrong order: first the loss."),
        (
            (_LOSS, 0.3),
            "That is the slope itself. The rate of change is measured over the whole nudge.",
        ),
        (
            _answer(0.1, second=0.1),
            "A sign: the input of this weight is −1, so raising it lowers the output by 0.1.",
        ),
        (
            (2 * _LOSS, 2 * _RATE),
            "You added the squared gaps. The loss is their mean: divide by 2.",
        ),
        (
            _answer(0.1, first=-0.1),
            "That is W₃₁. The second index names the output, here the second.",
        ),
        (
            _answer(0.1, second=0.2),
            "That is W₂₂, whose input is 2. W₃₂ has the input −1.",
        ),
        (_answer(0.05, second=-0.05), "That is a nudge of 0.05. From 0.32 to 0.42 it is 0.1."),
        (_answer(-0.1, second=0.1), "That is a nudge of −0.1. Here the weight is raised."),
    ),
    hints=(
        r"Only the second output changes: by $0.1 \cdot x_3$.",
        r"The second gap becomes $-0.30 - 0.10 = -0.40$. The loss is the mean of both squared "
        "gaps, and the rate is (new loss − 0.125) / 0.1.",
    ),
    worked=(
        r"The second output falls by 0.1, and its gap becomes $-0.40$. The loss is "
        r"$(0.40^2 + 0.40^2) / 2 = 0.16$, the rate $(0.16 - 0.125) / 0.1 = 0.35$."
    ),
)

# -------------------------------------------------------------------- 2.2 write central differences


def _not_put_back(f, w, eps):
    w, found = w.copy(), []
    for i in range(len(w)):
        w[i] += eps
        high = f(w)
        w[i] -= 2 * eps
        found.append((high - f(w)) / (2 * eps))
    return found


def _piled_up(f, w, eps):
    return [_all_at_once(f, w, eps * (np.arange(len(w)) <= i)) for i in range(len(w))]


def _all_at_once(f, w, eps):
    return (f(w + eps) - f(w - eps)) / (2 * np.max(eps))


def _first_alone(f, w, eps):
    return np.where(np.arange(len(w)) == 0, central_difference(f, w, eps), 0)


def _wave(w):
    return np.sin(w[..., 0]) * w[..., 1] ** 3 + np.exp(0.5 * w[..., 2])


WRITE_CENTRAL = Exercise(
    number="2.2",
    title="Write the central difference",
    task=(
        "Write `slopes(f, w, eps)`. `w` is an array of numbers, and `f(w)` returns the loss, one "
        "number. Return an array with the central difference for each entry of `w`. "
        "Nudge one entry at a time. Four to eight lines do it."
    ),
    template=(
        "def slopes(f, w, eps):\n"
        "    found = np.zeros(len(w))\n"
        "    ...\n"
        "    return found\n"
        "\n\n"
        'exercise("2.2").check(slopes)'
    ),
    answer=Function(
        # Sums of powers of two: where `+= eps` is undone by `-= eps`, each is exactly as before.
        inputs=lambda: [
            (banana, np.array([2.0, 2.0]), 0.125),
            (quartic, np.array([1.0]), 0.5),
            (_wave, np.array([0.5, -1.0, 2.0]), 0.0078125),
        ],
        tolerance=1e-8,
        failures=(
            (
                r"w must have shape|coordinate|number of coordinates|is not subscriptable|iterable",
                "`f` needs the whole array of weights, and `f(w[i] + eps)` hands it a single "
                "number. Nudge entry `i` of a copy, `nudged = w.copy()`, and call `f(nudged)`.",
            ),
            (
                r"IndexError: only integers",
                "`for i in w` goes through the numbers in `w`. Go through their places: "
                "`for i in range(len(w)):`.",
            ),
        ),
    ),
    right=central_difference,
    praise=(
        "It differentiates any function of any number of weights, and it costs two readings "
        "for each of them."
    ),
    mistakes=(
        (
            lambda f, w, eps: np.zeros(len(w)),
            "All your slopes are 0. Either none of them gets into `found[i]`, or your two readings "
            "see the same array: `up = w` gives `w` a second name, and `w.copy()` makes a copy.",
        ),
        (
            lambda f, w, eps: forward_difference(f, w, eps) / 2,
            "Half of the forward difference: your second reading is at `w` itself. If you wrote "
            "`up = w` and `down = w`, these are one array, so `-= eps` only undoes `+= eps`. "
            "Write `w.copy()`.",
        ),
        (forward_difference, "That is the forward difference. Take one reading on each side."),
        (backward_difference, "That is the backward difference. Take one reading on each side."),
        (
            lambda f, w, eps: 2 * central_difference(f, w, eps),
            "Twice too large: the two readings are 2ε apart, so divide by `2 * eps`.",
        ),
        (
            lambda f, w, eps: eps**2 * central_difference(f, w, eps),
            "`/ 2 * eps` divides by 2 and multiplies by ε. Write `/ (2 * eps)`.",
        ),
        (
            lambda f, w, eps: 2 * eps * central_difference(f, w, eps),
            "That is the change of the loss. Divide it by the distance of the readings, 2ε.",
        ),
        (
            lambda f, w, eps: -central_difference(f, w, eps),
            "A sign: the reading to the right comes first, minus the one to the left.",
        ),
        (
            _all_at_once,
            "You nudge all entries at once: one number comes out. Nudge them one at a time.",
        ),
        (
            lambda f, w, eps: np.full(len(w), _all_at_once(f, w, eps)),
            "You nudge all entries at once, so all slopes are the same. Nudge only entry `i`.",
        ),
        (_first_alone, "Only the first slope is there. Is `return` inside the loop?"),
        (
            _not_put_back,
            "An entry that was nudged is not put back before the next one has its turn.",
        ),
        (
            _piled_up,
            "An entry that was nudged is not put back before the next one has its turn: make a new "
            "nudge, or new copies of `w`, inside the loop.",
        ),
        (
            lambda f, w, eps: central_difference(f, w, eps / 2),
            "A central difference, but with half the nudge: read at w + ε and at w − ε.",
        ),
    ),
    hints=(
        "A loop over the entries: `for i in range(len(w)):`. In it, make a nudge that is 0 but "
        "for entry `i`: `nudge = np.zeros(len(w))`, then `nudge[i] = eps`.",
        "With that nudge, the slope of entry `i` is "
        "`(f(w + nudge) - f(w - nudge)) / (2 * eps)`. Put it into `found[i]`.",
    ),
    worked=(
        "\n\n```python\n"
        "def slopes(f, w, eps):\n"
        "    found = np.zeros(len(w))\n"
        "    for i in range(len(w)):\n"
        "        nudge = np.zeros(len(w))\n"
        "        nudge[i] = eps\n"
        "        found[i] = (f(w + nudge) - f(w - nudge)) / (2 * eps)\n"
        "    return found\n"
        "```"
    ),
)

# ------------------------------------------------------------------------- 2.3 explain a picture

VANISHED = Exercise(
    number="2.3",
    title="The line that vanished",
    task=(
        "In explorer 2, set $w$ to 0.75. The line of the central difference drops out of the right "
        "picture, and a large nudge does not bring it back. In one sentence: why? Your sentence is "
        "not judged; you compare it with ours."
    ),
    template='my_sentence = ...\n\nexercise("2.3").check(my_sentence)',
    answer=Sentence(),
    right=None,
    praise=(
        "Our sentence: *The error of the central difference is ε²/6 · L‴(w), and on the quartic "
        "L‴(w) = 24w − 18 is zero at w = 0.75, so both readings together give the slope exactly, "
        "up to rounding.* Does yours name the term that vanishes there?"
    ),
    mistakes=(),
    hints=(
        "Which derivative of the loss stands in the error of the central difference?",
        r"$L'''(w) = 24w - 18$. What is it at $w = 0.75$?",
    ),
    worked=(
        r"Taylor's formula leaves the central difference with the error $\tfrac{\epsilon^2}{6} "
        r"L'''(w)$, and nothing beyond it, because the fifth derivative of a quartic is 0. At "
        r"$w = 18/24 = 0.75$ the third derivative is 0, so the central difference is exact."
    ),
)

# ------------------------------------------------------------------------------- 2.4 find the bug

FIND_THE_BUG = Exercise(
    number="2.4",
    title="Find the bug",
    task=(
        "Which line of `suspect` is wrong? Check it as you checked the others, in a new cell: "
        "`check = check_gradient(f, lambda w: pack(suspect(unpack(w), X, T)), pack(P))`. Then look "
        "at the largest errors in `W1`, `b1`, `W2` and `b2`: "
        '`[f"{part.max():.0e}" for part in np.split(check.error, cuts)]`. Answer with the letter '
        "of the line."
    ),
    template='my_line = ...\n\nexercise("2.4").check(my_line)',
    answer=Choice("abcdef"),
    right="c",
    praise=(
        "W2 alone fails, so its own line is at fault. It should be `H.T @ G`: forward, "
        "the second layer was fed H, not Z."
    ),
    mistakes=(
        ("a", "G feeds everything. If it were wrong, b2 would fail, too. Does it?"),
        ("b", "D feeds W1 and b1. If it were wrong, these would fail. Do they?"),
        ("d", "This line makes the gradient of b2. Does b2 fail?"),
        ("e", "This line makes the gradient of W1. Does W1 fail?"),
        ("f", "This line makes the gradient of b1. Does b1 fail?"),
    ),
    hints=(
        "An array fails if its largest error is above 1e-6. Which of the four fail?",
        "Only `W2` fails. Which line is used for it, and for nothing else?",
    ),
    worked=(
        'Line "c". Only W2 fails, and line c is used for nothing else. Forward, the second layer '
        "multiplies H by W2, so its gradient is `H.T @ G`. The line has Z, from before relu."
    ),
)

# ------------------------------------------------------------------------- 2.5 a nudge with a bias

_TARGET, _CLOSE = 2.1, 0.005


def _settles(eps: float) -> float:
    """Return the rightmost w at which the forward difference of the quartic is 0."""
    level = [4, 6 * eps - 9, 4 * eps**2 - 9 * eps, eps**3 - 3 * eps**2]
    roots = np.roots(level)
    return float(roots[abs(roots.imag) < 1e-9].real.max())


def _useful(eps: float) -> bool:
    return 0 < eps <= 1


BIASED_NUDGE = Exercise(
    number="2.5",
    title="How large was the nudge?",
    task=(
        "Somebody walked down the quartic by the forward difference, and settled at $w = 2.10$. "
        r"Use explorer 4 to find the nudge $\epsilon$ they took. The walk should settle within "
        "0.005 of 2.10."
    ),
    template='my_epsilon = ...\n\nexercise("2.5").check(my_epsilon)',
    answer=Numbers(tolerance=0),
    right=lambda eps: _useful(eps) and abs(_settles(eps) - _TARGET) < _CLOSE,
    praise=(
        "The rule 9/4 − ε/2 suggests 0.30. The true nudge is a little smaller, because the valley "
        "is steeper on the right than on the left, so two equal readings are not quite symmetric."
    ),
    mistakes=(
        (lambda eps: eps <= 0, "A nudge is above 0."),
        (
            lambda eps: eps > 1,
            "Far too large. Stay within the slider of explorer 4, which ends at 0.6.",
        ),
        (
            lambda eps: abs(eps - 0.3) < 1e-9,
            "Very near. That is what the rule 9/4 − ε/2 says, but the rule is only nearly right. "
            "Let the explorer decide.",
        ),
        (
            lambda eps: abs(eps - 0.15) < 1e-9,
            "That is how far the walk is off. It is off by about *half* the nudge.",
        ),
        (
            lambda eps: _settles(eps) > _TARGET,
            "Too small: with this nudge the walk settles to the right of 2.10.",
        ),
        (
            lambda eps: _settles(eps) < _TARGET,
            "Too large: with this nudge the walk settles to the left of 2.10.",
        ),
    ),
    hints=(
        "Choose *forward* in explorer 4. The larger the nudge, the farther to the left the walk "
        "settles. Read w under the figure.",
        "The walk is off by about ε/2, and 2.25 − 2.10 = 0.15. Look a little below 0.30.",
    ),
    deeper=True,
    worked="With ε between 0.28 and 0.295 the walk settles within 0.005 of 2.10.",
)

# ------------------------------------------------------------------------------- 2.6 lost digits

LOST_DIGITS = Exercise(
    number="2.6",
    title="Lost digits",
    task=(
        "You differentiate the quartic at $w = 3$ by a forward difference with "
        r"$\epsilon = 10^{-8}$. In float64 the result is good to six digits. Then you switch to "
        "float32. What do you get in place of the true slope, 27?\n\n"
        '- `"a"` 27, to about seven digits\n'
        '- `"b"` exactly 0\n'
        '- `"c"` a random number of the size of 27\n'
        '- `"d"` infinity, or NaN'
    ),
    template='my_choice = ...\n\nexercise("2.6").check(my_choice)',
    answer=Choice("abcd"),
    right="b",
    praise=(
        "In float32 the number after 3 is about 2.4e-7 away. A nudge of 1e-8 does not reach it, so "
        "both readings are the same. A walk that took this slope would never leave 3."
    ),
    mistakes=(
        (
            "a",
            "Seven digits are what float32 keeps of w. How many of them does a nudge of 1e-8 "
            "change, when w is 3?",
        ),
        (
            "c",
            "That happens where the nudge changes the last digit or two. Here it changes none: "
            "compare `np.float32(3) + np.float32(1e-8)` with 3.",
        ),
        ("d", "The nudge itself is no problem: float32 can hold 1e-8, and divide by it."),
    ),
    hints=(
        "What is `np.float32(3) + np.float32(1e-8)`? Try it in a cell.",
        "It is 3. So the two readings are the same number. What is their difference?",
    ),
    deeper=True,
    worked=(
        '"b". In float32, 3 + 1e-8 is rounded to 3. Both readings are equal, their difference is '
        "0, and 0 / 1e-8 = 0."
    ),
)

# ------------------------------------------------------------------------------- 2.7 count passes

_KERNELS = 784 * 128 + 128 * 10
_WEIGHTS = _KERNELS + 128 + 10

COUNT_PASSES = Exercise(
    number="2.7",
    title="Count the passes",
    task=(
        "A network for digits has 784 inputs, 128 hidden units and 10 outputs. Both layers have "
        "weights and biases. How many forward passes does one update take with central differences?"
    ),
    template='passes_needed = ...\n\nexercise("2.7").check(passes_needed)',
    answer=Numbers(tolerance=0.5),
    right=2 * _WEIGHTS,
    praise=(
        "Two for each of its 101 770 parameters, for one single update. Backpropagation takes the "
        "time of two to three passes, whatever the number of parameters (section 6)."
    ),
    mistakes=(
        (_WEIGHTS, "That is how many parameters there are. Each one takes two readings."),
        (_WEIGHTS + 1, "That is the forward difference, N + 1. Central takes two for each."),
        (2 * _WEIGHTS + 1, "The loss at w itself is not read: no extra pass."),
        (2 * _KERNELS, "You left out the biases: 128 in the first layer, 10 in the second."),
        (_KERNELS, "You left out the biases, and each parameter takes two readings."),
        *(
            (passes, "That is the first layer only. The second has parameters, too.")
            for passes in (784 * 128, 784 * 128 + 128, 2 * 784 * 128, 2 * (784 * 128 + 128))
        ),
        (2 * (784 + 128 + 10), "A kernel has one weight for each *pair* of input and output."),
        (2 * 784 * 128 * 10, "The two layers do not multiply. Count each one, then add."),
        (
            2,
            "Backpropagation costs about that. Central differences take two for *each* parameter.",
        ),
    ),
    hints=(
        "Count the parameters first. A layer from $d$ inputs to $h$ outputs has $dh$ weights and "
        "$h$ biases.",
        r"$N = 784 \cdot 128 + 128 + 128 \cdot 10 + 10$. Central differences take $2N$ passes.",
    ),
    deeper=True,
    worked=(
        r"$N = 784 \cdot 128 + 128 + 128 \cdot 10 + 10 = 101\,770$, so one update takes "
        r"$2N = 203\,540$ passes."
    ),
)

# --------------------------------------------------------------------------------- predictions


def _nearest(options: tuple[str, ...], values: tuple[float, ...], found: float) -> str:
    return options[int(np.argmin(np.abs(np.log(np.array(values)) - np.log(found))))]


DOWN = ("it falls by just as much", "it falls by less", "it falls by more")
OFF = ("about 0.3", "about 0.05", "about 0.001")
PLACES = ("at 2.25", "near 2.20", "near 2.30", "nowhere")
SHRINKING = ("it falls all the way", "it falls, then stays level", "it falls, then rises")
PASSES = ("about 2", "about 20", "about 400 000", "about 800 000")
WRONG_GRADIENT = ("it rises from the start", "it falls half as far", "it falls almost as far")
ARRAYS = ("W1 and b1", "only b1", "b1 and b2", "all four")


def _down(up: float, down: float) -> str:
    return DOWN[0 if np.isclose(up, -down) else 1 if up > -down else 2]


def _settled(walk: Any) -> str:
    before, end = walk.points[-2:, 0]
    places = np.array([2.25, 2.20, 2.30])
    return PLACES[3] if abs(end - before) > 1e-6 else PLACES[int(abs(places - end).argmin())]


def _shrinking(errors: np.ndarray) -> str:
    lowest = int(np.argmin(errors))
    if lowest == len(errors) - 1:
        return SHRINKING[0]
    return SHRINKING[2] if errors[-1] > 100 * errors[lowest] else SHRINKING[1]


def _trained(right: np.ndarray, wrong: np.ndarray) -> str:
    share = (wrong[0] - wrong[-1]) / (right[0] - right[-1])
    return WRONG_GRADIENT[0 if share < 0 else 1 if share < 0.75 else 2]


PREDICTIONS = (
    Prediction(
        number="2.a",
        question="+0.05 on W₁₁ raises the loss by 0.02125. What does −0.05 do to the loss?",
        options=DOWN,
        result=_down,
        why=lambda up, down: (
            f"It falls by {-down:.5f}. A squared gap is a parabola in each weight, and a parabola "
            "gets steeper away from its bottom, so a nudge uphill changes the loss more than one "
            "downhill."
        ),
    ),
    Prediction(
        number="2.b",
        question=(
            "At w = 2 on the quartic, with ε = 0.1, the forward difference is off by 0.65. How far "
            "off is the central difference?"
        ),
        options=OFF,
        result=lambda off: _nearest(OFF, (0.3, 0.05, 0.001), off),
        why=lambda off: (
            f"It is off by {off:.3f}. The forward and the backward difference miss the slope on "
            "opposite sides, and the central one is their mean, so the larger part of the two "
            "errors cancels."
        ),
    ),
    Prediction(
        number="2.c",
        question=(
            "A walk on the quartic, from w = 3 with a small rate, uses the forward difference with "
            "ε = 0.1 as its slope. Where does it settle?"
        ),
        options=PLACES,
        result=_settled,
        why=lambda walk: (
            f"It settles at {walk.points[-1, 0]:.4f}. It stops where its slope is measured as 0, "
            "which is where both readings are equal. These are at w and w + 0.1, on the two sides "
            "of the valley, so w is about half a nudge too far left."
        ),
    ),
    Prediction(
        number="2.d",
        question=(
            "Central difference, float64, at w = 3: you shrink ε from 0.1 to 1e-12, dividing it by "
            "ten each time. What does the error of the slope do?"
        ),
        options=SHRINKING,
        result=_shrinking,
        why=(
            "At first the formula gets better, because the secant turns into the tangent. But the "
            "two readings become so alike that they differ only in their last digits, which are "
            "rounded, and dividing by a tiny ε magnifies that rounding."
        ),
    ),
    Prediction(
        number="2.e",
        question=(
            "A network has 400 000 weights. `backward` computes its whole gradient. How many "
            "forward passes could you make in the same time?"
        ),
        options=PASSES,
        result=lambda ratio: _nearest(PASSES, (2, 20, 400_000, 800_000), ratio),
        why=(
            "`backward` repeats the forward pass. Then each layer does two products of the size of "
            "its one, except the first, which has nobody to pass the errors on to. So the cost is "
            "two to three passes, whatever the number of weights."
        ),
    ),
    Prediction(
        number="2.f",
        question=(
            "You train 300 steps with this wrong gradient, and 300 with the right one. How does "
            "the loss with the wrong one end?"
        ),
        options=WRONG_GRADIENT,
        result=_trained,
        why=lambda right, wrong: (
            f"It ends at {wrong[-1]:.2f}, and with the right gradient at {right[-1]:.2f}. The "
            "wrong gradient still points downhill, only not the steepest way, so training works, "
            "and nothing in the curve tells you."
        ),
    ),
    Prediction(
        number="2.g",
        question=(
            "In bug C, the line of `db1` sums `G @ W2.T`, before it is multiplied by (H > 0). "
            "Which gradients come out wrong?"
        ),
        options=ARRAYS,
        result=lambda arrays: {1: "only b1", 4: "all four"}.get(len(arrays), " and ".join(arrays)),
        why=(
            "Nothing is made from db1, so its mistake stays where it is. A mistake in D would "
            "reach W1 as well, and one in G all four."
        ),
        deeper=True,
    ),
)

EXERCISES = (
    NUDGE_BY_HAND,
    WRITE_CENTRAL,
    VANISHED,
    FIND_THE_BUG,
    BIASED_NUDGE,
    LOST_DIGITS,
    COUNT_PASSES,
)
