"""Take the README's pictures: real lectures in a real JupyterLab.

    python docs/images/take.py

Needs what the browser tests need. Run it after a change that the pictures would show.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from servers import PATIENCE, browser_start, jupyterlab, seeing_the_course  # noqa: E402

RUN_ALL = """async () => {
  await jupyterapp.shell.currentWidget.sessionContext.ready;
  await jupyterapp.commands.execute("notebook:run-all-cells");
}"""
# The output of a cell, named in its own metadata; JupyterLab keeps that name out of the page.
FIND = """id => {
  const cells = jupyterapp.shell.currentWidget.content.widgets;
  const cell = cells.find((cell) => cell.model.id === id).node;
  cell.querySelector(".jp-Cell-outputArea").dataset.taken = id;
}"""


@dataclass(frozen=True)
class Shot:
    """One picture: which cell's output, and which keys go to which of its controls before."""

    name: str
    notebook: str
    cell: str
    keys: tuple[tuple[str, str], ...] = ()  # the control's selector, the key
    theme: str = "JupyterLab Light"


SHOTS = (
    Shot(
        "lecture-6-race",
        "06_adaptive_methods",
        "explore-race",
        theme="JupyterLab Dark",
    ),
    Shot(
        "lecture-7-slice",
        "07_training_loop",
        "explore-slices-live",
        keys=((".widget-dropdown select", "End"),),
    ),
)


def take(page, lab, shot: Shot) -> None:
    """Run the notebook, move the handles, and keep the picture of the cell's output."""
    page.goto(lab.address(f"{shot.notebook}.ipynb"))
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")
    page.evaluate(
        "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", shot.theme
    )
    page.evaluate(RUN_ALL)
    page.evaluate(FIND, shot.cell)
    output = page.locator(f"[data-taken='{shot.cell}']")
    output.scroll_into_view_if_needed()
    output.locator("[data-live]").first.wait_for(state="attached")
    for control, key in shot.keys:
        output.locator(control).first.press(key)
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(3000)  # until the last frame is there, and its words
    output.locator(".jp-OutputArea-output").first.screenshot(path=HERE / f"{shot.name}.png")


def main() -> None:
    """Take all pictures, or those named on the command line."""
    chosen = [shot for shot in SHOTS if shot.name in sys.argv[1:] or not sys.argv[1:]]
    with (
        tempfile.TemporaryDirectory(prefix="course-pictures-") as place,
        sync_playwright() as driver,
    ):
        folder = Path(place, "notebooks")
        shutil.copytree(ROOT / "notebooks", folder)
        environment = seeing_the_course(JUPYTER_CONFIG_PATH=str(ROOT / "course_lib" / "live"))
        with jupyterlab(Path(place), folder, sys.executable, environment) as lab:
            browser = driver.chromium.launch(**browser_start())
            page = browser.new_page(
                viewport={"width": 1240, "height": 1000}, device_scale_factor=1.5
            )
            page.set_default_timeout(1000 * PATIENCE)
            for shot in chosen:
                take(page, lab, shot)
                print(f"{shot.name}.png")
            browser.close()


if __name__ == "__main__":
    main()
