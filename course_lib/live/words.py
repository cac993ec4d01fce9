"""What `update` says: plain words, and which numbers among them have the color of their line.

An author writes `[0.021]{#0072B2}`, or `in_color("0.021", line)`, which writes just that. The words
themselves stay plain; the page gets the colors apart, one for light and one for dark pages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from matplotlib.colors import to_hex, to_rgb

from . import theme

COLORED = re.compile(r"\[([^][\n]*)\]\{(#[0-9a-fA-F]{6})\}")


class Said(str):
    """Words without marks.

    Attributes
    ----------
    keys : list
        Of each part with a color where it begins, how long it is, and its colors on light and dark.
    """

    keys: list[list]

    def __new__(cls, text: str, keys: list[list]) -> Said:
        said = super().__new__(cls, text)
        said.keys = keys
        return said


def plain(text: str) -> Said:
    """Return words without their marks.

    Parameters
    ----------
    text : str
        As an author wrote it.
    """
    parts, keys, at, length = [], [], 0, 0
    for mark in COLORED.finditer(text):
        parts += [text[at : mark.start()], mark[1]]
        length += len(parts[-2])
        keys.append([length, len(mark[1]), *_inks(mark[2].lower())])
        length += len(mark[1])
        at = mark.end()
    return Said("".join([*parts, text[at:]]), keys)


def in_color(text: Any, of: Any) -> str:
    """Return words for the sentence of `update` that get the color of what they tell about.

    Where that color is too faint for words, they get one of the same hue that is not.

    Parameters
    ----------
    text : str or number
        A number with its unit, or a name.
    of : Artist, Drawn or color
        A line or other artist, what a function of `plots` returned, or any color of matplotlib.

    Raises
    ------
    TypeError, ValueError
        If `text` holds a bracket, or `of` has no color.
    """
    if any(sign in str(text) for sign in "[]\n"):
        raise ValueError(f"in_color: text must have no brackets and one line, got {text!r}.")
    artist = (getattr(of, "artists", None) or (of,))[0]
    for name in ("get_color", "get_facecolor"):
        if hasattr(artist, name):
            artist = getattr(artist, name)()
            break
    try:
        color = to_hex(artist[0] if getattr(artist, "ndim", 1) == 2 else artist)
    except (TypeError, ValueError, IndexError):
        raise TypeError(
            f"in_color: of must be an artist with a color, or a color, got {of!r}."
        ) from None
    return f"[{text}]{{{color}}}"


@lru_cache
def _inks(color: str) -> tuple[str, str]:
    rgb = to_rgb(color)
    light: Any = theme.ink(rgb, theme.PAPER)
    dark: Any = theme.ink(theme.tone(rgb)[:3], theme.NIGHT)
    return to_hex(light), to_hex(dark)
