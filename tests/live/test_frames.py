"""What frames are made of: what has not changed is taken again, and large data stays small."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from test_gallery import GALLERY, SHADES, apart

from course_lib.live.compose import composed
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
    drawn, draw = [], Line2D.draw
    monkeypatch.setattr(Line2D, "draw", lambda *a: (drawn.append(a[0].get_gid()), draw(*a))[1])
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
    line.get_path().vertices[7777, 1] = 1.5
    assert apart(before, seen()) > SHADES


def test_an_attribute_of_a_tick_that_tells_nobody_is_found_in_a_few_frames():
    _, scene, seen = opened(lambda figure: figure.add_subplot().plot([0, 1], [0, 1]))
    seen()
    label = scene.figure.axes[0].get_xticklabels()[1]
    vars(label)["_a_setter_that_forgets_stale"] = 1
    found = []
    for _ in range(4):
        scene._look()
        found.append(scene.drawn)
    assert not all(found)


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
