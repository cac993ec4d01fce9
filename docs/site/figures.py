"""How a page of the website or a slide shows a picture."""

import html


def figure(name: str, up: str, about: dict, words: str, moves: bool) -> str:
    """Return the HTML of a stored picture; site.js brings it to life where `moves` says so."""
    size = room = ""
    if "width" in about:
        size = f'width="{about["width"]}" height="{about["height"]}"'
        room = f'style="--course-wide: {about["width"]}px"'
    alt = html.escape(about.get("alt", words), quote=True)
    picture = f'<img src="{up}_static/pictures/{name}.png" alt="{alt}" {size} loading="lazy">'
    if not moves:
        return f'<div class="course-figure" {room}>{picture}</div>'
    return (
        f'<div class="course-figure" {room} role="group" aria-label="Explorer: {alt}" '
        f'data-explorer="{up}_static/explorers/{name}.txt" data-live="{up}_static/live.js">'
        f'{picture}<p class="course-said">{html.escape(words)}</p></div>'
    )
