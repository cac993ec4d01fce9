"""Explorers: sliders and points that move a matplotlib figure while they are dragged.

The last room of the flow: they show what `descent` and `training` recorded, and no rule is written
here. matplotlib draws what stays still once; what `update` touches goes to the browser as vertices.
"""

from __future__ import annotations

import asyncio
import base64
import builtins
import inspect
import io
import itertools
import math
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Ellipse, PathPatch, Polygon, Rectangle, Wedge
from matplotlib.spines import Spine
from PIL import Image

from course_lib import arguments, plots

# How the course's hyper-parameters are called on every slider.
LABELS = {"lr": "learning rate α", "batch": "batch size B"}


# -------------------------------------------------------------------------------------- controls


def slider(
    low: float, high: float, value: float, step: float | None = None, label: str = ""
) -> ipywidgets.FloatSlider:
    """Return a slider for a number from `low` to `high`, by default in about a hundred steps."""
    low, high, value = _range("slider", low, high, value)
    step = _step(low, high, value) if step is None else step
    step = arguments.number("slider: step", step, low=0, open_low=True)
    return ipywidgets.FloatSlider(
        value, min=low, max=high, step=step, description=label, readout_format=".3g"
    )


def log_slider(low: float, high: float, value: float, label: str = "") -> ipywidgets.FloatLogSlider:
    """Return a slider for a positive number: each step multiplies it by the same factor."""
    low, high, value = _range("log_slider", low, high, value)
    if low <= 0:
        raise ValueError(f"log_slider: low must be above 0, got {low:g}.")
    bottom, top = math.log10(low), math.log10(high)
    return ipywidgets.FloatLogSlider(
        value,
        base=10,
        min=bottom,
        max=top,
        step=_even_step(bottom, top, math.log10(value)),
        description=label,
        readout_format=".3g",
    )


def int_slider(
    low: int, high: int, value: int, step: int = 1, label: str = ""
) -> ipywidgets.IntSlider:
    """Return a slider for a whole number between `low` and `high`."""
    low, high, value = _range("int_slider", low, high, value)
    for name, number in (("low", low), ("high", high), ("value", value)):
        if number != int(number):
            raise ValueError(f"int_slider: {name} must be a whole number, got {number:g}.")
    step = arguments.whole("step", step, low=1)
    return ipywidgets.IntSlider(
        int(value), min=int(low), max=int(high), step=step, description=label
    )


def choice(options: Iterable, value: Any = None, label: str = "") -> ipywidgets.Dropdown:
    """Return a drop-down list. A dictionary shows its keys and hands over its values.

    Landscapes, classes and functions in a list are shown by their names. `value` is what is chosen
    at first, one of the values; by default the first of them.
    """
    if not isinstance(options, dict):
        options = {_named(option): option for option in options}
    options = list(options.items())
    if not options:
        raise ValueError("choice: options must hold at least one entry, got none.")
    dropdown = ipywidgets.Dropdown(options=options, description=label)
    if value is not None:
        _choose("choice: value", dropdown, value)
    return dropdown


def toggle(value: bool = False, label: str = "") -> ipywidgets.Checkbox:
    """Return a checkbox."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"toggle: value must be True or False, got {value!r}.")
    return ipywidgets.Checkbox(bool(value), description=label, indent=True)


@dataclass(frozen=True, eq=False)
class Point:
    """A point on a plot that the reader drags, places by click or moves with the arrow keys."""

    ax: Axes
    value: Any
    bounds: tuple
    label: str = ""

    @property
    def flat(self) -> bool:
        """Whether it moves along the horizontal axis only, and `update` gets a single number."""
        return np.ndim(self.value) == 0

    def checked(self, name: str, value: Any) -> Any:
        """Return `value` as a point: a number, or a pair of them, inside the bounds."""
        try:
            numbers = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            numbers = np.asarray(np.nan)
        if numbers.shape != np.shape(self.value):
            wanted = "a number" if self.flat else "a pair of numbers (x, y)"
            raise ValueError(f"{name} must be {wanted}, got {value!r}.")
        for number, (low, high) in zip(numbers.flat, self.bounds, strict=False):
            if not low <= number <= high:
                raise ValueError(f"{name} must lie between {low:g} and {high:g}, got {value!r}.")
        return float(numbers) if self.flat else tuple(float(number) for number in numbers)


def point(ax: Axes, value: Any, bounds: Any = None, label: str = "") -> Point:
    """Return a point on `ax` that the reader moves.

    Parameters
    ----------
    ax : Axes
        Of the figure that is explored.
    value : (x, y) or float
        Where it starts. A pair moves freely. A single number moves along the horizontal axis: the
        start of a walk on a curve.
    bounds : ((low, high), (low, high)) or (low, high), optional
        Where it may go; by default all that `ax` shows.
    """
    if not isinstance(ax, Axes):
        raise TypeError(f"point: ax must be the axes it lies on, got {ax!r}.")
    if np.shape(value) not in ((), (2,)):
        raise ValueError(f"point: value must be a pair (x, y) or a number, got {value!r}.")
    if bounds is None:
        bounds = [sorted(ax.get_xlim()), sorted(ax.get_ylim())][: 1 if np.ndim(value) == 0 else 2]
    pairs = np.array(bounds, dtype=float).reshape(-1, 2)
    if len(pairs) != max(np.size(value), 1) or not np.all(pairs[:, 0] < pairs[:, 1]):
        raise ValueError(
            f"point: bounds must be a pair (low, high) for each coordinate, got {bounds!r}."
        )
    made = Point(ax, value, tuple(map(tuple, pairs.tolist())), label)
    return Point(ax, made.checked("point: value", value), made.bounds, label)


def _range(who: str, low: float, high: float, value: float) -> tuple[float, float, float]:
    low = arguments.number(f"{who}: low", low)
    high = arguments.number(f"{who}: high", high)
    if low >= high:
        raise ValueError(f"{who}: low must be below high, got low = {low:g} and high = {high:g}.")
    return low, high, arguments.number(f"{who}: value", value, low=low, high=high)


def _step(low: float, high: float, value: float) -> float:
    """Return a round step that makes about a hundred notches, one of them at `value`.

    The browser moves a slider to its nearest notch as it shows it. The author's value must be one.
    """
    rough = (high - low) / 100
    ten = 10.0 ** math.floor(math.log10(rough))
    for step in sorted((10 * ten, 5 * ten, 2 * ten, ten), key=lambda step: abs(step / rough - 1)):
        notches = (value - low) / step
        if rough / 2.5 < step < 2.5 * rough and abs(notches - round(notches)) < 1e-9:
            return round(step, 15)
    return _even_step(low, high, value)


def _even_step(low: float, high: float, value: float) -> float:
    """Return a step near a hundredth of the range that divides the way from `low` to `value`."""
    if value == low:
        return (high - low) / 100
    return (value - low) / max(round(100 * (value - low) / (high - low)), 1)


def _choose(name: str, dropdown: ipywidgets.Dropdown, value: Any) -> None:
    """Choose `value` in the list, or say what the list holds."""
    try:
        dropdown.value = value
    except traitlets.TraitError:
        labels = list(dropdown._options_labels)
        if value in labels:
            dropdown.index = labels.index(value)
            return
        arguments.one_of(name, str(value), labels)
        raise


# -------------------------------------------------------------------------------------- explorer


class Canvas(anywidget.AnyWidget):
    """The picture in the browser. live.js draws it and asks for frames by its own messages."""

    _esm = Path(__file__).with_name("live.js")
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    controls = traitlets.List(traitlets.Instance(ipywidgets.Widget)).tag(
        sync=True, **ipywidgets.widget_serialization
    )
    points = traitlets.List(traitlets.Dict()).tag(sync=True)
    size = traitlets.List(traitlets.Float()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    standing = traitlets.Unicode().tag(sync=True)
    still = traitlets.Bytes().tag(sync=True)

    def __repr__(self) -> str:
        return "Canvas()"


class Explorer(ipywidgets.VBox):
    """A figure with its controls. `explore` makes it.

    Attributes
    ----------
    values : dict
        The present value of each control, as `update` gets it.
    standing : str
        What `update` last said, or which values it failed on.
    error : Exception or None
        What `update` last raised. `raise explorer.error` shows where.
    """

    def __init__(self, figure: Figure, update: Callable, controls: dict, alt: str) -> None:
        self.figure, self.update, self.controls = figure, update, controls
        self.error: Exception | None = None
        self.standing = ""
        self._scene = Scene(figure)
        self._request: dict | None = None
        self._task: asyncio.Task | None = None
        self._on_screen = False
        sliders = {name: c for name, c in controls.items() if not isinstance(c, Point)}
        self.values = {name: control.value for name, control in controls.items()}
        self._first = dict(self.values)
        _label(sliders)
        self._update()
        width, height = figure.get_size_inches() * 100
        self._canvas = Canvas(
            names=list(sliders),
            controls=list(sliders.values()),
            points=[
                {
                    "name": name,
                    "label": p.label or LABELS.get(name, name.replace("_", " ")),
                    "axes": figure.axes.index(p.ax),
                    "value": list(np.atleast_1d(p.value)),
                    "bounds": [list(pair) for pair in p.bounds],
                }
                for name, p in controls.items()
                if isinstance(p, Point)
            ],
            size=[float(width), float(height)],
            alt=alt,
            standing=self.standing,
            still=self.png(),
        )
        self._canvas.on_msg(self._received)
        rows = [ipywidgets.VBox(list(sliders.values()))] if sliders else []
        super().__init__([*rows, self._canvas])

    def set(self, **values: Any) -> str:
        """Move controls from Python, by name, and return the standing."""
        for name, value in values.items():
            arguments.one_of("The control", name, self.controls)
            self.values[name] = _move(name, self.controls[name], value)
        self._update()
        if self._on_screen:
            self._send_frame({"values": self._points()})
        return self.standing

    def reset(self) -> str:
        """Put every control back to where the author set it, and return the standing."""
        return self.set(**self._first)

    def tour(self, states: int = 20) -> list[str]:
        """Move each control to both ends, then all at random, and go back; return what failed.

        For whoever writes an explorer: an empty list says that no reader will meet an error.
        """
        choose = random.Random(0).choice
        ends = {name: _ends(control) for name, control in self.controls.items()}
        visits = [{name: end} for name, both in ends.items() for end in both]
        visits += [{name: choose(both) for name, both in ends.items()} for _ in range(states)]
        failed = []
        for values in visits:
            self.set(**values)
            if self.error is not None:
                failed.append(self.standing)
        self.reset()
        return failed

    def png(self) -> bytes:
        """Return the picture as it stands now, as a PNG file."""
        return plots.Picture.png(self.figure)

    def close(self) -> None:
        """Take the explorer, its picture and its controls out of the notebook."""
        self._canvas.on_msg(self._received, remove=True)
        shared = {
            control for other in _OPEN if other is not self for control in other.controls.values()
        }
        _OPEN.discard(self)
        for control in self.controls.values():
            if not isinstance(control, Point) and control not in shared:
                for part in (control.layout, getattr(control, "style", None), control):
                    if part is not None:
                        part.close()
        for box in self.children:
            box.layout.close()
            box.close()
        self.layout.close()
        super().close()

    def _update(self) -> None:
        """Call the author's function; what goes wrong there becomes the standing."""
        try:
            said = self.update(**self.values)
            self.error = None
            self.standing = str(said) if said is not None else _in_words(self.values)
        except Exception as error:
            self.error = error
            problem = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self.standing = f"This cannot be drawn for {_in_words(self.values)}. {problem}"

    def _received(self, _: Any, content: dict, buffers: list) -> None:
        """Take a request of the browser and answer the newest one, when the queue is empty."""
        earlier = self._request or {}
        self._request = earlier | content | {"screen": content.get("screen", earlier.get("screen"))}
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._answer()
            return
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._answer_soon())

    async def _answer_soon(self) -> None:
        # Requests that wait in the kernel's queue come in one by one as the loop turns. Letting it
        # turn first leaves only the newest of them to be computed.
        for _ in range(20):
            await asyncio.sleep(0)
        self._answer()

    def _answer(self) -> None:
        request, self._request = self._request or {}, None
        began = time.perf_counter()
        if request.get("screen"):
            self._scene.resize(float(request["screen"].get("scale", 1)))
            if not self._on_screen:
                self._scene.settle()
            self._on_screen = True
        if not self._on_screen:
            return
        for name, value in request.get("values", {}).items():
            if name in self.controls:
                self.values[name] = _from_browser(self.controls[name], value, self._first[name])
        self._update()
        answer = {"view": request.get("view"), "id": request.get("id")}
        if request.get("screen"):
            answer["values"] = self._points()
        self._send_frame(answer, began)

    def _send_frame(self, content: dict, began: float | None = None) -> None:
        buffers: list[bytes] = []
        if self.error is None:
            content |= self._scene.frame(buffers)
        content |= {"standing": self.standing, "failed": self.error is not None}
        if began is not None:
            content["took"] = round(1000 * (time.perf_counter() - began), 2)
        self._canvas.send(content, buffers)

    def _points(self) -> dict:
        return {
            name: list(np.atleast_1d(self.values[name]))
            for name, control in self.controls.items()
            if isinstance(control, Point)
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data = super()._repr_mimebundle_(**kwargs) or {}
        data |= {
            "text/plain": self.standing,
            "image/png": base64.b64encode(self._canvas.still).decode(),
        }
        width, height = map(int, self._canvas.size)
        about = {"alt": self._canvas.alt, "width": width, "height": height}
        return data, {"image/png": about}

    def __repr__(self) -> str:
        return self.standing


def explore(figure: Figure, update: Callable, alt: str = "", **controls: Any) -> Explorer:
    """Show `figure` with controls that move it.

    Parameters
    ----------
    figure : Figure
        With everything drawn that stays still; from `plots.figure` or plain matplotlib.
    update : callable
        Takes one value for each control, by name, changes the artists of the figure, and returns
        the standing: a sentence on what is to be seen. It is shown under the figure, read out by
        screen readers and kept as the text of the saved output. Without it the values are shown.
        It keeps the names it uses as they are now: later cells may use the same names again.
    alt : str, optional
        What the picture shows, for readers who cannot see it.
    **controls
        For each parameter of `update` a `slider`, `log_slider`, `int_slider`, `choice`, `toggle`,
        `point`, or any ipywidget with a value. One control may serve two explorers.

    Returns
    -------
    Explorer
        It shows itself as the last line of a cell. `.set(lr=0.1)` moves it from Python.

    Raises
    ------
    TypeError, ValueError
        If controls and parameters do not match, or a control is none.

    Examples
    --------
    >>> picture, ax = plots.figure()
    >>> (line,) = ax.plot([0, 1], [0, 1])
    >>> def update(slope):
    ...     line.set_ydata([0, slope])
    ...     return f"slope {slope:g}"
    >>> explore(picture, update, slope=slider(0, 1, 0.5))
    slope 0.5
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"explore: figure must be a matplotlib figure, got {figure!r}.")
    arguments.function("explore: update", update, "the controls' values")
    _match(update, controls)
    for name, control in controls.items():
        _is_control(name, control, figure)
    plots.close(figure)
    explorer = Explorer(figure, _kept(update), controls, alt or plots.describe(figure))
    _replace_previous(explorer)
    return explorer


def _match(update: Callable, controls: dict) -> None:
    """Raise unless `update` takes exactly the controls."""
    parameters = inspect.signature(update).parameters.values()
    takes = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    needed = [p.name for p in parameters if p.name in takes and p.default is p.empty]
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    missing = [name for name in needed if name not in controls]
    if missing:
        raise TypeError(
            f"explore: update takes {', '.join(missing)}, but no control is given for it. "
            f"Add {missing[0]}=slider(low, high, value), or another control."
        )
    for name in controls:
        if name not in takes and not anything:
            has = f"It takes {', '.join(takes)}." if takes else "It takes no parameters."
            raise TypeError(
                f"explore: there is a control {name}, but update does not take it. {has}"
            )


def _kept(function: Callable, names: dict | None = None) -> Callable:
    """Return `function` with the global names it uses as they are now.

    Cells of a notebook share one set of names and use the same ones over and over. Without this, an
    explorer would start to move the `trail` that a later cell drew.
    """
    if not isinstance(function, FunctionType):
        return function
    names = {"__builtins__": builtins} if names is None else names
    kept = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    kept.__kwdefaults__ = function.__kwdefaults__
    for name in _names_used(function.__code__):
        if name in function.__globals__ and name not in names:
            value = names[name] = function.__globals__[name]
            if isinstance(value, FunctionType) and value.__globals__ is function.__globals__:
                names[name] = _kept(value, names)
    return kept


def _names_used(code: CodeType) -> set[str]:
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*map(_names_used, inner))


def _is_control(name: str, control: Any, figure: Figure) -> None:
    if isinstance(control, Point):
        if control.ax not in figure.axes:
            raise ValueError(f"explore: the point {name} lies on the axes of another figure.")
    elif not (isinstance(control, ipywidgets.Widget) and hasattr(control, "value")):
        raise TypeError(
            f"explore: {name} must be a control such as slider(0, 1, 0.5), got {control!r}."
        )


def _label(sliders: dict) -> None:
    """Name the controls that have no name yet, and line them up."""
    sliders = {name: c for name, c in sliders.items() if hasattr(c, "description")}
    for name, control in sliders.items():
        control.description = control.description or LABELS.get(name, name.replace("_", " "))
    longest = max((len(control.description) for control in sliders.values()), default=0)
    for control in sliders.values():
        control.style.description_width = f"{0.55 * longest + 1:.1f}em"
        control.layout.width = "min(100%, 36em)"


def _from_browser(control: Any, value: Any, first: Any) -> Any:
    """Return what `update` is given for what the browser sent; `first` is the author's value."""
    if isinstance(control, Point):
        inside = [
            min(max(float(v), low), high)
            for v, (low, high) in zip(value, control.bounds, strict=True)
        ]
        return inside[0] if control.flat else tuple(inside)
    if isinstance(control, ipywidgets.Dropdown):
        return control._options_values[int(value)]
    if isinstance(control, ipywidgets.IntSlider):
        return int(value)
    if isinstance(value, float) and isinstance(first, float):
        # A notch counted from the end of a slider misses a round number by its last digit.
        return first if math.isclose(value, first, rel_tol=1e-9) else value
    return value


def _move(name: str, control: Any, value: Any) -> Any:
    """Set a control from Python and return its new value, or say which values are allowed."""
    if isinstance(control, Point):
        return control.checked(name, value)
    if isinstance(control, ipywidgets.Dropdown):
        _choose(name, control, value)
    elif isinstance(control, ipywidgets.FloatLogSlider):
        low, high = control.base**control.min, control.base**control.max
        # The ends are powers of ten and may be off by the last digit.
        value = arguments.number(name, value, low=low * (1 - 1e-12), high=high * (1 + 1e-12))
        control.value = min(max(value, low), high)
    elif isinstance(control, (ipywidgets.FloatSlider, ipywidgets.IntSlider)):
        control.value = arguments.number(name, value, low=control.min, high=control.max)
    else:
        control.value = value
    return control.value


def _ends(control: Any) -> list:
    """Return the values at both ends and in the middle of a control, or all that it has."""
    if isinstance(control, Point):
        corners = itertools.product(
            *([low, (low + high) / 2, high] for low, high in control.bounds)
        )
        return [corner[0] if control.flat else corner for corner in corners]
    if isinstance(control, ipywidgets.Dropdown):
        return list(control._options_values)
    if isinstance(control, ipywidgets.Checkbox):
        return [False, True]
    if isinstance(control, ipywidgets.FloatLogSlider):
        return [
            control.base**at for at in (control.min, (control.min + control.max) / 2, control.max)
        ]
    if isinstance(control, ipywidgets.IntSlider):
        return [control.min, (control.min + control.max) // 2, control.max]
    if isinstance(control, ipywidgets.FloatSlider):
        return [control.min, (control.min + control.max) / 2, control.max]
    return [control.value]


def _in_words(values: dict) -> str:
    def word(value):
        if isinstance(value, tuple):
            return f"({', '.join(f'{v:.4g}' for v in value)})"
        if isinstance(value, float):
            return f"{value:.4g}"
        return _named(value)

    return ", ".join(f"{name} = {word(value)}" for name, value in values.items())


def _named(thing: Any) -> str:
    return str(getattr(thing, "name", getattr(thing, "__name__", thing)))


_OPEN: set[Explorer] = set()
_CELLS: dict[str, tuple[Any, list[Explorer]]] = {}


def _replace_previous(explorer: Explorer) -> None:
    """Close what an earlier run of the same cell left behind: nobody can reach it any more."""
    _OPEN.add(explorer)
    cell, run = _cell()
    if cell is None:
        return
    last_run, old = _CELLS.get(cell, (None, []))
    if last_run != run:
        for earlier in old:
            earlier.close()
        old = []
    _CELLS[cell] = (run, [*old, explorer])


def _cell() -> tuple[str | None, Any]:
    """Return which cell is running, and in which run of it, where a kernel knows."""
    try:
        shell = get_ipython()
        parent = shell.get_parent()
        return parent["metadata"].get("cellId"), parent["header"]["msg_id"]
    except (NameError, AttributeError, KeyError, TypeError):
        return None, None


# ----------------------------------------------------------------------------------------- scene


class Scene:
    """A figure taken apart: what stays still, as images, and what moves, as vertices.

    An artist moves if `update` made it stale. Lines, markers, bars and filled regions are drawn by
    the browser from their outlines in pixels; any other artist as a small image of it alone.
    """

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.canvas = FigureCanvasAgg(figure)
        self.moving: list[Artist] = []
        self._children: list[tuple] = []
        self._drawn = False

    def resize(self, scale: float) -> None:
        """Draw for a screen with `scale` device pixels for each hundredth of an inch."""
        dpi = 100 * min(max(scale, 0.2), 4)
        if abs(self.figure.dpi - dpi) > 0.01:
            self.figure.set_dpi(dpi)
        self._drawn = False

    def settle(self) -> None:
        """Draw the figure once, so that from now on a stale artist is one that was moved."""
        self.canvas.draw()
        self._calm()

    def frame(self, buffers: list[bytes]) -> dict:
        """Return what the browser has to draw; arrays and images are appended to `buffers`."""
        content: dict[str, Any] = {}
        if self._look():
            content["scene"] = self._draw_still(buffers)
        vertices: list[np.ndarray] = []
        layers = []
        with np.errstate(all="ignore"):
            for artist in sorted(self.moving, key=lambda artist: artist.get_zorder()):
                if artist.get_visible():
                    layers += self._outline(artist, vertices, buffers)
        content["draw"] = layers
        content["vertices"] = len(buffers)
        flat = np.concatenate(vertices) if vertices else np.empty(0, np.float32)
        buffers.append(flat.astype(np.float32).tobytes())
        self._calm()
        return content

    def _axes_children(self) -> list[tuple]:
        return [tuple(ax.get_children()) for ax in self.figure.axes]

    def _look(self) -> bool:
        """Find what moved since the last frame; return whether the still part must be drawn."""
        children = self._axes_children()
        again = not self._drawn or children != self._children
        if children != self._children:
            there = {artist for group in children for artist in group}
            self.moving = [artist for artist in self.moving if artist in there]
        known = set(self.moving)
        fixed = [child for child in self.figure.get_children() if not isinstance(child, Axes)]
        again |= any(child.stale for child in fixed)
        for ax, group in zip(self.figure.axes, children, strict=True):
            stale = [artist for artist in group if artist.stale]
            again |= ax.stale and not stale
            for artist in stale:
                if isinstance(artist, (Axis, Spine)) or artist is ax.patch:
                    again = True
                elif artist not in known:
                    self.moving.append(artist)
                    again = True
        self._children = children
        return again

    def _draw_still(self, buffers: list[bytes]) -> dict:
        """Draw all that does not move: what lies below the moving artists, and what above."""
        above = []
        for ax, group in zip(self.figure.axes, self._children, strict=True):
            top = max((a.get_zorder() for a in group if a in self.moving), default=math.inf)
            movable = [*ax.lines, *ax.collections, *ax.patches, *ax.texts, *ax.images, *ax.artists]
            if ax.get_legend() is not None:
                movable.append(ax.get_legend())
            above += [
                artist
                for artist in sorted(movable, key=lambda artist: artist.get_zorder())
                if artist.get_zorder() > top and artist not in self.moving and artist.get_visible()
            ]
        hidden = [a for a in [*self.moving, *above] if not a.get_animated()]
        for artist in hidden:
            artist.set_animated(True)
        self.canvas.draw()
        renderer = self.canvas.get_renderer()
        still = {"below": self._image(np.asarray(renderer.buffer_rgba()), buffers)["image"]}
        if above:
            still["above"] = self._alone(above, buffers)
        for artist in hidden:
            artist.set_animated(False)
        self._drawn = True
        height = renderer.height
        still["size"] = [int(renderer.width), int(height)]
        still["axes"] = []
        for ax in self.figure.axes:
            x0, y0, x1, y1 = ax.bbox.extents
            still["axes"].append(
                {
                    "box": [x0, height - y1, x1 - x0, y1 - y0],
                    "x": [*map(float, ax.get_xlim()), ax.get_xscale() == "log"],
                    "y": [*map(float, ax.get_ylim()), ax.get_yscale() == "log"],
                }
            )
        return still

    def _alone(self, artists: list[Artist], buffers: list[bytes]) -> dict | None:
        """Draw artists on a clear ground and return the part that holds anything."""
        renderer = self.canvas.get_renderer()
        renderer.clear()
        for artist in artists:
            artist.draw(renderer)
        pixels = np.asarray(renderer.buffer_rgba())
        inked = pixels[..., 3] > 0
        rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        if not len(rows):
            return None
        top, left = rows[0], columns[0]
        part = pixels[top : rows[-1] + 1, left : columns[-1] + 1]
        return self._image(part, buffers) | {"at": [int(left), int(top)]}

    @staticmethod
    def _image(pixels: np.ndarray, buffers: list[bytes]) -> dict:
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, format="png", compress_level=1)
        buffers.append(file.getvalue())
        return {"kind": "image", "image": len(buffers) - 1}

    def _calm(self) -> None:
        """Mark everything as drawn. Invisible and empty artists never do so themselves."""
        for child in self.figure.get_children():
            child.stale = False
        for ax in self.figure.axes:
            for artist in ax.get_children():
                artist.stale = False
            ax.stale = False
        self.figure.stale = False

    # What the browser draws. Each function returns one layer or more, or None where only
    # matplotlib can draw the artist as it is.

    def _outline(self, artist: Artist, vertices: list, buffers: list[bytes]) -> list[dict]:
        layers = None
        plain = not artist.get_path_effects() and artist.get_sketch_params() is None
        if plain and artist.get_clip_path() is None:
            if type(artist) is Line2D:
                layers = self._line(artist, vertices)
            elif type(artist) is PathCollection:
                layers = self._scatter(artist, vertices)
            elif isinstance(artist, (PolyCollection, LineCollection)):
                layers = self._regions(artist, vertices)
            elif isinstance(artist, (Rectangle, Polygon, Ellipse, Wedge, PathPatch)):
                layers = self._patch(artist, vertices)
        if layers is None:
            alone = self._alone([artist], buffers)
            return [alone] if alone else []
        clip = self._clip(artist)
        return [layer | {"clip": clip} for layer in layers]

    def _clip(self, artist: Artist) -> list | None:
        if not artist.get_clip_on() or artist.get_clip_box() is None:
            return None
        x0, y0, x1, y1 = artist.get_clip_box().extents
        return [x0, self.canvas.get_renderer().height - y1, x1 - x0, y1 - y0]

    def _pixels(self, points: np.ndarray, transform: Any, vertices: list) -> list[int]:
        """Append points in pixels, y downwards, and return their [offset, count] in floats."""
        points = np.asarray(np.ma.filled(points, np.nan), dtype=float)
        pixels = transform.transform(points) if len(points) else points.reshape(0, 2)
        pixels = np.column_stack([pixels[:, 0], self.canvas.get_renderer().height - pixels[:, 1]])
        # A float32 canvas takes no 1e300. Pulling a far point in along its own direction keeps the
        # slope of the line that leaves the picture towards it.
        far = np.max(np.abs(pixels), axis=1, keepdims=True, initial=1)
        pixels = np.where(np.isfinite(far) & (far > 1e6), pixels / far * 1e6, pixels)
        return self._append(
            np.where(np.isfinite(pixels).all(axis=1, keepdims=True), pixels, np.nan), vertices
        )

    @staticmethod
    def _append(numbers: np.ndarray, vertices: list) -> list[int]:
        offset = sum(map(len, vertices))
        vertices.append(np.asarray(numbers, dtype=np.float32).reshape(-1))
        return [offset, len(vertices[-1])]

    def _points_to_pixels(self, width: float) -> float:
        return float(width) * self.figure.dpi / 72

    def _line(self, line: Line2D, vertices: list) -> list[dict] | None:
        if line.get_drawstyle() != "default" or line.get_markevery() is not None:
            return None
        layers, at = [], self._pixels(line.get_xydata(), line.get_transform(), vertices)
        if line.get_linestyle() not in ("None", "none", "", " ") and line.get_linewidth() > 0:
            layers.append(
                {
                    "kind": "line",
                    "at": at,
                    "edge": _css(line.get_color(), line.get_alpha()),
                    "width": self._points_to_pixels(line.get_linewidth()),
                    "dash": self._dash(line),
                    "cap": line.get_solid_capstyle() if not line.is_dashed() else "butt",
                }
            )
        if line.get_marker() not in ("None", "none", "", " ", None):
            marker = MarkerStyle(line.get_marker(), line.get_fillstyle())
            if marker.get_alt_path() is not None or line.get_marker() == ",":
                return None
            size = (
                marker.get_transform().frozen().scale(self._points_to_pixels(line.get_markersize()))
            )
            outline = _polygons(marker.get_path().transformed(size))
            filled = line.get_fillstyle() != "none" and marker.is_filled()
            layers.append(
                {
                    "kind": "marks",
                    "at": at,
                    "outline": self._append(outline * [1, -1], vertices),
                    "face": _css(line.get_markerfacecolor(), line.get_alpha()) if filled else None,
                    "edge": _css(line.get_markeredgecolor(), line.get_alpha()),
                    "width": self._points_to_pixels(line.get_markeredgewidth()),
                }
            )
        return layers

    def _dash(self, artist: Any) -> list[float]:
        _, pattern = getattr(artist, "_dash_pattern", (0, None))
        return [self._points_to_pixels(length) for length in pattern or ()]

    def _scatter(self, points: PathCollection, vertices: list) -> list[dict] | None:
        paths = points.get_paths()
        if len(paths) != 1 or points.get_hatch():
            return None
        points.update_scalarmappable()
        faces, edges = points.get_facecolors(), points.get_edgecolors()
        widths, sizes = np.atleast_1d(points.get_linewidths()), np.atleast_1d(points.get_sizes())
        if len(edges) > 1 or len(widths) > 1 or not len(sizes):
            return None
        layer = {
            "kind": "marks",
            "at": self._pixels(points.get_offsets(), points.get_offset_transform(), vertices),
            "outline": self._append(_polygons(paths[0]) * [1, -1], vertices),
            "sizes": self._append(self._points_to_pixels(1) * np.sqrt(sizes), vertices),
            "face": _css(faces[0]) if len(faces) == 1 else None,
            "edge": _css(edges[0]) if len(edges) else None,
            "width": self._points_to_pixels(widths[0]) if len(widths) else 0,
        }
        if len(faces) > 1:
            layer["faces"] = self._append(np.round(faces * [255, 255, 255, 1], 3), vertices)
        return [layer]

    def _regions(self, regions: Any, vertices: list) -> list[dict] | None:
        regions.update_scalarmappable()
        faces, edges = regions.get_facecolors(), regions.get_edgecolors()
        if np.any(regions.get_offsets()) or regions.get_hatch() or max(len(faces), len(edges)) > 1:
            return None
        widths, styles = np.atleast_1d(regions.get_linewidths()), regions.get_linestyles()
        if len(widths) > 1 or len(styles) > 1:
            return None
        transform = regions.get_transform()
        outlines = [_polygons(path.transformed(transform)) for path in regions.get_paths()]
        at = self._pixels(_joined(outlines), _AS_IT_IS, vertices)
        dashes = styles[0][1] if styles else None
        return [
            {
                "kind": "area",
                "at": at,
                "face": _css(faces[0]) if len(faces) else None,
                "edge": _css(edges[0]) if len(edges) else None,
                "width": self._points_to_pixels(widths[0]) if len(widths) else 0,
                "dash": [self._points_to_pixels(length) for length in dashes or ()],
            }
        ]

    def _patch(self, patch: Any, vertices: list) -> list[dict] | None:
        if patch.get_hatch():
            return None
        outline = _polygons(patch.get_path().transformed(patch.get_transform()))
        return [
            {
                "kind": "area",
                "at": self._pixels(outline, _AS_IT_IS, vertices),
                "face": _css(patch.get_facecolor()) if patch.get_fill() else None,
                "edge": _css(patch.get_edgecolor()),
                "width": self._points_to_pixels(patch.get_linewidth()),
                "dash": self._dash(patch),
            }
        ]


class _AsItIs:
    """The transform of points that are in pixels already."""

    @staticmethod
    def transform(points: np.ndarray) -> np.ndarray:
        return points


_AS_IT_IS = _AsItIs()


def _polygons(path: Any) -> np.ndarray:
    """Return the outline of a path as points, curves made straight, parts broken by NaN."""
    return _joined(path.to_polygons(closed_only=False))


def _joined(parts: list) -> np.ndarray:
    gap = np.full((1, 2), np.nan)
    pieces = [piece for part in parts if len(part) for piece in (np.asarray(part), gap)]
    return np.concatenate(pieces[:-1]) if pieces else np.empty((0, 2))


def _css(color: Any, alpha: float | None = None) -> str | None:
    """Return a matplotlib color as the browser writes it, None where nothing is to be seen."""
    red, green, blue, opacity = to_rgba(color, alpha)
    if not opacity:
        return None
    return f"rgba({round(255 * red)},{round(255 * green)},{round(255 * blue)},{opacity:.3g})"
