"""A line whose points alone change comes out as matplotlib draws it, and nothing else is missed."""

from __future__ import annotations

import json

import matplotlib.patheffects as effects
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox

from course_lib.live import again, letters
from course_lib.live.scene import Scene

T = np.linspace(0, 1, 60)


def plotted(*points, log=False, projection=None, **look):
    """Return what makes a line on axes with limits of their own."""

    def make(figure):
        ax = figure.add_subplot(projection=projection)
        if projection is None:
            ax.set(xlim=(-0.1, 1.1), ylim=(1e-3, 10) if log else (-1.2, 1.2))
        if log:
            ax.set_yscale("log")
        with np.errstate(all="ignore"):
            (line,) = ax.plot(*(points or (T, T)), **look)
        return line

    return make


def word(figure):
    ax = figure.add_subplot()
    ax.set(xlim=(0, 1), ylim=(-1, 1))
    line = letters.word(ax)
    letters.write(line, "Adam", (0.2, 0.2), (3, 4))
    return line


def turned(figure):
    line = plotted()(figure)
    line.set_transform(Affine2D().rotate(0.3) + line.axes.transData)
    return line


LINES = {
    "plain": plotted(),
    "thin and dashed": plotted(linestyle="--", linewidth=0.5, alpha=0.3),
    "dash-dotted with other caps": plotted(linestyle="-.", dash_capstyle="round", linewidth=4),
    "gaps of another color": plotted(linestyle="--", gapcolor="tab:red", linewidth=4),
    "marks": plotted(marker="o", markeredgecolor="white", markersize=9),
    "marks alone": plotted(linestyle="none", marker="s", fillstyle="none"),
    "half-filled marks": plotted(marker="D", fillstyle="left", markersize=9),
    "every tenth mark": plotted(marker="o", markevery=10),
    "some marks": plotted(marker="o", markevery=[0, -1]),
    "steps": plotted(drawstyle="steps-mid"),
    "steps with marks": plotted(drawstyle="steps-post", marker="o"),
    "beyond its axes": plotted(clip_on=False, marker="o", markevery=[0]),
    "logarithmic": plotted(log=True, marker="."),
    "around a pole": plotted(projection="polar", marker="o"),
    "an outline of its own": plotted(path_effects=[effects.withStroke(linewidth=5)]),
    "a shadow": plotted(path_effects=[effects.SimpleLineShadow(), effects.Normal()]),
    "an own shape": plotted(marker=Path([[0, 0], [1, 0], [1, 1]]), linestyle="none"),
    "corners in an array": plotted(marker=np.array([[0, 0], [1, 0], [1, 1]]), linestyle="none"),
    "a pixel each": plotted(marker=",", linestyle="none"),
    "snapped": plotted(snap=True, linewidth=1),
    "dates": plotted(np.datetime64("2020-01-01") + np.arange(60), T),
    "a list": plotted([0.0, 0.5, 1.0], [0.0, 0.5, 1.0]),
    "a word": word,
    "turned": turned,
}
STATES = {
    "moved": lambda x, y: (x, 0.3 * y),
    "turned round": lambda x, y: (x[::-1], y),
    "one point": lambda x, y: (x[:1], y[:1]),
    "no point": lambda x, y: (x[:0], y[:0]),
    "level": lambda x, y: (x, np.zeros_like(y)),
    "upright": lambda x, y: (np.repeat(x[:1], len(x)), y),
    "with a gap": lambda x, y: (x, np.where(np.arange(len(y)) == len(y) // 2, np.nan, y)),
    "far away": lambda x, y: (x, 1e300 * np.asarray(y)),
    "endless": lambda x, y: (x, np.asarray(y) / 0.0),
    "a wave": lambda x, y: (x, np.sin(7 * y)),
    "many points": lambda x, y: (np.resize(x, 900), np.resize(y, 900)),
    "whole numbers": lambda x, y: (np.arange(len(y)), np.arange(len(y))),
    "single precision": lambda x, y: (np.float32(x / x[-1]), np.float32(y)),
    "lists": lambda x, y: (list(x), list(y)),
    "tuples": lambda x, y: (tuple(x), tuple(y)),
    "ranges": lambda x, y: (range(len(y)), range(len(y))),
    "masked": lambda x, y: (x, np.ma.masked_array(y, np.arange(len(y)) % 7 == 3)),
    "masked here and there": lambda x, y: (x, [y[0], np.ma.masked, *y[2:]]),
    "words": lambda x, y: (x, ["a", "b", *["c"] * (len(y) - 2)]),
    "nested": lambda x, y: ([[each] for each in x], [[each] for each in y]),
    "ragged": lambda x, y: (x, [[1, 2], *y[1:]]),
    "more across than up": lambda x, y: (x, y[1:]),
    "truths": lambda x, y: (x, y > 0.5),
    "nothing known": lambda x, y: (x, [None] * len(y)),
    "very many": lambda x, y: (np.sort(np.resize(x, 1100)), np.linspace(-1, 1, 1100)),
}


def opened(make, quick=True):
    figure = Figure(figsize=(4, 3))
    line, scene = make(figure), Scene(figure)
    scene.resize(1)
    scene.settle()
    scene._again._trusted = quick
    return line, scene


def frame(scene):
    """Return all that a frame tells of what moves."""
    buffers = []
    found = scene.frame(buffers)
    return json.dumps(found["draw"]), buffers[found["vertices"]]


def taught(scene, line):
    """Let a line move until it is known how it is drawn."""
    x, y = line.get_data(orig=False)
    for part in (0.9, 0.8, 0.7):
        line.set_data(x, part * np.asarray(y))
        frame(scene)


@pytest.mark.parametrize("name", LINES)
def test_each_place_is_as_matplotlib_draws_it(name):
    (line, scene), (other, plain) = (opened(LINES[name], quick) for quick in (True, False))
    taught(scene, line)
    taught(plain, other)
    x, y = other.get_data(orig=False)
    for state, move in STATES.items():
        with np.errstate(all="ignore"):
            points = move(x, y)
        for each in (line, other):
            each.set_data(*points)
        try:
            expected = frame(plain)
        except Exception as wrong:
            with pytest.raises(type(wrong), match=str(wrong)[:20]):
                frame(scene)
        else:
            assert frame(scene) == expected, state
    assert not plain._again.known


@pytest.mark.parametrize(
    "name", ["plain", "thin and dashed", "marks", "some marks", "logarithmic", "a word", "turned"]
)
def test_its_look_is_not_asked_for_again(monkeypatch, name):
    line, scene = opened(LINES[name])
    taught(scene, line)
    drawn, draw = [], Line2D.draw
    monkeypatch.setattr(Line2D, "draw", lambda *a: (drawn.append(1), draw(*a))[1])
    before = frame(scene)
    for part in (0.3, -0.5):
        line.set_data(line.get_xdata(), part * np.asarray(line.get_ydata()))
        assert frame(scene) != before
    assert not drawn


def test_a_word_that_goes_back_to_a_shape_it_had_is_drawn_as_it_was(monkeypatch):
    (line, scene), (other, plain) = (opened(word, quick) for quick in (True, False))
    places = [(each, (0.2, part)) for each in ((3, 4), (-30, 4)) for part in (0.1, 0.2, 0.3)]
    drawn, draw = [], Line2D.draw
    for turn in range(2):
        if turn:
            monkeypatch.setattr(Line2D, "draw", lambda *a: (drawn.append(a[0]), draw(*a))[1])
        for offset, at in places:
            for each in (line, other):
                letters.write(each, "Adam", at, offset)
            assert frame(scene) == frame(plain)
    assert line not in drawn
    assert other in drawn


def test_marks_of_ever_new_shapes_fill_no_memory(monkeypatch):
    monkeypatch.setattr(again, "MOST", 4)
    line, scene = opened(LINES["marks alone"])
    for size in range(1, 30):
        line.set_marker(Path([[0, 0], [size, 0], [size, 1]]))
        taught(scene, line)
    assert len(scene._again.known) <= 5


def test_a_line_that_stands_still_is_not_drawn_at_all(monkeypatch):
    line, scene = opened(LINES["marks"])
    taught(scene, line)
    standing = [frame(scene) for _ in range(2)]
    drawn, draw = [], again.Line.draw
    monkeypatch.setattr(again.Line, "draw", lambda *a: (drawn.append(1), draw(*a))[1])
    assert frame(scene) == standing[0] == standing[1]
    assert not drawn
    line.set_ydata(0.3 * T)
    assert frame(scene) != standing[0]
    assert drawn


@pytest.mark.parametrize("name", ["steps with marks", "a shadow", "half-filled marks", "very long"])
def test_it_is_learned_once_at_most(monkeypatch, name):
    long = np.linspace(0, 1, 1500)
    line, scene = opened(plotted(long, long) if name == "very long" else LINES[name])
    made, make = [], again.Line.__init__
    monkeypatch.setattr(again.Line, "__init__", lambda *a: (made.append(1), make(*a))[1])
    for _ in range(3):
        taught(scene, line)
    assert len(made) == (name != "very long")


def test_many_lines_are_learned_over_a_few_frames(monkeypatch):
    def make(figure):
        ax = figure.add_subplot()
        ax.set(xlim=(0, 1), ylim=(-1, 1))
        return ax.plot(T, np.outer(T, np.linspace(0, 1, 10)))

    lines, scene = opened(make)
    made, make = [], again.Line.__init__
    monkeypatch.setattr(again.Line, "__init__", lambda *a: (made.append(1), make(*a))[1])
    counts = []
    for part in (0.9, 0.8, 0.7, 0.6, 0.5, 0.4):
        for line in lines:
            line.set_ydata(part * np.asarray(line.get_ydata()))
        frame(scene)
        counts.append(len(made))
    assert counts == [0, 4, 8, 10, 10, 10]


COLOR, EVERY, TURN = [0.9, 0.1, 0.1], [0, 5], Affine2D()
SHAPE, BOX = Path([[0.0, 0], [1, 0], [1, 1]]), Bbox([[50, 50], [250, 200]])


def worn(figure):
    """Make a line whose look hangs on things that can be changed where they lie."""
    for one, first in ((COLOR, [0.9, 0.1, 0.1]), (EVERY, [0, 5])):
        one[:] = first
    TURN.clear()
    SHAPE.vertices[:] = [[0, 0], [1, 0], [1, 1]]
    BOX.set_points(np.array([[50.0, 50], [250, 200]]))
    line = plotted(color=COLOR, marker=SHAPE, markersize=12, markevery=EVERY)(figure)
    line.set_transform(TURN + line.axes.transData)
    line.set_clip_box(BOX)
    return line


CHANGES = {
    "color": lambda line: line.set_color("k"),
    "color in place": lambda line: COLOR.__setitem__(0, 0.2),
    "width": lambda line: line.set_linewidth(5),
    "dashes": lambda line: line.set_linestyle(":"),
    "opacity": lambda line: line.set_alpha(0.2),
    "marker": lambda line: line.set_marker("s"),
    "marker in place": lambda line: SHAPE.vertices.__setitem__(0, (-1, -1)),
    "marker set again": lambda line: line.set_marker(SHAPE),
    "marker in place and set again": lambda line: (
        SHAPE.vertices.__setitem__(0, (-1, -1)),
        line.set_marker(SHAPE),
    ),
    "half of a marker": lambda line: line.set(marker=SHAPE, fillstyle="left"),
    "other corners": lambda line: line.set_marker(MarkerStyle(SHAPE, joinstyle="bevel")),
    "turned marker": lambda line: line.set_marker(MarkerStyle("s", transform=TURN)),
    "marker's size": lambda line: line.set_markersize(4),
    "marker's edge": lambda line: line.set_markeredgecolor("g"),
    "which marks": lambda line: line.set_markevery([1]),
    "which marks in place": lambda line: EVERY.append(7),
    "steps": lambda line: line.set_drawstyle("steps"),
    "clip": lambda line: line.set_clip_on(False),
    "clip in place": lambda line: BOX.set_points(np.array([[80.0, 80], [120, 120]])),
    "transform in place": lambda line: TURN.rotate(0.2),
    "snap": lambda line: line.set_snap(True),
    "effects": lambda line: line.set_path_effects([effects.withStroke(linewidth=9)]),
    "kept colors": lambda line: line.set_gid("kept"),
    "own drawing": lambda line: setattr(line, "draw", lambda renderer: None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_else_changes_is_seen(name):
    def frames(quick):
        line, scene = opened(worn, quick)
        taught(scene, line)
        seen = [frame(scene)]
        for points in ((T, 0.4 * T), (T, -0.4 * T), (T, T**2)):
            line.set_data(*points)
            if len(seen) == 2:
                CHANGES[name](line)
            seen.append(frame(scene))
        return seen

    quick, plain = frames(True), frames(False)
    assert quick == plain
    if name not in ("snap", "kept colors"):
        assert plain[1] != plain[2]


def test_what_matplotlib_refuses_is_told_in_its_words():
    line, scene = opened(LINES["some marks"])
    taught(scene, line)
    line.set_data(T, T[:-1])
    with pytest.raises(ValueError, match="shape"):
        frame(scene)
    line.set_data(T, T)
    frame(scene)
    line.set_markevery([0, 59])
    taught(scene, line)
    line.set_data(T[:5], T[:5])
    with pytest.raises(ValueError, match="markevery"):
        frame(scene)


def test_a_line_that_comes_out_otherwise_is_found_at_rest(monkeypatch):
    line, scene = opened(LINES["plain"])
    taught(scene, line)
    assert not scene.outdated()
    taught(scene, line)
    right = frame(scene)
    monkeypatch.setattr(again, "_path", lambda _: Path([[0, 0], [1, 1]]))
    monkeypatch.setattr(again.Drawn, "same_but", lambda *_: True)
    line.set_data(*line.get_data())
    wrong = frame(scene)
    assert wrong != right
    assert scene.outdated()
    assert frame(scene) == right
    assert not scene._again.known


def test_the_names_that_hold_the_points_are_those_of_the_points():
    names = again.of_points()
    assert {"_xorig", "_yorig", "_xy"} <= names
    assert not {"_color", "_linewidth", "_marker", "_transform", "_alpha"} & names
