"""The slides, built from the lectures and shown with no kernel and no network."""

from __future__ import annotations

import os
from pathlib import Path

import books
import pytest
from pages import BUILT, build

pytest.importorskip("sphinx_revealjs")
# The decks are cut from the lectures by size. Since these were rewritten, some slides hold a lone
# heading or too much; until each deck is chosen by hand, only who works on them runs this.
pytestmark = [
    *BUILT,
    pytest.mark.skipif(not os.environ.get("COURSE_SLIDES"), reason="COURSE_SLIDES=1 runs it"),
]

LECTURES = [path.stem for path in books.LECTURES]
# What is wrong with the slide that is shown, in words.
FAULTS = """() => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale(), found = [];
  const scrolls = slide.classList.contains("course-scrolls");
  const zoom = (el) => el ? (Number(getComputedStyle(el).zoom) || 1) * zoom(el.parentElement) : 1;
  const seen = [...slide.querySelectorAll("h1, h2, h3, p, li, td, pre, img, canvas, input, select")]
    .filter((el) => el.checkVisibility()).map((el) => [el, el.getBoundingClientRect()]);
  if (!seen.some(([el]) => !el.matches("h1, h2, h3"))) found.push("a lone heading");
  const foot = document.querySelector(".slide-number").getBoundingClientRect().top;
  for (const [el, box] of seen) {
    const what = `${el.localName} "${el.textContent.slice(0, 30)}"`;
    if (box.right > innerWidth + 1) found.push(`${what} leaves the screen`);
    if (box.bottom > foot + 1 && !scrolls) found.push(`${what} is below the screen`);
    if (el.matches("p, li, pre") && parseFloat(getComputedStyle(el).fontSize) * zoom(el) * scale <
        (el.matches("pre, .course-standing") ? 15 : 18) * innerHeight / 720 - 0.1)
      found.push(`${what} is too small`);
  }
  if (scrolls && slide.scrollHeight <= slide.clientHeight) found.push("nothing to scroll");
  if (scrolls && slide.querySelector("[data-explorer]")) found.push("an explorer is cut off");
  if (/Predict\\./.test(slide.innerText) && /What happens:/.test(slide.innerText))
    found.push("an answer beside its prediction");
  return found;
}"""
PIXELS = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module", params=LECTURES)
def deck(request, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("slides")
    build("slides.py", request.param[:2], "--out", str(out))
    return out / request.param


@pytest.mark.parametrize(
    ("size", "theme"), [((1280, 720), "light"), ((1920, 1080), "dark")], ids=["small", "large"]
)
def test_every_slide_fits_and_every_explorer_moves(deck, served, page, alone, size, theme):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{served(deck)}/index.html")
    page.wait_for_function("document.querySelector('.reveal.ready')")
    faults, explorers = [], 0
    for slide in range(1, 200):
        for explorer in page.locator("section.present section.present [data-explorer]").all():
            explorers += 1
            # Where only points move it, their handle takes the arrow keys.
            control = explorer.locator("input[type=range], select, .course-handle[tabindex]").first
            control.wait_for()
            canvas = explorer.locator("canvas")
            standing = explorer.locator(".course-standing")
            before = canvas.evaluate(PIXELS), standing.text_content()
            control.focus()
            for key in ("Home", "End", "ArrowLeft", "ArrowRight"):
                page.keyboard.press(key)
                page.wait_for_timeout(150)
                moved = (canvas.evaluate(PIXELS), standing.text_content()) != before
                if moved:
                    break
            if not moved:
                faults.append(f"slide {slide}: its explorer does not move")
        faults += [f"slide {slide}: {fault}" for fault in page.evaluate(FAULTS)]
        if page.evaluate("Reveal.isLastSlide()"):
            break
        # A presenter's remote turns the slide although the slider is focused.
        page.keyboard.press("PageDown")
        page.wait_for_function("n => Reveal.getSlidePastCount() === n", arg=slide)
    assert faults == []
    assert slide > 20
    assert explorers >= 2
    assert alone == []


def test_no_deck_shows_what_only_a_reader_at_work_needs(deck):
    page = (deck / "index.html").read_text(encoding="utf-8")
    for scaffold in ("No prediction recorded", "Not attempted", "google.colab", "exercises solved"):
        assert scaffold not in page
    assert "<mi>&</mi>" not in page  # a formula's own marks: an environment that MathML lacks


def test_d_turns_a_deck_dark_and_light_again(deck, served, page):
    page.emulate_media(color_scheme="light")
    page.goto(f"{served(deck)}/index.html")
    page.wait_for_function("document.querySelector('.reveal.ready')")
    for paper in ("rgb(20, 20, 20)", "rgb(255, 255, 255)"):
        page.keyboard.press("d")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
