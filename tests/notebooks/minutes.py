"""How long a lecture takes, counted: the words to read, the code to read, and what there is to do.

    python tests/notebooks/minutes.py notebooks/01_gradient_basics.ipynb

A lecture has a core path and, in cells tagged `deeper`, sections that nothing later needs.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

WORDS, LINES, EXPLORER, EXERCISE, PREDICTION = 200, 15, 3, 4, 1


@dataclass(frozen=True)
class Count:
    """What a path through a lecture consists of."""

    words: int
    lines: int
    explorers: int
    exercises: int
    predictions: int

    @property
    def minutes(self) -> float:
        """At 200 words and 15 lines a minute, and 3, 4 and 1 minutes for what there is to do."""
        done = EXPLORER * self.explorers + EXERCISE * self.exercises + PREDICTION * self.predictions
        return self.words / WORDS + self.lines / LINES + done


def tags(cell) -> list[str]:
    """Return the tags of a cell."""
    return cell.metadata.get("tags", [])


def is_deeper(cell) -> bool:
    """Return whether a cell belongs to *Going deeper*."""
    return "deeper" in tags(cell)


def is_visible(cell) -> bool:
    """Return whether a reader sees the code of a cell without unfolding it."""
    folded = cell.metadata.get("jupyter", {}).get("source_hidden") or "hide-input" in tags(cell)
    return cell.cell_type == "code" and not folded


def asks(cell) -> str:
    """Return what a cell of code asks: "exercise", "check", "predict", "reveal", or ""."""
    kinds = {
        "exercise": r'(?m)^exercise\("[\d.]+"\)$',
        "check": r"\.check\(",
        "predict": r"\bpredict\(",
    }
    return next((kind for kind, way in kinds.items() if re.search(way, cell.source)), "")


def words_in(source: str) -> int:
    """Return the words of a text in Markdown; a formula counts as its symbols between spaces."""
    text = re.sub(r"\]\([^)]*\)|https?:\S+|(?m:^\|[-:| ]+\|$)|[#*|`]", " ", source)
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def lines_in(cell) -> int:
    """Return the lines of code that a cell shows, of its own and of the source it prints."""
    if asks(cell):
        return 0  # the time for an exercise or a prediction holds its cells
    if "show_source(" in cell.source:
        shown = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
        return sum(bool(line.strip()) for text in shown for line in text.splitlines())
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def count(cells) -> Count:
    """Return what some cells hold."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    kinds = [asks(cell) for cell in code]
    return Count(
        words=sum(words_in(cell.source) for cell in cells if cell.cell_type == "markdown"),
        lines=sum(lines_in(cell) for cell in code if is_visible(cell)),
        explorers=sum(bool(re.search(r"(?<!\w)explore\(", cell.source)) for cell in code),
        exercises=kinds.count("exercise"),
        predictions=kinds.count("predict"),
    )


def core(book) -> Count:
    """Return what the core path of a lecture consists of."""
    return count([cell for cell in book.cells if not is_deeper(cell)])


def deeper(book) -> Count:
    """Return what *Going deeper* adds to it."""
    return count([cell for cell in book.cells if is_deeper(cell)])


def declared(book) -> tuple[int, int] | None:
    """Return the minutes that a lecture says its core path and *Going deeper* take."""
    text = book.cells[0].source if book.cells else ""
    found = re.search(
        r"core path takes (\d+) minutes(?:.*?going deeper (\d+) more)?", text, re.I | re.S
    )
    return (int(found[1]), int(found[2] or 0)) if found else None


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        lecture = nbformat.read(path, as_version=4)
        for part, counted in (("core", core(lecture)), ("deeper", deeper(lecture))):
            print(f"{path.stem:<32} {part:<6} {counted.minutes:5.1f} min  {counted}")
