"""The exercises of lecture 5, momentum: what is asked, what often goes wrong, what helps.

Read by `course_lib.exercises`. The wrong answers are computed from the mistake they stand for, so
that each message says what the reader did.
"""

from __future__ import annotations

import math

import numpy as np

from course_lib.exercises.answers import Function, Numbers, Sentence
from course_lib.exercises.predictions import Prediction
from course_lib.exercises.tasks import Exercise
from course_lib.landscapes import banana, quartic

TITLE = "Momentum"

# ----------------------------------------------------------------------- 5.1 three steps by hand


def _three_steps(
    steps: int = 3,
    mu: float = 0.5,
    alpha: float = 0.4,
    share: float = 1.0,
    ahead: bool = False,
    sign: int = -1,
) -> float:
    """Return where `steps` steps lead from w = 2 on ½w², whose gradient is w itself."""
    w, v = 2.0, 0.0
    for _ in range(steps):
        g = share * w
        v = mu * v + g
        w += sign * alpha * (g + mu * v if ahead else v)
    return w


THREE_STEPS = Exercise(
    number="5.1",
    title="Three steps by hand",
    task=(
        r"You stand at $w = 2$ on $L(w) = \frac{1}{2}w^2$, whose gradient is $g = w$. Take three "
        r"steps with momentum, $v \leftarrow \mu v + g$ and $w \leftarrow w - \alpha v$, with "
        r"$\mu = 0.5$, $\alpha = 0.4$ and $v = 0$ at the start. Where do you stand then? Give "
        "three decimals."
    ),
    template='new_w = ...\n\nexercise("5.1").check(new_w)',
    answer=Numbers(tolerance=0.0005),
    right=_three_steps(),
    praise=(
        "You are on the other side of the minimum. The slope at 0.32 was almost nothing, but the "
        "speed of the steps before carried you on."
    ),
    mistakes=(
        (
            _three_steps(mu=0.0),
            "That is gradient descent. From the second step on, v also holds μ times the old v.",
        ),
        (_three_steps(1), "That is where one step leads. Take three."),
        (_three_steps(2), "That is where two steps lead. Take three."),
        (_three_steps(4), "That is where four steps lead. Take three."),
        (
            _three_steps(mu=1.0),
            "Your v never fades: multiply the old v by μ = 0.5 before you add the gradient.",
        ),
        (_three_steps(alpha=1.0), "You moved by the whole v. The step is α · v, with α = 0.4."),
        (
            _three_steps(share=0.5),
            "You multiplied the gradient by 1 − μ. In this form the whole gradient is added.",
        ),
        (_three_steps(ahead=True), "That is Nesterov's step. Here the step is −α · v, no more."),
        (_three_steps(sign=1), "You walked uphill. The step is w − αv, with a minus."),
        (
            -_three_steps(),
            "The sign: from 0.32 the ball rolls past 0, so it ends where w is negative.",
        ),
        (_three_steps(share=2.0), "Your gradient is 2w. The gradient of ½w² is w."),
        (1.42, "That is the last v. The question asks for w."),
    ),
    hints=(
        "Keep a table with the columns g, v and w. The first row is g = 2, v = 2, w = 1.2.",
        r"Second row: $g = 1.2$, $v = 0.5 \cdot 2 + 1.2 = 2.2$, $w = 1.2 - 0.4 \cdot 2.2 = 0.32$.",
    ),
    worked=(
        r"$v = 2$, $w = 2 - 0.8 = 1.2$. Then $v = 0.5 \cdot 2 + 1.2 = 2.2$, "
        r"$w = 1.2 - 0.88 = 0.32$. Then $v = 0.5 \cdot 2.2 + 0.32 = 1.42$, "
        r"$w = 0.32 - 0.568 = -0.248$."
    ),
    otherwise="Do it row by row: first g at the present w, then v, then w.",
)

# ----------------------------------------------------------------------------- 5.2 tune the ball


def _loss_in_the_valley(beta: float) -> float:
    """Return the loss of the first explorer's walk after 60 steps: κ = 40, α = 0.04."""
    curvature = np.array([1.0, 40.0])
    w, v = np.array([-2.2, 0.9]), np.zeros(2)
    for _ in range(60):
        v = beta * v + curvature * w
        w = w - 0.04 * v
    return float(np.sum(curvature * w**2) / 2)


TUNE_THE_BALL = Exercise(
    number="5.2",
    title="Tune the ball",
    task=(
        "In explorer 1 press *Reset*, so that "
        r"$\alpha = 0.04$ and the start is $(-2.2, 0.9)$. Find a momentum $\mu$ with which the "
        r"loss after 60 steps is below $10^{-8}$."
    ),
    template='my_mu = ...\n\nexercise("5.2").check(my_mu)',
    answer=Numbers(tolerance=0),
    right=lambda mu: 0 <= mu < 1 and _loss_in_the_valley(mu) < 1e-8,
    praise=(
        "With less momentum the ball still creeps after 60 steps, with more it still swings, so "
        "the good range is narrow. The next section works out where it lies."
    ),
    mistakes=(
        (
            lambda mu: not 0 <= mu < 1,
            "Momentum lies from 0 up to, but not including, 1: at 1 nothing ever fades.",
        ),
        (
            lambda mu: mu < 0.64,
            "Too little: the ball still creeps along the valley. Give it more momentum.",
        ),
        (
            lambda mu: mu > 0.64,
            "Too much: the ball runs past the minimum and swings back. Give it less momentum.",
        ),
    ),
    hints=(
        "Watch the end of the dashed loss curve while you move the slider from 0.5 to 0.8.",
        "Below the best value the loss curve is straight, above it the curve has bumps. The best "
        "lies where the bumps begin, between 0.6 and 0.7.",
    ),
    worked=r"$\mu = 0.65$ ends below $10^{-9}$; anything from 0.64 to 0.69 will do.",
)

# ---------------------------------------------------------------------- 5.6 the same, elsewhere

SAME_ELSEWHERE = Exercise(
    number="5.6",
    deeper=True,
    title="The same walk in another library",
    task=(
        r"A library writes momentum as a moving average, $v \leftarrow 0.9\,v + 0.1\,g$ and "
        r"$w \leftarrow w - \alpha v$. Someone reports good results there with $\alpha = 0.5$. "
        r"Which `lr` makes `Momentum(lr=..., momentum=0.9)` walk the same walk?"
    ),
    template='my_lr = ...\n\nexercise("5.6").check(my_lr)',
    answer=Numbers(tolerance=1e-6),
    right=0.1 * 0.5,
    praise="Their v is 0.1 times yours at every step, so your rate is 0.1 times theirs.",
    mistakes=(
        (0.5, "With the same rate your steps are ten times as long: you add g, they add 0.1 · g."),
        (0.5 / 0.1, "The other way round: your v is larger than theirs, so your rate is smaller."),
        (
            0.9 * 0.5,
            "The factor on the gradient counts, 0.1, not the one on the old v. That one is the "
            "same in both.",
        ),
        (0.5 / 0.9, "The factor on the old v, 0.9, is the same in both. Compare what g gets."),
        (0.1 * 0.1 * 0.5, "Once is enough: their v is 0.1 times yours, not 0.01 times."),
        (0.1, "That is the factor. Multiply it by their rate."),
    ),
    otherwise="What does one gradient g add to their v, and what to yours?",
    hints=(
        "Write down both v after the first step, then after the second. How do they differ?",
        r"Their v is $0.1\,g_0$, then $0.09\,g_0 + 0.1\,g_1$. Yours is $g_0$, then "
        r"$0.9\,g_0 + g_1$. The ratio is always 0.1.",
    ),
    worked=(
        r"Their $v$ is always $0.1$ times yours, so $\alpha v$ is the same for "
        r"$\alpha = 0.1 \cdot 0.5 = 0.05$."
    ),
)

# ------------------------------------------------------------------------- 5.3 write the heavy ball


def _ball(gradient, start, alpha, beta, steps):
    w = before = start
    for _ in range(steps):
        w, before = w - alpha * gradient(w) + beta * (w - before), w
    return w


def _ball_points(gradient, start, alpha, beta, steps):
    return np.array([_ball(gradient, start, alpha, beta, k) for k in range(steps + 1)])


def _ball_ahead(gradient, start, alpha, beta, steps):
    w = before = start
    for _ in range(steps):
        ahead = w + beta * (w - before)
        w, before = ahead - alpha * gradient(ahead), w
    return w


def _ball_from_start(gradient, start, alpha, beta, steps):
    w = start
    for _ in range(steps):
        w = w - alpha * gradient(w) + beta * (w - start)
    return w


def _ball_overwritten(gradient, start, alpha, beta, steps):
    w = before = start
    for _ in range(steps):
        w = w - alpha * gradient(w) + beta * (w - before)
        before = w
    return w


def _ball_from_zero(gradient, start, alpha, beta, steps):
    w, before = start, 0 * start
    for _ in range(steps):
        w, before = w - alpha * gradient(w) + beta * (w - before), w
    return w


def _ball_with_one_gradient(gradient, start, alpha, beta, steps):
    w = before = start
    for _ in range(steps):
        w, before = w - alpha * gradient(start) + beta * (w - before), w
    return w


def _balls() -> list[tuple]:
    return [
        (banana.gradient, np.array([2.0, 2.0]), 0.02, 0.9, 2),
        (banana.gradient, np.array([2.0, 2.0]), 0.02, 0.9, 5),
        (quartic.gradient, np.array([-0.5]), 0.01, 0.8, 4),
        (banana.gradient, np.array([[-1.0, 1.5], [0.5, 0.0]]), 0.05, 0.5, 3),
    ]


WRITE_THE_BALL = Exercise(
    number="5.3",
    title="Write the heavy ball",
    task=(
        "Write `heavy_ball(gradient, start, alpha, beta, steps)`. It begins at rest at the array "
        r"`start`, takes `steps` steps $w \leftarrow w - \alpha\,g + \beta\,(w - w_\text{prev})$ "
        "and returns the last point. `gradient(w)` gives you the gradient at `w`. At rest means "
        r"that at first $w_\text{prev} = w$. Four to six lines do it."
    ),
    template=(
        "def heavy_ball(gradient, start, alpha, beta, steps):\n"
        "    w = start\n"
        "    ...\n"
        "    return w\n"
        "\n\n"
        'exercise("5.3").check(heavy_ball)'
    ),
    answer=Function(
        inputs=_balls,
        failures=(
            (
                r"unsupported operand.*'(method|function)'",
                "`gradient` is a function, and you multiply the function itself. Ask it for the "
                "slope where you are: `alpha * gradient(w)`.",
            ),
            (
                r"'int' object is not iterable",
                "`steps` is a number, and a loop needs something to go through: "
                "`for k in range(steps):`.",
            ),
            (
                r"UnboundLocalError",
                "Your function uses a name before it has a value. The point before w needs one "
                "ahead of the loop: at rest it is `start`.",
            ),
        ),
    ),
    right=_ball,
    praise=(
        "That is momentum, because the last step, w − w_prev, carries the same memory as a "
        "velocity does."
    ),
    mistakes=(
        (
            lambda gradient, start, alpha, beta, steps: start,
            "Your function returns the start: no step.",
        ),
        (
            _ball_overwritten,
            "That is gradient descent: your memory w − w_prev is always 0. Keep the old w before "
            "you change it: `w, before = …, w` does both at once.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(gradient, start, -alpha, beta, steps),
            "Your walk goes uphill. Did you forget the minus sign before alpha?",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(gradient, start, alpha, -beta, steps),
            "Your memory pushes backward: it is w − w_prev, the new minus the old.",
        ),
        (
            _ball_from_start,
            "You measure the memory from the start. It is only the last step, w − w_prev: update "
            "w_prev in the loop.",
        ),
        (
            _ball_ahead,
            "That is Nesterov's rule: you take the gradient at the look-ahead point. Take it at w.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(
                gradient, start, (1 - beta) * alpha, beta, steps
            ),
            "You multiplied the gradient by 1 − β. In this form it gets α alone.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(gradient, start, alpha, 1, steps),
            "Your memory never fades. Multiply w − w_prev by `beta`.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(gradient, start, 1, beta, steps),
            "Your gradient has no `alpha` before it.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(
                gradient, start, alpha, beta, steps - 1
            ),
            "Off by one: your walk takes one step too few. `range(steps)` counts 0 to steps − 1.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(
                gradient, start, alpha, beta, steps + 1
            ),
            "Off by one: your walk takes one step too many. `range(steps)` counts 0 to steps − 1.",
        ),
        (
            lambda gradient, start, alpha, beta, steps: _ball(gradient, start, alpha, beta, 1),
            "Your function takes one step only. Is the step inside a loop, and `return` after it?",
        ),
        (
            _ball_from_zero,
            "Your w_prev begins at 0, so the first step has a speed. At rest it begins at `start`.",
        ),
        (
            _ball_with_one_gradient,
            "You take every gradient at the start. Ask for it at the new `w` in each step.",
        ),
        (_ball_points, "Your function returns all the points. Only the last one was asked for."),
    ),
    hints=(
        "You need two points at a time: begin with `before = start` beside `w = start`.",
        "In the loop, compute the new point from `w` and `before`, then let `before` be the old "
        "`w` and `w` the new point. `w, before = …, w` does both at once.",
    ),
    worked=(
        "\n\n```python\n"
        "def heavy_ball(gradient, start, alpha, beta, steps):\n"
        "    w = before = start\n"
        "    for k in range(steps):\n"
        "        w, before = w - alpha * gradient(w) + beta * (w - before), w\n"
        "    return w\n"
        "```"
    ),
)

# ----------------------------------------------------------------------- 5.7 the best pair by hand


def _best(low: float, high: float) -> tuple[float, float]:
    """Return α and β that shrink the slowest direction of a bowl the most (Polyak, 1964)."""
    small, large = math.sqrt(low), math.sqrt(high)
    return (2 / (small + large)) ** 2, ((large - small) / (large + small)) ** 2


_BEST_ALPHA, _BEST_BETA = _best(1, 16)

BEST_PAIR = Exercise(
    number="5.7",
    deeper=True,
    title="The best pair by hand",
    task=(
        r"A bowl has the curvatures 1 and 16. Which learning rate $\alpha$ and which momentum "
        r"$\beta$ suit the heavy ball best? Give both as a list, $[\alpha, \beta]$."
    ),
    template='pair = [..., ...]\n\nexercise("5.7").check(pair)',
    answer=Numbers(tolerance=0.0005, shape=(2,)),
    right=(_BEST_ALPHA, _BEST_BETA),
    praise=(
        "The rate is √β = 0.6 a step. The best of gradient descent is 15/17 = 0.88: to gain one "
        "decimal digit it needs 18 steps where the ball needs 5."
    ),
    mistakes=(
        ((_BEST_BETA, _BEST_ALPHA), "Both numbers are there, in the wrong order: α comes first."),
        (
            (_BEST_ALPHA, math.sqrt(_BEST_BETA)),
            "That is the rate √β. Square it to get the momentum β.",
        ),
        (
            (math.sqrt(_BEST_ALPHA), _BEST_BETA),
            "α is the square of 2 / (√λ_min + √λ_max). You left out the square.",
        ),
        (
            (math.sqrt(_BEST_ALPHA), math.sqrt(_BEST_BETA)),
            "Both formulas end in a square. You left it out.",
        ),
        (
            (2 / 17, _BEST_BETA),
            "2 / (λ_min + λ_max) is the best rate of gradient descent. With momentum the roots of "
            "the curvatures count.",
        ),
        (
            (2 / 17, (15 / 17) ** 2),
            "You used the curvatures themselves. Take their square roots, 1 and 4.",
        ),
        (
            (_BEST_ALPHA, (15 / 17) ** 2),
            "α is right. For β take the roots of the curvatures, too: 1 and 4.",
        ),
    ),
    otherwise="Put the roots of the curvatures, 1 and 4, into both formulas.",
    hints=(
        "The two formulas are in section 3. The roots of the curvatures are 1 and 4.",
        r"$\alpha = \left(\frac{2}{1 + 4}\right)^2$ and "
        r"$\beta = \left(\frac{4 - 1}{4 + 1}\right)^2$.",
    ),
    worked=(
        r"$\sqrt{\lambda}$ is 1 and 4, so $\alpha = (2/5)^2 = 0.16$ and $\beta = (3/5)^2 = 0.36$."
    ),
)

# ---------------------------------------------------------------------------- 5.8 beat the formula


def _arrival(pair: np.ndarray) -> float:
    """Return how many steps from (0.9, 0.9) to within 1e-6 of (1, 1); infinite beyond 300."""
    alpha, beta = float(pair[0]), float(pair[1])
    w, v = np.array([0.9, 0.9]), np.zeros(2)
    for k in range(301):
        if np.abs(w).max() > 1e6:
            return math.inf
        if math.dist(w, (1, 1)) < 1e-6:
            return k
        v = beta * v + banana.gradient(w)
        w = w - alpha * v
    return math.inf


def _steady(pair: np.ndarray) -> bool:
    """Return whether the walk is quick beside the pair, too, and not only there by luck."""
    return all(_arrival(pair + np.array([0, nudge])) < 44 for nudge in (-0.005, 0.005))


def _allowed(pair: np.ndarray) -> bool:
    return pair[0] > 0 and 0 <= pair[1] < 1


BEAT_THE_FORMULA = Exercise(
    number="5.8",
    deeper=True,
    title="Beat the formula",
    task=(
        "The formula's pair needs 44 steps on the banana, because both directions have a double "
        "root there, and $(0.25, 0.51)$, just above both lines, needs 38. Find a point of the map "
        "that needs at most 37, and not by luck: with β moved by 0.005 either way the walk must "
        r"still be quicker than the formula's. Give the pair, $[\alpha, \beta]$."
    ),
    template='pair = [..., ...]\n\nexercise("5.8").check(pair)',
    answer=Numbers(tolerance=0, shape=(2,)),
    right=lambda pair: _allowed(pair) and _arrival(pair) <= 37 and _steady(pair),
    praise=(
        "Off the lines the two roots of a direction differ, so the factor k of a double root is "
        "gone. The rate is a little worse than the formula's, yet the walk is shorter."
    ),
    mistakes=(
        (
            lambda pair: not _allowed(pair),
            "α must be above 0, and β at least 0 and below 1. α comes first.",
        ),
        (
            lambda pair: math.isinf(_arrival(pair)),
            "This walk does not come within 1e-6 of the minimum in 300 steps. Look for the blue "
            "part of the map.",
        ),
        (
            lambda pair: _arrival(pair) <= 37 and not _steady(pair),
            "At most 37 steps, but only by luck: with β moved by 0.005 the walk is slower than the "
            "formula's. Find a pair whose neighbors are quick, too.",
        ),
        (
            lambda pair: _arrival(pair) == 44,
            "44 steps, as many as with the formula's pair. Look just above both lines, with α "
            "between 0.22 and 0.25.",
        ),
        (
            lambda pair: _arrival(pair) > 44,
            "It arrives, but the formula's pair is quicker. Begin at α = 0.25, β = 0.5.",
        ),
        (
            lambda pair: _arrival(pair) > 37,
            "Better than the formula's pair, but more than 37 steps. Look just above both lines, "
            "with α between 0.22 and 0.25.",
        ),
    ),
    hints=(
        "Begin at the formula's pair, (0.25, 0.5), and move the point in small steps with the "
        "arrow keys. The line under the figure counts for you.",
        "Follow the dashed line from (0.25, 0.51): for each 0.01 that you take off α, add 0.01 "
        "to β.",
    ),
    worked=(
        r"$\alpha = 0.24$ and $\beta = 0.52$ need 36 steps: the point lies just above the dashed "
        "line, and farther above the full one, so no direction has a double root, and the distance "
        "shrinks without the factor k."
    ),
)

# -------------------------------------------------------------------------- 5.5 keep the noise ball


def _variance(alpha: float, mu: float) -> float:
    """Return the variance of w on ½w² under gradient noise of variance 1."""
    return alpha * (1 + mu) / ((1 - mu) * (2 * (1 + mu) - alpha))


KEEP_THE_BALL = Exercise(
    number="5.5",
    title="Keep the noise where it was",
    task=(
        r"A noisy run with $\alpha = 0.1$ and no momentum ends as close to the minimum as you "
        r"need. Now you switch on $\mu = 0.95$. Which $\alpha$ keeps the spread (the standard "
        "deviation) of the walk as it was, within a tenth?"
    ),
    template='my_alpha = ...\n\nexercise("5.5").check(my_alpha)',
    answer=Numbers(tolerance=0),
    right=lambda alpha: alpha > 0 and 0.9**2 < _variance(alpha, 0.95) / _variance(0.1, 0) < 1.1**2,
    praise="In the long run a gradient counts α/(1 − μ), so dividing α by 20 keeps the spread.",
    mistakes=(
        (lambda alpha: alpha <= 0, "A learning rate is above 0."),
        (
            lambda alpha: math.isclose(alpha, 0.1),
            "With α unchanged the variance grows about twentyfold, and the spread 4.4-fold.",
        ),
        (
            lambda alpha: math.isclose(alpha, 0.01),
            "That is for μ = 0.9. Here 1/(1 − μ) is 20, not 10.",
        ),
        (
            lambda alpha: math.isclose(alpha, 0.095),
            "You multiplied by μ. Multiply by 1 − μ: that is how much shorter the steps must be.",
        ),
        (
            lambda alpha: alpha >= 3.9,
            "Far too large: above 2(1 + μ) = 3.9 the walk diverges even without noise.",
        ),
        (
            lambda alpha: _variance(alpha, 0.95) < _variance(0.1, 0),
            "Too small: the walk is calmer than it was, and slower than it needs to be.",
        ),
        (
            lambda alpha: _variance(alpha, 0.95) > _variance(0.1, 0),
            "Too large: the spread is above what it was without momentum.",
        ),
    ),
    hints=(
        r"In the long run a gradient moves the walk by $\alpha / (1 - \mu)$ times itself. Keep "
        "this number.",
        r"$1 / (1 - 0.95) = 20$: momentum makes each gradient count twenty times.",
    ),
    worked=(
        r"$\alpha / (1 - \mu) = 0.1$ gives $\alpha = 0.1 \cdot 0.05 = 0.005$. The closed "
        "form says a variance of 0.0500 instead of 0.0526."
    ),
)

# ------------------------------------------------------------------------- 5.4 explain a picture

EXPLAIN = Exercise(
    number="5.4",
    title="Explain a picture",
    task=(
        r"In the picture above, the runs with $\alpha = 1$, $\mu = 0$ and with $\alpha = 0.1$, "
        r"$\mu = 0.9$ lie on top of each other. Explain in a sentence or two why."
    ),
    template='my_sentence = ...\n\nexercise("5.4").check(my_sentence)',
    answer=Sentence(),
    right="",
    praise=(
        "A model answer: “Both have the same α/(1 − μ) = 1, and where the slope changes slowly a "
        "gradient counts that much in the long run, so both move, and tremble, equally.” Did you "
        "name the quantity that the two runs share?"
    ),
    mistakes=(),
    hints=(
        "How much does one gradient move the walk in the long run, all later steps included?",
        r"$\alpha(1 + \mu + \mu^2 + \dots)$: what is that for each of the two runs?",
    ),
    worked=(
        r"In the long run a gradient counts $\alpha / (1 - \mu)$, which is 1 for both. The noise "
        "of a batch is part of the gradient and counts the same."
    ),
)

EXERCISES = (
    THREE_STEPS,
    TUNE_THE_BALL,
    WRITE_THE_BALL,
    EXPLAIN,
    KEEP_THE_BALL,
    SAME_ELSEWHERE,
    BEST_PAIR,
    BEAT_THE_FORMULA,
)

# ------------------------------------------------------------------------------------- predictions

_VALLEY = ("it falls all the way", "it falls, then rises again", "it rises all the way")
_RATE = ("it becomes smaller, so faster", "it stays as it is", "it becomes larger, so slower")
_LOSSES = ("the heavy ball, by far", "about equal", "Nesterov, by far")
_TIMES = ("about as large", "about 3 times", "about 10 times", "about 100 times")
_DROPS = ("torch's form", "the velocity form", "all three forms")
_MORE = ("fewer steps", "as many steps", "more steps")
_SADDLE = ("about as many", "about half as many", "about a quarter as many")
_ESCAPES = ("not one of them", "every β above some value", "some ranges, with gaps between")
_BASINS = ("almost none", "about a tenth", "about a third", "almost all")


def _nearest(value: float, marks: tuple[float, ...], options: tuple[str, ...]) -> str:
    """Return the option whose mark is nearest to the value, by their ratio."""
    return min(zip(marks, options, strict=True), key=lambda way: abs(math.log(value / way[0])))[1]


def _course(losses: dict[float, float]) -> str:
    values = list(losses.values())
    lowest = values.index(min(values))
    return _VALLEY[0 if lowest == len(values) - 1 else 2 if lowest == 0 else 1]


def _first_near(walk) -> int:
    near = np.linalg.norm(np.clip(walk.points, -1e9, 1e9) - 1, axis=-1) < 1e-6
    return int(near.argmax()) if near.any() else len(near)


PREDICTIONS = (
    Prediction(
        number="5.a",
        question=(
            "α stays 0.04 and you raise the momentum from 0 toward 1. What does the loss after 60 "
            "steps do?"
        ),
        options=_VALLEY,
        result=_course,
        why=lambda losses: (
            "With little momentum the ball creeps along the valley, with a lot it runs past the "
            "minimum and swings back. The losses: "
            + ", ".join(f"{loss:.0e} at μ = {mu:g}" for mu, loss in losses.items())
            + "."
        ),
    ),
    Prediction(
        number="5.b",
        question=("At αλ = 0.5 and β = 0.6 the walk swings. You double α. What does the rate do?"),
        options=_RATE,
        result=lambda before, after: _RATE[
            1 if math.isclose(before, after, rel_tol=1e-6) else 0 if after < before else 2
        ],
        why=lambda before, after: (
            f"It is {before:.4f} before and {after:.4f} after. The two roots are conjugates, equal "
            "in size, and their product is β, so each has the size √β. Nothing in it is α."
        ),
    ),
    Prediction(
        number="5.c",
        question=(
            "On the banana the best pair has the rate 1/√2: each step shrinks the distance to 1/√2 "
            "of what it was. At that rate 0.14 becomes 1e-6 in about 34 steps. How many will the "
            "walk take?"
        ),
        result=_first_near,
        tolerance=2,
        close=7,
        why=(
            "On the thick line the two roots are the same root, so there are not two powers to add "
            "up but one, and a factor k makes up for the missing one: the distance behaves like "
            "k · rate^k. The factor grows slowly, but it is there."
        ),
    ),
    Prediction(
        number="5.d",
        question=(
            "Heavy ball and Nesterov, both with α = 0.03 and momentum 0.9, in the valley with "
            "κ = 12. Which has the lower loss after 60 steps?"
        ),
        options=_LOSSES,
        result=lambda ball, ahead: _nearest(
            ball.losses[-1] / ahead.losses[-1], (0.03, 1, 30), _LOSSES
        ),
        why=lambda ball, ahead: (
            f"The ball ends at {ball.losses[-1]:.0e} and Nesterov at {ahead.losses[-1]:.0e}. The "
            "slope at the look-ahead point already shows the wall that the ball has yet to climb, "
            "so Nesterov brakes a step earlier and swings less."
        ),
    ),
    Prediction(
        number="5.e",
        question=(
            "Gradients are noisy, you switch on momentum 0.9 and leave α as it is. How many times "
            "larger is the variance of w?"
        ),
        options=_TIMES,
        result=lambda plain, ball, *_: _nearest(ball / plain, (1, 3, 10, 100), _TIMES),
        why=lambda plain, ball, *_: (
            f"It grows from {plain:.3f} to {ball:.3f}. One gradient counts 1/(1 − μ) = 10 times in "
            "the long run. The variance of the noise ball grows in proportion to the learning rate "
            "while that is small, and α/(1 − μ) is the learning rate that the noise sees."
        ),
    ),
    Prediction(
        number="5.f",
        question=(
            "At step 20 α drops to a tenth. Whose next step is at once about ten times shorter?"
        ),
        options=_DROPS,
        deeper=True,
        result=lambda lengths: _DROPS[
            2
            if all(n[20] < n[19] / 5 for n in lengths)
            else int(lengths[0][20] > lengths[0][19] / 5)
        ],
        why=(
            "Its v holds bare gradients, and the new α multiplies all of them. In the other two "
            "forms each gradient keeps the α in force when it was computed, so they coast."
        ),
    ),
    Prediction(
        number="5.g",
        question=(
            "At the formula's best pair you lower β by 0.01, to just below both thick lines. How "
            "many steps does the walk take?"
        ),
        options=_MORE,
        deeper=True,
        result=lambda best, more: _MORE[int(np.sign(_first_near(more) - _first_near(best))) + 1],
        why=lambda best, more: (
            f"{_first_near(more)} instead of {_first_near(best)}. Below the lines the two roots of "
            "each direction are real. Their product is still β, so one of them is larger than √β, "
            "and that one sets the pace: a hair too little costs more than a hair too much."
        ),
    ),
    Prediction(
        number="5.h",
        question=(
            "A walk starts almost on the ridge of a saddle, 0.0001 beside it. With momentum 0.9, "
            "how many steps does it take compared with gradient descent?"
        ),
        options=_SADDLE,
        deeper=True,
        result=lambda plain, ball: _nearest(ball / plain, (1, 0.5, 0.25), _SADDLE),
        why=lambda plain, ball: (
            f"{ball} instead of {plain}. Beside the ridge all slopes point the same way, so they "
            "add up in the velocity."
        ),
    ),
    Prediction(
        number="5.i",
        question=(
            "A walk starts high on the right, at 1.6, with α = 0.05. Which β bring it to the deep "
            "valley?"
        ),
        options=_ESCAPES,
        deeper=True,
        result=lambda changes: _ESCAPES[min(len(changes), 2)],
        why=lambda changes: (
            "The valley changes at β = "
            + ", ".join(f"{beta:.2f}" for beta in changes)
            + ". With more speed the walk crosses the ridge, with still more it comes back over it."
        ),
    ),
    Prediction(
        number="5.j",
        question=(
            "With momentum 0.9, what share of the 40 000 starts reaches another minimum than "
            "without?"
        ),
        options=_BASINS,
        deeper=True,
        result=lambda share: _nearest(share, (0.02, 0.1, 0.33, 0.95), _BASINS),
        why=lambda share: (
            f"{share:.0%} do. A fast ball runs through the first valley it meets, and where it "
            "comes to rest depends on tiny differences of its speed."
        ),
    ),
)
