"""What ties a control to the picture: its swatch, what fades beside it, and where it is idle."""

import base64
import gzip
import json

import pytest
from matplotlib.figure import Figure

from course_lib.live import (
    choice,
    explore,
    grip,
    idle,
    log_slider,
    marks,
    point,
    replay,
    slider,
    toggle,
)
from course_lib.live.ties import track


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
    data, _ = replay.packed(idling(), ["kind"], 10**6, 100)
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


def held():
    figure, one, _ = two_lines()
    ax = figure.axes[0]

    def update(w, bend):
        one.set_data([0, 0.5, 1], [0, bend, 1])

    w = grip(slider(0, 1, 0.5), ax, one)
    return explore(figure, update, w=w, bend=slider(0, 1, 0.5), alt="A line."), ax, one


def test_a_slider_has_a_handle_on_the_line_that_moves():
    explorer, *_ = held()
    (about,) = explorer.grips
    assert (about["name"], about["axes"], len(about["track"])) == ("w", 0, 101)
    assert about["track"][50] == [0.5, 0.5]
    assert "tracks" not in explorer.frame([])
    assert explorer.frame([], bend=1.0)["tracks"]["w"][50] == [0.5, 1.0]


def test_a_handle_may_lie_on_a_function_at_a_height_or_elsewhere():
    _, ax, _ = held()
    power = grip(log_slider(0.01, 1, 0.1), ax, lambda w: w**2)
    assert track(power)[50] == pytest.approx([0.1, 0.01])
    cell = grip(slider(-1, 1, 0), ax, 3, (5, 7))
    assert [track(cell)[i] for i in (0, 50, 100)] == [[5, 3], [6, 3], [7, 3]]
    with pytest.raises(TypeError, match="grip: control must be a slider for one number"):
        grip(toggle(True), ax, 0)
    with pytest.raises(TypeError, match="grip: ax must be the axes"):
        grip(slider(0, 1, 0.5), "left", 0)


def test_a_point_with_one_coordinate_can_lie_on_its_curve():
    figure, one, _ = two_lines()
    w = point(figure.axes[0], 0.5, on=one)
    assert track(w)[0][1] == pytest.approx(w.bounds[0][0], abs=0.06)
    explorer = explore(figure, lambda w: "A line.", w=w, alt="One.")
    assert explorer.points[0]["track"] == track(w)
    with pytest.raises(TypeError, match="point: on must be a line, for a point with a single"):
        point(figure.axes[0], (0.5, 0.5), on=one)


def test_a_page_without_python_moves_a_slider_by_its_handle_too():
    explorer, *_ = held()
    data, _ = replay.packed(explorer, ["w"], 10**6, 100)
    plain = gzip.decompress(base64.b64decode(data))
    about = json.loads(plain[4 : 4 + int.from_bytes(plain[:4], "little")])
    (there,) = about["grips"]
    assert len(there["at"]) == len(about["controls"][0]["words"])
    assert (there["at"][0], there["at"][-1]) == (0, 1)
    assert there["at"] == sorted(there["at"])
