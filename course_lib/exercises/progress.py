"""Which exercises are solved: remembered in a small file of the reader's own, never sent anywhere.

A right answer to an exercise is recorded here, and `progress(1)` shows a bar at the top of a
notebook that grows as it happens. Where the file cannot be read or written, a note says so; nothing
stops for it.
"""

from __future__ import annotations

import html
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_lib import places

# Number, title and exercises of each lecture, as `count` was told.
_lectures: Callable[[], list[tuple[int, str, list[str]]]] = list
_bars: list[tuple[Any, int | None]] = []
_trouble = ""


def count(lectures: Callable[[], list[tuple[int, str, list[str]]]]) -> None:
    """Take the function that lists what there is to solve; it is called when a bar is shown.

    Parameters
    ----------
    lectures : callable
        Returns number, title and the numbers of the exercises of each lecture, in their order.
    """
    global _lectures
    _lectures = lectures


def place() -> Path:
    """Return where the file is: a folder of the reader's, or what COURSE_PROGRESS names."""
    named = os.environ.get("COURSE_PROGRESS")
    if not named and sys.platform == "emscripten":
        # In a page only this folder outlives the kernel; all notebooks of the browser share it.
        return Path("/drive/progress.json")
    return Path(named) if named else places.data() / "progress.json"


def solved() -> set[str]:
    """Return the numbers of the solved exercises, such as "1.2"; none where nothing can be read."""
    global _trouble
    try:
        kept = json.loads(place().read_text(encoding="utf-8"))
        numbers = kept["solved"]
        if not all(isinstance(number, str) for number in numbers):
            raise ValueError
        _trouble = ""
        return set(numbers)
    except FileNotFoundError:
        _trouble = ""
    except OSError as error:
        _trouble = f"What you solved before cannot be read: {error.strerror or error}."
    except (ValueError, KeyError, TypeError):
        _trouble = (
            f"The file that remembers your progress is damaged, and a new one is begun with your "
            f"next right answer: {place()}"
        )
    return set()


def record(number: str) -> str:
    """Remember that the exercise `number` is solved; return a note if that cannot be done.

    Parameters
    ----------
    number : str
        Such as "1.2".
    """
    known = solved()
    if number in known:
        return ""
    problem = _write(known | {number})
    for handle, lecture in _bars:
        handle.update(Bar(lecture, known | {number}))
    return problem


def reset_progress() -> str:
    """Forget what was solved, in this and all other notebooks, and say so."""
    problem = _write(set())
    for handle, lecture in _bars:
        handle.update(Bar(lecture, set()))
    return problem or "Your progress is reset: all exercises count as unsolved."


def _write(numbers: set[str]) -> str:
    """Write the file beside its place and move it there: it is whole at every moment."""
    path, draft = place(), ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"solved": sorted(numbers)}, file)
        os.replace(draft, path)
    except OSError as error:
        if draft:
            Path(draft).unlink(missing_ok=True)
        return f"Your progress could not be saved: {error.strerror or error} ({path.parent})."
    return ""


@dataclass(frozen=True, repr=False)
class Bar:
    """How many exercises of a lecture, or of each lecture, are solved; shown by a notebook."""

    lecture: int | None
    solved: set[str]

    def lines(self) -> list[tuple[str, int, int]]:
        """Return title, solved exercises and all exercises of each lecture that is shown."""
        found = []
        for lecture, title, numbers in _lectures():
            if self.lecture in (None, lecture):
                done = len(self.solved.intersection(numbers))
                found.append((f"Lecture {lecture} · {title}", done, len(numbers)))
        return found

    def __repr__(self) -> str:
        said = [
            f"{title}: {done} of {all_} exercises solved." for title, done, all_ in self.lines()
        ]
        return "\n".join([*said, *filter(None, [_trouble])])

    def _repr_html_(self) -> str:
        rows = "".join(
            '<div style="display: flex; gap: 12px; align-items: center; margin: 2px 0">'
            f'<progress style="width: 11em; accent-color: #009E73" max="{all_}" value="{done}" '
            f'aria-label="{html.escape(title)}: {done} of {all_} exercises solved"></progress>'
            f"<span>{html.escape(title)}: {done} of {all_} exercises solved.</span></div>"
            for title, done, all_ in self.lines()
        )
        return f"{rows}<p>{html.escape(_trouble)}</p>" if _trouble else rows


def progress(lecture: int | None = None) -> None:
    """Show how many exercises are solved, of one lecture or of each; it grows while you work.

    Parameters
    ----------
    lecture : int, optional
        Its number. Without it there is a bar for each lecture.
    """
    from IPython.display import display

    known = [number for number, *_ in _lectures()]
    if lecture is not None and lecture not in known:
        listed = ", ".join(map(str, known))
        raise ValueError(f"lecture must be one of {listed}, got {lecture!r}.")
    handle = display(Bar(lecture, solved()), display_id=True)
    if handle is not None:
        _bars[:] = [(h, n) for h, n in _bars if n != lecture] + [(handle, lecture)]
