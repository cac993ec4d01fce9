"""Words on a picture that moves, and where a line leaves it.

A text of matplotlib is laid out anew for each frame. Here a word is the marker of a line: it moves
as quickly as the line does.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from . import looks
from .numbers import written


@functools.lru_cache(512)
def _outline(text: str, size: float, weight: str) -> TextPath:
    face = FontProperties(family=looks.families(), weight=weight)
    return TextPath((0, -0.36 * size), written(text), size, prop=face)


@functools.lru_cache(512)
def _shape(text: str, size: float, weight: str, right: float, up: float) -> tuple[Any, float]:
    """Return a word that lies beside the middle of its marker, and how large that marker is."""
    shape = _outline(text, size, weight).transformed(Affine2D().translate(right, up))
    return shape, 2 * float(np.abs(shape.vertices).max())


def word(ax: Axes) -> Any:
    """Return a line that `write` turns into a word: quicker to move than a text of matplotlib.

    Parameters
    ----------
    ax : Axes
        Where the word will stand. Until it is written it is not seen.
    """
    look: dict[str, Any] = {"linestyle": "none", "color": "#262626", "markeredgewidth": 0}
    with looks.drawn_by(looks.figure_of(ax)):
        (line,) = ax.plot([], [], gid="word", zorder=2.6, scalex=False, scaley=False, **look)
    line.set_visible(False)
    return line


def write(
    line: Any, text: str, at: Any, offset: Any, size: float = 8, weight: str = "normal"
) -> None:
    """Write a word on a picture that moves, as a marker in its shape.

    Parameters
    ----------
    line : Line2D
        From `word`. It becomes the word.
    text : str
        What is written.
    at : (x, y)
        Where it is tied to, in the coordinates of its axes.
    offset : (right, up)
        From there to the middle of its left edge, in points.
    size : float
        In points.
    weight : {"normal", "bold"}
        Of the letters.
    """
    written = text, size, weight, *np.round(offset, 6)  # what differs by less is drawn alike
    if getattr(line, "written", None) != written:  # most words only move
        shape, wide = _shape(*written)
        line.set_marker(shape)
        line.set_markersize(wide)
        line.written = written
    line.set_data([at[0]], [at[1]])
    line.letters = size  # points, for who measures how small words get
    line.set_visible(True)


def places(figure: Figure) -> np.ndarray:
    """Return where the axes with words lie: left, bottom, width and height of each, in points.

    A word is placed by where its axes lie as it is written.

    Parameters
    ----------
    figure : Figure
    """
    found = [
        ax.bbox.bounds
        for ax in figure.axes
        if any(hasattr(line, "letters") and line.get_visible() for line in ax.lines)
    ]
    return np.reshape(found, (-1, 4)) * 72 / figure.dpi


def have_moved(places: np.ndarray, since: np.ndarray) -> bool:
    """Return whether axes lie elsewhere by a point or more, so that their words do not fit there.

    Parameters
    ----------
    places, since : ndarray
        From `places`.
    """
    return not np.allclose(places, since, rtol=0, atol=1)


@functools.lru_cache(512)  # a search along each curve of the letters
def width_of(text: str, size: float = 8, weight: str = "normal") -> float:
    """Return the width of a word that `write` writes, in points.

    Parameters
    ----------
    text, size, weight
        As for `write`.
    """
    return float(_outline(text, size, weight).get_extents().width)


def left_at(ax: Axes, away: Any, points: np.ndarray, steps: Any) -> int:
    """Return how many points a line has until it leaves its axes for good, and write when it does.

    Parameters
    ----------
    ax : Axes
        With limits of its own.
    away : Line2D
        From `word`: "step 7 →" is written where the line leaves, or nothing where it stays.
    points : ndarray, shape (n, 2)
        Of the line, in the coordinates of the axes.
    steps : sequence of int, length n
        The step of each point.
    """
    low, high = np.transpose([sorted(ax.get_xlim()), sorted(ax.get_ylim())])
    with np.errstate(all="ignore"):
        inside = np.all((points >= low) & (points <= high), axis=1)
    if not len(points) or inside[-1] or not inside.any():
        away.set_visible(False)
        return len(points)
    last = int(np.flatnonzero(inside)[-1])
    far = np.clip(np.nan_to_num(points[last : last + 2], nan=1e30), -1e30, 1e30)
    if ax.get_yscale() == "log":
        far[:, 1] = np.maximum(far[:, 1], low[1])
    (x0, y0, x1, y1), scale = ax.bbox.extents, 72 / ax.figure.dpi
    begin, end = np.clip(ax.transData.transform(far), -1e12, 1e12)
    # How much of the step lies inside, and through which edge it leaves.
    room = np.where(end > begin, (x1, y1), (x0, y0)) - begin
    with np.errstate(all="ignore"):
        parts = np.where(end == begin, np.inf, room / (end - begin))
    across = bool(parts[0] <= parts[1])
    edge = begin + min(parts.min(), 1.0) * (end - begin)
    arrow = "←→"[int(end[0] > begin[0])] if across else "↓↑"[int(end[1] > begin[1])]
    text = f"step {int(steps[last + 1])} {arrow}"
    wide, tall = width_of(text, 9, "bold") / scale, 12 / scale
    # Beside the line, not on it.
    x, y = (
        (edge[0] - wide - 6, edge[1] + np.sign(edge[1] - begin[1] + 0.5) * tall)
        if across
        else (edge[0] + 8 if edge[0] + wide + 8 < x1 else edge[0] - wide - 8, edge[1])
    )
    x, y = np.clip(x, x0 + 4, x1 - wide - 4), np.clip(y, y0 + 0.6 * tall, y1 - 0.6 * tall)
    # Words of several lines that leave at one place stand below each other.
    words = [line for line in ax.lines if line.get_gid() == "word"]
    lower = 1.2 * tall * sum(line.get_visible() for line in words[: words.index(away)])
    y += -lower if y - lower > y0 + tall else lower
    at = ax.transData.inverted().transform(np.clip(edge, (x0, y0), (x1, y1)))
    offset = (np.array([x, y]) - np.clip(edge, (x0, y0), (x1, y1))) * scale
    write(away, text, at, offset, 9, "bold")
    return last + 2
