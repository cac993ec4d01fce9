"""A figure at the width that a page has for it: drawn anew with words of full size, never shrunk.

Where its axes would get too narrow beside each other, they go below each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text

from .legends import Kept

ROOM = 200  # pixels of the page that axes beside others need at least
LEAST = 200  # and a whole figure
COLUMN, PHONE = 736, 344  # pixels of a page without a kernel, and of one on a phone
MARGIN = 40  # beside the axes, for its ticks and their label
AROUND = 80  # above and below axes, for their title, numbers, label, and legend
SQUEEZED = 0.85  # of the author's width, below which a legend no longer fits beside the data
HIGHEST = 0.8  # of their width, for axes that go below each other
FLATTEST = 0.85  # of the author's height, for axes that get narrower and stay beside each other


def fitter(figure: Figure) -> Callable[[float | None], None]:
    """Return a function that lays `figure` out for a width in pixels of the page.

    Parameters
    ----------
    figure : Figure
        As the author made it: for its own width, or more, or None, it is put back to that.
    """
    width, height = (100 * side for side in figure.get_size_inches())
    specs = {ax: ax.get_subplotspec() for ax in figure.axes}
    grids = {spec.get_gridspec() for spec in specs.values() if spec is not None}
    rows, columns = next(iter(grids)).get_geometry() if len(grids) == 1 else (1, 1)
    # Color bars and axes over several cells stay as their author has laid them out.
    single = None not in specs.values() and all(s.num1 == s.num2 for s in specs.values() if s)
    may_stack = len(grids) == 1 and single and columns > 1 and len(specs) > 1
    own = {ax: spec for ax, spec in specs.items() if spec is not None}
    kept: dict[Any, Kept] = {}

    def fit(room: float | None) -> None:
        while kept:
            kept.popitem()[1].restore()
        if may_stack:
            for ax, spec in own.items():
                ax.set_subplotspec(spec)
        _wrap(figure, room is not None)
        if room is None or room > 0.98 * width:
            figure.set_size_inches(width / 100, height / 100, forward=False)
            return
        wide = max(room, LEAST)
        beside = columns
        if may_stack:
            beside = max(1, min(columns, int(wide // max(ROOM, _titles_need(figure)))))
        if beside == columns:
            longest = rows * (_labels_need(figure) + AROUND)
            tall = height * max(wide / width, FLATTEST, min(longest / height, 1))
        else:
            below = -(-len(specs) // beside)
            beside = -(-len(specs) // below)  # two rows of two rather than three and one
            grid = GridSpec(below, beside, figure=figure)
            for i, ax in enumerate(specs):
                ax.set_subplotspec(grid[divmod(i, beside)])
            share = (wide / beside) / (width / columns)
            tall = below * height / rows * min(max(share, 0.75), 1)
            # Axes below each other that were narrow and high beside each other take a long way.
            tall = min(tall, below * (HIGHEST * wide / beside + AROUND))
        kept.update({ax: Kept(ax) for ax in specs if ax.get_legend() is not None})
        room = wide / beside - MARGIN
        away = wide < SQUEEZED * width
        higher = [kept[ax].narrow(room, away) if ax in kept else 0.0 for ax in specs]
        tall += sum(max(higher[i : i + beside]) for i in range(0, len(higher), beside))
        figure.set_size_inches(wide / 100, tall / 100, forward=False)

    return fit


def _wrap(figure: Figure, narrow: bool) -> None:
    """Let words that would leave the figure take more lines; a formula stays in one."""
    for ax in figure.axes:
        for words in (ax.title, ax.xaxis.label):
            words.set_wrap(narrow and "$" not in words.get_text())


def _titles_need(figure: Figure) -> float:
    """Return how many pixels apart axes lie beside each other whose titles do not meet."""
    titles = [ax.title for ax in figure.axes if ax.title.get_text()]
    # Else a title measures by the renderer that last drew it, which may have had another dpi.
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    before = [title.get_wrap() for title in titles]
    for title in titles:
        title.set_wrap(False)
    widths = [title.get_window_extent(renderer).width * 100 / figure.dpi for title in titles]
    for title, wraps in zip(titles, before, strict=True):
        title.set_wrap(wraps)
    return max((sum(pair) / 2 for pair in itertools.pairwise(widths)), default=0)


def _labels_need(figure: Figure) -> float:
    """Return how many pixels high axes are at least, whose labels of y do not leave the figure."""
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    labels = [ax.yaxis.label for ax in figure.axes if ax.get_ylabel()]
    heights = [label.get_window_extent(renderer).height for label in labels]
    return max(heights, default=0) * 100 / figure.dpi


@contextmanager
def at_width(figure: Figure, room: float) -> Iterator[None]:
    """Lay a figure out for a width of the page for a while, and then as its author made it.

    Parameters
    ----------
    figure : Figure
    room : float
        Pixels of the page.
    """
    fit = fitter(figure)
    fit(room)
    try:
        yield
    finally:
        fit(None)


def suits_phone(figure: Figure) -> bool:
    """Return whether a figure can be drawn for a phone: a diagram, which has no axes, cannot.

    Its words stand in what is drawn, and would leave it or get as small as that.

    Parameters
    ----------
    figure : Figure
    """
    return any(ax.axison for ax in figure.axes)


def smallest_words(figure: Figure) -> float:
    """Return the size of the smallest words on `figure`, in pixels of the page.

    Parameters
    ----------
    figure : Figure
        At the width at which it was laid out.
    """
    words = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    sizes = [float(text.get_fontsize()) for text in words]
    drawn: list = figure.findobj(lambda artist: hasattr(artist, "letters"))
    sizes += [artist.letters for artist in drawn if artist.get_visible()]
    return min((points * 100 / 72 for points in sizes), default=100.0)
