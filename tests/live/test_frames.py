"""What frames are made of: what has not changed is taken again, and large data stays small."""

from __future__ import annotations

from array import array

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from test_gallery import GALLERY, SHADES, apart

from course_lib.live import again
from course_lib.live import scene as scenes
from course_lib.live.compose import composed, differs
from course_lib.live.fewer import fewer
from course_lib.live.scene import HEAVY, Scene


def opened(make):
    """Return what moves a figure, its scene, and a function for the next frame's pixels."""
    figure = Figure(figsize=(4, 3))
    update, scene = make(figure), Scene(figure)
    scene.resize(1)
    scene.settle()
    still = {}

    def seen():
        buffers = []
        frame = scene.frame(buffers)
        if "scene" in frame:
            still.update(scene=frame["scene"], pictures=buffers)
        return composed(still["scene"], still["pictures"], frame, buffers)

    return update, scene, seen


@pytest.mark.parametrize("name", GALLERY)
def test_what_rested_for_a_few_frames_moves_again(name):
    update, scene, seen = opened(GALLERY[name])
    for state in (0.125, 0.75, 0.75, 0.75, 0.75, 0.375, 0.375, 1.0):
        update(state)
        frame = seen()
        assert apart(frame, scene.fresh()) <= SHADES


def test_what_has_not_changed_is_not_drawn_again(monkeypatch):
    def make(figure):
        rests, moves = figure.add_subplot().plot([0, 1], [0, 1], [0, 1], [1, 0])
        rests.set_gid("rests")

        def update(t, both):
            moves.set_ydata([1, t])
            if both:
                rests.set_ydata([0, t])

        return update

    update, _, seen = opened(make)
    drawn, draw, draw_again = [], Line2D.draw, again.Line.draw
    monkeypatch.setattr(Line2D, "draw", lambda *a: (drawn.append(a[0].get_gid()), draw(*a))[1])
    monkeypatch.setattr(
        again.Line, "draw", lambda *a: (drawn.append(a[0].line.get_gid()), draw_again(*a))[1]
    )
    update(0.1, both=True)
    seen()
    for i in range(2, 6):
        drawn.clear()
        update(i / 10, both=False)
        seen()
    assert drawn == [None]  # the other one moved
    update(0.9, both=True)
    seen()
    assert "rests" in drawn


@pytest.mark.parametrize(
    "name",
    [
        *("a_mesh", "a_smooth_mesh", "hexagons", "triangles", "an_image_under_a_grid"),
        *("a_scatter_that_changes_its_colors", "arrows", "polar_bars", "twin_axes"),
    ],
)
def test_what_moves_alone_leaves_the_rest_as_it_is_drawn(monkeypatch, name):
    update, scene, seen = opened(GALLERY[name])
    for state in (0.125, 0.75):
        update(state)
        seen()
    drawn = []
    monkeypatch.setattr(scene, "_draw_still", lambda *_: drawn.append(1))
    for state in (0.375, 1.0, 0.5):
        update(state)
        scene.frame([])
    assert not drawn


def test_one_number_of_many_that_changed_in_place_is_seen():
    heights = np.zeros(20_000)

    def make(figure):
        ax = figure.add_subplot()
        (line,) = ax.plot(np.arange(20_000), heights)
        ax.set_ylim(-1, 2)
        return lambda t: line.set_ydata(heights + t)

    update, scene, seen = opened(make)
    for state in (0.1, 0.2, 0.2, 0.2, 0.2):
        if state == 0.1 or not scene.moving:
            update(state)
        before = seen()
    (line,) = scene.figure.axes[0].lines
    line.get_ydata(orig=False)[7777] = 1.5
    assert apart(before, seen()) > SHADES


def test_what_is_told_to_be_as_it_is_has_nothing_drawn_again(monkeypatch):
    def make(figure):
        ax = figure.add_subplot()
        (line,) = ax.plot([0, 1], [0, 1])

        def update(t, high=1):
            line.set_ydata([0, t])
            ax.set(xlim=(0, 1), ylim=(0, high), title="as ever", xlabel="as ever", facecolor="w")
            ax.grid(True)

        return update

    update, scene, seen = opened(make)
    update(0)
    seen()
    drawn, draw = [], Scene._draw_still
    monkeypatch.setattr(Scene, "_draw_still", lambda *a, **k: (drawn.append(1), draw(*a, **k))[1])
    for t in (0.2, 0.4, 0.6):
        update(t)
        assert apart(seen(), scene.fresh()) <= SHADES
    assert drawn == []
    update(0.8, high=2)
    assert apart(seen(), scene.fresh()) <= SHADES
    assert drawn == [1]


class Hiding(Line2D):
    """Keeps where it lies in what only C can read, as an artist of another package may."""

    def draw(self, renderer):
        self.set_ydata([0, self.height[0]])
        super().draw(renderer)
        self.stale = False


def test_an_artist_of_others_is_drawn_again_when_all_it_says_is_that_it_is_stale():
    def make(figure):
        ax = figure.add_subplot()
        ax.set_ylim(0, 1)
        hiding = ax.add_line(Hiding([0, 1], [0, 0]))
        hiding.height = array("d", [0.2])

        def update(t):
            hiding.height[0] = t
            hiding.stale = True

        return update

    update, scene, seen = opened(make)
    seen()
    for t in (0.5, 0.9):
        update(t)
        assert apart(seen(), scene.fresh()) <= SHADES


def of_a_label(label, _):
    vars(label)["_a_setter_that_forgets_stale"] = 1


def of_its_font(label, _):
    label.get_fontproperties().set_size(30)


def of_the_box_around_it(label, _):
    label.get_bbox_patch().set_facecolor("r")


def that_is_shown(_, tick):
    vars(tick.gridline)["_visible"] = True


def of_a_mark(_, tick):
    vars(tick.tick1line)["_markersize"] = 30


@pytest.mark.parametrize(
    "change", [of_a_label, of_its_font, of_the_box_around_it, that_is_shown, of_a_mark]
)
def test_an_attribute_of_a_tick_that_tells_nobody_is_found_at_once(change):
    def make(figure):
        ax = figure.add_subplot()
        ax.plot([0, 1], [0, 1])
        ax.get_xticklabels()[1].set_bbox({"facecolor": "w"})

    _, scene, seen = opened(make)
    seen()
    assert scene.drawn
    tick = scene.figure.axes[0].xaxis.get_major_ticks()[1]
    change(tick.label1, tick)
    scene.look()
    assert not scene.drawn


@pytest.mark.parametrize("mask", [False, True])
def test_one_number_of_a_large_picture_at_rest_that_changed_in_place_is_seen(mask):
    def make(figure):
        values = np.ma.masked_less(np.zeros((200, 300)), -1)
        figure.add_subplot().imshow(values, vmin=0, vmax=1)

    _, scene, seen = opened(make)
    seen()
    values = scene.figure.axes[0].images[0].get_array()
    values[77, 123] = np.ma.masked if mask else 1
    scene.look()
    assert scene.moving == [*scene.figure.axes[0].images]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_color_map_changed_in_place_is_seen():
    def make(figure):
        image = figure.add_subplot().imshow(np.eye(3), vmin=0, vmax=0.5, cmap="viridis")
        return lambda t: image.cmap.set_over((t, 0, 0))

    update, scene, seen = opened(make)
    for state in (0.1, 0.9):
        update(state)
        assert apart(seen(), scene.fresh()) <= SHADES


X = np.linspace(0, 6, 1_000_000)
NOISE = np.random.default_rng(0).normal(size=1_000_000)


@pytest.mark.parametrize("data", [np.sin(X), NOISE, np.cumsum(NOISE) / 1000])
def test_a_line_of_a_million_points_is_a_few_bytes(data):
    figure = Figure(figsize=(6, 4))
    (line,) = figure.add_subplot().plot(X, data)
    scene = Scene(figure)
    scene.resize(1)
    scene.settle()
    line.set_ydata(data + 0.1)
    scene.frame([])
    line.set_ydata(data)
    buffers = []
    scene.frame(buffers)
    assert sum(map(len, buffers)) < 150_000


def frame_and_fresh(x, y, simplify=True, **look):
    """Return a frame of a line that moved to `y`, and what matplotlib draws afresh."""

    def make(figure):
        ax = figure.add_subplot()
        (line,) = ax.plot(x, y, **look)
        ax.set(xlim=(0.5, 5.5), ylim=(-1, 1))
        return lambda t: line.set_ydata(t * y)

    update, scene, seen = opened(make)
    update(0.5)
    seen()
    update(1)
    pieces = 0 if simplify else 20_000
    with matplotlib.rc_context({"path.simplify": simplify, "agg.path.chunksize": pieces}):
        if not simplify:
            scene.figure.axes[0].lines[0].recache(always=True)
        return seen(), scene.fresh()


FEW = np.linspace(0, 6, 200_000)
ROUGH = np.random.default_rng(0).normal(size=len(FEW))
SPIKES = np.where(ROUGH > 3.5, 1.0, 0.0)


@pytest.mark.parametrize("y", [np.sin(FEW), np.sin(40 * FEW), np.floor(FEW) / 6])
@pytest.mark.parametrize("look", [{"lw": 1}, {"lw": 4, "alpha": 0.5}])
def test_a_long_line_is_drawn_from_few_of_its_points_and_looks_the_same(monkeypatch, y, look):
    drawn, fewer = [], scenes.fewer
    monkeypatch.setattr(scenes, "fewer", lambda artist: drawn.append(fewer(artist)) or drawn[-1])
    shown, fresh = frame_and_fresh(FEW, y, **look)
    assert 0 < len(drawn[-1].get_xdata()) < len(FEW) / 8
    assert differs(shown, fresh, by=SHADES) == 0


@pytest.mark.parametrize("y", [ROUGH / 4, np.cumsum(ROUGH) / 500, SPIKES])
def test_a_rough_line_is_as_right_as_matplotlib_makes_it(y):
    shown, fresh = frame_and_fresh(FEW, y, lw=1)
    _, exact = frame_and_fresh(FEW, y, simplify=False, lw=1)
    own = np.abs(np.subtract(fresh, exact, dtype=int)).mean()
    assert np.abs(np.subtract(shown, fresh, dtype=int)).mean() <= max(own, 0.25)


def test_points_are_left_out_of_no_line_that_would_look_another_way():
    figure = Figure()
    ax, other = figure.subplots(1, 2)
    other.set_yscale("log")
    y = np.sin(FEW)
    holes = np.where(ROUGH > 0, y, np.nan)
    uneven = np.sort(np.r_[np.linspace(0, 1e-3, 199_000), np.linspace(0, 6, 1000)])
    lines = [
        *ax.plot(FEW[::-1], y),  # from right to left
        *ax.plot(ROUGH, y),
        *ax.plot(FEW, holes),
        *ax.plot(uneven, y),
        *ax.plot(FEW, y, "--"),
        *ax.plot(FEW, y, "."),
        *ax.plot(FEW, y, drawstyle="steps"),
        *ax.plot(FEW / 6, y, transform=ax.transAxes),
        *ax.plot(FEW[::200], y[::200]),
        *other.plot(FEW, 2 + y),
    ]
    ax.set(xlim=(0, 6))
    assert [line for line in lines if fewer(line)] == []
    assert fewer(*ax.plot(FEW, y))


def test_a_number_of_a_long_line_at_rest_that_changed_in_place_is_seen():
    def make(figure):
        ax = figure.add_subplot()
        (line,) = ax.plot(FEW, np.sin(FEW))
        ax.set_ylim(-2, 2)
        return lambda t: line.set_ydata(np.sin(FEW + t))

    update, scene, seen = opened(make)
    for state in (0.1, 0.2):
        update(state)
        seen()
    seen(), seen(), seen()
    (line,) = scene.moving
    before = seen()
    line.get_ydata(orig=False)[1000:1100] = 1.9
    after = seen()
    assert apart(before, after) > SHADES
    assert differs(after, scene.fresh(), by=SHADES) == 0


def test_a_million_dots_are_sent_as_an_image_that_is_smaller():
    def make(figure):
        ax = figure.add_subplot()
        (dots,) = ax.plot(NOISE, NOISE[::-1], ",")
        ax.set_ylim(-5, 5)
        return lambda t: dots.set_ydata(NOISE[::-1] + t)

    update, scene, seen = opened(make)
    for state in (0.5, 1.0):
        update(state)
        seen()
        update(-state)
        buffers = []
        frame = scene.frame(buffers)
        assert sum(map(len, buffers)) < HEAVY
        assert "image" in {layer["kind"] for layer in frame["draw"]}


def test_what_is_smaller_than_its_image_is_sent_as_it_is(monkeypatch):
    monkeypatch.setattr("course_lib.live.scene.HEAVY", 1)
    update, scene, _ = opened(GALLERY["a_line"])
    images = []
    draw_image = scene._draw_image
    monkeypatch.setattr(scene, "_draw_image", lambda *a: (images.append(a[0]), draw_image(*a)))
    for state in (0.25, 0.5, 0.75):
        update(state)
        buffers = []
        frame = scene.frame(buffers)
        assert {layer["kind"] for layer in frame["draw"]} <= {"line", "still"}
    assert len(images) == 1, "an image is tried once"
    assert len(buffers) == 1
