"""The gallery of the guide: each explorer of it shows what matplotlib draws afresh."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np

from course_lib import live, plots

GUIDE = Path(__file__).parents[2] / "docs" / "write_your_own_explorer.ipynb"


def test_every_explorer_of_the_gallery_shows_what_matplotlib_draws_afresh():
    made = []

    def explore(*about, **controls):
        made.append(live.explore(*about, **controls))
        return made[-1]

    names = {"np": np, "plots": plots, "plt": plt, "slider": live.slider, "explore": explore}
    cells = nbformat.read(GUIDE, as_version=4).cells
    for cell in cells:
        if cell.cell_type == "code" and cell.id.startswith("gallery"):
            exec(cell.source, names)
    axes = [ax for explorer in made for ax in explorer.figure.axes]
    kinds = {ax.get_title() or ax.name for ax in axes} - {"rectilinear"}  # color bar, twin
    assert len(kinds) >= 20
    for explorer in made:
        assert explorer.tour(states=2) == []
