"""A check of this computer for the course, line by line, with a remedy where something is missing.

`python course.py doctor` runs it. `checkup` checks the sliders from within a notebook, and this
program checks everything around them.
"""

from __future__ import annotations

import math
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import course

BROKEN = ""
try:
    from packaging.requirements import Requirement

    from course_lib.data import find_mnist
    from course_lib.exercises import progress
    from course_lib.live import checkup
except ImportError as error:  # people run the doctor because something is missing
    BROKEN = str(error)

LEAST_MEMORY = 2e9  # bytes; the lab takes 0.7 of them
FRONT_ENDS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
TORCH = "2.13.0"


class Finding(NamedTuple):
    """One line: what was checked, whether it is good, what was found, and the remedy."""

    what: str
    good: bool
    found: str
    remedy: str = ""


def examine(stale: bool = False) -> Iterator[Finding]:
    """Check everything the course needs, one item after the other.

    Parameters
    ----------
    stale : bool
        Whether `course.py` has found the installation out of date.
    """
    if stale:
        yield Finding(
            "installation",
            False,
            "belongs to another version or folder of the course",
            "python course.py setup",
        )
    version = platform.python_version()
    yield Finding(
        "Python",
        sys.version_info >= (3, 11),
        f"{version} on {platform.system()}",
        "The course needs Python 3.11 or newer.",
    )
    wrong = _wrong_packages()
    yield Finding(
        "packages",
        not wrong,
        "; ".join(wrong) or "all there, in suitable versions",
        "python course.py setup",
    )
    if BROKEN:
        return  # nothing more can be checked
    ready = checkup.packages()
    yield Finding("widgets, in Python", ready.right, ready.message, ready.message)
    missing = [name for name in FRONT_ENDS if not _labextension(name)]
    yield Finding(
        "widgets, in the browser",
        not missing,
        f"missing: {', '.join(missing)}" if missing else "their files are there",
        "python course.py setup, then start Jupyter again and reload the page.",
    )
    yield _torch()
    mnist = find_mnist()
    yield Finding(
        "MNIST",
        mnist is not None,
        f"in {mnist}" if mnist else "not here yet",
        "The lab downloads it (11 MB) when it first runs, or uses smaller digits if there is no "
        "network. You can also put the four files into a folder and set COURSE_DATA to it.",
    )
    yield _memory()
    free = shutil.disk_usage(Path(__file__).parent).free
    yield Finding("disk", free > 5e8, f"{free / 1e9:.1f} GB free", "Free at least half a gigabyte.")
    yield _progress()


def _wrong_packages() -> list[str]:
    """Return which packages of the course and its notebooks are missing or too old."""
    if BROKEN:
        return [BROKEN]
    try:
        needs = map(Requirement, metadata.requires("course-lib") or [])
    except metadata.PackageNotFoundError:
        return ["course-lib is not installed"]
    asked = [n for n in needs if not n.marker or n.marker.evaluate({"extra": "notebooks"})]
    return [trouble for need in asked if (trouble := checkup.problem(need))]


def _labextension(name: str) -> bool:
    return Path(sys.prefix, "share", "jupyter", "labextensions", name, "package.json").exists()


def _torch() -> Finding:
    try:
        found = metadata.version("torch")
    except metadata.PackageNotFoundError:
        needing = [Path(path).stem for path in course.notebooks_with(*course.TORCH)]
        advice = f"These need it: {', '.join(needing)}. To install it: python course.py setup."
        return Finding("PyTorch", False, "not installed", advice)
    wanted = found.split("+")[0] == TORCH
    advice = f"The course is tested with {TORCH}: python course.py setup."
    return Finding("PyTorch", wanted, found, advice)


def _memory() -> Finding:
    try:
        import psutil
    except ImportError:
        return Finding("memory", True, "not known")
    free = min(psutil.virtual_memory().available, _left_in_container())
    advice = "Close other programs and notebooks: Kernel → Shut Down All Kernels."
    return Finding("memory", free > LEAST_MEMORY, f"{free / 1e9:.1f} GB free", advice)


def _left_in_container(groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Return the bytes left within a container's limit, or infinity if there is no limit.

    A container sees the memory of the whole machine, but its control group holds its own limit.
    """
    for most, used in (
        ("memory.max", "memory.current"),  # version 2 of control groups
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            return max(int((groups / most).read_text()) - int((groups / used).read_text()), 0)
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return math.inf


def _progress() -> Finding:
    solved = progress.solved()
    trouble = repr(progress.Bar(1, solved)).partition("\n")[2]
    found = f"{len(solved)} exercises solved, kept in {progress.place()}"
    return Finding("your progress", not trouble, trouble or found, trouble)


def main(stale: bool = False) -> int:
    """Print all findings, and return the number of things that need a repair.

    Parameters
    ----------
    stale : bool, optional
        Whether the installation belongs to another version or folder, as course.py determines.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old Windows console has no arrow
    faults = 0
    for finding in examine(stale):
        print(f"{'ok ' if finding.good else 'NO '} {finding.what:<24} {finding.found}")
        if not finding.good:
            faults += 1
            if finding.remedy != finding.found:
                print(f"    → {finding.remedy}")
    print(
        "Everything is fine."
        if not faults
        else f"{faults} {'thing needs' if faults == 1 else 'things need'} attention."
    )
    return faults


if __name__ == "__main__":
    sys.exit(min(main(stale="--stale" in sys.argv), 1))
