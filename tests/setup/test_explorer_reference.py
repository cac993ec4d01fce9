"""The reference of the explorer engine on the website tells of every public name."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
pytest.importorskip("ipywidgets")

import explorer_pages

from course_lib import live

# Methods that the engine's own modules call.
FOR_THE_ENGINE = {
    "alt",
    "at_scale",
    "drawn",
    "frame",
    "night",
    "night_png",
    "points",
    "size",
    "update",
}
TEXT = explorer_pages.text()
HEADINGS = re.findall(r"(?m)^### (\S+)$", TEXT)


def test_it_has_a_section_for_every_public_name_and_no_other():
    methods = {name for name in vars(live.Explorer) if not name.startswith("_")}
    methods = {f"Explorer.{name}" for name in methods & set(explorer_pages.METHODS)}
    assert sorted(HEADINGS) == sorted({*live.__all__, *methods} - {*explorer_pages.INSIDE})
    assert len(methods) == len(explorer_pages.METHODS)


def test_no_public_method_of_an_explorer_is_forgotten():
    own = {name for name, thing in vars(live.Explorer).items() if callable(thing)}
    public = {name for name in own if not name.startswith("_")}
    assert public - set(explorer_pages.METHODS) <= FOR_THE_ENGINE


def test_the_methods_stand_with_the_explorer():
    at = HEADINGS.index("Explorer")
    assert HEADINGS[at + 1 : at + 1 + len(explorer_pages.METHODS)] == [
        f"Explorer.{name}" for name in explorer_pages.METHODS
    ]


def test_parameters_become_lists_and_calls_are_shown():
    assert "slider(low, high, value" in TEXT
    assert "- `low, high` (float): Its ends, the lower one first." in TEXT
    assert "----" not in TEXT
    assert "**Raises**\n\n- `TypeError, ValueError`: If" in TEXT
    assert "(self" not in TEXT


def test_every_entry_of_a_list_is_told_of():
    assert not re.search(r"(?m)^- [^:\n]+$", TEXT)
