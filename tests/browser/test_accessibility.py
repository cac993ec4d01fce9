"""What axe-core finds in the parts of a page that are ours, and what the keyboard reaches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_explorers_in_browser import opened
from test_notebooks_in_browser import CELLS, READY

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Faults of what the course stands on: the rule, the upstream element, and where it is discussed.
UPSTREAM = {
    # JupyterLab shows an image of an output without the description that comes with it.
    "image-alt": (
        ".jp-OutputArea-output.jp-RenderedImage > img",
        "https://github.com/jupyter/enhancement-proposals/issues/120",
    ),
    # JupyterLab tells links in Markdown from the words around them by color alone.
    "link-in-text-block": (
        ".jp-RenderedMarkdown a",
        "https://github.com/jupyterlab/jupyterlab/pull/14912",
    ),
    # The comments of highlighted code are too faint in JupyterLab's dark theme.
    "color-contrast": (
        ".jp-RenderedMarkdown pre span",
        "https://github.com/jupyter/notebook/issues/6929",
    ),
}
# Everything that a notebook of the course puts on the page: its prose and its outputs.
OURS = [".jp-OutputArea-output", ".jp-RenderedMarkdown"]
EXPLORER = ".jp-OutputArea-output:has(.course-explorer)"

DONE = """count => {
  const outputs = [...document.querySelectorAll(".jp-OutputArea-output")];
  const all = document.querySelectorAll(".course-explorer");
  return outputs.every(one => !one.textContent.includes("Loading widget")) &&
    all.length >= count && [...all].every(one => one.dataset.live === "true");
}"""
# Return the grave faults, each with whether it lies in an upstream element, and the rules that
# found something to look at in the explorers, and how many standings had their contrast measured.
AXE = """async ([include, upstream, explorer]) => {
  const found = await axe.run({include}, {resultTypes: ["violations", "passes"], elementRef: true});
  const faults = [], checked = new Set();
  for (const {id, impact, help, nodes} of found.violations) {
    if (!["serious", "critical"].includes(impact)) continue;
    for (const {element, html} of nodes) {
      const known = upstream[id] && element.matches(upstream[id][0]) &&
        !element.closest(".course-explorer");
      faults.push({rule: id, help, html, known: Boolean(known)});
    }
  }
  for (const {id, nodes} of [...found.passes, ...found.violations])
    if (nodes.some(({element}) => element.closest(explorer))) checked.add(id);
  const contrast = found.passes.find(({id}) => id === "color-contrast");
  const read = (contrast?.nodes ?? []).filter(({element, any}) =>
    element.matches(".course-standing") && any[0]?.data?.contrastRatio).length;
  return {faults, read, checked: [...checked]};
}"""
# The name of what has the focus, as a screen reader says it; null outside of explorers.
FOCUSED = """explorer => {
  const on = document.activeElement;
  if (!on.closest(explorer)) return null;
  if (on.classList.contains("widget-readout")) return "value of " + on.parentElement
    .querySelector(".noUi-handle").getAttribute("aria-label");
  return on.getAttribute("aria-label") || on.labels?.[0]?.firstChild.textContent.trim() ||
    on.closest(".widget-checkbox")?.textContent.replace("\\u200b", "").trim() ||
    on.textContent.trim();
}"""


def axe(page) -> dict:
    """Run axe-core, from disk, on what the course put on the page."""
    package = pytest.importorskip("axe_playwright_python")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(Path(package.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    # The contrast of text is told only where it is in sight: the window grows to the notebook. And
    # JupyterLab's body has no height of its own: axe would take all that is in it to be cut off.
    page.evaluate("document.body.style.overflow = 'visible'")
    tall = page.evaluate("document.querySelector('.jp-WindowedPanel-inner').offsetHeight")
    page.set_viewport_size({"width": 1280, "height": min(tall + 300, 30000)})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    page.wait_for_timeout(1000)
    include = [[place] for place in OURS if page.query_selector(place)]
    found = page.evaluate(AXE, [include, UPSTREAM, EXPLORER])
    if os.environ.get("COURSE_VERBOSE"):
        print(found["read"], found["checked"], *found["faults"], sep="\n")
    return found


def in_theme(page, name: str) -> None:
    """Change JupyterLab's theme and wait until it is seen."""
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    page.wait_for_function(
        "light => document.body.dataset.jpThemeLight === light",
        arg=str(name.endswith("Light")).lower(),
    )
    page.wait_for_timeout(500)


@pytest.mark.parametrize("notebook", ["00_start_here.ipynb", "01_gradient_basics.ipynb"])
def test_axe_finds_no_grave_fault_in_prose_outputs_and_explorers(page, lab, notebook):
    page.goto(lab.address(notebook))
    page.wait_for_function(READY)
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    cells = page.evaluate(CELLS)
    count = sum("explore(" in "".join(cell["source"]) for cell in cells)
    assert count > 0
    page.wait_for_function(DONE, arg=count)
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        in_theme(page, theme)
        found = axe(page)
        assert {"color-contrast", "role-img-alt", "aria-input-field-name"} <= set(found["checked"])
        assert found["read"] >= count
        ours = [fault for fault in found["faults"] if not fault["known"]]
        assert ours == [], f"in {theme}"


@pytest.mark.parametrize("notebook", ["00_start_here.ipynb", "01_gradient_basics.ipynb"])
def test_every_picture_brings_its_description(notebook):
    # What JupyterLab leaves out is in the file: other front ends and exports show it.
    import nbformat

    stored = nbformat.read(Path(__file__).parents[2] / "notebooks" / notebook, as_version=4)
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
    assert first == "rate 0.0200, momentum 0.5, double False, step 0, start -1.50 2.00"
    page.locator(f".jp-Cell:has({EXPLORER})").focus()
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = page.evaluate(FOCUSED, EXPLORER)
        if name is None and stops:
            break
        if name is None:
            continue
        stops.append(name)
        key = {"momentum": "ArrowDown", "double": "Space", "speed": "ArrowDown"}.get(name)
        if name in ("Step back", "Play", "Step forward", "Reset"):
            key = "Enter"
        if name.startswith("value of"):
            continue
        before = standing.text_content()
        page.keyboard.press(key or "ArrowRight")
        if name == "speed":
            assert page.locator(".course-play select").input_value() == "2"
            continue
        page.wait_for_function(CHANGED, arg=before)
        if name == "Play":
            page.keyboard.press("Enter")
            assert page.locator(".course-run").text_content() == "Play"
    sliders = ["learning rate α", "k"]
    assert [name for name in stops if not name.startswith("value of")] == [
        *(sliders[0], "momentum", "double", sliders[1]),
        "start, move it with the arrow keys",
        *("Step back", "Play", "Step forward", "speed", "Reset"),
    ]
    page.wait_for_function(
        "said => document.querySelector('.course-standing').textContent === said", arg=first
    )
    # And out of it again the way one came.
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED, EXPLORER) == "Reset"


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
