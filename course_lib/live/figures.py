"""Figures outside pyplot: shown with words for who cannot see them, and small as files.

The lowest room of the engine. `Picture` is a matplotlib figure that a notebook shows by itself.
"""

from __future__ import annotations

import base64
import html
import io
import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from . import checks, numbers, theme
from .looks import KINDS, drawn_by

# One picture for each theme of the page; on paper it is the light one.
IN_PAGE = """<style>.course-picture {{ max-width: 100%; height: auto; }}
body .course-picture.course-night, body[data-jp-theme-light="false"] .course-picture.course-day {{
display: none; }}
body[data-jp-theme-light="false"] .course-picture.course-night {{ display: inline; }}
@media print {{ body[data-jp-theme-light] .course-picture.course-day {{ display: inline; }}
body[data-jp-theme-light] .course-picture.course-night {{ display: none; }} }}
</style>{pictures}"""
IMAGE = """<img class="course-picture{kind}" alt="{alt}" width="{width}" height="{height}"
 src="data:image/png;base64,{png}">"""


def few_colors(file: io.BytesIO, clear: bool = False) -> bytes:
    """Return a picture as a PNG file of 256 colors.

    Parameters
    ----------
    file : BytesIO
        The picture, as a PNG file.
    clear : bool, optional
        Whether what is clear in it stays so. By default nothing is.
    """
    mode = "RGBA" if clear else "RGB"
    full = Image.open(file).convert(mode)
    few: Any = full.quantize(method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    # The ground must match the page exactly; quantizing turns white into nearly white.
    palette, ground, each = few.getpalette(mode), few.getpixel((0, 0)), len(mode)
    palette[each * ground : each * ground + each] = full.getpixel((0, 0))
    few.putpalette(palette, mode)
    file = io.BytesIO()
    few.save(file, format="png", optimize=True)
    return file.getvalue()


class Picture(Figure):
    """A figure that a notebook shows by itself, with words for who cannot see it.

    pyplot does not know it, so it is freed with its last name and never shown twice.

    Attributes
    ----------
    alt : str
        What it shows, in words.
    control_names : mapping of str to str
        How an explorer of this figure calls the parameters of `update` on their controls.
    theme : {"page", "keep"}
        Whether its colors follow the page or stay as on white.
    look : mapping, optional
        The matplotlib settings it is made and drawn by, from `looks.look`; by default those of the
        process.
    """

    alt: str = ""
    control_names: Mapping[str, str] = MappingProxyType({})
    look: Mapping[str, Any] | None = None
    theme: str = "page"

    def __init__(
        self,
        *args: Any,
        look: Mapping[str, Any] | None = None,
        theme: str = "page",
        **settings: Any,
    ) -> None:
        checks.one_of("theme", theme, ("page", "keep"))
        self.look, self.theme = look, theme
        with drawn_by(self):
            super().__init__(*args, **settings)

    def add_subplot(self, *args: Any, **settings: Any) -> Any:
        """Add axes as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().add_subplot(*args, **_kind_of_axes(settings))

    def add_axes(self, *args: Any, **settings: Any) -> Any:
        """Add axes as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().add_axes(*args, **_kind_of_axes(settings))

    def legend(self, *args: Any, **settings: Any) -> Any:
        """Add a legend as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().legend(*args, **settings)

    def text(self, *args: Any, **settings: Any) -> Any:
        """Add text as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().text(*args, **settings)

    def suptitle(self, *args: Any, **settings: Any) -> Any:
        """Add a title as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().suptitle(*args, **settings)

    def colorbar(self, *args: Any, **settings: Any) -> Any:
        """Add a color bar as matplotlib does, with the look of the figure."""
        with drawn_by(self):
            return super().colorbar(*args, **settings)

    def draw(self, renderer: Any) -> None:
        """Draw the figure under its look, its numbers as the page writes them."""
        with drawn_by(self):
            super().draw(numbers.teach(renderer))

    def savefig(self, *args: Any, **settings: Any) -> None:
        """Save the figure as it is drawn, whatever the process has set for files."""
        with drawn_by(self):
            super().savefig(*args, **settings)

    def png(self, dpi: float = 140) -> bytes:
        """Return the figure as a PNG file."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})
        # A palette makes the file a quarter as large, and notebooks store it.
        return few_colors(file)

    def night(self, dpi: float = 140) -> bytes:
        """Return the figure as a PNG file for a dark page, on a clear ground."""
        before = self.canvas, self.dpi
        canvas = theme.Canvas(self)
        canvas.ground = theme.DARK
        file = io.BytesIO()
        try:
            self.set_dpi(dpi)
            canvas.draw()
            Image.fromarray(np.asarray(canvas.buffer_rgba())).save(file, format="png")
        finally:
            self.set_canvas(before[0])
            self.set_dpi(before[1])
        return few_colors(file, clear=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        alt = self.alt or describe(self)
        width, height = (self.get_size_inches() * 100).astype(int)
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": alt}
        size: dict[str, Any] = {"alt": alt, "width": int(width), "height": int(height)}
        if "JPY_SESSION_NAME" in os.environ:
            # Before a reader in JupyterLab or Notebook 7. These show a bare PNG without its words,
            # and white in a dark theme; in HTML it has both. What is stored stays a plain PNG.
            kinds = {"": self.png}
            if self.theme == "page":
                kinds = {" course-day": self.png, " course-night": self.night}
            words = size | {"alt": html.escape(alt)}
            pictures = [
                IMAGE.format(kind=kind, png=base64.b64encode(draw()).decode(), **words)
                for kind, draw in kinds.items()
            ]
            data["text/html"] = IN_PAGE.format(pictures="".join(pictures))
        return data, {"image/png": size}

    def __str__(self) -> str:
        return self.alt or describe(self)

    __repr__ = __str__


def _kind_of_axes(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of new axes, of the kind that keeps to the figure's look."""
    if "axes_class" in settings or settings.get("polar"):
        return settings
    projection = settings.get("projection")
    if projection not in KINDS:
        return settings
    rest = {name: value for name, value in settings.items() if name != "projection"}
    return rest | {"axes_class": KINDS[projection]}


def show(figure: Figure, alt: str) -> None:
    """Show `figure` here, described by `alt` for readers who cannot see it.

    Parameters
    ----------
    figure : Figure
        From `figure()`, or plain matplotlib's.
    alt : str
        What the picture shows, in a sentence or two. It is the text of the saved output, too.
    """
    from IPython.display import display

    display(_captioned(figure, alt))


def follow(figure: Figure, draw: Callable, alt: str) -> Callable:
    """Show `figure` here and return a function that draws it anew in the same place.

    Parameters
    ----------
    figure : Figure
        As for `show`.
    draw : callable
        Changes the figure, such as `.show` of a `history`.
    alt : str
        As for `show`.

    Returns
    -------
    callable
        Takes what `draw` takes. Hand it to `fit(..., watch=...)` to see a network train.
    """
    from IPython.display import display

    checks.function("draw", draw, "what is to be shown")
    place = display(_captioned(figure, alt), display_id=True)

    def again(*what: Any) -> None:
        draw(*what)
        if place is not None:  # plain Python has no place to draw to
            place.update(figure)

    return again


def _captioned(figure: Any, alt: str) -> Picture:
    """Return `figure` as a Picture that says `alt`."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt must say in words what the picture shows, got {alt!r}.")
    if not isinstance(figure, Picture):
        close(figure)
        figure.__class__ = Picture
    shown: Picture = figure
    shown.alt = alt
    return shown


def close(figure: Figure) -> None:
    """Take a figure that pyplot made out of pyplot's hands, so that it is not shown twice.

    Parameters
    ----------
    figure : Figure
        Any; one that pyplot does not know stays as it is.
    """
    if hasattr(figure, "number"):
        from matplotlib import pyplot

        pyplot.close(figure)
    FigureCanvasAgg(figure)


def describe(figure: Figure) -> str:
    """Return the titles and axis labels of `figure` in one line: the least an alt text can say.

    Parameters
    ----------
    figure : Figure
        With or without titles.
    """
    parts = []
    for ax in figure.axes:
        labels = [text for text in (ax.get_ylabel(), ax.get_xlabel()) if text]
        parts.append(": ".join(t for t in (ax.get_title(), " against ".join(labels)) if t))
    words = "; ".join(part for part in parts if part)
    return "Figure. " + re.sub(r"[${}\\]", "", words) if words else "Figure"
