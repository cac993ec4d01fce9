"""The course in the browser, weighed: what a reader waits for, and how smoothly its sliders move.

Run it with `python tests/benchmarks/lab.py build/site` after `python course.py site --offline`. A
Chromium with an empty cache opens the first notebook through a line of 20 Mbit/s, twice, and we
count bytes and seconds to the first explorer that answers. Then the explorer of `drag.py` is
dragged in the lab and in JupyterLab with a server on this machine, in turns. It prints the table of
`drag.py` and the memory of the lab's tab.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

from drag import COUNT_BYTES, COURSE, PATIENCE, READY, Bench, laboratory, measure, notebook, table
from playwright.async_api import async_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))
from readers import DELAY, RATE, WebSpace, running
from servers import browser_start
from slow_link import SlowLink

FIRST = "notebooks/00_start_here.ipynb"
RUN_ALL = "() => { jupyterapp.commands.execute('notebook:run-all-cells'); }"
SAVE = """book => jupyterapp.serviceManager.contents.save(
  "0.ipynb", {type: "notebook", format: "json", content: book})"""
KERNEL = {
    "kernelspec": {"name": "python", "display_name": "Python", "language": "python"},
    "language_info": {"name": "python"},
}


class Lab:
    """The lab where `drag.Bench` expects a server."""

    def __init__(self, address: str) -> None:
        self.folder = address

    def address(self, name: str) -> str:
        return f"{self.folder}/lab/notebooks/index.html?path={name}"


async def visit(context, lab: Lab, link: SlowLink) -> str:
    """Open the first notebook, run it, and say what it took until an explorer answered."""
    page = await context.new_page()
    began, before = time.monotonic(), link.down.bytes
    await page.goto(lab.address(FIRST))
    await page.wait_for_function(READY)
    python = time.monotonic() - began
    await page.evaluate(RUN_ALL)
    await page.wait_for_selector("[data-live=true]", state="attached")
    seconds, loaded = time.monotonic() - began, link.down.bytes - before
    await page.close()
    return (
        f"{loaded / 1e6:5.1f} MB, {8 * loaded / RATE:4.1f} s of transfer; "
        f"Python after {python:.1f} s, an explorer after {seconds:.1f} s"
    )


def largest_tab(profile: str) -> float:
    """Return the megabytes that the largest page of a Chromium with this profile holds."""
    sizes = [0.0]
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_text()
            if "--type=renderer" in command and profile in command:
                rollup = (place / "smaps_rollup").read_text()
                sizes.append(int(rollup.split("\nPss:")[1].split()[0]) / 1024)
        except (OSError, IndexError):
            continue
    return max(sizes)


async def weigh(site: Path, rounds: int) -> None:
    book = notebook(COURSE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(WebSpace, directory=str(site)))
    with (
        running(server) as port,
        SlowLink(port, DELAY, RATE) as link,
        laboratory([book]) as local,
        tempfile.TemporaryDirectory(prefix="course-lab-", ignore_cleanup_errors=True) as profile,
    ):
        lab = Lab(f"http://127.0.0.1:{link.port}")
        async with async_playwright() as driver:
            context = await driver.chromium.launch_persistent_context(
                profile, viewport={"width": 1440, "height": 900}, **browser_start()
            )
            context.set_default_timeout(PATIENCE)
            await context.add_init_script(COUNT_BYTES)
            for name in ("first visit", "second visit"):
                print(f"{name:14}{await visit(context, lab, link)}", flush=True)
            page = await context.new_page()
            await page.goto(lab.address(FIRST))
            await page.wait_for_function(READY)
            await page.evaluate(SAVE, book | {"metadata": KERNEL})
            await page.close()
            benches = {"in the page": Bench(context, lab, [COURSE])}
            benches["with a server"] = Bench(context, local, [COURSE])
            results: dict = {name: {} for name in benches}
            for bench in benches.values():
                await bench.open()
            for _ in range(rounds):
                for name, bench in benches.items():
                    for way, drags in (await measure(bench, 1, name)).items():
                        results[name].setdefault(way, []).extend(drags)
            print(f"memory of the largest tab: {largest_tab(profile):.0f} MB")
            await context.close()
    print(table(results))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("site", type=Path, help="the folder that holds lab/")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    asyncio.run(weigh(chosen.site, chosen.rounds))


if __name__ == "__main__":
    main()
