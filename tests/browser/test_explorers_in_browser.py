"""What a reader does with an explorer in real JupyterLab, and what the explorer does then."""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image
from servers import IN_KERNEL, PATIENCE

pytestmark = pytest.mark.browser

IMPORTS = """
import time
from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.live import explore, int_slider, log_slider, point, slider
from course_lib.optimizers import Momentum
"""
WALK = """
figure, (hill, curve) = plots.figure(2)
plots.contour(hill, banana)
trail, loss = plots.path(hill), plots.loss_curve(curve)

def update(momentum, lr, start):
    walk = descend(banana, Momentum(lr=lr, momentum=momentum), start, steps=200)
    trail.show(walk)
    loss.show(walk)
    return f"momentum {momentum:.2f}, rate {lr:.4f}: loss {walk.losses[-1]:.1e}"

walk = explore(figure, update, momentum=slider(0, 0.99, 0.5),
               lr=log_slider(1e-3, 0.1, 0.02), start=point(hill, (-1.5, 2)))
walk
"""
READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle";
}"""
LIVE = """count => {
  const all = [...document.querySelectorAll(".course-explorer")];
  return all.length === count && all.every(one => one.dataset.live === "true");
}"""
# The explorers' own messages to the kernel: those for a frame, and those for a sweep.
COUNT = """
window.sent = { frames: 0, sweeps: 0 };
const words = new TextDecoder();
window.WebSocket = class extends WebSocket {
  send(data) {
    const text = typeof data === "string" ? data : words.decode(data);
    if (text.includes('"method":"custom"'))
      window.sent[text.includes('"sweep"') ? "sweeps" : "frames"] += 1;
    super.send(data);
  }
};
"""


BOTH = pytest.mark.parametrize("front", ["JupyterLab", "Notebook 7"])


def opened(
    page, lab, name: str, *cells: str, front: str = "JupyterLab", explorers: int | None = None
) -> None:
    """Open a notebook of these cells and run it, each front end one of its own, with its kernel.

    Each cell shows an explorer, or only as many as `explorers` says.
    """
    name = f"{front.split()[0].lower()}-{name}"
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source.strip(),
        }
        for number, source in enumerate((IMPORTS, *cells))
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    notebook |= {"nbformat": 4, "nbformat_minor": 5}
    (lab.folder / name).write_text(json.dumps(notebook))
    page.add_init_script(COUNT)
    if front == "Notebook 7":
        pytest.importorskip("notebook")
        page.goto(f"{lab.url}/notebooks/{name}?token={lab.token}")
    else:
        page.goto(lab.address(name))
    page.wait_for_function(READY)
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(LIVE, arg=len(cells) - 1 if explorers is None else explorers)


WARM = """() => {
  const explorer = document.querySelector(".course-explorer");
  const canvas = explorer.querySelector("canvas");
  return explorer.dataset.warm === "true" && Math.abs(canvas.width - canvas.clientWidth) <= 2;
}"""


def warm(page) -> None:
    """Wait until the sweep of the first explorer is there, for the width the picture came to.

    Where a busy machine makes a frame slow, none is made in advance until one that a reader asks
    for is quick: so ask now and then.
    """
    handle, end = page.locator(".noUi-handle").first, time.monotonic() + PATIENCE
    for look in itertools.count(1):
        if page.evaluate(WARM):
            return
        assert time.monotonic() < end, f"no sweep after {look} looks"
        if look % 40 == 0:
            handle.press("ArrowRight")
            page.wait_for_timeout(500)
            handle.press("ArrowLeft")
        page.wait_for_timeout(250)


def eventually(page, look: Callable[[], Any], right: Callable[[Any], bool]) -> Any:
    """Look again and again until what is seen is right, and return it."""
    end = time.monotonic() + PATIENCE
    while not right(seen := look()):
        assert time.monotonic() < end, seen
        page.wait_for_timeout(100)
    return seen


def written(text: str) -> str:
    """Return a sentence as the page writes its numbers: 6.6·10⁻⁷ for 6.6e-07, and a true minus."""

    def power(found: re.Match) -> str:
        digits, exponent = found[1], int(found[2])
        if -3 <= exponent <= 4:
            return f"{float(found[0]):.{max(len(digits.partition('.')[2]) - exponent, 0)}f}"
        raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{digits}·10{raised}"

    return re.sub(r"(?<![\w.])-(?=\d)", "−", re.sub(r"(\d+(?:\.\d+)?)e([+-]\d+)", power, text))


def at_rest(page, explorer: str) -> str:
    """Wait until kernel and page say the same of the first explorer, and return it."""

    def both():
        shown = page.locator(".course-standing").first.get_attribute("data-said")
        return page.evaluate(IN_KERNEL, f"print({explorer}.standing)"), shown

    return eventually(page, both, lambda said: said[0] == said[1])[0]


@contextmanager
def stopped_kernel(page) -> Iterator[None]:
    """Keep the kernel from answering anything, however long the block takes."""
    process = int(page.evaluate(IN_KERNEL, "import os; print(os.getpid())"))
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def drag(page, handle, reach: int, moves: int = 40) -> dict:
    """Drag a handle sideways; return how often the picture changed, and the messages sent."""
    x, y = pressed(page, handle)
    before = page.evaluate("window.sent")
    places, texts = set(), set()
    for move in range(1, moves + 1):
        page.mouse.move(x + reach * move / moves, y)
        page.wait_for_timeout(16)
        places.add(page.locator(".widget-readout").first.text_content())
        texts.add(page.locator(".course-standing").first.text_content())
    after = page.evaluate("window.sent")
    page.mouse.up()
    return {"places": len(places), "pictures": len(texts)} | {
        kind: after[kind] - before[kind] for kind in after
    }


@BOTH
def test_a_warm_slider_moves_with_no_word_to_the_kernel_even_while_it_is_blocked(page, lab, front):
    opened(page, lab, "warm.ipynb", WALK, front=front)
    handle = page.locator(".noUi-handle").first
    warm(page)
    assert page.evaluate(IN_KERNEL, "print(walk.values['momentum'], walk.standing[:13])") == (
        "0.5 momentum 0.50"
    )
    moved = drag(page, handle, 80)
    print(moved)
    assert moved["frames"] == moved["sweeps"] == 0
    assert moved["pictures"] >= 0.9 * moved["places"] > 10
    with stopped_kernel(page):
        moved = drag(page, handle, -100, moves=25)
    print(moved)
    assert moved["pictures"] >= 0.9 * moved["places"] > 10
    shown = page.locator(".course-standing").first.get_attribute("data-said")
    assert at_rest(page, "walk") == shown
    # The widget itself is told at rest.
    same = "print(walk.values['momentum'] == walk.controls['momentum'].value != 0.5)"
    eventually(page, lambda: page.evaluate(IN_KERNEL, same), lambda said: said == "True")


def pressed(page, handle) -> tuple[float, float]:
    """Press a handle with the mouse, and return where that is."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def for_a_second(page, read) -> set:
    """Return all that is read within a second."""
    seen = set()
    for _ in range(60):
        page.wait_for_timeout(16)
        seen.add(read())
    return seen


def test_what_the_kernel_repeats_late_does_not_bring_a_held_handle_back(page, lab):
    opened(page, lab, "repeats.ipynb", WALK)
    warm(page)
    readout = page.locator(".widget-readout").first
    x, y = pressed(page, page.locator(".noUi-handle").first)
    with stopped_kernel(page):
        page.mouse.move(x + 40, y)
        page.wait_for_timeout(400)  # at rest the kernel is told, and will repeat it
        page.mouse.move(x + 80, y)
        place = readout.text_content()
    seen = for_a_second(page, readout.text_content)
    page.mouse.up()
    assert seen == {place}


def test_the_mouse_belongs_to_a_slider_until_it_is_let_go(page, lab):
    opened(page, lab, "held.ipynb", WALK)
    momentum = page.locator(".widget-slider", has_text="momentum").first
    readout, bar = momentum.locator(".widget-readout"), momentum.locator(".noUi-target")
    page.evaluate("addEventListener('pointermove', ({target}) => (window.hears = target), true)")
    heard = "bar => window.hears !== bar && bar.contains(window.hears)"
    x, y = pressed(page, bar.locator(".noUi-handle"))
    for far in (20, 40):
        before = readout.text_content()
        page.mouse.move(x + far, y + 150)  # over another part of the page
        eventually(page, readout.text_content, lambda said, before=before: said != before)
        assert bar.evaluate(heard)
    page.mouse.up()
    place = readout.text_content()
    page.mouse.move(x, y + 160)
    assert not bar.evaluate(heard)
    assert for_a_second(page, readout.text_content) == {place}


GRIP = """
from course_lib.live import grip
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])

def update(slope):
    line.set_ydata([0, slope])

held = explore(figure, update, slope=grip(slider(0, 1, 0.5), ax, 0.2))
held
"""


def test_what_the_kernel_repeats_late_does_not_bring_a_held_grip_back(page, lab):
    opened(page, lab, "gripped.ipynb", GRIP)
    readout = page.locator(".widget-readout").first
    x, y = pressed(page, page.locator(".course-grip").first)
    with stopped_kernel(page):
        page.mouse.move(x + 60, y)
        page.mouse.up()  # the kernel is told, and will repeat it
        page.mouse.down()
        page.mouse.move(x + 120, y)
        place = readout.text_content()
    seen = for_a_second(page, readout.text_content)
    page.mouse.up()
    assert seen == {place}
    where = "print(f'{held.values[\"slope\"]:.3g}')"
    eventually(
        page, lambda: page.evaluate(IN_KERNEL, where), lambda said: float(said) == float(place)
    )


LIMITS = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])

def update(slope):
    ax.set_ylim(0, 2 if slope > 0.997 else 1)
    line.set_ydata([0, slope])
    return f"slope {slope:.2f}"

limited, views = explore(figure, update, slope=slider(0, 1, 0.5)), []
limited._canvas.on_msg(lambda _, content, buffers: views.append(content["view"]))
limited
"""


def test_what_is_made_in_advance_never_takes_the_picture_from_the_hand(page, lab):
    opened(page, lab, "limits.ipynb", LIMITS)
    warm(page)
    standing = page.locator(".course-standing")
    x, y = pressed(page, page.locator(".noUi-handle").first)
    page.mouse.move(x + 60, y)
    page.wait_for_timeout(500)
    place = standing.text_content()
    assert page.evaluate(IN_KERNEL, "print(limited.standing)") == "slope 0.50" != place
    # Beyond another limit the still part is another one, and has to be drawn once more.
    at = "{'view': views[-1], 'id': 0, 'sweep': 'slope', 'at': [1.0], 'values': {}}"
    page.evaluate(IN_KERNEL, f"limited._answer_sweep({at})")
    seen = for_a_second(page, standing.text_content)
    page.mouse.up()
    assert seen == {place}
    assert at_rest(page, "limited") == place


POINT = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])

def update(start):
    line.set_data([0, start[0]], [0, start[1]])

placed = explore(figure, update, start=point(ax, (0.5, 0.5)))
placed
"""


# What is told at rest is told after 150 milliseconds: here after two seconds.
LATER = """() => {
  const soon = window.setTimeout;
  window.setTimeout = (act, wait, ...about) => soon(act, wait === 150 ? 2000 : wait, ...about);
}"""


def test_what_the_kernel_repeats_late_does_not_bring_a_point_back(page, lab):
    opened(page, lab, "pointed.ipynb", POINT)
    canvas, ring = page.locator(".course-stage canvas").first, page.locator(".course-handle").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    with stopped_kernel(page):
        page.mouse.click(x + 60, y)
        page.wait_for_timeout(400)  # the kernel is told, and will repeat it
        page.evaluate(LATER)
        page.mouse.click(x - 90, y + 30)
        place = ring.get_attribute("aria-valuetext")
    assert for_a_second(page, lambda: ring.get_attribute("aria-valuetext")) == {place}
    where = "print(*(float(f'{part:.3g}') for part in placed.values['start']), sep=', ')"
    eventually(page, lambda: page.evaluate(IN_KERNEL, where), lambda said: said == place)


LATE = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])
late = []

def update(slope):
    if slope != 0.5 and not late:  # the first frame that is fetched in advance
        late.append(slope)
        time.sleep(0.6)
    line.set_ydata([0, slope])

explore(figure, update, slope=slider(0, 1, 0.5))
"""


def test_one_slow_frame_ends_the_sweeps_until_one_that_is_asked_for_is_quick(page, lab):
    opened(page, lab, "late.ipynb", LATE)
    slow = "print(late)"
    told = eventually(page, lambda: page.evaluate(IN_KERNEL, slow), lambda said: "0." in said)
    page.wait_for_timeout(1500)
    assert page.evaluate(IN_KERNEL, slow) == told
    assert page.locator(".course-explorer").get_attribute("data-warm") != "true"
    before = page.evaluate("window.sent.sweeps")
    page.locator(".noUi-handle").focus()

    def moved():  # on a busy machine a frame may be slow again
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(400)
        return page.evaluate("window.sent.sweeps")

    eventually(page, moved, lambda sweeps: sweeps > before)


PLAY = """
figure, hill = plots.figure()
plots.contour(hill, banana)
trail = plots.path(hill)
path = descend(banana, Momentum(lr=0.02, momentum=0.8), (-1.5, 2), steps=60)

def update(k):
    trail.show(path, upto=k)
    return f"step {k}"

played = explore(figure, update, k=int_slider(0, 60, 0, play=True))
played
"""


@BOTH
def test_play_runs_through_the_steps_in_the_page_and_pauses(page, lab, front):
    opened(page, lab, "play.ipynb", PLAY, front=front)
    warm(page)
    before = page.evaluate("window.sent")
    standing, run = page.locator(".course-standing"), page.locator(".course-run")
    assert standing.text_content() == "step 0"
    run.click()
    page.wait_for_function("document.querySelector('.course-standing').textContent >= 'step 3'")
    run.click()
    paused = at_rest(page, "played")
    number = int(paused.removeprefix("step "))
    assert 0 < number < 60
    assert page.evaluate("window.sent")["sweeps"] == before["sweeps"]
    page.wait_for_timeout(800)
    assert standing.text_content() == paused
    assert at_rest(page, "played") == paused
    page.get_by_label("Step forward").click()
    page.wait_for_function(
        "said => document.querySelector('.course-standing').textContent === said",
        arg=f"step {number + 1}",
    )
    page.locator(".course-play select").select_option("4")
    run.click()
    page.wait_for_function("document.querySelector('.course-run').ariaLabel === 'Play'")
    page.wait_for_function("document.querySelector('.course-standing').textContent === 'step 60'")


def lightness(png: bytes) -> np.ndarray:
    """Return how light each pixel is, from 0 to 1."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) / 255


@BOTH
def test_the_picture_follows_a_dark_theme_and_the_saved_one_stays_light(page, lab, front):
    opened(page, lab, "dark.ipynb", WALK, front=front)

    def seen():
        picture = page.locator(".course-stage").screenshot()
        folder = os.environ.get("COURSE_SCREENSHOTS")
        if folder:
            theme = page.evaluate("document.body.dataset.jpThemeLight")
            page.screenshot(path=f"{folder}/light-{theme}.png")
        return lightness(picture)

    def choose(theme, is_light):
        page.evaluate(
            "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})",
            f"JupyterLab {theme}",
        )
        page.wait_for_function(f"document.body.dataset.jpThemeLight === '{is_light}'")

    choose("Light", "true")  # Jupyter remembers what an earlier page chose
    eventually(page, seen, lambda light: light[3, 3] > 0.97)
    choose("Dark", "false")
    # What was dark ink on white is light ink on black.
    eventually(page, seen, lambda dark: dark[3, 3] < 0.15 and dark.max() - dark[3, 3] > 0.6)
    choose("Light", "true")
    saved = page.evaluate(
        IN_KERNEL, "from base64 import b64encode as b; print(b(walk.png()).decode())"
    )
    assert lightness(base64.b64decode(saved))[3, 3] > 0.97


RING = """
figure, hill = plots.figure()
hill.set(xlim=(0, 1), ylim=(0, 1))
(mark,) = hill.plot([0], [0], "s")
def update(start):
    mark.set_data([start[0]], [start[1]])
    return "Moved."
explore(figure, update, start=point(hill, (0.2, 0.3)))
"""


def test_reset_never_lies_on_the_picture_of_an_explorer_with_rings_alone(page, lab):
    opened(page, lab, "ring.ipynb", RING)
    stage = page.locator(".course-stage").bounding_box()
    reset = page.locator(".course-reset").bounding_box()
    assert reset["y"] >= stage["y"] + stage["height"]


def test_an_exported_page_moves_with_no_kernel_and_no_network(page, tmp_path):
    names: dict = {}
    exec(IMPORTS + WALK.rsplit("\n", 2)[0] + PLAY.rsplit("\n", 2)[0], names)
    first = names["walk"].html(sweeps=["momentum"])
    second = names["played"].html()
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{first}{second}", encoding="utf-8")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.context.set_offline(True)
    page.goto(file.as_uri())
    page.wait_for_function(LIVE, arg=2)
    canvas, standing = page.locator("canvas").first, page.locator(".course-standing")
    assert standing.first.text_content().startswith("momentum 0.50, rate 0.0200: loss")
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.locator("input[type=range]").first.focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "document.querySelector('.course-standing').textContent.startsWith('momentum 0.99')"
    )
    assert canvas.evaluate("canvas => canvas.toDataURL()") != before
    assert standing.nth(1).text_content() == "step 0"
    page.get_by_label("Step forward").click()
    page.wait_for_function(
        "document.querySelectorAll('.course-standing')[1].textContent === 'step 1'"
    )
    page.locator(".course-reset").first.click()
    page.wait_for_function(
        "document.querySelector('.course-standing').textContent.startsWith('momentum 0.50')"
    )
    assert canvas.evaluate("canvas => canvas.toDataURL()") == before
    # Who cannot see it hears the sentence as the handle is let go, not at each notch.
    box = page.locator("input[type=range]").first.bounding_box()
    across, y = box["x"] + box["width"] * np.array([0.5, 0.6, 0.7]), box["y"] + box["height"] / 2
    page.mouse.move(across[0], y)
    page.mouse.down()
    for x in across[1:]:
        page.mouse.move(x, y)
        page.wait_for_timeout(1000)
        assert standing.first.get_attribute("aria-busy") == "true"
    page.mouse.up()
    page.wait_for_function("document.querySelector('.course-standing').ariaBusy === 'false'")
    assert problems == []


TWO = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])

def rise(slope):
    line.set_ydata([0, slope])
    return f"slope {slope:.2f}"

second = explore(figure, rise, slope=slider(0, 1, 0.5))
second
"""


@BOTH
def test_two_explorers_resize_and_a_restarted_kernel(page, lab, front):
    opened(page, lab, "two.ipynb", WALK, TWO, front=front)
    standing = page.locator(".course-standing")
    warm(page)
    drag(page, page.locator(".noUi-handle").first, 60, moves=15)
    at_rest(page, "walk")
    assert standing.nth(1).text_content() == "slope 0.50"
    assert page.evaluate(IN_KERNEL, "print(second.standing)") == "slope 0.50"
    page.locator(".noUi-handle").nth(2).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "document.querySelectorAll('.course-standing')[1].textContent === 'slope 0.51'"
    )
    assert written(at_rest(page, "walk")) == standing.first.text_content()
    told = "print(second.standing)"
    eventually(page, lambda: page.evaluate(IN_KERNEL, told), lambda said: said == "slope 0.51")

    # In a narrow window the picture is drawn anew for the pixels it has.
    wide = page.evaluate("document.querySelector('.course-stage canvas').width")
    page.set_viewport_size({"width": 900, "height": 900})
    page.wait_for_function(
        """wide => {
          const canvas = document.querySelector(".course-stage canvas");
          return canvas.width < wide && Math.abs(canvas.width - canvas.clientWidth) <= 2;
        }""",
        arg=wide,
    )

    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function(
        """[...document.querySelectorAll(".course-standing")]
        .every(said => said.textContent.includes("Run this cell again"))"""
    )
    # Whoever moves a slider now sees why nothing happens, beside the slider.
    handle = page.locator(".noUi-handle").first
    handle.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".course-handle").first.focus()
    page.keyboard.press("ArrowRight")
    drag(page, handle, 30, moves=5)
    notice = page.locator(".course-notice").first
    assert "Run this cell again" in notice.text_content()
    box = notice.bounding_box()
    assert 0 <= box["y"] - handle.bounding_box()["y"] < 200
    assert box["y"] + box["height"] < 900
    page.wait_for_timeout(500)
    assert problems == []


@BOTH
def test_a_point_goes_where_it_is_clicked_dragged_and_pushed_by_the_arrow_keys(page, lab, front):
    opened(page, lab, "point.ipynb", WALK, front=front)
    ring = page.locator(".course-handle")
    start = "print(*(f'{x:.3g}' for x in walk.values['start']), sep=', ')"
    places = []

    def keep_place():
        """Wait until the kernel knows where the ring is, and keep the place if it is a new one."""

        def both():
            told, shown = page.evaluate(IN_KERNEL, start), ring.get_attribute("aria-valuetext")
            return [tuple(map(float, place.split(","))) for place in (told, shown)]

        told, _ = eventually(
            page, both, lambda seen: np.allclose(*seen, atol=0.011) and seen[0] not in places
        )
        places.append(told)

    ring.scroll_into_view_if_needed()
    box = ring.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    keep_place()
    page.mouse.click(x + 60, y + 40)
    keep_place()
    page.mouse.move(x + 60, y + 40)
    page.mouse.down()
    page.mouse.move(x + 100, y + 60, steps=8)
    page.mouse.up()
    keep_place()
    ring.focus()
    page.keyboard.press("ArrowLeft")
    keep_place()
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = places
    assert (x0, y0) == (-1.5, 2)
    assert x0 < x1 < x2
    assert y0 > y1 > y2
    assert x3 < x2
    assert y3 == y2


def test_a_finger_drags_a_slider_and_a_point(browser, lab):
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    try:
        page = context.new_page()
        page.set_default_timeout(240_000)
        opened(page, lab, "touch.ipynb", WALK)
        finger = context.new_cdp_session(page)
        standing = page.locator(".course-standing")

        def swipe(x, y, dx, dy, moves=12):
            for kind, at in [("touchStart", 0), *[("touchMove", i) for i in range(1, moves + 1)]]:
                place = {"x": x + dx * at / moves, "y": y + dy * at / moves}
                finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
                page.wait_for_timeout(20)
            finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        def middle(locator):
            locator.scroll_into_view_if_needed()
            box = locator.bounding_box()
            return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

        swipe(*middle(page.locator(".noUi-handle").first), 60, 0)
        page.wait_for_function(
            "!document.querySelector('.course-standing').textContent.startsWith('momentum 0.50')"
        )
        ring = page.locator(".course-handle")
        before, where = standing.text_content(), ring.bounding_box()
        swipe(*middle(ring), 50, -30)
        page.wait_for_function(
            "said => document.querySelector('.course-standing').textContent !== said", arg=before
        )
        eventually(page, ring.bounding_box, lambda moved: moved["x"] - where["x"] > 35)
        told = "print(walk.values['start'] != (-1.5, 2.0))"
        eventually(page, lambda: page.evaluate(IN_KERNEL, told), lambda said: said == "True")
    finally:
        context.close()


def test_a_second_view_and_a_reloaded_page_keep_where_a_point_was_put(page, lab):
    opened(page, lab, "views.ipynb", WALK, "walk")
    rings, readouts = page.locator(".course-handle"), page.locator(".widget-readout")
    start = "print(walk.values['start'], walk._canvas.at['start'])"
    rings.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    place = rings.first.get_attribute("aria-valuetext")
    assert place != "-1.5, 2"
    for ring in (0, 1):
        assert rings.nth(ring).get_attribute("aria-valuetext") == place

    def kept(said):
        values = [float(part.strip("()[],")) for part in said.split()]
        assert len(values) == 4
        wanted = [float(part) for part in place.split(",")]
        return np.allclose(values, [*wanted, *wanted], atol=0.01)

    eventually(page, lambda: page.evaluate(IN_KERNEL, start), kept)
    # A slider of the second view leaves the point where it was put.
    before = readouts.nth(2).text_content()
    page.locator(".noUi-handle").nth(2).focus()
    page.keyboard.press("ArrowRight")
    eventually(page, lambda: readouts.nth(2).text_content(), lambda shown: shown != before)
    at_rest(page, "walk")
    assert kept(page.evaluate(IN_KERNEL, start))
    page.evaluate(IN_KERNEL, "walk.set(start=(0.5, 1.5))")
    for ring in (0, 1):
        eventually(
            page, lambda at=ring: rings.nth(at).get_attribute("aria-valuetext"),
            lambda shown: shown == "0.5, 1.5",
        )  # fmt: skip
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    page.reload()
    page.wait_for_function(READY)
    page.wait_for_function(LIVE, arg=2)
    assert rings.first.get_attribute("aria-valuetext") == "0.5, 1.5"
    assert page.evaluate(IN_KERNEL, "print(walk.values['start'])") == "(0.5, 1.5)"


def test_a_second_reader_of_the_same_kernel_sees_the_same(page, lab):
    opened(page, lab, "readers.ipynb", WALK)
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    other = page.context.new_page()
    other.goto(lab.address("jupyterlab-readers.ipynb"))
    other.wait_for_function(READY)
    other.wait_for_function(LIVE, arg=1)
    both = (page, other)
    told = "print(walk.standing, walk.values['start'], sep='|')"

    def seen():
        said, place = page.evaluate(IN_KERNEL, told).split("|")
        x, y = map(float, place.strip("()").split(","))
        words = [one.locator(".course-standing").get_attribute("data-said") for one in both]
        rings = [
            one.locator(".course-handle").get_attribute("aria-valuetext").split(",") for one in both
        ]
        agree = words == [said, said] and np.allclose(np.float64(rings), [x, y], atol=0.01)
        return agree, said, place

    before = [eventually(page, seen, lambda now: now[0])]
    for one, part in ((other, ".noUi-handle"), (page, ".course-handle"), (other, ".course-handle")):
        one.bring_to_front()
        one.locator(part).first.focus()
        one.keyboard.press("ArrowRight")
        before.append(eventually(one, seen, lambda now: now[0] and now not in before))
    pictures = [
        one.locator("canvas").first.evaluate("canvas => canvas.toDataURL()") for one in both
    ]
    assert pictures[0] == pictures[1]
    other.close()


ENDS = """
figure, ax = plots.figure(size=(5, 2.4))
(line,) = ax.plot([0, 1], [0, 1])

def update(slope):
    if slope > 0.505:
        exit()
    line.set_ydata([0, slope])
    return f"slope {slope:.2f}"

ends = explore(figure, update, slope=slider(0, 1, 0.5))
ends
"""


def test_an_update_that_ends_the_kernel_is_told_and_the_kernel_lives(page, lab):
    opened(page, lab, "ends.ipynb", ENDS)
    standing = page.locator(".course-standing")
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    eventually(page, standing.text_content, lambda said: "update ends with SystemExit" in said)
    page.wait_for_timeout(1000)
    page.keyboard.press("ArrowLeft")
    eventually(page, standing.text_content, lambda said: said == "slope 0.50")
    assert at_rest(page, "ends") == "slope 0.50"


def test_the_number_beside_a_slider_takes_what_people_write(page, lab):
    opened(page, lab, "number.ipynb", WALK)
    box, handle = page.locator(".widget-readout").nth(1), page.locator(".noUi-handle").nth(1)
    rate = "print(walk.values['lr'], walk.controls['lr'].value)"

    def takes(text, meant):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        told = f"{meant} {meant}"  # to the last digit
        eventually(page, lambda: page.evaluate(IN_KERNEL, rate), lambda said: said == told)
        assert f"rate {meant:.4f}" in at_rest(page, "walk")
        assert box.text_content() == f"{meant:.3g}"

    for text, meant in {"0,05": 0.05, "1/80": 0.0125, "5e-2": 0.05, "0.0123": 0.0123}.items():
        box.click()
        page.keyboard.press("Control+A")
        takes(text, meant)
    # What is no number changes nothing, nor does leaving the box of a value with more digits.
    for text in ("five", "0.0234567"):
        box.click()
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    box.click()
    page.keyboard.press("Tab")
    same = "0.0234567 0.0234567"
    eventually(page, lambda: page.evaluate(IN_KERNEL, rate), lambda said: said == same)
    # One stop of the Tab key for a slider; a digit typed there goes into the box, which has a name.
    label = handle.get_attribute("aria-label")
    assert box.get_attribute("aria-label") == f"{label}, type a value"
    handle.focus()
    takes("0.02", 0.02)
    assert handle.evaluate("handle => handle === document.activeElement")
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("Tab")
    assert handle.evaluate("handle => handle === document.activeElement")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.isContentEditable")


def test_keys_on_a_ring_move_it_and_scroll_nothing(page, lab):
    opened(page, lab, "keys.ipynb", "print('\\n' * 80)", WALK, "print('\\n' * 80)", explorers=1)
    ring = page.locator(".course-handle").first
    ring.scroll_into_view_if_needed()
    ring.focus()
    where = """[...document.querySelectorAll('*')].map(one => one.scrollTop).filter(Boolean)"""
    page.wait_for_timeout(500)
    before = page.evaluate(where)
    assert before  # the notebook can scroll up and down
    seen = []
    for key in ("Home", "End", "PageUp", "Space", "PageDown", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(200)
        seen.append(ring.get_attribute("aria-valuetext"))
    home, end, up, space, down, one_up, left = seen
    assert (home, end) == ("-2.2, 2", "2.6, 2")
    assert up == space != end
    assert down == end
    assert len({home, end, up, one_up, left}) == 5
    page.locator(".noUi-handle").first.focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(500)  # Chromium scrolls smoothly
    assert page.evaluate(where) == before


def test_on_a_phone_the_last_controls_stay_in_view_above_a_long_picture(page, lab):
    opened(page, lab, "phone.ipynb", WALK, "print('\\n' * 80)", explorers=1)
    page.evaluate("jupyterapp.commands.execute('application:toggle-left-area')")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(  # the picture of the new width is longer, and comes when it is drawn
        """() => {
          const canvas = document.querySelector(".course-stage canvas");
          return canvas.height > canvas.width && Math.abs(canvas.width - canvas.clientWidth) <= 2;
        }"""
    )
    sheet = page.locator(".jp-WindowedPanel-outer").bounding_box()["y"]
    bars, stage = page.locator(".noUi-target"), page.locator(".course-stage")
    stage.evaluate("stage => stage.scrollIntoView({block: 'end'})")
    stage.evaluate("s => s.closest('.jp-WindowedPanel-outer').scrollBy(0, 300)")
    page.wait_for_timeout(500)
    assert stage.bounding_box()["y"] < sheet - 100
    for bar in bars.all():
        assert bar.bounding_box()["y"] > sheet


def test_what_an_explorer_needs_of_other_packages_is_still_there(page, lab):
    opened(page, lab, "parts.ipynb", WALK)
    seen = page.evaluate(
        """() => {
          const box = document.querySelector(".jupyter-widgets.widget-vbox");
          const bar = box?.querySelector(".noUi-target");
          return {
            "ipywidgets: the class .jupyter-widgets.widget-vbox of a VBox": Boolean(box),
            "ipywidgets: the class .widget-readout of a slider's number":
              box?.querySelectorAll(".widget-readout").length === 2,
            "noUiSlider: the class .noUi-target of a slider": Boolean(bar),
            "noUiSlider: the class .noUi-handle of a handle": Boolean(bar?.querySelector(".noUi-handle")),
            "noUiSlider: .noUiSlider.set(value, fire, exact) of its element":
              typeof bar?.noUiSlider?.set === "function" && bar.noUiSlider.courseExact === true,
            "ipywidgets: comm_live and layout of a widget":
              document.querySelector(".course-notice")?.textContent === "",
          };
        }"""  # noqa: E501
    )
    gone = [part for part, there in seen.items() if not there]
    assert not gone, f"A new version has taken away what the page uses of {'; '.join(gone)}."
    page.locator(".course-handle").focus()
    page.keyboard.press("a")  # Jupyter: a new cell above
    assert page.locator(".jp-CodeCell").count() == 2, (
        "Lumino no longer heeds data-lm-suppress-shortcuts: keys on a point are Jupyter's commands."
    )


SLOW = """
figure, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])
called = []

def update(slope):
    called.append(slope)
    time.sleep(1.5)
    line.set_ydata([0, slope])
    return f"slope {slope:.2f}"

slow = explore(figure, update, slope=slider(0, 1, 0.5))
slow
"""


def test_a_slow_explorer_computes_nothing_unasked_and_can_wait_for_release(page, lab):
    opened(page, lab, "slow.ipynb", SLOW)
    count = "print(len(called), set(called))"
    at_rest(page, "slow")
    once = "1 {0.5}"  # as it was made, and never unasked
    assert page.evaluate(IN_KERNEL, count) == once
    page.set_viewport_size({"width": 900, "height": 900})  # the picture is drawn anew, not computed
    page.wait_for_timeout(3000)
    assert page.evaluate(IN_KERNEL, count) == once
    page.get_by_label("update on release").check()
    handle, standing = page.locator(".noUi-handle"), page.locator(".course-standing")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    for move in range(1, 11):
        page.mouse.move(box["x"] + 5 + 6 * move, box["y"] + 5)
        page.wait_for_timeout(60)
    assert standing.text_content() == "slope 0.50"
    page.mouse.up()
    page.wait_for_selector(".course-busy")
    eventually(page, standing.text_content, lambda said: said != "slope 0.50")
    at_rest(page, "slow")
    assert page.locator(".course-busy").count() == 0
    assert page.evaluate(IN_KERNEL, count).startswith("2 ")


def test_an_exported_explorer_is_drawn_anew_for_a_phone(page, tmp_path):
    names: dict = {}
    exec(IMPORTS + PLAY.rsplit("\n", 2)[0], names)
    names["played"].save_html(tmp_path / "page.html")
    shapes = {}
    for width in (1366, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_function(LIVE, arg=1)
        stage = page.locator(".course-stage")
        shown = "s => s.dataset.words * s.clientWidth / parseFloat(s.dataset.wide)"
        assert stage.evaluate(shown) >= 11
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        shapes[width] = stage.evaluate("s => s.clientHeight / s.clientWidth")
    assert shapes[390] > 1.1 * shapes[1366]


def test_a_page_shows_the_same_piece_twice_or_a_picture_where_scripts_are_forbidden(
    browser, page, tmp_path
):
    names: dict = {}
    exec(IMPORTS + PLAY.rsplit("\n", 2)[0], names)
    piece = names["played"].html()
    file = tmp_path / "twice.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{piece}{piece}", encoding="utf-8")
    page.goto(file.as_uri())
    page.wait_for_function(LIVE, arg=2)
    assert page.locator("img").count() == 0
    page.get_by_label("Step forward").nth(1).click()
    eventually(
        page, page.locator(".course-standing").all_text_contents,
        lambda said: said == ["step 0", "step 1"],
    )  # fmt: skip

    context = browser.new_context(java_script_enabled=False)
    quiet = context.new_page()
    quiet.goto(file.as_uri())
    picture = quiet.locator("img").first
    assert picture.get_attribute("alt") == names["played"].alt
    assert picture.bounding_box()["height"] > 200
    assert quiet.get_by_text("step 0").count() == 2
    context.close()

    broken = piece.rsplit('begin("', 1)
    name = broken[1].split('"')[0]
    file.write_text(f'<meta charset=utf-8>{broken[0]}begin("{name}", ["AAAA"]);</script>')
    page.goto(file.as_uri())
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Try again").wait_for()
    assert page.locator("img").count() == 1
