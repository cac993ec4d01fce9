"""The notebooks of the course, as the tests of all rooms find them: one list, read from the disk.

A lecture is a numbered notebook that is neither the first page, 00, nor handed out as homework.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
ALL = sorted(FOLDER.glob("*.ipynb"))
HANDED_OUT = {path.name for path in ROOT.glob("homework/source/*/*.ipynb")}


def number(path: Path) -> int:
    """Return the number that the name of a notebook begins with, or -1."""
    found = re.match(r"\d+(?=_)", path.name)
    return int(found[0]) if found else -1


def lectures(folder: Path = FOLDER) -> list[Path]:
    """Return the lectures in their order."""
    books = [path for path in folder.glob("*.ipynb") if path.name not in HANDED_OUT]
    return sorted((path for path in books if number(path) > 0), key=number)


START = next(path for path in ALL if number(path) == 0)
LECTURES = lectures()
# What the map of the course has a row for.
STATIONS = sorted((path for path in ALL if number(path) >= 0), key=number)
