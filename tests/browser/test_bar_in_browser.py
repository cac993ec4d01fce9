"""What people miss from their tools: the bar over a picture, values under the pointer, and zoom."""

from __future__ import annotations

import re

import pytest
from servers import IN_KERNEL
from test_explorers_in_browser import eventually, opened

pytestmark = pytest.mark.browser

LINE = """
figure, ax = plots.figure(size=(7, 4))
(line,) = ax.plot([0, 1, 2], [0, 1, -2], "-")

def update(rise):
    line.set_ydata([0, rise, -2])
    return f"It rises to {rise:g}."

explorer = explore(figure, update, alt="A line.", rise=slider(0, 2, 1))
explorer
"""
SEEN = "bar => Number(getComputedStyle(bar).opacity)"
ZOOM = (
    "stage => Number(stage.querySelector('.course-sheet').style.getPropertyValue('--course-zoom'))"
)
PLACE = "stage => stage.querySelector('.course-sheet').style.transform"


@pytest.fixture(scope="module")
def shown(browser, lab):
    """The explorer in JupyterLab."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(120_000)
    page = context.new_page()
    opened(page, lab, "bar.ipynb", LINE)
    page.locator(".course-standing").scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    yield page
    context.close()


def button(page, name: str):
    return page.get_by_role("button", name=re.compile(name)).first


def told(page, words: str) -> None:
    """Wait until the bar has announced something."""
    page.locator(".course-told[role=status]", has_text=words).wait_for()


def test_the_bar_comes_when_the_pointer_is_on_the_picture_or_the_focus_on_it(shown):
    bar = shown.locator(".course-bar")
    eventually(shown, lambda: bar.evaluate(SEEN), lambda opacity: opacity == 0)
    shown.locator(".course-stage").hover()
    eventually(shown, lambda: bar.evaluate(SEEN), lambda opacity: opacity == 1)
    shown.mouse.move(5, 5)
    eventually(shown, lambda: bar.evaluate(SEEN), lambda opacity: opacity == 0)
    button(shown, "Save the picture as PNG").focus()
    eventually(shown, lambda: bar.evaluate(SEEN), lambda opacity: opacity == 1)


def test_the_bar_is_one_stop_of_the_tab_key_and_arrows_go_along_it(shown):
    names = "bar => [...bar.querySelectorAll('button')].map(b => b.getAttribute('aria-label'))"
    bar = shown.locator(".course-bar[role=toolbar]")
    expected = bar.evaluate(names)
    assert len(expected) >= 6
    button(shown, "Save the picture as PNG").focus()
    reached = []
    for _ in expected:
        reached.append(shown.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert bar.locator("button[tabindex='0']").count() == 1
        shown.keyboard.press("ArrowRight")
    assert reached == expected


@pytest.mark.parametrize(
    ("name", "begins"),
    [("picture as PNG", b"\x89PNG"), ("picture as SVG", b"<?xml"), ("as GIF", b"GIF8")],
)
def test_what_is_saved_by_the_keyboard_is_a_file_and_announced(shown, name, begins):
    button(shown, name).focus()
    with shown.expect_download() as saved:
        shown.keyboard.press("Enter")
    kind = name.split()[-1].lower()
    told(shown, f"Saved as picture.{kind}.")
    assert saved.value.suggested_filename == f"picture.{kind}"
    content = saved.value.path().read_bytes()
    assert content.startswith(begins)
    assert kind != "svg" or "−2.0" in content.decode()  # with a true minus


def test_the_value_of_the_nearest_point_is_told_under_the_pointer(shown):
    shown.locator(".noUi-handle").first.press("ArrowRight")  # what moved is known by its points
    shown.locator(".course-standing", has_text="It rises to 1.").wait_for()
    shown.locator(".course-standing").scroll_into_view_if_needed()
    box = shown.locator(".course-stage canvas").bounding_box()
    where = "print(*ax.transData.transform((2, -2)) / figure.bbox.size)"
    right, up = map(float, shown.evaluate(IN_KERNEL, where).split())
    shown.mouse.move(box["x"] + right * box["width"] - 3, box["y"] + (1 - up) * box["height"] - 2)
    tip = shown.locator(".course-tip.course-near:not([hidden])")
    tip.wait_for(timeout=60_000)
    assert tip.text_content() == "2, −2"


def test_the_picture_is_seen_closer_moved_and_seen_whole_again(shown):
    stage, canvas = shown.locator(".course-stage"), shown.locator(".course-stage canvas")
    canvas.hover()
    shown.keyboard.down("Control")
    shown.mouse.wheel(0, -300)
    shown.keyboard.up("Control")
    eventually(shown, lambda: stage.evaluate(ZOOM), lambda times: times > 1.5)
    told(shown, "Seen at")
    before = stage.evaluate(PLACE)
    shown.mouse.down()
    box = canvas.bounding_box()
    shown.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2, steps=4)
    shown.mouse.up()
    assert stage.evaluate(PLACE) != before
    canvas.dblclick()
    told(shown, "The whole picture.")
    assert stage.evaluate(PLACE) == ""


def test_the_keyboard_zooms_moves_and_shows_all(shown):
    stage = shown.locator(".course-stage")
    button(shown, "Closer").focus()
    shown.keyboard.press("Enter")
    shown.keyboard.press("+")
    eventually(shown, lambda: stage.evaluate(ZOOM), lambda times: times > 1.5)
    told(shown, "Seen at 156 %.")
    before = stage.evaluate(PLACE)
    stage.focus()
    shown.keyboard.press("ArrowRight")
    assert stage.evaluate(PLACE) != before
    shown.keyboard.press("0")
    told(shown, "The whole picture.")
    assert stage.evaluate(PLACE) == ""
