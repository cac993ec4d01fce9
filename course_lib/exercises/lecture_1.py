"""The exercises of lecture 1, gradient basics: what is asked, what often goes wrong, what helps.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import math

import numpy as np

from course_lib.exercises.answers import Choice, Function, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.landscapes import banana, quartic

TITLE = "Gradient basics"

# ----------------------------------------------------------------------------- 1.1 one step by hand

STEP_BY_HAND = Exercise(
    number="1.1",
    title="One step by hand",
    task=(
        "You stand at $w = 3$ on the quartic $L(w) = w^4 - 3w^3 + 2$ and take one step of gradient "
        r"descent with $\alpha = 0.01$. Where do you stand then? Compute it with pen and paper."
    ),
    template='new_w = ...\n\nexercise("1.1").check(new_w)',
    answer=Numbers(tolerance=0.005),
    right=2.73,
    praise="The slope at 3 is 27, so you move 0.01 · 27 = 0.27 to the left.",
    mistakes=(
        (3.27, "You walked uphill. Did you forget the minus sign in w − αL′(w)?"),
        (27, "That is the slope L′(3). The step is −α times the slope, taken from w = 3."),
        (0.27, "That is α · L′(3), how far you move. Where do you arrive?"),
        (-0.27, "That is how you move, −α · L′(3). Where do you arrive, starting from w = 3?"),
        (2.98, "You used the height L(3) = 2. The step uses the slope, L′(3)."),
        (0.3, "That is the step for α = 0.1. Here α = 0.01."),
        (2.973, "That is the step for α = 0.001. Here α = 0.01."),
        (2.19, "Look at the derivatives again: 4w³ for w⁴, and 9w² for 3w³, with its square."),
        (1.92, "That is the step for w⁴ alone. The term −3w³ has a slope, too, −9w²."),
        (2.71, "The constant 2 lifts the whole curve and has slope 0. Leave it out of L′."),
        (2.5869, "That is where two steps take you. Only one was asked for."),
        (-24, "You took a step of the whole slope. Multiply it by α = 0.01 first."),
    ),
    hints=(
        "First the slope: $L'(w) = 4w^3 - 9w^2$. Put in $w = 3$.",
        r"The slope is $4 \cdot 27 - 9 \cdot 9 = 27$. Now use $w \leftarrow w - \alpha L'(w)$.",
    ),
    worked=r"$L'(3) = 4 \cdot 27 - 9 \cdot 9 = 27$, so $w = 3 - 0.01 \cdot 27 = 2.73$.",
    otherwise="Compute the slope L′(3) first, then w − αL′(w).",
)

# ------------------------------------------------------------------------- 1.2 leap across the trap


def _end_of_leap(alpha: float, steps: int = 50) -> float:
    """Return where the steps from −1.5 end; infinite where they overflow, NaN for no valid α."""
    w = -1.5 if alpha > 0 else math.nan
    for _ in range(steps):
        if abs(w) > 1e6:
            return math.inf
        w -= alpha * (4 * w**3 - 9 * w**2)
    return w


def _arrives(alpha: float, steps: int = 50) -> bool:
    return abs(_end_of_leap(alpha, steps) - 9 / 4) < 0.01


LEAP = Exercise(
    number="1.2",
    title="Leap across the trap",
    task=(
        "Go back to explorer 2. Put the start back to $w = -1.5$ and the steps to 50. Find a "
        r"learning rate $\alpha$ with which the walk crosses the flat place at 0 and ends at the "
        "minimum $w = 9/4$, within 0.01. There are many. The line under the figure "
        "says where you are."
    ),
    template='my_alpha = ...\n\nexercise("1.2").check(my_alpha)',
    answer=Numbers(tolerance=0),
    right=lambda alpha: all(_arrives(alpha, steps) for steps in range(50, 61)),
    praise=(
        "The first step is 33.75 · α long, so it clears the flat place in one leap, and the rest "
        "of the walk still settles. So a bold step can leave the valley it started in."
    ),
    mistakes=(
        (lambda alpha: math.isnan(_end_of_leap(alpha)), "A learning rate is above 0."),
        (
            lambda alpha: _end_of_leap(alpha) < 0 and alpha < 0.05,
            "Too small: the walk creeps toward 0 from the left and stays there.",
        ),
        (
            lambda alpha: _end_of_leap(alpha) < 0,
            "Too large: the first leap crosses 0, but a later one throws the walk back into the "
            "trap.",
        ),
        (
            lambda alpha: math.isinf(_end_of_leap(alpha)),
            "Too large: each step is longer than the one before, and the walk flies off.",
        ),
        (
            lambda alpha: alpha < 0.05,
            "Almost. The walk has crossed 0, but 50 steps are not enough to get from the flat "
            "place to 9/4.",
        ),
        (
            _arrives,
            "The walk is at 9/4 by chance: take a few more steps, and it has left again.",
        ),
        (
            lambda alpha: alpha < 2 / 20.25,
            "Almost. The walk zigzags around 9/4 and would settle there, but after 50 steps it is "
            "still more than 0.01 away.",
        ),
        (
            lambda alpha: True,
            "Too large: the walk crosses 0, but it does not settle at 9/4.",
        ),
    ),
    hints=(
        r"At $w = -1.5$ the slope is $-33.75$. How large must $\alpha$ be for the first step to "
        "carry you past 0?",
        r"From $-1.5 + 33.75\,\alpha > 0$ follows $\alpha > 0.0444$. At 0.1 the walk still jumps "
        "around 9/4 after 50 steps. Try between the two.",
    ),
    worked=(
        r"$\alpha = 0.06$: the first step leads from $-1.5$ to $-1.5 + 0.06 \cdot 33.75 = 0.525$, "
        "past the flat place. The steps that follow lead on to $9/4$."
    ),
)

# ------------------------------------------------------------------------ 1.6 a gradient by hand

GRADIENT_BY_HAND = Exercise(
    number="1.6",
    title="A gradient by hand",
    task=(
        "Compute the gradient of the banana $L = (x_2 - x_1^2)^2 + (1 - x_1)^2$ at the point "
        "$(x_1, x_2) = (2, 1)$. Give both entries as a list."
    ),
    template='gradient = [..., ...]\n\nexercise("1.6").check(gradient)',
    answer=Numbers(tolerance=1e-6, shape=(2,)),
    right=(26, -6),
    praise="Downhill is the opposite way, (−26, 6): mostly to the left, and a little up the map.",
    mistakes=(
        ((-26, 6), "That is the way downhill, −∇L. The gradient itself points uphill."),
        ((-6, 26), "Both numbers are there, in the wrong order: ∂L/∂x₁ comes first."),
        (
            (-4, -6),
            "In ∂L/∂x₁ the chain rule also asks for the derivative of what is inside the square, "
            "−2x₁ for x₂ − x₁².",
        ),
        ((-22, -6), "A sign in ∂L/∂x₁: inside the first square, −x₁² has the derivative −2x₁."),
        ((22, -6), "A sign in ∂L/∂x₁: inside the second square, −x₁ has the derivative −1."),
        ((24, -6), "∂L/∂x₁ has two parts. You left out the one from (1 − x₁)²."),
        ((2, -6), "∂L/∂x₁ has two parts. You left out the one from (x₂ − x₁²)²."),
        (
            (9, 1),
            "Those are the two squares, whose sum is the height. The gradient holds the slopes.",
        ),
        ((26, 6), "The size of ∂L/∂x₂ is right, its sign is not: x₂ − x₁² is 1 − 4 = −3."),
        ((26, -3), "∂L/∂x₂ lacks a factor: the derivative of a square brings down a 2."),
        ((18, -4), "That is the gradient at (2, 2). Here x₂ is 1."),
        ((-4, 2), "That is the gradient at (1, 2). Here x₁ is 2 and x₂ is 1."),
    ),
    hints=(
        r"For $\partial L / \partial x_1$ treat $x_2$ as a fixed number, and the other way around.",
        r"The chain rule gives $\partial L / \partial x_1 = -4x_1(x_2 - x_1^2) - 2(1 - x_1)$ and "
        r"$\partial L / \partial x_2 = 2(x_2 - x_1^2)$.",
    ),
    worked=(
        "The first square is that of $x_2 - x_1^2 = 1 - 4 = -3$. So "
        r"$\partial L / \partial x_1 = -4 \cdot 2 \cdot (-3) - 2(1 - 2) = 24 + 2 = 26$ and "
        r"$\partial L / \partial x_2 = 2 \cdot (-3) = -6$."
    ),
    deeper=True,
)

# ------------------------------------------------------------------------------ 1.3 write the walk


def _walk(gradient, start, alpha, steps):
    w = start
    for _ in range(steps):
        w = w - alpha * gradient(w)
    return w


def _iterated(line, w, steps):
    for _ in range(steps):
        w = line(w)
    return w


def _points(gradient, start, alpha, steps):
    return np.array([_walk(gradient, start, alpha, k) for k in range(steps + 1)])


def _walks() -> list[tuple]:
    return [
        (banana.gradient, np.array([2.0, 2.0]), 0.1, 1),
        (banana.gradient, np.array([2.0, 2.0]), 0.1, 3),
        (quartic.gradient, np.array([-1.5]), 0.001, 4),
        (banana.gradient, np.array([[-1.0, 1.5], [0.5, 0.0]]), 0.05, 2),
    ]


WRITE_THE_WALK = Exercise(
    number="1.3",
    title="Write the walk yourself",
    task=(
        "Write `walk(gradient, start, alpha, steps)`. It starts at the array `start`, takes "
        "`steps` steps of gradient descent with the learning rate `alpha`, and returns the last "
        "point. `gradient` is a function: `gradient(w)` is the gradient at `w`. Three to six lines "
        "are enough."
    ),
    template=(
        "def walk(gradient, start, alpha, steps):\n"
        "    w = start\n"
        "    ...\n"
        "    return w\n"
        "\n\n"
        'exercise("1.3").check(walk)'
    ),
    answer=Function(
        inputs=_walks,
        failures=(
            (
                r"unsupported operand.*'(method|function)'",
                "`gradient` is a function, and you multiply the function itself. Ask it for the "
                "slope where you are: `alpha * gradient(w)`.",
            ),
            (
                r"'int' object is not iterable|'int' has no len",
                "`steps` is a number, and a loop needs something to go through: "
                "`for k in range(steps):`.",
            ),
            (
                r"'(method|function)' object is not subscriptable",
                "Square brackets look something up, but `gradient` is a function. Call it with "
                "parentheses: `gradient(w)`.",
            ),
            (
                r"'float' object is not callable",
                "`alpha` is a number, and parentheses after a name call a function. To multiply, "
                "write `alpha * gradient(w)`.",
            ),
            (
                r"gradient\(\) missing 1 required positional argument",
                "`gradient` has to be told where you are: `gradient(w)`.",
            ),
        ),
    ),
    right=_walk,
    praise=(
        "Your function works in one dimension and in two, and even for two walks at once, because "
        "`w - alpha * gradient(w)` treats every entry of the array alike."
    ),
    mistakes=(
        (lambda gradient, start, alpha, steps: start, "Your function returns the start: no step."),
        (
            lambda gradient, start, alpha, steps: _walk(gradient, start, -alpha, steps),
            "Your walk goes uphill. Did you forget the minus sign in w − α∇L(w)?",
        ),
        (
            lambda gradient, start, alpha, steps: _walk(gradient, start, alpha, steps - 1),
            "Off by one: your walk takes one step too few. `range(steps)` counts 0 to steps − 1.",
        ),
        (
            lambda gradient, start, alpha, steps: _walk(gradient, start, alpha, steps + 1),
            "Off by one: your walk takes one step too many. `range(steps)` counts 0 to steps − 1.",
        ),
        (
            lambda gradient, start, alpha, steps: _walk(gradient, start, alpha, 1),
            "Your function takes one step only. Is the step inside a loop, does it change `w`, and "
            "does `return` come after the loop?",
        ),
        (
            lambda gradient, start, alpha, steps: start - alpha * steps * gradient(start),
            "You use the slope at the start for every step. Ask for `gradient(w)` in the loop.",
        ),
        (
            lambda gradient, start, alpha, steps: _iterated(
                lambda w: start - alpha * gradient(w), start, steps
            ),
            "Each of your steps begins at `start`. It should begin at `w`, where you are now.",
        ),
        (
            lambda gradient, start, alpha, steps: _walk(gradient, start, 1, steps),
            "Your steps are as long as the gradient. Multiply it by `alpha`.",
        ),
        (
            lambda gradient, start, alpha, steps: _iterated(
                lambda w: alpha * gradient(w), start, steps
            ),
            "Your line puts the step in the place of `w`. Take it from where you are: "
            "`w = w - alpha * gradient(w)`.",
        ),
        (
            lambda gradient, start, alpha, steps: _iterated(
                lambda w: -alpha * gradient(w), start, steps
            ),
            "Your line puts the step in the place of `w`. Take it from where you are: "
            "`w = w - alpha * gradient(w)`.",
        ),
        (_points, "Your function returns all the points. Only the last one was asked for."),
        (
            lambda gradient, start, alpha, steps: _points(gradient, start, alpha, steps)[1:],
            "Your function returns all the points. Only the last one was asked for.",
        ),
    ),
    hints=(
        "You need a loop that repeats one line `steps` times: `for k in range(steps):`",
        r"The line in the loop is the update rule $w \leftarrow w - \alpha \nabla L(w)$, with "
        r"`gradient(w)` for $\nabla L(w)$.",
    ),
    worked=(
        "\n\n```python\n"
        "def walk(gradient, start, alpha, steps):\n"
        "    w = start\n"
        "    for k in range(steps):\n"
        "        w = w - alpha * gradient(w)\n"
        "    return w\n"
        "```"
    ),
)

# ---------------------------------------------------------------------------- 1.7 end the zigzag

END_THE_ZIGZAG = Exercise(
    number="1.7",
    title="End the zigzag",
    task=(
        r"With $\alpha = 0.2$ the walk from (2, 2) ends up jumping between two points. "
        r"Which change "
        "lets it arrive at the minimum? Try them in explorer 3.\n\n"
        '- `"a"` more steps\n'
        '- `"b"` a start closer to the minimum\n'
        '- `"c"` a learning rate of 0.15\n'
        '- `"d"` a learning rate of 0.25'
    ),
    template='my_choice = ...\n\nexercise("1.7").check(my_choice)',
    answer=Choice("abcd"),
    right="c",
    praise=(
        "0.15 is below the border, 2/λ = 0.1716: across the valley each step multiplies the "
        "distance by 1 − 0.15 · 11.66 = −0.75, so the zigzag dies out."
    ),
    mistakes=(
        (
            "a",
            "The two points repeat: even after 1000 steps the walk jumps between them.",
        ),
        (
            "b",
            "Put the start right beside the star and look at the loss: the distance across the "
            "valley still grows by a third in each step, however small it is at first.",
        ),
        ("d", "The steps are too long already. With 0.25 the walk overflows at step 8."),
    ),
    hints=(
        "Across the valley each step multiplies the distance to the floor by 1 − αλ, with "
        "λ = 11.66. What must this factor be for the zigzag to die out?",
        "It must be between −1 and 1, so α must be below 2/11.66.",
    ),
    worked=(
        '"c". Across the valley the factor of a step is $1 - \\alpha\\lambda$. With '
        "$\\alpha = 0.2$ it is "
        "$-1.33$, with $0.25$ it is $-1.91$, and only with $0.15$ is it between $-1$ and $1$: "
        "$-0.75$. More steps or a closer start do not change the factor."
    ),
    deeper=True,
)

# ------------------------------------------------------------------------------ 1.4 read the map

READ_THE_MAP = Exercise(
    number="1.4",
    title="Read the map",
    task=(
        "On the map, the walk first falls toward the valley floor, almost straight, and then turns "
        "and follows the bend. Nobody told it to turn. In one sentence: why does it? Your sentence "
        "is not judged; you compare it with ours."
    ),
    template='my_sentence = ...\n\nexercise("1.4").check(my_sentence)',
    answer=Sentence(),
    right=None,
    praise=(
        "Our sentence: *High on the wall the slope of the first square is by far the larger, so "
        "the walk falls across the valley; on the way down it fades, until the slope of the second "
        "square, which drives the walk to the right, has an equal say, and the two together lead "
        "along the bend.* Does yours say which part of the gradient fades, and what is left?"
    ),
    mistakes=(),
    hints=(
        "Look at the arrows high on the wall, then at those near the floor. Where do they point?",
        "The loss is a sum of two squares, and so is the gradient. Which of the two squares gets "
        "small on the way down to the floor?",
    ),
    worked=(
        "The gradient is the sum of two slopes. That of $(x_2 - x_1^2)^2$ points away from the "
        "floor and is proportional to $x_2 - x_1^2$, so going down makes it fade: from 8.9 at the "
        "start to 4.5 after ten steps. That of $(1 - x_1)^2$ points to the left and is 3.0 at the "
        "start and 4.4 then. The walk moves against both: at first across the valley, and later "
        "as much to the right as down."
    ),
)

# ---------------------------------------------------------------------- 1.5 let torch differentiate


def _cubes(w):
    return (w**3).sum()


def _slope(f, w):
    import torch

    w = torch.tensor(w, requires_grad=True)
    f(w).backward()
    return w.grad.numpy()


LET_TORCH_DIFFERENTIATE = Exercise(
    number="1.5",
    title="Let torch differentiate",
    task=(
        "Write `slope(f, w)`. It takes a function `f` of a tensor and a numpy array `w`, and "
        "returns the gradient of `f` at `w` as a numpy array. Four lines are enough: record, "
        "compute, go backward, hand over."
    ),
    template=(
        "def slope(f, w):\n"
        "    # record, compute, go backward, hand over\n"
        "    ...\n"
        "\n\n"
        'exercise("1.5").check(slope)'
    ),
    answer=Function(
        inputs=lambda: [(banana, np.array([2.0, 2.0])), (_cubes, np.array([0.1, -1.0, 3.0]))],
        tolerance=1e-12,
        failures=(
            (
                r"numpy\.ndarray' object has no attribute '(grad|requires_grad_?|backward)'",
                "`w` is a numpy array, which records nothing. Make a tensor that does, "
                "`tensor = torch.tensor(w, requires_grad=True)`, and read `tensor.grad`.",
            ),
            (
                r"'numpy\.float64' object has no attribute 'backward'",
                "`f(w)` computed with the array `w`, which records nothing. Give `f` a tensor that "
                "does: `torch.tensor(w, requires_grad=True)`.",
            ),
            (
                r"does not require grad",
                "torch recorded nothing. Say that it should when you make the tensor, "
                "`torch.tensor(w, requires_grad=True)`, and give `f` that tensor.",
            ),
            (
                r"only for scalar outputs",
                "`backward()` begins at one number, the loss. Call it on what `f(tensor)` returns.",
            ),
            (
                r"'(Landscape|function)' object has no attribute 'backward'",
                "`f` is the function; `backward()` belongs to the loss that it returns: "
                "`f(tensor).backward()`.",
            ),
            (
                r"'Tensor' object is not callable",
                "`tensor.grad` is a tensor, not a function: no parentheses after it.",
            ),
            (
                r"Can't call numpy\(\)",
                "That tensor is on record and cannot become an array directly. But it is not what "
                "is asked for: after `backward()` the gradient lies in `tensor.grad`.",
            ),
            (
                r"NoneType' object has no attribute|returned None",
                "`tensor.grad` is None until `backward()` has run, and the loss has no `.grad` of "
                "its own. Did you call it, with its parentheses, and does your function return "
                "`tensor.grad`?",
            ),
            (
                r"returned a tensor",
                "Your function returns a torch tensor. `.detach().numpy()` makes it a numpy array.",
            ),
        ),
    ),
    right=_slope,
    praise=(
        "It works for every loss that torch can record, and you never wrote down a derivative."
    ),
    mistakes=(
        (
            lambda f, w: float(f(w)),
            "Your function returns the loss. After `backward()` the gradient lies in `.grad`.",
        ),
        (
            lambda f, w: -_slope(f, w),
            "That is the way downhill. The gradient itself has no minus sign.",
        ),
        (
            lambda f, w: _slope(f, w.astype("float32")),
            "Right to about seven digits only: somewhere the numbers became float32. "
            "`torch.tensor(w)` "
            "keeps the float64 of the array, `torch.Tensor(w)` does not.",
        ),
        (
            lambda f, w: w,
            "Your function returns the point `w` itself. The gradient lies in `.grad`.",
        ),
        (
            lambda f, w: 2 * _slope(f, w),
            "Twice the gradient: did you run `backward()` twice? What it finds is "
            "added to `.grad`.",
        ),
    ),
    hints=(
        "Begin with a tensor that records: `tensor = torch.tensor(w, requires_grad=True)`.",
        "Compute `loss = f(tensor)`, then call `loss.backward()`. The gradient is now in "
        "`tensor.grad`, still a tensor.",
    ),
    worked=(
        "\n\n```python\n"
        "def slope(f, w):\n"
        "    tensor = torch.tensor(w, requires_grad=True)\n"
        "    loss = f(tensor)\n"
        "    loss.backward()\n"
        "    return tensor.grad.numpy()\n"
        "```"
    ),
)

EXERCISES = (
    STEP_BY_HAND,
    LEAP,
    WRITE_THE_WALK,
    READ_THE_MAP,
    LET_TORCH_DIFFERENTIATE,
    GRADIENT_BY_HAND,
    END_THE_ZIGZAG,
)

# ------------------------------------------------------------------------------------ predictions


def _nearest(options, values, value):
    """Return the option that stands for the value nearest to this one."""
    return options[int(np.argmin(np.abs(np.array(values) - value)))]


LOSSES = ("about 60", "about 120", "about 240")
PLACES = ("at about −1.5", "at about 0", "at about 2.25")
RATES = ("it ends closer to the star", "it ends about as close", "it never comes to rest")


def _after(walk) -> str:
    """Return what a faster walk does, compared with the loss of 9.1e-5 after 100 slower steps."""
    if np.ptp(walk.losses[-2:]) > 1e-3:
        return RATES[2]
    return RATES[0] if walk.losses[-1] < 9e-5 else RATES[1]


PREDICTIONS = (
    Prediction(
        number="1.a",
        question=(
            "At 14 km/h the line is about 4 km/h too slow, and the loss is about 30. At 10 km/h it "
            "is about 8 too slow. How large is the loss there?"
        ),
        options=LOSSES,
        result=lambda loss: _nearest(LOSSES, (60, 120, 240), loss),
        why=lambda loss: (
            f"It is {loss:.1f}. The gaps are about twice as long as at 14 km/h, and the loss "
            "averages their squares, so it is about four times as high. That is why the hill is a "
            "bowl that gets steeper as you climb."
        ),
    ),
    Prediction(
        number="1.b",
        question="You start at w = −1.5 with α = 0.001 and take 100 000 steps. Where do you end?",
        options=PLACES,
        result=lambda walk: _nearest(PLACES, (-1.5, 0, 2.25), walk.points[-1, 0]),
        why=lambda walk: (
            f"The walk is at w = {walk.points[-1, 0]:.4f}. The slope at 0 is zero, and the closer "
            "the walk comes, the smaller the slope and with it the step: it creeps up to 0 and "
            "never gets across."
        ),
    ),
    Prediction(
        number="1.c",
        question="Same start and steps, but twice the learning rate, α = 0.2. What happens?",
        options=RATES,
        result=_after,
        why=lambda walk: (
            "In the end it jumps between two points, whose losses are "
            f"{walk.losses[-2]:.4f} and {walk.losses[-1]:.4f}: each step is so long that it leaps "
            "across the valley and lands where the next one takes it back."
        ),
    ),
    Prediction(
        number="1.d",
        question="How many of the 100 random directions lower the loss at all?",
        result=lambda change: int(np.sum(change < 0)),
        why=lambda change: (
            "A direction goes down if it makes an angle below 90° with −∇L, which half of the "
            f"circle does: about 50 of 100, and here by chance {int(np.sum(change < 0))}."
        ),
        close=10,
        deeper=True,
    ),
)
