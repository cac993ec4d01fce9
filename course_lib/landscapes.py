"""Loss landscapes: small functions with a known gradient, known minima and a window to draw.

They come first in the flow: `descent` walks on them, and `plots` draws them. Each takes a whole
batch of points at once, so the last axis of `w` holds the coordinates and all others count runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from course_lib import arguments


@dataclass(frozen=True, eq=False, repr=False)
class Landscape:
    """A loss L(w) of d coordinates with its gradient ∇L(w).

    Call it for the value. Numpy arrays and torch tensors both work, so autograd can check the
    hand-written gradient.

    Parameters
    ----------
    name : str
        Its name in a list or a title.
    formula : str
        L in LaTeX, without dollar signs.
    value : callable
        `value(x1, ..., xd)` → L, one argument for each coordinate.
    partials : callable
        `partials(x1, ..., xd)` → the d partial derivatives ∂L/∂x1, …, ∂L/∂xd.
    minima : array_like, shape (k, d)
        Every local minimum.
    bounds : array_like, shape (d, 2)
        The part worth drawing: the lowest and the highest value of each coordinate.

    Attributes
    ----------
    dimension : int
        d, the number of coordinates.

    Examples
    --------
    >>> float(banana([2.0, 2.0]))
    5.0
    >>> banana.gradient([2.0, 2.0])
    array([18., -4.])
    """

    name: str
    formula: str
    value: Callable[..., Any]
    partials: Callable[..., tuple]
    minima: Any
    bounds: Any
    dimension: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        arguments.function("value", self.value, "the coordinates")
        arguments.function("partials", self.partials, "the coordinates")
        bounds = np.array(self.bounds, dtype=float)
        if bounds.ndim != 2 or bounds.shape[1] != 2 or not np.all(bounds[:, 0] < bounds[:, 1]):
            raise ValueError(
                f"bounds must be one (low, high) pair for each coordinate, got {self.bounds!r}."
            )
        object.__setattr__(self, "bounds", bounds)
        object.__setattr__(self, "dimension", len(bounds))
        object.__setattr__(self, "minima", arguments.points("minima", self.minima, len(bounds)))

    def __call__(self, w: Any) -> Any:
        """Return the loss L(w), shape (...), for points `w` of shape (..., d).

        Where d = 1, a plain number is a point too. Any other shape raises ValueError.
        """
        return self.value(*_coordinates(arguments.points("w", w, self.dimension)))

    def gradient(self, w: Any) -> Any:
        """Return the gradient ∇L(w), of the same shape as `w`."""
        if type(w) is np.ndarray and w.shape == (self.dimension,) and w.dtype == float:
            # One run, as at each step of most walks: Python's own floats take half the time. They
            # raise where numpy's become infinite, and then numpy's are used after all.
            try:
                return np.array(self.partials(*w.tolist()), dtype=float)
            except (ArithmeticError, TypeError, AttributeError):
                pass
        w = arguments.points("w", w, self.dimension)
        partials = self.partials(*_coordinates(w))
        if w.ndim == 0:
            return partials[0]
        if w.ndim == 1 and isinstance(w, np.ndarray):  # four times faster than stack
            return np.array(partials, dtype=w.dtype)
        return array_namespace(w).stack(partials, axis=-1)

    def __repr__(self) -> str:
        return f"<Landscape {self.name}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        # A landscape of this module is pickled by its name, because its formulas are lambdas.
        name = next((name for name, known in globals().items() if known is self), None)
        return name or super().__reduce_ex__(protocol)


def _coordinates(w: Any) -> list:
    """Return the d coordinates of `w`, each as an array of the shape of the runs."""
    if w.ndim > 1:
        return [w[..., i] for i in range(w.shape[-1])]
    return list(w) if w.ndim else [w]


quartic = Landscape(
    name="quartic",
    formula=r"w^4 - 3w^3 + 2",
    value=lambda w: w**4 - 3 * w**3 + 2,
    partials=lambda w: (4 * w**3 - 9 * w**2,),
    minima=[[9 / 4]],  # w = 0 has slope 0 too, but is an inflection
    bounds=[[-1.6, 3.4]],
)

# Rosenbrock (1960), equation 1, with the coefficient 1 in place of 100.
banana = Landscape(
    name="banana",
    formula=r"(x_2 - x_1^2)^2 + (1 - x_1)^2",
    value=lambda x, y: (y - x**2) ** 2 + (1 - x) ** 2,
    partials=lambda x, y: (-4 * x * (y - x**2) - 2 * (1 - x), 2 * (y - x**2)),
    minima=[[1, 1]],
    bounds=[[-2.2, 2.6], [-1.2, 3.6]],
)


def bowl(condition: float = 10.0, angle: float = 0.0) -> Landscape:
    """Return the quadratic ½(u₁² + κu₂²), whose axes u are turned by `angle`.

    Parameters
    ----------
    condition : float
        κ ≥ 1, the ratio of the largest to the smallest curvature. The curvatures are 1 and κ.
    angle : float
        How far the axes are turned relative to the coordinates, in degrees.
    """
    kappa = arguments.number("condition", condition, low=1)
    turn = math.radians(arguments.number("angle", angle))
    axes = kappa, math.cos(turn), math.sin(turn)
    turned = f" turned by {angle:g}°" if angle else ""
    u = "u" if angle else "x"
    return Landscape(
        name=f"bowl, κ = {condition:g}{turned}",
        formula=rf"\frac{{1}}{{2}}({u}_1^2 + {condition:g}\,{u}_2^2)",
        value=partial(_bowl_value, *axes),
        partials=partial(_bowl_partials, *axes),
        minima=[[0, 0]],
        bounds=[[-2.4, 2.4], [-2.4, 2.4]],
    )


def _bowl_value(kappa: float, c: float, s: float, x: Any, y: Any) -> Any:
    return ((c * x + s * y) ** 2 + kappa * (c * y - s * x) ** 2) / 2


def _bowl_partials(kappa: float, c: float, s: float, x: Any, y: Any) -> tuple:
    u, v = c * x + s * y, kappa * (c * y - s * x)
    return c * u - s * v, s * u + c * v


saddle = Landscape(
    name="saddle",
    formula=r"\frac{1}{2}x_1^2 - \frac{1}{2}x_2^2 + \frac{1}{4}x_2^4 + \frac{1}{4}",
    value=lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4 + 1 / 4,
    partials=lambda x, y: (x, y**3 - y),
    minima=[[0, -1], [0, 1]],  # the saddle point itself is (0, 0)
    bounds=[[-2, 2], [-1.8, 1.8]],
)

# Beale (1958), in the usual form with 1.5, 2.25 and 2.625.
beale = Landscape(
    name="Beale",
    formula=r"(1.5 - x_1 + x_1x_2)^2 + (2.25 - x_1 + x_1x_2^2)^2 + (2.625 - x_1 + x_1x_2^3)^2",
    value=lambda x, y: (
        (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    ),
    partials=lambda x, y: (
        2 * (1.5 - x + x * y) * (y - 1)
        + 2 * (2.25 - x + x * y**2) * (y**2 - 1)
        + 2 * (2.625 - x + x * y**3) * (y**3 - 1),
        2 * (1.5 - x + x * y) * x
        + 4 * (2.25 - x + x * y**2) * x * y
        + 6 * (2.625 - x + x * y**3) * x * y**2,
    ),
    minima=[[3, 0.5]],
    bounds=[[-1, 4.5], [-2, 2]],
)

# Himmelblau (1972): four minima of value 0, of which three are irrational (in double precision).
himmelblau = Landscape(
    name="Himmelblau",
    formula=r"(x_1^2 + x_2 - 11)^2 + (x_1 + x_2^2 - 7)^2",
    value=lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    partials=lambda x, y: (
        4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7),
        2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7),
    ),
    minima=[
        [3, 2],
        [-2.805118086952745, 3.131312518250573],
        [-3.779310253377747, -3.283185991286170],
        [3.584428340330492, -1.848126526964404],
    ],
    bounds=[[-5, 5], [-5, 5]],
)

# A shallow valley at x₁ ≈ 0.96 and a deep one at x₁ ≈ -1.04, separated by a ridge at x₁ ≈ 0.08.
two_valleys = Landscape(
    name="two valleys",
    formula=r"(x_1^2 - 1)^2 + 0.3\,x_1 + x_2^2",
    value=lambda x, y: (x**2 - 1) ** 2 + 0.3 * x + y**2,
    partials=lambda x, y: (4 * x * (x**2 - 1) + 0.3, 2 * y),
    minima=[[x, 0.0] for x in np.sort(np.roots([4, 0, -4, 0.3]))[[0, 2]]],
    bounds=[[-1.8, 1.8], [-1.4, 1.4]],
)


def _rastrigin_value(x: Any, y: Any) -> Any:
    cos = array_namespace(x).cos
    return 20 + x**2 - 10 * cos(2 * math.pi * x) + y**2 - 10 * cos(2 * math.pi * y)


def _rastrigin_partials(x: Any, y: Any) -> tuple:
    sin = array_namespace(x).sin
    return tuple(2 * u + 20 * math.pi * sin(2 * math.pi * u) for u in (x, y))


def _rastrigin_minima() -> np.ndarray:
    """Return the minima in the window: one near each pair of whole numbers (Newton's method)."""
    u = np.arange(-2.0, 3.0)
    for _ in range(20):
        slope = 2 * u + 20 * math.pi * np.sin(2 * math.pi * u)
        u = u - slope / (2 + 40 * math.pi**2 * np.cos(2 * math.pi * u))
    return np.array([(a, b) for a in u for b in u])


# Rastrigin (1974): a bowl with a dimple near every pair of whole numbers; the lowest is at (0, 0).
# The usual square reaches to ±5.12. Its middle is drawn, where 25 dimples can still be told apart.
rastrigin = Landscape(
    name="Rastrigin",
    formula=r"20 + \sum_i x_i^2 - 10\cos 2\pi x_i",
    value=_rastrigin_value,
    partials=_rastrigin_partials,
    minima=_rastrigin_minima(),
    bounds=[[-2.5, 2.5], [-2.5, 2.5]],
)

LANDSCAPES = arguments.Names(
    {
        "quartic": quartic,
        "banana": banana,
        "bowl": bowl(10),
        "saddle": saddle,
        "beale": beale,
        "himmelblau": himmelblau,
        "two_valleys": two_valleys,
        "rastrigin": rastrigin,
    }
)
