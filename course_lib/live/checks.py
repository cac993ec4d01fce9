"""Checks of what an author hands to the engine: plain words for the argument and its value."""

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
) -> float:
    """Return `value` as a float between `low` and `high`, or say which numbers are allowed.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value
        What the caller passed.
    low, high : float
        The allowed interval, closed unless `open_low`.
    open_low : bool
        Whether `low` itself is refused.

    Raises
    ------
    TypeError, ValueError
        If `value` is no number, or none of the interval.
    """
    wanted = "a finite number"
    if math.isfinite(low):
        wanted = f"a number {'above' if open_low else 'at least'} {low:g}"
    if math.isfinite(high):
        wanted += f"{' and' if math.isfinite(low) else ' '} at most {high:g}"
    try:
        if isinstance(value, (str, bytes, bool)) or value is None or np.ndim(value):
            raise TypeError
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be {wanted}, got {value!r}.") from None
    inside = low < found if open_low else low <= found
    if not (inside and found <= high and math.isfinite(found)):
        raise ValueError(f"{name} must be {wanted}, got {value}.")
    return found


def whole(name: str, value: Any, *, low: int = 0) -> int:
    """Return `value` as an int of at least `low`, or say that one is needed.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value
        What the caller passed.
    low : int
        The least that is allowed.

    Raises
    ------
    TypeError, ValueError
        If `value` is no whole number, or below `low`.
    """
    wanted = f"a whole number of at least {low}"
    try:
        if isinstance(value, (bool, str, bytes)) or int(value) != value:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be {wanted}, got {value!r}.") from None
    if value < low:
        raise ValueError(f"{name} must be {wanted}, got {value}.")
    return int(value)


def function(name: str, value: Any, takes: str) -> Any:
    """Return `value` if it can be called, or raise a TypeError; `takes` says with what.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value
        What the caller passed.
    takes : str
        What the function is called with, in words.
    """
    if not callable(value):
        raise TypeError(f"{name} must be a function of {takes}, got {value!r}.")
    return value


def one_of(name: str, value: Any, allowed: Iterable[str]) -> Any:
    """Return `value` if it is among `allowed`, or raise a ValueError that suggests the nearest.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value
        What the caller passed.
    allowed : iterable of str
        All that may be chosen.
    """
    allowed = list(allowed)
    if value in allowed:
        return value
    near = difflib.get_close_matches(str(value), map(str, allowed), n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}; got {value!r}.{hint}")


def text(name: str, value: Any) -> str:
    """Return `value` if it is a text, or raise a TypeError.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value
        What the caller passed.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, got {value!r}.")
    return value
