"""Build a deck of slides from a lecture, with explorers that move.

    python docs/site/slides.py 05 [--out FOLDER] [--frames N]

`python course.py slides 05` calls it in the course's own environment. Which cell begins a slide is
in the notebook (`slideshow` in the cell's metadata, as JupyterLab shows and changes it).
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
from pathlib import Path

import build
import nbformat
import sphinx_revealjs
from formulas import mathml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
# A lecture shows what a cell says or draws. Code is shown where it is what is talked about.
SILENT = re.compile(r"\b(explore|predict|exercise)\(|\.reveal\(|\bplots\.show\(")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="_static/favicon.svg">
<link rel="stylesheet" href="reveal/dist/reveal.css">
<link rel="stylesheet" href="_static/slides.css">
<style>{colors}</style>
</head>
<body data-theme="light">
<div class="reveal"><main class="slides">
{slides}
</main></div>
<script src="reveal/dist/reveal.js"></script>
<script type="module" src="_static/site.js"></script>
<script type="module" src="_static/slides.js"></script>
</body>
</html>
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("lecture", help="its number, such as 05")
    options.add_argument("--out", type=Path, default=build.ROOT / "build" / "slides")
    options.add_argument("--frames", type=int, default=build.FRAMES)
    chosen = options.parse_args()
    path = lecture(chosen.lecture)
    out = chosen.out / path.stem
    shutil.rmtree(out, ignore_errors=True)
    static = out / "_static"
    (static / "explorers").mkdir(parents=True)
    (static / "pictures").mkdir()
    shutil.copytree(REVEAL / "dist", out / "reveal" / "dist")
    for name in ("site.js", "slides.js", "slides.css", "favicon.svg"):
        shutil.copy(build.HERE / name, static)
    shutil.copy(build.ROOT / "course_lib" / "live.js", static)
    print(f"Computing what the sliders of {path.stem} show", flush=True)
    views = build.explorers(path, chosen.frames)
    (out / "index.html").write_text(deck(path, views, static), encoding="utf-8")
    print(f"The slides are in {out}; open index.html through a web server:")
    print(f"    python -m http.server --directory {out}")
    return 0


def lecture(number: str) -> Path:
    """Return the notebook of a lecture, by its number."""
    there = sorted((build.ROOT / "notebooks").glob("*.ipynb"))
    found = [path for path in there if path.stem.split("_")[0] == number.zfill(2)]
    if not found:
        known = ", ".join(path.stem.split("_")[0] for path in there)
        sys.exit(f"There is no lecture {number}. There are: {known}.")
    return found[0]


def deck(path: Path, views: dict, static: Path) -> str:
    """Return the page of all slides: columns of slides, one column for each section."""
    book = nbformat.read(path, as_version=4)
    columns: list[list[str]] = []
    for cell in book.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind in ("skip", "notes"):
            continue
        if kind == "slide" or not columns:
            columns.append([])
        if kind in ("slide", "subslide") or not columns[-1]:
            columns[-1].append("")
        shown = of_cell(cell, path.stem, views, static)
        if kind == "fragment":
            shown = f'<div class="fragment">{shown}</div>'
        columns[-1][-1] += shown
    slides = "\n".join(
        "<section>" + "".join(f"<section>{slide}</section>" for slide in column) + "</section>"
        for column in columns
    )
    title = re.match(r"# (.*)", book.cells[0].source)[1]
    colors = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return PAGE.format(title=html.escape(title), slides=slides, colors=colors)


def of_cell(cell, stem: str, views: dict, static: Path) -> str:
    """Return what a slide shows of a cell."""
    if cell.cell_type == "markdown":
        return MARKDOWN.render(re.sub(r"\]\((?!https?:)[^)]*\)", "](#)", cell.source))
    parts = []
    if not (cell.metadata.get("jupyter", {}).get("source_hidden") or SILENT.search(cell.source)):
        parts.append(highlight(cell.source, PythonLexer(), HtmlFormatter()))
    for name, output, moving in build.pictured(cell, stem, views, static):
        data = output.get("data", {})
        if name:
            about = output.metadata.get("image/png", {})
            parts.append(build.figure(name, "", about, data.get("text/plain", ""), bool(moving)))
        elif "text/html" in data:
            parts.append(data["text/html"])
        elif "text/markdown" in data:
            parts.append(MARKDOWN.render(data["text/markdown"]))
        else:
            text = output.get("text", data.get("text/plain", ""))
            parts.append(f"<pre>{html.escape(text)}</pre>")
    return "".join(parts)


def formula(content: str, options: dict) -> str:
    display = "block" if options["display_mode"] else "inline"
    return mathml(content, display)


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=formula, double_inline=True)

if __name__ == "__main__":
    sys.exit(main())
