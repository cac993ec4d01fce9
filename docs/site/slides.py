"""Build a deck of slides from a lecture, with explorers that move.

    python docs/site/slides.py 05 [--pdf] [--out FOLDER] [--frames N]

`python course.py slides 05` calls it in the course's own environment. A deck is written, not cut
from the notebook: a cell whose metadata hold `slides`, a list, has a slide for each entry, and what
is not marked stays out. An entry is a dictionary:

    title      the heading
    text       words in Markdown
    show       what the cell has to show: "picture" (a figure or an explorer), "print", "code"
    lines      which lines of code, such as "4-9" or "1, 5"
    ask        a question with its options, to answer before the slider moves
    answer     the name of the cell that reveals it: what happens appears with the next key
    then       words that appear with the next key
    notes      what the lecturer says; the S key shows it in a window of its own
    minutes    how long the slide takes

In a deck of twenty to thirty slides, each holds one thing and at most forty words.
"""

from __future__ import annotations

import argparse
import html
import re
import shutil
import sys
import textwrap
from functools import partial
from pathlib import Path

import frames
import nbformat
import pages
import sphinx_revealjs
from figures import figure
from formulas import markdown
from printed import PrintError, printed
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
FONTS = frames.ROOT / "course_lib" / "live" / "fonts"
WIDEST = 78  # characters of code that fit on a slide
LIGHT, DARK = HtmlFormatter(style="friendly", nowrap=True), HtmlFormatter(style="github-dark")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{up}_static/favicon.svg">
<link rel="stylesheet" href="{up}_static/reveal/reveal.css">
<link rel="stylesheet" href="{up}_static/slides.css">
<style>{colors}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="{up}_static/reveal/reveal.js"></script>
<script src="{up}_static/reveal/notes.js"></script>
<script type="module" src="{up}_static/slides.js"></script>
<script type="module" src="{up}_static/site.js"></script>
</body>
</html>
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("lecture", help="its number, such as 05")
    options.add_argument("--pdf", action="store_true", help="print the deck, too")
    options.add_argument("--out", type=Path, default=frames.ROOT / "build" / "slides")
    options.add_argument("--frames", type=int, default=frames.FRAMES)
    chosen = options.parse_args()
    path = lecture(chosen.lecture)
    book = nbformat.read(path, as_version=4)
    if not marked(book):
        print(f"{path.name} has no slides: none of its cells is marked.", file=sys.stderr)
        return 1
    out = chosen.out / path.stem
    shutil.rmtree(out, ignore_errors=True)
    static = out / "_static"
    (static / "explorers").mkdir(parents=True)
    (static / "pictures").mkdir()
    bring(static)
    for name in ("site.js", "favicon.svg"):
        shutil.copy(frames.HERE / name, static)
    from course_lib.live import front

    (static / "live.js").write_text(front.source(), encoding="utf-8")
    ((_, views),) = frames.of_all([path], chosen.frames)
    pdf = f"{path.stem}.pdf" if chosen.pdf else ""
    page = deck(book, partial(shown, stem=path.stem, views=views, static=static), {"PDF": pdf})
    (out / "index.html").write_text(page, encoding="utf-8")
    if chosen.pdf:
        try:
            printed(out, out / pdf)
        except PrintError as trouble:
            print(trouble, file=sys.stderr)
            return 1
        print(f"The slides on paper are in {out / pdf}.")
    print(f"The slides are in {out}; open index.html through a web server:")
    print(f"    python -m http.server --directory {out}")
    print("Arrow keys turn the slides, S shows your notes and a clock, F fills the screen,")
    print("D switches between light and dark, and ? lists all keys.")
    return 0


def bring(static: Path) -> None:
    """Put into the folder `static` what turns slides, and the typeface."""
    shutil.copytree(FONTS, static / "fonts")
    (static / "reveal").mkdir()
    for name in ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE"):
        shutil.copy(REVEAL / name, static / "reveal")
    for name in ("slides.js", "slides.css"):
        shutil.copy(frames.HERE / name, static)


def marked(book) -> bool:
    """Return whether a lecture has slides."""
    return any(cell.metadata.get("slides") for cell in book.cells)


def for_site(path: Path, views: dict, out: Path, links: dict[str, str]) -> Path | None:
    """Write the deck of a lecture into the folder `slides` of a website; return it, if any.

    Parameters
    ----------
    path : Path
        The lecture.
    views : dict
        What `frames` found in its cells.
    out : Path
        The website, which has its pictures and explorers.
    links : dict
        What the first slide links to, by words.
    """
    book = nbformat.read(path, as_version=4)
    if not marked(book):
        return None
    show = partial(shown, stem=path.stem, views=views, static=out / "_static", up="../")
    target = out / "slides" / f"{path.stem}.html"
    target.parent.mkdir(exist_ok=True)
    target.write_text(deck(book, show, links, "../"), encoding="utf-8")
    return target


def lecture(number: str) -> Path:
    """Return the notebook of a lecture, by its number."""
    there = sorted((frames.ROOT / "notebooks").glob("*.ipynb"))
    found = [path for path in there if path.stem.split("_")[0] == number.zfill(2)]
    if not found:
        known = ", ".join(path.stem.split("_")[0] for path in there)
        sys.exit(f"There is no lecture {number}. There are: {known}.")
    return found[0]


def deck(book, show, links: dict[str, str] | None = None, up: str = "") -> str:
    """Return the page of all slides of a lecture.

    Parameters
    ----------
    book : NotebookNode
        The lecture, with its stored outputs.
    show : callable
        Gets a cell, "picture", "print" or "code", and the slide's entry; returns the HTML of it.
    links : dict
        What the first slide links to, such as the deck on paper, by words.
    up : str
        The way to the folder that `_static` is in.
    """
    cells = {cell.id: cell for cell in book.cells}
    slides = []
    ways = " ".join(f'<a href="{to}">{words}</a>' for words, to in (links or {}).items() if to)
    first = f'<p class="course-pdf">{ways}</p>' if ways else ""
    for cell in book.cells:
        for entry in cell.metadata.get("slides", []):
            slides.append(slide(entry, cell, cells, show, "" if slides else first))
    title = re.match(r"# (.+)", book.cells[0].source)
    name = title[1] if title else "Slides"
    return PAGE.format(title=html.escape(name), slides="\n".join(slides), colors=colors(), up=up)


def slide(entry: dict, cell, cells: dict, show, last: str = "") -> str:
    """Return one slide as HTML: its heading, its words and what its cell has to show."""
    words = rows_named(MARKDOWN.render(entry.get("text", "")))
    if "ask" in entry:
        words += f'<div class="course-ask">{MARKDOWN.render(entry["ask"])}</div>'
    if "answer" in entry:
        happens = html.escape(outcome(cells[entry["answer"]])[0], quote=False)
        happens = re.sub(r"(?<=\w)/(?=\w)", "/\u2060", happens)  # no line ends within 2/λ
        said = f"<strong>What happens:</strong> {happens}"
        words += f'<p class="fragment course-answer">{said}</p>'
    if "then" in entry:
        words += f'<div class="fragment course-then">{MARKDOWN.render(entry["then"])}</div>'
    seen = "".join(show(cell, what, entry) for what in entry.get("show", "").split())
    body = f'<div class="course-words">{words}</div>' if words else ""
    body += f'<div class="course-seen">{seen}</div>' if seen else ""
    notes = MARKDOWN.render(entry.get("notes", ""))
    if "answer" in entry:
        notes += MARKDOWN.render("*Why:* " + outcome(cells[entry["answer"]])[1])
    seconds = round(60 * entry.get("minutes", 1))
    opens = cell is next(iter(cells.values()))
    look = ["course-title"] * opens + ["course-alone"] * ("course-figure" not in seen)
    level = "h1" if opens else "h2"
    heading = MARKDOWN.renderInline(entry["title"])
    return (
        f'<section data-timing="{seconds}" class="{" ".join(look)}">'
        f"<{level}>{heading}</{level}>{body}{last}"
        f'<aside class="notes">{notes}</aside></section>'
    )


def rows_named(words: str) -> str:
    """Let the first column of a table name its rows where nothing stands above it.

    To a screen reader a formula alone is no name.
    """

    def first(match: re.Match) -> str:
        said = re.search(r"\w", re.sub(r"<math.*?</math>|<[^>]*>", "", match[2]))
        return f'{match[1]}<th scope="row">{match[2]}</th>' if said else match[0]

    head, empty, rows = words.partition("<th></th>")
    named = re.sub(r"(<tr>\s*)<td>(.*?)</td>", first, rows, flags=re.DOTALL)
    return f"{head}<td></td>{named}" if empty else words


def outcome(cell) -> tuple[str, str]:
    """Return what happens and why, as a cell that reveals a prediction has it stored, folded."""
    stored = next(
        output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})
    )
    told = html.unescape(re.sub(r"<summary>.*?</summary>|<[^>]+>", "", stored, flags=re.DOTALL))
    found = re.match(r"\s*What happens: (.+?\.)(?:\s+(.*))?$", told.strip(), re.DOTALL)
    if not found:
        raise ValueError(f"the cell {cell.id} does not reveal a prediction: {told[:80]!r}")
    return found[1], (found[2] or "").strip()


def shown(cell, what: str, entry: dict, stem: str, views: dict, static: Path, up: str = "") -> str:
    """Return a picture, a print-out or the code of a cell as HTML, and put its files in place."""
    if what == "code":
        return colored(excerpt(cell.source, entry.get("lines", "")))
    found = []
    for name, output, has in pages.pictured(cell, stem, views, static):
        data = output.get("data", {})
        if what == "picture" and name:
            about = output.metadata.get("image/png", {})
            if has["slide"]:  # drawn for it, with its axes beside each other
                name, has = f"{name}-slide", has | {"sizes": [has["slide"]], "phone": False}
            found.append(figure(name, up, about, data.get("text/plain", ""), **has))
        elif what == "print" and output.output_type == "stream":
            found.append(f"<pre>{html.escape(output.text)}</pre>")
        elif what == "print" and "text/markdown" in data:  # the source that the cell shows
            source = re.sub(r"^```\w*\n|\n?```\s*$", "", data["text/markdown"])
            found.append(colored(excerpt(source, entry.get("lines", ""))))
    return "".join(found)


def excerpt(source: str, lines: str) -> str:
    """Return some lines of code; the comment of one that is too wide stands above it."""
    written, chosen = source.splitlines(), []
    for part in lines.split(","):
        first, dash, last = part.partition("-")
        begin = int(first or 1) - 1
        chosen += written[begin : int(last) if last else None if dash or not first else begin + 1]
    wide = re.compile(rf"(?=.{{{WIDEST + 1}}})(\s*)(\S.*?)  (# .*)")
    return textwrap.dedent("\n".join(wide.sub(r"\1\3\n\1\2", line) for line in chosen))


def colored(source: str, *_) -> str:
    """Return code as a slide shows it."""
    return f'<pre class="highlight">{highlight(source, PythonLexer(), LIGHT)}</pre>'


def colors() -> str:
    """Return the colors of code, in light and in dark."""
    dark = DARK.get_style_defs('[data-theme="dark"] .highlight')
    return LIGHT.get_style_defs(".highlight") + "\n" + dark


MARKDOWN = markdown(highlight=colored)

if __name__ == "__main__":
    sys.exit(main())
