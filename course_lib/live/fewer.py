"""A line of very many points, as the few of them that a picture shows.

matplotlib copies and simplifies all points of a line each time it is drawn. Where x is sorted, the
first, the lowest, the highest and the last point of each eighth of a column of pixels make the same
picture, and are found far more quickly.
"""

from __future__ import annotations

import copy
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

PARTS = 8  # of a column of pixels
FOLD = 8  # points for each part, from which on it is worth the while
LONG = 20_000


def fewer(artist: Artist) -> Line2D | None:
    """Return a line that looks like `artist` on its axes, with fewer points.

    Parameters
    ----------
    artist : Artist
        Any. For all but a plain line with many finite points and a sorted x, the answer is None.
    """
    if type(artist) is not Line2D or not _is_plain(artist):
        return None
    line: Any = artist
    # What was set and is not taken over yet; else what is drawn, which may have changed in place.
    x = line.get_xdata(orig=line._invalidx)
    y = line.get_ydata(orig=line._invalidy)
    if not _is_long(x) or not _is_long(y) or x.shape != y.shape or not np.all(x[1:] >= x[:-1]):
        return None
    left, right = line.axes.get_xbound()
    begin, end = np.searchsorted(x, left), np.searchsorted(x, right, side="right")
    seen = slice(max(begin - 1, 0), end + 1)  # as matplotlib, with one point more on each side
    kept = _outline(x[seen], y[seen], (right - left) / (PARTS * line.axes.bbox.width))
    if kept is None:
        return None
    few = copy.copy(line)
    few.stale_callback = None  # its axes are not to hear of it
    few.set_data(x[seen][kept], y[seen][kept])
    return few


def _outline(x: np.ndarray, y: np.ndarray, part: float) -> np.ndarray | None:
    """Return where the ends and extremes of as many points lie as fit into each `part` of x."""
    most = int(len(x) * part / (x[-1] - x[0])) if len(x) > 1 and x[-1] > x[0] else 0
    for size in (most, most // 2, most // 4):  # the points may lie closer here than there
        if size < FOLD:
            return None
        begins = np.arange(0, len(x) - size + 1, size)
        if np.all(x[begins + size - 1] - x[begins] <= part):
            break
    else:
        return None
    rows = y[: len(begins) * size].reshape(-1, size)
    lowest, highest = rows.argmin(axis=1), rows.argmax(axis=1)
    ends = np.zeros_like(lowest)
    inside = np.stack([ends, lowest, highest, ends + size - 1], axis=1)
    kept = (np.sort(inside, axis=1) + begins[:, None]).ravel()
    kept = np.r_[kept, np.arange(len(begins) * size, len(x))]
    return kept if np.isfinite(y[kept]).all() else None


def _is_plain(line: Line2D) -> bool:
    """Return whether a line is nothing but the way along its points, each at its own place."""
    ax: Any = line.axes
    return (
        ax is not None
        and ax.name == "rectilinear"
        and ax.get_xscale() == ax.get_yscale() == "linear"
        and line.get_transform() is ax.transData
        and not (ax.xaxis.have_units() or ax.yaxis.have_units())
        and line.get_clip_on()
        and line.get_linestyle() == "-"
        and line.get_marker() in ("None", "none", "", " ", None)
        and line.get_drawstyle() == "default"
        and mpl.rcParams["path.simplify"]
    )


def _is_long(numbers: object) -> bool:
    return (
        type(numbers) is np.ndarray
        and numbers.ndim == 1
        and numbers.dtype.kind == "f"
        and len(numbers) >= LONG
    )
