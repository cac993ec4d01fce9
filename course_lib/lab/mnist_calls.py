"""How the lab's tasks are tried out: a reader's code is called on arrays and answers in arrays.

Nothing here knows a right answer. `mnist_lab` compares what comes back, in the notebook at once
and, on inputs that no reader has seen, when the lab is graded.

Every function takes `names`, where the reader's functions are looked up, and `inputs`, arrays by
name; it returns arrays by name, of numbers or truth values only. What the reader's code raises goes
through; an answer that has not the form asked for is an `AnswerError`, in words for the reader.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from course_lib.attempts import AnswerError

Arrays = Mapping[str, np.ndarray]


def _explained(call: Callable) -> Callable:
    """Let `call` say what a missing name means where only the answer cells have run."""

    @functools.wraps(call)
    def explained(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
        try:
            return call(names, inputs)
        except NameError as error:
            raise AnswerError(
                f"Your code uses the name `{error.name}`, which no answer cell defines. Only "
                "the answer cells are graded: import or define it in one of them."
            ) from error

    return explained


@_explained
def update_rule(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Walk with the reader's `MyRule`, at the rule's own rate and at rates that are handed in.

    Parameters
    ----------
    names : mapping
        Holds `MyRule`.
    inputs : mapping
        `w`, shape (n,); `gradients`, shape (steps, n); `rates`, shape (steps,); `lr`, `momentum`.

    Returns
    -------
    dict
        `path` and `scheduled`, shape (steps, n): the parameters after each step. `w_left`,
        `g_left`, `state_left`: what was handed to the second step, as that step left it;
        `w_given`, `state_given`: the same as it was before.
    """
    made = _named(names, "MyRule")
    gradients, rates = inputs["gradients"], inputs["rates"]
    with _without_the_courses_own():
        rule = made(lr=float(inputs["lr"]), momentum=float(inputs["momentum"]))
        path, _, _ = _walk(rule, inputs["w"], gradients, [None] * len(gradients))
        scheduled, _, _ = _walk(rule, inputs["w"], gradients, [float(rate) for rate in rates])
        first, state, _ = _walk(rule, inputs["w"], gradients[:1], [None])
        before = _flat_state(state)
        _, state, given = _walk(rule, first[0], gradients[1:2], [None], state)
    return {
        "path": path,
        "scheduled": scheduled,
        "w_given": first[0],
        "w_left": given[0],
        "g_left": given[1],
        "state_given": before,
        "state_left": _flat_state(given[2]),
    }


@contextlib.contextmanager
def _without_the_courses_own() -> Iterator[None]:
    """Let the course's own rule refuse to step while the reader's is tried out."""
    from course_lib.optimizers import Momentum

    def refuse(*given: Any, **more: Any) -> None:
        raise AnswerError(
            "`MyRule` steps by calling the course's own `Momentum`. Write its `step` yourself."
        )

    step = Momentum.step
    Momentum.step = refuse
    try:
        yield
    finally:
        Momentum.step = step


def _walk(
    rule: Any, w: np.ndarray, gradients: np.ndarray, rates: list, state: Any = None
) -> tuple[np.ndarray, Any, tuple]:
    """Return the points after each step, the last state, and what the last step was handed."""
    w, points, given = np.array(w, dtype=float), [], ()
    state = rule.init(w.copy()) if state is None else state
    for g, rate in zip(gradients, rates, strict=True):
        given = w.copy(), np.array(g, dtype=float), state
        more = {} if rate is None else {"lr": rate}
        made = rule.step(*given, **more)
        if not (isinstance(made, (tuple, list)) and len(made) == 2):
            raise AnswerError('`step` must return two things: `return w_next, {"v": v}`.')
        w, state = _numbers(made[0], "the new parameters that `step` returns"), made[1]
        if w.shape != g.shape:
            raise AnswerError(
                f"`step` must return parameters in the shape {g.shape} of those it was given; "
                f"yours have the shape {w.shape}."
            )
        points.append(w)
    return np.array(points), state, given


def _flat_state(state: Any) -> np.ndarray:
    if not isinstance(state, dict):
        raise AnswerError('The second thing that `step` returns must be a dict: `{"v": v}`.')
    values = [_numbers(state[name], f'the state\'s "{name}"') for name in state]
    return np.concatenate([value.ravel() for value in values]) if values else np.zeros(0)


@_explained
def training_loop(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Train a small network with the reader's `one_epoch`: on one batch, and on all batches.

    Parameters
    ----------
    names : mapping
        Holds `one_epoch`.
    inputs : mapping
        `x`, shape (batches, B, n); `y`, shape (batches, B); `w1` (h, n), `b1` (h,), `w2` (c, h),
        `b2` (c,): the network's first weights; `lr`.

    Returns
    -------
    dict
        `after_one` and `after_all`: all weights in one row, after an epoch of one batch and of all;
        `losses`: what `one_epoch` returned for all; `plain`: whether each loss is a plain number.
    """
    import torch

    one_epoch = _named(names, "one_epoch")
    x = torch.tensor(np.asarray(inputs["x"]), dtype=torch.float64)
    y = torch.tensor(np.asarray(inputs["y"]), dtype=torch.int64)
    batches = list(zip(x, y, strict=True))
    after_one, _ = _epoch(one_epoch, inputs, batches[:1])
    after_all, losses = _epoch(one_epoch, inputs, batches)
    if losses is None:
        raise AnswerError("`one_epoch` returns nothing. Does it end in `return losses`?")
    arrays = isinstance(losses, np.ndarray) or torch.is_tensor(losses)
    if arrays and losses.ndim == 1:
        losses = losses if torch.is_tensor(losses) and losses.requires_grad else losses.tolist()
    elif not isinstance(losses, (list, tuple)):
        raise AnswerError(
            f"`one_epoch` must return the list `losses`; yours returns a {type(losses).__name__}."
        )
    values = [_numbers(loss, "every entry of `losses`") for loss in losses]
    if any(value.size != 1 for value in values):
        raise AnswerError("Every entry of `losses` must be one number, the loss of one batch.")
    return {
        "after_one": after_one,
        "after_all": after_all,
        "losses": np.array([float(value.reshape(())) for value in values]),
        "plain": np.array([not torch.is_tensor(loss) for loss in losses], dtype=bool),
    }


def _epoch(one_epoch: Callable, inputs: Arrays, batches: list) -> tuple[np.ndarray, Any]:
    import torch

    from course_lib.optimizers import GradientDescent
    from course_lib.training import as_torch

    hidden, pixels = inputs["w1"].shape
    network = torch.nn.Sequential(
        torch.nn.Linear(pixels, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, len(inputs["b2"]))
    ).double()
    with torch.no_grad():
        for parameter, name in zip(network.parameters(), ("w1", "b1", "w2", "b2"), strict=True):
            parameter.copy_(torch.tensor(np.asarray(inputs[name])))
    optimizer = as_torch(GradientDescent(lr=float(inputs["lr"])), network.parameters())
    try:
        losses = one_epoch(network, optimizer, [(x.clone(), y.clone()) for x, y in batches])
    except NotImplementedError as error:
        if "log_softmax" in str(error):  # of whole numbers, which only labels are
            raise AnswerError(
                "The labels come first in your call, and PyTorch takes them for scores: write "
                "`cross_entropy(scores, labels)`."
            ) from None
        raise
    weights = [parameter.detach().numpy().ravel() for parameter in network.parameters()]
    return np.concatenate(weights), losses


@_explained
def train_network(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Train with the reader's `train_network`, and let the network answer for unseen images."""
    return _trained(_named(names, "train_network"), inputs)


@_explained
def stretch_network(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Do the same with `stretch_network`."""
    return _trained(_named(names, "stretch_network"), inputs)


def _trained(train: Callable, inputs: Arrays) -> dict[str, np.ndarray]:
    """Return `answers`, shape (n,): the class with the highest score for each of `images`.

    Also `normalized` and `as_bytes`: the same for the first thousand, fed in other ways, by which a
    network that was trained so is known.

    Parameters
    ----------
    train : callable
        Takes the training and the validation set, each a pair of tensors; returns a network.
    inputs : mapping
        `train_images`, `train_labels`, `validation_images`, `validation_labels`, `images`; also
        `signs`, which stand in the `places` of some training images.
    """
    import torch

    from course_lib.training import outputs

    sets = [
        (
            _pixels(inputs[f"{part}_images"]),
            torch.tensor(np.asarray(inputs[f"{part}_labels"])).long(),
        )
        for part in ("train", "validation")
    ]
    x, y = sets[0]
    if x.data_ptr() == np.asarray(inputs["train_images"]).ctypes.data:  # the reader's own
        sets[0] = x.clone(), y
    sets[0][0][np.asarray(inputs["places"])] = _pixels(inputs["signs"])
    del x, y
    network = train(*sets)
    if network is None or network is ...:
        raise AnswerError("Your function returns nothing. It must end in `return network`.")
    if not isinstance(network, torch.nn.Module):
        raise AnswerError(
            "Your function must return the trained network, a `torch.nn.Module`; "
            f"it returns a {type(network).__name__}."
        )
    mean, spread = sets[0][0].mean(), sets[0][0].std()
    del sets
    images = _pixels(inputs["images"])
    scores = outputs(network, images)
    if scores.ndim != 2 or len(scores) != len(inputs["images"]):
        raise AnswerError(
            "Your network must give ten scores for each image, shape "
            f"({len(inputs['images'])}, 10); it gives the shape {tuple(scores.shape)}."
        )
    made = {"answers": scores.argmax(1).numpy().astype(np.int64)}
    few = images[:1000]
    for name, fed in (("normalized", (few - mean) / spread), ("as_bytes", 255 * few)):
        with contextlib.suppress(Exception):  # it need not take them
            made[name] = outputs(network, fed).argmax(1).numpy().astype(np.int64)
    return made


def _pixels(images: np.ndarray) -> Any:
    """Return images as a network is fed: one row each, from 0 to 1. Such rows stay as they are."""
    import torch

    if images.dtype == np.float32 and images.ndim == 2:
        return torch.from_numpy(images)
    return torch.from_numpy(np.divide(images, 255, dtype=np.float32).reshape(len(images), -1))


@_explained
def sweep(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Run the reader's `sweep` on a few digits, in ways that show what it measures.

    Parameters
    ----------
    names : mapping
        Holds `sweep`.
    inputs : mapping
        `x`, `y` to learn from and `x_held_out`, `y_held_out` to measure by; `y_scrambled`: labels
        that nothing can be learned about; `rates`, `batch_sizes`.

    Returns
    -------
    dict
        `accuracies`: the table for these rates and sizes. `scrambled`: for the second rate and the
        first size, measured by scrambled labels. `frozen`: for the same, with a rule that stays
        where it is. `steps`: how often that rule was asked for a step.
    """
    import torch

    from course_lib.optimizers import GradientDescent

    run = _named(names, "sweep")
    rates = [float(rate) for rate in inputs["rates"]]
    sizes = [int(size) for size in inputs["batch_sizes"]]
    x, x_held_out = (torch.tensor(np.asarray(inputs[n])).float() for n in ("x", "x_held_out"))
    y, right, scrambled = (
        torch.tensor(np.asarray(inputs[n])).long() for n in ("y", "y_held_out", "y_scrambled")
    )
    train = x, y
    asked: list[int] = []
    frozen = _frozen_rule(asked)
    return {
        "accuracies": _table(run(GradientDescent, rates, sizes, train, (x_held_out, right))),
        "scrambled": _table(
            run(GradientDescent, rates[1:2], sizes[:1], train, (x_held_out, scrambled))
        ),
        "frozen": _table(run(frozen, rates[1:2], sizes[:1], train, (x_held_out, right))),
        "steps": np.array([len(asked)]),
    }


def _frozen_rule(asked: list[int]) -> type:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Frozen:
        """A rule that stays where it is."""

        lr: float = 0.1

        def init(self, w: Any) -> dict:
            return {}

        def step(self, w: Any, g: Any, state: dict, lr: float | None = None) -> tuple[Any, dict]:
            asked.append(1)
            return w + 0 * g, {}

    return Frozen


def _table(accuracies: Any) -> np.ndarray:
    if accuracies is None or accuracies is ...:
        raise AnswerError("`sweep` returns nothing. Does it end in `return accuracies`?")
    return _numbers(accuracies, "what `sweep` returns")


@_explained
def sweep_plot(names: Mapping[str, Any], inputs: Arrays) -> dict[str, np.ndarray]:
    """Let the reader's `plot_sweep` draw a table, and read off what it has drawn.

    Parameters
    ----------
    names : mapping
        Holds `plot_sweep`.
    inputs : mapping
        `rates`, shape (r,); `batch_sizes`, shape (s,); `accuracies`, shape (r, s).

    Returns
    -------
    dict
        `lines`, shape (lines, longest, 2): the points of each line that was drawn, NaN where a line
        is shorter; `ink` and `width`, shape (lines,): how many pixels each of them darkens, and
        over how many columns; `log`: whether the x axis is logarithmic; `labels` and `axes`:
        whether the x and the y axis have a label and numbers that can be read; `legend`: how many
        different names can be read, in a legend or beside the lines.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    canvas = FigureCanvasAgg(figure)
    ax = figure.subplots()
    _named(names, "plot_sweep")(
        ax,
        np.array(inputs["rates"], dtype=float),
        np.array(inputs["batch_sizes"], dtype=int),
        np.array(inputs["accuracies"], dtype=float),
    )
    drawn = [np.asarray(line.get_xydata(), dtype=float) for line in ax.lines]
    lines = np.full((len(drawn), max(map(len, drawn), default=0), 2), np.nan)
    for row, points in zip(lines, drawn, strict=True):
        row[: len(points)] = points
    legends = [each for each in (ax.get_legend(), *figure.legends) if each and each.get_visible()]
    names_shown = [text for legend in legends for text in legend.get_texts()]
    sizes = [str(size) for size in inputs["batch_sizes"]]
    names_shown += [text for text in ax.texts if any(size in text.get_text() for size in sizes)]
    shown = [line for line in ax.lines if line.get_visible()]

    def picture() -> np.ndarray:
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].astype(int)

    def changed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.abs(one - other).max(axis=2) > 40

    whole = picture()

    def ink(artist: Any) -> int:
        """Return how many pixels change where the artist is taken away."""
        if not artist.get_visible():
            return 0
        artist.set_visible(False)
        gone = picture()
        artist.set_visible(True)
        return int(changed(whole, gone).sum())

    def read(text: Any) -> bool:
        """Return whether a text is there, as large as one reads, and not the color of the paper."""
        return bool(text.get_text().strip()) and text.get_fontsize() >= 5 and ink(text) > 15

    words = [read(ax.xaxis.label), read(ax.yaxis.label)]
    # Over less than a power of ten, a logarithmic axis writes its numbers at the minor ticks.
    numbers = [
        any(read(text) for minor in (False, True) for text in axis.get_ticklabels(minor=minor))
        for axis in (ax.xaxis, ax.yaxis)
    ]
    named = {text.get_text().strip() for text in names_shown if read(text)}
    for line in shown:  # each alone: where lines cross, they hide one another
        line.set_visible(False)
    bare, ink_of, width_of = picture(), [], []
    for line in ax.lines:
        line.set_visible(line in shown)
        dark = changed(picture(), bare) if line in shown else np.zeros((1, 1), dtype=bool)
        line.set_visible(False)
        ink_of.append(dark.sum())
        width_of.append(dark.any(axis=0).sum())
    return {
        "lines": lines,
        "ink": np.array(ink_of, dtype=int),
        "width": np.array(width_of, dtype=int),
        "log": np.array([ax.get_xscale() == "log"]),
        "labels": np.array(words),
        "axes": np.array(numbers),
        "legend": np.array([len(named)]),
    }


def _named(names: Mapping[str, Any], name: str) -> Callable:
    if name not in names:
        raise AnswerError(f"`{name}` is not defined: its cell is missing, or has not run.")
    if not callable(names[name]):
        raise AnswerError(
            f"`{name}` is no longer what its cell made of it: something overwrote it."
        )
    return names[name]


def _numbers(value: Any, what: str) -> np.ndarray:
    if value is ... or value is None:
        raise AnswerError(f"Some `...` is still to be filled in: {what} has no value.")
    try:
        if hasattr(value, "detach"):
            value = value.detach().numpy()
        if np.iscomplexobj(value) or isinstance(value, (str, bytes)):
            raise TypeError
        return np.array(value, dtype=float)
    except Exception:  # whatever it is, it is no number
        raise AnswerError(
            f"This needs numbers as {what}; it is a {type(value).__name__}."
        ) from None
