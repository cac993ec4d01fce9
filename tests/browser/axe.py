"""What axe-core finds on a page, told apart into faults of the course and of what it stands on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Faults of what the course stands on: the rule, the upstream element, and where it is discussed.
UPSTREAM = {
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
    page.wait_for_function(
        "tall => document.querySelector('.jp-WindowedPanel-outer').clientHeight >= tall",
        arg=min(tall, 29000),
    )
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


def has_no_grave_fault(page, explorers: int) -> None:
    """Look at all that the course put on the page, in both themes."""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        in_theme(page, theme)
        found = axe(page)
        if explorers:
            assert {"color-contrast", "role-img-alt"} <= set(found["checked"])
            assert found["read"] >= 1  # of a very long page only the first part is in sight
        assert [fault for fault in found["faults"] if not fault["known"]] == [], f"in {theme}"
    in_theme(page, "JupyterLab Light")
