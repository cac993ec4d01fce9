"""An explorer for a page without a kernel: its frames, computed beforehand, in a piece of HTML.

`Explorer.html` and `Explorer.save_html` call it. `front` draws it, as in the
notebook.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import itertools
import json
import math
import warnings
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from . import checks, figures, front, narrow, theme, typeface
from .calls import in_words
from .kinds import Log

MOST = 1_500_000  # bytes of one explorer, with everything it needs
FRAMES = 2500  # at most; drawing them takes a quarter of a minute
FINE = 101  # places of a point's coordinate, before they are thinned
GAP = -(2**31)  # stands for a vertex that is no number, which ends a line
SCALE = 1.5  # device pixels for each hundredth of an inch
SHARE = 3  # a phone gets one of so many frames
GROWS = 1.5  # how far its picture grows where there is more room

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{face}</style></head>
<body style="margin: 16px; background: #fff">
{body}
</body></html>
"""
# Where scripts are forbidden, the picture and its sentence stand. The same piece may stand twice on
# a page: each script takes the first that no other has taken.
SNIPPET = """<div data-course-explorer="{name}" role="group" aria-label="{alt}">
<img src="data:image/png;base64,{still}" alt="{alt}" style="max-width: 100%" width="{width:.0f}">
<p>{standing}</p></div>
<script type="module">
{source}
begin("{name}", {data});
</script>
"""


@dataclass(frozen=True)
class Moves:
    """What the reader of a page without a kernel can move; it shows itself as a sentence or two.

    Attributes
    ----------
    places : dict
        In how many places each control or coordinate of a point can stand there, by name.
    of : dict
        In how many it can stand in the notebook.
    fixed : dict
        What cannot be moved there, and the value that it keeps.
    """

    places: dict[str, int]
    of: dict[str, int]
    fixed: dict[str, Any]

    def __repr__(self) -> str:
        parts = [
            f"{name} in all {count} places"
            if count == self.of[name]
            else f"{name} in {count} of its {self.of[name]} places"
            for name, count in self.places.items()
        ]
        said = f"The reader moves {'; '.join(parts)}."
        return f"{said} Fixed there: {in_words(self.fixed)}." if self.fixed else said


def moves(explorer: Any, data: bytes) -> Moves:
    """Return what the reader of a page can move.

    Parameters
    ----------
    explorer : Explorer
        The one that is on the page.
    data : bytes
        Its frames, as `packed` returned them.
    """
    plain = gzip.decompress(base64.b64decode(data))
    about = json.loads(plain[4 : 4 + int.from_bytes(plain[:4], "little")])
    places = {control["name"]: len(control["words"]) for control in about["controls"]}
    of = {name: len(explorer.kinds[name].places()) for name in places}
    for point in about["points"]:
        for part, all_of in zip(_parts(point), point["places"], strict=True):
            if len(all_of) > 1:
                places[part], of[part] = len(all_of), FINE
    moved = {name.split("[")[0] for name in places}
    fixed = {name: value for name, value in explorer.values.items() if name not in moved}
    return Moves(places, of, fixed)


def snippet(explorer: Any, sweeps: list[str] | None = None) -> tuple[str, Moves]:
    """Return HTML in which the controls `sweeps` move the picture, and what the reader can move.

    All the places of these controls are combined. Where that is too much for 1.5 MB, sliders get
    fewer notches.

    Parameters
    ----------
    explorer : Explorer
        As `explore` returned it.
    sweeps : list of str, optional
        Names of controls. By default as many as can be combined, in their order; where there are
        none, the points, which then move on a grid.

    Raises
    ------
    ValueError
        If a name is none of its sliders, drop-downs and toggles, or there are none.
    """
    if not explorer.described:
        warnings.warn(
            "The picture has no description for readers who cannot see it; the page says "
            f"{explorer.alt!r}. Write one: explore(..., alt='What it shows').",
            stacklevel=3,
        )
    source = front.source()
    still = base64.b64encode(figures.few_colors(io.BytesIO(explorer.png()))).decode()
    room = MOST - len(source.encode()) - len(still) - len(typeface.css()) - 3000
    data = packed(explorer, sweeps, room * 3 // 4, FRAMES, phone=room // 4)
    text = SNIPPET.format(
        name=f"explorer-{crc32(data[0]):08x}",
        alt=html.escape(explorer.alt, quote=True),
        still=still,
        width=explorer.size[0],
        standing=html.escape(explorer.standing),
        source=source,
        data=json.dumps([each.decode() for each in data if each]),
    )
    return text, moves(explorer, data[0])


def packed(
    explorer: Any,
    sweeps: list[str] | None,
    most: int,
    frames: int,
    named: dict[str, list] | None = None,
    width: float | None = None,
    phone: int | None = None,
) -> tuple[bytes, bytes]:
    """Return its frames as `replay` of the front takes them, and fewer that are drawn for a phone.

    Those for a phone are empty for a small figure and a diagram, or where they do not fit.

    Parameters
    ----------
    explorer, sweeps
        As for `snippet`. Without `sweeps` the points move, too, where there is room for them.
    most : int
        Bytes that the frames, as base64 text, take at most.
    frames : int
        How many places of the controls they show at most; those for a phone show a third.
    named : dict, optional
        Controls and points that the text around the explorer tells the reader to move, each with
        the values it names. They move on the page, and these values are among their places.
    width : float, optional
        Pixels that a page has for the figure. By default it is as wide as its author made it.
    phone : int, optional
        Bytes that the frames for a phone take at most, by default as many; with 0 there are none.

    Raises
    ------
    ValueError
        If a name is none of those that can move, or what is named does not fit.
    """
    able = [name for name, kind in explorer.kinds.items() if kind.page and kind.places()]
    for name in sweeps or ():
        checks.one_of("The control to sweep", name, able)
    movable = able + [about["name"] for about in explorer.points]
    for name in named or ():
        checks.one_of("The control that the text names", name, movable)
    keep = _kept(explorer, named or {})
    places = {name: explorer.kinds[name].places() for name in sweeps or able}
    if sweeps is None:
        places |= _points_with_room(explorer, places, named or {}, frames)
    places = {
        name: _with(all_of, keep[name]) if _has_notches(explorer, name) else all_of
        for name, all_of in places.items()
    }
    if sweeps is None:
        places = _first_that_fit(explorer, places, keep, named or {}, frames)
    if not places:
        raise ValueError("sweeps: there is nothing to move.")
    if named:  # what the text names is there, however few the frames
        frames = max(frames, math.prod(_least(explorer, places, keep).values()))
    while True:
        try:
            data, chosen = _filled(explorer, places, keep, most, frames, width)
            small = most if phone is None else phone
            return data, _for_phone(explorer, chosen, keep, small, frames) if small else b""
        except ValueError:
            if sweeps is not None or len(places) == 1:
                raise
            # One fewer, and a new try: what stays still for each entry of a list may be too heavy.
            fewest = math.prod(_fewest(explorer, places, keep).values())
            fewer = _first_that_fit(explorer, places, keep, named or {}, fewest - 1)
            if fewer.keys() == places.keys():
                raise
            places = fewer


def _for_phone(explorer: Any, places: dict, keep: dict, most: int, frames: int) -> bytes:
    """Return fewer of these frames, with the same controls, at the width of a phone."""
    if explorer.size[0] <= narrow.PHONE or not narrow.suits_phone(explorer.figure):
        return b""
    least = math.prod(_least(explorer, places, keep).values())
    frames = max(frames // SHARE, least)
    try:
        return _filled(explorer, places, keep, most, frames, narrow.PHONE)[0]
    except ValueError:
        return b""


def _points_with_room(explorer: Any, places: dict, named: dict, most: int) -> dict[str, list]:
    """Return the places of the points that the text names, and of those with room to move.

    A point has room where it takes no notches from sliders but the finest.
    """
    found: dict[str, list] = {}
    grid = _coordinates(explorer)
    count = math.prod(
        min(len(all_of), 20 if _has_notches(explorer, name) else len(all_of))
        for name, all_of in places.items()
    )
    for about in explorer.points:
        parts = _parts(about)
        count *= 7 ** len(parts)
        if about["name"] in named or not places or count <= most:
            found |= {part: grid[part] for part in parts}
    return found


def _kept(explorer: Any, named: dict[str, list]) -> dict[str, list]:
    """Return the values of each control and coordinate that no page may be without."""
    keep = {name: [value] for name, value in _now(explorer).items()}
    points = {about["name"]: _parts(about) for about in explorer.points}
    for name, values in named.items():
        if _is_list(explorer, name):
            kind = explorer.kinds[name]
            options = dict(zip(kind.words(kind.places()), kind.places(), strict=True))
            for label in values:
                checks.one_of(f"An entry of {name}", label, options)
            keep[name] += [options[label] for label in values]
            continue
        for value in values:
            for part, number in zip(points.get(name, [name]), np.atleast_1d(value), strict=True):
                keep[part].append(value if part == name else float(number))
    return keep


def _with(places: list, values: list) -> list:
    """Return the places with each of the numbers `values` in place of the nearest of them."""
    found = list(places)
    for value in values:
        at = found.index(_nearest(found, value))
        if found[at] not in values:
            found[at] = value
        elif found[at] != value:
            found.append(value)
    return sorted(found)


def _numbers(places: list) -> bool:
    return all(isinstance(place, (int, float)) for place in places) and places != [False, True]


def _filled(
    explorer: Any, places: dict, keep: dict, most: int, frames: int, width: float | None
) -> tuple[bytes, dict]:
    """Return the frames of all combinations of places, of sliders as many as there is room for.

    And return which places these are.
    """
    now = _now(explorer)
    # Two drafts tell how many bytes a frame takes beyond what stays still. They also find all that
    # moves, before the frames are drawn that count.
    drafts = []
    for count in (5, 2) if len(places) < 4 else (3, 2):
        draft = {name: _thinned(all_of, count, [now[name]]) for name, all_of in places.items()}
        drafts.append((math.prod(map(len, draft.values())), len(_packed(explorer, draft, width))))
    (more, large), (fewer, small) = drafts
    each = max(large - small, 1) / max(more - fewer, 1)
    limit = max(1.2 * (fewer + (most - small) / each), 1)
    grown = 0
    while True:
        chosen = _fitting(explorer, places, keep, min(limit, frames))
        data, count = _packed(explorer, chosen, width), math.prod(map(len, chosen.values()))
        full = len(data) / most
        enough = max(full, count / frames) > 0.7 or chosen == places or grown == 2
        if full <= 1 and enough:
            return data, chosen
        grown += full < 1
        limit = count * 0.93 / full


def _fewest(explorer: Any, places: dict, keep: dict) -> dict[str, int]:
    """Return how many places of each control a page has at least, of a list and a toggle all."""
    few = {name: len(all_of) for name, all_of in places.items()}
    for name, all_of in places.items():
        if _has_notches(explorer, name):
            least = len(_thinned(all_of, 0, keep[name]))
            few[name] = min(few[name], max(least, 20 if _plays(explorer, name) else 5))
    return few


def _first_that_fit(explorer: Any, places: dict, keep: dict, named: dict, most: int) -> dict:
    """Leave out the last controls while even few notches are too many.

    What changes nothing where the others stand goes first, then points, last of all a slider that
    plays. What the text names stays.
    """
    few = _fewest(explorer, places, keep)
    if math.prod(few.values()) <= most:
        return places
    # Of a list the entries that the text names come first.
    for name in few:
        if named.get(name) and _is_list(explorer, name):
            chosen = [
                entry
                for entry in places[name]
                if any(entry is one or entry == one for one in keep[name])
            ]
            places, few[name] = places | {name: chosen}, len(chosen)

    def point(name: str) -> str:
        return name.partition("[")[0] if name not in explorer.controls else ""

    def worth(name: str) -> tuple:
        dull = not point(name) and not _changes(explorer, name, places[name])
        return dull, bool(point(name)), not _plays(explorer, name)

    loose = [name for name in places if name not in named and point(name) not in named]
    with explorer.at_scale(1):
        loose.sort(key=worth)
    for name in loose[::-1]:
        if name in few and math.prod(few.values()) > most:
            gone = [part for part in few if part == name or point(name) == point(part) != ""]
            few = {part: count for part, count in few.items() if part not in gone} or few
    return {name: places[name] for name in places if name in few}


def _changes(explorer: Any, name: str, places: list) -> bool:
    """Return whether a control changes the picture or the words, the others being as they are."""
    seen = set()
    explorer.frame([])  # the first frame brings what stays still, which is no change
    for value in (places[0], places[len(places) // 2], places[-1]):
        buffers: list[bytes] = []
        frame = explorer.frame(buffers, **_with_points(explorer, {name: value}))
        seen.add(repr((frame.get("on"), frame.get("draw"), frame.get("standing"), buffers)))
    return len(seen) > 1


def _least(explorer: Any, places: dict, keep: dict) -> dict[str, int]:
    """Return to how many places each control can be thinned: those to keep, but three at least."""
    return {
        name: max(3, len(_thinned(all_of, 0, keep[name])))
        if _has_notches(explorer, name)
        else len(all_of)
        for name, all_of in places.items()
    }


def _fitting(explorer: Any, places: dict, keep: dict, limit: float) -> dict:
    """Return the places, fewer of the sliders' if all combinations are more than `limit`."""
    counts = {name: len(all_of) for name, all_of in places.items()}
    least = _least(explorer, places, keep)
    while math.prod(counts.values()) > limit:
        sliders = {
            name: count
            for name, count in counts.items()
            if count > least[name] and _has_notches(explorer, name)
        }
        if not sliders:
            raise ValueError(
                f"sweeps: {', '.join(places)} together do not fit. "
                f"Name fewer controls: sweeps={[next(iter(places))]}."
            )
        # A slider that plays keeps more notches than the others: it is to go on smoothly.
        weight = {name: 4 if _plays(explorer, name) else 1 for name in sliders}
        weight |= {name: 0.75 for name in sliders if name not in explorer.controls}
        name = max(sliders, key=lambda name: sliders[name] / weight[name])
        counts[name] = max(least[name], min(counts[name] - 1, int(counts[name] * 0.95)))
    return {name: _thinned(places[name], count, keep[name]) for name, count in counts.items()}


def _packed(explorer: Any, places: dict, width: float | None) -> bytes:
    """Return all combinations of the places, drawn, as compressed text for `replay` of `front`."""
    phone = width == narrow.PHONE
    buffers: list[bytes] = []
    drawn: dict[bytes, int] = {}  # an image, such as a number, that many frames have is kept once
    shape = tuple(map(len, places.values()))
    frames, scenes = [None] * math.prod(shape), {}
    # What stays still may depend on a list or a toggle: these change least often.
    order = sorted(places, key=lambda name: _has_notches(explorer, name))
    theme.group(explorer.figure)
    with explorer.at_scale(2 if phone else SCALE, width):
        for at in itertools.product(*(range(len(places[name])) for name in order)):
            place = dict(zip(order, at, strict=True))
            values = {name: places[name][i] for name, i in place.items()}
            frame = explorer.frame(buffers, **_with_points(explorer, values))
            if "scene" in frame:
                scene = frame.pop("scene")
                if frame["on"] in scenes:
                    for image in (scene["below"], *(part["image"] for part in scene["between"])):
                        buffers[image] = b""
                else:
                    scenes[frame["on"]] = scene
                    below = scene["below"]
                    buffers[below] = figures.few_colors(io.BytesIO(buffers[below]))
                    over = [part["image"] for part in scene["between"]]
                    if night := explorer.night(buffers):
                        scene["night"] = night
                        over += [night["below"], *(part["image"] for part in night["between"])]
                    for image in over:
                        buffers[image] = _light(buffers[image])
            for layer in frame.get("draw", ()):
                if "image" in layer:
                    image = layer["image"]
                    layer["image"] = drawn.setdefault(buffers[image], image)
                    if layer["image"] != image:
                        buffers[image] = b""
            if "vertices" in frame:
                buffers[frame["vertices"]] = _steps(buffers[frame["vertices"]])
            frames[np.ravel_multi_index([place[name] for name in places], shape)] = frame
        size = [round(100 * side, 2) for side in explorer.figure.get_size_inches()]
        words = narrow.smallest_words(explorer.figure)
    for picture, index in drawn.items():
        buffers[index] = _light(picture)
    controls = []
    for name, all_of in places.items():
        if name not in explorer.kinds:
            continue
        kind = explorer.kinds[name]
        controls.append(
            {
                "name": name,
                "label": kind.control.description,
                "kind": kind.page,
                "words": kind.words(all_of),
                "first": all_of.index(_nearest(all_of, explorer.values[name])),
                "play": _plays(explorer, name),
                "unit": getattr(kind.control, "unit", ""),
                "key": explorer.swatches.get(name),
            }
        )
    now = _now(explorer)
    points = [  # one that the page does not move is shown where it stands
        about | {"places": [places.get(part, [now[part]]) for part in _parts(about)]}
        for about in explorer.points
    ]
    if phone:
        size, words = [GROWS * side for side in size], GROWS * words
    about = {"size": size, "words": words, "alt": explorer.alt}
    about |= {"controls": controls, "frames": frames}
    about["grips"] = [
        grip | {"at": [_share(explorer, grip["name"], place) for place in places[grip["name"]]]}
        for grip in explorer.grips
        if grip["name"] in places
    ]
    about["theme"] = getattr(explorer.figure, "theme", "page")
    about |= {"points": points, "scenes": scenes, "lengths": list(map(len, buffers))}
    head = json.dumps(about, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 4)
    packed = gzip.compress(b"".join([np.uint32(len(head)).tobytes(), head, *buffers]), mtime=0)
    return base64.b64encode(packed)


def _light(picture: bytes) -> bytes:
    """Return a picture that lies over others, with few colors if that makes it smaller."""
    return min(picture, figures.few_colors(io.BytesIO(picture), clear=True), key=len)


def _share(explorer: Any, name: str, value: float) -> float:
    """Return where a value lies on a slider, as a part of its length."""
    kind = explorer.kinds[name]
    low, *_, high = kind.ends()
    if isinstance(kind, Log):
        return round(math.log(value / low) / math.log(high / low), 5)
    return round((value - low) / (high - low), 5)


def _parts(about: dict) -> list[str]:
    """Return names for the coordinates of a point, each of which is swept as a slider is."""
    return [f"{about['name']}[{i}]" for i in range(len(about["value"]))]


def _coordinates(explorer: Any) -> dict[str, list[float]]:
    """Return many places for each coordinate of the points, where it stands now among them."""
    now, found = _now(explorer), {}
    for about in explorer.points:
        ax = explorer.figure.axes[about["axes"]]
        scales = ax.get_xscale(), ax.get_yscale()
        for part, ends, scale in zip(_parts(about), about["bounds"], scales, strict=False):
            spread: Any = np.geomspace if scale == "log" else np.linspace
            grid = spread(*ends, FINE).tolist()
            grid[grid.index(_nearest(grid, now[part]))] = now[part]
            found[part] = grid
    return found


def _now(explorer: Any) -> dict[str, Any]:
    """Return where each control stands, and each coordinate of a point."""
    now = dict(explorer.values)
    for about in explorer.points:
        now |= zip(_parts(about), np.atleast_1d(now[about["name"]]).tolist(), strict=True)
    return now


def _with_points(explorer: Any, values: dict) -> dict:
    """Return the values with the coordinates of each point put together."""
    for about in explorer.points:
        numbers = tuple(values.pop(part) for part in _parts(about) if part in values)
        if numbers:
            values[about["name"]] = numbers if len(numbers) > 1 else numbers[0]
    return values


def _steps(vertices: bytes) -> bytes:
    """Return the vertices as `floats` of the front reads them, which compresses to a fraction.

    Each number becomes a whole number of 64ths, finer than what is drawn, and of it the step from
    the one two before, which is the same coordinate of the vertex before. Steps are small: of their
    bytes, which stand sorted from the lowest to the highest, most are 0.
    """
    numbers = np.frombuffer(vertices, np.float32).astype(float)
    gaps = np.isnan(numbers)
    whole = np.where(gaps, GAP, np.round(64 * np.where(gaps, 0, numbers))).astype("<i4")
    steps = whole.copy()
    steps[2:] -= whole[:-2]
    return steps.view(np.uint8).reshape(-1, 4).T.tobytes()


def _has_notches(explorer: Any, name: str) -> bool:
    """Return whether it can do with fewer places: a slider or a point's coordinate, not a list."""
    return name not in explorer.kinds or explorer.kinds[name].notches


def _is_list(explorer: Any, name: str) -> bool:
    return name in explorer.kinds and explorer.kinds[name].page == "select"


def _plays(explorer: Any, name: str) -> bool:
    return bool(getattr(explorer.controls.get(name), "play", False))


def _nearest(places: list, value: Any) -> Any:
    if isinstance(value, (int, float)):
        return min(places, key=lambda place: abs(place - value))
    return next(place for place in places if place is value or place == value)


def _thinned(places: list, count: int, keep: list) -> list:
    """Return `count` of the places, or as many as are to be kept: the ends and those of `keep`."""
    if len(places) <= count or not _numbers(places):
        return places
    kept = {0, len(places) - 1} | {places.index(_nearest(places, value)) for value in keep}
    chosen = set(np.linspace(0, len(places) - 1, count).round().astype(int).tolist())
    for here in sorted(kept - chosen):
        if spare := chosen - kept:
            chosen.remove(min(spare, key=lambda place: abs(place - here)))
        chosen.add(here)
    return [places[place] for place in sorted(chosen | kept)]
