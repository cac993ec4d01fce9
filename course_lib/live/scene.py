"""A matplotlib figure taken apart for the browser: what stays still, and what moves.

`live` asks for a frame after each move of a control. What stays still is drawn once, as an image;
what moves becomes vertices in pixels, which the front draws.
"""

from __future__ import annotations

import io
import math
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Ellipse, PathPatch, Polygon, Rectangle, Wedge
from matplotlib.quiver import Quiver
from matplotlib.spines import Spine
from PIL import Image


class Scene:
    """A figure taken apart: what stays still, as images, and what moves, as vertices.

    An artist moves if `update` made it stale. Lines, markers, bars and filled regions are drawn by
    the browser from their outlines in pixels; any other artist as a small image of it alone.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.canvas = FigureCanvasAgg(figure)
        self.moving: list[Artist] = []
        self.id = ""
        self._children: list[tuple] = []
        self._views: list[tuple] = []
        self._drawn = False

    def resize(self, scale: float) -> None:
        """Draw for a screen with `scale` device pixels for each hundredth of an inch."""
        dpi = 100 * min(max(scale, 0.2), 4)
        if abs(self.figure.dpi - dpi) > 0.01:
            self.figure.set_dpi(dpi)
        self._drawn, self.id = False, ""

    def settle(self) -> None:
        """Draw the figure once, so that from now on a stale artist is one that was moved."""
        self.canvas.draw()
        self._children = self._axes_children()
        self._calm()

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
        self._look()
        if not self._drawn and not still:
            self._calm()
            return None
        content: dict[str, Any] = {}
        if not self._drawn:
            before, self.id = self.id, ""
            images: list[bytes] = []
            scene = self._draw_still(images, len(buffers))
            self.id = f"{crc32(b''.join(images) + repr(scene['axes']).encode()):08x}"
            if self.id != before:
                content["scene"] = scene
                buffers += images
        content["on"] = self.id
        vertices: list[np.ndarray] = []
        layers = []
        try:
            with np.errstate(all="ignore"):
                for artist in sorted(self.moving, key=lambda artist: artist.get_zorder()):
                    if artist.get_visible():
                        layers += self._outline(artist, vertices, buffers)
        except Exception:
            if "scene" in content:  # it reaches nobody now: the next frame has to bring it
                self._drawn, self.id = False, ""
            raise
        content["draw"] = layers
        content["vertices"] = len(buffers)
        flat = np.concatenate(vertices) if vertices else np.empty(0, np.float32)
        buffers.append(flat.astype(np.float32).tobytes())
        self._calm()
        return content

    def _axes_children(self) -> list[tuple]:
        return [tuple(ax.get_children()) for ax in self.figure.axes]

    def _look(self) -> None:
        """Find what moved since the last frame, and whether the still part must be drawn again."""
        children = self._axes_children()
        again = not self._drawn or children != self._children
        if children != self._children:
            there = {artist for group in children for artist in group}
            self.moving = [artist for artist in self.moving if artist in there]
        # An artist that is new was drawn, not moved: it belongs to what stays still.
        there_before = {artist for group in self._children for artist in group}
        known = set(self.moving)
        fixed = [child for child in self.figure.get_children() if not isinstance(child, Axes)]
        again |= any(child.stale for child in fixed)
        # A 3-D view that turns leaves nothing stale.
        views = [(ax.elev, ax.azim, ax.roll) for ax in self.figure.axes if hasattr(ax, "elev")]
        again |= views != self._views
        self._views = views
        for ax, group in zip(self.figure.axes, children, strict=True):
            stale = [artist for artist in group if artist.stale]
            again |= ax.stale and not stale
            for artist in stale:
                if isinstance(artist, (Axis, Spine)) or artist is ax.patch:
                    again = True
                elif artist not in known and artist in there_before:
                    self.moving.append(artist)
                    again = True
        self._children = children
        self._drawn = not again

    def _draw_still(self, images: list[bytes], first: int) -> dict:
        """Draw all that does not move: what lies below the moving artists, and what above.

        The images are numbered from `first` on.
        """
        above = []
        for ax, group in zip(self.figure.axes, self._children, strict=True):
            top = max((a.get_zorder() for a in group if a in self.moving), default=math.inf)
            movable = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images, *ax.artists]
            if ax.get_legend() is not None:
                movable.append(ax.get_legend())
            above += [
                artist
                for artist in sorted(movable, key=lambda artist: artist.get_zorder())
                if artist.get_zorder() > top and artist not in self.moving and artist.get_visible()
            ]
        hidden = [a for a in [*self.moving, *above] if not a.get_animated()]
        try:
            for artist in hidden:
                artist.set_animated(True)
            self.canvas.draw()
            renderer = self.canvas.get_renderer()
            self._image(np.asarray(renderer.buffer_rgba()), images)
            still: dict[str, Any] = {"below": first}
            over = self._alone(above, images) if above else None
        finally:
            for artist in hidden:
                artist.set_animated(False)
        if over:
            still["above"] = over | {"image": first + 1}
        self._drawn = True
        height = renderer.height
        still["size"] = [int(renderer.width), int(height)]
        still["axes"] = []
        for ax in self.figure.axes:
            x0, y0, x1, y1 = ax.bbox.extents
            still["axes"].append(
                {
                    "box": [x0, height - y1, x1 - x0, y1 - y0],
                    "x": [*map(float, ax.get_xlim()), ax.get_xscale() == "log"],
                    "y": [*map(float, ax.get_ylim()), ax.get_yscale() == "log"],
                }
            )
        return still

    def _alone(self, artists: list[Artist], buffers: list[bytes]) -> dict | None:
        """Draw artists on a clear ground and return the part that holds anything."""
        renderer = self.canvas.get_renderer()
        renderer.clear()
        for artist in artists:
            artist.draw(renderer)
        pixels = np.asarray(renderer.buffer_rgba())
        inked = pixels[..., 3] > 0
        rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        if not len(rows):
            return None
        top, left = rows[0], columns[0]
        part = pixels[top : rows[-1] + 1, left : columns[-1] + 1]
        return self._image(part, buffers) | {"at": [int(left), int(top)]}

    @staticmethod
    def _image(pixels: np.ndarray, buffers: list[bytes]) -> dict:
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="png", compress_level=1)
        buffers.append(file.getvalue())
        return {"kind": "image", "image": len(buffers) - 1}

    def _calm(self) -> None:
        """Mark everything as drawn. Invisible and empty artists never do so themselves."""
        for child in self.figure.get_children():
            child.stale = False
        for ax in self.figure.axes:
            for artist in ax.get_children():
                artist.stale = False
            ax.stale = False
        self.figure.stale = False

    # What the browser draws. Each function returns one layer or more, or None where only
    # matplotlib can draw the artist as it is.

    def _outline(self, artist: Artist, vertices: list, buffers: list[bytes]) -> list[dict]:
        layers = None
        plain = not artist.get_path_effects() and artist.get_sketch_params() is None
        if plain and artist.get_clip_path() is None:
            if type(artist) is Line2D:
                layers = self._line(artist, vertices)
            elif type(artist) is PathCollection:
                layers = self._scatter(artist, vertices)
            elif isinstance(artist, (PolyCollection, LineCollection)):
                layers = self._regions(artist, vertices)
            elif isinstance(artist, (Rectangle, Polygon, Ellipse, Wedge, PathPatch)):
                layers = self._patch(artist, vertices)
        if layers is None:
            alone = self._alone([artist], buffers)
            return [alone] if alone else []
        clip = self._clip(artist)
        return [layer | {"clip": clip} for layer in layers]

    @property
    def _height(self) -> int:
        return int(self.figure.bbox.height)  # as the renderer has it, which takes longer to ask

    def _clip(self, artist: Artist) -> list | None:
        if not artist.get_clip_on() or artist.get_clip_box() is None:
            return None
        x0, y0, x1, y1 = artist.get_clip_box().extents
        return [x0, self._height - y1, x1 - x0, y1 - y0]

    def _pixels(self, points: np.ndarray, transform: Any, vertices: list) -> list[int]:
        """Append points in pixels, y downwards, and return their [offset, count] in floats."""
        points = np.asarray(np.ma.filled(points, np.nan), dtype=float)
        pixels = np.array(transform.transform(points) if len(points) else points).reshape(-1, 2)
        pixels[:, 1] = self._height - pixels[:, 1]
        if not np.all(np.abs(pixels) <= 1e6):
            # A float32 canvas takes no 1e300. Pulling a far point in along its own direction keeps
            # the slope of the line that leaves the picture toward it.
            far = np.max(np.abs(pixels), axis=1, keepdims=True)
            pixels = np.where(np.isfinite(far) & (far > 1e6), pixels / far * 1e6, pixels)
            pixels[~np.isfinite(pixels).all(axis=1)] = np.nan
        return self._append(np.round(16 * pixels) / 16, vertices)  # finer compresses badly

    @staticmethod
    def _append(numbers: np.ndarray, vertices: list) -> list[int]:
        offset = sum(map(len, vertices))
        vertices.append(np.asarray(numbers, dtype=np.float32).reshape(-1))
        return [offset, len(vertices[-1])]

    def _points_to_pixels(self, width: float) -> float:
        return float(width) * self.figure.dpi / 72

    def _line(self, line: Line2D, vertices: list) -> list[dict] | None:
        if line.get_drawstyle() != "default" or line.get_markevery() is not None:
            return None
        layers, at = [], self._pixels(line.get_xydata(), line.get_transform(), vertices)
        if line.get_linestyle() not in ("None", "none", "", " ") and line.get_linewidth() > 0:
            layers.append(
                {
                    "kind": "line",
                    "at": at,
                    "edge": _css(line.get_color(), line.get_alpha()),
                    "width": self._points_to_pixels(line.get_linewidth()),
                    "dash": self._dash(line),
                    "cap": line.get_solid_capstyle() if not line.is_dashed() else "butt",
                }
            )
        if line.get_marker() not in ("None", "none", "", " ", None):
            marker, size = line.get_marker(), self._points_to_pixels(line.get_markersize())
            shape = _marker if isinstance(marker, str) else _marker.__wrapped__  # a list: no key
            outline, filled = shape(marker, line.get_fillstyle(), size)
            if outline is None:
                return None
            layers.append(
                {
                    "kind": "marks",
                    "at": at,
                    "outline": self._append(outline, vertices),
                    "face": _css(line.get_markerfacecolor(), line.get_alpha()) if filled else None,
                    "edge": _css(line.get_markeredgecolor(), line.get_alpha()),
                    "width": self._points_to_pixels(line.get_markeredgewidth()),
                }
            )
        return layers

    def _dash(self, artist: Any) -> list[float]:
        _, pattern = getattr(artist, "_dash_pattern", (0, None))
        return [self._points_to_pixels(length) for length in pattern or ()]

    def _scatter(self, points: PathCollection, vertices: list) -> list[dict] | None:
        paths = points.get_paths()
        if len(paths) != 1 or points.get_hatch():
            return None
        points.update_scalarmappable()
        faces, edges = points.get_facecolors(), points.get_edgecolors()
        widths, sizes = np.atleast_1d(points.get_linewidths()), np.atleast_1d(points.get_sizes())
        if len(edges) > 1 or len(widths) > 1 or not len(sizes):
            return None
        layer = {
            "kind": "marks",
            "at": self._pixels(points.get_offsets(), points.get_offset_transform(), vertices),
            "outline": self._append(_polygons(paths[0]) * [1, -1], vertices),
            "sizes": self._append(self._points_to_pixels(1) * np.sqrt(sizes), vertices),
            "face": _css(faces[0]) if len(faces) == 1 else None,
            "edge": _css(edges[0]) if len(edges) else None,
            "width": self._points_to_pixels(widths[0]) if len(widths) else 0,
        }
        if len(faces) > 1:
            layer["faces"] = self._append(np.round(faces * [255, 255, 255, 1], 3), vertices)
        return [layer]

    def _regions(self, regions: Any, vertices: list) -> list[dict] | None:
        if isinstance(regions, Quiver):
            regions.draw(_Blind())  # arrows find their outlines only when they are drawn
        regions.update_scalarmappable()
        faces, edges = regions.get_facecolors(), regions.get_edgecolors()
        if regions.get_hatch() or max(len(faces), len(edges)) > 1:
            return None
        widths, styles = np.atleast_1d(regions.get_linewidths()), regions.get_linestyles()
        if len(widths) > 1 or len(styles) > 1:
            return None
        transform = regions.get_transform()
        paths = regions.get_paths()
        places = regions.get_offset_transform().transform(regions.get_offsets())
        outlines = [
            _polygons(paths[i % len(paths)].transformed(transform)) + places[i % len(places)]
            for i in range(max(len(paths), len(places)) if len(paths) else 0)
        ]
        at = self._pixels(_joined(outlines), _AS_IT_IS, vertices)
        dashes = styles[0][1] if styles else None
        return [
            {
                "kind": "area",
                "at": at,
                "face": _css(faces[0]) if len(faces) else None,
                "edge": _css(edges[0]) if len(edges) else None,
                "width": self._points_to_pixels(widths[0]) if len(widths) else 0,
                "dash": [self._points_to_pixels(length) for length in dashes or ()],
            }
        ]

    def _patch(self, patch: Any, vertices: list) -> list[dict] | None:
        if patch.get_hatch():
            return None
        path = patch.get_path().transformed(patch.get_transform())
        if isinstance(patch, PathPatch):
            path = path.cleaned(simplify=True)  # written numbers are nearly all curves
        outline = _polygons(path)
        return [
            {
                "kind": "area",
                "at": self._pixels(outline, _AS_IT_IS, vertices),
                "face": _css(patch.get_facecolor()) if patch.get_fill() else None,
                "edge": _css(patch.get_edgecolor()),
                "width": self._points_to_pixels(patch.get_linewidth()),
                "dash": self._dash(patch),
            }
        ]


class _Blind(RendererBase):
    """Draws nothing."""

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        pass


class _AsItIs:
    """The transform of points that are in pixels already."""

    @staticmethod
    def transform(points: np.ndarray) -> np.ndarray:
        return points


_AS_IT_IS = _AsItIs()


def _polygons(path: Any) -> np.ndarray:
    """Return the outline of a path as points, curves made straight, parts broken by NaN."""
    return _joined(path.to_polygons(closed_only=False))


@lru_cache
def _marker(
    marker: Any, fillstyle: str, size: float
) -> tuple[np.ndarray, bool] | tuple[None, bool]:
    """Return a marker's outline, y downwards, and whether it is filled; None for two parts."""
    style = MarkerStyle(marker, fillstyle)
    if style.get_alt_path() is not None or marker == ",":
        return None, False
    path = style.get_path().transformed(style.get_transform().frozen().scale(size))
    return _polygons(path) * [1, -1], fillstyle != "none" and style.is_filled()


def _joined(parts: list) -> np.ndarray:
    gap = np.full((1, 2), np.nan)
    pieces = [piece for part in parts if len(part) for piece in (np.asarray(part), gap)]
    return np.concatenate(pieces[:-1]) if pieces else np.empty((0, 2))


def _css(color: Any, alpha: float | None = None) -> str | None:
    """Return a matplotlib color as the browser writes it, None where nothing is to be seen."""
    red, green, blue, opacity = to_rgba(color, alpha)
    if not opacity:
        return None
    return f"rgba({round(255 * red)},{round(255 * green)},{round(255 * blue)},{opacity:.3g})"
