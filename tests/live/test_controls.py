"""Whatever has a value is a control: `update` gets that value, also for what the page sends."""

from __future__ import annotations

import datetime

import ipywidgets
import pytest
from matplotlib.figure import Figure

from course_lib.live import explore

NAMES = ["sin", "cos", "tan"]
FRUIT = [("apple", 3), ("pear", 5)]

# Each kind: how it is made, what a page sends for another value, and what `update` then gets.
KINDS = {
    "Dropdown": (lambda: ipywidgets.Dropdown(options=NAMES), 1, "cos"),
    "Dropdown of pairs": (lambda: ipywidgets.Dropdown(options=FRUIT), 1, 5),
    "RadioButtons": (lambda: ipywidgets.RadioButtons(options=NAMES), 2, "tan"),
    "ToggleButtons": (lambda: ipywidgets.ToggleButtons(options=FRUIT), 1, 5),
    "Select": (lambda: ipywidgets.Select(options=NAMES), 2, "tan"),
    "SelectionSlider": (lambda: ipywidgets.SelectionSlider(options=FRUIT), 1, 5),
    "SelectMultiple": (lambda: ipywidgets.SelectMultiple(options=FRUIT), [0, 1], (3, 5)),
    "SelectionRangeSlider": (
        lambda: ipywidgets.SelectionRangeSlider(options=NAMES, index=(0, 0)),
        [0, 2],
        ("sin", "tan"),
    ),
    "FloatRangeSlider": (
        lambda: ipywidgets.FloatRangeSlider(value=(0, 1), min=0, max=2),
        [0.5, 1.5],
        (0.5, 1.5),
    ),
    "IntRangeSlider": (lambda: ipywidgets.IntRangeSlider(value=(0, 1)), [2, 4], (2, 4)),
    "DatePicker": (
        lambda: ipywidgets.DatePicker(value=datetime.date(2020, 1, 31)),
        {"year": 2021, "month": 1, "date": 3},  # months count from 0 in JavaScript
        datetime.date(2021, 2, 3),
    ),
    "ColorPicker": (lambda: ipywidgets.ColorPicker(value="#000000"), "#ff0000", "#ff0000"),
    "Text": (lambda: ipywidgets.Text(value="a"), "b", "b"),
    "FloatText": (lambda: ipywidgets.FloatText(value=1.5), 2.5, 2.5),
    "IntText": (lambda: ipywidgets.IntText(value=1), 2, 2),
    "BoundedFloatText": (lambda: ipywidgets.BoundedFloatText(value=1.0), 2.5, 2.5),
    "ToggleButton": (lambda: ipywidgets.ToggleButton(value=False), True, True),
    "IntSlider": (lambda: ipywidgets.IntSlider(value=1), 4, 4),
}


@pytest.mark.parametrize("kind", KINDS)
def test_update_gets_the_value_that_the_page_sends(kind):
    make, sent, wanted = KINDS[kind]
    got = []
    explorer = explore(Figure(), lambda thing: got.append(thing), alt="None.", thing=make())
    assert got == [explorer.controls["thing"].value]
    asked = explorer._asked({"values": {"thing": sent}})
    assert asked == {"thing": wanted}
    assert type(asked["thing"]) is type(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_set_from_python(kind):
    make, _, wanted = KINDS[kind]
    got = []
    explorer = explore(Figure(), lambda thing: got.append(thing), alt="None.", thing=make())
    explorer.set(thing=wanted)
    assert got[-1] == wanted == explorer.values["thing"]
