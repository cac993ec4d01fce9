"""A notebook that was run, saved and opened again shows its explorers before any cell is run."""

from __future__ import annotations

import json

import nbformat
import pytest
from servers import IN_KERNEL
from test_explorers_in_browser import eventually
from test_notebooks_in_browser import READY, explorers, run

pytestmark = pytest.mark.browser

CODE = """
from course_lib import plots
from course_lib.live import explore, slider

picture, ax = plots.figure()
(line,) = ax.plot([0, 1], [0, 1])


def update(slope):
    line.set_ydata([0, slope])
    return f"The slope is {slope:.2f}."


explore(picture, update, alt="A line.", slope=slider(0, 1, 0.5))
"""
KEPT = """
from course_lib.live.explorer import _OPEN
print(*(explorer._canvas.standing for explorer in _OPEN))
"""
SHOWN = """() => {
  const area = document.querySelector(".jp-OutputArea-output:has(.course-stage)");
  if (!area) return null;
  const canvas = area.querySelector(".course-stage canvas");
  const ink = canvas.width && canvas.getContext("2d");
  const dots = ink && ink.getImageData(0, 0, canvas.width, canvas.height).data;
  return {
    drawn: Boolean(dots) && dots.some((value, at) => at % 4 !== 3 && value !== dots[at % 4]),
    standing: area.querySelector(".course-standing").textContent,
    sliders: area.querySelectorAll(".noUi-handle").length,
    told: area.querySelector(".course-saved").checkVisibility(),
    icon: getComputedStyle(area.querySelector(".jupyter-widgets-disconnected"), "::before").content,
  };
}"""


def test_a_saved_notebook_shows_its_explorers_the_next_day(lab, page):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE.strip())])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, lab.folder / "saved.ipynb")
    run(page, lab.address("saved.ipynb"))
    explorers(page)
    page.wait_for_selector(".noUi-handle").focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        """() => document.querySelector(".course-standing").textContent.includes("0.00")"""
    )
    # Half a second after the last move the notebook is told what is seen.
    eventually(
        page, lambda: page.evaluate(IN_KERNEL, KEPT), lambda kept: kept == "The slope is 0.00."
    )
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    stored = json.loads((lab.folder / "saved.ipynb").read_text(encoding="utf-8"))
    assert "application/vnd.jupyter.widget-state+json" in stored["metadata"].get("widgets", {})
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    page.goto(lab.address("saved.ipynb"))
    page.wait_for_function(READY)
    # Words and sliders stand before the picture is decoded.
    there = {
        "drawn": True, "standing": "The slope is 0.00.", "sliders": 1, "told": True, "icon": "none"
    }  # fmt: skip
    eventually(page, lambda: page.evaluate(SHOWN), lambda shown: shown == there)
    assert "model not found" not in page.content()
