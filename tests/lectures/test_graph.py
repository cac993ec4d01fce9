"""A computational graph shows the numbers it is given, where they belong, and moves them alone."""

import numpy as np
import pytest
from matplotlib.path import Path

from course_lib import plots
from course_lib.lectures.graph import WIDE, graph, words
from course_lib.live import explore, narrow, slider

NODES = {"x": ("$x$", 0, 0), "double": ("× 2", 3, 0), "L": ("$L$", 6, 0)}
EDGES = {"x": ("x", "double"), "y": ("double", "L")}
WORDS = ("value", "gradient")


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0.00"),
        (-0.004, "0.00"),
        (1.25, "1.25"),
        (-1.255, "−1.25"),
        (-12.5, "−12.50"),
        (99.999, "100.0"),
        (123.4, "123.4"),
        (-12345.6, "−12346"),
        (2.5e6, "2e6"),
        (1e20, "1e20"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "?"),
    ],
)
def test_a_number_is_written_with_as_many_places_as_there_is_room_for(number, written):
    assert words(number) == written


@pytest.mark.parametrize("number", [-99.99, -99999, -1e300, 1e-300, 99.995, 999.95, 99999.5])
def test_a_number_fits_its_label(number):
    _, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)
    drawn.show({"x": number})
    outline = drawn.artists[0].get_path().get_extents()
    assert outline.width < WIDE


def test_values_stand_above_and_gradients_below_in_the_middle_of_their_edge():
    _, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)
    drawn.show({"x": 1.0}, {"x": 8.0})
    above, below = (patch.get_path().get_extents() for patch in drawn.artists)
    assert (above.x0 + above.x1) / 2 == pytest.approx(1.5, abs=0.05)
    assert (below.x0 + below.x1) / 2 == pytest.approx(1.5, abs=0.05)
    assert above.y0 > 0 > below.y1


def test_numbers_stand_along_the_edge_where_they_are_put_and_below_a_node():
    _, ax = plots.figure()
    edges = {"x": ("x", "double", 0.25), "y": ("double", "L")}
    drawn = graph(ax, NODES, edges, numbers_at=["double"])
    drawn.show({"x": 1.0}, {"double": 1.0})
    above, below = (patch.get_path().get_extents() for patch in drawn.artists)
    assert (above.x0 + above.x1) / 2 == pytest.approx(0.75, abs=0.05)
    assert (below.x0 + below.x1) / 2 == pytest.approx(3.0, abs=0.05)
    assert below.y1 < -0.36


def test_what_is_not_given_stays_empty():
    _, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)
    drawn.show({"x": 1.0}, {"x": 1.0})
    drawn.show({})
    assert [len(patch.get_path().vertices) for patch in drawn.artists] == [0, 0]


def test_the_outline_of_a_number_is_that_of_its_text():
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    _, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)
    drawn.show({"x": -12.05})
    mine = drawn.artists[0].get_path().get_extents()
    font = FontProperties(family="Course Sans")
    text = TextPath((0, 0), "−12.05", size=25, prop=font).get_extents()
    assert mine.width == pytest.approx(text.width / 100, rel=0.02)
    assert mine.height == pytest.approx(text.height / 100, rel=0.02)


def test_an_input_is_a_square_and_an_operation_a_circle():
    from matplotlib.patches import Circle, FancyBboxPatch

    _, ax = plots.figure()
    graph(ax, NODES, EDGES)
    assert sum(isinstance(patch, FancyBboxPatch) for patch in ax.patches) == 1
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == 2


def test_in_an_explorer_only_the_numbers_move_and_as_vertices():
    picture, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)

    def update(x):
        drawn.show({"x": x, "y": 2 * x}, {"x": 2.0, "y": 1.0})

    explorer = explore(picture, update, x=slider(-2, 2, 1), alt="a graph")
    explorer._scene.settle()
    explorer.set(x=0.5)
    frame = explorer._scene.frame([])
    assert set(explorer._scene.moving) == set(drawn.artists)
    assert {layer["kind"] for layer in frame["draw"]} <= {"area", "still"}


def test_a_node_or_number_that_does_not_exist_is_named():
    _, ax = plots.figure()
    with pytest.raises(ValueError, match="edge y: the node"):
        graph(ax, NODES, {"y": ("double", "M")})
    with pytest.raises(ValueError, match="numbers_at"):
        graph(ax, NODES, EDGES, numbers_at=["tripple"])
    with pytest.raises(ValueError, match="the number"):
        graph(ax, NODES, EDGES).show({"z": 1.0})


def test_a_drawn_path_is_a_path():
    _, ax = plots.figure()
    drawn = graph(ax, NODES, EDGES)
    drawn.show({"x": 1.0})
    assert isinstance(drawn.artists[0].get_path(), Path)


def test_the_size_of_its_numbers_is_told_as_wide_as_it_is():
    figure, ax = plots.figure(size=(9, 3))
    graph(ax, NODES, EDGES).show({"x": 1.0})
    sizes = []
    for width in (900, 300):
        with narrow.at_width(figure, width):
            figure.draw_without_rendering()
            (high,) = {patch.letters for patch in ax.patches if hasattr(patch, "letters")}
            assert narrow.smallest_words(figure) <= high * 100 / 72
            sizes.append(high)
    assert sizes[1] < 0.5 * sizes[0]


def test_the_words_in_its_corner_keep_apart_however_low_it_is():
    figure, ax = plots.figure(size=(9, 2))
    graph(ax, NODES, EDGES)
    figure.draw_without_rendering()
    boxes = [word.get_window_extent() for word in ax.texts if word.get_text() in WORDS]
    assert len(boxes) == 2
    assert not boxes[0].overlaps(boxes[1])
