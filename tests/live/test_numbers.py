"""Numbers on pictures are as the page writes them, wherever matplotlib draws or measures them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot

from course_lib import plots
from course_lib.live import explore, files, letters
from course_lib.live.narrow import fitter
from course_lib.live.numbers import written

CASES = json.loads(Path(__file__).with_name("numbers.json").read_text(encoding="utf-8"))
RAW, SHOWN = "slope -13, 3.9e-05", "slope −13, 3.9·10⁻⁵"
WAYS = {
    "title": lambda ax, text: ax.set_title(text),
    "label": lambda ax, text: ax.set_xlabel(text),
    "text": lambda ax, text: ax.text(0.5, 0.5, text),
    "note": lambda ax, text: ax.annotate(text, (0.2, 0.2)),
    "tick": lambda ax, text: ax.set_xticks([0.5], [text]),
    "bar": lambda ax, text: ax.bar_label(ax.bar([0], [1]), [text]),
    "legend": lambda ax, text: (ax.plot([0, 1], [0, 0], label=text), ax.legend()),
}


@pytest.mark.parametrize(("said", "shown"), CASES)
def test_a_number_is_written_as_on_the_page(said, shown):
    assert written(said) == shown


def test_a_formula_stays_as_it_is():
    assert written(r"at -2: $x^{-1} = -13e-05$, -3 \$ and -4 \$") == (
        r"at −2: $x^{-1} = -13e-05$, −3 \$ and −4 \$"
    )


@pytest.mark.parametrize("way", WAYS)
def test_every_text_of_a_figure_is_written_so(way):
    pictures = []
    for text in (RAW, SHOWN):
        figure, ax = plots.figure()
        WAYS[way](ax, text)
        pictures.append((figure.png(), figure.night()))
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("figure_of", [plots.figure, pyplot.subplots])
def test_a_text_that_moves_in_an_explorer_is_written_so_in_frames_and_files(figure_of):
    seen = []
    for text in (RAW, SHOWN):
        figure, ax = figure_of()
        note = ax.text(0.1, 0.5, "")

        def update(x, note=note, text=text):
            note.set_text(text if x else "")

        explorer = explore(figure, update, x=[False, True])
        explorer.set(x=True)
        with explorer.at_scale(1):
            for x in (False, True):
                buffers = []
                explorer.frame(buffers, x=x)
        seen.append((buffers, explorer.png()))
        assert SHOWN in files.svg(explorer).decode() or figure_of is pyplot.subplots
        assert note.get_text() == text  # what an author wrote stays
    assert seen[0] == seen[1]


def test_a_word_is_written_so():
    assert letters.width_of(RAW) == letters.width_of(SHOWN)


def test_titles_are_measured_at_the_resolution_that_a_figure_has():
    layouts = []
    for dpi in (100, 250):
        figure, axes = plots.figure(3, size=(12, 4))
        for ax in axes:
            ax.set_title("a title, half as wide as its axes")
        figure.draw_without_rendering()
        figure.set_dpi(dpi)
        fitter(figure)(736)
        layouts.append(figure.get_size_inches())
    np.testing.assert_allclose(*layouts)
