"""Whatever has a value is a control: `update` gets that value, also for what the page sends."""

from __future__ import annotations

import datetime

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_lib.live import button, choice, explore, log_slider, point, range_slider, slider
from course_lib.live.controls import control_of

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


@pytest.mark.parametrize("kind", KINDS)
def test_a_tour_visits_its_ends_and_goes_back_to_where_it_stood(kind):
    make, _, wanted = KINDS[kind]
    got = []
    explorer = explore(Figure(), lambda thing: got.append(thing), alt="None.", thing=make())
    explorer.set(thing=wanted)
    assert explorer.tour(states=3) == []
    assert got[-1] == wanted == explorer.values["thing"]
    for end in explorer.kinds["thing"].ends():
        assert end in got
    for place in explorer.kinds["thing"].places():
        assert explorer.set(thing=place)
        assert type(got[-1]) is type(wanted)


# What no control of the kind takes, and what is said of it.
WRONG = {
    "Dropdown": ("sine", "one of sin, cos, tan; got 'sine'"),
    "Dropdown of pairs": (4, "one of apple, pear; got '4'"),
    "SelectMultiple": ((3, 4), "one of apple, pear; got '4'"),
    "SelectionRangeSlider": (("sin", "tam"), "one of sin, cos, tan; got 'tam'"),
    "FloatRangeSlider": ((1.5, 0.5), "name its lower end first"),
    "IntRangeSlider": (3, "a pair of numbers"),
    "DatePicker": ("tomorrow", "cannot be 'tomorrow'"),
    "ColorPicker": (7, "cannot be 7"),
    "BoundedFloatText": ("much", "a number at least 0 and at most 100"),
    "ToggleButton": ("on", "True or False"),
    "IntSlider": (2.5, "a whole number"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_value_moves_nothing_and_is_named(kind):
    figure = Figure()
    there = point(figure.add_subplot(), (0.5, 0.5))
    explorer = explore(
        figure,
        lambda rate, there, thing: f"{rate} {there} {thing}",
        alt="None.",
        rate=slider(0, 1, 0.5),
        there=there,
        thing=KINDS[kind][0](),
    )
    before, said = dict(explorer.values), explorer.standing
    wrong, words = WRONG[kind]
    with pytest.raises((TypeError, ValueError), match=f"^thing .*{words}"):
        explorer.set(rate=0.25, there=(0.1, 0.2), thing=wrong)
    assert explorer.values == before
    assert explorer.standing == said
    assert explorer.controls["rate"].value == 0.5
    assert explorer.controls["thing"].value == before["thing"]


SHORT = {
    (0, 10): (ipywidgets.IntSlider, 5),
    (0, 10, 5): (ipywidgets.IntSlider, 5),
    (0.0, 1.0): (ipywidgets.FloatSlider, 0.5),
    (0, 10, 3): (ipywidgets.IntSlider, 3),
    (0, 1, 0.25): (ipywidgets.FloatSlider, 0.5),
    (0, 0.6, 0.1): (ipywidgets.FloatSlider, pytest.approx(0.3)),
    (0, 1, 0.3): (ipywidgets.FloatSlider, 0.3),
    range(4): (ipywidgets.Dropdown, 0),
    ("a", "b", "c"): (ipywidgets.Dropdown, "a"),
    3: (ipywidgets.IntSlider, 3),
    -2.5: (ipywidgets.FloatSlider, -2.5),
    np.float64(1.5): (ipywidgets.FloatSlider, 1.5),
    True: (ipywidgets.Checkbox, True),
    "a text": (ipywidgets.Text, "a text"),
}


@pytest.mark.parametrize("given", SHORT, ids=repr)
def test_what_interact_takes_for_a_control_makes_one(given):
    wanted, value = SHORT[given]
    explorer = explore(Figure(), lambda a: None, alt="None.", a=given)
    assert type(explorer.controls["a"]) is wanted
    assert explorer.values == {"a": value}
    assert explorer.tour() == []


def test_a_list_and_a_dictionary_make_a_choice_and_a_default_says_where_it_starts():
    def update(a=0.3, kind="cos", fruit=5, n=4):
        return f"{a} {kind} {fruit} {n}"

    explorer = explore(
        Figure(),
        update,
        alt="None.",
        a=(0.0, 1.0),
        kind=["sin", "cos"],
        fruit=dict(FRUIT),
        n=(0, 9),
    )
    assert explorer.standing == "0.3 cos 5 4"
    assert explorer.set(kind="sin", fruit="apple") == "0.3 sin 3 4"
    with pytest.raises(ValueError, match="value must be a number at least 0 and at most 1, got 7"):
        explore(Figure(), lambda a=7: None, alt="None.", a=(0.0, 1.0))
    with pytest.raises(TypeError, match=r"explore: a must be a control .* got None"):
        explore(Figure(), lambda a: None, alt="None.", a=None)


@pytest.mark.parametrize("leaves", ["return", "yield"])
def test_what_is_fixed_is_handed_over_and_shows_no_control(leaves):
    names = {"__name__": "cell"}
    exec(f"def update(a, steps):\n    {leaves} f'{{a}} {{steps}}'", names)
    explorer = explore(
        Figure(), names["update"], alt="None.", a=(0.0, 1.0), steps=ipywidgets.fixed(7)
    )
    assert explorer.standing == "0.5 7"
    assert list(explorer.controls) == list(explorer.values) == ["a"]
    assert explorer.set(a=0.25) == "0.25 7"
    assert explorer.tour() == []
    with pytest.raises(ValueError, match="The control must be one of a; got 'steps'"):
        explorer.set(steps=8)
    with pytest.raises(TypeError, match="there is a control more, but update does not take it"):
        explore(Figure(), names["update"], a=(0, 1), steps=(0, 1), more=ipywidgets.fixed(1))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((1, 0), "slider: low must be below high"),
        ((0, 1, -0.1), "slider: step must be a number above 0"),
        ((0, 10, 0), "slider: .*must be"),
        ([], "must hold at least one entry"),
        (str, "a must be a control such as slider"),
        (ipywidgets.Output(), "a must be a control such as slider"),
        (float("nan"), "must be a finite number"),
    ],
    ids=repr,
)
def test_what_makes_no_control_is_told_in_words(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        explore(Figure(), lambda a: None, alt="None.", a=given)


def test_controls_may_have_the_names_of_what_explore_takes_first():
    explorer = explore(
        Figure(),
        lambda figure, update, self, buffers: f"{figure} {update} {self} {buffers}",
        alt="None.",
        figure=(0, 10),
        update=(0, 10),
        self=(0, 10),
        buffers=(0, 10),
    )
    assert explorer.set(figure=1, update=2, self=3, buffers=4) == "1 2 3 4"
    assert explorer.frame([], buffers=5)["standing"] == "1 2 3 5"


def test_a_slider_tells_its_number_in_a_unit_and_a_format():
    pitch = log_slider(10, 1e4, 440, unit="Hz", format=".1e")
    figure = Figure()
    made = explore(figure, lambda pitch: f"{pitch:.0f} Hz", pitch=pitch)
    assert pitch.readout_format == ".1e"
    assert made._canvas.units == {"pitch": "Hz"}
    assert made.kinds["pitch"].words([440.0]) == ["4.4e+02"]
    assert made.kinds["pitch"].words([1e4]) == ["1.0e+04"]


@pytest.mark.parametrize("make", [slider, log_slider])
def test_a_format_that_python_does_not_know_is_refused(make):
    with pytest.raises(ValueError, match=r"slider: format must be one of Python's"):
        make(1, 2, 1.5, format="~g!")


def test_a_range_slider_hands_over_a_pair_and_refuses_what_is_none():
    made = explore(Figure(), lambda band: str(band), band=range_slider(0, 10, (2, 5), unit="s"))
    assert made.set(band=(3, 4)) == "(3.0, 4.0)"
    assert str(made.kinds["band"].read([2, 5])) == "(2.0, 5.0)"  # JSON has no 2.0
    for value in (3, (5, 2), (0, 11)):
        with pytest.raises((TypeError, ValueError), match="range_slider: value must"):
            range_slider(0, 10, value)


def test_no_place_of_a_slider_lies_beyond_its_end():
    made = explore(Figure(), lambda share: f"{share}", share=slider(0, 0.95, 0.9))
    places = made.kinds["share"].places()  # 95 notches of 0.01 add up to 0.9500000000000001
    assert len(places) == 96
    assert places[-1] == 0.95


def test_a_button_counts_how_often_it_was_pressed():
    again = button("Draw again")
    made = explore(Figure(), lambda seed: f"seed {seed}", seed=again)
    assert made.standing == "seed 0"
    again.click()
    assert again.value == 1
    assert made.kinds["seed"].read(again.value) == 1
    assert made.set(seed=5) == "seed 5"
    assert made.reset() == "seed 0"
    assert made.tour(3) == []
    with pytest.raises(ValueError, match="button: label must say what it does"):
        button(" ")


def test_a_float_of_zero_makes_a_slider_of_floats():
    control = control_of("a", 0.0)
    assert isinstance(control, ipywidgets.FloatSlider)
    assert (control.min, control.value, control.max) == (0, 0, 1)
    assert isinstance(control_of("a", 0), ipywidgets.IntSlider)


def test_a_list_of_pairs_shows_the_first_and_hands_over_the_second():
    control = control_of("a", [("one", 1), ("two", 2)])
    assert control._options_labels == ("one", "two")
    assert control.value == 1
    plain = control_of("a", [(1, 2), (3, 4)])
    assert plain.value == (1, 2)


def test_arrays_can_be_chosen():
    options = [np.zeros(2), np.ones(2)]
    control = choice(options, options[1])
    assert control.value is options[1]
    control.index = 0
    assert control.value is options[0]


def test_entries_of_one_name_are_all_there():
    assert choice(["1", 1]).options == (("1", "1"), ("1", 1))
