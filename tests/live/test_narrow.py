"""Below its full width a figure is drawn anew at that width, and its axes go below each other."""

from __future__ import annotations

import io

import numpy as np
import pytest

from course_lib import plots
from course_lib.live.narrow import fitter
from course_lib.live.scene import Scene


def rows_and_columns(figure):
    figure.draw_without_rendering()
    boxes = [ax.get_position() for ax in figure.axes]
    return len({round(box.y0, 2) for box in boxes}), len({round(box.x0, 2) for box in boxes})


def row():
    figure, axes = plots.figure(3)
    for ax in axes:
        ax.plot([1, 2], [3, 4])
        ax.set(xlabel="across", ylabel="up")
    return figure


def test_a_row_of_axes_is_stacked_where_it_is_narrow_and_put_back():
    figure = row()
    before = figure.get_size_inches()
    fit = fitter(figure)
    assert rows_and_columns(figure) == (1, 3)
    fit(900)
    assert rows_and_columns(figure) == (1, 3)
    assert figure.get_size_inches()[0] == pytest.approx(9)
    fit(500)
    assert rows_and_columns(figure)[0] == 2
    fit(390)
    assert rows_and_columns(figure)[0] == 3
    assert figure.get_size_inches()[1] > 8
    fit(None)
    assert rows_and_columns(figure) == (1, 3)
    np.testing.assert_allclose(figure.get_size_inches(), before)


def test_high_axes_that_are_stacked_get_as_low_as_they_are_wide():
    figure, axes = plots.figure(4, size=(12.6, 4.6))
    for ax in axes:
        ax.set(title="the lanes", xlabel="step", ylabel="loss")
    fitter(figure)(344)
    figure.draw_without_rendering()
    assert all(ax.bbox.height < 1.1 * ax.bbox.width for ax in axes)


@pytest.mark.parametrize("width", [390, 736, 934])
def test_no_words_are_smaller_than_eleven_pixels_at_any_width(width):
    figure = row()
    scene = Scene(figure)
    scene.resize(1, width=width)
    scene.settle()
    assert scene.frame([])["scene"]["size"][0] == width
    words = [t for ax in figure.axes for t in (ax.title, ax.xaxis.label, *ax.get_xticklabels())]
    assert min(text.get_fontsize() for text in words) * 100 / 72 >= 11


def test_titles_never_meet_and_never_leave_the_figure():
    figure, axes = plots.figure(3, size=(12, 4))
    for ax in axes:
        ax.set(
            title="B = 4096: 40 updates, 163 840 examples", xlabel="share of all the examples " * 2
        )
    fit = fitter(figure)
    for width in (736, 344):
        fit(width)
        figure.draw_without_rendering()
        words = [words.get_window_extent() for ax in axes for words in (ax.title, ax.xaxis.label)]
        assert not any(
            one.overlaps(other) for i, one in enumerate(words) for other in words[i + 1 :]
        )
        assert all(box.x0 >= 0 and box.x1 <= width for box in words)
    fit(None)
    assert not any(ax.title.get_wrap() for ax in axes)


def test_words_that_take_more_lines_did_not_move():
    figure = row()
    (line,) = figure.axes[0].plot([0, 1], [0, 1])
    figure.axes[0].set_title("a title")
    scene = Scene(figure)
    scene.settle()
    for width, end in ((None, 2), (344, 3), (None, 4)):
        scene.resize(1, width=width)
        line.set_ydata([0, end])
        assert scene.frame([]) is not None
        assert scene.moving == [line]


def test_axes_over_several_cells_stay_beside_each_other():
    figure, _ = plots.figure()
    figure.clear()
    grid = figure.add_gridspec(2, 2)
    for spec in (grid[0, :], grid[1, 0], grid[1, 1]):
        figure.add_subplot(spec)
    fitter(figure)(300)
    assert [ax.get_subplotspec().get_gridspec() for ax in figure.axes] == [grid] * 3


def test_a_legend_gets_fewer_columns_where_it_would_squeeze_its_axes():
    widths, heights = [], []
    for columns in (0, 1, 3):
        figure, axes = plots.figure(2, size=(10.4, 4))
        for word in ("a curve", "another curve", "500 steps at this rate"):
            axes[0].plot([0, 1], [0, 1], label=word)
        if columns:
            words = plots.legend(axes[0], columns).get_texts()
        fit = fitter(figure)
        fit(344)
        figure.draw_without_rendering()
        widths.append(axes[0].get_window_extent().width)
        heights.append(axes[0].get_window_extent().height)
    np.testing.assert_allclose(widths, widths[0], atol=2)
    assert heights[2] > 0.9 * heights[1]
    fit(None)
    figure.draw_without_rendering()
    assert len({round(text.get_window_extent().y0) for text in words}) == 1  # one row again


@pytest.mark.parametrize("place", ["best", "upper right", "lower center"])
def test_a_legend_lies_below_its_axes_where_these_are_narrow_and_is_put_back(place):
    figure, ax = plots.figure(size=(8, 4))
    for rise in range(4):
        ax.plot([0, 1], [0, rise], label=f"rises by {rise}")
    legend = ax.legend(loc=place, ncols=2)
    fit, before = fitter(figure), figure.png()
    fit(344)
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    assert box.y1 < ax.bbox.y0
    assert box.y0 >= 0
    assert ax.bbox.height > 0.5 * 400 * 0.85
    fit(None)
    assert figure.png() == before


def test_a_legend_below_its_axes_lies_in_as_few_rows_as_fit():
    figure, ax = plots.figure(size=(8, 4))
    for rise in range(4):
        ax.plot([0, 1], [0, rise], label=f"rises by {rise}")
    words, fit = ax.legend().get_texts(), fitter(figure)
    for width, rows in ((600, 1), (344, 2), (None, 4)):
        fit(width)
        figure.draw_without_rendering()
        assert len({round(text.get_window_extent().y0) for text in words}) == rows


def test_a_label_of_several_lines_pushes_the_legend_below_it():
    figure, ax = plots.figure()
    ax.plot([0, 1], [0, 1], label="a line")
    ax.set_xlabel("share of all the examples that have the feature " * 2)
    legend = plots.legend(ax)
    fitter(figure)(344)
    figure.draw_without_rendering()
    label = ax.xaxis.label.get_window_extent()
    assert label.height > 2 * ax.xaxis.label.get_fontsize() * figure.dpi / 72
    assert not label.overlaps(legend.get_window_extent())
    figure.savefig(io.BytesIO(), format="svg")  # whose canvas measures nothing
    assert legend.get_window_extent().y0 >= 0


def test_a_long_label_of_y_does_not_leave_a_figure_that_gets_flatter():
    figure, axes = plots.figure(2, 2, size=(10.4, 5.6))
    for ax in axes.flat:
        ax.set(ylabel="the loss above the lowest", xlabel="step")
    fit = fitter(figure)
    fit(736)
    figure.draw_without_rendering()
    boxes = [ax.yaxis.label.get_window_extent() for ax in axes.flat]
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.height for box in boxes)
    assert figure.get_size_inches()[1] < 5.6


def test_a_legend_of_any_number_of_lines_and_columns_fits_a_phone():
    for lines in (5, 6, 7, 9):
        figure, ax = plots.figure(size=(9, 4))
        for rise in range(lines):
            ax.plot([0, 1], [0, rise], label=f"rule {rise}")
        words = plots.legend(ax, lines).get_texts()
        fitter(figure)(344)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in words]
        assert all(box.x0 >= 0 and box.x1 <= 344 for box in boxes)
        assert not any(
            one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :]
        )
