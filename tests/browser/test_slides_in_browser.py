"""The slides, built from the lectures and shown with no kernel and no network."""

from __future__ import annotations

import re
from pathlib import Path

import books
import pytest
from website import BUILT, DIFFERS, SEEN, build

pytest.importorskip("sphinx_revealjs")
pytestmark = BUILT

LECTURES = [path.stem for path in books.LECTURES]
# What is wrong with the slide that is shown, in words. Sizes are those of a slide of 720 pixels.
FAULTS = """() => {
  const slide = Reveal.getCurrentSlide(), found = [];
  const zoom = (el) => el ? (Number(getComputedStyle(el).zoom) || 1) * zoom(el.parentElement) : 1;
  const size = (el) =>
    parseFloat(getComputedStyle(el).fontSize) * zoom(el) * Reveal.getScale() * 720 / innerHeight;
  const shown = "h1, h2, p, li, td, th, pre, math, img, canvas, input, select, button";
  const seen = [...slide.querySelectorAll(shown)]
    .filter((el) => !el.closest("aside") && el.checkVisibility())
    .map((el) => [el, el.getBoundingClientRect()]);
  if (!seen.some(([el]) => !el.matches("h1, h2"))) found.push("a lone heading");
  const foot = document.querySelector(".slide-number").getBoundingClientRect().top;
  for (const [el, box] of seen) {
    const what = `${el.localName} "${el.textContent.slice(0, 30)}"`;
    if (box.right > innerWidth + 1) found.push(`${what} leaves the screen`);
    if (box.bottom > foot + 1) found.push(`${what} is below the screen`);
    const least = el.matches("pre") ? 24 : el.closest("[data-explorer]") ? 0 : 24;
    if (el.matches("p, li, td, th, pre") && size(el) < least - 0.1)
      found.push(`${what} is too small`);
    if (el.matches("pre") && el.scrollWidth > el.clientWidth + 1) found.push(`${what} is cut off`);
  }
  // What a control is called, what it offers, and what an explorer says.
  const said = ".course-plain :is(span, output, select), .course-standing";
  for (const el of slide.querySelectorAll(said)) {
    if (!el.checkVisibility() || !el.textContent.trim()) continue;
    const what = `${el.localName} "${el.textContent.trim().slice(0, 30)}" of an explorer`;
    if (size(el) < 15) found.push(`${what} has words of ${size(el).toFixed(1)} pixels`);
    const inline = getComputedStyle(el).display === "inline";
    if (!inline && el.scrollWidth > el.clientWidth + 1) found.push(`${what} is cut off`);
  }
  for (const [el, box] of seen)
    if (el.matches(".course-stage canvas") && box.height < 230 * innerHeight / 720)
      found.push("an explorer too small to be seen");
  // Words in a box of their own: what can be dragged, and why a control has no effect.
  for (const el of slide.querySelectorAll(".course-hint, .course-why")) {
    const {color, backgroundColor} = getComputedStyle(el);
    const [ink, paper] = [color, backgroundColor].map((rgb) => Number(rgb.match(/\\d+/)[0]));
    if (Math.abs(ink - paper) < 128) found.push(`"${el.textContent}" cannot be read: ${color}`);
  }
  // The smallest words of what is drawn, of an explorer and of a picture.
  const small = (el, what, wide) => {
    const words = el.dataset.words * el.getBoundingClientRect().width / wide * 720 / innerHeight;
    if (!(words >= 11)) found.push(`${what} with words of ${words.toFixed(1)} pixels`);
  };
  for (const [el] of seen)
    if (el.matches(".course-figure img")) small(el, "a picture", el.getAttribute("width"));
  for (const stage of slide.querySelectorAll(".course-stage"))
    small(stage, "an explorer", parseFloat(stage.dataset.wide));
  return found;
}"""


@pytest.fixture(params=LECTURES)
def deck(request, site) -> Path:
    """The slides of a lecture, as the website has them."""
    return site / "slides" / f"{request.param}.html"


@pytest.fixture
def first(site) -> Path:
    """The slides of the first lecture: what the keys do is the same in all decks."""
    return site / "slides" / f"{LECTURES[0]}.html"


def opened(deck: Path, served, page) -> None:
    """Open a deck, and wait until its first slide is there."""
    page.goto(f"{served(deck.parents[1])}/slides/{deck.name}")
    page.wait_for_function("document.querySelector('.reveal.ready')")


@pytest.mark.parametrize(
    ("size", "theme"), [((1280, 720), "light"), ((1920, 1080), "dark")], ids=["small", "large"]
)
def test_every_slide_fits_and_every_explorer_moves(deck, served, page, alone, size, theme):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    opened(deck, served, page)
    faults, explorers = [], 0
    for slide in range(1, 200):
        for explorer in page.locator("section.present [data-explorer]").all():
            explorers += 1
            explorer.and_(page.locator("[data-moves=true]")).wait_for()
            stage = explorer.locator(".course-stage")
            drawn = theme if stage.get_attribute("data-theme") != "keep" else "light"
            if (stage.get_attribute("data-dark") == "true") != (drawn == "dark"):
                faults.append(f"slide {slide}: its explorer is not {drawn} from the start")
            # Where only points move it, their handle takes the arrow keys.
            control = explorer.locator("input[type=range], select, .course-handle[tabindex]").first
            before = explorer.evaluate(SEEN)
            control.focus()
            for key in ("Home", "End", "ArrowLeft", "ArrowRight"):
                page.keyboard.press(key)
                if explorer.evaluate(DIFFERS, before):
                    break
            else:
                faults.append(f"slide {slide}: its explorer does not move")
        # A presenter's remote shows what is still hidden, and then turns the slide, although the
        # slider is focused.
        while page.evaluate("Reveal.availableFragments().next"):
            shown = page.locator("section.present .fragment.visible").count()
            page.keyboard.press("PageDown")
            page.wait_for_function(
                "n => document.querySelectorAll('section.present .fragment.visible').length > n",
                arg=shown,
            )
        faults += [f"slide {slide}: {fault}" for fault in page.evaluate(FAULTS)]
        if page.evaluate("Reveal.isLastSlide()"):
            break
        page.keyboard.press("PageDown")
        page.wait_for_function("n => Reveal.getSlidePastCount() === n", arg=slide)
    assert faults == []
    assert slide >= 20
    assert explorers == deck.read_text(encoding="utf-8").count("data-explorer=") >= 2
    assert alone == []


def test_no_deck_shows_what_only_a_reader_at_work_needs(deck):
    page = deck.read_text(encoding="utf-8")
    for scaffold in ("Not attempted", "google.colab", "exercises solved"):
        assert scaffold not in page
    assert "<mi>&</mi>" not in page  # a formula's own marks: an environment that MathML lacks


def test_s_shows_the_notes_and_how_long_a_slide_takes(first, served, page):
    opened(first, served, page)
    with page.expect_popup() as window:
        page.keyboard.press("s")
    speaker = window.value
    speaker.wait_for_function("document.querySelector('.speaker-controls-notes .value')?.innerText")
    begins = page.locator("section.present aside.notes").text_content().split()[0]
    assert begins in speaker.locator(".speaker-controls-notes .value").inner_text()
    assert int(page.locator("section.present").get_attribute("data-timing")) >= 30


def test_every_slide_brings_notes_and_how_long_it_takes(deck):
    slides = deck.read_text(encoding="utf-8").split("<section ")[1:]
    assert all(re.search(r'<aside class="notes">\s*<p>\w', slide) for slide in slides)
    assert all(int(re.match(r'data-timing="(\d+)"', slide)[1]) >= 20 for slide in slides)


def test_d_turns_a_deck_dark_and_light_again(first, served, page):
    page.emulate_media(color_scheme="light")
    opened(first, served, page)
    for paper in ("rgb(20, 20, 20)", "rgb(255, 255, 255)"):
        page.keyboard.press("d")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == paper


SHEETS = """() => [...document.querySelectorAll(".pdf-page")].flatMap((sheet, number) => {
  const paper = sheet.getBoundingClientRect();
  return [...sheet.querySelectorAll("h1, h2, p, pre, .course-figure")]
    .filter((el) => !el.closest("aside") && el.checkVisibility())
    .map((el) => [el, el.getBoundingClientRect()])
    .filter(([el, box]) => box.left < paper.left + 40 || box.right > paper.right ||
      box.bottom > paper.bottom || (el.matches(".course-figure") && box.height < 200))
    .map(([el]) => `sheet ${number + 1}: ${el.outerHTML.slice(0, 80)}`);
})"""


def test_each_sheet_is_laid_out_as_its_slide(deck, served, page, alone):
    page.goto(f"{served(deck.parents[1])}/slides/{deck.name}?print-pdf")
    page.wait_for_function("document.querySelectorAll('.pdf-page .course-figure').length > 3")
    page.wait_for_timeout(500)
    assert page.evaluate(SHEETS) == []
    assert alone == []


def test_a_deck_is_on_paper_with_a_sheet_for_each_slide_and_its_page_links_it(deck, site):
    slides = deck.read_text(encoding="utf-8").count("<section ")
    paper = site / "pdf" / f"{deck.stem}-slides.pdf"
    assert sheets(paper) == slides
    lecture = (site / "notebooks" / deck.name).read_text(encoding="utf-8")
    for link in (f"../slides/{deck.name}", f"../pdf/{paper.name}"):
        assert f'href="{link}"' in lecture


def test_a_deck_is_built_and_printed_with_no_website(tmp_path, served, page, alone):
    build("slides.py", "1", "--pdf", "--out", str(tmp_path))
    deck = tmp_path / LECTURES[0]
    page.goto(f"{served(deck)}/index.html")
    page.wait_for_function("document.querySelector('.reveal.ready')")
    slides = page.locator(".slides > section").count()
    assert sheets(deck / f"{deck.name}.pdf") == slides
    while not page.locator("section.present [data-moves=true]").count():
        assert not page.evaluate("Reveal.isLastSlide()")
        page.keyboard.press("PageDown")
        page.wait_for_timeout(400)
    assert alone == []


def sheets(paper: Path) -> int:
    """Return how many pages a PDF has, as Chromium writes it."""
    return len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
