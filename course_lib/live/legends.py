"""The legends of a figure that gets narrow: below their axes, and with fewer columns.

Inside its axes a legend lies on what moved closer together; beside others it squeezes its axes.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.offsetbox import VPacker
from matplotlib.transforms import BboxBase, IdentityTransform

BELOW = 34  # points from axes to a legend below them: the numbers and the label of x lie between


class Under(BboxBase):
    """The place below axes for a legend: a label of x that takes several lines pushes it down.

    Parameters
    ----------
    ax : Axes
    """

    pass_through = True  # what is built on it hears of every move of the axes

    def __init__(self, ax: Any) -> None:
        super().__init__()
        self.ax = ax
        self.set_children(ax.bbox)  # where that moves, this is found anew

    def get_points(self) -> np.ndarray:
        """Return the place as a box without a size, in pixels of the figure."""
        (x0, y0, x1, _), figure = self.ax.bbox.extents, self.ax.figure
        y, point = y0 - BELOW * figure.dpi / 72, figure.dpi / 72
        label = self.ax.xaxis.label
        box = label.get_window_extent()  # by the renderer that draws or lays out just now
        if box.height > 1.7 * point * label.get_fontsize():
            y = min(y, box.y0 - point)
        return np.array([[(x0 + x1) / 2, y]] * 2)


class Kept:
    """A legend as its author made it, which can be narrowed and put back.

    Parameters
    ----------
    ax : Axes
        With a legend.
    """

    def __init__(self, ax: Any) -> None:
        self.ax, self.legend = ax, ax.get_legend()
        self.place = self.legend._loc, self.legend.get_frame_on()
        self.columns = [(part, list(part.get_children())) for part in self._columns()]
        self.moved = False

    def restore(self) -> None:
        """Put the legend back where it was, with its columns."""
        self._columns()[:] = [column for column, _ in self.columns]
        for column, lines in self.columns:
            column.get_children()[:] = lines
        if self.moved:
            loc, frame = self.place
            self.legend.set_bbox_to_anchor(None)
            self.legend.set_loc(loc)
            self.legend.set_frame_on(frame)

    def narrow(self, room: float, away: bool) -> float:
        """Fit the legend into `room` pixels; return how much higher the figure has to be.

        `away` says whether it leaves the inside of its axes.
        """
        if not self.legend.get_visible():
            return 0.0
        before = self._size()[1]
        lines = list(itertools.chain(*(some for _, some in self.columns)))
        count = len(self.columns)
        if away and self._lies_inside():
            self._put_below()
            before, count = 0.0, len(lines)  # there is room for its lines beside each other
            self._spread(lines, count)
        while count > 1 and self._size()[0] > room:
            count -= 1
            self._spread(lines, count)
        return float(self._size()[1] - before)

    def _spread(self, lines: list, count: int) -> None:
        """Put the lines into as many columns, none of which stays empty."""
        columns = self._columns()
        one, ends = columns[0], [-(-len(lines) * i // count) for i in range(count + 1)]
        columns[:] = [column for column, _ in self.columns[:count]]
        while len(columns) < count:
            columns.append(VPacker(pad=one.pad, sep=one.sep, align=one.align, children=[]))
        for column, (begin, end) in zip(columns, itertools.pairwise(ends), strict=True):
            column.get_children()[:] = lines[begin:end]

    def _columns(self) -> list:
        """Return the columns, each with its lines; what is changed there is drawn so."""
        columns: list = self.legend.get_children()[0].get_children()[1].get_children()
        return columns

    def _box(self) -> Any:
        return self.legend.get_window_extent(self.ax.figure.canvas.get_renderer())

    def _size(self) -> Any:
        return np.multiply(self._box().size, 100 / self.ax.figure.dpi)

    def _lies_inside(self) -> bool:
        if self.legend.get_bbox_to_anchor() is not self.ax.bbox:
            return False  # its author has put it elsewhere
        return bool(self.ax.bbox.contains(*self._box().get_points().mean(axis=0)))

    def _put_below(self) -> None:
        self.legend.set_bbox_to_anchor(Under(self.ax), IdentityTransform())
        self.legend.set_loc("upper center")
        self.legend.set_frame_on(False)
        self.moved = True
