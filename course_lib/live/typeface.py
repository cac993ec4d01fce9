"""One typeface in pictures, on cards and on pages: its files, and how matplotlib comes to know it.

matplotlib lists it among the fonts it can find once a figure asks for it; nothing else changes.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from matplotlib import font_manager

NAME = "Course Sans"
FOLDER = Path(__file__).with_name("fonts")
STYLES = ("Regular", "Italic", "Bold")

# Formulas are set in it, too; tall brackets and other signs that it lacks come from STIX.
MATHEMATICS = {
    "mathtext.fontset": "custom",
    "mathtext.fallback": "stixsans",
    "mathtext.rm": NAME,
    "mathtext.sf": NAME,
    "mathtext.cal": NAME,
    "mathtext.it": f"{NAME}:italic",
    "mathtext.bf": f"{NAME}:bold",
    "mathtext.bfit": f"{NAME}:bold",
}


@cache
def known() -> str:
    """Let matplotlib know the typeface, and return its name."""
    for style in STYLES:
        font_manager.fontManager.addfont(FOLDER / f"CourseSans-{style}.ttf")
    return NAME


@cache
def file(style: str = "Regular") -> bytes:
    """Return a font file.

    Parameters
    ----------
    style : {"Regular", "Italic", "Bold"}
        Which of them.
    """
    return (FOLDER / f"CourseSans-{style}.ttf").read_bytes()


def css() -> str:
    """Return the rule by which a page that stands alone has the typeface."""
    data = base64.b64encode(file()).decode()
    return f'@font-face {{ font-family: "{NAME}"; src: url("data:font/ttf;base64,{data}"); }}'
