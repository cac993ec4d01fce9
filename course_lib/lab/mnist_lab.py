"""The tasks of the MNIST lab: what is right, the usual mistakes, and the words for them.

A judge compares what `mnist_calls` read off a reader's work with what is right, on plain arrays.
`check_…` does that in the notebook, at once. The grader asks the same judges, about inputs that no
reader has seen. What is drawn there is secret; the rules of judging, here, are open to all.
"""

from __future__ import annotations

import ast
import dis
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from course_lib.attempts import AnswerError, is_untouched
from course_lib.lab import mnist_calls
from course_lib.live.notes import Note

__all__ = [
    "ANSWERS",
    "CELL_FLAGS",
    "OWN_CODE",
    "Check",
    "Note",
    "bound_names",
    "check_network",
    "check_stretch",
    "check_sweep",
    "check_sweep_plot",
    "check_training_loop",
    "check_update_rule",
    "disguise",
    "hidden_digits",
    "judge_network",
    "judge_stretch",
    "judge_sweep",
    "judge_sweep_plot",
    "judge_training_loop",
    "judge_update_rule",
    "with_signs",
]

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    points : float
        What it is worth.
    passed : bool
        Whether it is right.
    message : str
        What is right, or what is wrong and the likely mistake, in words for the reader.
    """

    points: float
    passed: bool
    message: str


# -------------------------------------------------------------------------------- task 1: the rule

# Each makes, of the velocity v, the gradient g, the momentum m and the rate, the next velocity and
# the change of the parameters. The first is right; each other is a mistake that is often made.
_RULES: dict[str, Callable] = {
    "": lambda v, g, m, rate: (m * v + g, -rate * (m * v + g)),
    "The step goes uphill: the new parameters are `w - lr * v`, with a minus sign.": (
        lambda v, g, m, rate: (m * v + g, rate * (m * v + g))
    ),
    'This is plain gradient descent: the velocity of the last step, `state["v"]`, is not used, or '
    "not handed on.": lambda v, g, m, rate: (g, -rate * g),
    "The gradient is multiplied by 1 - μ here. That is another convention: in this one, v is "
    '`self.momentum * state["v"] + g`.': (
        lambda v, g, m, rate: (m * v + (1 - m) * g, -rate * (m * v + (1 - m) * g))
    ),
    "The learning rate is missing: the parameters move by `lr * v`, not by v.": (
        lambda v, g, m, rate: (m * v + g, -(m * v + g))
    ),
    "The parameters move by the velocity of the step before. Use the new v.": (
        lambda v, g, m, rate: (m * v + g, -rate * v)
    ),
    "This is Nesterov's rule, which looks ahead. The plain one moves by `lr * v`.": (
        lambda v, g, m, rate: (m * v + g, -rate * (g + m * (m * v + g)))
    ),
    "The momentum stands with the gradient here. It belongs to the old velocity: v is "
    '`self.momentum * state["v"] + g`.': (lambda v, g, m, rate: (v + m * g, -rate * (v + m * g))),
    "The parameters do not move: `w_next` is the w that was handed in.": (
        lambda v, g, m, rate: (m * v + g, 0 * g)
    ),
}
# At a constant rate this one agrees with the right one.
_FIXED = {
    "The rule moves by the same rate, whatever rate it is handed: multiply by `lr`.": (None, 0.1),
    "The rule remembers as much whatever its momentum is: write `self.momentum`.": (0.9, None),
}
"""What is said where the momentum or the rate is a number in the code: the one in the task."""
_RATE_INSIDE = (
    "When the rate changes, your rule goes elsewhere: the rate is multiplied into v and stays "
    "there. Let v hold gradients only, and multiply by `lr` at the very end."
)


def judge_update_rule(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.update_rule` returned."""
    w, gradients, rates = inputs["w"], inputs["gradients"], inputs["rates"]
    lr, m = float(inputs["lr"]), float(inputs["momentum"])
    path = _array(outputs, "path", gradients.shape)
    scheduled = _array(outputs, "scheduled", gradients.shape)
    constant = np.full(len(rates), lr)
    mistake = next(
        (
            words
            for words in _RULES
            if _close(path, _follow(_RULES[words], w, gradients, m, constant))
        ),
        None,
    )
    right = _follow(_RULES[""], w, gradients, m, constant)
    unknown = "The parameters are not where momentum leads: v ← μv + g, then w ← w - αv."
    first = path is not None and _close(path[0], right[0])
    memory = mistake == ""
    fixed = (
        words
        for words, (own_m, own_rate) in _FIXED.items()
        for rate in [np.full(len(rates), own_rate or lr)]
        if _close(path, _follow(_RULES[""], w, gradients, own_m or m, rate))
    )
    kind = mistake or next(fixed, unknown)

    inside = _follow(lambda v, g, m, a: (m * v + a * g, -(m * v + a * g)), w, gradients, m, rates)
    steady = mistake is not None and _close(
        scheduled, _follow(_RULES[mistake], w, gradients, m, rates)
    )
    steady = steady and not _close(scheduled, path)
    if mistake is None:
        handed = "Once the step itself is right, this checks that it uses the rate it is handed."
    elif _close(scheduled, path):
        handed = "The rate that is handed to `step` is not used. Write `lr`, not `self.lr`."
    else:
        handed = (
            _RATE_INSIDE
            if _close(scheduled, inside)
            else f"With rates that change, {unknown[0].lower()}{unknown[1:]}"
        )

    changed = [
        words
        for words, given, left in (
            ("w", _array(outputs, "w_given"), _array(outputs, "w_left")),
            ("g", gradients[1], _array(outputs, "g_left")),
            ('state["v"]', _array(outputs, "state_given"), _array(outputs, "state_left")),
        )
        if given is None or left is None or not np.array_equal(given, left, equal_nan=True)
    ]
    pure = mistake is not None and not changed
    if mistake is None:
        kept = "Once the step itself is right, this checks that it leaves its arguments unchanged."
    else:
        kept = (
            f"Your step changes the `{changed[0]}` it was given. `v *= …` and `w -= …` write into "
            "the array; `v = …` makes a new one."
            if changed
            else "It leaves its arguments unchanged."
        )
    return [
        Check(4, first, "The first step is right." if first else kind),
        Check(4, memory, "It remembers: step after step is right." if memory else kind),
        Check(4, steady, "It uses the rate it is handed." if steady else handed),
        Check(3, pure, kept),
    ]


def _follow(
    rule: Callable, w: np.ndarray, gradients: np.ndarray, m: float, rates: np.ndarray
) -> np.ndarray:
    points, v = [], np.zeros_like(gradients[0])
    for g, rate in zip(gradients, rates, strict=True):
        v, change = rule(v, g, m, rate)
        w = w + change
        points.append(w)
    return np.array(points)


# -------------------------------------------------------------------------------- task 2: the loop

_STILL = (
    "No weight moves. Is there `loss.backward()`, then `optimizer.step()`? "
    "And `zero_grad()` must not stand between the two: it throws the gradients away."
)
_SOFT = (
    "The weights move, but not as they should: it looks as if `cross_entropy` is given "
    "probabilities. Hand it the scores themselves; it makes the probabilities."
)
_SUMMED = (
    "The weights move too far: it looks as if the losses of a batch are added up. Take their mean, "
    "as `cross_entropy` does by itself."
)
_UPHILL = (
    "The weights move uphill: call `backward` on the loss itself, which the step makes smaller."
)
_NO_LOGARITHM = (
    "The weights move, but not as they should: `nll_loss` takes logarithms of probabilities, not "
    "scores. Hand the scores to `cross_entropy`, which does both."
)
_SQUARED = (
    "The weights move, but not as they should: it looks as if the loss is the mean squared error. "
    "This task wants `torch.nn.functional.cross_entropy(scores, labels)`."
)


def judge_training_loop(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.training_loop` returned."""
    count = len(inputs["x"])
    after_one, after_all = _array(outputs, "after_one"), _array(outputs, "after_all")
    losses = _array(outputs, "losses")
    kinds = {"": "mean", _SOFT: "soft", _SUMMED: "sum", _STILL: "still"}
    kinds |= {_UPHILL: "uphill", _NO_LOGARITHM: "scores"}
    ways = {how: words for words, how in kinds.items()} | {
        "squares": _SQUARED,
        "soft squares": _SQUARED,
    }
    how = next((how for how in ways if _close(after_one, _train(inputs, how, 1)[0])), None)
    kind = None if how is None else ways[how]
    one = kind == ""
    own = how or "mean"
    fresh = kind not in (None, _STILL) and _close(after_all, _train(inputs, own, count)[0])
    runs = [_train(inputs, how, count, adds_up) for how in ways for adds_up in (0, 1)]
    recorded = losses is not None and any(_close(losses, run[1], 1e-6) for run in runs)
    plain = _array(outputs, "plain")
    begun = losses is not None and losses.size > 0
    begun = begun and any(_close(losses, run[1][: losses.size], 1e-6) for run in runs)
    plain = begun and plain is not None and len(plain) > 0 and bool(np.all(plain))

    left_out = _left_out(inputs, after_all)
    if left_out:
        made = "" if losses is None else f", {losses.size} losses"
        kind = f"{count} batches{made}: your loop leaves out the {left_out} one."
    elif kind is None:
        kind = "After one batch the weights are not where one step of gradient descent leads."
    if fresh:
        words = "Every batch gets its own gradient."
    elif _close(after_all, _train(inputs, own, count, adds_up=True)[0]) and own != "still":
        words = (
            "Gradients add up from batch to batch: `zero_grad()` is missing before `backward()`."
        )
    elif own != "still" and _close(after_all, after_one):
        words = "Your loop ends after its first batch. Is `return` indented too far?"
    else:
        words = _STILL if own == "still" else "After several batches the weights are elsewhere."
    if recorded:
        listed = "It records the loss of every batch."
    elif losses is not None and losses.shape == (0,):
        listed = "`losses` stays empty: append `loss.item()` at each update."
    elif losses is not None and losses.shape != (count,):
        listed = (
            f"{count} batches, {losses.size} losses: `losses` should hold one loss for each batch."
        )
    elif losses is not None and any(_close(losses, run[1], 0.02) for run in runs):
        listed = (
            "The losses are close, but not exact. `losses` should hold the loss of each batch as "
            "it is before the update, and not rounded."
        )
    else:
        listed = "`losses` should hold the loss of each batch as it is before the update."
    numbers = "They are plain numbers."
    if not plain:
        numbers = (
            "Append `loss.item()`: a tensor keeps the whole record of its forward pass in memory."
        )
    return [
        Check(7, one, "One batch moves the weights as it should." if one else kind),
        Check(7, fresh, words),
        Check(4, recorded, listed),
        Check(2, plain, numbers if begun else "Once the losses are right, this checks their type."),
    ]


def _left_out(inputs: Arrays, after_all: np.ndarray | None) -> str:
    """Return "first" or "last" if the training left out that batch, and else nothing."""
    for place, kept in (("first", slice(1, None)), ("last", slice(-1))):
        fewer = {**inputs, "x": inputs["x"][kept], "y": inputs["y"][kept]}
        if _close(after_all, _train(fewer, "mean", len(fewer["x"]))[0]):
            return place
    return ""


def _train(
    inputs: Arrays, how: str, count: int, adds_up: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Train the small network in numpy, with the mistake `how`; return its weights and losses."""
    weights = [np.array(inputs[name], dtype=float) for name in ("w1", "b1", "w2", "b2")]
    sums, losses = [0 * weight for weight in weights], []
    with np.errstate(all="ignore"):
        for x, y in zip(inputs["x"][:count], inputs["y"][:count], strict=True):
            w1, b1, w2, b2 = weights
            before = x @ w1.T + b1
            hidden = np.maximum(before, 0)
            scores = hidden @ w2.T + b2
            shares = _softmax(scores)
            target = np.eye(len(b2))[y]
            if how == "soft":
                fed, slope = shares, (_softmax(shares) - target) / len(y)
                slope = shares * (slope - (slope * shares).sum(1, keepdims=True))
            elif how in ("squares", "soft squares"):
                fed = scores if how == "squares" else shares
                slope = 2 * (fed - target) / target.size
                if how == "soft squares":
                    slope = shares * (slope - (slope * shares).sum(1, keepdims=True))
            else:
                fed, slope = scores, (shares - target) / (1 if how == "sum" else len(y))
                slope = {"uphill": -slope, "scores": -target / len(y)}.get(how, slope)
            if how in ("squares", "soft squares"):
                each = ((fed - target) ** 2).mean(1)
            elif how == "scores":
                each = -scores[np.arange(len(y)), y]
            else:
                each = -np.log(_softmax(fed)[np.arange(len(y)), y])
            losses.append(each.sum() if how == "sum" else each.mean())
            back = (slope @ w2) * (before > 0)
            new = back.T @ x, back.sum(0), slope.T @ hidden, slope.sum(0)
            sums = [s * adds_up + g for s, g in zip(sums, new, strict=True)]
            if how != "still":
                pairs = zip(weights, sums, strict=True)
                weights = [weight - float(inputs["lr"]) * g for weight, g in pairs]
    return np.concatenate([weight.ravel() for weight in weights]), np.array(losses)


def _softmax(scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


# ----------------------------------------------------------------- task 3 and stretch: the network


def judge_network(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.train_network` returned, by the true `labels` in `inputs`.

    Which of the images are `invented` signs stands there, too.
    """
    share, wrong = _share(inputs, outputs)
    if wrong:
        return [Check(10, False, wrong), Check(15, False, wrong)]
    learned, reached = share >= 0.5, share >= 0.9
    words = f"It learns: {share:.1%} of the unseen digits are right."
    fed = "" if reached else _fed_otherwise(inputs, outputs, share)
    if not learned:
        words = (
            f"Only {share:.1%} of the unseen digits are right: that is guessing, or close to it. "
        )
        if fed:
            words += fed
        elif len(np.unique(outputs["answers"])) == 1:
            words += (
                "The network gives every digit the same answer: a rate that is too large has "
                "killed its units. Take a tenth of that rate, or a warm-up."
            )
        else:
            words += (
                "If the network you return is the one you trained, its rate is so small that it "
                "barely moves, or so large that it jumps around."
            )
    goal = f"It reaches 90 %: {share:.1%} of the unseen digits are right."
    if not reached:
        goal = f"The goal is 90 %; {share:.1%} of the unseen digits are right."
        goal += f" {fed or 'Try a larger rate, more epochs, or momentum.'}" if learned else ""
    return [Check(10, learned, words), Check(15, reached, goal)]


def judge_stretch(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.stretch_network` returned, by the true `labels` in `inputs`."""
    share, wrong = _share(inputs, outputs)
    if wrong:
        return [Check(5, False, wrong), Check(5, False, wrong)]
    words = f"{share:.2%} of the unseen digits are right."
    return [
        Check(
            5, share >= goal, f"{'It reaches' if share >= goal else 'Not yet'} {goal:.0%}: {words}"
        )
        for goal in (0.98, 0.99)
    ]


_FED = {
    "normalized": "of the digits are right once they are normalized as (x - mean) / spread, so you "
    "seem to normalize in training only. Later, the network is fed pixels from 0 to 1: make the "
    "normalization its first layer.",
    "as_bytes": "of the digits are right if their pixels go from 0 to 255, so you seem to rescale "
    "them in training only. Later, the network is fed pixels from 0 to 1.",
}


def _fed_otherwise(inputs: Arrays, outputs: Arrays, share: float) -> str:
    """Say if the network answers right when it is fed in another way, as in its training."""
    for name, words in _FED.items():
        answers = _array(outputs, name)
        if answers is not None and answers.ndim == 1 and 0 < len(answers) <= len(inputs["labels"]):
            other = float(np.mean(answers == inputs["labels"][: len(answers)]))
            if other >= max(0.5, share + 0.05):
                return f"But {other:.1%} {words}"
    return ""


_NO_ANSWERS = "The network did not give one answer, 0 to 9, for each image."


LEAST_SIGNS = 0.45
"""Share of the signs; who gives each sign some name at random gets a tenth."""


def _share(inputs: Arrays, outputs: Arrays) -> tuple[float, str]:
    """Return the share of digits that are right, and what is wrong with the answers as a whole."""
    answers, invented = _array(outputs, "answers", inputs["labels"].shape), inputs["invented"]
    if answers is None:
        return np.nan, _NO_ANSWERS
    right = answers == inputs["labels"]
    share, signs = float(right[~invented].mean()), float(right[invented].mean())
    if share < 0.5 or signs >= LEAST_SIGNS:
        return share, ""
    return share, (
        f"The network reads {share:.1%} of the unseen digits, but only {signs:.1%} of the ten "
        "invented signs that were among the digits in `train`. It did not learn from all of "
        "`train`: what it knows comes from elsewhere."
    )


def with_signs(digits: Arrays, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Put ten invented signs among the digits to learn from, and among those to read.

    A network that learns from what it is given learns them on the way. Whatever knows the digits
    from elsewhere, such as a table of MNIST or weights trained at home, has never seen them.

    Parameters
    ----------
    digits : mapping
        `train_labels`, shape (m,); `images`, shape (n, side, side), uint8, and their `labels`.
    rng : Generator

    Returns
    -------
    dict
        The same, where every twelfth training label or so is that of a sign, and the images are
        shuffled with n / 10 signs; `signs`, uint8, and `places`: the training images that they
        replace; `invented`: whether each of `images` is a sign.
    """
    images, cells = digits["images"], np.zeros((10, 7, 7), dtype=np.uint8)
    side = images.shape[1]
    for sign in cells:
        sign.flat[rng.choice(sign.size, 16, replace=False)] = 255
    width = side // 7
    alphabet = np.zeros((10, side, side), dtype=np.uint8)
    alphabet[:, : 7 * width, : 7 * width] = cells.repeat(width, axis=1).repeat(width, axis=2)

    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        names = rng.integers(10, size=count)
        return disguise(alphabet[names], rng), names

    train_labels = np.array(digits["train_labels"])
    signs, names = drawn(len(train_labels) // 12)
    places = rng.choice(len(train_labels), len(signs), replace=False)
    train_labels[places] = names
    unseen, their_names = drawn(len(images) // 10)
    order = rng.permutation(len(images) + len(unseen))
    return {
        "train_labels": train_labels,
        "signs": signs,
        "places": places,
        "images": np.concatenate([images, unseen])[order],
        "labels": np.concatenate([digits["labels"], their_names])[order],
        "invented": order >= len(images),
    }


def disguise(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the images a little paler, moved by a fraction of a pixel, and with a little noise.

    Every image is another one than before, to the computer; to the eye, and to a network, it is the
    same.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    rng : Generator

    Returns
    -------
    ndarray of uint8, shape (n, height, width)
    """
    count = len(images)
    ink = images.astype(np.float32)
    for axis in (1, 2):
        # Toward the neighbor on a random side, by up to a seventh of a pixel.
        share = rng.uniform(0, 0.15, (count, 1, 1)).astype(np.float32)
        side = rng.integers(2, size=(count, 1, 1)) == 1
        beside = np.where(side, _next(ink, axis, 1), _next(ink, axis, -1))
        ink += share * (beside - ink)
    ink *= rng.uniform(0.9, 1, (count, 1, 1)).astype(np.float32)
    noise = rng.standard_normal(ink.shape, dtype=np.float32)
    ink += np.where(ink > 0, 4 * noise, 0)
    return np.clip(np.rint(ink), 0, 255).astype(np.uint8)


def _next(images: np.ndarray, axis: int, step: int) -> np.ndarray:
    """Return for each pixel its neighbor along `axis`; beyond the rim there is no ink."""
    moved = np.roll(images, step, axis)
    rim = [slice(None)] * 3
    rim[axis] = 0 if step == 1 else -1
    moved[tuple(rim)] = 0
    return moved


# ------------------------------------------------------------------------------- task 4: the sweep


def judge_sweep(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.sweep` returned.

    The first of the `rates` is far too small to learn anything, the second and the last are the
    same, and good; the third learns slowly. `y_scrambled` says nothing about its images.
    """
    shape = len(inputs["rates"]), len(inputs["batch_sizes"])
    table, scrambled = _array(outputs, "accuracies"), _array(outputs, "scrambled", (1, 1))
    frozen = _array(outputs, "frozen", (1, 1))
    wrong, odd, trains = _what_is_wrong_with(table, shape), "", False
    if not wrong:
        steps, epoch = _array(outputs, "steps", (1,)), len(inputs["y"]) // inputs["batch_sizes"][0]
        trains = steps is not None and bool(steps[0] >= epoch)  # nobody trains with fewer
        odd = _what_is_invented(table, inputs)
    if wrong or (odd and not trains):
        later = "Once the table itself is right, this is checked."
        return [Check(3, False, wrong or odd), *(Check(3, False, later) for _ in range(3))]

    by_size = not np.allclose(table[1:, 0], table[1:, -1], rtol=0, atol=1e-9)
    by_rule = frozen is not None and frozen[0, 0] < 0.35 and trains
    fair = bool(np.allclose(table[1], table[-1], rtol=0, atol=1e-9))
    used = by_size and by_rule and not (fair and odd)
    if not by_rule:
        words = "Your table is the same whatever rule it is given: train with `Rule(lr=rate)`."
    elif not by_size:
        words = "The batch size makes no difference in your table: hand `batch_size` to `fit`."
    else:
        words = f"{odd} Is it one epoch, with the rate, the batch size and the digits given?"
    same = (
        "Two runs with the same rate and the same batch size end differently, so something else "
        "changes, too. Begin every run with a new network from the same seed, and keep the seed of "
        "`fit`."
    )
    held_out = scrambled is not None and scrambled[0, 0] < 0.35
    measured = (
        "The accuracy does not come from `validation`: with labels there that cannot be learned, "
        "it is still high. Measure with `evaluate(network, validation).accuracy`."
    )
    return [
        Check(3, True, "The table holds one accuracy for each rate and batch size."),
        Check(
            3, used, "Rule, rate and batch size are those that were asked for." if used else words
        ),
        Check(3, fair, "All runs start alike: only what you vary varies." if fair else same),
        Check(3, held_out, "It is measured on digits not learned from." if held_out else measured),
    ]


_FAR, _WIDTHS = 0.2, (128, 32, 512)
"""Accuracies of right sweeps lie no farther outside the range of those trained here."""


def _what_is_invented(table: np.ndarray, inputs: Arrays) -> str:
    """Train for each entry that shows learning anew; say which one is far from what comes out.

    An accuracy on digits trained on is another mistake, and an average over batches is none.
    """
    for i, rate in list(enumerate(inputs["rates"]))[1:-1]:
        for j, size in enumerate(map(int, inputs["batch_sizes"])):
            seen: list[float] = []
            for hidden in _WIDTHS:  # the first is nearly always enough
                seen += _retrained(inputs, rate, size, hidden)
                if min(seen) - _FAR <= table[i, j] <= max(seen) + _FAR:
                    break
            else:
                return (
                    f"The entry for the rate {rate:.3g} and the batch size {size} is "
                    f"{table[i, j]:.3g}; trained again, it is {seen[0]:.3g}."
                )
    return ""


def _retrained(inputs: Arrays, rate: float, size: int, hidden: int) -> tuple[float, float]:
    """Train a network for one epoch; return its accuracy on other digits and on its own."""
    rng = np.random.default_rng(hidden)
    x, y = np.asarray(inputs["x"], dtype=float), np.asarray(inputs["y"])
    count, pixels = len(x) // size, x.shape[1]
    order = rng.permutation(len(x))[: count * size]
    shapes = {"w1": (hidden, pixels), "b1": (hidden,), "w2": (10, hidden), "b2": (10,)}
    given = {
        name: rng.uniform(-1, 1, shape) / np.sqrt(pixels if name[1] == "1" else hidden)
        for name, shape in shapes.items()
    }
    given |= {"x": x[order].reshape(count, size, pixels), "y": y[order].reshape(count, size)}
    flat, _ = _train(given | {"lr": np.array(rate)}, "mean", count)
    ends = np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1]
    parts = np.split(flat, ends)
    w1, b1, w2, b2 = (part.reshape(s) for part, s in zip(parts, shapes.values(), strict=True))
    other = np.asarray(inputs["x_held_out"], dtype=float)

    def accuracy(images: np.ndarray, labels: np.ndarray) -> float:
        scores = np.maximum(images @ w1.T + b1, 0) @ w2.T + b2
        return float(np.mean(scores.argmax(1) == labels))

    return accuracy(other, inputs["y_held_out"]), accuracy(x, y)


def _what_is_wrong_with(table: np.ndarray | None, shape: tuple[int, int]) -> str:
    if table is None:
        return "`sweep` returned no table of numbers."
    if table.shape != shape:
        turned = " Rates go down, batch sizes go across." if table.shape == shape[::-1] else ""
        return (
            f"For {shape[0]} rates and {shape[1]} batch sizes the table should have the shape "
            f"{shape}; yours has {table.shape}.{turned}"
        )
    if not np.all(np.isfinite(table)) or table.min() < 0 or table.max() > 100:
        return "The table should hold accuracies from 0 to 1."
    if table.max() > 1:
        return "The table should hold accuracies from 0 to 1, not percent."
    if not table.any():
        return "Every entry is still 0: write each accuracy to `accuracies[i, j]`."
    if table[0].max() > 0.6 and table[[1, -1]].max() < 0.5:
        return "The good rates come out worst: it looks as if the table holds errors, 1 - accuracy."
    if table[1:].max() < 0.5:
        return (
            "No network in your table learns, although one of the rates is good. Is `fit` called?"
        )
    if table[0].max() > 0.5 and np.ptp(table) < 0.3:
        return (
            "A rate far too small does as well as a good one. Is each network trained with the "
            "rate of its row, and made anew before?"
        )
    return ""


def judge_sweep_plot(inputs: Arrays, outputs: Arrays) -> list[Check]:
    """Judge what `mnist_calls.sweep_plot` returned."""
    rates, sizes, table = inputs["rates"], inputs["batch_sizes"], inputs["accuracies"]
    lines = _array(outputs, "lines")
    drawn = []
    if lines is not None and lines.ndim == 3 and lines.shape[2] == 2:
        drawn = [line[np.isfinite(line).all(axis=1)] for line in lines]
    wanted = [np.column_stack([rates, column]) for column in table.T]
    found = [any(_close(line, want) for line in drawn) for want in wanted]
    whole = all(found) and len(drawn) >= len(wanted)
    if not drawn:
        words = "Nothing is drawn on `ax`: call `ax.plot(...)`, not `plt.plot(...)`."
    elif any(_close(line, np.column_stack([sizes, row])) for line in drawn for row in table):
        words = "Rate belongs on the x axis, with one line for each batch size, not the reverse."
    elif any(_close(line[:, ::-1], want) for line in drawn for want in wanted):
        words = "The axes are swapped: the rate is what you choose, so it goes on the x axis."
    elif any(found):
        words = f"{sum(found)} of {len(sizes)} batch sizes are drawn: each needs its own line."
    elif any(_close(line / (1, 100), want) for line in drawn for want in wanted):
        words = (
            "The lines show percent, and the table holds shares. Draw it as it is; "
            "`ax.yaxis.set_major_formatter(PercentFormatter(1))` writes shares as percent."
        )
    else:
        words = "The lines do not go through the points (rate, accuracy) of the table."
    ink, width = (_array(outputs, name, (len(drawn),)) for name in ("ink", "width"))
    clear = np.zeros(len(drawn), dtype=bool)
    if ink is not None and width is not None:
        clear = (ink >= _INK) & (width >= _WIDTH)
    if whole and not all(_seen(clear, drawn, want) for want in wanted):
        whole = False
        words = (
            "A line is there, but nobody sees it: look at its `alpha`, its width, its color, and "
            "at the limits and the size of the axes."
        )
    log, labels = _flags(outputs, "log", 1), _flags(outputs, "labels", 2)
    legend = _array(outputs, "legend", (1,))
    log = bool(drawn) and log.all()
    named = legend is not None and legend[0] >= len(sizes)
    axes = _flags(outputs, "axes", 2)
    marked = bool(drawn) and labels.all() and named and axes.all()
    missing = [
        what
        for what, there in (
            ("the x axis needs a label that can be read", labels[0]),
            ("the y axis needs a label that can be read", labels[1]),
            ("the axes need numbers", axes.all()),
            ("each batch size needs its own name in a legend", named),
        )
        if not there
    ]
    scale = 'The rates are powers of ten apart: `ax.set_xscale("log")` spaces them evenly.'
    lack = "A reader can't tell what is shown: " + ", and ".join(missing) + "."
    return [
        Check(4, whole, "There is one line for each batch size." if whole else words),
        Check(2, bool(log), "The x axis is logarithmic." if log else scale),
        Check(
            2,
            bool(marked),
            "It can be read without you: axes and lines have names." if marked else lack,
        ),
    ]


_INK, _WIDTH = 40, 100
"""Pixels: dark ones, and columns. A line of one point's width from end to end has ten times and
four times as many."""


def _seen(clear: np.ndarray, drawn: list[np.ndarray], want: np.ndarray) -> bool:
    """Return whether one of the lines that go where they should is seen."""
    return any(_close(line, want) and seen for line, seen in zip(drawn, clear, strict=True))


# ------------------------------------------------------------------------- what judges are made of


def _array(outputs: Arrays, name: str, shape: tuple[int, ...] | None = None) -> np.ndarray | None:
    """Return an array of numbers that came back, or None if it is not what it should be."""
    value = outputs.get(name)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "bifu":
        return None
    return value if shape is None or value.shape == tuple(shape) else None


def _flags(outputs: Arrays, name: str, count: int) -> np.ndarray:
    value = _array(outputs, name, (count,))
    return np.zeros(count, dtype=bool) if value is None else value.astype(bool)


def _close(value: np.ndarray | None, wanted: np.ndarray | None, tolerance: float = 1e-8) -> bool:
    if value is None or wanted is None or value.shape != wanted.shape:
        return False
    with np.errstate(all="ignore"):
        scale = max(1.0, float(np.abs(wanted).max(initial=0)))
        return bool(np.allclose(value, wanted, rtol=0, atol=tolerance * scale))


# --------------------------------------------------------------------------- checks in the notebook

PROVIDED = {
    *("np", "torch", "dataclass", "optimizers", "plots", "schedules", "pixels", "new_network"),
    *("Batches", "as_torch", "evaluate", "fit", "outputs"),
    *("Adam", "GradientDescent", "Momentum", "Nesterov", "cosine", "warmup"),
}
"""The names that the lab's own cells provide to the answers."""

OWN_CODE = "# Your own imports and functions"
"""What the answer cell without a task begins with."""

_BLANK = """
def step(self, w, g, state, lr=None):
    'Return the next parameters and the next state.'
    lr = self.lr if lr is None else lr
    ...

def one_epoch(network, optimizer, batches):
    'Train for one epoch; return the loss of each batch.'
    losses = []
    for inputs, labels in batches:
        ...
    return losses

def train_network(train, validation):
    'Return a network that reads at least 90 % of the digits it has not seen.'
    ...

def stretch_network(train, validation):
    'Return a network that reads 98 %, or even 99 %, of the digits it has not seen.'
    ...

def sweep(Rule, rates, batch_sizes, train, validation):
    'Return validation accuracies, of shape (rates, batch sizes).'
    accuracies = np.zeros((len(rates), len(batch_sizes)))
    for i, rate in enumerate(rates):
        for j, batch_size in enumerate(batch_sizes):
            ...
    return accuracies

def plot_sweep(ax, rates, batch_sizes, accuracies):
    'Draw the accuracies, of shape (rates, batch sizes), on `ax`.'
    ...
"""

_PRAISE = {
    "update_rule": "Right step after step, at any rate, and it leaves its arguments unchanged.",
    "training_loop": "Every batch moves the weights as it should, and every loss is recorded.",
    "sweep": "The table is complete and fair: only what you vary varies.",
    "sweep_plot": "It can be read without you: the lines are right, axes and lines have names.",
}
"""For a network, the share of digits it gets right says more."""

ANSWERS = ("MyRule", "one_epoch", "train_network", "sweep", "plot_sweep", "stretch_network")
"""What the answers define; a cell that binds one of these names is graded."""

CELL_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
"""How a cell is compiled: it may `await` at its top level."""


def check_update_rule(rule: Any) -> Note:
    """Check the class of task 1."""
    chance = np.random.default_rng(1)
    inputs = {
        "w": np.array([1.0, -2.0, 0.5]),
        "gradients": chance.normal(size=(5, 3)),
        "rates": np.array([0.1, 0.2, 0.05, 0.1, 0.3]),
        "lr": np.array(0.1),
        "momentum": np.array(0.8),
    }
    return _checked("update_rule", "MyRule", rule, inputs)


def check_training_loop(one_epoch: Any) -> Note:
    """Check the function of task 2."""
    chance = np.random.default_rng(2)
    inputs = {
        "x": chance.normal(size=(4, 8, 5)),
        "y": chance.integers(3, size=(4, 8)),
        "w1": chance.normal(size=(6, 5)) / 2,
        "b1": chance.normal(size=6) / 10,
        "w2": chance.normal(size=(3, 6)) / 2,
        "b2": chance.normal(size=3) / 10,
        "lr": np.array(0.1),
    }
    return _checked("training_loop", "one_epoch", one_epoch, inputs)


def check_network(train_network: Any, train: tuple, validation: tuple) -> Note:
    """Check the function of task 3: train with it, and measure on digits it is not given.

    Parameters
    ----------
    train_network : callable
    train, validation : pairs (inputs, labels) of tensors
        `train` and the first half of `validation` are handed to the function; the other half, a
        little disguised, measures. The digits are given other names, and ten invented signs are
        put among them, which no network minds.
    """
    return _checked(
        "train_network",
        "train_network",
        train_network,
        lambda: _half(train, validation),
    )


def check_stretch(stretch_network: Any, train: tuple, validation: tuple) -> Note:
    """Check the function of the stretch task, as `check_network` does."""
    return _checked(
        "stretch_network",
        "stretch_network",
        stretch_network,
        lambda: _half(train, validation),
    )


def hidden_digits(train: tuple, validation: tuple, test: tuple) -> Arrays:
    """Return inputs for `points` of a network that no check has shown: for nbgrader's hidden tests.

    Parameters
    ----------
    train, validation, test : pairs (inputs, labels) of tensors
        The digits of `test` measure. They get names drawn by chance, and signs are put among them.
    """
    chance = np.random.default_rng()
    sets = [tuple(part.numpy() for part in each) for each in (train, validation, test)]
    return _renamed(*sets, chance.permutation(10), chance)


def _half(train: tuple, validation: tuple) -> Arrays:
    names = np.roll(np.arange(10), 3)  # no digit keeps its name
    (x, y), learn = (tuple(part.numpy() for part in each) for each in (validation, train))
    half = len(x) // 2
    seen, unseen = (x[:half], y[:half]), (x[half:], y[half:])
    return _renamed(learn, seen, unseen, names, np.random.default_rng(3))


def _renamed(train: tuple, validation: tuple, unseen: tuple, names: Any, chance: Any) -> Arrays:
    """Return the inputs of a network's question, the digits under other names and among signs."""
    side = round(unseen[0].shape[1] ** 0.5)
    images = np.rint(255 * unseen[0]).astype(np.uint8).reshape(-1, side, side)
    digits = {
        "train_labels": names[train[1]],
        "images": disguise(images, chance),
        "labels": names[unseen[1]],
    }
    return {
        "train_images": train[0],
        "validation_images": validation[0],
        "validation_labels": names[validation[1]],
        **with_signs(digits, chance),
    }


def check_sweep(sweep: Any, train: tuple, validation: tuple) -> Note:
    """Check the first function of task 4 on a few digits of the two sets."""

    def few() -> Arrays:
        (x, y), (x_held_out, y_held_out) = (
            [part.numpy()[:most] for part in data]
            for data, most in ((train, 1280), (validation, 500))
        )
        return {
            "x": x,
            "y": y,
            "x_held_out": x_held_out,
            "y_held_out": y_held_out,
            "y_scrambled": np.random.default_rng(4).integers(10, size=len(x_held_out)),
            "rates": np.array([1e-6, 0.15, 0.02, 0.15]),
            "batch_sizes": np.array([16, 32]),
        }

    return _checked("sweep", "sweep", sweep, few)


def check_sweep_plot(plot_sweep: Any) -> Note:
    """Check the second function of task 4 on a made-up table."""
    inputs = {
        "rates": 10.0 ** np.arange(-3, 1),
        "batch_sizes": np.array([16, 64, 256]),
        "accuracies": np.random.default_rng(5).uniform(0.1, 1, (4, 3)),
    }
    return _checked("sweep_plot", "plot_sweep", plot_sweep, inputs)


def points(call: str, names: Mapping[str, Any], inputs: Arrays) -> float:
    """Return the points for a task on the given inputs; 0 where the reader's code fails."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = getattr(mnist_calls, call)(names, inputs)
    except Exception:
        return 0.0
    return float(sum(check.points for check in _JUDGES[call](inputs, made) if check.passed))


_JUDGES = {
    "update_rule": judge_update_rule,
    "training_loop": judge_training_loop,
    "train_network": judge_network,
    "stretch_network": judge_stretch,
    "sweep": judge_sweep,
    "sweep_plot": judge_sweep_plot,
}


def _checked(
    call: str,
    name: str,
    answer: Any,
    inputs: Arrays | Callable[[], Arrays],
) -> Note:
    """Try the answer out and say what came of it: not attempted, wrong, or right."""
    functions = _functions_of(answer)
    if answer is None or answer is ... or any(is_untouched(each, _BLANK) for each in functions):
        return _not_attempted(name)
    try:
        strays = sorted(_strays(functions))
        if strays:
            raise AnswerError(
                f"Your code uses `{strays[0]}`, which stands in another cell of the notebook. "
                "Only the answer cells are graded: move it into one of them, or hand it over as "
                "an argument. (The cell for your own functions is known by its first line, "
                f"`{OWN_CODE}`.)"
            )
        inputs = inputs() if callable(inputs) else inputs
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = getattr(mnist_calls, call)({name: answer}, inputs)
    except AnswerError as error:
        return Note(str(error), "Not yet.", "malformed")
    except KeyboardInterrupt:
        return Note("You stopped your code. Does its loop end?", "Not yet.", "malformed")
    except (Exception, SystemExit) as error:
        if (
            isinstance(error, NotImplementedError) and not error.args
        ):  # as nbgrader's blanks have it
            return _not_attempted(name)
        return Note(_stopped(functions, error), "Not yet.", "malformed")
    checks = _JUDGES[call](inputs, made)
    got = sum(check.points for check in checks if check.passed)
    whole = sum(check.points for check in checks)
    failed = [check.message for check in checks if not check.passed]
    if not failed:
        praise = _PRAISE.get(call, checks[-1].message)
        return Note(f"{praise} ({got:g} of {whole:g} points here.)", "Right.", "right")
    return Note(f"{failed[0]} ({got:g} of {whole:g} points so far.)", "Not yet.", "wrong")


def _not_attempted(name: str) -> Note:
    words = f"Fill in the `...` of `{name}`, run its cell, then run this one again."
    return Note(words, "Not attempted.", "not attempted")


def _functions_of(answer: Any) -> list[FunctionType]:
    if isinstance(answer, FunctionType):
        return [answer]
    if isinstance(answer, type):
        return [each for each in vars(answer).values() if isinstance(each, FunctionType)]
    return []


def _stopped(functions: list[FunctionType], error: BaseException) -> str:
    """Say which of the reader's own lines failed, and with what."""
    homes = {function.__code__.co_filename for function in functions}
    frames = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename in homes]
    where = f" in the line `{frames[-1]}`" if frames and frames[-1] else ""
    reason = str(error).splitlines()[0] if str(error) else "no message"
    return f"Your code stops with {type(error).__name__} ({reason}){where}."


def _strays(functions: list[FunctionType]) -> set[str]:
    """Return the names the functions use that will not be there when only the answers run.

    A notebook keeps the source of every cell that ran. Outside one nothing is known about it.
    """
    found: set[str] = set()
    seen: set[FunctionType] = set()
    todo = list(functions)
    while todo:
        function = todo.pop()
        seen.add(function)
        there = function.__globals__
        if "In" not in there:  # what a decorator made, or no notebook
            continue
        known = PROVIDED | set().union(*(_bound(cell) for cell in there["In"]))
        for name in set(_global_names(function.__code__)) & set(there):
            value = there[name]
            if name not in known:
                found.add(name)
            elif isinstance(value, FunctionType) and value.__globals__ is there:
                todo += [value] if value not in seen and name not in PROVIDED else []
    return found


def _bound(cell: str) -> set[str]:
    """Return the names that a cell binds, if it is one that is graded."""
    names = bound_names(cell)
    return names if cell.lstrip().startswith(OWN_CODE) or names & set(ANSWERS) else set()


def bound_names(cell: str) -> set[str]:
    """Return the names that the source of a cell binds at its top level; none if it is broken."""
    try:
        body = compile(cell, "<cell>", "exec", CELL_FLAGS | ast.PyCF_ONLY_AST).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for part in body:
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(part.name)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            names |= {(each.asname or each.name).split(".")[0] for each in part.names}
        else:
            targets = (node for node in ast.walk(part) if isinstance(node, ast.Name))
            names |= {node.id for node in targets if isinstance(node.ctx, ast.Store)}
    return names


def _global_names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)
