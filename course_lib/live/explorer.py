"""Explorers: sliders and points that move a matplotlib figure while they are dragged.

The last room of the flow: they show what `descent` and `training` recorded, and no rule is written
here. matplotlib draws what stays still once; what `update` touches goes to the browser as vertices.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import gc
import inspect
import itertools
import json
import random
import time
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from . import checks, files, letters, looks, replay, ties, typeface
from .calls import GROWS, Calls, check, failure, in_words, kept
from .canvas import Canvas, Face
from .compose import composed, differs
from .controls import Point, control_of, same
from .figures import Picture, close, describe
from .kinds import Number, kind_of
from .scene import Scene, as_it_lies

REST = 0.5  # seconds after the last move until what is seen is kept with the notebook
HELD = 5.0  # the same while a hand is on the page: it may go on
PAUSE = 0.1  # seconds after a sweep until the figure goes back: a moving hand asks for more
REHEARSAL = 0.12  # seconds that the ends of the sliders may take before the first picture
SLICE = 0.04  # seconds of a sweep at a time: a cell that is run meanwhile waits no longer
SLOW = 100  # milliseconds of an `update` that is never called unasked


@functools.lru_cache(1)
def _drawing(loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
    """Let one explorer of a kernel draw what nobody waits for, not one right after the other."""
    return asyncio.Lock()


class Explorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A figure with its controls. `explore` makes it.

    Attributes
    ----------
    values : dict
        The present value of each control, as `update` gets it.
    standing : str
        What `update` last said, or which values it failed on.
    printed : str
        What `update` last printed and warned.
    described : bool
        Whether its author said in words what the picture shows.
    error : Exception or None
        What `update`, or matplotlib as it drew, last raised. `raise explorer.error` shows where.
    """

    described = True
    _dark = False  # whether a page of this kernel was

    def __init__(
        self, figure: Figure, update: Callable, controls: dict, alt: str, redraw: bool = False
    ) -> None:
        self.figure, self.controls = figure, controls
        self.error: Exception | None = None
        self.standing = self.printed = ""
        self._scene = Scene(figure, redraw, ties.owned(controls))
        self._calls = Calls(update, figure)
        self._request: dict | None = None
        self._sweeps: deque[dict] = deque()
        self._task: asyncio.Task | None = None
        self._resting: asyncio.Task | None = None
        self._back: asyncio.TimerHandle | None = None
        self._on_screen = self._held = False
        sliders = {name: c for name, c in controls.items() if not isinstance(c, Point)}
        self.values = {name: control.value for name, control in controls.items()}
        self.kinds = {name: kind_of(control) for name, control in controls.items()}
        names = getattr(figure, "control_names", {})
        _label(sliders, names)
        self._tracks: dict[str, list] = {}
        self._cost = 0.0
        self._said_of: dict[str, Any] = {}  # the values that the standing is about
        self._update()
        self._tracks = ties.tracks(controls)
        width, height = figure.get_size_inches() * 100
        still = self._picture(self.png, b"") or Picture(figsize=figure.get_size_inches()).png()
        night = self._picture(self._for_dark, b"")
        self._canvas = Canvas(
            names=list(sliders),
            controls=list(sliders.values()),
            face=Face.one(),
            units={name: unit for name, c in sliders.items() if (unit := getattr(c, "unit", ""))},
            films=files.films(),
            plays=[name for name, control in sliders.items() if getattr(control, "play", False)],
            points=[
                {
                    "name": name,
                    "label": p.label or names.get(name, name.replace("_", " ")),
                    "axes": figure.axes.index(p.ax),
                    "value": list(np.atleast_1d(p.value)),
                    "bounds": [list(pair) for pair in p.bounds],
                    "track": ties.track(p),
                }
                for name, p in controls.items()
                if isinstance(p, Point)
            ],
            at=self._points(),
            swatches=ties.swatches(controls),
            grips=ties.grips(controls, figure.axes),
            size=[float(width), float(height)],
            theme=getattr(figure, "theme", "page"),
            alt=alt,
            standing=self.standing,
            colors=getattr(self.standing, "keys", []),
            printed=self.printed,
            still=still,
            night=night,
            cost=self._cost,
        )
        self._kept = True  # what is seen now is what the notebook has
        self._canvas.on_msg(self._received)
        self._canvas.observe(self._pointed, "at")
        rows = [ipywidgets.VBox(_side_by_side(list(sliders.values())))] if sliders else []
        for box in rows:
            box.add_class("course-controls")
        super().__init__([*rows, self._canvas])
        self.add_class("course-card")

    @property
    def update(self) -> Callable:
        """The author's function."""
        return self._calls.update

    @update.setter
    def update(self, update: Callable) -> None:
        self._calls.update = update

    def set(self, /, **values: Any) -> str:
        """Move controls from Python, by name, and return the standing.

        If one of the values is wrong, nothing moves.
        """
        moved: dict[str, Any] = {}
        try:
            for name, value in values.items():
                checks.one_of("The control", name, self.kinds)
                moved[name] = self.kinds[name].set(name, value)
        except (TypeError, ValueError):
            for name in moved:
                self.kinds[name].back(self.values[name])
            raise
        with looks.turn:
            self.values |= moved
            self._update()
            self._canvas.at = self._points()
            if self._on_screen:
                self._send_frame({})
        return self.standing

    def reset(self) -> str:
        """Put every control back to where the author set it, and return the standing."""
        return self.set(**{name: kind.first for name, kind in self.kinds.items()})

    def tour(self, states: int = 20) -> list[str]:
        """Move each control to both ends, then all at random, and go back; return what failed.

        For whoever writes an explorer: an empty list says that no reader will meet an error, that
        each picture is the one matplotlib draws afresh, and that no call leaves artists behind.
        """
        choose, stood = random.Random(0).choice, dict(self.values)
        ends = {name: kind.ends() for name, kind in self.kinds.items()}
        visits = [{name: end} for name, both in ends.items() for end in both]
        visits += [{name: choose(both) for name, both in ends.items()} for _ in range(states)]
        failed, before = [], dict(self.values)
        still: tuple[dict, list] = ({}, [])
        # What fails only as it is drawn is found on a small picture, too.
        with self.at_scale(0.5):
            for visit in visits:
                values = before | visit
                buffers: list[bytes] = []
                seen, error = self._seen(values, *self._drawn(values), buffers)
                if seen and "scene" in seen:
                    still = seen["scene"], buffers
                if error and seen:
                    failed.append(seen["standing"])
                elif seen and self._is_old(composed(*still, seen, buffers)):
                    failed.append(
                        f"The picture for {in_words(values)} is not the one that matplotlib draws "
                        "afresh. explore(..., redraw=True) draws each one as a whole."
                    )
        self.set(**stood)
        return [*failed, GROWS] if GROWS in self.printed else failed

    def _is_old(self, seen: np.ndarray) -> bool:
        # Edges that lie close together, as of a line that goes to and fro, differ by a few shades.
        return differs(seen, self._scene.fresh(), by=90) > 4

    def png(self) -> bytes:
        """Return the picture as it stands now, as a PNG file."""
        return self._file(Picture.png)

    def night_png(self) -> bytes:
        """Return the picture as `png` does, drawn for a dark page, on a clear ground."""
        keeps = getattr(self.figure, "theme", "page") == "keep"
        return self._file(Picture.png if keeps else Picture.night)

    def _file(self, draw: Callable) -> bytes:
        with looks.turn:
            self._come_back()
            shown, lay = self._on_screen and self._scene.drawn, letters.places(self.figure)
            # A layout takes longer than a drawing, and what a reader sees is laid out.
            with as_it_lies(self.figure, shown):
                picture: bytes = draw(self.figure)
                if letters.have_moved(letters.places(self.figure), lay):
                    self._drawn(self.values)
                    picture = draw(self.figure)
            if shown:
                self._scene.settle(laid_out=True)  # what another size has changed is no move
            return picture

    def _picture(self, draw: Callable[[], bytes], last: bytes) -> bytes:
        """Return what `draw` makes of the figure; if it cannot be drawn say so, and the last."""
        try:
            with self._calls.survived():
                return draw()
        except Exception as problem:
            self.standing, self.error = failure(self.values, problem), problem
            return last

    def _for_dark(self) -> bytes:
        """Return the picture for dark, nothing as long as no page of this kernel is dark."""
        return self.night_png() if Explorer._dark else b""

    def html(self, sweeps: list[str] | None = None) -> str:
        """Return a piece of HTML in which sliders move the picture with no kernel and no network.

        Parameters
        ----------
        sweeps : list of str, optional
            Names of the sliders, drop-downs and toggles that can be moved there, by default as
            many as can be combined, in their order.
            The other controls and the points stay as they are now; only where there is nothing
            else to move, the points move, on a grid. It takes at most 1.5 MB: for
            more sliders each gets fewer notches. On a phone it shows a third of the places, in
            pictures drawn for that width.
        """
        return replay.snippet(self, sweeps)[0]

    def save_html(self, path: str | Path, sweeps: list[str] | None = None) -> replay.Moves:
        """Write a page that shows the explorer with no kernel and no network, as `html` has it.

        Returns
        -------
        Moves
            What its reader can move, in how many places, and what not.
        """
        piece, moves = replay.snippet(self, sweeps)
        page = replay.PAGE.format(title=escape(self.alt), face=typeface.css(), body=piece)
        Path(path).write_text(page, encoding="utf-8")
        return moves

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        return self._canvas.alt

    @property
    def grips(self) -> list[dict]:
        """What the browser knows of the sliders' handles on the picture."""
        return self._canvas.grips

    @property
    def swatches(self) -> dict[str, dict]:
        """The swatches of the controls that have one, by name."""
        return self._canvas.swatches

    @property
    def size(self) -> list[float]:
        """Width and height of the picture, in pixels of the page."""
        return self._canvas.size

    @property
    def points(self) -> list[dict]:
        """What the browser knows of each point: name, label, axes, first value and bounds."""
        return self._canvas.points

    def frame(self, buffers: list[bytes], /, **values: Any) -> dict:
        """Return what the browser draws for these values, the standing, and what stays still.

        For `replay`: the explorer itself does not move. Arrays and images go to `buffers`.
        """
        values = self.values | values
        return self._seen(values, *self._drawn(values), buffers)[0]

    def night(self, buffers: list[bytes], /) -> dict | None:
        """Return what stays still in the frame drawn last, as on a dark page. For `replay`."""
        return self._scene.night(buffers)

    @contextmanager
    def at_scale(self, scale: float, width: float | None = None) -> Iterator[None]:
        """Draw frames for a screen of another scale or width, and go back to what is shown."""
        with looks.turn:
            before = self.figure.dpi / 100, self._scene.canvas.ground, self._scene.width
            self._scene.resize(scale, width=width)
            self._settle()
            try:
                yield
            finally:
                self._drawn(self.values)
                self._scene.resize(*before)

    def _settle(self) -> None:
        with suppress(Exception), self._calls.survived():  # a frame tells what cannot be drawn
            self._scene.settle()

    def close(self) -> None:
        """Take the explorer, its picture and its controls out of the notebook."""
        self._call_off()
        self._canvas.on_msg(self._received, remove=True)
        self._sweeps.clear()
        shared = {
            control for other in _OPEN if other is not self for control in other.controls.values()
        }
        _OPEN.discard(self)
        for control in self.controls.values():
            if not isinstance(control, Point) and control not in shared:
                for part in (control.layout, getattr(control, "style", None), control):
                    if part is not None:
                        part.close()
        boxes = [b for box in self.children for b in (box, *getattr(box, "children", ()))]
        for box in boxes:
            if isinstance(box, ipywidgets.Box) or box is self._canvas:
                box.layout.close()
                box.close()
        self.layout.close()
        super().close()

    def _update(self) -> None:
        began = time.perf_counter()
        self._kept = self._away = False
        self._said_of = dict(self.values)
        self.standing, self.error = self._drawn(self.values)
        self.printed = self._calls.printed
        self._cost = round(1000 * (time.perf_counter() - began), 2)

    def _drawn(self, values: dict) -> tuple[str, Exception | None]:
        """Call the author's function; what goes wrong there becomes the standing."""
        return self._calls.one(values)

    def _seen(
        self,
        values: dict,
        said: str,
        error: Exception | None,
        buffers: list,
        still: bool = True,
    ) -> tuple[Any, Exception | None]:
        """Return the frame that `_drawn` prepared, as `Scene.frame` does, and what went wrong.

        Some mistakes show only as matplotlib draws: an x and a y of different lengths.
        """
        frame: dict | None = {}
        if error is None:
            before = len(buffers)
            try:
                with self._calls.survived():
                    frame = self._scene.frame(buffers, still)
                    if self._scene.shifted:
                        del buffers[before:]
                        self._drawn(values)
                        frame = self._scene.again(buffers)
            except Exception as problem:
                del buffers[before:]
                said, error = failure(values, problem), problem
        if frame is not None:
            frame |= {"standing": said, "failed": error is not None}
            if keys := getattr(said, "keys", None):
                frame["keys"] = keys
            if idle := ties.reasons(self.controls, values):
                frame["idle"] = idle
            tracks = ties.tracks(self.controls)
            if tracks != self._tracks:
                frame["tracks"] = tracks
            if self._calls.printed:
                frame["printed"] = self._calls.printed
        return frame, error

    def _received(self, _: Any, content: dict, buffers: list) -> None:
        """Take a request of the browser: the newest for a frame counts, and each for a sweep."""
        if "save" in content:
            self._save(content)
            return
        self._held = bool(content.get("held"))
        if "sweep" in content:
            if content.get("instead"):
                self._give_up(content)
            self._sweeps.append(content)
        else:
            earlier = self._request or {}
            screen = content.get("screen", earlier.get("screen"))
            self._request = earlier | content | {"screen": screen}
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            while self._request or self._sweeps:
                self._answer()
            self._come_back()
            return
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._answer_soon())

    def _give_up(self, newer: dict) -> None:
        """Tell a view that what is left of its earlier sweeps will not come."""
        given_up = [sweep for sweep in self._sweeps if sweep.get("view") == newer.get("view")]
        for sweep in given_up:
            self._sweeps.remove(sweep)
            self._answer_with([], [], sweep, took=0.0)

    def drawn(self, name: str, values: list) -> Iterator[np.ndarray]:
        """Yield the picture for each value of one control, as pixels; then go back."""
        with self.at_scale(1):
            for value in values:
                self._drawn(self.values | {name: value})
                yield self._scene.fresh()

    def _save(self, content: dict) -> None:
        """Send what the reader wants to save."""
        with looks.turn:
            kind = content["save"]
            save = {"gif": files.gif, "mp4": files.mp4}.get(kind)
            file = save(self, content["slider"]) if save else files.svg(self)
        self._canvas.send({"view": content.get("view"), "saved": kind}, [file])

    async def _answer_soon(self) -> None:
        # Requests that wait in the kernel's queue come in one by one as the loop turns. Letting it
        # turn first leaves only the newest of them to be computed, and lets a cell run between the
        # slices of a sweep.
        self._call_off()
        while self._request or self._sweeps:
            for _ in range(20):
                await asyncio.sleep(0)
            self._answer()
        self._back = asyncio.get_running_loop().call_later(PAUSE, self._come_back)
        if not self._kept:
            self._resting = asyncio.create_task(self._rest(HELD if self._held else REST))

    def _call_off(self) -> None:
        """Do nothing of what was to be done once nobody asks for more."""
        if self._resting is not None:
            self._resting.cancel()
        if self._back is not None:
            self._back.cancel()

    def _answer(self) -> None:
        with looks.turn, uncollected(), self._calls.by_loop():
            if self._request:
                self._answer_request()
            if self._sweeps:
                self._answer_sweep(self._sweeps.popleft())

    def _answer_request(self) -> None:
        request, self._request = self._request or {}, None
        began = time.perf_counter()
        if request.get("screen"):
            screen = request["screen"]
            ground = screen.get("ground")
            width = screen.get("width")
            lay = letters.places(self.figure)
            self._scene.resize(
                float(screen.get("scale", 1)),
                ground and tuple(map(int, ground)),
                width and float(width),
            )
            if not self._on_screen:
                self._settle()
            # Its words may have been written for axes that lay elsewhere.
            self._away |= letters.have_moved(letters.places(self.figure), lay)
            if not self._on_screen:
                self._rehearse()
            self._on_screen = True
            Explorer._dark = bool(ground) or Explorer._dark
        if not self._on_screen:
            return
        self.values |= self._asked(request)
        # Where a point was put may be known before its picture is asked for.
        moved = any(not same(value, self._said_of[name]) for name, value in self.values.items())
        # Another screen alone is no reason to compute what takes long.
        if moved or self._cost <= SLOW:
            self._update()
        else:
            self._come_back()
        answer = {"view": request.get("view"), "id": request.get("id"), "cost": self._cost}
        self._send_frame(answer, began)

    def _rehearse(self) -> None:
        """Go to the ends of the sliders, as far as there is time, to learn what moves.

        A first drag would find one artist after the other, and draw a still part without each.
        """
        began = last = time.perf_counter()
        for name, kind in self.kinds.items():
            for end in kind.ends() if isinstance(kind, Number) else []:
                if last - began + self._cost / 1000 > REHEARSAL:
                    return
                self._away = True
                if self._drawn(self.values | {name: end})[1] is None:
                    with suppress(Exception), self._calls.survived():  # a frame tells of it
                        self._scene.look()
                now = time.perf_counter()
                self._cost, last = max(self._cost, round(1000 * (now - last), 2)), now

    def _asked(self, request: dict) -> dict:
        """Return the values that the browser asks for."""
        return {
            name: self.kinds[name].read(value)
            for name, value in request.get("values", {}).items()
            if name in self.kinds
        }

    def _answer_sweep(self, request: dict) -> None:
        """Answer with frames for places that one control may move to, as many as a slice holds.

        The others follow in slices of their own, each after what came in meanwhile: one request for
        many costs the page less than many requests. Once a frame took long, none is made until
        one that a reader asked for is quick.
        """
        began = last = time.perf_counter()
        frames: list[dict | None] = []
        buffers: list[bytes] = []
        longest, more = 0.0, False
        if self._on_screen and self._cost <= SLOW:
            for values, standing, error in self._along(request):
                frame, _ = self._seen(values, standing, error, buffers, still=False)
                frames.append(frame)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now
                # A place with another still part, such as other limits of an axis, is left to the
                # requests for one frame; it may be seen only as the control comes there.
                more = frame is not None and len(frames) < len(request["at"])
                if frame is None or now - began > SLICE:
                    break
            self._away = True
            self._cost = max(self._cost, round(1000 * longest, 2))
            more = more and self._cost <= SLOW
        if more:
            self._sweeps.appendleft(request | {"at": request["at"][len(frames) :]})
        took = round(1000 * (time.perf_counter() - began), 2)
        self._answer_with(frames, buffers, request, took, more)
        if not self._scene.drawn:
            self._come_back()
            self._send_frame({"view": request.get("view")})

    def _answer_with(
        self, frames: list, buffers: list[bytes], request: dict, took: float, more: bool = False
    ) -> None:
        """Send the frames of a slice, and say whether more will follow."""
        about = {"view": request.get("view"), "sweep": request.get("id"), "took": took}
        about |= {"cost": self._cost, "made": len(frames), "more": more}
        content: dict = {"frames": frames}
        if request.get("unpacks"):
            content, buffers = _packed(frames, buffers)
        self._canvas.send(about | content, buffers)

    def _come_back(self) -> None:
        """Let the figure be as the reader sees it, after a sweep has moved it."""
        with looks.turn, self._calls.by_loop():
            if self._away:
                self._away = False
                self._drawn(self.values)

    def _along(self, request: dict) -> Iterator[tuple[dict, str, Exception | None]]:
        """Move the figure to the places of a sweep, one after the other, and say what is seen."""
        name, places = request["sweep"], []
        for value in request["at"]:
            asked = {"values": request["values"] | {name: value}}
            places.append(self.values | self._asked(asked))
        return self._calls.many(name, places, at_once=isinstance(self.kinds[name], Number))

    def _send_frame(self, content: dict, began: float | None = None) -> None:
        buffers: list[bytes] = []
        self._kept = False
        seen, self.error = self._seen(self.values, self.standing, self.error, buffers)
        self.standing = seen["standing"]
        content |= seen
        if began is not None:
            content["took"] = round(1000 * (time.perf_counter() - began), 2)
        self._canvas.send(content, buffers)

    def _pointed(self, change: dict) -> None:
        """Take where a reader has put the points; the picture is asked for apart from that."""
        self.values |= self._asked({"values": change["new"]})

    async def _rest(self, after: float) -> None:
        """Do after some seconds what there is time for, until somebody asks for more."""
        await asyncio.sleep(after)
        with closing(self._at_rest()) as drawings:
            while True:
                async with _drawing(asyncio.get_running_loop()):
                    with looks.turn, self._calls.by_loop():
                        if next(drawings, drawings):
                            return
                    await asyncio.sleep(0.05)  # what anybody has asked meanwhile comes in
                await asyncio.sleep(REST)  # a hand that comes back waits for one drawing at most

    def _at_rest(self) -> Generator[None, None, None]:
        """Compare with a fresh drawing what is seen, and keep it: drawing by drawing."""
        self._come_back()
        if self.error is None and self._scene.outdated():
            self._send_frame({})
        yield
        yield from self._keeping()

    def _keeping(self) -> Generator[None, None, None]:
        """Have the notebook, and views to come, keep what is seen now."""
        canvas, done = self._canvas, False
        self._kept = True  # unless it is moved meanwhile
        try:
            still = self._picture(self.png, canvas.still)
            yield
            night = self._picture(self._for_dark, canvas.night)
            if done := self._kept:
                canvas.still, canvas.night = still, night
                canvas.standing, canvas.printed = self.standing, self.printed
                canvas.colors = getattr(self.standing, "keys", [])
                canvas.at = self._points()
        finally:
            self._kept = done

    def _points(self) -> dict[str, list[float]]:
        return {
            name: np.atleast_1d(self.values[name]).tolist()
            for name, control in self.controls.items()
            if isinstance(control, Point)
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        if not self._kept:
            deque(self._keeping(), maxlen=0)
        data = super()._repr_mimebundle_(**kwargs) or {}
        data |= {
            "text/plain": self._text(),
            "image/png": base64.b64encode(self._canvas.still).decode(),
        }
        width, height = map(int, self._canvas.size)
        about = {"alt": self._canvas.alt, "width": width, "height": height}
        return data, {"image/png": about}

    def _text(self) -> str:
        return "\n".join(filter(None, [self.standing, self.printed]))

    def __repr__(self) -> str:
        return self._text()


def explore(
    figure: Figure,
    update: Callable,
    /,
    alt: str = "",
    redraw: bool = False,
    **controls: Any,
) -> Explorer:
    """Show `figure` with controls that move it.

    Parameters
    ----------
    figure : Figure
        With everything drawn that stays still; plain matplotlib is enough.
    update : callable
        Takes one value for each control, by name, changes the artists of the figure, and returns
        the standing: a sentence on what is to be seen. It is shown under the figure, read out by
        screen readers and kept as the text of the saved output. Without it the values are shown.
        What it prints or warns is shown below.
        It is also called for places where a slider may go next, so it must do nothing else and
        depend on nothing else. It keeps the names it uses as they are now: later cells may use
        the same names again.
        An `update` that yields takes a batch: for many places of a slider at once it gets that
        slider's values as an array of shape (n, 1), and yields the standing of each in turn,
        after it moved the artists there. For a single place it gets plain values, yields once.
    alt : str, optional
        What the picture shows, for readers who cannot see it.
    redraw : bool, optional
        Whether each picture is to be drawn by matplotlib as a whole. It is slower, and the escape
        where `tour` says that a picture differs.
    **controls
        For each parameter of `update` a `slider`, `log_slider`, `int_slider`, `range_slider`,
        `choice`, `toggle`, `button`, `point`, or any ipywidget with a value. One control may serve
        two explorers. As for `interact`, `(low, high)` is short for a slider, a list for a choice,
        True for a toggle; `ipywidgets.fixed(7)` hands over a 7 and shows no control.

    Returns
    -------
    Explorer
        It shows itself as the last line of a cell. `.set(lr=0.1)` moves it from Python.

    Raises
    ------
    TypeError, ValueError
        If controls and parameters do not match, or a control is none.

    Examples
    --------
    >>> picture, ax = plt.subplots()
    >>> (line,) = ax.plot([0, 1], [0, 1])
    >>> def update(slope):
    ...     line.set_ydata([0, slope])
    ...     return f"slope {slope:g}"
    >>> explore(picture, update, slope=slider(0, 1, 0.5))
    slope 0.5
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"explore: figure must be a matplotlib figure, got {figure!r}.")
    checks.function("explore: update", update, "the controls' values")
    if not isinstance(alt, str):
        raise TypeError(
            f"explore: alt must say in words what the picture shows, got {alt!r}. "
            "A parameter of update needs another name than alt."
        )
    if not isinstance(redraw, bool):
        raise TypeError(f"explore: redraw must be True or False, got {redraw!r}.")
    check(update, controls)
    fixed = {
        name: controls.pop(name).get_interact_value()
        for name, given in list(controls.items())
        if isinstance(given, ipywidgets.fixed)
    }
    defaults = inspect.signature(update).parameters
    for name, given in controls.items():
        default = defaults[name].default if name in defaults else None
        default = None if default is inspect.Parameter.empty else default
        controls[name] = control = control_of(name, given, default)
        if isinstance(control, Point) and control.ax not in figure.axes:
            raise ValueError(f"explore: the point {name} lies on the axes of another figure.")
    ties.check(controls)
    close(figure)
    said = alt or getattr(figure, "alt", "")
    function = functools.partial(kept(update), **fixed) if fixed else kept(update)
    explorer = Explorer(figure, function, controls, said or describe(figure), redraw)
    explorer.described = bool(said)
    _replace_previous(explorer)
    return explorer


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python collect no garbage meanwhile: that takes as long as a slow frame, and is none."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _label(sliders: dict, names: Mapping[str, str]) -> None:
    """Name the controls that have no name yet."""
    for name, control in sliders.items():
        if hasattr(control, "description"):
            control.description = control.description or names.get(name, name.replace("_", " "))
        if isinstance(control, ipywidgets.Checkbox):
            control.indent = False


def _packed(frames: list, buffers: list[bytes]) -> tuple[dict, list[bytes]]:
    """Return frames and their buffers as one buffer, compressed, and the lengths of its parts.

    Frames are alike, so compressed together they take a quarter; the fastest level is enough.
    """
    parts = [json.dumps(frames).encode(), *buffers]
    return {"packed": [len(part) for part in parts]}, [zlib.compress(b"".join(parts), 1)]


def _side_by_side(controls: list) -> list:
    """Return the controls, four toggles in a row or more put into lines that wrap."""
    rows: list = []
    for are_toggles, group in itertools.groupby(
        controls, key=lambda control: isinstance(control, ipywidgets.Checkbox)
    ):
        some = list(group)
        if are_toggles and len(some) >= 4:
            for toggle in some:
                toggle.layout.width = "auto"
                toggle.layout.margin = "0 14px 0 0"
            rows.append(ipywidgets.HBox(some, layout={"flex_flow": "row wrap"}))
        else:
            rows += some
    return rows


_OPEN: set[Explorer] = set()
_CELLS: dict[str, tuple[Any, list[Explorer]]] = {}


def _replace_previous(explorer: Explorer) -> None:
    """Close what an earlier run of the same cell left behind: nobody can reach it any more."""
    _OPEN.add(explorer)
    cell, run = _cell()
    if cell is None:
        return
    last_run, old = _CELLS.get(cell, (None, []))
    if last_run != run:
        for earlier in old:
            earlier.close()
        old = []
    _CELLS[cell] = (run, [*old, explorer])


def _all_come_back() -> None:
    """Before a cell or a widget's function runs: it may look at a figure that a sweep has moved."""
    # Each message of a page counts as a cell. What a drag sends is for its explorer alone.
    to = _addressed()
    for explorer in list(_OPEN):
        parts = [explorer._canvas, *explorer.controls.values()]
        if explorer._away and to not in [getattr(part, "model_id", None) for part in parts]:
            explorer._come_back()


def _addressed() -> str:
    """Return the id of the widget that the present message is for, "" for a cell."""
    try:
        shell = get_ipython()  # type: ignore[name-defined]  # a kernel's builtin
        return str(shell.get_parent()["content"]["comm_id"])
    except (NameError, AttributeError, KeyError, TypeError):
        return ""


def _cell() -> tuple[str | None, Any]:
    """Return which cell is running, and in which run of it, where a kernel knows."""
    try:
        shell = get_ipython()  # type: ignore[name-defined]  # a kernel's builtin
        shell.events.register("pre_execute", _all_come_back)  # twice is once
        parent = shell.get_parent()
        return parent["metadata"].get("cellId"), parent["header"]["msg_id"]
    except (NameError, AttributeError, KeyError, TypeError):
        return None, None
