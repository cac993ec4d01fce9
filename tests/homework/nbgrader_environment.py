"""nbgrader in an environment of its own, laid over the one the tests run in.

What nbgrader brings along stays out of the course's environment. What the two share is not
installed twice: the course's packages, PyTorch among them, are seen from the other one as well.
COURSE_NBGRADER names an environment's folder where nbgrader is installed already.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

REQUIREMENT = "nbgrader>=0.9.5,<0.10"
ROOT = Path(__file__).parents[2]
FOLDER = Path(sys.prefix) / "nbgrader"
WHOLE = FOLDER / "whole"


class NbgraderMissingError(Exception):
    """nbgrader can't be had; the message says why."""


def python() -> Path:
    """Return the Python of an environment with nbgrader, making it if need be.

    Raises
    ------
    NbgraderMissingError
        If it can't be installed, as without a network.
    """
    chosen = os.environ.get("COURSE_NBGRADER")
    if chosen:
        return _python_of(Path(chosen))
    if not WHOLE.exists() or WHOLE.read_text(encoding="utf-8") != REQUIREMENT:
        _make()
    return _python_of(FOLDER)


def _make() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    _run(sys.executable, "-m", "venv", FOLDER)
    made = _python_of(FOLDER)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(_run(made, "-c", where).strip())
    # `addsitedir`, not a bare path: the course may be installed there by a link of its own.
    beneath = {sysconfig.get_path("purelib"), *site.getsitepackages()}
    lines = [f"import site; site.addsitedir({folder!r})\n" for folder in sorted(beneath)]
    (packages / "course.pth").write_text("".join(lines), encoding="utf-8")
    install = (made, "-m", "pip", "install", "--quiet", "--retries", "1")
    _run(*install, REQUIREMENT)
    # nbgrader calls `alembic` by its name. The one beneath, if there is one, is run by the Python
    # beneath, which does not see nbgrader.
    _run(*install, "--ignore-installed", "--no-deps", "alembic")
    WHOLE.write_text(REQUIREMENT, encoding="utf-8")


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise NbgraderMissingError(f"nbgrader could not be installed: {last[0]}")
    return done.stdout


def nbgrader(folder: Path, *words: str, **environment: str) -> str:
    """Run `nbgrader …` in a course's folder and return what it wrote; it must succeed."""
    program = python()
    variables = os.environ | {
        # It calls `alembic` by its name.
        "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        **environment,
    }
    done = subprocess.run(
        [str(program), "-m", "nbgrader", *words],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr
