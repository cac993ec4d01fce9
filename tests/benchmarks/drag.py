"""Drag a slider in real JupyterLab and count what the reader sees: our explorer beside two others.

Run it with `python tests/benchmarks/drag.py`. One figure, a filled contour with a 200-step path and
a logarithmic loss curve, is moved in three ways: by the course's explorer, by `interact` with a new
inline figure for each call, and by ipympl with `set_data` and `draw_idle` (left out where ipympl is
not installed). They take turns for several rounds, first locally, then through a relay that adds
80 ms each way and lets 5 Mbit/s pass. It prints medians over the rounds as a table, then the same
as one line of JSON.

How it is measured, without trusting any of the three: the figure holds a bar in one color in a
strip at its bottom edge whose place is the slider's value. After each frame of the screen a script
in the page reads that strip from the picture, whatever drew it, and so knows which position of the
handle is shown. The handle's own positions come from the slider's element. A drag goes one way
only, from one end to the other in 2 seconds with 60 pointer moves a second, so that each position
is passed once and the lag of a picture is the time since the handle was there. `--check` measures
a page of known lag instead.

The browser tells Playwright of every message on the page's sockets, which takes the page time that
a reader's has for pictures. The figures compare ways, not machines.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import math
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from slow_link import SlowLink

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from servers import IN_KERNEL, Lab, browser_start, jupyterlab, seeing_the_course  # noqa: E402

SECONDS, MOVES_PER_SECOND = 2.0, 60
NOTCHES = 198  # of the slider: more than pointer moves in a drag, so that each one is a new value
FEWEST_MOVES = 75  # delivered to the page; with fewer the machine was too busy, and we try again
PATIENCE = 240_000  # milliseconds

# ------------------------------------------------------------------------------------- notebooks

FIGURE = f"""
import time
import ipywidgets
from matplotlib import pyplot
from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.live import explore, log_slider, slider
from course_lib.optimizers import Momentum

def draw(figure, hill, curve):
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.95))
    plots.contour(hill, banana)
    trail, loss = plots.path(hill), plots.loss_curve(curve)
    strip = figure.add_axes([0.05, 0, 0.9, 0.04])
    strip.set(xlim=(0, 1), ylim=(0, 1))
    strip.axis("off")
    (bar,) = strip.plot([0, 0], [0, 1], color="#ff00ff", linestyle="-", linewidth=4.5)

    def show(lr, momentum):
        walk = descend(banana, Momentum(lr=lr, momentum=momentum), (-1.5, 2.0), steps=200)
        trail.show(walk)
        loss.show(walk)
        bar.set_xdata([momentum / 0.99, momentum / 0.99])
        return f"after 200 steps: loss {{walk.losses[-1]:.1e}}"

    return show

def sliders():
    controls = {{
        "lr": log_slider(1e-3, 0.1, 0.02, label="lr"),
        "momentum": slider(0, 0.99, 0.9, step=0.99 / {NOTCHES}, label="momentum"),
    }}
    for control in controls.values():
        control.layout.width = "36em"
    return controls
"""

EXPLORER = """
figure, (hill, curve) = plots.figure(2)
show, author = draw(figure, hill, curve), []

def update(lr, momentum):
    began = time.perf_counter()
    said = show(lr, momentum)
    author.append(time.perf_counter() - began)
    return said

explorer = explore(figure, update, **sliders())

# What one update costs in the kernel beyond the author's own function.
costs, send = [], explorer._canvas.send

def counted(content, buffers=None):
    if "took" in content and "scene" not in content and author:
        costs.append((content["took"] - 1000 * sum(author)) / len(author))
    author.clear()
    send(content, buffers)

explorer._canvas.send = counted
explorer
"""

INTERACT = """
%matplotlib inline
%config InlineBackend.print_figure_kwargs = {"bbox_inches": None}

def new_figure(lr, momentum):
    figure, (hill, curve) = pyplot.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
    draw(figure, hill, curve)(lr, momentum)
    pyplot.show()

ipywidgets.interact(new_figure, **sliders());
"""

IPYMPL = """
%matplotlib ipympl
pyplot.ioff()
figure, (hill, curve) = pyplot.subplots(1, 2, figsize=(9.2, 3.8), layout="constrained")
canvas = figure.canvas
canvas.toolbar_visible = canvas.header_visible = canvas.footer_visible = False
show, controls = draw(figure, hill, curve), sliders()

def moved(change=None):
    show(**{name: control.value for name, control in controls.items()})
    canvas.draw_idle()

moved()
for control in controls.values():
    control.observe(moved, "value")
ipywidgets.VBox([*controls.values(), canvas])
"""


@dataclass(frozen=True)
class Way:
    """A way to move the figure: the cell that makes it, and where in the page its picture is.

    `ready` is in the page once the figure answers.
    """

    name: str
    cell: str
    picture: str
    ready: str = ".noUi-handle"


COURSE = Way("course_lib.live", EXPLORER, ".course-stage canvas", "[data-live]")
WAYS = (
    COURSE,
    Way("interact + inline figure", INTERACT, ".widget-output img"),
    Way("ipympl, draw_idle", IPYMPL, ".jupyter-matplotlib-canvas-div canvas"),
)


def notebook(way: Way) -> dict:
    """Return a notebook with two cells: what all ways share, and the way itself."""
    cells = [
        {
            "cell_type": "code",
            "id": name,
            "execution_count": None,
            "metadata": {"jupyter": {"source_hidden": True}},
            "outputs": [],
            "source": source.strip(),
        }
        for name, source in (("figure", FIGURE), ("way", way.cell))
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


# -------------------------------------------------------------------------------------- the page

# Counts what the sockets of the page take in. It must be there before JupyterLab opens them.
COUNT_BYTES = """
window.bytesIn = 0;
window.WebSocket = class extends WebSocket {
  constructor(...about) {
    super(...about);
    this.addEventListener("message", ({ data }) => {
      window.bytesIn += data.byteLength ?? data.length;
    });
  }
};
"""

PROBE = """([picture, notches]) => {
  if (window.probe) return;
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const probe = (window.probe = { log: null });
  window.bytesIn ??= 0;

  // Which position the picture shows: the middle of the magenta bar in the strip at the bottom.
  probe.shown = () => {
    const seen = document.querySelector(`.jp-Cell-outputArea ${picture}:not([data-old] *)`);
    const wide = seen?.naturalWidth ?? seen?.width, tall = seen?.naturalHeight ?? seen?.height;
    if (!wide || seen.complete === false) return null;
    if (pen.canvas.width !== wide) pen.canvas.width = wide;
    pen.drawImage(seen, 0, Math.floor(tall * 0.985), wide, 1, 0, 0, wide, 1);
    const { data } = pen.getImageData(0, 0, wide, 1);
    let ink = 0, sum = 0;
    for (let x = 0; x < wide; x++) {
      const magenta = Math.max(0, Math.min(data[4 * x], data[4 * x + 2]) - data[4 * x + 1]);
      if (magenta > 20 && data[4 * x + 3] > 200) {
        ink += magenta;
        sum += magenta * (x + 0.5);
      }
    }
    return ink ? ((sum / ink / wide - 0.05) / 0.9) * notches : null;
  };

  // The slider called momentum, and its handle's place from 0 to 1.
  const sliders = ".jp-Cell-outputArea .widget-slider:not([data-old] *)";
  const target = () => [...document.querySelectorAll(sliders)]
    .find((slider) => slider.textContent.includes("momentum"));
  const place = (origin) => 1 + parseFloat(origin.style.transform.match(/-?[\\d.]+/)[0]) / 1000;
  probe.handle = () => {
    const slider = target();
    const handle = slider.querySelector(".noUi-handle").getBoundingClientRect();
    const base = slider.querySelector(".noUi-base").getBoundingClientRect();
    return {
      x: handle.x + handle.width / 2, y: handle.y + handle.height / 2,
      width: base.width, at: place(slider.querySelector(".noUi-origin")),
    };
  };

  probe.start = () => {
    const log = (probe.log = {
      handle: [], drawn: [], pictures: [], moves: 0, frames: 0, blank: 0,
      down: null, up: null, bytes: [],
    });
    const origin = target().querySelector(".noUi-origin");
    let last = Math.round(place(origin) * notches);
    log.first = last;
    probe.place = () => last;
    const watch = new MutationObserver(() => {
      const at = Math.round(place(origin) * notches);
      if (at !== last) log.handle.push([performance.now(), (last = at)]);
    });
    watch.observe(origin, { attributes: true, attributeFilter: ["style"] });
    const leave = new AbortController();
    const listen = { capture: true, signal: leave.signal };
    addEventListener("pointerdown", () => {
      log.down = performance.now();
      log.bytes.push(window.bytesIn);
    }, listen);
    addEventListener("pointermove", () => log.down && !log.up && log.moves++, listen);
    addEventListener("pointerup", () => (log.up = performance.now()), listen);
    probe.stop = () => {
      watch.disconnect();
      leave.abort();
      log.bytes.push(window.bytesIn);
      probe.log = null;
      return log;
    };
  };

  // A frame is looked at when it is done: after its animation callbacks, layout and paint.
  const done = new MessageChannel();
  let last = null;
  done.port1.onmessage = () => {
    const log = probe.log, now = performance.now();
    if (!log) return;
    const at = probe.shown();
    if (log.down && !log.up) log.frames++;
    if (log.drawn.at(-1) !== probe.place()) log.drawn.push(probe.place());
    if (at === null) {
      if (log.down && !log.up) log.blank++;
    } else if (last === null || Math.abs(at - last) > 0.4) {
      if (log.down) log.pictures.push([now, at]);
      last = at;
    }
    probe.quiet = now - Math.max(log.pictures.at(-1)?.[0] ?? now, probe.heard ?? 0);
    if (window.bytesIn !== probe.taken) {
      probe.taken = window.bytesIn;
      probe.heard = now;
    }
  };
  const tick = () => {
    done.port2.postMessage(0);
    requestAnimationFrame(tick);
  };
  tick();
}"""

READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle";
}"""
FORGET = """() => document.querySelectorAll(".jp-OutputArea-child")
  .forEach((old) => (old.dataset.old = true))"""
STANDS = "at => Math.abs(window.probe.shown() - at) < 0.5"
# A plain sleep is not enough: JupyterLab may have widgets' messages answered in another thread of
# the kernel. PyDLL keeps Python's lock, as a long computation in C does, and nothing is answered.
# The short sleep before lets the kernel say that it is busy.
BLOCK = """seconds => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const code = "import ctypes, time; time.sleep(0.3); " +
    `ctypes.PyDLL(None).usleep(${Math.round(1e6 * seconds)})`;
  window.blocked = true;
  kernel.requestExecute({code, store_history: false}).done.then(() => (window.blocked = false));
}"""
IS_BUSY = """() => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  return kernel.status === "busy";
}"""

# A page like the others, with a lag that is known: every `nth` position of the handle is drawn
# `lag` milliseconds after the handle was there.
KNOWN = """<!doctype html><body><div class="jp-Cell-outputArea">
<div class="widget-slider" style="width:400px;margin:50px;padding:20px 0;touch-action:none">momentum
<div class="noUi-base" style="height:20px;position:relative"><div class="noUi-origin"
style="position:absolute;left:100%;width:10%;transform:translate(-1000%, 0)">
<div class="noUi-handle" style="position:absolute;width:20px;height:20px;left:-10px">
</div></div></div></div>
<canvas id="known" width="920" height="380"></canvas></div><script>
const [lag, nth, notches] = LAG_NTH_NOTCHES;
const pen = document.querySelector("canvas").getContext("2d");
const base = document.querySelector(".noUi-base"), origin = document.querySelector(".noUi-origin");
function draw(at) {
  pen.fillStyle = "white"; pen.fillRect(0, 0, 920, 380);
  pen.fillStyle = "#ff00ff"; pen.fillRect((0.05 + 0.9 * at / notches) * 920 - 3, 365, 6, 15);
}
draw(0);
let held = false, count = 0;
base.addEventListener("pointerdown", (event) => {
  held = true;
  base.setPointerCapture(event.pointerId);
});
base.addEventListener("pointerup", () => (held = false));
base.addEventListener("pointermove", (event) => {
  if (!held) return;
  const box = base.getBoundingClientRect();
  const at = Math.round(Math.min(1, Math.max(0, (event.clientX - box.x) / box.width)) * notches);
  origin.style.transform = `translate(${1000 * at / notches - 1000}%, 0)`;
  if (count++ % nth === 0) setTimeout(() => draw(at), lag);
});
</script>"""


@dataclass(frozen=True)
class Drag:
    """What one drag showed. Times are in milliseconds."""

    moves: int  # pointer moves delivered to the page
    positions: int  # different places of the handle that the screen showed
    frames: int  # different pictures while the handle was held
    seconds: float
    shown: float  # share of these places whose picture was seen, in per cent
    lag: float | None  # median over the pictures, handle to picture
    lag_p95: float | None
    backlog: float  # from the release to the last change of the picture
    kilobytes: float  # received for each picture
    received: float  # kilobytes in all, until the picture stood still
    screen: float  # frames a second that the page drew at all
    blank: int  # frames of the screen with no picture in the page
    unknown: int  # pictures of a place where the handle never was


async def ready(page, picture: str) -> None:
    """Put the probe into the page and wait until it reads a picture."""
    await page.evaluate(PROBE, [picture, NOTCHES])
    await page.wait_for_function("() => window.probe.shown() !== null")


async def pull(page, x: float, y: float, way: float) -> None:
    """Press the pointer at a place, move it `way` pixels to the side, and let go."""
    loop = asyncio.get_running_loop()
    await page.mouse.move(x, y)
    await page.mouse.down()
    # The pointer goes on whether or not the page keeps up, as a hand does.
    began, moves = loop.time(), []
    count = round(SECONDS * MOVES_PER_SECOND)
    for move in range(1, count + 1):
        due = began + move / MOVES_PER_SECOND
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        elif wait < -1 / MOVES_PER_SECOND and move < count:
            continue
        moves.append(asyncio.create_task(page.mouse.move(x + way * move / count, y)))
    await asyncio.gather(*moves)
    await page.mouse.up()


async def drag(page, patience: float = 20) -> Drag:
    """Drag the handle to its farther end, and wait until the picture has followed it."""
    loop = asyncio.get_running_loop()
    await page.evaluate("() => window.probe.start()")
    handle = await page.evaluate("() => window.probe.handle()")
    goal = 0 if handle["at"] > 0.5 else 1
    way = (goal - handle["at"]) * handle["width"]
    await pull(page, handle["x"], handle["y"], way)
    end = loop.time() + patience
    while loop.time() < end:
        await asyncio.sleep(0.2)
        if await page.evaluate("() => window.probe.quiet > 1000"):
            break
    return judged(await page.evaluate("() => window.probe.stop()"))


def judged(log: dict) -> Drag:
    """Return what a drag's log says: to each picture belongs the one time its place was passed."""
    down, up = log["down"], log["up"]
    passed = {place: when for when, place in reversed(log["handle"])}
    lags, places, unknown = [], set(), 0
    for when, at in log["pictures"]:
        place = round(at)
        if place == log["first"]:
            continue
        if place not in passed or passed[place] > when:
            unknown += 1
            continue
        places.add(place)
        lags.append(when - passed[place])
    drawn = set(log["drawn"]) - {log["first"]}
    frames = sum(when <= up for when, _ in log["pictures"])
    seconds = (up - down) / 1000
    received = (log["bytes"][1] - log["bytes"][0]) / 1000
    last = max((when for when, _ in log["pictures"]), default=up)
    return Drag(
        moves=log["moves"],
        positions=len(drawn),
        frames=frames,
        seconds=round(seconds, 3),
        shown=100 * len(places & drawn) / max(len(drawn), 1),
        lag=statistics.median(lags) if lags else None,
        lag_p95=sorted(lags)[math.ceil(0.95 * len(lags)) - 1] if lags else None,
        backlog=max(0.0, last - up),
        kilobytes=received / max(len(log["pictures"]), 1),
        received=received,
        screen=log["frames"] / seconds,
        blank=log["blank"],
        unknown=unknown,
    )


async def fair_drag(page, again=None) -> Drag:
    """Drag; where the machine was too busy to deliver the pointer's moves, up to twice more."""
    for _ in range(3):
        result = await drag(page)
        if result.moves >= FEWEST_MOVES:
            break
        if again is not None:
            await again()
    return result


async def still(page, seconds: float, patience: float) -> None:
    """Wait until the page's sockets have been silent for a while: whatever comes ahead is there."""
    loop = asyncio.get_running_loop()
    end, heard, since = loop.time() + patience, -1, loop.time()
    while loop.time() < min(end, since + seconds) or heard < 0:
        now = await page.evaluate("() => window.bytesIn")
        if now != heard:
            heard, since = now, loop.time()
        await asyncio.sleep(0.1)


# ---------------------------------------------------------------------------------- the programs


@contextlib.contextmanager
def laboratory(notebooks: list[dict]) -> Iterator[Lab]:
    """JupyterLab with notebooks 0.ipynb and on, and settings, runtime and history of its own."""
    with tempfile.TemporaryDirectory(prefix="course-drag-", ignore_cleanup_errors=True) as place:
        folder = Path(place, "notebooks")
        folder.mkdir()
        for number, content in enumerate(notebooks):
            Path(folder, f"{number}.ipynb").write_text(json.dumps(content), encoding="utf-8")
        # With the package's setting of the server, as it is where the package is installed.
        environment = seeing_the_course(JUPYTER_CONFIG_PATH=str(ROOT / "course_lib" / "live"))
        with jupyterlab(Path(place), folder, sys.executable, environment) as lab:
            yield lab


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator:
    """Chromium without a window."""
    from playwright.async_api import async_playwright

    try:
        start = browser_start()
    except LookupError as error:
        sys.exit(str(error))
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(**start)
        yield browser
        await browser.close()


class Bench:
    """One JupyterLab page for each way, in a browser window of their own."""

    def __init__(self, context, lab: Lab, ways: list[Way]) -> None:
        self.context, self.lab, self.ways = context, lab, ways
        self.pages: dict = {}

    async def open(self) -> None:
        for way in self.ways:
            page = self.pages[way] = await self.context.new_page()
            await page.goto(self.lab.address(f"{WAYS.index(way)}.ipynb"))
            await page.wait_for_function(READY)
            await self.run(way)

    async def run(self, way: Way) -> None:
        """Run the notebook (again) and wait for its picture."""
        page = self.pages[way]
        await page.bring_to_front()
        await page.evaluate(FORGET)
        await page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        fresh = f".jp-Cell-outputArea {way.ready}:not([data-old] *)"
        await page.wait_for_selector(fresh, state="attached")
        await ready(page, way.picture)

    async def close(self) -> None:
        for page in self.pages.values():
            await page.evaluate(
                "async () => { await jupyterapp.shell.currentWidget.sessionContext.shutdown(); }"
            )
        await self.context.close()


async def measure(bench: Bench, rounds: int, link: str) -> dict[str, list[Drag]]:
    """Let the ways take turns. The course's explorer is dragged twice: just made, and warm."""
    results: dict[str, list[Drag]] = {}
    for number in range(rounds):
        print(f"{link}, round {number + 1} of {rounds}", file=sys.stderr)
        for way in bench.ways:
            page = bench.pages[way]
            await page.bring_to_front()
            if way is not COURSE:
                results.setdefault(way.name, []).append(await fair_drag(page))
                continue
            await bench.run(way)
            cold = await fair_drag(page, lambda way=way: bench.run(way))
            results.setdefault(f"{way.name}, cold", []).append(cold)
            await still(page, seconds=1.5, patience=30)
            results.setdefault(f"{way.name}, warm", []).append(await fair_drag(page))
    return results


async def blocked(page) -> Drag | None:
    """Drag the warm slider while the kernel answers nothing: None where it was free too early."""
    await page.bring_to_front()
    for seconds in (3, 5, 8):
        await still(page, seconds=1.5, patience=30)
        await page.evaluate(BLOCK, seconds)
        await page.wait_for_function(IS_BUSY)
        await asyncio.sleep(0.4)
        dragging = asyncio.create_task(drag(page))
        await page.wait_for_function("() => window.probe.log?.up || !window.blocked")
        throughout = await page.evaluate("() => window.blocked")
        result = await dragging
        await page.wait_for_function("() => !window.blocked")
        if throughout:
            return result
    return None


# ------------------------------------------------------------------------------------ the report

COLUMNS = {
    "moves": "moves",
    "places": "positions",
    "frames": "frames",
    "frames/s": "fps",
    "shown %": "shown",
    "lag ms": "lag",
    "p95 ms": "lag_p95",
    "backlog ms": "backlog",
    "KB/frame": "kilobytes",
}


def middle(drags: list[Drag]) -> dict[str, float | None]:
    """Return the median of each number over the rounds, None where no round has it."""
    rows = [asdict(one) | {"fps": one.frames / one.seconds} for one in drags]
    columns = {name: [row[name] for row in rows if row[name] is not None] for name in rows[0]}
    return {name: round(statistics.median(c), 1) if c else None for name, c in columns.items()}


def table(results: dict[str, dict[str, list[Drag]]]) -> str:
    lines = [f"{'way':42}" + "".join(f"{column:>12}" for column in COLUMNS)]
    for link, ways in results.items():
        for name, drags in ways.items():
            medians = middle(drags)
            cells = (medians[key] for key in COLUMNS.values())
            texts = ("–" if cell is None else f"{cell:.4g}" for cell in cells)
            lines.append(f"{f'{name}, {link}':42}" + "".join(f"{text:>12}" for text in texts))
    return "\n".join(lines)


async def check() -> None:
    """Measure a page whose lag and share of pictures are known."""
    titles = ("wanted lag", "lag ms", "p95 ms", "at most %", "shown %")
    print(f"{'known page':32}" + "".join(f"{title:>12}" for title in titles))
    async with chromium() as browser:
        for lag, nth in ((0, 1), (50, 1), (200, 1), (50, 3), (500, 10)):
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            await page.set_content(KNOWN.replace("LAG_NTH_NOTCHES", str([lag, nth, NOTCHES])))
            await ready(page, "canvas")
            seen = await drag(page)
            name = f"each {nth}. position, {seen.moves} moves"
            # A picture that is drawn between two frames of the screen is seen with the later one.
            numbers = (seen.lag, seen.lag_p95, 100 / nth, seen.shown)
            row = [f"{lag}–{lag + 20}", *(f"{number:.1f}" for number in numbers)]
            print(f"{name:32}" + "".join(f"{text:>12}" for text in row))
            await page.close()


async def run(chosen: argparse.Namespace) -> None:
    ways = list(WAYS)
    if importlib.util.find_spec("ipympl") is None:
        ways = [way for way in WAYS if "ipympl" not in way.name]
        print("ipympl is not installed: left out")
    rounds = {"local": 1 if chosen.quick else 5, "slow link": 1 if chosen.quick else 3}
    if chosen.slow_only:
        del rounds["local"]
    if chosen.local_only:
        del rounds["slow link"]
    results: dict[str, dict[str, list[Drag]]] = {}
    cost = None
    with laboratory([notebook(way) for way in WAYS]) as lab:
        async with chromium() as browser:
            for link, count in rounds.items():
                relay = SlowLink(int(lab.url.rsplit(":", 1)[1]))
                with relay if link == "slow link" else contextlib.nullcontext():
                    at = lab
                    if link == "slow link":
                        relay.slow = False  # the programs of the page are loaded quickly
                        at = replace(lab, url=f"http://127.0.0.1:{relay.port}")
                    context = await browser.new_context(viewport={"width": 1440, "height": 900})
                    context.set_default_timeout(PATIENCE)
                    await context.add_init_script(COUNT_BYTES)
                    bench = Bench(context, at, ways)
                    await bench.open()
                    relay.slow = True
                    results[link] = await measure(bench, count, link)
                    held = await blocked(bench.pages[COURSE])
                    if held is not None:
                        results[link][f"{COURSE.name}, kernel blocked"] = [held]
                    if cost is None:
                        said = await bench.pages[COURSE].evaluate(IN_KERNEL, COST)
                        cost = json.loads(said)
                    relay.slow = False
                    await bench.close()
    print(table(results))
    if cost["count"]:
        print(
            f"kernel, one update beyond the author's function: median {cost['median']} ms, "
            f"p95 {cost['p95']} ms ({cost['count']} updates)"
        )
    medians = {
        link: {name: middle(drags) for name, drags in ways.items()}
        for link, ways in results.items()
    }
    print(json.dumps({"rounds": rounds, "medians": medians, "kernel_ms": cost}))


COST = """
import json, statistics
print(json.dumps({
    "count": len(costs),
    "median": round(statistics.median(costs), 2) if costs else None,
    "p95": round(sorted(costs)[int(0.95 * (len(costs) - 1))], 2) if costs else None,
}))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="one round of each")
    options.add_argument("--local-only", action="store_true", help="without the slow link")
    options.add_argument("--slow-only", action="store_true", help="through the slow link only")
    options.add_argument("--check", action="store_true", help="measure a page of known lag")
    chosen = options.parse_args()
    asyncio.run(check() if chosen.check else run(chosen))


if __name__ == "__main__":
    main()
