"""How a page of the website or a slide shows a picture."""

import html

KINDS = {"course-day": "", "course-night": "-night"}


def figure(name: str, up: str, about: dict, words: str, moves: bool, night: bool) -> str:
    """Return the HTML of a stored picture; site.js brings it to life where `moves` says so.

    Where it has a `night`, the same picture drawn for dark, the style shows one of the two.
    """
    size = room = ""
    if "width" in about:
        size = f'width="{about["width"]}" height="{about["height"]}"'
        room = f'style="--course-wide: {about["width"]}px"'
    alt = html.escape(about.get("alt", words), quote=True)
    picture = "".join(
        f'<img class="{kind}" src="{up}_static/pictures/{name}{end}.png" alt="{alt}" {size} '
        'loading="lazy">'
        for kind, end in (KINDS if night else {"": ""}).items()
    )
    if not moves:
        return f'<div class="course-figure" {room}>{picture}</div>'
    return (
        f'<div class="course-figure" {room} role="group" aria-label="Explorer: {alt}" '
        f'data-explorer="{up}_static/explorers/{name}.txt" data-live="{up}_static/live.js">'
        f'{picture}<p class="course-said">{html.escape(words)}</p></div>'
    )
