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

from notebooks.store_outputs import briefly, narrow, parts, shows_code

REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
LIGHT, DARK = HtmlFormatter(style="friendly", nowrap=True), HtmlFormatter(style="github-dark")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="_static/favicon.svg">
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="_static/slides.css">
<style>{colors}</style>
</head>
<body>
<div class="reveal"><main class="slides">
{slides}
</main><p class="course-where" aria-hidden="true"></p></div>
<script src="reveal/reveal.js"></script>
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
    (out / "reveal").mkdir()
    for name in ("dist/reveal.css", "dist/reveal.js", "LICENSE"):
        shutil.copy(REVEAL / name, out / "reveal")
    for name in ("site.js", "slides.js", "slides.css", "favicon.svg"):
        shutil.copy(build.HERE / name, static)
    from course_lib.live import front

    (static / "live.js").write_text(front.source(), encoding="utf-8")
    print(f"Computing what the sliders of {path.stem} show", flush=True)
    views = build.explorers(path, chosen.frames)
    (out / "index.html").write_text(deck(path, views, static), encoding="utf-8")
    print(f"The slides are in {out}; open index.html through a web server:")
    print(f"    python -m http.server --directory {out}")
    print(
        "Arrow keys turn the slides, F fills the screen, D is for light or dark, ? tells all keys."
    )
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
    columns: list[list[Slide]] = []
    for cell in book.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type", "-")
        if kind in ("skip", "notes"):
            continue
        for number, part in enumerate(parts(cell)):
            if number:
                kind = "slide" if part.startswith("## ") else "subslide"
            if kind == "slide" or not columns:
                columns.append([])
            if kind in ("slide", "subslide") or not columns[-1]:
                columns[-1].append(Slide())
            if cell.cell_type == "markdown":
                shown = of_words(part)
            else:
                shown = of_code(cell, path.stem, views, static)
            if kind == "fragment":
                shown = f'<div class="fragment">{shown}</div>'
            columns[-1][-1].put(shown, cell.cell_type == "markdown", narrow(cell))
    title, _, opening = book.cells[0].source.partition("\n\n")
    title = title.removeprefix("# ")
    # Of the page's opening a deck says what the lecture is about, not how to run the notebook.
    columns[0][0] = Slide("course-title")
    columns[0][0].put(of_words(f"# {title}\n\n{opening.split(chr(10) * 2)[0]}"))
    slides = "\n".join(
        "<section>" + "".join(str(slide) for slide in column if slide.shown) + "</section>"
        for column in columns
    )
    return PAGE.format(title=html.escape(title), slides=slides, colors=colors())


class Slide:
    """A slide as it is filled. Words that follow a narrow picture stand beside it."""

    def __init__(self, look: str = "") -> None:
        self.look, self.shown, self.beside = look, "", False

    def put(self, shown: str, words: bool = True, narrow: bool = False) -> None:
        if self.beside and not words:
            self.shown += "</div></div>"
            self.beside = False
        if narrow:
            shown = f'<div class="course-beside">{shown}<div>'
            self.beside = True
        self.shown += shown

    def __str__(self) -> str:
        look = f' class="{self.look}"' if self.look else ""
        return f"<section{look}>{self.shown}{'</div></div>' * self.beside}</section>"


def of_words(source: str) -> str:
    """Return what a slide shows of words: links lead nowhere but to other sites."""
    return MARKDOWN.render(re.sub(r"(?<!!)\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", source))


def of_code(cell, stem: str, views: dict, static: Path) -> str:
    """Return what a slide shows of a code cell."""
    shown = [colored(cell.source)] if shows_code(cell) else []
    for name, output, moving in build.pictured(cell, stem, views, static):
        data = output.get("data", {})
        if name:
            about = output.metadata.get("image/png", {})
            shown.append(build.figure(name, "", about, data.get("text/plain", ""), bool(moving)))
        elif "text/html" in data:
            # In a hall nobody has answered yet: what happens is all there is to say.
            shown.append(data["text/html"].replace("No prediction recorded. ", ""))
        elif "text/markdown" in data:
            shown.append(MARKDOWN.render(briefly(data["text/markdown"])))
        else:
            text = output.get("text", data.get("text/plain", ""))
            shown.append(f"<pre>{html.escape(text)}</pre>")
    return "".join(shown)


def colored(source: str, *_) -> str:
    """Return code as a slide shows it, with no more than one empty line in a row."""
    short = re.sub(r"\n{3,}", "\n\n", source)
    return f'<pre class="highlight">{highlight(short, PythonLexer(), LIGHT)}</pre>'


def colors() -> str:
    """Return the colors of code, in light and in dark."""
    dark = DARK.get_style_defs('[data-theme="dark"] .highlight')
    return LIGHT.get_style_defs(".highlight") + "\n" + dark


def formula(content: str, options: dict) -> str:
    display = "block" if options["display_mode"] else "inline"
    return mathml(content, display)


MARKDOWN = MarkdownIt("commonmark", {"html": True, "highlight": colored}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=formula, double_inline=True)

if __name__ == "__main__":
    sys.exit(main())
