"""Explorers without a browser: what they compute, send, say and leave behind."""

from __future__ import annotations

import asyncio
import builtins
import gc
import io
import itertools
import json
import subprocess
import sys
import time
import tracemalloc
import weakref
import zlib
from types import ModuleType, SimpleNamespace

import ipywidgets
import numpy as np
import pytest
from IPython.core.events import EventManager, available_events
from matplotlib import pyplot
from PIL import Image

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, banana, quartic
from course_lib.live import choice, explore, int_slider, letters, log_slider, point, slider, toggle
from course_lib.live import explorer as explorer_module
from course_lib.optimizers import GradientDescent, Momentum


def design_example():
    """The explorer that the docstrings and the guide show."""
    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)

    def update(lr, momentum, start):
        walk = descend(banana, Momentum(lr=lr, momentum=momentum), start, steps=200)
        trail.show(walk)
        loss.show(walk)
        return f"after 200 steps: loss {walk.losses[-1]:.1e}"

    return explore(
        figure,
        update,
        lr=log_slider(1e-3, 0.3, 0.1),
        momentum=slider(0, 0.99, 0.9),
        start=point(hill, (-1.5, 2)),
    )


def line_explorer(update=None, **controls):
    """A figure with one line, y = slope · x, and whatever controls the test needs."""
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])

    def rise(slope):
        line.set_ydata([0, slope])
        return f"slope {slope:.2f}"

    return explore(figure, update or rise, **(controls or {"slope": slider(0, 1, 0.5)})), ax, line


@pytest.fixture(autouse=True)
def _no_update_is_slow(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLOW", 60_000)  # on a busy machine each one may be


class Browser:
    """Takes the place of the front: asks for frames and keeps the answers."""

    def __init__(self, explorer):
        self.explorer, self.answers, self.number = explorer, [], 0
        explorer._canvas.send = lambda content, buffers=None: self.answers.append(
            (json.loads(json.dumps(content)), buffers)
        )

    def ask(self, screen=None, ground=None, **values):
        self.number += 1
        request = {"view": "v", "id": self.number, "values": values}
        if screen:
            request["screen"] = {"scale": screen, "ground": ground}
        self.explorer._received(None, request, [])
        return self.answers[-1]

    def sweep(self, name, places, unpacks=False, **values):
        """Ask for the frames of one control at many places, and return the answer."""
        self.number += 1
        request = {"view": "v", "id": self.number, "sweep": name, "at": places, "values": values}
        request["unpacks"] = unpacks
        before = len(self.answers)
        self.explorer._received(None, request, [])
        return self.answers[before]

    def vertices(self):
        content, buffers = self.answers[-1]
        return np.frombuffer(buffers[content["vertices"]], np.float32)


def moving(content):
    """Return the layers of what moves, without the still pictures between them."""
    return [layer for layer in content["draw"] if layer["kind"] != "still"]


# ---------------------------------------------------------------------------------- what is said


def test_the_example_of_the_design_works():
    explorer = design_example()
    assert explorer.standing == "after 200 steps: loss 3.4e-09"
    walk = descend(banana, Momentum(lr=0.05, momentum=0.5), (2, 2), steps=200)
    said = explorer.set(lr=0.05, momentum=0.5, start=(2, 2))
    assert said == f"after 200 steps: loss {walk.losses[-1]:.1e}"
    assert explorer.values == {"lr": 0.05, "momentum": 0.5, "start": (2.0, 2.0)}


def test_the_saved_output_holds_picture_words_and_live_view():
    data, about = design_example()._repr_mimebundle_()
    assert data["text/plain"] == "after 200 steps: loss 3.4e-09"
    assert data["image/png"].startswith("iVBOR")
    assert "model_id" in data["application/vnd.jupyter.widget-view+json"]
    assert about["image/png"]["alt"]
    assert repr(design_example()) == "after 200 steps: loss 3.4e-09"


def test_without_a_standing_the_values_are_said():
    def silent(rate, kind, where):
        pass

    figure, ax = plots.figure()
    explorer = explore(
        figure,
        silent,
        rate=log_slider(1e-4, 1, 1e-2),
        kind=choice({"the banana": banana, "the quartic": quartic}),
        where=point(ax, (0.25, 0.5)),
    )
    assert explorer.standing == "rate = 0.01, kind = banana, where = (0.25, 0.5)"


def test_reset_goes_back_to_the_author_s_values():
    explorer = design_example()
    explorer.set(lr=0.2, start=(0, 0))
    assert explorer.reset() == "after 200 steps: loss 3.4e-09"
    assert explorer.values == {"lr": 0.1, "momentum": 0.9, "start": (-1.5, 2.0)}


def test_one_control_can_serve_two_explorers():
    shared = slider(0, 1, 0.5)
    (first, *_), (second, *_) = line_explorer(slope=shared), line_explorer(slope=shared)
    first.close()
    second.set(slope=1)
    assert shared.value == 1
    assert shared.comm is not None


# ----------------------------------------------------------------------- everywhere it can be moved


def test_every_control_works_at_both_ends_and_in_random_states():
    figure, (hill, curve) = plots.figure(2)
    ground = plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)
    visited = []

    def update(lr, momentum, start, steps, landscape, shown):
        visited.append((lr, momentum, *start, steps, landscape, shown))
        ground.show(landscape)
        walk = descend(landscape, Momentum(lr=lr, momentum=momentum), start, steps=60)
        trail.show(walk, upto=steps)
        loss.show(walk)
        loss.artists[0].set_visible(shown)
        return f"{landscape.name}: {walk.losses[steps]:.3g}"

    flat = [landscape for landscape in LANDSCAPES.values() if landscape.dimension == 2]
    explorer = explore(
        figure,
        update,
        lr=log_slider(1e-4, 1, 1e-2),
        momentum=slider(0, 0.99, 0.9),
        start=point(hill, (-1.5, 2)),
        steps=int_slider(0, 60, 30),
        landscape=choice(flat),
        shown=toggle(True),
    )
    browser = Browser(explorer)
    browser.ask(screen=1)
    standing = explorer.standing
    assert explorer.tour() == []
    for content, buffers in browser.answers:
        assert not content["failed"]
        vertices = np.frombuffer(buffers[content["vertices"]], np.float32)
        assert np.nanmax(np.abs(vertices), initial=0) <= 1e6
    lr, momentum, x1, x2, steps, landscape, shown = map(set, zip(*visited, strict=True))
    assert lr >= {1e-4, 1}
    assert momentum >= {0, 0.99}
    assert x1 >= set(banana.bounds[0])
    assert x2 >= set(banana.bounds[1])
    assert steps >= {0, 60}
    assert landscape == set(flat)
    assert shown == {True, False}
    assert explorer.standing == standing


def test_a_tour_tells_which_values_fail():
    def inverse(x):
        if x == 0:
            raise ValueError("nothing divides by 0")
        return f"{1 / x:.1f}"

    explorer = explore(plots.figure()[0], inverse, x=slider(0, 1, 0.5))
    assert set(explorer.tour()) == {
        "This cannot be drawn for x = 0. ValueError: nothing divides by 0"
    }
    assert explorer.standing == "2.0"


@pytest.mark.parametrize(
    ("make", "low", "high", "value"),
    [
        (slider, 0, 0.99, 0.9),
        (slider, -1.6, 3.4, -1.5),
        (slider, 0, 1, 0.333),
        (slider, 1e-8, 1e-3, 1e-4),
        (slider, 5, 9, 5),
        (slider, 0, 1, 1),
        (log_slider, 1e-3, 0.3, 0.1),
        (log_slider, 1e-3, 0.2, 1e-3),
        (log_slider, 0.01, 100, 7),
    ],
)
def test_the_first_value_of_a_slider_is_one_of_its_notches(make, low, high, value):
    control = make(low, high, value)
    at = np.log10(value) if make is log_slider else value
    notches = (at - control.min) / control.step
    assert notches == pytest.approx(round(notches), abs=1e-6)
    assert 30 <= (control.max - control.min) / control.step <= 260
    assert control.value == value


# --------------------------------------------------------------------------------------- mistakes


def test_an_error_in_update_is_told_in_place_and_passes():
    def root(x):
        if x < 0:
            raise ValueError("no root of a negative number")
        return f"root {x**0.5:.2f}"

    figure, _ = plots.figure()
    explorer = explore(figure, root, x=slider(-4, 4, 4))
    browser = Browser(explorer)
    browser.ask(screen=1)
    content, _ = browser.ask(x=-1.0)
    assert content["failed"]
    assert content["standing"] == (
        "This cannot be drawn for x = -1. ValueError: no root of a negative number"
    )
    assert "draw" not in content
    assert isinstance(explorer.error, ValueError)
    content, _ = browser.ask(x=1.0)
    assert not content["failed"]
    assert content["standing"] == "root 1.00"


def lengths_that_differ(first=2):
    """A line of two places that gets a number of heights; matplotlib takes one for each or one."""
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])

    def update(count):
        line.set_ydata(np.ones(count))  # matplotlib finds it only as it draws
        return f"{count} of them"

    return explore(figure, update, count=int_slider(1, 5, first))


def test_an_explorer_that_cannot_be_drawn_is_shown_all_the_same_and_says_so():
    explorer = lengths_that_differ(3)
    wrong = "This cannot be drawn for count = 3. ValueError"
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"].startswith(wrong)
    assert explorer.set(count=2) == "2 of them"
    drawn = explorer._repr_mimebundle_()[0]["image/png"]
    assert drawn != data["image/png"]
    explorer.set(count=3)
    data, _ = explorer._repr_mimebundle_()  # with the last picture that there was
    assert data["text/plain"].startswith(wrong)
    assert data["image/png"] == drawn
    browser = Browser(explorer)
    assert browser.ask(screen=1)[0]["standing"].startswith(wrong)
    rest(explorer)
    assert browser.ask(count=2)[0]["standing"] == "2 of them"
    assert "draw" in browser.answers[-1][0]


def test_an_error_that_shows_only_as_it_is_drawn_is_told_in_place_and_passes():
    browser = Browser(lengths_that_differ())
    shown, _ = browser.ask(screen=1)
    wrong = "This cannot be drawn for count = 3. ValueError: shape mismatch"
    content, _ = browser.ask(count=3)
    assert content["failed"]
    assert content["standing"].startswith(wrong)
    assert browser.explorer.standing.startswith(wrong)
    assert isinstance(browser.explorer.error, ValueError)
    content, _ = browser.sweep("count", [3, 2], count=3)
    assert content["frames"][0]["standing"].startswith(wrong)
    content, _ = browser.ask(count=2)
    assert not content["failed"]
    assert content["standing"] == "2 of them"
    assert browser.explorer.error is None
    # What stays still came with the error or comes now, and is what it was.
    scenes = [c["on"] for c, _ in browser.answers if "scene" in c]
    assert scenes[-1] == content["on"]
    assert shown["scene"]["axes"] == browser.answers[-1][0].get("scene", shown["scene"])["axes"]


def test_a_tour_finds_what_fails_only_as_it_is_drawn():
    explorer = lengths_that_differ()
    assert {said[:39] for said in explorer.tour()} == {
        f"This cannot be drawn for count = {count}. Val" for count in (3, 5)
    }
    assert explorer.standing == "2 of them"


def test_a_still_part_that_cannot_be_drawn_is_told_in_place_and_passes():
    figure, ax = plots.figure()
    ax.plot([0, 1], [0, 1], label="a line that stays")
    legend = ax.legend()

    def update(count):
        legend.get_texts()[0].set_text("$\\frac{$" if count == 3 else f"{count} of them")
        ax.set_ylim(0, count)
        return f"{count} of them"

    browser = Browser(explore(figure, update, count=int_slider(1, 5, 2)))
    browser.ask(screen=1)
    content, _ = browser.ask(count=3)
    assert content["failed"]
    assert "draw" not in content
    content, _ = browser.ask(count=4)
    assert not content["failed"]
    assert content["scene"]["axes"][0]["y"] == [0, 4, False]
    assert not any(artist.get_animated() for artist in ax.get_children())


def test_an_update_that_draws_with_pyplot_is_told_what_to_do():
    def update(slope):
        pyplot.plot([0, 1], [0, slope])

    explorer = explore(pyplot.subplots()[0], update, slope=slider(0, 1, 0.5))
    explorer.set(slope=0.6)
    assert explorer.standing == (
        "This cannot be drawn for slope = 0.6. "
        "RuntimeError: update draws with plt, into another figure: call methods of the axes "
        "instead, as ax.plot for plt.plot and ax.set_title for plt.title."
    )
    assert pyplot.get_fignums() == []


def test_an_error_at_the_first_values_raises_nothing():
    def broken(x):
        raise RuntimeError

    explorer = explore(plots.figure()[0], broken, x=slider(0, 1, 0.5))
    assert explorer.standing == "This cannot be drawn for x = 0.5. RuntimeError"


def takes_x(x):
    return str(x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: slider(1, 0, 0.5), "low must be below high, got low = 1 and high = 0"),
        (lambda: slider(0, 1, 2), "value must be a number at least 0 and at most 1, got 2"),
        (lambda: slider(0, 1, float("nan")), "value must be .* got nan"),
        (lambda: slider(0, float("inf"), 1), "high must be a finite number, got inf"),
        (lambda: slider(0, 1, "a"), "value must be .* got 'a'"),
        (lambda: slider(0, 1, 0.5, step=0), "step must be a number above 0, got 0"),
        (lambda: log_slider(0, 1, 0.5), "low must be above 0, got 0"),
        (lambda: int_slider(0, 9, 4.5), "value must be a whole number, got 4.5"),
        (lambda: choice(3), "options must be a list or a dictionary, got 3"),
        (lambda: choice([]), "options must hold at least one entry"),
        (lambda: choice(["sin", "cos"], "sine"), "got 'sine'. Did you mean 'sin'?"),
        (lambda: toggle(1), "value must be True or False, got 1"),
        (lambda: point("hill", (0, 0)), "ax must be the axes it lies on, got 'hill'"),
        (lambda: point(plots.figure()[1], (0, 0, 0)), "value must be a pair"),
        (lambda: point(plots.figure()[1], (0, 5)), "value must lie between 0 and 1"),
        (lambda: point(plots.figure()[1], 0.5, (1, 0)), "bounds must be a pair"),
        (lambda: point(plots.figure()[1], (0, 0), "wide"), "bounds must be .* got 'wide'"),
        (lambda: point(plots.figure()[1], (0, 0), (0, 1, 2)), "bounds must be a pair"),
        (lambda: explore(None, takes_x), "figure must be a matplotlib figure, got None"),
        (lambda: explore(plots.figure()[0], 7), "update must be a function"),
        (lambda: explore(plots.figure()[0], takes_x), "update takes x, but no control"),
        (
            lambda: explore(plots.figure()[0], takes_x, x=slider(0, 1, 0), y=slider(0, 1, 0)),
            "a control y, but update does not take it. It takes x",
        ),
        (
            lambda: explore(plots.figure()[0], takes_x, x=None),
            "x must be a control such as .* got None",
        ),
        (
            lambda: explore(plots.figure()[0], takes_x, x=point(plots.figure()[1], 0.5)),
            "the point x lies on the axes of another figure",
        ),
    ],
)
def test_wrong_arguments_are_told_in_plain_words(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 5}, "lr must be a number at least 0.001 and at most 0.3, got 5"),
        ({"lr": float("nan")}, "lr must be .* got nan"),
        ({"start": (0, 99)}, "start must lie between -1.2 and 3.6"),
        ({"start": 3}, "start must be a pair of numbers"),
        ({"mometum": 0.9}, "Did you mean 'momentum'?"),
    ],
)
def test_moving_a_control_to_what_it_does_not_allow_is_refused(values, message):
    explorer = design_example()
    with pytest.raises((TypeError, ValueError), match=message):
        explorer.set(**values)
    assert explorer.standing == "after 200 steps: loss 3.4e-09"


def test_whole_numbers_and_toggles_are_moved_to_what_they_are_or_not_at_all():
    def update(steps, shown):
        return f"{steps} {shown}"

    explorer = explore(plots.figure()[0], update, steps=int_slider(0, 9, 3), shown=toggle())
    with pytest.raises(TypeError, match=r"steps must be a whole number of at least 0, got 2\.5"):
        explorer.set(steps=2.5)
    with pytest.raises(TypeError, match="shown must be True or False, got 'yes'"):
        explorer.set(shown="yes")
    assert explorer.set(steps=4, shown=True) == "4 True"


def test_a_later_cell_that_reuses_a_name_does_not_disturb_an_explorer():
    cell = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])
def height(slope): return scale * slope
def update(slope):
    line.set_ydata([0, height(slope)])
    return f"up to {height(slope)}"
explorer = explore(figure, update, slope=slider(0, 1, 0.5))
"""
    names = {"plots": plots, "explore": explore, "slider": slider, "scale": 2}
    exec(cell, names)
    first, line = names["explorer"], names["line"]
    exec(cell, names | {"scale": 10})
    names["scale"], names["line"] = 10, None
    assert first.set(slope=1) == "up to 2.0"
    assert list(line.get_ydata()) == [0, 2]


# ---------------------------------------------------------------------------- what the browser gets


def test_what_stays_still_is_sent_once_and_what_moves_as_vertices():
    browser = Browser(design_example())
    content, buffers = browser.ask(screen=1)
    # Older versions of matplotlib round 9.2 inches of 100 pixels down.
    assert content["scene"]["size"] == pytest.approx([920, 380], abs=1)
    assert buffers[content["scene"]["below"]].startswith(b"\x89PNG")
    content, buffers = browser.ask(lr=0.02)
    assert "scene" not in content
    assert {layer["kind"] for layer in moving(content)} == {"line", "marks"}
    assert sum(map(len, buffers)) < 6000


def test_vertices_are_where_matplotlib_draws_them():
    explorer, ax, line = line_explorer()
    browser = Browser(explorer)
    content, _ = browser.ask(screen=2, slope=0.25)
    (layer,) = moving(content)
    start, count = layer["at"]
    found = browser.vertices()[start : start + count].reshape(-1, 2)
    expected = ax.transData.transform([[0, 0], [1, 0.25]])
    height = content["scene"]["size"][1]
    np.testing.assert_allclose(found, [[x, height - y] for x, y in expected], rtol=0, atol=1 / 32)
    assert content["scene"]["size"] == [1120, 760]
    assert layer["width"] == pytest.approx(line.get_linewidth() * 200 / 72)


def test_only_the_newest_of_the_waiting_requests_is_computed():
    seen = []

    def update(slope):
        seen.append(slope)

    explorer, *_ = line_explorer(update, slope=slider(0, 1, 0.5))
    browser = Browser(explorer)
    browser.ask(screen=1)
    seen.clear()

    async def burst():
        for i in range(30):
            await asyncio.sleep(0)
            browser.number += 1
            request = {"view": "v", "id": browser.number, "values": {"slope": i / 30}}
            explorer._received(None, request, [])
        await explorer._task

    asyncio.run(burst())
    assert len(seen) <= 2
    assert seen[-1] == 29 / 30
    assert browser.answers[-1][0]["id"] == browser.number


def test_a_legend_stays_above_the_line_that_moves():
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1], label="line")
    ax.legend()

    def update(slope):
        line.set_ydata([0, slope])

    browser = Browser(explore(figure, update, slope=slider(0, 1, 0.5)))
    content, buffers = browser.ask(screen=1)
    (above,) = content["scene"]["between"]
    assert buffers[above["image"]].startswith(b"\x89PNG")
    assert content["draw"][-1] == {"kind": "still", "part": 0}


@pytest.mark.parametrize(
    "worst", [np.nan, np.inf, 1e300, -1e300], ids=["nan", "inf", "1e300", "-1e300"]
)
def test_far_and_missing_points_stay_within_what_a_canvas_takes(worst):
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1, 2], [0, 1, 2], "o-")
    dots = ax.scatter([0, 1], [0, 1])
    ax.set(xlim=(0, 2), ylim=(0, 2))

    def update(bad):
        line.set_ydata([0, worst if bad else 1, 2])
        dots.set_offsets([[0, worst if bad else 1], [1, 1]])

    browser = Browser(explore(figure, update, bad=toggle()))
    browser.ask(screen=1)
    content, _ = browser.ask(bad=True)
    assert not content["failed"]
    vertices = browser.vertices()
    assert np.all((np.abs(vertices) <= 1e6) | np.isnan(vertices))
    assert browser.explorer.png().startswith(b"\x89PNG")


def test_a_line_toward_a_far_point_keeps_its_slope():
    explorer, ax, line = line_explorer()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    browser = Browser(explorer)
    browser.ask(screen=1)
    line.set_data([0, 1e200], [0, 0.5e200])
    explorer.update = lambda slope: line.set_data([0, 1e200], [0, 0.5e200])
    content, _ = browser.ask(slope=0.7)
    start, _ = moving(content)[0]["at"]
    x0, y0, x1, y1 = browser.vertices()[start : start + 4]
    box = ax.bbox
    assert (y0 - y1) / (x1 - x0) == pytest.approx(0.5 * box.height / box.width, rel=1e-3)


def test_everything_that_moves_reaches_the_browser():
    figure, ax = plots.figure()
    x = np.linspace(0, 6, 30)
    region = ax.fill_between(x, 0, np.sin(x))
    bar = ax.bar([1], [1])[0]
    text = ax.text(1, 1, "one")
    image = ax.imshow(np.zeros((3, 3)), extent=(0, 6, -1, 1))
    ax.set(xlim=(0, 6), ylim=(-2, 2))

    def update(size):
        edge = np.r_[0 * x, size * np.sin(x[::-1])]
        region.set_verts([np.column_stack([np.r_[x, x[::-1]], edge])])
        bar.set_height(size)
        text.set_text(f"{size}")
        image.set_data(np.full((3, 3), size))

    browser = Browser(explore(figure, update, size=slider(0, 2, 1)))
    browser.ask(screen=1)
    content, buffers = browser.ask(size=1.5)
    content, buffers = browser.ask(size=1.2)
    kinds = [layer["kind"] for layer in moving(content)]
    assert sorted(kinds) == ["area", "area", "image", "image"]
    assert "scene" not in content
    for layer in content["draw"]:
        if layer["kind"] == "image":
            assert buffers[layer["image"]].startswith(b"\x89PNG")


def test_arrows_move_as_outlines_where_matplotlib_draws_them():
    figure, ax = plots.figure()
    look = {"angles": "xy", "scale_units": "xy", "scale": 1}
    arrow = ax.quiver([0.0], [0.0], [1.0], [1.0], **look)
    ax.set(xlim=(0, 4), ylim=(0, 4))

    def update(tail, push):
        arrow.set_offsets((tail, 1))
        arrow.set_UVC(push, 1e-9)  # so flat that Agg cannot fill some of them

    browser = Browser(explore(figure, update, tail=slider(0, 2, 1), push=slider(0.01, 2, 1)))
    browser.ask(screen=1)
    browser.ask(tail=0)
    for tail, push in ((1.5, 2), (0.5, 0.25)):
        content, _ = browser.ask(tail=tail, push=push)
        (layer,) = moving(content)
        start, count = layer["at"]
        outline = browser.vertices()[start : start + count].reshape(-1, 2)
        height = figure.canvas.get_renderer().height
        ends = ax.transData.transform([(tail, 1), (tail + push, 1)]) * [1, -1] + [0, height]
        assert layer["kind"] == "area"
        np.testing.assert_allclose(outline.min(axis=0)[0], ends[0][0], atol=0.1)
        np.testing.assert_allclose(outline.max(axis=0)[0], ends[1][0], atol=0.1)
        np.testing.assert_allclose(np.mean(outline[:-1, 1]), ends[0][1], atol=0.5)


def test_another_landscape_is_drawn_once_and_then_stays_still():
    figure, ax = plots.figure()
    ground, trail = plots.contour(ax, banana), plots.path(ax)

    def update(landscape, lr):
        ground.show(landscape)
        trail.show(descend(landscape, GradientDescent(lr=lr), (1, 1), steps=20))

    flat = [banana, LANDSCAPES["beale"]]
    explorer = explore(figure, update, landscape=choice(flat), lr=slider(0, 0.01, 0.005))
    browser = Browser(explorer)
    browser.ask(screen=1)
    content, _ = browser.ask(landscape=1)
    assert "scene" in content
    content, buffers = browser.ask(landscape=1, lr=0.002)
    assert "scene" not in content
    assert sum(map(len, buffers)) < 8000


def test_a_heat_map_moves_as_an_image_of_itself_alone():
    figure, (left, right) = plots.figure(2)
    image = left.imshow(np.zeros((40, 40)), vmin=0, vmax=1)
    plots.contour(right, banana)
    browser = Browser(
        explore(
            figure, lambda heat: image.set_data(np.full((40, 40), heat)), heat=slider(0, 1, 0.5)
        )
    )
    content, buffers = browser.ask(screen=1)
    scene = content["scene"]
    parts = [scene["below"], *(part["image"] for part in scene["between"])]
    whole = sum(len(buffers[part]) for part in parts)
    content, buffers = browser.ask(heat=0.75)
    assert "scene" not in content
    (layer,) = moving(content)
    picture = np.asarray(Image.open(io.BytesIO(buffers[layer["image"]])))
    box = left.bbox
    assert picture.shape[:2] == pytest.approx((box.height, box.width), abs=2)
    assert len(buffers[layer["image"]]) < whole / 5


def test_twenty_thousand_points_move_as_vertices():
    figure, ax = plots.figure()
    places = np.random.default_rng(0).random((20_000, 2))
    dots = ax.scatter(*places.T, s=4)
    browser = Browser(
        explore(figure, lambda x: dots.set_offsets(places + np.array([x, 0])), x=slider(0, 1, 0))
    )
    browser.ask(screen=1)
    content, _ = browser.ask(x=0.5)
    (layer,) = moving(content)
    assert layer["kind"] == "marks"
    assert layer["at"][1] == 40_000
    start = layer["at"][0]
    found = browser.vertices()[start : start + 40_000 : 2]
    expected = ax.transData.transform(places + np.array([0.5, 0]))[:, 0]
    # matplotlib puts each of them in the middle of a pixel.
    np.testing.assert_allclose(found, np.floor(expected + 0.5), rtol=0, atol=0)


def test_a_point_of_one_view_selects_what_another_shows():
    figure, (rates, hill) = plots.figure(2)
    rates.set(xscale="log", xlim=(1e-3, 0.1), ylim=(0, 0.99))
    plots.contour(hill, banana)
    trail = plots.path(hill)

    def update(chosen):
        lr, momentum = chosen
        walk = descend(banana, Momentum(lr=lr, momentum=momentum), (2, 2), steps=60)
        trail.show(walk)
        return f"{walk.losses[-1]:.6g}"

    browser = Browser(explore(figure, update, chosen=point(rates, (0.01, 0.5))))
    content, _ = browser.ask(screen=1)
    assert content["scene"]["axes"][0]["x"][2], "the axis is logarithmic"
    content, _ = browser.ask(chosen=[0.02, 0.9])
    walk = descend(banana, Momentum(lr=0.02, momentum=0.9), (2, 2), steps=60)
    assert content["standing"] == f"{walk.losses[-1]:.6g}"


def test_the_points_of_lines_that_stay_are_told_to_the_browser():
    figure, ax = plots.figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.plot([0.25, 0.5, 7, np.nan], [0.5, 0.75, 0, 0])
    ax.axhline(0.3)
    (line,) = ax.plot([0, 1], [0, 0.1])
    browser = Browser(explore(figure, lambda y: line.set_ydata([0, y]), y=slider(0, 1, 0.1)))
    content, _ = browser.ask(screen=1)
    (axes,) = content["scene"]["axes"]
    left, top, width, height = axes["box"]
    x, y = np.reshape(axes["points"], (-1, 2)).T
    np.testing.assert_allclose((x - left) / width, [0.25, 0.5], atol=1e-3)
    np.testing.assert_allclose(1 - (y - top) / height, [0.5, 0.75], atol=1e-3)


def test_new_axis_limits_draw_the_still_part_again():
    explorer, ax, _ = line_explorer()
    explorer.update = lambda slope: ax.set_ylim(0, 1 + slope)
    browser = Browser(explorer)
    browser.ask(screen=1)
    content, _ = browser.ask(slope=0.8)
    assert content["scene"]["axes"][0]["y"][:2] == [0, 1.8]


def test_a_view_that_turns_draws_the_still_part_again():
    figure = pyplot.figure()
    ax = figure.add_subplot(projection="3d")
    ax.plot_surface(*np.meshgrid([0, 1], [0, 1]), np.eye(2))
    explorer = explore(figure, lambda turn: ax.view_init(30, turn), turn=slider(0, 360, 45))
    browser = Browser(explorer)
    before = browser.ask(screen=1)[0]["on"]
    turned = browser.ask(turn=90)[0]
    assert "scene" in turned
    assert turned["on"] != before
    assert "scene" not in browser.ask(turn=90)[0]


def test_points_are_kept_inside_their_bounds():
    explorer = design_example()
    browser = Browser(explorer)
    browser.ask(screen=1, start=[99, -99])
    assert explorer.values["start"] == (2.6, -1.2)


def test_a_point_on_a_curve_is_a_single_number():
    figure, ax = plots.figure()
    plots.curve(ax, quartic)
    trail = plots.path(ax)

    def update(start):
        walk = descend(quartic, GradientDescent(lr=0.001), start, steps=1)
        trail.show(walk)
        return f"w = {walk.points[-1, 0]:.5f}"

    explorer = explore(figure, update, start=point(ax, -1.5))
    assert explorer.standing == "w = -1.46625"
    assert explorer.set(start=2.25) == "w = 2.25000"


def test_only_a_slider_that_is_to_play_gets_buttons():
    figure, _ = plots.figure()
    explorer = explore(
        figure,
        lambda steps, batch: None,
        steps=int_slider(0, 100, 50, play=True),
        batch=int_slider(1, 9, 4),
    )
    assert explorer._canvas.plays == ["steps"]


def test_a_step_slider_shows_the_path_up_to_its_step():
    figure, ax = plots.figure()
    plots.contour(ax, banana)
    trail = plots.path(ax)
    walk = descend(banana, GradientDescent(lr=0.02), (2, 2), steps=50)
    explorer = explore(
        figure, lambda k: trail.show(walk, upto=k), k=int_slider(0, 50, 50, play=True)
    )
    for k in (0, 17, 50):
        explorer.set(k=k)
        drawn = np.array(ax.lines[1].get_xydata())
        np.testing.assert_array_equal(drawn[: k + 1], walk.points[: k + 1])
        assert not np.isfinite(drawn[k + 1 :]).any()


# ------------------------------------------------------------------------------------- sweeps


def test_a_sweep_holds_the_frames_that_single_requests_bring(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 60)
    browser = Browser(design_example())
    browser.ask(screen=1)
    places = [0.01, 0.02, 0.04]
    content, buffers = browser.sweep("lr", places, momentum=0.5)
    assert len(content["frames"]) == 3
    for place, frame in zip(places, content["frames"], strict=True):
        alone, its_buffers = browser.ask(lr=place, momentum=0.5)
        assert frame["standing"] == alone["standing"]
        assert frame["draw"] == alone["draw"]
        assert frame["on"] == alone["on"]
        assert buffers[frame["vertices"]] == its_buffers[alone["vertices"]]


def test_a_packed_sweep_holds_the_same_in_a_fraction_of_the_bytes(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 60)
    browser = Browser(design_example())
    browser.ask(screen=1)
    places = np.linspace(0.02, 0.05, 8).tolist()
    plain, buffers = browser.sweep("lr", places, momentum=0.5)
    content, (packed,) = browser.sweep("lr", places, unpacks=True, momentum=0.5)
    assert "frames" not in content
    whole, parts = zlib.decompress(packed), []
    for length in content["packed"]:
        parts.append(whole[:length])
        whole = whole[length:]
    assert whole == b""
    assert json.loads(parts[0]) == plain["frames"]
    assert parts[1:] == buffers
    assert len(packed) < 0.4 * (len(json.dumps(plain["frames"])) + sum(map(len, buffers)))


def test_a_sweep_leaves_figure_values_and_standing_as_they_were():
    explorer, _, line = line_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1, slope=0.25)
    browser.sweep("slope", [0.3, 0.5, 1.0])
    assert list(line.get_ydata()) == [0, 0.25]
    assert explorer.values == {"slope": 0.25}
    assert explorer.standing == "slope 0.25"
    assert explorer.error is None


def swept(monkeypatch, parent=None):
    """Return a kernel's shell, an explorer whose reader stands at 0.25, its line, and a sweep."""
    shell = SimpleNamespace(get_parent=lambda: parent or {})
    shell.events = EventManager(shell, available_events)
    monkeypatch.setattr(builtins, "get_ipython", lambda: shell, raising=False)
    explorer, _, line = line_explorer()
    Browser(explorer).ask(screen=1, slope=0.25)
    wanted = {"view": "v", "id": 9, "sweep": "slope", "at": [0.3, 1.0], "values": {}}
    return shell, explorer, line, wanted


def test_a_cell_between_two_slices_finds_the_figure_as_its_reader_sees_it(monkeypatch):
    shell, explorer, line, wanted = swept(monkeypatch)
    explorer._answer_sweep(wanted)
    assert list(line.get_ydata()) == [0, 1]
    shell.events.trigger("pre_execute")
    assert list(line.get_ydata()) == [0, 0.25]
    seen = explorer.png()
    explorer._answer_sweep(wanted)
    assert explorer.png() == seen  # a picture that is saved meanwhile


def test_what_a_drag_sends_does_not_take_its_figure_back_and_any_other_message_does(monkeypatch):
    parent: dict = {}
    shell, explorer, line, wanted = swept(monkeypatch, parent)
    its_own = [explorer._canvas, explorer.controls["slope"]]
    for to, height in [*((part.model_id, 1) for part in its_own), ("another's", 0.25)]:
        explorer._answer_sweep(wanted)
        parent["content"] = {"comm_id": to}
        shell.events.trigger("pre_execute")
        assert list(line.get_ydata()) == [0, height]


def test_a_sweep_comes_in_slices_of_time(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 0)
    explorer, *_ = line_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1)
    before = len(browser.answers)
    browser.sweep("slope", [0.1, 0.2, 0.4])
    slices = [content for content, _ in browser.answers[before:]]
    assert {content["sweep"] for content in slices} == {browser.number}
    said = [frame["standing"] for content in slices for frame in content["frames"]]
    assert said == ["slope 0.10", "slope 0.20", "slope 0.40"]
    assert [(content["made"], content["more"]) for content in slices] == [
        (1, True),
        (1, True),
        (1, False),
    ]
    assert explorer.values == {"slope": 0.5}


def test_a_frame_that_is_asked_for_comes_between_two_slices_and_a_newer_sweep_instead(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 0)
    explorer, *_ = line_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1)
    browser.answers.clear()

    async def hand():
        def received(**request):
            explorer._received(None, {"view": "v", "values": {}, **request}, [])

        received(id=2, sweep="slope", at=[0.1, 0.2, 0.3])
        received(id=3, sweep="slope", at=[0.4])
        received(id=4, values={"slope": 0.9})
        while not browser.answers or "sweep" not in browser.answers[-1][0]:
            await asyncio.sleep(0)
        received(id=5, sweep="slope", at=[0.8], instead=True)
        while explorer._sweeps:
            await asyncio.sleep(0)

    asyncio.run(hand())
    came = [
        (content.get("id"), content.get("sweep"), content.get("made"), content.get("more"))
        for content, _ in browser.answers
    ]
    assert came == [
        (4, None, None, None),
        (None, 2, 1, True),
        (None, 2, 0, False),
        (None, 3, 0, False),
        (None, 5, 1, False),
    ]


def test_a_newer_sweep_leaves_those_of_another_view_alone(monkeypatch):
    explorer, *_ = line_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1)
    browser.answers.clear()

    async def two_views():
        for number, view in enumerate("vwv"):
            request = {"view": view, "id": number, "sweep": "slope", "at": [0.1], "values": {}}
            explorer._received(None, request | {"instead": True}, [])
        while explorer._sweeps:
            await asyncio.sleep(0)

    asyncio.run(two_views())
    came = [(content["view"], content["sweep"], content["made"]) for content, _ in browser.answers]
    assert came == [("v", 0, 0), ("w", 1, 1), ("v", 2, 1)]


def test_a_cell_waits_for_one_slice_of_a_sweep_and_a_request_for_none():
    explorer = design_example()
    browser = Browser(explorer)
    browser.ask(screen=1)
    order = []
    send = explorer._canvas.send
    explorer._canvas.send = lambda content, buffers=None: (
        order.append("slice" if "frames" in content else "frame"),
        send(content, buffers),
    )

    async def session():
        for number in range(4):
            request = {"view": "v", "id": 10 + number, "sweep": "lr", "at": [0.01], "values": {}}
            explorer._received(None, request, [])
        asyncio.get_running_loop().call_later(0, order.append, "cell")
        explorer._received(None, {"view": "v", "id": 20, "values": {"lr": 0.02}}, [])
        await explorer._task

    asyncio.run(session())
    assert order.index("cell") <= 2
    assert order.index("frame") <= order.index("slice")
    assert order.count("slice") == 4


def test_places_that_fail_in_a_sweep_say_so():
    def inverse(x):
        return f"{1 / x:.1f}"

    browser = Browser(explore(plots.figure()[0], inverse, x=slider(0, 1, 0.5)))
    browser.ask(screen=1)
    content, _ = browser.sweep("x", [0])
    assert content["frames"][0]["failed"]
    assert "x = 0. ZeroDivisionError" in content["frames"][0]["standing"]
    assert browser.explorer.error is None


def test_a_place_with_other_axis_limits_is_left_out_of_a_sweep_and_the_picture_stays():
    explorer, ax, _ = line_explorer()
    explorer.update = lambda slope: ax.set_ylim(0, 1 if slope < 0.8 else 2)
    browser = Browser(explorer)
    shown = browser.ask(screen=1)[0]["on"]
    content, _ = browser.sweep("slope", [0.9])
    assert content["frames"] == [None]
    after, _ = browser.answers[-1]
    assert after["on"] == shown
    assert "scene" not in after


# ------------------------------------------------------------------------------ what it leaves


def test_fifty_runs_of_a_cell_leave_no_more_than_one(monkeypatch):
    widgets = ipywidgets.widgets.widget._instances
    runs = itertools.count()
    monkeypatch.setattr(explorer_module, "_cell", lambda: ("a cell", next(runs)))
    line_explorer()
    gc.collect()
    before, figures = len(widgets), []
    for _ in range(50):
        explorer, *_ = line_explorer()
        figures.append(weakref.ref(explorer.figure))
    del explorer
    gc.collect()
    assert len(widgets) == before
    assert sum(figure() is not None for figure in figures) <= 1


def test_two_thousand_moves_leave_no_more_than_two_hundred():
    explorer = design_example()
    browser = Browser(explorer)
    browser.ask(screen=1.0)
    widgets = ipywidgets.widgets.widget._instances
    rates = itertools.cycle(np.logspace(-3, -0.6, 37))

    def move(times):
        for _ in range(times):
            browser.ask(lr=float(next(rates)), momentum=0.9, start=[-1.5, 2])
        browser.answers.clear()
        gc.collect()
        artists = len(explorer.figure.findobj())
        return len(widgets), artists, tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before, after = move(200), move(1800)
    finally:
        tracemalloc.stop()
    assert after[:2] == before[:2]
    assert after[2] < before[2] + 50_000


def test_two_explorers_of_one_cell_both_stay(monkeypatch):
    monkeypatch.setattr(explorer_module, "_cell", lambda: ("another cell", 1))
    first, second = design_example(), design_example()
    assert first._canvas.comm is not None
    assert second._canvas.comm is not None


def test_a_pyplot_figure_is_taken_over_and_not_shown_twice():
    figure, ax = pyplot.subplots()
    (line,) = ax.plot([0, 1], [0, 1])
    explore(figure, lambda slope: line.set_ydata([0, slope]), slope=slider(0, 1, 0.5))
    assert pyplot.get_fignums() == []


def test_it_runs_in_plain_python():
    code = """
import sys
from course_lib import plots
from course_lib.live import explore, slider
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])
print(explore(figure, lambda slope: f"slope {slope}", slope=slider(0, 1, 0.5)))
assert "matplotlib.pyplot" not in sys.modules and "torch" not in sys.modules
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "slope 0.5\n"), run.stderr


# -------------------------------------------------------------------- an update that takes a batch


def batch_explorer():
    """An explorer that keeps what its update was called with."""
    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)
    calls = []

    def update(lr, momentum, start):
        calls.append((np.shape(lr), np.shape(momentum)))
        walks = descend(banana, Momentum(lr=lr, momentum=momentum), start, steps=80)
        for walk in walks.runs():
            trail.show(walk)
            loss.show(walk)
            yield f"loss {walk.losses[-1]:.3g}"

    explorer = explore(
        figure,
        update,
        lr=log_slider(1e-3, 0.3, 0.1),
        momentum=slider(0, 0.99, 0.9),
        start=point(hill, (-1.5, 2)),
    )
    return explorer, calls


def test_an_update_that_yields_gets_a_sweep_as_one_batch(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 60)
    explorer, calls = batch_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1)
    browser.ask(lr=0.02)
    places = [0.1, 0.2, 0.5, 0.98]
    del calls[:]
    content, _ = browser.sweep("momentum", places, lr=0.02, start=[-1.5, 2])
    assert calls[0] == ((), (4, 1))
    assert len(calls) == 2, "one batch, and the figure put back"
    for momentum, frame in zip(places, content["frames"], strict=True):
        walk = descend(banana, Momentum(lr=0.02, momentum=momentum), (-1.5, 2), steps=80)
        assert frame["standing"] == f"loss {walk.losses[-1]:.3g}"


def test_the_frames_of_a_batch_are_those_of_one_call_for_each_place(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 60)
    explorer, _ = batch_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1)
    browser.ask(lr=0.3)  # it flies off, and the word that says so is known to move from now on
    browser.ask(lr=0.02)
    content, buffers = browser.sweep("lr", [0.01, 0.3], start=[-1.5, 2])
    for lr, frame in zip([0.01, 0.3], content["frames"], strict=True):
        browser.ask(lr=lr)
        single, single_buffers = browser.answers[-1]
        assert single["standing"] == frame["standing"]
        np.testing.assert_allclose(
            np.frombuffer(buffers[frame["vertices"]], np.float32),
            np.frombuffer(single_buffers[single["vertices"]], np.float32),
            rtol=1e-5,
        )


def test_a_batch_that_fails_is_gone_through_one_by_one(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 60)

    def inverse(x):
        for each in np.ravel(x):
            if each == 2:
                raise ValueError("no two")
            yield f"{1 / each:.2f}"

    explorer = explore(plots.figure()[0], inverse, x=slider(1, 4, 1, step=1))
    browser = Browser(explorer)
    browser.ask(screen=1)
    content, _ = browser.sweep("x", [1, 2, 4])
    said = [frame["standing"] for frame in content["frames"]]
    assert said == ["1.00", "This cannot be drawn for x = 2. ValueError: no two", "0.25"]
    assert [frame["failed"] for frame in content["frames"]] == [False, True, False]


def test_a_batch_takes_a_list_and_a_toggle_one_by_one_and_tours():
    explorer, _ = batch_explorer()
    assert explorer.tour(5) == []
    assert explorer.set(momentum=0) == explorer.standing
    assert "frames" in batch_explorer()[0].html(sweeps=["momentum"])


def test_many_toggles_stand_side_by_side_and_few_one_below_the_other():
    names = list("abcde")

    def made(chosen):
        def update(slope, **shown):
            return f"{slope:g} {sum(shown.values())}"

        toggles = {name: toggle(True) for name in chosen}
        return line_explorer(update, slope=slider(0, 1, 0.5), **toggles)[0]

    many, few = made(names), made(names[:2])
    slope, line = many.children[0].children
    assert [control.description for control in line.children] == names
    assert line.layout.flex_flow == "row wrap"
    assert [c.description for c in few.children[0].children] == ["slope", *names[:2]]
    assert many.set(a=False, e=False) == "0.5 3"
    many.close()
    assert line.comm is None
    assert all(control.comm is None for control in (slope, *line.children))


# ------------------------------------------------------------------- the picture can be trusted


def unseen_explorer(**words):
    """An explorer whose ground changes with nothing of the figure changing its state."""
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])
    secret = ModuleType("secret")  # what lies in a module is not looked at
    secret.width = 1.0

    class Odd(type(line)):
        def draw(self, renderer):
            self.set_linewidth(secret.width)
            super().draw(renderer)

    ax.add_line(Odd([0, 1], [1, 0]))

    def update(slope):
        line.set_ydata([0, slope])
        secret.width = 1 + 20 * slope

    return explore(figure, update, slope=slider(0, 1, 0.1), **words)


def test_a_tour_tells_which_pictures_are_not_the_ones_of_a_fresh_drawing():
    said = unseen_explorer().tour(2)
    assert any("is not the one that matplotlib draws afresh" in each for each in said)
    assert unseen_explorer(redraw=True).tour(2) == []


def test_at_rest_an_old_picture_is_found_and_drawn_anew():
    explorer = unseen_explorer()
    browser = Browser(explorer)
    browser.ask(screen=1, slope=0.1)
    shown, _ = browser.ask(slope=0.2)
    assert "scene" not in browser.ask(slope=0.9)[0]
    rest(explorer)
    content, _ = browser.answers[-1]
    assert content["scene"]
    assert content["on"] != shown["on"]
    browser.ask(slope=0.4)
    rest(explorer)
    assert "scene" in browser.ask(slope=0.3)[0], "from the second time on each is drawn as a whole"


def rest(explorer):
    """Do what an explorer does at rest, without the pauses in between."""
    for _ in explorer._at_rest():
        pass


async def asked(explorer, **request):
    explorer._received(None, {"view": "v", "id": 20, "values": {}} | request, [])
    await explorer._task


@pytest.mark.parametrize("held", [False, True])
def test_what_is_seen_is_compared_once_the_hand_has_left_the_page(held, monkeypatch):
    explorer, waits = design_example(), []

    async def noted(after):
        waits.append(after)

    Browser(explorer).ask(screen=1)
    monkeypatch.setattr(explorer, "_rest", noted)
    asyncio.run(asked(explorer, values={"lr": 0.02}, held=held))
    assert waits == [explorer_module.HELD if held else explorer_module.REST]


def test_at_rest_nothing_is_kept_twice(monkeypatch):
    monkeypatch.setattr(explorer_module, "REST", 0)
    explorer = design_example()
    Browser(explorer).ask(screen=1)

    async def session():
        await asked(explorer, values={"lr": 0.02})
        await explorer._resting
        before = explorer._resting
        await asked(explorer, sweep="lr", at=[0.03])
        return explorer._resting is before

    assert asyncio.run(session())
    assert explorer._canvas.standing == explorer.standing


@pytest.mark.parametrize("more", [{"values": {"lr": 0.05}}, {"sweep": "lr", "at": [0.03]}])
def test_who_asks_while_a_picture_is_kept_waits_for_one_drawing_alone(more, monkeypatch):
    monkeypatch.setattr(explorer_module, "REST", 0)
    explorer, drawn = design_example(), []
    Browser(explorer).ask(screen=1)
    picture = explorer._picture

    def seen(draw, last):
        drawn.append(explorer.values["lr"])
        if len(drawn) == 1:
            content = {"view": "v", "id": 21, "values": {}} | more
            asyncio.get_running_loop().call_soon(explorer._received, None, content, [])
        return picture(draw, last)

    monkeypatch.setattr(explorer, "_picture", seen)

    async def session():
        await asked(explorer, values={"lr": 0.02})
        interrupted = explorer._resting
        await asyncio.wait([interrupted])
        assert interrupted.cancelled()
        await explorer._task
        await explorer._resting

    asyncio.run(session())
    assert drawn == [0.02, explorer.values["lr"], explorer.values["lr"]]
    assert explorer._canvas.standing == explorer.standing


@pytest.mark.parametrize("laid_out", [True, False])
@pytest.mark.parametrize("widths", [(400,), (900, 400)])
def test_the_words_of_a_slow_explorer_are_written_for_the_width_they_are_seen_at(widths, laid_out):
    """Nothing slow is called unasked, but what it wrote for a wider picture would be cut."""
    picture, ax = plots.figure(size=(9, 4))
    if not laid_out:
        picture.set_layout_engine("none")
    name, wide = letters.word(ax), []

    def update(at):
        wide.append(ax.bbox.width)
        letters.write(name, "Adam", (at, 0.5), (3, 0))

    explorer = explore(picture, update, at=slider(0, 1, 0.5), alt="A name.")
    explorer._cost = 2 * explorer_module.SLOW
    for number, width in enumerate(widths):
        screen = {"scale": 1, "width": width, "ground": None}
        request = {"view": "v", "id": number, "values": {}, "screen": screen}
        explorer._received(None, request, [])
    assert wide[-1] == pytest.approx(ax.bbox.width, abs=2)
    assert wide[-1] < wide[0] / 1.5


def test_the_figure_goes_back_once_a_hand_has_asked_for_all_it_wants(monkeypatch):
    """Between the requests of one drag it would do so ten times a second, for nobody."""
    monkeypatch.setattr(explorer_module, "PAUSE", 0.01)
    seen = []

    def update(slope):
        seen.append(slope)

    explorer, *_ = line_explorer(update, slope=slider(0, 1, 0.5))
    Browser(explorer).ask(screen=1)
    seen.clear()

    async def session():
        await asked(explorer, sweep="slope", at=[0.1, 0.2])
        await asked(explorer, sweep="slope", at=[0.3])
        assert seen == [0.1, 0.2, 0.3]
        while len(seen) < 4:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(session(), 60))
    assert seen == [0.1, 0.2, 0.3, 0.5]
    asyncio.run(asked(explorer, sweep="slope", at=[0.4]))
    explorer.png()  # whoever looks at it sees it as it stands
    assert seen[-2:] == [0.4, 0.5]


@pytest.fixture
def layouts(monkeypatch):
    """Count how often a figure is laid out."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    done, execute = [], ConstrainedLayoutEngine.execute
    monkeypatch.setattr(
        ConstrainedLayoutEngine,
        "execute",
        lambda engine, figure: (done.append(figure), execute(engine, figure))[1],
    )
    return done


def test_what_is_seen_is_kept_without_another_layout(layouts):
    explorer = design_example()
    Browser(explorer).ask(screen=1)
    layouts.clear()
    list(explorer._keeping())
    assert not layouts
    assert "scene" not in explorer.frame([])


def test_a_page_that_turns_dark_has_the_picture_without_another_layout(layouts):
    explorer = design_example()
    browser = Browser(explorer)
    browser.ask(screen=1)
    layouts.clear()
    answer, buffers = browser.ask(screen=1, ground=[17, 17, 17])
    assert not layouts
    assert answer["scene"]["dark"]
    shown = explorer_module.composed(answer["scene"], buffers, answer, buffers)
    assert not explorer._is_old(shown)
    assert layouts


def test_a_first_move_draws_no_still_part_anew(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLICE", 3600)
    browser = Browser(design_example())
    assert "scene" in browser.ask(screen=1)[0]
    assert "scene" not in browser.ask(lr=0.03)[0]


def test_a_slow_picture_follows_a_point_that_was_told_before_it_was_asked_for(monkeypatch):
    monkeypatch.setattr(explorer_module, "SLOW", 0)  # as on a busy machine: each one takes long
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])

    def update(where):
        line.set_data([0, where[0]], [0, where[1]])
        return f"at {where[0]:g}"

    browser = Browser(explore(figure, update, where=point(ax, (0.25, 0.5))))
    browser.ask(screen=1)
    before = browser.vertices()
    browser.explorer._canvas.at = {"where": [0.75, 0.5]}
    content, _ = browser.ask(where=[0.75, 0.5])
    assert content["standing"] == "at 0.75"
    assert not np.array_equal(browser.vertices(), before)


def test_what_takes_long_is_called_for_nothing_but_its_picture(monkeypatch):
    monkeypatch.setattr(explorer_module, "REHEARSAL", 0)
    seen = []
    explorer, *_ = line_explorer(lambda slope: seen.append(slope))
    Browser(explorer).ask(screen=1)
    assert set(seen) == {0.5}


def test_an_end_that_takes_long_to_draw_ends_what_is_made_unasked(monkeypatch):
    monkeypatch.setattr(explorer_module, "REHEARSAL", 3600)
    monkeypatch.setattr(explorer_module, "SLOW", 50)
    explorer, *_ = line_explorer(lambda slope: time.sleep(0.1 * (slope == 0)))
    browser = Browser(explorer)
    content, _ = browser.ask(screen=1)
    assert content["cost"] >= 100
    assert browser.sweep("slope", [0.3])[0]["frames"] == []


def test_no_garbage_is_collected_while_a_picture_is_made():
    collects = []
    explorer, *_ = line_explorer(lambda slope: collects.append(gc.isenabled()))
    browser = Browser(explorer)
    browser.ask(screen=1)
    collects.clear()
    browser.ask(slope=0.2)
    browser.sweep("slope", [0.3])
    assert collects
    assert not any(collects[:2])
    assert gc.isenabled()


def test_a_rest_disturbs_no_sweep():
    browser = Browser(design_example())
    browser.ask(screen=1)
    browser.ask(lr=0.02)
    rest(browser.explorer)
    content, _ = browser.sweep("lr", [0.01])
    assert content["frames"][0] is not None
    assert "scene" not in browser.ask(lr=0.03)[0]


def test_a_tour_goes_back_to_where_it_stood():
    explorer = design_example()
    said = explorer.set(lr=0.2, start=(0, 0))
    assert explorer.tour(2) == []
    assert explorer.values == {"lr": 0.2, "momentum": 0.9, "start": (0.0, 0.0)}
    assert explorer.standing == said


def test_a_wrong_value_moves_nothing():
    explorer = design_example()
    with pytest.raises(ValueError, match="start must lie"):
        explorer.set(lr=0.2, start=(99, 0))
    assert explorer.values["lr"] == 0.1
    assert explorer.controls["lr"].value == 0.1


def test_what_is_set_before_it_is_shown_is_what_is_shown():
    explorer = design_example()
    first, _ = explorer._repr_mimebundle_()
    explorer.set(lr=0.2, start=(0, 0))
    data, _ = explorer._repr_mimebundle_()
    assert data["image/png"] != first["image/png"]
    assert data["text/plain"] == explorer.standing == explorer._canvas.standing
    assert explorer._canvas.at == {"start": [0.0, 0.0]}


@pytest.mark.parametrize("name", ["figure", "update"])
def test_a_control_may_be_called_as_an_argument_is(name):
    explorer = explore(plots.figure()[0], lambda **all_of: str(all_of), **{name: slider(0, 1, 0.5)})
    assert explorer.values == {name: 0.5}


def test_a_control_called_alt_is_told_to_take_another_name():
    with pytest.raises(TypeError, match="another name than alt"):
        explore(plots.figure()[0], lambda alt: None, alt=slider(0, 1, 0.5))
