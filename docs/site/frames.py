"""Run the notebooks once, and keep what their pages need: frames, films and reveals.

What was computed is kept in `build/frames` until the notebook's code, the course's package or the
number of frames changes, so that a second build takes a minute.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from capture import MOST  # beside this file
from nbclient import NotebookClient
from tqdm import tqdm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = ROOT / "build" / "frames"
FRAMES = 3000  # of each explorer
AT_ONCE = 2  # notebooks: each has a kernel of up to 1 GB
KIND = "application/x-course-page+json"
BEGIN = """
import sys
sys.path.insert(0, {here!r})
import capture
capture.begin({most}, {frames})
"""
# The notebooks run with the course of this folder, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
NEEDED = ("explore(", ".reveal(", "the_race(")


def of_all(books: list[Path], frames: int) -> Iterator[tuple[Path, dict]]:
    """Run the notebooks, two at once, and yield each with what its cells show on a page."""
    cells = sum(len(code_of(nbformat.read(path, as_version=4))) for path in books)
    bar = tqdm(desc="Computing what the sliders show", total=cells, unit="cell")
    with bar, ThreadPoolExecutor(AT_ONCE) as kernels:
        # The largest, which show most, begin: at the end no kernel is left to run alone.
        largest = sorted(books, key=lambda path: path.stat().st_size, reverse=True)
        running = {path: kernels.submit(of_one, path, frames, bar.update) for path in largest}
        for path in books:
            yield path, running[path].result()


def code_of(book) -> list:
    """Return the code cells of a notebook."""
    return [cell for cell in book.cells if cell.cell_type == "code"]


def of_one(path: Path, frames: int, told: Callable) -> dict[str, list[dict]]:
    """Return what the cells of a notebook show on a page, by the cells' names.

    `told` hears of each cell that has run, or of how many need not.
    """
    book = nbformat.read(path, as_version=4)
    code = code_of(book)
    if not any(word in cell.source for cell in code for word in NEEDED):
        told(len(code))
        return {}
    wanted = wishes(book)
    kept = KEPT / f"{path.stem}-{_fingerprint(code, wanted, frames)}.json"
    if kept.exists():
        told(len(code))
        return json.loads(kept.read_text(encoding="utf-8"))
    cells = [nbformat.v4.new_code_cell(BEGIN.format(here=str(HERE), most=MOST, frames=frames))]
    for cell in code:
        wish = json.dumps(wanted.get(cell.id, {}))
        cells.append(
            nbformat.v4.new_code_cell(f"capture.NEXT = __import__('json').loads({wish!r})")
        )
        cells.append(cell)
    book.cells = cells
    own = {cell.id for cell in code}
    NotebookClient(
        book,
        timeout=3000,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        extra_arguments=["--IPKernelApp.log_level=40"],
        on_cell_executed=lambda cell, **_: told(1) if cell.id in own else None,
    ).execute()
    found = {}
    for cell in book.cells:
        shown = [out.data[KIND] for out in cell.outputs if KIND in out.get("data", {})]
        if shown:
            found[cell.id] = shown
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.glob(f"{path.stem}-*.json"):
        old.unlink()
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def wishes(book) -> dict[str, dict]:
    """Return what the metadata ask of a notebook's explorers, by the name of their cell.

    A text says in `tries` which values it names of which controls of an explorer (`of`), and what
    only Python can do. An explorer says in `film` which control moves on the front page, and from
    where to where. What a slide shows may be drawn for it, too.
    """
    found: dict[str, dict] = {}
    for cell in book.cells:
        tries = cell.metadata.get("tries", {})
        if "of" in tries:
            named = {name: values for name, values in tries.items() if name not in ("of", "python")}
            known = found.setdefault(tries["of"], {}).setdefault("named", {})
            for name, values in named.items():
                known[name] = known.get(name, []) + values
        if film := cell.metadata.get("film"):
            found.setdefault(cell.id, {})["film"] = film
        if any("picture" in entry.get("show", "") for entry in cell.metadata.get("slides", [])):
            found.setdefault(cell.id, {})["slide"] = True
    unknown = set(found) - {cell.id for cell in book.cells}
    if unknown:
        raise ValueError(f"tries: no cell is called {', '.join(sorted(unknown))}.")
    return found


def _fingerprint(code: list, wanted: dict, frames: int) -> str:
    """Return a short text that changes with everything the frames depend on."""
    found = hashlib.sha256(json.dumps([wanted, frames, MOST]).encode())
    for cell in code:
        found.update(cell.source.encode())
    for path in sorted(
        [*ROOT.glob("course_lib/**/*.py"), HERE / "capture.py", HERE / "practice.py"]
    ):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
