"""Turn a stored notebook into a page: pictures as files, explorers and exercises that answer."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import practice  # beside this file
from figures import figure, put
from formulas import markdown
from places import ROOT, Place

from course_lib.exercises.tasks import exercise

# Code that only brings up the words below it.
ASKS = re.compile(r"(\w+) = predict\(.*\)\n\1|\w+\.reveal\(.*\)", re.DOTALL)
TASK = re.compile(r'exercise\("([\d.]+)"\)')
ANSWER = re.compile(r'exercise\("([\d.]+)"\)\.check\(\w+\)\s*$')
# What a page without a kernel has no use for: how much is solved, and that nothing is answered.
STALE = ("<progress", "<strong>Not attempted.</strong>")


@dataclass(frozen=True)
class Site:
    """What every page is made with.

    Attributes
    ----------
    static : Path
        The folder for pictures and frames.
    terms : dict
        Each term of the glossary with its place there.
    place : Place
        Where the repository is.
    lab, pdf : bool
        Whether the site has the lab, and each lecture as a PDF.
    """

    static: Path
    terms: dict[str, str]
    place: Place
    lab: bool
    pdf: bool


def of(path: Path, shown: dict, site: Site):
    """Return the page of the notebook at `path`; `shown` is what `frames` found in its cells."""
    book = nbformat.read(path, as_version=4)
    up = "../" * len(path.relative_to(ROOT).parent.parts)
    folder = "" if path.parent.name == "docs" else "../docs/"
    run = run_link(path, up, site)
    cells = []
    for cell in book.cells:
        if task := TASK.fullmatch(cell.source):
            cell = heading_of(task[1], cell)
        if cell.cell_type == "markdown":
            cell.source = with_ways_to_python(cell, run)
            cell.source = linked(anchored(cell.source), site.terms, folder)
        else:
            to_be_read(cell, run)
            for name, output, found in pictured(cell, path.stem, shown, site.static):
                if name:
                    about, words = output.metadata.get("image/png", {}), output.data["text/plain"]
                    output.data = {"text/html": figure(name, up, about, words, **found)}
                    output.metadata = {}
            for found in shown.get(cell.id, []):
                if "reveal" in found:
                    output = nbformat.v4.new_output("display_data", {"text/html": found["reveal"]})
                    cell.outputs = [output]
        cells.append(cell)
    deck = any(cell.metadata.get("slides") for cell in book.cells)
    around = ways(path, up, run, site, deck)
    cells.insert(1, nbformat.v4.new_markdown_cell(around, id="ways-out"))
    book.cells = cells
    return book


def run_link(path: Path, up: str, site: Site) -> str:
    """Return the HTML of the link that leads to where the page runs."""
    where = path.relative_to(ROOT).as_posix()
    here = f"{up}lab/notebooks/index.html?path={where}"
    to = here if site.lab else site.place.binder(where)
    return f'<a class="run-page" href="{to}">run this page</a>'


def ways(path: Path, up: str, run: str, site: Site, deck: bool) -> str:
    """Return the HTML of what can be done with a page: run, download or change it, show slides."""
    where = path.relative_to(ROOT).as_posix()
    links = [
        (site.place.binder(where), "Binder"),
        (site.place.colab(where), "Colab"),
        (site.place.raw(where), "Download the notebook"),
        (site.place.edit(where), "Edit this page"),
    ]
    if site.pdf and path.parent.name == "notebooks":
        links.insert(2, (f"{up}pdf/{path.stem}.pdf", "PDF"))
        if deck:
            links.insert(3, (f"{up}pdf/{path.stem}-slides.pdf", "Slides as PDF"))
    if deck:
        links.append((f"{up}slides/{path.stem}.html", "Slides"))
    rows = "".join(f'<li><a href="{html.escape(to)}">{words}</a></li>' for to, words in links)
    first = run.replace("run this page", "Run this page").replace(
        "run-page", "run-page course-first"
    )
    note = "in your browser: half a minute the first time, nothing to install" if site.lab else ""
    return (
        f'<nav class="course-ways" aria-label="This page elsewhere"><p>Sliders, predictions and '
        f"number exercises work right here. To run and change the code: {first} {note}</p>"
        f"<ul>{rows}</ul></nav>"
    )


def with_ways_to_python(cell, run: str) -> str:
    """Return a text in which what only Python can do says so, and leads there."""
    text = cell.source
    for phrase in cell.metadata.get("tries", {}).get("python", []):
        if phrase not in text:
            raise ValueError(f"{cell.id}: its tries name {phrase!r}, which its text does not hold.")
        text = text.replace(
            phrase, f'{phrase} <span class="course-python">(to do this, {run})</span>'
        )
    return text


def heading_of(number: str, cell):
    """Return the task of an exercise as words with a heading, to which links can lead."""
    title, rest = exercise(number)._repr_markdown_().split("\n\n", 1)
    text = f"### {title.strip('*')}\n\n{rest}"
    return nbformat.v4.new_markdown_cell(text, id=cell.id, metadata=cell.metadata)


def to_be_read(cell, run: str) -> None:
    """Turn a cell that is to be run into one that is to be read."""
    tags = set(cell.metadata.get("tags", []))
    if ASKS.fullmatch(cell.source):
        tags.add("remove-input")
    elif re.match(r"(from|import) .*\bprogress\(\d\)$", cell.source, re.DOTALL):
        tags.add("hide-input")
    kept = []
    for output in cell.outputs:
        shown = output.get("data", {}).get("text/html", "")
        if not any(stale in shown for stale in STALE):
            kept.append(output)
    if asked := ANSWER.search(cell.source):
        place = practice.form(exercise(asked[1]), run)
        if "<form" in place:
            tags.add("remove-input")
        kept = [nbformat.v4.new_output("display_data", {"text/html": place})]
    cell.outputs = kept
    cell.metadata["tags"] = sorted(tags)


def pictured(cell, stem: str, shown: dict, static: Path) -> Iterator[tuple]:
    """Put the pictures of a cell, and the frames and films of its explorers, into files.

    Return each output with the name of its files, "" for what is no picture, and what else `figure`
    has to know of it.
    """
    left = [found for found in shown.get(cell.id, []) if "pictures" in found]
    for number, output in enumerate(cell.outputs):
        data = output.get("data", {})
        if "image/png" not in data:
            yield "", output, {}
            continue
        name = f"{stem}-{cell.id}-{number}"
        found = left.pop(0) if left else {}
        for end, film in zip(("", "-night"), found.get("films", ()), strict=False):
            (static / "pictures" / f"{stem}{end}.webp").write_bytes(base64.b64decode(film))
        yield name, output, put(static, name, found or {"pictures": {"": data["image/png"]}})


def glossary() -> dict[str, str]:
    """Return each term of the glossary, in small letters, with its place on the page."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^## (.+)$", text)
    return {term.lower(): re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-") for term in found}


def meanings() -> dict[str, str]:
    """Return what each term of the glossary means, as HTML, by its place on the page."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    places, found, written = glossary(), {}, markdown()
    for part in re.split(r"(?m)^## ", text)[1:]:
        term, _, meaning = part.partition("\n")
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", meaning.strip().split("\n\n")[0])
        found[places[term.strip().lower()]] = written.renderInline(" ".join(words.split()))
    return found


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
