"""Looks: a figure is drawn by matplotlib settings of its own, whatever the process has set.

matplotlib reads its settings when an artist is made and again when it is drawn. A figure with a
look puts its settings in force for as long as either takes; then the process's own are back.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

from . import typeface

# matplotlib says of which names they are; here they are any.
_settings: Any = matplotlib.rcParams

# Settings are the process's, and matplotlib draws in one thread only. JupyterLab may have a slider
# answered in a thread of its own while a cell draws: whoever draws waits for this turn.
turn = threading.RLock()

# What belongs to the process, and not to the look of a figure.
OF_THE_PROCESS = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.", "macosx")


def look(**settings: Any) -> dict[str, Any]:
    """Return a whole look: matplotlib's defaults, `settings` among them.

    Parameters
    ----------
    **settings
        Names and values of matplotlib settings, checked as matplotlib checks them.
    """
    whole: Any = matplotlib.rcParamsDefault.copy()
    whole.update(settings)
    return {name: whole[name] for name in whole if not name.startswith(OF_THE_PROCESS)}


@contextmanager
def drawn_by(figure: Any) -> Iterator[None]:
    """Put the look of `figure` in force for a while, and let no other thread draw meanwhile.

    A figure without a look changes no setting.

    Parameters
    ----------
    figure : Figure
        With an attribute `look`, as `look` makes it, or any other.
    """
    settings: Mapping[str, Any] = getattr(figure, "look", None) or {}
    with turn:
        # Plain dict's way: they were checked once, and each frame comes by here.
        before = {name: dict.__getitem__(_settings, name) for name in settings}
        dict.update(_settings, settings)
        try:
            yield
        finally:
            dict.update(_settings, before)


def figure_of(artist: Any) -> Any:
    """Return the figure that an artist is on, or None for one that is only being made.

    Parameters
    ----------
    artist : Artist
        Any, an axes too.
    """
    figure = getattr(artist, "figure", None)
    return getattr(figure, "figure", figure)  # of a part of a figure, the whole


def families() -> list[str]:
    """Return the font families of a figure: for what one lacks, be it a script, the next is used.

    The first is the typeface of the cards, then comes matplotlib's own, then the reader's.
    """
    first = [typeface.known(), "DejaVu Sans"]
    named = _settings["font.family"]
    own = [family for name in named for family in _settings.get(f"font.{name}", [name])]
    known = {font.name for font in font_manager.fontManager.ttflist}
    return [*first, *(family for family in own if family in known and family not in first)]


def _styled(method: Callable) -> Callable:
    """Let a method of an axes or a figure run under the figure's look."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **named: Any) -> Any:
        with drawn_by(figure_of(self)):
            return method(self, *args, **named)

    return run


def _methods(kind: type) -> dict[str, Callable]:
    """Return the public methods that a class defines itself: those that make artists."""
    return {
        name: _styled(value)
        for name, value in vars(kind).items()
        if isinstance(value, FunctionType) and not name.startswith(("_", "get_"))
    }


class _Axes(Axes):
    """Axes whose artists are made under the look of their figure."""


class _Axes3D(Axes3D):  # type: ignore[misc]
    """The same with three axes."""


for _name, _method in _methods(Axes).items():
    setattr(_Axes, _name, _method)
for _name, _method in (_methods(Axes) | _methods(Axes3D)).items():
    if _name != "draw":
        setattr(_Axes3D, _name, _method)

# The kinds of axes that keep to the look of their figure, by the projection they are for.
KINDS = {None: _Axes, "rectilinear": _Axes, "3d": _Axes3D}
