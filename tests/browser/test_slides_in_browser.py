"""The slides, built from the lectures and shown with no kernel and no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import BUILT, build

pytest.importorskip("sphinx_revealjs")
pytestmark = BUILT


@pytest.fixture(scope="module")
def deck(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("slides")
    build("slides.py", "01", "--out", str(out))
    return out / "01_gradient_basics"


def test_the_slides_turn_and_their_explorers_move(deck, served, page, alone):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{served(deck)}/index.html")
    page.wait_for_function("document.querySelector('.reveal.ready')")
    moved = slides = 0
    while slides < 100:
        slides += 1
        explorer = page.locator("section.present section.present [data-explorer]")
        if explorer.count():
            page.wait_for_function(
                "document.querySelector('section.present section.present [data-moves]')"
            )
            standing = explorer.locator(".course-standing")
            before = standing.text_content()
            explorer.locator("input[type=range]").first.focus()
            page.keyboard.press("Home")
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(400)
            moved += standing.text_content() != before
            page.evaluate("document.activeElement.blur()")
        tall = page.evaluate(
            """() => {
              const slide = document.querySelector("section.present section.present");
              return slide.scrollHeight > slide.clientHeight + 2 &&
                !slide.classList.contains("course-scrolls");
            }"""
        )
        assert not tall, f"slide {slides} does not fit"
        if page.evaluate("document.querySelector('.controls .navigate-right.enabled') === null"):
            down = page.evaluate("document.querySelector('.controls .navigate-down.enabled')")
            if down is None:
                break
        page.keyboard.press("Space")
        page.wait_for_timeout(120)
    assert slides > 20
    assert moved >= 2
    assert alone == []
