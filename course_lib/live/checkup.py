"""Does the front end work? Says so with numbers, or says what to install or restart.

Beside the flow: `00_start_here` uses it once. A widget has two halves. The kernel's half is looked
up in the environment; the browser's half can only be known by what arrives from it.
"""

from __future__ import annotations

import platform
import statistics
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from .notes import Note

# The same as in pyproject.toml. What ipywidgets itself needs in the browser, it says.
NEEDED = ("ipywidgets>=8.1.5", "anywidget>=0.9.13")
FRONT_ENDS = ("jupyterlab_widgets", "widgetsnbextension")

REPAIR = (
    "In a terminal, in the course's folder: `python course.py setup`. Without course.py, run "
    "`%pip install --upgrade ipywidgets anywidget` in a cell. Then Kernel → Restart Kernel, and "
    "reload the page (F5)."
)
NOTHING = (
    "Move the slider above back and forth for two seconds, then run this cell again. "
    "If there is no slider, or if you read this text again, the browser's half is missing.\n"
    "• Everywhere: run the cell with the slider again, not only this one; then reload the page "
    "(F5) and choose Run → Run All Cells.\n"
    "• JupyterLab and Notebook 7: close Jupyter and start it with `python course.py lab`. If you "
    "start it differently, run `python -m pip install {wanted}` in the environment of Jupyter "
    "itself, which may not be the kernel's, start Jupyter again, and reload the page.\n"
    "• VS Code: at the top right of the notebook choose the kernel in `.venv`; answer Enable "
    "Downloads when it asks about widgets; then Restart, and run all.\n"
    "• Binder: wait until the kernel at the top right is idle. A page left idle for ten "
    "minutes has lost its kernel: open the badge's link again."
)
HALF = (
    "The slider's values arrive, but the browser did not draw the picture: its front end of "
    "anywidget is missing, or its version differs from the kernel's. In the environment "
    "that Jupyter itself runs in: `python -m pip install {anywidget}`. Start Jupyter again and "
    "reload the page with Ctrl+Shift+R. In VS Code answer Enable Downloads, then restart the "
    "kernel."
)
DRAWN = "The browser draws the picture. Now move the slider back and forth for two seconds."
DEAF = " If you did, nothing reaches Python: restart the kernel, and run the page from the top."
MOVED = "The slider reaches Python and the answer comes back. Keep dragging for two seconds."
FROZEN = (
    "The slider reaches Python, but the picture does not move. Reload the page (F5) and run "
    "the cell with the slider again. If that does not help, restart the kernel."
)
SLOW = (
    " That is slow. On Binder the connection is to blame, and you can go on. On your own computer, "
    "another cell is running or another program keeps the processor busy."
)
PAUSE, LEAST, SLOW_TRIP = 0.5, 1.0, 0.3  # seconds


def packages() -> Note:
    """Say whether the kernel's half is installed, and if not, which package is wrong."""
    wrong = [trouble for need in _needs() if (trouble := problem(need))]
    if not wrong:
        return Note("Python has everything that the sliders need.", "Installed.", "right")
    return Note(f"{'. '.join(wrong)}. {REPAIR}", "Not ready.", "wrong")


def versions() -> str:
    """Return one line on this computer, to paste where you ask for help."""
    named = ["course-lib", "ipywidgets", "anywidget", *FRONT_ENDS, "jupyterlab", "notebook"]
    found = ", ".join(f"{name} {_installed(name) or 'missing'}" for name in named)
    here = f"Python {platform.python_version()} on {platform.system()}"
    return f"{here}; {found}"


def watch(explorer: Any) -> Checkup:
    """Add a line to `explorer` that tells whether the browser answers, and return its `Checkup`.

    Parameters
    ----------
    explorer : Explorer
        With a slider.
    """
    # Here and not above: where anywidget is missing, `packages` must still be able to say so.
    import anywidget
    import traitlets

    class Bounce(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("checkup.js")
        said = traitlets.Unicode(DRAWN).tag(sync=True)
        color = traitlets.Unicode("#8a8a8a").tag(sync=True)

        def __repr__(self) -> str:
            return "Bounce()"

    line = Bounce()
    checkup = Checkup(line)
    line.on_msg(lambda _, content, buffers: checkup.answered(content))
    for control in explorer.controls.values():
        if hasattr(control, "observe"):
            control.observe(lambda change: checkup.moved(), "value")
    explorer.children = (*explorer.children, line)
    return checkup


class Checkup:
    """What has arrived from the browser so far. `.result()` says what it means."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._drawn = self._moved = False
        self._stretch: list[tuple] = []  # (when, round trip, pictures painted), without a pause
        self._measured: tuple[float, float] | None = None
        self._told = -PAUSE

    def moved(self) -> None:
        """Take note that a slider's value came, and ask the browser for an answer."""
        self._moved = True
        self._line.send({"asked": time.perf_counter()})

    def answered(self, content: dict) -> None:
        """Take note of an answer: how long it took, and the pictures painted until then."""
        now, self._drawn = time.perf_counter(), True
        if "asked" not in content:
            return
        trip = now - content["asked"]
        # Where the way is slow, moves come at its pace: that is no pause of the reader's.
        if self._stretch and now - self._stretch[-1][0] > PAUSE + 2 * trip:
            self._stretch = []
        self._stretch.append((now, trip, content["frames"]))
        (began, _, before), (_, _, after) = self._stretch[0], self._stretch[-1]
        if now - began >= LEAST:
            trip = statistics.median(trip for _, trip, _ in self._stretch)
            self._measured = trip, (after - before) / (now - began)
        if now - self._told >= PAUSE:
            self._told, note = now, self.result()
            self._line.color = "#009E73" if note.right else "#8a8a8a"
            self._line.said = repr(note)

    def result(self) -> Note:
        """Say whether the front end works, or what to do about it."""
        if not self._drawn and not self._moved:
            ready = packages()
            wanted = " ".join(f'"{need}"' for need in NEEDED)
            steps = NOTHING.format(wanted=wanted) if ready.right else ready.message
            return Note(steps, "Nothing arrived yet.")
        if not self._drawn:
            same = f"anywidget=={_installed('anywidget') or 'missing'}"
            return Note(HALF.format(anywidget=same), "Half of it works.", "wrong")
        if not self._moved:
            return Note(DRAWN + DEAF, "So far, so good.")
        if self._measured is None:
            return Note(MOVED, "It works.", "right")
        trip, rate = self._measured
        if not rate:
            return Note(FROZEN, "Half of it works.", "wrong")
        slow = SLOW if trip > SLOW_TRIP else ""
        numbers = (
            f"From the slider to Python and back: {1000 * trip:.0f} ms. Pictures while you "
            f"dragged: {rate:.0f} a second.{slow}"
        )
        return Note(numbers, "It works.", "right")


def _needs() -> list[Requirement]:
    try:
        of_ipywidgets = [Requirement(text) for text in metadata.requires("ipywidgets") or []]
    except metadata.PackageNotFoundError:
        of_ipywidgets = []
    return [
        *map(Requirement, NEEDED),
        *(need for need in of_ipywidgets if need.name in FRONT_ENDS),
    ]


def problem(need: Requirement) -> str:
    """Return in words what is wrong with a package the course needs, "" if it is right.

    Parameters
    ----------
    need : Requirement
        Its name and versions.
    """
    found = _installed(need.name)
    if found is None:
        return f"{need.name} is not installed"
    fits = need.specifier.contains(found, prereleases=True)
    return "" if fits else f"{need.name} is {found}, but {need.specifier} is needed"


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
