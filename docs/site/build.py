"""Build the website: every lecture as a page whose sliders move with no kernel and no network.

    python docs/site/build.py [--out FOLDER] [--frames N] [--offline] [--no-lab]

`python course.py site` calls it in the course's own environment. Text and pictures are the stored
ones. Only the explorers are computed anew: their notebooks run once, and each explorer leaves the
frames of its sliders in a file of its own, which a page fetches when the reader comes near it.
The folder `lab/` holds the course as `lite.py` builds it, where every lecture runs in the browser.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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

import lite  # noqa: E402  (beside this file)
import optimizer_pages  # noqa: E402
from figures import figure  # noqa: E402

BINDER = "https://mybinder.org/v2/gh/OWNER/how-neural-networks-learn/HEAD?urlpath=lab/tree/"
# An image that would be fetched from elsewhere, with a link around it.
BADGE = r"\[!\[([^\]]*)\]\(https?:[^)]*\)\]\(([^)]*)\)"
FRAMES, MOST = 500, 1_000_000  # of each explorer: a page is read on a phone, too
FIRST = "01_gradient_basics"  # its first explorer is on the front page
AT_ONCE = 2  # notebooks: each has a kernel of up to 1 GB
PACKED = "application/x-course-explorer"
# Code that only brings up the words below it.
ASKS = re.compile(r'exercise\("[\d.]+"\)|(\w+) = predict\(.*\)\n\1', re.DOTALL)
# What a page without a kernel has no use for: how much is solved, and that nothing is answered.
STALE = ("<progress", "<strong>Not attempted.</strong>")
UNANSWERED = re.compile(r"<div[^>]*>No prediction recorded\. What happens: (.*)</div>", re.DOTALL)
# Runs before the notebook's own cells: an explorer shows its frames in place of the live view.
CAPTURE = """
from course_lib import live
from course_lib.live import replay

def shown(self, **_):
    try:
        return {{"{kind}": replay.packed(self, None, {most}, {frames})[1].decode()}}, {{}}
    except ValueError:  # too many lists and toggles: it stays a picture
        return {{"{kind}": ""}}, {{}}

live.Explorer._repr_mimebundle_ = shown
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=Path, default=ROOT / "build" / "site")
    options.add_argument("--frames", type=int, default=FRAMES, help="at most, of each explorer")
    options.add_argument("--offline", action="store_true", help="the lab needs no other host")
    options.add_argument("--pyodide", default=os.environ.get("COURSE_PYODIDE"))
    options.add_argument("--no-lab", action="store_true", help="leave out the lab")
    chosen = options.parse_args()
    source = chosen.out.with_name(chosen.out.name + "-source")
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(chosen.out, ignore_errors=True)
    gather(source, chosen.frames, lab=not chosen.no_lab)
    print("Writing the pages", flush=True)
    failed = sphinx(["-q", "-b", "html", "-j", "2", str(source), str(chosen.out)])
    if not failed and not chosen.no_lab:
        print("Building the lab, where lectures run in the browser", flush=True)
        try:
            python = lite.distribution(chosen.pyodide)
            lite.build(chosen.out / "lab", python, offline=chosen.offline)
        except lite.LiteError as trouble:
            print(f"{trouble}\nThe pages are built; --no-lab leaves out the lab.", file=sys.stderr)
            failed = 1
    if not failed:
        print(f"The website is in {chosen.out}; open index.html through a web server:")
        print(f"    python -m http.server --directory {chosen.out}")
    return failed


def gather(source: Path, frames: int, lab: bool) -> None:
    """Put everything Sphinx reads into `source`, at the places that the links name."""
    from course_lib.live import front

    static = source / "_static"
    (static / "explorers").mkdir(parents=True)
    (static / "pictures").mkdir()
    for name in ("site.css", "site.js", "favicon.svg"):
        shutil.copy(HERE / name, static)
    (static / "live.js").write_text(front.source(), encoding="utf-8")
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
    with ThreadPoolExecutor(AT_ONCE) as kernels:
        told = kernels.map(partial(explorers, frames=frames), books)
        progress = tqdm(told, "Computing what the sliders show", len(books), unit="notebook")
        for path, views in zip(books, progress, strict=True):
            place = source / path.relative_to(ROOT)
            place.parent.mkdir(exist_ok=True)
            book = nbformat.read(path, as_version=4)
            nbformat.write(page_of(book, path, views, static, terms, lab), place)
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


def page_of(book, path: Path, views: dict, static: Path, terms: dict, lab: bool):
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
        to_be_read(cell)
        for name, output, moving in pictured(cell, path.stem, views, static):
            if name:
                about, words = output.metadata.get("image/png", {}), output.data["text/plain"]
                output.data = {"text/html": figure(name, up, about, words, bool(moving))}
                output.metadata = {}
    launch = f"{BINDER}{path.relative_to(ROOT)}"
    here = f"{up}lab/notebooks/index.html?path={path.relative_to(ROOT)}"
    run = (
        f'<a class="run-page" href="{here}">run this page</a> in your browser: about 30 MB, half a '
        f"minute the first time, nothing to install. Or [open it on Binder]({launch})"
    )
    note = (
        "```{note}\nSliders move on this page. To run the cells, answer the exercises and drag the "
        f"points in the figures, {run if lab else f'[open it on Binder]({launch})'}.\n```"
    )
    if views:
        book.cells.insert(1, nbformat.v4.new_markdown_cell(note, id="note-to-run"))
    return book


def to_be_read(cell) -> None:
    """Turn a cell that is to be run into one that is to be read."""
    tags = cell.metadata.setdefault("tags", [])
    if ASKS.fullmatch(cell.source):
        tags.append("remove-input")
    elif re.match(r"(from|import) .*\bprogress\(\d\)$", cell.source, re.DOTALL):
        tags.append("hide-input")
    kept = []
    for output in cell.outputs:
        shown = output.get("data", {}).get("text/html", "")
        if not any(stale in shown for stale in STALE):
            kept.append(output)
            if found := UNANSWERED.fullmatch(shown):
                answer = f"<details><summary>What happens</summary>{found[1]}</details>"
                output.data = {"text/html": answer}
    cell.outputs = kept


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


def glossary() -> dict[str, str]:
    """Return each term of the glossary, in small letters, with its place on the page."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^## (.+)$", text)
    return {term.lower(): re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-") for term in found}


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

    parts = re.split(r"(```.*?```|^#[^\n]*)", source, flags=re.S | re.M)
    return "".join(
        part if i % 2 else re.sub(r"(?<!\[)\*\*([^*\n]+)\*\*(?!\])", link, part)
        for i, part in enumerate(parts)
    )


def index(source: Path, books: list[Path]) -> None:
    """Write the first page: the words of index.md, with links from where it comes to stand."""
    text = (HERE / "index.md").read_text(encoding="utf-8")
    text = text.replace("EXPLORER", first_explorer(source / "notebooks" / f"{FIRST}.ipynb"))
    lectures = [f"notebooks/{b.stem}" for b in books if b.parent.name == "notebooks"]
    guides = [f"docs/{p.stem}" for p in sorted((source / "docs").glob("*.*")) if p.is_file()]
    others = [f"{p.stem}" for p in sorted(source.glob("*.md")) if p.stem != "README"]
    others.insert(0, "About the project <README>")
    for title, names in (("Lectures", lectures), ("Guides", guides), ("Project", others)):
        entries = "\n".join(names)
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n"
    (source / "index.md").write_text(text, encoding="utf-8")


def first_explorer(page: Path) -> str:
    """Return the HTML of the first explorer of a page, for one that stands at the top."""
    outputs = (out for cell in nbformat.read(page, 4).cells for out in cell.get("outputs", []))
    shown = (output.get("data", {}).get("text/html", "") for output in outputs)
    return next(found for found in shown if "data-explorer" in found).replace(
        "../_static", "_static"
    )


if __name__ == "__main__":
    sys.exit(main())
