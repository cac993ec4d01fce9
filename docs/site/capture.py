"""What runs in a notebook's kernel while the website is built: explorers and reveals for pages.

`begin` is called before the notebook's own cells. From then on an explorer shows its frames in
place of the live view, and a reveal what it says to every answer.
"""

from __future__ import annotations

import base64
import io
import itertools
from types import SimpleNamespace
from typing import Any

import practice  # beside this file
from PIL import Image

from course_lib import live
from course_lib.exercises.predictions import Prediction
from course_lib.live import narrow, replay, theme

KIND = "application/x-course-page+json"
NEXT: dict[str, Any] = {}  # what the page wants of the cell that runs next
MOST, HEAVIEST = 1_200_000, 2_400_000  # bytes of an explorer, and of one whose text names much
FEW = 500  # frames of one that is heavier than the others
SLIDE = 808  # pixels of a picture on a slide, where its axes would go below each other in a column
WIDE, STEPS, PAUSE = 420, 22, 90  # a film: pixels, pictures one way, milliseconds of each


def begin(most: int, frames: int) -> None:
    """Let explorers and reveals show what a page needs, of explorers at most so many frames."""

    def still(self: Any, **_: Any) -> tuple[dict, dict]:
        return {KIND: drawn_for_pages(self)}, {}

    def shown(self: Any, **_: Any) -> tuple[dict, dict]:
        found = drawn_for_pages(self.figure)
        try:
            found["frames"] = packed(self, most, frames, NEXT.get("named"))
        except ValueError as reason:
            if NEXT.get("named"):
                raise
            found["still"] = str(reason)  # too many lists and toggles: it stays a picture
        if NEXT.get("film"):
            films = film(self, NEXT["film"]["control"], NEXT["film"]["values"])
            found["films"] = [base64.b64encode(each).decode() for each in films]
        return {KIND: found}, {}

    def reveal(self: Any, *results: Any) -> Any:
        found = {
            "reveal": practice.fold(self, results, real),
            "prediction": self.number,
            "happens": self._words(self.result(*results)),
        }
        return SimpleNamespace(_repr_mimebundle_=lambda **_: {KIND: found})

    real, Prediction.reveal = Prediction.reveal, reveal
    live.Explorer._repr_mimebundle_ = shown
    live.Picture._repr_mimebundle_ = still


def drawn_for_pages(figure: Any) -> dict[str, Any]:
    """Return a figure as it is drawn for a column and for a phone, in light and in dark.

    One that keeps its colors has no picture for dark, and a diagram none for a phone.
    """
    pictures, sizes = {}, []
    widths = [("", narrow.COLUMN, 140), ("-phone", narrow.PHONE, 200)]
    for end, width, dpi in widths if narrow.suits_phone(figure) else widths[:1]:
        with narrow.at_width(figure, width):
            sizes.append(measured(figure))
            pictures[end] = live.Picture.png(figure, dpi)
            if getattr(figure, "theme", "page") == "page":
                pictures[f"{end}-night"] = live.Picture.night(figure, dpi)
    found: dict[str, Any] = {"sizes": sizes}
    if has_own_slide(figure):
        with narrow.at_width(figure, SLIDE):
            found["slide"] = measured(figure)
            pictures["-slide"] = live.Picture.png(figure, 200)
            if getattr(figure, "theme", "page") == "page":
                pictures["-slide-night"] = live.Picture.night(figure, 200)
    encoded = {end: base64.b64encode(picture).decode() for end, picture in pictures.items()}
    return found | {"pictures": encoded}


def measured(figure: Any) -> list[float]:
    """Return how wide and tall a figure is, and its smallest words, in pixels of the page."""
    width, height = (round(100 * float(side)) for side in figure.get_size_inches())
    return [width, height, round(narrow.smallest_words(figure), 1)]


def has_own_slide(figure: Any) -> bool:
    """Return whether a slide shows a figure with its axes in fewer rows than a column does.

    A slide is wide: what is stacked there has room for small words only.
    """
    if not NEXT.get("slide"):
        return False
    shapes = []
    for width in (SLIDE, narrow.COLUMN):
        with narrow.at_width(figure, width):
            wide, tall = figure.get_size_inches()
            shapes.append(float(wide / tall))
    return shapes[0] > 1.5 * shapes[1]


def packed(explorer: Any, most: int, frames: int, named: dict | None = None) -> dict[str, str]:
    """Return the frames of an explorer for a column, for a phone and for a slide, if there are any.

    They are heavier than `most` only where its text names so much.
    """
    weights = [most]
    while named and 2 * weights[-1] <= HEAVIEST:
        weights.append(2 * weights[-1])
    # Where its lists, which stay whole, are too heavy, little moves beside what the text names. One
    # that is too heavy all the same keeps its own width.
    reason = None
    for width, weight in itertools.product((narrow.COLUMN, None), weights):
        few = frames if weight == most else min(frames, FEW)
        try:
            found = [*replay.packed(explorer, None, weight, few, named, width), b""]
            if has_own_slide(explorer.figure):
                found[2] = replay.packed(explorer, None, weight, few, named, SLIDE, phone=0)[0]
        except ValueError as too_heavy:
            reason = too_heavy
            continue
        files = zip(("", "-phone", "-slide"), found, strict=True)
        return {end: data.decode() for end, data in files if data}
    raise ValueError(reason)


def film(explorer: Any, control: str, values: list, wide: int = WIDE) -> list[bytes]:
    """Return WebPs in which one control goes through some values and back, for light and dark.

    Parameters
    ----------
    explorer : Explorer
    control : str
        The name of a control or a point.
    values : list
        Where it goes: two numbers, between which it takes steps, or all the values.
    wide : int
        Width of the pictures, in pixels.
    """
    before = explorer.values[control]
    whole = isinstance(before, int)
    if len(values) == 2 and all(isinstance(value, (int, float)) for value in values):
        low, high = values
        values = [low + (high - low) * i / (STEPS - 1) for i in range(STEPS)]
        values = [round(value) if whole else value for value in values]
    kinds: tuple[list, list] = [], []
    for value in values:
        picture = drawn(explorer, {control: value})
        size = wide, round(wide * picture.height / picture.width)
        for pictures, seen in zip(kinds, (picture, at_night(explorer)), strict=True):
            pictures.append(seen.resize(size, Image.Resampling.LANCZOS))
    drawn(explorer, {control: before})
    # It goes there and back once, in less than five seconds: what moves longer needs a switch.
    return [
        animated([*pictures, *[pictures[-1]] * 5, *pictures[-2:0:-2], pictures[0]], loop=1)
        for pictures in kinds
    ]


def drawn(explorer: Any, values: dict) -> Image.Image:
    """Return the picture for some values; they need not be notches of a slider."""
    explorer.figure.set_dpi(100)
    explorer.update(**(explorer.values | values))
    return Image.open(io.BytesIO(explorer.png())).convert("RGB")


def at_night(explorer: Any) -> Image.Image:
    """Return the picture as it stands now, drawn for dark."""
    clear = Image.open(io.BytesIO(explorer.night_png())).convert("RGBA")
    seen = Image.new("RGBA", clear.size, theme.DARK)
    seen.alpha_composite(clear)
    return seen.convert("RGB")


def animated(pictures: list, pause: int = PAUSE, quality: int = 60, loop: int = 0) -> bytes:
    """Return pictures as one WebP that moves `loop` times, or with 0 for ever."""
    file = io.BytesIO()
    first, *rest = pictures
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=pause,
        loop=loop,
        quality=quality,
        method=4,
    )
    return file.getvalue()
