"""Checks of arguments, so that every public function reports a mistake in the same plain words.

A check returns the value, ready to use, or raises an exception that names the argument, its value
and what is allowed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
    array: bool = False,
) -> Any:
    """Return `value` as a float, or raise an exception that says which numbers are allowed.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : number or array_like
        The value that the caller passed.
    low, high : float
        The allowed interval. It is closed unless `open_low` or `open_high` is set.
    array : bool
        Also accept an array of numbers, one for each run of a batch, and return it as an array.

    Raises
    ------
    TypeError
        If `value` is not a number (or, with `array`, not numbers).
    ValueError
        If a number is NaN, infinite or outside the interval.
    """
    if type(value) is float and low < value < high:
        return value  # as nearly all are
    wanted = _interval(low, high, open_low, open_high)
    try:
        if isinstance(value, bool):
            raise TypeError
        numbers = _real(value).astype(float)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise TypeError(f"{name} must be {wanted}, got {value!r}.{_detach(name, value)}") from None
    if numbers.ndim and not array:
        raise TypeError(f"{name} must be {wanted}, got an array of shape {numbers.shape}.")
    inside = (numbers > low) if open_low else (numbers >= low)
    inside &= (numbers < high) if open_high else (numbers <= high)
    inside &= np.isfinite(numbers)
    if not np.all(inside):
        shown = value if numbers.ndim == 0 else f"{numbers[~inside].flat[0]:g} among its values"
        raise ValueError(f"{name} must be {wanted}, got {shown}.")
    return float(numbers) if numbers.ndim == 0 else numbers


def whole(name: str, value: Any, *, low: int = 0) -> int:
    """Return `value` as an int, or raise an exception that asks for a whole number.

    Parameters
    ----------
    name, value
        As for `number`.
    low : int
        The smallest value that is allowed.

    Raises
    ------
    TypeError
        If `value` is not a whole number.
    ValueError
        If `value` is below `low`.
    """
    try:
        if isinstance(value, (bool, str, bytes)) or np.ma.is_masked(value) or int(value) != value:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            f"{name} must be a whole number of at least {low}, got {value!r}."
        ) from None
    if value < low:
        raise ValueError(f"{name} must be a whole number of at least {low}, got {value}.")
    return int(value)


def function(name: str, value: Any, takes: str) -> Any:
    """Return `value` if it can be called, or raise a TypeError.

    Parameters
    ----------
    name, value
        As for `number`.
    takes : str
        The arguments that the function is called with, in words.
    """
    if not callable(value):
        raise TypeError(f"{name} must be a function of {takes}, got {value!r}.")
    return value


def one_of(name: str, value: Any, allowed: Iterable[str]) -> Any:
    """Return `value` if it is among `allowed`, or raise a ValueError that suggests the nearest.

    Parameters
    ----------
    name, value
        As for `number`.
    allowed : iterable of str
        Everything that may be chosen.
    """
    allowed = list(allowed)
    if value in allowed:
        return value
    raise ValueError(
        f"{name} must be one of {', '.join(allowed)}; got {value!r}.{nearest(value, allowed)}"
    )


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return " Did you mean …?" with the known name closest to `name`, or "" if none is close.

    Parameters
    ----------
    name : object
        The name that was asked for.
    known : iterable of str
        Every name there is.
    """
    by_lower_case = {word.lower(): word for word in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1, cutoff=0.5)
    return f" Did you mean {by_lower_case[near[0]]!r}?" if near else ""


class Names(dict):
    """A dictionary by name. If a name is missing, its error suggests the closest one."""

    def __missing__(self, name: str) -> Any:
        raise KeyError(
            f"There is no {name!r}.{nearest(name, self)} Known names: {', '.join(self)}."
        )


def floats(name: str, value: Any) -> np.ndarray:
    """Return `value` as an array of floats, in its own precision if it has one, else in float64.

    Parameters
    ----------
    name, value
        As for `number`, `value` of any shape.

    Raises
    ------
    TypeError
        If `value` is not made of numbers.
    """
    try:
        return _real(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise TypeError(f"{name} must be numbers, got {value!r}.{_detach(name, value)}") from None


def points(name: str, value: Any, dimension: int, *, finite: bool = False) -> Any:
    """Return `value` as points of `dimension` coordinates, the last axis of the array.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array_like or tensor, shape (..., dimension)
        Torch tensors pass through unchanged, while lists and whole numbers become float64 arrays.
        Where `dimension` is 1, a plain number is a point too.
    dimension : int
        The number of coordinates.
    finite : bool
        Also reject NaN and infinity.

    Raises
    ------
    TypeError
        If `value` is not made of numbers.
    ValueError
        If the last axis does not hold `dimension` coordinates, or a number is not finite.
    """
    tensor = hasattr(value, "ndim") and not isinstance(value, (np.ndarray, np.generic))
    w = value if tensor else floats(name, value)
    if (w.ndim and w.shape[-1] != dimension) or (not w.ndim and dimension != 1):
        advice = (
            f" For {w.shape[0]} points write {name}[:, None]."
            if (dimension == 1 and w.ndim == 1)
            else ""
        )
        raise ValueError(
            f"{name} must have shape (..., {dimension}), its last axis holding the "
            f"{dimension} coordinate{'s' * (dimension > 1)}, got shape {tuple(w.shape)}.{advice}"
        )
    if finite and not bool(abs(w).max() < math.inf if w.size else True):
        raise ValueError(f"{name} must be finite numbers, got {value!r}.")
    return w


def _real(value: Any) -> np.ndarray:
    """Return an array of floats, or raise for values that numpy would convert: None, text, …"""
    if type(value) is np.ndarray and value.dtype.kind == "f":
        return value  # as at every step of a walk
    array = np.asarray(value)
    if value is None or array.dtype.kind not in "biufO" or np.ma.is_masked(value):
        raise TypeError
    return array if array.dtype.kind == "f" else array.astype(float)


def _detach(name: str, value: Any) -> str:
    """Return advice for a tensor that numpy cannot read because autograd tracks it."""
    if not getattr(value, "requires_grad", False):
        return ""
    return f" A tensor that requires a gradient has to be detached: pass {name}.detach()."


def _interval(low: float, high: float, open_low: bool, open_high: bool) -> str:
    above = "above" if open_low else "at least"
    below = "below" if open_high else "at most"
    if low == -math.inf and high == math.inf:
        return "a finite number"
    if high == math.inf:
        return f"a number {above} {low:g}"
    if low == -math.inf:
        return f"a number {below} {high:g}"
    return f"a number {above} {low:g} and {below} {high:g}"
