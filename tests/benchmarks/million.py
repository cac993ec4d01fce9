"""Move a line of a million points in real JupyterLab, beside one of 200: how long is the wait?

Run it with `python tests/benchmarks/million.py`. Two explorers of the same look stand on one page;
the reader presses PageUp on a slider, sees the picture there, and presses again: 40 moves to places
where nobody was before, in turns for several rounds. A bar in one color in a strip of the figure
tells which place the picture shows; a script in the page reads it from the canvas after each frame
of the screen. What is printed: the milliseconds of 40 moves, and their ratio.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from servers import IN_KERNEL, browser_start, jupyterlab, seeing_the_course  # noqa: E402

SMALL, LARGE, MOVES, ROUNDS = 200, 1_000_000, 40, 5
NOTCHES = 5 * MOVES * (ROUNDS + 1)  # PageUp goes by five: no place is seen twice

CELL = f"""
import numpy as np
from matplotlib.figure import Figure
from course_lib.live import explore, slider

def made(count):
    figure = Figure(figsize=(6, 4))
    ax = figure.add_axes([0.1, 0.2, 0.85, 0.75], xlim=(0, 6), ylim=(-1, 1))
    strip = figure.add_axes([0.1, 0, 0.85, 0.05], xlim=(0, 1), ylim=(0, 1))
    strip.axis("off")
    x = np.linspace(0, 6, count)
    y = np.sin(5 * x) * np.random.default_rng(0).uniform(0.8, 1, count)
    (line,) = ax.plot(x, y)
    (bar,) = strip.plot([0, 0], [0, 1], color="#ff00ff", linewidth=4)

    def update(size):
        line.set_ydata(size / {NOTCHES} * y)
        bar.set_xdata([size / {NOTCHES}] * 2)
        return f"size {{size:g}}"

    return explore(figure, update, alt="a line", size=slider(0, {NOTCHES}, 0, step=1))

explorers = {{count: made(count) for count in ({SMALL}, {LARGE})}}
"""
SHOWN = "explorers[{}]"

# Press a key as many times as there are moves, each time once the picture shows the place of the
# one before; say how long it took from the first key to the last picture.
PRESS = """([which, moves, notches]) => new Promise((resolve, reject) => {
  const stage = document.querySelectorAll(".course-explorer")[which];
  const output = stage.closest(".jp-OutputArea-output");
  const canvas = output.querySelector(".course-stage canvas");
  const handle = output.querySelector(".noUi-handle");
  const wide = canvas.width, row = Math.floor(canvas.height * 0.98);
  const pen = new OffscreenCanvas(wide, 1).getContext("2d", { willReadFrequently: true });
  const place = () => {
    pen.clearRect(0, 0, wide, 1);
    pen.drawImage(canvas, 0, row, wide, 1, 0, 0, wide, 1);
    const { data } = pen.getImageData(0, 0, wide, 1);
    let ink = 0, sum = 0;
    for (let x = 0; x < wide; x++) {
      const magenta = Math.max(0, Math.min(data[4 * x], data[4 * x + 2]) - data[4 * x + 1]);
      if (magenta > 20) { ink += magenta; sum += magenta * (x + 0.5); }
    }
    return ink ? ((sum / ink / wide - 0.1) / 0.85) * notches : NaN;
  };
  const begun = performance.now(), frames = [];
  let left = moves, goal = Number(handle.getAttribute("aria-valuenow"));
  const press = () => {
    goal += 5;
    const key = { key: "PageUp", code: "PageUp", bubbles: true, cancelable: true };
    handle.dispatchEvent(new KeyboardEvent("keydown", key));
  };
  const look = () => {
    if (performance.now() - begun > 60000)
      return reject(new Error(`${left} moves left, ${goal} is not shown: ${place()}`));
    if (Math.abs(place() - goal) < 2) {
      if (!--left) return resolve(performance.now() - begun);
      press();
    }
    requestAnimationFrame(look);
  };
  handle.focus();
  press();
  requestAnimationFrame(look);
})"""
LIVE = """() => { const all = [...document.querySelectorAll(".course-explorer")];
  return all.length === 2 && all.every((one) => one.dataset.live === "true"); }"""


def notebook() -> dict:
    """Return a notebook of which each explorer has a cell of its own."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{i}",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for i, source in enumerate([CELL.strip(), SHOWN.format(SMALL), SHOWN.format(LARGE)])
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def measure() -> dict[int, list[float]]:
    """Return for each number of points the milliseconds of all rounds."""
    taken: dict[int, list[float]] = {SMALL: [], LARGE: []}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as driver:
        folder = Path(place, "notebooks")
        folder.mkdir()
        (folder / "million.ipynb").write_text(json.dumps(notebook()))
        settings = seeing_the_course(JUPYTER_CONFIG_PATH=str(ROOT / "course_lib" / "live"))
        with jupyterlab(Path(place), folder, sys.executable, settings) as lab:
            browser = driver.chromium.launch(**browser_start())
            page = browser.new_page(viewport={"width": 1366, "height": 1600})
            page.set_default_timeout(120_000)
            page.goto(lab.address("million.ipynb"))
            page.wait_for_function("jupyterapp?.shell.currentWidget?.context?.isReady")
            page.evaluate(
                "async () => { await jupyterapp.shell.currentWidget.sessionContext.ready;"
                "await jupyterapp.commands.execute('notebook:run-all-cells'); }"
            )
            page.wait_for_function(LIVE)
            page.evaluate(IN_KERNEL, "import gc; gc.collect()")
            for _ in range(ROUNDS):
                for which, count in enumerate(taken):
                    page.wait_for_timeout(1000)
                    taken[count].append(page.evaluate(PRESS, [which, MOVES, NOTCHES]))
            browser.close()
    return taken


def main() -> None:
    taken = measure()
    for count, rounds in taken.items():
        told = ", ".join(f"{one:.0f}" for one in rounds)
        print(f"{count:>9,} points: {MOVES} moves in {statistics.median(rounds):.0f} ms ({told})")
    small, large = (statistics.median(rounds) for rounds in taken.values())
    print(f"{large / small:.2f} times as long")


if __name__ == "__main__":
    main()
