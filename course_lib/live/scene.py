"""A matplotlib figure taken apart for the browser: what stays still, and what moves.

`explorer` asks for a frame after each move of a control. What stays still is drawn once, as images;
what moves becomes vertices in pixels, which the front end draws between these images, in
matplotlib's own order.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeGuard
from zlib import crc32

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.spines import Spine
from matplotlib.text import Text
from PIL import Image

from . import again, letters, theme, watch
from .compose import differs
from .fewer import fewer
from .looks import drawn_by
from .narrow import fitter
from .recorder import OnlyAggError, Part, Recorder

MOST_POINTS = 400  # of a line that stays still, whose values are told under the pointer
HEAVY = 250_000  # bytes of one artist, above which an image of it is tried


class Scene:
    """A figure taken apart: what stays still, as images, and what moves, as vertices.

    An artist moves once its state is found changed. Paths and markers are drawn by the browser from
    their outlines in pixels; any other artist as a small image of it alone. Where anything else
    changed, all is drawn anew.

    Attributes
    ----------
    figure : Figure
        What is taken apart.
    moving : list of Artist
        What was found to move so far.
    redraw : bool
        Whether each frame is to be drawn anew as a whole.
    owned : dict
        The artists that are drawn for a control, each with its name.
    """

    def __init__(
        self, figure: Figure, redraw: bool = False, owned: Mapping[Artist, str] | None = None
    ) -> None:
        self.figure = figure
        self.redraw = redraw
        self.canvas = theme.Canvas(figure)
        self.width: float | None = None
        self._fit = fitter(figure)
        self.owned = dict(owned or {})  # these fade while another one is pointed at
        self.moving: list[Artist] = list(self.owned)
        self.id = ""
        self._watch = watch.Watch(figure)
        self._order: list[Artist | int] = []
        self._places: tuple = ()
        self._drawn = False
        self._lies = False  # of another color alone: laid out as before
        self._doubts = 0
        self.shifted = False
        self._sent: tuple[dict, list[bytes]] = {}, []
        self._recorded: dict[Artist, tuple[watch.Drawn, Part]] = {}
        self._again = again.Lines()
        self._as_image: dict[Artist, bool] = {}  # of many points: whether an image was smaller

    def resize(
        self,
        scale: float,
        ground: tuple[int, int, int] | None = None,
        width: float | None = None,
    ) -> None:
        """Draw for a screen with `scale` device pixels for each hundredth of an inch.

        `width` is how many hundredths of an inch there are for the figure, None its own width.
        `ground` is the color of a dark page; a figure whose theme is "keep" is drawn as on white.
        """
        keeps = getattr(self.figure, "theme", "page") == "keep"
        dpi = 100 * min(max(scale, 0.2), 4)
        same = width == self.width and abs(self.figure.dpi - dpi) <= 0.01
        self._lies = self._drawn and same and ground != self.canvas.ground
        self.canvas.ground = None if keeps else ground
        if width != self.width:
            self.width = width
            self._fit(width)
            if self._drawn:  # what the layout changed of words was no move
                self._watch.take(self.moving)
        if abs(self.figure.dpi - dpi) > 0.01:
            self.figure.set_dpi(dpi)
        self._drawn, self.id = False, ""
        self._as_image.clear()

    def settle(self, laid_out: bool = False) -> None:
        """Draw the figure once, so that from now on what has another state was moved."""
        with drawn_by(self.figure):
            with as_it_lies(self.figure, laid_out):
                self.canvas.draw()
            self._keep()

    @property
    def drawn(self) -> bool:
        """Whether the still part that was last drawn is still the right one."""
        return self._drawn

    def frame(self, buffers: list[bytes], still: bool = True) -> dict | None:
        """Return what the browser has to draw; arrays and images are appended to `buffers`.

        The key "on" names the still part that the frame belongs to, and "scene" holds it where it
        is another one than in the frame before. With `still=False` it is never drawn: where it
        would have to be, the answer is None. What matplotlib cannot draw raises its own error.
        """
        with drawn_by(self.figure):
            return self._frame(buffers, still)

    def again(self, buffers: list[bytes]) -> dict | None:
        """Return the frame once more, as a whole: words were written for axes that lay elsewhere.

        After a frame for which `shifted` is true, and one more call of the author's function.
        """
        self._drawn, self.id = False, ""
        return self.frame(buffers)

    def _frame(self, buffers: list[bytes], still: bool) -> dict | None:
        self.look()
        self.shifted = False
        if not self._drawn and not still:
            return None
        content: dict[str, Any] = {}
        if not self._drawn:
            before, self.id = self.id, ""
            images: list[bytes] = []
            scene = self._draw_still(images, len(buffers), layouts=0 if self._lies else 2)
            self.id = _name(scene, images)
            self._sent = scene, list(images)
            if self.id != before:
                content["scene"] = scene
                buffers += images
        content["on"] = self.id
        try:
            with np.errstate(all="ignore"):
                content["draw"] = self._draw_moving(buffers)
        except Exception:
            if "scene" in content:  # it reaches nobody now: the next frame has to bring it
                self._drawn, self.id = False, ""
            raise
        self._watch.calm()
        content["vertices"] = len(buffers) - 1
        return content

    def night(self, buffers: list[bytes]) -> dict | None:
        """Return what stays still as it is drawn for a dark page; images go to `buffers`.

        None for a figure that keeps its colors.
        """
        if getattr(self.figure, "theme", "page") == "keep":
            return None
        images: list[bytes] = []
        before, order, self.canvas.ground = self.canvas.ground, self._order, theme.DARK
        try:
            with drawn_by(self.figure):
                still = self._draw_still(images, len(buffers), layouts=0)
        finally:
            self.canvas.ground = before
        if [part for part in self._order if isinstance(part, int)] != [
            part for part in order if isinstance(part, int)
        ]:
            return None
        buffers += images
        return {"below": still["below"], "between": still["between"]}

    def fresh(self) -> np.ndarray:
        """Return the whole figure as matplotlib draws it now: the measure of what is shown."""
        with drawn_by(self.figure):
            self.canvas.draw()
            pixels = np.array(self.canvas.buffer_rgba())
            if self._drawn:
                self._keep()
        return pixels

    def outdated(self) -> bool:
        """Draw the still part once more and return whether it is another one than was sent.

        Twice in a row, and every frame is drawn as a whole: something changes that is not found.
        """
        if self.redraw or not self._drawn:
            return False
        with drawn_by(self.figure), np.errstate(all="ignore"):
            if self._again.misdrawn(self._recorder()):
                self._drawn = False
                return True
        for layouts in (1, 2):
            images: list[bytes] = []
            with drawn_by(self.figure):
                scene = self._draw_still(images, 0, layouts)
            if _name(scene, images) == self.id or self._is_alike(scene, images):
                self._doubts = 0
                return False
        self._doubts += 1  # once it may be a layout that settles
        self.redraw, self._drawn = self._doubts > 1, False
        return True

    def _is_alike(self, scene: dict, images: list[bytes]) -> bool:
        """Return whether a still part shows what was sent, but for a layout that settles."""
        before, sent = self._sent
        if not before or before["size"] != scene["size"] or len(sent) != len(images):
            return False
        return all(
            differs(
                np.asarray(Image.open(io.BytesIO(one))),
                np.asarray(Image.open(io.BytesIO(other))),
                by=90,
            )
            <= 4
            for one, other in zip(sent, images, strict=True)
        )

    def _keep(self) -> None:
        self._watch.take(self.moving)
        self._places = self._where()

    def _where(self) -> tuple:
        """Return what of the still part depends on moving artists, and where those belong."""
        placed = [
            legend
            for ax in self.figure.axes
            if (legend := ax.get_legend()) is not None
            and legend not in self.moving
            and getattr(legend, "_loc", 0) == 0
            and any(artist.axes is ax for artist in self.moving)
        ]
        best = [legend.get_window_extent().bounds for legend in placed]
        pushing = [self._push(artist) for artist in self.moving] if self._gives_way() else []
        # An axes puts a title above the ticks as it draws; setting the title takes that back.
        heights = [artist.get_position()[1] for artist in self.moving if _is_title(artist)]
        return best, pushing, heights, [artist.get_zorder() for artist in self.moving]

    def _gives_way(self) -> bool:
        """Return whether axes are laid out anew by what is drawn."""
        return self.figure.get_layout_engine() is not None

    def _push(self, artist: Artist) -> tuple | None:
        """Return what a layout has to give way to, None for an artist inside its axes."""
        ax, clipped = artist.axes, artist.get_clip_on() and artist.get_clip_box() is not None
        if (ax is not None and clipped) or not (artist.get_visible() and artist.get_in_layout()):
            return None
        box = artist.get_tightbbox(self.canvas.get_renderer())
        if box is None:
            return None
        x0, y0, x1, y1 = box.extents
        if ax is not None:
            inner = ax.bbox.extents
            if x0 >= inner[0] and y0 >= inner[1] and x1 <= inner[2] and y1 <= inner[3]:
                return None
        return x0, y0, x1, y1

    def look(self) -> None:
        """Find what moved since the last look, and whether the still part must be drawn again."""
        found = self._watch.changed()
        if found:
            self._drawn = self._lies = False
            known = set(self.moving)
            self.moving += [
                artist for artist in found if artist not in known and self._moves(artist)
            ]
            there = set(watch.owners(self.figure))
            self.moving = [artist for artist in self.moving if artist in there]
        if self.redraw:
            self.moving, self._drawn = [], False
        if (self._drawn or self._lies) and self._places != self._where():
            self._drawn = self._lies = False

    def _moves(self, artist: Artist) -> bool:
        """Return whether an artist can move alone, with all others staying as they are drawn."""
        ax = artist.axes
        if isinstance(artist, (Figure, Axes, Axis, Spine, Legend)) or artist is self.figure.patch:
            return False
        if ax is not None and (artist is ax.patch or ax.name not in ("rectilinear", "polar")):
            return False
        return artist.get_agg_filter() is None and not artist.get_rasterized()

    # ------------------------------------------------------------------ what stays still

    def _draw_still(self, images: list[bytes], first: int, layouts: int = 2) -> dict:
        """Draw all that does not move, in as many images as moving artists lie between.

        The images are numbered from `first` on. A layout takes longer than the drawing, and two of
        them to settle; with none, everything stays where it is.
        """
        order: list[Artist | int] = []
        between: list[dict] = []
        self.canvas.get_renderer().clear()

        def cut() -> None:
            part = self._taken(images, whole=not images)
            if part is None:
                return
            part["image"] += first
            if part["image"] > first:
                order.append(len(between))
                between.append(part)

        def met(artist: Artist) -> None:
            cut()
            order.append(artist)

        lay = letters.places(self.figure)
        if self._gives_way() and layouts == 2:
            self.figure.draw_without_rendering()
        with _stopped(self.moving, met), as_it_lies(self.figure, layouts == 0):
            self.canvas.draw()
            cut()
        self.shifted = letters.have_moved(letters.places(self.figure), lay)
        self._recorded.clear()
        self._again.clear()
        renderer = self.canvas.get_renderer()
        self._order, self._drawn, self._lies = order, True, False
        self._keep()
        height = renderer.height
        still: dict[str, Any] = {"below": first, "between": between}
        still["dark"] = self.canvas.ground is not None
        still["size"] = [int(renderer.width), int(height)]
        still["axes"] = []
        for ax in self.figure.axes:
            x0, y0, x1, y1 = ax.bbox.extents
            still["axes"].append(
                {
                    "box": [x0, height - y1, x1 - x0, y1 - y0],
                    "x": [*map(float, ax.get_xlim()), ax.get_xscale() == "log"],
                    "y": [*map(float, ax.get_ylim()), ax.get_yscale() == "log"],
                    "points": self._points(ax),
                }
            )
        return still

    def _points(self, ax: Axes) -> list[float]:
        """Return where the points of the lines lie that stay still, some of very many."""
        found = []
        for line in ax.lines:
            in_data = line.get_transform() is ax.transData and line.get_gid() != "word"
            if not in_data or line in self.moving or not line.get_visible():
                continue
            points = ax.transData.transform(line.get_xydata())
            inside = ((points >= ax.bbox.p0) & (points <= ax.bbox.p1)).all(axis=1)
            points = points[inside]
            found.append(points[:: len(points) // MOST_POINTS + 1])
        places = np.concatenate(found) if found else np.empty((0, 2))
        places[:, 1] = self.figure.bbox.height - places[:, 1]
        return [float(place) for place in places.round(1).ravel()]

    def _taken(self, images: list[bytes], whole: bool = False) -> dict | None:
        """Take what the renderer holds as an image, cut to what is inked, and clear it."""
        renderer = self.canvas.get_renderer()
        pixels = np.array(renderer.buffer_rgba())
        renderer.clear()
        top, left = 0, 0
        if not whole:
            inked = pixels[..., 3] > 0
            rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
            if not len(rows):
                return None
            top, left = int(rows[0]), int(columns[0])
            pixels = pixels[top : rows[-1] + 1, left : columns[-1] + 1]
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="png", compress_level=1)
        images.append(file.getvalue())
        return {"kind": "image", "image": len(images) - 1, "at": [left, top]}

    # ------------------------------------------------------------------ what moves

    def _draw_moving(self, buffers: list[bytes]) -> list[dict]:
        """Return the layers of a frame, in the order of drawing, and append what they refer to."""
        recorder = self._recorder()
        self._again.begin()
        for item in self._order:
            if isinstance(item, int):
                recorder.layers.append({"kind": "still", "part": item})
                continue
            if not item.get_visible():
                item.stale = False  # as if drawn
                continue
            begun = len(recorder.layers)
            self._record(item, recorder, buffers)
            if item in self.owned:
                for layer in recorder.layers[begun:]:
                    layer["of"] = self.owned[item]
        vertices = recorder.vertices
        flat = np.concatenate(vertices) if vertices else np.empty(0, np.float32)
        buffers.append(flat.tobytes())
        return recorder.layers

    def _recorder(self) -> Recorder:
        width, height = (int(side) for side in self.figure.bbox.size)
        recorder = Recorder(width, height, self.figure.dpi)
        recorder.ground = self.canvas.ground
        return recorder

    def _draw_image(self, artist: Artist, recorder: Recorder, buffers: list[bytes]) -> None:
        """Draw one moving artist as an image of it alone."""
        renderer = self.canvas.get_renderer()
        renderer.clear()
        artist.draw(renderer)
        if image := self._taken(buffers):
            kept = {"kept": True} if theme.keeps(artist) else {}
            recorder.layers.append(image | kept)

    def _record(self, artist: Artist, recorder: Recorder, buffers: list[bytes]) -> None:
        """Draw one moving artist, or take again what was recorded of it if it is the same."""
        before = self._recorded.get(artist)
        seems_same = before is not None and before[0].seems_same()
        if before is not None and seems_same and before[0].same:
            recorder.repeat(before[1], buffers)
            return
        watched = self._watch.known
        recorder.begin(buffers)
        if self._again.draw(artist, recorder):
            drawn = watch.Drawn(artist, watched if seems_same else None)
            self._recorded[artist] = drawn, recorder.part(buffers)
            return
        few = None
        try:
            if self._as_image.get(artist):
                raise OnlyAggError
            few = fewer(artist)
            (few or artist).draw(recorder)
        except OnlyAggError:
            recorder.drop()
            self._draw_image(artist, recorder, buffers)
        else:
            part = recorder.part(buffers)
            if part.bytes > HEAVY and artist not in self._as_image:
                recorder.drop()
                self._draw_image(artist, recorder, buffers)
                image = recorder.part(buffers)
                self._as_image[artist] = image.bytes < part.bytes
                if not self._as_image[artist]:
                    recorder.drop()
                    del buffers[len(buffers) - len(image.images) :]
                    recorder.repeat(part, buffers)
        if few is None and before is not None and not seems_same:
            self._again.learn(artist, before[0], recorder, watched)
        drawn = watch.Drawn(artist, watched if seems_same else None, long=few is not None)
        self._recorded[artist] = drawn, recorder.part(buffers)


def _is_title(artist: Artist) -> TypeGuard[Text]:
    ax = artist.axes
    return isinstance(artist, Text) and ax is not None and artist not in ax.texts


def _name(scene: dict, images: list[bytes]) -> str:
    """Return a name for what stays still, the same for the same picture."""
    about = repr((scene["size"], scene["axes"], [part["at"] for part in scene["between"]]))
    return f"{crc32(b''.join(images) + about.encode()):08x}"


@contextmanager
def as_it_lies(figure: Figure, laid_out: bool) -> Iterator[None]:
    """Leave everything where it is while a figure that is laid out is drawn.

    Parameters
    ----------
    figure : Figure
    laid_out : bool
        Whether it is; else it is drawn as always.
    """
    engine = figure.get_layout_engine() if laid_out else None
    if engine is None:
        yield
        return
    figure.set_layout_engine("none")
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


@contextmanager
def _stopped(artists: list[Artist], met: Any) -> Iterator[None]:
    """Call `met` wherever one of the artists is to be drawn, in place of drawing it."""
    try:
        for artist in artists:
            artist.draw = lambda _, *more, artist=artist, **words: met(artist)  # type: ignore[method-assign]
        yield
    finally:
        for artist in artists:
            vars(artist).pop("draw", None)
