"""What ties a control to the picture: its swatch, what fades beside it, and where it is idle."""

import base64
import gzip
import json

import pytest
from matplotlib.figure import Figure

from course_lib.live import choice, explore, idle, log_slider, marks, replay, slider, toggle


def two_lines():
    figure = Figure()
    ax = figure.subplots()
    (one,) = ax.plot([0, 1], [0, 1], color="#0072B2", linestyle="--", marker="o")
    (other,) = ax.plot([0, 1], [1, 0], color="#D55E00", linestyle="-", marker="^")
    return figure, one, other


def toggled():
    figure, one, other = two_lines()

    def update(a, b):
        one.set_visible(a)
        other.set_visible(b)

    a, b = marks(toggle(True), one), marks(toggle(True), other)
    return explore(figure, update, a=a, b=b, alt="Two lines.")


def test_a_toggle_has_the_color_dash_and_marker_of_what_it_stands_for():
    swatches = toggled().swatches
    assert swatches["a"]["light"] == "#0072b2"
    assert swatches["b"]["light"] == "#d55e00"
    assert swatches["a"]["dash"]
    assert swatches["b"]["dash"] == []
    assert swatches["a"]["marker"] != swatches["b"]["marker"]
    assert all(each["dark"] != each["light"] for each in swatches.values())


def test_what_belongs_to_a_control_is_named_in_each_frame_from_the_first():
    buffers = []
    frame = toggled().frame(buffers)
    assert [layer["of"] for layer in frame["draw"] if "of" in layer][:1] == ["a"]
    assert {layer.get("of") for layer in frame["draw"]} >= {"a", "b"}
    hidden = toggled().frame(buffers, a=False)
    assert {layer.get("of") for layer in hidden["draw"]} - {None} == {"b"}


def moving(**controls):
    figure, one, _ = two_lines()

    def update(kind, lr):
        one.set_ydata([0, lr if kind == "one" else 1])

    return explore(figure, update, alt="Two lines.", **controls)


def idling():
    lr = idle(log_slider(0.01, 1, 0.1), lambda kind: "" if kind == "one" else "each has its own")
    return moving(kind=choice(["each", "one"]), lr=lr)


def test_a_control_without_effect_says_why_and_can_be_moved_all_the_same():
    explorer = idling()
    assert explorer.frame([])["idle"] == {"lr": "each has its own"}
    assert "idle" not in explorer.frame([], kind="one")
    explorer.set(lr=1.0)
    assert explorer.values["lr"] == 1.0
    assert explorer.tour() == []


def test_a_page_without_python_says_it_too():
    _, data = replay.packed(idling(), ["kind"], 10**6, 100)
    plain = gzip.decompress(base64.b64decode(data))
    about = json.loads(plain[4 : 4 + int.from_bytes(plain[:4], "little")])
    assert [frame.get("idle") for frame in about["frames"]] == [{"lr": "each has its own"}, None]


def test_a_reason_that_asks_for_an_unknown_control_is_refused_in_words():
    with pytest.raises(ValueError, match="what the reason for lr takes must be one of kind, lr"):
        moving(kind=choice(["a"]), lr=idle(slider(0, 1, 0.5), lambda kinds: kinds))
    with pytest.raises(TypeError, match="idle: why must be a function"):
        idle(slider(0, 1, 0.5), "never")
    with pytest.raises(TypeError, match="marks: artists must be artists of matplotlib"):
        marks(toggle(True), "blue")
