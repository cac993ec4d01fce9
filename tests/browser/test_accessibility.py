"""What axe-core finds in the parts of a page that are ours, and what the keyboard reaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe import EXPLORER, axe, in_theme
from test_explorers_in_browser import opened

pytestmark = pytest.mark.browser

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# The name of what has the focus, as a screen reader says it; null outside of explorers.
FOCUSED = """explorer => {
  const on = document.activeElement;
  if (!on.closest(explorer)) return null;
  if (on.classList.contains("widget-readout")) return "value of " + on.parentElement
    .querySelector(".noUi-handle").getAttribute("aria-label");
  if (on.type === "radio") return on.closest("[role=radiogroup]").getAttribute("aria-label");
  return on.getAttribute("aria-label") || on.labels?.[0]?.firstChild.textContent.trim() ||
    on.closest(".widget-checkbox, .course-slow")?.textContent.replace("\\u200b", "").trim() ||
    on.textContent.trim();
}"""


@pytest.mark.parametrize(
    "notebook", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")), ids=lambda name: name[:2]
)
def test_every_picture_brings_its_description(notebook):
    # What JupyterLab leaves out is in the file: other front ends and exports show it.
    import nbformat

    stored = nbformat.read(NOTEBOOKS / notebook, as_version=4)
    pictures = [
        output["metadata"].get("image/png", {})
        for cell in stored.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    assert all(len(about.get("alt", "")) > 20 for about in pictures)


EVERYTHING = """
from course_lib.live import choice, toggle
figure, hill = plots.figure()
plots.contour(hill, banana)
trail = plots.path(hill)

def update(lr, momentum, double, k, start):
    walk = descend(banana, Momentum(lr=lr, momentum=momentum), start, steps=20 + 20 * double)
    trail.show(walk, upto=k)
    return (f"rate {lr:.4f}, momentum {momentum}, double {double}, step {k}, "
            f"start {start[0]:.2f} {start[1]:.2f}")

explore(figure, update, lr=log_slider(1e-3, 0.1, 0.02), momentum=choice([0.5, 0.7]),
        double=toggle(), k=int_slider(0, 20, 0, play=True), start=point(hill, (-1.5, 2)))
"""
CHANGED = "said => document.querySelector('.course-standing').textContent !== said"


def test_the_keyboard_alone_reaches_and_moves_all_of_an_explorer(page, lab):
    opened(page, lab, "keyboard.ipynb", EVERYTHING)
    standing = page.locator(".course-standing")
    first = standing.text_content()
    assert first == "rate 0.0200, momentum 0.5, double False, step 0, start −1.50 2.00"
    page.locator(f".jp-Cell:has({EXPLORER})").focus()
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = page.evaluate(FOCUSED, EXPLORER)
        if name is None and stops:
            break
        if name is None or name == "update on release":  # offered where the machine is slow
            continue
        stops.append(name)
        key = {"momentum": "ArrowDown", "double": "Space", "speed": "ArrowDown"}.get(name)
        if name in ("Step back", "Play", "Step forward", "Reset"):
            key = "Enter"
        if name.startswith(("value of", "Save")):
            continue
        before = standing.text_content()
        page.keyboard.press(key or "ArrowRight")
        if name == "speed":
            assert page.locator(".course-play select").input_value() == "2"
            continue
        page.wait_for_function(CHANGED, arg=before)
        if name == "Play":
            page.keyboard.press("Enter")
            assert page.locator(".course-run").get_attribute("aria-label") == "Play"
    sliders = ["learning rate α", "k"]
    assert [name for name in stops if not name.startswith("value of")] == [
        *(sliders[0], "momentum", "double"),
        *(sliders[1], "Step back", "Play", "Step forward", "speed", "Reset"),
        "start, move it with the arrow keys",
        "Save the picture as PNG",  # the first of the bar, which is one stop
    ]
    # And out of it again the way one came.
    for _ in range(5):  # "update on release" is one more where the machine is slow
        page.keyboard.press("Shift+Tab")
        if page.evaluate(FOCUSED, EXPLORER) == "Reset":
            break
    assert page.evaluate(FOCUSED, EXPLORER) == "Reset"
    page.keyboard.press("Enter")
    page.wait_for_function(
        "said => document.querySelector('.course-standing').textContent === said", arg=first
    )
    assert page.locator(".course-play select").input_value() == "1"


def test_the_picture_has_a_name_and_what_it_shows_is_announced_politely(page, lab):
    opened(page, lab, "named.ipynb", EVERYTHING)
    canvas, standing = page.locator(".course-stage canvas"), page.locator(".course-standing")
    assert canvas.get_attribute("role") == "img"
    assert len(canvas.get_attribute("aria-label")) > 20
    assert standing.get_attribute("aria-live") == "polite"
    assert standing.get_attribute("role") == "status"
    assert page.get_by_role("slider", name="learning rate α").count() == 1
    assert page.get_by_role("slider", name="start, move it").count() == 1
    # While it changes, readers wait; they are told what it comes to rest on.
    page.get_by_role("slider", name="learning rate α").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        """() => document.querySelector(".course-standing").ariaBusy === "false" &&
        !document.querySelector(".course-standing").textContent.startsWith("rate 0.0200")"""
    )
    found = axe(page)
    assert found["faults"] == []
    assert found["read"] == 1
    # A fault that is made on purpose is found.
    in_theme(page, "JupyterLab Light")
    canvas.evaluate("canvas => canvas.removeAttribute('aria-label')")
    standing.evaluate("standing => { standing.style.color = '#ccc'; }")
    assert {fault["rule"] for fault in axe(page)["faults"]} == {"role-img-alt", "color-contrast"}
