"""Every notebook runs in real JupyterLab, and its explorers answer the keyboard and the mouse."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from axe import has_no_grave_fault

NOTEBOOKS = sorted(path.name for path in Path(__file__).parents[2].glob("notebooks/*.ipynb"))

pytestmark = pytest.mark.browser

READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle";
}"""
CELLS = "() => jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
SEEN = """out => ({
  picture: out.querySelector(".course-stage canvas").toDataURL(),
  standing: out.querySelector(".course-standing").textContent,
})"""
# How tall each explorer is, its controls, picture and sentence together, and the room for them.
HEIGHTS = """() => {
  const room = document.querySelector(".jp-WindowedPanel-outer").clientHeight;
  const of = card => card.querySelector(".course-foot").getBoundingClientRect().bottom -
    card.getBoundingClientRect().top;
  return { room, heights: [...document.querySelectorAll(".course-card")].map(of).map(Math.round) };
}"""
# A point of its own is brought to where the picture is clicked, the handle of a slider is dragged.
POINT, GRIP = ".course-handle:not(.course-grip)", ".course-grip"
KEYS = {"select-one": "ArrowDown", "checkbox": "Space", "radio": "ArrowRight"}
# The commonest laptop.
SCREEN = {"width": 1366, "height": 768}
CHANGED = """([out, picture, standing]) =>
  out.querySelector(".course-stage canvas").toDataURL() !== picture &&
  out.querySelector(".course-standing").textContent !== standing"""


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_and_its_explorers_move(notebook, lab, page):
    page.set_viewport_size(SCREEN)
    run(page, lab.address(notebook))
    assert errors(page) == []
    source = json.loads((lab.folder / notebook).read_text(encoding="utf-8"))
    calls = sum("explore(" in "".join(cell["source"]) for cell in source["cells"])
    outputs = explorers(page)
    assert len(outputs) >= calls, f"{calls} cells make an explorer, {len(outputs)} are shown"
    assert "Loading widget" not in page.content()
    assert "Error displaying widget" not in page.content()
    seen = page.evaluate(HEIGHTS)
    print(seen)
    assert len(seen["heights"]) >= calls
    assert max(seen["heights"]) <= seen["room"]
    for output in outputs:
        moves_by_keyboard(page, output)
        if output.query_selector(POINT):
            moves_by_click(page, output)
        if output.query_selector(GRIP):
            moves_by_drag(page, output)
    has_no_grave_fault(page, calls)


def run(page, address: str) -> None:
    """Open a notebook in JupyterLab and run it from top to bottom."""
    page.goto(address)
    run_all(page)


def run_all(page) -> None:
    """Run the notebook that is open, from top to bottom, once it is ready."""
    page.wait_for_function(READY)
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")


def errors(page) -> list[str]:
    """Return what went wrong, cell by cell, and which code cells did not run."""
    found = []
    for number, cell in enumerate(page.evaluate(CELLS)):
        if cell["cell_type"] != "code" or not "".join(cell["source"]).strip():
            continue
        if cell["execution_count"] is None:
            found.append(f"cell {number} did not run")
        found += [
            f"cell {number}: {output['ename']}: {output['evalue']}"
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
    return found


def explorers(page) -> list:
    """Wait until every explorer shows a picture drawn for this screen, and return their outputs."""
    page.wait_for_function(
        """() => !document.body.textContent.includes("Loading widget") &&
        [...document.querySelectorAll(".course-explorer")].every(e => e.dataset.live === "true")"""
    )
    return page.query_selector_all(".jp-OutputArea-output:has(.course-explorer)")


def moves_by_keyboard(page, output) -> None:
    kinds = "select:not([hidden]), input[type=radio]:checked, input[type=checkbox]"
    control = output.query_selector(f".noUi-handle, {kinds}, {POINT}")
    at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
    key = KEYS.get(control.evaluate("it => it.type"), "ArrowLeft" if at_end else "ArrowRight")
    output.scroll_into_view_if_needed()
    control.focus()
    changes(page, output, lambda: page.keyboard.press(key))


def moves_by_click(page, output) -> None:
    handle = output.query_selector(POINT)
    stage = output.query_selector(".course-stage")
    stage.scroll_into_view_if_needed()
    stage.evaluate("element => element.scrollIntoView({block: 'center'})")
    box, edge = handle.bounding_box(), stage.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    # Toward the middle of the left half: still on the axes, and far from where it was.
    right = 1 if x < edge["x"] + edge["width"] / 4 else -1
    down = 1 if y < edge["y"] + edge["height"] / 2 else -1
    places = itertools.cycle(
        (x + right * (40 + 9 * i), y + down * (60, 25)[i % 2]) for i in range(20)
    )

    def click() -> None:
        # The point follows at once, unless the place lies outside the axes: small ones end within
        # 60 pixels.
        there = handle.bounding_box()
        for place in itertools.islice(places, 20):
            page.mouse.click(*place)
            if handle.bounding_box() != there:
                return
        raise AssertionError("the point did not move to where the plot was clicked")

    changes(page, output, click)
    assert handle.bounding_box() != box, "the point went back to where it was"


def moves_by_drag(page, output) -> None:
    handle = output.query_selector(GRIP)
    output.query_selector(".course-stage").evaluate("it => it.scrollIntoView({block: 'center'})")
    ways = itertools.cycle((60, -60))  # one of them leads away from an end of the slider

    def drag() -> None:
        box, far = handle.bounding_box(), next(ways)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + far, y - far, steps=4)
        page.mouse.up()

    changes(page, output, drag)


def changes(page, output, act, attempts: int = 12) -> None:
    """Act until both the picture and the standing under it are others than before."""
    from playwright.sync_api import TimeoutError as TooLateError

    # What an earlier key has moved may still be on its way.
    before, seen = output.evaluate(SEEN), None
    while before != seen:
        page.wait_for_timeout(400)
        before, seen = output.evaluate(SEEN), before
    for attempt in range(attempts):
        act()
        try:
            page.wait_for_function(
                CHANGED,
                arg=[output, before["picture"], before["standing"]],
                timeout=3000 * (attempt + 1),
            )
            return
        except TooLateError:
            continue
    raise AssertionError(f"after {attempts} moves still: {output.evaluate(SEEN)['standing']!r}")
