"""Ties between a control and the picture: its handle there, what is drawn for it, where it is idle.

Each function takes a control and returns it, so that it can stand where `explore` wants one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle

from . import checks
from .controls import Point
from .kinds import Log, Number, kind_of
from .theme import tone

FINE = 101  # places along the way of a handle


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


def grip(control: Any, ax: Axes, y: Any, x: Any = None) -> Any:
    """Give a slider a handle on the picture, too: the thing that it moves can be dragged itself.

    Parameters
    ----------
    control : Widget
        A slider for one number.
    ax : Axes
        Where the handle lies, of the figure that is explored.
    y : float, callable or Line2D
        The height of the handle: always the same, a function of the slider's value, or that of a
        line, which may move.
    x : (left, right) or callable, optional
        Where the handle lies at both ends of the slider, or a function of the slider's value; by
        default it lies at that value.
    """
    if not isinstance(kind_of(control), Number):
        raise TypeError(f"grip: control must be a slider for one number, got {control!r}.")
    if not isinstance(ax, Axes):
        raise TypeError(f"grip: ax must be the axes the handle lies on, got {ax!r}.")
    if not (isinstance(y, Line2D) or callable(y)):
        y = checks.number("grip: y", y)
    control.grip = ax, y, x
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


def track(control: Any) -> list[list[float]] | None:
    """Return the way of a control's handle on the picture, from end to end of the control.

    Parameters
    ----------
    control : Point or Widget
        Without a handle, or a point that moves freely, it has none: None.
    """
    if isinstance(control, Point):
        y, x = control.on, None
    else:
        held: Any = getattr(control, "grip", (None, None, None))
        _, y, x = held
    if y is None:
        return None
    kind = kind_of(control)
    low, *_, high = kind.ends()
    spaced: Any = np.geomspace if isinstance(kind, Log) else np.linspace
    values = spaced(low, high, FINE)
    if x is None:
        across = values
    else:
        across = np.array([*map(x, values)]) if callable(x) else np.linspace(x[0], x[1], FINE)
    if isinstance(y, Line2D):
        line = np.asarray(y.get_xydata(), dtype=float)
        return _on_line(line.tobytes(), np.asarray(across, dtype=float).tobytes())
    up = np.array([float(np.squeeze(y(value))) for value in values]) if callable(y) else y
    return _pairs(across, np.broadcast_to(up, FINE))


@lru_cache(256)  # each frame asks, and most lines stay where they are
def _on_line(line: bytes, across: bytes) -> list[list[float]]:
    points, along = np.frombuffer(line).reshape(-1, 2).T, np.frombuffer(across)
    points = points[:, np.argsort(points[0])]
    points = points[:, np.isfinite(points).all(axis=0)]
    return _pairs(along, np.interp(along, *points) if points.size else np.zeros(FINE))


def _pairs(across: np.ndarray, up: np.ndarray) -> list[list[float]]:
    # Six digits, and not six decimals: the axes may be logarithmic.
    return [[float(f"{number:.6g}") for number in pair] for pair in zip(across, up, strict=True)]


def tracks(controls: Mapping[str, Any]) -> dict[str, list]:
    """Return the ways of all handles that lie on a line, which may have moved.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    """
    lines = {
        name: control.on if isinstance(control, Point) else getattr(control, "grip", [None] * 2)[1]
        for name, control in controls.items()
    }
    return {name: track(controls[name]) or [] for name, y in lines.items() if isinstance(y, Line2D)}


def grips(controls: Mapping[str, Any], axes: list[Axes]) -> list[dict]:
    """Return what the page knows of the sliders' handles on the picture.

    Parameters
    ----------
    controls : dict
        Of an explorer, by name.
    axes : list of Axes
        Of its figure.
    """
    return [
        {
            "name": name,
            "label": control.description,
            "axes": axes.index(control.grip[0]),
            "value": [0.0],
            "bounds": [[0.0, 1.0]],
            "track": track(control),
        }
        for name, control in controls.items()
        if hasattr(control, "grip")
    ]


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
    """Return the color, dash and marker of the first line and the first marks among artists."""
    lines: list[Any] = [artist for artist in artists if isinstance(artist, Line2D)]
    drawn = [line for line in lines if line.get_linestyle() not in ("None", "none", " ", "")]
    marked = [line for line in lines if line.get_marker() not in ("None", "none", " ", "", None)]
    color: Any = to_rgba(lines[0].get_color()) if lines else to_rgba(artists[0].get_facecolor())
    dark: Any = tone(color)
    key: dict[str, Any] = {"light": to_hex(color), "dark": to_hex(dark)}
    if drawn:
        key["dash"] = list(drawn[0]._dash_pattern[1] or ())
    if marked:
        style = MarkerStyle(marked[0].get_marker())
        outline: Any = style.get_path().transformed(style.get_transform())
        key["marker"] = " ".join(
            "M" + "L".join(f"{10 * x:.2f} {-10 * y:.2f}" for x, y in part) + "Z"
            for part in outline.to_polygons()
        )
    return key


def _always() -> str:
    return ""


def _why(control: Any) -> Callable[..., str]:
    return getattr(control, "idle", _always)
