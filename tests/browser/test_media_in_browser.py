"""An explorer on paper, in forced colors, with large text, under a finger and with less motion."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from servers import IN_KERNEL
from test_explorers_in_browser import eventually, opened

from course_lib import plots
from course_lib.live import explore, point, slider

pytestmark = pytest.mark.browser

# Each kind of control, a handle on the picture, and words in it.
EVERYTHING = """
from course_lib.live import choice, marks, toggle

figure, (hill, curve) = plots.figure(2, size=(9.2, 3.6))
lines = [curve.plot([0, 1], [0, n])[0] for n in range(4)]
(line,) = hill.plot([0, 1], [0, 1])
number = hill.text(0.9, 0.1, "")

def update(steepness, k, kind, place, start, **shown):
    line.set_ydata([0, steepness])
    number.set_text(f"{k}")
    for n, each in enumerate(lines):
        each.set_visible(shown[f"run_{n}"])
    return f"Step {k} of the {kind} walk from {start[0]:.2f} has a slope of {steepness:.2f}."

explorer = explore(
    figure, update, alt="Lines.",
    steepness=slider(0, 1, 0.5, label="steepness of the line"),
    k=int_slider(0, 60, 30, play=True), kind=choice(["slow", "quick"], "slow"),
    place=choice([f"place {n} of a long list" for n in range(9)], "place 0 of a long list"),
    start=point(hill, (0.2, 0.8)),
    **{f"run_{n}": marks(toggle(True, label=f"run {n}"), lines[n]) for n in range(4)},
)
explorer
"""
# Words and what takes a hand, that cover each other or are cut off.
CROWDED = """() => {
  const card = document.querySelector(".course-card"), found = [];
  const parts = [...card.querySelectorAll(`.widget-label, .widget-readout, .course-reset,
    .course-play button, .course-play select, .course-segments span, .course-controls select,
    .noUi-handle, .course-standing, .course-stage, .widget-checkbox input`)]
    .filter((el) => el.checkVisibility({ visibilityProperty: true }));
  const boxes = parts.map((el) => [el, el.getBoundingClientRect()]);
  for (const [one, a] of boxes) {
    const words = one.matches(".widget-label, .course-segments span");
    if (words && one.scrollWidth > one.clientWidth + 1) found.push(`cut: ${one.textContent}`);
    if (a.right > innerWidth) found.push(`outside: ${one.className}`);
    for (const [two, b] of boxes) {
      if (one === two || one.contains(two) || two.contains(one)) continue;
      const level = a.top < b.bottom - 3 && b.top < a.bottom - 3;
      if (level && a.left < b.right - 2 && b.left < a.right - 2)
        found.push(`${one.className} over ${two.className}: ${two.textContent.slice(0, 20)}`);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def shown(browser, lab):
    """The explorer in JupyterLab at 1366 by 768, in the dark theme."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(120_000)
    page = context.new_page()
    opened(page, lab, "media.ipynb", EVERYTHING)
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme',{theme:'JupyterLab Dark'})")
    page.locator(".course-standing").scroll_into_view_if_needed()  # what is not seen stays as it is
    page.wait_for_function("document.querySelector('.course-stage').dataset.dark === 'true'")
    yield page
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme',{theme:'JupyterLab Light'})")
    context.close()


def seen(page, part: str) -> np.ndarray:
    """Return how light each pixel of a part is, from 0 to 1."""
    picture = Image.open(io.BytesIO(page.locator(part).first.screenshot()))
    return np.asarray(picture.convert("L")) / 255


def is_light(page, right: bool) -> None:
    eventually(
        page, lambda: seen(page, ".course-stage").mean(), lambda light: (light > 0.6) == right
    )


def color(page, part: str, of: str) -> float:
    """Return the luminance of a color that the browser worked out."""
    read = f"e => getComputedStyle(e)['{of}'].match(/[\\d.]+/g).map(Number)"
    red, green, blue, *_ = page.locator(part).first.evaluate(read)
    parts = np.array([red, green, blue]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_on_paper_picture_and_words_are_dark_on_white(shown):
    shown.emulate_media(media="print")
    try:
        is_light(shown, True)
        assert seen(shown, ".course-card").mean() > 0.8
        words = (".widget-label", ".course-standing", ".widget-readout", ".course-controls select")
        for part in words:
            assert color(shown, f".course-card {part}", "color") < 0.05, part
        gone = shown.locator(".course-reset, .course-play, .course-bar, .course-hint")
        assert not any(each.is_visible() for each in gone.all())
        assert shown.evaluate(CROWDED) == []
        assert shown.locator(".course-card").evaluate("e => getComputedStyle(e).breakInside") == (
            "avoid"
        )
    finally:
        shown.emulate_media(media="screen")
    is_light(shown, False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colors_leave_every_control_to_be_seen(shown, scheme):
    shown.emulate_media(forced_colors="active", color_scheme=scheme)
    try:
        ground = color(shown, "body", "backgroundColor")
        assert (ground > 0.5) == (scheme == "light")
        is_light(shown, scheme == "light")
        for part, of in (
            (".noUi-handle", "borderTopColor"),
            (".noUi-connects", "borderTopColor"),
            (".course-segments input:checked + span", "backgroundColor"),
            (".course-reset", "borderTopColor"),
            (".course-reset", "color"),
            (".course-play button", "color"),
        ):
            assert contrast(color(shown, part, of), ground) >= 3, part
        shown.locator(".noUi-handle").first.focus()
        shown.keyboard.press("ArrowRight")
        assert contrast(color(shown, ".noUi-handle", "outlineColor"), ground) >= 3
        ring = seen(shown, ".course-handle")
        assert np.ptp(ring) > 0.5
        # The swatches of the runs keep the colors of their lines.
        inks = shown.locator(".course-key").evaluate_all(
            "all => all.map(e => getComputedStyle(e).color)"
        )
        assert len(set(inks)) == 4
    finally:
        shown.emulate_media(forced_colors="none", color_scheme="light")


def test_words_grow_with_the_text_of_the_page_and_crowd_nothing(shown):
    sizes = "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))"
    words = shown.locator(".course-card .widget-label, .course-card .course-standing")
    assert shown.evaluate(CROWDED) == []
    before = words.evaluate_all(sizes)
    root = "document.documentElement.style"
    shown.evaluate(f"{root}.setProperty('--jp-content-font-size1', '28px')")
    try:
        assert words.evaluate_all(sizes) == pytest.approx([2 * size for size in before])
        eventually(shown, lambda: shown.evaluate(CROWDED), lambda found: found == [])
    finally:
        shown.evaluate(f"{root}.removeProperty('--jp-content-font-size1')")


def test_less_motion_is_asked_for_and_nothing_glides(shown):
    glides = """() => [...document.querySelectorAll(".course-card *")]
      .filter((e) => /[1-9]/.test(getComputedStyle(e).transitionDuration))
      .map((e) => e.className)"""
    assert shown.evaluate(glides) != []
    shown.emulate_media(reduced_motion="reduce")
    try:
        assert shown.evaluate(glides) == []
    finally:
        shown.emulate_media(reduced_motion="no-preference")


def test_the_code_that_is_copied_brings_back_where_points_and_lists_stood(shown):
    ring = shown.locator(".course-handle[tabindex]").first
    for key in ("ArrowLeft", "PageDown", "ArrowRight"):
        ring.press(key)
    shown.locator(".widget-dropdown > select:visible").first.select_option(index=3)
    shown.locator(".course-segments input").first.focus()
    shown.keyboard.press("ArrowRight")
    shown.locator(".widget-checkbox input").nth(2).press("Space")
    shown.locator(".noUi-handle").first.focus()
    shown.keyboard.press("End")
    eventually(
        shown,
        lambda: shown.evaluate(IN_KERNEL, "print(explorer.values)"),
        lambda said: "'quick'" in said and "place 3" in said and "1.0" in said and "False" in said,
    )
    button = shown.get_by_role("button", name="Copy where the controls stand as Python code")
    button.focus()
    shown.keyboard.press("Enter")
    told = shown.locator(".course-told")
    assert told.get_attribute("role") == "status"
    code = eventually(shown, told.text_content, lambda text: "explorer.set(" in text)
    back = f"""
before = dict(explorer.values)
explorer.reset()
{code.removeprefix("Copied: ")}
start = before.pop("start"), explorer.values["start"]
print(all(explorer.values[name] == value for name, value in before.items()),
      max(abs(one - two) for one, two in zip(*start)) < 1e-5)
"""
    assert shown.evaluate(IN_KERNEL, back) == "True True"


def static(folder: Path, words: str = "", start: tuple | None = None) -> tuple[str, list[float]]:
    """Write a page with an explorer that needs no kernel.

    Return its address, and where its axes lie: left, top, right and bottom, as parts of the stage.
    """
    figure, ax = plots.figure()
    (line,) = ax.plot([0, 1], [0, 1])
    ax.text(0.54, 0.5, words, va="center", fontsize=14)
    ax.set(xlim=(0, 1), ylim=(0, 1))

    def along(slope):
        line.set_data([0, 1], [0, slope])
        return f"The slope is {slope:.2f}."

    def to(start):
        line.set_data([0, start[0]], [0, start[1]])
        return f"It ends at {start[0]:.2f}."

    if start is None:
        explorer = explore(figure, along, alt="A line.", slope=slider(0, 1, 0.5))
    else:
        explorer = explore(figure, to, alt="A line.", start=point(ax, start))
    explorer.save_html(folder / "page.html")
    figure.draw_without_rendering()  # it was drawn for a phone last
    (left, low), (right, high) = ax.get_position().get_points()
    explorer.close()
    return (folder / "page.html").as_uri(), [left, 1 - high, right, 1 - low]


def test_a_swipe_across_a_slider_scrolls_and_one_along_it_moves_it(browser, tmp_path):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(static(tmp_path)[0])
    page.wait_for_selector("[data-live=true]")
    page.evaluate("document.body.style.paddingBottom = '2000px'")
    finger = context.new_cdp_session(page)
    bar = page.locator("input[type=range]").first
    value = lambda: bar.evaluate("e => e.value")  # noqa: E731

    def swipe(dx, dy, moves=12):
        box = bar.bounding_box()
        x, y = box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2
        for kind, at in [("touchStart", 0), *[("touchMove", i) for i in range(1, moves + 1)]]:
            place = {"x": x + dx * at / moves, "y": y + dy * at / moves}
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            page.wait_for_timeout(16)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_timeout(100)

    before = value()
    swipe(4, -200)
    assert page.evaluate("scrollY") > 100
    assert value() == before
    page.wait_for_timeout(1500)  # the page goes on for a while
    page.evaluate("scrollTo(0, 0)")
    swipe(90, 4)
    assert page.evaluate("scrollY") == 0
    assert value() != before
    context.close()


@pytest.mark.parametrize("start", [(0.5, 0.5), (0.99, 0.99), (0.01, 0.01), (0.01, 0.99)])
def test_the_hint_of_a_handle_lies_on_no_word_and_inside_the_axes(page, tmp_path, start):
    address, axes = static(tmp_path, "123456", start)
    page.goto(address)
    page.wait_for_function(
        """() => {
          const hint = document.querySelector(".course-hint");
          return hint && getComputedStyle(hint).visibility === "visible";
        }"""
    )
    hint, ring = page.locator(".course-hint"), page.locator(".course-handle").bounding_box()
    box, stage = hint.bounding_box(), page.locator(".course-stage").bounding_box()
    ends = [box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]]
    left, top, right, bottom = (
        (end - stage["xy"[n % 2]]) / stage[("width", "height")[n % 2]] for n, end in enumerate(ends)
    )
    assert axes[0] - 0.01 <= left < right <= axes[2] + 0.01
    assert axes[1] - 0.01 <= top < bottom <= axes[3] + 0.01
    apart = np.hypot(
        box["x"] + box["width"] / 2 - ring["x"] - 9, box["y"] + box["height"] / 2 - ring["y"] - 9
    )
    assert apart < 130
    hint.evaluate("e => e.style.opacity = 0")
    below = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("L")
    assert (np.asarray(below) < 130).mean() < 0.01
    page.locator(".course-handle").press("ArrowUp")
    assert hint.count() == 0  # whoever moved the point has read it


def test_who_leaves_the_full_screen_finds_the_picture_as_it_was_and_the_button_focused(shown):
    button = shown.get_by_role("button", name="Full screen").first
    wide = shown.locator(".course-stage").first.bounding_box()["width"]
    button.focus()
    shown.keyboard.press("Enter")
    shown.wait_for_function("document.fullscreenElement?.matches('.course-card')")
    eventually(
        shown,
        lambda: shown.locator(".course-stage").first.bounding_box()["width"],
        lambda now: now > 1.2 * wide,
    )
    # Escape is the browser's own key there; with no window it has none, and this is what it does.
    shown.evaluate("document.exitFullscreen()")
    shown.wait_for_function("!document.fullscreenElement")
    eventually(
        shown,
        lambda: shown.locator(".course-stage").first.bounding_box()["width"],
        lambda now: abs(now - wide) < 1,
    )
    assert button.evaluate("button => button === document.activeElement")
