"""The rooms of the package and who may use whom, read from the imports of every module.

An import within a function counts like any other, so none can be hidden there. Above the rooms
stand the notebooks, the homework, and `doctor`, which looks at all that is installed.
"""

import ast
import graphlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.glob("course_lib/**/*.py"))
}
# What a room may use of the course beside itself.
MAY_USE = {
    "core": set(),
    "live": set(),
    "exercises": {"core", "live"},
    "lectures": {"core", "live"},
    "lab": {"core", "live"},
}
ROOMS = set(MAY_USE) - {"core"}
# A figure of the course is shown in the way that the explorers show theirs.
FIGURES = {
    ("course_lib.plots", f"course_lib.live.{name}")
    for name in ("figures", "legends", "letters", "looks", "typeface")
}
# Numbers come from numpy; what else a module of the core needs, it needs for its very purpose.
NUMBERS = {"numpy", "array_api_compat"}
CORE_MAY_USE = {
    "course_lib.plots": {"matplotlib"},
    "course_lib.training": {"torch", "tqdm"},
    "course_lib.refusals": {"torch"},
    "course_lib.data": {"torch"},  # batches of tensors
    "course_lib.mnist": {"tqdm", "certifi"},  # a download
    "course_lib.places": {"platformdirs"},
}
# What loads torch as soon as it is imported.
WITH_TORCH = {"course_lib.training", "course_lib.refusals"}


def imports(path, name=""):
    """Return (module, whether it is imported only when a function is called) for each import."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef)
        or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test))
        for node in ast.walk(outer)
    }
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(each.name, id(node) in late) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            for each in node.names:
                inner = f"{base}.{each.name}"
                found.append((inner if inner in MODULES else base, id(node) in late))
    return found


def room(module):
    """Return the room of a module of the course."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "core"


def of_the_course(module):
    return module.split(".")[0] == "course_lib"


def test_every_folder_of_the_package_is_a_room_with_its_rules():
    folders = {path.parent.name for path in ROOT.glob("course_lib/*/__init__.py")}
    assert folders == ROOMS


@pytest.mark.parametrize("name", MODULES)
def test_a_module_uses_only_the_rooms_below_its_own(name):
    for used, _ in imports(MODULES[name], name):
        if of_the_course(used) and (name, used) not in FIGURES:
            assert room(used) in MAY_USE[room(name)] | {room(name)}, used


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) == "core"])
def test_the_core_uses_numpy_and_torch_only_where_it_trains_and_is_called(name):
    for used, late in imports(MODULES[name], name):
        package = used.split(".")[0]
        if package not in sys.stdlib_module_names and not of_the_course(used):
            assert package in NUMBERS | CORE_MAY_USE.get(name, set())
        if not late and name not in WITH_TORCH:
            assert used not in {"torch", *WITH_TORCH}, "not before it is called for"


def test_no_module_uses_itself_by_a_circle():
    uses = {
        name: {used for used, _ in imports(path, name) if used in MODULES and used != name}
        for name, path in MODULES.items()
    }
    graphlib.TopologicalSorter(uses).prepare()  # raises CycleError, with the circle


def test_a_module_is_looked_up_by_name_only_where_modules_are_what_is_looked_for():
    """The exercises of a lecture are found, a source is shown, an explorer is loaded when used."""
    lookup = {"import_module", "__import__"}
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(tree)}
        if lookup & names:
            assert room(name) in {"exercises", "lectures", "live"}, name


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/site/*.py")), ids=lambda path: path.name)
def test_the_website_is_built_from_notebooks_and_not_from_their_rooms(path):
    used = {room(module) for module, _ in imports(path) if of_the_course(module)}
    assert used <= {"core", "live", "exercises"}  # what it says to an answer is theirs


@pytest.mark.parametrize("path", sorted(ROOT.glob("homework/*.py")), ids=lambda path: path.name)
def test_homework_uses_the_lab_and_what_is_below(path):
    used = {room(module) for module, _ in imports(path) if of_the_course(module)}
    assert used <= {"core", "lab"}


# A figure of plain matplotlib; what of the course is loaded at the end.
ALONE = """
import json, sys
import matplotlib.pyplot as plt
from engine import explore, slider

figure, ax = plt.subplots()
(line,) = ax.plot([0, 1], [0, 1])

def update(slope):
    line.set_ydata([0, slope])
    return f"at 1 the line is {slope:.2f} high"

explorer = explore(figure, update, slope=slider(-1, 1, 0.5))
said = explorer.set(slope=0.25)
page = explorer.html()
failed = explorer.tour()
loaded = [name for name in sys.modules if name.startswith(("course_lib", "doctor"))]
print(json.dumps([said, explorer.error, page.count("<script"), failed, loaded]))
"""


def test_the_explorers_work_alone_under_another_name(tmp_path):
    shutil.copytree(ROOT / "course_lib" / "live", tmp_path / "engine")
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said, error, scripts, failed, loaded = json.loads(done.stdout)
    assert said == "at 1 the line is 0.25 high"
    assert error is None
    assert scripts >= 1
    assert failed == loaded == []


def test_no_two_modules_that_tests_import_by_a_bare_name_share_it():
    """Whichever came first would stand for both, in a run of all tests at once."""
    folders = ("docs/site", "tests/benchmarks", "tests/browser", "tests/core", "tests/notebooks")
    files = [path for folder in folders for path in sorted((ROOT / folder).glob("*.py"))]
    places: dict[str, list[str]] = {}
    for path in files:
        places.setdefault(path.stem, []).append(path.relative_to(ROOT).as_posix())
    for name in ("conftest", "__init__"):
        places.pop(name, None)
    assert len(places) > 40
    assert [found for found in places.values() if len(found) > 1] == []
