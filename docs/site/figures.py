"""How a page of the website or a slide shows a picture."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_lib.live.numbers import written

KINDS = {"course-day": "", "course-night": "-night"}
# Below this width of the window, which leaves less than the column, a page shows what is drawn for
# a phone. On paper it never does.
SMALL = "screen and (max-width: 38em)"


def put(static: Path, name: str, found: dict) -> dict[str, Any]:
    """Put what `capture` found of a picture into files; return what `figure` has to know of it."""
    for end, content in found.get("pictures", {}).items():
        (static / "pictures" / f"{name}{end}.png").write_bytes(base64.b64decode(content))
    for end, content in found.get("frames", {}).items():
        (static / "explorers" / f"{name}{end}.txt").write_text(content)
    return {
        "sizes": found.get("sizes", ()),
        "slide": found.get("slide", ()),
        "night": "-night" in found.get("pictures", {}),
        "moves": "" in found.get("frames", {}),
        "phone": "-phone" in found.get("frames", {}),
    }


def figure(
    name: str,
    up: str,
    about: dict,
    words: str,
    *,
    sizes: Sequence[Sequence[float]] = (),
    slide: Sequence[float] = (),
    night: bool = False,
    moves: bool = False,
    phone: bool = False,
) -> str:
    """Return the HTML of a stored picture; site.js brings it to life where it `moves`.

    Parameters
    ----------
    name : str
        Of its files.
    up : str
        The way to the folder that `_static` is in.
    about : dict
        What the notebook says of the picture: `alt`, and its own `width` and `height`.
    words : str
        What stands below an explorer.
    sizes : list of (width, height, smallest words), optional
        Of the pictures that are drawn for the column and for a phone, where there are any.
    slide : (width, height, smallest words), optional
        Of the picture that is drawn for a slide, where there is one. A page shows the others.
    night, moves, phone : bool, optional
        Whether there is the same picture drawn for dark, and whether there are frames, for the
        column and for a phone.
    """
    alt = html.escape(about.get("alt", words), quote=True)
    own = [about[side] for side in ("width", "height") if side in about]
    wide = sizes[0] if sizes else own
    # What is not drawn for a phone is as wide as its words need, and moves under the finger.
    room = f'style="--course-wide: {wide[0]}px"' if wide and len(sizes) < 2 else ""
    pictures = ""
    for kind, end in (KINDS if night else {"course-still": ""}).items():
        file = f"{up}_static/pictures/{name}"
        small = (
            f'<source media="{SMALL}" srcset="{file}-phone{end}.png" {_size(sizes[1])}>'
            if len(sizes) > 1
            else ""
        )
        pictures += (
            f'<picture class="{kind}">{small}<img src="{file}{end}.png" alt="{alt}" '
            f'{_size(wide)} loading="lazy"></picture>'
        )
    if not moves:
        return f'<div class="course-figure" {room}>{pictures}</div>'
    frames = f"{up}_static/explorers/{name}"
    narrow = f'data-phone="{frames}-phone.txt" data-wide="{sizes[0][0]}" ' if phone else ""
    return (
        f'<div class="course-figure" {room} role="group" aria-label="Explorer: {alt}" '
        f'data-explorer="{frames}.txt" {narrow}data-live="{up}_static/live.js">'
        f'{pictures}<p class="course-said">{html.escape(written(words))}</p></div>'
    )


def _size(sides: Sequence[float]) -> str:
    words = f' data-words="{sides[2]}"' if len(sides) > 2 else ""
    return f'width="{sides[0]}" height="{sides[1]}"{words}' if sides else ""
