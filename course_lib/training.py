"""Training: the course's update rules drive a torch network, and the run is recorded.

It combines optimizers, schedules and data, and passes a `History` to plots. Only this module, with
`refusals` behind it, imports torch when it is loaded, so lectures in numpy do without it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import inspect
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from course_lib import arguments, schedules
from course_lib.data import Batches

# Idle OpenMP threads that spin instead of sleeping slow torch down many times over on a busy or
# small machine. torch reads these settings when it is first imported, so they come before that.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    import torch

    from course_lib import refusals
except ImportError as error:
    raise ImportError(
        "Training a network needs torch, which is not installed here. Install it with\n"
        "pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
    ) from error


def threads() -> int:
    """Return how many threads torch may use: OMP_NUM_THREADS, or 1 if that is not a number."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, int(first)) if first.isascii() and first.isdigit() and len(first) < 5 else 1


torch.set_num_threads(threads())  # also if torch was imported before this module

# A full garbage collection looks at every object of torch, so Python postpones it, and meanwhile
# figures that nobody can see pile up, ten megabytes each. Frozen objects are skipped.
gc.collect()
gc.freeze()
gc.collect()

# The entries of a parameter group that are not hyper-parameters: its name, and the notes of torch's
# learning-rate schedulers.
_NOTES = ("name", "initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr")


def as_torch(rule: Any, parameters: Iterable) -> torch.optim.Optimizer:
    """Return a `torch.optim.Optimizer` that takes its steps with `rule`.

    Use it like one of torch's own, with `zero_grad()`, `step()`, `state_dict()` and parameter
    groups. torch's learning-rate schedulers can drive it. Those that also cycle the momentum
    (`OneCycleLR`, `CyclicLR`) need a rule with `momentum`, or with `beta1` and `beta2`; for any
    other rule, set `cycle_momentum=False`.

    Parameters
    ----------
    rule : update rule
        From `course_lib.optimizers`, or your own: a dataclass with `init(w) -> state` and
        `step(w, g, state, lr=None) -> (w, state)`. Its fields are the hyper-parameters.
    parameters : iterable
        `model.parameters()`, `model.named_parameters()`, or dicts `{"params": …, "lr": …}`, which
        are groups with hyper-parameters of their own. A group may also have a "name"; any other
        entry is rejected, because it might be a misspelled hyper-parameter. Complex tensors are
        rejected, too, because torch treats their two parts as separate parameters.

    Returns
    -------
    torch.optim.Optimizer
        Every hyper-parameter is an entry of `param_groups`; β₁ and β₂ form one entry, `betas`, as
        in torch. `state[p]` is the rule's state for the tensor p, in the shape of p. The rule sees
        one tensor at a time.

    Raises
    ------
    TypeError, ValueError
        If an argument makes no sense. The message names it, its value and what is allowed.

    Notes
    -----
    A rule works out of place: each step makes a new state and leaves the old one unchanged, so a
    `state_dict` taken earlier stays valid. A tensor whose `grad` is None is skipped. Only an
    optimizer with the same rule can load a `state_dict`. Some rules need dense gradients, because
    they divide by their state, so leave `sparse=True` out of an `Embedding`.

    Examples
    --------
    >>> from course_lib.optimizers import Momentum
    >>> model = torch.nn.Linear(784, 10)
    >>> optimizer = as_torch(Momentum(lr=0.1), model.parameters())
    >>> optimizer.param_groups[0]["momentum"]
    0.9
    """
    return RuleOptimizer(rule, parameters)


# torch shields these methods from its compiler, and the first call of the shield loads the whole
# compiler, which takes a second and 70 MB. Unwrapped, the methods do the same without it.
_add_param_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
_zero_grad = inspect.unwrap(torch.optim.Optimizer.zero_grad)
_state_dict = inspect.unwrap(torch.optim.Optimizer.state_dict)
_load_state_dict = inspect.unwrap(torch.optim.Optimizer.load_state_dict)


class RuleOptimizer(torch.optim.Optimizer):
    """The optimizer of `as_torch`: torch keeps parameters and states, the rule does the math."""

    def __init__(self, rule: Any, parameters: Iterable) -> None:
        self.rule = refusals.checked_rule(rule)
        self._rules: dict[int, tuple[dict, Any]] = {}
        if isinstance(parameters, torch.nn.Module):
            raise TypeError("parameters must be model.parameters(), got the model itself.")
        if not isinstance(parameters, Iterable):
            raise TypeError(f"parameters must be model.parameters(), got {parameters!r}.")
        _keep_freed_memory()
        super().__init__(parameters, _entries(rule))

    def add_param_group(self, param_group: dict) -> None:
        """Add a group of tensors; the rule's hyper-parameters fill in for those it does not set."""
        names = list(_entries(self.rule))
        for name in param_group.keys() - {"params", "param_names", *_NOTES}:
            arguments.one_of("a parameter group's entry", name, ["params", *names])
        group = {name: param_group.get(name, self.defaults[name]) for name in names}
        dataclasses.replace(self.rule, **_fields(group))  # the rule itself refuses a wrong value
        _add_param_group(self, param_group)
        for p in self.param_groups[-1]["params"]:
            if p.is_complex():
                self.param_groups.pop()
                raise TypeError(f"parameters must be real numbers, got a tensor of {p.dtype}.")

    zero_grad = _zero_grad

    def state_dict(self) -> dict:
        """Return torch's dict of hyper-parameters and states, with the rule's name as "rule"."""
        return _state_dict(self) | {"rule": type(self.rule).__name__}

    def load_state_dict(self, state_dict: dict) -> None:
        """Load the hyper-parameters and states that `state_dict` saved for the same rule."""
        own, saved = type(self.rule).__name__, state_dict.get("rule")
        if saved != own:
            raise ValueError(
                f"state_dict must come from the same rule, {own}, got the state of "
                f"{saved or 'an optimizer that as_torch did not make'}."
            )
        for group in state_dict["param_groups"]:
            if missing := [name for name in _entries(self.rule) if name not in group]:
                raise ValueError(
                    f"state_dict must have every hyper-parameter of {own}, but "
                    f"{', '.join(missing)} is missing."
                )
        _load_state_dict(self, state_dict)

    @torch.no_grad()
    def step(self, closure: Callable | None = None) -> Any:
        """Update every tensor that has a gradient; return the loss if `closure` computes it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, group in enumerate(self.param_groups):
            rule, rate = self._rule_of(number, group)
            for p in group["params"]:
                if p.grad is None:
                    continue
                w, g = p.detach(), p.grad
                state = self.state[p] or rule.init(w.clone())
                w_next, state = refusals.checked_step(rule, w, rule.step(w, g, state, **rate))
                # A state may hold the very w and g it was given; torch is about to overwrite them.
                self.state[p] = {n: v.clone() if v is w or v is g else v for n, v in state.items()}
                p.copy_(w_next)
        return loss

    def _rule_of(self, number: int, group: dict) -> tuple[Any, dict]:
        """Return the rule with the group's hyper-parameters, and the rate to pass to its step."""
        values = _fields({name: group[name] for name in _entries(self.rule)})
        rate = {"lr": float(values.pop("lr"))} if "lr" in values else {}
        known, rule = self._rules.get(number, (None, None))
        if known != values:
            rule = dataclasses.replace(self.rule, **values)
            self._rules[number] = values, rule
        return rule, rate

    def __getstate__(self) -> dict:
        # torch copies and pickles only the attributes that it knows.
        return super().__getstate__() | {"rule": self.rule, "_rules": {}}


class Score(NamedTuple):
    """How well a model does on a data set."""

    loss: float
    """The mean loss per example."""
    accuracy: float
    """The share of examples whose label has the highest score; NaN if there are no labels, or not
    one score for each class."""


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The record that `fit` makes, update by update and epoch by epoch.

    Attributes
    ----------
    losses : ndarray, shape (updates,)
        The loss of each batch, just before its update.
    learning_rates : ndarray, shape (updates,)
        α of each update (of the first parameter group, if there are several).
    examples : ndarray of int, shape (updates,)
        The number of examples seen so far, including those of the update.
    seconds : ndarray, shape (updates,)
        The training time so far, without validation and drawing.
    epoch_ends : ndarray of int, shape (epochs,)
        The number of updates done at the end of each epoch.
    validation_losses, validation_accuracies : ndarray, shape (epochs,)
        The `Score` at the end of each epoch; empty without a validation set.
    stopped : str
        Why training ended early, in words, or an empty string if it did not.
    """

    losses: np.ndarray
    learning_rates: np.ndarray
    examples: np.ndarray
    seconds: np.ndarray
    epoch_ends: np.ndarray
    validation_losses: np.ndarray
    validation_accuracies: np.ndarray
    stopped: str = ""

    @property
    def updates(self) -> int:
        """The number of updates done."""
        return len(self.losses)

    @property
    def epochs(self) -> int:
        """The number of epochs completed."""
        return len(self.epoch_ends)

    @property
    def best(self) -> int | None:
        """The epoch, counted from 0, with the smallest validation loss, or None without one."""
        losses = self.validation_losses
        return int(np.nanargmin(losses)) if np.isfinite(losses).any() else None

    def __repr__(self) -> str:
        return f"<History of {_counted(self.epochs, 'epoch')}, {_counted(self.updates, 'update')}>"


def fit(
    model: torch.nn.Module,
    train: Any,
    validation: Any,
    rule: Any,
    *,
    epochs: int = 5,
    batch_size: int = 64,
    schedule: Any = None,
    loss: Callable = torch.nn.functional.cross_entropy,
    seed: int | None = 0,
    progress: bool = True,
    watch: Callable[[History], Any] | None = None,
) -> History:
    """Train `model` in place: batch, forward pass, loss, update, again and again.

    A progress bar runs along and leaves one line behind. Training stops if it diverges or if you
    interrupt it. That raises no exception, and `stopped` says why.

    Parameters
    ----------
    model : torch.nn.Module
        Takes a batch of inputs. For labels, it returns one score for each class.
    train, validation : LabeledImages, or pair (inputs, targets)
        Tensors, arrays or pandas tables with the examples along the first axis. Whole-number
        targets are labels. `validation` may be None.
    rule : update rule or torch.optim.Optimizer
        From `course_lib.optimizers`, or your own; or an optimizer made for this model.
    epochs : int
        The number of passes through `train`.
    batch_size : int
        Examples per update. The last batch of an epoch holds the rest.
    schedule : callable or ReduceOnPlateau, optional
        Takes the update's number k = 0, 1, … and returns the learning rate. `ReduceOnPlateau` is
        fed with the validation loss at the end of each epoch. By default, the rate is constant.
    loss : callable
        Takes the model's output and the targets and returns the mean loss of the batch. If the two
        differ in shape, the loss has to pair each example with its own target.
    seed : int, optional
        Seeds the order of the examples and dropout, so the same seed gives the same run. The first
        weights depend on `torch.manual_seed`, called before you create the model. With None, each
        run is different.
    progress : bool
        Whether to show the bar and the line it leaves behind.
    watch : callable, optional
        Called with the `History` so far, about four times a second and at the end, to draw it.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If an argument makes no sense, or the model cannot take the data.
    RuntimeError
        If gradients are switched off.

    Notes
    -----
    torch runs on one thread, because networks this small gain nothing from more. To change that,
    set the environment variable OMP_NUM_THREADS before the first import, or call
    `torch.set_num_threads`.
    """
    epochs = arguments.whole("epochs", epochs, low=1)
    if watch is not None:
        arguments.function("watch", watch, "a History")
    train, validation = refusals.ready(model, train, validation, loss)
    batches = Batches(train[0], train[1], batch_size, seed=seed)
    refusals.try_last_batch(model, batches)
    optimizer = _optimizer(rule, model)
    rates = _Rates(schedule, optimizer, validation)
    record, mode = _Record(watch), model.training
    bar = _bar(epochs * len(batches), progress)
    try:
        with bar, _seeded(seed):
            for epoch in range(epochs):
                bar.set_description_str(f"epoch {epoch + 1} of {epochs}", refresh=False)
                model.train()
                for inputs, targets in batches:
                    rates.before_update(record.updates)
                    value = _update(model, inputs, targets, loss, optimizer)
                    record.update(value, optimizer, len(inputs))
                    bar.set_postfix_str(f"loss {value:.3g}{record.standing}", refresh=False)
                    bar.update()
                with record.paused():
                    score = None if validation is None else evaluate(model, validation, loss)
                record.epoch(score)
                rates.after_epoch(score)
    except _DivergedError as diverged:
        record.stopped = _why_diverged(diverged, record.updates, epoch, optimizer)
    except KeyboardInterrupt:
        record.stopped = _interrupted(record.updates, epoch, epochs)
    finally:
        model.train(mode)
    record.draw()
    if progress:
        done = f"{_counted(epochs, 'epoch')} of {_counted(len(batches), 'update')} done."
        print(record.stopped or done)
    return record.history()


def evaluate(
    model: torch.nn.Module,
    data: Any,
    loss: Callable = torch.nn.functional.cross_entropy,
) -> Score:
    """Return the mean loss and the accuracy of `model` on `data`, without changing it.

    Parameters
    ----------
    model : torch.nn.Module
    data : LabeledImages, or pair (inputs, targets)
        As for `fit`.
    loss : callable
        As for `fit`.
    """
    x, y = refusals.tensors("data", data, refusals.checked_model(model))
    made = refusals.try_out(model, "data", (x, y), refusals.checked_loss(loss))
    labels = not y.is_floating_point() and made.ndim == y.ndim + 1
    total, right = 0.0, 0
    with refusals.evaluating(model):
        for inputs, targets in zip(x.split(_CHUNK), y.split(_CHUNK), strict=True):
            scores = model(inputs)
            total += float(loss(scores, targets)) * len(inputs)
            if labels:
                right += int((scores.argmax(dim=1) == targets).sum())
    return Score(total / len(x), right / y.numel() if labels else math.nan)


def accuracy(model: torch.nn.Module, data: Any) -> float:
    """Return the share of examples in `data` whose label gets the highest score from `model`.

    Parameters
    ----------
    model, data
        As for `evaluate`.
    """
    return evaluate(model, data).accuracy


def outputs(model: torch.nn.Module, inputs: Any) -> torch.Tensor:
    """Return the output of `model` for all `inputs`, without gradients, in chunks to save memory.

    Parameters
    ----------
    model : torch.nn.Module
    inputs : tensor or ndarray, shape (n, ...)

    Returns
    -------
    tensor, shape (n, ...)
        For a classifier, its scores: `.softmax(1)` turns them into probabilities, `.argmax(1)` into
        labels.
    """
    refusals.checked_model(model)
    x = refusals.floats(refusals.tensor("inputs", inputs), model)
    with refusals.evaluating(model):
        return torch.cat([refusals.answer(model, chunk) for chunk in x.split(_CHUNK)])


# --------------------------------------------------------------------------------- the parts of fit

# How many examples are evaluated at once, few enough to need little memory.
_CHUNK = 1000

_BAR = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]{postfix}"


class _DivergedError(Exception):
    """The loss is no longer finite."""


def _update(
    model: torch.nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    loss: Callable,
    optimizer: torch.optim.Optimizer,
) -> float:
    """Take one step on one batch, and return the loss before it."""
    optimizer.zero_grad()
    value = loss(model(inputs), targets)
    before: float = value.item()
    if not math.isfinite(before):
        raise _DivergedError(before)
    value.backward()
    optimizer.step()
    return before


class _Rates:
    """Set the learning rate: by a schedule before each update, or by a plateau after each epoch."""

    def __init__(self, schedule: Any, optimizer: torch.optim.Optimizer, validation: Any) -> None:
        self.optimizer, self.schedule, self.plateau = optimizer, schedule, None
        if hasattr(schedule, "init") and not isinstance(schedule, type):
            if validation is None:
                raise ValueError(
                    f"schedule = {schedule!r} needs a validation set, whose loss it follows."
                )
            self.schedule, self.plateau, self.memory = None, schedule, schedule.init()
            self._set(self.memory["lr"])
        elif schedule is not None:
            schedules.as_schedule(schedule, "the update's number k, or a ReduceOnPlateau")

    def before_update(self, k: int) -> None:
        if self.schedule is not None:
            self._set(self.schedule(k))

    def after_epoch(self, score: Any) -> None:
        if self.plateau is not None:
            lr, self.memory = self.plateau.step(score.loss, self.memory)
            self._set(lr)

    def _set(self, lr: Any) -> None:
        lr = arguments.number("the learning rate of the schedule", lr, low=0)
        for group in self.optimizer.param_groups:
            group["lr"] = lr


def _bar(total: int, progress: bool) -> tqdm:
    # On stdout, because Jupyter shows stderr as an alarm.
    return tqdm(
        total=total,
        bar_format=_BAR,
        ncols=96,
        file=sys.stdout,
        leave=False,
        disable=not progress,
    )


@contextlib.contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Seed torch for this run alone, and leave the reader's own random numbers untouched."""
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed % 2**63)  # torch accepts no larger seed
        yield


class _Record:
    """Collect the data of a History, and show it to `watch` as it grows."""

    def __init__(self, watch: Callable | None) -> None:
        self.watch = watch
        self.losses: list[float] = []
        self.rates: list[float] = []
        self.examples: list[int] = []
        self.seconds: list[float] = []
        self.epoch_ends: list[int] = []
        self.scores: list[Any] = []
        self.seen, self.stopped, self.standing = 0, "", ""
        self.start = self.drawn = time.perf_counter()

    @property
    def updates(self) -> int:
        return len(self.losses)

    def update(self, loss: float, optimizer: torch.optim.Optimizer, examples: int) -> None:
        now = time.perf_counter()
        self.seen += examples
        self.losses.append(loss)
        self.rates.append(float(optimizer.param_groups[0]["lr"]))
        self.examples.append(self.seen)
        self.seconds.append(now - self.start)
        if self.watch and now - self.drawn > 0.25:
            self.draw()

    def epoch(self, score: Score | None) -> None:
        self.epoch_ends.append(self.updates)
        if score is not None:
            self.scores.append(score)
            self.standing = (
                f", validation {score.loss:.3f}"
                if math.isnan(score.accuracy)
                else f", validation {score.accuracy:.1%}"
            )

    def draw(self) -> None:
        if self.watch:
            with self.paused():
                self.watch(self.history())
            self.drawn = time.perf_counter()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock that `seconds` is read from."""
        before = time.perf_counter()
        yield
        self.start += time.perf_counter() - before

    def history(self) -> History:
        return History(
            losses=np.array(self.losses),
            learning_rates=np.array(self.rates),
            examples=np.array(self.examples, dtype=int),
            seconds=np.array(self.seconds),
            epoch_ends=np.array(self.epoch_ends, dtype=int),
            validation_losses=np.array([score.loss for score in self.scores]),
            validation_accuracies=np.array([score.accuracy for score in self.scores]),
            stopped=self.stopped,
        )


def _optimizer(rule: Any, model: torch.nn.Module) -> torch.optim.Optimizer:
    parameters = refusals.trainable(model)
    if not isinstance(rule, torch.optim.Optimizer):
        return as_torch(rule, parameters)
    held = {id(p) for group in rule.param_groups for p in group["params"]}
    if not any(id(p) in held for p in parameters):
        raise ValueError(
            "rule is an optimizer of other parameters than the model's: create a new one "
            "from model.parameters()."
        )
    try:
        inspect.signature(rule.step).bind()
    except TypeError:
        raise TypeError(
            f"rule must take its step from the gradient alone, but {type(rule).__name__} computes "
            "the loss several times in a step: write its loop by hand."
        ) from None
    return rule


def _why_diverged(
    diverged: Exception, updates: int, epoch: int, optimizer: torch.optim.Optimizer
) -> str:
    if not updates:
        return (
            f"Stopped before the first update: the loss is {diverged}. Look for NaN in the inputs "
            "or in the model's first weights."
        )
    lr = float(optimizer.param_groups[0]["lr"])
    return (
        f"Training diverged: in epoch {epoch + 1}, after {_counted(updates, 'update')}, the loss "
        f"is {diverged}. Try a learning rate smaller than {lr:g}, on a model made anew."
    )


def _interrupted(updates: int, epoch: int, epochs: int) -> str:
    return (
        f"Interrupted in epoch {epoch + 1} of {epochs}, after {_counted(updates, 'update')}. "
        "The model keeps what it has learned so far."
    )


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" + "s" * (number != 1)


# ---------------------------------------------------------------------------- the parts of as_torch


def _entries(rule: Any) -> dict[str, Any]:
    """Return the entries of a parameter group, with β₁ and β₂ as one, as torch's schedulers do."""
    entries = {f.name: getattr(rule, f.name) for f in dataclasses.fields(rule) if f.init}
    if "beta1" in entries and "beta2" in entries:
        entries["betas"] = entries.pop("beta1"), entries.pop("beta2")
    return entries


def _fields(entries: dict[str, Any]) -> dict[str, Any]:
    """Return a rule's hyper-parameters from the entries of a parameter group."""
    fields = {**entries}
    if "betas" in fields:
        fields["beta1"], fields["beta2"] = fields.pop("betas")
    return fields


def _keep_freed_memory() -> None:
    # Rules create new tensors all the time. glibc returns freed blocks of this size to the system
    # at once and fetches them again page by page, which doubles the time of a step. After one large
    # block was freed, it keeps all smaller ones.
    torch.empty(2**25 - 2**16, dtype=torch.uint8)
