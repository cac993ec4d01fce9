"""Count the pictures a second that the race of lecture 6 shows, dragged and played.

Run it with `python tests/benchmarks/race.py`. The notebook's own cells make the race of all
rules in real JupyterLab. The slider of its steps is dragged as in `drag.py`, at once and again when
the page has fetched its frames; then the race plays at three speeds. A picture counts if the canvas
was painted and the standing below names a step not yet seen. Printed are medians of three rounds.
"""

import asyncio
import json
import statistics

from drag import PATIENCE, READY, ROOT, chromium, laboratory, pull

MADE_BY = ("OPTIMIZERS,\n", "RULES = ", "STARTS = ", "def the_race", "the_race(RULES)")
SLIDER = """() => {
  const row = [...document.querySelectorAll(".widget-slider")]
    .find(row => row.textContent.includes("step k"));
  const [handle, base] = [".noUi-handle", ".noUi-base"]
    .map(part => row.querySelector(part).getBoundingClientRect());
  return [handle.x + handle.width / 2, handle.y + handle.height / 2, base.x, base.width];
}"""
TO_THE_END = """() => {
  const box = document.querySelector(".jp-WindowedPanel-outer, .jp-Notebook");
  box.scrollTop = box.scrollHeight;
}"""
COUNT = """() => {
  const log = (window.log = { steps: new Set(), began: performance.now() });
  addEventListener("pointerdown", () => (log.began = performance.now()), { capture: true });
  addEventListener("pointerup", () => (log.ended = performance.now()), { capture: true });
  const standing = document.querySelector(".course-standing");
  new MutationObserver(() => log.ended || log.steps.add(standing.textContent.split(".")[0]))
    .observe(document.querySelector(".course-stage canvas"), { attributeFilter: ["data-frames"] });
}"""
COUNTED = """() => {
  window.log.ended ??= performance.now();
  return 1000 * window.log.steps.size / (window.log.ended - window.log.began);
}"""


def notebook() -> dict:
    """Return lecture 6 without all that the race does not need."""
    lecture = json.loads(ROOT.joinpath("notebooks", "06_adaptive_methods.ipynb").read_text("utf-8"))
    code = [cell for cell in lecture["cells"] if cell["cell_type"] == "code"]
    chosen = [c for c in code if any(part in "".join(c["source"]) for part in MADE_BY)]
    return lecture | {"cells": [cell | {"outputs": []} for cell in chosen]}


async def dragged(page) -> float:
    x, y, left, width = await page.evaluate(SLIDER)
    await page.evaluate(COUNT)
    await pull(page, x, y, (left if x > left + width / 2 else left + width) - x)
    return await page.evaluate(COUNTED)


async def played(page, speed: str) -> float:
    await page.select_option(".course-play select", speed)
    await page.click(".course-run")
    await page.evaluate(COUNT)
    await page.wait_for_function("document.querySelector('.course-run').ariaLabel === 'Play'")
    return await page.evaluate(COUNTED)


async def one_round(address: str) -> dict[str, float]:
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        await page.goto(address)
        await page.wait_for_function(READY)
        await page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        await page.wait_for_selector("[data-live]", state="attached")
        await page.locator(".course-stage").scroll_into_view_if_needed()
        await page.evaluate(TO_THE_END)  # a tall card lets its sliders be reached
        await page.wait_for_timeout(1000)
        found = {"dragged, cold": await dragged(page)}
        await page.wait_for_selector("[data-warm=true]", state="attached")
        found["dragged, warm"] = await dragged(page)
        return found | {f"played at speed {n}": await played(page, n) for n in ("1", "2", "4")}


if __name__ == "__main__":
    rounds = []
    for _ in range(3):
        with laboratory([notebook()]) as lab:
            rounds.append(asyncio.run(one_round(lab.address("0.ipynb"))))
    for way in rounds[0]:
        print(f"{way:20}{statistics.median(found[way] for found in rounds):6.1f} pictures a second")
