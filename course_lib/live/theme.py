"""Themes: the same figure drawn for a dark page, every color chosen for it and none inverted.

Black ink on white becomes light ink on the page's own ground, and a color keeps its hue and gets
the lightness that stands out there. Images and color maps keep their colors, and so does what is
written on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from . import numbers

KEPT = "course-kept-colors"  # the group of artists whose colors say something by themselves
GROUND = "course-ground"  # the group of what lies below everything
DARK = (17, 17, 17)
# The darkest light page and the lightest dark one on which words have to stand out.
PAPER, NIGHT = (245, 245, 245), (30, 30, 30)

# From linear red, green and blue to Björn Ottosson's OKLab, in which equal steps look equal.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB, _FROM_CONES = np.linalg.inv(_LAB), np.linalg.inv(_CONES)


# matplotlib says of some of its methods what they take, and of some not; here they take any.
_AggCanvas: Any = FigureCanvasAgg
_AggRenderer: Any = RendererAgg


class Canvas(_AggCanvas):  # type: ignore[misc]
    """An Agg canvas for pages of either theme.

    Attributes
    ----------
    ground : tuple of int or None
        Red, green and blue of a dark page, from 0 to 255; None draws as for a white one.
    """

    ground: tuple[int, int, int] | None = None

    def get_renderer(self) -> RendererAgg:
        """Return the renderer, the same as long as size and theme stay."""
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi, self.ground
        if getattr(self, "_key", None) != key:
            make: Any = RendererAgg if self.ground is None else Renderer
            self.renderer = make(width, height, self.figure.dpi)
            if isinstance(self.renderer, Renderer):
                self.renderer.ground = self.ground
            numbers.teach(self.renderer)
            self._key = key
        return self.renderer

    def is_saving(self) -> bool:
        """Return True: as in a file, artists are shown that others keep for an animation."""
        return True

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: an explorer draws what `update` has moved after each call."""

    def draw(self) -> None:
        """Draw the figure in its theme."""
        if self.ground is not None:
            group(self.figure)
        super().draw()

    def print_figure(self, *args: Any, **settings: Any) -> Any:
        """Write the figure to a file, as for a white page."""
        with self.on_white():
            return super().print_figure(*args, **settings)

    @contextmanager
    def on_white(self) -> Iterator[None]:
        """Draw as for a white page for a while."""
        before, self.ground = self.ground, None
        try:
            yield
        finally:
            self.ground = before


class Toned:
    """What a renderer of any kind needs to give each color its tone, unless its artist keeps it."""

    ground: tuple[int, int, int] | None = None
    _groups: tuple[str, ...] = ()

    def open_group(self, s: str, gid: str | None = None) -> None:
        """Begin the drawing of an artist."""
        self._groups = (*self._groups, gid or "")

    def close_group(self, s: str) -> None:
        """End the drawing of an artist."""
        self._groups = self._groups[:-1]

    @property
    def keeps(self) -> bool:
        """Whether what is drawn now keeps its colors."""
        return KEPT in self._groups

    def tone(self, color: Any) -> Any:
        """Return a color as it is drawn here."""
        if self.ground is None or self.keeps:
            return color
        return tone(tuple(map(float, color)), self.ground)


class Renderer(Toned, _AggRenderer):  # type: ignore[misc]
    """Agg on a dark page."""

    def _toned(self, gc: Any) -> Any:
        own: Any = self.new_gc()
        own.copy_properties(gc)
        own.set_foreground(self.tone(gc.get_rgb()), isRGBA=True)
        return own

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Draw a path; the ground of a figure or an axes is the page itself."""
        if GROUND in self._groups[-1:] and rgbFace is not None and min(rgbFace[:3]) > 0.98:
            return
        face = None if rgbFace is None else self.tone(rgbFace)
        super().draw_path(self._toned(gc), path, transform, face)

    def draw_text(self, gc: Any, *args: Any, **settings: Any) -> None:
        """Draw words."""
        super().draw_text(self._toned(gc), *args, **settings)

    def _update_methods(self) -> None:
        super()._update_methods()
        # Agg sets these two anew for each renderer.
        markers: Any = self.__dict__["draw_markers"]
        collection: Any = self.__dict__["draw_path_collection"]

        def draw_markers(
            gc: Any, shape: Any, place: Any, path: Any, trans: Any, rgbFace: Any = None
        ) -> None:
            face = None if rgbFace is None else self.tone(rgbFace)
            markers(self._toned(gc), shape, place, path, trans, face)

        def draw_path_collection(gc: Any, *given: Any, **named: Any) -> None:
            about = list(given)
            for at in (5, 6):  # the faces and the edges
                about[at] = np.array([self.tone(color) for color in about[at]]).reshape(-1, 4)
            collection(self._toned(gc), *about, **named)

        self.draw_markers, self.draw_path_collection = draw_markers, draw_path_collection


def group(figure: Figure) -> None:
    """Name the groups of artists that keep their colors, and of grounds, unless they have a name.

    Parameters
    ----------
    figure : Figure
        With a look of its own or without.
    """
    _name(figure.patch, GROUND)
    for ax in figure.axes:
        sheets = [artist for artist in ax.get_children() if _covers(artist)]
        # What shines through a map that keeps its colors has to be white.
        shines = any(np.min(sheet.get_alpha() or 1) < 1 for sheet in sheets)
        _name(ax.patch, KEPT if shines else GROUND)
        parts = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.artists]
        legend = ax.get_legend()
        if sheets and legend is not None and _is_inside(legend, ax):
            parts.append(legend)  # its marks have the colors of those on the sheet
        for artist in parts:
            if (sheets and _lies_on(artist, sheets)) or _maps(artist):
                _name(artist, KEPT)
                if (arrow := getattr(artist, "arrow_patch", None)) is not None:
                    _name(arrow, KEPT)


def keeps(artist: Artist) -> bool:
    """Return whether a moving artist keeps its colors on every page.

    Parameters
    ----------
    artist : Artist
        Of a figure whose groups have names, as `group` gives them.
    """
    return artist.get_gid() == KEPT or isinstance(artist, (AxesImage, QuadMesh))


def _name(artist: Artist, name: str) -> None:
    if artist.get_gid() is None:
        artist.set_gid(name)


def _maps(artist: Artist) -> bool:
    """Return whether an artist's colors are numbers on a color map that knows no page."""
    array = getattr(artist, "get_array", lambda: None)()
    colors = getattr(artist, "get_cmap", lambda: None)()
    return array is not None and not getattr(colors, "follows_page", False)


def _lies_on(artist: Artist, sheets: list) -> bool:
    """Return whether an artist is drawn on one of the sheets of its axes: words may be beside."""
    ax: Any = artist.axes
    if type(artist) is not Text or ax is None:
        return True
    place = artist.get_transform().transform(artist.get_position())
    x, y = ax.transData.inverted().transform(place)
    return any(_shows(sheet, x, y) for sheet in sheets)


def _is_inside(legend: Any, ax: Any) -> bool:
    box = legend.get_window_extent()
    return bool(ax.bbox.contains((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))


def _shows(sheet: Any, x: float, y: float) -> bool:
    """Return whether a sheet shows anything at a place in the coordinates of its axes."""
    if not isinstance(sheet, AxesImage):
        return bool(sheet.axes.viewLim.contains(x, y))
    left, right, bottom, top = sheet.get_extent()
    pixels: Any = sheet.get_array()
    first = bottom if sheet.origin == "lower" else top
    across, down = (x - left) / (right - left), abs((y - first) / (top - bottom))
    outside = (y - bottom) * (y - top) > 0
    row, column = int(down * pixels.shape[0]), int(np.floor(across * pixels.shape[1]))
    if outside or not (0 <= column < pixels.shape[1] and row < pixels.shape[0]):
        return False
    return bool(np.all(np.isfinite(np.ma.filled(pixels[row, column].astype(float), np.nan))))


def _covers(artist: Artist) -> bool:
    """Return whether an artist lays a color map over its axes."""
    if isinstance(artist, AxesImage):
        return bool(artist.get_visible())
    sheet = isinstance(artist, QuadMesh) or (isinstance(artist, ContourSet) and artist.filled)
    return sheet and _maps(artist)


@lru_cache(4096)
def tone(color: tuple[float, ...], ground: tuple[int, int, int] = DARK) -> tuple[float, ...]:
    """Return a color for a dark page: as far from its ground as the color is from white.

    Parameters
    ----------
    color : tuple of float
        Red, green, blue and, if it has one, opacity, from 0 to 1, chosen for a white page.
    ground : tuple of int
        Red, green and blue of the page, from 0 to 255.
    """
    red, green, blue, *rest = color
    opacity = rest[0] if rest else 1.0
    light, a, b = _lab(np.array([red, green, blue]))
    page = _lab(np.array(ground) / 255)
    # Gray gets the contrast that it has on white; a color only gets as light as it must.
    seen = 1.05 / (_brightness(np.array([red, green, blue])) + 0.05)
    turned = min(np.cbrt(seen * (_brightness(np.array(ground) / 255) + 0.05) - 0.05), 0.96)
    share = np.clip((np.hypot(a, b) - 0.035) / 0.045, 0, 1)
    share = share * share * (3 - 2 * share)
    lab = np.array([turned + share * (max(light, 0.72) - turned), a, b])
    lab[1:] += (1 - share) * light * page[1:]
    return (*map(float, _from_lab(lab)), opacity)


@lru_cache(256)
def ink(color: tuple[float, ...], ground: tuple[int, int, int]) -> tuple[float, ...]:
    """Return a color of the same hue in which words can be read, 4.5 to 1 against their ground.

    Parameters
    ----------
    color : tuple of float
        Red, green and blue, from 0 to 1.
    ground : tuple of int
        Red, green and blue of the page, from 0 to 255.
    """
    page = _brightness(np.array(ground) / 255)
    lab, seen = _lab(np.array(color[:3])), np.array(color[:3])
    step = -0.01 if page > 0.2 else 0.01
    while 0 < lab[0] < 1:
        one, other = sorted((_brightness(seen), page))
        if (other + 0.05) / (one + 0.05) >= 4.5:
            break
        lab[0] += step
        seen = np.round(255 * _from_lab(lab)) / 255
    return tuple(map(float, seen))


def _brightness(color: np.ndarray) -> float:
    return float(_linear(color) @ (0.2126, 0.7152, 0.0722))


def _from_lab(lab: np.ndarray) -> np.ndarray:
    mixed = np.clip(_FROM_CONES @ (_FROM_LAB @ lab) ** 3, 0, 1)
    return np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)


def _lab(color: np.ndarray) -> np.ndarray:
    return _LAB @ np.cbrt(_CONES @ _linear(color))


def _linear(color: np.ndarray) -> np.ndarray:
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
