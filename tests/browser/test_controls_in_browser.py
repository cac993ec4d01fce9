"""Every kind of control, moved by the keyboard alone in JupyterLab: `update` gets its value."""

from __future__ import annotations

import json

import pytest
from servers import IN_KERNEL
from test_explorers_in_browser import eventually, opened

pytestmark = pytest.mark.browser

KINDS = """
import datetime
import ipywidgets
from course_lib.live import button, choice, range_slider, toggle

picture, ax = plots.figure(size=(5, 2.4))
(line,) = ax.plot([0, 1], [0, 1])
words, day = ["one", "two", "three"], datetime.date(2020, 1, 15)
many = [*words, "four", "five", "six"]
controls = {
    "number": slider(0, 10, 5, step=1),
    "power": log_slider(0.01, 100, 1, step=1),
    "whole": int_slider(0, 10, 5),
    "between": range_slider(0, 10, (2, 6), step=1),
    "short": choice(words),
    "long": choice(many),
    "check": toggle(False),
    "again": button("Draw again"),
    "place": ipywidgets.SelectionSlider(options=words, value="two"),
    "span": ipywidgets.IntRangeSlider(value=(2, 6), max=10),
    "stretch": ipywidgets.FloatRangeSlider(value=(2, 6), max=10, step=1),
    "row": ipywidgets.SelectionRangeSlider(options=words, index=(0, 1)),
    "radio": ipywidgets.RadioButtons(options=words),
    "buttons": ipywidgets.ToggleButtons(options=words),
    "box": ipywidgets.Select(options=words),
    "several": ipywidgets.SelectMultiple(options=words, index=(0,)),
    "press": ipywidgets.ToggleButton(False),
    "text": ipywidgets.Text("a"),
    "secret": ipywidgets.Password(value="a"),
    "area": ipywidgets.Textarea("a"),
    "combo": ipywidgets.Combobox(value="a", options=words),
    "integer": ipywidgets.IntText(5),
    "real": ipywidgets.FloatText(5),
    "bounded": ipywidgets.BoundedFloatText(5, max=10, step=1),
    "counted": ipywidgets.BoundedIntText(5, max=10),
    "day": ipywidgets.DatePicker(value=day),
    "hour": ipywidgets.TimePicker(value=datetime.time(10, 30)),
    "tint": ipywidgets.ColorPicker(value="blue"),
    "brief": ipywidgets.ColorPicker(value="blue", concise=True),
}

def update(**values):
    line.set_ydata([0, values["number"]])
    return f"number {values['number']}"

kinds = explore(picture, update, **controls)
kinds
"""
# For each control: which of its parts gets the focus, the keys, and what `update` then gets.
KEYS = {
    "number": (".noUi-handle", ["ArrowRight"], "6.0"),
    "power": (".noUi-handle", ["ArrowRight"], "10.0"),
    "whole": (".noUi-handle", ["ArrowLeft"], "4"),
    "between": (".noUi-handle-lower", ["ArrowRight"], "(3.0, 6.0)"),
    "short": (".course-segments input:checked", ["ArrowRight"], "'two'"),
    "long": ("select", ["ArrowDown"], "'two'"),
    "check": ("input", ["Space"], "True"),
    "again": ("button, .jupyter-button", ["Enter"], "1"),
    "place": (".noUi-handle", ["ArrowRight"], "'three'"),
    "span": (".noUi-handle-lower", ["ArrowRight"], "(3, 6)"),
    "stretch": (".noUi-handle-upper", ["ArrowLeft"], "(2.0, 5.0)"),
    "row": (".noUi-handle-upper", ["ArrowRight"], "('one', 'three')"),
    "radio": ("input:checked", ["ArrowDown"], "'two'"),
    "buttons": ("button:nth-of-type(3)", ["Space"], "'three'"),
    "box": ("select", ["ArrowDown"], "'two'"),
    "several": ("select", ["ArrowDown"], "('two',)"),
    "press": ("button, .jupyter-button", ["Space"], "True"),
    "text": ("input", ["End", "b", "Enter"], "'ab'"),
    "secret": ("input", ["End", "b", "Enter"], "'ab'"),
    "area": ("textarea", ["End", "b"], "'ab'"),
    "combo": ("input", ["End", "b", "Enter"], "'ab'"),
    "integer": ("input", ["ArrowUp", "Tab"], "6"),
    "real": ("input", ["End", ".", "5", "Tab"], "5.5"),
    "bounded": ("input", ["ArrowUp", "Tab"], "6.0"),
    "counted": ("input", ["ArrowUp", "Tab"], "6"),
    "day": ("input", ["ArrowUp", "Tab"], "datetime.date(2020, 2, 15)"),
    "hour": ("input", ["ArrowUp", "Tab"], "datetime.time(11, 30)"),
    "tint": ("input[type=text]", ["Control+a", *"#ff8000", "Enter"], "'#ff8000'"),
    "brief": ("input[type=color]", [], "'blue'"),
}

# Whatever takes the focus in a control, and has no words for who cannot see it.
NAMELESS = """() => {
  const parts = "input, select, textarea, button, [role=slider], [role=textbox]";
  const said = (part) => [part.ariaLabel, part.title, part.matches("button") && part.textContent,
    ...[...(part.labels || [])].map((label) => label.textContent),
    ...(part.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent)];
  return [...document.querySelectorAll("[data-course-slider]")].flatMap((control) =>
    [control, ...control.querySelectorAll(parts)].filter((part) => part.matches(parts) &&
      part.checkVisibility() && !said(part).some((words) => words && words.trim()))
      .map((part) => part.outerHTML.slice(0, 200)));
}"""


def test_every_kind_of_control_is_moved_by_the_keyboard(page, lab):
    opened(page, lab, "kinds.ipynb", KINDS)
    ids = "import json; print(json.dumps({n: c.model_id for n, c in kinds.controls.items()}))"
    names = json.loads(page.evaluate(IN_KERNEL, ids))
    assert set(names) == set(KEYS)
    page.wait_for_function(
        "count => document.querySelectorAll('[data-course-slider]').length >= count",
        arg=len(names),
    )
    for name, (part, keys, _) in KEYS.items():
        control = page.locator(f'[data-course-slider="{names[name]}"]')
        control.locator(part).or_(control.and_(page.locator(part))).first.focus()
        for key in keys:
            page.keyboard.press(key)
    heard = "print(json.dumps({name: repr(value) for name, value in kinds.values.items()}))"

    def others() -> dict:
        now = json.loads(page.evaluate(IN_KERNEL, heard))
        return {name: value for name, value in now.items() if value != KEYS[name][2]}

    eventually(page, others, lambda wrong: not wrong)

    # The dialog of a color is the browser's own; a reader with a keyboard types it beside that.
    tint = page.locator(f'[data-course-slider="{names["tint"]}"]')
    assert tint.get_by_role("textbox", name="tint", exact=True).count() == 1
    assert page.evaluate(NAMELESS) == []
