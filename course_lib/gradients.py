"""Gradients by nudging: finite differences, and how they check a hand-written gradient.

Every function takes any `f` that maps points of shape (..., d) to values of shape (...). All
points nudged in the same direction go through `f` in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib import arguments


def forward_difference(f: Callable, w: Any, eps: float = 1e-8) -> np.ndarray:
    """Return (f(w + εeᵢ) − f(w)) / ε for each coordinate i. The error grows like ε.

    Parameters
    ----------
    f : callable
        Takes points of shape (..., d), returns values of shape (...).
    w : array_like, shape (..., d), or a number
        Where to measure the slope. Its dtype decides the precision (float32 stays float32).
    eps : float
        The nudge ε > 0.

    Returns
    -------
    ndarray, shape (..., d); a number for a number
    """
    w, eps = _checked(w, eps)
    return (_at(f, _nudged(w, eps)) - _base(f, w)) / eps


def backward_difference(f: Callable, w: Any, eps: float = 1e-8) -> np.ndarray:
    """Return (f(w) − f(w − εeᵢ)) / ε for each coordinate i. The error grows like ε.

    Parameters
    ----------
    f, w, eps
        As for `forward_difference`.

    Returns
    -------
    ndarray, of the shape of `w`
    """
    w, eps = _checked(w, eps)
    return (_base(f, w) - _at(f, _nudged(w, -eps))) / eps


def central_difference(f: Callable, w: Any, eps: float = 1e-5) -> np.ndarray:
    """Return (f(w + εeᵢ) − f(w − εeᵢ)) / 2ε for each coordinate i. The error grows like ε².

    Costs 2d values of `f` instead of d + 1.

    Parameters
    ----------
    f, w, eps
        As for `forward_difference`.

    Returns
    -------
    ndarray, of the shape of `w`
    """
    w, eps = _checked(w, eps)
    return (_at(f, _nudged(w, eps)) - _at(f, _nudged(w, -eps))) / (2 * eps)


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradient`. It is true if the gradient passed.

    Attributes
    ----------
    claimed, measured : ndarray, shape (..., d)
        The gradient under test and the central difference.
    error : ndarray, shape (..., d)
        |claimed − measured| / max(|claimed|, |measured|, 1), entry by entry.
    tolerance : float
        The largest error that passes.
    """

    claimed: np.ndarray
    measured: np.ndarray
    error: np.ndarray
    tolerance: float

    def __bool__(self) -> bool:
        return bool(np.all(self.error <= self.tolerance))

    def __str__(self) -> str:
        if self:
            return f"The gradient is right to {self.tolerance:g} in every entry."
        wrong = ~(self.error <= self.tolerance)  # NaN counts as wrong
        entry = np.unravel_index(np.argmax(np.where(wrong, self.error, -1)), wrong.shape)
        if np.isnan(self.error).any():
            entry = tuple(np.argwhere(np.isnan(self.error))[0])
        where = ", ".join(str(int(i)) for i in entry)
        claimed, measured = self.claimed[entry], self.measured[entry]
        return (
            f"{int(wrong.sum())} of {wrong.size} entries are wrong. Worst at [{where}]: your "
            f"gradient says {claimed:.6g}, nudging the weight says {measured:.6g}."
        )


def check_gradient(
    f: Callable, gradient: Callable, w: Any, eps: float = 1e-5, tolerance: float = 1e-6
) -> GradientCheck:
    """Compare a hand-written gradient with the central difference.

    Parameters
    ----------
    f : callable
        Takes points of shape (..., d), returns values of shape (...).
    gradient : callable
        Takes the same points, returns the gradient of shape (..., d).
    w : array_like, shape (..., d)
        Where to compare; several points at once find more mistakes.
    eps : float
        The nudge ε > 0.
    tolerance : float
        The largest relative error that passes.

    Raises
    ------
    ValueError
        If `gradient` returns a shape other than that of `w`.
    """
    arguments.function("gradient", gradient, "the points w")
    tolerance = arguments.number("tolerance", tolerance, low=0)
    measured = central_difference(f, w, eps)
    at = np.asarray(w, dtype=measured.dtype)
    claimed = arguments.floats("what gradient returns", gradient(at)).astype(float)
    if claimed.shape != measured.shape:
        raise ValueError(
            f"gradient must return an array of the shape of w, {measured.shape}, "
            f"got shape {claimed.shape}."
        )
    scale = np.maximum(np.maximum(abs(claimed), abs(measured)), 1)
    return GradientCheck(claimed, measured, abs(claimed - measured) / scale, tolerance)


def _checked(w: Any, eps: float) -> tuple[Any, Any]:
    """Return `w` as an array of floats and `eps` in the same precision."""
    arguments.number("eps", eps, low=0, open_low=True)
    w = arguments.floats("w", w)
    return w, w.dtype.type(eps)


def _nudged(w: Any, eps: Any) -> Any:
    """Return w + εeᵢ for every coordinate i, in shape (..., d, d), or w + ε for a number."""
    return w[..., None, :] + eps * np.eye(w.shape[-1], dtype=w.dtype) if w.ndim else w + eps


def _base(f: Callable, w: np.ndarray) -> np.ndarray:
    return _at(f, w)[..., None] if w.ndim else _at(f, w)


def _at(f: Callable, w: np.ndarray) -> np.ndarray:
    arguments.function("f", f, "the points w")
    values = arguments.floats("what f returns", f(w))
    if values.shape != w.shape[:-1]:
        raise ValueError(
            f"f must map points of shape {w.shape} to values of shape {w.shape[:-1]}, "
            f"got shape {values.shape}."
        )
    return values
