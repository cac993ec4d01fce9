"""The package as others install it: one wheel, alone, with the course's folder out of sight."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("course_lib/**/*.*")
    if not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts) and path.is_file()
)
PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")

EXPLORER = """
from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import banana
from course_lib.live import explore, log_slider
from course_lib.optimizers import GradientDescent

picture, ax = plots.figure()
trail = plots.path(ax)

def update(lr):
    walk = descend(banana, GradientDescent(lr=lr), (2, 2), steps=100)
    trail.show(walk)
    return f"{walk.losses[-1]:.1e}"

made = explore(picture, update, lr=log_slider(1e-3, 0.3, 0.1), alt="A path")
print(made.set(lr=0.1), len(made._repr_mimebundle_()[0]["image/png"]) > 1000)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from the repository's files."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", place, ROOT]
    built = subprocess.run(pip, capture_output=True, text=True, cwd=place)
    if built.returncode and "No matching distribution" in built.stdout + built.stderr:
        said = "the package index does not give hatchling, which builds the wheel"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
    assert built.returncode == 0, built.stderr[-3000:]
    (found,) = place.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def alone(wheel, tmp_path_factory):
    """A fresh environment with the wheel in it; return what runs its Python far from the course.

    What the course depends on is lent by the environment of the tests, by a line at the end of the
    fresh one's path. Such a folder's own lines, an editable course for instance, are not read.
    """
    place = tmp_path_factory.mktemp("alone")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "venv"], check=True)
    python = place / "venv" / PYTHON
    pip = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    scheme = {"base": str(place / "venv"), "platbase": str(place / "venv")}
    own = Path(sysconfig.get_path("purelib", "venv", vars=scheme))
    (own / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["COURSE_PROGRESS"] = str(place / "progress.json")

    def run(code: str) -> str:
        ran = subprocess.run(
            [python, "-P", "-c", code], cwd=place, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    run.prefix = place / "venv"
    return run


def test_it_has_the_name_and_the_version_of_the_project(wheel):
    assert wheel.name == f"course_lib-{VERSION}-py3-none-any.whl"


@pytest.mark.parametrize("file", FILES)
def test_every_file_of_the_package_is_inside(wheel, file):
    with zipfile.ZipFile(wheel) as files:
        assert files.read(file) == (ROOT / file).read_bytes()


def test_what_is_no_part_of_the_package_is_not(wheel):
    with zipfile.ZipFile(wheel) as files:
        rooms = {name.split("/")[0] for name in files.namelist()}
    name = f"course_lib-{VERSION}"
    assert rooms == {"course_lib", f"{name}.dist-info", f"{name}.data"}


def test_it_can_be_imported_alone(alone):
    where = Path(alone("import course_lib; print(course_lib.__file__)"))
    assert where.is_relative_to(alone.prefix)
    folders = alone("import sys; print(*sys.path, sep='\\n')").splitlines()
    assert ROOT.resolve() not in [Path(folder).resolve() for folder in folders]


def test_the_server_finds_its_setting(alone):
    place, ours = alone.prefix / "etc" / "jupyter", ROOT / "course_lib" / "live"
    for name in ("jupyter_server_config.d/course_lib.json", "jupyter_nbconvert_config.json"):
        assert (place / name).read_bytes() == (ours / name).read_bytes()
    assert (
        alone("from course_lib.live import server; print(server.__name__)")
        == "course_lib.live.server"
    )


def test_an_explorer_can_be_made_and_moves(alone):
    # Lecture 1 computes the same loss, 9.1e-05, with the package in its folder.
    assert alone(EXPLORER) == "9.1e-05 True"


def test_its_exercises_answer(alone):
    code = "from course_lib.exercises import exercise; print(exercise('1.1').check(None))"
    assert alone(code).startswith("Not attempted")
