"""Ties between a control and the picture: what is drawn for it, and where it has no effect.

Each function takes a control and returns it, so that it can stand where `explore` wants one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.artist import Artist
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle

from . import checks
from .theme import tone


def marks(control: Any, *artists: Artist) -> Any:
    """Say which artists show what a control stands for.

    The control gets a swatch with their color, dash and marker. While a reader points at it, at one
    of the artists, or has the focus on it, the artists of the other controls fade.

    Parameters
    ----------
    control : Widget
        A toggle.
    *artists : Artist
        Of the figure that is explored.
    """
    for artist in artists:
        if not isinstance(artist, Artist):
            raise TypeError(f"marks: artists must be artists of matplotlib, got {artist!r}.")
    control.marks = artists
    return control


def idle(control: Any, why: Callable[..., str]) -> Any:
    """Say where a control has no effect, and why: there it is dimmed and tells the reason.

    Parameters
    ----------
    control : Widget
        Any control but a point. It can still be moved there.
    why : callable
        Takes values of other controls by their names, and returns the reason in a few words, or
        an empty text where the control has an effect.
    """
    checks.function("idle: why", why, "values of other controls")
    control.idle = why
    return control


def check(controls: Mapping[str, Any]) -> None:
    """Raise a ValueError if a reason asks for a control that is not there.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    """
    for name, control in controls.items():
        for asked in inspect.signature(_why(control)).parameters:
            checks.one_of(f"idle: what the reason for {name} takes", asked, controls)


def reasons(controls: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the controls that have no effect at these values, by name, each with its reason.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    values : dict
        Where each of them stands.
    """
    found = {}
    for name, control in controls.items():
        why = _why(control)
        if why is not _always:
            asked = {each: values[each] for each in inspect.signature(why).parameters}
            found[name] = why(**asked)
    return {name: reason for name, reason in found.items() if reason}


def owned(controls: Mapping[str, Any]) -> dict[Artist, str]:
    """Return the artists that belong to a control, each with the control's name.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    """
    return {
        artist: name
        for name, control in controls.items()
        for artist in getattr(control, "marks", ())
    }


def swatches(controls: Mapping[str, Any]) -> dict[str, dict]:
    """Return the swatch of each control that has marks, as the page draws it.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    """
    return {
        name: _swatch(control.marks)
        for name, control in controls.items()
        if getattr(control, "marks", ())
    }


def _swatch(artists: tuple) -> dict:
    lines = [artist for artist in artists if isinstance(artist, Line2D)]
    drawn = [line for line in lines if line.get_linestyle() not in ("None", "none", " ", "")]
    marked = [line for line in lines if line.get_marker() not in ("None", "none", " ", "", None)]
    color = to_rgba(lines[0].get_color()) if lines else to_rgba(artists[0].get_facecolor())
    key: dict[str, Any] = {"light": to_hex(color), "dark": to_hex(tone(color))}
    if drawn:
        key["dash"] = list(drawn[0]._dash_pattern[1] or ())  # type: ignore[attr-defined]
    if marked:
        style = MarkerStyle(marked[0].get_marker())
        outline = style.get_path().transformed(style.get_transform())
        key["marker"] = " ".join(
            "M" + "L".join(f"{10 * x:.2f} {-10 * y:.2f}" for x, y in part) + "Z"
            for part in outline.to_polygons()
        )
    return key


def _always() -> str:
    return ""


def _why(control: Any) -> Callable[..., str]:
    return getattr(control, "idle", _always)
