"""Figures: they draw what they are given, keep their words, and leave nothing behind."""

from __future__ import annotations

import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.transforms import Affine2D
from PIL import Image

from course_lib import plots
from course_lib.descent import descend
from course_lib.landscapes import LANDSCAPES, banana, himmelblau, quartic
from course_lib.live import figures, theme
from course_lib.optimizers import OPTIMIZERS, GradientDescent


@pytest.fixture
def ax():
    return plots.figure()[1]


def walk(landscape=banana, start=(2, 2), lr=0.05, steps=20):
    return descend(landscape, GradientDescent(lr=lr), start, steps)


FLAT = [landscape for landscape in LANDSCAPES.values() if landscape.dimension == 2]


# ---------------------------------------------------------------------------------------- figures


def test_one_plot_gives_one_axes_and_several_an_array():
    assert plots.figure()[1].get_figure()
    assert plots.figure(2)[1].shape == (2,)
    assert plots.figure(2, 3)[1].shape == (3, 2)


def test_pyplot_never_learns_of_a_figure():
    plots.figure(2)
    assert pyplot.get_fignums() == []


def test_a_figure_shows_itself_with_its_words():
    figure, ax = plots.figure()
    plots.contour(ax, banana)
    figure.alt = "The banana from above"
    data, about = figure._repr_mimebundle_()
    assert data["text/plain"] == "The banana from above"
    assert about["image/png"]["alt"] == "The banana from above"
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.size == (784, 532)
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert repr(figure) == "The banana from above"


NOT_IN_ORDER = {
    "the landscape first": (lambda ax: plots.contour(banana, ax), "contour: ax must be the axes"),
    "a figure": (lambda ax: plots.path(ax.figure), "path: ax must be the axes"),
    "all axes at once": (lambda ax: plots.curve(plots.figure(2)[1], quartic), "comes first"),
    "no walk": (lambda ax: plots.path(ax).show("lost"), "walk must be a Path, .* got 'lost'"),
    "losses alone": (lambda ax: plots.loss_curve(ax).show([1.0]), r"walk must be a Path, .* \[1"),
    "no history": (lambda ax: plots.history(ax).show(walk()), "history must be a History"),
}


@pytest.mark.parametrize(("call", "message"), NOT_IN_ORDER.values(), ids=NOT_IN_ORDER)
def test_what_is_not_drawn_on_or_not_drawn_is_told(ax, call, message):
    with pytest.raises(TypeError, match=message):
        call(ax)


def test_a_figure_without_words_says_its_titles_and_labels():
    figure, ax = plots.figure()
    plots.contour(ax, banana)
    assert repr(figure) == (
        "Figure. banana: the bluer, the lower: parameter x_2 against parameter x_1"
    )


def test_a_map_with_a_walk_takes_little_of_a_notebook():
    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    plots.quiver(hill, banana)
    plots.path(hill).show(walk())
    plots.loss_curve(curve).show(walk())
    assert len(figure.png()) < 120_000


@pytest.mark.parametrize("alt", ["", "  ", None, 3])
def test_showing_needs_words(alt):
    with pytest.raises(ValueError, match="alt must say in words"):
        plots.show(plots.figure()[0], alt)


def test_show_takes_plain_matplotlib_too(capsys):
    figure, _ = pyplot.subplots()
    plots.show(figure, alt="Two empty axes")
    assert pyplot.get_fignums() == []
    assert "Two empty axes" in capsys.readouterr().out


def test_a_followed_figure_is_drawn_with_what_it_is_given():
    figure, ax = plots.figure()
    (line,) = ax.plot([0], [0])
    watch = plots.follow(figure, lambda n: line.set_data([0, 1], [0, n]), alt="A line")
    watch(7)
    assert list(line.get_ydata()) == [0, 7]


# ------------------------------------------------------------------------------------- landscapes


@pytest.mark.parametrize("landscape", FLAT, ids=lambda landscape: landscape.name)
def test_every_landscape_is_drawn_within_its_bounds(landscape, ax):
    plots.contour(ax, landscape)
    plots.quiver(ax, landscape)
    assert ax.get_xlim() == tuple(landscape.bounds[0])
    assert ax.get_ylim() == tuple(landscape.bounds[1])
    (stars,) = ax.lines
    np.testing.assert_allclose(stars.get_xydata(), landscape.minima)
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    ax.figure.canvas.draw()


def test_the_levels_of_a_map_begin_at_its_lowest_minimum(ax):
    plots.contour(ax, himmelblau)
    filled = ax.collections[0]
    assert filled.levels[0] == pytest.approx(0, abs=1e-12)
    assert filled.levels[-1] == pytest.approx(himmelblau([[-5, -5], [5, 5]]).max(), rel=0.2)
    ratios = filled.levels[2:] / filled.levels[1:-1]
    np.testing.assert_allclose(ratios, ratios[0])


def test_another_landscape_takes_the_place_of_the_first(ax):
    drawn, arrows = plots.contour(ax, banana), plots.quiver(ax, banana)
    count = len(ax.get_children())
    drawn.show(himmelblau)
    arrows.show(himmelblau)
    assert len(ax.get_children()) == count
    assert len(ax.lines[0].get_xdata()) == 4


def test_the_arrows_point_down_the_slope(ax):
    plots.quiver(ax, banana, count=7)
    arrows = ax.collections[0]
    down = -banana.gradient(arrows.get_offsets())
    drawn = np.column_stack([arrows.U, arrows.V])
    cosine = np.sum(down * drawn, axis=1) / np.linalg.norm(down, axis=1)
    np.testing.assert_allclose(cosine / np.linalg.norm(drawn, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), np.linalg.norm(drawn[0]))


def test_a_tangent_touches_the_curve_with_its_slope(ax):
    plots.curve(ax, quartic)
    tangent = plots.tangent(ax, quartic)
    for w in (-1.5, 0, 1, 9 / 4):
        tangent.show(w)
        line, dot = tangent.artists
        (x0, y0), (x1, y1) = line.get_xydata()
        assert (y1 - y0) / (x1 - x0) == pytest.approx(4 * w**3 - 9 * w**2, abs=1e-9)
        assert (y0 + y1) / 2 == pytest.approx(w**4 - 3 * w**3 + 2)
        np.testing.assert_allclose(dot.get_xydata(), [[w, quartic(w)]])


def test_a_surface_needs_axes_with_depth(ax):
    with pytest.raises(TypeError, match='projection="3d"'):
        plots.surface(ax, banana)
    figure, deep = plots.figure(projection="3d")
    plots.surface(deep, banana)
    assert deep.get_zlabel()
    figure.canvas.draw()


@pytest.mark.parametrize(
    ("draw", "landscape", "message"),
    [
        (plots.curve, banana, "curve draws a landscape of 1 coordinate, got one of 2"),
        (plots.tangent, banana, "tangent draws a landscape of 1 coordinate, got one of 2"),
        (plots.contour, quartic, "contour draws a landscape of 2 coordinates, got one of 1"),
        (plots.quiver, "banana", "quiver draws a landscape of 2 coordinates, got 'banana'"),
    ],
)
def test_a_landscape_of_the_wrong_kind_is_refused(draw, landscape, message, ax):
    with pytest.raises(ValueError, match=message):
        draw(ax, landscape)


# ------------------------------------------------------------------------------------------ walks


def test_a_path_goes_through_the_points_of_the_walk(ax):
    plots.contour(ax, banana)
    trail, down = plots.path(ax), walk()
    trail.show(down)
    line, start, end = trail.artists
    np.testing.assert_array_equal(line.get_xydata()[:-1], down.points)
    np.testing.assert_array_equal(start.get_xydata(), down.points[:1])
    np.testing.assert_array_equal(end.get_xydata(), down.points[-1:])
    trail.show(down, upto=5)
    np.testing.assert_array_equal(end.get_xydata(), down.points[5:6])
    trail.show(down, upto=0)
    assert np.isfinite(line.get_xydata()).all(axis=1).sum() == 1


def test_a_path_on_a_curve_rides_on_it(ax):
    plots.curve(ax, quartic)
    trail, down = plots.path(ax), walk(quartic, -1.5, 0.001)
    trail.show(down)
    x, y = trail.artists[0].get_xydata()[:-1].T
    np.testing.assert_allclose(y, x**4 - 3 * x**3 + 2)


def test_a_batch_of_walks_is_one_line_broken_between_them(ax):
    trail, down = plots.path(ax), walk(start=[[2, 2], [-1, 0], [0, 3]], steps=9)
    trail.show(down)
    line, start, _ = trail.artists
    runs = line.get_xydata().reshape(3, 11, 2)
    np.testing.assert_array_equal(runs[:, :10], down.points.swapaxes(0, 1))
    assert np.isnan(runs[:, 10]).all()
    assert len(start.get_xdata()) == 3


def test_a_path_sampled_every_tenth_step_is_shown_up_to_the_step_asked_for(ax):
    down = descend(banana, GradientDescent(lr=0.01), (2, 2), steps=100, every=10)
    trail, loss = plots.path(ax), plots.loss_curve(plots.figure()[1])
    trail.show(down, upto=57)
    loss.show(down, upto=57)
    np.testing.assert_array_equal(trail.artists[2].get_xydata(), down.points[5:6])
    assert loss.artists[1].get_xdata()[0] == 50


def test_a_walk_that_diverges_is_drawn(ax):
    plots.contour(ax, banana)
    limits = ax.get_xlim(), ax.get_ylim()
    far = walk(lr=5, steps=50)
    assert np.abs(far.points).max() > 1e50
    figure, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    plots.path(hill).show(far)
    plots.loss_curve(curve).show(far)
    figure.canvas.draw()
    assert (hill.get_xlim(), hill.get_ylim()) == limits


def test_walks_beside_each_other_differ_in_color_dash_and_mark(ax):
    trails = [plots.path(ax, label=str(i)) for i in range(4)]
    assert len({trail.artists[0].get_color() for trail in trails}) == 4
    assert len({trail.artists[0].get_linestyle() for trail in trails}) == 4
    assert len({trail.artists[2].get_marker() for trail in trails}) == 4
    assert len(ax.get_legend().get_texts()) == 4


def test_as_many_walks_as_there_are_rules_are_all_told_apart(ax):
    lines = [plots.loss_curve(ax).artists[0] for _ in OPTIMIZERS]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == len(OPTIMIZERS)


def test_the_loss_axis_depends_on_the_landscape_alone(ax):
    loss = plots.loss_curve(ax)
    loss.show(walk(lr=0.05))
    limits = ax.get_ylim()
    loss.show(walk(lr=5))
    assert ax.get_ylim() == limits == (1e-8, 100)
    assert ax.get_yscale() == "log"


def test_a_landscape_below_zero_has_a_linear_loss_axis(ax):
    loss = plots.loss_curve(ax)
    loss.show(walk(quartic, -1.5, 0.01))
    assert ax.get_yscale() == "linear"
    low, high = ax.get_ylim()
    assert low < -6.543 < 17.7 < high


def test_every_artist_survives_a_thousand_moves(ax):
    trail, loss = plots.path(ax), plots.loss_curve(plots.figure()[1])
    count = len(ax.get_children())
    down = walk(steps=3)
    for _ in range(1000):
        trail.show(down)
        loss.show(down)
    assert len(ax.get_children()) == count


# ----------------------------------------------------------------------------- digits and training


def test_digits_are_named_and_mistakes_stand_out(ax):
    images = np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)
    labels = np.arange(12) % 10
    predictions = labels.copy()
    predictions[4] = 9
    sheet = plots.digits(ax, images, labels, predictions, columns=6)
    words = [text.get_text() for text in ax.texts]
    assert words == ["0", "1", "2", "3", "9, not 4", "5", "6", "7", "8", "9", "0", "1"]
    assert len({text.get_color() for text in ax.texts}) == 2
    sheet.show(images[:3])
    assert len(ax.images) == 1
    assert not ax.texts


def test_digits_may_be_flat_rows(ax):
    plots.digits(ax, np.eye(64)[:5])
    assert np.nanmax(ax.images[0].get_array()) == 1


@pytest.mark.parametrize("shape", [(3, 60), (0, 28, 28), (28,)])
def test_what_is_no_stack_of_images_is_refused(shape, ax):
    with pytest.raises(ValueError, match=r"images (must have|of 60)"):
        plots.digits(ax, np.zeros(shape))


def test_a_confusion_matrix_shows_its_counts(ax):
    matrix = np.array([[50, 3, 0], [0, 40, 0], [0, 7, 0]])
    plots.confusion(ax, matrix)
    assert {text.get_text() for text in ax.texts} == {"50", "3", "40", "7"}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("the network says", "true digit")
    with pytest.raises(ValueError, match="matrix must be square"):
        plots.confusion(ax, matrix[:2])


def recorded(updates, epochs):
    ends = np.linspace(updates / max(epochs, 1), updates, epochs).astype(int)
    losses = np.geomspace(2.3, 0.1, updates) if updates else np.empty(0)
    return SimpleNamespace(
        losses=losses,
        examples=64 * np.arange(1, updates + 1),
        epoch_ends=ends,
        validation_losses=np.full(epochs, 0.2),
        validation_accuracies=np.full(epochs, 0.9),
    )


def test_training_curves_grow(ax):
    curves = plots.history(ax)
    for updates, epochs in [(0, 0), (1, 0), (30, 0), (100, 1), (200, 2)]:
        curves.show(recorded(updates, epochs))
        ax.figure.canvas.draw()
    _, mean, scores = curves.artists
    np.testing.assert_array_equal(scores.get_xdata(), [6400, 12800])
    losses = recorded(200, 2).losses
    assert mean.get_ydata()[-1] == pytest.approx(losses[-20:].mean())
    assert mean.get_ydata()[0] == pytest.approx(losses[0])


def test_training_curves_without_validation_show_the_loss_alone(ax):
    run = recorded(50, 2)
    run.validation_losses = np.empty(0)
    curves = plots.history(ax)
    curves.show(run)
    assert len(curves.artists[2].get_xdata()) == 0


def test_unknown_training_curves_suggest_the_nearest(ax):
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        plots.history(ax, what="acuracy")


def luminance(color):
    """Relative luminance of a color given as three numbers from 0 to 1 (WCAG 2)."""
    color = np.clip(color, 0, 1)
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("color", plots.COLORS)
def test_the_colors_of_lines_stand_out_in_the_light_and_the_dark_theme(color):
    from matplotlib.colors import to_rgb

    dark = tuple(part / 255 for part in theme.DARK)
    for seen, ground in ((to_rgb(color), (1, 1, 1)), (theme.tone(to_rgb(color))[:3], dark)):
        low, high = sorted([luminance(np.array(seen)), luminance(np.array(ground))])
        assert (high + 0.05) / (low + 0.05) >= 3


def test_a_picture_in_jupyterlab_has_its_words_with_it_and_what_is_stored_is_a_plain_png(
    monkeypatch,
):
    picture, _ = plots.figure()
    picture.alt = 'a curve named "L"'
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    data, about = picture._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain"}
    assert about["image/png"]["alt"] == picture.alt
    monkeypatch.setenv("JPY_SESSION_NAME", "/notebooks/01.ipynb")
    shown, _ = picture._repr_mimebundle_()
    assert 'alt="a curve named &quot;L&quot;"' in shown["text/html"]
    assert data["image/png"] in shown["text/html"]
    assert shown["image/png"] == data["image/png"]


def test_few_colors_keep_what_is_clear_clear_and_the_ground_as_it_was():
    shades = np.zeros((40, 60, 4), np.uint8)
    shades[10:30, 10:50] = [0, 114, 178, 255]
    shades[10:30, 50:, 3] = np.linspace(0, 255, 10).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(shades).save(file, format="png")
    few = np.array(
        Image.open(io.BytesIO(figures.few_colors(file, clear=True))).convert("RGBA")
    ).astype(int)
    assert (few[shades[..., 3] == 0, 3] == 0).all()
    assert np.abs(few - shades)[10:30, 10:50].max() <= 32
    file = io.BytesIO()
    Image.fromarray(np.full((9, 9, 3), 254, np.uint8)).save(file, format="png")
    assert (
        Image.open(io.BytesIO(figures.few_colors(file))).convert("RGB").getpixel((4, 4))
        == (254,) * 3
    )


# ------------------------------------------------------------------------------ leaving the axes


def words(ax):
    return [line for line in ax.lines if line.get_gid() == "word" and line.get_visible()]


@pytest.mark.parametrize(
    ("points", "drawn", "edge"),
    [
        ([(0, 0), (1, 0), (5, 0)], 3, (2, 0)),
        ([(0, 0), (0, 1), (0, -9), (0, 50)], 3, (0, -2)),
        ([(0, 0), (9, 0), (1, 1), (1, np.inf), (np.nan, np.nan)], 4, (1, 2)),
    ],
)
def test_a_line_that_leaves_for_good_is_cut_and_a_word_at_the_edge_says_when(points, drawn, edge):
    _, ax = plots.figure()
    ax.set(xlim=(-2, 2), ylim=(-2, 2))
    (line,) = ax.plot([], [])
    walk = plots.leaving(ax, line)
    walk.show(*np.transpose(points))
    assert len(line.get_xdata()) == drawn
    (word,) = words(ax)
    assert np.ravel(word.get_data()) == pytest.approx(edge)
    box = word.get_marker().vertices * ax.figure.dpi / 72 + ax.transData.transform(edge)
    inner = ax.bbox.extents
    assert np.all(box >= inner[:2])
    assert np.all(box <= inner[2:])
    walk.show([0, 9, 1], [0, 0, 1])  # it comes back
    assert len(line.get_xdata()) == 3
    assert words(ax) == []


def test_a_walk_that_diverges_is_no_empty_picture():
    _, (hill, curve) = plots.figure(2)
    plots.contour(hill, banana)
    trail, losses = plots.path(hill), plots.loss_curve(curve)
    wild = descend(banana, GradientDescent(lr=0.3), (2.0, 2.0), 200)
    for drawn in (trail, losses):
        drawn.show(wild)
    assert len(words(hill)) == len(words(curve)) == 1
    assert len(trail.artists[0].get_xdata()) < 10
    calm = descend(banana, GradientDescent(lr=0.1), (2.0, 2.0), 200)
    for drawn in (trail, losses):
        drawn.show(calm)
    assert words(hill) == words(curve) == []


def test_a_loss_that_falls_below_its_axis_has_not_left():
    _, curve = plots.figure()
    plots.loss_curve(curve, low=1e-2).show(
        descend(banana, GradientDescent(lr=0.1), (2.0, 2.0), 400)
    )
    assert words(curve) == []


def test_words_of_two_lines_that_leave_at_one_place_do_not_overlap():
    figure, ax = plots.figure()
    ends = [plots.leaving(ax, ax.plot([], [])[0]) for _ in range(2)]
    ax.set(xlim=(0, 100), ylim=(0, 1))
    figure.canvas.draw()
    for end, rise in zip(ends, (0.3, 0.31), strict=True):
        end.show(np.arange(20), rise * np.arange(20))
    figure.canvas.draw()
    boxes = []
    for line in (line for line in ax.lines if line.get_gid() == "word"):
        ((x, y),) = ax.transData.transform(line.get_xydata())
        scale = figure.dpi / 72  # a word is a marker whose outline is in points
        boxes.append(line.get_marker().get_extents(Affine2D().scale(scale).translate(x, y)))
    assert not boxes[0].overlaps(boxes[1])


def test_a_word_gives_way_only_to_words_that_are_there():
    places = []
    for others in (0, 3):
        figure, ax = plots.figure()
        ends = [plots.leaving(ax, ax.plot([], [])[0]) for _ in range(others + 1)]
        ax.set(xlim=(0, 100), ylim=(0, 1))
        figure.canvas.draw()
        for end in ends[:-1]:
            end.show([0, 1], [0.5, 0.5])
        ends[-1].show(np.arange(20), 0.3 * np.arange(20))
        (word,) = words(ax)
        places.append(word.get_marker().vertices)
    np.testing.assert_allclose(*places)
