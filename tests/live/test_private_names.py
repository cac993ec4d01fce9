"""The private names of other packages that the explorers lean on: all of them, each still there.

The list stands in `course_lib.live`. What the page uses is looked for in the files that Jupyter
serves, and tried in a browser by `test_what_an_explorer_needs_of_other_packages_is_still_there`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import ipywidgets
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from course_lib import live

FOLDER = Path(live.__file__).parent
ROWS = re.findall(r"^    (\w[\w ]+?)  +((?:.+\n)(?: {20}.+\n)*)", live.__doc__ or "", re.MULTILINE)
LISTED = {package: set(names.split()) for package, names in ROWS}
# Where Jupyter serves the code of the page from.
SERVED = {
    "its page": ("labextensions", "@jupyter-widgets"),
    "noUiSlider": ("labextensions", "@jupyter-widgets"),
    "Lumino": ("lab", "static"),
}
SELECT = ipywidgets.Select(options=[("one", 1), ("two", 2)], value=2)


def place_of_a_legend():
    ax = Figure().add_subplot()
    ax.plot([0, 1], label="a line")
    return ax.legend(loc="best")._loc == 0 and ax.legend(loc="upper left")._loc == 2


def waits_until_drawn(setter, flag):
    line = Line2D([0, 1], [0, 1])
    line.recache()
    before = getattr(line, flag)
    setter(line, [0, 2])
    return (before, getattr(line, flag)) == (False, True)


NAMES = {
    "_options_values": ("ipywidgets", lambda: tuple(SELECT._options_values) == (1, 2)),
    "_options_labels": (
        "ipywidgets",
        lambda: SELECT._options_labels == ("one", "two") and "_options_labels" in SELECT.keys,
    ),
    "_model_name": (
        "ipywidgets",
        lambda: (
            ipywidgets.FloatLogSlider()._model_name == "FloatLogSliderModel"
            and ipywidgets.IntSlider()._model_name.startswith("Int")
        ),
    ),
    "_loc": ("matplotlib", place_of_a_legend),
    "_get_lines": ("matplotlib", lambda: vars(Figure().add_subplot()._get_lines)),
    "_get_patches_for_fill": (
        "matplotlib",
        lambda: vars(Figure().add_subplot()._get_patches_for_fill),
    ),
    "_invalidx": ("matplotlib", lambda: waits_until_drawn(Line2D.set_xdata, "_invalidx")),
    "_invalidy": ("matplotlib", lambda: waits_until_drawn(Line2D.set_ydata, "_invalidy")),
    "_dash_pattern": (
        "matplotlib",
        lambda: (
            Line2D([], [], linestyle="--", linewidth=1)._dash_pattern[1]
            and not Line2D([], [])._dash_pattern[1]
        ),
    ),
}
# What these packages ask others to define: `_esm` of anywidget, and names that IPython and
# jupyter_server call.
ASKED_FOR = {
    "_esm",
    "_repr_mimebundle_",
    "_jupyter_server_extension_points",
    "_load_jupyter_server_extension",
}


@pytest.mark.parametrize("name", NAMES)
def test_each_private_name_is_still_there(name):
    package, works = NAMES[name]
    try:
        there = works()
    except AttributeError:
        there = False
    assert there, (
        f"A new version of {package} has taken away or changed {name}, which course_lib/live uses."
    )


@pytest.fixture(scope="module")
def served():
    """Return a function that gives all code that Jupyter serves from one of its folders."""
    paths = pytest.importorskip("jupyter_core.paths")

    @lru_cache
    def text(*place):
        folders = map(Path, paths.jupyter_path(*place))
        files = [file for folder in folders for file in folder.rglob("*.js")]
        if not files:
            pytest.skip(f"Nothing is installed in {'/'.join(place)}.")
        return "\n".join(file.read_text(encoding="utf-8") for file in files)

    return text


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in SERVED for name in sorted(LISTED[package])]
)
def test_each_private_name_of_the_page_is_still_served(package, name, served):
    maker = "ipywidgets" if package == "its page" else package
    assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", served(*SERVED[package])), (
        f"A new version of {maker} has taken away or renamed {name} in the page, which "
        "course_lib/live/front uses."
    )


@pytest.mark.parametrize("name", sorted(LISTED["jupyter_server"]))
def test_each_private_name_of_the_server_is_still_there(name):
    websocket = pytest.importorskip("jupyter_server.services.kernels.websocket")
    there: object = websocket
    for part in name.split("."):
        there = getattr(there, part, None)
    assert callable(there), (
        f"A new version of jupyter_server has taken away {name}, which course_lib/live/server.py "
        "uses."
    )


def test_the_list_names_what_is_used_and_nothing_else():
    page = "\n".join(file.read_text("utf-8") for file in FOLDER.glob("front/*.mjs"))
    theirs = r"noUi[\w-]*|data-lm-[\w-]+|(?<=\.)(?:jupyter-widgets|widget-|slider-)[\w-]*"
    listed = set().union(*(LISTED[package] for package in SERVED))
    assert set(re.findall(theirs, page)) - {"noUi-"} <= listed, "a name is missing from the list"
    unused = {name for name in listed if name not in page}
    assert not unused, "a name of the list is not used any more"
    assert set(NAMES) == LISTED["matplotlib"] | LISTED["ipywidgets"]


def test_no_other_private_name_is_used():
    used = set()
    for file in [*FOLDER.glob("*.py"), *FOLDER.glob("front/*.mjs")]:
        text = file.read_text(encoding="utf-8")
        own = set(re.findall(r"(?:def |self\.|class )(_\w+)|^ *(_\w+)\s*[:=]", text, re.MULTILINE))
        own = {name for pair in own for name in pair}
        quoted = re.findall(r"""\.(_[a-zA-Z]\w*)\b|["'](_[a-zA-Z]\w*)["']""", text)
        used |= {name for pair in quoted for name in pair if name} - own
    assert used - ASKED_FOR == set(NAMES)
