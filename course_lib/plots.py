"""Static figures: every function takes an `ax` first, draws, and returns a handle to the drawing.

They take the records of `descent` and `training` and never run an optimizer. The handle's
`.show(...)` moves the drawing, which is how `live` turns the same figures into explorers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_params_from_file
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from matplotlib.transforms import IdentityTransform

from course_lib import arguments
from course_lib.live import looks, typeface
from course_lib.live.figures import Picture
from course_lib.live.figures import follow as follow
from course_lib.live.figures import show as show
from course_lib.live.legends import Under
from course_lib.live.letters import left_at
from course_lib.live.letters import width_of as width_of
from course_lib.live.letters import word as word
from course_lib.live.letters import write as write

# One look for all figures that are made here, regardless of the reader's matplotlib settings.
STYLE = rc_params_from_file(Path(__file__).with_name("course.mplstyle"), use_default_template=False)

COLORS = ("#0072B2", "#009E73", "#D55E00", "#CC79A7")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "D", "^")
# What marks a minimum, in every picture. It lies above the ends of walks, whose marks show between
# its arms.
STAR: dict[str, Any] = {
    "marker": "*",
    "linestyle": "none",
    "markersize": 13,
    "markerfacecolor": "#f7d774",
    "markeredgecolor": "#3a3a3a",
    "markeredgewidth": 0.8,
    "zorder": 2.45,
}
# The names of the course's hyper-parameters on every slider.
CONTROL_NAMES = {"lr": "learning rate α", "batch": "batch size B"}
DEPTH = LinearSegmentedColormap.from_list("depth", ["#a9bdd3", "#dfe7ef", "#fcfdfe"])
DEPTH.follows_page = True  # type: ignore[attr-defined]  # deep is far from the page, whatever its color


def _on_axes(draw: Callable) -> Callable:
    """Make a drawing function complain if its axes do not come first."""

    @functools.wraps(draw)
    def checked(ax: Any, *others: Any, **named: Any) -> Any:
        if not isinstance(ax, Axes):
            raise TypeError(
                f"{draw.__name__}: ax must be the axes to draw on, as plots.figure() returns them, "
                f"and comes first; got {ax!r}."
            )
        with looks.drawn_by(looks.figure_of(ax)):
            return draw(ax, *others, **named)

    return checked


@dataclass(frozen=True)
class Drawn:
    """A handle to a drawing made by a function of this module.

    Attributes
    ----------
    show : callable
        Moves the drawing: `show(walk)`, `show(w)`, … as described by the function that drew it.
    artists : tuple of matplotlib artists
        For changing a color or a width with plain matplotlib.
    """

    show: Callable[..., None]
    artists: tuple = ()


def figure(
    columns: int = 1,
    rows: int = 1,
    size: tuple[float, float] | None = None,
    projection: str | None = None,
    theme: str = "page",
) -> tuple[Picture, Any]:
    """Return a new figure and its axes.

    Parameters
    ----------
    columns, rows : int
        The number of axes side by side and below each other.
    size : (width, height), optional
        In inches of a hundred screen pixels. By default, each axes gets about 4.4 × 3.8.
    projection : {"3d"}, optional
        Axes for `surface`.
    theme : {"page", "keep"}, optional
        Whether its colors follow the page, light or dark, or stay as on white.

    Returns
    -------
    figure : Picture
        The last line of a cell shows it; `show(figure, alt=...)` also describes it in words.
    axes : Axes or ndarray of Axes
        A single Axes for one column and one row, as in matplotlib's `subplots`.

    Examples
    --------
    >>> picture, (hill, curve) = figure(2)
    """
    columns, rows = arguments.whole("columns", columns, low=1), arguments.whole("rows", rows, low=1)
    if size is None:
        size = (5.6, 3.8) if columns == rows == 1 else (4.5 * columns + 0.2, 3.8 * rows)
    own = looks.look(**STYLE | typeface.MATHEMATICS | {"font.family": looks.families()})
    picture = Picture(figsize=size, look=own, theme=theme)
    picture.control_names = CONTROL_NAMES
    FigureCanvasAgg(picture)
    axes = picture.subplots(rows, columns, subplot_kw={"projection": projection})
    return picture, axes


# ------------------------------------------------------------------------------------ landscapes


@_on_axes
def curve(ax: Axes, landscape: Any) -> Drawn:
    """Draw a landscape of one coordinate, with stars at its minima.

    Parameters
    ----------
    ax : Axes
        From `figure`.
    landscape : Landscape
        Of one coordinate.

    Returns
    -------
    Drawn
        `.show(landscape)` draws another one in its place.

    Raises
    ------
    ValueError
        If the landscape has more than one coordinate.
    """
    (line,) = ax.plot([], [], color="#4d4d4d", linestyle="-", linewidth=2.2)
    (stars,) = ax.plot([], [], **STAR)
    ax.set(xlabel="parameter $w$", ylabel="loss $L(w)$")
    ax.grid(visible=True)

    def draw(landscape: Any) -> None:
        _needs_dimension(landscape, 1, "curve")
        low, high = landscape.bounds[0]
        w = np.linspace(low, high, 400)[:, None]
        losses, minima = landscape(w), np.reshape(landscape.minima, (-1, 1))
        line.set_data(w[:, 0], losses)
        stars.set_data(minima[:, 0], landscape(minima))
        bottom, top = np.min(losses), np.max(losses)
        ax.set(xlim=(low, high), ylim=_widened(bottom, top))
        ax.set_title(f"$L(w) = {landscape.formula}$")

    draw(landscape)
    return Drawn(draw, (line, stars))


@_on_axes
def tangent(ax: Axes, landscape: Any) -> Drawn:
    """Prepare a tangent on the curve of a landscape of one coordinate.

    Parameters
    ----------
    ax : Axes
        With the `curve` of the landscape.
    landscape : Landscape
        Of one coordinate.

    Returns
    -------
    Drawn
        `.show(w)` draws the point (w, L(w)) and the line through it with the slope L'(w).

    Raises
    ------
    ValueError
        If the landscape has more than one coordinate.
    """
    _needs_dimension(landscape, 1, "tangent")
    (line,) = ax.plot([], [], color=COLORS[2], linestyle="--", linewidth=2, zorder=2.2)
    (dot,) = ax.plot(
        [], [], color=COLORS[2], linestyle="none", marker="o", markersize=8, zorder=2.3
    )
    reach = 0.16 * np.ptp(landscape.bounds[0])

    def draw(w: Any) -> None:
        w = float(np.reshape(w, -1)[0])
        with np.errstate(all="ignore"):
            height, slope = float(landscape(w)), float(landscape.gradient(w))
            # As long on a steep slope as on a flat one, in units of the axes.
            tall = np.ptp(ax.get_ylim()) / np.ptp(ax.get_xlim())
            run = reach / np.hypot(1, slope / tall)
            line.set_data([w - run, w + run], [height - run * slope, height + run * slope])
        dot.set_data([w], [height])

    return Drawn(draw, (line, dot))


@_on_axes
def contour(ax: Axes, landscape: Any) -> Drawn:
    """Draw a landscape of two coordinates from above, with stars at its minima.

    The levels are spaced by ratio above the lowest value, so the floor of a valley shows, too.

    Parameters
    ----------
    ax : Axes
        From `figure`.
    landscape : Landscape
        Of two coordinates.

    Returns
    -------
    Drawn
        `.show(landscape)` draws another one in its place.

    Raises
    ------
    ValueError
        If the landscape does not have two coordinates.
    """
    (stars,) = ax.plot([], [], **STAR)
    ax.set(xlabel="parameter $x_1$", ylabel="parameter $x_2$")
    ax.set_aspect("equal")
    ax.grid(visible=False)
    drawn: list[Any] = []
    shown: list[Any] = []

    def draw(landscape: Any) -> None:
        _needs_dimension(landscape, 2, "contour")
        if shown == [landscape]:
            return  # an explorer calls this at every move, and drawing takes a while
        shown[:] = [landscape]
        while drawn:
            drawn.pop().remove()
        x, y, losses = _grid(landscape, 161)
        minima = np.reshape(landscape.minima, (-1, 2))
        floor = np.min(landscape(minima)) if len(minima) else losses.min()
        above = np.maximum(losses - floor, 0)
        levels = np.geomspace(max(np.quantile(above, 0.01), above.max() * 1e-6), above.max(), 14)
        levels = floor + np.concatenate([[0], levels])
        norm = BoundaryNorm(levels, DEPTH.N)
        drawn.append(ax.contourf(x, y, floor + above, levels, cmap=DEPTH, norm=norm, zorder=0.5))
        drawn.append(
            ax.contour(
                x,
                y,
                floor + above,
                levels[1:],
                colors="#7f93a8",
                linewidths=0.6,
                linestyles="solid",
                zorder=0.6,
            )
        )
        stars.set_data(*minima.T)
        ax.set(xlim=landscape.bounds[0], ylim=landscape.bounds[1])
        ax.set_title(f"{landscape.name}: the bluer, the lower")

    draw(landscape)
    return Drawn(draw, (stars,))


@_on_axes
def quiver(ax: Axes, landscape: Any, count: int = 15) -> Drawn:
    """Draw −∇L as arrows of equal length on a grid of `count` × `count` points.

    Parameters
    ----------
    ax : Axes
        With the `contour` of the landscape.
    landscape : Landscape
        Of two coordinates.
    count : int
        The number of arrows along each axis, at least 2.

    Returns
    -------
    Drawn
        `.show(landscape)` draws the arrows of another landscape in their place.

    Raises
    ------
    TypeError, ValueError
        If the landscape does not have two coordinates, or `count` is not a whole number of at
        least 2.
    """
    count = arguments.whole("count", count, low=2)
    drawn: list[Any] = []
    shown: list[Any] = []

    def draw(landscape: Any) -> None:
        _needs_dimension(landscape, 2, "quiver")
        if shown == [landscape]:
            return
        shown[:] = [landscape]
        while drawn:
            drawn.pop().remove()
        (left, right), (bottom, top) = landscape.bounds
        # The centers of a grid of cells, so that no arrow leaves the picture.
        steps = (np.arange(count) + 0.5) / count
        x, y = np.meshgrid(left + (right - left) * steps, bottom + (top - bottom) * steps)
        down = -landscape.gradient(np.stack([x, y], axis=-1))
        length = np.linalg.norm(down, axis=-1, keepdims=True)
        down = np.divide(down, length, out=np.zeros_like(down), where=length > 0)
        drawn.append(
            ax.quiver(
                x,
                y,
                *np.moveaxis(down * 0.8 * (right - left) / count, -1, 0),
                angles="xy",
                scale_units="xy",
                scale=1,
                pivot="mid",
                width=0.004,
                color="#3f4f5f",
                alpha=0.75,
                zorder=1.5,
            )
        )

    draw(landscape)
    return Drawn(draw)


@_on_axes
def surface(ax: Any, landscape: Any) -> Drawn:
    """Draw a landscape of two coordinates as a surface; `ax` is from `figure(projection="3d")`.

    The height is log(1 + L − the lowest L), because a plain height would show only the rim.

    Parameters
    ----------
    ax : Axes
        In three dimensions.
    landscape : Landscape
        Of two coordinates.

    Raises
    ------
    TypeError, ValueError
        If the axes are flat, or the landscape does not have two coordinates.
    """
    _needs_dimension(landscape, 2, "surface")
    if not hasattr(ax, "plot_surface"):
        raise TypeError('surface needs axes from plots.figure(projection="3d"), got flat ones.')
    x, y, losses = _grid(landscape, 81)
    minima = np.reshape(landscape.minima, (-1, 2))
    floor = np.min(landscape(minima)) if len(minima) else losses.min()
    height = np.log1p(losses - floor)
    sheet = ax.plot_surface(
        x,
        y,
        height,
        cmap="cividis",
        rcount=60,
        ccount=60,
        linewidth=0,
        antialiased=True,
        alpha=0.95,
    )
    ax.plot(*minima.T, np.log1p(landscape(minima) - floor) + 0.02, **STAR | {"zorder": 10})
    name = "$\\log(1 + L)$" if abs(floor) < 1e-9 else "$\\log(1 + L - L_{min})$"
    ax.set(xlabel="parameter $x_1$", ylabel="parameter $x_2$", zlabel=name, title=landscape.name)
    ax.view_init(elev=34, azim=-118)
    ax.set_box_aspect((1, 1, 0.7), zoom=1.0)

    def draw(elevation: float, azimuth: float) -> None:
        ax.view_init(elev=elevation, azim=azimuth)

    return Drawn(draw, (sheet,))


# ----------------------------------------------------------------------------------------- walks


@_on_axes
def path(ax: Axes, label: str | None = None, series: int | None = None) -> Drawn:
    """Prepare the trail of a walk: a line, a dot for each step, and a ring at its start.

    Parameters
    ----------
    ax : Axes
        With a `contour` for walks of two coordinates, or a `curve` for walks of one.
    label : str, optional
        The name in the legend.
    series : int, optional
        Which of the four colors, dashes and end markers to use; by default, the next unused one.

    Returns
    -------
    Drawn
        `.show(walk, upto=None)` draws a `Path` up to step `upto`. A batch is drawn as one line for
        each walk, all in the same color.
    """
    look = _look(ax, "path", series)
    color, dash, marker = look
    (line,) = ax.plot(
        [],
        [],
        color=color,
        linestyle=dash,
        linewidth=1.6,
        marker=".",
        markersize=5,
        zorder=2.2,
        gid="path",
        label=label,
        scalex=False,
        scaley=False,
    )
    ends: dict[str, Any] = {"linestyle": "none", "color": color, "scalex": False, "scaley": False}
    (start,) = ax.plot(
        [],
        [],
        marker="o",
        markersize=8,
        markerfacecolor="white",
        markeredgewidth=2,
        zorder=2.3,
        **ends,
    )
    (end,) = ax.plot(
        [], [], marker=marker, markersize=8, markeredgecolor="white", zorder=2.4, **ends
    )
    away = word(ax)
    if label:
        legend(ax)

    def draw(walk: Any, upto: int | None = None) -> None:
        last = _last(walk, upto)
        points = np.asarray(walk.points)[: last + 1]
        if points.shape[-1] == 1:
            losses = np.asarray(walk.losses)[: last + 1]
            points = np.concatenate([points, losses[..., None]], axis=-1)
        elif points.shape[-1] != 2:
            raise ValueError(
                f"path draws walks of one or two coordinates, got {points.shape[-1]} coordinates."
            )
        runs = points.reshape(len(points), -1, 2).swapaxes(0, 1)
        if len(runs) == 1:
            runs = runs[:, : left_at(ax, away, runs[0], walk.steps)]
        else:
            away.set_visible(False)
        # One line for all runs, broken by NaN between them.
        broken = np.concatenate([runs, np.full_like(runs[:, :1], np.nan)], axis=1).reshape(-1, 2)
        line.set_data(*broken.T)
        start.set_data(*runs[:, 0].T)
        end.set_data(*runs[:, -1].T)

    return Drawn(draw, (line, start, end))


@_on_axes
def legend(ax: Axes, columns: int = 2) -> Any:
    """Put the legend below the axes, where no move of what it explains can bring it.

    Parameters
    ----------
    ax : Axes
        With labeled artists.
    columns : int
        How many names stand beside each other.
    """
    return ax.legend(
        loc="upper center",
        bbox_to_anchor=Under(ax),
        bbox_transform=IdentityTransform(),
        ncols=columns,
        fontsize=9,
        frameon=False,
        borderaxespad=0,
    )


@_on_axes
def leaving(ax: Axes, line: Any) -> Drawn:
    """Prepare the end of a line that may leave the axes: it stops there, and a word says when.

    Parameters
    ----------
    ax : Axes
        With limits of its own.
    line : Line2D
        Drawn on it, one point for each step.

    Returns
    -------
    Drawn
        `.show(x, y, steps=None)` draws the line through these points, which belong to the steps 0,
        1, … unless told otherwise. What has left the axes for good is cut, and at the edge stands
        an arrow with the step, such as "step 7 →".
    """
    away = word(ax)

    def draw(x: Any, y: Any, steps: Any = None) -> None:
        points = np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)], axis=1)
        count = left_at(ax, away, points, np.arange(len(points)) if steps is None else steps)
        line.set_data(*points[:count].T)

    return Drawn(draw, (line, away))


@_on_axes
def loss_curve(
    ax: Axes, label: str | None = None, low: float = 1e-8, series: int | None = None
) -> Drawn:
    """Prepare a curve of a walk's loss over its steps.

    The loss axis is logarithmic, from `low` to the highest loss in the landscape's window. If the
    landscape goes below zero, as the quartic does, the axis is linear. It depends on the landscape
    alone, so walks can be compared, and a walk that diverges leaves through the top.

    Parameters
    ----------
    ax : Axes
    label : str, optional
        The name in the legend.
    low : float
        The lower end of the logarithmic axis.
    series : int, optional
        Which of the four colors and dashes to use; by default, the next unused one.

    Returns
    -------
    Drawn
        `.show(walk, upto=None)` draws a `Path` up to step `upto`; the step axis spans all steps.
    """
    color, dash, marker = _look(ax, "loss", series)
    low = arguments.number("low", low, low=0, open_low=True)
    (line,) = ax.plot([], [], color=color, linestyle=dash, zorder=2.2, gid="loss", label=label)
    (end,) = ax.plot(
        [],
        [],
        color=color,
        marker=marker,
        markersize=8,
        markeredgecolor="white",
        linestyle="none",
        zorder=2.4,
    )
    away = word(ax)
    ax.set(xlabel="step $k$", ylabel="loss $L$", yscale="log", ylim=(low, 1), xlim=(0, 1))
    ax.grid(visible=True)
    ax.set_title("loss along the walk")
    if label:
        legend(ax)
    shown: list[Any] = []

    def draw(walk: Any, upto: int | None = None) -> None:
        last = _last(walk, upto)
        if shown != [walk.landscape]:
            shown[:] = [walk.landscape]
            scale, limits = _loss_axis(walk, low)
            if ax.get_yscale() != scale:
                ax.set_yscale(scale)
            if ax.get_ylim() != limits:
                ax.set_ylim(limits)
        steps = np.asarray(walk.steps, dtype=float)
        losses = np.asarray(walk.losses, dtype=float).reshape(len(steps), -1)
        # Set only after a change, because new limits redraw the whole figure.
        steps_taken = max(float(steps[-1]), 1.0)
        limits = (-0.02 * steps_taken, 1.03 * steps_taken)
        if ax.get_xlim() != limits:
            ax.set_xlim(limits)
        losses, steps = losses[: last + 1], steps[: last + 1]
        if losses.shape[1] == 1:
            # What falls below the axis has not left: it has arrived.
            above = np.maximum(losses[:, 0], ax.get_ylim()[0])
            count = left_at(ax, away, np.stack([steps, above], axis=1), steps)
            losses, steps = losses[:count], steps[:count]
        else:
            away.set_visible(False)
        gap = np.full((1, losses.shape[1]), np.nan)
        height = np.concatenate([losses, gap]).T.reshape(-1)
        line.set_data(np.tile(np.append(steps, np.nan), losses.shape[1]), height)
        end.set_data(np.full(losses.shape[1], steps[-1]), losses[-1])

    return Drawn(draw, (line, end))


# ---------------------------------------------------------------------------- digits and training


@_on_axes
def digits(
    ax: Axes, images: Any, labels: Any = None, predictions: Any = None, columns: int = 10
) -> Drawn:
    """Draw images of digits as one sheet, with `columns` of them in a row.

    Parameters
    ----------
    ax : Axes
    images : array_like, shape (n, height, width) or (n, height · width)
        Gray values. Each image is stretched from its own darkest to its own lightest value.
    labels : array_like of int, shape (n,), optional
        The true digits, written below the images.
    predictions : array_like of int, shape (n,), optional
        The digits that a network reads. A wrong one is written as "3, not 5" in another color.

    Returns
    -------
    Drawn
        `.show(images, labels=None, predictions=None)` draws other images in their place.
    """
    columns = arguments.whole("columns", columns, low=1)
    drawn: list[Any] = []
    ax.set_axis_off()

    def draw(images: Any, labels: Any = None, predictions: Any = None) -> None:
        while drawn:
            drawn.pop().remove()
        images = _squares(images)
        count, side = len(images), images.shape[1]
        across = min(columns, count)
        rows = -(-count // across)
        gap, text = max(1, side // 14), 0 if labels is None and predictions is None else 0.42
        tall, wide = round(side * (1 + text)) + gap, side + gap
        sheet = np.full((rows * tall, across * wide - gap), np.nan)
        for i, image in enumerate(images):
            top, left = i // across * tall, i % across * wide
            low, high = image.min(), image.max()
            sheet[top : top + side, left : left + side] = (image - low) / ((high - low) or 1)
            words, wrong = _caption(i, labels, predictions)
            if words:
                drawn.append(
                    ax.text(
                        left + side / 2,
                        top + side * 1.03,
                        words,
                        ha="center",
                        va="top",
                        color=COLORS[2] if wrong else "#262626",
                        fontweight="bold" if wrong else "normal",
                    )
                )
        drawn.append(ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=1.08))

    draw(images, labels, predictions)
    return Drawn(draw)


@_on_axes
def history(
    ax: Axes, label: str | None = None, what: str = "loss", series: int | None = None
) -> Drawn:
    """Prepare the curves of a training run over the number of examples seen.

    Parameters
    ----------
    ax : Axes
    label : str, optional
        The run's name, for comparing several runs on the same axes.
    what : {"loss", "accuracy"}
        "loss" draws the loss of each batch as a thin line, their moving average, and a mark for the
        validation loss of each epoch. "accuracy" draws the validation accuracy.
    series : int, optional
        Which of the four colors to use; by default, the next unused one.

    Returns
    -------
    Drawn
        `.show(history)` draws a `History`, even while it grows.
    """
    arguments.one_of("what", what, ("loss", "accuracy"))
    color, _, marker = _look(ax, "history", series)
    name = f"{label}: " if label else ""
    marks: dict[str, Any] = {
        "color": color,
        "marker": marker,
        "markeredgecolor": "white",
        "gid": "history",
    }
    if what == "loss":
        (each,) = ax.plot([], [], color=color, linestyle="-", linewidth=0.6, alpha=0.3)
        (mean,) = ax.plot([], [], color=color, linestyle="-", label=f"{name}training")
        (scores,) = ax.plot([], [], linestyle="--", label=f"{name}validation", **marks)
        ax.set(ylabel="loss $L$", yscale="log")
    else:
        (scores,) = ax.plot([], [], linestyle="-", label=label, **marks)
        ax.set(ylabel="validation accuracy")
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set(xlabel="examples seen")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))  # in full: no 10⁴ apart
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.grid(visible=True)
    if what == "loss" or label:
        ax.legend(loc="upper right" if what == "loss" else "lower right")

    def draw(history: Any) -> None:
        if not hasattr(history, "epoch_ends"):
            raise TypeError(f"show: history must be a History, returned by fit, got {history!r}.")
        seen = np.asarray(history.examples)
        at = seen[np.asarray(history.epoch_ends, dtype=int) - 1]
        if what == "loss":
            each.set_data(seen, history.losses)
            mean.set_data(seen, _moving_average(np.asarray(history.losses, dtype=float)))
            found = np.asarray(history.validation_losses)
        else:
            found = np.asarray(history.validation_accuracies)
        scores.set_data(at[: len(found)], found)
        ax.relim()
        ax.autoscale_view()

    return Drawn(draw, (each, mean, scores) if what == "loss" else (scores,))


@_on_axes
def confusion(ax: Axes, matrix: Any) -> Drawn:
    """Draw a confusion matrix, with the true digit in the row and the network's in the column.

    The number is the count. The color is its share of the row, on a square-root scale so that rare
    mistakes show.

    Parameters
    ----------
    ax : Axes
        From `figure`.
    matrix : ndarray of int, shape (classes, classes)
        The number of examples for each pair of a true and a predicted class.

    Returns
    -------
    Drawn
        `.show(matrix)` draws another one in its place.

    Raises
    ------
    ValueError
        If the matrix is not square.
    """
    drawn: list[Any] = []

    def draw(matrix: Any) -> None:
        while drawn:
            drawn.pop().remove()
        matrix = np.asarray(matrix)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"matrix must be square, got shape {matrix.shape}.")
        share = np.sqrt(matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))
        drawn.append(ax.imshow(share, cmap="Blues", vmin=0, vmax=1.15))
        for (row, column), number in np.ndenumerate(matrix):
            if number:
                dark = share[row, column] > 0.6
                color = "white" if dark else COLORS[2] if row != column else "#262626"
                drawn.append(
                    ax.text(
                        column,
                        row,
                        f"{number:d}",
                        ha="center",
                        va="center",
                        color=color,
                        fontsize=9,
                    )
                )
        names = range(len(matrix))
        ax.set(xticks=names, yticks=names, xlabel="the network says", ylabel="true digit")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)

    draw(matrix)
    return Drawn(draw)


# ------------------------------------------------------------------------------- what they share


def _needs_dimension(landscape: Any, wanted: int, name: str) -> None:
    found = getattr(landscape, "dimension", None)
    if found != wanted:
        have = f"one of {found}" if found else repr(landscape)
        raise ValueError(
            f"{name} draws a landscape of {wanted} coordinate{'s'[: wanted - 1]}, got {have}."
        )


def _grid(landscape: Any, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = np.meshgrid(*(np.linspace(low, high, count) for low, high in landscape.bounds))
    return x, y, landscape(np.stack([x, y], axis=-1))


def _widened(low: float, high: float) -> tuple[float, float]:
    margin = 0.07 * ((high - low) or 1)
    return float(low - margin), float(high + margin)


def _look(ax: Axes, kind: str, series: int | None) -> tuple[str, str, str]:
    if series is None:
        series = sum(line.get_gid() == kind for line in ax.lines)
    series = arguments.whole("series", series)
    # After the fourth, the colors repeat with another dash.
    dash = (series + series // 4) % 4
    return COLORS[series % 4], DASHES[dash], MARKERS[dash]


def _last(walk: Any, upto: int | None) -> int:
    """Return the index of the last recorded point at or before step `upto`."""
    if not hasattr(walk, "points"):
        raise TypeError(f"show: walk must be a Path, returned by descend, got {walk!r}.")
    if upto is None:
        return len(walk.points) - 1
    upto = arguments.whole("upto", upto)
    return int(np.searchsorted(walk.steps, upto, side="right") - 1)


def _loss_axis(walk: Any, low: float) -> tuple[str, tuple[float, float]]:
    """Return the scale and the limits of the loss axis for walks on this landscape."""
    landscape = walk.landscape
    if not hasattr(landscape, "bounds"):
        losses = np.asarray(walk.losses, dtype=float)
        losses = losses[np.isfinite(losses)]
        bottom, top = (losses.min(), losses.max()) if losses.size else (low, 1.0)
    elif landscape.dimension == 2:
        losses = _grid(landscape, 41)[2]
        bottom, top = losses.min(), losses.max()
    else:
        low_end, high_end = landscape.bounds[0]
        losses = landscape(np.linspace(low_end, high_end, 400)[:, None])
        bottom, top = losses.min(), losses.max()
    if bottom < 0:
        return "linear", _widened(bottom, top)
    return "log", (low, max(float(10.0 ** np.ceil(np.log10(max(top, low)))), low * 10))


def _moving_average(losses: np.ndarray) -> np.ndarray:
    """Average each loss with the ones before it: up to 50, and at most a tenth of all so far."""
    if not len(losses):
        return losses
    total: np.ndarray = np.concatenate([[0.0], np.cumsum(losses)])
    last = np.arange(1, len(losses) + 1)
    first = last - np.clip(last // 10, 1, 50)
    mean: np.ndarray = (total[last] - total[first]) / (last - first)
    return mean


def _squares(given: Any) -> np.ndarray:
    images: np.ndarray = np.asarray(given, dtype=float)
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side * side != images.shape[1]:
            raise ValueError(
                f"images of {images.shape[1]} pixels are not square; "
                "pass them in the shape (n, height, width)."
            )
        images = images.reshape(-1, side, side)
    if images.ndim != 3 or not len(images):
        raise ValueError(
            f"images must have the shape (n, height, width), n > 0, got {images.shape}."
        )
    return images


def _caption(i: int, labels: Any, predictions: Any) -> tuple[str, bool]:
    if predictions is None:
        return ("", False) if labels is None else (str(int(labels[i])), False)
    said = int(predictions[i])
    if labels is None or int(labels[i]) == said:
        return str(said), False
    return f"{said}, not {int(labels[i])}", True
