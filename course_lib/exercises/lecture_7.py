"""The exercises of lecture 7, backpropagation and the training loop.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from course_lib.exercises.answers import Choice, Function, Numbers
from course_lib.exercises.tasks import Exercise

TITLE = "Backpropagation and the training loop"

# ------------------------------------------------------------------------ 7.1 backward, by hand

_X, _W, _B, _Y = np.array([3.0, 1.0]), np.array([1.0, -2.0]), 1.0, 4.0
_E = max(_W @ _X + _B, 0) - _Y  # the relu is open: z = 2


def _three(first: Any, bias: float) -> tuple[float, float, float]:
    return (float(first[0]), float(first[1]), float(bias))


BACKWARD_BY_HAND = Exercise(
    number="7.1",
    title="Backward by hand",
    task=(
        "A neuron has the inputs $x_1 = 3$, $x_2 = 1$, the weights $w_1 = 1$, $w_2 = -2$, the bias "
        r"$b = 1$ and the target $y = 4$. Its loss is $L = (\text{relu}(w_1x_1 + w_2x_2 + b) - "
        r"y)^2$. Compute $\partial L/\partial w_1$, $\partial L/\partial w_2$ and "
        r"$\partial L/\partial b$ with pen and paper, and give them in this order."
    ),
    template='gradient = [..., ..., ...]\n\nexercise("7.1").check(gradient)',
    answer=Numbers(tolerance=1e-6, shape=(3,)),
    right=_three(2 * _E * _X, 2 * _E),
    praise=(
        "The blame that arrives at the sum is −4. Each weight gets it times its own input; the "
        "bias gets it as it is."
    ),
    mistakes=(
        (
            _three(-2 * _E * _X, -2 * _E),
            "The signs are the wrong way round. The output 2 is below the target 4, so a larger "
            "output makes the loss smaller: e = a − y = −2.",
        ),
        (
            _three(_E * _X, _E),
            "A factor 2 is missing: the square e² hands back 2e.",
        ),
        (
            _three(2 * _E * _W, 2 * _E),
            "Those are the gradients of x₁ and x₂. A product hands to w what x was, and to x what "
            "w was.",
        ),
        (
            _three(2 * _E * _X, 0),
            "The bias has a gradient, too: a sum hands back to each of its parts what arrives.",
        ),
        (
            _three(2 * _E * np.ones(2), 2 * _E),
            "That is what arrives at the two products. Each hands it on to its weight, times the "
            "input.",
        ),
        (
            _three(2 * (-4.0) * _X, 2 * (-4.0)),
            "You compared 0 with the target, as if the relu were shut. z = 3 − 2 + 1 = 2 is above "
            "0, so the output is 2.",
        ),
        (
            _three(np.zeros(2), 0),
            "The relu is open: z = 3 − 2 + 1 = 2 is above 0, so it hands on what arrives.",
        ),
        (
            _three((2 * _E * _X)[::-1], 2 * _E),
            "All numbers are there; the first two are in the wrong order.",
        ),
    ),
    hints=(
        "First go forward and write down every number: the two products, z, a, and e = a − y.",
        "Now backward: the square hands back $2e$, the difference and the relu hand it on, the sum "
        "hands it to each part, and each product multiplies it by the other factor.",
    ),
    worked=(
        r"Forward: $z = 1 \cdot 3 + (-2) \cdot 1 + 1 = 2$, $a = 2$, $e = 2 - 4 = -2$, $L = 4$. "
        r"Backward: $2e = -4$ arrives at $a$; the relu is open, so $-4$ arrives at $z$ and at both "
        r"products. $\partial L/\partial w_1 = -4 \cdot 3 = -12$, $\partial L/\partial w_2 = -4 "
        r"\cdot 1 = -4$, $\partial L/\partial b = -4$."
    ),
    otherwise="Write down every number of the forward pass first, then walk back one by one.",
)

# -------------------------------------------------------------------- 7.2 the gradient of a kernel


def _kernel_gradient(X, W, b, dH):
    return X.T @ (dH * (X @ W + b > 0))


def _layers() -> list[tuple]:
    rng = np.random.default_rng(7)
    simple = (
        np.array([[1.0, 2.0]]),
        np.array([[1.0, -1.0], [1.0, 0.0]]),
        np.array([0.0, 0.5]),
        np.array([[1.0, 1.0]]),
    )
    return [simple, *(tuple(rng.normal(size=s) for s in ((5, 4), (4, 3), (3,), (5, 3))),)]


KERNEL_GRADIENT = Exercise(
    number="7.2",
    title="The gradient of a kernel",
    task=(
        "Write `kernel_gradient(X, W, b, dH)`. It takes the inputs $X$ ($B \\times n$), the kernel "
        "$W$ ($n \\times h$) and the bias $b$ of the layer `relu(dot(X, W) + b)`, and `dH`, the "
        "gradient with respect to the layer's output. It returns the gradient with respect to the "
        "kernel. Three lines do it: forward to $Z$, back through the relu, back through the "
        "product."
    ),
    template=(
        "def kernel_gradient(X, W, b, dH):\n"
        "    # forward to Z, back through the relu, back through the product\n"
        "    ...\n"
        "\n\n"
        'exercise("7.2").check(kernel_gradient)'
    ),
    answer=Function(inputs=_layers, tolerance=1e-9),
    right=_kernel_gradient,
    praise=(
        "Forward, relu, product: three lines, and they hold for any layer of this kind and any "
        "number of examples."
    ),
    mistakes=(
        (
            lambda X, W, b, dH: X.T @ dH,
            "You forgot the relu: where Z is not above 0, it hands back 0.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W > 0)),
            "Z is XW + b. Without the bias, the relu is judged open or shut at the wrong place.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (dH > 0)),
            "Whether the relu lets something back depends on Z, not on the sign of the gradient.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * np.maximum(X @ W + b, 0)),
            "The relu hands back the gradient itself where it is open: times 1, not times Z.",
        ),
        (
            lambda X, W, b, dH: X.T @ (dH * (X @ W + b > 0)) / len(X),
            "You divided by the number of examples. If there is a mean, it is in the loss, and "
            "`dH` has it already.",
        ),
        (
            lambda X, W, b, dH: (X.T @ (dH * (X @ W + b > 0))).T,
            "That is the transpose. A gradient has the shape of what it belongs to: here of W.",
        ),
        (
            lambda X, W, b, dH: dH * (X @ W + b > 0),
            "That is dZ, the gradient before the relu. One step is left: back through XW.",
        ),
        (
            lambda X, W, b, dH: (dH * (X @ W + b > 0)) @ W.T,
            "That is the gradient with respect to X, for the layer before. Here W is asked for.",
        ),
        (
            lambda X, W, b, dH: (dH * (X @ W + b > 0)).sum(axis=0),
            "That is the gradient of the bias. The kernel's has the inputs in it, too.",
        ),
        (
            lambda X, W, b, dH: np.maximum(X @ W + b, 0),
            "That is the forward pass, H. Now go back: through the relu, then through the product.",
        ),
    ),
    hints=(
        "`Z = X @ W + b`. The relu hands back `dH` where `Z > 0` and 0 elsewhere: multiply by "
        "`(Z > 0)`.",
        "Of what arrives, `dZ`, the kernel gets the inputs times it, of shape $n \\times h$: "
        "`X.T @ "
        "dZ`.",
    ),
    worked=(
        "\n\n```python\n"
        "def kernel_gradient(X, W, b, dH):\n"
        "    Z = X @ W + b\n"
        "    dZ = dH * (Z > 0)\n"
        "    return X.T @ dZ\n"
        "```"
    ),
)

# ---------------------------------------------------------------------------- 7.3 find the bug

FIND_THE_BUG = Exercise(
    number="7.3",
    title="Find the bug",
    task=(
        "Which line of `suspicious` is wrong? The table says which gradients agree with torch. "
        "Walk back from the loss: the first line whose result is wrong is the culprit; what "
        "comes after it only passes the mistake on. Answer with its letter, `a` to `g`."
    ),
    template='my_choice = ...\n\nexercise("7.3").check(my_choice)',
    answer=Choice("abcdefg"),
    right="e",
    praise=(
        "H is what the relu has made, and never below 0: `H >= 0` always holds, and blame flows "
        "back "
        "through neurons that are shut. It should be `Z > 0`, or `H > 0`. One sign, no error "
        "message."
    ),
    mistakes=(
        ("a", "The gradients of W2 and b2 are made from dS, and both agree. So dS is right."),
        ("b", "W2's gradient agrees with torch."),
        ("c", "b2's gradient agrees with torch."),
        (
            "d",
            "Here nothing is wrong: dS is right, and a product with W2 hands back dS times W2 "
            "transposed.",
        ),
        ("f", "W1's gradient is wrong, and so is b1's, in line g. What do the two lines share?"),
        ("g", "b1's gradient is wrong, and so is W1's, in line f. What do the two lines share?"),
    ),
    hints=(
        "W2 and b2 agree, W1 and b1 differ. Which lines are used for the second pair only?",
        "Lines f and g both start from dZ. So the bug is in d or e. Write down what each should "
        "be, "
        "with the table of section 3.",
    ),
    worked=(
        '"e". $dH$ is handed back where the relu was **open on the way forward**, $Z > 0$. The '
        "line asks where $H = \\text{relu}(Z)$ is at least 0, which is everywhere. Right: "
        "`dZ = dH * (Z > 0)`."
    ),
)

# -------------------------------------------------------------------- 7.4 weights of the right size


def _size_in_layer_6(c: float) -> float:
    """Return the size of layer 6 in units of layer 1, in the explorer's network with relu."""
    # Without biases, relu(c z) = c relu(z): every layer brings one more factor c.
    return _at_one() * min(c, 1e9) ** 5 if c > 0 else 0.0


def _at_one() -> float:
    """Return the same at c = 1, for the 100 digits and the weights of the explorer."""
    if not _MEASURED:
        from course_lib.data import load_small_digits

        layer, sizes = load_small_digits().train[1200:1300].arrays()[0], []
        rng = np.random.default_rng(1)
        for _ in range(6):
            layer = np.maximum(layer @ (rng.normal(size=(64, 64)) / 8), 0)
            sizes.append(math.sqrt(np.mean(layer**2)))
        _MEASURED.append(sizes[-1] / sizes[0])
    return _MEASURED[0]


_MEASURED: list[float] = []

RIGHT_SIZE = Exercise(
    number="7.4",
    title="Weights of the right size",
    task=(
        "Go back to the explorer and choose relu. Find a $c$ with which layer 6 is as large as "
        "layer "
        "1, within 20 %: the line under the figure should say between 0.8 and 1.2 times."
    ),
    template='my_c = ...\n\nexercise("7.4").check(my_c)',
    answer=Numbers(tolerance=0),
    right=lambda c: 0.8 <= _size_in_layer_6(c) <= 1.2,
    praise=(
        "That is near √2 = 1.41, the value of He. It holds for any number of layers and of "
        "neurons, "
        "which is why libraries can build it in."
    ),
    mistakes=(
        (lambda c: c <= 0, "A spread is above 0. With c = 0 nothing comes through at all."),
        (
            lambda c: _size_in_layer_6(c) > 100,
            "Far too large: every layer multiplies, and the sixth is more than 100 times the "
            "first.",
        ),
        (
            lambda c: 0.9 <= c <= 1.1,
            "With c = 1 the sum of n products has the right size, and then the relu sets half of "
            "it "
            "to zero. Make up for that.",
        ),
        (lambda c: _size_in_layer_6(c) < 0.8, "Too small: the numbers fade from layer to layer."),
        (lambda c: _size_in_layer_6(c) > 1.2, "Too large: the numbers grow from layer to layer."),
    ),
    hints=(
        "At $c = 1$ the mean square is halved in every layer. What factor on the weights doubles a "
        "mean square?",
        "A factor $c$ on the weights is a factor $c^2$ on the mean square. So $c^2$ should be 2.",
    ),
    worked=(
        r"The relu halves the mean square; $c^2 = 2$ makes up for it, $c = \sqrt 2 \approx "
        r"1.41$. In "
        "this network, with its luck of the draw, everything from about 1.37 to 1.47 is within "
        "20 %."
    ),
)

# ------------------------------------------------------------------------- 7.5 zero_grad forgotten


def _bowl(zeroed: bool, updates: int, alpha: float = 0.25) -> float:
    w, grad = 1.0, 0.0
    for _ in range(updates):
        grad = 2 * w + (0 if zeroed else grad)
        w -= alpha * grad
    return w


FORGOTTEN = Exercise(
    number="7.5",
    title="zero_grad forgotten",
    task=(
        r"The loss is $L = w^2$, the start $w = 1$, the learning rate $\alpha = 0.25$. You call "
        "`backward()` and `step()` in turn, twice each, with plain gradient descent, and never "
        "call "
        "`zero_grad()`. Where is $w$ after the second step? Compute it by hand."
    ),
    template='w_after = ...\n\nexercise("7.5").check(w_after)',
    answer=Numbers(tolerance=1e-6),
    right=_bowl(zeroed=False, updates=2),
    praise=(
        "The second step uses 2 + 1 = 3 where it should use 1. It leaps across the minimum at 0, "
        "to "
        "the other side."
    ),
    mistakes=(
        (
            _bowl(zeroed=True, updates=2),
            "That is what happens with `zero_grad()`. Without it, the second gradient is added to "
            "the first.",
        ),
        (_bowl(zeroed=False, updates=1), "That is where one step leads. There are two."),
        (_bowl(zeroed=False, updates=3), "That is where three steps lead. There are two."),
        (
            0.5 - 0.25 * 2,
            "You used the first gradient again. `backward()` adds the new one, at w = 0.5, to it.",
        ),
        (3, "That is what lies in `grad` at the second step. Now take the step."),
        (
            0.5 + 0.25 * 3,
            "A sign: the step goes against the gradient, from 0.5 down by 0.25 · 3.",
        ),
        (
            0.5 - 0.25 * 4,
            "You added the first gradient twice. At w = 0.5 the slope is 2 · 0.5 = 1.",
        ),
    ),
    hints=(
        "The first step is as always: the slope at 1 is 2. Where are you now, and what lies in "
        "`grad`?",
        "You are at 0.5, `grad` holds 2, and `backward()` adds the slope at 0.5, which is 1.",
    ),
    worked=(
        r"First: slope 2, so $w = 1 - 0.25 \cdot 2 = 0.5$. Second: slope $2 \cdot 0.5 = 1$, "
        r"added to the 2 "
        r"that is still there: 3. So $w = 0.5 - 0.25 \cdot 3 = -0.25$."
    ),
    otherwise="Keep two columns: w, and what lies in `grad`.",
)

# ------------------------------------------------------------------------ 7.6 accumulate on purpose


def _accumulate(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches, start=1):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / every
            total = 0.0
    return w


def _accumulate_wrongly(gradient, w, batches, alpha, every, mean=True, forget=True):
    total = 0.0
    for k, batch in enumerate(batches, start=1):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / (every if mean else 1)
            total = 0.0 if forget else total
    return w


def _last_of_each(gradient, w, batches, alpha, every):
    for batch in batches[every - 1 :: every]:
        w = w - alpha * gradient(w, batch)
    return w


def _one_early(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches):
        total = total + gradient(w, batch)
        if k % every == 0:
            w = w - alpha * total / every
            total = 0.0
    return w


def _update_before_adding(gradient, w, batches, alpha, every):
    total = 0.0
    for k, batch in enumerate(batches):
        if k and k % every == 0:
            w = w - alpha * total / every
            total = 0.0
        total = total + gradient(w, batch)
    return w


def pull(w, batch):
    """Return the gradient of the mean of (w − x)² over a batch of numbers x."""
    return 2 * (w - np.mean(batch))


def _batches() -> list[tuple]:
    rng = np.random.default_rng(6)
    return [
        (pull, np.array([0.0]), np.array([[1.0, 3.0], [5.0, 7.0]]), 0.25, 2),
        (pull, np.array([2.0]), rng.normal(size=(6, 4)), 0.1, 3),
        (pull, np.array([-1.0, 1.0]), rng.normal(size=(4, 4)), 0.2, 1),
    ]


ACCUMULATE = Exercise(
    number="7.6",
    title="Accumulate on purpose",
    task=(
        "Write `accumulate(gradient, w, batches, alpha, every)`: a training loop that updates only "
        "once for `every` batches, with the **mean** of their gradients, and then empties the sum. "
        "`gradient(w, batch)` gives the gradient on a batch; the number of batches is a multiple "
        "of "
        "`every`. Return the last `w`. Five to eight lines do it."
    ),
    template=(
        "def accumulate(gradient, w, batches, alpha, every):\n"
        "    for k, batch in enumerate(batches, start=1):\n"
        "        ...\n"
        "    return w\n"
        "\n\n"
        'exercise("7.6").check(accumulate)'
    ),
    answer=Function(inputs=_batches, tolerance=1e-9),
    right=_accumulate,
    praise=(
        "Your loop takes the same steps as one with batches `every` times as large, and needs the "
        "memory of a small one."
    ),
    mistakes=(
        (
            lambda gradient, w, batches, alpha, every: w,
            "Your function returns the w it was given: no update has happened. Does your `if` ever "
            "hold?",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, forget=False),
            "The sum is never emptied: that is the forgotten `zero_grad`. Set `total = 0.0` after "
            "each update.",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, mean=False),
            "You update with the sum of the gradients. Divide it by `every` to get their mean.",
        ),
        (
            lambda *given: _accumulate_wrongly(*given, mean=False, forget=False),
            "Two things: divide the sum by `every`, and set it to 0 after each update.",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(gradient, w, batches, alpha, 1),
            "You update after every batch. Update only when `k % every == 0`.",
        ),
        (
            _one_early,
            "Your first update comes after one batch: k counts from 0, and 0 % every is 0. Count "
            "with `start=1`.",
        ),
        (
            _update_before_adding,
            "The last group is never used for an update. Add the gradient first, then ask "
            "whether the group is complete, with k counted from 1.",
        ),
        (
            _last_of_each,
            "You update once for `every` batches, but with the gradient of the last one only. Add "
            "them up.",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(
                gradient, w, batches, -alpha, every
            ),
            "Your w moves uphill. Did you forget the minus sign of the update?",
        ),
        (
            lambda gradient, w, batches, alpha, every: _accumulate(
                gradient, w, batches[:every], alpha, every
            ),
            "Your loop ends after the first update. Is `return` inside the loop?",
        ),
    ),
    hints=(
        "Start with `total = 0.0` before the loop, and add `gradient(w, batch)` to it inside. "
        "Then ask whether this batch completes a "
        "group: `if k % every == 0:`",
        "In the `if` stand two lines: the update `w = w - alpha * total / every`, and `total = "
        "0.0`, "
        "which is `zero_grad`.",
    ),
    worked=(
        "\n\n```python\n"
        "def accumulate(gradient, w, batches, alpha, every):\n"
        "    total = 0.0\n"
        "    for k, batch in enumerate(batches, start=1):\n"
        "        total = total + gradient(w, batch)\n"
        "        if k % every == 0:\n"
        "            w = w - alpha * total / every\n"
        "            total = 0.0\n"
        "    return w\n"
        "```"
    ),
)

EXERCISES = (
    BACKWARD_BY_HAND,
    KERNEL_GRADIENT,
    FIND_THE_BUG,
    RIGHT_SIZE,
    FORGOTTEN,
    ACCUMULATE,
)
