"""Computational graphs: the value that flows forward along each edge, the gradient that flows back.

A room beside `plots`, for lectures that carry gradients backward by hand. It draws numbers that it
is given and computes none. They are outlines, not text, so that an explorer moves them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import TextPath, TextToPath

from course_lib import arguments
from course_lib.live import typeface
from course_lib.plots import COLORS, Drawn

RADIUS = 0.36  # of a node; all lengths are in the units of the axes
WIDE, TALL = 1.02, 0.58  # the label that holds two numbers
_DIGIT = 0.25  # the size of their font
_FONT = FontProperties(family=typeface.known())


def graph(
    ax: Axes,
    nodes: Mapping[str, tuple[str, float, float]],
    edges: Mapping[str, tuple],
    numbers_at: Iterable[str] = (),
) -> Drawn:
    """Draw a computational graph, with room for a value and a gradient on every edge.

    Parameters
    ----------
    ax : Axes
        It is cleared of its frame and scaled so that a unit is as long upward as sideways.
    nodes : dict
        Name → (label, x, y). A node that no edge leads to is an input and drawn as a square, the
        others are operations and drawn as circles. About 2 units apart is a good distance.
    edges : dict
        Name → (from, to), or (from, to, share): how far along the edge its numbers stand, by
        default one half. Use the share where edges cross.
    numbers_at : iterable of str
        Nodes that have numbers of their own, shown below them.

    Returns
    -------
    Drawn
        `.show(values, gradients=None)` takes two dictionaries from the name of an edge or node to a
        number, and writes each value in its label above, each gradient below. What is left out
        stays empty.
    """
    ax.set_axis_off()
    ax.set_aspect("equal")
    places = {}
    led_to = {edge[1] for edge in edges.values()}
    for name, (start, end, *share) in edges.items():
        for node in (start, end):
            arguments.one_of(f"edge {name}: the node", node, nodes)
        (*_, x0, y0), (*_, x1, y1) = nodes[start], nodes[end]
        gap = (RADIUS + 0.03) / np.hypot(x1 - x0, y1 - y0)
        ax.annotate(
            "",
            (x1 - gap * (x1 - x0), y1 - gap * (y1 - y0)),
            (x0 + gap * (x1 - x0), y0 + gap * (y1 - y0)),
            arrowprops={"arrowstyle": "-|>", "color": "#84919f", "shrinkA": 0, "shrinkB": 0},
            zorder=1,
        )
        share = share[0] if share else 0.5
        places[name] = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
    for name in numbers_at:
        arguments.one_of("numbers_at", name, nodes)
        places[name] = (nodes[name][1], nodes[name][2] - RADIUS - 0.06 - TALL / 2)
    for name, (label, x, y) in nodes.items():
        _node(ax, label, x, y, square=name not in led_to)
    for x, y in places.values():
        box = Rectangle((x - WIDE / 2, y - TALL / 2), WIDE, TALL, fc="white", ec="#c3ccd6", lw=0.8)
        ax.add_patch(box).set_zorder(2.1)
    x, y = np.array([[x, y] for _, x, y in nodes.values()] + list(places.values())).T
    ax.set(xlim=(x.min() - 0.7, x.max() + 0.7), ylim=(y.min() - 0.5, y.max() + 0.5))
    corner = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "ha": "right",
        "va": "top",
    }
    for i, word in enumerate(("value", "gradient")):  # below each other, however low the axes are
        ax.annotate(word, (0.995, 1), (0, -16 * i), color=COLORS[2 * i], **corner)
    above, below = (
        ax.add_patch(_Numbers(_NOTHING, fc=color, ec="none", zorder=2.2))
        for color in (COLORS[0], COLORS[2])
    )

    def draw(values: Mapping[str, float], gradients: Mapping[str, float] | None = None) -> None:
        for patch, numbers, height in ((above, values, 0.05), (below, gradients or {}, -0.235)):
            for name in numbers:
                arguments.one_of("the number", name, places)
            written = [
                _written(float(number), places[name][0], places[name][1] + height)
                for name, number in numbers.items()
            ]
            patch.set_path(Path.make_compound_path(*written) if written else _NOTHING)
            patch.stale = True  # set_path does not say so itself

    return Drawn(draw, (above, below))


_NOTHING = Path(np.empty((0, 2)))


class _Numbers(PathPatch):
    """Numbers as one outline, which grows and shrinks with its axes."""

    @property
    def letters(self) -> float:
        """The size of the numbers in points, for who measures how small words get."""
        ax: Any = self.axes
        low, high = ax.transData.transform([[0, 0], [0, 1]])[:, 1]
        return float(_DIGIT * (high - low) * 72 / ax.figure.dpi)


def _node(ax: Axes, label: str, x: float, y: float, square: bool) -> None:
    look = {"fc": "#eef2f6", "ec": "#4d4d4d", "lw": 1.2, "zorder": 2}
    if square:
        half = RADIUS - 0.1
        style = "round,pad=0.06,rounding_size=0.08"
        ax.add_patch(FancyBboxPatch((x - half, y - half), 2 * half, 2 * half, style, **look))
    else:
        ax.add_patch(Circle((x, y), RADIUS, **look))
    ax.text(x, y, label, ha="center", va="center_baseline", zorder=2.1, fontsize=13)


def _written(number: float, x: float, y: float) -> Path:
    """Return the outline of a number, centered at x, its foot at y."""
    glyphs = [_glyph(character) for character in words(number)]
    ends = np.cumsum([width for *_, width in glyphs])
    points = [
        np.add(points, (end - width, 0))
        for (points, _, width), end in zip(glyphs, ends, strict=True)
    ]
    shift = [x - ends[-1] / 2, y]
    return Path(np.concatenate(points) + shift, np.concatenate([codes for _, codes, _ in glyphs]))


@cache
def _glyph(character: str) -> tuple[Any, Any, float]:
    outline = TextPath((0, 0), character, size=_DIGIT * 100, prop=_FONT)
    font = _FONT.copy()
    font.set_size(_DIGIT * 100)
    width, _, _ = TextToPath().get_text_width_height_descent(character, font, ismath=False)
    return outline.vertices / 100, outline.codes, width / 100


def words(number: float) -> str:
    """Return a number as a graph shows it: in at most six characters.

    Parameters
    ----------
    number : float
        NaN and infinities too.
    """
    if not np.isfinite(number):
        return "∞" if number > 0 else "−∞" if number < 0 else "?"
    size = abs(number)
    places = 2 if size < 99.995 else 1 if size < 999.95 else 0
    text = (
        f"{size:.{places}f}"
        if size < 99999.5
        else f"{size:.0e}".replace("e+0", "e").replace("+", "")
    )
    negative = number < 0 and any(digit in text for digit in "123456789")
    return ("−" if negative else "") + text
