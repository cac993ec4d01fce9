"""The exercises of lecture 6, adaptive methods: what is asked, what often goes wrong, what helps.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.answers import AnswerError, Choice, Function, Numbers
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.landscapes import banana, bowl, quartic

TITLE = "Adaptive methods"

# ------------------------------------------------------------------------- 6.1 Adagrad by hand

_SEEN = np.array([3.0, 4.0, 12.0])
_ROOTS = np.sqrt(np.cumsum(_SEEN**2))


def _about(wrong: np.ndarray) -> Callable[[np.ndarray], bool]:
    """Return whether an answer is a wrong one, to two decimals."""
    return lambda lengths: bool(np.all(np.abs(lengths - wrong) < 0.0051))


ADAGRAD_BY_HAND = Exercise(
    number="6.1",
    title="Adagrad by hand",
    task=(
        r"One coordinate sees the gradients $3$, $4$ and $12$, one after the other. Adagrad walks "
        r"with $\alpha = 1$; leave $\varepsilon$ out. How long are its three steps? Give "
        "three decimals."
    ),
    template='lengths = [..., ..., ...]\n\nexercise("6.1").check(lengths)',
    answer=Numbers(tolerance=0.0006, shape=(3,)),
    right=_SEEN / _ROOTS,
    praise=(
        "The gradient grows fourfold from first to last, yet the last step is shorter than the "
        "first."
    ),
    mistakes=(
        (_about(-_SEEN / _ROOTS), "The sizes are right. A length has no minus sign."),
        (
            _about(np.cumsum(_SEEN / _ROOTS)),
            "You added the steps up: that is how far you have come after each. Give each length.",
        ),
        (
            _about(-np.cumsum(_SEEN / _ROOTS)),
            "That is where you stand after each step, starting from 0. Give each length.",
        ),
        (_SEEN / _ROOTS**2, "You divided by the sum s. The rule divides by its root, √s."),
        (_SEEN / np.cumsum(_SEEN), "You added up the gradients. Square each of them first."),
        (
            _SEEN / np.sqrt(np.cumsum(_SEEN**2) / np.arange(1, 4)),
            "You took the mean of the squares. Adagrad takes their sum.",
        ),
        (np.ones(3), "You divided each gradient by itself. s remembers the earlier ones, too."),
        (_SEEN, "Those are the gradients. Divide each by √s."),
        (_ROOTS, "Those are the roots √s. The step is the gradient divided by them."),
        (np.cumsum(_SEEN**2), "Those are the sums s. The step is g / √s."),
    ),
    hints=(
        "First the sums of the squares so far: $9$, $9 + 16$, and so on.",
        "The sums are $9$, $25$ and $169$, their roots $3$, $5$ and $13$. Now divide.",
    ),
    worked=(
        r"$s = 9,\ 25,\ 169$, so $\sqrt s = 3,\ 5,\ 13$, and the steps are $3/3 = 1$, $4/5 = 0.8$ "
        r"and $12/13 \approx 0.923$."
    ),
    otherwise="Keep the sum s of the squared gradients; each step is g / √s.",
)

# --------------------------------------------------------------------- 6.6 closer to the minimum

CLOSER = Exercise(
    number="6.6",
    title="Closer to the minimum",
    deeper=True,
    task=(
        r"RMSProp with $\alpha = 0.1$ jumps around the minimum of a bowl, at a distance of $0.05$ "
        "on each side. Which change brings it ten times closer?\n\n"
        '- `"a"` ten times as many steps\n'
        r'- `"b"` $\alpha = 0.01$ from now on'
        "\n"
        r'- `"c"` a loss multiplied by $0.1$, which makes every gradient ten times smaller'
        "\n"
        r'- `"d"` a start that is closer'
    ),
    template='my_choice = ...\n\nexercise("6.6").check(my_choice)',
    answer=Choice("abcd"),
    right="b",
    praise="The distance is α/2, so only α changes it. Adaptive rules need schedules, too.",
    mistakes=(
        ("a", "It jumps from one side to the other forever. More steps are more jumps."),
        ("c", "g and √v shrink alike, and g / √v stays what it was: about 1."),
        ("d", "It leaves any start, and ends in the same jumps: look at the figure of section 3."),
    ),
    hints=(
        "Near the end each step is about as long as α, whatever the gradient.",
        "A jump of length α across the minimum lands α/2 on the other side.",
    ),
    worked='"b". The jumps are α long, so the walk ends α/2 from the minimum: 0.005.',
)

# ------------------------------------------------------------------------------ 6.2 write Adam


def _adam(
    gradient,
    start,
    alpha,
    steps,
    *,
    sign=-1,
    correct_m=True,
    correct_v=True,
    power=2,
    root=0.5,
    first=1,
    swapped=False,
    by_m=True,
    eps=1e-8,
    inside=0.0,
    extra=0,
    squared=True,
    keeps_m=True,
    keeps_v=True,
    counts=True,
    shares=True,
    late=False,
):
    """Walk with Adam; each keyword is a mistake that can be made on the way."""
    beta1, beta2 = (0.999, 0.9) if swapped else (0.9, 0.999)
    w, m, v = start, 0 * start, 0 * start
    for k in range(first, steps + first + extra):
        g, before = gradient(w), (m, v)
        m = (beta1 * m if keeps_m else 0) + (1 - beta1 if shares else 1) * g
        square = abs(g) ** power if squared else g
        v = (beta2 * v if keeps_v else 0) + (1 - beta2 if shares else 1) * square
        k = k if counts else 1
        used = before if late else (m, v)
        m_hat = used[0] / (1 - beta1**k) if correct_m else used[0]
        v_hat = used[1] / (1 - beta2**k) if correct_v else used[1]
        w = w + sign * alpha * (m_hat if by_m else g) / ((v_hat + inside) ** root + eps)
    return w


def _forgets(gradient, start, alpha, steps):
    """Begin with m = v = 0 at every step."""
    w = start
    for _ in range(steps):
        w = _adam(gradient, w, alpha, 1)
    return w


def _from_zero(gradient, start, alpha, steps):
    """Count k from 0: the first step divides by zero, and everything after it is nan."""
    with np.errstate(all="ignore"):
        return _adam(gradient, start, alpha, steps, first=0)


def _corrected_for_good(gradient, start, alpha, steps):
    """Write the corrected means back into m and v."""
    w, m, v = start, 0 * start, 0 * start
    for k in range(1, steps + 1):
        g = gradient(w)
        m = (0.9 * m + 0.1 * g) / (1 - 0.9**k)
        v = (0.999 * v + 0.001 * g**2) / (1 - 0.999**k)
        w = w - alpha * m / (v**0.5 + 1e-8)
    return w


def _walks() -> list[tuple]:
    steep = bowl(100)
    return [
        (banana.gradient, np.array([-1.5, 2.0]), 0.1, 1),
        (banana.gradient, np.array([-1.5, 2.0]), 0.1, 20),
        (quartic.gradient, np.array([-0.5]), 0.05, 40),
        (steep.gradient, np.array([[1.0, 1.0], [-2.0, 0.5]]), 0.02, 10),
    ]


def _wrong(**mistake):
    return lambda gradient, start, alpha, steps: _adam(gradient, start, alpha, steps, **mistake)


class _Written(Function):
    """A function of the reader's own, and not one that is finished."""

    def read(self, answer):
        """See `Function.read`."""
        kind = answer if isinstance(answer, type) else type(answer)
        home = getattr(answer, "__module__", None) or ""
        if str(home).split(".")[0] == "torch" or kind.__module__.split(".")[0] == "torch":
            raise AnswerError(
                "That is torch's own Adam: a class that hides the five lines. Write the function "
                "`adam(gradient, start, alpha, steps)` with a loop of your own."
            )
        if {"optim", "Adam", "AdamW"} & set(getattr(answer, "__code__", _adam.__code__).co_names):
            raise AnswerError(
                "Your function hands the work to an Adam that is there already. Write the five "
                "lines of the loop yourself."
            )
        return super().read(answer)


WRITE_ADAM = Exercise(
    number="6.2",
    title="Write Adam yourself",
    task=(
        "Write `adam(gradient, start, alpha, steps)`. It starts at the array `start` with $m = v = "
        r"0$, takes `steps` steps of Adam with $\beta_1 = 0.9$, $\beta_2 = 0.999$ and "
        r"$\varepsilon = 10^{-8}$, and returns the last point. Five lines in the loop do it."
    ),
    template=(
        "def adam(gradient, start, alpha, steps):\n"
        "    w = start\n"
        "    ...\n"
        "    return w\n"
        "\n\n"
        'exercise("6.2").check(adam)'
    ),
    answer=_Written(
        inputs=_walks,
        tolerance=1e-9,
        failures=(
            (
                r"ZeroDivisionError",
                "Your function divides by zero. If k begins at 0, as in `range(steps)`, then "
                "1 − 0.9**0 = 0. Begin with `range(1, steps + 1)`, or use the power k + 1.",
            ),
            (
                r"[Tt]ensor|optimizer",
                "Your function needs torch tensors, and torch's optimizer hides the five lines. "
                "Write the loop yourself, on numpy arrays.",
            ),
        ),
    ),
    right=_adam,
    praise="That is the rule that trains most networks today, and it is yours.",
    mistakes=(
        (lambda gradient, start, alpha, steps: start, "Your function returns the start: no step."),
        (_wrong(sign=1), "Your walk goes uphill. The step has a minus: w − αm̂ / (√v̂ + ε)."),
        (
            _wrong(correct_m=False, correct_v=False),
            "There is no bias correction. Divide m by 1 − β₁ᵏ and v by 1 − β₂ᵏ before the step.",
        ),
        (_wrong(correct_v=False), "You corrected m but not v: divide v by 1 − β₂ᵏ, too."),
        (_wrong(correct_m=False), "You corrected v but not m: divide m by 1 − β₁ᵏ, too."),
        (
            _wrong(squared=False),
            "v is the mean of the squares, g**2. Yours adds g itself, so it can turn negative, and "
            "its root is then nan.",
        ),
        (
            _wrong(keeps_m=False),
            "Each of your steps overwrites m. Keep most of the old one: 0.9 * m + 0.1 * g.",
        ),
        (
            _wrong(keeps_v=False),
            "Each of your steps overwrites v. Keep most of the old one: 0.999 * v + 0.001 * g**2.",
        ),
        (
            _wrong(keeps_m=False, keeps_v=False),
            "Each of your steps overwrites m and v. Keep 0.9 of the old m and 0.999 of the old v.",
        ),
        (
            _wrong(extra=1),
            "Your walk takes one step too many: `range(1, steps + 1)` holds `steps`.",
        ),
        (_wrong(extra=-1), "Your walk takes one step too few: `range(1, steps)` ends too early."),
        (
            _from_zero,
            "Your k begins at 0, as in `range(steps)`. At k = 0 the correction 1 − 0.9**0 is 0, so "
            "m̂ = m / 0. Begin with `range(1, steps + 1)`, or use the power k + 1.",
        ),
        (_wrong(power=1), "v is the mean of the squares. Yours is the mean of |g|."),
        (_wrong(root=1), "The step is divided by the root of v̂. You divide by v̂."),
        (_wrong(by_m=False), "Your step goes along g. It should go along the mean, m̂."),
        (_wrong(swapped=True), "β₁ and β₂ are exchanged: m forgets with 0.9, v with 0.999."),
        (
            _wrong(eps=0, inside=1e-8),
            "ε stands outside the root: √v̂ + ε. Yours is inside. With gradients as large as here "
            "only the last digits tell.",
        ),
        (
            _wrong(eps=0),
            "Only ε is missing below the line: √v̂ + ε. With gradients as large as here only the "
            "last digits tell.",
        ),
        (_wrong(first=2), "Off by one: at the first step the powers are β₁ and β₂, with k = 1."),
        (
            _wrong(counts=False),
            "Your k stays at 1, so both corrections are too large from the second step on. Count "
            "it up in every turn.",
        ),
        (
            _wrong(shares=False),
            "m and v take the whole of g and g². Their shares are 1 − β₁ = 0.1 and 1 − β₂ = 0.001.",
        ),
        (
            _wrong(late=True),
            "Your step uses the m and v of the step before. Update them first, then step.",
        ),
        (
            _corrected_for_good,
            "m̂ and v̂ are for the step only: m and v themselves stay uncorrected.",
        ),
        (
            lambda gradient, start, alpha, steps: _adam(
                lambda w: gradient(start), start, alpha, steps
            ),
            "Every step uses the gradient at the start. Ask for `gradient(w)` inside the loop.",
        ),
        (_forgets, "m and v start from 0 at each of your steps. They belong before the loop."),
        (
            lambda gradient, start, alpha, steps: _adam(gradient, start, alpha, 1),
            "Your function takes one step only. Does `return` stand after the loop?",
        ),
    ),
    hints=(
        "Two lines update `m` and `v`, two more divide them by `1 - 0.9**k` and `1 - 0.999**k`.",
        "`m = 0.9 * m + 0.1 * g`, and `v` likewise with `g**2`. The last line is "
        "`w = w - alpha * m_hat / (v_hat**0.5 + 1e-8)`.",
    ),
    worked=(
        "\n\n```python\n"
        "def adam(gradient, start, alpha, steps):\n"
        "    w, m, v = start, 0 * start, 0 * start\n"
        "    for k in range(1, steps + 1):\n"
        "        g = gradient(w)\n"
        "        m = 0.9 * m + (1 - 0.9) * g\n"
        "        v = 0.999 * v + (1 - 0.999) * g**2\n"
        "        m_hat = m / (1 - 0.9**k)\n"
        "        v_hat = v / (1 - 0.999**k)\n"
        "        w = w - alpha * m_hat / (v_hat**0.5 + 1e-8)\n"
        "    return w\n"
        "```"
    ),
)

# ------------------------------------------------------------------ 6.3 Adam's first two steps

_SLOPES = np.array([[-50.0, 0.002], [-50.0, -0.002]])


def _two_steps(steps: int = 2, **mistake: Any) -> np.ndarray:
    """Return where Adam stands after the two gradients; each keyword is a mistake of `_adam`."""
    slopes = iter(_SLOPES)
    return _adam(lambda w: next(slopes), np.ones(2), 0.01, steps, eps=0, **mistake)


def _counts_one_step() -> np.ndarray:
    """Divide by the corrections of the first step twice."""
    m, v = 0.09 * _SLOPES[0] + 0.1 * _SLOPES[1], 0.001999 * _SLOPES[0] ** 2
    return _two_steps(1) - 0.01 * (m / 0.1) / np.sqrt(v / 0.001)


TWO_STEPS = Exercise(
    number="6.3",
    title="Adam's first two steps",
    task=(
        r"Adam starts at $w = (1, 1)$ with $\alpha = 0.01$, $\beta_1 = 0.9$ and $\beta_2 = 0.999$. "
        r"Its first gradient is $(-50,\ 0.002)$, its second $(-50,\ -0.002)$. Leave $\varepsilon$ "
        "out. Where does it stand after both? Give four decimals."
    ),
    template='new_w = [..., ...]\n\nexercise("6.3").check(new_w)',
    answer=Numbers(tolerance=0.00006, shape=(2,)),
    right=_two_steps(),
    praise=(
        "The first step is α long in both, whether the gradient is 50 or 0.002. Where the second "
        "gradient agrees with the first, so is the second step; where it does not, that step is "
        "about a twentieth of α."
    ),
    mistakes=(
        (
            np.array([1.02, 1.0]),
            "You moved by α along the sign each time. That is the first step only: at the second, "
            "m holds both gradients, and in x₂ they nearly cancel.",
        ),
        (_two_steps(1), "That is where the first step leads. There is a second."),
        (
            np.ones(2) - 0.01 * _SLOPES.sum(axis=0),
            "That is gradient descent. Adam divides by √v̂.",
        ),
        (_two_steps(sign=1), "You walked uphill. The step is −αm̂ / √v̂."),
        (_two_steps() - 1, "That is how far it goes. Where does that lead, from (1, 1)?"),
        (
            _two_steps(correct_m=False, correct_v=False),
            "You left out the bias correction: divide m by 1 − β₁ᵏ and v by 1 − β₂ᵏ.",
        ),
        (_two_steps(correct_v=False), "You corrected m but not v: divide v by 1 − β₂ᵏ, too."),
        (_two_steps(correct_m=False), "You corrected v but not m: divide m by 1 − β₁ᵏ, too."),
        (
            _counts_one_step(),
            "At the second step k = 2: divide m by 1 − 0.9² = 0.19 and v by 1 − 0.999².",
        ),
        (_two_steps(first=2), "Off by one: k is 1 at the first step and 2 at the second."),
        (
            np.array([1.02, 0.9895]),
            "In x₂ the second step goes the other way: there m, and with it m̂, has turned "
            "negative.",
        ),
        (_two_steps(root=1), "You divided by v̂. The rule divides by its root."),
        (
            _two_steps(keeps_m=False),
            "Your second step overwrites m. It keeps 0.9 of the old one and adds 0.1 of the new "
            "gradient.",
        ),
    ),
    hints=(
        r"After the first step $m = 0.1\,g_1$ and $v = 0.001\,g_1^2$. The second step keeps 0.9 "
        r"and 0.999 of them, and divides by $1 - 0.9^2 = 0.19$ and $1 - 0.999^2$.",
        r"$g^2$ is the same both times, so $\sqrt{\hat v} = |g|$ at both steps. In $x_2$, $\hat m$ "
        r"is $(0.09 - 0.1) / 0.19$ times 0.002.",
    ),
    worked=(
        r"At both steps $\sqrt{\hat v} = |g|$, so only $\hat m / |g|$ matters. In $x_1$ it is $-1$ "
        r"twice, which leads to $1.02$. In $x_2$ it is $1$, then $(0.9 \cdot 0.1 - 0.1) / 0.19 = "
        r"-0.0526$, which leads to $1 - 0.01 + 0.0005 = 0.9905$."
    ),
    otherwise="Compute m, v, then m̂ and v̂, each coordinate by itself, and twice.",
)

# ---------------------------------------------------------------------- 6.7 a memory long enough


@functools.lru_cache(maxsize=20_000)  # a page asks it at thousands of β₂, for each answer
def _reddi_end(beta2: float) -> float:
    """Return where Adam ends after 3000 steps of the counter-example; NaN for no valid β₂."""
    if not 0 <= beta2 < 1:
        return math.nan
    w, v = 0.0, 0.0
    for k in range(3000):
        g = 3.0 if k % 3 == 0 else -1.0
        v = beta2 * v + (1 - beta2) * g * g
        v_hat = v / (1 - beta2 ** (k + 1))
        w = min(max(w - 0.1 / math.sqrt(k + 1) * g / (math.sqrt(v_hat) + 1e-8), -1), 1)
    return w


LONG_MEMORY = Exercise(
    number="6.7",
    title="A memory that is long enough",
    deeper=True,
    task=(
        r"Go back to explorer 5. Find a $\beta_2$ with which Adam ends at "
        r"the right side, with $w < -0.9$. There are many."
    ),
    template='my_beta2 = ...\n\nexercise("6.7").check(my_beta2)',
    answer=Numbers(tolerance=0),
    right=lambda beta2: _reddi_end(beta2) < -0.9,
    praise=(
        "With this β₂, v̂ still holds enough of the large gradient while the two small ones pass, "
        "so the large one wins. For every β₂ there is a longer cycle that misleads Adam, though."
    ),
    mistakes=(
        (lambda beta2: math.isnan(_reddi_end(beta2)), "β₂ lies from 0 up to, but below, 1."),
        (
            lambda beta2: _reddi_end(beta2) > 0.99,
            "Adam still ends at +1: v̂ forgets the large gradient before the two small ones pass.",
        ),
        (
            lambda beta2: _reddi_end(beta2) > 0,
            "Better, but Adam still drifts to the wrong side. Remember longer.",
        ),
        (lambda beta2: True, "The right direction, but it does not get as far as −0.9."),
    ),
    hints=(
        r"A larger $\beta_2$ remembers longer: about $1 / (1 - \beta_2)$ steps.",
        r"The cycle has three steps. With $1 / (1 - \beta_2) = 3$ the memory is as long as it: "
        r"$\beta_2 = 0.67$. Go beyond.",
    ),
    worked=r"$\beta_2 = 0.9$ remembers about ten steps, and Adam ends at $-0.998$.",
)

# --------------------------------------------------------------------------- 6.4 decay by hand


def _decayed_through_adam(alpha: float, decay: float, steps: int) -> float:
    """Return w after steps of Adam whose only gradient is λw, from w = 1."""
    return float(_adam(lambda w: decay * w, np.ones(1), alpha, steps)[0])


DECAY_BY_HAND = Exercise(
    number="6.4",
    title="Decay by hand",
    task=(
        r"A weight starts at $w = 1$, and its gradient is zero. AdamW runs with $\alpha = 0.01$ and"
        r" $\lambda = 0.1$. Where is the weight after 100 steps? Give three decimals."
    ),
    template='new_w = ...\n\nexercise("6.4").check(new_w)',
    answer=Numbers(tolerance=0.0005),
    right=(1 - 0.01 * 0.1) ** 100,
    praise=(
        "Nearly a tenth is gone: 100 steps, each taking a thousandth of what was left. No √v̂ has "
        "touched it."
    ),
    mistakes=(
        (
            lambda w: w == 0,
            "1 − 100 · 0.01 is 0: you left out λ, and took a share of 1 each time instead of a "
            "share of what is left. Each step multiplies by 1 − αλ.",
        ),
        (
            1 - 100 * 0.01 * 0.1,
            "Almost: each step takes a share of what is left, not of 1. If you have rounded, give "
            "three decimals.",
        ),
        ((1 - 0.1) ** 100, "You left out α. Each step multiplies by 1 − αλ."),
        ((1 - 0.01) ** 100, "You left out λ. Each step multiplies by 1 − αλ."),
        (1 - 0.01 * 0.1, "That is after one step. Take a hundred."),
        ((1 - 0.01 * 0.1) ** 99, "Off by one: that is after 99 steps."),
        (
            (1 - 0.01 * 0.1) ** 101,
            "That is after 101 steps, one too many; or you cut digits off instead of rounding.",
        ),
        (1 - (1 - 0.01 * 0.1) ** 100, "That is how much is gone. Where is the weight?"),
        (-((1 - 0.01 * 0.1) ** 100), "The decay shrinks the weight, it does not turn its sign."),
        (1.0, "The gradient is zero, but the decay acts nevertheless: w ← (1 − αλ)w."),
        (
            _decayed_through_adam(0.01, 0.1, 100),
            "That is Adam with L2: there λw passes through √v̂, and each step is about α long.",
        ),
        ((1 + 0.01 * 0.1) ** 100, "The weight grows with you. Decay multiplies by 1 − αλ."),
    ),
    hints=(
        r"AdamW begins each step with $w \leftarrow (1 - \alpha\lambda)w$. What is $1 - "
        r"\alpha\lambda$ here?",
        "It is 0.999. A hundred steps multiply by it a hundred times.",
    ),
    worked=r"$(1 - 0.01 \cdot 0.1)^{100} = 0.999^{100} = 0.9048$.",
    otherwise="Multiply by 1 − αλ a hundred times.",
)

# ------------------------------------------------------------------------- 6.5 a fair comparison

FAIR_COMPARISON = Exercise(
    number="6.5",
    title="A fair comparison",
    task=(
        "A friend trains a network with Adam and with gradient descent, each at three rates: "
        "0.0001, 0.001 and 0.01. Adam does best at 0.001, with a loss of 0.12, gradient descent at "
        "0.01, with a loss of 0.31. Is Adam the better rule for this network?\n\n"
        '- `"a"` Yes: each of the two ran at the best of its rates.\n'
        '- `"b"` Unknown: repeat it with more seeds and take the mean.\n'
        '- `"c"` Unknown: let gradient descent have larger rates.\n'
        '- `"d"` Unknown: run both of them at the rate of 0.001.'
    ),
    template='my_choice = ...\n\nexercise("6.5").check(my_choice)',
    answer=Choice("abcd"),
    right="c",
    praise=(
        "The best rate of gradient descent is the last of its list, so a larger one may be better "
        "still. A sweep is complete when the best rate has a worse one on either side."
    ),
    mistakes=(
        ("a", "It is the best of three. Where in the list does each best rate stand?"),
        (
            "b",
            "Seeds show whether a gap is luck. They do not show what a rule does at larger rates.",
        ),
        (
            "d",
            "α multiplies a gradient in one rule and is the length of a step in the other, so one "
            "rate for both favors the rule it happens to suit.",
        ),
    ),
    hints=(
        "Where in the list of three does each of the two best rates stand?",
        "Nobody knows what gradient descent does at 0.1.",
    ),
    worked=(
        '"c". Adam was best in the middle of its list, gradient descent at the end: only the first '
        "of the two sweeps is complete."
    ),
)

# ------------------------------------------------------------------------- 6.8 a rule of your own


def _signed(w, g, m, alpha, *, mu=0.9, share=0.1, sign=-1, of=None, bare=False, late=False):
    """Take one step along the sign of the mean gradient; each keyword is a mistake."""
    new = mu * m + share * g
    direction = {"g": g, "m": m}.get(of, new)
    moved = w + sign * alpha * (direction if bare else np.sign(direction))
    return np.array([moved, m if late else new])


def _steps_to_take():
    return [
        (np.array([1.0, -2.0]), np.array([3.0, 0.5]), np.array([0.0, 0.0]), 0.1),
        (np.array([0.5, 0.5]), np.array([-1.0, 2.0]), np.array([2.0, -0.1]), 0.01),
        (np.array([0.0, 4.0, 1.0]), np.array([0.2, -0.3, 0.0]), np.array([-1.0, 1.0, 0.0]), 0.5),
    ]


def _signed_wrong(**mistake):
    return lambda w, g, m, alpha: _signed(w, g, m, alpha, **mistake)


OWN_RULE = Exercise(
    number="6.8",
    title="A rule of two lines",
    deeper=True,
    task=(
        "Write `step(w, g, m, alpha)` for the simplest relative of Lion: $m \\leftarrow 0.9\\,m + "
        "0.1\\,g$, then $w \\leftarrow w - \\alpha\\,\\mathrm{sign}(m)$ with the new $m$. Return "
        "`w, m`. Afterwards put the two lines into `MyRule`, and see what `check` and the race say."
    ),
    template=(
        'def step(w, g, m, alpha):\n    ...\n    return w, m\n\n\nexercise("6.8").check(step)'
    ),
    answer=Function(inputs=_steps_to_take, tolerance=1e-12),
    right=_signed,
    praise=(
        "Every coordinate whose mean gradient is not 0 moves by exactly α, and the rule keeps one "
        "array where Adam keeps two."
    ),
    mistakes=(
        (lambda w, g, m, alpha: np.array([w, m]), "Your step changes neither w nor m."),
        (_signed_wrong(sign=1), "You walk uphill. The step has a minus: w − α sign(m)."),
        (_signed_wrong(of="g"), "You take the sign of g. It should be the sign of the new m."),
        (_signed_wrong(of="m"), "You take the sign of the old m. Update m first, then w."),
        (_signed_wrong(bare=True), "You move along m itself. Take its sign: np.sign(m)."),
        (
            lambda w, g, m, alpha: _signed(w, g, m, 1.0),
            "Your step is 1 long, whatever α is. It should be α times the sign.",
        ),
        (
            lambda w, g, m, alpha: (
                np.sign(_signed(w, g, m, alpha)) * [[0], [1]] + _signed(w, g, m, alpha) * [[1], [0]]
            ),
            "The step is right, but you return the sign of m in place of m.",
        ),
        (
            _signed_wrong(mu=0.99, share=0.01),
            "You keep 0.99 of m, as Lion does. Here it is 0.9, and 0.1 of g.",
        ),
        (_signed_wrong(share=1.0), "You add all of g to m. Its share is 0.1."),
        (_signed_wrong(mu=0.1, share=0.9), "0.9 and 0.1 are exchanged: m keeps 0.9 of itself."),
        (_signed_wrong(late=True), "The step is right, but you return the old m."),
        (
            lambda w, g, m, alpha: _signed(w, g, m, alpha)[::-1],
            "Right numbers in the other order: return w first, then m.",
        ),
    ),
    hints=(
        "Two lines, in this order: the mean, then the point.",
        "`m = 0.9 * m + 0.1 * g`, and `np.sign(m)` is −1, 0 or 1 in each coordinate.",
    ),
    worked=(
        "\n\n```python\n"
        "def step(w, g, m, alpha):\n"
        "    m = 0.9 * m + 0.1 * g\n"
        "    w = w - alpha * np.sign(m)\n"
        "    return w, m\n"
        "```"
    ),
)

EXERCISES = (
    ADAGRAD_BY_HAND,
    WRITE_ADAM,
    TWO_STEPS,
    DECAY_BY_HAND,
    FAIR_COMPARISON,
    CLOSER,
    LONG_MEMORY,
    OWN_RULE,
)

# ------------------------------------------------------------------------------------ predictions

_TIMES = ("just as long", "about 10 times as long", "about 100 times as long")
_FARTHER = ("x₁, 13 times as far", "both equally far", "x₂, because its gradient is small")
_TYPICAL = ("about α", "about α/4", "about α/100")
_RACERS = ("Adam", "Nadam", "GradientDescent", "Nesterov")
_AFTER = ("about as many", "about half as many", "about 1/4 as many")
_LEFT = ("all of it", "about two thirds of it", "about a third of it")
_PLACES = ("at the best place, −1", "in the middle", "at the worst place, +1")
_FACTORS = ("by less than 2", "by 2 to 10", "by 10 to 100", "by 100 to 1000")
_PART = ("from the first step on", "when α changes on the way", "they never part")


def _nearest(value, anchors, options):
    """Return the option whose anchor is nearest to a value, by ratio."""
    return min(zip(anchors, options, strict=True), key=lambda each: abs(math.log(value / each[0])))[
        1
    ]


def _ratio(s):
    return math.sqrt(s[0] / s[-1])


def _first(order):
    """Return the first to arrive of those that the question names."""
    return next(each for each in order if each.name in _RACERS)


def _left(before, after):
    return _nearest(after / before, (1, 0.67, 0.3), _LEFT)


PREDICTIONS = (
    Prediction(
        number="6.a",
        question=(
            "Feature 1 occurs in 2000 examples, feature 8 in 17. At the end both see the same "
            "gradient. How long is Adagrad's step for feature 8, compared with feature 1?"
        ),
        options=_TIMES,
        result=lambda s: _nearest(_ratio(s), (1, 10, 100), _TIMES),
        why=lambda s: (
            f"It is {_ratio(s):.1f} times as long, because s counts, in effect, how often a "
            "feature was seen, and the rate takes its root: √(2000 / 17) = "
            f"{math.sqrt(2000 / 17):.1f}."
        ),
    ),
    Prediction(
        number="6.b",
        question=(
            "On the banana at (−1.5, 2) the gradient is (−6.5, −0.5). Which coordinate does Adam's "
            "first step move farther?"
        ),
        options=_FARTHER,
        result=lambda step: _FARTHER[
            1 if math.isclose(step[0], step[1], rel_tol=1e-3) else 0 if step[0] > step[1] else 2
        ],
        why=lambda step: (
            f"They move {step[0]:.4f} and {step[1]:.4f}, because at the first step m̂ = g and "
            "√v̂ = |g|: what is left is the sign."
        ),
    ),
    Prediction(
        number="6.c",
        question=(
            "The gradients are noise around 0 and nothing else. How long is a typical step of Adam?"
        ),
        options=_TYPICAL,
        result=lambda lengths: _nearest(lengths[0.0], (1, 0.25, 0.01), _TYPICAL),
        why=lambda lengths: (
            f"Its root mean square is {lengths[0.0]:.2f} α. The mean m averages about ten steps of "
            "noise, which cancel, while √v̂ keeps their full size. The clearer the signal, the "
            f"longer the step: {lengths[1.0]:.2f} α where signal and noise are equal."
        ),
    ),
    Prediction(
        number="6.d",
        question=(
            "The banana from the upper left, each rule at its own best rate, 200 steps. Who is "
            "there first?"
        ),
        options=_RACERS,
        result=lambda order: _first(order).name,
        why=lambda order: (
            f"It arrives at step {_first(order).arrived}. It looks ahead and brakes before it runs "
            "past. That is one start on one landscape, though, and everybody's memory at its "
            "default."
        ),
    ),
    Prediction(
        number="6.e",
        question=(
            "Now each rule also gets its own best memory, μ or β₁, in place of 0.9. How many steps "
            "does Adam need, compared with before?"
        ),
        options=_AFTER,
        result=lambda before, after: _nearest(after / before, (1, 0.5, 0.25), _AFTER),
        why=lambda before, after: (
            f"It needs {after} in place of {before}. Near a minimum a memory of 0.9 swings down by "
            "√0.9 in each step whatever α is (lecture 5), so the race before this one mostly "
            "ranked how well each rule gets along with the default."
        ),
    ),
    Prediction(
        number="6.f",
        question=(
            "At the default memory of 0.9, AdamW is well ahead of SGD with momentum on the tiny "
            "transformer. How much of its lead is left when the memory of both is tuned?"
        ),
        options=_LEFT,
        result=_left,
        why=lambda before, after: (
            f"The lead shrinks from {before:.2f} to {after:.2f}. In these 150 steps a memory of "
            "0.9 costs SGD dearly, and a shorter one suits it. AdamW stays ahead, but "
            "most of what a default comparison credits it with is the default."
        ),
    ),
    Prediction(
        number="6.g",
        question=(
            "Without the bias correction, how many times α long is Adam's first step "
            "(β₁ = 0.9, β₂ = 0.999)?"
        ),
        deeper=True,
        result=lambda length: length,
        tolerance=0.05,
        why="It is (1 − β₁) / √(1 − β₂) = 0.1 / √0.001.",
    ),
    Prediction(
        number="6.h",
        question=(
            "Adam runs with β₁ = 0, β₂ = 0.1 and α = 0.1 / √k, so with small steps at the end. "
            "Where is it after 3000 steps?"
        ),
        options=_PLACES,
        deeper=True,
        result=lambda w: _PLACES[0 if w < -0.9 else 2 if w > 0.9 else 1],
        why=(
            "The large gradient is divided by its own size, so it counts hardly more than a small "
            "one, and two small ones beat it."
        ),
    ),
    Prediction(
        number="6.i",
        question=(
            "Turn the valley and the start by 22.5°, and give Adam its best α again. By what "
            "factor does its loss after 100 steps grow?"
        ),
        options=_FACTORS,
        deeper=True,
        result=lambda factor: _FACTORS[sum(factor >= edge for edge in (2, 10, 100))],
        why=lambda factor: (
            f"By {factor:.0f}. When the valley lies across the coordinates, both see its steep "
            "wall, so both are braked. It still ends far below gradient descent at its own best."
        ),
    ),
    Prediction(
        number="6.j",
        question=(
            "Momentum with α inside the velocity, v ← μv + αg, against α outside. When do the two "
            "walks part?"
        ),
        options=_PART,
        deeper=True,
        result=lambda steady, changing: _PART[0 if steady > 1e-9 else 1 if changing > 1e-9 else 2],
        why=(
            "While α is constant it can stand inside or outside. After a change, the old velocity "
            "still carries the old α."
        ),
    ),
)
