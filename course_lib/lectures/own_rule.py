"""Your own rule: is it fit to race, and if not, what is to be mended? Said in plain words.

`check` tries a rule on arrays, on a quadratic, and if asked on torch tensors. What it refuses
cannot race.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import numpy as np

from course_lib.descent import descend
from course_lib.landscapes import bowl
from course_lib.lectures.sweep import RATES, identity, sweep
from course_lib.live.notes import Note

_TRIAL = bowl(10)
_HOME = np.array([1.5, -1.0])


def check(rule: Any, tensors: bool = False) -> Note:
    """Say whether a rule is fit to race, and if not, what to mend. Never raises.

    It is tried on a quadratic: has it the form of a rule, does a step leave unchanged what it was
    given, does it give the same answer twice, does it keep shapes and dtypes, does it obey the
    learning rate it is handed, and does the loss fall.

    Parameters
    ----------
    rule : update rule
        A dataclass created with its values, such as `MyRule(lr=0.1)`.
    tensors : bool
        Also try it on torch tensors, as it will meet them in a network.
    """
    wrong = refusal(rule, tensors)
    if wrong:
        return Note(wrong, "Not yet.", "wrong")
    slow = _slow(rule)
    if slow:
        return Note(slow, "Ready to race.", "right")
    walk = descend(_TRIAL, rule, _HOME, 200)
    fell = f"its loss on a quadratic falls from {walk.losses[0]:.2g} to {walk.losses[-1]:.1e}"
    where = ", on arrays and on tensors" if tensors else ""
    return Note(
        f"{type(rule).__name__} is a rule{where}: {fell} in 200 steps, a step changes nothing it "
        "was given, and shapes and dtypes stay.",
        "Ready to race.",
        "right",
    )


_REFUSED: dict[tuple, str] = {}  # the race asks at every frame


def refusal(rule: Any, tensors: bool = False) -> str:
    """Return what keeps a rule from racing, or nothing. See `check`.

    Parameters
    ----------
    rule : update rule
        From `course_lib.optimizers`, or a reader's own.
    tensors : bool
        Whether it also has to run on tensors.
    """
    asked = (*identity(rule), tensors)
    if asked not in _REFUSED:
        if len(_REFUSED) >= 100:
            _REFUSED.clear()
        try:
            _REFUSED[asked] = _form(rule) or _steps(rule, tensors) or _descent(rule)
        except KeyboardInterrupt:
            return "You stopped the check. Does your `step` end?"
    return _REFUSED[asked]


def _form(rule: Any) -> str:
    """Return what is wrong with how the rule is written, or nothing."""
    if isinstance(rule, type):
        return f"That is the class. Make a rule of it, with its values: `{rule.__name__}(lr=0.1)`."
    name = type(rule).__name__
    if not dataclasses.is_dataclass(rule):
        return f"{name} is not a dataclass. Write `@dataclass(frozen=True)` above its `class`."
    for method, call in (("init", "init(self, w)"), ("step", "step(self, w, g, state, lr=None)")):
        if not callable(getattr(rule, method, None)):
            return f"{name} has no method `{call}`."
    for method, given in (("init", {"w"}), ("step", {"w", "g", "state", "lr"})):
        takes = inspect.signature(getattr(rule, method)).parameters
        if not given <= set(takes):
            missing = ", ".join(sorted(given - set(takes)))
            return f"`{method}` of {name} must also take {missing}; it takes {', '.join(takes)}."
    return ""


def _steps(rule: Any, tensors: bool) -> str:
    """Return what is wrong with a step, or nothing."""
    for shape in ((2,), (3, 2)):
        for dtype in ("f8", "f4"):
            w = np.linspace(-1, 2, int(np.prod(shape))).reshape(shape).astype(dtype)
            where = f"for a w of shape {shape} and type {w.dtype}"
            wrong = _one_step(rule, w, 3 * w, where, _FOR_ARRAYS)
            if wrong:
                return wrong
    return _on_tensors(rule) if tensors else ""


_FOR_ARRAYS = (
    " The race runs on numpy arrays: use operators, such as `g**2`, `abs(g)` and `v**0.5`, which "
    "arrays and torch tensors both understand."
)
_FOR_TENSORS = (
    " A network hands over torch tensors: use operators, such as `g**2` and `abs(g)`, or begin "
    "with `from array_api_compat import array_namespace` and call `array_namespace(w).sign(g)`."
)


def _on_tensors(rule: Any) -> str:
    """Return what is wrong with a step on tensors, or nothing.

    numpy's functions take a tensor and may even return one, but only on a CPU, and outside of
    torch's graph. So the step runs once more with the way from tensor to array blocked.
    """
    import torch

    def refused(self: Any, *ignored: Any, **ignored_too: Any) -> Any:
        raise _UsesNumpyError

    usual = torch.Tensor.__array__
    for shape in ((1, 2), (3, 2)):
        w = torch.linspace(-1, 2, shape[0] * shape[1]).reshape(shape)
        torch.Tensor.__array__ = refused  # type: ignore[method-assign]
        try:
            rule.step(w + 0, 3 * w, rule.init(w))
        except _UsesNumpyError:
            return f"Your rule hands a torch tensor to a function of numpy.{_FOR_TENSORS}"
        except Exception:
            pass  # said below, with what it is
        finally:
            torch.Tensor.__array__ = usual  # type: ignore[method-assign]
        wrong = _one_step(rule, w, 3 * w, "on a torch tensor", _FOR_TENSORS)
        if wrong:
            return wrong
    return ""


class _UsesNumpyError(Exception):
    """A tensor was to become an array."""


_BEGIN = " Begin with `0 * w`, which has the shape and the type of w."


def _one_step(rule: Any, w: Any, g: Any, where: str, advice: str = "") -> str:
    before = [w + 0, g + 0]
    try:
        state = rule.init(w)
        if flaw := _flaw_of_init(state, w):
            return flaw
        kept = {name: value + 0 for name, value in state.items()}
        made = rule.step(w, g, state)
        again = rule.step(w, g, state)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        return _stopped(error, where, advice)
    if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], dict)):
        return "`step` must return two things, the new w and the new state: `return w, {…}`."
    same = [_equal(a, b) for a, b in zip([w, g], before, strict=True)]
    same.append(state.keys() == kept.keys() and all(_equal(state[n], kept[n]) for n in kept))
    for unchanged, name in zip(same, ("w", "g", "state"), strict=True):
        if not unchanged:
            return (
                f"`step` changes the `{name}` it was given. `w -= …` and `state[…] = …` write into "
                "it; `w = w - …` and a new dictionary do not."
            )
    if flaw := _flaw_of_parameters(made[0], w, state, advice) or _flaw_of_state(made[1], state, w):
        return flaw
    if not np.isfinite(np.asarray(made[0])).all():
        return f"`step` returns a w that is not finite, {where}. Does it divide by zero?"
    if not _equal(made[0], again[0]):
        return (
            "The same step, taken twice, ends in two places. A rule must not draw random numbers, "
            "and what it remembers belongs in its state."
        )
    return ""


def _flaw_of_init(state: Any, w: Any) -> str:
    if not isinstance(state, dict):
        return "`init` must return a dictionary, `{}` if there is nothing to remember."
    for name, value in state.items():
        if not isinstance(value, (type(w), int, float, np.generic)):
            return (
                f"`init` makes a `{name}` of type {type(value).__name__}. It must be a number, "
                f"or of w's own type, {type(w).__name__}.{_BEGIN}"
            )
    return ""


def _flaw_of_parameters(made: Any, w: Any, state: dict, advice: str) -> str:
    if type(made) is not type(w):
        return f"`step` must return w as {type(w).__name__}, got {type(made).__name__}.{advice}"
    if made.shape == w.shape and made.dtype == w.dtype:
        return ""
    foreign = [n for n, v in state.items() if getattr(v, "dtype", w.dtype) != w.dtype]
    blame = f" `init` makes a `{foreign[0]}` of another type.{_BEGIN}" if foreign else ""
    return (
        f"`step` must keep the shape and the type of w: it was given {tuple(w.shape)}, "
        f"{w.dtype}, and returned {tuple(made.shape)}, {made.dtype}.{blame}"
    )


def _flaw_of_state(made: dict, state: dict, w: Any) -> str:
    if made.keys() != state.keys():
        return (
            f"`init` makes a state of {_listed(state)}, and `step` returns one of "
            f"{_listed(made)}. Both must hold the same names."
        )
    for name, value in made.items():
        if np.shape(value) != np.shape(state[name]):
            return (
                f"`step` changes the shape of the state's `{name}`, "
                f"from {np.shape(state[name])} to {np.shape(value)}."
                f"{_BEGIN if np.shape(value) == tuple(w.shape) else ''}"
            )
    return ""


def _stopped(error: Exception, where: str, advice: str = "") -> str:
    if "truth value of an array" in str(error):  # numpy's own advice is of no use here
        advice = (
            " An `if` sees all coordinates at once. Compute with the comparison instead, as in "
            f"`(g > 0) * g`.{advice}"
        )
    return f"Your rule stops with {type(error).__name__} ({error}), {where}.{advice}"


def _descent(rule: Any) -> str:
    """Return why the loss does not fall, or nothing."""
    try:
        return _fails_to_descend(rule)
    except Exception as error:  # such as in its fourth step, or with a rate of the sweep
        return _stopped(error, "on its way down the quadratic")


def _fails_to_descend(rule: Any) -> str:
    if hasattr(rule, "lr"):
        w, g = _HOME, _TRIAL.gradient(_HOME)
        usual, longer = (rule.step(w, g, rule.init(w), lr)[0] for lr in (None, 2 * rule.lr or 1.0))
        if not _equal(usual, rule.step(w, g, rule.init(w), rule.lr)[0]) or _equal(usual, longer):
            return (
                "`step` does not use the learning rate it is handed. Begin with "
                "`lr = self.lr if lr is None else lr`."
            )
    walk = descend(_TRIAL, rule, _HOME, 200)
    if walk.diverged_at is None and walk.losses[-1] < walk.losses[0]:
        return ""
    ended = f"in 200 steps the loss goes from {walk.losses[0]:.3g} to {walk.losses[-1]:.3g}"
    if not hasattr(rule, "lr"):
        return f"It does not descend: {ended}. Is there a minus in front of the step?"
    tried = sweep(_TRIAL, rule, _HOME, 200)
    if tried.gaps[-1, tried.best] < 0.9 * tried.gaps[0, 0]:
        return (
            f"With lr = {rule.lr:g} it does not descend: {ended}. "
            f"With lr = {tried.best_rate:.2g} it does."
        )
    return (
        f"It does not descend, with no learning rate from {RATES[0]:g} to {RATES[-1]:g}: {ended}. "
        "Is there a minus in front of the step?"
    )


def _slow(rule: Any) -> str:
    """Return what to say to a rule that descends, but takes long; or nothing."""
    walk = descend(_TRIAL, rule, _HOME, 200)
    if walk.losses[-1] < 0.9 * walk.losses[0] or not hasattr(rule, "lr"):
        return ""
    tried = sweep(_TRIAL, rule, _HOME, 200)
    return (
        f"{type(rule).__name__} is a rule, but with lr = {rule.lr:g} it is slow on this quadratic: "
        f"in 200 steps the loss goes from {walk.losses[0]:.3g} to {walk.losses[-1]:.3g}. With "
        f"lr = {tried.best_rate:.2g} it falls to {tried.gaps[-1, tried.best]:.1e}. The race finds "
        "that rate by itself."
    )


def _listed(state: dict) -> str:
    return ", ".join(state) or "nothing"


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
