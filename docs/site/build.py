"""Build the website: every lecture as a page whose sliders move with no kernel and no network.

    python docs/site/build.py [--out FOLDER] [--frames N]

`python course.py site` calls it in the course's own environment. Text and pictures are the stored
ones. Only the explorers are computed anew: their notebooks run once, and each explorer leaves the
frames of its sliders in a file of its own, which a page fetches when the reader comes near it.
"""

from __future__ import annotations

import argparse
import base64
import html
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from sphinx.cmd.build import main as sphinx
from tqdm import tqdm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
# The notebooks run with the course of this folder, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

import optimizer_pages  # noqa: E402  (beside this file)

BINDER = "https://mybinder.org/v2/gh/OWNER/how-neural-networks-learn/HEAD?urlpath=lab/tree/"
# An image that would be fetched from elsewhere, with a link around it.
BADGE = r"\[!\[([^\]]*)\]\(https?:[^)]*\)\]\(([^)]*)\)"
FRAMES, MOST = 500, 500_000  # of each explorer: a page is read on a phone, too
PACKED = "application/x-course-explorer"
# Runs before the notebook's own cells: an explorer shows its frames in place of the live view.
CAPTURE = """
from course_lib import live, replay

def shown(self, **_):
    try:
        return {{"{kind}": replay.packed(self, None, {most}, {frames})[1].decode()}}, {{}}
    except ValueError:  # nothing but points: it stays a picture
        return {{"{kind}": ""}}, {{}}

live.Explorer._repr_mimebundle_ = shown
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    options.add_argument("--frames", type=int, default=FRAMES, help="at most, of each explorer")
    chosen = options.parse_args()
    source = chosen.out.with_name(chosen.out.name + "-source")
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(chosen.out, ignore_errors=True)
    gather(source, chosen.frames)
    print("Writing the pages", flush=True)
    failed = sphinx(["-q", "-b", "html", "-j", "2", str(source), str(chosen.out)])
    if not failed:
        print(f"The website is in {chosen.out}; open index.html through a web server:")
        print(f"    python -m http.server --directory {chosen.out}")
    return failed


def gather(source: Path, frames: int) -> None:
    """Put everything Sphinx reads into `source`, at the places that the links name."""
    static = source / "_static"
    (static / "explorers").mkdir(parents=True)
    (static / "pictures").mkdir()
    for name in ("site.css", "site.js", "favicon.svg"):
        shutil.copy(HERE / name, static)
    shutil.copy(ROOT / "course_lib" / "live.js", static)
    shutil.copy(HERE / "conf.py", source)
    shutil.copytree(ROOT / "docs" / "images", source / "docs" / "images")
    terms = glossary()
    for page in [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("*.md"))]:
        place = source / page.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True)
        text = anchored(page.read_text(encoding="utf-8"))
        place.write_text(re.sub(BADGE, r"[\1](\2)", text), encoding="utf-8")
    for name in ("LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, source)
    books = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("docs/*.ipynb"))]
    for path in tqdm(books, desc="Computing what the sliders show", unit="notebook"):
        place = source / path.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True)
        book = nbformat.read(path, as_version=4)
        views = explorers(path, frames)
        nbformat.write(page_of(book, path, views, static, terms), place)
    optimizer_pages.write(source / "docs" / "optimizers.md", static, frames, MOST)
    index(source, books)


def explorers(path: Path, frames: int) -> dict[str, list[str]]:
    """Run a notebook and return the packed explorers of each cell, by the cell's name."""
    book = nbformat.read(path, as_version=4)
    if not any("explore(" in cell.source for cell in book.cells if cell.cell_type == "code"):
        return {}
    first = nbformat.v4.new_code_cell(CAPTURE.format(kind=PACKED, most=MOST, frames=frames))
    book.cells.insert(0, first)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(book, timeout=1200, resources=where, store_widget_state=False).execute()
    found = {}
    for cell in book.cells[1:]:
        views = [
            out.data[PACKED] for out in cell.get("outputs", []) if PACKED in out.get("data", {})
        ]
        if views:
            found[cell.id] = views
    return found


def page_of(book, path: Path, views: dict, static: Path, terms: dict):
    """Return the notebook as a page: pictures as files with their words, explorers that move."""
    up = "../" * len(path.relative_to(ROOT).parent.parts)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(
                anchored(cell.source),
                terms,
                "" if path.parent.name == "docs" else "../docs/",
            )
            continue
        for name, output, moving in pictured(cell, path.stem, views, static):
            if name:
                about, words = output.metadata.get("image/png", {}), output.data["text/plain"]
                output.data = {"text/html": figure(name, up, about, words, bool(moving))}
                output.metadata = {}
    launch = f"{BINDER}{path.relative_to(ROOT)}"
    note = (
        "```{note}\nSliders move on this page. To run the cells, answer the exercises and drag the "
        f"points in the figures, [open it on Binder]({launch}), or install the course.\n```"
    )
    if views:
        book.cells.insert(1, nbformat.v4.new_markdown_cell(note, id="note-to-run"))
    return book


def pictured(cell, stem: str, views: dict, static: Path):
    """Put the pictures of a cell and the frames of its explorers into files.

    Return each output with the name of its files, "" for what is no picture, and its frames.
    """
    left = list(views.get(cell.id, []))
    for number, output in enumerate(cell.outputs):
        data = output.get("data", {})
        if "image/png" not in data:
            yield "", output, ""
            continue
        name = f"{stem}-{cell.id}-{number}"
        (static / "pictures" / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
        moving = left.pop(0) if left else ""
        if moving:
            (static / "explorers" / f"{name}.txt").write_text(moving)
        yield name, output, moving


def figure(name: str, up: str, about: dict, words: str, moves: bool) -> str:
    """Return the HTML of a stored picture; site.js brings it to life where `moves` says so."""
    size = f'width="{about["width"]}" height="{about["height"]}"' if "width" in about else ""
    alt = html.escape(about.get("alt", words), quote=True)
    picture = f'<img src="{up}_static/pictures/{name}.png" alt="{alt}" {size} loading="lazy">'
    if not moves:
        return f'<div class="course-figure">{picture}</div>'
    return (
        f'<div class="course-figure" role="group" aria-label="Explorer: {alt}" '
        f'data-explorer="{up}_static/explorers/{name}.txt" data-live="{up}_static/live.js">'
        f'{picture}<p class="course-said">{html.escape(words)}</p></div>'
    )


def glossary() -> dict[str, str]:
    """Return each term of the glossary, in small letters, with its place on the page."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^## (.+)$", text)
    return {term.lower(): re.sub(r"[^\w-]+", "-", term.lower()).strip("-") for term in found}


def anchored(source: str) -> str:
    """Write links to headings as the site names them; Jupyter keeps capitals and marks."""

    def name(match: re.Match) -> str:
        return f"]({match[1]}#{re.sub(r'[^a-z0-9_-]', '', match[2].lower())})"

    return re.sub(r"\]\(((?!https?:)[^)#\s]*)#([^)\s]+)\)", name, source)


def linked(source: str, terms: dict, folder: str) -> str:
    """Link each bold term of a text to its entry in the glossary."""

    def link(match: re.Match) -> str:
        word = match[1].lower()
        known = next((w for w in (word, word.removesuffix("s")) if w in terms), None)
        return f"[{match[0]}]({folder}glossary.md#{terms[known]})" if known else match[0]

    parts = re.split(r"(```.*?```|^#.*$)", source, flags=re.S | re.M)
    return "".join(
        part if i % 2 else re.sub(r"(?<!\[)\*\*([^*\n]+)\*\*(?!\])", link, part)
        for i, part in enumerate(parts)
    )


def index(source: Path, books: list[Path]) -> None:
    """Write the first page: the words of index.md, with links from where it comes to stand."""
    text = (HERE / "index.md").read_text(encoding="utf-8")
    lectures = [f"notebooks/{b.stem}" for b in books if b.parent.name == "notebooks"]
    guides = [f"docs/{p.stem}" for p in sorted((source / "docs").glob("*.*")) if p.is_file()]
    others = [f"{p.stem}" for p in sorted(source.glob("*.md")) if p.stem != "README"]
    others.insert(0, "About the project <README>")
    for title, names in (("Lectures", lectures), ("Guides", guides), ("Project", others)):
        entries = "\n".join(names)
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"
    (source / "index.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
