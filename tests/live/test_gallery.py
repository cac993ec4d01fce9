"""Figures that people make: every frame of an explorer is what matplotlib draws afresh."""

from __future__ import annotations

import datetime
import functools
import io
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredText
from matplotlib.transforms import Transform
from PIL import Image

from course_lib.live.compose import composed, differs
from course_lib.live.scene import Scene

X = np.linspace(0, 6, 80)
GRID = np.add.outer(np.sin(np.linspace(0, 3, 12)), np.cos(np.linspace(0, 4, 12)))
CHANCE = np.random.default_rng(0).random((60, 4))
GALLERY = {}


def shown(make):
    """Take a function of a figure that returns its `update` into the gallery."""
    GALLERY[make.__name__] = make
    return make


def one(ax_kind=None, **words):
    """Return a decorator: the function gets an axes and returns `update`."""

    def take(make):
        def made(figure):
            return make(figure.add_subplot(**({"projection": ax_kind} if ax_kind else {})))

        GALLERY[make.__name__] = made
        return make

    return take


@one()
def a_line(ax):
    (line,) = ax.plot(X, np.sin(X))
    return lambda t: line.set_ydata(np.sin(X + t))


@one()
def a_dashed_line_with_markers(ax):
    (line,) = ax.plot(X[::6], np.sin(X[::6]), "s--", mfc="w")
    return lambda t: line.set_ydata(np.sin(X[::6] + t))


@one()
def steps_and_every_fifth_marker(ax):
    (line,) = ax.plot(X, np.sin(X), "o-", drawstyle="steps-mid", markevery=5)
    return lambda t: line.set_ydata(np.sin(X + t))


@one()
def lines_parallel_to_the_axes(ax):
    across, up = ax.axhline(0.5), ax.axvline(0.5, ls=":")
    return lambda t: (across.set_ydata([t, t]), up.set_xdata([t, t]))


@one()
def a_scatter_that_changes_its_colors(ax):
    dots = ax.scatter(*CHANCE[:, :2].T, c=CHANCE[:, 2], s=40)
    return lambda t: dots.set_array((CHANCE[:, 2] + t) % 1)


@one()
def a_scatter_of_many_sizes(ax):
    dots = ax.scatter(*CHANCE[:, :2].T, s=200 * CHANCE[:, 3], alpha=0.5, edgecolors="k")
    return lambda t: dots.set_offsets((CHANCE[:, :2] + t) % 1)


@one()
def a_scatter_of_squares(ax):
    dots = ax.scatter(*CHANCE[:, :2].T, marker="s")
    return lambda t: dots.set_sizes([20 + 100 * t])


@one()
def a_mesh(ax):
    mesh = ax.pcolormesh(GRID)
    return lambda t: mesh.set_array(GRID * t)


@one()
def a_smooth_mesh(ax):
    mesh = ax.pcolormesh(GRID, shading="gouraud")
    return lambda t: mesh.set_array(GRID * t)


@one()
def triangles(ax):
    mesh = ax.tripcolor(CHANCE[:, 0], CHANCE[:, 1], CHANCE[:, 2])
    return lambda t: mesh.set_array((mesh.get_array() + t) % 1)


@one()
def hexagons(ax):
    bins = ax.hexbin(*CHANCE[:, :2].T, gridsize=8)
    first = np.array(bins.get_array())
    return lambda t: bins.set_array(first * t)


@one()
def an_image_under_a_grid(ax):
    image = ax.imshow(GRID, vmin=-2, vmax=2)
    ax.grid(True)
    return lambda t: image.set_data(GRID * t)


@one()
def an_image_with_a_colorbar_that_follows(ax):
    image = ax.imshow(GRID)
    ax.figure.colorbar(image)
    return lambda t: image.set_clim(-1 - t, 1 + t)


@one()
def an_arrow_that_points_elsewhere(ax):
    note = ax.annotate("here", (0.2, 0.2), (0.6, 0.8), arrowprops={"arrowstyle": "->"})

    def update(t):
        note.xy = (0.2 + t / 2, 0.3)

    return update


@one()
def the_color_of_an_arrow(ax):
    note = ax.annotate("here", (0.2, 0.2), (0.6, 0.8), arrowprops={"arrowstyle": "-|>"})
    return lambda t: note.arrow_patch.set_color((t, 0, 1 - t))


@one()
def the_box_around_a_text(ax):
    text = ax.text(0.4, 0.4, "boxed", bbox={"facecolor": "w"})
    return lambda t: text.get_bbox_patch().set_facecolor((t, 1, 1 - t))


@one()
def the_label_of_an_axis(ax):
    return lambda t: ax.xaxis.label.set_text(f"x up to {t}")


@shown
def a_text_in_the_legend_of_the_figure(figure):
    figure.add_subplot().plot(X, X, label="one")
    legend = figure.legend()
    return lambda t: legend.get_texts()[0].set_text(f"{t}")


@one()
def the_cells_of_a_table(ax):
    table = ax.table([["1", "2"], ["3", "4"]], loc="center")
    return lambda t: table[0, 0].get_text().set_text(f"{t}")


@one()
def axes_that_are_switched_off_as_a_line_moves(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.axis("off" if t > 0.5 else "on")

    return update


@one()
def an_aspect_as_a_line_moves(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_aspect(1 + t)

    return update


@one()
def a_position_as_a_line_moves(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_position([0.1 + t / 5, 0.1, 0.5, 0.8])

    return update


@one()
def turned_ticks_as_a_line_moves(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        for label in ax.get_xticklabels():
            label.set_rotation(60 * t)

    return update


@one()
def a_text_of_the_legend_as_a_line_moves(ax):
    (line,) = ax.plot(X, X, label="one")
    legend = ax.legend()

    def update(t):
        line.set_ydata(X * t)
        legend.get_texts()[0].set_text(f"t = {t}")

    return update


@one()
def an_anchored_text_as_a_line_moves(ax):
    (line,) = ax.plot(X, X)
    box = ax.add_artist(AnchoredText("?", "upper left"))

    def update(t):
        line.set_ydata(X * t)
        box.txt.set_text(f"t = {t}")

    return update


@one()
def a_line_that_is_hidden_with_a_title(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_visible(t < 0.5)
        ax.set_title(f"t = {t}")

    return update


@one()
def a_still_line_between_two_that_move(ax):
    (low,) = ax.plot(X, np.sin(X), lw=9, zorder=2)
    ax.plot(X, 0 * X, "r", lw=9, zorder=3)
    (high,) = ax.plot(X, -np.sin(X), "g", lw=9, zorder=4)

    def update(t):
        low.set_ydata(np.sin(X + t))
        high.set_ydata(-np.sin(X + t))

    return update


@one()
def twin_axes(ax):
    (line,) = ax.plot(X, X, lw=8)
    other = ax.twinx()
    other.plot(X, 6 - X, "r", lw=8)
    return lambda t: line.set_ydata(X * t)


@shown
def an_inset(figure):
    ax = figure.add_subplot()
    (line,) = ax.plot(X, X, lw=8)
    figure.add_axes((0.3, 0.3, 0.3, 0.3)).plot(X, X)
    return lambda t: line.set_ydata(X * t)


@one()
def an_inset_that_moves(ax):
    ax.plot(X, X)
    (line,) = ax.inset_axes((0.1, 0.6, 0.3, 0.3)).plot(X, X)
    return lambda t: line.set_ydata(X * t)


@shown
def a_clear_figure(figure):
    figure.patch.set_alpha(0)
    ax = figure.add_subplot()
    ax.patch.set_alpha(0)
    (line,) = ax.plot(X, X)
    return lambda t: line.set_ydata(X * t)


@one()
def bars(ax):
    bars = ax.bar(["a", "b", "c"], [1, 2, 3], hatch=None, edgecolor="k")
    return lambda t: [bar.set_height(3 * t + i) for i, bar in enumerate(bars)]


@one()
def hatched_bars(ax):
    bars = ax.bar(["a", "b", "c"], [1, 2, 3], hatch="//")
    return lambda t: [bar.set_height(3 * t + i) for i, bar in enumerate(bars)]


@one()
def a_histogram_drawn_anew(ax):
    def update(t):
        ax.clear()
        ax.hist(CHANCE[:, 0] ** (1 + t), bins=12)

    return update


@one()
def a_region(ax):
    region = ax.fill_between(X, 0, np.sin(X), alpha=0.4)
    there_and_back = np.r_[X, X[::-1]]

    def update(t):
        heights = np.r_[0 * X, np.sin(X[::-1] + t)]
        region.set_verts([np.column_stack([there_and_back, heights])])

    return update


@one()
def error_bars(ax):
    bars = ax.errorbar(X[::8], X[::8], yerr=1, fmt="o", capsize=3)

    def update(t):
        bars.lines[0].set_ydata(X[::8] * t)
        bars.lines[2][0].set_segments([[(x, x * t - 1), (x, x * t + 1)] for x in X[::8]])
        for cap, by in zip(bars.lines[1], (-1, 1), strict=True):
            cap.set_ydata(X[::8] * t + by)

    return update


@one()
def a_stem_plot(ax):
    stems = ax.stem(X[::8], X[::8])

    def update(t):
        stems.markerline.set_ydata(X[::8] * t)
        stems.stemlines.set_segments([[(x, 0), (x, x * t)] for x in X[::8]])

    return update


@one()
def arrows(ax):
    field = ax.quiver(*np.meshgrid(range(5), range(5)), np.ones((5, 5)), np.ones((5, 5)))
    return lambda t: field.set_UVC(np.full((5, 5), t), np.ones((5, 5)))


@one("polar")
def a_polar_line(ax):
    (line,) = ax.plot(X, X)
    return lambda t: line.set_ydata(X * t)


@one("polar")
def polar_bars(ax):
    bars = ax.bar([0, 1, 2], [1, 2, 3])
    return lambda t: bars[0].set_height(3 * t)


@one("3d")
def a_line_in_space(ax):
    (line,) = ax.plot(X, X, X)
    return lambda t: line.set_data_3d(X, np.sin(X + t), X)


@one("3d")
def a_view_that_turns(ax):
    ax.plot_surface(*np.meshgrid(range(12), range(12)), GRID)
    return lambda t: ax.view_init(30, 90 * t)


@one()
def dates(ax):
    days = [datetime.date(2026, 1, 1) + datetime.timedelta(days=i) for i in range(80)]
    (line,) = ax.plot(days, X)
    return lambda t: line.set_ydata(X * t)


@one()
def limits_that_follow(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * (1 + 9 * t))
        ax.relim()
        ax.autoscale_view()

    return update


@one()
def a_logarithmic_axis(ax):
    (line,) = ax.loglog(1 + X, 1 + X)
    return lambda t: line.set_ydata(1 + X * t)


@one()
def a_legend_at_the_best_place(ax):
    (line,) = ax.plot(X, X, label="a line")
    ax.set(ylim=(0, 6))
    ax.legend()
    return lambda t: line.set_ydata(6 - X if t > 0.5 else X)


@one()
def a_scale_that_changes(ax):
    ax.plot(1 + X, 1 + X)
    return lambda t: ax.set_yscale("log" if t > 0.5 else "linear")


@one()
def a_transform_changed_in_place(ax):
    from matplotlib.transforms import Affine2D

    turn = Affine2D()
    ax.add_patch(plt.Rectangle((0, 0), 1, 1, transform=turn + ax.transData))
    ax.set(xlim=(-2, 2), ylim=(-2, 2))
    return lambda t: turn.clear().rotate(t)


@one()
def vertices_changed_in_place(ax):
    (region,) = ax.fill([0, 1, 1], [0, 0, 1])

    def update(t):
        region.get_path().vertices[2] = 1, t

    return update


@one()
def the_order_of_two_lines(ax):
    (line,) = ax.plot(X, X, lw=9)
    ax.plot(X, 6 - X, lw=9)
    return lambda t: line.set_zorder(1 + 2 * t)


@one()
def the_width_of_a_spine(ax):
    return lambda t: ax.spines["left"].set_linewidth(1 + 5 * t)


@one()
def the_color_of_the_ground(ax):
    return lambda t: ax.set_facecolor((1, t, t))


@one()
def words_of_the_figure(ax):
    words = ax.figure.suptitle("?")
    return lambda t: words.set_text(f"t = {t}")


@one()
def contours_made_anew(ax):
    made = [ax.contour(GRID)]

    def update(t):
        made.pop().remove()
        made.append(ax.contour(GRID * (1 + t), levels=[0, 0.5, 1]))

    return update


@one()
def boxes(ax):
    parts = ax.boxplot([CHANCE[:, 0]])
    return lambda t: parts["medians"][0].set_ydata([t, t])


@one()
def a_violin(ax):
    parts = ax.violinplot([CHANCE[:, 0]])
    return lambda t: parts["bodies"][0].set_alpha(0.2 + t / 2)


@one()
def a_pie(ax):
    wedges = ax.pie([1, 2, 3])[0]
    return lambda t: wedges[0].set_theta2(120 * t)


@one()
def stacked_regions(ax):
    regions = ax.stackplot(X, X, X)
    return lambda t: regions[1].set_facecolor((t, 0, 0))


@one()
def events(ax):
    (row,) = ax.eventplot(CHANCE[:20, 0])
    return lambda t: row.set_positions(CHANCE[:20, 0] * (1 + t))


@one()
def a_sketch(ax):
    (line,) = ax.plot(X, X)
    line.set_sketch_params(3, 50, 5)
    return lambda t: line.set_ydata(X * t)


@one()
def an_outline_by_path_effects(ax):
    from matplotlib.patheffects import withStroke

    (line,) = ax.plot(X, X, path_effects=[withStroke(linewidth=6, foreground="r")])
    return lambda t: line.set_ydata(X * t)


@shown
def a_layout_that_gives_way(figure):
    figure.set_layout_engine("constrained")
    ax = figure.add_subplot()
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_title("\n".join("t" * (1 + round(3 * t))))

    return update


@shown
def a_shared_axis(figure):
    left, right = figure.subplots(1, 2, sharey=True)
    (line,) = left.plot(X, X)
    right.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        left.set_ylim(0, 1 + 6 * t)

    return update


@one()
def limits_and_words_told_in_each_call(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set(xlim=(0, 6), ylim=(0, 3 if t < 0.5 else 6), xlabel="x", title=f"{t > 0.7}")

    return update


@shown
def an_axis_that_is_broken(figure):
    top, bottom = figure.subplots(2, 1, sharex=True)
    lines = [*top.plot(X, X), *bottom.plot(X, X)]
    top.spines["bottom"].set_visible(False)
    bottom.spines["top"].set_visible(False)
    top.plot([0, 1], [0, 0], "kv", transform=top.transAxes, clip_on=False)

    def update(t):
        for line in lines:
            line.set_ydata(X * (1 + t))
        top.set_ylim(5 + t, 12)
        bottom.set_ylim(0, 2 - t)

    return update


@one()
def an_inset_of_its_own_axes_with_its_frame(ax):
    (line,) = ax.plot(X, np.sin(X))
    inset = ax.inset_axes((0.6, 0.6, 0.35, 0.35), xlim=(1, 2), ylim=(0, 1))
    (close,) = inset.plot(X, np.sin(X))
    ax.indicate_inset_zoom(inset)

    def update(t):
        for each in (line, close):
            each.set_ydata(np.sin(X + t))
        inset.set_xlim(1 + t, 2 + t)

    return update


@one()
def a_second_axis_in_other_units(ax):
    ax.plot(X, X)
    ax.secondary_xaxis("top", functions=(lambda x: 2 * x, lambda x: x / 2))
    return lambda t: ax.set_xlim(0, 3 + 3 * t)


@one()
def a_region_between_that_is_set(ax):
    region = ax.fill_between(X, 0, np.sin(X))

    def update(t):
        region.get_paths()[0].vertices[:, 1] *= 1 - t / 4

    return update


@one()
def streams_drawn_anew(ax):
    at = np.linspace(-1, 1, 8)
    u, v = np.meshgrid(at, at)

    def update(t):
        ax.clear()
        ax.streamplot(at, at, u + t, v - t, density=0.4)

    return update


@one()
def the_labels_of_bars(ax):
    bars = ax.bar(["a", "b"], [1, 2])
    labels = ax.bar_label(bars)

    def update(t):
        for bar, label in zip(bars, labels, strict=True):
            bar.set_height(1 + t)
            label.xy = (label.xy[0], 1 + t)
            label.set_text(f"{t:.2f}")

    return update


@one()
def an_arrow_whose_ends_move(ax):
    from matplotlib.patches import FancyArrowPatch

    arrow = ax.add_patch(FancyArrowPatch((0, 0), (1, 1), mutation_scale=20))
    return lambda t: arrow.set_positions((t, 0), (1 - t, 1))


@one()
def a_clip_path_that_is_another_one(ax):
    (line,) = ax.plot(X, X, lw=20)
    return lambda t: line.set_clip_path(plt.Circle((3, 3), 1 + 2 * t, transform=ax.transData))


@one()
def a_name_and_a_group_that_nobody_sees(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_gid(f"{t}")
        line.set_label(f"{t}")
        line.set_alpha(0.2 + t / 2)

    return update


@one()
def a_text_in_a_box_that_turns(ax):
    text = ax.text(0.5, 0.5, "turns", bbox={"boxstyle": "round", "hatch": "//"})

    def update(t):
        text.set_rotation(90 * t)
        text.set_bbox({"boxstyle": "sawtooth" if t > 0.5 else "round", "pad": t})

    return update


@one()
def a_hatch_that_changes(ax):
    patch = ax.add_patch(plt.Rectangle((0.1, 0.1), 0.8, 0.8, fill=False))
    return lambda t: patch.set_hatch("x" * (1 + round(3 * t)))


@one()
def path_effects_that_are_set(ax):
    from matplotlib.patheffects import Normal, withStroke

    (line,) = ax.plot(X, X)

    def update(t):
        line.set_path_effects([withStroke(linewidth=1 + 9 * t, foreground="r"), Normal()])

    return update


@one()
def a_path_effect_changed_in_place(ax):
    from matplotlib.patheffects import Normal, withStroke

    effect = withStroke(linewidth=6, foreground="r")
    ax.plot(X, X, path_effects=[effect, Normal()])

    def update(t):
        effect._gc["linewidth"] = 1 + 9 * t

    return update


@one()
def an_arrow_to_the_edge_of_a_circle(ax):
    circle = ax.add_patch(plt.Circle((0.5, 0.5), 0.1))
    arrow = {"arrowstyle": "->", "patchB": circle}
    ax.annotate("here", (0.5, 0.5), (0.1, 0.1), arrowprops=arrow)
    return lambda t: circle.set_radius(0.05 + t / 4)


@one()
def a_word_behind_a_word(ax):
    word = ax.text(0.1, 0.5, "word")
    ax.annotate("next", (1, 0), (4, 0), xycoords=word, textcoords="offset points", va="bottom")
    return lambda t: word.set_text("word" * (1 + round(3 * t)))


@one()
def a_key_that_follows_the_scale_of_its_arrows(ax):
    field = ax.quiver([0, 1], [0, 1], [1, 2], [2, 1])
    ax.quiverkey(field, 0.5, 0.9, 1, "one")

    def update(t):
        field.scale = 5 + 10 * t
        field.stale = True

    return update


@one()
def another_color_map(ax):
    image = ax.imshow(GRID)
    ax.figure.colorbar(image)
    return lambda t: image.set_cmap("magma" if t > 0.5 else "viridis")


@one()
def a_norm_changed_in_place(ax):
    mesh = ax.pcolormesh(GRID)

    def update(t):
        mesh.norm.vmin = -1 - t

    return update


@one()
def a_norm_that_two_share(ax):
    from matplotlib.colors import Normalize

    norm = Normalize(0, 1)
    ax.scatter(*CHANCE[:, :2].T, c=CHANCE[:, 2], norm=norm)
    ax.imshow(GRID, norm=norm, extent=(0, 0.5, 0, 0.5), alpha=0.5)

    def update(t):
        norm.vmax = 0.5 + t

    return update


@one()
def another_kind_of_norm(ax):
    from matplotlib.colors import LogNorm, Normalize

    image = ax.imshow(1 + np.abs(GRID))
    bar = ax.figure.colorbar(image)
    return lambda t: (image.set_norm((LogNorm if t > 0.5 else Normalize)(1, 3)), bar)


@one()
def the_extent_of_an_image(ax):
    image = ax.imshow(GRID, extent=(0, 1, 0, 1))
    ax.set(xlim=(0, 2), ylim=(0, 2))
    return lambda t: image.set_extent((t, 1 + t, 0, 1 + t))


@one()
def the_ticks_of_a_color_bar(ax):
    bar = ax.figure.colorbar(ax.imshow(GRID))
    return lambda t: bar.set_ticks([-1, t], labels=["low", f"{t}"])


@one()
def logarithmic_limits_that_move(ax):
    (line,) = ax.loglog(1 + X, 1 + X)

    def update(t):
        line.set_ydata((1 + X) ** t)
        ax.set_xlim(1, 10 ** (1 + t))

    return update


@one()
def an_axis_upside_down(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        if (t > 0.5) != ax.yaxis_inverted():
            ax.invert_yaxis()

    return update


@one()
def spines_that_move(ax):
    ax.plot(X, X)
    return lambda t: ax.spines["left"].set_position(("axes", t / 2))


@one()
def a_twin_with_its_own_x(ax):
    (line,) = ax.plot(X, X)
    twin = ax.twiny()
    (other,) = twin.plot(X, X[::-1], "r")

    def update(t):
        line.set_ydata(X * t)
        other.set_xdata(X * (1 + t))
        twin.set_xlim(0, 6 + 3 * t)

    return update


@one("polar")
def the_limits_of_a_polar_plot(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_rmax(2 + 4 * t)
        ax.set_thetamax(90 + 200 * t)

    return update


@one("polar")
def a_polar_plot_that_turns(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_theta_offset(t)

    return update


@shown
def a_line_between_two_axes(figure):
    from matplotlib.patches import ConnectionPatch

    left, right = figure.subplots(1, 2)
    link = ConnectionPatch((0.5, 0.5), (0.5, 0.5), "data", "data", axesA=left, axesB=right)
    figure.add_artist(link)

    def update(t):
        link.xy1 = (t, 0.2)
        right.set_xlim(0, 1 + t)

    return update


@shown
def a_picture_of_the_figure(figure):
    figure.add_subplot().plot(X, X)
    image = figure.figimage(GRID * 0, 20, 20, vmin=-2, vmax=2)
    return lambda t: image.set_data(GRID * t)


@shown
def parts_of_a_figure(figure):
    left, right = figure.subfigures(1, 2)
    (line,) = left.subplots().plot(X, X)
    title = right.suptitle("?")
    right.subplots().plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        title.set_text(f"{t}")
        left.set_facecolor((1, 1, 1 - t / 3))

    return update


@shown
def the_space_between_axes(figure):
    left, _ = figure.subplots(1, 2)
    (line,) = left.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        figure.subplots_adjust(wspace=0.2 + t)

    return update


@one()
def a_locator_and_a_formatter(ax):
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.xaxis.set_major_locator(MultipleLocator(1 + round(2 * t)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}/{t:g}"))

    return update


@one()
def a_locator_changed_in_place(ax):
    from matplotlib.ticker import MultipleLocator

    ax.plot(X, X)
    locator = MultipleLocator(1)
    ax.xaxis.set_major_locator(locator)
    return lambda t: locator.set_params(base=1 + round(2 * t))


@one()
def a_grid_that_comes_and_goes(ax):
    (line,) = ax.plot(X, X)

    def update(t):
        line.set_ydata(X * t)
        ax.grid(t > 0.5, color="r", lw=3)
        ax.tick_params(length=12 * t, pad=9 * t)

    return update


@one()
def the_font_of_a_tick(ax):
    ax.plot(X, X)
    return lambda t: ax.get_yticklabels()[2].get_fontproperties().set_size(6 + 20 * t)


@one()
def the_font_of_a_text(ax):
    text = ax.text(0.2, 0.5, "letters")
    return lambda t: text.get_fontproperties().set_size(8 + 30 * t)


@one()
def an_image_in_a_box(ax):
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    inside = OffsetImage(GRID, zoom=3)
    ax.add_artist(AnnotationBbox(inside, (0.5, 0.5)))
    return lambda t: inside.set_data(np.clip(GRID + 2 * t, -1, 2))


@one()
def regions_side_by_side(ax):
    from matplotlib.collections import PatchCollection

    squares = [plt.Rectangle((i, 0), 0.8, 1) for i in range(5)]
    group = ax.add_collection(PatchCollection(squares))
    ax.set(xlim=(0, 5), ylim=(0, 2))

    def update(t):
        group.set_array(np.arange(5.0) * t % 2)
        group.set_linewidths([1 + 5 * t])
        group.set_edgecolors(["r", "k"])

    return update


@one()
def segments_in_many_colors(ax):
    from matplotlib.collections import LineCollection

    group = ax.add_collection(LineCollection([[(0, i), (5, i)] for i in range(6)], lw=4))
    ax.set(xlim=(0, 5), ylim=(-1, 6))

    def update(t):
        group.set_segments([[(0, i), (5, i * t)] for i in range(6)])
        group.set_colors([(t, i / 6, 0) for i in range(6)])
        group.set_linestyles(["-", "--"])

    return update


@one()
def the_key_of_arrows(ax):
    field = ax.quiver([0, 1], [0, 1], [1, 2], [2, 1])
    key = ax.quiverkey(field, 0.5, 0.9, 1, "one")

    def update(t):
        field.set_UVC([t, 2], [2, t])
        key.text.set_text(f"{t:.2f}")

    return update


@one()
def numbers_on_contours(ax):
    lines = ax.contour(GRID)
    texts = ax.clabel(lines)
    return lambda t: [text.set_color((t, 0, 0)) for text in texts]


@one()
def contours_that_change_their_colors(ax):
    filled = ax.contourf(GRID)
    return lambda t: (filled.set_clim(-2, 1 + t), filled.set_alpha(0.5 + t / 2))


@one()
def a_step_that_is_filled(ax):
    stairs = ax.stairs([1, 2, 3], fill=True)
    return lambda t: stairs.set_data([3 * t, 1, 2])


@one()
def a_line_through_two_points(ax):
    line = ax.axline((0, 0), slope=1)
    return lambda t: line.set_slope(t)


@one()
def lines_and_dots_that_are_empty_at_times(ax):
    (line,), dots = ax.plot([], []), ax.scatter([], [])
    ax.set(xlim=(0, 1), ylim=(0, 1))

    def update(t):
        line.set_data(*(([t, 1], [0, t]) if t > 0.5 else ([], [])))
        dots.set_offsets([[t, t]] if t < 0.5 else np.empty((0, 2)))

    return update


@one()
def a_broken_line(ax):
    (line,) = ax.plot(X, X, lw=5)

    def update(t):
        line.set_ydata(np.where(np.abs(X - 6 * t) < 1, np.nan, X))
        line.set_dashes([3 + 5 * t, 2])
        line.set_gapcolor((t, 1, 0))

    return update


@one()
def a_line_that_comes_back_to_where_it_began(ax):
    turn = np.linspace(0, 2 * np.pi, 40)
    (line,) = ax.plot(np.cos(turn), np.sin(turn), lw=16, solid_capstyle="butt")
    return lambda t: line.set_ydata((1 + t) * np.sin(turn))


@one()
def markers_that_change_their_shape(ax):
    (line,) = ax.plot(X[::8], X[::8], "o", ms=12)

    def update(t):
        line.set_marker("s" if t > 0.5 else (5, 1, 60 * t))
        line.set_fillstyle("left" if t > 0.5 else "full")
        line.set_markevery([0, 2, round(8 * t)])

    return update


@one()
def a_blended_place(ax):
    (line,) = ax.plot([0, 1], [0.5, 0.5], transform=ax.get_yaxis_transform(), lw=3)
    ax.plot(X, X)

    def update(t):
        line.set_ydata([6 * t, 3])
        ax.set_ylim(0, 6 + t)

    return update


@one()
def an_artist_that_joins_and_leaves(ax):
    ax.plot(X, X)
    there = []

    def update(t):
        while there:
            there.pop().remove()
        if t > 0.5:
            there.append(ax.axvspan(t, 2 * t, alpha=0.3))
        there.append(ax.add_artist(plt.Circle((3, 3), t)))

    return update


@one()
def a_legend_drawn_anew(ax):
    (line,) = ax.plot(X, X, label="?")

    def update(t):
        line.set_label(f"t = {t}")
        line.set_color((t, 0, 1 - t))
        ax.legend(loc="lower right", title=f"{t}")

    return update


@one()
def the_handle_of_a_legend(ax):
    ax.plot(X, X, label="one")
    legend = ax.legend(loc="upper left")

    def update(t):
        legend.legend_handles[0].set_linewidth(1 + 6 * t)
        legend.get_frame().set_alpha(t)
        legend.set_bbox_to_anchor((t / 2, 1))

    return update


@one()
def an_annotation_on_another_artist(ax):
    (line,) = ax.plot(X, X)
    dot = ax.scatter([1], [1])
    ax.annotate("dot", (0.5, 0.5), (20, -20), xycoords=dot, textcoords="offset points")

    def update(t):
        line.set_ydata(X * t)
        dot.set_offsets([[1 + 3 * t, 2]])

    return update


@one()
def an_animated_line(ax):
    (line,) = ax.plot(X, X, animated=True)
    ax.plot(X, 6 - X)

    def update(t):
        line.set_ydata(X * t)
        ax.set_title(f"{t}")

    return update


@one()
def colors_of_the_frame(ax):
    def update(t):
        ax.figure.set_facecolor((1, 1 - t / 2, 1))
        ax.figure.patch.set_edgecolor("r")
        ax.figure.patch.set_linewidth(10 * t)
        ax.patch.set_hatch("/" if t > 0.5 else None)

    return update


@one("3d")
def dots_in_space(ax):
    dots = ax.scatter(*CHANCE[:, :3].T, c=CHANCE[:, 3])

    def update(t):
        dots._offsets3d = (CHANCE[:, 0] * t, CHANCE[:, 1], CHANCE[:, 2])
        ax.set_zlim(0, 1 + t)

    return update


@one()
def a_box_of_one_number_in_place(ax):
    dots = ax.scatter(*CHANCE[:, :2].T)

    def update(t):
        dots.get_offsets()[:] = (CHANCE[:, :2] + t) % 1

    return update


@one()
def words_in_mathematics(ax):
    title = ax.set_title("?")
    text = ax.text(0.4, 0.5, "?", usetex=False, wrap=True)
    return lambda t: (title.set_text(rf"$\alpha = {t}$"), text.set_text(rf"$x^{{{t}}}$"))


@one()
def ticks_in_a_unit_that_update_chooses(ax):
    unit = 1.0
    (line,) = ax.plot(X, X)
    ax.yaxis.set_major_formatter(lambda y, _: f"{y * unit:.2f}")

    def update(t):
        nonlocal unit
        unit = t
        line.set_ydata(X * (1 + t))

    return update


class Money:
    """A formatter that holds the course in a slot."""

    __slots__ = ("course",)

    def __call__(self, y, _):
        return f"{y * self.course:.1f}"


@one()
def ticks_written_by_an_object_of_ones_own(ax):
    (line,) = ax.plot(X, X)
    money = Money()
    money.course = 1.0
    ax.yaxis.set_major_formatter(money)

    def update(t):
        money.course = t
        line.set_ydata(X * (1 + t))

    return update


def in_units_of(about, y, _):
    return f"{y / about['unit']:.1f}"


@one()
def ticks_written_by_a_function_with_arguments(ax):
    about = {"unit": 1.0}
    (line,) = ax.plot(X, X)
    ax.yaxis.set_major_formatter(functools.partial(in_units_of, about))

    def update(t):
        about["unit"] = t
        line.set_ydata(X * (1 + t))

    return update


@one()
def an_artist_that_draws_as_its_author_says(ax):
    state = {"width": 1}

    class Mine(Line2D):
        def draw(self, renderer):
            self.set_linewidth(state["width"])
            super().draw(renderer)

    (line,) = ax.plot(X, X)
    ax.add_line(Mine(X, 6 - X))

    def update(t):
        state["width"] = 1 + 9 * t
        line.set_ydata(X * (1 + t))

    return update


@one()
def a_scale_by_functions(ax):
    power = [1.0]
    (line,) = ax.plot(X, X)
    ax.set_yscale(
        "function", functions=(lambda y: abs(y) ** power[0], lambda y: abs(y) ** (1 / power[0]))
    )

    def update(t):
        power[0] = 0.5 + t
        line.set_ydata(X * (1 + t))

    return update


class Bent(Transform):
    """A transform that its author wrote, with a number it goes by."""

    input_dims = output_dims = 2
    is_separable = False

    def __init__(self, by):
        super().__init__()
        self._by = by

    def transform_non_affine(self, values):
        x, y = np.asarray(values).T
        return np.c_[x, y + self._by * np.sin(x)]


@one()
def a_transform_of_ones_own(ax):
    bent = Bent(0.0)
    (line,) = ax.plot(X, X)
    ax.scatter(X[::8], X[::8], transform=bent + ax.transData)

    def update(t):
        bent._by = t
        line.set_ydata(X * t)

    return update


@one()
def a_title_above_ticks_at_the_top(ax):
    image = ax.matshow(GRID)

    def update(t):
        image.set_data(GRID * t)
        ax.set_title(f"{t}")

    return update


@one()
def an_image_clipped_by_an_area_that_moves(ax):
    image = ax.imshow(GRID, extent=(0, 6, -1, 1), aspect="auto")
    (area,) = ax.fill(X, np.sin(X), alpha=0.4)
    image.set_clip_path(area)
    return lambda t: area.set_xy(np.c_[X, np.sin(X * (1 + t))])


@one()
def a_clip_path_that_is_on_no_axes(ax):
    image = ax.imshow(GRID)
    shape = plt.Polygon([(0, 0), (9, 0), (0, 9)], transform=ax.transData)
    image.set_clip_path(shape)
    return lambda t: shape.set_xy([(0, 0), (9 * t, 0), (0, 9)])


STATES = (0.125, 0.75, 1.0, 0.375)
SHADES = 40  # of 256, where edges lie between pixels: places are sent in sixteenths of one


def frames(make, states=STATES, scale=1.0, redraw=False):
    """Yield for each state what the browser gets, and what matplotlib draws afresh."""
    figure = Figure(figsize=(4, 3))
    update = make(figure)
    scene = Scene(figure, redraw)
    scene.resize(scale)
    scene.settle()
    still = pictures = None
    for state in states:
        update(state)
        buffers = []
        frame = scene.frame(buffers)
        if "scene" in frame:
            still, pictures = frame["scene"], buffers
        yield (still, pictures, frame, buffers), scene.fresh()


def apart(one, other):
    """Return the largest difference of two pictures in any channel of any pixel, on white."""

    def on_white(pixels):
        return Image.alpha_composite(Image.new("RGBA", size, "white"), Image.fromarray(pixels))

    size = one.shape[1::-1]
    return np.abs(np.subtract(on_white(one), on_white(other), dtype=int)).max()


@pytest.mark.parametrize("scale", [1, 1.5, 2])
@pytest.mark.parametrize("name", GALLERY)
def test_every_frame_is_what_matplotlib_draws_afresh(name, scale):
    seen = []
    for parts, fresh in frames(GALLERY[name], scale=scale):
        assert apart(composed(*parts), fresh) <= SHADES
        seen.append(fresh)
    changes = [np.any(a != b) for a, b in itertools.pairwise(seen)]
    assert any(changes), "the states of a figure differ"


def test_the_gallery_has_a_hundred_figures():
    assert len(GALLERY) >= 100


def test_the_comparison_sees_an_old_picture():
    (_, first), (_, second), *_ = frames(GALLERY["a_line"])
    assert differs(first, second) > 50
    assert apart(first, second) > SHADES


def test_what_is_kept_for_an_animation_is_shown_as_in_a_file():
    *_, (_, fresh) = frames(GALLERY["an_animated_line"])
    figure = Figure(figsize=(4, 3))
    GALLERY["an_animated_line"](figure)(0.375)
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    assert apart(np.asarray(Image.open(file)), fresh) <= SHADES
