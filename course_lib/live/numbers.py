"""Numbers on a picture as the page writes them: 3.9·10⁻⁵ and never 3.9e-05, a true minus, 245 760.

An author formats a number as Python does; what a renderer draws, and measures, is written here. The
page's own words are written by `front/numbers.mjs`, by the same rules.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FLOAT = re.compile(r"(?<![\w.])(\d+(?:\.(\d+))?)[eE]([+-]?\d+)(?![\w.]*\d)", re.ASCII)
MINUS = re.compile(r"(^|[\s(\[=≈<>,:;±·/])-(?=\.?\d|inf)", re.ASCII)
LONG = re.compile(r"(?<![\w.,])\d{5,}(?![\w.]*\w)", re.ASCII)
GROUPS = re.compile(r"\B(?=(?:\d{3})+$)")
FORMULA = re.compile(r"((?<!\\)\$[^$]*\$)")


@lru_cache(4096)
def written(text: str) -> str:
    """Return a text with its numbers as a person writes them; formulas between dollars stay.

    Parameters
    ----------
    text : str
        With numbers as Python formats them.

    Examples
    --------
    >>> written("slope -13, off by 3.9e-05 after 245760 examples")
    'slope −13, off by 3.9·10⁻⁵ after 245\u202f760 examples'
    """
    parts = FORMULA.split(text)
    parts[::2] = [_plain(part) for part in parts[::2]]
    return "".join(parts)


def _plain(text: str) -> str:
    text = MINUS.sub(r"\1−", FLOAT.sub(_power, text))
    return LONG.sub(lambda found: GROUPS.sub("\u202f", found[0]), text)


def _power(found: re.Match) -> str:
    digits, after, exponent = found[1], found[2] or "", int(found[3])
    # A few places to either side are read sooner in full.
    if -3 <= exponent <= 4:
        return f"{float(found[0]):.{max(len(after) - exponent, 0)}f}"
    ten = "10" + str(exponent).translate(POWERS)
    return ten if float(digits) == 1 and not after else f"{digits}·{ten}"


def teach(renderer: Any) -> Any:
    """Let a renderer of matplotlib draw and measure numbers as they are written here.

    Parameters
    ----------
    renderer : RendererBase
        Of any kind: what it draws itself, such as the numbers of ticks, is taught, too.

    Returns
    -------
    RendererBase
        The same.
    """
    if not isinstance(renderer, _Taught):
        renderer.__class__ = _taught(type(renderer))  # type: ignore[arg-type]  # a class is hashable
    return renderer


class _Taught:
    """What a class of renderers needs to write numbers."""

    def draw_text(self, gc: Any, x: float, y: float, s: str, *more: Any, **settings: Any) -> Any:
        return _own(self, "draw_text")(gc, x, y, written(s), *more, **settings)

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        return _own(self, "get_text_width_height_descent")(written(s), prop, ismath)


@cache
def _taught(kind: type) -> type:
    return type(kind.__name__, (_Taught, kind), {})


def _own(renderer: _Taught, name: str) -> Any:
    # The renderer of a vector file hands on what it has not itself.
    own: Any = super(_Taught, renderer)
    return getattr(own, name, None) or own.__getattr__(name)
