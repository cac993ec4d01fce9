"""What changed in a figure since it was last drawn, whichever setter changed it.

`artist.stale` misses a good half of matplotlib's setters. So the state itself is kept, of every
artist, text, path, box and list that a figure consists of, and compared. `scene` draws anew what is
found here; what is in doubt counts as changed.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import sysconfig
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from operator import methodcaller
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Tick
from matplotlib.backend_bases import FigureCanvasBase, RendererBase
from matplotlib.cbook import CallbackRegistry
from matplotlib.figure import FigureBase
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, Transform, TransformNode

_LEAVES = (
    str | bytes | int | float | complex | bool | None | np.generic | type,
    types.BuiltinFunctionType | types.ModuleType,
    weakref.ref | weakref.WeakKeyDictionary | weakref.WeakValueDictionary,
    FigureCanvasBase | RendererBase | CallbackRegistry,
)
_LIBRARIES = (
    *("site-packages", "dist-packages", "<frozen ", sysconfig.get_path("stdlib")),
    *map(os.path.dirname, (matplotlib.__file__, __file__)),
)
_OF_TRANSFORMS = {*vars(Transform()), *vars(TransformNode)}  # what they remember of each other
_FUNCTIONS = types.FunctionType | types.MethodType | functools.partial
_IS_SHOWN = methodcaller("get_visible")
_PLACES = np.ndarray | Path | MarkerStyle | TransformNode
_LARGE = 1 << 16  # bytes of an array, above which it is compared where it lies


class State:
    """What a few artists consist of, and how each part of it was when it was taken.

    Attributes
    ----------
    owners : list of Artist
        Whose state it is.
    tied : dict
        The owners that hold one of the artists `without`: an arrow ends at the edge of a circle.
    """

    def __init__(
        self, owners: Iterable[Artist], known: Set[int], without: Iterable[Artist] = ()
    ) -> None:
        """Take the state of `owners` as it is now, without the things whose ids are `known`."""
        self.owners, self._known = list(owners), {*known}
        self.tied: dict[Artist, bool] = {}
        self._without = {id(artist) for artist in without}
        self._parts: list[dict | list | set] = []
        self._part_owners: list[Artist] = []
        self._arrays: list[Callable[[], bytes]] = []  # by which their numbers are read
        self._array_owners: list[Artist] = []
        self._large: list[tuple[np.ndarray, np.ndarray, Artist]] = []  # now, as it was, whose
        self._open: list[Artist] = []  # whose state is all there is to them
        self._hidden: list[Artist] = []  # what ticks consist of and do not show
        self._hidden_owners: list[Artist] = []
        for owner in self.owners:
            self._gather(owner)
        self._kept = [part.copy() for part in self._parts]
        self._bytes = self._samples()

    def changed(self) -> dict[Artist, bool]:
        """Return the owners that have another state now."""
        found: dict[Artist, bool] = {}
        if not _same(self._parts, self._kept):
            # A setter that is given what is there already leaves no other trace.
            for artist in self._open:
                artist.stale = False
            for part, was, owner in zip(self._parts, self._kept, self._part_owners, strict=True):
                if owner not in found and not _same(part, was):
                    found[owner] = True
        now = self._samples()
        if now != self._bytes:
            for array, before, owner in zip(now, self._bytes, self._array_owners, strict=True):
                if array != before:
                    found[owner] = True
        for large, kept, owner in self._large:
            if owner not in found and not _alike(large, kept):
                found[owner] = True
        if any(map(_IS_SHOWN, self._hidden)):
            for hidden, owner in zip(self._hidden, self._hidden_owners, strict=True):
                if hidden.get_visible():
                    found[owner] = True
        return found

    def _samples(self) -> list[bytes]:
        return [read() for read in self._arrays]

    def _gather(self, owner: Artist) -> None:
        """Find all that the state of one owner consists of."""
        waiting: list[Any] = [owner]
        first = True
        while waiting:
            thing = waiting.pop()
            if not first and id(thing) in self._known:
                if id(thing) in self._without and not isinstance(owner, _Rooms):
                    self.tied[owner] = True
                continue
            self._known.add(id(thing))
            first = False
            waiting += self._inside(thing, owner)

    def _inside(self, thing: Any, owner: Artist) -> Iterable[Any]:
        """Keep one thing and return what it holds."""
        if isinstance(thing, _FUNCTIONS):
            return self._inside_function(thing, owner)
        if isinstance(thing, _LEAVES):
            return ()
        if isinstance(thing, (np.ndarray, Affine2D, Bbox)):
            return self._keep_array(thing, owner)
        if isinstance(thing, TransformNode):  # what is derived is computed late: only its sources
            sources = [*filter(_is_source, vars(thing).values())]
            if not (methods := _methods(thing)):
                return sources
            return [*sources, *methods, *self._keep_live(_Live(lambda: _own(thing)), owner)]
        if isinstance(thing, (tuple, frozenset)):
            return thing
        if isinstance(thing, (list, set, dict)):
            self._keep(thing, owner)
            return thing.values() if isinstance(thing, dict) else thing
        if not hasattr(thing, "__dict__"):
            if not (methods := _methods(thing)):
                return ()
            return [*methods, *self._keep_live(_Live(lambda: _slots(thing)), owner)]
        if isinstance(thing, Artist):
            thing.stale = False
            if is_open(thing):
                self._open.append(thing)
        self._keep(vars(thing), owner)
        if isinstance(thing, Tick):
            return self._inside_tick(thing, owner)
        return [*vars(thing).values(), *_methods(thing)]

    def _inside_tick(self, tick: Tick, owner: Artist) -> list[Any]:
        """Keep what a tick consists of: there are many, and most of it is hidden.

        Where its lines lie need not be kept: the axis puts them there each time it is drawn. What
        shape they have is only changed by a setter.
        """
        held: list[Any] = []
        for part in tick.get_children():
            self._known.add(id(part))
            part.stale = False
            self._open.append(part)
            if part.get_visible():
                self._keep(vars(part), owner)
                held += [one for one in vars(part).values() if not isinstance(one, _PLACES)]
            else:
                self._hidden.append(part)
                self._hidden_owners.append(owner)
        return held

    def _inside_function(self, function: Any, owner: Artist) -> Iterable[Any]:
        """Keep what a function written here reads beside its arguments: that changes what it does.

        A formatter of ticks may tell the number in a unit that `update` has chosen.
        """
        if isinstance(function, functools.partial):
            return [function.func, function.args, function.keywords]
        if isinstance(function, types.MethodType):
            known = _of_a_library(function.__func__)
            return () if known else [function.__func__, function.__self__]
        if _of_a_library(function):
            return ()
        return self._keep_live(_Live(lambda: _read(function)), owner)

    def _keep_live(self, live: _Live, owner: Artist) -> Iterable[Any]:
        self._keep(live, owner)
        return live.copy().values()

    def _keep(self, part: Any, owner: Artist) -> None:
        self._parts.append(part)
        self._part_owners.append(owner)

    def _keep_array(self, array: Any, owner: Artist) -> Iterable[Any]:
        """Keep numbers, a large array as a copy; return that of which it is a good part."""
        if not isinstance(array, np.ndarray) or array.nbytes <= _LARGE or array.dtype.hasobject:
            self._arrays.append(_reader(array))
            self._array_owners.append(owner)
            return ()
        whole: Any = array.base
        if type(array) is type(whole) is np.ndarray and whole.nbytes <= 4 * array.nbytes:
            return (whole,)
        self._large.append((array, array.copy(order="K"), owner))
        return ()


class _Live:
    """Values by name that lie in no dictionary, to be kept and compared as if they did."""

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        self.copy = read

    def __eq__(self, other: object) -> bool:
        return self.copy() == other


class Watch:
    """The state of a figure as it was drawn, and who has another one now.

    Attributes
    ----------
    figure : Figure
        What is watched.
    rooms : list of Artist
        The figure, its parts and its axes.
    known : set of int
        The ids of these and of what all in an axes hangs on, which is looked at with the axes.
    """

    def __init__(self, figure: FigureBase) -> None:
        self.figure = figure
        self.rooms: list[Artist] = []
        self.known: set[int] = set()
        self._state = State((), set())

    def take(self, without: Iterable[Artist] = ()) -> None:
        """Keep the state as it is now, of all but the artists `without`."""
        skipped = set(without)
        everybody = [*owners(self.figure)]
        self.rooms = [owner for owner in everybody if isinstance(owner, _Rooms)]
        shared = [(ax.transData, ax.bbox) for ax in self.rooms if isinstance(ax, Axes)]
        self.known = {id(thing) for thing in (*self.rooms, *itertools.chain(*shared))}
        # The axes go first: what their artists share with them, such as limits, is theirs.
        others = (owner for owner in everybody if not isinstance(owner, _Rooms))
        watched = [owner for owner in (*self.rooms, *others) if owner not in skipped]
        self._state = State(watched, {id(owner) for owner in everybody}, skipped)

    def changed(self) -> list[Artist]:
        """Return the owners whose state is not the one that was kept, or hangs on what moves."""
        # A room is stale as soon as one in it is. Without such a one it is so by itself.
        rooms = [room for room in self.rooms if room.stale]
        found: dict[Artist, bool] = {
            room: True for room in rooms if not any(child.stale for child in room.get_children())
        }
        self.calm()
        return list(found | self._state.tied | self._state.changed())

    def calm(self) -> None:
        """Take no notice of rooms that are stale: drawing an artist by itself makes them so."""
        for room in self.rooms:
            room.stale = False


class Drawn:
    """The state of one artist as it was drawn by itself, as cheap to take as it can be.

    Most artists that move do so in each frame, and their own attributes tell. What lies deeper is
    only looked at once these stayed the same, but for what is `known`. Of a `long` line whose data
    was set not even they are compared: it would be drawn sooner.
    """

    def __init__(self, artist: Artist, known: Set[int] | None = None, long: bool = False) -> None:
        self.artist, self._long = artist, long
        artist.stale = False  # few of its points may have been drawn in its place
        self._attributes = vars(artist).copy()
        self._state: State | None = None
        if known is not None:
            self._state = State([artist], known)

    def seems_same(self) -> bool:
        """Return whether the artist has the same attributes; what they hold may have changed.

        That it is stale tells nothing about one whose state is all there is to it: a setter may
        have been given what was there already. It is taken for drawn now.
        """
        told, self.artist.stale = self.artist.stale, False
        if told and (self._long or not is_open(self.artist)):
            return False
        return _same(vars(self.artist), self._attributes)

    def same_but(self, names: Set[str]) -> bool:
        """Return whether the artist has the same attributes, those of some names left aside."""
        then = self._attributes
        return _same(vars(self.artist) | {name: then[name] for name in names & then.keys()}, then)

    @property
    def same(self) -> bool:
        """Whether nothing at all has changed. It is never so before it was taken in depth."""
        return self._state is not None and not self._state.changed()


_Rooms = (FigureBase, Axes)


def is_open(artist: Artist) -> bool:
    """Return whether all that an artist draws is found in its state.

    For others being stale may be the only sign: they may keep what they draw outside of Python.

    Parameters
    ----------
    artist : Artist
    """
    return _is_matplotlib(type(artist).__module__)


@functools.cache
def _is_matplotlib(module: str) -> bool:
    return module.partition(".")[0] in ("matplotlib", "mpl_toolkits")


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
            yield from _inside_axes(ax)


def _inside_axes(ax: Axes) -> Iterator[Artist]:
    yield ax
    for child in ax.get_children():
        if isinstance(child, Axes):
            yield from _inside_axes(child)
        else:
            yield child


def _methods(thing: Any) -> tuple[types.FunctionType, ...]:
    """Return the functions of an object's class that were written here: it may draw as they say."""
    return _methods_of(type(thing))  # type: ignore[arg-type]  # a class can be hashed


@functools.lru_cache(1000)  # no more: a class may hold what it was written beside
def _methods_of(kind: type) -> tuple[types.FunctionType, ...]:
    functions = [
        inspect.unwrap(part)  # matplotlib wraps what draws
        for each in kind.__mro__
        for part in vars(each).values()
        if isinstance(part, types.FunctionType)
    ]
    return tuple(function for function in functions if not _of_a_library(function))


def _read(function: types.FunctionType) -> dict[str, Any]:
    """Return what a function reads beside its arguments: names around it, and of its module."""
    code, names = function.__code__, function.__globals__
    found = {name: names[name] for name in _used(code) if name in names}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it is empty until the name is bound
            found[name] = cell.cell_contents
    return found


def _slots(thing: Any) -> dict[str, Any]:
    """Return the attributes of an object that has a place for each and no dictionary."""
    names = [
        name for kind in type(thing).__mro__ for name in _tuple(vars(kind).get("__slots__", ()))
    ]
    return {name: getattr(thing, name) for name in names if hasattr(thing, name)}


def _tuple(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _own(transform: TransformNode) -> dict[str, Any]:
    """Return what the author of a transform keeps in it."""
    return {name: part for name, part in vars(transform).items() if name not in _OF_TRANSFORMS}


def _is_source(part: Any) -> bool:
    return isinstance(part, TransformNode | Artist | _FUNCTIONS)


@functools.lru_cache(1000)
def _used(code: types.CodeType) -> frozenset[str]:
    return frozenset(used(code))


def used(code: types.CodeType) -> set[str]:
    """Return the names that code uses, its inner functions included.

    Parameters
    ----------
    code : CodeType
        Of a function.
    """
    inner = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return set(code.co_names).union(*map(used, inner))


def _of_a_library(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is None or _is_library(code.co_filename)


@functools.cache
def _is_library(file: str) -> bool:
    return any(place in file for place in _LIBRARIES)


def _reader(array: Any) -> Callable[[], bytes]:
    """Return what reads the numbers of an array, a transform or a box."""
    if isinstance(array, Affine2D):
        return lambda: array.get_matrix().tobytes()
    if isinstance(array, Bbox):
        return lambda: array.get_points().tobytes()
    return array.tobytes


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two large arrays of one shape hold the same bits, masks included."""
    bits = f"u{one.itemsize}"
    if one.itemsize not in (1, 2, 4, 8):
        return one.tobytes() == other.tobytes()
    if np.ma.isMaskedArray(one) and not np.array_equal(np.ma.getmask(one), np.ma.getmask(other)):
        return False
    return np.array_equal(np.asarray(one).view(bits), np.asarray(other).view(bits))


def _same(one: Any, other: Any) -> bool:
    """Return whether two collections hold the same; what cannot be compared is not the same."""
    try:
        return bool(one == other)
    except Exception:
        return False
