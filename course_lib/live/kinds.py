"""What an explorer asks of a control, answered for each kind of control in a class of its own.

An explorer reads what the page sends of a control, sets it from Python, visits its ends, and shows
it on a page without a kernel. `kind_of` wraps a control in what knows all that for its kind.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import ipywidgets
import numpy as np
import traitlets

from . import checks
from .controls import Button, Point, entry_of, same

MANY = 2000  # places of a control, above which nobody could go through them


class Kind:
    """Any control with a value: a text, a date, a color. The other kinds know more of theirs.

    Attributes
    ----------
    control
        A widget with a value, or a `Point`.
    first
        The value that the author gave it.
    page : str
        What stands for it on a page without a kernel: "slider", "select" or "toggle"; empty for a
        control that keeps its value there.
    notches : bool
        Whether it can do with fewer of its places there.
    """

    page = ""
    notches = False

    def __init__(self, control: Any) -> None:
        self.control, self.first = control, control.value

    def read(self, sent: Any) -> Any:
        """Return what `update` is given for what the page sends."""
        from_json = self.control.trait_metadata("value", "from_json")  # a date, a time
        return from_json(sent, self.control) if from_json else sent

    def set(self, name: str, value: Any) -> Any:
        """Move the control and return its new value, or raise in words, with the control's name."""
        before = self.control.value
        try:
            self.control.value = value
        except Exception as error:  # a date that is none fails only as it is sent
            self.control.value = before
            raise TypeError(f"{name} cannot be {value!r}. {error}") from None
        return self.control.value

    def back(self, value: Any) -> None:
        """Put it back to a value that it had."""
        self.control.value = value

    def ends(self) -> list:
        """Return the values at both ends and in the middle, or all that a list has."""
        return [self.control.value]

    def places(self) -> list:
        """Return all values that it can take, in order; none where they cannot be counted."""
        return []

    def words(self, places: list) -> list[str]:
        """Return what the page without a kernel shows for these places."""
        form = getattr(self.control, "readout_format", ".3g")
        try:
            return [format(place, form) for place in places]
        except ValueError:  # the page knows formats that Python does not
            return [f"{place:.3g}" for place in places]


class Number(Kind):
    """A slider or field for a number between two ends."""

    page, notches = "slider", True
    slack = 0.0

    def read(self, sent: Any) -> float:
        # A notch counted from the end of a slider misses a round number by its last digit.
        sent = float(sent)
        return self.first if math.isclose(sent, self.first, rel_tol=1e-9) else sent

    def set(self, name: str, value: Any) -> float:
        low, _, high = self.ends()
        value = checks.number(name, value, low=low * (1 - self.slack), high=high * (1 + self.slack))
        return super().set(name, min(max(value, low), high))

    def ends(self) -> list:
        low, high = self.control.min, self.control.max
        return [low, (low + high) / 2, high]

    def places(self) -> list:
        control = self.control
        count = (control.max - control.min) / control.step if control.step else math.inf
        if count > MANY:
            return []
        notches = range(math.floor(count + 1e-6) + 1)
        return [min(control.max, control.min + control.step * notch) for notch in notches]


class Log(Number):
    """A slider on which each notch multiplies the number."""

    slack = 1e-12  # its ends are powers, which may be off by their last digit

    def ends(self) -> list:
        return [self.control.base**exponent for exponent in super().ends()]

    def places(self) -> list:
        return [self.control.base**exponent for exponent in super().places()]


class Whole(Number):
    """A slider or field for a whole number."""

    def read(self, sent: Any) -> int:
        return int(sent)

    def set(self, name: str, value: Any) -> int:
        checks.number(name, value, low=self.control.min, high=self.control.max)
        return Kind.set(self, name, checks.whole(name, value, low=self.control.min))

    def ends(self) -> list:
        low, high = self.control.min, self.control.max
        return [low, (low + high) // 2, high]

    def words(self, places: list) -> list[str]:
        return [str(place) for place in places]


class Range(Kind):
    """A slider with two handles, for a pair of numbers."""

    def read(self, sent: Any) -> tuple:
        return tuple(type(self.first[0])(number) for number in sent)  # JSON drops a ".0"

    def set(self, name: str, value: Any) -> tuple:
        low, high = self.control.min, self.control.max
        if np.shape(value) != (2,):
            raise TypeError(f"{name} must be a pair of numbers (low, high), got {value!r}.")
        for number in value:
            checks.number(name, number, low=low, high=high)
        if value[0] > value[1]:
            raise ValueError(f"{name} must name its lower end first, got {value!r}.")
        return super().set(name, tuple(value))

    def ends(self) -> list:
        low, high = self.control.min, self.control.max
        return [(low, low), (low, high), (high, high), self.first]


class Count(Kind):
    """A button that counts how often it was pressed."""

    def read(self, sent: Any) -> int:
        return int(sent)

    def set(self, name: str, value: Any) -> int:
        return super().set(name, checks.whole(name, value, low=0))

    def ends(self) -> list:
        return [self.first, self.first + 1, self.first + 2]


class Toggle(Kind):
    """A checkbox or a button that is on or off."""

    page = "toggle"

    def read(self, sent: Any) -> bool:
        return bool(sent)

    def set(self, name: str, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name} must be True or False, got {value!r}.")
        return super().set(name, bool(value))

    def ends(self) -> list:
        return [False, True]

    def places(self) -> list:
        return [False, True]

    def words(self, places: list) -> list[str]:
        return ["on" if place else "off" for place in places]


class Choice(Kind):
    """A list of which one entry is chosen, in any of its shapes. The page sends its place."""

    page = "select"

    @property
    def values(self) -> list:
        """What can be chosen."""
        return list(self.control._options_values)

    @property
    def labels(self) -> list[str]:
        """What the reader sees for each of them."""
        return list(self.control._options_labels)

    def read(self, sent: Any) -> Any:
        return None if sent is None else self.values[int(sent)]

    def set(self, name: str, value: Any) -> Any:
        self.control.index = entry_of(name, self.control, value)
        return self.control.value

    def ends(self) -> list:
        return self.values

    def places(self) -> list:
        return self.values

    def words(self, places: list) -> list[str]:
        values = self.values
        at = (next(i for i, v in enumerate(values) if v is p or same(v, p)) for p in places)
        return [self.labels[i] for i in at]


class Several(Choice):
    """A list of which several entries are chosen, or a row of them from one to another."""

    page = ""

    def read(self, sent: Any) -> tuple:
        values = self.values
        return tuple(values[int(place)] for place in sent)

    def set(self, name: str, value: Any) -> tuple:
        if isinstance(value, str) or not np.iterable(value):
            raise TypeError(f"{name} must be a tuple of what is chosen, got {value!r}.")
        places = tuple(entry_of(name, self.control, entry) for entry in value)
        try:
            self.control.index = places
        except traitlets.TraitError as error:
            raise TypeError(f"{name} cannot be {value!r}. {error}") from None
        return self.control.value

    def ends(self) -> list:
        values = self.values
        return [tuple(values[place] for place in pair) for pair in self._pairs(len(values) - 1)]

    def _pairs(self, last: int) -> list[tuple]:
        if isinstance(self.control, ipywidgets.SelectionRangeSlider):
            return [(0, 0), (0, last), (last, last)]
        return [(), (0,), (last,), tuple(range(last + 1))]

    def places(self) -> list:
        return []


class Place(Kind):
    """A point on the picture."""

    control: Point

    def read(self, sent: Any) -> Any:
        bounds = self.control.bounds
        inside = [
            min(max(float(number), low), high)
            for number, (low, high) in zip(sent, bounds, strict=True)
        ]
        return inside[0] if self.control.flat else tuple(inside)

    def set(self, name: str, value: Any) -> Any:
        return self.control.checked(name, value)

    def back(self, value: Any) -> None:
        """Nothing has moved: the explorer holds where a point is."""

    def ends(self) -> list:
        coordinates = ([low, (low + high) / 2, high] for low, high in self.control.bounds)
        corners = itertools.product(*coordinates)
        return [corner[0] if self.control.flat else corner for corner in corners]


# The first that fits counts.
KINDS: list[tuple[type[Kind], Any]] = [
    (Place, Point),
    (Log, ipywidgets.FloatLogSlider),
    (Whole, (ipywidgets.IntSlider, ipywidgets.BoundedIntText)),
    (Number, (ipywidgets.FloatSlider, ipywidgets.BoundedFloatText)),
    (Range, (ipywidgets.FloatRangeSlider, ipywidgets.IntRangeSlider)),
    (Count, Button),
    (Toggle, (ipywidgets.Checkbox, ipywidgets.ToggleButton)),
    (Several, (ipywidgets.SelectMultiple, ipywidgets.SelectionRangeSlider)),
    (
        Choice,
        (
            *(ipywidgets.Dropdown, ipywidgets.RadioButtons, ipywidgets.ToggleButtons),
            *(ipywidgets.Select, ipywidgets.SelectionSlider),
        ),
    ),
    (Kind, object),
]


def kind_of(control: Any) -> Kind:
    """Return what knows the kind of a control.

    Parameters
    ----------
    control : Point or Widget
        Any widget with a value.
    """
    return next(kind for kind, controls in KINDS if isinstance(control, controls))(control)
