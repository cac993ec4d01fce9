"""A line whose points alone have changed, drawn as matplotlib drew it before.

Most of what moves is such a line. Each time it is drawn, matplotlib looks up its colors, dashes,
marks and clip, which takes longer than the points do. Here these are kept from a drawing of
matplotlib's own. Whether the line comes out the same is tried before it is relied on, and once more
at rest.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Set
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from .recorder import Part, Recorder
from .watch import Drawn, State

MOST = 1000  # points; of longer lines matplotlib leaves out what lies beyond the limits
AT_ONCE = 4  # lines that are learned in one frame: each takes as long as drawing it twice


class Line:
    """A line as matplotlib has drawn it, to be drawn with other points.

    Parameters
    ----------
    line : Line2D
        It was drawn just now.
    calls : list
        What `Recorder.calls` holds of it.
    watched : set of int
        The ids of what is watched apart from the line.
    """

    def __init__(self, line: Line2D, calls: list, watched: Set[int]) -> None:
        self.line, self._calls = line, calls
        self._drawn = Drawn(line)
        # What is not a point is compared in depth: a color may be an array that is written to.
        rest: Any = Artist()
        vars(rest).update({k: held for k, held in vars(line).items() if k not in of_points()})
        self._rest = State([rest], watched)
        self._places, self._every = line.get_transform(), line.get_markevery()
        self._steps, self._marks = line.get_drawstyle() != "default", _marks(line)

    def draw(self, recorder: Recorder) -> bool:
        """Draw the line with the points that it has now.

        Parameters
        ----------
        recorder : Recorder

        Returns
        -------
        bool
            Whether it was drawn. It is not where more than its points has changed.
        """
        if not self._is_as_drawn() or self._rest.changed():
            return False
        path: Any = None if self._steps else _path(self.line)
        path = self.line.get_path() if path is None else path
        if len(path) > MOST:
            return False
        if not self._places.is_affine:
            path = self._places.transform_path_non_affine(path)
        if not len(path):
            return True
        try:
            marked = path.vertices if self._every is None else path.vertices[self._every]
        except IndexError:  # matplotlib says what is wrong
            return False
        for write, about in self._calls:
            points = path if write is Recorder.write_path else marked
            write(recorder, *about, points)
        return True

    def _is_as_drawn(self) -> bool:
        """Return whether only points have changed, or the marks to others that look the same."""
        if self._drawn.same_but(of_points()):
            return True
        return self._drawn.same_but(of_points() | of_marks()) and _marks(self.line) == self._marks


def _path(line: Line2D) -> Path | None:
    """Return the path of a line, quicker than matplotlib, which also looks for units and masks.

    None where its points are not plain numbers, one for one.
    """
    both = line.get_data(orig=True)
    if not all(type(numbers) in (list, np.ndarray) for numbers in both):
        return None
    try:
        across, up = map(np.asarray, both)
    except ValueError:  # matplotlib says what is wrong
        return None
    plain = across.dtype.kind in "fiu" and up.dtype.kind in "fiu"
    if not plain or across.ndim != 1 or across.shape != up.shape:
        return None
    return Path(np.array([across, up], float).T)


class Lines:
    """The lines of a picture that are known to come out as matplotlib draws them.

    Attributes
    ----------
    known : dict
        By artist and its marker: a word goes back to shapes it had. None for a line that comes out
        otherwise, so that it is not tried again.
    """

    def __init__(self) -> None:
        self.known: dict[tuple, Line | None] = {}
        self._trusted = True
        self._learned = 0

    def begin(self) -> None:
        """Begin a frame."""
        self._learned = 0

    def clear(self) -> None:
        """Forget them: they lie elsewhere, or look otherwise."""
        self.known.clear()

    def draw(self, artist: Artist, recorder: Recorder) -> bool:
        """Draw an artist if it is one of them, and return whether it was drawn.

        Parameters
        ----------
        artist : Artist
        recorder : Recorder
        """
        line = self.known.get(_key(artist))
        return line is not None and line.draw(recorder)

    def learn(self, artist: Artist, before: Drawn, recorder: Recorder, watched: Set[int]) -> None:
        """Keep how a line was drawn just now, if its points alone have changed since `before`.

        Parameters
        ----------
        artist : Artist
            Any; other artists than lines draw more than their points.
        before : Drawn
            Its state as it was drawn the time before.
        recorder : Recorder
            It has written down nothing of other artists since it began.
        watched : set of int
            The ids of what is watched apart from the artist.
        """
        key = _key(artist)
        failed = key in self.known and self.known[key] is None
        if failed or not self._trusted or self._learned == AT_ONCE or not recorder.calls:
            return
        if not isinstance(artist, Line2D) or not before.same_but(of_points()):
            return
        if not _is_plain(artist):
            return
        self._learned += 1
        if len(self.known) > MOST:  # marks of ever new shapes
            self.clear()
        line = Line(artist, recorder.calls, watched)
        self.known[key] = line if _comes_out(line, recorder.part([]), recorder) else None

    def misdrawn(self, like: Recorder) -> bool:
        """Return whether matplotlib now draws one of them otherwise. Then none is trusted again.

        Parameters
        ----------
        like : Recorder
            Whose size and colors they are drawn for.
        """
        for key, line in self.known.items():
            artist = key[0]
            if line is None or not artist.get_visible() or key != _key(artist):
                continue
            fresh = like.empty()
            artist.draw(fresh)
            if not _comes_out(line, fresh.part([]), like):
                self._trusted = False
                self.clear()
                return True
        return False


def _key(artist: Artist) -> tuple:
    """Return an artist and its marker, as far as one can be looked up."""
    marker = artist.get_marker() if isinstance(artist, Line2D) else None
    return artist, marker if isinstance(marker, Hashable) else None


def _is_plain(line: Line2D) -> bool:
    """Return whether a line draws itself as all do, with few points and marks easily told."""
    if type(line) is not Line2D or "draw" in vars(line) or len(line.get_path()) > MOST:
        return False
    return isinstance(line.get_markevery(), list | None)


def _comes_out(line: Line, drawn: Part, like: Recorder) -> bool:
    """Return whether a line comes out as it was drawn, or has changed and would not be tried."""
    recorder = like.empty()
    return not line.draw(recorder) or recorder.part([]).shows(drawn)


@functools.cache
def of_points() -> frozenset[str]:
    """Return the names of the attributes in which a line keeps its points, found by moving one."""
    line, recorder = Line2D([0, 1], [0, 1]), Recorder(1, 1, 72)
    line.draw(recorder)
    before = vars(line).copy()
    line.set_data([1, 2], [3, 4])
    after = vars(line).copy()
    line.draw(recorder)
    now = vars(line)
    return frozenset(k for k in now if now[k] is not before[k] or now[k] is not after[k])


@functools.cache
def of_marks() -> frozenset[str]:
    """Return the names of the attributes in which a line keeps its marks, found by setting them."""
    line = Line2D([0], [0], marker="o")
    before = vars(line).copy()
    line.set_marker("s")
    new = {name: held for name, held in vars(line).items() if held is not before[name]}
    return frozenset(name for name, held in new.items() if isinstance(held, MarkerStyle))


def _marks(line: Line2D) -> list[tuple]:
    """Return what a line's marks look like: the same for the same outline, but for halves."""
    styles: Any = [vars(line)[name] for name in of_marks()]
    return [
        (
            *(style.get_path(), style.get_transform(), style.get_snap_threshold()),
            *(style.get_joinstyle(), style.get_capstyle(), style.get_fillstyle()),
            *(style.is_filled(), style.get_alt_path() and style),
        )
        for style in styles
    ]
