"""The race: every rule at its own best learning rate, found by a sweep, and who arrives first.

It draws with `plots`; `live` sets it in motion. A rule of the reader's own is checked before it
may start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib import plots
from course_lib.lectures.own_rule import refusal
from course_lib.lectures.sweep import RATES, TARGET, sweep, tuned


@dataclass(frozen=True, eq=False, repr=False)
class Runner:
    """One rule in a race.

    Attributes
    ----------
    name : str
    lr : float
        The learning rate it runs with.
    points : ndarray, shape (steps + 1, d)
    gaps : ndarray, shape (steps + 1,)
        The loss above the lowest minimum, infinite from where it diverged.
    arrived : int
        The step from which on it stays within the target; -1 for never.
    memory : float
        The momentum μ or β₁ it was given; NaN where it kept its own or has none.
    """

    name: str
    lr: float
    points: np.ndarray
    gaps: np.ndarray
    arrived: int
    memory: float = np.nan

    @property
    def diverged_at(self) -> int | None:
        """The first step with a loss too large for a float, None for a run that stayed finite."""
        lost = ~np.isfinite(self.gaps)
        return int(lost.argmax()) if lost.any() else None


def race(
    landscape: Any,
    rules: dict[str, Any],
    start: Any,
    steps: int,
    lr: float | None = None,
    target: float = TARGET,
    memory: bool = False,
) -> list[Runner]:
    """Let the rules race, each at its own best learning rate.

    A rule of your own that `own_rule.check` refuses cannot race: ValueError says which one, and
    what to mend.

    Parameters
    ----------
    landscape : Landscape
    rules : dict of update rules, by name
    start : array_like, shape (d,)
    steps : int
    lr : float, optional
        One learning rate for all in place of each one's best; of `RATES`, the nearest is taken.
    target : float
        How far above the lowest minimum the finish lies.
    memory : bool
        Whether momentum or β₁ is tuned, too, where the rule has one.

    Returns
    -------
    list of Runner
        In the order of `rules`. `finish` sorts them.
    """
    runners = []
    for name, rule in rules.items():
        if type(rule).__module__ != "course_lib.optimizers":
            wrong = refusal(rule)
            if wrong:
                raise ValueError(f"{name} cannot race. {wrong}")
        given = np.nan
        if memory:
            given, tried = tuned(landscape, rule, start, steps, target)
        else:
            tried = sweep(landscape, rule, start, steps, target=target)
        i = tried.best if lr is None else tried.nearest(lr)
        runners.append(
            Runner(
                name,
                float(tried.rates[i]),
                tried.points[:, i],
                tried.gaps[:, i],
                int(tried.arrivals[i]),
                given,
            )
        )
    return runners


def finish(runners: Sequence[Runner], step: int | None = None) -> list[Runner]:
    """Return the runners in the order of the race: who arrived first, then by the gap now.

    Parameters
    ----------
    runners : list of Runner
    step : int, optional
        The order at this step, by default at the end.
    """

    def place(runner):
        here = runner.gaps[-1 if step is None else step]
        came = runner.arrived >= 0 and (step is None or runner.arrived <= step)
        return (0, runner.arrived, here) if came else (1, here, 0)

    return sorted(runners, key=place)


def standing(runners: Sequence[Runner], step: int, target: float = TARGET) -> str:
    """Return in words who has arrived by `step`, in order, and how the others stand.

    Parameters
    ----------
    runners : sequence of Runner
        As `race` returns them.
    step : int
        From 0 to the last step of the race.
    target : float
        How far above the lowest loss a runner has arrived.
    """
    order = finish(runners, step)
    came = [r for r in order if 0 <= r.arrived <= step]
    lost = [r for r in order if not np.isfinite(r.gaps[step])]
    rest = [r for r in order if r not in came and r not in lost]
    parts = []
    if came:
        places = (f"{i}. {_who(r)} at {r.arrived}" for i, r in enumerate(came, start=1))
        parts.append(f"Within {target:g} to stay: {', '.join(places)}.")
    if rest:
        places = (f"{_who(r)} {r.gaps[step]:.0e}" for r in rest)
        parts.append(f"On the way, loss above the minimum: {', '.join(places)}.")
    if lost:
        parts.append(f"Diverged: {', '.join(f'{_who(r)} at {r.diverged_at}' for r in lost)}.")
    return f"Step {step}. {' '.join(parts) or 'Nobody runs.'}"


def _who(runner: Runner) -> str:
    told = [] if np.isnan(runner.lr) else [f"α {runner.lr:.2g}"]
    told += [] if np.isnan(runner.memory) else [f"memory {runner.memory:g}"]
    return f"{runner.name} ({', '.join(told)})" if told else runner.name


_INK = "#262626"
_SMALL = 8  # points: 11 pixels of the page
_LINE = 10.5  # points from one name to the next


@dataclass(frozen=True)
class Track(plots.Drawn):
    """A drawn race, as `track` prepares it.

    Attributes
    ----------
    of : dict
        All that is drawn for a runner alone, by its name: path, name on the map, rate, lane, bar.
    """

    of: dict[str, tuple] = field(default_factory=dict)


def _write(hill: Any, ends: dict[str, np.ndarray], words: dict[str, Any]) -> None:
    """Write each name at the end of its path, one below the other where many end at one place.

    Who has left the map is named at its edge, with an arrow. Where a small map has no room for a
    name that lies on no other, it is left out: the marker says whose path it is.
    """
    low, high = np.transpose([hill.get_xlim(), hill.get_ylim()])
    size = (72 / hill.figure.dpi * hill.get_window_extent().size).tolist()
    all_ends = np.reshape([*ends.values()], (-1, 2))
    places = np.clip(np.nan_to_num(all_ends, nan=np.inf), low, high)
    gone = np.any(places != all_ends, axis=1)
    spots = (places - low) / (high - low) * size
    taken: list[tuple[float, float, float]] = []
    for name, place, left_it, (x, y) in zip(ends, places, gone, spots.tolist(), strict=True):
        text = f"{name} →" if left_it else name
        wide = plots.width_of(text, _SMALL)
        free = (spot for spot in _beside(x, y, wide) if _is_free(*spot, wide, size, taken))
        spot = next(free, None)
        if spot is None:
            words[name].set_visible(False)
            continue
        left, down = spot
        taken.append((left, left + wide, down))
        plots.write(words[name], text, place, (left - x, down - y), _SMALL)


def _beside(x: float, y: float, wide: float) -> Iterator[tuple[float, float]]:
    """Yield where a name may stand, the nearest first: to the right, to the left, then lower."""
    for row in (0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6, -7, 7, -8, 8):
        for left in (x + 8, x - 8 - wide):
            yield left, y + row * _LINE


def _is_free(left: float, y: float, wide: float, size: list[float], taken: list[tuple]) -> bool:
    inside = left > 0 and left + wide < size[0] and _LINE / 2 < y < size[1] - _LINE / 2
    return inside and all(
        abs(y - other) >= _LINE or left > end or left + wide < begin for begin, end, other in taken
    )


def _put(line: Any, x: list[float], y: float) -> None:
    """Move a level line, if it does: one that rests, as of who has arrived, is not drawn again."""
    if list(line.get_xdata()) != x:
        line.set_data(x, [y] * len(x))


def track(axes: Sequence[Any], names: Sequence[str], steps: int) -> Track:
    """Prepare a race: the map, the learning rates, the lanes and the clock.

    Parameters
    ----------
    axes : four Axes
        The first holds a `plots.contour`; the others get one lane for each name.
    names : list of str
        Whose lanes, from top to bottom.
    steps : int
        How long the race is.

    Returns
    -------
    Track
        `.show(runners, step)` draws a race at `step`. Lanes without a runner are empty.
    """
    hill, rates, lanes, clock = axes
    names = list(names)
    row = {name: len(names) - 1 - i for i, name in enumerate(names)}
    trails, runs, dots, bars = {}, {}, {}, {}
    words = {name: plots.word(hill) for name in names}
    for name in names:  # measured once, not at a step
        plots.width_of(name, _SMALL), plots.width_of(f"{name} →", _SMALL)
    for i, name in enumerate(names):
        line, ring, end = plots.path(hill, series=i).artists
        look = {"marker": end.get_marker(), "markeredgecolor": "white"}
        for twin in (ring, end):  # all begin at one place: one ring does
            twin.remove()
        line.set(linewidth=1.5, markevery=[-1], markersize=8, **look)
        trails[name] = line
        # What reaches over the edge of its axes pushes nothing: else all is laid out anew.
        look |= {"color": line.get_color(), "markersize": 9, "zorder": 3}
        look |= {"clip_on": False, "in_layout": False}
        (runs[name],) = lanes.plot(
            [], [], linestyle=line.get_linestyle(), linewidth=1.5, markevery=[0], **look
        )
        (dots[name],) = rates.plot([], [], linestyle="none", **look)
        (bars[name],) = clock.plot(  # a thick line: it moves in half the time of a bar
            [], [], "-", color=line.get_color(), linewidth=5, solid_capstyle="butt"
        )
        for ax, up in ((lanes, 4), (clock, 1)):
            ax.annotate(
                name,
                (0, row[name]),
                (3, up),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                fontsize=_SMALL,
                zorder=4,
            )
    (home,) = hill.plot(
        [], [], "o", color=_INK, markerfacecolor="white", markeredgewidth=2, zorder=2.35
    )
    for ax in (rates, lanes, clock):
        ax.set(ylim=(-0.7, len(names) - 0.3), yticks=list(row.values()), yticklabels=[])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=True, axis="y")
    rates.set(xscale="log", xlim=(RATES[0] / 2, RATES[-1] * 2), xticks=[1e-4, 1e-1, 1e2])
    rates.set(yticklabels=names, xlabel=r"$\alpha$", title="learning rate")
    lanes.set(xscale="log", xlim=(1e3, TARGET / 30), xlabel="loss above the minimum")
    lanes.set(title="the lanes", xticks=[1e2, 1, 1e-2, 1e-4, 1e-6])
    lanes.axvline(TARGET, color=_INK, linestyle="-", linewidth=3)
    clock.set(xlim=(0, steps), xlabel="step $k$", title=f"steps to $10^{{{np.log10(TARGET):.0f}}}$")

    def draw(runners, step):
        running = {runner.name: runner for runner in runners}
        for name in names:
            runner = running.get(name)
            for artist in of[name]:
                if artist.get_visible() != (runner is not None):
                    artist.set_visible(runner is not None)
            if runner is None:
                continue
            walked = runner.points[: step + 1]
            trails[name].set_data(*walked.T)
            gap = min(max(float(runner.gaps[step]), TARGET / 15), 1e3)
            first = min(max(runner.gaps[0], TARGET), 1e3)
            _put(runs[name], [gap, first], row[name])
            _put(dots[name], [runner.lr], row[name])
            there = 0 <= runner.arrived <= step
            _put(bars[name], [0, runner.arrived if there else step], row[name] - 0.22)
            bars[name].set_alpha(1 if there else 0.4)
        # In an order that stays: else a name jumps whenever two change places.
        _write(hill, {r.name: r.points[step] for r in finish(runners)}, words)
        home.set_data(*np.reshape([r.points[0] for r in runners[:1]], (-1, 2)).T)

    of = {name: (trails[name], words[name], dots[name], runs[name], bars[name]) for name in names}
    return Track(draw, (*runs.values(), *bars.values()), of)
