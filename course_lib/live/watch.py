"""What changed in a figure since it was last drawn, whichever setter changed it.

`artist.stale` misses a good half of matplotlib's setters. So the state itself is kept, of every
artist, text, path, box and list that a figure consists of, and compared. `scene` draws anew what is
found here; what is in doubt counts as changed.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Iterable, Iterator
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
_MOST = 4096  # numbers of an array that are compared one by one; of a longer one every n-th


class Watch:
    """The state of a figure as it was drawn, and who has another one now.

    Attributes
    ----------
    figure : Figure
        What is watched.
    """

    def __init__(self, figure: FigureBase) -> None:
        self.figure = figure
        self._owners: list[Artist] = []
        self._parts: list[dict | list | set] = []
        self._kept: list[dict | list | set] = []
        self._part_owners: list[Artist] = []
        self._arrays: list[Any] = []
        self._bytes: list[bytes] = []
        self._array_owners: list[Artist] = []

    def take(self, without: Iterable[Artist] = ()) -> None:
        """Keep the state as it is now, of all but the artists `without`."""
        skipped = set(without)
        self._owners = [*owners(self.figure)]
        self._parts, self._part_owners = [], []
        self._arrays, self._array_owners = [], []
        known = {id(owner) for owner in self._owners}
        # The axes go first: what their artists share with them, such as limits, is theirs.
        for owner in sorted(self._owners, key=lambda owner: not isinstance(owner, _Rooms)):
            if owner in skipped:
                continue
            self._gather(owner, known)
        self._kept = [part.copy() for part in self._parts]
        self._bytes = [_sample(array) for array in self._arrays]

    def changed(self) -> list[Artist]:
        """Return the owners whose state is not the one that was kept."""
        # A room is stale as soon as one in it is. Without such a one it is so by itself.
        rooms = [owner for owner in self._owners if isinstance(owner, _Rooms) and owner.stale]
        found: dict[Artist, bool] = {
            room: True for room in rooms if not any(child.stale for child in room.get_children())
        }
        for room in rooms:
            room.stale = False
        if not _same(self._parts, self._kept):
            for part, kept, owner in zip(self._parts, self._kept, self._part_owners, strict=True):
                if owner not in found and not _same(part, kept):
                    found[owner] = True
        now = [*map(_sample, self._arrays)]
        if now != self._bytes:
            for array, before, owner in zip(now, self._bytes, self._array_owners, strict=True):
                if array != before:
                    found[owner] = True
        return list(found)

    def _gather(self, owner: Artist, known: set[int]) -> None:
        """Find all that the state of one owner consists of."""
        waiting: list[Any] = [owner]
        first = True
        while waiting:
            thing = waiting.pop()
            if not first and id(thing) in known:
                continue
            known.add(id(thing))
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
                self._keep(vars(part), owner)
            return ()
        return vars(thing).values()

    def _keep(self, part: Any, owner: Artist) -> None:
        self._parts.append(part)
        self._part_owners.append(owner)


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


def _sample(array: Any) -> bytes:
    if isinstance(array, Affine2D):
        return array.get_matrix().tobytes()
    if isinstance(array, Bbox):
        return array.get_points().tobytes()
    if array.dtype.hasobject:
        return repr(array.shape).encode()
    if array.size > _MOST:
        array = array.reshape(-1)[:: array.size // 1024]
    return array.tobytes()


def _same(one: Any, other: Any) -> bool:
    """Return whether two collections hold the same; what cannot be compared is not the same."""
    try:
        return bool(one == other)
    except Exception:
        return False
