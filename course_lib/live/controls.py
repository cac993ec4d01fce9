"""Controls: sliders, lists and checkboxes of ipywidgets, and points on a plot.

Every control has a value, which `update` of an explorer gets under the control's name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from . import checks


def slider(
    low: float,
    high: float,
    value: float,
    step: float | None = None,
    label: str = "",
    unit: str = "",
    format: str = ".3g",
) -> ipywidgets.FloatSlider:
    """Return a slider for a number from `low` to `high`, by default in about a hundred steps.

    Parameters
    ----------
    low, high : float
        Its ends, the lower one first.
    value : float
        Where it stands at first, and after Reset.
    step : float, optional
        From one notch to the next, above 0. By default a round number that also hits `value`.
    label : str
        What stands before it; by default the name of the parameter of `update`.
    unit : str
        What stands after the number, such as "Hz".
    format : str
        How the number is written, as Python's `format` takes it: ".3g", ".1e", ".2f", ".0%".

    Raises
    ------
    TypeError, ValueError
        If an end, the value or the step is no number, or not where it may be.
    """
    low, high, value = _range("slider", low, high, value)
    label = checks.text("slider: label", label)
    step = _step(low, high, value) if step is None else step
    step = checks.number("slider: step", step, low=0, open_low=True)
    made = ipywidgets.FloatSlider(value, min=low, max=high, step=step, description=label)
    return _written(made, "slider", unit, format)


def log_slider(
    low: float,
    high: float,
    value: float,
    label: str = "",
    step: float | None = None,
    unit: str = "",
    format: str = ".3g",
) -> ipywidgets.FloatLogSlider:
    """Return a slider for a positive number: each step multiplies it by the same factor.

    Parameters
    ----------
    low, high, value, label, unit, format
        As for `slider`; `low` is above 0.
    step : float, optional
        From one notch to the next in powers of ten, such as 1/12 for twelve notches a decade. By
        default about a hundredth of the range.

    Raises
    ------
    TypeError, ValueError
        As for `slider`.
    """
    low, high, value = _range("log_slider", low, high, value)
    label = checks.text("log_slider: label", label)
    if low <= 0:
        raise ValueError(f"log_slider: low must be above 0, got {low:g}.")
    bottom, top = math.log10(low), math.log10(high)
    step = _even_step(bottom, top, math.log10(value)) if step is None else step
    step = checks.number("log_slider: step", step, low=0, open_low=True)
    made = ipywidgets.FloatLogSlider(
        value, base=10, min=bottom, max=top, step=step, description=label
    )
    return _written(made, "log_slider", unit, format)


def int_slider(
    low: int,
    high: int,
    value: int,
    step: int = 1,
    label: str = "",
    play: bool = False,
    unit: str = "",
) -> ipywidgets.IntSlider:
    """Return a slider for a whole number; with `play`, buttons that run and step through it.

    Parameters
    ----------
    low, high, value, step, label, unit
        As for `slider`, in whole numbers.
    play : bool
        Adds buttons: play and pause, one notch back, one ahead, and a list of speeds.

    Raises
    ------
    TypeError, ValueError
        As for `slider`.
    """
    ends = _range("int_slider", low, high, value)
    label = checks.text("int_slider: label", label)
    for name, number in zip(("low", "high", "value"), ends, strict=True):
        if number != int(number):
            raise ValueError(f"int_slider: {name} must be a whole number, got {number:g}.")
    step = checks.whole("int_slider: step", step, low=1)
    made = ipywidgets.IntSlider(
        int(ends[2]), min=int(ends[0]), max=int(ends[1]), step=step, description=label
    )
    made.play = bool(play)
    return _written(made, "int_slider", unit, "d")


def range_slider(
    low: float,
    high: float,
    value: tuple[float, float],
    step: float | None = None,
    label: str = "",
    unit: str = "",
    format: str = ".3g",
) -> ipywidgets.FloatRangeSlider:
    """Return a slider with two handles; `update` gets the pair of numbers where they stand.

    Parameters
    ----------
    low, high, step, label, unit, format
        As for `slider`.
    value : (lower, upper)
        Where the handles stand at first.

    Raises
    ------
    TypeError, ValueError
        As for `slider`.
    """
    if np.shape(value) != (2,):
        raise TypeError(f"range_slider: value must be a pair (lower, upper), got {value!r}.")
    low, high, first = _range("range_slider", low, high, value[0])
    last = checks.number("range_slider: value", value[1], low=first, high=high)
    label = checks.text("range_slider: label", label)
    step = _step(low, high, first) if step is None else step
    step = checks.number("range_slider: step", step, low=0, open_low=True)
    made = ipywidgets.FloatRangeSlider(
        value=(first, last), min=low, max=high, step=step, description=label
    )
    return _written(made, "range_slider", unit, format)


class Button(ipywidgets.Button):  # type: ignore[misc]
    """A button that counts how often it was pressed."""

    value = traitlets.Int(0).tag(sync=True)

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.on_click(self._pressed)

    def _pressed(self, _: Any) -> None:
        self.value += 1


def button(label: str) -> Button:
    """Return a button; `update` gets how often it was pressed: the seed of another draw, say.

    Parameters
    ----------
    label : str
        What stands on it.

    Raises
    ------
    TypeError, ValueError
        If `label` is no text, or empty.
    """
    if not checks.text("button: label", label).strip():
        raise ValueError("button: label must say what it does, got an empty text.")
    return Button(description=label)


def _written(made: Any, who: str, unit: str, form: str) -> Any:
    """Return a slider that writes its number in a unit and a format."""
    made.unit = checks.text(f"{who}: unit", unit)
    try:
        format(1 if form == "d" else 1.5, checks.text(f"{who}: format", form))
    except ValueError:
        raise ValueError(
            f"{who}: format must be one of Python's, such as '.1e', got {form!r}."
        ) from None
    made.readout_format = form
    return made


def choice(options: Iterable, value: Any = None, label: str = "") -> ipywidgets.Dropdown:
    """Return a drop-down list; up to five short entries stand in a row of buttons instead.

    A dictionary shows its keys and hands over its values, and so does a list of pairs
    `(label, value)`.

    Parameters
    ----------
    options : list or dict
        What can be chosen. Landscapes, classes and functions in a list are shown by their names.
    value : optional
        What is chosen at first, one of the values; by default the first of them.
    label : str
        As for `slider`.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to choose, or `value` is not among it.
    """
    if not isinstance(options, Iterable):
        raise TypeError(f"choice: options must be a list or a dictionary, got {options!r}.")
    pairs = list(options.items() if isinstance(options, dict) else options)
    if not isinstance(options, dict) and not all(map(_is_pair, pairs)):
        pairs = [(_named(option), option) for option in pairs]
    label = checks.text("choice: label", label)
    if not pairs:
        raise ValueError("choice: options must hold at least one entry, got none.")
    dropdown = ipywidgets.Dropdown(options=pairs, description=label, equals=same)
    if value is not None:
        dropdown.index = entry_of("choice: value", dropdown, value)
    return dropdown


def toggle(value: bool = False, label: str = "") -> ipywidgets.Checkbox:
    """Return a checkbox.

    Parameters
    ----------
    value : bool
        Whether it is set at first.
    label : str
        As for `slider`.

    Raises
    ------
    TypeError
        If `value` is neither True nor False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"toggle: value must be True or False, got {value!r}.")
    label = checks.text("toggle: label", label)
    return ipywidgets.Checkbox(bool(value), description=label, indent=True)


@dataclass(frozen=True, eq=False)
class Point:
    """A point on a plot that the reader drags, places by click or moves with the arrow keys.

    Attributes
    ----------
    ax, value, bounds, label, on
        As `point` was given them, `bounds` with a pair for each coordinate.
    """

    ax: Axes
    value: Any
    bounds: tuple
    label: str = ""
    on: Any = None

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


def point(
    ax: Axes, value: Any, bounds: Any = None, label: str = "", on: Line2D | None = None
) -> Point:
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
    label : str
        What a screen reader calls it; by default the name of the parameter of `update`.
    on : Line2D, optional
        The curve that a point with a single number lies on; by default it lies at the bottom.

    Raises
    ------
    TypeError, ValueError
        If `ax` is no axes, or `value` and `bounds` do not fit each other.
    """
    if not isinstance(ax, Axes):
        raise TypeError(f"point: ax must be the axes it lies on, got {ax!r}.")
    checks.text("point: label", label)
    if on is not None and not (isinstance(on, Line2D) and np.ndim(value) == 0):
        raise TypeError(f"point: on must be a line, for a point with a single number, got {on!r}.")
    if np.shape(value) not in ((), (2,)):
        raise ValueError(f"point: value must be a pair (x, y) or a number, got {value!r}.")
    if bounds is None:
        bounds = [sorted(ax.get_xlim()), sorted(ax.get_ylim())][: 1 if np.ndim(value) == 0 else 2]
    try:
        pairs = np.array(bounds, dtype=float).reshape(-1, 2)
    except (TypeError, ValueError):
        pairs = np.empty((0, 2))
    if len(pairs) != max(np.size(value), 1) or not np.all(pairs[:, 0] < pairs[:, 1]):
        raise ValueError(
            f"point: bounds must be a pair (low, high) for each coordinate, got {bounds!r}."
        )
    made = Point(ax, value, tuple(map(tuple, pairs.tolist())), label, on)
    return Point(ax, made.checked("point: value", value), made.bounds, label, on)


def control_of(name: str, given: Any, default: Any = None) -> Any:
    """Return a control, from one or from what `ipywidgets.interact` takes for one.

    Parameters
    ----------
    name : str
        The parameter it is for.
    given
        A `Point` or a widget with a value stays as it is. `(low, high)` and `(low, high, step)`
        make a slider, of whole numbers if all are whole; a number a slider around it; a list or a
        dictionary a drop-down list; True or False a checkbox; a text a field for text.
    default : optional
        Where it stands at first; by default a slider in its middle, a list at its first entry.

    Raises
    ------
    TypeError, ValueError
        If nothing can be made of `given`, or `default` is not one of its values.
    """
    is_widget = isinstance(given, ipywidgets.Widget)
    if isinstance(given, Point) or (is_widget and hasattr(given, "value")):
        return given
    if isinstance(given, (bool, np.bool_)):
        return toggle(bool(given if default is None else default))
    if isinstance(given, str):
        return ipywidgets.Text(given if default is None else default)
    if isinstance(given, (int, float, np.number)):
        return _around(given)
    if isinstance(given, tuple) and 2 <= len(given) <= 3 and all(map(_is_number, given)):
        low, high, *step = given
        return _between(low, high, step[0] if step else None, default)
    if isinstance(given, Iterable) and not is_widget:
        return choice(given, default)
    raise TypeError(
        f"explore: {name} must be a control such as slider(0, 1, 0.5), or short for one: "
        f"(low, high), a list of choices, True or False; got {given!r}."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _around(value: Any) -> Any:
    """Return a slider from minus to three times a number, as `interact` makes it."""
    low, high = sorted((-value, 3 * value)) if value else (value, value + 1)
    return _between(low, high, None, value)


def _between(low: Any, high: Any, step: Any, default: Any) -> Any:
    whole = all(isinstance(number, (int, np.integer)) for number in (low, high, step or 1))
    middle = low + (high - low) // 2 if whole else (low + high) / 2
    if step is not None and step > 0:  # at a notch, where the page shows it
        middle = low + math.floor((middle - low) / step + 1e-9) * step
    if whole:
        step = 1 if step is None else step
        return int_slider(low, high, middle if default is None else default, step)
    return slider(low, high, middle if default is None else default, step)


def _range(who: str, low: float, high: float, value: float) -> tuple[float, float, float]:
    low = checks.number(f"{who}: low", low)
    high = checks.number(f"{who}: high", high)
    if low >= high:
        raise ValueError(f"{who}: low must be below high, got low = {low:g} and high = {high:g}.")
    return low, high, checks.number(f"{who}: value", value, low=low, high=high)


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


def entry_of(name: str, control: Any, value: Any) -> int:
    """Return which entry of a list has this value, or failing that this label.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    control : Widget
        A list of ipywidgets.
    value
        What is to be chosen.

    Raises
    ------
    ValueError
        If it is not among what can be chosen; the message says what is.
    """
    labels = list(control._options_labels)
    for entries in (control._options_values, labels):
        for place, entry in enumerate(entries):
            if same(entry, value):
                return place
    checks.one_of(name, str(value), labels)
    raise ValueError(f"{name} must be one of {', '.join(labels)}; got {value!r}.")


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal. Two arrays are equal only if they are the same object.

    Parameters
    ----------
    one, other : object
        The values to compare.
    """
    try:
        return one is other or bool(one == other)
    except ValueError:
        return False


def _is_pair(option: Any) -> bool:
    return isinstance(option, tuple) and len(option) == 2 and isinstance(option[0], str)


def _named(thing: Any) -> str:
    return str(getattr(thing, "name", getattr(thing, "__name__", thing)))
