"""What changed in a figure since it was last drawn, whichever setter changed it.

`artist.stale` misses a good half of matplotlib's setters. So the state itself is kept, of every
artist, text, path, box and list that a figure consists of, and compared. `scene` draws anew what is
found here; what is in doubt counts as changed.
"""

from __future__ import annotations

import math
import types
import weakref
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Tick
from matplotlib.backend_bases import FigureCanvasBase, RendererBase
from matplotlib.cbook import CallbackRegistry
from matplotlib.colors import Colormap
from matplotlib.figure import FigureBase
from matplotlib.transforms import Affine2D, Bbox, TransformNode

_LEAVES = (
    str | bytes | int | float | complex | bool | None | np.generic | type,
    types.FunctionType | types.BuiltinFunctionType | types.MethodType | types.ModuleType,
    weakref.ref | weakref.WeakKeyDictionary | weakref.WeakValueDictionary,
    FigureCanvasBase | RendererBase | CallbackRegistry | Colormap,
)
_STALE = attrgetter("stale")
_TURNS = 4  # frames, in which the attributes of all ticks are compared once
_MOST = 4096  # numbers of an array that are compared one by one; of a longer one every n-th


class State:
    """What a few artists consist of, and how each part of it was when it was taken.

    Attributes
    ----------
    owners : list of Artist
        Whose state it is.
    """

    def __init__(self, owners: Iterable[Artist], known: set[int], most: float = _MOST) -> None:
        """Take the state of `owners` as it is now, without the things whose ids are `known`.

        Of an array with more than `most` numbers only every n-th is compared.
        """
        self.owners, self._known, self._most = list(owners), known, most
        self._parts: list[dict | list | set] = []
        self._part_owners: list[Artist] = []
        self._arrays: list[Any] = []
        self._array_owners: list[Artist] = []
        self._ticks: list[tuple[Artist, Artist]] = []  # what a tick consists of, and its owner
        self._turn = 0
        for owner in self.owners:
            self._gather(owner)
        self._kept = [part.copy() for part in self._parts]
        self._tick_artists = [part for part, _ in self._ticks]
        parts = [*map(vars, self._tick_artists)]
        self._tick_parts = [parts[turn::_TURNS] for turn in range(_TURNS)]
        self._kept_ticks = [[part.copy() for part in some] for some in self._tick_parts]
        self._bytes = self._samples()

    def changed(self) -> dict[Artist, bool]:
        """Return the owners that have another state now."""
        found: dict[Artist, bool] = {}
        if not _same(self._parts, self._kept):
            for part, kept, owner in zip(self._parts, self._kept, self._part_owners, strict=True):
                if owner not in found and not _same(part, kept):
                    found[owner] = True
        now = self._samples()
        if now != self._bytes:
            for array, before, owner in zip(now, self._bytes, self._array_owners, strict=True):
                if array != before:
                    found[owner] = True
        return found | self._changed_ticks()

    def _changed_ticks(self) -> dict[Artist, bool]:
        """Return whose ticks have another state.

        They are most of what a figure holds, and their setters do set `stale`. So that is looked at
        in each frame, and all their attributes in one of a few.
        """
        self._turn = (self._turn + 1) % _TURNS
        found: dict[Artist, bool] = {}
        if any(map(_STALE, self._tick_artists)):
            found = {owner: True for part, owner in self._ticks if part.stale}
        now, before = self._tick_parts[self._turn], self._kept_ticks[self._turn]
        if not _same(now, before):
            some = self._ticks[self._turn :: _TURNS]
            for (_, owner), part, kept in zip(some, now, before, strict=True):
                if not _same(part, kept):
                    found[owner] = True
        return found

    def _samples(self) -> list[bytes]:
        return [_sample(array, self._most) for array in self._arrays]

    def _gather(self, owner: Artist) -> None:
        """Find all that the state of one owner consists of."""
        waiting: list[Any] = [owner]
        first = True
        while waiting:
            thing = waiting.pop()
            if not first and id(thing) in self._known:
                continue
            self._known.add(id(thing))
            first = False
            waiting += self._inside(thing, owner)

    def _inside(self, thing: Any, owner: Artist) -> Iterable[Any]:
        """Keep one thing and return what it holds."""
        if isinstance(thing, _LEAVES):
            return ()
        if isinstance(thing, (np.ndarray, Affine2D, Bbox)):
            self._arrays.append(thing)
            self._array_owners.append(owner)
            return ()
        if isinstance(thing, TransformNode):  # what is derived is computed late: only its sources
            return [part for part in vars(thing).values() if isinstance(part, TransformNode)]
        if isinstance(thing, (tuple, frozenset)):
            return thing
        if isinstance(thing, (list, set, dict)):
            self._keep(thing, owner)
            return thing.values() if isinstance(thing, dict) else thing
        if not hasattr(thing, "__dict__"):
            return ()
        if isinstance(thing, Artist):
            thing.stale = False
        self._keep(vars(thing), owner)
        if isinstance(thing, Tick):  # there are many: of each its artists, and no deeper
            for part in thing.get_children():
                part.stale = False
                self._ticks.append((part, owner))
            return ()
        return vars(thing).values()

    def _keep(self, part: Any, owner: Artist) -> None:
        self._parts.append(part)
        self._part_owners.append(owner)


class Watch:
    """The state of a figure as it was drawn, and who has another one now.

    Attributes
    ----------
    figure : Figure
        What is watched.
    rooms : list of Artist
        The figure, its parts and its axes.
    """

    def __init__(self, figure: FigureBase) -> None:
        self.figure = figure
        self.rooms: list[Artist] = []
        self._state = State((), set())

    def take(self, without: Iterable[Artist] = ()) -> None:
        """Keep the state as it is now, of all but the artists `without`."""
        skipped = set(without)
        everybody = [*owners(self.figure)]
        self.rooms = [owner for owner in everybody if isinstance(owner, _Rooms)]
        # The axes go first: what their artists share with them, such as limits, is theirs.
        others = (owner for owner in everybody if not isinstance(owner, _Rooms))
        watched = [owner for owner in (*self.rooms, *others) if owner not in skipped]
        self._state = State(watched, {id(owner) for owner in everybody})

    def changed(self) -> list[Artist]:
        """Return the owners whose state is not the one that was kept."""
        # A room is stale as soon as one in it is. Without such a one it is so by itself.
        rooms = [room for room in self.rooms if room.stale]
        found: dict[Artist, bool] = {
            room: True for room in rooms if not any(child.stale for child in room.get_children())
        }
        for room in rooms:
            room.stale = False
        return list(found | self._state.changed())


class Drawn:
    """The state of one artist as it was drawn by itself, as cheap to take as it can be.

    Most artists that move do so in each frame, and their own attributes tell. What lies deeper is
    only looked at once these stayed the same.
    """

    def __init__(self, artist: Artist, rooms: Iterable[Artist], deep: bool = False) -> None:
        self.artist = artist
        self._attributes = vars(artist).copy()
        self._state: State | None = None
        if deep:
            self._state = State([artist], {id(room) for room in rooms}, most=math.inf)

    @property
    def seems_same(self) -> bool:
        """Whether the artist has the same attributes; what they hold may have changed."""
        return _same(vars(self.artist), self._attributes)

    @property
    def same(self) -> bool:
        """Whether nothing at all has changed. It is never so before it was taken in depth."""
        return self._state is not None and not self._state.changed()


_Rooms = (FigureBase, Axes)


def owners(figure: Any) -> Iterator[Artist]:
    """Yield the figure, its axes, and each artist that one of them holds by itself.

    Parameters
    ----------
    figure : FigureBase
        A figure, or a part of one.
    """
    yield figure
    for child in figure.get_children():
        if isinstance(child, FigureBase):
            yield from owners(child)
        elif not isinstance(child, Axes):
            yield child
    for ax in figure.axes:
        if ax.figure is figure:
            yield ax
            yield from (child for child in ax.get_children() if not isinstance(child, Axes))


def _sample(array: Any, most: float) -> bytes:
    if isinstance(array, Affine2D):
        return array.get_matrix().tobytes()
    if isinstance(array, Bbox):
        return array.get_points().tobytes()
    if array.dtype.hasobject:
        return repr(array.shape).encode()
    if array.size > most:
        array = array.reshape(-1)[:: array.size // 1024]
    return array.tobytes()


def _same(one: Any, other: Any) -> bool:
    """Return whether two collections hold the same; what cannot be compared is not the same."""
    try:
        return bool(one == other)
    except Exception:
        return False
