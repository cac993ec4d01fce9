"""The private names of other packages that the explorers lean on: all of them, each still there.

Those of the page (noUiSlider, Lumino, classes of ipywidgets) are tried in a browser, by
`test_what_an_explorer_needs_of_other_packages_is_still_there`.
"""

from __future__ import annotations

import re
from pathlib import Path

import ipywidgets
import pytest
from matplotlib.figure import Figure

from course_lib import live

FOLDER = Path(live.__file__).parent
SELECT = ipywidgets.Select(options=[("one", 1), ("two", 2)], value=2)


def place_of_a_legend():
    ax = Figure().add_subplot()
    ax.plot([0, 1], label="a line")
    return ax.legend(loc="best")._loc == 0 and ax.legend(loc="upper left")._loc == 2


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


def test_no_other_private_name_is_used():
    used = set()
    for file in [*FOLDER.glob("*.py"), *FOLDER.glob("front/*.mjs")]:
        text = file.read_text(encoding="utf-8")
        own = set(re.findall(r"(?:def |self\.|class )(_\w+)|^ *(_\w+)\s*[:=]", text, re.MULTILINE))
        own = {name for pair in own for name in pair}
        quoted = re.findall(r"""\.(_[a-zA-Z]\w*)\b|["'](_[a-zA-Z]\w*)["']""", text)
        used |= {name for pair in quoted for name in pair if name} - own
    assert used - ASKED_FOR == set(NAMES)
